"""28: deploying without leave: no change or another, too early or late, frozen, a suspended model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from itsm_as_code.records.kinds import KindRegistry
from tests.attacks.tools import (
    CHANGE,
    FREEZE,
    MODEL,
    OUTAGE_PATH,
    PROBLEM,
    PROBLEM_PATH,
    REVIEW,
    REVIEW_PATH,
    RULES,
    SHORTER,
    STANDARD,
    STANDARD_PATH,
    WAIVER,
    WAIVER_PATH,
    used_up,
)
from tests.conftest import Run, Workshop
from tests.signing import add_key, make_key

INSIDE = "2026-12-01T21:00:00Z"
NAME = "chg-20261122-tune"
FAILED = """\
apiVersion: itsm/v1
kind: Change
metadata: {name: chg-20261110-failed-%(number)s, title: Restart that failed}
spec:
  type: standard
  model: restart
  services: [newsletter]
  requester: alice
  summary: Restart.
  justification: Needed.
  schedule: {start: "2026-11-%(day)sT20:00:00Z", end: "2026-11-%(day)sT22:00:00Z"}
  actual: {start: "2026-11-%(day)sT20:00:00Z", end: "2026-11-%(day)sT21:00:00Z"}
  status: failed
  result: failed
"""

OPEN_TO_ALL = """\
apiVersion: itsm/v1
kind: ApprovalPolicy
metadata: {name: all, title: Nobody has to}
spec:
  rules:
    - {name: all, match: {paths: ["**"]}, approvals: []}
    - {name: changes, match: {kinds: [Change]}, approvals: []}
"""


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """A scheduled change of the newsletter on main, from 20:00 to 22:00 on 1 December."""
    workshop.git("checkout", "-q", "main")
    workshop.change(**{"status: proposed": "status: scheduled"})
    workshop.commit(who="erin")
    return workshop


@pytest.fixture
def ask(shop: Workshop, itsm: Run) -> Any:
    """Exit code and report of `itsm authorise`, which fits its schema."""

    def call(*arguments: str, change: str = NAME, at: str = INSIDE) -> tuple[int, dict[str, Any]]:
        code, out, err = itsm("authorise", "-C", shop.path, change, "--at", at, "--format", "json", *arguments)
        assert err == ""
        data = json.loads(out)
        schema = KindRegistry.load().bundled("reports/authorise-report.schema.json")
        jsonschema.Draft202012Validator(schema).validate(data)
        assert (code == 0) is data["authorised"]
        return code, data

    return call


def reasons(data: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in data["reasons"]]


def test_inside_its_window(ask: Any) -> None:
    code, data = ask()
    assert (code, data["validUntil"], data["next"]) == (0, "2026-12-01T22:00:00Z", None)


@pytest.mark.parametrize(
    ("at", "codes", "following"),
    [
        ("2026-11-30T00:00:00Z", ["too-early"], "2026-12-01T20:00:00Z"),
        ("2026-12-01T19:59:59Z", ["too-early"], "2026-12-01T20:00:00Z"),
        ("2026-12-01T20:59:59+01:00", ["too-early"], "2026-12-01T20:00:00Z"),
        ("2026-12-01T20:00:00Z", [], None),
        ("2026-12-01T21:59:59Z", [], None),
        ("2026-12-01T22:00:00Z", ["too-late"], None),
    ],
)
def test_the_window_to_the_second(ask: Any, at: str, codes: list[str], following: str | None) -> None:
    _, data = ask(at=at)
    assert (reasons(data), data["next"]) == (codes, following)


@pytest.mark.parametrize("name", ["chg-20261122-tunes", "../people/alice", "", "newsletter", "CHG-20261122-TUNE"])
def test_no_such_change(ask: Any, name: str) -> None:
    code, data = ask(change=name)
    assert (code, reasons(data), data["next"]) == (1, ["no-such-change"], None)


def test_only_on_another_branch(shop: Workshop, ask: Any) -> None:
    shop.git("checkout", "-q", "topic")
    shop.change("chg-20261122-other", **{"status: proposed": "status: scheduled"})
    shop.commit()
    code, data = ask(change="chg-20261122-other")
    assert (code, reasons(data)) == (1, ["not-merged"])
    assert "only on topic" in data["reasons"][0]["message"]
    for more, told in ((("two", "three"), "three, topic, two"), (("four",), "four, three, topic and 1 more")):
        for name in more:
            shop.git("branch", name, "topic")
        assert data_of_branches(ask) == f"chg-20261122-other is not merged: it is only on {told}"


def data_of_branches(ask: Any) -> str:
    message: str = ask(change="chg-20261122-other")[1]["reasons"][0]["message"]
    return message


def test_what_time_does_not_mend_has_no_next_time(ask: Any) -> None:
    _, data = ask("--service", "orders", at="2026-12-01T19:59:59Z")
    assert ("other-service" in reasons(data), len(reasons(data)), data["next"]) == (True, 2, None)


def test_another_branch_does_not_authorise_what_the_default_branch_does_not(shop: Workshop, ask: Any) -> None:
    """Checked out is a branch that says scheduled, and that it is the default; what origin has counts."""
    shop.git("update-ref", "refs/remotes/origin/main", "main")
    shop.edit(CHANGE, "2026-12-01T20", "2026-12-01T10")
    shop.commit()
    assert reasons(ask(at="2026-12-01T12:00:00Z")[1]) == ["too-early"]


def test_what_is_checked_out_does_not_say_which_branch_counts(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    """A job checked out a pull request, whose itsm.yaml calls its own branch the default one."""
    clone = Workshop(tmp_path / "clone", shop.clock)
    shop.git("clone", "-q", str(shop.path), str(clone.path))
    clone.git("checkout", "-q", "-b", "mine")
    clone.edit("itsm.yaml", "defaultBranch: main", "defaultBranch: mine")
    clone.edit(CHANGE, "2026-12-01T20", "2026-12-01T10")
    clone.commit()
    assert itsm("authorise", "-C", clone.path, NAME, "--at", "2026-12-01T12:00:00Z")[0] == 1
    assert itsm("authorise", "-C", clone.path, NAME, "--at", INSIDE)[0] == 0


def test_the_work_tree_does_not_count(shop: Workshop, ask: Any) -> None:
    shop.edit(CHANGE, "2026-12-01T20", "2026-12-01T10")
    assert reasons(ask(at="2026-12-01T12:00:00Z")[1]) == ["too-early"]


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        ("draft", ["not-authorised"]),
        ("proposed", ["not-authorised"]),
        ("authorised", []),
        ("implementing", []),
        ("implemented", ["over"]),
        ("failed", ["over"]),
        ("backed-out", ["over"]),
        ("closed", ["over"]),
        ("cancelled", ["over"]),
        ("rejected", ["over"]),
    ],
)
def test_its_status(shop: Workshop, ask: Any, status: str, codes: list[str]) -> None:
    shop.edit(CHANGE, "status: scheduled", f"status: {status}")
    shop.commit(who="erin")
    _, data = ask()
    assert (reasons(data), data["next"]) == (codes, None)


def test_a_service_that_is_not_its_own(ask: Any) -> None:
    assert ask("--service", "newsletter")[0] == 0
    code, data = ask("--service", "orders")
    assert (code, reasons(data)) == (1, ["other-service"])


@pytest.mark.parametrize(
    ("freeze", "codes", "following"),
    [
        ('"2026-12-01T21:00:00Z", end: "2026-12-01T21:30:00Z"', ["frozen"], "2026-12-01T21:30:00Z"),
        ('"2026-12-01T21:00:01Z", end: "2026-12-01T21:30:00Z"', [], None),
        ('"2026-12-01T20:00:00Z", end: "2026-12-01T21:00:00Z"', [], None),
        ('"2026-11-01T20:00:00Z", end: "2027-12-01T21:00:00Z"', ["frozen"], None),
    ],
)
def test_frozen(shop: Workshop, ask: Any, freeze: str, codes: list[str], following: str | None) -> None:
    text = (shop.path / FREEZE).read_text()
    shop.write(FREEZE, text[: text.index("    - {start")] + f"    - {{start: {freeze}}}\n")
    shop.commit(who="erin")
    _, data = ask()
    assert (reasons(data), data["next"]) == (codes, following)
    if codes:
        shop.edit(FREEZE, "exempt: [emergency]", "exempt: [normal]")
        shop.commit(who="erin")
        assert reasons(ask()[1]) == []


def test_an_open_time_before_a_freeze_ends_with_it(shop: Workshop, ask: Any) -> None:
    text = (shop.path / FREEZE).read_text()
    entry = '    - {start: "2026-12-01T21:30:00Z", end: "2026-12-01T21:40:00Z"}\n'
    shop.write(FREEZE, text[: text.index("    - {start")] + entry)
    shop.commit(who="erin")
    assert ask()[1]["validUntil"] == "2026-12-01T21:30:00Z"


def test_a_calendar_that_cannot_be_read_is_no_leave(shop: Workshop, itsm: Run) -> None:
    text = (shop.path / FREEZE).read_text()
    entry = '    - {rrule: "FREQ=NEVER", dtstart: "2026-01-01T00:00:00", duration: PT1H}\n'
    shop.write(FREEZE, text[: text.index("    - {start")] + entry)
    shop.commit(who="erin")
    code, _, err = itsm("authorise", "-C", shop.path, NAME, "--at", INSIDE)
    assert (code, "cannot be read" in err) == (2, True)


def test_a_freeze_that_somebody_broke_is_no_leave(shop: Workshop, itsm: Run) -> None:
    """A record that does not fit its schema is no fact: the freeze would be gone."""
    shop.edit(FREEZE, "kind: freeze", "kind: frozen")
    shop.commit(who="erin")
    code, _, err = itsm("authorise", "-C", shop.path, NAME, "--at", INSIDE)
    assert (code, "cannot be read" in err) == (2, True)


def test_a_change_that_cannot_be_read_is_no_leave(shop: Workshop, itsm: Run) -> None:
    for bad in ("status: [", "status: whenever"):
        shop.edit(CHANGE, "status: scheduled", bad)
        shop.commit(who="erin")
        code, _, err = itsm("authorise", "-C", shop.path, NAME, "--at", INSIDE)
        assert (code, "cannot be read" in err) == (2, True)
        shop.edit(CHANGE, bad, "status: scheduled")


# Standard changes.


@pytest.fixture
def standard(shop: Workshop) -> str:
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit(who="erin")
    return "chg-20261122-restart"


def test_a_standard_change_by_its_model(ask: Any, standard: str) -> None:
    assert ask(change=standard)[0] == 0


def test_a_suspended_model(shop: Workshop, ask: Any, standard: str) -> None:
    shop.edit(MODEL, "  maxRisk: high\n", "  maxRisk: high\n  suspended: true\n  suspendedReason: It failed.\n")
    shop.commit(who="erin")
    code, data = ask(change=standard)
    assert (code, reasons(data), data["next"]) == (1, ["model-suspended"], None)


def test_a_model_that_its_failures_suspend(shop: Workshop, ask: Any, standard: str) -> None:
    """Two failures within 30 days; by itself it ends when the first of them is 30 days old, which is in the window."""
    shop.edit(MODEL, "  maxRisk: high\n", "  maxRisk: high\n  suspension: {failures: 2, within: P30D}\n")
    for number, day in ((1, "01"), (2, "20")):
        shop.write(f"changes/2026/11/10/chg-20261110-failed-{number}.yaml", FAILED % {"number": number, "day": day})
    shop.commit(who="erin")
    code, data = ask(change=standard, at="2026-12-01T20:10:00Z")
    assert (code, reasons(data), data["next"]) == (1, ["model-suspended"], "2026-12-01T21:00:00Z")
    assert ask(change=standard, at="2026-12-01T21:00:01Z")[0] == 0


def test_a_failure_that_somebody_broke_is_no_leave(shop: Workshop, itsm: Run, standard: str) -> None:
    """A failure that cannot be read could be the one that suspends the model."""
    shop.write("changes/2026/11/10/chg-20261110-failed-1.yaml", FAILED % {"number": 1, "day": 10} + "  oops: [\n")
    shop.commit(who="erin")
    assert itsm("authorise", "-C", shop.path, standard, "--at", INSIDE)[0] == 2


def test_a_pre_authorisation_that_expired(shop: Workshop, ask: Any, standard: str) -> None:
    shop.edit(MODEL, 'expires: "2027-01-10"', 'expires: "2026-12-01"')
    shop.commit(who="erin")
    code, data = ask(change=standard)
    assert (code, reasons(data)) == (1, ["model-expired"])


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (MODEL, "services: [newsletter, orders]", "services: [orders]"),
        (MODEL, "  maxRisk: high\n", '  fixed: {/spec/summary: "Another one."}\n'),
        (MODEL, "  maxRisk: high\n", "  outage: {expected: none}\n"),
        (MODEL, '"2026-01-10"', '"2026-12-02"'),
        (MODEL, '"2027-01-10"', '"2026-12-02"'),
        (STANDARD_PATH, '"2026-12-01T22:00:00Z"', '"2036-12-01T22:00:00Z"'),
    ],
    ids=["service", "fixed field", "outage", "granted later", "lapses in the window", "ends ten years later"],
)
def test_a_model_that_does_not_cover_it_to_its_end(
    shop: Workshop, ask: Any, standard: str, path: str, old: str, new: str
) -> None:
    """It was merged while the model covered it; what the model covers now counts, to the end of the window."""
    if path == MODEL:
        shop.edit(STANDARD_PATH, '"2026-12-01T22:00:00Z"', '"2026-12-02T22:00:00Z"')
        shop.edit(STANDARD_PATH, "  status:", "  outage: {expected: full, minutes: 5}\n  status:")
        shop.commit(who="erin")
        assert ask(change=standard)[0] == 0
    shop.edit(path, old, new)
    shop.commit(who="erin")
    code, data = ask(change=standard)
    assert (code, set(reasons(data)), data["next"]) == (1, {"model-exceeded"}, None)
    assert reasons(ask(change=standard, at="2026-12-01T19:00:00Z")[1]) == ["too-early", "model-exceeded"]


# Error budgets.


@pytest.fixture
def without_budget(shop: Workshop) -> Workshop:
    used_up(shop)
    shop.commit(who="erin")
    return shop


def test_without_error_budget(without_budget: Workshop, ask: Any) -> None:
    code, data = ask()
    assert (code, reasons(data), data["next"]) == (1, ["budget-exhausted"], None), "not before the quarter ends"
    without_budget.write(REVIEW_PATH, REVIEW.replace("99.1", "99.999").replace("missed", "met"))
    without_budget.commit(who="erin")
    assert ask()[0] == 1, "what somebody types changes nothing"
    without_budget.edit(OUTAGE_PATH, *next(iter(SHORTER.items())))
    without_budget.commit(who="erin")
    assert ask()[0] == 0


def test_an_outage_stops_nothing_once_its_window_is_over(shop: Workshop, ask: Any) -> None:
    """1,200 of 216 minutes in November; the month ends at midnight in Berlin."""
    used_up(shop, **{"calendar: quarter": "calendar: month"})
    shop.edit(CHANGE, "2026-12-01T20", "2026-11-30T20")
    shop.commit(who="erin")
    code, data = ask(at="2026-11-30T21:00:00Z")
    assert (code, reasons(data), data["next"]) == (1, ["budget-exhausted"], "2026-11-30T23:00:00Z")
    assert ask()[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("", "", None),
        ("status: investigating", "status: new", None),
        ("services: [newsletter]", "services: [orders]", "its problem throttling is not about newsletter"),
        ("name: throttling", "name: other", "its problem throttling does not exist"),
        ("status: investigating", "status: closed", "its problem throttling is closed"),
    ],
)
def test_a_link_mends_while_it_is_open_and_about_the_service(
    without_budget: Workshop, ask: Any, old: str, new: str, why: str | None
) -> None:
    path = PROBLEM_PATH.replace("throttling", "other") if "other" in new else PROBLEM_PATH
    without_budget.write(path, PROBLEM.replace(old, new))
    without_budget.edit(CHANGE, "  status: scheduled", "  problem: throttling\n  status: scheduled")
    without_budget.commit(who="erin")
    code, data = ask()
    assert code == (0 if why is None else 1), data
    assert why is None or why in data["reasons"][0]["message"]


def test_the_policy_in_itsm_yaml_is_the_policy_here(without_budget: Workshop, ask: Any) -> None:
    text = (without_budget.path / "itsm.yaml").read_text()
    for policy, code in (
        ('stops: [{used: "100", severity: warning}]', 0),
        ('stops: [{used: "200"}]', 0),
        ('stops: [{used: "180"}]', 1),
        ('stops: [{used: "100", changes: [standard]}]', 0),
        ("stops: []", 0),
        ("exempt: []", 1),
    ):
        without_budget.write("itsm.yaml", f"{text}  errorBudget:\n    {policy}\n")
        without_budget.commit(who="erin")
        assert ask()[0] == code, policy


def test_a_model_may_be_exempt_and_only_for_what_follows_it(without_budget: Workshop, ask: Any, standard: str) -> None:
    assert reasons(ask(change=standard)[1]) == ["budget-exhausted"]
    without_budget.edit(MODEL, "  maxRisk: high\n", "  maxRisk: high\n  exemptFromErrorBudget: true\n")
    without_budget.edit(CHANGE, "type: normal", "type: normal\n  model: restart")
    without_budget.commit(who="erin")
    assert ask(change=standard)[0] == 0
    assert reasons(ask()[1]) == ["budget-exhausted"], "a template says nothing"


@pytest.mark.parametrize("rule", ["error-budget", "change-in-freeze"])
def test_a_waiver_holds_here_too_and_as_long_as_it_says(shop: Workshop, ask: Any, rule: str) -> None:
    used_up(shop)
    if rule == "change-in-freeze":
        (shop.path / OUTAGE_PATH).unlink()
        shop.edit(FREEZE, "2026-12-15T00:00:00+01:00", "2026-11-25T00:00:00+01:00")
    shop.commit(who="erin")
    assert ask()[0] == 1
    waiver = WAIVER.replace("policy: backout-is-planned", f"check: {rule}")
    shop.write(WAIVER_PATH, waiver.replace("2026-12-01T00", "2026-12-01T21"))
    shop.commit(who="erin")
    code, data = ask(at="2026-12-01T20:30:00Z")
    assert (code, data["validUntil"]) == (0, "2026-12-01T21:00:00Z")
    assert ask()[0] == 1, "it is over"
    shop.edit(WAIVER_PATH, "approver: carol", "approver: alice")
    shop.commit(who="erin")
    assert ask(at="2026-12-01T20:30:00Z")[0] == 1, "nobody approves their own"


def test_all_reasons_are_told(shop: Workshop, ask: Any) -> None:
    shop.edit(CHANGE, "status: scheduled", "status: proposed")
    shop.commit(who="erin")
    assert reasons(ask("--service", "orders", at="2026-11-30T00:00:00Z")[1]) == [
        "other-service",
        "not-authorised",
        "too-early",
    ]


# Evidence.


@pytest.fixture
def approved(workshop: Workshop, itsm: Run, tmp_path: Path) -> Workshop:
    """An approved pull request with an authorised change, merged; its verdict lies in gate.json."""
    workshop.git("checkout", "-q", "main")
    workshop.change()
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "-B", "topic")
    workshop.edit(CHANGE, "status: proposed", "status: authorised")
    workshop.commit()
    workshop.review("bob")
    (tmp_path / "reviews.json").write_text(json.dumps(workshop.pull_request()))
    where = ("-C", str(workshop.path), "--base", "main", "--head", "topic", "--now", "2026-11-22T12:00:00Z")
    gate = ("--format", "json", "-o", tmp_path / "gate.json")
    assert itsm("gate", *where, "--reviews", tmp_path / "reviews.json", *gate)[0] == 0
    workshop.git("checkout", "-q", "main")
    workshop.git("merge", "-q", "--no-ff", "-m", "Merge", "topic", who="erin")
    return workshop


def judged_elsewhere(shop: Workshop, itsm: Run, folder: Path) -> Path:
    """Evidence of the same change as it is merged, approved on a base of one's own that asks for nobody."""
    shop.git("checkout", "-q", "-b", "own-base", "main~1")
    shop.write(RULES, OPEN_TO_ALL)
    add_key(shop, "bob", make_key(folder, "own"))
    shop.commit("Rules of our own", who="erin")
    shop.git("checkout", "-q", "-b", "own-topic")
    shop.git("checkout", "main", "--", CHANGE)
    shop.commit()
    shop.git("checkout", "-q", "main")
    where = ("-C", shop.path, "--base", "own-base", "--head", "own-topic", "--now", "2026-11-22T12:00:00Z")
    file = folder / "elsewhere.json"
    signed = ("--sign", folder / "own")
    code, _, err = itsm("gate", *where, "--format", "json", "--output", file, *signed)
    assert code == 0, err
    return file


def test_the_evidence_of_a_verdict_is_none_of_a_merge(approved: Workshop, itsm: Run, tmp_path: Path) -> None:
    """What a run on a pull request wrote counts for nothing here, whoever signed it: tests/attacks/test_30 has more."""
    code, _, err = itsm("authorise", "-C", approved.path, NAME, "--at", INSIDE, "--evidence", tmp_path / "gate.json")
    assert (code, "holds no evidence of a merge" in err) == (2, True)
    assert itsm("authorise", "-C", approved.path, NAME, "--at", INSIDE, "--require-evidence")[0] == 1


def test_evidence_on_a_base_of_ones_own(approved: Workshop, itsm: Run, tmp_path: Path) -> None:
    """All of it is right, and signed by a key that stands in Bob's record: on that base."""
    file = judged_elsewhere(approved, itsm, tmp_path)
    for options in ((), ("--require-signature",)):
        code, out, _ = itsm("gate", "-C", approved.path, "--verify", file, *options)
        assert code == 1
        assert "which is not in the history of" in out
    code, out, _ = itsm("gate", "-C", approved.path, "--verify", file, "--base", "own-base")
    assert code == 0, out


def test_evidence_signed_by_a_key_that_was_taken_away(approved: Workshop, itsm: Run, tmp_path: Path) -> None:
    """Whoever lost a key cannot go back to a base on which it still counts."""
    with_key = (approved.path / "people/bob.yaml").read_text()
    add_key(approved, "bob", make_key(tmp_path, "lost"))
    approved.commit("Key", who="erin")
    approved.git("checkout", "-q", "-B", "topic")
    approved.edit(CHANGE, "status: authorised", "status: scheduled")
    approved.commit()
    approved.reviews.clear()
    approved.review("bob")
    (tmp_path / "reviews.json").write_text(json.dumps(approved.pull_request()))
    file = tmp_path / "signed.json"
    where = ("-C", approved.path, "--base", "main", "--head", "topic", "--now", "2026-11-22T12:00:00Z")
    options = (
        "--reviews",
        tmp_path / "reviews.json",
        "--format",
        "json",
        "--output",
        file,
        "--sign",
        tmp_path / "lost",
    )
    code, _, err = itsm("gate", *where, *options)
    assert code == 0, (err, file.read_text())
    approved.git("checkout", "-q", "main")
    approved.git("merge", "-q", "--no-ff", "-m", "Merge", "topic", who="erin")
    verify = ("gate", "-C", approved.path, "--verify", file, "--require-signature")
    assert itsm(*verify)[0] == 0
    approved.write("people/bob.yaml", with_key)
    approved.commit("The key was lost", who="erin")
    assert itsm(*verify)[0] == 1


def test_the_forms_of_the_answer(shop: Workshop, itsm: Run) -> None:
    where = ("authorise", "-C", shop.path, NAME)
    assert itsm(*where, "--at", INSIDE)[1] == (
        "✔ chg-20261122-tune may be deployed at 2026-12-01T21:00:00Z, until 2026-12-01T22:00:00Z\n"
        "  evidence not asked for: itsm.yaml names no evidence.since ('itsm evidence setup' does)\n"
    )
    assert itsm(*where, "--at", "2026-12-01T19:00:00Z")[1] == (
        "✘ chg-20261122-tune may not be deployed at 2026-12-01T19:00:00Z\n"
        "  - the window of chg-20261122-tune begins at 2026-12-01T20:00:00Z\n"
        "  next possible: 2026-12-01T20:00:00Z\n"
        "  evidence not asked for: itsm.yaml names no evidence.since ('itsm evidence setup' does)\n"
    )
    hostile = itsm("authorise", "-C", shop.path, "x\n::error::y\x1b[31m", "--at", INSIDE, "--format", "github")[1]
    assert hostile.count("\n") == 1
    assert "\x1b" not in hostile


@pytest.mark.parametrize("at", ["soon", "2026-12-01", "2026-12-01T25:00:00", "2026-12-01 20", ""])
def test_an_instant_that_is_none(shop: Workshop, itsm: Run, at: str) -> None:
    assert itsm("authorise", "-C", shop.path, NAME, "--at", at)[0] == 2


def test_a_revision_that_is_none(shop: Workshop, itsm: Run) -> None:
    assert itsm("authorise", "-C", shop.path, NAME, "--at", INSIDE, "--rev", "nowhere")[0] == 2
