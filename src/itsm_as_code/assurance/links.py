"""Links of records that lead nowhere any more: evidence that nobody can read is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.findings import Finding, Location, Pointer, Rule, Severity
from itsm_as_code.forges.visits import Outcome, Visit, Visitor
from itsm_as_code.records.catalogue import Catalogue, Record, get
from itsm_as_code.records.positions import place_findings

_DEAD: Final = Rule(
    "link-dead",
    "What records link to is there, with the content that they say",
    Severity.WARNING,
    "Evidence, runbooks and documents are links, and a link dies in silence. 'itsm validate --links' asks for each: "
    "one is dead that answers 404 or 410, whose name does not exist or which leads on without end, and so is one whose "
    "content has another SHA-256 than the 'digest' beside it. Name where it is now, or what stands in its place.",
    "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.5",
)
_UNCHECKED: Final = Rule(
    "link-unchecked",
    "Every link can be asked for",
    Severity.WARNING,
    "Whether a link is dead cannot be told where nothing answers, the answer is an error or wants a login, or its host "
    "is an address of this machine or of a private network, which is not asked for: a record could otherwise have "
    "anything there asked. Name such hosts with --allow-host. The command then ends with exit code 2, for a link that "
    "could not be checked is not a good one.",
    "https://owasp.org/www-community/attacks/Server_Side_Request_Forgery",
)
RULES: Final = (_DEAD, _UNCHECKED)
UNCHECKED: Final = _UNCHECKED.id


@dataclass(frozen=True, slots=True)
class Linked:
    """A web address of a record with its place, and the SHA-256 that the record gives of what is there."""

    record: Record
    pointer: Pointer
    url: str
    digest: str = ""


def links(catalogue: Catalogue, is_meant: Callable[[str], bool]) -> Iterator[Linked]:
    """The http and https addresses of the valid records of files that are meant."""
    packed = {record.id for record in catalogue.packed}
    for record in catalogue:
        if record.valid and record.id not in packed and is_meant(record.path):
            for pointer, url in catalogue.registry[record.id.kind].addresses(record.data):
                if url.startswith(("http://", "https://")):
                    beside: Any = get(record.data, (*pointer[:-1], "digest")) if pointer[-1] == "url" else None
                    yield Linked(record, pointer, url, beside if isinstance(beside, str) else "")


def findings(catalogue: Catalogue, visitor: Visitor, is_meant: Callable[[str], bool]) -> list[Finding]:
    """What is wrong with each link, at its place; every address is asked once."""
    found = list(links(catalogue, is_meant))
    wanted: dict[str, bool] = {}
    for link in found:
        wanted[link.url] = wanted.get(link.url, False) or bool(link.digest)
    visits = visitor.visit_all(wanted)
    wrong = [finding for link in found if (finding := _finding(link, visits[link.url])) is not None]
    return place_findings(wrong, catalogue.sources())


def _finding(link: Linked, visit: Visit) -> Finding | None:
    rule, why, remedy = _DEAD, visit.why, "name where it is now, or what stands in its place"
    if visit.outcome is Outcome.UNKNOWN:
        rule, remedy = _UNCHECKED, "look yourself; hosts that are not public are named with --allow-host"
    elif visit.outcome is Outcome.THERE:
        if link.digest in ("", visit.digest):
            return None
        why, remedy = f"has the content {visit.digest}, not {link.digest}", "link what was meant, which may be a copy"
    where = Location(link.record.path, pointer=link.pointer)
    return Finding(rule.id, rule.severity, where, f"{link.url} {why}", remedy, link.record.id)
