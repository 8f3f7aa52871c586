"""No period ends before it begins.

An absence, a key, a contract, an agreement or the period of a review that ends before it begins counts at no time, and
nobody notices: who is away is asked to approve, and an agreement is never in force. Correct one of the two ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import parse_date, parse_instant
from itsm_as_code.findings import Pointer, Problem
from itsm_as_code.records.facts import Facts

TITLE = "A period does not end before it begins"
SEVERITY = "error"
WAIVABLE = False
READS = ("Person", "ServiceLevelAgreement", "ServiceReview", "Supplier")
OWN = True
_PERIODS = {
    "Person": (("away", "start", "end"), ("signingKeys", "from", "until")),
    "ServiceLevelAgreement": (("effective", "from", "until"),),
    "ServiceReview": (("period", "from", "until"),),
    "Supplier": (("contract", "start", "end"),),
}
"""The fields of ``spec`` that hold a period, or a list of them, with what they call its two ends."""


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for kind, fields in _PERIODS.items():
        for record in facts.records(kind):
            for field, first, end in fields:
                for at, period in _spans(record["spec"].get(field, ()), ("spec", field)):
                    if first in period and end in period and _moment(period[end]) < _moment(period[first]):
                        problem = Problem(f"{end} is before {first}", (*at, end), "correct one of the two")
                        yield (kind, record["metadata"]["name"]), problem


def _spans(value: Any, at: Pointer) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    if isinstance(value, dict):
        yield at, value
    else:
        yield from (((*at, index), item) for index, item in enumerate(value))


def _moment(text: str) -> Any:
    return parse_instant(text) if "T" in text else parse_date(text)
