"""Who made a commit, from the content of its object alone."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    """Who made a commit, as the object says, which proves nothing by itself.

    An identity is a pair of name and e-mail address; one that is missing, given twice or malformed has the address "".
    """

    sha: str
    author: tuple[str, str]
    committer: tuple[str, str]
    parents: tuple[str, ...]
    co_authors: tuple[str, ...]


_CO_AUTHOR = re.compile(r"^[ \t]*co-authored-by[ \t]*:(.*(?:\n[ \t]+.*)*)", re.IGNORECASE | re.MULTILINE)


def parse_commit(sha: str, content: bytes) -> Commit:
    """A commit from the content of its object.

    Every ``Co-authored-by`` line of the message counts, also where git would see no trailer: forges differ in it.
    """
    header, _, message = content.decode("utf-8", "surrogateescape").partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in header.split("\n"):
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    together = _CO_AUTHOR.findall(message.replace("\r\n", "\n").replace("\r", "\n"))
    return Commit(
        sha,
        _identity(fields.get("author", [])),
        _identity(fields.get("committer", [])),
        tuple(fields.get("parent", ())),
        tuple(" ".join(trailer.split()) for trailer in together),
    )


def _identity(values: list[str]) -> tuple[str, str]:
    if len(values) != 1 or values[0].count("<") != 1 or values[0].count(">") != 1:
        return "", ""
    name, _, rest = values[0].partition("<")
    return name.strip(), rest.partition(">")[0].strip()
