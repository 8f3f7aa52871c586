"""What controls rest on beside the records: signed evidence of merges, deployments, the forge, when files changed.

Others find it out, for it lies in git and not in the files. Where it is not known, the reason stands in its place, and
what rests on it is not assessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from itsm_as_code.cache import Cache


@dataclass(frozen=True, slots=True)
class Approval:
    """What signed evidence shows of a change: the commit that authorised it, and why that is no approval ("": it is).

    ``unknown`` says why it cannot be told.
    """

    commit: str = ""
    why_not: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment by signed statements: where that is said, what ran where, when it began, why no change covers it.

    ``start`` is None for what is said and cannot be understood or believed, for the reason in ``why_not``.
    """

    place: str
    subject: str
    start: datetime | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ForgeAnswer:
    """A stored answer of ``itsm audit forge``: when it was given, what it found open, why it does not count."""

    at: datetime | None = None
    holes: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """``approvals`` by change; ``started`` says of changes when the first of their deployments began; ``forge`` by the
    path of the file; ``revised`` says of paths when a commit changed them last. A text says why it is not known.
    ``cache`` is where it may stand what an earlier run was told."""

    approvals: Mapping[str, Approval] | str = "the evidence of merges was not asked for"
    deployments: tuple[Deployment, ...] | str = "the statements of deployments were not asked for"
    started: Mapping[str, datetime] = field(default_factory=dict)
    forge: Mapping[str, ForgeAnswer] = field(default_factory=dict)
    revised: Mapping[str, datetime] | str = "the history of the records is not at hand"
    cache: Cache | None = field(default=None, compare=False, repr=False)


NOTHING = Known()
