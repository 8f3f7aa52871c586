"""What pages say of records whose files cannot be read now and which they show as they last could be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Code, English, Inline, Notice, Text, Value

if TYPE_CHECKING:
    from itsm_as_code.gate.earlier import Unreadable


def told(context: Context, item: Unreadable) -> Value:
    """A file, what is wrong with it, and from when the version is that stands in for it."""
    why = Inline((Text(": "), English(Text(f"{item.finding.message}."))), "")
    if item.last is None:
        nothing = Text(" No earlier version can be read either; what it says is on no page.")
        return Inline((Code(str(item.finding.location)), why, nothing), "")
    of = words.moment(item.last.at, context.tz)
    parts = (context.link(item.last.record), Text(", "), Code(str(item.finding.location)), why)
    return Inline(
        (
            *parts,
            Text(" Shown is the version of "),
            of,
            Text("."),
        ),
        "",
    )


def notices(context: Context, record: Record) -> Iterator[Notice]:
    """What stands first on the page of a record that is not what its file says."""
    for item in context.unreadable:
        if item.last is not None and item.last.record.id == record.id:
            at = words.moment(item.last.at, context.tz)
            where = Code(str(item.finding.location))
            said = (Text("This is the version of "), at, Text(" (commit "), Code(item.last.commit[:12]))
            why = Text(", "), English(Text(f"{item.finding.message}."))
            yield Notice(Inline((*said, Text("). The file cannot be read now: "), where, *why), ""))
