"""itsm audit forge."""

from __future__ import annotations

import click

from itsm_as_code.cli._forge import ForgeOptions, connect, merge_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("forge")
@merge_options
@click.option("--rev", metavar="REV", help="Whose approval rules (default: the default branch as origin has it).")
@common_options("audit_forge")
def command(session: Session, forge: ForgeOptions, rev: str | None) -> int:
    """Ask whether the gate can be walked round. Exit code 0: no; 1: yes; 2: the settings could not be seen.

    Reads rulesets, branch protection and the settings of the project, and whether workflows can be changed without
    governance. It needs a token that may read them: one who may not see a bypass must not call it closed. With
    --format json --output FILE the dated answer is kept as evidence.

    \b
    Example:
      itsm audit forge --forge github --repo our-organisation/records
      itsm audit forge --forge gitlab --format json --output forge.json
      itsm audit forge --forge gitea --repo our-organisation/records --api-url https://gitea.example.org/api/v1
    """
    from itsm_as_code.assurance.forge_audit import audit
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.errors import UsageError
    from itsm_as_code.forges.settings import holes
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.validation import load_rule_set

    if forge.is_local:
        raise UsageError("which forge?", remedy="name it: --forge github, gitlab or gitea")
    repository = Repository(session.directory)
    commit = repository.commit(rev or default_branch(repository))
    branch = forge.into or branch_name(repository)
    connection = connect(forge, repository)
    rule_set = load_rule_set(at_root(repository, commit).snapshot(commit))
    found = holes(forge.name, connection.client, connection.repository, branch)
    at = session.instant(rule_set.configuration.as_of)
    result = audit(forge.name, connection.repository, branch, commit, at, found, rule_set.catalogue)
    session.report("audit_forge", result)
    return 0 if result.passed else 1
