"""What the first page says first: in two sentences, how the services stand that customers use.

The rules are published in ``docs/explanation/what-the-first-page-says.md``; each has a test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.facts import began
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context

_LONGEST = 90
_DOWN, _FAULTY, _DOUBTFUL = ("out",), ("degraded", "incident"), ("affected",)


def customer_services(context: Context) -> list[Record]:
    """The services that customers use, what is critical first."""
    return context.customers if context.has("Service") else []


def headline(context: Context, now: state.Now) -> str:
    """``All eight customer services work. Push messages arrive up to 25 minutes late.``"""
    services = customer_services(context)
    if not services:
        return "No customer service is recorded yet."
    first = _standing(context, now, services)
    second = gravest(context, now, services)
    return f"{first} {told(second)}" if second is not None else first


def _standing(context: Context, now: state.Now, services: Sequence[Record]) -> str:
    """The first sentence: which do not work, the gravest condition alone, or that all do."""
    stand = {service.name: now.condition(service) for service in services}
    for conditions, one, many in (
        (_DOWN, "is down", "are down"),
        (_FAULTY, "is slow or faulty", "are slow or faulty"),
        (_DOUBTFUL, "may not work", "may not work"),
    ):
        found = [service for service in services if stand[service.name] in conditions]
        if found:
            since = f" since {_since(context, now, found[0])}" if conditions == _DOWN and len(found) == 1 else ""
            return f"{_named(found)} {one if len(found) == 1 else many}{since}."
    if len(services) == 1:
        return "The one customer service works."
    return f"All {words.spelt(len(services))} customer services work."


def _named(services: Sequence[Record]) -> str:
    titles = [service.title for service in services]
    if len(titles) > 2:
        titles = [*titles[:2], words.count(len(titles) - 2, "more customer service")]
    return words.join(titles)


def _since(context: Context, now: state.Now, service: Record) -> str:
    """``14:05``, or the day as well where that was another one."""
    _, incident = now.outages[service.name]
    starts = [words.as_instant(o["start"]) for o in incident.spec["outages"] if o["service"] == service.name]
    start = min(start for start in starts if start is not None).astimezone(context.tz)
    clock = f"{start:%H:%M}"
    return clock if start.date() == context.today else f"{words.day(start.date())}, {clock}"


def gravest(context: Context, now: state.Now, services: Sequence[Record]) -> Record | None:
    """The gravest incident that customers are told of: P1 to P3, not restored, with words for them or about them."""
    names = {service.name for service in services}
    for incident in now.open_incidents:
        if incident.spec["status"] != "restored" and state.is_grave(incident):
            concerns = names.intersection(incident.spec["services"])
            if "customerNotice" in incident.spec or concerns:
                return incident
    return None


def told(incident: Record) -> str:
    """An incident in the words that customers are told, or else by its title."""
    notice = incident.spec.get("customerNotice")
    return str(notice["text"]) if notice else words.sentence(words.plain(incident.title, _LONGEST))


def note(context: Context, now: state.Now, service: Record) -> str:
    """What customers of a service notice, without its full stop: of its own incidents, or of what it stands on."""
    own = now.incidents_of.get(service.name, [])
    is_used = service.spec["lifecycle"] in ("live", "deprecated")
    needs = [dependency["service"] for dependency in service.spec.get("dependsOn", ())] if is_used else []
    below = [i for name in needs for i in now.incidents_of.get(name, ()) if "customerNotice" in i.spec]
    for incident in (*sorted(own, key=lambda i: i.spec["status"] == "restored"), *below):
        if incident in own or (incident.spec["status"] != "restored" and state.is_grave(incident)):
            return told(incident).rstrip(".")
    return ""


def advice(context: Context, now: state.Now, incident: Record) -> Iterator[str]:
    """What to do until an incident is over, and when the next change that mends it is due."""
    said = incident.spec.get("customerNotice", {}).get("advice")
    if said:
        yield str(said)
    for phase, wording in (
        ("now", "A change that mends it is under way"),
        ("next", "A change that mends it is planned"),
    ):
        for change in now.to_come[phase]:
            window = state.schedule(change)
            if change.spec.get("incident") == incident.name and window is not None:
                if phase == "now":
                    end = window.end.astimezone(context.tz)
                    day = "" if end.date() == context.today else f"{words.day(end.date())}, "
                    yield f"{wording} until {day}{end:%H:%M}."
                else:
                    yield f"{wording}: {words.span(window.start, window.end, context.tz).text}."
                return


def since(context: Context, incident: Record) -> str:
    """``for 2 hours``: how long an incident has lasted."""
    start = words.as_instant(began(incident.spec))
    return f"for {words.length(context.now - start)}" if start else ""
