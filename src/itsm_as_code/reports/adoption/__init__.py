"""What `itsm report adoption` prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from itsm_as_code.clock import Interval, parse_date
from itsm_as_code.figures import Effect, Seen, all_figures, effect
from itsm_as_code.measures.benchmarks import benchmarks
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.training import coverage_of
from itsm_as_code.records.facts import Data

FIGURES: Final = ("deployments-covered", "direct-pushes", "hours-to-authorisation", "training-coverage")
COLUMNS: Final = ("of", "what", "value", "before", "after", "change", "benchmarks")
_MOST: Final = 3
HEADERS: Final = ("Of", "What", "Value", "Before", "After", "What became of it", "Others")


@dataclass(frozen=True)
class Adoption:
    """Figures of adoption over a period, initiatives by what was done, and improvements by the figure they name.

    ``remarks`` say what could not be asked for.
    """

    seen: Seen
    period: Interval
    remarks: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """All that there is to tell, as data; None for what there is not."""
        return (*self._figures(), *self._initiatives(), *self._measures())

    def _figures(self) -> Iterator[dict[str, Any]]:
        for name in FIGURES:
            figure = all_figures()[name]
            value = figure.shown(figure.work_out(self.seen, self.period, None))
            yield _row("everybody", figure.title, value, benchmarks=benchmarks(self.seen.facts, name, figure.unit))

    def _initiatives(self) -> Iterator[dict[str, Any]]:
        today = utc_day(self.seen.now)
        for data in self.seen.facts.records("Initiative"):
            spec, name = data["spec"], data["metadata"]["name"]
            if spec["status"] == "planned":
                continue
            messages, milestones = spec.get("communication", ()), spec.get("milestones", ())
            if messages:
                told = [bool(one.get("done")) for one in messages]
                late = sum(not done and _is_over(one["on"], today) for one, done in zip(messages, told, strict=True))
                yield _row(name, "Messages told", f"{sum(told)} of {len(told)}{_late(late)}")
            if milestones:
                done = sum("doneOn" in one for one in milestones)
                late = sum("doneOn" not in one and _is_over(one["due"], today) for one in milestones)
                yield _row(name, "Milestones reached", f"{done} of {len(milestones)}{_late(late)}")
            for training in spec.get("trainings", ()):
                found = self.seen.facts.record("Training", training)
                if found is not None:
                    cover = coverage_of(self.seen.facts, found, today).overall
                    people = len(cover.trained) + len(cover.expired) + len(cover.missing)
                    yield _row(name, f"Trained in {training}", f"{len(cover.trained)} of {people} people")

    def _measures(self) -> Iterator[dict[str, Any]]:
        for data in self.seen.facts.records("Initiative"):
            for measure in data["spec"].get("adoption", ()):
                yield self._measure(data["metadata"]["name"], measure["metric"], measure, None)
        for data in self.seen.facts.records("Improvement"):
            spec = data["spec"]
            if "figure" in spec or spec.get("measured"):
                services = frozenset(spec["services"]) if "services" in spec else None
                yield self._measure(data["metadata"]["name"], spec.get("measure", "-"), spec, services)

    def _measure(self, name: str, what: str, spec: Data, services: frozenset[str] | None) -> dict[str, Any]:
        if "figure" not in spec:
            latest = max(spec.get("measured", ()), key=lambda one: str(one["on"]), default=None)
            after = f"{latest['value']} on {latest['on']} (typed)" if latest else None
            return _row(name, what, None, before=spec.get("baseline"), after=after, change="typed: no evidence")
        try:
            found: Effect = effect(self.seen, spec["figure"], services)
        except KeyError:
            return _row(name, what, None, change=f"cannot be told: there is no figure {spec['figure']['name']}")
        except ValueError as error:
            return _row(name, what, None, change=f"cannot be told: {error}")
        figure = found.figure
        others = benchmarks(self.seen.facts, figure.name, figure.unit)
        before, after = figure.shown(found.before), figure.shown(found.after)
        return _row(name, what, None, before=before, after=after, change=found.told(), benchmarks=others)


def _row(of: str, what: str, value: str | None, **more: Any) -> dict[str, Any]:
    rest: dict[str, Any] = {"before": None, "after": None, "change": None, "benchmarks": []}
    return {"of": of, "what": what, "value": value, **rest, **more}


def _is_over(day: str, today: date) -> bool:
    return parse_date(day) < today


def _late(count: int) -> str:
    return f", {count} overdue" if count else ""


def cells(row: dict[str, Any]) -> list[str]:
    """A row for people, with the newest of what others reach: a cell is as wide as its column."""
    found = row["benchmarks"]
    more = [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
    return [*(row[key] or "" for key in COLUMNS if key != "benchmarks"), "; ".join([*found[:_MOST], *more])]
