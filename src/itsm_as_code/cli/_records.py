"""Records that people name on the command line, and their files with other data in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli._paths import located
from itsm_as_code.cli.output import Session, write_file

if TYPE_CHECKING:
    from itsm_as_code.cli._cache import CacheOptions
    from itsm_as_code.configuration import Configuration
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import Finding
    from itsm_as_code.records.catalogue import Catalogue, Record
    from itsm_as_code.records.kinds import Kind, KindRegistry
    from itsm_as_code.records.local_times import LocalTimes
    from itsm_as_code.snapshot import WorkTree

IN_PACKS = {"Policy", "Control", "PolicyPack"}
"""Kinds of which the program itself brings records, so that files alone do not tell their names."""


_HOURS = 2
"""How long a window is suggested to be."""
Data = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """The records of the work tree, for commands that look at few of them: each is read when it is asked for."""

    session: Session
    snapshot: WorkTree
    registry: KindRegistry
    files: Catalogue
    """The names of all records that have a file, without their data."""
    cache: CacheOptions | None = None

    @classmethod
    def of(cls, session: Session, cache: CacheOptions | None = None) -> Work:
        """UsageError where there are no records and no itsm.yaml: what is written there would be found by nobody."""
        work = cls.over(session, cache)
        if not work.files.records and "itsm.yaml" not in work.snapshot.entries:
            raise session.no_records()
        return work

    @classmethod
    def over(cls, session: Session, cache: CacheOptions | None = None) -> Work:
        """The records there are, if any."""
        from itsm_as_code.records.catalogue import names_in
        from itsm_as_code.records.own_kinds import registry_of
        from itsm_as_code.snapshot import WorkTree

        snapshot = WorkTree(session.directory, at_once=False)
        registry = registry_of(snapshot)
        return cls(session, snapshot, registry, names_in(snapshot, registry), cache)

    @cached_property
    def configuration(self) -> Configuration:
        from itsm_as_code.configuration import load_configuration

        return load_configuration(self.snapshot, self.registry)[0]

    @cached_property
    def catalogue(self) -> Catalogue:
        """All records, read, with those of the policy packs."""
        from itsm_as_code.validation import load_rule_set

        return load_rule_set(self.snapshot, self.cache.records(self.session) if self.cache else None).catalogue

    def around(self, names: Collection[str]) -> Catalogue:
        """The records of some names and those that may refer to them, read; no record of a policy pack.

        A name stands in a file letter by letter, unless something in it is escaped with a backslash.
        """
        from itsm_as_code.records.reading import load_catalogue

        marks = [b"\\", *(name.encode() for name in names)]
        stems = {record.path: record.name for record in self.files}
        wanted = {
            path: self.snapshot.entries[path]
            for path, content in self.snapshot.read_many(stems)
            if stems[path] in names or (isinstance(content, bytes) and any(mark in content for mark in marks))
        }
        return load_catalogue(self.snapshot.excerpt(wanted), self.registry)

    @cached_property
    def told(self) -> Catalogue:
        """All records, as people read them: standard changes as deployment statements say."""
        from itsm_as_code.cli._deployed import told

        opened = self.cache.opened_for(self.session) if self.cache else None
        return told(self.session.directory, self.configuration, self.catalogue, opened)

    @cached_property
    def times(self) -> LocalTimes:
        """How times are read: by the clocks of the repository's zone, at the instant of the session."""
        from itsm_as_code.clock import zone
        from itsm_as_code.records.local_times import LocalTimes

        return LocalTimes(self.session.instant(self.configuration.as_of), zone(self.configuration.timezone))

    def free_window(self, change: Data) -> Data | None:
        """The next window from tomorrow evening on that nothing speaks against, as ``schedule`` has it, or None."""
        from datetime import timedelta

        from itsm_as_code.clock import format_instant, parse_instant
        from itsm_as_code.gate.conflicts import World, next_free_slot

        if not isinstance(change["spec"].get("services"), list) or "type" not in change["spec"]:
            return None  # nothing can stand in the way of it yet
        start = parse_instant(self.times.instant("tomorrow 20:00"))
        window = {"start": format_instant(start), "end": format_instant(start + timedelta(hours=_HOURS))}
        asked = {**change, "spec": {**change["spec"], "status": "scheduled", "schedule": window}}
        slot = next_free_slot(asked, World.of(self.catalogue, self.configuration, self.times.now))
        return {"start": self.times.written(slot.start), "end": self.times.written(slot.end)} if slot else None

    def names(self, kinds: Iterable[str]) -> list[str]:
        """The names of all records of some kinds, sorted."""
        kinds = list(kinds)
        known = self.files if IN_PACKS.isdisjoint(kinds) else self.catalogue
        return sorted(name for kind in kinds for name in known.names(kind))

    def kind(self, said: str) -> Kind:
        """The kind of that name, or whose plural it is, whatever the case; UsageError when there is none."""
        from itsm_as_code.errors import UsageError
        from itsm_as_code.findings import did_you_mean

        for kind in self.registry:
            if said.casefold() in _names_of(kind):
                return kind
        remedy = did_you_mean(said, self.registry.kinds) or f"kinds: {', '.join(self.registry.kinds)}"
        raise UsageError(f"there is no kind '{said}'", remedy=remedy)

    def record(self, said: str) -> Record:
        """The record that somebody means by its name, by ``Kind/name``, or by its file. UsageError where none is meant.

        ItsmError when its file cannot be read.
        """
        from itsm_as_code.errors import UsageError

        kind, _, name = said.removesuffix(".yaml").rpartition("/")
        kinds = {known.name for known in self.registry if not kind or kind.casefold() in _names_of(known)}
        found = [record for record in self.files if record.name == name and record.id.kind in kinds]
        if len(found) > 1:
            names = ", ".join(sorted(f"{record.id.kind}/{record.name}" for record in found))
            raise UsageError(f"'{said}' is the name of {len(found)} records", remedy=f"say which: {names}")
        if found:
            return self.read(found[0])
        place, top = located(self.session, Path(said)).resolve(), self.session.directory.resolve()
        path = place.relative_to(top).as_posix() if place.is_relative_to(top) else ""
        if path in self.files.by_path:
            return self.read(self.files.by_path[path])
        raise self._unknown(said, kind, name, kinds)

    def _unknown(self, said: str, kind: str, name: str, kinds: set[str]) -> UsageError:
        from itsm_as_code.errors import UsageError
        from itsm_as_code.findings import did_you_mean

        if (self.session.directory / said).exists() or (self.session.called_in / said).exists():
            return UsageError(
                f"{said} is not the file of a record", remedy="name a record, such as Service/payments-api"
            )
        if kind.isalnum() and not kinds:
            self.kind(kind)
        others = [f"{record.id.kind}/{name}" for record in self.files if record.name == name]
        names = [record.name for record in self.files if record.id.kind in kinds]
        near = f"there is {', '.join(sorted(others))}" if others else did_you_mean(name, names)
        return UsageError(f"there is no record '{said}'", remedy=near or "'itsm list' shows what there is")

    def read(self, record: Record) -> Record:
        """A record with the data of its file. ItsmError when that cannot be read."""
        from itsm_as_code.errors import ItsmError
        from itsm_as_code.findings import Finding
        from itsm_as_code.records.document import load

        ((_, content),) = self.snapshot.read_many([record.path])
        if isinstance(content, OSError):
            raise ItsmError(f"{record.path} cannot be read: {content.strerror}", remedy="mend its permissions")
        document = load(record.path, content)
        if isinstance(document, Finding):
            raise ItsmError(f"{document.location}: {document.message}", remedy=document.remedy)
        return replace(record, data=document.data, content=content)

    def problems(self, record: Record) -> list[Finding]:
        """What speaks against a record by itself: its schema, the fields of its state, names that nobody has."""
        from itsm_as_code.records.catalogue import stamp
        from itsm_as_code.records.lifecycle import LIFECYCLE_REQUIRED, required_problems
        from itsm_as_code.records.reading import RECORD_SCHEMA

        wrong = record.kind.validator.problems(record.data, record.content)
        if wrong:
            return [stamp(RECORD_SCHEMA, record, problem) for problem in wrong]
        found = [stamp(LIFECYCLE_REQUIRED, record, problem) for problem in required_problems(record)]
        return [*found, *self.dangling(record)]

    def about_given(self, record: Record) -> list[Finding]:
        """What speaks against values that are there, in a record that lacks others."""
        from functools import reduce

        from itsm_as_code.records.catalogue import stamp
        from itsm_as_code.records.reading import RECORD_SCHEMA

        found = self.dangling(record)
        for problem in record.kind.validator.problems(record.data, record.content):
            value: Any = reduce(lambda data, key: data[key], problem.pointer, record.data)  # type: ignore[index]
            if not isinstance(value, dict):
                found.append(stamp(RECORD_SCHEMA, record, problem))
        return found

    def dangling(self, record: Record) -> list[Finding]:
        """A finding for each name in a record that nobody has."""
        found = list(self.files.dangling(record))
        asks_packs = any(not IN_PACKS.isdisjoint(reference.kinds) for reference in record.references())
        return list(self.catalogue.dangling(record)) if found and asks_packs else found

    def refused(self, record: Record, before: Record | None = None) -> bool:
        """Say what speaks against a record and did not against what was there before; whether anything does."""
        known = {(item.rule, item.message) for item in self.problems(before)} if before else set()
        found = [item for item in self.problems(record) if (item.rule, item.message) not in known]
        self.tell(record, found)
        if found:
            self.session.say("nothing was written")
        return bool(found)

    def tell(self, record: Record, found: Iterable[Finding]) -> None:
        """Show findings at their places in a record."""
        from itsm_as_code.records.positions import place_findings
        from itsm_as_code.reports.findings import finding_text

        sources = {record.path: record.source}
        for finding in place_findings(list(found), sources):
            click.echo(finding_text(finding, sources), err=True)

    def assign(self, kind: Kind, data: dict[str, Any], assignments: Iterable[str]) -> None:
        """Put what is given as ``PATH=VALUE`` into a record; UsageError."""
        from itsm_as_code.errors import UsageError
        from itsm_as_code.records.blank import assign

        for item in assignments:
            path, equals, value = item.partition("=")
            if not equals or not path:
                what = "there is no path before the '='" if equals else "there is no '='"
                raise UsageError(f"'{item}' is no PATH=VALUE: {what}", remedy="write, such as owner=team-payments")
            assign(kind, data, path.strip(), value, self.times)

    def save(self, record: Record, data: dict[str, Any]) -> bool:
        """Write a record's file with other data, unless something speaks against it; whether it was written."""
        from itsm_as_code.records.editing import edited

        source = edited(record.path, record.source, data, record.kind.schema)
        fresh = replace(record, data=data, content=source)
        if self.refused(fresh, record):
            return False
        place = self.session.directory / record.path
        write_file(place, source, place.stat().st_mode & 0o777)
        self.session.write(f"{record.path}\n")
        for line in differences(record.data, data):
            self.session.say(line)
        return True


def _names_of(kind: Kind) -> set[str]:
    return {kind.name.casefold(), kind.plural, kind.title.casefold()}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What changed from old to new data, a line for each field: ``spec.owner: team-a -> team-b``."""
    from itsm_as_code.records.catalogue import get
    from itsm_as_code.records.diff import diff_data
    from itsm_as_code.records.writer import in_line

    for pointer in diff_data(old, new):
        was, now = (get(data, pointer) for data in (old, new))
        shown = ["nothing" if value is None else _short(in_line(value)) for value in (was, now)]
        yield f"{'.'.join(map(str, pointer))}: {' -> '.join(shown)}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
