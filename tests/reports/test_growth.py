"""The time of every report grows with what there is to report, never with its square: much of it, and long texts."""

from __future__ import annotations

import pkgutil
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

from itsm_as_code import reports
from itsm_as_code.assurance.audit import Audit, LeftOut
from itsm_as_code.assurance.authority import EvidenceFound
from itsm_as_code.assurance.deployment_audit import DeploymentAudit, DeploymentFinding, Judged
from itsm_as_code.assurance.deployments import Line as Deployed
from itsm_as_code.assurance.forge_audit import ForgeAudit
from itsm_as_code.assurance.landings import AuditFinding, Unit
from itsm_as_code.assurance.ledger import Evidence
from itsm_as_code.assurance.noting import Noted
from itsm_as_code.assurance.ran import Ran, Skipped
from itsm_as_code.assurance.statement import Statement
from itsm_as_code.clock import Interval, zone
from itsm_as_code.compliance import Assessment, ControlStatus, Shortfall
from itsm_as_code.compliance import Evidence as ControlEvidence
from itsm_as_code.compliance.clauses import Clause
from itsm_as_code.compliance.clauses import Coverage as ClauseCoverage
from itsm_as_code.compliance.deadlines import Deadline, Matter
from itsm_as_code.compliance.hindsight import Hindsight
from itsm_as_code.compliance.hindsight import Judged as PastChange
from itsm_as_code.compliance.reminders import Reminders, Waiting
from itsm_as_code.configuration import Level
from itsm_as_code.figures import Seen
from itsm_as_code.findings import Finding, Location, RecordId, Rule, Severity, folded, with_known
from itsm_as_code.forges.settings import Hole
from itsm_as_code.gate.agenda import AgendaItem
from itsm_as_code.gate.attestation import Proposal
from itsm_as_code.gate.authorise import Answer, Question
from itsm_as_code.gate.conflicts import Conflict
from itsm_as_code.gate.decision import Decision, Reason, error_decision
from itsm_as_code.gate.impact import Impact, Shift
from itsm_as_code.gate.replay import Difference, Replay
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.gate.seats import Approval
from itsm_as_code.interchange import Outcome, PlannedFile
from itsm_as_code.measures.blast_radius import BlastRadius, Reached
from itsm_as_code.measures.comparison import change
from itsm_as_code.measures.deadlines import Due
from itsm_as_code.measures.growth import Growth, Observation
from itsm_as_code.measures.metric import Definition, Metric, Row
from itsm_as_code.measures.on_call import Shift as DutyShift
from itsm_as_code.measures.repeated import Repeated
from itsm_as_code.measures.retrospective import Review
from itsm_as_code.policies import register
from itsm_as_code.policies.cel.mutation import Mutant
from itsm_as_code.policies.coverage import Coverage, UnknownControl, UnknownPolicy
from itsm_as_code.policies.engine import Outcome as Judgement
from itsm_as_code.policies.examples import ExampleResult
from itsm_as_code.policies.policy import Policy
from itsm_as_code.policies.scorecards import Scorecard
from itsm_as_code.policies.strength import Strength, Survivor
from itsm_as_code.portfolio import Portfolio
from itsm_as_code.records import schemas
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.document import parse
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.formatting import Formatted
from itsm_as_code.records.kinds import Column, KindRegistry
from itsm_as_code.records.positions import locate_inside, place_findings
from itsm_as_code.reports import approval_tree, escape, formats, renderer
from itsm_as_code.reports.adoption import Adoption
from itsm_as_code.reports.agreements import Agreements
from itsm_as_code.reports.approve import preview
from itsm_as_code.reports.calendar import Planned
from itsm_as_code.reports.capacity import Capacity
from itsm_as_code.reports.compliance import Compliance
from itsm_as_code.reports.compliance import Row as ComplianceRow
from itsm_as_code.reports.export import Exported
from itsm_as_code.reports.fmt import FormatResult
from itsm_as_code.reports.fmt import text as fmt_text
from itsm_as_code.reports.import_ import Imported
from itsm_as_code.reports.junit import Case, junit
from itsm_as_code.reports.kpi import Compared, Kpi
from itsm_as_code.reports.notice import notice
from itsm_as_code.reports.oncall import OnCall, Rota
from itsm_as_code.reports.policy_test import PolicyTest
from itsm_as_code.reports.record_list import RecordList
from itsm_as_code.reports.record_show import Link, Shown
from itsm_as_code.reports.recurrence import Recurrence
from itsm_as_code.reports.scorecards import Scorecards
from itsm_as_code.reports.validate import ValidateResult
from itsm_as_code.reports.verify import Verification
from itsm_as_code.reports.waiver_list import WaiverList
from itsm_as_code.service_levels import Attainment, Part, Times
from itsm_as_code.service_levels.capacity import Outlook, Passing
from itsm_as_code.service_levels.cases import Case as TimedCase
from itsm_as_code.service_levels.chains import Link as AgreementLink
from itsm_as_code.service_levels.credits import Credit
from itsm_as_code.service_levels.overview import Line, Overview
from itsm_as_code.service_levels.promises import Promise
from itsm_as_code.service_levels.what_if import Improvement, Kept, Supposition
from itsm_as_code.service_levels.what_if import Shift as PromiseShift
from itsm_as_code.service_levels.windows import Window
from tests.conftest import NOW, SMALL, copy_tree
from tests.growth import SIZES, Prepare, assert_grows_slowly
from tests.snapshots import catalogue_of

KINDS: Final = KindRegistry.load()
TEXTS: Final = {
    "letters": "a",
    "words": "ab ",
    "backticks": "`",
    "runs of backticks": "`` ` ",
    "at signs": "@",
    "nearly addresses": "www",
    "addresses": "://",
    "backslashes": "\\",
    "bars": "|",
    "commands": "##[",
    "controls": "\x1b",
    "invisible": "\u200b",
    "digits": "9",
    "joiners": "\u200d",
    "joined emoji": "\U0001f469\u200d\U0001f4bb",
    "letters that join": "\u0646\u200c",
    "spaces": " ",
    "tabs": "\t",
    "ends of lines": "\n",
    "per cents": "%",
    "markup": "<&>",
    "no characters": "\udcff",
}
ESCAPES: Final = (
    *(escape.terminal, escape.shown, escape.json, escape.markdown, escape.code),
    *(escape.workflow_data, escape.workflow_property, escape.uri, escape.cell),
)


@SIZES
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_of_any_length_is_made_harmless_in_one_pass(name: str, enough: float) -> None:
    def prepare(size: int) -> Callable[[], object]:
        text = "".join(TEXTS[name] for _ in range(size))
        return lambda: [function(text) for function in ESCAPES]

    assert_grows_slowly(prepare, start=1000, most=200_000, enough=enough)


def finding(number: int, long: str = "") -> Finding:
    severity = list(Severity)[number % 3]
    where = Location(f"services/s{number % 40}.yaml", 1, 10 * (number // 40) + 1, ("spec", f"key{number}"))
    subject = RecordId("Service", f"s{number % 40}")
    return Finding(f"rule-{number % 7}", severity, where, f"wrong {number} {long}", "mend it", subject)


def decision(size: int, long: str = "") -> Decision:
    """A decision with so many rows of everything, or with so long texts."""
    numbers = range(size)
    record = {"kind": "Service", "name": f"s{long}"}
    at = "2026-11-22T12:00:00Z"
    factor = {"name": f"impact: x{long}", "value": long or 1, "points": 1, "source": "x"}
    need = {
        "from": {"people": [f"p{number}" for number in numbers]}, "count": 1, "missing": 1,
        "eligible": [f"p{number}" for number in numbers], "satisfiedBy": [f"p{number}" for number in numbers],
        "suggested": [f"p{number}" for number in numbers],
    }  # fmt: skip
    ignored = [
        {"reviewer": f"p{number}", "reason": f"why{long}", "code": "x", "field": None, "commit": None}
        for number in numbers
    ]
    rows = [f"row {number}{long}" for number in numbers]
    blank = error_decision("x", "y", at, "a" * 40, "b" * 40)
    findings = tuple(finding(number, long) for number in numbers)
    reasons = tuple(Reason("x", row) for row in rows)
    conflict = {"kind": "freeze", "record": record, "with": "x", "start": at, "end": at, "message": f"m{long}"}
    evidence = {
        **blank.evidence,
        "verdict": "rejected",
        "records": [{**record, "path": row, "action": "modified", "fields": [row]} for row in rows],
        "paths": [{"path": row, "action": "added"} for row in rows],
        "risk": [
            {
                "record": record, "level": "low", "declared": None, "likelihood": "low", "impact": "low",
                "factors": [factor],
            }
            for _ in rows
        ],
        "affected": {
            "declared": rows,
            "computed": [{"service": row, "distance": 1, "via": row, "owner": None} for row in rows],
        },
        "conflicts": [conflict for _ in rows],
        "nextFreeSlot": [{"record": record, "start": None, "end": None} for _ in rows],
        "transitions": [{"record": record, "from": None, "to": "x", "allowed": True} for _ in rows],
        "approvals": [
            {"policy": "x", "rule": f"r{long}", "why": rows, "required": [need], "ignored": ignored, "satisfied": False}
        ],
        "findings": [item.as_data() for item in findings],
        "waivers": [{"waiver": row, "rule": "x", "record": record, "state": "waived"} for row in rows],
        "policyImpact": [
            Shift("x", RecordId("Service", "s"), "pass", "fail", row).as_data() for row in rows
        ],
        "pullRequest": {"author": None, "number": None, "contributors": rows},
    }  # fmt: skip
    lines = b"".join(b"key: value\n" for _ in numbers)
    return Decision("rejected", reasons, evidence, findings, {f"services/s{n}.yaml": lines for n in range(40)})


def validation(size: int, long: str = "") -> ValidateResult:
    findings = [finding(number, long) for number in range(size)]
    source = b"".join(b"%d\n" % number for number in range(10 * size)) or long.encode("utf-8", "replace")
    sources = {f"services/s{number}.yaml": source for number in range(40)}
    rules = {f"rule-{number}": Rule(f"rule-{number}", long, Severity.ERROR, long) for number in range(7)}
    return ValidateResult(findings, size, NOW, None, sources, rules)


def policy_test(size: int, long: str = "") -> PolicyTest:
    expression = " ||\n    ".join(f"object.a == {number}" for number in range(size + 1))
    examples = "".join(f"  - {{name: e{number}, expect: pass}}\n" for number in range(size))
    source = f"spec:\n  require: |-\n    {expression}\n  examples:\n{examples}  - x\n".encode()
    record = policy_record(source)
    made = Policy(record)
    results = [
        ExampleResult(f"e{number}{long}", ("spec", "examples", number), "pass", "fail", f"m{long}")
        for number in range(size)
    ]
    mutant = [Mutant(number, number + 1, "x", f"y{long}", "z") for number in range(size)]
    survivors = tuple(Survivor(("spec", "require"), item) for item in mutant)
    return PolicyTest([(made, results)], True, [Strength(made, size + 1, survivors)])


def policy_record(source: bytes) -> Any:
    from itsm_as_code.records.catalogue import Record

    kind = KINDS["Policy"]
    return Record(RecordId("Policy", "p"), kind, {"spec": {}, "metadata": {}}, "policies/p.yaml", source)


def radius(size: int, long: str = "") -> BlastRadius:
    agreements = tuple(f"agreement-{number}" for number in range(size))
    rows = tuple(
        Reached(f"s{number}", 1, "s0", "hard", f"t{number}", 1, agreements if number == 1 else (), "g", ())
        for number in range(size)
    )
    return BlastRadius(rows[:1], rows[1:])


def rule(number: int, long: str) -> Approval:
    return Approval(MatchedRule("p", f"r{number}{long}", (), False, (), (), (), ()), (), ())


def verification(size: int, long: str = "") -> Verification:
    rows = tuple(Difference(f"/a/{number}", long, [long]) for number in range(size))
    return Verification(Replay(decision(1).evidence, rows), long or None)


def coverage(size: int, long: str = "") -> Coverage:
    names = tuple(f"n{number}{long}" for number in range(size))
    return Coverage(
        dict.fromkeys(names, 0), {"Service": names}, {"Service": size}, dict.fromkeys(names, names[:3]), names,
        tuple(UnknownControl(name, name, name) for name in names),
        tuple(UnknownPolicy(name, name, None) for name in names),
    )  # fmt: skip


def register_of(size: int, long: str = "") -> WaiverList:
    records = tuple(RecordId("Service", f"s{number}") for number in range(size))
    entries = [
        register.RegisteredWaiver(
            "active", f"p{number}", f"n{number}{long}", "r", records if number == 0 else (), NOW, "a", "b", long
        )
        for number in range(size)
    ]
    return WaiverList(entries, NOW, "P14D")


def formatted(size: int, long: str = "") -> FormatResult:
    before = "".join(f"key{number}: 'a'\n" for number in range(size)).encode()
    file = Formatted(
        "a.yaml", before, before.replace(b"'", b""), tuple(finding(number, long) for number in range(size))
    )
    return FormatResult([file], is_written=False)


def in_strips(size: int) -> FormatResult:
    """Every other line changes, so that both have nothing in common but single lines."""
    before = "".join(f"key{number}: {'xa' if number % 2 else repr('a')}\n" for number in range(size)).encode()
    return FormatResult([Formatted("a.yaml", before, before.replace(b"'", b""))], is_written=False, shows_diff=True)


def planned(size: int, long: str = "") -> Planned:
    found = entries(size, long)
    nothing = catalogue_of({})
    return Planned(found, found[0].span, zone("UTC"), NOW, f"o{long}", f"s{long}", nothing, dict)


def entries(size: int, long: str = "") -> list[AgendaItem]:
    conflicts = tuple(Conflict("freeze", f"c{number}", f"x{long}", None, None, "m") for number in range(min(size, 50)))
    return [
        AgendaItem(
            "change", f"c{number}", f"t{long}",
            Interval(NOW + timedelta(hours=number), NOW + timedelta(hours=number + 1)),
            tuple(f"s{other}" for other in range(6)), "scheduled", "normal", long, conflicts if number == 0 else (),
        )
        for number in range(size)
    ]  # fmt: skip


def statement(size: int, long: str) -> Statement:
    need = {"satisfiedBy": ["p"]}
    asked = [{"rule": f"r{long}", "required": [need]} for _ in range(size // 100 + 1)]
    requests = [{"number": 1, "decision": {"approvals": asked}}]
    data = {
        "commit": "c",
        "verdict": "approved",
        "problems": [],
        "mergedAt": "t",
        "base": "b",
        "pullRequests": requests,
    }
    return Statement(b"", "", data)


def policy_row(number: int, long: str) -> dict[str, Any]:
    excluded = {"reason": f"why{long}"} if number % 2 else None
    counts = dict.fromkeys(("pass", "fail", "error", "waived"), number)
    about = {"name": f"p{number}", "title": f"{long}t", "severity": "error", "pack": None}
    return {**about, **counts, "excluded": excluded, "override": None}


def record_list(size: int, long: str) -> RecordList:
    titles = (
        Column("Name", ("metadata", "name")),
        Column("Members", ("spec", "members", "*")),
        Column("Purpose", ("spec", "purpose")),
    )
    return RecordList("Team", [team(number, size, long) for number in range(min(size, 200))], titles)


def team(number: int, size: int, long: str) -> Record:
    kind = KindRegistry.load()["Team"]
    metadata = {"name": f"t{number}", "title": "t"}
    data = {"metadata": metadata, "spec": {"members": ["m"] * min(size, 200), "purpose": f"{long}p"}}
    return Record(RecordId("Team", f"{long}t{number}"), kind, data, f"a{number}", None)


def record_shown(size: int, long: str) -> Shown:
    record = team(0, size, long)
    links = [Link(("spec", number), record if number % 2 else None, f"n{long}") for number in range(size)]
    return Shown(record, ["a"] * size, links, links)


def files(size: int, long: str) -> tuple[list[PlannedFile], list[Finding]]:
    paths = [PlannedFile(f"a{number}{long}", b"", Outcome.CREATED, RecordId("Team", "t")) for number in range(size)]
    return paths, [finding(number, long) for number in range(size)]


def audited(size: int, long: str) -> ForgeAudit:
    holes = tuple(Hole("x", f"m{number}{long}", f"r{long}", number % 2 == 0) for number in range(size))
    return ForgeAudit("github", f"r{long}", f"b{long}", "a" * 40, NOW, holes)


def history(size: int, long: str) -> Audit:
    wrong = (AuditFinding("direct-push", "a" * 40, f"{long}p", f"m{long}"),)
    units = tuple(
        Unit(f"{number:040x}", (f"{number + 1:040x}",), findings=wrong * (number % 2), unchecked=f"u{long}")
        for number in range(size)
    )
    left = tuple(LeftOut("b" * 40, f"l{number}{long}") for number in range(size))
    sample = tuple(unit.commit for unit in units)
    return Audit(f"r{long}", f"b{long}", "a" * 40, "b" * 40, NOW, units, wrong * size, left, sample, f"s{long}")


def reminded(size: int, long: str) -> Reminders:
    waiting = [Waiting(f"#{number}", NOW, (f"m{long}",) * (1 if number else size)) for number in range(size)]
    days = [(Deadline(NOW.date(), Matter.RISK, RecordId("Risk", f"r{long}"), Due.SOON), f"o{long}")] * size
    return Reminders(NOW, days, [Review(f"c{long}", (), NOW)] * size, waiting)


def ran(size: int, long: str) -> DeploymentAudit:
    found = tuple(
        Judged(Ran(f"p{number}{long}", "s", f"e{long}", f"{long}a", NOW, NOW, "failed", f"b{long}"), f"c{long}", ())
        for number in range(size)
    )
    wrong = (DeploymentFinding("no-change", f"p{long}", f"s{long}", f"b{long}", f"m{long}"),) * size
    drafts = ({"metadata": {"name": f"n{long}"}},) * size
    return DeploymentAudit(None, NOW, found, wrong, (Skipped(f"p{long}", f"m{long}"),) * size, drafts)


def deployed(size: int, long: str) -> list[Deployed]:
    keys = ("end", "service", "environment", "result", "change", "deployer")
    data = {key: f"{key}{long}" for key in keys}
    reasons = (Reason("x", f"m{long}"),)
    return [
        Deployed(number, f"sha256:{number}", data if number % 3 < 2 else None, reasons * (number % 2), number % 5 == 0)
        for number in range(size)
    ]


def service_levels(size: int, long: str, *, explained: bool = False) -> Overview:
    """The first objective has so many parts, the second so many cases; of the others every other has a problem."""
    span = Interval(NOW, NOW + timedelta(days=366))
    at = (Interval(NOW + timedelta(minutes=number), NOW + timedelta(minutes=number + 1)) for number in range(size))
    parts = tuple(Part(where, f"why{long}", f"{long}i{number}") for number, where in enumerate(at))
    cases = tuple(TimedCase(part.source, part.span, part.seconds, True, True) for part in parts)
    share = {
        "name": f"{long}o", "indicator": "availability", "target": "99.9", "unit": "percent", "comparison": "at-least",
    }  # fmt: skip
    time = {**share, "indicator": "time-to-restore", "target": "4", "unit": "hours", "comparison": "at-most"}
    window, served = Window(span, span), Fraction(366 * 86400)
    found = (
        Attainment("a", "s", share, window, "UTC", parts, parts, parts, served),
        Times("a", "s", time, window, "UTC", cases, cases),
    )
    lines = tuple(
        Line(
            f"{long}a", "sla", f"{long}s{number}", time if number == 1 else share, span,
            found[number] if number < 2 else None, f"{long}p" if number > 1 and number % 2 else "",
        )
        for number in range(size)
    )  # fmt: skip
    return Overview(NOW, lines, explained)


def agreed(size: int, long: str) -> Agreements:
    """So many agreements; the first rests on so many, and owes for so many penalties."""
    overview = service_levels(min(size, 1), long)
    owed = {"when": f"{long}w", "worseThan": "99", "creditPercent": "5"}
    line = replace(overview.lines[0], agreement=f"{long}a0", found=None)
    links = tuple(
        AgreementLink(
            *(f"{long}a{number}", "sla", f"{long}s", f"{long}p", NOW.date(), NOW.date(), NOW.date()),
            () if number else tuple(f"{long}b{other}" for other in range(size)),
        )
        for number in range(size)
    )
    return Agreements(links, tuple(Credit(line, owed, "due") for _ in range(size)), overview)


def compliant(size: int, long: str) -> Compliance:
    """So many controls and clauses; the first control has so many exceptions and drawn members."""
    names = tuple(f"{long}m{number}" for number in range(size))
    wrong = tuple(Shortfall(name, f"{long}w", None) for name in names)
    bad = ControlStatus.NOT_SATISFIED
    first = ControlEvidence({"type": "gate"}, bad, 0, size, population=f"{long}p", exceptions=wrong, missing=f"{long}n")
    rest = replace(first, exceptions=wrong[:1])

    def control(number: int) -> ComplianceRow:
        found = Assessment(
            bad, (rest if number else first,), Interval(NOW, NOW), f"{long}p", size, "d", sample=() if number else names
        )
        return ComplianceRow(f"{long}c{number}", f"{long}t", f"{long}f", f"{long}8", f"{long}o", found)

    clauses = tuple(Clause(f"{number}", f"{long}t") for number in range(size))
    told = ClauseCoverage(f"{long}f", f"{long}t", f"{long}s", f"{long}u", f"{long}n", clauses)
    return Compliance(NOW, "framework", tuple(map(control, range(size))), (told,), f"{long}r")


def measured_load(size: int, long: str) -> Capacity:
    """So many measures, the first with so many named peaks."""
    passing = Passing(Fraction(9), 4, 3, None)
    grows = Growth(Observation(NOW.date(), Fraction(8)), Fraction(1, 100), Fraction(0), Fraction(1, 50), 3)
    peaks = tuple((f"{long}c{number}", Fraction(number)) for number in range(size))
    return Capacity(
        NOW,
        tuple(
            Outlook(
                *(f"{long}s", 0, f"{long}m", f"{long}u", NOW.date(), Fraction(8), grows),
                () if number else peaks,
                *(passing, passing),
            )
            for number in range(size)
        ),
    )


def figures(size: int, long: str) -> Kpi:
    """So many figures; the first counts so many records, leaves out as many, and has as many quarters."""
    definition = Definition(f"f{long}", f"{long}t", "share", "", f"{long}f")
    rows = [Row(f"{long}r{number}", NOW, left_out=f"{long}w" * (number % 2)) for number in range(2 * size)]
    many, one = Metric.of(definition, rows), Metric.of(definition, rows[:2], f"{long}p")
    period = Interval(NOW - timedelta(days=365), NOW)
    same = Compared(one, one, change(one.over(period), one.over(period), "lower"))
    pair = Compared(many, many, None), *[same] * size
    return Kpi(NOW, period, "team", (many, *[one] * size), {f"f{long}": [one] * size}, (long, "b"), pair)


def seen_behind(size: int, long: str) -> Hindsight:
    """So many changes, the first of which caused so many incidents."""
    found = (
        PastChange(
            f"{long}c{number}", "stopped", f"{long}m", NOW, number % 2 == 0, () if number else (f"{long}i",) * size
        )
        for number in range(size)
    )
    return Hindsight(f"{long}p", NOW, Interval(NOW - timedelta(days=365), NOW), "start", tuple(found))


def recurring(size: int, long: str) -> Recurrence:
    """So many services, the first with so many incidents."""
    names = tuple(f"{long}i{number}" for number in range(size))
    many = (Repeated("Service", f"{long}s", () if number else names, NOW, NOW) for number in range(size))
    return Recurrence(NOW, tuple(many))


def carded(size: int, long: str) -> Scorecards:
    """So many services, the first of which lacks so much of a level."""
    level, id_ = Level(f"{long}gold", ("p",)), RecordId("Service", f"{long}s")
    missing = (Judgement("p", id_, "fail", f"{long}x"),) * size
    cards = (Scorecard(id_, "t", None, level, size, () if number else missing) for number in range(size))
    return Scorecards(NOW, (level,), tuple(cards))


def adopted(size: int, long: str) -> Adoption:
    """So many initiatives and benchmarks of a figure, and a remark."""
    message = {"on": "2026-01-01", "done": True}
    initiative = {"status": "running", "communication": [message], "milestones": [{"due": "2026-01-01"}]}
    measure = {"metric": f"{long}m", "baseline": "1", "measured": [{"on": f"{long}d", "value": f"{long}v"}]}
    benchmark = {"figure": "training-coverage", "value": "1", "source": f"{long}s", "on": "2026-01-01"}
    of_kind = {"Initiative": {**initiative, "adoption": [measure]}, "Benchmark": benchmark}
    records = [
        {"kind": kind, "metadata": {"name": f"{long}{number}"}, "spec": spec}
        for kind, spec in of_kind.items()
        for number in range(size)
    ]
    year = Interval(NOW - timedelta(days=365), NOW)
    return Adoption(Seen(Facts.from_records(records), NOW), year, (f"{long}r",))


def portfolio(size: int, long: str) -> Portfolio:
    """So many services with a value and a reason, budgets and business cases."""
    service = {"owner": f"{long}o", "stage": f"{long}g", "lifecycle": "deprecated", "dependsOn": []}
    value = {"score": 3, "reason": f"{long}r", "assessedOn": "2026-01-01"}
    line = {"name": "l", "plan": ["1.00"] * 12, "actual": ["2.00"]}
    budget = {"start": "2026-01-01", "fiscalYear": "2026", "owner": "t", "team": f"{long}t", "currency": "EUR"}
    case = {"status": f"{long}s", "currency": "EUR", "benefitsRealised": [{"on": "2026-01-01", "amount": "1"}]}
    of_kind = {
        "Service": {**service, "value": value},
        "Budget": {**budget, "lines": [line]},
        "BusinessCase": case,
    }
    records = [
        {"kind": kind, "metadata": {"name": f"{long}{number}"}, "spec": spec}
        for kind, spec in of_kind.items()
        for number in range(size)
    ]
    return Portfolio(Facts.from_records(records), NOW)


def called(size: int, long: str) -> OnCall:
    """A rota with so many shifts, and so many rotas with one."""
    rota = {"metadata": {"name": "r", "title": f"{long}t"}, "spec": {"timezone": "UTC"}}
    found = tuple(
        DutyShift(
            Interval(NOW + timedelta(hours=number), NOW + timedelta(hours=number + 1)), (f"{long}p",) * 2, "r", 0, long
        )
        for number in range(size)
    )
    return OnCall(NOW, f"{long}o", None, (Rota(rota, found), *(Rota(rota, found[:1]) for _ in range(size))))


def supposition(size: int, long: str) -> Supposition:
    """So many promises that cannot be kept, each with as many improvements as have room in all."""
    half, kept = Fraction(1, 2), Kept(Fraction(1, 2), Fraction(1, 2), True)
    better = (Improvement(f"{long}c", half, Fraction(3, 4)),) * 3
    promise = Promise(
        *(f"{long}a", "sla", f"{long}s", NOW.date(), None, 0, "o", "availability", Fraction(99), "99"),
        *("percent", "at-least", Fraction(100), None, None),
    )
    shift = PromiseShift(promise, Fraction(99, 100), kept, kept, better)
    return Supposition(NOW, {f"{long}s{number}": half for number in range(size)}, (shift,) * size)


BUILT: Final[dict[str, Callable[[int, str], tuple[Any, ...]]]] = {
    "validate": lambda size, long: (validation(size, long),),
    "gate": lambda size, long: (decision(size, long),),
    "policy_test": lambda size, long: (policy_test(size, long),),
    "impact": lambda size, long: (radius(size, long),),
    "verify": lambda size, long: (verification(size, long),),
    "policy_coverage": lambda size, long: (coverage(size, long),),
    "waiver_list": lambda size, long: (register_of(size, long),),
    "record_list": lambda size, long: (record_list(size, long),),
    "record_show": lambda size, long: (record_shown(size, long),),
    "fmt": lambda size, long: (formatted(size, long),),
    "policy_impact": lambda size, long: (
        Impact(
            "a", "b", NOW,
            [Shift("x", None, "pass", "fail", f"m{long}", number % 9) for number in range(size)],
            [(number, long) for number in range(size)],
        ),
    ),
    "authorise": lambda size, long: (
        Answer(Question("c", "s", NOW), tuple(Reason("x", f"m{long}") for _ in range(size)), None, None, {}), "r", "c",
        EvidenceFound(True, f"n{long}"),
    ),
    "approve": lambda size, long: (
        Proposal({"reviewer": "a", "verdict": "approved"}, (), ()), long, f"refs/{size}", decision(1),
    ),
    "calendar": lambda size, long: (planned(size, long),),
    "evidence_note": lambda size, long: (Noted((statement(size, long),) * size, (Reason("x", long),) * size),),
    "evidence_show": lambda size, long: (Evidence("c", statement(size, long), (Reason("x", long),) * size),),
    "policy_list": lambda size, long: ([policy_row(number, long) for number in range(size)],),
    "import_": lambda size, long: (Imported("x", Path(), False, *files(size, long)),),
    "export": lambda size, long: (Exported(*files(size, long), is_written=True),),
    "audit_merges": lambda size, long: (history(size, long),),
    "audit_deployments": lambda size, long: (ran(size, long),),
    "audit_forge": lambda size, long: (audited(size, long),),
    "deployed": lambda size, long: (deployed(size, long),),
    "sla": lambda size, long: (service_levels(size, long),),
    "reminders": lambda size, long: (reminded(size, long),),
    "agreements": lambda size, long: (agreed(size, long),),
    "capacity": lambda size, long: (measured_load(size, long),),
    "compliance": lambda size, long: (compliant(size, long),),
    "policy_hindsight": lambda size, long: (seen_behind(size, long),),
    "kpi": lambda size, long: (figures(size, long),),
    "recurrence": lambda size, long: (recurring(size, long),),
    "scorecards": lambda size, long: (carded(size, long),),
    "adoption": lambda size, long: (adopted(size, long),),
    "portfolio": lambda size, long: (portfolio(size, long),),
    "oncall": lambda size, long: (called(size, long),),
    "what_if": lambda size, long: (supposition(size, long),),
}  # fmt: skip
"""For each report what it is given: so many rows, or texts of a length. Every report has its entry."""
REPORTS: Final = [module.name for module in pkgutil.iter_modules(reports.__path__) if module.ispkg]
FORMATS: Final = [(report, form) for report in REPORTS for form in formats(report)]
Given = Callable[[int], Any]


def over(make: Given, write: Callable[[Any], object]) -> Prepare:
    """The writing of what is made; making it is not measured."""

    def prepare(size: int) -> Callable[[], object]:
        given = make(size)
        return lambda: write(given)

    return prepare


def proposal(size: int) -> Proposal:
    statement = {"base": "a", "head": "b", "verdict": "approved"}
    return Proposal(statement, tuple(rule(number, "") for number in range(size)), (Reason("x", "y"),) * size)


OTHERS: Final[dict[str, Prepare]] = {
    "the tree of approvals": over(decision, lambda given: approval_tree.explanation(given)),
    "the notice for a forge": over(decision, notice),
    "a statement": over(proposal, lambda given: preview(given, NOTHING)),
    "explained service levels": over(
        lambda size: service_levels(size, "", explained=True),
        lambda given: [renderer("sla", form)(given) for form in ("text", "json")],
    ),
    "JUnit": over(
        lambda size: [Case(f"c{number}", "g", "f", number, "why") for number in range(size)],
        lambda given: junit("n", [("s", given)]),
    ),
}
NOTHING: Final = error_decision("x", "y", "2026-11-22T12:00:00Z")


def test_every_report_is_measured() -> None:
    assert sorted(REPORTS) == sorted(BUILT)


@SIZES
@pytest.mark.parametrize(("name", "form"), FORMATS, ids=[f"{name} {form}" for name, form in FORMATS])
def test_a_report_of_many_rows(name: str, form: str, enough: float) -> None:
    write = renderer(name, form)
    prepare = over(lambda size: BUILT[name](size, ""), lambda given: write(*given))
    assert_grows_slowly(prepare, start=100, most=4000, enough=enough)


@SIZES
@pytest.mark.parametrize(("name", "form"), FORMATS, ids=[f"{name} {form}" for name, form in FORMATS])
def test_a_report_of_long_texts(name: str, form: str, enough: float) -> None:
    write = renderer(name, form)

    def prepare(size: int) -> Callable[[], object]:
        long = "".join(random.Random(size).choices(["x" * 50, "` ", "@", "www.", "\\", " "], k=size))
        given = BUILT[name](1, long)
        return lambda: write(*given)

    assert_grows_slowly(prepare, start=200, most=8000, enough=enough)


@SIZES
@pytest.mark.parametrize("name", OTHERS)
def test_what_else_is_written(name: str, enough: float) -> None:
    assert_grows_slowly(OTHERS[name], start=100, most=4000, enough=enough)


def test_how_a_file_is_formatted_is_shown_where_that_takes_no_time() -> None:
    """The search for lines in common takes time by the square of their number, so it is left for long files."""
    assert fmt_text.render(in_strips(1500)).count("\n+") == 751
    assert "too many to show" in fmt_text.render(in_strips(1501))
    assert_grows_slowly(over(in_strips, fmt_text.render), start=1501, most=64_000)


# What comes before a report.


def unknown_keys(size: int) -> bytes:
    return b"metadata: {" + b", ".join(b"k%d: 1" % number for number in range(size)) + b"}\n"


def wrong_items(size: int) -> bytes:
    return b"spec: {dependsOn: [" + b", ".join(b"%d" % number for number in range(size)) + b"]}\n"


def unlike_items(size: int) -> bytes:
    items = b", ".join(b"{service: s%d, strength: hard}" % number for number in range(size))
    return b"spec: {dependsOn: [" + items + b"]}\n"


def wide_values(size: int) -> bytes:
    return b"metadata: {title: '" + b"x" * size + b"'}\nspec: {tier: " + b"[" * 30 + b"1" + b"]" * 30 + b"}\n"


@SIZES
@pytest.mark.parametrize("make", [unknown_keys, wrong_items, unlike_items, wide_values])
def test_what_is_wrong_with_a_record_is_found_in_one_pass(make: Callable[[int], bytes], enough: float) -> None:
    validator = KINDS["Service"].validator

    def prepare(size: int) -> Callable[[], object]:
        source = make(size)
        data = parse(source)
        return lambda: validator.problems(data, source)

    assert_grows_slowly(prepare, start=250, most=16_000, enough=enough)


def test_findings_are_placed_in_one_pass() -> None:
    def prepare(size: int) -> Callable[[], object]:
        text = "word " * size
        source = f"a: >-\n  {text}\nb: {{{', '.join(f'k{number}: 1' for number in range(size))}}}\n".encode()
        places = [Location("x", pointer=("a",), offset=5 * number) for number in range(size)]
        places += [Location("x", pointer=("b", f"k{number}")) for number in range(size)]
        findings = [Finding("r", Severity.ERROR, place, f"m{number}") for number, place in enumerate(places)]
        return lambda: place_findings(findings, {"x": source})

    assert_grows_slowly(prepare, start=250, most=8000)
    source = b"a: 'one two'\n"
    assert locate_inside(source, [(("a",), 0), (("a",), 4), (("b",), 0)]) == [(1, 5), (1, 9), (1, 1)]


# Bounds, and totals that stay true.


def test_findings_of_a_rule_in_a_file_are_folded_beyond_the_first_ones() -> None:
    many = [
        Finding("r", Severity.ERROR, Location("a", number), f"m{number}", record=RecordId("Service", "a"))
        for number in range(4000)
    ]
    other = Finding("r", Severity.WARNING, Location("a", 1), "m")
    found = folded([*many, other])
    assert len(found) == 52
    assert sum(item.count for item in found) == 4001
    (rest,) = [item for item in found if item.count > 1]
    assert (rest.message, rest.count, rest.blocks) == ("and 3,950 more like these", 3950, True)
    assert folded(found) == found == folded(folded([*many, other]))
    assert rest.as_data()["count"] == 3950
    assert "count" not in other.as_data()


@pytest.mark.parametrize(("before", "new"), [(60, 0), (70, 0), (57, 3), (52, 8), (50, 10), (0, 60)])
def test_of_what_is_folded_only_what_came_to_it_is_new(before: int, new: int) -> None:
    """Fewer than before is nothing new, and more is no news of all the others."""

    def some(count: int) -> list[Finding]:
        return folded(Finding("r", Severity.ERROR, Location("a", line), f"m{line}") for line in range(count))

    found = with_known(some(60), some(before), lambda finding: False)
    assert sum(item.count for item in found if item.blocks) == new
    assert sum(item.count for item in found) == 60
    if 0 < new < 10:
        assert [item.message for item in found if item.blocks] == [f"and {new} more like these"]
    assert sum(item.count for item in with_known(some(60), some(before), lambda finding: True) if item.blocks) == 60


def test_what_is_waived_or_known_is_not_folded_with_what_blocks() -> None:
    def some(**more: Any) -> list[Finding]:
        return [Finding("r", Severity.ERROR, Location("a", line), f"m{line}", **more) for line in range(60)]

    found = folded([*some(), *some(known=True), *some(waiver="w")])
    assert sorted((item.known, item.waiver or "", item.count) for item in found if item.count > 1) == [
        (False, "", 10),
        (False, "w", 10),
        (True, "", 10),
    ]


def test_a_record_with_any_number_of_mistakes_has_few_findings_and_all_of_them_in_the_total() -> None:
    validator = KINDS["Service"].validator
    for make, size, more in ((unknown_keys, 4000, ""), (wrong_items, 4000, ""), (wrong_items, 40_000, "at least ")):
        problems = validator.problems(parse(make(size)))
        assert len(problems) <= schemas.MOST_EXPLAINED + 10
        total = sum(item.count for item in problems)
        assert total >= size if not more else total > schemas.MOST_COUNTED
        assert any(item.message.startswith(f"and {more}") for item in problems)


def test_one_bad_file_does_not_make_large_reports(tmp_path: Any, itsm: Any) -> None:
    copy_tree(SMALL, tmp_path)
    file = tmp_path / "services/newsletter.yaml"
    file.write_text(file.read_text() + f"zz: {{{', '.join(f'key{number}: 1' for number in range(9000))}}}\n")
    text = file.read_text()
    file.write_text(text.replace("spec:\n", "spec:\n" + "".join(f"  key{number}: 1\n" for number in range(9000))))
    for form in ("json", "github"):
        code, out, _ = itsm("validate", "-C", tmp_path, "--now", "2026-11-22T12:00:00Z", "--format", form)
        assert code == 1
        assert len(out) < 40_000, form
    assert "9001 errors" in itsm("validate", "-C", tmp_path, "--now", "2026-11-22T12:00:00Z")[1]


@pytest.fixture(autouse=True)
def _no_leftovers() -> Iterator[None]:
    """Sources that reports remember are large here."""
    yield
    from itsm_as_code.reports import findings

    findings._lines.cache_clear()
