"""Who made a commit, from the content of its object alone."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    """Who made a commit, as the object says, which proves nothing by itself.

    An identity is a pair of name and e-mail address; one that is missing, given twice or malformed has the address "".
    ``submitters`` are the accounts that ``Submitted-by-account`` lines name; ``signature`` is the armoured signature
    over the bytes ``signed``, both empty where there is none, or more than one.
    """

    sha: str
    author: tuple[str, str]
    committer: tuple[str, str]
    parents: tuple[str, ...]
    co_authors: tuple[str, ...]
    submitters: tuple[str, ...] = ()
    signature: str = ""
    signed: bytes = b""


_LINE = r"^[ \t]*{}[ \t]*:(.*(?:\n[ \t]+.*)*)"
_CO_AUTHOR = re.compile(_LINE.format("co-authored-by"), re.IGNORECASE | re.MULTILINE)
_SUBMITTER = re.compile(_LINE.format("submitted-by-account"), re.IGNORECASE | re.MULTILINE)
_SIGNATURE = re.compile(rb"^gpgsig (.*\n(?: .*\n)*)", re.MULTILINE)


def parse_commit(sha: str, content: bytes) -> Commit:
    """A commit from the content of its object.

    Every ``Co-authored-by`` line of the message counts, also where git would see no trailer: forges differ in it.
    """
    header, _, message = content.decode("utf-8", "surrogateescape").partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in header.split("\n"):
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    message = message.replace("\r\n", "\n").replace("\r", "\n")
    signature, signed = _signature(content)
    return Commit(
        sha,
        _identity(fields.get("author", [])),
        _identity(fields.get("committer", [])),
        tuple(fields.get("parent", ())),
        _trailers(_CO_AUTHOR, message),
        _trailers(_SUBMITTER, message),
        signature,
        signed,
    )


def _trailers(pattern: re.Pattern[str], message: str) -> tuple[str, ...]:
    return tuple(" ".join(trailer.split()) for trailer in pattern.findall(message))


def _signature(content: bytes) -> tuple[str, bytes]:
    """The signature in the header of a commit, and what it is over: the commit without it."""
    header, parting, message = content.partition(b"\n\n")
    found = _SIGNATURE.findall(header + b"\n")
    if len(found) != 1:
        return "", b""
    left = _SIGNATURE.sub(b"", header + b"\n")[:-1]
    return found[0].replace(b"\n ", b"\n").decode("ascii", "replace"), left + parting + message


def _identity(values: list[str]) -> tuple[str, str]:
    if len(values) != 1 or values[0].count("<") != 1 or values[0].count(">") != 1:
        return "", ""
    name, _, rest = values[0].partition("<")
    return name.strip(), rest.partition(">")[0].strip()
