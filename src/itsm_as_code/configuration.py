"""``itsm.yaml``: what a repository of records says about itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from itsm_as_code import clock
from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import Finding, Location, Problem, Rule, Severity
from itsm_as_code.measures.priority import PROFILES, PriorityMatrix, matrix
from itsm_as_code.measures.risk_table import RiskTable, read_table, shipped_table
from itsm_as_code.records.document import load
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.taken_over import CutOver
from itsm_as_code.snapshot import Snapshot

PATH = "itsm.yaml"
CONFIGURATION = Rule(
    "configuration",
    "itsm.yaml is there and fits its schema",
    Severity.ERROR,
    "itsm.yaml names the organisation, its time zone and its tables. `itsm schema configuration` prints its schema, "
    "`itsm init` writes a first one.",
)
RULES = (CONFIGURATION,)


@dataclass(frozen=True, slots=True)
class PackChoice:
    """A policy pack that itsm.yaml switches on; ``version`` is a prefix of the wanted one, empty for any."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """How a policy is set here instead of as it says itself; what is None or missing stays as it is."""

    policy: str
    reason: str
    severity: Severity | None = None
    since: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A policy that does not apply here, and why."""

    policy: str
    reason: str


@dataclass(frozen=True, slots=True)
class Level:
    """A level that services and teams reach by policies; ``by`` is the day by which all are to have done so."""

    name: str
    policies: tuple[str, ...]
    by: date | None = None


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """``spec.policies`` of itsm.yaml, in its order; ``policies/packs.py`` says whether what it names is there."""

    packs: tuple[PackChoice, ...] = ()
    overrides: tuple[Override, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    levels: tuple[Level, ...] = ()
    """The lowest first."""

    def override(self, policy: str) -> Override | None:
        """How a policy is set here, or None."""
        return next((item for item in self.overrides if item.policy == policy), None)

    def exclusion(self, policy: str) -> Exclusion | None:
        """Why a policy does not apply here, or None for one that does."""
        return next((item for item in self.exclusions if item.policy == policy), None)


@dataclass(frozen=True, slots=True)
class EvidenceKey:
    """A public key that signs evidence of merges in ``[begins, ends)``; None where it is open on that side.

    ``compromised``: what it signed for merges from ``begins`` on counts for nothing.
    """

    key: str
    begins: datetime | None = None
    ends: datetime | None = None
    compromised: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """``spec.evidence`` of itsm.yaml. ``since`` is a full commit id, ``start``, or None."""

    since: str | None = None
    repository: str | None = None
    keys: tuple[EvidenceKey, ...] = ()
    required: bool = True
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """An account of a forge, by its number, that makes commits for people without git."""

    forge: str
    account: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of a repository; every field has a default that serves a small organisation."""

    organisation_name: str = "This organisation"
    organisation_url: str | None = None
    organisation_description: str | None = None
    timezone: str = "UTC"
    as_of: datetime | None = None
    default_branch: str = "main"
    forge_url: str | None = None
    site_title: str = "Service management"
    site_language: str = "en"
    site_url: str | None = None
    site_logo: str | None = None
    priority_matrix: PriorityMatrix = PROFILES["3x3"]
    risk_table: RiskTable = field(default_factory=shipped_table)
    policies: PolicySettings = PolicySettings()
    evidence: EvidenceSettings = EvidenceSettings()
    cut_over: CutOver | None = None
    doors: tuple[Door, ...] = ()
    source: bytes = field(default=b"", repr=False)
    raw: Mapping[str, Any] = field(default_factory=dict)


def load_configuration(snapshot: Snapshot, registry: KindRegistry) -> tuple[Configuration, list[Finding]]:
    """The configuration of a snapshot, and what is wrong with it; the defaults when there is none."""
    entry = snapshot.entries.get(PATH)
    if entry is None:
        return Configuration(), []
    if not entry.is_regular:
        return Configuration(), [_finding("itsm.yaml is not a regular file")]
    content = next(iter(snapshot.read_many([PATH])))[1]
    if isinstance(content, OSError):
        return Configuration(), [_finding(f"cannot be read: {content.strerror}")]
    configuration, findings = read_configuration(content, registry)
    problem = _logo_problem(snapshot, configuration.site_logo)
    if problem is not None:  # a warning: by an error nothing could be judged, nor the logo mended
        findings = [*findings, *(replace(item, severity=Severity.WARNING) for item in _placed([problem], content))]
    return configuration, findings


def _logo_problem(snapshot: Snapshot, path: str | None) -> Problem | None:
    """What keeps the logo that itsm.yaml names from being shown."""
    if path is None:
        return None
    at, entry = ("spec", "site", "logo"), snapshot.entries.get(path)
    if entry is None or not entry.is_regular:
        return Problem(f"there is no file '{path}'", at, "name an SVG or PNG file from the top of the repository")
    content = next(iter(snapshot.read_many([path])))[1]
    if isinstance(content, OSError):
        return Problem(
            f"'{path}' cannot be read: {content.strerror}", at, "name a smaller file, or mend its permissions"
        )
    is_picture = content.startswith(b"\x89PNG\r\n") if path.endswith(".png") else b"<svg" in content[:4096]
    return None if is_picture else Problem(f"'{path}' is no picture of its kind", at, "save it as SVG or PNG")


def read_configuration(content: bytes, registry: KindRegistry) -> tuple[Configuration, list[Finding]]:
    """The configuration that a file's content gives, and what is wrong with it; the defaults when anything is."""
    document = load(PATH, content)
    if isinstance(document, Finding):
        return Configuration(), [document]
    problems = registry.validator("configuration.schema.json").problems(document.data, content)
    if not problems:
        risk_table, problems = read_table(document.data["spec"].get("risk", {}))
    if not problems:
        try:
            return _read(document.data["spec"], risk_table, content), []
        except ConfigurationError as error:
            problems = [Problem(error.message, ("spec", "priority", "matrix"), error.remedy)]
    return Configuration(), _placed(problems, content)


def _placed(problems: Iterable[Problem], content: bytes) -> list[Finding]:
    from itsm_as_code.records.positions import place_findings

    return place_findings([_finding(problem.message, problem) for problem in problems], {PATH: content})


def _finding(message: str, problem: Problem | None = None) -> Finding:
    location = Location(PATH, pointer=problem.pointer if problem else None)
    return Finding(CONFIGURATION.id, Severity.ERROR, location, message, problem.remedy if problem else "mend the file")


def _read(spec: Mapping[str, Any], risk_table: RiskTable, source: bytes) -> Configuration:
    organisation, site = spec.get("organisation", {}), spec.get("site", {})
    name = organisation.get("name", "This organisation")
    return Configuration(
        organisation_name=name,
        organisation_url=organisation.get("url"),
        organisation_description=organisation.get("description"),
        timezone=spec.get("timezone", "UTC"),
        as_of=clock.parse_instant(spec["asOf"]) if "asOf" in spec else None,
        default_branch=spec.get("defaultBranch", "main"),
        forge_url=spec.get("forge", {}).get("url"),
        site_title=site.get("title", f"{name}: services"),
        site_language=site.get("language", "en"),
        site_url=site.get("url"),
        site_logo=site.get("logo"),
        priority_matrix=_matrix(spec.get("priority", {})),
        risk_table=risk_table,
        policies=_policies(spec.get("policies", {})),
        evidence=_evidence(spec.get("evidence", {})),
        cut_over=CutOver.read(spec["takenOver"], spec.get("timezone", "UTC")) if "takenOver" in spec else None,
        doors=tuple(Door(item["forge"], item["account"]) for item in spec.get("doors", ())),
        source=source,
        raw=spec,
    )


def _matrix(priority: Mapping[str, Any]) -> PriorityMatrix:
    """ConfigurationError for a matrix that is not total and monotone."""
    return matrix(priority["matrix"]) if "matrix" in priority else PROFILES[priority.get("profile", "3x3")]


def _policies(spec: Mapping[str, Any]) -> PolicySettings:
    packs = ({"name": pack} if isinstance(pack, str) else pack for pack in spec.get("packs", ()))
    return PolicySettings(
        tuple(PackChoice(pack["name"], str(pack.get("version", ""))) for pack in packs),
        tuple(
            Override(
                item["policy"],
                item["reason"],
                Severity(item["severity"]) if "severity" in item else None,
                item.get("since"),
                item.get("params", {}),
            )
            for item in spec.get("overrides", ())
        ),
        tuple(Exclusion(item["policy"], item["reason"]) for item in spec.get("exclude", ())),
        tuple(
            Level(item["name"], tuple(item["policies"]), clock.parse_date(item["by"]) if "by" in item else None)
            for item in spec.get("levels", ())
        ),
    )


def _evidence(spec: Mapping[str, Any]) -> EvidenceSettings:
    keys = tuple(
        EvidenceKey(
            " ".join(item["key"].split()[:2]),
            clock.parse_instant(item["from"]) if "from" in item else None,
            clock.parse_instant(item["until"]) if "until" in item else None,
            item.get("compromised", False),
        )
        for item in spec.get("keys", ())
    )
    required = spec.get("required", True)
    return EvidenceSettings(spec.get("since"), spec.get("repository"), keys, required, spec.get("reason"))
