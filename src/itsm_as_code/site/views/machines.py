"""What other programs read of the site: an Atom feed of what happened, a badge for each service, one overall indicator.

Atom: RFC 4287. A badge is a picture by itself: it loads nothing, and its words are text.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from itsm_as_code.clock import format_instant
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site import addresses
from itsm_as_code.site.escaping import escape
from itsm_as_code.site.views import news, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.rows import sound
from itsm_as_code.site.views.values import Say

ATOM: Final = "news.atom"
SUMMARY: Final = "summary.json"
_MOST: Final = 50
_COLOURS: Final = {"good": "#17633a", "warn": "#7a4a00", "bad": "#9c1f1b", "info": "#21508c", "none": "#555b5d"}
_WIDTH: Final = 7
"""Pixels of a letter, about; the picture says to the browser how wide its words are to be."""


def atom(context: Context, now: state.Now, address: str | None, say: Say) -> bytes:
    """The latest changes and incidents, the last first; ``address`` is where the site is published."""
    found = [(at, record) for record in _happened(context) if (at := _when(record)) is not None and at <= context.now]
    found.sort(key=lambda item: (item[0], item[1].name), reverse=True)
    title = f"{context.validation.configuration.site_title}: {say('Changes and incidents')}"
    updated = format_instant(found[0][0]) if found else "1970-01-01T00:00:00Z"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{_xml(title)}</title>",
        f"<id>{_urn('feed')}</id>",
        f"<updated>{updated}</updated>",
        f"<author><name>{_xml(context.validation.configuration.organisation_name)}</name></author>",
    ]
    if address:
        lines.append(f'<link rel="self" href="{_xml(addresses.absolute(address, ATOM))}"/>')
    for at, record in found[:_MOST]:
        page = addresses.record_page(record.kind, record.name)
        link = f'<link href="{_xml(addresses.absolute(address, page))}"/>' if address else ""
        kind, status = say(record.kind.title), say(words.human(record.state or ""))
        about = words.plain(str(record.spec.get("summary") or record.data["metadata"].get("description", "")), 300)
        lines.append(
            f"<entry><title>{_xml(f'{kind}: {record.title} ({status})')}</title>"
            f"<id>{_urn(record.kind.name, record.name)}</id><updated>{format_instant(at)}</updated>{link}"
            f"<summary>{_xml(about)}</summary></entry>"
        )
    return ("\n".join([*lines, "</feed>"]) + "\n").encode()


def _happened(context: Context) -> list[Record]:
    return [
        record for kind in ("Change", "Incident") if context.has(kind) for record in context.catalogue.of_kind(kind)
    ]


def _when(record: Record) -> datetime | None:
    """When it began, as far as that is known."""
    if record.id.kind == "Change":
        window = state.occupied(record)
        return window.start if window else None
    return words.as_instant(record.spec.get("detectedAt"))


def _urn(*names: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, 'itsm:' + '/'.join(names))}"


def _xml(text: str) -> str:
    """Text without what XML has no place for (XML 1.0, section 2.2)."""
    return escape("".join(c for c in sound(text) if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff\x7f")))


def badge(now: state.Now, service: Record, say: Say) -> bytes:
    """A picture that says whether a service works."""
    status = now.of_service(service)
    left, right = service.title[:60], say(status.word)
    first, second = 12 + _WIDTH * len(left), 12 + _WIDTH * len(right)
    whole, said = first + second, _xml(f"{left}: {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="22" role="img" aria-label="{said}">'
        f"<title>{said}</title>"
        f'<rect width="{whole}" height="22" rx="4" fill="#3d4548"/>'
        f'<path fill="{_COLOURS[status.tone]}" d="M{first} 0h{second - 4}a4 4 0 014 4v14a4 4 0 01-4 4h-{second - 4}z"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="6" y="15" textLength="{first - 12}">{_xml(left)}</text>'
        f'<text x="{first + 6}" y="15" textLength="{second - 12}">{_xml(right)}</text></g></svg>\n'
    ).encode()


_INDICATORS: Final = (("outage", ("out",)), ("degraded", ("degraded", "affected", "incident")), ("minor", ("minor",)))


def summary(context: Context, now: state.Now) -> dict[str, Any]:
    """One overall indicator (operational, minor, degraded, outage or unknown), and what it is made of."""
    services = news.customer_services(context)
    stand = {service.name: now.condition(service) for service in services}
    found = (name for name, conditions in _INDICATORS if any(item in conditions for item in stand.values()))
    return {
        "indicator": next(found, "operational" if services else "unknown"),
        "headline": news.headline(context, now),
        "services": stand,
        "openIncidents": len(now.open_incidents),
        "changesNow": len(now.to_come["now"]),
        "changesAhead": len(now.to_come["next"]),
    }
