"""What the words mean that people write for the lifecycle of an entity; a table that whoever imports adds to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

STAGES: Final = {
    "design": "pipeline",
    "transition": "pipeline",
    "live": "catalogue",
    "deprecated": "catalogue",
    "retired": "retired",
}
"""Lifecycle of a service -> its stage of the portfolio."""
_WORDS: Final = {
    "design": "alpha concept design dev development draft idea incubating incubation planned planning poc "
    "proof-of-concept proposed prototype",
    "transition": "experimental acceptance beta canary early-access pilot pre-production preprod preview qa stage "
    "staging test testing trial uat",
    "live": "production active ga general-availability generally-available in-production live operational prod "
    "released stable",
    "deprecated": "deprecated end-of-support legacy phase-out phasing-out sunsetting",
    "retired": "archived decommissioned discontinued end-of-life eol obsolete removed retired sunset terminated",
}
LIFECYCLES: Final = {word: lifecycle for lifecycle, words in _WORDS.items() for word in words.split()}
"""What people write -> lifecycle."""
OF_BACKSTAGE: Final = ("experimental", "production", "deprecated")


def word_of(text: str) -> str:
    """``End of Life`` -> ``end-of-life``."""
    return re.sub(r"[\s_]+", "-", text.strip().lower())


def table(own: Mapping[str, str]) -> dict[str, str]:
    """The table with words of one's own; what those say goes first."""
    return LIFECYCLES | {word_of(word): lifecycle for word, lifecycle in own.items()}
