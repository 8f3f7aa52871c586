"""Work that began before the merge that authorised it.

It is told with both instants, as an exception, and stops nothing: else people would write other times. When a merge was
is what its signed evidence says, never the date of a commit, which anybody can write; without evidence it is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from itsm_as_code import clock
from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.touches import Touch, touches_of
from itsm_as_code.measures.stages import NOT_AUTHORISED
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.document import Document, load
from itsm_as_code.records.taken_over import is_taken_over


@dataclass(frozen=True, slots=True)
class Start:
    """When the work of a change began, and the merge that authorised it: its commit, and when it was (None: nothing
    shows it)."""

    change: Record
    began: datetime
    commit: str
    merged_at: datetime | None

    @property
    def is_early(self) -> bool:
        return self.merged_at is not None and self.began < self.merged_at

    def __str__(self) -> str:
        began = f"work on {self.change.name} began at {clock.format_instant(self.began)}"
        if self.merged_at is None:
            return f"{began}; when {self.commit[:12]} was merged, which authorised it, could not be checked"
        return f"{began}, and it was authorised by the merge of {clock.format_instant(self.merged_at)}"


def starts_of(
    ledger: Ledger, changes: Iterable[Record], among: Mapping[str, datetime | None] | None = None
) -> Iterator[Start]:
    """The changes whose work began, and that a merge authorised since evidence is asked for, or one ``among`` some.

    ``among`` says when those were merged whose evidence need not be read again. Changes that say themselves that they
    were written down afterwards are not told: they authorise nothing.
    """
    begun = [record for record in changes if "start" in record.spec.get("actual", {}) and _is_told(record)]
    for change, commit in authorisations(ledger, begun):
        if among is not None and commit not in among:
            continue
        at = among[commit] if among is not None else None
        evidence = ledger.covering(commit) if at is None else None
        if evidence is not None and evidence.statement is not None and evidence.approved:
            at = evidence.statement.merged_at
        yield Start(change, clock.parse_instant(change.spec["actual"]["start"]), commit, at)


def authorisations(ledger: Ledger, changes: Iterable[Record]) -> Iterator[tuple[Record, str]]:
    """Changes with the merge that authorised each; not those of which none did since evidence is asked for."""
    asked = {record.name: record for record in changes}
    if not asked or ledger.since is None:
        return
    folder = next(iter(asked.values())).kind.folder
    for name, touches in _by_name(touches_of(ledger, ledger.since, [folder]), ledger).items():
        commit = _authorised_by(ledger, touches) if name in asked else None
        if commit is not None:
            yield asked[name], commit


def _is_told(record: Record) -> bool:
    return record.valid and not is_taken_over(record.data) and record.spec.get("recordedAfterwards") is not True


def _by_name(touched: dict[str, list[Touch]], ledger: Ledger) -> dict[str, list[Touch]]:
    """The touches of each change, wherever its file lay then, oldest first."""
    found: dict[str, list[Touch]] = {}
    for path, touches in touched.items():
        found.setdefault(path.rpartition("/")[2].removesuffix(".yaml"), []).extend(touches)
    return {name: sorted(touches, key=lambda touch: ledger.place[touch.commit]) for name, touches in found.items()}


def _authorised_by(ledger: Ledger, touches: list[Touch]) -> str | None:
    """The first commit that brought a change into a state in which it is authorised; None where it was before."""
    for touch in touches:
        states = [_state(ledger, blob) for blob in (touch.before, touch.after) if blob in touch.files]
        if touch.before in touch.files and states[0] not in NOT_AUTHORISED:
            return None
        if touch.after in touch.files and states[-1] not in NOT_AUTHORISED:
            return touch.commit
    return None


def _state(ledger: Ledger, blob: str) -> str:
    """The state that a version says; a draft's where it cannot be read."""
    document = load("", next(iter(ledger.repository.objects([blob], "blob"))))
    data: Any = document.data if isinstance(document, Document) else None
    spec = data.get("spec") if isinstance(data, dict) else None
    return str(spec.get("status", "draft")) if isinstance(spec, dict) else "draft"
