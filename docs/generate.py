"""Writes docs/reference and docs/transcripts from the program itself: its commands, rules, schemas and CEL functions.

``python docs/generate.py`` writes the pages; tests/docs/test_reference.py fails when a committed page differs from a
fresh one. The output depends on the code, the schemas and the records of this repository, and on nothing else.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from risk_page import risk_page
from schema_pages import configuration, fenced, fields, kind_page, page_name, plain, table

from itsm_as_code import reports as all_reports
from itsm_as_code import shipped
from itsm_as_code.assurance import links
from itsm_as_code.checks import all_checks
from itsm_as_code.cli._rules import all_rules
from itsm_as_code.cli.program import program
from itsm_as_code.configuration import RULES as CONFIGURATION_RULES
from itsm_as_code.findings import Rule
from itsm_as_code.gate.decision import EXIT_CODES
from itsm_as_code.gate.evaluation import RULES as GATE_RULES
from itsm_as_code.interchange import _icalendar_import, alerts, cstate, focus, issue, people, request, request_forms
from itsm_as_code.policies import approval_rules, control_conditions, packs, policy, waivers
from itsm_as_code.policies.cel import environment
from itsm_as_code.records import catalogue, document, formatting, lifecycle, misplaced, reading, taken_over
from itsm_as_code.records.document import parse
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import SUFFIX, KindRegistry
from itsm_as_code.reports.gate._summary import unfolded
from itsm_as_code.service_levels.measurements import load as measurements

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
DEMO, STORIES = "transcripts/demo.md", "transcripts/stories.md"
NOTE = "<!-- Written by docs/generate.py. Do not edit: change the code or the schema, and run it again. -->\n\n"


def pages(*, but_transcripts: bool = False) -> dict[str, str]:
    """Every generated page: path below docs/ -> text. Transcripts, which take long, can be left as they are."""
    registry = KindRegistry.load()
    found = {
        "reference/README.md": index(registry),
        "reference/commands.md": commands(),
        "reference/rules.md": rules(),
        "reference/policies.md": policies(),
        "reference/cel.md": cel(),
        "reference/risk.md": risk_page(),
        "reference/reports.md": reports(registry),
        "reference/exit-codes.md": exit_codes(),
        "reference/configuration.md": configuration(registry),
    }
    made = {DEMO: demo, STORIES: stories}
    found |= {path: _written(path) if but_transcripts else make() for path, make in made.items()}
    found |= {f"reference/kinds/{page_name(kind)}": kind_page(kind, registry) for kind in registry}
    return {path: NOTE + text for path, text in sorted(found.items())}


def _written(path: str) -> str:
    return (DOCS / path).read_text("utf-8").removeprefix(NOTE)


def main() -> int:
    """Write the pages, and remove those that are no longer made."""
    fresh = pages()
    for path, text in fresh.items():
        file = DOCS / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
            sys.stdout.write(f"wrote docs/{path}\n")
    for stale in stale_pages(fresh):
        (DOCS / stale).unlink()
        sys.stdout.write(f"removed docs/{stale}\n")
    return 0


def stale_pages(fresh: Mapping[str, str]) -> list[str]:
    """Pages in the generated folders that nothing makes any more."""
    there = [path for folder in ("reference", "transcripts") for path in (DOCS / folder).rglob("*.md")]
    return sorted(found for path in there if (found := path.relative_to(DOCS).as_posix()) not in fresh)


def index(registry: KindRegistry) -> str:
    rows = [
        [f"[{kind.name}](kinds/{page_name(kind)})", f"`{kind.folder}/`", kind.description]
        for kind in sorted(registry, key=lambda kind: kind.folder)
    ]
    return (
        "# Reference\n\n"
        "- [Commands](commands.md): every command with its arguments and options\n"
        "- [Exit codes](exit-codes.md)\n"
        "- [Rules](rules.md): what the program itself can find\n"
        "- [Policy packs](policies.md): the policies that `itsm.yaml` switches on\n"
        "- [CEL](cel.md): variables and functions of policies and approval rules\n"
        "- [Risk](risk.md): the points from which the level of a change is derived\n"
        "- [Reports](reports.md): the JSON that commands print\n"
        "- [itsm.yaml](configuration.md): the configuration of a repository\n\n"
        "## Kinds of record\n\n"
        f"{table(['kind', 'folder', 'what it is'], rows)}\n"
        "A repository adds kinds of its own: [add a kind](../how-to/add-a-kind.md).\n"
    )


# Commands.


def commands() -> str:
    found = list(walk(program, ["itsm"]))
    toc = "".join(f"- [`{' '.join(path)}`](#{anchor(' '.join(path))}): {summary(item)}\n" for path, item in found)
    body = "\n".join(command_section(path, item) for path, item in found)
    return (
        "# Commands\n\nOne program, `itsm`; `python -m itsm_as_code` is the same. Results go to standard output, talk "
        "to standard error.\nColour is used on a terminal only; `NO_COLOR` and `FORCE_COLOR` are respected. For exit "
        f"codes see [exit codes](exit-codes.md).\n\n{toc}\n{body}"
    )


def walk(command: click.Command, path: list[str]) -> Iterator[tuple[list[str], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from walk(below, [*path, name])


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def summary(command: click.Command) -> str:
    return re.split(r"(?<=\.)\s", " ".join((command.help or "").split()))[0].rstrip(".")


def command_section(path: list[str], command: click.Command) -> str:
    arguments = [item for item in command.params if isinstance(item, click.Argument)]
    options = [item for item in command.params if isinstance(item, click.Option)]
    usage = [*path, *(["[OPTIONS]"] if options else []), *(usage_of(item) for item in arguments)]
    if isinstance(command, click.Group):
        usage.append("COMMAND")
    parts = [f"## {' '.join(path)}\n", fenced(" ".join(usage)), *help_parts(command.help or "")]
    rows = [[spelling(item), item.help or "", default_of(item)] for item in options]
    parts.append(table(["option", "meaning", "default"], [*rows, ["`-h`, `--help`", "Show the help.", ""]]))
    return "\n".join(parts)


def usage_of(argument: click.Argument) -> str:
    name = argument.metavar or (argument.name or "").upper()
    if name.endswith("..."):
        return name
    name += "..." if argument.nargs == -1 else ""
    return name if argument.required else f"[{name}]"


def help_parts(text: str) -> Iterator[str]:
    """The paragraphs of a help text; what follows click's ``\\b`` keeps its lines."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if not paragraph.startswith("\b"):
            yield plain(paragraph.replace("\n", " ")) + "\n"
            continue
        head, *lines = paragraph.removeprefix("\b").strip("\n").split("\n")
        yield f"{head}\n"
        yield fenced(inspect.cleandoc("\n".join(["", *lines])), "sh skip")


def spelling(option: click.Option) -> str:
    names = sorted(option.opts, key=len)
    if option.is_flag:
        return ", ".join(f"`{name}`" for name in names)
    if isinstance(option.type, click.Choice):
        value = "|".join(map(str, option.type.choices))
    else:
        value = option.metavar or option.type.name.upper()
    many = " (repeat)" if option.multiple else " (required)" if option.required else ""
    return ", ".join(f"`{name}`" for name in names) + f" {value}{many}"


def default_of(option: click.Option) -> str:
    return f"`{option.default}`" if option.show_default and isinstance(option.default, (str, Path)) else ""


# Rules.


RULES_HEAD = """# Rules

Everything that the program itself can find. A finding names its rule, and `itsm explain RULE` prints what stands here.
An *error* blocks a pull request, a *warning* asks, an *info* tells. The policies of a repository come on top: see
[policy packs](policies.md).
"""


def rules() -> str:
    checks = all_checks()
    groups: list[tuple[str, str, Sequence[Rule]]] = [
        ("YAML", "How a record file is written; no waiver covers these.", document.RULES),
        ("Files and records", "Where a record lies, what it holds, whom it names.",
         (*reading.RULES, *catalogue.RULES, *misplaced.RULES)),
        ("Configuration", "`itsm.yaml`, and the measurements that it names.",
         [*CONFIGURATION_RULES, *measurements.RULES]),
        ("Lifecycle", ("States of a record. All but `lifecycle-required` and `taken-over` compare base and head, so "
         "only `itsm gate` reports them."), [*lifecycle.RULES, *taken_over.RULES]),
        ("Gate", "Reported by `itsm gate` only.", GATE_RULES),
        ("Checks", ("Rules across records. Those marked *waivable* may be named by `check` of a "
         "[Waiver](kinds/waiver.md)."), [check.rule for check in checks]),
        ("Policies", ("What can be wrong with a policy itself. What a policy finds is reported under the policy's own "
         "name."), [*policy.RULES, *packs.RULES, *approval_rules.RULES, *control_conditions.RULES]),
        ("Waivers", "What can be wrong with a waiver.", waivers.RULES),
        ("Layout", "Reported by `itsm fmt`.", formatting.RULES),
        ("Links", "Reported by `itsm validate --links`.", links.RULES),
        ("Import from Backstage", "Reported by `itsm import backstage`; those of imports by every import.",
         import_rules("_backstage_draft", "_backstage_entities", "_backstage_locations", "_stand_ins", "_store",
                      "backstage")),
        ("Import of tables", "Reported by `itsm import csv`.",
         [rule for rule in import_rules("_mapping", "csv") if rule.id.startswith("import-")]),
        ("Import from OpenSLO", "Reported by `itsm import openslo`.",
         [rule for rule in import_rules("_openslo_objects", "openslo") if rule.id.startswith("openslo")]),
        ("Import of status pages", "Reported by `itsm import cstate` and `itsm import upptime`.", cstate.RULES),
        ("Import of people", "Reported by `itsm import people`.", people.RULES),
        ("Import of costs", "Reported by `itsm import focus` and `itsm import costs`.", focus.RULES),
        ("Import of alerts", "Reported by `itsm import alerts`.", alerts.RULES),
        ("Import of calendars", "Reported by `itsm import icalendar`.", _icalendar_import.RULES),
        ("Request forms", "Reported by `itsm export request-forms`, `itsm import request` and `itsm import issue`.",
         [*request.RULES, *request_forms.RULES, *issue.RULES]),
    ]  # fmt: skip
    listed = {rule.id for _, _, group in groups for rule in group}
    missing = all_rules().keys() - listed
    if missing:
        raise SystemExit(f"docs/generate.py lists no group for these rules: {', '.join(sorted(missing))}")
    waivable = {check.rule.id for check in checks if check.waivable}
    parts = [RULES_HEAD]
    for title, note, group in groups:
        parts.append(f"## {title}\n\n{note}\n")
        parts += [rule_section(rule, rule.id in waivable) for rule in sorted(group, key=lambda rule: rule.id)]
    return "\n".join(parts)


def import_rules(*names: str) -> list[Rule]:
    modules = [importlib.import_module(f"itsm_as_code.interchange.{name}") for name in names]
    found = {rule.id: rule for module in modules for rule in vars(module).values() if isinstance(rule, Rule)}
    return sorted(found.values(), key=lambda rule: rule.id)


def rule_section(rule: Rule, waivable: bool) -> str:
    source = f"\nSource: <{rule.source}>\n" if rule.source.startswith("http") else ""
    mark = f"*{rule.severity}*" + (", *waivable*" if waivable else "")
    title, dot, text = rule.explanation.partition("\n\n")
    body = rule.explanation if not dot else f"{title}\n\n{text}"
    return f"### {rule.id}\n\n{plain(rule.title)} ({mark}).\n\n{plain(body.strip())}\n{source}"


POLICIES_HEAD = """# Policy packs

Policies that the program brings along, with the controls that their results are evidence for. `itsm.yaml` says which of
the packs apply: see [choose policy packs](../how-to/choose-policy-packs.md). `itsm explain NAME` prints the whole of a
policy. For how to write one see [write a policy](../how-to/write-a-policy.md).
"""


def policies() -> str:
    return "\n".join([POLICIES_HEAD, *map(pack_section, shipped.packs())])


def pack_section(name: str) -> str:
    manifest, *rest = (parse(source) for source in shipped.pack(name).values())
    about, spec = manifest["metadata"], manifest["spec"]
    needs = "".join(f" It builds on {needed}." for needed in [", ".join(spec.get("requires", ()))] if needed)
    parts = [f"## {name}\n\n{about['title']}, version {spec['version']}. {about['description']}{needs}\n"]
    parts.append(
        "Drawn from:\n\n" + "".join(f"- `{s['framework']}`: [{s['title']}]({s['url']})\n" for s in spec["sources"])
    )
    rows = [
        [
            f"`{policy['metadata']['name']}`",
            policy["spec"]["severity"],
            ", ".join(policy["spec"]["match"]["kinds"]),
            policy["metadata"]["title"],
            "; ".join(f"{item['framework']} {item['clause']}" for item in policy["spec"]["clauses"]),
        ]
        for policy in rest
    ]
    parts.append(table(["policy", "severity", "kinds", "what it asks", "clauses"], rows))
    controls = [parse(shipped.control(control)) for control in spec.get("controls", ())]
    if controls:
        rows = [
            [
                f"`{item['metadata']['name']}`",
                f"{item['spec']['framework']} {item['spec']['clause']}",
                item["metadata"]["title"],
            ]
            for item in controls
        ]
        parts.append(table(["control", "clause", "what it asks"], rows))
    return "\n".join(parts)


# CEL.

FUNCTIONS = {
    "record": ("record(kind, name)", "The record, or null when there is none.",
               "record('Service', 'payments-api').spec.tier"),
    "records": ("records(kind)", "All records of a kind; empty when there is none, also for a kind that nobody has.",
                "size(records('Service'))"),
    "owner": ("owner(service)", "The Team that owns a service, or null when service or team are not there.",
              "owner('payments-api').metadata.name"),
    "dependents": ("dependents(service)", ("Names of the services that fail with it, through hard dependencies of any "
                   "length, sorted; empty when the service is not there."), "dependents('orders-db')"),
    "dependencies": ("dependencies(service)", ("Names of the services it fails with, sorted; empty when the service is "
                     "not there."), "dependencies('payments-api')"),
    "frozen": ("frozen(service, start, end)", ("Whether a freeze calendar that applies to the service touches the span "
               "between two instants. Who is exempt does not count here. Not an instant, or an end before the start: "
               "could not be evaluated."),
               "frozen('payments-api', '2026-12-24T08:00:00Z', '2026-12-24T09:00:00Z')"),
    "budget": ("budget(service)", ("The error budget of the service's worst availability objective, computed from "
               "outages in its window: remaining and consumed (shares), lostMinutes and allowedMinutes, burnRate (how "
               "many times as fast as it lasts it was used so far, or null), target and attained (percent, as text), "
               "agreement, objective. Null where no agreement in force "
               "promises an availability."), "budget('payments-api') == null"),
    "day": ("day(date)", "The instant 00:00 UTC of a date such as `2026-11-22`. Anything else could not be evaluated.",
            "day('2026-11-22')"),
    "period": ("period(duration)", ("A duration in ISO 8601 with a fixed length (`P30D`, `PT4H`; no months or years), "
               "which CEL's own `duration` does not read."), "period('P1DT4H')"),
    "lastDay": ("lastDay(end)", ("The last day on which something is in force whose end, half-open as in records, is "
                "that date: the day before it."), "lastDay('2027-01-01')"),
    "noticeDay": ("noticeDay(end, period)", ("The last day on which notice can be given so that a contract with that "
                  "end is over then; months and years count by the calendar."), "noticeDay('2027-06-01', 'P3M')"),
}  # fmt: skip

EXAMPLE_RECORDS: list[dict[str, Any]] = [
    {"kind": "Team", "metadata": {"name": "team-payments"}, "spec": {"members": ["ada"]}},
    {"kind": "Service", "metadata": {"name": "orders-db"}, "spec": {"tier": 1, "owner": "team-payments"}},
    {
        "kind": "Service",
        "metadata": {"name": "payments-api"},
        "spec": {"tier": 1, "owner": "team-payments", "dependsOn": [{"service": "orders-db", "strength": "hard"}]},
    },
    {
        "kind": "Calendar",
        "metadata": {"name": "year-end"},
        "spec": {
            "kind": "freeze",
            "timezone": "UTC",
            "appliesTo": {"all": True},
            "entries": [{"start": "2026-12-20T00:00:00Z", "end": "2027-01-03T00:00:00Z"}],
        },
    },
]

PITFALLS = [
    ["`object.spec.backout.steps`", "could not be evaluated where there is none", "`has(object.spec.backout)` first"],
    ["`risk.level == 'low'`", "could not be evaluated where `risk` is null", "`risk != null && risk.level == 'low'`"],
    ["`has(old.spec.owner)`", "could not be evaluated where `old` is null", "`old != null && has(old.spec.owner)`"],
    ["`duration('P1D')`", "could not be evaluated", "`period('P1D')`"],
    ["`object.spec.backout.rehearsedOn < now`", "could not be evaluated: text is not an instant",
     "`day(object.spec.backout.rehearsedOn) < now`, `timestamp(object.spec.schedule.start) < now`"],
    ["`object.?spec.x.orValue(1)`", "does not compile", "`has(object.spec.x) ? object.spec.x : 1`"],
]  # fmt: skip


CEL_HEAD = """# CEL

Policies and the `where` of approval rules are written in the [Common Expression
Language](https://github.com/google/cel-spec/blob/master/doc/langdef.md) (CEL), the language of Kubernetes admission
policies. The runtime is CEL's own C++ implementation, with its extensions for strings and mathematics; optional fields
(`.?`) are not enabled.

An expression sees the variables and functions below and nothing else: no file, no network, no clock but `now`. Its
length is limited by the schema, its time and memory by what runs it. An expression that fails half-way is an error
([policy-evaluates](rules.md#policy-evaluates)), never a pass.

The functions that read a date take a time zone: `now.getHours('Europe/Berlin')`. It is a name of the tz database;
anything else (a path, an offset such as `+01:00`) does not compile or, where it is worked out, could not be evaluated.
"""

CEL_VARIABLES = """`request.author` is the name of a Person, or null when the login is nobody's; `request.base` and
`request.head` are commits. `risk` is there for a Change only; in the gate it is the graver of what base and head give.
`change` is null when the pull request carries none, or more than one.

`request.promises` are the promised availabilities of which the pull request changes what can be kept, by what it
touches of dependencies, capacity or agreements: `agreement`, `service`, `promised`, `before`, `after`, `beforeAtPeak`
and `afterAtPeak` in percent (null before, where the service is new), and `possible`. A policy for Service that requires
`request == null || request.promises.all(p, p.before == null || p.after >= p.before)` lets nobody lower one unasked.
"""

CEL_FUNCTIONS = """The examples know two services (`payments-api` depends hard on `orders-db`) and one freeze. `null` as
an argument does not compile, or could not be evaluated.

In the gate a policy is asked twice about a Change: with all records as the pull request has them, and with people,
teams, calendars, change models, policies and known services as the base has them. What either finds counts.
"""


def cel() -> str:
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    facts = Facts.from_records(EXAMPLE_RECORDS)
    where = environment.Environment(facts, now)
    declared = {name: (parameters, result) for name, parameters, result, _ in environment.look_ups(facts, now)}
    if set(declared) != set(FUNCTIONS):
        raise SystemExit(f"docs/generate.py does not know these CEL functions: {set(declared) ^ set(FUNCTIONS)}")
    context = environment.Context({"kind": "Change"}, now)
    rows = []
    for name, (call, text, example) in FUNCTIONS.items():
        parameters, result = declared[name]
        types = f"({', '.join(type_name(item) for item in parameters)}) → {type_name(result)}"
        value = where.evaluate(example, where.activation(context))
        rows.append([f"`{call}`", types, text, f"`{example}` gives `{shown_value(value)}`"])
    variables = [[f"`{name}`", "timestamp" if name == "now" else "any", text] for name, text in
                 environment.VARIABLES.items()]  # fmt: skip
    parts = [
        CEL_HEAD,
        f"## Variables\n\n{table(['variable', 'type', 'what it is'], variables)}",
        CEL_VARIABLES,
        f"## Functions\n\n{table(['function', 'type', 'what it gives', 'example'], rows)}",
        CEL_FUNCTIONS,
        f"## Pitfalls\n\n{table(['written', 'what happens', 'write'], PITFALLS)}",
        "Numbers of unlike type compare only where one side is `any` (a field of a record).\n",
    ]
    return "\n".join(parts)


def type_name(kind: Any) -> str:
    text = str(kind).lower()
    inner = re.fullmatch(r"list<(.*)>", text)
    if inner:
        return f"list of {type_name(inner[1])}"
    return {"dyn": "any", "bool": "true or false", "string": "string"}.get(text, text)


def shown_value(value: Any) -> str:
    if isinstance(value, (bool, list)) or value is None:
        return json.dumps(value)
    return str(value.isoformat()).replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


# Reports and exit codes.


REPORTS_HEAD = """# Reports

`--format json` is for programs. Every report names its version: a field may be added under the
same version, and is removed or changed only with a new one. The other formats are made from the same data and may
change.
"""

EVIDENCE = """## Evidence

The report of the gate is evidence: the same base, head, reviews and `--now` give the same bytes. `digest` is the
SHA-256 of the canonical JSON (sorted keys, no white space, UTF-8) without `digest` itself. These two print the same:

```sh skip
jq -jSc 'del(.digest)' gate.json | sha256sum
jq -r .digest gate.json
```
"""


def formats() -> str:
    """Every report with its formats, as the docstrings of their modules have it."""
    rows = []
    for package in sorted(module.name for module in pkgutil.iter_modules(all_reports.__path__) if module.ispkg):
        for name in all_reports.formats(package):
            printed = first_line(f"{all_reports.__name__}.{package}").removeprefix("What ").partition(" prints")[0]
            module = f"{all_reports.__name__}.{package}.{name.replace('-', '_')}"
            rows.append([printed, f"`{name}`", first_line(module)])
    rows.sort(key=lambda row: row[0].strip("`"))
    return f"## Formats\n\n{table(['of', '`--format`', 'what it is'], rows)}"


def first_line(module: str) -> str:
    return (inspect.getdoc(importlib.import_module(module)) or "").split("\n")[0]


def reports(registry: KindRegistry) -> str:
    parts = [REPORTS_HEAD, formats()]
    for path in sorted(report_schemas()):
        schema = registry.bundled(path)
        version = schema["properties"].get("schema", schema["properties"].get("_type", {}))["const"]
        top = {key: schema[key] for key in ("properties", "required")}
        rows = [[name, of_kinds(kind), text] for name, kind, text in fields(schema, top, registry)]
        name = path.removeprefix("reports/").removesuffix(SUFFIX)
        parts += [
            (
                f"## {schema['title']}\n\n{schema['description']} Version: `{version}`. Schema: "
                f"[schemas/{path}](../../schemas/{path}), or `itsm schema {name}`.\n"
            ),
            table(["field", "type", "meaning"], rows),
        ]
        for example in schema.get("examples", ())[:1]:
            parts += ["Example:\n", fenced(json.dumps(example, indent=2, ensure_ascii=False), "json")]
    parts.append(EVIDENCE)
    return "\n".join(parts)


def report_schemas() -> list[str]:
    """The schemas of what commands print, as paths in the folder of schemas."""
    return [path for path in shipped.files("schemas", SUFFIX) if path.startswith("reports/")]


def of_kinds(text: str) -> str:
    """Links to kinds as they are from a page above theirs."""
    return re.sub(r"\]\((?=[a-z-]+\.md\))", "](kinds/", text)


def exit_codes() -> str:
    rows = [
        ["0", "yes", "no error; approved; done"],
        ["1", "no", "findings of severity error; not approved; an example does not hold; nothing was written"],
        ["2", "could not do it", "usage, an unreadable repository, an incomplete answer of the forge, a bug"],
        ["130", "interrupted", "Ctrl-C; nothing is left half-written"],
    ]
    verdicts = [[f"`{verdict}`", str(code)] for verdict, code in EXIT_CODES.items()]
    *some, last = (f"`{name}`" for name in all_reports.formats("gate") if name not in ("text", "in-toto"))
    return (
        "# Exit codes\n\nThe same for all commands. 1 and 2 are never mixed up: 1 says something about the records, 2 "
        "says that nothing can be said about them.\n\n"
        f"{table(['code', 'answer', 'when'], rows)}\n"
        "Warnings and infos do not change the exit code, nor do findings that a waiver covers, nor, in the gate, "
        "findings that stand on the base already.\n\n"
        f"## itsm gate\n\n{table(['verdict', 'exit code'], verdicts)}\n"
        f"With `--format` {', '.join(some)} or {last} a report with the verdict `error` is written too, so that a "
        "pipeline has something to show.\n"
    )


# The transcript of the demo.


def of_demo(module: str) -> Any:
    """A module of the demo, which is no package."""
    sys.path.insert(0, str(ROOT / "demo"))
    try:
        return importlib.import_module(module)
    finally:
        sys.path.remove(str(ROOT / "demo"))


def demo() -> str:
    run = of_demo("run")
    parts = [
        (
            "# The demo's pull requests\n\nWhat `make demo` prints of its five example pull requests, from "
            "[demo/pull-requests](../../demo/pull-requests). They are judged on the records of this repository, as of "
            f"{run.NOW}. [Ten more](stories.md) have a history of pushes, merges and reviews.\n"
        )
    ]
    with run.temporary_repository() as repository:
        for example in run.pull_requests():
            parts.append(f"## {example.about['title']}\n\nBy {example.about['author']}, in "
                         f"[{example.branch}](../../demo/pull-requests/{example.branch}).\n")  # fmt: skip
            head = example.push(repository)
            for step in example.about["rounds"]:
                verdict, report = run.judge(repository, example, head, step["reviews"])
                summary = repository.parent / f"{example.branch}.md"
                parts.append(f"{step['say']} Verdict: **{verdict}**. {length(summary.read_text('utf-8'))}\n")
                parts.append(fenced(report.strip("\n")))
    return "\n".join(parts)


def length(summary: str) -> str:
    """How long the same is as Markdown, in a sentence."""
    return f"As Markdown it is {unfolded(summary)} lines long, folded."


def stories() -> str:
    """What `itsm gate` says of the stories; ValueError where it says something else than the story expects."""
    told = of_demo("stories")
    parts = [
        (
            "# Ten pull requests with a history\n\nWhat `itsm gate` prints of the stories in "
            "[demo/stories](../../demo/stories): each is acted out in a git repository with the records of this one, "
            f"and judged along the way, as of {of_demo('run').NOW} unless said otherwise.\n"
        )
    ]
    with of_demo("run").temporary_repository() as repository:
        for story in told.stories():
            parts.append(f"## {story.title}\n\nBy {story.author}, in "
                         f"[{story.name}](../../demo/stories/{story.name}.yaml).\n")  # fmt: skip
            for item in story.tell(repository):
                if item.verdict != item.expect:
                    raise ValueError(f"{story.name}: {item.verdict} instead of {item.expect}\n{item.report}")
                parts.append(f"{item.say} Verdict: **{item.verdict}**. {length(item.summary)}\n")
                parts.append(fenced(item.report.strip("\n")))
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
