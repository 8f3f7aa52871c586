"""Objects of OpenSLO: read in three versions, told apart, and brought into the form of version 1.

Source: https://github.com/OpenSLO/OpenSLO (README, enhancements/v2alpha) and the types of
https://github.com/OpenSLO/go-sdk. A field without a value says nothing and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from itsm_as_code.findings import Location, Pointer, Rule, Severity
from itsm_as_code.interchange._notes import Notes, differences, listed
from itsm_as_code.interchange._yaml import ForeignDocument, read_documents

OBJECT = Rule(
    "openslo-object",
    "A document is an object of OpenSLO",
    Severity.ERROR,
    "An object names an apiVersion that is read (openslo/v1, openslo/v1alpha, openslo.com/v2alpha), its kind and its "
    "metadata.name; a document may be a list of them. What is none is not imported; the rest of the file is.",
)
KIND = Rule(
    "openslo-kind",
    "An object is of a kind that has a counterpart",
    Severity.WARNING,
    "A Service becomes a service, an SLO an agreement, and an SLI is kept with the agreements whose SLO names it. Data "
    "sources and alerts have no counterpart: measurements are named in itsm.yaml, and `itsm export prometheus-rules` "
    "writes alerts.",
)
VALUE = Rule(
    "openslo-value",
    "Every value of an object can be kept exactly",
    Severity.ERROR,
    "An SLO with a value that makes no sense, or for which no field is exact (a composite objective, a target beyond "
    "nine decimals of a percentage), is not imported rather than imported in part.",
)
DUPLICATE = Rule(
    "openslo-duplicate",
    "An object stands once in what is imported",
    Severity.WARNING,
    "OpenSLO tells objects apart by kind and name. Of two that share both the first is imported.",
)
RULES = (OBJECT, KIND, VALUE, DUPLICATE)

V1: Final = "openslo/v1"
_VERSIONS: Final = (V1, "openslo/v1alpha", "openslo.com/v2alpha")
_WITHOUT: Final = ("DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")
_PLACED: Final = 9
_UNITS: Final = {"Minute": "m", "Hour": "h", "Day": "d", "Week": "w", "Month": "M", "Quarter": "Q", "Year": "Y"}
_SHORTHAND: Final = re.compile(r"([1-9][0-9]{0,4})([mhdwMQY])\Z", re.ASCII)
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]{1,27}\.?[0-9]{0,27}|\.[0-9]{1,27})(?:[eE][-+]?[0-9]{1,2})?\Z", re.ASCII)
NUMBERS: Final = ("value", "target", "targetPercent", "timeSliceTarget", "compositeWeight")
"""Fields of an objective that are numbers; in the form here they are text, exact and without zeros at the end."""


class RefusedError(Exception):
    """Why an object cannot be imported, and where in the form of version 1 it says so."""

    def __init__(self, message: str, *pointer: str | int) -> None:
        super().__init__(message)
        self.pointer: Pointer = pointer


@dataclass(frozen=True, slots=True)
class Object:
    """A Service, SLO or SLI: its data in the form of version 1, and where it stands."""

    kind: str
    name: str
    data: dict[str, Any]
    document: ForeignDocument
    base: Pointer
    renamed: Mapping[str, str]
    """Keys of version 1 -> keys of the version in which it is written."""

    def at(self, *pointer: str | int) -> Location:
        return self.document.at(*self.base, *(self.renamed.get(str(step), step) for step in pointer))


def read_objects(sources: Mapping[str, bytes], notes: Notes) -> Iterator[Object | None]:
    """The objects that have a counterpart; None for each that is not imported, which is noted."""
    for path, source in sources.items():
        for document in read_documents(path, source, _PLACED):
            if document.problem:
                notes.add(
                    OBJECT, f"not imported: {document.problem}", document.at(), remedy=document.remedy, apart=True
                )
                yield None
            elif isinstance(document.data, list):
                yield from (_object(document, item, (index,), notes) for index, item in enumerate(document.data))
            else:
                yield _object(document, document.data, (), notes)


def _object(document: ForeignDocument, data: Any, base: Pointer, notes: Notes) -> Object | None:
    version = data.get("apiVersion") if isinstance(data, dict) else None
    kind = data.get("kind") if isinstance(data, dict) else None
    if not (isinstance(version, str) and isinstance(kind, str)):
        message = "not imported: a document is not an object of OpenSLO with apiVersion and kind"
        notes.add(OBJECT, message, document.at(*base), remedy="mend the document, or leave it out")
        return None
    if version not in _VERSIONS or kind not in ("Service", "SLO", "SLI", *_WITHOUT):
        message = f"not imported: {kind[:50]} of {version[:50]} is no object of OpenSLO that is read"
        remedy = f"write one of {', '.join(_VERSIONS)}, or leave it out"
        notes.add(
            OBJECT, message, document.at(*base, "apiVersion" if version not in _VERSIONS else "kind"), remedy=remedy
        )
        return None
    metadata, spec = data.get("metadata"), data.get("spec")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if isinstance(name, (int, float)) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or not name.strip() or not isinstance(spec, (dict, type(None))):
        what = "spec that is a mapping" if isinstance(name, str) and name.strip() else "metadata.name"
        notes.add(OBJECT, f"not imported: a {kind} without a {what}", document.at(*base), remedy="mend the document")
        return None
    if kind in _WITHOUT:
        message = f"not imported: {kind} has no counterpart here"
        remedy = "name measurements in itsm.yaml; alerts are written by itsm export prometheus-rules"
        notes.add(KIND, message, document.at(*base), subject=name, remedy=remedy)
        return None
    found = Object(kind, name, {}, document, base, _RENAMED.get(version, {}))
    try:
        return replace(found, data=_in_v1(version, kind, {**data, "metadata": {**metadata, "name": name}}))
    except RefusedError as error:
        refuse(found, error, notes)
        return None


def refuse(found: Object, error: RefusedError, notes: Notes) -> None:
    """Say that an object is not imported, at the line for which it is not."""
    at, subject = found.at(*error.pointer), f"{found.kind} {found.name}"
    notes.add(VALUE, f"not imported: {error}", at, subject=subject, remedy="mend it, or leave it out")


def distinct(objects: Iterable[Object], notes: Notes) -> list[Object]:
    """The first of each kind and name; the others are noted with what they say differently."""
    first: dict[tuple[str, str], Object] = {}
    for found in objects:
        kept = first.setdefault((found.kind, found.name), found)
        if kept is not found:
            fields = [name for name in differences(kept.data, found.data) if name != "apiVersion"]
            said = f"differs in {listed(fields)}" if fields else "says the same"
            message = f"stands twice; the one at {kept.at()} was imported, this one {said}"
            remedy = "give one of them another name if they are two things" if fields else "remove one of them"
            notes.add(DUPLICATE, message, found.at(), subject=f"{found.kind} {found.name}", remedy=remedy)
    return list(first.values())


# Into the form of version 1

_RENAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "openslo/v1alpha": {"timeWindow": "timeWindows"},
    "openslo.com/v2alpha": {"indicator": "sli", "indicatorRef": "sliRef"},
}


def _in_v1(version: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _said(data)
    found |= {"apiVersion": V1, "spec": found.get("spec", {})}
    labels = found["metadata"].get("labels")
    if isinstance(labels, dict):  # one value is the same as a list of one (README, "Notes", "Metadata")
        lone = {key: value[0] for key, value in labels.items() if isinstance(value, list) and len(value) == 1}
        found["metadata"]["labels"] = labels | {key: value for key, value in lone.items() if isinstance(value, str)}
    if kind == "SLO":
        _UPGRADES[version](found["spec"], found["metadata"]["name"])
        _windows(found["spec"])
        _objectives(found["spec"])
    elif kind == "SLI" and version != V1:
        found["spec"] = _metrics(found["spec"])
    return found


def _said(value: Any) -> Any:
    """A value without the fields that hold nothing; shared parts become copies of their own."""
    if isinstance(value, dict):
        return {key: _said(item) for key, item in value.items() if item is not None}
    return [_said(item) for item in value] if isinstance(value, list) else value


def _v1(spec: dict[str, Any], name: str) -> None:
    """Nothing to do: ``spec`` has the form already."""


def _v1alpha(spec: dict[str, Any], name: str) -> None:
    windows = spec.pop("timeWindows", None)
    for index, item in enumerate(windows if isinstance(windows, list) else ()):
        unit = item.pop("unit", None) if isinstance(item, dict) else None
        if not isinstance(unit, str) or unit not in _UNITS:
            raise RefusedError(f"{unit} is no unit of a window: write {', '.join(_UNITS)}", "spec", "timeWindow", index)
        item["duration"] = f"{item.pop('count', '')}{_UNITS[unit]}"
    if windows is not None:
        spec["timeWindow"] = windows
    if isinstance(spec.get("indicator"), dict) and "thresholdMetric" in spec["indicator"]:
        threshold = {"thresholdMetric": _sourced(spec["indicator"].pop("thresholdMetric"))}
        spec["indicator"] = {"metadata": {"name": name}, "spec": threshold, **spec["indicator"]}
    objectives = spec.get("objectives")
    for item in objectives if isinstance(objectives, list) else ():
        ratio = item.pop("ratioMetrics", None) if isinstance(item, dict) else None
        if isinstance(ratio, dict):
            moved = {{"incremental": "counter"}.get(key, key): _sourced(value) for key, value in ratio.items()}
            item["indicator"] = {"metadata": {"name": name}, "spec": {"ratioMetric": moved}}


def _sourced(metric: Any) -> Any:
    """A metric of v1alpha (source, queryType, query and more) as version 1 has it."""
    if not isinstance(metric, dict):
        return metric
    type_ = {"type": metric["source"]} if "source" in metric else {}
    return {"metricSource": {**type_, "spec": {key: value for key, value in metric.items() if key != "source"}}}


def _v2alpha(spec: dict[str, Any], name: str) -> None:
    for old, new in (("sli", "indicator"), ("sliRef", "indicatorRef"), ("serviceRef", "service")):
        if old in spec:
            spec[new] = spec.pop(old)
    if isinstance(spec.get("indicator"), dict):
        spec["indicator"]["spec"] = _metrics(spec["indicator"].get("spec"), "spec", "indicator")
    objectives = spec.get("objectives")
    for item in objectives if isinstance(objectives, list) else ():
        for old, new in (("sli", "indicator"), ("sliRef", "indicatorRef")):
            if isinstance(item, dict) and old in item:
                item[new] = item.pop(old)


def _metrics(spec: Any, *at: str) -> Any:
    """The metrics of an SLI of v2alpha, with their data sources as version 1 names them."""
    if not isinstance(spec, dict):
        return spec
    found = {}
    for key, value in spec.items():
        if isinstance(value, dict) and ("dataSourceRef" in value or "dataSourceSpec" in value):
            inline = value.get("dataSourceSpec", {})
            if not isinstance(inline, dict) or inline.keys() - {"type"}:
                message = "a data source written out has no place in version 1: name it by dataSourceRef"
                raise RefusedError(message, *at)
            names = {"metricSourceRef": value["dataSourceRef"]} if "dataSourceRef" in value else {}
            rest = {name: item for name, item in value.items() if name not in ("dataSourceRef", "dataSourceSpec")}
            found[key] = {"metricSource": {**names, **inline, **rest}}
        else:
            found[key] = _metrics(value, *at) if key == "ratioMetric" else value
    return found


_UPGRADES: Final = {V1: _v1, "openslo/v1alpha": _v1alpha, "openslo.com/v2alpha": _v2alpha}


def _windows(spec: dict[str, Any]) -> None:
    """Say of each window whether it rolls; a quarter is three months, of which records have a length."""
    windows = spec.get("timeWindow")
    for index, item in enumerate(windows if isinstance(windows, list) else ()):
        if not isinstance(item, dict):
            raise RefusedError("a window is no mapping", "spec", "timeWindow", index)
        at = ("spec", "timeWindow", index)
        match = _SHORTHAND.match(str(item.get("duration", "")))
        if match is None:
            message = f"'{item.get('duration')}' is no length of a window such as 28d or 1M (1m is a minute)"
            raise RefusedError(message, *at, "duration")
        if match[2] == "Q":
            item["duration"] = f"{int(match[1]) * 3}M"
        rolls = item.setdefault("isRolling", "calendar" not in item)
        if not isinstance(rolls, bool) or rolls == ("calendar" in item):
            message = "a window either rolls, or does not and has a calendar"
            raise RefusedError(message, *at, "isRolling" if "isRolling" in item else "calendar")


def _objectives(spec: dict[str, Any]) -> None:
    """Numbers of objectives as exact decimal text."""
    objectives = spec.get("objectives")
    for index, item in enumerate(objectives if isinstance(objectives, list) else ()):
        for field in NUMBERS if isinstance(item, dict) else ():
            if field in item:
                item[field] = _number(item[field], ("spec", "objectives", index, field))


def _number(value: Any, at: Pointer) -> str:
    text = "" if isinstance(value, bool) else str(value)
    if not _NUMBER.match(text):
        raise RefusedError(f"{at[-1]} is no number: {text[:50] or value}", *at)
    number = Decimal(text)
    if len(number.as_tuple().digits) > 27 or abs(number.adjusted()) > 27:
        raise RefusedError(f"{at[-1]} has more digits than are kept", *at)
    return plain(number)


def plain(number: Decimal) -> str:
    """A number in digits, without zeros at its end."""
    return f"{number.normalize():f}" if number else "0"
