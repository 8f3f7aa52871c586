"""The status of a control: worked out from its evidence, never written, and not assessed until there is some.

A control is judged over a period, on a population that it defines or that its evidence has, and is as good as its
weakest evidence; a policy that is about nothing that there is says nothing of a control that looks at something else.
What cannot be looked at is not assessed, which is not the same as satisfied; what was good once and is too old is
stale. Days are those of UTC, as everywhere in records.

Source: NIST SP 800-53A revision 5, section 2.4 (a finding is satisfied or other than satisfied, from evidence);
ISO/IEC 20000-1:2018 clause 9.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from itsm_as_code.compliance.basis import Asked, Basis
from itsm_as_code.compliance.judges import judged
from itsm_as_code.compliance.known import NOTHING, Known
from itsm_as_code.compliance.population import Population, digest, drawn, period_of
from itsm_as_code.compliance.results import Assessment, ControlStatus, Shortfall, weakest
from itsm_as_code.records.catalogue import Record
from itsm_as_code.validation import Validation

OWN_PERIODS: Final = (None, None)


@dataclass(frozen=True, slots=True)
class Sample:
    """How many of each population an auditor wants to see, and which: the same seed draws the same."""

    count: int = 0
    seed: str = "0"


NO_SAMPLE: Final = Sample()


def assess_controls(
    validation: Validation,
    known: Known = NOTHING,
    between: tuple[datetime | None, datetime | None] = OWN_PERIODS,
    sample: Sample = NO_SAMPLE,
) -> dict[str, Assessment]:
    """The assessment of every valid control, by name; over its own period, or ``between`` two instants."""
    basis = Basis(validation, known, cache=known.cache)
    controls = validation.catalogue.of_kind("Control")
    found = {control.name: assessed(basis, control, between, sample) for control in controls}
    basis.keep()
    return found


def assessed(
    basis: Basis,
    control: Record,
    between: tuple[datetime | None, datetime | None] = OWN_PERIODS,
    sample: Sample = NO_SAMPLE,
) -> Assessment:
    """The assessment of one control on what a basis says."""
    spec = control.spec
    period = period_of(spec, basis.now, *between)
    if spec.get("applicability") == "not-applicable":
        if "approver" not in spec:
            why = "nobody approved that it does not apply"
            return Assessment(ControlStatus.NOT_ASSESSED, period=period, missing=why)
        return Assessment(ControlStatus.NOT_APPLICABLE, period=period)
    population = basis.population(spec["population"], period) if "population" in spec else None
    members = [str(item.id) for item in population.members] if population is not None else []
    asked = Asked(spec, period, population, frozenset(members))
    found = [judged(basis, asked, entry) for entry in spec.get("evidence", ())]
    seen = frozenset().union(*(item.seen for item in found))
    names = members if population is not None else sorted(seen)
    unseen = tuple(name for name in members if name not in seen)
    evidence = tuple(item.evidence for item in found)
    undated, missing = _undated(population), "" if evidence else "it names no evidence"
    if unseen:
        missing = f"no evidence looks at {len(unseen)} of {len(members)} in the population, such as {unseen[0]}"
    elif population is not None and population.unclear:
        missing = f"{population.unclear[0][0].id} {population.unclear[0][1]}"
    is_seen = any(item.size for item in evidence)
    statuses = {item.status for item in evidence if not (is_seen and item.is_idle)}
    statuses |= {ControlStatus.NOT_SATISFIED} if undated else set()
    statuses |= {ControlStatus.NOT_ASSESSED} if missing else set()
    status = weakest(statuses)
    return Assessment(
        status,
        evidence,
        period,
        population.said if population is not None else "what its evidence looks at",
        len(names),
        digest(names),
        unseen,
        drawn(names, sample.count, sample.seed) if sample.count else (),
        undated,
        missing,
    )


def _undated(population: Population | None) -> tuple[Shortfall, ...]:
    return tuple(
        Shortfall(str(item.id), "says that it was done, and not when", item.id)
        for item in (population.undated if population is not None else ())
    )
