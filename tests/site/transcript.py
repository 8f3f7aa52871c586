"""What a page says, as text that people can read and compare: a line for each block, with links, marks and shapes.

``python -m tests.site.transcript`` writes ``tests/site/transcripts`` anew; read the difference before you commit it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from itsm_as_code import site
from itsm_as_code.validation import Validation, validate
from tests.conftest import NOW, SMALL
from tests.site.reader import VOID
from tests.snapshots import Memory, folder

HERE = Path(__file__).parent
KEPT = HERE / "transcripts"
_BLOCKS = frozenset(
    "h1 h2 h3 h4 h5 h6 p li dt dd tr caption figcaption summary pre button label option section nav svg div ul ol dl "  # noqa: SIM905
    "table details rect text path title".split()
)
_LABELLED = frozenset(("caption", "summary", "li", "dt", "title", "option"))
_SHAPES = frozenset(("path", "circle", "rect", "line", "text", "polyline"))
_SHOWN = ("datetime", "value", "open", "hidden", "aria-current", "href")


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._text = ""

    @property
    def _is_shown(self) -> bool:
        return ("main", True) in self._open and all(shown for _, shown in self._open)

    def _flush(self) -> None:
        said = re.sub(r"\s+", " ", self._text).strip().removeprefix("| ")
        if said:
            self.lines.append(said)
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        is_icon = tag == "svg" and named.get("class") == "i"  # the class of what it stands in says the same
        if tag not in VOID:
            self._open.append((tag, tag != "script" and not is_icon))
        if not self._is_shown or is_icon:
            return
        if tag in _BLOCKS:
            self._flush()
        label = "#" * int(tag[1]) if re.fullmatch("h[1-6]", tag) else f"{tag}:" if tag in _LABELLED else ""
        shape = " ".join(value for name, value in named.items() if name != "class") if tag in _SHAPES else ""
        marks = [named.get("class", ""), f"#{named['id']}" if "id" in named and not shape else ""]
        marks += [f"{name}={named[name]}" for name in _SHOWN if name in named]
        said = " ".join(filter(None, marks))
        self._text += " | " if tag in ("td", "th") else ""
        self._text += " ".join(
            filter(None, (label, f"<{tag} {shape}>" if shape else "", f"{{{said}}}" if said else ""))
        )
        self._text += " " if label or shape or said else ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS and self._is_shown:
            self._flush()
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._is_shown:
            self._text += data


def transcript(content: bytes) -> str:
    """The main part of a page."""
    outline = _Outline()
    outline.feed(content.decode())
    outline.close()
    return "\n".join(outline.lines) + "\n"


_RULES = frozenset(("approver-training", "waiver-unneeded", "outside-maintenance"))


def organisation() -> Validation:
    """The small organisation with records of every kind in every state, many of them in some trouble.

    Of what is found only some is shown, so that a new rule or a better message changes no transcript.
    """
    found = validate(Memory({**folder(SMALL), **folder(HERE / "organisation")}), NOW)
    return replace(found, findings=tuple(finding for finding in found.findings if finding.rule in _RULES))


def transcripts(pages: Mapping[str, bytes]) -> dict[str, str]:
    """The transcripts of all pages of a site, those of a folder in one file."""
    found: dict[str, str] = {}
    for path, content in sorted(pages.items()):
        if path.endswith(".html"):
            file = f"{path.rpartition('/')[0].replace('/', '-') or 'home'}.txt"
            found[file] = found.get(file, "") + f"==== {path}\n{transcript(content)}\n"
    return found


def main() -> None:
    """Write what the pages say now."""
    KEPT.mkdir(exist_ok=True)
    fresh = transcripts(dict(site.build(organisation(), "0" * 40)))
    for old in KEPT.glob("*.txt"):
        if old.name not in fresh:
            old.unlink()
    for name, text in fresh.items():
        (KEPT / name).write_text(text)


if __name__ == "__main__":
    main()
