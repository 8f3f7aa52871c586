"""A second opinion on the difference that was reviewed, written down from the rules of the gate and nothing else.

It knows histories as commits with contents, parents and minutes, works out common ancestors the slow and obvious way,
and shares no code with the gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Fields = dict[str, int]
Content = dict[str, Fields]
"""Path -> field -> version. A path that is not there is a file that is not there."""
NEWSLETTER, DATABASE = "services/newsletter.yaml", "services/database.yaml"
PERSON, PLAN, NOTES = "people/frank.yaml", "docs/plan.md", "docs/notes.md"
RULES = ("documents", "people", "service", "contact", "critical")
"""Of files in docs/; of people; of services whole; of their addresses alone; of services of the tiers 1 and 2."""


@dataclass
class Commit:
    """A commit; ``parents`` are ids."""

    content: Content
    parents: tuple[str, ...]
    minute: int


@dataclass
class Look:
    """A review: on which commit, and where the base stood at that moment."""

    commit: str
    base: str


@dataclass
class History:
    """All commits by id, and the tips of main and topic."""

    commits: dict[str, Commit] = field(default_factory=dict)

    def ancestors(self, commit: str) -> set[str]:
        """A commit and all that came before it."""
        found, todo = set(), [commit]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self.commits[name].parents
        return found

    def best(self, one: str, other: str) -> list[str]:
        """The common ancestors that are no ancestors of another one."""
        common = self.ancestors(one) & self.ancestors(other)
        return sorted(name for name in common if not any(name in self.ancestors(it) for it in common - {name}))


@dataclass(frozen=True)
class Difference:
    """What there was before and what there is after."""

    before: Content
    after: Content

    def changed(self) -> set[str]:
        return {path for path in {*self.before, *self.after} if self.before.get(path) != self.after.get(path)}

    def paths_of(self, rule: str) -> Iterator[str]:
        """The changed paths that lie in the scope of a rule."""
        for path in self.changed():
            if path.startswith("services/"):
                old, new = self.pair(path, "email")
                tiers = [tier for tier in self.pair(path, "tier") if tier is not None]
                if rule == "service" or (rule == "contact" and old != new) or (rule == "critical" and min(tiers) <= 2):
                    yield path
            elif rule == {"docs": "documents", "people": "people"}[path.split("/")[0]]:
                yield path

    def pair(self, path: str, name: str) -> tuple[int | None, int | None]:
        """A field before and after; None where there is no file."""
        return self.before.get(path, {}).get(name), self.after.get(path, {}).get(name)


def names(rule: str, path: str) -> tuple[str, ...]:
    """The fields of a file that a rule is for."""
    if path.startswith("services/"):
        return ("email",) if rule == "contact" else ("title", "tier", "email")
    return ("title",) if path.startswith("people/") else ("text",)


def counts(rule: str, history: History, look: Look, merged: Difference) -> bool:
    """Whether an approval covers what a rule is about: both differences are equal there, from every merge base.

    What the pull request does not change any more is no difference, where the base says what the reviewer saw come.
    """
    after = history.commits[look.commit].content
    starts = history.best(look.base, look.commit)
    seen = [Difference(history.commits[name].content, after) for name in starts]
    scope = {path for difference in (*seen, merged) for path in difference.paths_of(rule)}
    return all(
        difference.pair(path, name) == merged.pair(path, name) or here(merged, path, name, after)
        for difference in seen
        for path in scope
        for name in names(rule, path)
    )


def here(merged: Difference, path: str, name: str, after: Mapping[str, Fields]) -> bool:
    """Whether the base and the merge both say what the reviewer saw come of a field."""
    return merged.pair(path, name) == (after.get(path, {}).get(name),) * 2
