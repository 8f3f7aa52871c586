"""The one currency of everything that can be wrong.

A check yields a :class:`Problem` (what is wrong, and where by JSON pointer); the runner stamps the rule's
id and severity on it and makes it a :class:`Finding`. Line and column are worked out late, from the source,
when the finding is shown (:mod:`itsm_as_code.records.positions`).
"""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

PointerPart = str | int
Pointer = tuple[PointerPart, ...]


class Severity(StrEnum):
    """How much a finding weighs: an error blocks, a warning asks, an info tells."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest; findings are shown in this order."""
        return ("error", "warning", "info").index(self.value)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is checked, why, and how to mend it; ``itsm explain <id>`` prints it."""

    id: str
    title: str
    severity: Severity
    explanation: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file. ``line`` and ``column`` count from 1; ``None`` means the file as a whole.

    ``offset`` is a place inside the text that ``pointer`` points to, in characters from 0.
    """

    path: str
    line: int | None = None
    column: int | None = None
    pointer: Pointer | None = None
    offset: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class RecordId:
    """Kind and name of a record."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check has to say of one record, before it is stamped with the rule's id and severity.

    ``offset`` is a place inside the text that ``pointer`` points to, in characters from 0. ``count`` is more than one
    where it stands for several that are not told apart.
    """

    message: str
    pointer: Pointer = ()
    remedy: str = ""
    offset: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (or worth saying) at one place; ``count`` of them where they are not told apart."""

    rule: str
    severity: Severity
    location: Location
    message: str
    remedy: str = ""
    record: RecordId | None = None
    known: bool = False
    waiver: str | None = None
    count: int = 1

    @property
    def blocks(self) -> bool:
        """True for an error that neither stands on the base already nor is waived."""
        return self.severity is Severity.ERROR and not self.known and self.waiver is None

    @property
    def sort_key(self) -> tuple[int, str, int, int, str, str]:
        where = self.location
        return (self.severity.rank, where.path, where.line or 0, where.column or 0, self.rule, self.message)

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes it the same finding in two revisions: rule, record (or path), place and message.

        Of one that stands for several it is rule, record and severity: how many they are is no part of what they are.
        """
        subject = str(self.record) if self.record else self.location.path
        if self.count > 1:
            return (self.rule, subject, "", self.severity.value)
        return (self.rule, subject, format_pointer(self.location.pointer or ()), self.message)

    def as_data(self) -> dict[str, Any]:
        """The finding as reports write it (``schemas/reports/``)."""
        where = self.location
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "path": where.path,
            "line": where.line,
            "column": where.column,
            "record": {"kind": self.record.kind, "name": self.record.name} if self.record else None,
            "pointer": format_pointer(where.pointer) if where.pointer is not None else None,
            "message": self.message,
            "remedy": self.remedy or None,
            "known": self.known,
            "waiver": self.waiver,
            **({"count": self.count} if self.count > 1 else {}),
        }

    def at(self, line: int | None, column: int | None) -> Finding:
        """The same finding with its line and column filled in."""
        return replace(self, location=replace(self.location, line=line, column=column))


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Gravest first, then by file and line; duplicates (same everything) are dropped."""
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.sort_key)


def with_known(
    findings: Iterable[Finding], before: Iterable[Finding], is_touched: Callable[[Finding], bool]
) -> list[Finding]:
    """The findings, of which those of ``before`` are marked as known, unless what they are about was touched since.

    A ratchet: what is wrong already stops nobody who leaves it alone, and nothing more may become wrong. Of one that
    stands for more than before, those that came to it are a finding of their own.
    """
    old = {finding.identity: finding.count for finding in before}
    return [
        part
        for finding in findings
        for part in _parted(finding, 0 if is_touched(finding) else old.get(finding.identity, 0))
    ]


def _parted(finding: Finding, stood: int) -> Iterator[Finding]:
    """A finding, of which so many stood before."""
    if stood == 0 or stood >= finding.count:
        yield replace(finding, known=stood > 0)
    else:
        yield replace(finding, known=True, count=stood, message=_more(stood))
        yield replace(finding, known=False, count=finding.count - stood, message=_more(finding.count - stood))


def _more(count: int) -> str:
    return f"and {count:,} more like these"


MOST_ALIKE: Final = 50
"""Findings of one rule in one file that are told one by one."""


def folded(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those of a rule in a file beyond the first :data:`MOST_ALIKE` as one that stands for them all.

    So a file cannot make a report, or evidence, much larger than itself. Folding twice is folding once.
    """
    told: list[Finding] = []
    groups: dict[tuple[object, ...], int] = {}
    rest: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        group = (finding.rule, finding.severity, finding.location.path, finding.record, finding.known, finding.waiver)
        if finding.count == 1 and groups.setdefault(group, 0) < MOST_ALIKE:
            groups[group] += 1
            told.append(finding)
        else:
            rest.setdefault(group, []).append(finding)
    for items in rest.values():
        count = sum(item.count for item in items)
        message = items[0].message if len(items) == 1 and count > 1 else _more(count)
        told.append(replace(items[0], message=message, remedy="mend the first ones, and look again", count=count))
    return told


def format_pointer(pointer: Sequence[PointerPart]) -> str:
    """RFC 6901 text of a pointer: ``("spec", "a/b", 0)`` -> ``/spec/a~1b/0``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


@lru_cache(maxsize=4096)
def parse_pointer(text: str) -> tuple[str, ...]:
    """Parts of an RFC 6901 pointer, every one as text."""
    if not text:
        return ()
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


_MOST_COMPARED: Final = 100


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a person most likely meant, or None when nothing is close.

    Of many, those are compared that begin and end alike, as after a typing error.
    """
    names = list(known)
    if len(names) > _MOST_COMPARED:
        names = heapq.nlargest(_MOST_COMPARED, names, key=lambda one: _alike(name, one) + _alike(name[::-1], one[::-1]))
    matches = difflib.get_close_matches(name[:_LONGEST_COMPARED], names, n=3, cutoff=0.6)
    return next((match for match in matches if _of_like_words(name[:_LONGEST_COMPARED], match)), None)


def _of_like_words(name: str, match: str) -> bool:
    """True when at least half of the words of the longer name have one like them in the other, so that two names of a
    family (change-is-reviewed, change-has-rehearsed-backout) are not taken for one misspelt."""
    longer, shorter = sorted((name.split("-"), match.split("-")), key=len, reverse=True)
    alike = sum(1 for word in longer if difflib.get_close_matches(word, shorter, n=1, cutoff=0.6))
    return len(longer) == 1 or 2 * alike >= len(longer)


_LONGEST_COMPARED: Final = 200


def _alike(one: str, other: str) -> int:
    """How many letters two names begin with alike, to their length in all."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[:middle] == other[:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` or the empty string."""
    match = nearest(name, known)
    return f"did you mean '{match}'?" if match else ""


def with_article(noun: str) -> str:
    """``a change``, ``an incident``."""
    return f"{'an' if noun[:1] in 'AEIOUaeiou' else 'a'} {noun}"
