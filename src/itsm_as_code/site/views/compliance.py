"""Compliance: policies against services, controls with their evidence, waivers with their end, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from itsm_as_code.compliance import ControlStatus
from itsm_as_code.findings import Finding, Severity
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import controls, packs, state, trend, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.listing import paged
from itsm_as_code.site.views.record import OUTCOME_ORDER, OUTCOME_WORDS, RecordPage
from itsm_as_code.site.views.values import (
    Code,
    Fields,
    Inline,
    Link,
    Missing,
    Page,
    Prose,
    Row,
    Section,
    Status,
    Table,
    Text,
    Value,
    badges,
    inline,
)

_FOLDER = "compliance"
_MOST_OUTCOMES = 300
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
_STATUSES = ("pass", "fail", "error", "waived")


def pages(context: Context) -> Iterator[Page]:
    """The compliance pages that belong to no single record."""
    yield _overview(context)
    yield from _matrix(context)
    yield from _findings(context)


def _overview(context: Context) -> Page:
    sections = []
    if context.has("Control"):
        rows = [control_row(context, control) for control in context.catalogue.of_kind("Control")]
        tally = Counter(controls.assess(context, c).status for c in context.catalogue.of_kind("Control"))
        said = [state.status(s, f"{tally[s]:,} {words.human(s).lower()}") for s in _CONTROL_STATUSES if tally[s]]
        sections.append(
            Section("controls", "Controls", (
                badges(said, "No control is recorded."),
                Table("Controls and their computed status", CONTROL_HEADERS, tuple(rows), empty="None"),
            ))
        )  # fmt: skip
    if context.has("Policy"):
        found = sorted(context.catalogue.of_kind("Policy"), key=lambda policy: _order(context, policy))
        rows = [policy_row(context, policy) for policy in found]
        matrix = Link("Every service against every policy", f"{_FOLDER}/matrix.html")
        sections.append(
            Section("policies", "Policies", (matrix, Table("Policies and their results", POLICY_HEADERS, tuple(rows))))
        )
        sections += packs.sections(context)
        sections.append(Section("trend", "Trend", tuple(trend.of_all(context))))
    waivers = Table(
        "Waivers",
        WAIVER_HEADERS,
        tuple(waiver_row(context, s.record) for s in sorted(context.validation.waivers, key=lambda s: s.until)),
        "No waiver.",
    )
    sections.append(Section("waivers", "Waivers", (waivers,)))
    findings = context.validation.findings
    by_severity = Counter("waived" if finding.waiver else finding.severity.value for finding in findings)
    counts = [state.status(s, words.count(by_severity[s], one, many)) for s, one, many in _SEVERITIES if by_severity[s]]
    link = Link("All findings", "findings/index.html")
    sections.append(Section("findings", "Findings", (badges(counts, "No finding."), link)))
    lead = (
        "What is required of services and changes, and what the records prove. "
        "A status is computed from evidence, never written by hand."
    )
    return Page(f"{_FOLDER}/index.html", "Compliance", tuple(sections), lead=lead, area="compliance", contents=True)


_CONTROL_STATUSES = tuple(ControlStatus)
CONTROL_HEADERS = ("Control", "Status", "Framework", "Clause", "Evidence", "Owner")
POLICY_HEADERS = ("Policy", "Severity", "Records judged", "Pass", "Fail", "Waived", "Not evaluated")
WAIVER_HEADERS = ("Waiver", "State", "Rule", "For", "Until", "Approved by")


def control_row(context: Context, control: Record) -> Row:
    assessment = controls.assess(context, control)
    spec = control.spec
    tally = Counter(item.status for item in assessment.evidence)
    summary = words.join([f"{tally[s]} {words.human(s).lower()}" for s in _CONTROL_STATUSES if tally[s]])
    return Row(
        (
            context.link(control),
            state.status(assessment.status),
            Text(words.framework(spec["framework"])),
            Text(spec["clause"]),
            Text(summary) if summary else Missing("No evidence yet"),
            context.reference(("Team",), spec["owner"]) if "owner" in spec else Missing(),
        ),
        (("framework", words.framework(spec["framework"])), ("status", words.human(assessment.status))),
    )


def _order(context: Context, policy: Record) -> tuple[object, ...]:
    """What fails comes first, then what could not be evaluated, what is waived, and what passes; the rest is last."""
    statuses = {outcome.status for outcome in context.outcomes_of_policy.get(policy.name, ())}
    worst = min((OUTCOME_ORDER.get(status, 9) for status in statuses), default=10)
    return packs.is_left_out(context, policy), worst, policy.title.casefold(), policy.name


def policy_row(context: Context, policy: Record) -> Row:
    tally = Counter(outcome.status for outcome in context.outcomes_of_policy.get(policy.name, ()))
    judged = sum(tally.values())
    failed: Value = state.status("fail", f"{tally['fail']:,} fail") if tally["fail"] else Text("0")
    waived: Value = state.status("waived", f"{tally['waived']:,} waived") if tally["waived"] else Text("0")
    unknown: Value = state.status("error", f"{tally['error']:,}") if tally["error"] else Text("0")
    why = "Left out here" if packs.is_left_out(context, policy) else "Not applicable to any record"
    passed: Value = Text(f"{tally['pass']:,} of {judged:,}") if judged else Missing(why)
    return Row(
        (context.link(policy), packs.severity(context, policy), Text(f"{judged:,}"), passed, failed, waived, unknown)
    )


def waiver_row(context: Context, waiver: Record) -> Row:
    found = next((s for s in context.validation.waivers if s.record.id == waiver.id), None)
    spec = waiver.spec
    rule: Value = (
        context.reference(("Policy",), spec["policy"]) if "policy" in spec else Code(str(spec.get("check", "")))
    )
    subjects = inline([context.reference((r["kind"],), r["name"]) for r in spec["records"]])
    until = words.as_instant(spec["until"])
    when: Value = words.instant_value(spec["until"], context.tz)
    if until:
        when = Inline((when, Text(words.relative(until, context.now))), " · ")
    standing: Value = state.status(found.state) if found else Missing("Unknown")
    return Row((context.link(waiver), standing, rule, subjects, when, context.reference(("Person",), spec["approver"])))


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
    for policy in policies:
        status = said.get(policy.name)
        cells.append(
            state.status(status, OUTCOME_WORDS[status])
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
    yield from paged(
        lambda number: f"findings/index{f'_{number}' if number > 1 else ''}.html",
        blank, rows, headers, "Findings", "No finding: every check and policy passes.",
    )  # fmt: skip


def _finding_row(context: Context, finding: Finding) -> Row:
    told = f"{finding.message}. {words.human(finding.remedy)}." if finding.remedy else finding.message
    severity = state.status("waived", f"Waived {finding.severity}") if finding.waiver else state.status(
        finding.severity.value if finding.severity is not Severity.INFO else "info"
    )  # fmt: skip
    record = context.title_of(finding.record) if finding.record else Missing("None")
    policy = context.catalogue.get("Policy", finding.rule) if context.has("Policy") else None
    rule: Value = context.link(policy) if policy else Code(finding.rule)
    facets = (("severity", words.human(finding.severity.value)),)
    return Row((Text(told), severity, record, rule, Code(str(finding.location))), facets)


def policy_page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    if "rationale" in spec:
        made.add("why", "Why", Prose(spec["rationale"]))
    made.add("remedy", "How to comply", Prose(spec["remedy"]))
    made.add("results", "Results", *_results(context, record))
    made.add("trend", "Trend", *trend.of_policy(context, record.name))
    rule: list[tuple[str, Value]] = [("Kinds", made.field("match", "kinds"))]
    if "where" in spec["match"]:
        rule.append(("Where", Code(spec["match"]["where"])))
    rule += [("Requires", Code(spec["require"])), ("Message", Code(spec["message"]))]
    made.add("rule", "The rule", Fields(tuple(rule)))
    examples = tuple(Row((Text(e["name"]), Text(words.human(e["expect"])))) for e in spec["examples"])
    made.add("examples", "Examples it is tested with", Table("Examples", ("Example", "Expected"), examples))
    facts: list[tuple[str, Value]] = [("Severity", packs.severity(context, record)), *packs.facts(context, record)]
    for key, title in (
        ("owner", "Owner"),
        ("controls", "Controls"),
        ("since", "Since"),
        ("maxWaiver", "Longest waiver"),
    ):
        if key in spec:
            facts.append((title, made.field(key)))
    return made.finish(facts=tuple(facts))


def _results(context: Context, policy: Record) -> list[Value]:
    outcomes = sorted(
        context.outcomes_of_policy.get(policy.name, ()),
        key=lambda o: (OUTCOME_ORDER.get(o.status, 9), o.record.kind, o.record.name),
    )
    tally = Counter(outcome.status for outcome in outcomes)
    counts = [state.status(s, f"{tally[s]:,} {OUTCOME_WORDS[s].lower()}") for s in _STATUSES if tally[s]]
    rows = tuple(
        Row((context.title_of(o.record), state.status(o.status, OUTCOME_WORDS.get(o.status, "")),
             Text(o.message if o.status != "pass" else "")))
        for o in outcomes[:_MOST_OUTCOMES]
    )  # fmt: skip
    said: list[Value] = [badges(counts, "It matched no record.")]
    if rows:
        said.append(Table("Results by record", ("Record", "Result", "Why"), rows))
    if len(outcomes) > _MOST_OUTCOMES:
        said.append(Text(f"The first {_MOST_OUTCOMES} of {len(outcomes):,}; what does not pass comes first."))
    return said


def control_page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    assessment = controls.assess(context, record)
    rows = tuple(
        Row(
            (
                controls.what(context, item),
                state.status(item.status),
                Text(packs.left_out(context, item.entry) or controls.why(item)),
            )
        )
        for item in assessment.evidence
    )
    made.add(
        "evidence", "Evidence", Table("Evidence", ("Evidence", "Status", "Why"), rows, "No evidence yet: not assessed.")
    )
    made.part("reason", "Reason", "reason")
    facts: list[tuple[str, Value]] = [
        ("Framework", Text(words.framework(spec["framework"]))),
        ("Clause", made.field("clause")),
    ]
    facts.append(("Owner", made.field("owner")))
    return made.finish(lead=spec["statement"], statuses=(state.status(assessment.status),), facts=tuple(facts))


def waiver_page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    for key, title in (("reason", "Reason"), ("risk", "Risk"), ("compensatingControls", "Compensating controls")):
        made.part(key, title, key)
    found = next((s for s in context.validation.waivers if s.record.id == record.id), None)
    standing = state.status(found.state) if found else Status("Unknown")
    cells = waiver_row(context, record).cells
    facts = (
        ("Rule", cells[2]), ("For", cells[3]), ("From", made.field("from")), ("Until", cells[4]),
        ("Requester", made.field("requester")), ("Approved by", cells[5]),
    )  # fmt: skip
    return made.finish(statuses=(standing,), facts=facts)
