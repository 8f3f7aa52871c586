"""The key figures of changes, incidents and requests, as `itsm report kpi` has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final

from itsm_as_code.clock import Interval
from itsm_as_code.figures import Figure, Seen, Services
from itsm_as_code.measures.comparison import Form, Value
from itsm_as_code.measures.kpi import DEFINITIONS, Population, rows
from itsm_as_code.measures.metric import Definition, Metric
from itsm_as_code.measures.stages import SPANS
from itsm_as_code.records.facts import Facts

_FORMS: Final[dict[str, Form]] = {"share": "share", "amount": "mean", "count": "total", "total": "total"}
_ASKED: Final = frozenset({"deployments", *(definition.name for definition in SPANS)})
"""What no record says: those are figures of adoption, where they were asked for."""


@lru_cache(maxsize=2)
def _known(facts: Facts, now: datetime) -> Population:
    """What is known as of an instant: rows are made once for all figures and periods."""
    return Population(facts, now)


def _work_out(definition: Definition) -> Callable[[Seen, Interval, Services], Value]:
    def work_out(seen: Seen, span: Interval, services: Services) -> Value:
        found = [
            row
            for row in rows(definition.name, _known(seen.facts, seen.now)) or ()
            if row.at in span and (services is None or not services.isdisjoint(row.services))
        ]
        return Metric.of(definition, found).over(span)

    return work_out


def _figure(definition: Definition) -> Figure:
    unit = {"share": "percent", "count": "records"}.get(definition.form, definition.unit)
    source = f"{definition.formula[0].upper()}{definition.formula[1:]}."
    form = _FORMS[definition.form]
    return Figure(definition.name, definition.title, form, unit, definition.better, source, _work_out(definition))


FIGURES: Final = tuple(_figure(definition) for name, definition in DEFINITIONS.items() if name not in _ASKED)
