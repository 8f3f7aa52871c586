"""OpenSLO: services and service level objectives, read in versions 1, 1alpha and 2alpha, written in version 1.

An SLO becomes an operational level agreement with a share for each of its objectives. What OpenSLO does not say (who
promises what to whom, and whether a ratio is an availability) is assumed and said in a finding.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

from itsm_as_code.durations import parse_duration
from itsm_as_code.findings import Pointer, RecordId, Rule, Severity
from itsm_as_code.interchange import _openslo_objects, _store
from itsm_as_code.interchange._backstage_entities import record_name
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange._openslo_form import (
    LONGEST,
    LONGEST_NAME,
    NAME,
    PERCENT,
    PREFIX,
    SLI,
    beyond,
    encoded,
    form,
    original,
)
from itsm_as_code.interchange._openslo_objects import Object, RefusedError, distinct, read_objects, refuse
from itsm_as_code.interchange._openslo_values import check, target_of, window_of
from itsm_as_code.interchange._stand_ins import NOBODY
from itsm_as_code.interchange._store import Asked, Conversion, Known, NewRecord
from itsm_as_code.records.kinds import API_VERSION

TITLE = "OpenSLO services and objectives"
REFERENCE = Rule(
    "openslo-reference",
    "What an object refers to is imported or there already",
    Severity.ERROR,
    "An agreement is about a service, which OpenSLO need not describe: until a person adds it, the record refers to "
    "nothing.",
)
ASSUMED = Rule(
    "openslo-assumed",
    "A person checks what OpenSLO does not say",
    Severity.WARNING,
    "A record says more than an object does. The import assumes the most modest value: a service of tier 4 that the "
    "team of --default-owner owns, or one without members that stands in, an "
    "agreement within the organisation, and a ratio of quality rather than of availability, which outages would "
    "measure.",
)
FIELD = Rule(
    "openslo-field",
    "What a record has no field for is kept as an annotation",
    Severity.INFO,
    "What has no counterpart is kept under openslo/<path> in the record's annotations, as text or JSON, and "
    "exported from there. Characters that do not show are taken out.",
)
NAMED = Rule(
    "openslo-name",
    "Every object gets a name of its own",
    Severity.INFO,
    "Names of records are lower-case letters, digits and hyphens. Names are rewritten to fit, with a hash of the whole "
    "name where that keeps two apart; an SLO of version 1alpha whose objectives measure different things becomes an "
    "agreement for each of them.",
)
RULES = (*_openslo_objects.RULES, REFERENCE, ASSUMED, FIELD, NAMED, *_store.RULES)

_KINDS: Final = {"Service": "Service", "SLO": "ServiceLevelAgreement"}
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?\Z")
_NOTHING_ASKED: Final = Asked()
_KNOWN: Final = {
    "metadata": ("name", "displayName", "labels", "annotations"),
    "spec": ("description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives"),
}
_OF_OBJECTIVES: Final = ("displayName", *_openslo_objects.NUMBERS, "op", "timeSliceWindow")


def convert(sources: Mapping[str, bytes], known: Known, asked: Asked = _NOTHING_ASKED) -> Conversion:
    """Records for the objects in ``sources`` (path -> YAML), and what is to be said of them.

    Its entities are agreements and services, made or not, and what cannot be read: an SLI counts with the SLO that
    names it, an SLO whose objectives measure different things once for each.
    """
    notes = Notes()
    read = list(read_objects(sources, notes))
    parts = [part for item in read if item is not None for part in _apart(item, notes)]
    found = distinct(parts, notes)
    indicators = {item.name: item for item in found if item.kind == "SLI"}
    objects = [item for item in found if item.kind != "SLI"]
    naming = _names(objects, known, notes)
    converter = _Converter(naming, indicators, known, notes, asked.default_owner or NOBODY)
    objects.sort(key=lambda item: item.kind != "Service")  # what is refused of them serves no objective
    made = [(item, record) for item in objects if (record := converter.record(item)) is not None]
    used = {str(item.data["spec"].get("indicatorRef")) for item, _ in made}
    unused = [item for name, item in indicators.items() if name not in used]
    for item in unused:
        message = "not imported: no SLO that is imported refers to it"
        notes.add(_openslo_objects.KIND, message, item.at(), subject=f"SLI {item.name}", remedy="import both together")
    entities = read.count(None) + len(parts) - len(indicators) + len(unused)
    return Conversion([record for _, record in made], notes.findings(), entities - len(made))


def _apart(found: Object, notes: Notes) -> Iterator[Object]:
    """An SLO of 1alpha whose objectives have different metrics: one for each, as version 1 has one for an SLO."""
    objectives = found.data["spec"].get("objectives")
    if found.kind != "SLO" or "timeWindow" not in found.renamed or not isinstance(objectives, list):
        yield found
        return
    metrics = [item.get("indicator") if isinstance(item, dict) else None for item in objectives]
    are_whole = all(isinstance(metric, dict) and isinstance(metric.get("metadata"), dict) for metric in metrics)
    if not metrics or not are_whole or "indicator" in found.data["spec"]:
        yield found
        return
    for item in objectives:
        del item["indicator"]
    own = [metric for index, metric in enumerate(metrics) if metric not in metrics[:index]]
    for number, metric in enumerate(own, 1):
        data = deepcopy(found.data)
        data["spec"] |= {"indicator": metric, "objectives": [
            item for item, its in zip(objectives, metrics, strict=True) if its == metric
        ]}  # fmt: skip
        name = found.name if len(own) == 1 else f"{found.name}-{number}"
        data["metadata"]["name"] = data["spec"]["indicator"]["metadata"]["name"] = name
        yield replace(found, name=name, data=data)
    if len(own) > 1:
        message = f"its objectives measure {len(own)} different things: an agreement is made for each"
        notes.add(NAMED, message, found.at("spec", "objectives"), subject=f"SLO {found.name}")


def _names(objects: Iterable[Object], known: Known, notes: Notes) -> dict[tuple[str, str], RecordId]:
    """The record that each object becomes. A name once given stays; one that is a record's name already comes first."""
    there = {(record.kind, original(item.data)): record for record, item in known.records.items()}
    taken = {record: name for (_, name), record in there.items()}
    chosen: dict[tuple[str, str], RecordId] = {}
    for found in sorted(objects, key=lambda item: record_name(item.name) != item.name):
        kind, plain_name = _KINDS[found.kind], record_name(found.name)
        digest = hashlib.sha256(found.name.encode()).hexdigest()[:8]
        candidates = [plain_name] if plain_name else []
        candidates += [record_name(f"{plain_name[:54]}-{digest}")]
        former = there.get((kind, found.name))
        free = (RecordId(kind, name) for name in candidates)
        record = former or next(item for item in free if taken.get(item, found.name) == found.name)
        taken[record] = found.name
        chosen[found.kind, found.name] = record
        if record.name != found.name:
            message = "the name is rewritten to the form that records have"
            notes.add(
                NAMED, message, found.at("metadata", "name"), subject=f"{found.name} -> {record.name}", record=record
            )
    return chosen


class _Converter:
    def __init__(
        self,
        naming: Mapping[tuple[str, str], RecordId],
        indicators: Mapping[str, Object],
        known: Known,
        notes: Notes,
        nobody: str,
    ) -> None:
        self.nobody = nobody
        self.naming = naming
        self.indicators = indicators
        self.known = known
        self.notes = notes
        there = {original(item.data): record.name for record, item in known.records.items() if record.kind == "Service"}
        named = {name: record.name for (kind, name), record in naming.items() if kind == "Service"}
        self.services = {**there, **named}
        self.originals = {record: name for name, record in self.services.items()}

    def record(self, found: Object) -> NewRecord | None:
        """The record of a Service or SLO; None when it cannot be imported, which is noted."""
        try:
            return self._service(found) if found.kind == "Service" else self._agreement(found)
        except RefusedError as error:
            refuse(found, error, self.notes)
            if found.kind == "Service":
                self.originals.pop(self.services.pop(found.name), None)
            return None

    def _service(self, found: Object) -> NewRecord:
        record = self.naming["Service", found.name]
        message = f"OpenSLO names no owner; '{self.nobody}' is written"
        self._assume(found, record, message, "name the team in spec.owner")
        self._assume(found, record, "OpenSLO knows no tiers: tier 4, the least critical, is assumed", "set spec.tier")
        message = "OpenSLO knows no lifecycle: a live application of the catalogue is assumed"
        self._assume(found, record, message, "set spec.lifecycle, spec.stage and spec.type")
        spec = {"owner": self.nobody, "stage": "catalogue", "lifecycle": "live", "tier": 4, "type": "application"}
        return self._finish(found, record, spec, [])

    def _agreement(self, found: Object) -> NewRecord:
        record, said = self.naming["SLO", found.name], found.data["spec"]
        check(said)
        window, timezone, start = window_of(said)
        names = list(_objective_names(said["objectives"]))
        percents = [name for name, item in zip(names, said["objectives"], strict=True) if "targetPercent" in item]
        spec: dict[str, Any] = {"type": "ola", "service": self._serves(found, record)}
        spec |= {
            "provider": self._provider(spec["service"], found, record),
            "customer": {"name": "Not named in OpenSLO"},
        }
        spec["effective"] = {"from": start}
        if timezone is not None:
            spec["timezone"] = timezone
        if said["timeWindow"][0]["duration"].endswith(("m", "h")):
            length = parse_duration(next(iter(window.values())))
            message = f"its window is no longer than {length}: in OpenSLO m is a minute, and M a month"
            self._assume(found, record, message, "set the window of its objectives", "timeWindow", 0)
        source = _source(said)
        spec["objectives"] = [
            {"name": name, "indicator": "quality", "target": target_of(item, index), "unit": "percent"}
            | {"comparison": "at-least", "window": window}
            | ({"source": source} if source else {})
            for index, (name, item) in enumerate(zip(names, said["objectives"], strict=True))
        ]
        message = "OpenSLO does not say who promises what to whom: an operational level agreement is assumed"
        self._assume(found, record, message, "set spec.type, spec.customer and spec.effective")
        message = "OpenSLO does not say what a ratio means: quality is assumed, which no record measures"
        self._assume(found, record, message, "set indicator: availability where outages measure it")
        return self._finish(found, record, spec, names, percents)

    def _serves(self, found: Object, record: RecordId) -> str:
        text = found.data["spec"].get("service")
        if not isinstance(text, str) or not record_name(text):
            raise RefusedError("the service is not named", "spec", "service")
        if text not in self.services:
            message = f"the service {text} is neither imported nor there; '{record_name(text)}' is written"
            self._reference(found, record, message, "import it too, or add its record by hand", "service")
        return self.services.get(text, record_name(text))

    def _provider(self, service: str, found: Object, record: RecordId) -> str:
        there = self.known.records.get(RecordId("Service", service))
        owner = there.data["spec"]["owner"] if there is not None else self.nobody
        if RecordId("Team", owner) in self.known.records:
            return str(owner)
        message = f"nobody is known who makes the promise; '{self.nobody}' is written"
        self._assume(found, record, message, "name the team in spec.provider")
        return self.nobody

    def _indicator(self, found: Object, record: RecordId) -> Object | None:
        """The SLI that an SLO names, which is kept with it."""
        name = found.data["spec"].get("indicatorRef")
        if name is None or str(name) in self.indicators:
            return self.indicators.get(str(name))
        at, message = found.at("spec", "indicatorRef"), f"the SLI {name} is not imported; its name is kept"
        remedy, subject = "import it together with the SLO", f"SLO {found.name}"
        self.notes.add(REFERENCE, message, at, subject=subject, remedy=remedy, severity=Severity.WARNING, record=record)
        return None

    def _reference(self, found: Object, record: RecordId, message: str, remedy: str, *field: str) -> None:
        at, subject = found.at("spec", *field), f"{found.kind} {found.name}"
        self.notes.add(REFERENCE, message, at, subject=subject, remedy=remedy, record=record)

    def _assume(self, found: Object, record: RecordId, message: str, remedy: str, *field: str | int) -> None:
        at, subject = found.at("spec", *field), f"{found.kind} {found.name}"
        self.notes.add(ASSUMED, message, at, subject=subject, remedy=remedy, record=record)

    def _finish(
        self, found: Object, record: RecordId, spec: dict[str, Any], names: list[str], percents: Iterable[str] = ()
    ) -> NewRecord:
        """The record, with what its fields do not say in its annotations."""
        said, annotations = found.data["metadata"], {}
        if found.name != record.name:
            annotations[NAME] = encoded(found.name)
        if percents:
            annotations[PERCENT] = json.dumps(list(percents))
        indicator = self._indicator(found, record)
        if indicator is not None:
            annotations[SLI] = json.dumps(indicator.data, ensure_ascii=False)
        title = said.get("displayName", found.name)
        metadata: dict[str, Any] = {
            "name": record.name,
            "title": _line(title if isinstance(title, str) else found.name),
        }
        description = found.data["spec"].get("description")
        if isinstance(description, str) and 0 < len(description) <= 20_000:
            metadata["description"] = description
        metadata |= {
            "labels": _labels(said.get("labels")),
            "annotations": {**annotations, **_texts(said.get("annotations"))},
        }
        data = {"apiVersion": API_VERSION, "kind": record.kind, "metadata": metadata, "spec": spec}
        kept = beyond(form(data, "UTC", self.originals), found.data, names)
        metadata["annotations"] |= kept
        data["metadata"] = {key: value for key, value in metadata.items() if value}
        self._say_kept(found, record)
        return NewRecord(record, data, found.at())

    def _say_kept(self, found: Object, record: RecordId) -> None:
        """Say which fields no version of OpenSLO has; those that it has come back with the export and are no news."""
        unknown: list[Pointer] = [(key,) for key in found.data if key not in ("apiVersion", "kind", "metadata", "spec")]
        allowed = {**_KNOWN, "spec": (*_KNOWN["spec"], "alertPolicies") if found.kind == "SLO" else ("description",)}
        for section, fields in allowed.items():
            unknown += [(section, key) for key in found.data[section] if key not in fields]
        for index, item in enumerate(found.data["spec"].get("objectives", ()) if found.kind == "SLO" else ()):
            unknown += [("spec", "objectives", index, key) for key in item if key not in _OF_OBJECTIVES]
        for pointer in unknown:
            path = ".".join(map(str, pointer))
            message = f"{path[:200]} is no field of OpenSLO; kept in the annotations of the record"
            self.notes.add(FIELD, message, found.at(*pointer), subject=f"{found.kind} {found.name}", record=record)
        if found.document.removed:
            message = f"characters that do not show were taken out: {', '.join(found.document.removed)}"
            self.notes.add(
                FIELD, message, found.at(), severity=Severity.WARNING, remedy="nothing to do, or mend the source"
            )


def _objective_names(objectives: list[dict[str, Any]]) -> Iterator[str]:
    """A name for each, of its display name or its number; each once."""
    taken: set[str] = set()
    for index, item in enumerate(objectives, 1):
        name = record_name(str(item.get("displayName", ""))) or f"objective-{index}"
        name = name if name not in taken else record_name(f"{name[:54]}-{index}")
        while name in taken:
            name = f"objective-{index}-{len(taken)}"
        taken.add(name)
        yield name


def _source(spec: Mapping[str, Any]) -> str:
    """``Prometheus: sum(...)`` of a metric with one query; empty where it has another form."""
    measures = spec.get("indicator", {}).get("spec", {})
    metric = measures.get("thresholdMetric") or measures.get("ratioMetric", {}).get("raw")
    metric = metric or measures.get("ratioMetric", {}).get("good")
    source = metric.get("metricSource") if isinstance(metric, dict) else None
    query = (
        source.get("spec", {}).get("query")
        if isinstance(source, dict) and isinstance(source.get("spec"), dict)
        else None
    )
    type_ = source.get("type") or source.get("metricSourceRef") if isinstance(source, dict) else None
    text = " ".join(f"{type_ or 'query'}: {query}".split()) if isinstance(query, str) else ""
    return text if len(text) <= 500 else ""


def _line(text: str) -> str:
    line = " ".join(text.split()) or "Unnamed"
    return line if len(line) <= 200 else f"{line[:199].rstrip()}…"


def _labels(said: Any) -> dict[str, str]:
    """Labels with the form of one; of a list the values with commas between them."""
    found: dict[str, str] = {}
    for key, value in said.items() if isinstance(said, dict) else ():
        values = value if isinstance(value, list) else [value]
        if _LABEL.match(key) and values and all(isinstance(item, str) and "," not in item for item in values):
            text = ",".join(values)
            if len(text) <= 253 and len(found) < 64:
                found[key] = text
    return found


def _texts(said: Any) -> dict[str, str]:
    """Annotations that a record can have as they are."""
    items = said.items() if isinstance(said, dict) else ()
    return {
        key: value
        for key, value in items
        if isinstance(value, str) and len(value) <= LONGEST and len(key) <= LONGEST_NAME and not key.startswith(PREFIX)
    }
