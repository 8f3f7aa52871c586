"""What open pages are told of the site that they show: which build it is, and what is wrong with the records."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from itsm_as_code.findings import Finding

MOST: Final = 50
"""Findings that a page shows; of more it says how many there are."""


@dataclass(frozen=True, slots=True)
class Told:
    """One build: which site there is now, whether that is an earlier one, the findings, and why nothing was built."""

    site: str
    findings: Sequence[Finding] = ()
    is_earlier: bool = False
    trouble: str = ""

    def as_json(self) -> str:
        """On one line, as an event has it."""
        data = {
            "site": self.site,
            "earlier": self.is_earlier,
            "trouble": self.trouble,
            "count": len(self.findings),
            "errors": sum(finding.blocks for finding in self.findings),
            "findings": [finding.as_data() | {"place": str(finding.location)} for finding in self.findings[:MOST]],
        }
        return json.dumps(data, sort_keys=True)


class Preview:
    """The site in a folder and the news of it, for threads that wait for them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._run, self._sites, self._news = secrets.token_hex(4), 0, 0
        self._told = Told("")
        self._changed = threading.Condition()
        self._is_over = False

    def built(self, findings: Sequence[Finding]) -> None:
        """There is a new site."""
        self._sites += 1
        # A page of an earlier run of the server shows another site, though it was the first one, too.
        self._tell(Told(f"{self._run}-{self._sites}", findings))

    def stayed(self, findings: Sequence[Finding], trouble: str = "") -> None:
        """The last site stays, for the next one has findings that would make it worse, or cannot be built."""
        self._tell(Told(self.told.site, findings, is_earlier=True, trouble=trouble))

    @property
    def told(self) -> Told:
        return self._told

    def _tell(self, told: Told) -> None:
        with self._changed:
            self._told = told
            self._news += 1
            self._changed.notify_all()

    def news(self, seen: int, seconds: float) -> tuple[int, Told | None] | None:
        """The number of the latest news and what it is; no news when ``seconds`` go by, None at the end of it all."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._news != seen, seconds)
            if self._is_over:
                return None
            return self._news, self._told if self._news != seen else None

    def end(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
