"""Patterns of paths in approval rules: ``*`` within a folder's name, ``**`` across folders, ``?`` one character.

A pattern is followed state by state (a finite automaton; Thompson, CACM 11(6), 1968), for a regular expression would
try all ways in which several ``**/`` can share a path among them: a path that a pull request brings could then keep the
gate for ever.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_MOST_PLACES: Final = 1000
"""Places of a pattern that are remembered."""


@lru_cache(maxsize=512)
def path_pattern(text: str) -> PathPattern:
    """The pattern that a text stands for."""
    return PathPattern(text)


class _Place(dict[str, "_Place"]):
    """Where one may be in a pattern (``states``: each the part that comes next), and where each character leads."""

    def __init__(self, pattern: PathPattern, states: frozenset[int]) -> None:
        super().__init__()
        self.pattern, self.states = pattern, states

    def __missing__(self, character: str) -> _Place:
        following = self.pattern.place(self.pattern.after(self.states, character))
        self[character] = following
        return following


class PathPattern:
    """A pattern made ready; ``**/`` stands for any number of whole folders, also none."""

    def __init__(self, text: str) -> None:
        self._parts = _parts(text)
        self._places: dict[frozenset[int], _Place] = {}
        self._start = self._without_input({0})

    def matches(self, path: str) -> bool:
        """True when the pattern matches the whole path; takes time by the product of both lengths at most."""
        place = self.place(self._start)
        for character in path:
            place = place[character]
            if not place.states:
                return False
        return len(self._parts) in place.states

    def place(self, states: frozenset[int]) -> _Place:
        """The place of some states; all are forgotten when there are too many."""
        if states not in self._places:
            if len(self._places) >= _MOST_PLACES:
                self._places.clear()
            self._places[states] = _Place(self, states)
        return self._places[states]

    def after(self, states: frozenset[int], character: str) -> frozenset[int]:
        """The states after one more character."""
        found = set()
        for state in states:
            part = self._parts[state] if state < len(self._parts) else ""
            if part == "**" or (part == "*" and character != "/"):
                found.add(state)
            elif part == "**/":  # between two folders; the part behind it stands for the inside of one
                found.update({state + 1} if character != "/" else ())
            elif part == "/**":
                found.add(state if character != "/" else state - 1)
            elif (part == "?" and character != "/") or part == "=" + character:
                found.add(state + 1)
        return self._without_input(found)

    def _without_input(self, states: set[int]) -> frozenset[int]:
        """With the states that are reached by what may stand for nothing."""
        found, todo = set(states), list(states)
        while todo:
            state = todo.pop()
            part = self._parts[state] if state < len(self._parts) else ""
            following = state + {"*": 1, "**": 1, "**/": 2}.get(part, 0)
            if following not in found:
                found.add(following)
                todo.append(following)
        return frozenset(found)


def _parts(text: str) -> list[str]:
    """The parts of a pattern, a character that stands for itself behind a ``=``."""
    found, index = [], 0
    while index < len(text):
        if text.startswith("**/", index):
            found += ["**/", "/**"]
            index += 3
        elif text.startswith("**", index):
            found.append("**")
            index += 2
        else:
            found.append(text[index] if text[index] in "*?" else "=" + text[index])
            index += 1
    return found
