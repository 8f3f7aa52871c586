"""Judging again what was judged before: evidence carries all that its judgement needed, so it can be checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.errors import ForgeError, GitError, ItsmError
from itsm_as_code.findings import format_pointer
from itsm_as_code.forges.local import parse_pull_request, without_duplicates
from itsm_as_code.gate.decision import BESIDE, SCHEMA, Decision, canonical
from itsm_as_code.gate.evaluation import evaluate
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.diff import diff_data
from itsm_as_code.records.stored import StoredRecords

MAX_BYTES: Final = 64 << 20
_ID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_DERIVED: Final = ("contributors", "url", "title", "repository")
"""What evidence says of a pull request beyond what was put in."""


class Damaged(ItsmError):
    """Evidence that is not what was written: somebody, or something, changed it. That is an answer, not a failure."""

    code = "evidence-damaged"


@dataclass(frozen=True, slots=True)
class Difference:
    """A place at which evidence and the judgement made anew differ (RFC 6901), and what stands there in each."""

    pointer: str
    recorded: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Replay:
    """Evidence, and where the decision that its inputs give today differs; ``anew`` is the evidence of that."""

    evidence: Mapping[str, Any]
    differences: tuple[Difference, ...]
    anew: Mapping[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return not self.differences


def read_evidence(content: bytes) -> dict[str, Any]:
    """The evidence in a file, with its digest taken out; Damaged when it cannot be what was written.

    The bytes must be those of one of the two forms in which evidence is written, so that no byte goes unchecked.
    """
    if len(content) > MAX_BYTES:
        raise Damaged(f"it has more than {MAX_BYTES >> 20} MiB")
    try:
        data = json.loads(content.decode("utf-8"), object_pairs_hook=without_duplicates)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"it is no JSON: {error}") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        kind = "an in-toto statement" if isinstance(data, dict) and "predicateType" in data else "something else"
        raise Damaged(f"it is {kind}, not the evidence that --format json writes")
    said = data.pop("digest", None)
    try:
        found = (
            "sha256:"
            + hashlib.sha256(canonical({key: value for key, value in data.items() if key != BESIDE})).hexdigest()
        )
    except TypeError as error:  # half a character, a number of more than 64 bits
        raise Damaged(f"it holds what nobody could have written: {error}") from None
    if said != found:
        raise Damaged(f"its digest is {said}, but its content gives {found}")
    if "whatIf" in data:
        raise Damaged("it is that of a what-if, which nobody ever decided")
    return data


def check_base(repository: Repository, evidence: Mapping[str, Any], into: str) -> None:
    """Damaged unless evidence is of a merge into a commit that the history of ``into`` holds.

    Whoever could choose the base would choose the rules, and whose keys are whose.
    """
    base = evidence.get("base")
    if base is None:
        return  # of an error: there is nothing to repeat
    if not isinstance(base, str) or not _ID.match(base):
        raise Damaged("its base is not a commit id")
    if not repository.is_ancestor(repository.commit(base), into):
        if repository.is_shallow:
            remedy = "git fetch --unshallow"
            raise GitError("this clone is shallow, so where the evidence comes from is not known", remedy=remedy)
        raise Damaged(f"it is of a merge into {base[:12]}, which is not in the history of {into[:12]}")


def replay(repository: Repository, evidence: Mapping[str, Any], stored: StoredRecords | None = None) -> Replay:
    """Judge again with the inputs that the evidence names. With ``stored`` it goes faster, and comes to the same.

    Damaged when they make no sense; GitError when this clone lacks base or head; ItsmError for an error's evidence.
    """
    evidence = dict(evidence)
    if evidence.get("verdict") == "error":
        raise ItsmError("the evidence is of an error, so there is no judgement to repeat", remedy="judge anew")
    group, beside = evidence.pop("queue", None), evidence.pop(BESIDE, None)
    try:
        inputs = {key: value for key, value in evidence["pullRequest"].items() if key not in _DERIVED}
        pull_request = parse_pull_request(inputs, "the evidence")
        now = clock.parse_instant(evidence["now"])
        base, head = _commit(evidence["base"]), _commit(evidence["head"])
    except (ForgeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"its inputs make no sense: {error}") from None
    if isinstance(group, list) and len(group) > 1:
        # It holds the inputs of one of them only.
        remedy = "verify the evidence of each of its pull requests"
        raise ItsmError("the evidence is of several pull requests in a merge queue", remedy=remedy)
    decision = evaluate(repository, base, head, pull_request, now, stored, outlined=beside is not None)
    if group is not None:
        _check_group(repository, group, decision, pull_request.number)
    anew = dict(decision.evidence)
    if beside is not None:
        evidence[BESIDE], anew[BESIDE] = beside, [shift.as_data() for shift in decision.outline.controls]
    return Replay(evidence, tuple(_differences(evidence, anew)), anew)


def _commit(name: Any) -> str:
    """A full commit id: what a branch was called then may be something else today."""
    if not isinstance(name, str) or not _ID.match(name):
        raise ValueError(f"{json.dumps(name)[:60]} is not a commit id")
    return name


def _check_group(repository: Repository, group: Any, decision: Decision, number: int | None) -> None:
    """Damaged unless a merge queue's line is that of this one decision, and its commit has the tree that was judged."""
    rows = group if isinstance(group, list) else []
    result = rows[0].get("result") if len(rows) == 1 and isinstance(rows[0], dict) else None
    evidence = decision.evidence
    line = {
        "number": number,
        "base": evidence["base"],
        "head": evidence["head"],
        "result": result,
        "verdict": decision.verdict,
        "digest": decision.digest,
    }
    if rows != [line] or not isinstance(result, str) or not _ID.match(result):
        raise Damaged("its merge queue is not that of this pull request")
    if repository.tree_of(result) != evidence["candidate"]:
        raise Damaged(f"the commit {result[:12]} of its merge queue is not what was judged")


def _differences(recorded: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """The first places at which two pieces of evidence differ."""
    plain_now = json.loads(canonical(now))
    found = []
    for pointer in diff_data(recorded, plain_now):
        found.append(Difference(format_pointer(pointer), _at(recorded, pointer), _at(plain_now, pointer)))
        if len(found) == 20:
            break
    return found


def _at(data: Any, pointer: tuple[str | int, ...]) -> Any:
    for part in pointer:
        if isinstance(data, dict):
            data = data.get(part)
        else:
            data = data[int(part)] if isinstance(data, list) and int(part) < len(data) else None
    return data
