"""What `itsm authorise` asks of evidence: was what it relies on approved, and is it what was merged?

That is the change, and whatever lifts a stop or sets one: models, calendars, policies, waivers, agreements, reviews,
the services of the change, schemas, itsm.yaml; and what stopped it: reviews that were due, failures of its model. Each
counts as the last commit that touched it left it, or deleted it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.starts import starts_of
from itsm_as_code.assurance.statement import Statement
from itsm_as_code.assurance.touches import Touch, former_paths, touches_of
from itsm_as_code.configuration import PATH
from itsm_as_code.errors import GitError, ItsmError
from itsm_as_code.gate.decision import Reason
from itsm_as_code.gate.endorsement import evidence_file
from itsm_as_code.git import notes
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.document import Document, load
from itsm_as_code.records.outcomes import FAILED

RELIED_ON: Final = ("Calendar", "ChangeModel", "Policy", "PolicyPack", "ServiceLevelAgreement", "Waiver")
"""Kinds whose records have a say in every answer; of services, those that the change names."""
WEIGHED: Final = ("Service",)
"""Kinds by which the risk of a standard change is worked out, which its model limits."""
LIFTING: Final = ("Incident", "Problem", "Improvement")
"""Kinds whose records lift a stop where the change names one."""
STOPPING: Final = ("Change", "Incident")
"""Kinds whose records may stop other changes: those that do, or did, have a say."""
SCHEMAS: Final = "schemas"
_MOST: Final = 5
_REMEDY: Final = "set it back to what was approved, and bring the change in a pull request"


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """Whether evidence was asked for, in a sentence; what was found of the change; what is missing; and what stops
    nothing, and stays to be told."""

    asked: bool
    note: str
    since: str | None = None
    statement: Statement | None = None
    reasons: tuple[Reason, ...] = ()
    exceptions: tuple[str, ...] = ()


def not_asked(ledger: Ledger, *, insist: bool = False) -> EvidenceFound | None:
    """Why evidence is not asked for; None where it is. ``insist`` asks for it whatever itsm.yaml says."""
    settings = ledger.current
    if insist:
        return None
    if not settings.required:
        return EvidenceFound(
            False, f"not asked for: itsm.yaml says required: false ({settings.reason})", settings.since
        )
    if ledger.since is None:
        return EvidenceFound(False, "not asked for: itsm.yaml names no evidence.since ('itsm evidence setup' does)")
    return None


def trail_of(ledger: Ledger, change: Record, catalogue: Catalogue) -> EvidenceFound:
    """What evidence says of a change, and of what the answer relies on."""
    since, path = ledger.since or ledger.chain[0], change.path
    weighed = WEIGHED if change.spec["type"] == "standard" else ()
    folders = _folders(catalogue, (*RELIED_ON, *weighed))
    named = list(_named(change, catalogue))
    touched = touches_of(ledger, since, [path, PATH, SCHEMAS, *folders, *named])
    names = set(change.spec["services"])
    while named := [before for place in named for before in former_paths(ledger, place, touched.get(place, ()))]:
        touched |= touches_of(ledger, since, named)
        names |= {PurePosixPath(place).stem for place in named}
    touched |= _stopping(ledger, since, _Reader(change, catalogue, frozenset(names)))
    ledger.load({touch.commit for touches in touched.values() for touch in touches})
    reasons = ledger.rewound()
    own = touched.pop(path, [])
    for reason in _unshown(ledger, own):
        reasons.append(Reason(reason.code, f"the change itself: {reason.message}"))
    bad = [(place, why[0]) for place, touches in sorted(touched.items()) if (why := _unshown(ledger, touches))]
    for place, reason in bad[:_MOST]:
        reasons.append(Reason(reason.code, f"{place} has a say here: {reason.message}; {_REMEDY}"))
    if len(bad) > _MOST:
        reasons.append(Reason("evidence-missing", f"and {len(bad) - _MOST} more files that have a say here"))
    found = ledger.covering(own[-1].commit) if own else None
    note = f"asked for since {since[:12]}"
    if found is None:
        note += "; the change was merged before"
    elif found.approved:
        note += f"; found on {found.commit[:12]}"
    exceptions = tuple(str(start) for start in starts_of(ledger, [change]) if start.is_early or not start.merged_at)
    return EvidenceFound(True, note, since, found.statement if found else None, tuple(reasons), exceptions)


def _folders(catalogue: Catalogue, kinds: Iterable[str]) -> list[str]:
    return [catalogue.registry[kind].folder for kind in kinds if kind in catalogue.registry.kinds]


def _stopping(ledger: Ledger, since: str, read: _Reader) -> dict[str, list[Touch]]:
    """The touches of records that stopped a change as they were approved. What merely adds a stop lifts none."""
    folders = _folders(read.catalogue, STOPPING)
    touched = touches_of(ledger, since, folders) if folders else {}
    touched.pop(read.change.path, None)
    blobs = sorted({blob for touches in touched.values() for touch in touches for blob in touch.files})
    specs = dict(zip(blobs, map(read.spec, ledger.repository.objects(blobs, "blob")), strict=True))

    def lifts(old: Sequence[str], new: str) -> bool:
        alike = [read.is_alike(specs.get(blob, {})) for blob in (*old, new)]
        return any(read.stops(specs.get(blob, {})) for blob in old) or (any(alike) and not alike[-1])

    found = {
        place: touches
        for place, touches in touched.items()
        if lifts([blob for touch in touches for blob in touch.files], touches[-1].after)
    }
    ledger.load({touch.commit for touches in found.values() for touch in touches})
    return {
        place: touches for place, touches in found.items() if lifts([_approved(ledger, touches)[0]], touches[-1].after)
    }


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads versions of records, whoever wrote them, for what they say of a change; ``services`` are its, named as they
    are now and as they were."""

    change: Record
    catalogue: Catalogue
    services: frozenset[str]

    def spec(self, content: bytes) -> Mapping[str, Any]:
        """The ``spec`` of a version; empty where it has none, or says nothing that could stop the change."""
        words = (b"emergency", b"causedBy", b"outages", b"\\", str(self.change.spec.get("model", "emergency")).encode())
        document = load("", content) if any(word in content for word in words) else None
        data = document.data if isinstance(document, Document) else None
        spec = data.get("spec") if isinstance(data, dict) else None
        return spec if isinstance(spec, dict) else {}

    def stops(self, spec: Mapping[str, Any]) -> bool:
        """True for what may have a say: an outage or emergency of a service of the change, a failure of its model."""
        outages = spec.get("outages")
        down = [item.get("service") for item in outages if isinstance(item, dict)] if isinstance(outages, list) else []
        if any(service in down for service in self.services):
            return True
        if "causedBy" in spec:
            cause = self.catalogue.get("Change", str(spec["causedBy"]))
            return cause is None or self.is_alike(cause.spec)
        if spec.get("type") == "emergency":
            listed = spec.get("services")
            return isinstance(listed, list) and any(service in listed for service in self.services)
        return self.is_alike(spec) and (spec.get("status") in FAILED or spec.get("result") in FAILED)

    def is_alike(self, spec: Mapping[str, Any]) -> bool:
        """True for a standard change of the same model."""
        mine = self.change.spec
        return bool(spec.get("type") == mine["type"] == "standard" and spec.get("model") == mine["model"])


def _named(change: Record, catalogue: Catalogue) -> Iterator[str]:
    """The files of the services of a change, and of what it names so as to be let through."""
    links = [("Service", name) for name in change.spec["services"]]
    links += [(kind, change.spec[kind.lower()]) for kind in LIFTING if kind.lower() in change.spec]
    for kind, name in links:
        record = catalogue.get(kind, name)
        if record is not None:
            yield record.path


def _unshown(ledger: Ledger, touches: Sequence[Touch]) -> Sequence[Reason]:
    """Why evidence does not show that a file is as it was approved; empty when it does."""
    approved, why = _approved(ledger, touches)
    return why if touches and touches[-1].after != approved else ()


def _approved(ledger: Ledger, touches: Sequence[Touch]) -> tuple[str, Sequence[Reason]]:
    """The blob that a file was approved as, and why what came last of it is not approved.

    Each approved touch takes it from what was approved to what is approved then. One that was not approved leaves that
    where it was, and approvals of what came on top of it were for the difference to something that nobody approved; so
    the file counts again once it is what it was.
    """
    approved, why = touches[0].before if touches else "", tuple[Reason, ...]()
    for touch in touches:
        evidence = ledger.covering(touch.commit)
        if touch.before == approved and evidence.approved:
            approved = touch.after
        elif touch.before == approved:
            why = evidence.reasons
    return approved, why


def look_up(
    ledger: Ledger, catalogue: Catalogue, change: str, file: Path | None, *, fetch: bool, insist: bool
) -> EvidenceFound:
    """What evidence says of a change, where it is asked for or a ``file`` holds it; ItsmError when it is not here."""
    trail = not_asked(ledger, insist=insist or file is not None)
    record = catalogue.get("Change", change)
    if trail is None and record is not None:
        _bring(ledger, file, fetch=fetch)
        trail = trail_of(ledger, record, catalogue)
    return trail or EvidenceFound(True, "asked for")


def _bring(ledger: Ledger, file: Path | None, *, fetch: bool) -> None:
    """Have the notes of origin in this clone, and evidence from a file; ItsmError when that cannot be done."""
    command = f"git fetch origin +{notes.REF}:{notes.REF}"
    repository = ledger.repository
    if fetch and repository.setting("remote.origin.url") is not None:
        try:
            notes.fetch(repository, "origin")
        except GitError as error:
            message = f"the evidence could not be fetched: {error.message}"
            raise GitError(message, code="evidence-not-fetched", remedy=f"{command}, and ask with --no-fetch") from None
    elif not fetch and file is None and not notes.references(repository):
        raise GitError("this clone has no evidence", code="evidence-not-fetched", remedy=command)
    if file is not None and not ledger.add(evidence_file(file).content):
        remedy = "write it with 'itsm evidence show COMMIT --export -o FILE'"
        raise ItsmError(f"{file} holds no evidence of a merge", code="evidence-unreadable", remedy=remedy)
