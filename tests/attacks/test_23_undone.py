"""23: approvals that would cover the undoing of what came to the base, which their reviewers never saw."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from itsm_as_code.gate import Decision
from itsm_as_code.gate.binding import Binding
from tests.attacks.guards import nothing
from tests.attacks.tools import (
    CHANGE,
    FREEZE,
    MODEL,
    POLICY,
    WAIVER,
    WAIVER_PATH,
    add_rule,
    approve,
    ignored,
    missing,
    on_main,
)
from tests.conftest import NORMAL_CHANGE, Run, Workshop

WORKFLOW = ".github/workflows/gate.yml"
OTHER = "changes/2026/11/22/chg-20261122-other.yaml"
A_TITLE = ("people/frank.yaml", "title: Frank Fen", "title: Frank F. Fen")
GOVERNANCE = ("dave", "erin")
TUNE = NORMAL_CHANGE % {"name": "chg-20261122-tune"}
NEXT_DAY = (NORMAL_CHANGE % {"name": "chg-20261122-other"}).replace("2026-12-01T", "2026-12-02T")
Edit = tuple[str, str | None, str | None]
"""Path, a text, and what takes its place; with None for a text the whole file appears or goes."""


@dataclass(frozen=True)
class Matter:
    """What the base decides and the author would undo; beside it, what the reviewers see and approve."""

    moves: Edit
    field: str
    seen: Edit = A_TITLE
    reviewers: tuple[str, ...] = GOVERNANCE
    files: tuple[tuple[str, str], ...] = ()


MATTERS = {
    "policy": Matter((POLICY, "severity: error", "severity: warning"), "Policy backout-is-planned /spec/severity"),
    "person": Matter(("people/bob.yaml", "login: bob-gh", "login: bob-2"), "Person bob /spec/accounts/0/login"),
    "team": Matter(("people/teams/team-data.yaml", "[carol, alice]", "[carol, bob]"), "Team team-data /spec/members/1"),
    "waiver": Matter(
        (WAIVER_PATH, 'until: "2026-12-01', 'until: "2026-11-10'),
        "Waiver no-backout /spec/until",
        reviewers=(*GOVERNANCE, "carol"),
        files=((WAIVER_PATH, WAIVER), (CHANGE, TUNE)),
    ),
    "calendar": Matter((FREEZE, "2026-12-15T", "2026-12-10T"), "Calendar year-end /spec/entries/0/start"),
    "model": Matter((MODEL, "maxRisk: high", "maxRisk: low"), "ChangeModel restart /spec/maxRisk"),
    "tier": Matter(
        ("services/newsletter.yaml", "tier: 4", "tier: 3"),
        "Service newsletter /spec/tier",
        ("services/newsletter.yaml", "help@shop", "info@shop"),
        ("bob",),
    ),
    "schedule": Matter(
        (CHANGE, "2026-12-01T22", "2026-12-01T21"),
        "Change chg-20261122-tune /spec/schedule/end",
        (OTHER, "Send in smaller batches.", "Send."),
        ("bob",),
        ((CHANGE, TUNE), (OTHER, NEXT_DAY)),
    ),
    "workflow": Matter(
        (WORKFLOW, "itsm gate", "itsm gate --forge github"), WORKFLOW, files=((WORKFLOW, "run: itsm gate\n"),)
    ),
    "added file": Matter(
        ("docs/new.md", None, "New.\n"),
        "docs/new.md",
        ("docs/a.md", "One", "Two"),
        ("bob",),
        (("docs/a.md", "One.\n"),),
    ),
    "deleted file": Matter(
        ("docs/old.md", "Old.\n", None),
        "docs/old.md",
        ("docs/a.md", "One", "Two"),
        ("bob",),
        (("docs/a.md", "One.\n"), ("docs/old.md", "Old.\n")),
    ),
}


def apply(shop: Workshop, edit: Edit) -> None:
    path, old, new = edit
    if new is None:
        (shop.path / path).unlink()
    elif old is None:
        shop.write(path, new)
    else:
        shop.edit(path, old, new)


def restore(shop: Workshop, path: str, commit: str) -> None:
    """Bring a file of the work tree to what it was in a commit."""
    text = shop.git("show", f"{commit}:{path}", check=False)
    if text:
        shop.write(path, text + "\n")
    else:
        (shop.path / path).unlink()


@dataclass
class Case:
    """A pull request whose reviewers approved one thing, on a base that has decided another since."""

    shop: Workshop
    matter: Matter
    start: str
    reviewed: str = ""
    decided: str = ""

    def review(self) -> None:
        self.shop.git("checkout", "-q", "topic")
        apply(self.shop, self.matter.seen)
        self.reviewed = self.shop.commit("What is reviewed")
        approve(self.shop, *self.matter.reviewers)

    def decide(self) -> None:
        self.shop.git("checkout", "-q", "main")
        apply(self.shop, self.matter.moves)
        self.decided = self.shop.commit("Decided elsewhere", who="erin")
        self.shop.git("checkout", "-q", "topic")

    def put_back(self) -> None:
        restore(self.shop, self.matter.moves[0], self.start)


def prepared(shop: Workshop, name: str) -> Case:
    matter = MATTERS[name]
    with on_main(shop):
        add_rule(
            shop,
            '{name: workflows, match: {paths: [".github/**"]}, approvals: [{from: {role: governance}, count: 2}]}',
        )
        for path, text in matter.files:
            shop.write(path, text)
    return Case(shop, matter, shop.git("rev-parse", "main"))


def by_merge(case: Case) -> None:
    """The base is merged, and the branch's side is kept."""
    case.review()
    case.decide()
    case.shop.git("merge", "-q", "--no-commit", "main")
    case.put_back()
    case.shop.commit("Merge the base")


def by_rebase(case: Case) -> None:
    """The branch is put on the new base, and reverts it."""
    case.review()
    case.decide()
    case.shop.git("rebase", "-q", "main")
    case.shop.git("revert", "--no-edit", case.decided)


def by_squash(case: Case) -> None:
    """All of it is one new commit on the base, with the files of the branch as they were."""
    case.review()
    case.decide()
    case.shop.git("reset", "-q", "--hard", "main")
    for path, _, _ in (case.matter.seen, case.matter.moves):
        restore(case.shop, path, case.reviewed if path == case.matter.seen[0] else case.start)
    case.shop.commit("Squashed")


def by_age(case: Case) -> None:
    """The branch was outdated before anybody looked at it."""
    case.decide()
    case.review()
    case.shop.git("merge", "-q", "--no-commit", "-s", "ours", "main")
    case.shop.commit("Merge the base")


def by_undoing_later(case: Case) -> None:
    """The base is merged as it is, which voids nothing; then a commit puts back what it brought."""
    case.review()
    case.decide()
    case.shop.git("merge", "-q", "--no-edit", "main")
    case.put_back()
    case.shop.commit("Tidy up")


ATTACKS: list[tuple[str, Callable[[Case], None]]] = [
    ("policy", by_merge),
    ("policy", by_squash),
    ("person", by_rebase),
    ("person", by_age),
    ("team", by_merge),
    ("team", by_undoing_later),
    ("waiver", by_rebase),
    ("waiver", by_squash),
    ("calendar", by_merge),
    ("calendar", by_rebase),
    ("calendar", by_squash),
    ("calendar", by_age),
    ("model", by_undoing_later),
    ("tier", by_squash),
    ("tier", by_age),
    ("schedule", by_merge),
    ("schedule", by_rebase),
    ("workflow", by_squash),
    ("workflow", by_age),
    ("added file", by_merge),
    ("added file", by_rebase),
    ("deleted file", by_squash),
    ("deleted file", by_undoing_later),
]


def told(decision: Decision) -> list[tuple[str | None, ...]]:
    """Field, commit and side of what voided approvals."""
    rows = (item for row in decision.evidence["approvals"] for item in row["ignored"] if item["code"] == "void")
    return sorted({(item["field"], item["commit"], item["side"]) for item in rows}, key=str)


@pytest.mark.parametrize(("name", "how"), ATTACKS, ids=[f"{name} {how.__name__}" for name, how in ATTACKS])
def test_what_came_to_the_base_is_undone(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, name: str, how: Callable[[Case], None]
) -> None:
    case = prepared(workshop, name)
    how(case)
    decision = workshop.judge()
    assert decision.verdict == "pending"
    assert {(who, "void") for who in case.matter.reviewers} <= ignored(decision)
    assert told(decision) == [(case.matter.field, case.decided, "before")]
    monkeypatch.setattr(Binding, "_undone", nothing)
    assert workshop.judge().verdict == "approved", "stopped by something else"


@pytest.mark.parametrize("name", ["policy", "calendar", "waiver", "schedule", "workflow", "added file", "deleted file"])
def test_what_came_to_the_base_and_stays_voids_nothing(workshop: Workshop, name: str) -> None:
    case = prepared(workshop, name)
    case.review()
    case.decide()
    assert workshop.judge().verdict == "approved"
    workshop.git("merge", "-q", "--no-edit", "main")
    assert workshop.judge().verdict == "approved"
    assert missing(workshop.judge()) == {}


def test_the_command_names_field_commit_and_side(workshop: Workshop, itsm: Run, tmp_path: Path) -> None:
    case = prepared(workshop, "calendar")
    by_merge(case)
    file = tmp_path / "reviews.json"
    file.write_text(json.dumps(workshop.pull_request()))
    where = ("-C", workshop.path, "--base", "main", "--head", "topic", "--now", "2026-11-22T12:00:00Z")
    code, out, _ = itsm("gate", *where, "--reviews", file)
    assert code == 1
    assert "/spec/entries/0/start of Calendar year-end is on the base not what it was" in out
    assert case.decided[:12] in out
    evidence = tmp_path / "evidence.json"
    evidence.write_text(itsm("gate", *where, "--reviews", file, "--format", "json")[1])
    assert itsm("gate", "--verify", evidence, "-C", workshop.path)[0] == 0
