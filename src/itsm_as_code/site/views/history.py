"""Who changed a record, when, and what of it: what git tells, on the page of each record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from itsm_as_code.findings import parse_pointer
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.ordering import is_gitlab
from itsm_as_code.site.views.values import (
    Code,
    Inline,
    Items,
    Link,
    Progress,
    Row,
    Section,
    Table,
    Text,
    Value,
)

if TYPE_CHECKING:
    from itsm_as_code.gate.revisions import Revision, Revisions

ID = "revisions"
_ACTIONS = {"added": "Recorded", "removed": "Removed"}


def last(context: Context, past: Revisions | None) -> Iterator[tuple[str, Value]]:
    """When a record was changed last, and by whom."""
    if past is not None and past.shown:
        latest = past.shown[0]
        said = (words.moment(latest.at, context.tz), Inline((Text("by"), who(context, latest)), " "))
        yield "Last changed", Inline(said, " ")


def who(context: Context, revision: Revision) -> Value:
    """The person whose address a commit names, or the name that git has."""
    name, address = revision.author
    person = context.people_by_address.get(address.lower())
    return context.reference("Person", person) if person is not None else Text(name or address)


def section(context: Context, record: Record, past: Revisions) -> Section:
    """All of it that is at hand, the latest first."""
    rows = tuple(
        Row.of(words.moment(item.at, context.tz), _what(record, item), who(context, item), _where(context, item))
        for item in past.shown
    )
    table = Table("Who changed this and when", ("When", "What", "Who", "Where"), rows)
    more = past.count - len(past.shown)
    note: tuple[Value, ...] = (Text(f"And {words.count(more, 'earlier commit')}."),) if more > 0 else ()
    return Section(ID, "Who changed this", (table, *note))


def _what(record: Record, item: Revision) -> Value:
    """The state that a record came to, and the fields that changed."""
    said: list[Value] = [Text(_ACTIONS.get(item.action, item.subject or "Changed"))]
    if item.state:
        said = [Text(f"{said[0].text}: {words.human(item.state).lower()}" if isinstance(said[0], Text) else item.state)]
    fields = [_field(pointer) for pointer in item.fields]
    if item.more:
        fields.append(f"and {item.more} more")
    if fields:
        said.append(Text(f"Changed: {', '.join(fields)}"))
    return said[0] if len(said) == 1 else Items(tuple(said))


def _field(pointer: str) -> str:
    """``/spec/schedule/start`` as people say it: ``schedule, start``."""
    parts = [words.human(str(part)).lower() for part in parse_pointer(pointer) if not str(part).isdigit()]
    return " \u203a ".join(part for part in parts if part not in ("spec", "metadata")) or "all of it"


def _where(context: Context, item: Revision) -> Value:
    """The pull request by which it came, or the commit."""
    url = (context.validation.configuration.forge_url or "").rstrip("/")
    if item.request is not None and url:
        kind = "-/merge_requests" if is_gitlab(context) else "pull"
        return Link(f"Pull request {item.request}", f"{url}/{kind}/{item.request}", True)
    if item.request is not None:
        return Text(f"Pull request {item.request}")
    return Link(item.commit[:12], f"{url}/commit/{item.commit}", True) if url else Code(item.commit[:12])


def dated(context: Context, progress: Progress | None, past: Revisions | None) -> Progress | None:
    """The states of a record with the instants at which it came to them, as far as the history tells."""
    if progress is None or past is None:
        return progress
    came = {words.human(item.state): item.at for item in reversed(past.shown) if item.state}
    steps = tuple(
        replace(step, when=words.moment(came[step.word], context.tz))
        if step.word in came and step.state != "ahead" else step
        for step in progress.steps
    )  # fmt: skip
    return replace(progress, steps=steps)
