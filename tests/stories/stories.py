"""What a change costs: each story is played on real git with the rules that ``itsm init`` writes, and counted.

An engineer, alice, types; every program that she calls is a command. A pull request is what she pushes; the forge asks
whom the gate suggests until it is approved, and merges. ``python -m tests.stories.stories`` writes the table into the
docs.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from itsm_as_code.cli.program import run
from tests.conftest import ROOT, Workshop
from tests.signing import make_key

PAGE: Final = ROOT / "docs" / "explanation" / "what-a-change-costs.md"
PEOPLE: Final = ("alice", "bob", "carol", "dave", "erin")
MORNING: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
AFTERWARDS: Final = datetime(2026, 12, 2, 9, tzinfo=UTC)
PLAN: Final = (
    *("title=Larger batches", "services=first-service", "requester=alice", "implementers=[alice, bob]"),
    *("summary=Send in larger batches.", "justification=The night is too short.", "status=scheduled"),
    "schedule={start: 2026-12-01T20:00:00Z, end: 2026-12-01T22:00:00Z}",
    "implementation={steps: [Set the size], minutes: 10}",
    "test={summary: Sent to ourselves., passed: true, evidence: [{title: Run, url: 'https://ci.shop.example/1'}]}",
    "backout={steps: [Set it back], minutes: 10, rehearsedOn: 2026-11-20}",
)
ENDED: Final = ("actual={start: 2026-12-01T20:02:00Z, end: 2026-12-01T20:31:00Z}", "result=successful")
REVIEW: Final = "review={date: 2026-12-02, by: alice, findings: It held.}"
MODEL: Final = """\
apiVersion: itsm/v1
kind: ChangeModel
metadata: {name: restart, title: Restart a service}
spec:
  owner: team-first
  services: [first-service]
  summary: Restart one instance after another.
  steps: [Drain it, Restart it]
  backout: {steps: [Put it back], minutes: 5}
  test: Restarted on staging every night.
  preAuthorisation: {by: dave, "on": "2026-01-10", expires: "2027-01-10"}
"""
DEPLOYERS: Final = """\
  deployers:
    - name: pipeline
      key: "KEY"
      services: [first-service]
      environments: [production]
      models: [restart]
"""
OUTAGE: Final = (
    *("services=first-service", "impact=2", "urgency=2", "priority=P3", "detectedAt=2026-11-20T08:00:00Z"),
    *("acknowledgedAt=2026-11-20T08:05:00Z", "restoredAt=2026-11-20T09:00:00Z", "resolvedAt=2026-11-20T09:30:00Z"),
    *("status=resolved", "resolutionCode=fixed"),
)


@dataclass
class Desk:
    """Where alice types, and the forge she pushes to: branch ``main``, guarded by the gate, of the same repository."""

    shop: Workshop
    typed: list[str] = field(default_factory=list)
    approvals: int = 0
    pull_requests: int = 0
    now: datetime = MORNING

    def itsm(self, *arguments: str, values: tuple[str, ...] = ()) -> None:
        given = ["--title", values[0].removeprefix("title=")] if values and values[0].startswith("title=") else []
        given += [part for value in values[len(given) // 2 :] for part in ("--set", value)]
        self.typed.append(" ".join(["itsm", *arguments]))
        at = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert run(["-C", str(self.shop.path), *arguments, *given, "--now", at]) == 0, self.typed[-1]

    def git(self, *arguments: str) -> None:
        self.typed.append(" ".join(["git", *arguments]))
        self.shop.git(*arguments)

    def pull(self) -> None:
        self.git("pull", "-q", "--ff-only", ".", "main")

    def counted_from_here(self) -> None:
        """What was done until now was there before."""
        self.typed, self.approvals, self.pull_requests = [], 0, 0

    def pushed(self) -> list[str]:
        """Commit and push, and have it approved and merged; the people who approved."""
        self.git("commit", "-q", "-a", "-m", "Change")
        self.git("push", "-q", "-f", ".", "HEAD:refs/heads/topic")
        self.pull_requests += 1
        asked = self._approved()
        self.approvals += len(asked)
        self.shop.git("checkout", "-q", "main")
        self.shop.git("merge", "-q", "--no-ff", "-m", "Merge", "topic", who="erin")
        self.shop.git("checkout", "-q", "desk")
        return asked

    def _approved(self) -> list[str]:
        self.shop.reviews = []
        asked: list[str] = []
        while True:
            decision = self.shop.judge("main", "topic", self.now)
            if decision.verdict == "approved":
                return asked
            needs = [need for row in decision.evidence["approvals"] for need in row["required"]]
            wanted = [name for need in needs for name in need["suggested"] if name not in asked]
            assert (decision.verdict, bool(wanted)) == ("pending", True), [item.message for item in decision.reasons]
            asked.append(wanted[0])
            self.shop.review(wanted[0])


def begun(folder: Path) -> Desk:
    """A fresh repository of five people, with a model and the pipeline that deploys by it."""
    shop = Workshop(folder / "repository")
    people = [part for name in PEOPLE for part in ("--person", f"{name} <{name}@shop.example>")]
    assert run(["init", str(shop.path), "--forge", "local", *people]) == 0
    shop.write("changes/models/restart.yaml", MODEL)
    key = make_key(shop.path.parent, "deploy")
    settings = (shop.path / "itsm.yaml").read_text().rstrip()
    shop.write("itsm.yaml", f"{settings}\n{DEPLOYERS}".replace("KEY", key.with_suffix(".pub").read_text().strip()))
    shop.git("init", "-q", "-b", "main", "--template=")
    shop.commit("Start", who="erin")
    shop.git("checkout", "-q", "-b", "desk")
    return Desk(shop)


def low_risk(desk: Desk, *values: str, close: tuple[str, ...] = ENDED) -> None:
    desk.itsm("new", "Change", "chg-20261122-batches", values=(*PLAN, "type=normal", *values))
    desk.pushed()
    desk.now = AFTERWARDS
    desk.pull()
    desk.itsm("advance", "chg-20261122-batches", "--to", "closed", values=close)
    desk.pushed()


def high_risk(desk: Desk) -> None:
    low_risk(desk, "risk={level: high}", close=(*ENDED, REVIEW))


def said(desk: Desk, *under: str) -> None:
    """What the pipeline does once it has acted."""
    times = ("--start", "2026-12-01T20:02:00Z", "--end", "2026-12-01T20:31:00Z")
    what = ("--service", "first-service", "--environment", "production", "--artifact", f"sha256:{'4' * 64}")
    desk.itsm("deployed", *what, *times, *under, "--as", "pipeline", "--key", str(desk.shop.path.parent / "deploy"))


def by_model(desk: Desk) -> None:
    """No record: the pipeline asks, acts and says so."""
    answer = str(desk.shop.path.parent / "answer.json")
    asked = ("--model", "restart", "--service", "first-service", "--at", "2026-12-01T20:02:00Z")
    desk.itsm("authorise", *asked, "--format", "json", "--output", answer)
    said(desk, "--model", "restart", "--answer", answer)


def standard(desk: Desk) -> None:
    values = (*(value for value in PLAN[:8] if "implementers" not in value), "type=standard", "model=restart")
    desk.itsm("new", "Change", "chg-20261122-restart", values=values)
    desk.pushed()
    typed = list(desk.typed)
    said(desk, "--change", "chg-20261122-restart")
    listing = desk.shop.path.parent / "changes.csv"
    desk.itsm("list", "Change", "--columns", "status", "--format", "csv", "--output", str(listing))
    assert listing.read_text().splitlines()[1:] == ["chg-20261122-restart,closed"]
    desk.typed = typed  # the pipeline's, and a look at what came of it


def emergency(desk: Desk) -> None:
    desk.itsm("new", "Incident", "inc-20261120-stuck", values=("title=Letters are stuck", *OUTAGE))
    values = ("title=Restarted in the night", "type=emergency", *PLAN[1:6], "recordedAfterwards=true")
    values += ("incident=inc-20261120-stuck", "status=implemented", "result=successful", PLAN[8], PLAN[9], PLAN[10])
    times = "{start: 2026-11-20T08:20:00Z, end: 2026-11-20T09:00:00Z}"
    desk.itsm("new", "Change", "chg-20261120-restart", values=(*values, f"schedule={times}", f"actual={times}"))
    desk.pushed()


def incident(desk: Desk) -> None:
    desk.itsm("new", "Incident", "inc-20261120-stuck", values=("title=Letters are stuck", *OUTAGE))
    known = "knownError={symptom: Letters arrive late, workaround: Smaller batches, since: 2026-11-21}"
    values = ("title=The provider throttles us", "services=first-service", "owner=team-first", "status=known-error")
    values += ("proactive=false", "incidents=inc-20261120-stuck", "symptom=Letters arrive late.", known)
    desk.itsm("new", "Problem", "throttled", values=(*values, "detectedAt=2026-11-20T10:00:00Z"))
    source = "source={type: problem, record: {kind: Problem, name: throttled}}"
    desk.itsm("new", "Improvement", "two-providers", values=("title=Two providers", "owner=team-first", source))
    desk.pushed()


def new_service(desk: Desk) -> None:
    desk.itsm("new", "Team", "team-second", values=("title=Second team", "members=[alice, bob]", "lead=bob"))
    values = ("title=Second service", "owner=team-second", "stage=pipeline", "lifecycle=design", "tier=3")
    desk.itsm("new", "Service", "second-service", values=(*values, "type=application"))
    desk.pushed()


def rename(desk: Desk) -> None:
    """The model names the service, and a change that was closed."""
    low_risk(desk)
    desk.pull()
    desk.counted_from_here()
    desk.itsm("rename", "first-service", "letters")
    desk.pushed()


def typo(desk: Desk) -> None:
    path = "services/first-service.yaml"
    desk.shop.write(path, (desk.shop.path / path).read_text().replace("Replace this by what", "Say what"))
    desk.pushed()


@dataclass(frozen=True, slots=True)
class Story:
    """A row: what it may cost at most. Approvals of others are each person's on each pull request."""

    title: str
    play: Callable[[Desk], None]
    pull_requests: int
    approvals: int
    commands: int


STORIES: Final = (
    Story("Normal change of low risk, new to closed", low_risk, 2, 2, 8),
    Story("Normal change of high risk, new to closed, with its review", high_risk, 2, 3, 8),
    Story("Standard change by a model, deployed by a pipeline (its signed statement is the record)", by_model, 0, 0, 2),
    Story("Standard change by a model, scheduled ahead (with its statement it reads as closed)", standard, 1, 0, 3),
    Story("Emergency change, written afterwards with its incident (its review comes later)", emergency, 1, 1, 5),
    Story("Incident with its problem, known error and improvement", incident, 1, 1, 6),
    Story("New service with a new team", new_service, 1, 2, 6),
    Story("Rename of a service, in all that names it (`itsm rename`)", rename, 1, 1, 3),
    Story("Typo in a description", typo, 1, 1, 2),
)


def played(story: Story, folder: Path) -> tuple[int, int, int]:
    """Pull requests, approvals and commands of a story."""
    desk = begun(folder)
    story.play(desk)
    return desk.pull_requests, desk.approvals, len(desk.typed)


def row(story: Story, costs: tuple[int, int, int]) -> str:
    return f"| {story.title} | " + " | ".join(map(str, costs)) + " |\n"


def main() -> int:
    """Play all stories, and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(story, played(story, Path(folder, str(number)))) for number, story in enumerate(STORIES)]
    text = PAGE.read_text()
    PAGE.write_text(re.sub(r"(?<=\| -: \|\n)(?:\|.*\n)*", "".join(rows), text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
