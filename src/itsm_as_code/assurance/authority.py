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
_REMEDY: Final = "set it back to what was approved, and bring the change in a pull request"


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
    touched = _touched(ledger, since, [path, PATH, *folders, *_named(change, catalogue)])
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
    return Trail(True, note, since, found.statement if found else None, tuple(reasons))


def _named(change: Record, catalogue: Catalogue) -> Iterator[str]:
    """The files of the services of a change, and of what it names so as to be let through."""
    links = [("Service", name) for name in change.spec["services"]]
    links += [(kind, change.spec[kind.lower()]) for kind in LIFTING if kind.lower() in change.spec]
    for kind, name in links:
        record = catalogue.get(kind, name)
        if record is not None:
            yield record.path


@dataclass(frozen=True, slots=True)
class Touch:
    """A first-parent commit that touched a file: the blobs before and after (all zeros where there is none)."""

    commit: str
    before: str
    after: str


def _unshown(ledger: Ledger, touches: Sequence[Touch]) -> Sequence[Reason]:
    """Why evidence does not show that a file is as it was approved; empty when it does.

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
    return why if touches and touches[-1].after != approved else ()


def _touched(ledger: Ledger, since: str, places: Sequence[str]) -> dict[str, list[Touch]]:
    """Path -> the first-parent commits after ``since`` that touched it, oldest first, of the paths in some places."""
    repository, found = ledger.repository, dict[str, list[Touch]]()
    options = ("--first-parent", "--reverse", "--end-of-options", f"{since}..{ledger.tip}")
    commits = repository.text("rev-list", *options, "--", *places).split()
    pairs = "".join(f"{commit} {ledger.chain[ledger.place[commit] - 1]}\n" for commit in commits)
    raw = ("--stdin", "-r", "--no-renames", "--raw", "-z", "--", *places)
    commit, about = "", ""
    for field in (
        repository.run("diff-tree", *raw, feed=pairs.encode())[1].decode("utf-8", "surrogateescape").split("\0")
    ):
        if about:
            _, _, before, after, _ = about.split(" ")
            found.setdefault(field, []).append(Touch(commit, before, after))
            about = ""
        elif field.startswith(":"):
            about = field
        elif field:
            commit = field.strip()
    return found
