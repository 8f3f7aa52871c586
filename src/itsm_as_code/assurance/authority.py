"""What `itsm authorise` asks of evidence: was what it relies on approved, and is it what was merged?

That is the change, and whatever lifts a stop or sets one: models, calendars, policies, waivers, agreements, reviews,
the services of the change, itsm.yaml. Each counts as the last commit that touched it left it, or deleted it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.statement import Statement
from itsm_as_code.configuration import PATH
from itsm_as_code.gate.decision import Reason
from itsm_as_code.records.catalogue import Catalogue, Record

RELIED_ON: Final = (
    *("Calendar", "ChangeModel", "Policy", "PolicyPack", "Waiver"),
    *("ServiceLevelAgreement", "ServiceReview"),
)
"""Kinds whose records have a say in every answer; of services, those that the change names."""
LIFTING: Final = ("Incident", "Problem", "Improvement")
"""Kinds whose records lift a stop where the change names one."""
_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Trail:
    """Whether evidence was asked for, in a sentence; what was found of the change; and what is missing."""

    asked: bool
    note: str
    since: str | None = None
    statement: Statement | None = None
    reasons: tuple[Reason, ...] = ()


def not_asked(ledger: Ledger, *, insist: bool = False) -> Trail | None:
    """Why evidence is not asked for; None where it is. ``insist`` asks for it whatever itsm.yaml says."""
    settings = ledger.current
    if insist:
        return None
    if not settings.required:
        return Trail(False, f"not asked for: itsm.yaml says required: false ({settings.reason})", settings.since)
    if ledger.since is None:
        return Trail(False, "not asked for: itsm.yaml names no evidence.since ('itsm evidence setup' does)")
    return None


def trail_of(ledger: Ledger, change: Record, catalogue: Catalogue) -> Trail:
    """What evidence says of a change, and of what the answer relies on."""
    since, path = ledger.since or ledger.chain[0], change.path
    folders = [catalogue.registry[kind].folder for kind in RELIED_ON if kind in catalogue.registry.kinds]
    touched = _last_touched(ledger, since, [path, PATH, *folders, *_named(change, catalogue)])
    ledger.load({*touched.values()})
    reasons = ledger.rewound()
    own = touched.pop(path, None)
    found = ledger.covering(own) if own is not None else None
    if found is not None:
        reasons += [Reason(reason.code, f"the change itself: {reason.message}") for reason in found.reasons]
    bad = [(place, commit, ledger.covering(commit)) for place, commit in sorted(touched.items())]
    bad = [row for row in bad if not row[2].approved]
    for place, _, evidence in bad[:_MOST]:
        message = f"{place} has a say here: {evidence.reasons[0].message}"
        reasons.append(Reason(evidence.reasons[0].code, f"{message}; bring it in a pull request"))
    if len(bad) > _MOST:
        reasons.append(Reason("evidence-missing", f"and {len(bad) - _MOST} more files that have a say here"))
    note = f"asked for since {since[:12]}"
    if own is None:
        note += "; the change was merged before"
    elif found is not None and found.approved:
        note += f"; found on {found.commit[:12]}"
    return Trail(True, note, since, found.statement if found else None, tuple(reasons))


def _named(change: Record, catalogue: Catalogue) -> Iterator[str]:
    """The files of the services of a change, and of what it names so as to be let through."""
    links = [("Service", name) for name in change.spec["services"]]
    links += [(kind, change.spec[kind.lower()]) for kind in LIFTING if kind.lower() in change.spec]
    for kind, name in links:
        record = catalogue.get(kind, name)
        if record is not None:
            yield record.path


def _last_touched(ledger: Ledger, since: str, places: Sequence[str]) -> dict[str, str]:
    """Path -> the last first-parent commit after ``since`` that touched it, of the paths in some places."""
    found: dict[str, str] = {}
    revisions = f"{since}..{ledger.tip}"
    commits = ledger.repository.run("rev-list", "--first-parent", revisions, "--", *places)[1]
    for commit in commits.decode().split():
        options = ("-r", "--no-renames", "--no-commit-id", "--name-only", "-z")
        out = ledger.repository.text("diff-tree", *options, f"{commit}^1", commit, "--", *places)
        for path in out.split("\0")[:-1]:
            found.setdefault(path, commit)
    return found
