"""Text made safe for markup."""

from __future__ import annotations

import re

import markupsafe

_SPECIAL = re.compile("[&<>'\"]")


def escape(text: str) -> str:
    """Text with the characters that mean something in markup replaced; most texts have none and stay as they are."""
    return str(markupsafe.escape(text)) if _SPECIAL.search(text) else text
