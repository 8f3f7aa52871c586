"""What an SLO has to say before it becomes an agreement, and its window and targets in the form of records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from itsm_as_code.clock import parse_date, zone
from itsm_as_code.interchange._openslo_form import duration
from itsm_as_code.interchange._openslo_objects import RefusedError, plain

_METHODS: Final = ("Occurrences", "Timeslices", "RatioTimeslices")
_START: Final = "%Y-%m-%d %H:%M:%S"


def check(spec: Mapping[str, Any]) -> None:
    """RefusedError for an SLO that makes no sense, or that no record can say."""
    if spec.get("budgetingMethod") not in _METHODS:
        raise RefusedError(f"the budgeting method is none of {', '.join(_METHODS)}", "spec", "budgetingMethod")
    objectives, windows = spec.get("objectives"), spec.get("timeWindow")
    if not isinstance(windows, list) or len(windows) != 1:
        raise RefusedError("an SLO has exactly one window", "spec", "timeWindow")
    if not isinstance(objectives, list) or not objectives or not all(isinstance(item, dict) for item in objectives):
        raise RefusedError("an SLO has objectives", "spec", "objectives")
    for index, item in enumerate(objectives):
        for field in ("indicator", "indicatorRef", "compositeWeight"):
            if field in item:
                raise RefusedError("composite objectives are not read yet", "spec", "objectives", index, field)
    if ("indicator" in spec) == ("indicatorRef" in spec):
        raise RefusedError("an SLO measures by either indicator or indicatorRef", "spec")
    if not isinstance(spec.get("indicatorRef", ""), str):
        raise RefusedError("the name of an indicator is no text", "spec", "indicatorRef")
    if "indicator" in spec:
        _check_indicator(spec["indicator"], objectives)


def _check_indicator(indicator: Any, objectives: list[Any]) -> None:
    at = ("spec", "indicator")
    measures = indicator.get("spec") if isinstance(indicator, dict) else None
    ratio = measures.get("ratioMetric") if isinstance(measures, dict) else None
    threshold = measures.get("thresholdMetric") if isinstance(measures, dict) else None
    if isinstance(ratio, dict) == isinstance(threshold, dict):
        raise RefusedError("an indicator has either a ratioMetric or a thresholdMetric", *at)
    if isinstance(ratio, dict) and not ("raw" in ratio or ("total" in ratio and ("good" in ratio or "bad" in ratio))):
        raise RefusedError("a ratio has good or bad with a total, or is raw", *at, "spec", "ratioMetric")
    for index, item in enumerate(objectives if isinstance(threshold, dict) else ()):
        if item.get("op") not in ("lt", "lte", "gt", "gte") or "value" not in item:
            message = "an objective of a threshold has an op (lt, lte, gt, gte) and a value"
            raise RefusedError(message, "spec", "objectives", index)


def window_of(spec: Mapping[str, Any]) -> tuple[dict[str, str], str | None, str]:
    """The window in the form of records, its zone, and the day on which the first begins."""
    said, at = spec["timeWindow"][0], ("spec", "timeWindow", 0)
    if said["isRolling"]:
        return {"rolling": duration(said["duration"])}, None, "1970-01-01"
    calendar = said["calendar"] if isinstance(said["calendar"], dict) else {}
    start, timezone = str(calendar.get("startTime", "")), calendar.get("timeZone")
    try:
        moment = datetime.strptime(start, _START)
        parse_date(start[:10])
    except ValueError:
        raise RefusedError(
            f"'{start[:50]}' is no time such as 2026-01-05 12:00:00", *at, "calendar", "startTime"
        ) from None
    try:
        zone(str(timezone))
    except ValueError:
        raise RefusedError(f"'{str(timezone)[:50]}' is no time zone", *at, "calendar", "timeZone") from None
    every = {"every": duration(said["duration"]), "from": f"{moment:%Y-%m-%d}", "at": f"{moment:%H:%M:%S}"}
    return every, str(timezone), every["from"]


def target_of(objective: Mapping[str, Any], index: int) -> str:
    at = ("spec", "objectives", index)
    if ("target" in objective) == ("targetPercent" in objective):
        raise RefusedError("an objective has either a target or a targetPercent", *at)
    is_percent = "targetPercent" in objective
    number = Decimal(objective["targetPercent"]) if is_percent else Decimal(objective["target"]).scaleb(2)
    text = plain(number)
    if not 0 <= number <= 100 or len(text.partition(".")[2]) > 9:
        raise RefusedError("a target is a share with at most nine decimals of a percentage", *at,
                           "targetPercent" if is_percent else "target")  # fmt: skip
    return text
