"""Objects of OpenSLO version 1 for services and their agreements, and what OpenSLO has no place for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from itsm_as_code.interchange._openslo_form import PREFIX, SLI, decoded, form, original, whole
from itsm_as_code.interchange._openslo_objects import NUMBERS, plain
from itsm_as_code.interchange._yaml import Number, document_text
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.budget import is_share
from itsm_as_code.service_levels.promises import supporting

_MEASURED: Final = (f"{PREFIX}spec.indicator", f"{PREFIX}spec.indicatorRef")
_NO_PLACE: Final = ("hours", "exclude", "priority", "degraded")
_ORDER: Final = (
    *("description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives"),
    "alertPolicies",
)
_THRESHOLD: Final = ("latency", "throughput", "quality")


@dataclass(frozen=True, slots=True)
class Export:
    """The objects in order, and a sentence for each thing that is not in them."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def export(facts: Facts, services: Iterable[str] = (), good: str = "", total: str = "") -> Export:
    """Of some services or all; ``good`` and ``total`` are the series by which records are measured in Prometheus."""
    found = Export()
    chosen = set(services) or {*facts.agreements_by_service, *(x["metadata"]["name"] for x in facts.records("Service"))}
    records = [item for item in facts.records("Service") if item["metadata"]["name"] in chosen]
    names = {item["metadata"]["name"]: original(item) for item in facts.records("Service")}
    found.objects.extend(whole(item, facts.timezone, names) for item in records)
    indicators: dict[str, Any] = {}
    for name in sorted(chosen):
        for agreement in facts.agreements_by_service.get(name, ()):
            exporter = _Exporter(facts.timezone, names, (good, total), found)
            exporter.agreement(agreement)
            if (text := agreement["metadata"].get("annotations", {}).get(SLI)) is not None:
                indicators.setdefault(text, decoded(text))
    found.objects.extend(indicators.values())
    return found


@dataclass(frozen=True, slots=True)
class _Exporter:
    timezone: str
    names: dict[str, str]
    series: tuple[str, str]
    found: Export

    def agreement(self, record: Data) -> None:
        """Its SLO as it was imported, or one for each of its objectives."""
        name, spec = record["metadata"]["name"], record["spec"]
        if not supporting(spec["type"]):
            self.found.left_out.append(f"{name} is not exported: it is the promise of a supplier")
            return
        shares = [item for item in spec["objectives"] if is_share(item)]
        is_imported = any(key in record["metadata"].get("annotations", {}) for key in _MEASURED)
        together = [item for item in shares if is_imported and item["window"] == shares[0]["window"]]
        if together:
            self._add(whole(_with(record, together), self.timezone, self.names), name)
        for objective in spec["objectives"]:
            before = len(self.found.objects)
            if objective not in together:
                self._objective(record, objective)
            is_there = objective in together or len(self.found.objects) > before
            for key in (key for key in _NO_PLACE if is_there and key in objective):
                self.found.left_out.append(f"{key} of {objective['name']} of {name} has no place in OpenSLO")

    def _objective(self, record: Data, objective: Data) -> None:
        name, what = record["metadata"]["name"], f"{objective['name']} of {record['metadata']['name']}"
        share, indicator = objective, self._ratio(record, objective)
        more: dict[str, str] = {}
        if not is_share(objective):
            if objective["indicator"] not in _THRESHOLD or "percentile" not in objective:
                self.found.left_out.append(f"{what} is not exported: OpenSLO has shares of what is good")
                return
            source = objective.get("source", "")
            if not source.startswith("prometheus: "):
                self.found.left_out.append(f"{what} is not exported: its source names no series of Prometheus")
                return
            share = {**objective, "target": objective["percentile"]}
            indicator = {"thresholdMetric": _metric(source.removeprefix("prometheus: "))}
            more = {"op": "lte" if objective["comparison"] == "at-most" else "gte"}
            more["value"] = plain(Decimal(objective["target"]))
        if Decimal(share["target"]) >= 100:
            self.found.left_out.append(f"{what} is not exported: a target in OpenSLO is below 100 %")
            return
        own = {key: text for key, text in record["metadata"].items() if key in ("name", "title", "description")}
        object_ = form({**_with(record, []), "metadata": own}, self.timezone, self.names)
        alone = {**share, "unit": "percent", "comparison": "at-least", "indicator": "quality"}
        alone.pop("percentile", None)
        object_["spec"] |= form(_with(record, [alone]), self.timezone, self.names)["spec"]
        object_["metadata"]["name"] = f"{name}-{objective['name']}"
        object_["spec"]["indicator"] = {"metadata": {"name": f"{name}-{objective['name']}"}, "spec": indicator}
        object_["spec"]["objectives"][0] |= more
        self._add(object_, what)

    def _ratio(self, record: Data, objective: Data) -> dict[str, Any]:
        labels = f'{{service="{record["spec"]["service"]}",objective="{objective["name"]}"}}'
        good, total = (_metric(f"sum({series}{labels})") for series in self.series)
        return {"ratioMetric": {"counter": True, "good": good, "total": total}}

    def _add(self, object_: dict[str, Any], what: str) -> None:
        if "timeWindow" not in object_["spec"]:
            self.found.left_out.append(f"{what} is not exported: OpenSLO has no window of that length")
        else:
            self.found.objects.append(object_)


def _with(record: Data, objectives: list[Data]) -> Data:
    return {**record, "spec": {**record["spec"], "objectives": objectives}}


def _metric(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


# Text


def text(objects: Iterable[dict[str, Any]]) -> str:
    """The objects as YAML, one document each."""
    return "".join(_texts(objects))


def _texts(objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    for item in objects:
        spec = dict(sorted(item["spec"].items(), key=lambda pair: _ORDER.index(pair[0]) if pair[0] in _ORDER else 9))
        if isinstance(spec.get("objectives"), list):
            spec["objectives"] = [_numbered(one) for one in spec["objectives"]]
        document = {**item, "spec": spec}
        yield document_text(document)


def _numbered(objective: Data) -> dict[str, Any]:
    return {key: Number(value) if key in NUMBERS else value for key, value in objective.items()}
