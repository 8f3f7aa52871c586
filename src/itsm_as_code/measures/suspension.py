"""Change models that suspended themselves: after so many failures within a span they pre-authorise nothing.

Source: ITIL 4, change enablement practice: a standard change is pre-authorised because it is well understood; failures
say that it no longer is. The owner's own ``suspended: true`` is another thing, see standard-change-matches-model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from itsm_as_code import clock
from itsm_as_code.durations import parse_duration
from itsm_as_code.records import outcomes
from itsm_as_code.records.facts import Facts


@dataclass(frozen=True, slots=True)
class Suspension:
    """A model that is suspended now: by which failures, since when, and when the first of them no longer counts."""

    model: str
    failures: tuple[str, ...]
    within: str
    since: datetime
    until: datetime


def suspension(name: str, facts: Facts, now: datetime, more: Iterable[Facts] = ()) -> Suspension | None:
    """Whether a model's own rule suspends it at ``now``; None when it does not, or has no such rule.

    What counts are changes of the model that failed, were backed out or are named as the cause of an incident within
    the span of the rule that ends now, and not before the day of its latest pre-authorisation. A change that is a
    failure by any of ``more`` is one: what a pull request says of an earlier change cannot take it back.
    """
    model = facts.spec("ChangeModel", name)
    rule = model.get("suspension")
    if rule is None:
        return None
    span, allowed = parse_duration(rule["within"]), int(rule["failures"])
    granted = clock.parse_date(model["preAuthorisation"]["on"])
    begin = datetime(granted.year, granted.month, granted.day, tzinfo=UTC)
    failures: dict[str, datetime] = {}
    for known in (facts, *more):
        for change in known.changes_by_model.get(name, ()):
            change_name = change["metadata"]["name"]
            for at in outcomes.failures(change, known.blamed, now):
                if begin <= at and now < span.after(at):
                    failures[change_name] = max(at, failures.get(change_name, at))
    if len(failures) < allowed:
        return None
    ordered = sorted(failures.items(), key=lambda item: (item[1], item[0]))
    latest = ordered[-allowed:]
    # It began with the earliest failure that made as many as the rule allows within its span; of those in sight that is
    # the one at this place. It ends by itself when so many are left that one too few lies within the span.
    since = ordered[allowed - 1][1]
    return Suspension(name, tuple(item[0] for item in ordered), rule["within"], since, span.after(latest[0][1]))
