"""Checks across records: one module each, with one rule and its documentation; the runner stamps id and severity.

A module has ``TITLE``, ``SEVERITY``, ``WAIVABLE`` and ``check(facts, situation)``, which yields a record's kind and
name with each problem. Its docstring is what ``itsm explain`` prints. What it says of a record that another tool closed
counts only where the module says ``TAKEN_OVER = True``: of history one can tell whether it makes sense, not whether
what is done here was done.

``READS`` are the kinds of all records that the module looks at; where others change, it says what it said. With
``OWN = True`` each problem rests on the record that it is about alone, so only those that changed are asked about
again; with ``AROUND = True`` those that had a problem before as well. A module without ``READS`` may look at anything.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from itsm_as_code.clock import parse_instant
from itsm_as_code.findings import Finding, Problem, RecordId, Rule, Severity
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.records.catalogue import Catalogue, stamp
from itsm_as_code.records.taken_over import is_taken_over

if TYPE_CHECKING:
    from itsm_as_code.configuration import Configuration
    from itsm_as_code.records.facts import Facts


@dataclass(frozen=True, slots=True)
class Situation:
    """What a check may know beside the records."""

    now: datetime
    configuration: Configuration


Subject = tuple[str, str]
"""Kind and name of the record that a problem belongs to."""
Dated = tuple[Subject, date, Problem]
"""A record, the last day on which all is well, and the problem from the next day on."""
CheckFunction = Callable[["Facts", Situation], Iterator[tuple[Subject, Problem]]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check found in this package; ``rule.id`` is its module's name with hyphens."""

    rule: Rule
    waivable: bool
    run: CheckFunction
    taken_over: bool = False
    reads: frozenset[str] | None = None
    own: bool = False
    around: bool = False

    def may_say_more(self, kinds: Set[str]) -> bool:
        """True when the check may find something else once records of these kinds are others."""
        return self.reads is None or not self.reads.isdisjoint(kinds)


@lru_cache(maxsize=1)
def all_checks() -> tuple[Check, ...]:
    """Every check of this package, by id."""
    return tuple(map(_check, sorted(info.name for info in pkgutil.iter_modules(__path__))))


def _check(name: str) -> Check:
    module = importlib.import_module(f"{__name__}.{name}")
    rule = Rule(name.replace("_", "-"), module.TITLE, Severity(module.SEVERITY), inspect.getdoc(module) or "")
    reads = frozenset(module.READS) if hasattr(module, "READS") else None
    taken_over, own, around = (getattr(module, item, False) for item in ("TAKEN_OVER", "OWN", "AROUND"))
    return Check(rule, module.WAIVABLE, module.check, taken_over, reads, own, around)


def run_checks(
    catalogue: Catalogue, facts: Facts, situation: Situation, only: Collection[str] | None = None
) -> list[Finding]:
    """The findings of all checks over a catalogue, or of those whose ids ``only`` has."""
    findings = []
    for check in all_checks():
        if only is not None and check.rule.id not in only:
            continue
        for (kind, name), problem in check.run(facts, situation):
            record = catalogue.records[RecordId(kind, name)]
            if check.taken_over or not is_taken_over(record.data):
                findings.append(stamp(check.rule, record, problem))
    return findings


def is_check(rule: str) -> bool:
    """Whether a check has that id; none is loaded for the answer."""
    return any(info.name.replace("_", "-") == rule for info in pkgutil.iter_modules(__path__))


def run_again(
    catalogue: Catalogue,
    facts: Facts,
    situation: Situation,
    check: str,
    before: Collection[Finding],
    touched: Set[RecordId],
) -> list[Finding]:
    """The findings of a check over a catalogue, by those over one that differs in the records ``touched`` alone."""
    asked, kinds = _check(check.replace("-", "_")), {item.kind for item in touched}
    if not touched or not asked.may_say_more(kinds):
        return list(before)
    if not asked.own and not asked.around:
        return run_checks(catalogue, facts, situation, [check])
    again = touched | {finding.record for finding in before if finding.record is not None} if asked.around else touched
    kept = [finding for finding in before if finding.record not in again]
    for kind in asked.reads or ():
        facts = facts.narrowed(kind, sorted(item.name for item in again if item.kind == kind))
    return [*kept, *run_checks(catalogue, facts, situation, [check])]


def rule_of(check: str) -> Rule:
    """The rule of a check, for which no other is loaded."""
    return _check(check.replace("-", "_")).rule


def once_over(dated: Iterable[Dated], situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    """The problems whose day is over; a day is over with its last second in UTC."""
    today = utc_day(situation.now)
    for subject, last_day, problem in dated:
        if today > last_day:
            yield subject, problem


def in_order(spec: Mapping[str, Any], fields: Iterable[str], now: datetime) -> Iterator[Problem]:
    """Problems of instants of a record that follow one another and have happened: one for each wrong instant.

    What lies in the future is the one to correct, so nothing is measured by it.
    """
    last: tuple[str, datetime] | None = None
    for field in fields:
        if not isinstance(spec.get(field), str):
            continue
        instant = parse_instant(spec[field])
        if instant > now:
            yield Problem(f"{field} lies in the future", ("spec", field), "write it down once it has happened")
            continue
        if last is not None and instant < last[1]:
            yield Problem(f"{field} is earlier than {last[0]}", ("spec", field), "correct the earlier or the later one")
        last = (field, instant)


def check_ids() -> list[str]:
    """The ids of all checks."""
    return [check.rule.id for check in all_checks()]


def waivable_ids() -> list[str]:
    """The ids of the checks that a waiver may name."""
    return [check.rule.id for check in all_checks() if check.waivable]
