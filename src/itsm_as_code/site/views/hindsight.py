"""Hindsight on the site: what policies for changes would have stopped over the last year, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from itsm_as_code.compliance.hindsight import Hindsight, Says
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Code, Inline, Link, Missing, Row, Section, Stack, Table, Text, Value
from itsm_as_code.site.views.words import count

_MOST: Final = 3
"""Records that are named in a cell."""
_HEADERS: Final = (
    *("Policy", "Would have stopped", "Incidents caused by what it stops"),
    *("Would have let through", "Incidents caused all the same", "Not evaluated"),
)
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
    table = Table(_CAPTION, _HEADERS, tuple(_row(context, one) for one in asked), empty)
    body: list[Value] = [lead, table]
    if never and asked:
        names = context.references("Policy", never)
        body.append(Inline((Text("They ask nothing of a change that is about to begin:"), names), " "))
    yield Section("hindsight", "Hindsight", (*body, command))


def _row(context: Context, found: Hindsight) -> Row:
    cells: list[Value] = [context.reference("Policy", found.policy)]
    for says in _SAYS:
        judged, failed = found.of(says), found.of(says, failed=True)
        told = f"{count(len(judged), 'change')}, of which {f'{len(failed):,}' if failed else 'none'} failed"
        cells.append(_named(context, "Change", told, [one.change for one in failed]) if judged else Missing("None"))
        incidents = sorted({incident for one in judged for incident in one.incidents})
        cells.append(_named(context, "Incident", count(len(incidents), "incident"), incidents))
    unknown = len(found.of("unknown"))
    return Row.of(*cells, context.status("error", f"{unknown:,}") if unknown else Text("0"))


def _named(context: Context, kind: str, told: str, names: Sequence[str]) -> Value:
    """A count and the names of some of what it counts, the latest first."""
    if not names:
        return Text(told) if kind == "Change" else Missing("None")
    links: list[Value] = []
    for name in list(reversed(names))[:_MOST]:
        record = context.catalogue.get(kind, name)
        links.append(Link(name, context.link(record).href) if record is not None else Text(name))
    if len(names) > _MOST:
        links.append(Text(f"and {len(names) - _MOST:,} more"))
    return Stack((Text(told), Inline(tuple(links))))
