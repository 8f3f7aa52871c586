"""The page about the data: every kind, its records as JSON, its schema."""

from __future__ import annotations

from itsm_as_code.site import addresses
from itsm_as_code.site.views import feed, machines, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Inline, Items, Link, Missing, Page, Row, Section, Table, Text


def page(context: Context) -> Page:
    practices: dict[str, list[Row]] = {}
    for kind in sorted(context.registry, key=lambda kind: (kind.practice, kind.title)):
        folder = addresses.folder(kind)
        records = len(context.catalogue.valid_names(kind.name))
        row = Row.of(
            Link(kind.title_plural, addresses.list_page(kind)),
            Text(kind.description),
            Text(f"{records:,}"),
            Link(f"{kind.title_plural} as JSON", f"data/{folder}.json"),
            Link(f"{kind.title_plural} as CSV", f"{addresses.list_page(kind).removesuffix('.html')}.csv")
            if records
            else Missing("None"),
            Link(f"{kind.title} schema", f"data/schemas/{folder}.schema.json"),
        )
        practices.setdefault(words.human(kind.practice) or "Other", []).append(row)
    headers = ("Kind", "What it is", "Records", "Data", "Table", "Schema")
    sections = tuple(
        Section(addresses.safe(practice.lower().replace(" ", "-")), practice, (Table(practice, headers, tuple(rows)),))
        for practice, rows in practices.items()
    )
    offer = feed.offer(context)
    if offer is not None:
        sections = (Section("calendar", "Calendar", (offer,)), *sections)
    more = Items((
        Inline((Link("One overall indicator", machines.SUMMARY), Text("as JSON")), " "),
        Inline((Link("Changes and incidents", machines.ATOM), Text("as an Atom feed")), " "),
        Text("A badge of each service lies beside its page: services/NAME.svg. Long tables go on in NAME_part_2.csv."),
    ))  # fmt: skip
    sections = (Section("programs", "For other programs", (more,)), *sections)
    lead = (
        "Every record behind these pages, by kind, as JSON with its JSON Schema. "
        "The source is the git repository; its history is the audit trail."
    )
    return Page("data/index.html", "All records", sections, lead=lead, area="data")
