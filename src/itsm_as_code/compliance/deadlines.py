"""What has to be decided, renewed or looked at again, and by which day: gathered from all kinds that name such a day.

``by`` is the last day on which it is in time. Records write ends half-open, so what ends on a day has to be renewed by
the day before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from itsm_as_code.clock import parse_date, parse_instant
from itsm_as_code.durations import parse_duration
from itsm_as_code.findings import RecordId
from itsm_as_code.measures.deadlines import Due, Notice, contract_notice, due, in_force, last_day_before, utc_day
from itsm_as_code.validation import Validation


class Matter(StrEnum):
    """What is due."""

    NOTICE = "notice"
    CONTRACT = "contract"
    AGREEMENT = "agreement"
    AGREEMENT_REVIEW = "agreement-review"
    SERVICE_REVIEW = "service-review"
    ARTICLE_REVIEW = "article-review"
    MODEL = "model"
    RISK = "risk"
    WAIVER = "waiver"


WHAT: Final[Mapping[Matter, str]] = {
    Matter.NOTICE: "Last day of notice",
    Matter.CONTRACT: "Contract ends",
    Matter.AGREEMENT: "Agreement ends",
    Matter.AGREEMENT_REVIEW: "Agreement is reviewed",
    Matter.SERVICE_REVIEW: "Next service review",
    Matter.ARTICLE_REVIEW: "Article is reviewed",
    Matter.MODEL: "Pre-authorisation ends",
    Matter.RISK: "Acceptance ends",
    Matter.WAIVER: "Waiver ends",
}
"""What the day is, for people."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day by which something about a record is due, and how it stands to it."""

    by: date
    matter: Matter
    record: RecordId
    state: Due


def deadlines(validation: Validation) -> list[Deadline]:
    """Every deadline of every valid record, the earliest first.

    A notice that was not given in time is not in it: there is nothing left to decide until the contract ends.
    """
    today = utc_day(validation.now)
    found = [
        Deadline(by, matter, record.id, due(by, today))
        for kind, days in _DAYS.items()
        for record in validation.catalogue.of_kind(kind)
        for matter, by in days(record.spec, today)
    ]
    for service, review in validation.facts.latest_reviews.items():
        is_retired = validation.facts.spec("Service", service).get("lifecycle") == "retired"
        if "nextReview" in review["spec"] and not is_retired:
            by, id_ = parse_date(review["spec"]["nextReview"]), RecordId("ServiceReview", review["metadata"]["name"])
            found.append(Deadline(by, Matter.SERVICE_REVIEW, id_, due(by, today)))
    found = [item for item in found if item.matter is not Matter.NOTICE or item.state is not Due.OVERDUE]
    return sorted(found, key=lambda item: (item.by, item.record.kind, item.record.name, item.matter))


def notice_of(supplier: Mapping[str, Any], today: date) -> Notice | None:
    """When to decide on the contract of a Supplier's spec; None without an end or a period of notice."""
    contract = supplier.get("contract", {})
    if "end" not in contract or "noticePeriod" not in contract:
        return None
    try:
        return contract_notice(parse_date(contract["end"]), parse_duration(contract["noticePeriod"]), today)
    except OverflowError:  # before the year 1
        return Notice(date.min, Due.OVERDUE)


_Days = Iterator[tuple[Matter, date]]


def _supplier(spec: Mapping[str, Any], today: date) -> _Days:
    notice = notice_of(spec, today)
    if notice is not None:
        yield Matter.NOTICE, notice.by
    if "end" in spec.get("contract", {}):
        yield Matter.CONTRACT, last_day_before(parse_date(spec["contract"]["end"]))


def _agreement(spec: Mapping[str, Any], today: date) -> _Days:
    start, until = parse_date(spec["effective"]["from"]), spec["effective"].get("until")
    end = parse_date(until) if until else None
    if in_force(start, end, today):
        if end is not None:
            yield Matter.AGREEMENT, last_day_before(end)
        if "reviewBy" in spec:
            yield Matter.AGREEMENT_REVIEW, parse_date(spec["reviewBy"])


def _article(spec: Mapping[str, Any], today: date) -> _Days:
    if spec["status"] == "published" and "reviewBy" in spec:
        yield Matter.ARTICLE_REVIEW, parse_date(spec["reviewBy"])


def _model(spec: Mapping[str, Any], today: date) -> _Days:
    if not spec.get("suspended"):
        yield Matter.MODEL, last_day_before(parse_date(spec["preAuthorisation"]["expires"]))


def _risk(spec: Mapping[str, Any], today: date) -> _Days:
    if spec["status"] == "accepted" and "until" in spec.get("acceptance", {}):
        yield Matter.RISK, last_day_before(parse_date(spec["acceptance"]["until"]))


def _waiver(spec: Mapping[str, Any], today: date) -> _Days:
    yield Matter.WAIVER, utc_day(parse_instant(spec["until"]))


_DAYS: Mapping[str, Callable[[Mapping[str, Any], date], _Days]] = {
    "Supplier": _supplier,
    "ServiceLevelAgreement": _agreement,
    "KnowledgeArticle": _article,
    "ChangeModel": _model,
    "Risk": _risk,
    "Waiver": _waiver,
}
