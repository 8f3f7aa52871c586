"""Services and agreements in the form of OpenSLO version 1, and what that form says beyond a record.

What a record has no field for stands in its annotations under ``openslo/<path>``: a mapping that, laid over the form
of the record, gives back what was read (as a merge patch does, RFC 7396; objectives are told apart by name). So what
people edit in a record is what is exported, and the rest comes back as it came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from itsm_as_code.durations import parse_duration
from itsm_as_code.interchange._memory import without_memory
from itsm_as_code.interchange._openslo_objects import V1, RefusedError, plain
from itsm_as_code.records.facts import Data
from itsm_as_code.service_levels.budget import is_share

PREFIX: Final = "openslo/"
NAME: Final = f"{PREFIX}metadata.name"
"""The annotation by which an imported record is known again, where its name is not that of the object."""
PERCENT: Final = f"{PREFIX}objectives.targetPercent"
"""The names of the objectives whose target is written in percent, as JSON."""
SLI: Final = f"{PREFIX}object.SLI"
"""The indicator that the object refers to, as JSON."""
LONGEST, LONGEST_NAME = 20_000, 500
"""How many characters an annotation has at most, and its name."""
_ISO: Final = re.compile(r"P(?:([0-9]+)([DWMY])|T([0-9]+)([HM]))\Z", re.ASCII)
_UNITS: Final = {"DD": "d", "DW": "w", "DM": "M", "DY": "Y", "TH": "h", "TM": "m"}
_CALENDAR: Final = {"month": "1M", "quarter": "3M", "year": "1Y"}


def duration(shorthand: str) -> str:
    """``28d`` as ISO 8601; m is a minute and M a month (OpenSLO, README, "Duration shorthand")."""
    count, unit = shorthand[:-1], shorthand[-1]
    return f"PT{count}{unit.upper()}" if unit in "mh" else f"P{count}{unit.upper()}"


def shorthand(iso: str) -> str | None:
    """The other way round; None for what has no shorthand, such as a day and an hour."""
    match = _ISO.match(iso)
    if match is None:
        length = parse_duration(iso)
        return f"{length.days}d" if length.days and not length.months and not length.time else None
    count, unit = (match[1], f"D{match[2]}") if match[1] else (match[3], f"T{match[4]}")
    return f"{int(count)}{_UNITS[unit]}"


def form(record: Data, timezone: str, services: Mapping[str, str]) -> dict[str, Any]:
    """A Service or ServiceLevelAgreement as an object of version 1, by its fields alone.

    ``services`` are the names of objects by those of records. Of an agreement it has the objectives that are shares,
    and the window of the first.
    """
    metadata, name = record["metadata"], original(record)
    said: dict[str, Any] = {"name": name}
    if metadata["title"] != name:
        said["displayName"] = metadata["title"]
    labels = {key: text.split(",") if "," in text else text for key, text in metadata.get("labels", {}).items()}
    annotations = without_memory(record)["metadata"].get("annotations", {})
    own = {key: text for key, text in annotations.items() if not key.startswith(PREFIX)}
    said |= {key: value for key, value in (("labels", labels), ("annotations", own)) if value}
    spec: dict[str, Any] = {"description": metadata["description"]} if "description" in metadata else {}
    if record["kind"] == "Service":
        return {"apiVersion": V1, "kind": "Service", "metadata": said, "spec": spec}
    service, shares = record["spec"]["service"], [item for item in record["spec"]["objectives"] if is_share(item)]
    spec |= {"service": services.get(service, service), "budgetingMethod": "Occurrences"}
    if shares and (span := _window(record, shares[0]["window"], timezone)) is not None:
        spec["timeWindow"] = [span]
    percents = decoded(metadata.get("annotations", {}).get(PERCENT, "[]"))
    spec["objectives"] = [_objective(item, percents) for item in shares]
    return {"apiVersion": V1, "kind": "SLO", "metadata": said, "spec": spec}


def original(record: Data) -> str:
    """What the object is called that a record was made of, or would be."""
    annotations = record["metadata"].get("annotations", {})
    return str(decoded(annotations[NAME]) if NAME in annotations else record["metadata"]["name"])


def _window(record: Data, window: Data, timezone: str) -> dict[str, Any] | None:
    if "rolling" in window:
        length = shorthand(window["rolling"])
        return {"duration": length, "isRolling": True} if length else None
    if "calendar" in window:
        first = f"{record['spec']['effective']['from'][:4]}-01-01 00:00:00"
        length = _CALENDAR[window["calendar"]]
    else:
        at = window.get("at", "00:00")
        first = f"{window['from']} {at if len(at) == 8 else f'{at}:00'}"
        length = shorthand(window["every"])
    calendar = {"startTime": first, "timeZone": record["spec"].get("timezone", timezone)}
    return {"duration": length, "isRolling": False, "calendar": calendar} if length else None


def _objective(objective: Data, percents: Any) -> dict[str, Any]:
    target = Decimal(objective["target"])
    if isinstance(percents, list) and objective["name"] in percents:
        return {"displayName": objective["name"], "targetPercent": plain(target)}
    return {"displayName": objective["name"], "target": plain(target.scaleb(-2))}


# What is kept beside a record, and laid over its form again


def beyond(base: Data, said: Data, names: list[str]) -> dict[str, str]:
    """The annotations that lead from the form of a record to what was read; ``names`` are those of its objectives."""
    found: dict[str, Any] = {key: value for key, value in said.items() if key not in base}
    if dotted := [key for key in found if "." in key]:
        raise RefusedError(f"there is no place for the field '{dotted[0][:50]}'", dotted[0])
    for section in ("metadata", "spec"):
        changed = _changed(base[section], said[section])
        found |= {f"{section}.{key}": value for key, value in changed if key != "objectives"}
    pairs = zip(names, base["spec"].get("objectives", ()), said["spec"].get("objectives", ()), strict=True)
    objectives = {name: differ for name, mine, theirs in pairs if (differ := dict(_changed(mine, theirs)))}
    if objectives:
        found["spec.objectives"] = objectives
    annotations = {f"{PREFIX}{path}": encoded(value) for path, value in found.items()}
    for key, text in annotations.items():
        if len(text) > LONGEST or len(key) > LONGEST_NAME:
            path = key.removeprefix(PREFIX)[:50]
            raise RefusedError(f"{path} is longer than an annotation may be", *path.split(".", 1))
    return annotations


def _changed(mine: Data, theirs: Data) -> Iterator[tuple[str, Any]]:
    """The fields that differ as they say it, None for those that they leave out."""
    for key in dict.fromkeys((*mine, *theirs)):
        if mine.get(key) != theirs.get(key):
            yield key, theirs.get(key)


def whole(record: Data, timezone: str, services: Mapping[str, str]) -> dict[str, Any]:
    """The object that a record was made of, with what people have changed since."""
    found = form(record, timezone, services)
    for key, text in record["metadata"].get("annotations", {}).items():
        path = key.removeprefix(PREFIX)
        if path == key or key in (PERCENT, SLI):
            continue
        value, (section, dot, field) = decoded(text), path.partition(".")
        if path == "spec.objectives" and isinstance(value, dict):
            names = [item["name"] for item in record["spec"]["objectives"] if is_share(item)]
            for name, item in zip(names, found["spec"]["objectives"], strict=True):
                _lay(item, value.get(name, {}))
        elif section in ("metadata", "spec") and dot:
            _lay(found[section], {field: value})
        else:
            _lay(found, {path: value})
    return found


def _lay(target: dict[str, Any], patch: Any) -> None:
    for key, value in patch.items() if isinstance(patch, dict) else ():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = value


def encoded(value: Any) -> str:
    """Text as it is unless it would be read as JSON; anything else as JSON."""
    if isinstance(value, str) and decoded(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def decoded(text: str) -> Any:
    """What :func:`encoded` wrote."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
