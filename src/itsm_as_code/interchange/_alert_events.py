"""Events of monitoring, whichever tool sent them: what an alert did, as one small value.

Alertmanager's webhook (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config) and the alerts of its
API (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml), Grafana's webhook
(https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/)
and PagerDuty's V3 webhooks (https://developer.pagerduty.com/docs/webhooks-overview). All text in them is hostile.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from itsm_as_code.clock import BEGINNING, FOREVER, parse_instant
from itsm_as_code.findings import Location, Rule, Severity
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange._yaml import MAX_BYTES
from itsm_as_code.records.characters import FORBIDDEN

ALERT_EVENT = Rule(
    "alert-event",
    "An event of monitoring says which alert it is about, and when it began or ended",
    Severity.ERROR,
    "A payload is that of Alertmanager, Grafana or PagerDuty (version 3). What is none, or has times that cannot be, "
    "is refused by its place; the other events of the file are taken.",
)
ALERT_TRUNCATED = Rule(
    "alert-truncated",
    "A payload holds all the alerts of its group",
    Severity.WARNING,
    "Alertmanager and Grafana leave alerts out where their number is limited, and say how many. Those are missing here "
    "as well: raise max_alerts of the receiver, or fetch the alerts over the API.",
)
_NANOSECONDS: Final = re.compile(r"(\.[0-9]{6})[0-9]+")
_JOINERS: Final = re.compile("[\u200c\u200d]")
_LONGEST_TEXT: Final = 4000
_LEAST: Final = timedelta(seconds=1)
"""An alert that was over within the second in which it fired lasted one: instants of records have whole seconds."""
SEVERITIES: Final[Mapping[str, int]] = {
    **dict.fromkeys(("critical", "page", "fatal", "emergency", "disaster", "p1", "sev1"), 1),
    **dict.fromkeys(("high", "major", "error", "warning", "warn", "average", "medium", "p2", "sev2"), 2),
    **dict.fromkeys(("low", "minor", "info", "information", "informational", "notice", "p3", "sev3"), 3),
    **dict.fromkeys(("p4", "sev4", "p5", "sev5", "debug"), 4),
}
"""How urgent the words are that the label ``severity`` has in practice, 1 the most."""
NOT_AN_INCIDENT: Final = "none"
"""The severity of alerts that fire all the time to show that alerting works (Watchdog)."""


@dataclass(frozen=True, slots=True)
class Event:
    """What one event says of one alert: ``key`` names the alert in its tool, ``start`` the time it fired.

    ``reopened`` and ``ended`` are instants at which it was known to be on or over; ``urgency`` is 1 or more, 1 the
    highest, or None; ``services`` are names under which a service may be known, the likeliest first. A ``quiet`` one is
    silenced or inhibited: somebody knows, so that it makes no incident.
    """

    key: str
    tool: str
    name: str
    start: datetime
    origin: Location
    ended: datetime | None = None
    reopened: datetime | None = None
    acknowledged: datetime | None = None
    title: str = ""
    text: str = ""
    url: str = ""
    urgency: int | None = None
    services: tuple[str, ...] = ()
    is_quiet: bool = False


class _UnusableError(Exception):
    """An event that cannot be taken."""


@dataclass(slots=True)
class Read:
    """The events of some files, how many others were refused or tell of no incident, and the alerts ``seen`` in all."""

    events: list[Event]
    left: int = 0
    seen: set[str] = field(default_factory=set)


def read_events(sources: Mapping[str, bytes], form: str | None, labels: Sequence[str], notes: Notes) -> Read:
    """The events of files: each one JSON value, several in a row (one a line), or a list of them."""
    found = Read([])
    for path, source in sources.items():
        for origin, payload in _payloads(path, source, notes):
            _take(payload, origin, form, labels, notes, found)
    return found


def _payloads(path: str, source: bytes, notes: Notes) -> Iterator[tuple[Location, Any]]:
    if len(source) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES >> 20} MiB"
        notes.add(ALERT_EVENT, message, Location(path, 1, 1), remedy="split it")
        return
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.add(ALERT_EVENT, "the file is not UTF-8 text", Location(path, 1, 1), remedy="send it as JSON")
        return
    at, decoder = 0, json.JSONDecoder(parse_constant=_refuse)
    space = re.compile(r"[ \t\r\n]*")
    while (at := _end(space, text, at)) < len(text):
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        try:
            payload, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if isinstance(error, json.JSONDecodeError):
                line, column = error.lineno, error.colno
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).partition(":")[0][:100]
            remedy = "send the payload as it came; what stands behind it was not read"
            notes.add(ALERT_EVENT, f"not JSON: {reason}", Location(path, line, column), remedy=remedy)
            return
        for item in payload if isinstance(payload, list) else [payload]:
            yield Location(path, line, column), item


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def form_of(payload: Any) -> str | None:
    """Which tool a payload is of, by the fields that it alone has; None for none that is known."""
    if not isinstance(payload, dict):
        return None
    if isinstance(payload.get("event"), dict) and "event_type" in payload["event"]:
        return "pagerduty"
    if isinstance(payload.get("alerts"), list):
        return "grafana" if "orgId" in payload else "alertmanager"
    return "alertmanager" if "labels" in payload and "startsAt" in payload else None


def _take(payload: Any, origin: Location, form: str | None, labels: Sequence[str], notes: Notes, into: Read) -> None:
    chosen = form or form_of(payload)
    known = f"known are {', '.join(FORMS)}; name one with --tool"
    if chosen is None or not isinstance(payload, dict):
        into.left += 1
        notes.add(ALERT_EVENT, "the payload is of no tool that is known", origin, remedy=known)
        return
    for event in FORMS[chosen](payload, origin, labels, notes):
        try:
            made = event()
        except _UnusableError as wrong:
            made = None
            notes.add(ALERT_EVENT, str(wrong), origin, remedy="send the event as the tool does, or leave it out")
        if made is not None:
            into.seen.add(made.key)
        if made is None or made.is_quiet:
            into.left += 1
        else:
            into.events.append(made)


Maker = Callable[[], Event | None]


def _alerts(tool: str) -> Callable[[Mapping[str, Any], Location, Sequence[str], Notes], Iterator[Maker]]:
    def made(payload: Mapping[str, Any], origin: Location, labels: Sequence[str], notes: Notes) -> Iterator[Maker]:
        if isinstance(left_out := payload.get("truncatedAlerts"), int) and left_out > 0:
            message = f"{left_out} alerts of the group are not in the payload"
            remedy = "raise max_alerts of the receiver, or use --from-alertmanager"
            notes.add(ALERT_TRUNCATED, message, origin, remedy=remedy)
        alerts = payload["alerts"] if isinstance(payload.get("alerts"), list) else [payload]
        for alert in alerts:
            yield lambda alert=alert: _alert(tool, alert, origin, labels)  # type: ignore[misc]

    return made


def _alert(tool: str, alert: Any, origin: Location, service_labels: Sequence[str]) -> Event | None:
    labels, notes = _texts(alert, "labels"), _texts(alert, "annotations")
    name = labels.get("alertname") or "alert"
    severity = labels.get("severity", "").casefold()
    if severity == NOT_AN_INCIDENT:
        return None
    start = _instant(alert, "startsAt")
    if start is None:
        raise _UnusableError(f"the alert {name[:80]} does not say when it began")
    status = alert.get("status")
    is_over = status == "resolved"
    if not is_over and status != "firing" and not isinstance(status, dict):
        raise _UnusableError(f"the alert {name[:80]} is neither firing nor resolved")
    ended = _instant(alert, "endsAt") if is_over else None
    if is_over and (ended is None or ended < start):
        raise _UnusableError(f"the alert {name[:80]} is resolved, but does not end after it began")
    said = alert.get("fingerprint")
    # What came before Alertmanager 0.16 has no fingerprint; it stands for the labels.
    mark = said if isinstance(said, str) and said else _digest(json.dumps(labels, sort_keys=True))
    links = (alert.get(field) for field in ("dashboardURL", "panelURL", "generatorURL"))
    return Event(
        key=f"{tool}:{clean(mark)[:200]}",
        tool=tool.capitalize(),
        name=name,
        start=start,
        origin=origin,
        ended=max(ended, start + _LEAST) if ended is not None else None,
        title=notes.get("summary") or name,
        text=notes.get("description") or notes.get("message") or "",
        url=next((clean(link) for link in links if isinstance(link, str) and link), ""),
        urgency=SEVERITIES.get(severity),
        is_quiet=isinstance(status, dict) and status.get("state") == "suppressed",
        services=tuple(labels[label] for label in service_labels if labels.get(label)),
    )


_BEGINS: Final = ("incident.triggered", "incident.reopened")
_SAYS_NOTHING: Final = (
    *("annotated", "delegated", "escalated", "reassigned", "priority_updated", "service_updated", "unacknowledged"),
    *("responder.added", "responder.replied", "status_update_published", "incident_type.changed", "action_invocation"),
    *("conference_bridge.updated", "custom_field_values.updated", "workflow.started", "workflow.completed"),
)
"""Events about an incident that change nothing about when it was."""


def _pagerduty(payload: Mapping[str, Any], origin: Location, labels: Sequence[str], notes: Notes) -> Iterator[Maker]:
    yield lambda: _page(payload, origin)


def _page(payload: Mapping[str, Any], origin: Location) -> Event | None:
    event = payload.get("event")
    if not isinstance(event, dict):
        raise _UnusableError("there is no event in the payload")
    kind, data = event.get("event_type"), event.get("data")
    if event.get("resource_type") not in (None, "incident") or kind == "pagey.ping":
        return None
    if isinstance(kind, str) and kind.removeprefix("incident.").startswith(_SAYS_NOTHING):
        return None
    if kind not in (*_BEGINS, "incident.acknowledged", "incident.resolved"):
        raise _UnusableError(f"'{clean(str(kind))[:80]}' is no event of an incident that is known")
    if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"]:
        raise _UnusableError("the event names no incident")
    at = _instant(event, "occurred_at")
    start = _instant(data, "created_at") or (at if kind == "incident.triggered" else None)
    if at is None or start is None:
        raise _UnusableError(f"the event of incident {clean(data['id'])[:40]} does not say when it was")
    if at < start:
        raise _UnusableError(f"the event of incident {clean(data['id'])[:40]} is earlier than the incident")
    said = data.get("service")
    service: dict[str, Any] = said if isinstance(said, dict) else {}
    title = data.get("title")
    return Event(
        key=f"pagerduty:{clean(data['id'])[:200]}",
        tool="PagerDuty",
        name=f"incident {data['number']}" if isinstance(data.get("number"), int) else "incident",
        start=start,
        origin=origin,
        ended=at if kind == "incident.resolved" else None,
        reopened=at if kind == "incident.reopened" else None,
        acknowledged=at if kind == "incident.acknowledged" else None,
        title=clean(title) if isinstance(title, str) else "",
        url=clean(data["html_url"]) if isinstance(data.get("html_url"), str) else "",
        urgency={"high": 1, "low": 3}.get(str(data.get("urgency"))),
        services=tuple(clean(service[key]) for key in ("summary", "id") if isinstance(service.get(key), str)),
    )


FORMS: Final = {"alertmanager": _alerts("alertmanager"), "grafana": _alerts("grafana"), "pagerduty": _pagerduty}


def _texts(alert: Any, field: str) -> dict[str, str]:
    """Names and values of labels or annotations, without characters that do not show."""
    found = alert.get(field, {}) if isinstance(alert, dict) else None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise _UnusableError(f"the {field} of an alert are not names and values")
    return {key: clean(value) for key, value in found.items()}


def clean(text: str) -> str:
    """Text of a bounded length without characters that records refuse, and none that they only take beside others."""
    plain = FORBIDDEN.sub("", _JOINERS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return plain.encode("utf-8", "ignore").decode()[:_LONGEST_TEXT].strip()


def _instant(data: Mapping[str, Any], field: str) -> datetime | None:
    """To the second; None where there is none. Go writes its zero time, of the year 1, for none."""
    text = data.get(field)
    if text is None or text == "":
        return None
    try:
        instant = parse_instant(_NANOSECONDS.sub(r"\1", text)) if isinstance(text, str) else BEGINNING
    except ValueError as error:
        raise _UnusableError(f"{field}: {clean(str(error))[:200]}") from None
    if instant <= BEGINNING or instant >= FOREVER:
        return None
    return instant.replace(microsecond=0)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
