"""What the page of every record has, and the whole page of a kind that needs nothing of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from itsm_as_code.findings import Pointer, RecordId
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.taken_over import is_taken_over, origin
from itsm_as_code.site import addresses
from itsm_as_code.site.views import history, navigation, state, unread, verdicts, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.rows import begun
from itsm_as_code.site.views.schema import Display
from itsm_as_code.site.views.values import (
    Code,
    Fields,
    Inline,
    Items,
    Link,
    Page,
    Prose,
    Row,
    Section,
    Status,
    Table,
    Text,
    Value,
)

_MOST_REFERRERS = 100


class RecordPage:
    """Puts together the page of one record."""

    def __init__(self, context: Context, record: Record) -> None:
        self.context = context
        self.record = record
        self.spec = record.spec
        self.display = Display(context, record.kind)
        self.sections: list[Section] = []
        self.tab = ""
        """The tab that sections are added to."""

    def field(self, *path: str, missing: str = "Not stated") -> Value:
        return self.display.field(self.spec, *path, missing=missing)

    def add(self, id_: str, title: str, *body: Value | None, level: int = 2) -> None:
        """A section, unless there is nothing in it; of what is long its beginning, and how much more there is."""
        said = tuple(begun(value for value in body if value is not None))
        if said:
            self.sections.append(Section(id_, title, said, level, self.tab))

    def part(self, id_: str, title: str, *path: str) -> None:
        """A section with all that the record says at a path, if it says anything."""
        value: Any = self.spec
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value:
            self.add(id_, title, self.display.show(self.display.at(*path), value))

    def parts(self, **titles: str) -> None:
        """A section for each of these fields, if the record has it."""
        for key, title in titles.items():
            self.part(key, title, key)

    def stated(self, **titles: str) -> list[tuple[str, Value]]:
        """Those of these fields that the record has."""
        return [(title, self.field(key)) for key, title in titles.items() if key in self.spec]

    def finish(
        self,
        lead: str | None = None,
        statuses: tuple[Status, ...] = (),
        facts: tuple[tuple[str, Value], ...] = (),
        progress: bool = False,
        top: tuple[Value, ...] = (),
        contents: bool = False,
    ) -> Page:
        """The page, with what every record's page ends with."""
        record, kind = self.record, self.record.kind
        self._scorecard()
        self._referrers()
        past = self.context.history(record)
        if past is not None:
            self.sections.append(history.section(self.context, record, past))
        self._source()
        steps = history.dated(self.context, state.progress(record), past) if progress else None
        description = record.data["metadata"].get("description", "")
        return Page(
            path=addresses.record_page(kind, record.name),
            title=record.title,
            kicker=kind.title,
            is_record=True,
            lead=description if lead is None else lead,
            statuses=statuses,
            facts=(*_taken_over(record), *facts, *history.last(self.context, past)),
            notices=tuple(unread.notices(self.context, record)),
            top=(*top, *((steps,) if steps else ())),
            sections=tuple(self.sections),
            crumbs=(Link(kind.title_plural, addresses.list_page(kind)),),
            area=navigation.area(kind),
            contents=contents,
        )

    def _scorecard(self) -> None:
        """Policies that matched the record, and findings of other checks."""
        context = self.context
        outcomes = context.outcomes_of_record.get(self.record.id, [])
        policies = {outcome.policy for outcome in outcomes}
        rows = [
            Row.of(
                context.reference("Policy", outcome.policy),
                context.status(outcome.status, OUTCOME_WORDS.get(outcome.status, "")),
                verdicts.of_outcome(context, outcome),
            )
            for outcome in sorted(outcomes, key=lambda o: (OUTCOME_ORDER.get(o.status, 9), o.policy))
        ]
        for finding in context.findings_of_record.get(self.record.id, []):
            if finding.rule not in policies:
                how = context.status("waived") if finding.waiver else context.status(finding.severity.value)
                rows.append(Row.of(Text(words.human(finding.rule)), how, verdicts.of_finding(context, finding)))
        if rows:
            caption, passed = "Policies and checks of this record", all(row.cells[2] == Text("") for row in rows)
            if passed:
                rows = [Row(row.cells[:2]) for row in rows]
            headers = ("Rule", "Result") if passed else ("Rule", "Result", "Why")
            self.add("scorecard", "Checks", Table(caption, headers, tuple(rows)))

    def _referrers(self) -> None:
        """Records that point here and that no section of the page shows anyhow."""
        by_kind: dict[str, dict[RecordId, tuple[Record, list[str]]]] = {}
        for record, pointer in self.context.catalogue.referrers.get(self.record.id, ()):
            _, places = by_kind.setdefault(record.kind.title_plural, {}).setdefault(record.id, (record, []))
            place = _place(pointer)
            if place not in places:
                places.append(place)
        rows = []
        for title in sorted(by_kind):
            found = sorted(by_kind[title].values(), key=lambda item: (item[0].title, item[0].name))
            links: list[Value] = [self.context.link(record) for record, _ in found[:_MOST_REFERRERS]]
            if len(found) > _MOST_REFERRERS:
                links.append(Text(f"and {len(found) - _MOST_REFERRERS:,} more"))
            rows.append((title, Inline(tuple(links)) if len(links) > 1 else links[0]))
        if rows:
            self.add("referrers", "Referred to by", Fields(tuple(rows)))

    def _source(self) -> None:
        record = self.record
        metadata = record.data["metadata"]
        rows: list[tuple[str, Value]] = [("Name", Code(record.name))]
        if metadata.get("labels"):
            rows.append(("Labels", Inline(tuple(Text(f"{k}: {v}") for k, v in metadata["labels"].items()))))
        if metadata.get("links"):
            links = tuple(Link(str(i.get("title")), str(i.get("url")), True) for i in metadata["links"])
            rows.append(("Links", Items(links)))
        configuration = self.context.validation.configuration
        if record.pack:
            rows.append(("File", Text(f"None here: it comes with the policy pack {record.pack}")))
        elif configuration.forge_url:
            branch, path = quote(configuration.default_branch), quote(record.path)
            at = Link(record.path, f"{configuration.forge_url.rstrip('/')}/blob/{branch}/{path}", True)
            rows.append(("File", at))
        else:
            rows.append(("File", Code(record.path)))
        rows.append(("As data", Link("JSON", addresses.record_data(record.kind, record.name))))
        self.add("record", "Record", Fields(tuple(rows)))


def _taken_over(record: Record) -> tuple[tuple[str, Value], ...]:
    return (("Taken over", Text(origin(record.data))),) if is_taken_over(record.data) else ()


OUTCOME_WORDS = {"pass": "Pass", "fail": "Fail", "error": "Not evaluated", "waived": "Waived"}
OUTCOME_ORDER = {"fail": 0, "error": 1, "waived": 2, "pass": 3}


def _place(pointer: Pointer) -> str:
    return "/".join(str(part) for part in pointer if not isinstance(part, int))


def described(
    context: Context,
    record: Record,
    facts: tuple[tuple[str, Value], ...] = (),
    sections: tuple[tuple[str, str, tuple[Value, ...]], ...] = (),
    skip: tuple[str, ...] = (),
    statuses: tuple[Status, ...] = (),
    top: tuple[Value, ...] = (),
) -> Page:
    """A record shown by its schema alone: short fields first, then one section for each large one.

    ``facts`` and ``sections`` come before them; they replace the fields of ``skip``.
    """
    page = RecordPage(context, record)
    short, large = split(page.display, record.spec, skip)
    for id_, title, body in sections:
        page.add(id_, title, *body)
    for key, title, value in large:
        page.add(key, title, value)
    own = (context.status(record.state),) if record.state else ()
    return page.finish(statuses=(*own, *statuses), facts=(*facts, *short), progress=True, top=top)


def split(
    display: Display, spec: Mapping[str, Any], skip: tuple[str, ...] = ()
) -> tuple[list[tuple[str, Value]], list[tuple[str, str, Value]]]:
    """The fields of a spec that fit a line, and those that deserve a section."""
    facts: list[tuple[str, Value]] = []
    large: list[tuple[str, str, Value]] = []
    for key, value in spec.items():
        if key in (*skip, "takenOver") or value is None:
            continue
        shape = display.at(key)
        shown, title = display.show(shape, value), shape.title or words.human(key)
        if isinstance(shown, (Fields, Table, Items, Prose)):
            large.append((addresses.safe(words.human(key).lower().replace(" ", "-")), title, shown))
        else:
            facts.append((title, shown))
    return facts, large
