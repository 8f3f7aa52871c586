"""itsm explain."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._explain_kind import wrapped
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._rules import all_rules
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.cli._records import Work
    from itsm_as_code.findings import Rule
    from itsm_as_code.records.catalogue import Catalogue, Record


@click.command("explain")
@click.argument("subject", required=False, shell_complete=_complete.subjects)
@click.option("--list", "list_all", is_flag=True, help="List every rule.")
@common_options()
def command(session: Session, subject: str | None, list_all: bool) -> int:
    """Explain a rule, a kind, a field or a record. Alone, it lists kinds and rules.

    SUBJECT is a rule or policy (as findings name it), a kind, a field of a kind (Kind.field), or a record (its name, or
    Kind/name).

    \b
    Example:
      itsm explain change-in-freeze
      itsm explain Change
      itsm explain Change.schedule.start
      itsm explain Service/payments-api
    """
    from itsm_as_code.cli import _explain_kind
    from itsm_as_code.cli._records import Work

    work = Work.over(session)
    head, dot, field = (subject or "").partition(".")
    kind = next((kind for kind in work.registry if kind.name.casefold() == head.casefold()), None)
    if kind is not None and not list_all:
        session.write(_explain_kind.explain_field(work, kind, field) if dot else _explain_kind.explain_kind(kind))
        return 0
    if subject is None or list_all:
        rules, policies = all_rules(), {record.name: record.title for record in work.catalogue.of_kind("Policy")}
        titles = {rule.id: rule.title for rule in rules.values()} | policies
        kinds = {} if list_all else {kind.name: kind.description for kind in work.registry}
        session.write("\n".join(filter(None, (_listed("Kinds", kinds), _listed("Rules", titles, bare=list_all)))))
        return 0
    session.write(_explain(work, subject.removeprefix("finding:")))
    return 0


def _listed(title: str, meanings: dict[str, str], *, bare: bool = False) -> str:
    """Names with their meanings, below a title; nothing for none."""
    width = max(map(len, meanings), default=0)
    indent = "" if bare else "  "
    lines = [f"{indent}{name:<{width}}  {meaning}\n" for name, meaning in sorted(meanings.items())]
    return "".join(lines if bare or not lines else [f"{title}:\n", *lines])


def _explain(work: Work, subject: str) -> str:
    from itsm_as_code.checks import is_check, rule_of
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    if is_check(subject):
        return _rule(rule_of(subject))
    if said := _own_record(work, subject):
        return said
    rules, catalogue = all_rules(), work.catalogue
    if subject in rules:
        return _rule(rules[subject])
    if said := _records(subject, catalogue):
        return said
    known = [*rules, *(kind.name for kind in catalogue.registry), *(record.name for record in catalogue)]
    remedy = did_you_mean(subject, known) or "'itsm explain' alone lists kinds and rules"
    raise UsageError(f"there is no rule, kind or record '{subject}'", remedy=remedy)


def _own_record(work: Work, subject: str) -> str:
    """A record that only this repository can have: nothing is loaded of policy packs, nor of rules."""
    from itsm_as_code.cli._records import IN_PACKS

    name = subject.rpartition("/")[2]
    kinds = {record.id.kind for record in work.files if record.name == name}
    return _records(subject, work.around([name])) if kinds and IN_PACKS.isdisjoint(kinds) else ""


def _records(subject: str, catalogue: Catalogue) -> str:
    """The records of that name, or the empty string."""
    kind_name, _, name = subject.rpartition("/")
    found = [
        record
        for record in catalogue
        if record.name == name and (not kind_name or record.id.kind.casefold() == kind_name.casefold())
    ]
    return "\n".join(_policy(record) if record.id.kind == "Policy" else _record(record, catalogue) for record in found)


def _rule(rule: Rule) -> str:
    source = f"\nSource: {rule.source}\n" if rule.source else ""
    return f"{rule.id} ({rule.severity})\n{rule.title}\n\n{wrapped(rule.explanation)}\n{source}"


def _policy(record: Record) -> str:
    from itsm_as_code.reports.escape import terminal

    spec = record.spec
    parts = [
        f"{record.name} ({spec['severity']}, a policy of {_home(record)}: {record.path})",
        terminal(record.title),
        "",
    ]
    if "rationale" in spec:
        parts += [wrapped(terminal(spec["rationale"])), ""]
    parts += [f"Matches: {', '.join(spec['match']['kinds'])}"]
    if "where" in spec["match"]:
        parts += ["Where:", textwrap.indent(spec["match"]["where"].strip(), "  ")]
    parts += [
        "Requires:",
        textwrap.indent(spec["require"].strip(), "  "),
        f"How to mend it: {terminal(spec['remedy'])}",
    ]
    if spec.get("controls"):
        parts.append(f"Controls: {', '.join(spec['controls'])}")
    if "clauses" in spec:
        clauses = [f"{item['framework']} {item['clause']}" for item in spec["clauses"]]
        parts.append(f"Clauses: {terminal('; '.join(clauses))}")
    parts += ["Examples:", *(f"  {example['expect']}: {terminal(example['name'])}" for example in spec["examples"]), ""]
    return "\n".join(parts)


def _home(record: Record) -> str:
    return f"pack {record.pack}, which comes with the program" if record.pack else "this repository"


def _record(record: Record, catalogue: Catalogue) -> str:
    from itsm_as_code.findings import format_pointer
    from itsm_as_code.reports.escape import terminal

    parts = [f"{record.id}: {terminal(record.title)}", f"  {record.path}"]
    description = record.data["metadata"].get("description")
    if description:
        parts += ["", wrapped(terminal(description))]
    outgoing = [f"  {reference.name} ({format_pointer(reference.pointer)})" for reference in record.references()]
    incoming = [
        f"  {other.id} ({format_pointer(pointer)})" for other, pointer in catalogue.referrers.get(record.id, ())
    ]
    parts += ["", "Refers to:", *(outgoing or ["  nothing"]), "Referred to by:", *(incoming or ["  nobody"]), ""]
    return "\n".join(parts)
