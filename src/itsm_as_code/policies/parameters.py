"""Parameters of policies: numbers and words that differ from one organisation, service or record to the next.

A policy declares each with a default, whose type is the type of the parameter. ``itsm.yaml`` sets another value for the
organisation; a record sets one for itself or for a service, where the policy allows it (``from``), as a parameter
resource does in Kubernetes' ValidatingAdmissionPolicy
(https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#parameter-resources). As there, a
policy that finds several sets of parameters, because a record is about several services, has to hold with each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from itsm_as_code.findings import parse_pointer
from itsm_as_code.policies.cel import EvaluationError
from itsm_as_code.policies.packs import type_mismatch
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.facts import Data, Facts

Values = dict[str, Any]
_NOTHING: Final = object()
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?\Z")


class ParameterProblem(EvaluationError):
    """A parameter that has no value, or one of another type than its default."""


def parameter_sets(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any], data: Mapping[str, Any], rule_facts: Facts
) -> list[Values]:
    """The values that a policy is to hold with, for one record's data: one set, or one for each of several services.

    ``given`` are the values that the organisation set; ``rule_facts`` the records that parameters are read from, which
    in the gate are those of the base. :class:`ParameterProblem` when a value is missing or of the wrong type.
    """
    found: list[Values] = []
    for service in _services(data, rule_facts) if _per_service(declared) else [None]:
        values = {
            name: _value(name, parameter, given.get(name, parameter["default"]), data, service, rule_facts)
            for name, parameter in declared.items()
        }
        if values not in found:
            found.append(values)
    return found


def depends_on_record(declared: Mapping[str, Mapping[str, Any]]) -> bool:
    """True when the values are not the same for every record."""
    return any("from" in parameter for parameter in declared.values())


def _per_service(declared: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(parameter.get("from", {}).get("of") == "service" for parameter in declared.values())


def _services(data: Mapping[str, Any], rule_facts: Facts) -> Iterator[Mapping[str, Any] | None]:
    """The services that a record is about, one None when there is none; what the rule set knows of a service counts."""
    spec = data.get("spec", {})
    names = [spec["service"]] if isinstance(spec.get("service"), str) else spec.get("services") or []
    if data.get("kind") == "Service":
        names = [data.get("metadata", {}).get("name")]
    yield from (rule_facts.record("Service", name) for name in names if isinstance(name, str))
    if not names:
        yield None


def _value(
    name: str,
    parameter: Mapping[str, Any],
    otherwise: Any,
    data: Mapping[str, Any],
    service: Mapping[str, Any] | None,
    rule_facts: Facts,
) -> Any:
    source = parameter.get("from", {})
    if "record" in source:
        return _typed(name, _of_record(name, source, rule_facts), parameter["default"])
    subject = service if source.get("of") == "service" else data
    written: Any = _NOTHING
    for key, field in (("annotation", "annotations"), ("label", "labels")):
        if key in source and subject is not None:
            written = get(subject, ("metadata", field, source[key]), _NOTHING)
    if written is _NOTHING:
        return _typed(name, otherwise, parameter["default"])
    return _typed(name, _read(written, parameter["default"]), parameter["default"])


def _of_record(name: str, source: Mapping[str, Any], rule_facts: Facts) -> Any:
    kind, record = source["record"]["kind"], source["record"]["name"]
    found: Data | None = rule_facts.record(kind, record)
    if found is None:
        raise ParameterProblem(f"the parameter '{name}' comes from {kind} {record}, which is not there")
    value = get(found, parse_pointer(source["at"]), _NOTHING)
    if value is _NOTHING:
        raise ParameterProblem(f"the parameter '{name}' comes from {source['at']} of {kind} {record}, which has none")
    return value


def _read(text: Any, default: Any) -> Any:
    """What the text of a label or annotation stands for, where the default says that it is no text."""
    if not isinstance(text, str) or isinstance(default, str):
        return text
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text, text)
    if isinstance(default, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _NUMBER.match(text) else text


def _typed(name: str, value: Any, default: Any) -> Any:
    wrong = type_mismatch(value, default)
    if wrong:
        raise ParameterProblem(f"the parameter '{name}' {wrong} ({str(value)[:60]!r})")
    return value
