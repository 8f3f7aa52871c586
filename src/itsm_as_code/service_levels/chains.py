"""Chains of agreements: what a promise to a customer rests on, down to contracts with suppliers and their last days.

Agreements between teams and contracts support an agreement for the same service; whatever is agreed for a service that
this one cannot do without supports it as well. All ends are told as the last day in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from itsm_as_code.clock import parse_date
from itsm_as_code.durations import parse_duration
from itsm_as_code.measures.deadlines import in_force, last_day_before, last_day_of_notice
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.promises import supporting


@dataclass(frozen=True, slots=True)
class Link:
    """An agreement in a chain. ``supported_by`` are the names of those that support it directly.

    ``last_day`` is the last on which it is in force, ``contract`` the last of the contract with its supplier; None for
    until further notice. ``notice`` is the last day to give notice of that contract.
    """

    agreement: str
    type: str
    service: str
    provider: str
    last_day: date | None
    contract: date | None
    notice: date | None
    supported_by: tuple[str, ...]

    @property
    def carries_until(self) -> date | None:
        """The last day on which it is in force and the contract below it is, too."""
        ends = [day for day in (self.last_day, self.contract) if day is not None]
        return min(ends) if ends else None


class Chains:
    """The agreements in force on a day, and what each rests on."""

    def __init__(self, facts: Facts, today: date) -> None:
        self._facts = facts
        self.today = today

    def of(self, service: str) -> list[Link]:
        """The agreements in force for a service, by name."""
        return sorted((self._link(data) for data in self._in_force(service)), key=lambda link: link.agreement)

    def below(self, link: Link) -> list[Link]:
        """What supports an agreement directly, by name."""
        found = []
        for name in link.supported_by:
            data = self._facts.record("ServiceLevelAgreement", name)
            if data is not None:
                found.append(self._link(data))
        return found

    def _in_force(self, service: str) -> list[Data]:
        found = self._facts.agreements_by_service.get(service, ())
        return [data for data in found if in_force(*_days(data), self.today)]

    def _link(self, data: Data) -> Link:
        spec = data["spec"]
        end = _days(data)[1]
        contract = self._facts.spec("Supplier", spec["provider"]).get("contract", {})
        over = parse_date(contract["end"]) if "end" in contract else None
        notice = None
        if over is not None and "noticePeriod" in contract:
            try:
                notice = last_day_of_notice(over, parse_duration(contract["noticePeriod"]))
            except OverflowError:
                notice = date.min
        return Link(
            data["metadata"]["name"],
            spec["type"],
            spec["service"],
            spec["provider"],
            None if end is None else last_day_before(end),
            None if over is None else last_day_before(over),
            notice,
            self._supports(data),
        )

    def _supports(self, data: Data) -> tuple[str, ...]:
        spec, own = data["spec"], data["spec"]["service"]
        types = supporting(spec["type"])
        if not types:
            return ()
        found = [item for item in self._in_force(own) if item["spec"]["type"] in types]
        for service in self._facts.graph.hard.get(own, ()):
            found += self._in_force(service) if service != own else ()
        return tuple(sorted(item["metadata"]["name"] for item in found))


def _days(data: Data) -> tuple[date, date | None]:
    effective = data["spec"]["effective"]
    return parse_date(effective["from"]), parse_date(effective["until"]) if "until" in effective else None
