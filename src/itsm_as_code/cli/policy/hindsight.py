"""itsm policy hindsight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import BORDER, Said
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.compliance.hindsight import Moment
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.policies.policy import Policy
    from itsm_as_code.validation import RuleSet


@click.command("hindsight")
@click.argument("policy", shell_complete=_complete.policies)
@click.option("--from", "begins", type=BORDER, metavar="WHEN", help="Changes that ended from then on (twelve months).")
@click.option("--to", "ends", type=BORDER, metavar="WHEN", help="And before then (now).")
@click.option(
    "--at",
    "moment",
    type=click.Choice(["start", "proposal", "history"]),
    default="start",
    show_default=True,
    help="When the rule is asked: as the work began, on the day of proposal, or as git had it before.",
)
@common_options("policy_hindsight")
def command(session: Session, policy: str, begins: Said | None, ends: Said | None, moment: str) -> int:
    """Tell what a rule would have stopped, and what of that failed.

    POLICY is the name of a policy for changes, or the file of one that need not be in force. Every change that ended is
    put back to where it was to act, without what was recorded later. What the rule would have stopped is joined with
    how it ended, and with the incidents that it caused, as counts with names.

    \b
    Example:
      itsm policy hindsight change-has-rehearsed-backout
      itsm policy hindsight drafts/no-friday-changes.yaml --from 2026-01-01
    """
    from itsm_as_code.cli.report._figures import Figures, known, population
    from itsm_as_code.compliance.hindsight import hindsight

    found = known(session, Figures(begins, ends, None))
    chosen = _policy(session, found.rule_set, policy)
    table = found.rule_set.configuration.risk_table
    people, asked = population(session, found), _history(session) if moment == "history" else None
    when: Moment = "proposal" if moment == "proposal" else "start"
    session.report("policy_hindsight", hindsight(chosen, people, found.period, table, when, asked))
    return 0


def _policy(session: Session, rule_set: RuleSet, said: str) -> Policy:
    """The one policy that is meant; UsageError where it is none for changes, or does not compile."""
    from pathlib import Path

    from itsm_as_code.cli._paths import located
    from itsm_as_code.cli.policy import _select
    from itsm_as_code.errors import UsageError
    from itsm_as_code.policies.cel import Environment
    from itsm_as_code.policies.policy import POLICY_COMPILES, Policy
    from itsm_as_code.records.facts import Facts

    place = located(session, Path(said))
    known = {record.name for record in rule_set.catalogue.of_kind("Policy")}
    if said not in known and place.is_file():
        chosen = [_of_file(rule_set, place)]
    else:
        settings = rule_set.configuration.policies
        found = _select.policies(rule_set, session, (said,))
        chosen = [Policy(one.record, settings.override(one.name)) for one in found]
    if len(chosen) != 1:
        names = ", ".join(one.name for one in chosen[:5])
        raise UsageError(f"'{said}' names {len(chosen)} policies", remedy=f"name one of them: {names}")
    if "Change" not in chosen[0].kinds:
        kinds = ", ".join(chosen[0].kinds)
        raise UsageError(f"{chosen[0].name} is for {kinds}", remedy="name a policy that is for Change")
    environment = Environment(Facts.of(rule_set.catalogue, rule_set.configuration.timezone))
    for rule, problem in chosen[0].problems(environment, rule_set.registry):
        if rule is POLICY_COMPILES:
            raise UsageError(f"{chosen[0].name} does not compile: {problem.message}", remedy="mend its expressions")
    return chosen[0]


def _of_file(rule_set: RuleSet, place: object) -> Policy:
    """The policy of a file; UsageError where it holds none."""
    from pathlib import Path

    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import Finding, RecordId
    from itsm_as_code.policies.policy import Policy
    from itsm_as_code.records.catalogue import Record
    from itsm_as_code.records.document import load

    path = Path(str(place))
    content, kind = path.read_bytes(), rule_set.registry["Policy"]
    document = load(path.name, content)
    if isinstance(document, Finding):
        raise UsageError(f"{document.location}: {document.message}", remedy=document.remedy)
    wrong = next(iter(kind.validator.problems(document.data, content)), None)
    if wrong is not None or document.data.get("kind") != "Policy":
        message = wrong.message if wrong is not None else "it is another kind of record"
        raise UsageError(
            f"{path.name} is no policy: {message}", remedy="mend it; 'itsm schema Policy' says what it needs"
        )
    name = document.data["metadata"]["name"]
    return Policy(Record(RecordId("Policy", name), kind, document.data, path.name, content))


def _history(session: Session) -> tuple[Repository, str]:
    """The repository as seen from where its records lie, and the commit that is checked out."""
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository

    repository = Repository(session.directory)
    commit = repository.commit("HEAD")
    return at_root(repository, commit), commit
