"""itsm gate without its command: where the pull request is, what of it is judged, and by what it is supposed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from itsm_as_code.errors import ForgeError, ItsmError
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.forges.local import local_pull_request, with_signed_approvals
from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.evaluation import evaluate
from itsm_as_code.gate.queue import evaluate_group
from itsm_as_code.gate.root import at_root
from itsm_as_code.gate.what_if import WhatIf
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.snapshot import Snapshot

if TYPE_CHECKING:
    from itsm_as_code.forges.connection import Connection


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged: base and head as they are named, where not as the forge names them; what is supposed.

    ``reviews`` is a reviews file, ``approvals`` where signed approvals come from (:mod:`itsm_as_code.forges.local`).
    ``instant`` gives the time to judge at, by what the base says; ``stored`` are records that earlier runs read.
    """

    base: str | None
    head: str | None
    instant: Callable[[Snapshot], datetime]
    reviews: Path | None = None
    approvals: str | None = None
    what_if: WhatIf | None = None
    stored: Callable[[], StoredRecords | None] = lambda: None


def evaluate_local(repository: Repository, asked: Asked) -> Decision:
    """The decision on a pull request that lives on no forge. ItsmError when there is none."""
    base, head = repository.commit(asked.base or ""), asked.head or ""
    pull_request = local_pull_request(repository, base, head, asked.reviews, asked.approvals)
    now = asked.instant(at_root(repository, base).snapshot(base))
    return _evaluate(repository, asked, base, head, pull_request, now)


def evaluate_at_forge(
    repository: Repository,
    asked: Asked,
    connection: Connection,
    begin: Callable[[str], None],
    told: Callable[[PullRequest], None],
) -> Decision:
    """The decision on a pull request of a forge, or on the group that it is merged in. ItsmError when there is none.

    ``begin`` hears of the commit as soon as that is known, so that whatever was published of it before can be taken
    back; ``told`` of what the forge says.
    """
    early = asked.head is not None and connection.remote is None
    if early:
        begin(repository.commit(asked.head or ""))
    found = connection.pull_request(repository)
    base = _commit(repository, "--base", asked.base, found.base)
    head = _commit(repository, "--head", asked.head, found.head)
    if not early:
        begin(head)

    def signed(pull_request: PullRequest) -> PullRequest:
        source = asked.approvals
        return pull_request if source is None else with_signed_approvals(pull_request, repository, source)

    pull_request = signed(found)
    told(pull_request)
    now = asked.instant(at_root(repository, base).snapshot(base))
    if connection.group is None:
        return _evaluate(repository, asked, base, head, pull_request, now)
    others = lambda number: signed(connection.forge(number).pull_request())  # noqa: E731
    return evaluate_group(repository, base, head, pull_request, others, now)


def _commit(repository: Repository, option: str, given: str | None, told: str | None) -> str:
    """The commit of an option, else the one that the forge names."""
    revision = given or told
    if revision is None:
        raise ForgeError(f"{option} is not known", remedy=f"name it with {option}")
    try:
        return repository.commit(revision)
    except ItsmError as error:
        if given is not None:
            raise
        remedy = "fetch it, or let --fetch do it"
        raise ForgeError(f"this clone lacks {revision[:12]}", code=error.code, remedy=remedy) from None


def _evaluate(
    repository: Repository, asked: Asked, base: str, head: str, pull_request: PullRequest, now: datetime
) -> Decision:
    """The decision, or with a supposition what it would be."""
    what_if, stored = asked.what_if, asked.stored()
    if what_if is None:
        return evaluate(repository, base, head, pull_request, now, stored)
    supposed = what_if.pull_request(pull_request, repository.commit(head), now)
    records = at_root(repository, repository.commit(base))  # what is supposed is known to this one alone
    decision = evaluate(records, what_if.base(records, base), head, supposed, now, stored)
    return what_if.mark(decision, base)
