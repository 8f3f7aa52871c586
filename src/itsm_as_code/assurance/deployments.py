"""Deployment statements: what ran, said by whoever deployed it, as signed lines of JSON that name the line before.

A line is ``{"signature": ..., "statement": {...}}`` in canonical JSON. It is taken for what it says only where its
signer is a deployer of ``itsm.yaml`` who may say it; nothing here feeds risk, suspension or authorisation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from itsm_as_code import clock, signing
from itsm_as_code.errors import ItsmError
from itsm_as_code.gate.decision import Reason, canonical, is_canonical

SCHEMA: Final = "itsm/deployment/v1"
NAMESPACE: Final = "itsm-deployment"
RESULTS: Final = ("successful", "failed", "backed-out")
_TEXTS: Final = ("deployer", "service", "environment", "artifact", "start", "end", "result")
_OPTIONAL: Final = ("change", "model", "answer", "supersedes", "evidence", "previous")
ATTEMPTS: Final = 5
Check = Callable[[bytes, str, str, Sequence[str], str], bool]
"""Whether a signature is good, as :func:`itsm_as_code.signing.is_signed_by` says it."""


@dataclass(frozen=True, slots=True)
class Deployer:
    """Whose key may say that something of these services and environments, by these models, was deployed, and when."""

    name: str
    key: str
    services: tuple[str, ...]
    environments: tuple[str, ...]
    models: tuple[str, ...]
    begins: datetime | None = None
    ends: datetime | None = None


def deployers(raw: Mapping[str, Any]) -> tuple[Deployer, ...]:
    """Those of ``spec`` of itsm.yaml, which its schema has judged."""

    def instant(item: Mapping[str, Any], key: str) -> datetime | None:
        return clock.parse_instant(item[key]) if key in item else None

    return tuple(
        Deployer(
            item["name"],
            signing.bare_key(item["key"]),
            tuple(item["services"]),
            tuple(item["environments"]),
            tuple(item.get("models", ())),
            instant(item, "from"),
            instant(item, "until"),
        )
        for item in raw.get("deployers", ())
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the branch: its number, its digest, what it says (None: it cannot be read), and what is wrong."""

    number: int
    digest: str
    data: Mapping[str, Any] | None
    reasons: tuple[Reason, ...]
    is_superseded: bool = False

    @property
    def holds(self) -> bool:
        return not self.reasons


def line_of(data: Mapping[str, Any], signature: str) -> bytes:
    """A statement with its signature, as a line."""
    return canonical({"statement": data, "signature": signature}) + b"\n"


def digest_of(line: bytes) -> str:
    """What the next line names this one by."""
    return "sha256:" + hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def last_digest(content: bytes) -> str | None:
    """The digest of the last line; None where there is none."""
    lines = content.splitlines()
    return digest_of(lines[-1]) if lines else None


def appended(content: bytes, data: Mapping[str, Any], key: Any) -> bytes:
    """The lines with one more, which names the one before it and is signed; ItsmError where it is none."""
    whole = {**data, "schema": SCHEMA, "previous": last_digest(content)}
    wrong = next(_malformed(whole), None)
    if wrong is not None:
        raise ItsmError(wrong.message, code=wrong.code, remedy="mend what was given")
    return content + line_of(whole, signing.sign(canonical(whole), key, NAMESPACE))


def read_lines(
    content: bytes,
    known: Sequence[Deployer],
    about: Collection[str] | None = None,
    is_signed_by: Check = signing.is_signed_by,
) -> list[Line]:
    """All lines, oldest first, with what is wrong with each; where some changes are asked ``about``, the others are not
    looked at any closer, for that takes its time."""
    found: list[Line] = []
    previous: str | None = None
    for number, raw in enumerate(content.splitlines(), 1):
        data, reasons = _judged(raw, known, about, is_signed_by)
        reasons += _breaks(data, previous)
        previous = digest_of(raw)
        found.append(Line(number, previous, data, tuple(reasons)))
    gone = {line.data["supersedes"] for line in found if line.data and line.holds and "supersedes" in line.data}
    return [
        Line(line.number, line.digest, line.data, line.reasons, is_superseded=line.digest in gone) for line in found
    ]


def _breaks(data: Mapping[str, Any] | None, previous: str | None) -> Iterator[Reason]:
    if data is not None and data.get("previous") != previous:
        yield Reason("chain-broken", "it does not follow the line before: one was removed or altered")


def _judged(
    raw: bytes, known: Sequence[Deployer], about: Collection[str] | None, is_signed_by: Check
) -> tuple[Mapping[str, Any] | None, list[Reason]]:
    try:
        whole = orjson.loads(raw)
    except orjson.JSONDecodeError:
        whole = None
    data = whole.get("statement") if isinstance(whole, dict) and whole.keys() == {"statement", "signature"} else None
    if not isinstance(data, dict) or not is_canonical(whole, raw):
        return None, [Reason("malformed", "it is no statement")]
    if about is not None and data.get("change") not in about:
        return data, [Reason("not-asked", "nobody asked about it")]
    wrong = list(_malformed(data))
    return data, wrong or list(_unsigned(data, str(whole["signature"]), known, is_signed_by))


def _malformed(data: Mapping[str, Any]) -> Iterator[Reason]:
    """What keeps a statement from being one."""
    unknown = sorted(data.keys() - {"schema", *_TEXTS, *_OPTIONAL})
    lacking = [key for key in _TEXTS if not isinstance(data.get(key), str) or not str(data[key]).isprintable()]
    if data.get("schema") != SCHEMA or unknown or lacking:
        yield Reason("malformed", f"it is no statement: {', '.join([*lacking, *unknown]) or 'another schema'}")
        return
    if any(data.get(key) is not None and not isinstance(data[key], str) for key in _OPTIONAL):
        yield Reason("malformed", "a field of it is no text")
    elif data["result"] not in RESULTS:
        yield Reason("malformed", f"its result is none of {', '.join(RESULTS)}")
    elif ("change" in data) == ("model" in data):
        yield Reason("malformed", "it names a change or a model, and not both")
    else:
        try:
            backwards = clock.parse_instant(data["end"]) < clock.parse_instant(data["start"])
        except ValueError:
            yield Reason("malformed", "its start or end is no instant")
            return
        if backwards:
            yield Reason("malformed", "it ends before it begins")


def _unsigned(
    data: Mapping[str, Any], signature: str, known: Sequence[Deployer], is_signed_by: Check
) -> Iterator[Reason]:
    """Why nobody who may say it has signed it."""
    at = clock.parse_instant(data["end"])
    try:
        key = signing.read_signature(signature).key
    except ValueError as error:
        yield Reason("unsigned", f"its signature {error}")
        return
    mine = [item for item in known if item.key == key and item.name == data["deployer"]]
    current = [item for item in mine if (item.begins or at) <= at and (item.ends is None or at < item.ends)]
    if not current:
        yield Reason("unknown-deployer", "no deployer of itsm.yaml had this key and name then")
    elif not any(_may_say(item, data) for item in current):
        what = f"{data['service']} in {data['environment']}" + (f" by {data['model']}" if "model" in data else "")
        yield Reason("not-theirs", f"{data['deployer']} deploys no {what}")
    elif not is_signed_by(canonical(data), signature, "deployer", [key], NAMESPACE):
        yield Reason("unsigned", "its signature is of something else")
    elif "model" in data and "answer" not in data:
        yield Reason("no-answer", "it names no answer of itsm authorise, so nobody asked whether the model covers it")


def _may_say(deployer: Deployer, data: Mapping[str, Any]) -> bool:
    by_model = "model" not in data or data["model"] in deployer.models
    return data["service"] in deployer.services and data["environment"] in deployer.environments and by_model
