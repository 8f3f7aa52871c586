"""Which approval rules a pull request meets, and which of its changes no rule covers (default deny)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from itsm_as_code.findings import Pointer, RecordId, format_pointer, parse_pointer
from itsm_as_code.gate.path_pattern import path_pattern
from itsm_as_code.policies.cel import CompileError, Environment, EvaluationError
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.diff import RecordDiff, covers

Patterns = tuple[Pointer, ...] | None
"""The fields that a rule is for; None for whole records."""


@dataclass(frozen=True, slots=True)
class PathChange:
    """A changed path that holds no record, or a record whose text changed and whose meaning did not."""

    path: str
    action: str


@dataclass(frozen=True, slots=True)
class View:
    """A difference as rules look at it: the ``whole`` of what a record becomes, or one step on its path (``diff``).

    ``new`` and ``old`` are what a rule's ``where`` sees of the record after and before, None where there is no side.
    """

    whole: RecordDiff
    diff: RecordDiff
    new: Any
    old: Any

    @property
    def is_step(self) -> bool:
        return self.diff is not self.whole


@dataclass(frozen=True, slots=True)
class MatchedRule:
    """An approval rule that a pull request meets, and what of the pull request lies in its scope."""

    policy: str
    name: str
    approvals: tuple[Mapping[str, Any], ...]
    allow_bots: bool
    why: tuple[str, ...]
    records: tuple[RecordDiff, ...]
    fields: tuple[tuple[RecordDiff, tuple[Pointer, ...]], ...]
    paths: tuple[str, ...]
    patterns: Patterns = None
    independent: bool = False
    """Asks people who neither request nor carry out the change."""
    in_person: bool = False
    """Asks for people, not for what they stand for: nobody stands in for them, and they may be away."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """What no rule covers: a path, or a record (whole, or a field of it) with how to say which."""

    path: str
    what: str = ""
    kind: str | None = None
    field: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.path})" if self.what else self.path


@dataclass(frozen=True, slots=True)
class Scope:
    """All matched rules; what no rule covers; the rules that could not be evaluated; deletions that a rule allows."""

    rules: tuple[MatchedRule, ...]
    uncovered: tuple[Uncovered, ...]
    errors: tuple[str, ...]
    deletable: frozenset[str]


class RuleMatcher:
    """Matches the approval rules of the base against views of record diffs, and against paths."""

    def __init__(self, policies: Sequence[Record], environment: Environment) -> None:
        self._rules = [(policy.name, rule) for policy in policies for rule in policy.spec["rules"]]
        self._environment = environment
        self._errors: list[str] = []

    def match(self, views: Sequence[View], paths: Sequence[PathChange]) -> Scope:
        covered: set[_Part] = set()
        covered_paths: set[str] = set()
        deletable: set[str] = set()
        matched = []
        for policy, rule in self._rules:
            hits: dict[RecordId, _Hit] = {}
            for place, view in enumerate(views):
                fields, sides = self._hit(rule, view)
                if fields:
                    hits.setdefault(view.whole.id, _Hit(view.whole)).add(view, fields)
                    covered.update((place, field, side) for field in fields for side in sides)
                    if "deleted" in rule["match"].get("actions", ()):
                        deletable.add(str(view.whole.id))
            path_hits = [change.path for change in paths if _path_rule_matches(rule["match"], change)]
            if hits or path_hits:
                covered_paths.update(path_hits)
                matched.append(_matched(policy, rule, list(hits.values()), path_hits))
        uncovered = [row for place, view in enumerate(views) for row in _uncovered(view, place, covered)]
        uncovered += [Uncovered(change.path) for change in paths if change.path not in covered_paths]
        errors = tuple(dict.fromkeys(self._errors))
        return Scope(tuple(matched), tuple(dict.fromkeys(uncovered)), errors, frozenset(deletable))

    def _hit(self, rule: Mapping[str, Any], view: View) -> tuple[tuple[Pointer, ...], tuple[str, ...]]:
        """The changed fields of a record that a rule covers (none: it does not match), and on which sides.

        A rule matches when either side of the record fits, and covers the sides that do; each side needs a rule. So
        nobody escapes a rule by changing the field or the folder it looks at in the same pull request, and a rule that
        asks for nothing lets nothing pass that was, or becomes, the matter of another one.
        """
        match, diff = rule["match"], view.diff
        if "kinds" in match and diff.id.kind not in match["kinds"]:
            return (), ()
        if "actions" in match and diff.action.value not in match["actions"]:
            return (), ()
        fields = changed_parts(diff)
        if "fields" in match:
            patterns = [parse_pointer(pattern) for pattern in match["fields"]]
            fields = tuple(field for field in fields if any(covers(pattern, field) for pattern in patterns))
        if not fields:
            return (), ()
        present = _sides(diff)
        activations = {"after": view.new, "before": view.old}
        fitting = tuple(side for side, record in present.items() if self._fits(rule, diff, record, activations[side]))
        return (fields, fitting) if fitting else ((), ())

    def _fits(self, rule: Mapping[str, Any], diff: RecordDiff, record: Record, activation: Any) -> bool:
        """True when one side of a record lies in a rule's paths and fulfils its ``where``."""
        match = rule["match"]
        if "paths" in match and not any(path_pattern(pattern).matches(record.path) for pattern in match["paths"]):
            return False
        if "where" not in match:
            return True
        try:
            return self._environment.holds(match["where"], activation)
        except (EvaluationError, CompileError) as error:
            if record.valid:  # what breaks its schema is a finding already
                self._errors.append(f"approval rule {rule['name']} could not be evaluated on {diff.id}: {error}")
            return bool(rule["approvals"])


_Part = tuple[int, Pointer, str]
"""A view by its place, a field of it, and the side (``after`` or ``before``) on which a rule covers that field."""


@dataclass(slots=True)
class _Hit:
    """What of a record a rule is for; ``on_the_way`` where it is for no more than steps on its path."""

    diff: RecordDiff
    fields: dict[Pointer, None] = dataclass_field(default_factory=dict)
    as_whole: bool = False
    on_the_way: list[str] = dataclass_field(default_factory=list)

    def add(self, view: View, fields: Iterable[Pointer]) -> None:
        self.fields.update(dict.fromkeys(fields))
        if view.is_step:
            self.on_the_way.append(view.diff.record.state or "")
        else:
            self.as_whole = True


def changed_parts(diff: RecordDiff) -> tuple[Pointer, ...]:
    """What of a record needs a rule: its changed fields; and the record as a whole (no pointer) where its file moved or
    only its text changed, which no rule for single fields covers."""
    moved = diff.old is not None and diff.new is not None and diff.old.path != diff.new.path
    return (*diff.fields, ()) if moved or not diff.fields else diff.fields


def _sides(diff: RecordDiff) -> dict[str, Record]:
    sides = {"after": diff.new, "before": diff.old}
    return {side: record for side, record in sides.items() if record is not None}


def _matched(policy: str, rule: Mapping[str, Any], hits: Sequence[_Hit], paths: Sequence[str]) -> MatchedRule:
    return MatchedRule(
        policy=policy,
        name=rule["name"],
        approvals=tuple(rule["approvals"]),
        allow_bots=rule.get("allowBots", False),
        independent=rule.get("independent", False),
        why=(*map(_why, hits), *(f"{path} changed" for path in paths)),
        records=tuple(hit.diff for hit in hits),
        fields=tuple((hit.diff, tuple(hit.fields)) for hit in hits),
        paths=tuple(paths),
        patterns=tuple(map(parse_pointer, rule["match"]["fields"])) if "fields" in rule["match"] else None,
    )


def _why(hit: _Hit) -> str:
    if not hit.as_whole:
        return f"{hit.diff.id} passes {', '.join(dict.fromkeys(hit.on_the_way))} on its way to {hit.diff.record.state}"
    listed = [field for field in hit.fields if field]
    more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
    shown = ", ".join(map(format_pointer, listed[:4])) + more
    return f"{hit.diff.id} {hit.diff.action}" + (f": {shown}" if shown and hit.diff.action == "modified" else "")


def within(patterns: Patterns, field: Pointer) -> bool:
    """True when a field lies in what a rule is for, or holds some of that.

    A list that a pattern leads through is taken as a whole: its items have no names by which two could be told apart.
    """
    if patterns is None:
        return True
    for pattern in patterns:
        named = itertools.takewhile(lambda part: part != "*" and not str(part).isdigit(), pattern)
        if all(part == str(actual) for part, actual in zip(named, field, strict=False)):
            return True
    return False


def _uncovered(view: View, place: int, covered: Set[_Part]) -> Iterator[Uncovered]:
    """What of a view no rule covers; one line for a record that no rule covers at all."""
    diff = view.diff
    sides, kind = _sides(diff), diff.id.kind
    parts = changed_parts(diff)
    on_the_way = f" on its way, as {diff.record.state}" if view.is_step else ""
    missing = [(field, side) for field in parts for side in sides if (place, field, side) not in covered]
    if len(missing) == len(parts) * len(sides):
        yield Uncovered(diff.record.path, f"{diff.id}{on_the_way}", kind)
        return
    told = set(missing)
    for field, side in missing:
        if side == "before" and (field, "after") in told:
            continue
        pointer = format_pointer(field)
        what = f"{diff.id} {pointer}".rstrip() + on_the_way
        on_base = "" if side == "after" or len(sides) == 1 else " as it is on the base"
        yield Uncovered(sides[side].path, what + on_base, kind, pointer)


def _path_rule_matches(match: Mapping[str, Any], change: PathChange) -> bool:
    if "paths" not in match or "kinds" in match or "where" in match or "fields" in match:
        return False
    if "actions" in match and change.action not in match["actions"]:
        return False
    return any(path_pattern(pattern).matches(change.path) for pattern in match["paths"])
