"""The four values of an evaluation, each by itself: candidate, findings, approvals, decision. No git, no disk."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from typing import Any

import pytest

from itsm_as_code.findings import Finding, Location, Severity
from itsm_as_code.forges.interface import PullRequest, Review, ReviewState
from itsm_as_code.gate.approvals import Approvals, approvals_of
from itsm_as_code.gate.candidate import Candidate, candidate_of
from itsm_as_code.gate.decision import Decision, Reason
from itsm_as_code.gate.evaluation import decide, decision_of, evaluate
from itsm_as_code.gate.findings import Findings, findings_of
from itsm_as_code.gate.open_changes import OpenChanges
from itsm_as_code.git.repository import Repository
from tests.conftest import NORMAL_CHANGE, NOW, SMALL, Workshop, codes
from tests.memory import Commits

SERVICE = "services/newsletter.yaml"
CHANGE = "changes/2026/11/22/chg-20261122-tune.yaml"
PLANNED = NORMAL_CHANGE % {"name": "chg-20261122-tune"}
HOUR = timedelta(hours=1)
FILES: dict[str, str] = {str(file.relative_to(SMALL)): file.read_text() for file in SMALL.rglob("*.yaml")}


class World:
    """A base, and what alice makes of it on a branch."""

    def __init__(self) -> None:
        self.history = Commits()
        self.base = self.history.add(FILES, at=NOW - 5 * HOUR, author="erin@shop.example")
        self.head = self.base
        self.reviews: list[Review] = []

    def edit(self, path: str, old: str, new: str, hours: int = -4) -> str:
        self.head = self.history.add({path: self.edited(self.head, path, old, new)}, self.head, at=NOW + hours * HOUR)
        return self.head

    def decided(self, path: str, old: str, new: str, hours: int) -> None:
        """Somebody else's edit, on the base."""
        text = self.edited(self.base, path, old, new)
        self.base = self.history.add({path: text}, self.base, at=NOW + hours * HOUR, author="erin@shop.example")

    def edited(self, commit: str, path: str, old: str, new: str) -> str:
        text = (self.history.blob(commit, path) or b"").decode()
        assert text.count(old) == 1
        return text.replace(old, new)

    def write(self, path: str, text: str | None) -> str:
        self.head = self.history.add({path: text}, self.head, at=NOW - 4 * HOUR)
        return self.head

    def review(self, who: str, state: str = "approved", hours: int = -2) -> None:
        self.reviews.append(Review(who, ReviewState(state), self.head, NOW + hours * HOUR))

    def candidate(self, **more: Any) -> Candidate:
        return self.history.candidate(
            self.base, self.head, PullRequest("alice", reviews=tuple(self.reviews), **more), NOW
        )

    def findings(self) -> Findings:
        return findings_of(self.candidate())

    def approvals(self) -> Approvals:
        return approvals_of(self.candidate(), self.findings(), self.history)

    def decide(self) -> Decision:
        return decide(self.candidate(), self.history)


@pytest.fixture
def world() -> World:
    return World()


def test_values_are_frozen(world: World) -> None:
    world.edit(SERVICE, "help@shop", "info@shop")
    values = (world.candidate(), world.findings(), world.approvals(), world.decide())
    for value, name in zip(values, ("now", "all", "required", "verdict"), strict=True):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)


# Candidate: what is judged, and by what.


def test_a_candidate_tells_what_differs(world: World) -> None:
    world.edit(SERVICE, "help@shop", "info@shop")
    world.write("docs/a.md", "A.\n")
    world.write("services/orders.yaml", "# Orders\n" + FILES["services/orders.yaml"])
    found = world.candidate()
    assert [(str(diff.id), diff.fields) for diff in found.diffs] == [
        ("Service newsletter", (("spec", "support", "email"),)),
        ("Service orders", ()),
    ]
    assert [change.path for change in found.other_paths] == ["docs/a.md"]
    assert found.changed_paths == {"docs/a.md": "added", SERVICE: "modified", "services/orders.yaml": "modified"}
    assert found.subjects == {"Service newsletter", "Service orders", "docs/a.md", SERVICE, "services/orders.yaml"}
    assert [commit.author[1] for commit in found.commits] == ["alice@shop.example"] * 3
    assert (found.author, found.brings_rules, found.changes) == ("alice", False, [])


def test_a_candidate_is_judged_by_the_rules_and_people_of_the_base(world: World) -> None:
    world.write("people/bob.yaml", FILES["people/bob.yaml"] + "  active: false\n")
    found = world.candidate()
    assert found.brings_rules
    assert found.directory.person("bob").is_active
    assert found.facts.spec("Person", "bob")["active"] is False
    assert "active" not in found.guarded_facts.spec("Person", "bob")


def test_other_pull_requests_are_asked_for_only_where_something_could_collide(world: World) -> None:
    asked: list[bool] = []

    def others() -> OpenChanges:
        asked.append(True)
        return OpenChanges(unread=((7, "why not"),))

    for path, text, count in (("docs/a.md", "A.\n", 0), (CHANGE, PLANNED, 1)):
        world.write(path, text)
        plain = world.candidate()
        ids = (plain.base, plain.head, plain.tree)
        found = candidate_of(ids, plain.rule_set, plain.catalogue, plain.pull_request, NOW, others=others)
        assert (len(asked), len(found.others.unread)) == (count, count)


# Findings: what the rules say.


def test_findings_are_of_the_pull_request_or_known(world: World) -> None:
    world.base = world.head = world.history.add({"services/bad.yaml": "a: [\n"}, world.base, at=NOW - 5 * HOUR)
    world.write(CHANGE, PLANNED.replace("[Set it back, Restart]", "[Set it back]"))
    found = world.findings()
    assert {(finding.rule, finding.known) for finding in found.all if finding.severity == "error"} == {
        ("backout-is-planned", False),
        ("yaml-syntax", True),
    }
    assert [finding.rule for finding in found.blocking] == ["backout-is-planned"]
    assert [rule.name for rule in found.scope.rules] == ["normal"]
    assert [str(record) for record in found.context.risks] == ["Change chg-20261122-tune"]
    assert found.incoming is None


def test_findings_hold_conflicts_and_what_the_pull_request_would_bring(world: World) -> None:
    world.write(CHANGE, PLANNED.replace("2026-12-01T2", "2026-12-24T2"))
    world.write("changes/calendars/year-end.yaml", None)
    found = world.findings()
    assert {item.kind for item in found.context.conflicts} == {"freeze"}
    assert {"change-in-freeze", "record-deleted"} <= {finding.rule for finding in found.blocking}
    assert found.incoming is not None


def test_a_change_that_the_pull_request_does_not_touch_is_judged_by_what_becomes_of_the_freezes(world: World) -> None:
    frozen = PLANNED.replace("chg-20261122-tune", "chg-20261122-late").replace("2026-12-01T2", "2026-12-24T2")
    old = "changes/2026/11/22/chg-20261122-late.yaml"
    world.base = world.head = world.history.add({old: frozen}, world.base, at=NOW - 5 * HOUR)
    world.write(CHANGE, PLANNED)
    assert [item.known for item in world.findings().all if item.rule == "change-in-freeze"] == [True]
    world.write("changes/calendars/year-end.yaml", None)
    assert [item for item in world.findings().all if item.rule == "change-in-freeze"] == []


def test_findings_do_not_depend_on_who_approved(world: World) -> None:
    world.edit(SERVICE, "help@shop", "info@shop")
    before = world.candidate()
    world.review("bob")
    assert findings_of(before).all == world.findings().all


# Approvals: who said what, and what of it counts.


def asked(approvals: Approvals) -> dict[str, tuple[tuple[str, ...], list[str]]]:
    return {
        item.rule.name: (
            tuple(name for need in item.required for name in need.satisfied_by),
            [row.code for row in item.ignored],
        )
        for item in approvals.required
    }


def test_why_a_rule_is_met_names_four_fields(world: World) -> None:
    told = []
    for old, new in {
        "tier: 4": "tier: 3", "title: Newsletter": "title: News", "help@shop": "info@shop",
        "channel: chat": "channel: desk",
        "type: application": "type: platform",
    }.items():  # fmt: skip
        world.edit(SERVICE, old, new)
        told += world.approvals().required[0].rule.why
    fields = ["/metadata/title", "/spec/support/channel", "/spec/support/email", "/spec/tier"]
    assert told[3] == f"Service newsletter modified: {', '.join(fields)}"
    assert told[4] == f"Service newsletter modified: {', '.join(fields)} and 1 more"


@pytest.mark.parametrize(
    ("who", "counted", "code"),
    [("bob", ("bob",), []), ("alice", (), ["contributor"]), ("mallory", (), ["unknown-reviewer"])],
)
def test_who_counts(world: World, who: str, counted: tuple[str, ...], code: list[str]) -> None:
    world.edit(SERVICE, "help@shop", "info@shop")
    world.review(who)
    found = world.approvals()
    assert asked(found) == {"service": (counted, code)}
    assert (found.contributors, found.unresolved) == (frozenset({"alice"}), ())


def test_an_identity_that_nobody_has(world: World) -> None:
    world.head = world.history.add({"docs/a.md": "A.\n"}, world.head, at=NOW, author="mallory@elsewhere.example")
    assert [reason.code for reason in world.approvals().unresolved] == ["identity-unresolved"] * 2


def test_an_approval_is_bound_to_what_was_there_before(world: World) -> None:
    """The base decides otherwise after the review, and the author puts back what stood there."""
    world.edit(SERVICE, "tier: 4", "tier: 2")
    world.review("bob")
    assert world.decide().verdict == "approved"
    world.decided(SERVICE, "tier: 4", "tier: 3", hours=-1)
    text = world.edited(world.base, SERVICE, "tier: 3", "tier: 2")
    world.head = world.history.add({SERVICE: text}, world.head, world.base, at=NOW)
    (row,) = world.approvals().required[0].ignored
    assert (row.code, row.side, row.field) == ("void", "before", "Service newsletter /spec/tier")
    assert row.commit == world.base


def test_an_approval_is_bound_to_what_it_becomes(world: World) -> None:
    world.edit(SERVICE, "tier: 4", "tier: 2")
    world.review("bob")
    last = world.edit(SERVICE, "tier: 2", "tier: 1")
    (row,) = world.approvals().required[0].ignored
    assert (row.code, row.side, row.commit) == ("void", "after", last)


# Decision: the verdict, by positive assertion.


@pytest.mark.parametrize(
    ("states", "verdict", "reasons"),
    [
        ([], "pending", ["approval-missing"]),
        (["approved"], "approved", []),
        (["changes-requested"], "pending", ["changes-requested", "approval-missing"]),
        (["approved", "dismissed"], "pending", ["approval-missing"]),
        (["changes-requested", "approved"], "approved", []),
    ],
)
def test_verdicts(world: World, states: list[str], verdict: str, reasons: list[str]) -> None:
    world.edit(SERVICE, "help@shop", "info@shop")
    for index, state in enumerate(states):
        world.review("bob", state, hours=index - 3)
    decision = world.decide()
    assert (decision.verdict, codes(decision)) == (verdict, reasons)
    assert decision.evidence["verdict"] == verdict


def test_one_thing_that_speaks_against_it_is_enough(world: World) -> None:
    world.edit(SERVICE, "help@shop", "info@shop")
    world.review("bob")
    candidate, findings, approvals = world.candidate(), world.findings(), world.approvals()
    assert decision_of(candidate, findings, approvals).verdict == "approved"
    unknown = replace(approvals, unresolved=(Reason("identity-unresolved", "who?"),))
    blocking = Finding("some-rule", Severity.ERROR, Location(SERVICE), "it is wrong")
    worse = [
        (candidate, findings, unknown),
        (candidate, replace(findings, all=(*findings.all, blocking)), approvals),
        (candidate, replace(findings, scope=replace(findings.scope, errors=("no answer",))), approvals),
        (replace(candidate, changed_paths={}), findings, approvals),
    ]
    assert [decision_of(*values).verdict for values in worse] == ["rejected"] * len(worse)
    assert (
        decision_of(replace(candidate, pull_request=PullRequest("alice", draft=True)), findings, approvals).verdict
        == "pending"
    )
    assert decision_of(candidate, findings, replace(approvals, required=())).verdict == "pending"


def test_git_gives_the_same_decision(world: World, workshop: Workshop) -> None:
    """What is decided in memory is what is decided in a repository, but for the ids."""
    world.edit(SERVICE, "help@shop", "info@shop")
    world.write(CHANGE, PLANNED)
    workshop.edit(SERVICE, "help@shop", "info@shop")
    workshop.change()
    workshop.commit()
    here = world.decide().evidence
    there = evaluate(Repository(workshop.path), "main", "topic", PullRequest("alice"), NOW).evidence
    ids = ("base", "head", "candidate", "policyDigest")
    assert {key: here[key] for key in here if key not in ids} == {key: there[key] for key in there if key not in ids}
