"""How grave a risk of the organisation is: likelihood times impact, each from 1 to 5, in four bands.

Not to be confused with the risk of a change, which ``risk.py`` derives from what the change touches.
Source: the consequence/likelihood matrix of IEC 31010:2019, B.10.3; scales and bounds are ours, as ISO/IEC 20000-1:2018
clause 6.1 asks each organisation to set its own criteria.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Band(StrEnum):
    """How grave a risk is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very-high"


LIKELIHOODS: Final = ("Rare", "Unlikely", "Possible", "Likely", "Almost certain")
"""What the likelihoods 1 to 5 are called."""
IMPACTS: Final = ("Negligible", "Minor", "Moderate", "Major", "Severe")
"""What the impacts 1 to 5 are called."""
_LEAST: Final = ((16, Band.VERY_HIGH), (10, Band.HIGH), (5, Band.MEDIUM), (1, Band.LOW))


@dataclass(frozen=True, slots=True)
class Exposure:
    """A likelihood and an impact, from 1 to 5 each; ValueError outside of that."""

    likelihood: int
    impact: int

    def __post_init__(self) -> None:
        if not (1 <= self.likelihood <= len(LIKELIHOODS) and 1 <= self.impact <= len(IMPACTS)):
            raise ValueError("likelihood and impact go from 1 to 5")

    @property
    def score(self) -> int:
        """From 1 to 25."""
        return self.likelihood * self.impact

    @property
    def band(self) -> Band:
        return next(band for least, band in _LEAST if self.score >= least)
