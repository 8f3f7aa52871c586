"""Conditions of controls as they are written: what keeps a control from looking at what it is about."""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.findings import Finding, Pointer, Problem, Rule, Severity, did_you_mean
from itsm_as_code.policies.cel import Environment, Schemas, problems_of
from itsm_as_code.records.catalogue import Record, stamp
from itsm_as_code.records.kinds import KindRegistry

CONTROL_CONDITION = Rule(
    "control-condition",
    "The population and the conditions of a control can be used",
    Severity.ERROR,
    "Their expressions compile and read fields that there are, and the kinds that they name exist. A control that "
    "cannot look at what it is about is never assessed, and nobody notices why.",
)
RULES = (CONTROL_CONDITION,)


def condition_findings(control: Record, environment: Environment, registry: KindRegistry) -> Iterator[Finding]:
    """What is wrong with the population and the conditions of a control."""
    for problem in _problems(control, environment, registry):
        yield stamp(CONTROL_CONDITION, control, problem)


def _problems(control: Record, environment: Environment, registry: KindRegistry) -> Iterator[Problem]:
    own = control.spec.get("population", {})
    expressions: list[tuple[Pointer, str, str]] = []
    kinds: list[tuple[Pointer, str]] = [(("spec", "population", "kind"), own["kind"])] if own else []
    if "where" in own:
        expressions.append((("spec", "population", "where"), own["where"], own["kind"]))
    for index, entry in enumerate(control.spec.get("evidence", ())):
        at: Pointer = ("spec", "evidence", index)
        kind = {"review": "Service", "records": own.get("kind", entry.get("kind"))}.get(
            entry["type"], entry.get("kind")
        )
        if "kind" in entry:
            kinds.append(((*at, "kind"), entry["kind"]))
        if kind is None and entry["type"] == "records":
            yield Problem("it is not said of which records", (*at, "type"), "name a kind here, or a population above")
        expressions += [((*at, name), entry[name], kind) for name in ("where", "require") if name in entry and kind]
    for pointer, kind in kinds:
        if kind not in registry.kinds:
            yield Problem(f"there is no kind '{kind}'", pointer, did_you_mean(kind, registry.kinds) or "name another")
    for pointer, text, kind in expressions:
        schemas = Schemas(registry, (kind,) if kind in registry.kinds else tuple(registry.kinds))
        for found in problems_of([(pointer, text, "bool")], environment, schemas):
            yield found.problem
