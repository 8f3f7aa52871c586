"""A second opinion: what the gate's rules say of a pull request, written down from the rules and from nothing else.

It knows the small organisation of tests/fixtures/small by heart, and holds the content of files as plain fields. It
shares no code with the gate. Everything is done the slow and obvious way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import permutations

Content = dict[str, dict[str, int]]
"""Path -> field -> version. A path that is not there is a file that is not there."""

SHOP, DATA = {"alice", "bob", "robot"}, {"carol", "alice"}
GOVERNANCE = {"dave", "erin"}
KNOWN = {"alice", "bob", "carol", "dave", "erin", "frank", "gina", "robot"}
NEWSLETTER, DATABASE = "services/newsletter.yaml", "services/database.yaml"
CHANGE, PERSON = "changes/2026/11/22/chg-20261122-tune.yaml", "people/frank.yaml"
DOCUMENT, STRAY, OF_MAIN = "docs/plan.md", "Makefile", "docs/main.md"
RULES: Mapping[str, tuple[set[str], Sequence[set[str]] | None]] = {
    "normal": ({CHANGE}, [SHOP]),
    "service": ({NEWSLETTER, DATABASE}, None),
    "what-judges": ({PERSON}, [GOVERNANCE, GOVERNANCE]),
    "documents": ({DOCUMENT}, [KNOWN]),
}
RETURN_OF_GINA = 8 * 24 * 60
"""Minutes from the start, 2026-11-22T00:00Z, to the end of gina's absence."""


@dataclass
class Word:
    """A review: who, what, on which content, from what that one came, at which minute, for a dismissal by whom."""

    who: str
    state: str
    seen: Content
    start: Content
    at: int
    by: str | None = None


@dataclass
class Model:
    """A pull request and its base."""

    base: Content
    start: Content
    head: Content
    people: list[str | None] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    minute: int = 600

    def merged(self) -> Content:
        """Three-way merge, field by field; the machine never lets both sides change one field."""
        found: Content = {}
        for path in {*self.base, *self.head}:
            ours, theirs, old = (side.get(path) for side in (self.base, self.head, self.start))
            if theirs == old:
                chosen = ours
            elif ours == old:
                chosen = theirs
            else:
                chosen = {
                    name: (theirs or {})[name] if (theirs or {})[name] != (old or {}).get(name) else (ours or {})[name]
                    for name in theirs or {}
                }
            if chosen is not None:
                found[path] = chosen
        return found

    def changed(self) -> set[str]:
        after = self.merged()
        return {path for path in {*after, *self.base} if after.get(path) != self.base.get(path)}

    def difference(self) -> tuple[Content, Content]:
        """What a reviewer has before them now: what the branch holds, and what it came from."""
        return deepcopy(self.head), deepcopy(self.start)

    def contributors(self) -> set[str]:
        return {"alice", *(person for person in self.people if person is not None)}

    def latest(self) -> dict[str, Word]:
        """The word of each person that counts now."""
        found: dict[str, Word] = {}
        for word in sorted(self.words, key=lambda word: word.at):
            if word.at > self.minute or word.who not in KNOWN or word.state == "commented":
                continue
            before = found.get(word.who)
            if word.state == "dismissed" and before is not None and before.state == "changes-requested":
                may = word.by in KNOWN - {"robot"} and word.by not in self.contributors()
                if not may and word.by != word.who:
                    continue
            found[word.who] = word
        return found

    def seats(self, rule: str) -> Sequence[set[str]]:
        fixed = RULES[rule][1]
        if fixed is not None:
            return fixed
        owners = {NEWSLETTER: SHOP, DATABASE: DATA}
        return [owners[path] for path in (DATABASE, NEWSLETTER) if path in self.changed()]

    def may_sit(self, group: set[str]) -> set[str]:
        """Gina is away for a while, and frank stands in for her."""
        present = set(group) - {"robot"}
        if self.minute < RETURN_OF_GINA and "gina" in present:
            present = (present - {"gina"}) | {"frank"}
        return present - self.contributors()

    def counts(self, rule: str) -> Iterator[str]:
        """Whose approval of what a rule is about still stands."""
        after = self.merged()
        for who, word in self.latest().items():
            changed = {path for path in {*word.start, *word.seen} if word.start.get(path) != word.seen.get(path)}
            scope = RULES[rule][0] & (changed | self.changed())
            if word.state == "approved" and all(self.as_reviewed(word, path, after) for path in scope):
                yield who

    def as_reviewed(self, word: Word, path: str, after: Content) -> bool:
        """Whether a file becomes what was reviewed, from what was reviewed in the fields that change."""
        if word.seen.get(path) != after.get(path):
            return False
        then, now, new = (side.get(path, {}) for side in (word.start, self.base, after))
        return all(then.get(name) == now.get(name) for name in {*now, *new} if now.get(name) != new.get(name))

    def missing(self) -> dict[str, int]:
        """Rule -> empty seats, of the rules that the pull request meets and that lack some; by trying everything."""
        found = {}
        for rule, (paths, _) in RULES.items():
            if not paths & self.changed():
                continue
            seats = [self.may_sit(group) for group in self.seats(rule)]
            people = [*self.counts(rule), *("" for _ in seats)]
            best = max(
                sum(person in seat for person, seat in zip(row, seats, strict=True))
                for row in permutations(people, len(seats))
            )
            if best < len(seats):
                found[rule] = len(seats) - best
        return found

    def verdict(self) -> str:
        changed = self.changed()
        if not changed or STRAY in changed or None in self.people:
            return "rejected"
        vetoed = any(word.state == "changes-requested" for word in self.latest().values())
        return "pending" if vetoed or self.missing() else "approved"
