"""CODEOWNERS of GitHub from approval policies: whom the forge asks, and what it cannot be told.

The format: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
The last pattern that fits a path holds alone, and one of its owners is enough; the gate stays what decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from itsm_as_code.gate.path_pattern import path_pattern
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import Kind, KindRegistry

TEAM: Final = "github.com/team-slug"
"""The annotation of a Team with its ``organisation/team`` at GitHub, as Backstage has it."""
MOST_BYTES: Final = 3 << 20
"""GitHub takes no larger file."""
_SLUG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_UNSAYABLE: Final = re.compile(r"[\[\]\\!#]|[^\S ]")
_ALWAYS: Final = (
    "one owner of a line is enough at GitHub",
    "where patterns overlap at a path yet to come, the last line alone holds",
    "a path that no rule is about passes at GitHub; the gate refuses it",
)


@dataclass(frozen=True, slots=True)
class Owners:
    """The lines of the file, and a sentence for each thing that they cannot say, which may hold any text of records."""

    lines: list[str]
    left_out: list[str]


@dataclass(slots=True)
class _Line:
    owners: dict[str, None] = field(default_factory=dict)
    asked_by: dict[str, None] = field(default_factory=dict)

    def add(self, asking: _Asking) -> None:
        self.owners.update(dict.fromkeys(asking.owners))
        self.asked_by[asking.by] = None


@dataclass(frozen=True, slots=True)
class _Asking:
    """One approval that a rule asks for at some paths."""

    by: str
    owners: Sequence[str]
    matches: Callable[[str], bool]


def export(catalogue: Catalogue, paths: Sequence[str], prefix: str = "") -> Owners:
    """The file for a repository with these ``paths``; records lie at ``prefix`` (empty or with a ``/`` at its end)."""
    made = _Making(catalogue)
    for policy in sorted(catalogue.of_kind("ApprovalPolicy"), key=lambda record: record.name):
        for rule in policy.spec["rules"]:
            made.rule(f"{policy.name}/{rule['name']}", rule)
    made.overlaps(paths)
    lines = []
    for pattern in made.order():
        said = _pattern(prefix, pattern)
        line = made.lines[pattern]
        if said is None:
            made.note(f"the pattern '{pattern}' has no form in CODEOWNERS")
        elif line.owners or any(path_pattern(other).matches(pattern) for other in made.lines if other != pattern):
            lines.append(" ".join((said, *line.owners)))
    if sum(len(line.encode()) + 1 for line in lines) > MOST_BYTES:
        made.note(f"GitHub takes no file of more than {MOST_BYTES >> 20} MiB, and this is one")
    return Owners(lines, [*_ALWAYS, *made.notes])


def _pattern(prefix: str, pattern: str) -> str | None:
    whole = f"{prefix}{pattern}"
    if _UNSAYABLE.search(whole) or not whole.isprintable():
        return None
    shown = whole.removesuffix("**") if whole.endswith("/**") else whole
    return ("" if shown.startswith("**/") else "/") + shown.replace(" ", "\\ ")


class _Making:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue, self.facts = catalogue, Facts.of(catalogue)
        self.lines: dict[str, _Line] = {}
        self.askings: list[_Asking] = []
        self.notes: dict[str, None] = {}

    def note(self, message: str) -> None:
        self.notes[message] = None

    def order(self) -> list[str]:
        """General patterns first, for the last one holds; what is meant wherever it lies holds before all."""
        return sorted(self.lines, key=lambda pattern: (pattern.startswith("**/"), pattern.count("/"), pattern))

    def rule(self, label: str, rule: Mapping[str, Any]) -> None:
        match = rule["match"]
        for message in _narrowed(match):
            self.note(f"{label}: {message}")
        if rule.get("allowBots"):
            self.note(f"{label}: a bot's approval counts, but a bot is no code owner")
        if rule.get("independent"):
            self.note(f"{label}: at GitHub whoever requests or carries out the change may approve")
        if not rule["approvals"]:
            self.note(f"{label}: no approval is needed, which takes nothing from what other rules ask")
        for approval in rule["approvals"]:
            source, count = approval["from"], approval.get("count", 1)
            by = f"{label} ({', '.join(f'{key} {_listed(value)}' for key, value in source.items())})"
            if count > 1:
                self.note(f"{by}: {count} must approve; at GitHub one is enough")
            if source.get("owners") == "self":
                self._of_records(by, match)
            else:
                self._ask(by, self._named(by, source), match)

    def _ask(self, by: str, owners: Sequence[str], match: Mapping[str, Any]) -> None:
        if not owners:
            return
        if "paths" in match:
            for pattern in match["paths"]:
                self._add(_Asking(by, owners, path_pattern(pattern).matches), pattern)
            return
        registry = self.catalogue.registry
        kinds = [kind for kind in registry if kind.name in match.get("kinds", registry.kinds)]
        for kind in kinds:
            self._add(_Asking(by, owners, partial(_is_of, registry, kind)), f"{kind.folder}/**")
            for deeper in registry:  # records of other kinds that lie below are not meant
                if deeper.folder.startswith(f"{kind.folder}/"):
                    self.lines.setdefault(f"{deeper.folder}/**", _Line())

    def _add(self, asking: _Asking, pattern: str) -> None:
        self.askings.append(asking)
        self.lines.setdefault(pattern, _Line()).add(asking)

    def _of_records(self, by: str, match: Mapping[str, Any]) -> None:
        """A line for each record there is, of the teams that own it."""
        self.note(f"{by}: the owner of a record yet to come is not known")
        for record in self.catalogue:
            fits = record.valid and record.id.kind in match.get("kinds", (record.id.kind,))
            if "paths" in match:
                fits = fits and any(path_pattern(pattern).matches(record.path) for pattern in match["paths"])
            if not fits:
                continue
            owners = [owner for team in self._owning(record) for owner in self._team(by, team)]
            if owners:
                self._add(_Asking(by, owners, record.path.__eq__), record.path)

    def _owning(self, record: Record) -> list[str]:
        spec = record.spec
        if record.id.kind == "Team":
            return [record.name]
        services = [name for name in (*spec.get("services", ()), spec.get("service")) if isinstance(name, str)]
        found = [spec.get("owner"), *(self.facts.spec("Service", name).get("owner") for name in services)]
        return sorted({team for team in found if isinstance(team, str)})

    def _named(self, by: str, source: Mapping[str, Any]) -> list[str]:
        if "owners" in source:
            self.note(f"{by}: who they are depends on what is changed; nobody is named")
            return []
        if "anyone" in source:
            self.note(f"{by}: anyone is no owner; nobody is named")
            return []
        if "people" in source:
            return self._people(by, source["people"])
        teams = [source["team"]] if "team" in source else []
        if "role" in source:
            teams = [
                team["metadata"]["name"]
                for team in self.facts.records("Team")
                if source["role"] in team["spec"].get("roles", ()) and not team["spec"].get("retired")
            ]
            if not teams:
                self.note(f"{by}: no team has the role; nobody is named")
        return list(dict.fromkeys(owner for team in sorted(teams) for owner in self._team(by, team)))

    def _team(self, by: str, name: str) -> list[str]:
        team = self.facts.record("Team", name)
        if team is None or team["spec"].get("retired"):
            self.note(f"{by}: there is no team {name}" if team is None else f"{by}: the team {name} is retired")
            return []
        slug = team["metadata"].get("annotations", {}).get(TEAM, "")
        if _SLUG.match(slug):
            return [f"@{slug}"]
        if slug:
            self.note(f"team {name}: '{slug}' is no organisation/team; its members are named")
        else:
            self.note(f"team {name}: it has no annotation {TEAM}; its members are named")
        return self._people(by, team["spec"].get("members", ()))

    def _people(self, by: str, names: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        for name in names:
            spec = self.facts.spec("Person", name)
            logins = [item["login"] for item in spec.get("accounts", ()) if item["forge"] == "github"]
            usable = [login for login in logins if "[" not in login and spec.get("active", True)]
            if not usable:
                self.note(f"{name}: is no code owner, without an account at GitHub or as somebody who has left")
            found.update(dict.fromkeys(f"@{login}" for login in usable))
        if not found:
            self.note(f"{by}: nobody can be named")
        return list(found)

    def overlaps(self, paths: Sequence[str]) -> None:
        """Give the line that holds for a path the owners of all rules that are about it; say where they are several."""
        last_first = [(pattern, path_pattern(pattern).matches) for pattern in reversed(self.order())]
        for path in (*paths, *(_sample(pattern) for pattern in self.lines)):
            holding = next((pattern for pattern, matches in last_first if matches(path)), None)
            if holding is not None:
                for asking in self.askings:
                    if asking.matches(path):
                        self.lines[holding].add(asking)
        shared: dict[str, list[str]] = {}
        for pattern in self.order():
            if len(self.lines[pattern].asked_by) > 1:
                shared.setdefault(" and ".join(self.lines[pattern].asked_by), []).append(pattern)
        for askers, patterns in shared.items():
            more = f" and {len(patterns) - 3} more" if len(patterns) > 3 else ""
            self.note(f"{', '.join(patterns[:3])}{more}: each of {askers} must approve; at GitHub one is enough")


def _is_of(registry: KindRegistry, kind: Kind, path: str) -> bool:
    return registry.of_path(path) == kind


def _sample(pattern: str) -> str:
    """A path that fits a pattern."""
    return pattern.replace("**", "x").replace("*", "x").replace("?", "x")


def _narrowed(match: Mapping[str, Any]) -> Iterator[str]:
    """What a rule is about beyond paths."""
    if "where" in match:
        yield f"only where {match['where']}; GitHub asks always"
    if "fields" in match:
        yield f"only changes of {_listed(match['fields'])}; GitHub asks for any"
    if "actions" in match:
        yield f"only what is {_listed(match['actions'])}; GitHub asks for any change"
    if "paths" in match and "kinds" in match:
        yield f"only records of {_listed(match['kinds'])}; GitHub asks for all of these paths"


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
