"""What `itsm report agreements` prints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from itsm_as_code.clock import format_date, format_instant
from itsm_as_code.service_levels import attained_text
from itsm_as_code.service_levels.chains import Link
from itsm_as_code.service_levels.credits import DUE, JUDGE, NO_DATA, NONE, UNKNOWN, Credit
from itsm_as_code.service_levels.overview import Overview

WORDS: Final = {
    DUE: "due",
    JUDGE: "missed: to be judged by its words",
    NONE: "nothing due",
    NO_DATA: "no data",
    UNKNOWN: "could not be computed",
}
COLUMNS: Final = (
    *("agreement", "type", "service", "provider", "lastDay", "contractLastDay", "noticeBy", "supportedBy", "credits"),
)


@dataclass(frozen=True)
class Agreements:
    """Agreements in force with what they rest on, and what is owed for the windows of ``overview``."""

    links: tuple[Link, ...]
    credits: tuple[Credit, ...]
    overview: Overview

    @property
    def exit_code(self) -> int:
        """0 where nothing is owed, 1 where something is or may be, 2 where a figure could not be computed."""
        states = {credit.state for credit in self.credits}
        bad = UNKNOWN in states or any(note.bad for note in self.overview.notes)
        return 2 if bad else int(bool(states & {DUE, JUDGE}))

    def owed(self, link: Link) -> list[Credit]:
        """The penalties of an agreement."""
        return self._by_agreement.get(link.agreement, [])

    @cached_property
    def _by_agreement(self) -> dict[str, list[Credit]]:
        found: dict[str, list[Credit]] = {}
        for credit in self.credits:
            found.setdefault(credit.line.agreement, []).append(credit)
        return found


def row(report: Agreements, link: Link) -> dict[str, Any]:
    """An agreement as data; days are the last ones, None for until further notice."""
    last, contract, notice = (format_date(day) if day else None for day in (link.last_day, link.contract, link.notice))
    return {
        "agreement": link.agreement,
        "type": link.type,
        "service": link.service,
        "provider": link.provider,
        "lastDay": last,
        "contractLastDay": contract,
        "noticeBy": notice,
        "supportedBy": list(link.supported_by),
        "credits": [credit_row(credit) for credit in report.owed(link)],
    }


def credit_row(credit: Credit) -> dict[str, Any]:
    """A penalty with what was attained; numbers are decimal strings."""
    line, penalty = credit.line, credit.penalty
    amount = penalty.get("amount")
    return {
        "objective": line.objective["name"],
        "state": credit.state,
        "attained": attained_text(line.found) if line.found is not None else None,
        "unit": line.objective["unit"],
        "worseThan": penalty.get("worseThan"),
        "from": format_instant(line.window.start),
        "until": format_instant(line.window.end),
        "creditPercent": penalty.get("creditPercent"),
        "amount": f"{amount['amount']} {amount['currency']}" if amount else None,
        "when": penalty["when"],
    }


def credit_text(data: dict[str, Any]) -> str:
    """``availability: due, 10 percent of the charge (attained 99.9 percent, worse than 99.95)``."""
    percent = f"{data['creditPercent']} percent of the charge" if data["creditPercent"] else ""
    owed = " and ".join(filter(None, (percent, data["amount"] or ""))) if data["state"] in (DUE, JUDGE) else ""
    attained = f"attained {data['attained']} {data['unit']}" if data["attained"] else data["when"]
    than = f", worse than {data['worseThan']}" if data["worseThan"] and data["state"] == DUE else ""
    words = f", {data['when']}" if data["state"] == JUDGE else ""
    return f"{data['objective']}: {WORDS[data['state']]}{', ' + owed if owed else ''} ({attained}{than}{words})"


def days(data: dict[str, Any]) -> str:
    """Until when it is in force, and the contract below it."""
    told = f"in force until {data['lastDay']}" if data["lastDay"] else "in force until further notice"
    if data["contractLastDay"]:
        told += f"; contract with {data['provider']} until {data['contractLastDay']}"
    return told + (f", notice by {data['noticeBy']}" if data["noticeBy"] else "")
