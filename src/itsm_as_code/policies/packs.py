"""Policy packs: what itsm.yaml switches on becomes records that judge, beside those of the repository.

A pack named in itsm.yaml is that of ``policies/packs/`` when the repository has one of the name, and its policies are
then the repository's own. Any other is the program's: its manifest, policies and controls join the catalogue under
paths that no file has, ``itsm-packs/<pack>/``. Nothing here is silent: a name that nobody has, a version that is not
there, a policy of the same name as one of a pack is a finding that keeps the rule set from judging.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Final

from itsm_as_code import shipped
from itsm_as_code.configuration import PATH, Configuration, PackChoice, PolicySettings
from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import (
    Finding,
    Location,
    Pointer,
    Problem,
    RecordId,
    Rule,
    Severity,
    did_you_mean,
    sort_findings,
)
from itsm_as_code.records.catalogue import Catalogue, Record, stamp
from itsm_as_code.records.document import load
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.positions import place_findings
from itsm_as_code.records.reading import RECORD_SCHEMA
from itsm_as_code.records.writer import in_line

FOLDER: Final = "itsm-packs"
"""Where records of the program's packs seem to lie."""

POLICY_PACKS = Rule(
    "policy-packs",
    "itsm.yaml names policy packs, policies and parameters that there are",
    Severity.ERROR,
    "Under `spec.policies` of itsm.yaml stand the packs that apply, what is set differently (`overrides`) and what "
    "does not apply (`exclude`), each with its reason, and the `levels` of scorecards. A name that nobody has would "
    "switch nothing, unnoticed.",
)
POLICY_SHADOWED = Rule(
    "policy-shadowed",
    "No record of the repository takes the place of one of a pack unnoticed",
    Severity.ERROR,
    "A policy with the name of a policy of a chosen pack would replace it. Give it another name, set the pack's policy "
    "differently under `overrides` of itsm.yaml, or take the whole pack over with its manifest in policies/packs/. A "
    "control of a pack may be taken over, to name its owner and further evidence, under the same framework and clause.",
)
RULES = (POLICY_PACKS, POLICY_SHADOWED)


@dataclass(frozen=True, slots=True)
class Pack:
    """A policy pack that is switched on; its record is a file of the repository or one that the program brings."""

    record: Record

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def version(self) -> str:
        return str(self.record.spec["version"])

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self.record.spec["policies"])


@dataclass(frozen=True, slots=True)
class Packed:
    """A catalogue with the records of the chosen packs, and what is wrong with the choice."""

    catalogue: Catalogue
    findings: tuple[Finding, ...] = ()


def chosen_packs(catalogue: Catalogue, settings: PolicySettings) -> dict[str, Pack]:
    """For each policy that belongs to a chosen pack of ``catalogue``, a packed one, that pack."""
    records = [catalogue.get("PolicyPack", choice.name) for choice in settings.packs]
    return {
        policy: pack for record in records if record is not None for pack in [Pack(record)] for policy in pack.policies
    }


def lay_over(catalogue: Catalogue, configuration: Configuration) -> Packed:
    """The records of a repository with those of the packs that its configuration switches on."""
    settings = configuration.policies
    if settings == PolicySettings():
        return Packed(catalogue)
    chosen, problems = _choose(settings.packs, catalogue)
    brought = _brought([pack for pack in chosen if pack.record.pack], catalogue)
    own = [record for record in brought.values() if record.id not in catalogue.records]
    shadows = [
        stamp(POLICY_SHADOWED, catalogue.records[record_id], problem)
        for record_id, record in brought.items()
        if record_id in catalogue.records and (problem := _shadow(catalogue.records[record_id], record))
    ]
    unfit = [stamp(RECORD_SCHEMA, record, problem) for record in own for problem in _schema_problems(record)]
    whole = catalogue.with_packs(own, sort_findings([*catalogue.findings, *unfit]))
    problems += [*_setting_problems(settings, whole), *_level_problems(settings, whole)]
    wrong = [*map(_finding, problems), *shadows]
    if wrong:
        wrong = place_findings(wrong, catalogue.sources() | {PATH: configuration.source})
    return Packed(whole, tuple(wrong))


def _finding(problem: Problem) -> Finding:
    """What is wrong with the settings, at its place in itsm.yaml."""
    where = Location(PATH, pointer=problem.pointer)
    return Finding(POLICY_PACKS.id, POLICY_PACKS.severity, where, problem.message, problem.remedy)


def _choose(choices: Iterable[PackChoice], catalogue: Catalogue) -> tuple[list[Pack], list[Problem]]:
    """The packs of those names, those of the repository first, and what is wrong with the names."""
    shipped_names, own_names = shipped.packs(), catalogue.names("PolicyPack")
    chosen: dict[str, tuple[int, Pack]] = {}
    problems = []
    if any(folder.split("/")[0] == FOLDER for folder in (kind.folder for kind in catalogue.registry)):
        remedy = f"give the kind another folder than {FOLDER}/"
        problems.append(Problem("a kind has the folder in which packs seem to lie", ("spec", "policies"), remedy))
    for index, choice in enumerate(choices):
        at = ("spec", "policies", "packs", index)
        if choice.name in chosen:
            problems.append(Problem(f"the pack '{choice.name}' is named twice", at, "keep one of them"))
        elif choice.name in own_names:
            record = catalogue.get("PolicyPack", choice.name)
            if record is not None:  # one that breaks its schema has its own finding, and is not replaced by another
                chosen[choice.name] = (index, Pack(record))
        elif choice.name in shipped_names:
            chosen[choice.name] = (index, Pack(_shipped_pack(choice.name, catalogue.registry)[0]))
        else:
            known = sorted({*shipped_names, *own_names})
            remedy = did_you_mean(choice.name, known) or f"there are: {', '.join(known)}"
            problems.append(Problem(f"there is no policy pack '{choice.name}'", at, remedy))
        if choice.name in chosen:
            problems += _version_problems(choice, chosen[choice.name][1], at)
    for index, pack in chosen.values():
        for name in pack.record.spec.get("requires", ()):
            if name not in chosen:
                at = ("spec", "policies", "packs", index)
                problems.append(Problem(f"the pack '{pack.name}' builds on '{name}'", at, f"add {name} to packs"))
    return [pack for _, pack in chosen.values()], problems


def _version_problems(choice: PackChoice, pack: Pack, at: Pointer) -> Iterator[Problem]:
    wanted, there = choice.version.split("."), pack.version.split(".")
    if choice.version and there[: len(wanted)] != wanted:
        message = f"the pack '{pack.name}' is {pack.version} here, not {choice.version}"
        remedy = f'read what has changed, then write version: "{there[0]}", or leave it out while the program changes'
        yield Problem(message, (*at, "version"), remedy)


def _brought(packs: Iterable[Pack], catalogue: Catalogue) -> dict[RecordId, Record]:
    """The records of the program's packs, their policies linked to the controls that are there."""
    found = {record.id: record for pack in packs for record in _shipped_pack(pack.record.pack, catalogue.registry)}
    there = {*found, *(RecordId(kind, name) for kind in ("Control", "Policy") for name in catalogue.names(kind))}
    return {record_id: _linked(record, there) for record_id, record in found.items()}


def _linked(record: Record, there: set[RecordId]) -> Record:
    """A policy without the controls of frameworks that are not chosen, a control without policies that are not.

    A pack whose controls rest on policies of others says so (``requires``): that they are missing is told once.
    """
    spec = dict(record.spec)
    if record.id.kind == "Policy":
        spec["controls"] = [name for name in spec.get("controls", ()) if RecordId("Control", name) in there]
    elif record.id.kind == "Control":
        spec["evidence"] = [
            entry
            for entry in spec.get("evidence", ())
            if entry["type"] != "policy" or RecordId("Policy", entry["policy"]) in there
        ]
    return record if spec == record.spec else replace(record, data={**record.data, "spec": spec})


@lru_cache(maxsize=64)
def _shipped_pack(name: str, registry: KindRegistry) -> tuple[Record, ...]:
    """The records of a pack of the program, its manifest first; read once for each registry of kinds."""
    files = iter(shipped.pack(name).items())
    manifest = _record(next(files)[1], f"{FOLDER}/{name}.yaml", name, registry)
    policies = [_record(source, f"{FOLDER}/{path.removeprefix('policies/')}", name, registry) for path, source in files]
    controls = [
        _record(shipped.control(control), f"{FOLDER}/{name}/controls/{control}.yaml", name, registry)
        for control in manifest.spec.get("controls", ())
    ]
    return (manifest, *policies, *controls)


def _record(source: bytes, path: str, pack: str, registry: KindRegistry) -> Record:
    document = load(path, source)
    if isinstance(document, Finding):
        raise ConfigurationError(f"{path}: {document.message}", remedy="install itsm-as-code again")
    data = document.data
    kind = registry[data["kind"]]
    return Record(
        RecordId(kind.name, data["metadata"]["name"]),
        kind,
        data,
        path,
        source,
        valid=kind.validator.is_valid(data),
        pack=pack,
    )


def _schema_problems(record: Record) -> Iterator[Problem]:
    """Why a record of the program does not fit the repository's own schema of its kind."""
    for problem in [] if record.valid else record.kind.validator.problems(record.data):
        remedy = f"bring {record.kind.path} up to date with that of the program ('itsm schema {record.id.kind}')"
        yield replace(problem, remedy=remedy)


def _shadow(own: Record, brought: Record) -> Problem | None:
    """What speaks against a record of the repository that has the name of one of a pack."""
    at: Pointer = ("metadata", "name")
    if own.id.kind == "Control":
        clause = [(item.spec.get("framework"), item.spec.get("clause")) for item in (own, brought)]
        if clause[0] == clause[1]:
            return None
        message = f"the control of this name in pack '{brought.pack}' is of {clause[1][0]} {clause[1][1]}"
        return Problem(message, at, "give it another name, or the framework and clause of the pack's")
    if _judging(own.data) == _judging(brought.data):
        return None  # a copy judges the same, wherever it lies
    remedy = "give it another name, or set the pack's policy differently under overrides in itsm.yaml"
    return Problem(f"{own.id} is another one in the chosen pack '{brought.pack}'", at, remedy)


_JUDGING: Final = ("severity", "match", "params", "since", "require", "message", "maxWaiver")
"""The fields of a policy that decide what it says; its explanations and examples may read differently in a copy."""


def _judging(data: Mapping[str, Any]) -> dict[str, Any]:
    spec = data.get("spec")
    return {key: spec.get(key) for key in _JUDGING} if isinstance(spec, dict) else {}


def _setting_problems(settings: PolicySettings, catalogue: Catalogue) -> Iterator[Problem]:
    """What is wrong with overrides and exclusions: policies and parameters that nobody has, or that stand twice."""
    known = catalogue.names("Policy")
    seen: set[str] = set()
    named = [("overrides", index, item.policy) for index, item in enumerate(settings.overrides)]
    named += [("exclude", index, item.policy) for index, item in enumerate(settings.exclusions)]
    for field, index, name in named:
        at = ("spec", "policies", field, index, "policy")
        if name not in known:
            remedy = did_you_mean(name, known) or "'itsm policy list' shows the policies that apply"
            yield Problem(f"there is no policy '{name}'", at, remedy)
        elif name in seen:
            yield Problem(f"the policy '{name}' is set twice", at, "keep one of them")
        seen.add(name)
    for index, override in enumerate(settings.overrides):
        policy = catalogue.get("Policy", override.policy)
        if policy is not None:
            yield from _parameter_problems(policy, override.params, ("spec", "policies", "overrides", index, "params"))


_TOLD_OF: Final = ("Service", "Team", "Supplier")
"""Kinds that scorecards tell of, beside those that name a service."""


def _level_problems(settings: PolicySettings, catalogue: Catalogue) -> Iterator[Problem]:
    """What is wrong with the levels of scorecards: policies that nobody has, or that say nothing of a service or team,
    and what stands twice."""
    seen: dict[str, str] = {}
    for number, level in enumerate(settings.levels):
        at: Pointer = ("spec", "policies", "levels", number)
        if level.name in [before.name for before in settings.levels[:number]]:
            yield Problem(f"the level '{level.name}' stands twice", (*at, "name"), "give each level a name of its own")
        for index, name in enumerate(level.policies):
            place, policy = (*at, "policies", index), catalogue.get("Policy", name)
            if policy is None and name not in catalogue.names("Policy"):
                remedy = did_you_mean(name, catalogue.names("Policy")) or "'itsm policy list' shows those that apply"
                yield Problem(f"there is no policy '{name}'", place, remedy)
            elif settings.exclusion(name) is not None:
                yield Problem(f"the policy '{name}' does not apply here: it is excluded", place, "take it out of one")
            elif name in seen:
                yield Problem(f"the policy '{name}' is asked for by '{seen[name]}' already", place, "keep one of them")
            elif policy is not None and not any(map(partial(_is_told_of, catalogue), policy.spec["match"]["kinds"])):
                message = f"the policy '{name}' looks at nothing that tells of a service or a team"
                yield Problem(message, place, "name one about services, teams, suppliers or records of a service")
            seen.setdefault(name, level.name)


def _is_told_of(catalogue: Catalogue, name: str) -> bool:
    kind = catalogue.registry.get(name)
    fields = kind.schema["properties"]["spec"].get("properties", {}) if kind is not None else {}
    return name in _TOLD_OF or not {"service", "services"}.isdisjoint(fields)


def _parameter_problems(policy: Record, values: Mapping[str, Any], at: Pointer) -> Iterator[Problem]:
    declared = policy.spec.get("params", {})
    for name, value in values.items():
        if name not in declared:
            remedy = did_you_mean(name, declared) or (
                f"its parameters are: {', '.join(sorted(declared))}" if declared else "it has no parameters"
            )
            yield Problem(f"the policy '{policy.name}' has no parameter '{name}'", (*at, name), remedy)
        elif wrong := type_mismatch(value, declared[name]["default"]):
            yield Problem(
                f"the parameter '{name}' {wrong}", (*at, name), f"its default is {in_line(declared[name]['default'])}"
            )


def type_mismatch(value: Any, default: Any) -> str | None:
    """How the type of a parameter's value differs from that of its default, whose items are all alike."""
    wanted, actual = type_of(default), type_of(value)
    if wanted != actual:
        return f"is {wanted}, not {actual}"
    items = value if isinstance(default, list) and default else ()
    wrong = next((wrong for item in items if (wrong := type_mismatch(item, default[0]))), None)
    return f"is a list of which each item {wrong}" if wrong else None


def type_of(value: Any) -> str:
    """The type of a value as people say it."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    names: dict[type, str] = {str: "text", list: "a list", dict: "a mapping"}
    return names.get(type(value), "nothing")
