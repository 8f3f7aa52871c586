"""Text from records made harmless for the place it is shown in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson

from itsm_as_code.records.characters import FORBIDDEN

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+!|<>~&$@:])")
_TICKS: Final = re.compile("`+")
_LINE_START: Final = re.compile(r"^(\s*)(\d*)([-=.)])")
_WORD: Final = re.compile(r"\S+")
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_JOINERS: Final = "\u200c\u200d"
_LINKABLE: Final = re.compile(r"@|://|www\.", re.IGNORECASE)


def terminal(text: str) -> str:
    """One line without control, escape or bidirectional characters (they are shown as ``\\x1b``).

    ``##[`` is broken up: GitHub's runner obeys an old form of workflow command wherever it stands in a line of a log
    (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs).
    """
    shown = text
    if not text.isprintable():
        hidden = {found.start() for found in FORBIDDEN.finditer(text)}
        shown = "".join(
            _escaped(letter) if index in hidden or not (letter.isprintable() or letter in _JOINERS) else letter
            for index, letter in enumerate(text)
        )
    elif not text.isascii() and FORBIDDEN.search(text):
        shown = FORBIDDEN.sub(lambda found: _escaped(found[0]), text)
    return shown.replace("##[", "##\\x5b")


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python reads it from a path
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def shown(data: Any) -> Any:
    """JSON data with all its text as :func:`terminal` gives it."""
    if isinstance(data, str):
        return terminal(data)
    if isinstance(data, Mapping):
        return {key: shown(value) for key, value in data.items()}
    return [shown(item) for item in data] if isinstance(data, (list, tuple)) else data


def json(text: str) -> str:
    """The same JSON, in a form in which a log cannot take part of it for a workflow command (see :func:`terminal`)."""
    return text.replace("##[", "#\\u0023[")


def dumped(data: Any, *, sorted_keys: bool = False) -> str:
    """Data as JSON on lines of its own, in that form; a byte of a path that is not UTF-8 is shown as ``\\xff``."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | (orjson.OPT_SORT_KEYS if sorted_keys else 0)
    try:
        return json(orjson.dumps(data, option=options).decode())
    except orjson.JSONEncodeError:
        from itsm_as_code.gate.decision import plain

        return json(orjson.dumps(plain(data), option=options).decode())


def markdown(text: str) -> str:
    """One line in which nothing is markup, mention, link or HTML.

    CommonMark backslash escapes; what a forge would turn into a link or mention by itself, escaped or not, is shown as
    code (GitHub Flavored Markdown 6.9).
    """
    line = terminal(text)
    parts, at = [], 0
    for match in _WORD.finditer(line):
        if _LINKABLE.search(match[0]):
            parts += [_escape_markdown(line[at : match.start()]), code(match[0])]
            at = match.end()
    escaped = "".join([*parts, _escape_markdown(line[at:])])
    return _LINE_START.sub(r"\1\2\\\3", escaped)


def _escape_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text).replace("\\@", "&#64;").replace("\\:", "&#58;")


def code(text: str) -> str:
    """A code span that its content cannot leave, also within a table.

    A bar is shown as ``\\x7c``: readers of tables disagree on whether a backslash before it is escaped itself.
    """
    line = terminal(text).replace("|", "\\x7c")
    ticks = "`" * (1 + max(map(len, _TICKS.findall(line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") or not line.strip() else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def cell(value: object) -> str:
    """A value (None is nothing) as text that no spreadsheet takes for a formula.

    Source: https://owasp.org/www-community/attacks/CSV_Injection.
    """
    shown = terminal(str(value)) if value is not None else ""
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


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
