"""Words that follow a number."""

from __future__ import annotations


def count(number: int, one: str, many: str = "") -> str:
    """``1 service``, ``2,000 services``; ``many`` where an ``s`` does not make the plural."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
