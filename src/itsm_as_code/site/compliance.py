"""Compliance: policies against services, controls with their evidence, waivers with their end, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from itsm_as_code.compliance import ControlStatus
from itsm_as_code.compliance.clauses import coverage
from itsm_as_code.findings import Finding, Severity
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site import addresses
from itsm_as_code.site.kinds import control, policy, waiver
from itsm_as_code.site.views import hindsight, packs, trend, verdicts, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.listing import browsable, paged
from itsm_as_code.site.views.record import OUTCOME_ORDER, OUTCOME_WORDS
from itsm_as_code.site.views.rows import begun
from itsm_as_code.site.views.values import (
    Code,
    Link,
    Missing,
    Page,
    Row,
    Said,
    Section,
    Table,
    Text,
    Value,
    badges,
)

_FOLDER = "compliance"
LINKS = (
    Link("Overview", f"{_FOLDER}/index.html"),
    Link("Services against policies", f"{_FOLDER}/matrix.html"),
    Link("Findings", "findings/index.html"),
)
"""The lists of the compliance part that are of no kind."""
_SEVERITIES = (
    ("error", "error", "errors"), ("warning", "warning", "warnings"), ("info", "notice", "notices"),
    ("waived", "waived", "waived"),
)  # fmt: skip


def pages(context: Context) -> Iterator[Page]:
    """The compliance pages that belong to no single record."""
    yield _overview(context)
    yield from _matrix(context)
    yield from _findings(context)


def _overview(context: Context) -> Page:
    sections = [*_controls(context)] if context.has("Control") else []
    if context.has("Policy"):
        found = sorted(context.catalogue.of_kind("Policy"), key=lambda item: _order(context, item))
        rows = [policy.overview(context, item) for item in found]
        matrix = Link("Every service against every policy", f"{_FOLDER}/matrix.html")
        table = Table("Policies and their results", policy.OVERVIEW, tuple(rows))
        sections.append(Section("policies", "Policies", (matrix, table)))
        sections += hindsight.sections(context)
        sections += packs.sections(context)
        sections.append(Section("trend", "Trend", tuple(trend.of_all(context))))
    waivers = Table(
        "Waivers",
        waiver.OVERVIEW,
        tuple(waiver.overview(context, s.record) for s in sorted(context.validation.waivers, key=lambda s: s.until)),
        "No waiver.",
    )
    sections.append(Section("waivers", "Waivers", tuple(begun((waivers,)))))
    findings = context.validation.findings
    by_severity = Counter("waived" if finding.waiver else finding.severity.value for finding in findings)
    counts = [
        context.status(s, words.count(number, one, many)) for s, one, many in _SEVERITIES if (number := by_severity[s])
    ]
    link = Link("All findings", "findings/index.html")
    sections.append(Section("findings", "Findings", (badges(counts, "No finding."), link)))
    lead = (
        "What is required of services and changes, and what the records prove. "
        "A status is computed from evidence, never written by hand."
    )
    return Page(f"{_FOLDER}/index.html", "Compliance", tuple(sections), lead=lead, area="compliance", contents=True)


def _controls(context: Context) -> Iterator[Section]:
    """The controls of each framework, what fails first with what is missing; then by team, clause and audit."""
    controls = sorted(context.catalogue.of_kind("Control"), key=lambda item: _gravity(context, item))
    tally = Counter(control.assess(context, item).status for item in controls)
    said = [context.status(s, f"{tally[s]:,} {words.human(s).lower()}") for s in ControlStatus if tally[s]]
    yield Section("controls", "Controls", (badges(said, "No control is recorded."),))
    grouped: dict[str, list[Record]] = {}
    for item in controls:  # the framework of the gravest control first
        grouped.setdefault(item.spec["framework"], []).append(item)
    for framework, members in grouped.items():
        title = words.framework(framework)
        rows = tuple(control.gap(context, item) for item in members)
        yield Section(addresses.safe(framework), title, (Table(title, control.GAPS, rows),), level=3)
    teams: dict[str, Counter[ControlStatus]] = {}
    for item in controls:
        teams.setdefault(item.spec.get("owner", ""), Counter())[control.assess(context, item).status] += 1
    rows = tuple(
        Row.of(
            context.reference("Team", team) if team else Missing("Nobody"),
            *(Text(f"{counts[status]:,}") for status in _GRAVITY),
        )
        for team, counts in sorted(teams.items(), key=lambda item: ([-item[1][s] for s in _GRAVITY[:3]], item[0]))
    )
    headers = ("Team", *(words.human(status) for status in _GRAVITY))
    yield Section("teams", "By team", (Table("Controls by team", headers, rows),))
    yield from _clauses(context)
    yield _audits(context, controls)


def _audits(context: Context, controls: list[Record]) -> Section:
    """What auditors said of controls, what failed first."""
    found = [
        (item, evidence)
        for item in controls
        for evidence in control.assess(context, item).evidence
        if evidence.type == "audit"
    ]
    found.sort(key=lambda pair: _GRAVITY.index(pair[1].status))
    rows = tuple(
        Row.of(
            context.link(item),
            context.status(evidence.status),
            words.day_value(evidence.entry.get("on")),
            control.what(context, evidence),
            Said(str(evidence.entry.get("statement", ""))),
        )
        for item, evidence in found
    )
    table = Table("Audit findings", ("Control", "Status", "On", "By", "What was found"), rows, "No audit is recorded.")
    return Section("audits", "Audit findings", (table,))


_GRAVITY = (ControlStatus.NOT_SATISFIED, ControlStatus.STALE, ControlStatus.NOT_ASSESSED, ControlStatus.SATISFIED)


def _gravity(context: Context, item: Record) -> tuple[int, str, str]:
    """What fails comes first, and what does not apply last."""
    status = control.assess(context, item).status
    return _GRAVITY.index(status) if status in _GRAVITY else len(_GRAVITY), item.title.casefold(), item.name


def _clauses(context: Context) -> Iterator[Section]:
    """Of each framework how many clauses have a control, and which have none."""
    told = coverage(
        (item.name, item.spec, control.assess(context, item).status) for item in context.catalogue.of_kind("Control")
    )
    rows = tuple(
        Row.of(
            Text(item.title),
            Text(f"{item.covered} of {len(item.clauses)}"),
            Text(f"{item.satisfied} of {len(item.clauses)}"),
            Text(
                "; ".join(f"{clause.number} {clause.title}" for clause in item.clauses if not clause.controls) or "None"
            ),
        )
        for item in told
    )
    headers = (
        "Framework",
        "Clauses with a control",
        "Clauses of which all controls are satisfied",
        "No control is about",
    )
    notes = (Text(f"{item.title}: {item.source}. {item.note}") for item in told)
    if rows:
        yield Section("clauses", "Clauses", (Table("Clauses that controls are about", headers, rows), *notes))


def _order(context: Context, policy: Record) -> tuple[object, ...]:
    """What fails comes first, then what could not be evaluated, what is waived, and what passes; the rest is last."""
    statuses = {outcome.status for outcome in context.outcomes_of_policy.get(policy.name, ())}
    worst = min((OUTCOME_ORDER.get(status, 9) for status in statuses), default=10)
    return packs.is_left_out(context, policy), worst, policy.title.casefold(), policy.name


def _matrix(context: Context) -> Iterator[Page]:
    """Every service against every policy that speaks of services."""
    policies = [
        p for p in (context.catalogue.of_kind("Policy") if context.has("Policy") else ())
        if "Service" in p.spec["match"]["kinds"]
    ]  # fmt: skip
    services = context.catalogue.of_kind("Service") if context.has("Service") else []
    services = sorted(services, key=lambda s: (s.spec["lifecycle"] == "retired", s.spec["tier"], s.title))
    rows = [(None, _matrix_row(context, service, policies)) for service in services]
    headers = ("Service", *(policy.title for policy in policies))
    note = Text(
        "A row for each service, a column for each policy that speaks of services. "
        "“Not applicable” means that the policy does not match that service."
    )
    blank = Page(
        "",
        "Services against policies",
        (),
        area="compliance",
        crumbs=(Link("Compliance", f"{_FOLDER}/index.html"),),
        top=(note,),
    )
    yield from paged(
        lambda number: f"{_FOLDER}/matrix{f'_{number}' if number > 1 else ''}.html",
        blank, rows, headers, "Services against policies", "No service is recorded.", compact=True,
    )  # fmt: skip


def _matrix_row(context: Context, service: Record, policies: Iterable[Record]) -> Row:
    said = {outcome.policy: outcome.status for outcome in context.outcomes_of_record.get(service.id, ())}
    cells: list[Value] = [context.link(service)]
    for item in policies:
        status = said.get(item.name)
        cells.append(
            context.status(status, OUTCOME_WORDS[status])
            if status in OUTCOME_WORDS and status
            else Missing("Not applicable")
        )
    return Row(tuple(cells))


def _findings(context: Context) -> Iterator[Page]:
    rows = [(None, _finding_row(context, finding)) for finding in context.validation.findings]
    blank = Page(
        "", "Findings", (), area="compliance", crumbs=(Link("Compliance", f"{_FOLDER}/index.html"),),
        lead="Everything that checks and policies have to say about the records at this commit.",
    )  # fmt: skip
    headers = ("Finding", "Severity", "Record", "Rule", "Where")
    yield from browsable(
        lambda number: f"findings/index{f'_{number}' if number > 1 else ''}.html",
        blank, rows, headers, "Findings", "No finding: every check and policy passes.",
        {"severity": "Severity", "rule": "Rule"} if rows else {},
    )  # fmt: skip


def _finding_row(context: Context, finding: Finding) -> Row:
    told = verdicts.of_finding(context, finding)
    severity = context.status("waived", f"Waived {finding.severity}") if finding.waiver else context.status(
        finding.severity.value if finding.severity is not Severity.INFO else "info"
    )  # fmt: skip
    record = context.title_of(finding.record) if finding.record else Missing("None")
    policy = context.catalogue.get("Policy", finding.rule) if context.has("Policy") else None
    rule: Value = context.link(policy) if policy else Code(finding.rule)
    facets = (("severity", words.human(finding.severity.value)), ("rule", finding.rule))
    return Row.of(told, severity, record, rule, Code(str(finding.location)), facets=facets)
