"""Which approval rules a pull request meets, and which of its changes no rule covers (default deny)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from itsm_as_code.findings import Pointer, format_pointer, parse_pointer
from itsm_as_code.policies.environment import CompileError, Environment, EvaluationError
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.diff import RecordDiff, covers


@dataclass(frozen=True, slots=True)
class PathChange:
    """A changed path that holds no record, or a record whose text changed and whose meaning did not."""

    path: str
    action: str


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


@dataclass(frozen=True, slots=True)
class Scope:
    """All matched rules; what no rule covers; the rules that could not be evaluated; deletions that a rule allows."""

    rules: tuple[MatchedRule, ...]
    uncovered: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    deletable: frozenset[str]


class RuleMatcher:
    """Matches the approval rules of the base against record diffs and paths.

    ``activations`` gives, for a diff, what a rule's ``where`` sees of the record after and before (None where there
    is no such side).
    """

    def __init__(self, policies: Sequence[Record], environment: Environment) -> None:
        self._rules = [(policy.name, rule) for policy in policies for rule in policy.spec["rules"]]
        self._environment = environment
        self._errors: list[str] = []

    def match(self, diffs: Sequence[tuple[RecordDiff, Any, Any]], paths: Sequence[PathChange]) -> Scope:
        covered: dict[str, set[Pointer]] = {}
        covered_paths: set[str] = set()
        deletable: set[str] = set()
        matched = []
        for policy, rule in self._rules:
            hits = [(diff, self._fields(rule, diff, new, old)) for diff, new, old in diffs]
            hits = [(diff, fields) for diff, fields in hits if fields is not None]
            path_hits = [change.path for change in paths if _path_rule_matches(rule["match"], change)]
            if not hits and not path_hits:
                continue
            for diff, fields in hits:
                covered.setdefault(str(diff.id), set()).update(fields or ())
                if "deleted" in rule["match"].get("actions", ()):
                    deletable.add(str(diff.id))
            covered_paths.update(path_hits)
            matched.append(_matched(policy, rule, hits, path_hits))
        uncovered = [*_uncovered_fields((diff for diff, _, _ in diffs), covered)]
        uncovered += [(change.path, "") for change in paths if change.path not in covered_paths]
        return Scope(tuple(matched), tuple(uncovered), tuple(self._errors), frozenset(deletable))

    def _fields(self, rule: Mapping[str, Any], diff: RecordDiff, new: Any, old: Any) -> tuple[Pointer, ...] | None:
        """The changed fields of a record that a rule covers; None when the rule does not match the record."""
        match = rule["match"]
        if "kinds" in match and diff.id.kind not in match["kinds"]:
            return None
        if "paths" in match and not any(_glob(pattern)(path) for pattern in match["paths"] for path in diff.paths):
            return None
        return self._narrow(rule, diff, new, old)

    def _narrow(self, rule: Mapping[str, Any], diff: RecordDiff, new: Any, old: Any) -> tuple[Pointer, ...] | None:
        match = rule["match"]
        if "actions" in match and diff.action.value not in match["actions"]:
            return None
        fields: tuple[Pointer, ...] = diff.fields or ((),)
        if "fields" in match and diff.fields:
            patterns = [parse_pointer(pattern) for pattern in match["fields"]]
            fields = tuple(field for field in fields if any(covers(pattern, field) for pattern in patterns))
            if not fields:
                return None
        if "where" in match and not self._holds(rule, diff, new, old):
            return None
        return fields

    def _holds(self, rule: Mapping[str, Any], diff: RecordDiff, new: Any, old: Any) -> bool:
        """A rule that asks for approvals holds when either side of the record fits; one that asks for none, when both do.

        So nobody escapes a rule by changing the field it looks at in the same pull request.
        """
        sides = [side for side in (new, old) if side is not None]
        answers = []
        for side in sides:
            try:
                answers.append(self._environment.holds(rule["match"]["where"], side))
            except (EvaluationError, CompileError) as error:
                self._errors.append(f"approval rule {rule['name']} could not be evaluated on {diff.id}: {error}")
                answers.append(bool(rule["approvals"]))
        return any(answers) if rule["approvals"] else all(answers)


def _matched(
    policy: str,
    rule: Mapping[str, Any],
    hits: Sequence[tuple[RecordDiff, tuple[Pointer, ...] | None]],
    paths: Sequence[str],
) -> MatchedRule:
    why = []
    for diff, fields in hits:
        listed = [format_pointer(field) for field in fields or () if field]
        shown = ", ".join(listed[:4]) + (f" and {len(listed) - 4} more" if len(listed) > 4 else "")
        why.append(f"{diff.id} {diff.action}" + (f": {shown}" if shown and diff.action == "modified" else ""))
    why += [f"{path} changed" for path in paths]
    return MatchedRule(
        policy=policy,
        name=rule["name"],
        approvals=tuple(rule["approvals"]),
        allow_bots=rule.get("allowBots", False),
        why=tuple(why),
        records=tuple(diff for diff, _ in hits),
        fields=tuple((diff, fields or ()) for diff, fields in hits),
        paths=tuple(paths),
    )


def _uncovered_fields(diffs: Iterable[RecordDiff], covered: Mapping[str, set[Pointer]]) -> Iterator[tuple[str, str]]:
    for diff in diffs:
        rules = covered.get(str(diff.id))
        if rules is None:
            yield diff.record.path, f"{diff.id}"
            continue
        for field in diff.fields:
            if field not in rules:
                yield diff.record.path, f"{diff.id} {format_pointer(field)}"


def _path_rule_matches(match: Mapping[str, Any], change: PathChange) -> bool:
    if "paths" not in match or "kinds" in match or "where" in match or "fields" in match:
        return False
    if "actions" in match and change.action not in match["actions"]:
        return False
    return any(_glob(pattern)(change.path) for pattern in match["paths"])


@lru_cache(maxsize=512)
def _glob(pattern: str) -> Any:
    """A matcher for a path pattern: ``*`` within a folder's name, ``**`` across folders, ``?`` one character."""
    out = ""
    index = 0
    while index < len(pattern):
        if pattern.startswith("**/", index):
            out += "(?:[^/]+/)*"
            index += 3
        elif pattern.startswith("**", index):
            out += ".*"
            index += 2
        elif pattern[index] == "*":
            out += "[^/]*"
            index += 1
        elif pattern[index] == "?":
            out += "[^/]"
            index += 1
        else:
            out += re.escape(pattern[index])
            index += 1
    return re.compile(out, re.DOTALL).fullmatch
