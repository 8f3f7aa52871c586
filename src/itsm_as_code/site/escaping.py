"""Text made safe for markup, and for scripts."""

from __future__ import annotations

import re

import markupsafe
import orjson

_SPECIAL = re.compile("[&<>'\"]")
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def escape(text: str) -> str:
    """Text with the characters that mean something in markup replaced; most texts have none and stay as they are."""
    return str(markupsafe.escape(text)) if _SPECIAL.search(text) else text


def script_json(value: object) -> str:
    """JSON that means the same inside a script, whatever text it holds."""
    text = orjson.dumps(value, default=str).decode()
    for character, escaped in _UNSAFE.items():
        text = text.replace(character, escaped)
    return text
