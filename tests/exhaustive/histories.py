"""Every history of a few events in a small world, and what the gate decides after each.

``python -m tests.exhaustive.histories --events 6 --processes 2`` prints how many there were and where the gate and the
model disagree; the exit code is 1 where they do. Of histories that differ only in the order of events that do not touch
one another (edits of two fields, reviews of two people, what happens on main and on the branch), one stands for all:
the first in the order of ``EVENTS`` (Cartier and Foata, "Problèmes combinatoires de commutation et réarrangements").
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from itsm_as_code.forges.interface import PullRequest, Review, ReviewState
from itsm_as_code.gate.approvals import approvals_of
from itsm_as_code.gate.evaluation import decision_of
from itsm_as_code.gate.findings import Findings, findings_of
from itsm_as_code.git.repository import MergeConflict
from tests.exhaustive import model
from tests.exhaustive.model import FIELDS, PEOPLE, Content, Look, Situation, Word
from tests.memory import Commits

EDGE: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)
"""Where the waiver ends, and where Carol is back."""
START: Final = EDGE - timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
Event = tuple[str, str | int]
REVIEWS: Final = ("approve", "veto", "dismiss", "author dismisses")
EVENTS: Final[tuple[Event, ...]] = (
    *((what, place) for what in ("edit", "undo", "main edits") for place in range(len(FIELDS))),
    ("merge", ""),
    *((what, who) for who in PEOPLE for what in REVIEWS),
    ("clock", ""),
)
SERVICE: Final = """\
apiVersion: itsm/v1
kind: Service
metadata:
  name: {name}
  title: {name} {title}
spec:
  owner: team-{name}
  stage: catalogue
  lifecycle: live
  tier: 4
  type: application
  support:
    channel: chat
    email: help{address}@shop.example
"""
ORGANISATION: Final = Path(__file__).parent / "organisation"
"""All but the services, as it stands on main."""
FILES: Final = {str(file.relative_to(ORGANISATION)): file.read_text() for file in ORGANISATION.rglob("*.yaml")}


def files(content: Content) -> dict[str, str]:
    """The services as they are at a content."""
    values = dict(zip(FIELDS, content, strict=True))
    return {
        f"services/{name}.yaml": SERVICE.format(
            name=name, title=values[name, model.TITLE], address=values[name, model.ADDRESS]
        )
        for name in (model.NEWSLETTER, model.DATABASE)
    }


def independent(one: Event, other: Event) -> bool:
    """True where the order of two events cannot matter to anybody."""
    (first, at), (second, there) = one, other
    if first in REVIEWS and second in REVIEWS:
        return at != there
    if first in REVIEWS or second in REVIEWS:
        return "main edits" in (first, second)
    if "clock" in (first, second):
        return True
    if "merge" in (first, second):
        return False
    return (first == "main edits") != (second == "main edits") or at != there


_INDEPENDENT: Final = [[independent(one, other) for other in EVENTS] for one in EVENTS]


def stands_for_all(past: Sequence[int], event: int) -> bool:
    """Whether no other order of the same history comes before it."""
    for before in reversed(past):
        if not _INDEPENDENT[before][event]:
            return True
        if event < before:
            return False
    return True


@dataclass
class World:
    """One history, told to the gate and to the model alike."""

    commits: Commits
    main: str
    topic: str
    situation: Situation
    reviews: tuple[Review, ...] = ()
    past: tuple[int, ...] = ()

    @property
    def at(self) -> datetime:
        """The instant of the latest event."""
        return (EDGE if self.situation.late else START) + len(self.past) * MINUTE

    @property
    def now(self) -> datetime:
        """When the gate is asked: the last second before the edge, the edge itself, or some minutes later."""
        if not self.situation.late:
            return EDGE - timedelta(seconds=1)
        return EDGE if EVENTS[self.past[-1]][0] == "clock" else EDGE + 10 * MINUTE

    def after(self, event: int) -> World | None:
        """The world after an event; None where it says nothing new."""
        what, about = EVENTS[event]
        found = replace(self, commits=self.commits.fork(), past=(*self.past, event))
        if what == "clock":
            if self.situation.late:
                return None
            found.situation = replace(self.situation, late=True)
        elif isinstance(about, int):
            return found if found.edited(what, about) else None
        elif what == "merge":
            return found if found.main_is_taken() else None
        else:
            return found if found.reviewed(what, about) else None
        return found

    def edited(self, what: str, place: int) -> bool:
        on_main = what == "main edits"
        content = self.situation.main if on_main else self.situation.topic
        if on_main:
            version = 0 if content[place] else 2
        elif what == "undo":
            version = 0
        else:
            version = 2 if content[place] == 1 else 1
        if version == content[place]:
            return False
        content = (*content[:place], version, *content[place + 1 :])
        if on_main:
            self.main = self.commits.add(files(content), self.main, at=self.at, author="erin@shop.example")
            self.situation = replace(self.situation, main=content)
        else:
            self.topic = self.commits.add(files(content), self.topic, at=self.at)
            self.situation = replace(self.situation, topic=content)
        return True

    def main_is_taken(self) -> bool:
        """The branch merges main; where both changed a field, the branch keeps its own."""
        if self.begun and not self.commits.is_ancestor(self.main, self.topic):
            sides = zip(self.situation.main, self.situation.topic, self.situation.taken, strict=True)
            content = tuple(main if topic == taken else topic for main, topic, taken in sides)
            self.topic = self.commits.add(files(content), self.topic, self.main, at=self.at)
            self.situation = replace(self.situation, topic=content, taken=self.situation.main)
            return True
        return False

    @property
    def begun(self) -> bool:
        return any(EVENTS[event][0] in ("edit", "undo") for event in self.past)

    def reviewed(self, what: str, who: str) -> bool:
        word = self.situation.words.get(who)
        look = Look(self.situation.taken, self.situation.topic)
        by = None
        if what in ("approve", "veto"):
            if not self.begun or word == Word(what, look):
                return False
            state, then = ReviewState.APPROVED if what == "approve" else ReviewState.CHANGES_REQUESTED, Word(what, look)
        else:
            if word is None or word.state == "dismissed":
                return False
            state, then = ReviewState.DISMISSED, Word("dismissed", look)
            by = "erin" if what == "dismiss" else "alice"
            if by == "alice" and word.state == "veto":
                then = word  # who wrote it cannot lift what stands against it
        self.reviews = (*self.reviews, Review(who, state, self.topic, self.at, by))
        self.situation = replace(self.situation, words={**self.situation.words, who: then})
        return True


@dataclass
class Told:
    """How many histories there were by verdict, and those of which the gate and the model do not say the same."""

    verdicts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def histories(self) -> int:
        return self.verdicts.total()


@dataclass
class Gate:
    """The gate, which works out once what does not depend on who said what."""

    known: dict[tuple[str, str, datetime], Findings] = field(default_factory=dict)

    def verdict(self, world: World) -> str:
        pull_request = PullRequest("alice", reviews=world.reviews)
        try:
            candidate = world.commits.candidate(world.main, world.topic, pull_request, world.now)
        except MergeConflict:
            return "conflict"
        key = (world.commits.snapshot(world.main).id, candidate.tree, world.now)
        findings = self.known.get(key)
        if findings is None:
            findings = self.known[key] = findings_of(candidate)
        return decision_of(candidate, findings, approvals_of(candidate, findings, world.commits)).verdict


def beginning() -> World:
    """The world before anything happens."""
    commits, nothing = Commits(), (0,) * len(FIELDS)
    main = commits.add({**FILES, **files(nothing)}, at=START, author="erin@shop.example")
    return World(commits, main, main, Situation(nothing, nothing, nothing, {}, late=False))


def histories(world: World, events: int, among: Collection[Event] = EVENTS) -> Iterator[World]:
    """A history, and all that go on from it, up to so many events."""
    yield world
    if len(world.past) < events:
        for number, event in enumerate(EVENTS):
            if event in among and stands_for_all(world.past, number):
                then = world.after(number)
                if then is not None:
                    yield from histories(then, events, among)


def compare(worlds: Iterable[World], gate: Gate, told: Told) -> None:
    for world in worlds:
        expected, given = model.verdict(world.situation), gate.verdict(world)
        told.verdicts[given] += 1
        if expected != given:
            past = ", ".join(" ".join(map(str, EVENTS[event])).strip() for event in world.past)
            told.wrong.append(f"{past}: the gate says {given}, the model {expected}")


def share(number: int, of: int, events: int, among: Collection[Event] = EVENTS) -> Told:
    """What one process does: every so-manieth of the histories of two events, and all that go on from them."""
    told, gate = Told(), Gate()
    for place, world in enumerate(histories(beginning(), min(2, events), among)):
        if place % of == number:
            compare(histories(world, events, among) if len(world.past) == 2 else [world], gate, told)
    return told


def run(events: int, processes: int = 1, among: Collection[Event] = EVENTS) -> Told:
    """All histories of up to so many of some events."""
    if processes == 1:
        return share(0, 1, events, among)
    told, shares = Told(), 8 * processes
    with ProcessPoolExecutor(processes) as pool:
        for found in pool.map(share, range(shares), [shares] * shares, [events] * shares, [among] * shares):
            told.verdicts += found.verdicts
            told.wrong += found.wrong
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=6, help="how many at most (default 6)")
    parser.add_argument("--processes", type=int, default=2, help="how many processes (default 2)")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    told = run(given.events, given.processes)
    for line in told.wrong[:50]:
        print(line)
    print(summary(told.verdicts), f"{len(told.wrong)} disagreements, {time.monotonic() - began:.0f} s")
    return 1 if told.wrong else 0


def summary(verdicts: Mapping[str, int]) -> str:
    """The counts in a line."""
    counted = ", ".join(f"{number:,} {verdict}" for verdict, number in sorted(verdicts.items()))
    return f"{sum(verdicts.values()):,} histories ({counted}),"


if __name__ == "__main__":
    sys.exit(main())
