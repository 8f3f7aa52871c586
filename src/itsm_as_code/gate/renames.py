"""Another name for a record, in one pull request: what is taken away and what is added say the same, and so do all
others but for that name.

A rename is taken for one only where nothing can be gained by it. It comes alone; the name was nobody's before; no
reference is left behind, or means somebody else afterwards; no rule, nor itsm.yaml, spells out either name; and what
pipelines and auditors know by its name keeps it. Then it is judged as one record that differs in its name, and records
that have ended may name it anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, Final

from itsm_as_code.findings import Finding, Pointer
from itsm_as_code.gate.decision import canonical
from itsm_as_code.policies.affected import JUDGING_KINDS
from itsm_as_code.records.catalogue import Catalogue, Record, get
from itsm_as_code.records.diff import RecordDiff, diff_data
from itsm_as_code.records.document import load
from itsm_as_code.records.renaming import KEEPS_NAME, places_of, with_name

CONFIGURATION: Final = "itsm.yaml"
_TAKEN: Final = "choose a name that nothing is said of yet"
Existed = Callable[[str, str], bool]
"""Whether a record of that name ever had a file in a folder, or below it, in the history of the base."""


@dataclass(frozen=True)
class Rename:
    """A record of the base and what stands for it in the candidate; ``diffs`` are all that the pull request makes."""

    base: Catalogue
    candidate: Catalogue
    old: Record
    new: Record
    diffs: tuple[RecordDiff, ...]
    existed: Existed

    @cached_property
    def named(self) -> dict[Record, list[Pointer]]:
        """Who names it on the base, and where."""
        return places_of(self.base, self.old)

    @cached_property
    def carried(self) -> tuple[RecordDiff, ...]:
        """The records that differ in naming it anew alone."""
        named = {record.id: places for record, places in self.named.items()}
        return tuple(
            replace(diff, by_name=True)
            for diff in self._others
            if diff.old is not None
            and diff.new is not None
            and diff.old.path == diff.new.path
            and diff.id in named
            and diff.new.data == with_name(diff.old.data, named[diff.id], self.new.name)
        )

    @property
    def _others(self) -> list[RecordDiff]:
        return [diff for diff in self.diffs if diff.id not in (self.old.id, self.new.id)]

    @cached_property
    def whole(self) -> RecordDiff:
        """The record before and after, as one difference."""
        return RecordDiff(self.new.id, self.old, self.new, tuple(diff_data(self.old.data, self.new.data)), by_name=True)

    @property
    def by_name(self) -> tuple[RecordDiff, ...]:
        """All that differs by the name alone."""
        return (self.whole, *self.carried)

    @property
    def judged(self) -> tuple[RecordDiff, ...]:
        """What is judged in place of all differences: the record, and what comes with it of another kind than names."""
        known = {diff.id for diff in self.carried}
        return (self.whole, *(diff for diff in self._others if diff.id not in known))

    def anew(self, finding: Finding) -> Finding:
        """A finding of the base as it would be told with the new name."""
        old, new = self.old, self.new
        word = re.compile(rf"(?<![a-z0-9-]){re.escape(old.name)}(?![a-z0-9-])")
        record = new.id if finding.record == old.id else finding.record
        place = finding.location
        path = new.path if place.path == old.path else place.path
        return replace(
            finding, record=record, location=replace(place, path=path), message=word.sub(new.name, finding.message)
        )


def rename_of(base: Catalogue, candidate: Catalogue, diffs: Iterable[RecordDiff], existed: Existed) -> Rename | None:
    """The rename that differences look like; None where there is none, or more than one."""
    found = list(diffs)
    gone = [diff.old for diff in found if diff.old is not None and diff.new is None and diff.old.valid]
    added = [diff.new for diff in found if diff.old is None and diff.new is not None and diff.new.valid]
    pairs = list(islice(_saying_the_same(base, gone, added), 2))
    if len(pairs) != 1:
        return None
    return Rename(base, candidate, *pairs[0], tuple(found), existed)


def _saying_the_same(
    base: Catalogue, gone: Iterable[Record], added: Iterable[Record]
) -> Iterator[tuple[Record, Record]]:
    """The pairs that differ in the name alone, found by what they say without it: a pull request may hold thousands."""
    by_places: dict[tuple[Pointer, ...], dict[tuple[str, bytes], list[Record]]] = {}
    for old in gone:
        places = (*places_of(base, old, [old]).get(old, ()), ("metadata", "name"))
        by_places.setdefault(places, {}).setdefault(_nameless(old, places), []).append(old)
    for new in added:
        for places, olds in by_places.items():
            if all(get(new.data, place) == new.name for place in places):
                for old in olds.get(_nameless(new, places), ()):
                    yield old, new


def _nameless(record: Record, places: Iterable[Pointer]) -> tuple[str, bytes]:
    return record.kind.name, canonical(with_name(record.data, list(places), ""))


def hindrances(rename: Rename) -> Iterator[str]:
    """Why a rename is not let through as one."""
    yield from keeps_its_name(rename)
    yield from elsewhere(rename)
    yield from had_before(rename)
    yield from brings_more(rename)
    yield from left_behind(rename)
    yield from meant_another(rename)
    yield from spelt_out(rename)


def keeps_its_name(rename: Rename) -> Iterator[str]:
    """What others than records know by its name."""
    why = KEEPS_NAME.get(rename.old.kind.name)
    if why is not None:
        yield f"{why}; set its metadata.title instead"


def elsewhere(rename: Rename) -> Iterator[str]:
    """A record that moves as well: rules may ask for something else there."""
    wanted = rename.old.path.rpartition("/")[0]
    if rename.new.path.rpartition("/")[0] != wanted:
        yield f"{rename.new.path} lies in another folder; rename it where it lies"


def had_before(rename: Rename) -> Iterator[str]:
    """A name that somebody had: statements, evidence and links from elsewhere would be about another record."""
    if rename.existed(rename.new.kind.folder, rename.new.name):
        yield f"the name {rename.new.name} was another record's before; choose one that nobody had"


def brings_more(rename: Rename) -> Iterator[str]:
    """Something else that changes: beside a rename only what judges may, by rules of its own."""
    for diff in rename.judged[1:]:
        if diff.id.kind not in JUDGING_KINDS:
            yield f"{diff.id} changes in more than the name; a rename comes alone"


def left_behind(rename: Rename) -> Iterator[str]:
    """A record that goes on naming it as before, which may be somebody else's name by then."""
    for record, places in rename.named.items():
        after = rename.candidate.records.get(record.id)
        if after is not None and any(get(after.data, place) == rename.old.name for place in places):
            yield f"{record.id} still names {rename.old.name}"


def meant_another(rename: Rename) -> Iterator[str]:
    """A record that stays as it is and names, all at once, this one."""
    touched = {diff.id for diff in rename.diffs}
    for record in places_of(rename.candidate, rename.new):
        if record.id not in touched:
            yield f"{record.id} would mean {rename.new.id} by {rename.new.name}, and means something else now"


def spelt_out(rename: Rename) -> Iterator[str]:
    """A rule, or itsm.yaml, that spells out the old name afterwards, or the new one before."""
    both = (rename.candidate, rename.old.name, "name it anew there as well"), (rename.base, rename.new.name, _TAKEN)
    for side, name, remedy in both:
        quoted = re.compile(rf"""(['"]){re.escape(name)}\1""")
        for kind in JUDGING_KINDS:
            for record in side.of_kind(kind):
                if not record.pack and any(quoted.search(text) for text in _texts(record.spec)):
                    yield f"{record.path} spells out {name}; {remedy}"
        if name in _texts(_settings(side)):
            yield f"{CONFIGURATION} spells out {name}; {remedy}"


def _settings(catalogue: Catalogue) -> Any:
    if CONFIGURATION not in catalogue.snapshot.entries:
        return None
    content = next(iter(catalogue.snapshot.read_many([CONFIGURATION])))[1]
    return getattr(load(CONFIGURATION, content), "data", None) if isinstance(content, bytes) else None


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value, keys among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
