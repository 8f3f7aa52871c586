"""Trainings with how far their audience has been trained."""

from __future__ import annotations

from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.training import Coverage, TrainingCoverage, coverage_of
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import figures, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.effects import with_others
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Page, Row, Table, Text, Value


def covered(context: Context, training: Record) -> TrainingCoverage:
    """Coverage on the day of the build, of people who are active and no machine."""
    return coverage_of(context.validation.facts, training.data, utc_day(context.now))


def share(found: Coverage) -> Value:
    """``75.0 % (3 of 4)``."""
    return figures.percentage(found.share, f"{len(found.trained)} of {_size(found)}")


def _size(found: Coverage) -> int:
    return len(found.trained) + len(found.expired) + len(found.missing)


def page(context: Context, record: Record, now: state.Now) -> Page:
    found = covered(context, record)
    rows = [_row(context, context.reference("Team", name), part) for name, part in found.by_team.items()]
    rows += [_row(context, Text(f"Role: {words.human(role)}"), part) for role, part in found.by_role.items()]
    rows.append(_row(context, Text("Everybody, counted once"), found.overall))
    headers = ("Audience", "Trained", "To be renewed", "Not yet trained")
    table = Table("Coverage by team and role", headers, tuple(rows))
    reached = with_others(context, share(found.overall), "training-coverage", "percent")
    return described(context, record, (("Coverage", reached),), (("coverage", "Coverage", (table,)),))


def _row(context: Context, name: Value, found: Coverage) -> Row:
    def names(people: tuple[str, ...]) -> Value:
        if not _size(found):
            return figures.NO_DATA
        return context.references("Person", people, "Nobody")

    return Row.of(name, share(found), names(found.expired), names(found.missing))


HEADERS = ("Training", "Coverage", "Owner", "Valid for")


def row(context: Context, record: Record) -> Row:
    """A training in a list."""
    months = record.spec.get("validMonths")
    valid = Text(words.count(months, "month")) if months else Text("Does not expire")
    owner = context.reference(("Team", "Person"), record.spec["owner"])
    return Row.of(context.link(record), share(covered(context, record).overall), owner, valid)
