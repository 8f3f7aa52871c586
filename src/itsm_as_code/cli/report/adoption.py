"""itsm report adoption."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session
from itsm_as_code.cli.report._figures import Figures, period_options

if TYPE_CHECKING:
    from datetime import datetime

    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.cli.report._figures import Known
    from itsm_as_code.figures import Authorisation

Landings = tuple["tuple[datetime, str, bool]", ...]
Deployments = tuple["tuple[datetime, str, str, bool]", ...]


@click.command("adoption")
@period_options
@common_options("adoption")
def command(session: Session, figures: Figures) -> int:
    """Report whether people work in the new way.

    The share of deployments that changes covered, pushes past pull requests by signed evidence, who is trained; of each
    initiative what was told, reached and taught; and what improvements brought, worked out where they name a figure:
    better, worse or no evidence, with the interval. What others reach stands beside it. Exit code 0.

    \b
    Example:
      itsm report adoption
      itsm report adoption --from 2026-07-01 --format markdown
    """
    from itsm_as_code.cli.report._figures import known
    from itsm_as_code.figures import Seen
    from itsm_as_code.reports.adoption import Adoption

    found = known(session, figures)
    remarks: list[str] = []
    landings, authorisations = _by_evidence(session, found, remarks)
    deployments = _deployments(session, found, remarks)
    seen = Seen(found.facts, found.now, landings, deployments, authorisations)
    report = Adoption(seen, found.period, tuple(remarks))
    session.report("adoption", report)
    return 0


def _by_evidence(
    session: Session, found: Known, remarks: list[str]
) -> tuple[Landings | str, tuple[Authorisation, ...] | str]:
    """Landings and authorisations, or for both why they are not known."""
    ledger = _ledger(session)
    landings = ledger if isinstance(ledger, str) else _landings(ledger, remarks)
    if isinstance(ledger, str) or isinstance(landings, str):
        return str(landings), str(landings)
    return landings, _authorisations(session, found, ledger)


def _ledger(session: Session) -> Ledger | str:
    """The evidence of the default branch, or why there is none to ask."""
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository

    try:
        repository = Repository(session.directory)
        tip = repository.commit(default_branch(repository))
        return Ledger(at_root(repository, tip), tip, branch_name(repository), session.instant(None))
    except ItsmError as error:
        return error.message


def _landings(ledger: Ledger, remarks: list[str]) -> Landings | str:
    """Each landing since evidence is asked for, or why none is known; with a remark on those that are left out."""
    from itsm_as_code.assurance.audit import Asked, audit
    from itsm_as_code.clock import parse_instant
    from itsm_as_code.errors import ItsmError

    try:
        units = audit(ledger, Asked()).units
    except ItsmError as error:
        return error.message
    dated = [unit for unit in units if unit.merged_at is not None]
    if len(dated) < len(units):
        remarks.append(f"{len(units) - len(dated)} of {len(units)} landings have no evidence, and are left out.")
    pushed = {"direct-push"}
    return tuple(
        (parse_instant(str(unit.merged_at)), unit.commit, pushed.isdisjoint(one.code for one in unit.findings))
        for unit in dated
    )


def _authorisations(session: Session, found: Known, ledger: Ledger) -> tuple[Authorisation, ...]:
    """The changes that approved merges authorised since evidence is asked for, with the commits that proposed them."""
    from itsm_as_code.assurance.starts import authorisations
    from itsm_as_code.cli.report._figures import stages
    from itsm_as_code.figures import Authorisation

    known, told = stages(session, found) or {}, []
    for change, commit in authorisations(ledger, found.rule_set.catalogue.of_kind("Change")):
        evidence, proposed = ledger.covering(commit), known[change.name].proposed if change.name in known else None
        if evidence.statement is not None and evidence.approved and proposed is not None:
            services = tuple(change.spec["services"])
            told.append(Authorisation(change.name, services, proposed, evidence.statement.merged_at))
    return tuple(told)


def _deployments(session: Session, found: Known, remarks: list[str]) -> Deployments | str:
    """Each deployment that statements of this clone tell of, or why none is known; with a remark on those left out."""
    import os

    from itsm_as_code.assurance.deployment_audit import join
    from itsm_as_code.assurance.deployments import deployers, read_lines
    from itsm_as_code.assurance.ran import of_lines
    from itsm_as_code.git.user import deployments

    raw = found.rule_set.configuration.raw
    if "deployers" not in raw:
        return "itsm.yaml names no deployers"
    told = join(of_lines(read_lines(deployments(session.directory, os.environ), deployers(raw))), found.facts,
                (None, found.now))  # fmt: skip
    if told.skipped:
        remarks.append(f"{len(told.skipped)} deployment statements could not be used, and are left out.")
    return tuple((one.ran.start, one.ran.service, one.ran.place, not one.findings) for one in told.deployments)
