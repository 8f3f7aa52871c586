"""Text from records made harmless for the place it is shown in."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from itsm_as_code.records.document import FORBIDDEN

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+!|<>~&$@:])")
_LINE_START: Final = re.compile(r"^(\s*)([-=.]|\d+[.)])")


def terminal(text: str) -> str:
    """One line without control, escape or bidirectional characters (they are shown as ``\\x1b``)."""
    return "".join(
        character
        if character.isprintable() and not FORBIDDEN.match(character)
        else character.encode("unicode_escape", "surrogateescape").decode("ascii")
        if not "\ud800" <= character <= "\udfff"
        else f"\\x{ord(character) - 0xDC00:02x}"
        for character in text
    )


def markdown(text: str) -> str:
    """One line in which nothing is markup, mention, link or HTML (CommonMark backslash escapes)."""
    line = terminal(text)
    escaped = _MARKDOWN.sub(r"\\\1", line).replace("\\@", "&#64;").replace("\\:", "&#58;")
    return _LINE_START.sub(r"\1\\\2", escaped)


def code(text: str) -> str:
    """A code span that its content cannot leave, also within a table."""
    line = terminal(text).replace("|", "\\|")
    ticks = "`"
    while ticks in line:
        ticks += "`"
    pad = " " if line.startswith("`") or line.endswith("`") or not line.strip() else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def workflow_data(text: str) -> str:
    """The message of a GitHub workflow command.

    Source: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts (escapeData).
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """A property of a GitHub workflow command (escapeProperty of the same source)."""
    return workflow_data(text).replace(":", "%3A").replace(",", "%2C")


def uri(path: str) -> str:
    """A relative URI reference of a path: nothing in it can be read as a scheme, host, query or fragment."""
    encoded = quote(path.encode("utf-8", "surrogateescape"), safe="/-._~")
    return encoded if not encoded.startswith("/") else "." + encoded
