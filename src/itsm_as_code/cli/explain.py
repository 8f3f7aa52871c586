"""itsm explain."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.findings import Rule
    from itsm_as_code.records.catalogue import Catalogue, Record
    from itsm_as_code.records.kinds import Kind


@click.command("explain")
@click.argument("subject", required=False)
@click.option("--list", "list_all", is_flag=True, help="List every rule.")
@common_options()
def command(session: Session, subject: str | None, list_all: bool) -> int:
    """What a rule asks, why, and how to mend it; what a kind holds; who refers to a record.

    SUBJECT is a rule or policy (as findings name it), a kind, or a record (its name, or Kind/name).

    \b
    Example:
      itsm explain change-in-freeze
      itsm explain Change
      itsm explain Service/payments-api
    """
    from itsm_as_code.validation import load_rule_set

    rules = all_rules()
    catalogue = load_rule_set(session.snapshot()).catalogue
    if subject is None or list_all:
        policies = {record.name: record.title for record in catalogue.of_kind("Policy")}
        titles = {rule.id: rule.title for rule in rules.values()} | policies
        width = max(map(len, titles))
        session.write("".join(f"{name:<{width}}  {title}\n" for name, title in sorted(titles.items())))
        return 0
    session.write(_explain(subject.removeprefix("finding:"), rules, catalogue))
    return 0


def all_rules() -> dict[str, Rule]:
    """Every rule that any command can report, by id; the policies of a repository come on top."""
    from itsm_as_code import interchange
    from itsm_as_code.gate.evaluation import RULES
    from itsm_as_code.records import formatting
    from itsm_as_code.validation import built_in_rules

    return built_in_rules() | interchange.rules() | {rule.id: rule for rule in (*RULES, *formatting.RULES)}


def _explain(subject: str, rules: dict[str, Rule], catalogue: Catalogue) -> str:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    kinds = {kind.name.casefold(): kind for kind in catalogue.registry}
    if subject in rules:
        return _rule(rules[subject])
    if subject.casefold() in kinds:
        return _kind(kinds[subject.casefold()])
    kind_name, _, name = subject.rpartition("/")
    found = [
        record
        for record in catalogue
        if record.name == name and (not kind_name or record.id.kind.casefold() == kind_name.casefold())
    ]
    if found:
        return "\n".join(
            _policy(record) if record.id.kind == "Policy" else _record(record, catalogue) for record in found
        )
    known = [*rules, *(kind.name for kind in catalogue.registry), *(record.name for record in catalogue)]
    remedy = did_you_mean(subject, known) or "'itsm explain --list' lists the rules"
    raise UsageError(f"there is no rule, kind or record '{subject}'", remedy=remedy)


def _wrapped(text: str) -> str:
    return "\n\n".join(textwrap.fill(" ".join(part.split()), 100) for part in text.split("\n\n"))


def _rule(rule: Rule) -> str:
    source = f"\nSource: {rule.source}\n" if rule.source else ""
    return f"{rule.id} ({rule.severity})\n{rule.title}\n\n{_wrapped(rule.explanation)}\n{source}"


def _policy(record: Record) -> str:
    from itsm_as_code.reports.escape import terminal

    spec = record.spec
    parts = [
        f"{record.name} ({spec['severity']}, a policy of {_home(record)}: {record.path})",
        terminal(record.title),
        "",
    ]
    if "rationale" in spec:
        parts += [_wrapped(terminal(spec["rationale"])), ""]
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


def _kind(kind: Kind) -> str:
    from itsm_as_code.records.kind_schema import required, resolve

    parts = [f"{kind.name} ({kind.folder}/)" + (f": {kind.description}" if kind.description else ""), ""]
    spec = resolve(kind.schema, kind.schema.get("properties", {}).get("spec", {}))
    needed = required(spec)
    for name, schema in spec.get("properties", {}).items():
        mark = "*" if name in needed else " "
        parts.append(f"  {mark} {name:<18} {resolve(kind.schema, schema).get('title', '')}".rstrip())
    parts.append("  (* required)")
    lifecycle = kind.lifecycle
    if lifecycle:
        parts += ["", f"Lifecycle ({lifecycle['field'].removeprefix('/').replace('/', '.')}):"]
        for state, following in lifecycle["transitions"].items():
            steps = [step if isinstance(step, str) else f"{step['to']} (only {_where(step)})" for step in following]
            is_final = state in lifecycle.get("final", ())
            parts.append(f"  {state} -> {', '.join(steps) or 'nothing'}{': the record is final' if is_final else ''}")
    return "\n".join([*parts, ""])


def _where(step: dict[str, dict[str, str]]) -> str:
    return ", ".join(f"{pointer.rsplit('/', 1)[-1]} {value}" for pointer, value in step["where"].items())


def _record(record: Record, catalogue: Catalogue) -> str:
    from itsm_as_code.findings import format_pointer
    from itsm_as_code.reports.escape import terminal

    parts = [f"{record.id}: {terminal(record.title)}", f"  {record.path}"]
    description = record.data["metadata"].get("description")
    if description:
        parts += ["", _wrapped(terminal(description))]
    outgoing = [f"  {reference.name} ({format_pointer(reference.pointer)})" for reference in record.references()]
    incoming = [
        f"  {other.id} ({format_pointer(pointer)})" for other, pointer in catalogue.referrers.get(record.id, ())
    ]
    parts += ["", "Refers to:", *(outgoing or ["  nothing"]), "Referred to by:", *(incoming or ["  nobody"]), ""]
    return "\n".join(parts)
