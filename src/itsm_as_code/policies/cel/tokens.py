"""The words of CEL: an expression cut into tokens, and what its literals stand for.

Grammar: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


class SyntaxProblem(Exception):
    """A text that is no expression: what is wrong, and the offset (in characters, from 0) where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


_ESCAPE = r"""\\(?:[abfnrtv"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})"""
_TOKEN: Final = re.compile(
    rf"""
    (?P<space>[\t \r\n\f]+|//[^\n]*)
  | (?P<string>[bB]?(?:
        [rR](?:\"\"\"(?:.|\n)*?\"\"\"|'''(?:.|\n)*?'''|\"[^\"\n\r]*\"|'[^'\n\r]*')
      | \"\"\"(?:{_ESCAPE}|[^\\])*?\"\"\"|'''(?:{_ESCAPE}|[^\\])*?'''
      | \"(?:{_ESCAPE}|[^\\\"\n\r])*\"|'(?:{_ESCAPE}|[^\\'\n\r])*'))
  | (?P<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
  | (?P<uint>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])
  | (?P<int>0x[0-9a-fA-F]+|[0-9]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<quoted>`[A-Za-z0-9_.\-/ ]+`)
  | (?P<operator>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{{}}])
    """,
    re.VERBOSE,
)
_WORDS: Final = frozenset({"in", "true", "false", "null"})
END: Final = "end"
"""The kind of the token behind the last one."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def tokens(text: str) -> list[Token]:
    found = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise SyntaxProblem(_unreadable(text, offset), offset)
        kind = match.lastgroup or ""
        word = match[0]
        if kind == "name" and word in _WORDS:
            kind = "operator" if word == "in" else "constant"
        if kind != "space":
            found.append(Token(kind, word, offset))
        offset = match.end()
    found.append(Token(END, "", len(text)))
    return found


def _unreadable(text: str, offset: int) -> str:
    character = text[offset]
    if character in "'\"":
        return "the text is not closed, or has an escape that CEL does not know"
    hint = {"=": "; compare with ==", "&": "; write &&", "|": "; write ||"}.get(character, "")
    return f"'{character}' is no part of CEL{hint}"


_SIMPLE: Final = dict(zip("abfnrtv\"'\\?`", "\a\b\f\n\r\t\v\"'\\?`", strict=True))
_ESCAPES: Final = re.compile(
    r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.S
)


def _text(token: Token) -> tuple[str, str | bytes]:
    """Type and value of a text or bytes literal."""
    body = token.text
    is_bytes = body[0] in "bB"
    body = body[is_bytes:]
    raw = body[0] in "rR"
    body = body[raw:]
    quotes = 3 if body[:3] in ('"""', "'''") and len(body) >= 6 else 1
    body = body[quotes:-quotes].replace("\r\n", "\n") if quotes == 3 else body[quotes:-quotes]

    def character(match: re.Match[str]) -> str:
        simple = match[5]
        if simple is not None:
            return _SIMPLE[simple]
        code = int(match[4], 8) if match[4] else int(match[1] or match[2] or match[3], 16)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000 or (is_bytes and (match[2] or match[3])):
            raise SyntaxProblem(f"{match[0]} is no character here", token.start)
        return chr(code)

    value = body if raw else _ESCAPES.sub(character, body)
    return ("bytes", value.encode("utf-8", "surrogatepass")) if is_bytes else ("string", value)


def literal(token: Token, sign: int = 1) -> tuple[str, object]:
    """Type and value of a literal; :class:`SyntaxProblem` for a number or a character that there is not."""
    if token.kind == "constant":
        return ("null" if token.text == "null" else "bool"), {"true": True, "false": False}.get(token.text)
    if token.kind == "string":
        return _text(token)
    if token.kind == "double":
        return "double", sign * float(token.text)
    number = sign * int(token.text.rstrip("uU"), 16 if token.text.startswith("0x") else 10)
    low, high = (0, 1 << 64) if token.kind == "uint" else (-(1 << 63), 1 << 63)
    if not low <= number < high:
        raise SyntaxProblem(f"{token.text} has more than 64 bits", token.start)
    return token.kind, number
