"""Hindsight on the site: what policies for changes would have stopped over the last year, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from itsm_as_code.compliance.hindsight import Hindsight, Judged, Says
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Code, Inline, Link, Missing, Row, Section, Stack, Table, Text, Value
from itsm_as_code.site.views.words import count

_MOST: Final = 3
"""Records that are named in a cell."""
_HEADERS: Final = ("Policy", "Would have stopped", "Would have let through")
_SAYS: Final[tuple[Says, ...]] = ("stopped", "passed")
_CAPTION: Final = "What policies would have stopped"


def sections(context: Context) -> Iterator[Section]:
    """The section, where there are changes."""
    if not context.has("Change"):
        return
    told = context.hindsight
    command = Inline((Text("Change by change, and for other times:"), Code("itsm policy hindsight NAME")), " ")
    if told is None:
        why = Text("There are too many changes to ask every policy about each of them here.")
        yield Section("hindsight", "Hindsight", (why, command))
        return
    asked = [one for one in told if len(one.of("unasked")) < len(one.changes)]
    asked.sort(key=lambda one: (-len(one.of("stopped")), -len(one.of("passed", failed=True)), one.policy))
    never = [one.policy for one in told if one not in asked]
    lead = Text(
        "What each policy would have said of the changes of the last twelve months as their work began, "
        "and how those changes ended."
    )
    empty = "No policy is for a change that was about to begin and ended in the last twelve months."
    unknown = any(one.of("unknown") for one in asked)
    headers = (*_HEADERS, "Not evaluated") if unknown else _HEADERS
    rows = tuple(_row(context, one, unknown=unknown) for one in asked)
    table = Table(_CAPTION, headers, rows, empty)
    body: list[Value] = [lead, table]
    if never and asked:
        names = context.references("Policy", never)
        body.append(Inline((Text("They ask nothing of a change that is about to begin:"), names), " "))
    yield Section("hindsight", "Hindsight", (*body, command))


def _row(context: Context, found: Hindsight, *, unknown: bool) -> Row:
    cells: list[Value] = [context.reference("Policy", found.policy)]
    cells += [_named(context, found.of(says), found.of(says, failed=True)) for says in _SAYS]
    if unknown:
        number = len(found.of("unknown"))
        cells.append(context.status("error", f"{number:,}") if number else Text("0"))
    return Row.of(*cells)


def _named(context: Context, changes: Sequence[Judged], failed: Sequence[Judged]) -> Value:
    """How many changes there are, how many of them failed, and the names of some with their incidents, the latest
    first."""
    if not changes:
        return Missing("None")
    how_many = f"{len(failed):,}" if failed else "none"
    told: Value = Text(f"{count(len(changes), 'change')}, of which {how_many} failed")
    incidents = {incident for one in changes for incident in one.incidents}
    if incidents:
        told = Inline((told, Text(count(len(incidents), "incident caused", "incidents caused"))), "; ")
    links: list[Value] = []
    for one in failed[: -_MOST - 1 : -1]:
        change = _link(context, "Change", one.change)
        caused = Inline(tuple(_link(context, "Incident", incident) for incident in one.incidents))
        links.append(Inline((change, Text(" ("), caused, Text(")")), "") if one.incidents else change)
    if len(failed) > _MOST:
        links.append(Text(f"and {len(failed) - _MOST:,} more"))
    return Stack((told, Inline(tuple(links)))) if links else told


def _link(context: Context, kind: str, name: str) -> Value:
    record = context.catalogue.get(kind, name)
    return Link(name, context.link(record).href) if record is not None else Text(name)
