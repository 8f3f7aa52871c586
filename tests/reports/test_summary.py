"""The verdict, read in ten seconds: what stands on the first screen of the Markdown summary, and in which order."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from itsm_as_code.findings import RecordId
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate import evaluate
from itsm_as_code.gate.decision import Decision, Reason, error_decision
from itsm_as_code.gate.outline import FieldChange, Outline, Subject
from itsm_as_code.gate.outlining import _weighs as weighs_of
from itsm_as_code.git.repository import Repository
from itsm_as_code.measures.beta import Posterior
from itsm_as_code.measures.risk import Factor, Risk
from itsm_as_code.reports.gate._summary import MOST_LINES, unfolded
from itsm_as_code.reports.gate._words import path_of
from itsm_as_code.reports.gate.markdown import render
from itsm_as_code.reports.gate.text import render as as_text
from tests.attacks.test_21_report_injection import acts
from tests.conftest import NOW, ROOT, Workshop

TRANSCRIPTS = ROOT / "docs" / "transcripts"
FIRST_CHANGE = "changes/2026/11/22/chg-20261122-tune.yaml"


def first_screen(decision: Decision, *, mention: bool = False) -> str:
    return re.sub(r"(?s)<details>.*", "", render(decision, mention=mention))


def in_order(text: str, *parts: str) -> bool:
    return re.search("(?s)" + ".*".join(map(re.escape, parts)), text) is not None


def test_no_summary_of_the_demo_is_longer_than_a_screen() -> None:
    """The transcripts are generated and compared: this reads how long the summaries in them were."""
    lengths = []
    for page in ("demo.md", "stories.md"):
        text = (TRANSCRIPTS / page).read_text("utf-8")
        found = [int(number) for number in re.findall(r"As Markdown it is (\d+) lines long, folded\.", text)]
        assert len(found) == text.count(" Verdict: **")
        lengths += found
    assert len(lengths) > 20
    assert max(lengths) <= MOST_LINES


def full(size: int) -> Decision:
    """A decision with much of everything, each text of ``size`` words."""
    text = "lengthy" + " lengthy" * size
    blank = error_decision("usage", "x", "2026-11-22T12:00:00Z", "a" * 40, "b" * 40)
    change = {"kind": "Change", "name": "chg-one"}
    conflict = {"kind": "freeze", "record": change, "with": None, "start": None, "end": None, "message": text}
    weighty = {"name": "impact: x", "value": text, "points": 3, "source": "x"}
    need = {"from": {"role": "r"}, "count": 2, "satisfiedBy": [], "missing": 2, "suggested": ["bob"]}
    approval = {"policy": "p", "rule": "r", "why": [text], "required": [need], "ignored": [], "satisfied": False}
    levels = {"level": "high", "declared": "high", "likelihood": "high", "impact": "high"}
    data = {
        **blank.evidence,
        "records": [{**change, "path": "x", "action": "added", "fields": []}] * 30,
        "paths": [{"path": f"docs/{text}", "action": "added"}] * 30,
        "conflicts": [conflict] * 30,
        "affected": {
            "declared": [text] * 9,
            "computed": [{"service": text, "distance": 1, "via": text, "owner": None}] * 30,
        },
        "risk": [{"record": change, **levels, "factors": [weighty] * 9}],
        "approvals": [approval] * 20,
        "validUntil": "2026-12-01T00:00:00Z",
        "whatIf": {"author": "alice", "reviews": [], "policies": []},
    }
    reasons = [Reason(code, text, ("bob",)) for code in ("approval-missing", "finding:x") for _ in range(20)]
    subject = Subject(
        RecordId("Change", "chg-one"),
        "modified",
        text,
        text[:400],
        f"changes/{text}.yaml"[:120],
        "https://forge.example/x",
        about=tuple((name, text) for name in ("Requester", "Implementers", "Window", "Outage", "Back-out")),
        weighs=(text,) * 9,
        fields=(FieldChange("/spec/summary", text[:160], text[:160]),) * 30,
        changed=30,
    )
    outline = Outline((subject,) * 30, {"bob": "bobby"})
    return replace(blank, verdict="rejected", reasons=tuple(reasons), evidence=data, outline=outline)


@pytest.mark.parametrize("size", [0, 5, 20, 80, 300])
def test_whatever_a_pull_request_brings_a_summary_is_no_longer_than_a_screen(size: int) -> None:
    summary = render(full(size))
    assert unfolded(summary) <= MOST_LINES
    assert in_order(
        first_screen(full(size)), "# ✘ Rejected", "lengthy", "more", "## lengthy", "**Affected:**", "**Risk"
    )


def test_the_change_itself_stands_below_what_is_missing(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    shown = first_screen(decision)
    assert in_order(
        shown,
        *("# … Pending", "approval missing from", "## Tune the newsletter", "Send in smaller batches."),
        *("added Change&#58; new -\\> proposed", "| Requester | alice |", "| Implementers | alice |"),
        *("| Window | Tue 2026-12-01 21&#58;00 to 23&#58;00", "| Outage | not said |"),
        *("| Back-out | 10 minutes, rehearsed on 2026-11-20&#58; Set it back \\(and 1 more\\)", FIRST_CHANGE),
        *("**Affected:** newsletter", "**Risk:** "),
    )
    assert in_order(
        as_text(decision), "PENDING", "missing", "Tune the newsletter", "Affected: ", "Risk of", "Approvals"
    )


def test_no_statistics_on_the_first_screen(workshop: Workshop) -> None:
    """Of a rate what was counted is told; how it was reckoned from that folds away."""
    rate = Factor(
        "history of the services", "likelihood", "1 of 3 succeeded", 2, "x", Posterior(1, 3, Fraction(7, 10), 4)
    )
    light = Factor("test", "likelihood", "passed", 0, "x")
    weighs = list(weighs_of(Risk("high", "high", None, "high", "high", (light, rate))))
    assert ("credible" in rate.value, weighs) == (True, ["history of the services: 1 of 3 succeeded"])
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    assert "credible" in render(decision)
    assert "credible" not in first_screen(decision)


def test_what_stood_there_and_what_stands_there_now(workshop: Workshop) -> None:
    workshop.edit("services/orders.yaml", "title: Orders", "title: Order book")
    workshop.commit()
    decision = workshop.judge()
    assert "| `/metadata/title` | Orders | Order book |" in first_screen(decision)
    assert "/metadata/title: Orders -> Order book" in as_text(decision)


def test_of_long_values_the_difference_is_shown(workshop: Workshop) -> None:
    long = "very " * 200
    path = workshop.change(**{"Send in smaller batches.": f"Send {long} small batches."})
    workshop.git("checkout", "-q", "main")
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "-B", "topic")
    workshop.edit(path, " small batches", " tiny batches")
    workshop.edit(path, "[Set it back, Restart]", "[Set it back, Wait, Restart]")
    workshop.commit()
    fields = {item.pointer: item for item in workshop.judge().outline.subjects[0].fields}
    summary, steps = fields["/spec/summary"], fields["/spec/backout/steps"]
    assert summary.old is not None
    assert summary.new is not None
    assert (summary.old.endswith("small batches."), summary.new.endswith("tiny batches.")) == (True, True)
    assert (len(summary.old) < 60, steps.old, steps.new) == (True, "…, …", "…, Wait, …")


def test_a_record_that_breaks_its_schema_is_shown_as_far_as_it_goes(workshop: Workshop) -> None:
    workshop.write(FIRST_CHANGE, "kind: Change\nmetadata: {title: [a]}\nspec: {schedule: 7, backout: [], outage: x}\n")
    workshop.commit()
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    shown = first_screen(decision)
    assert ("| Window | not planned yet |" in shown, "| Requester | nobody said |" in shown) == (True, True)


def asked(workshop: Workshop, login: str) -> Decision:
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    names = {name for reason in decision.reasons for name in reason.ask}
    return replace(decision, outline=replace(decision.outline, logins=dict.fromkeys(names, login)))


def test_logins_are_mentioned_only_where_asked(workshop: Workshop) -> None:
    decision = asked(workshop, "bobby-tables")
    assert "(`@bobby-tables`)" in first_screen(decision)
    assert "(@bobby-tables)" in first_screen(decision, mention=True)


@pytest.mark.parametrize("login", ["all`", "x](https://evil.example)", "<b>", "a b", "team/everyone"])
def test_no_other_than_a_login_is_mentioned(workshop: Workshop, login: str) -> None:
    decision = asked(workshop, login)
    assert "@" not in re.sub("`[^`]*`", "", first_screen(decision, mention=True))
    assert acts(render(decision)) == []


def test_the_login_is_that_of_the_forge(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    for forge, logins in (("github", {"bob": "bob-gh"}), ("gitlab", {})):
        asked_at = PullRequest("alice", forge=forge)
        assert evaluate(Repository(workshop.path), "main", "topic", asked_at, NOW).outline.logins == logins


def test_the_record_is_linked_where_the_forge_is_known(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.write(
        "itsm.yaml",
        (workshop.path / "itsm.yaml").read_text().replace("spec:\n", "spec:\n  forge: {type: github, url: "
        '"https://forge.example/shop/records/"}\n', 1),
    )  # fmt: skip
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "-B", "topic")
    workshop.change()
    head = workshop.commit()
    shown = first_screen(workshop.judge())
    assert f"[`{FIRST_CHANGE}`](<https://forge.example/shop/records/blob/{head}/{FIRST_CHANGE}>)" in shown


@pytest.mark.parametrize(("states", "way"), [("new known-error", "new -> known-error"), ("draft", "new -> draft")])
def test_a_way_begins_once(states: str, way: str) -> None:
    """What is added comes from nowhere, which is said as "new"; so is the first state of a problem."""
    steps = pairwise([None, *states.split()])
    record = {"kind": "Problem", "name": "x"}
    rows = [{"record": record, "from": start, "to": end, "allowed": True} for start, end in steps]
    assert path_of({"transitions": rows}, "Problem", "x") == way
