"""How controls stand, and what they rest on beside the records: the git repository is asked only where one does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from itsm_as_code.assurance.deployments import Line
    from itsm_as_code.cache import Cache
    from itsm_as_code.cli._cache import CacheOptions
    from itsm_as_code.cli._times import Said
    from itsm_as_code.cli.output import Session
    from itsm_as_code.compliance import Known
    from itsm_as_code.compliance.known import Approval, Deployment
    from itsm_as_code.git.history import Walk
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.reports.compliance import Compliance
    from itsm_as_code.validation import Validation


def compliance(
    session: Session, cache: CacheOptions, between: tuple[Said | None, Said | None], drawn: tuple[int, str], by: str,
    rev: str | None,
) -> Compliance:  # fmt: skip
    """How all controls stand between two instants (their own periods), with ``drawn``: how many of each, and by which
    seed. UsageError without records."""
    from itsm_as_code.compliance import Sample, assess_controls
    from itsm_as_code.compliance.clauses import coverage
    from itsm_as_code.gate.agenda import history_of
    from itsm_as_code.reports.compliance import Compliance, Row
    from itsm_as_code.validation import assess_catalogue, load_rule_set

    rule_set = load_rule_set(session.snapshot(rev), cache.records(session))
    if not rule_set.catalogue.records:
        raise session.no_records()
    configuration, (sample, seed) = rule_set.configuration, drawn
    begins, ends = (said.at(session, configuration) if said else None for said in between)
    opened, now = cache.opened_for(session), session.instant(configuration.as_of)
    validation = assess_catalogue(rule_set.catalogue, rule_set, now)
    known = known_of(session.directory, rev, validation, history_of(session.directory, rev, opened), opened)
    found = assess_controls(validation, known, (begins, ends), Sample(sample, seed))
    controls = validation.catalogue.of_kind("Control")
    rows = tuple(
        Row(item.name, item.title, item.spec["framework"], item.spec["clause"], item.spec.get("owner", ""),
            found[item.name], item.spec)
        for item in controls
    )  # fmt: skip
    told = coverage((item.name, item.spec, found[item.name].status) for item in controls)
    rule = f"the {sample} names of each population whose SHA-256 of '{seed}:NAME' is least" if sample else ""
    policies = {item.name: item.title for item in validation.catalogue.of_kind("Policy")}
    return Compliance(now, by, rows, told, rule, configuration.organisation_name, policies)


def known_of(
    folder: Path, rev: str | None, validation: Validation, history: Walk | None, cache: Cache | None = None
) -> Known:
    """What is known of approvals, deployments and the forge; of a revision, or of the default branch."""
    from itsm_as_code.assurance.for_controls import forge_answers, started
    from itsm_as_code.compliance import Known
    from itsm_as_code.errors import GitError
    from itsm_as_code.git.repository import Repository

    controls = validation.catalogue.of_kind("Control") if "Control" in validation.registry.kinds else ()
    if not controls:
        return Known()
    types = {entry["type"] for control in controls for entry in control.spec.get("evidence", ())}
    facts, now, changes = validation.facts, validation.now, validation.catalogue.of_kind("Change")
    settings = validation.configuration.evidence
    try:
        repository: Repository | None = Repository(folder)
    except GitError:
        repository = None
    lines = lines_of(repository, validation, cache, is_whole="deployments" in types)
    told = started(lines, changes) if not isinstance(lines, str) else {}
    return Known(
        _approvals(repository, rev, validation, told, cache) if "gate" in types else Known().approvals,
        Known().deployments if "deployments" not in types else _told(lines, facts, now),
        told,
        forge_answers(validation.catalogue, settings, facts, now) if "forge" in types else {},
        {path: found.last for path, found in history.revised.items()} if history is not None else Known().revised,
        cache,
    )


def _told(lines: Sequence[Line] | str, facts: Facts, now: datetime) -> tuple[Deployment, ...] | str:
    from itsm_as_code.assurance.for_controls import deployments

    return lines if isinstance(lines, str) else deployments(lines, facts, now)


def lines_of(
    repository: Repository | None, validation: Validation, cache: Cache | None, *, is_whole: bool
) -> Sequence[Line] | str:
    """All statements of deployments, or those of changes that do not say when they began; or why there are none."""
    from itsm_as_code.assurance.deployments import deployers
    from itsm_as_code.assurance.verified import read_known_lines
    from itsm_as_code.git import lines
    from itsm_as_code.git.notes import tip

    raw = validation.configuration.raw
    if "deployers" not in raw:
        return "itsm.yaml names no deployer, so nothing says what was deployed (itsm deployed)"
    if repository is None or tip(repository, lines.DEPLOYMENTS) is None:
        return f"this clone has no statements of deployments ({lines.DEPLOYMENTS})"
    content = lines.read(repository, tip(repository, lines.DEPLOYMENTS))
    silent = {item.name for item in validation.catalogue.of_kind("Change") if "actual" not in item.spec}
    return read_known_lines(content, deployers(raw), None if is_whole else silent, cache)


def _approvals(
    repository: Repository | None, rev: str | None, validation: Validation, told: Mapping[str, datetime],
    cache: Cache | None,
) -> Mapping[str, Approval] | str:  # fmt: skip
    from itsm_as_code.assurance.for_controls import approvals
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.processes import cores

    if repository is None:
        return "the records are in no git repository, so there is no evidence of merges"
    try:
        tip = repository.commit(rev or default_branch(repository))
        ledger = Ledger(at_root(repository, tip), tip, branch_name(repository), validation.now)
    except ItsmError as error:
        return error.message
    return approvals(ledger, validation.catalogue.of_kind("Change"), told, cache, cores())
