"""Exports of `itsm export` that say records in forms of others: tables of a kind, code owners, Backstage entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._options import common_options
from itsm_as_code.wording import count

if TYPE_CHECKING:
    from itsm_as_code.cli.output import Session


@click.command("csv")
@click.argument("kind_name", metavar="KIND", shell_complete=_complete.kinds)
@common_options("")
def csv(session: Session, kind_name: str) -> int:
    """Write the records of a kind as a table.

    Columns are all fields of the kind, called as a mapping of 'itsm import csv' calls them, in the order of the schema;
    a [] stands for the items of a list, which stand in one cell with '; ' between them. A cell that a spreadsheet would
    take for a formula begins with an apostrophe, and line breaks in it are written \\n.

    \b
    Example:
      itsm export csv Service --output services.csv
      itsm export csv changes
    """
    from itsm_as_code.cli._records import Work
    from itsm_as_code.interchange._kind_table import columns, rows
    from itsm_as_code.reports import table

    work = Work.of(session)
    kind = work.kind(kind_name)
    files = [path for path in work.files.by_path if work.registry.of_path(path) == kind]
    records = [record for record in work.told if record.id.kind == kind.name]
    valid = [record for record in records if record.valid]
    bad = sorted({*files, *(record.path for record in records)} - {record.path for record in valid})
    session.write(table.csv(columns(kind), rows(kind, valid)))
    if bad:
        what = count(len(bad), "file")
        session.say(f"left out {what} without a valid record; 'itsm validate' says why: {', '.join(bad[:3])}")
    return 1 if bad else 0


@click.command("codeowners")
@common_options("")
def codeowners(session: Session) -> int:
    """Write CODEOWNERS from approval policies.

    GitHub asks whom it names to review. A team is named by its annotation github.com/team-slug, or else by the accounts
    of its members. What a policy says and CODEOWNERS cannot (conditions, counts, who is affected) stands in it as a
    comment, and is said. The gate goes on to decide.

    \b
    Example:
      itsm export codeowners --output .github/CODEOWNERS
    """
    from itsm_as_code.cli._workflows import prefix_of
    from itsm_as_code.errors import UsageError
    from itsm_as_code.interchange.codeowners import export
    from itsm_as_code.reports import escape
    from itsm_as_code.validation import load_rule_set

    snapshot = session.snapshot()
    catalogue = load_rule_set(snapshot).catalogue
    if not catalogue.records:
        raise session.no_records()
    if not catalogue.of_kind("ApprovalPolicy"):
        raise UsageError("there is no valid ApprovalPolicy", remedy="write one, or mend what 'itsm validate' says")
    found = export(catalogue, sorted(snapshot.entries), prefix_of(session.directory))
    left_out = [escape.terminal(sentence) for sentence in found.left_out]
    for sentence in left_out:
        session.say(f"not said: {sentence}")
    head = "# Written by 'itsm export codeowners' from the approval policies. It cannot say:"
    session.write("\n".join([head, *(f"# - {sentence}" for sentence in left_out), "", *found.lines, ""]))
    return 0


@click.command("backstage")
@common_options("")
def backstage(session: Session) -> int:
    """Write entities for Backstage.

    They are of services, teams and people, and come in again with 'itsm import backstage'. Fields
    that do not come back, for Backstage has no place for them, are named with the number of their records.

    \b
    Example:
      itsm export backstage --output catalog-info.yaml
    """
    from itsm_as_code.interchange._backstage_export import KINDS, export
    from itsm_as_code.validation import load_rule_set

    catalogue = load_rule_set(session.snapshot()).catalogue
    if not any(catalogue.of_kind(kind) for kind in KINDS):
        raise session.no_records()
    found = export(catalogue)
    for field, records in sorted(found.lost.items()):
        session.say(f"comes back otherwise, or not at all: {field} ({count(records, 'record')})")
    session.write(found.text)
    return 0
