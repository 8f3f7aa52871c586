"""The one comment of the gate on a pull request: how it is known again, and what stands in it."""

from __future__ import annotations

from typing import Any, Final

MARKER: Final = "<!-- itsm-gate: this comment is kept up to date -->"
"""The first line of our comment; no forge shows it. Anybody can write it, so its author is looked at besides."""

JUDGING: Final = "This pull request is being judged."


def body(text: str, head: str, most: int) -> str:
    """A comment on the commit ``head``, of at most ``most`` letters."""
    end = f"\n\nFor commit {head}.\n"
    return f"{MARKER}\n{shortened(text, most - len(MARKER) - len(end))}{end}"


def shortened(text: str, most: int) -> str:
    """Whole lines of a text, at most so many letters."""
    room = most - 30
    return (text if len(text) <= room else f"{text[:room].rsplit(chr(10), 1)[0]}\n\nand more.").rstrip()


def is_ours(text: Any) -> bool:
    """Whether the text of a comment begins as ours do."""
    return isinstance(text, str) and text.lstrip().startswith(MARKER)
