"""The options of `itsm gate` that suppose something: --as, --with-review, --with-policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from itsm_as_code.errors import ItsmError, UsageError

if TYPE_CHECKING:
    from itsm_as_code.gate.what_if import WhatIf

Function = TypeVar("Function", bound=Callable[..., Any])


def what_if_options(function: Function) -> Function:
    """Adds the options to a command, which gets them as ``what_if``."""
    path = click.Path(path_type=Path)
    options = [
        click.option("--as", "as_author", metavar="PERSON", help="What if PERSON had opened it?"),
        click.option(
            "--with-review",
            "with_reviews",
            multiple=True,
            metavar="PERSON:STATE",
            help="What if PERSON said so? approve, or request-changes; may be given again.",
        ),
        click.option(
            "--with-policy",
            "with_policies",
            multiple=True,
            type=path,
            metavar="FILE",
            help="What if this Policy or ApprovalPolicy were on the base? May be given again.",
        ),
    ]

    def wrapped(*positional: Any, **arguments: Any) -> Any:
        names = ("as_author", "with_reviews", "with_policies")
        return function(*positional, what_if=_what_if(*(arguments.pop(name) for name in names)), **arguments)

    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    wrapped.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def _what_if(author: str | None, reviews: tuple[str, ...], policies: tuple[Path, ...]) -> WhatIf | None:
    """What the options suppose; None when they suppose nothing."""
    if not (author or reviews or policies):
        return None
    from itsm_as_code.gate.what_if import STATES, WhatIf

    supposed = []
    for text in reviews:
        who, _, state = text.rpartition(":")
        if not who or state not in STATES:
            raise UsageError(f"'{text}' is no review", remedy="write PERSON:approve or PERSON:request-changes")
        supposed.append((who, STATES[state]))
    return WhatIf(author, tuple(supposed), dict(map(_policy, policies)))


def _policy(file: Path) -> tuple[str, bytes]:
    """Where a policy belongs on the base, and its content."""
    from itsm_as_code.findings import Finding
    from itsm_as_code.records.document import load
    from itsm_as_code.records.kinds import KindRegistry

    try:
        content = file.read_bytes()
    except OSError as error:
        raise ItsmError(f"cannot read {file}: {error.strerror}", remedy="name a file with --with-policy") from None
    document = load(str(file), content)
    if isinstance(document, Finding):
        raise ItsmError(f"{file} cannot be read: {document.message}", remedy=document.remedy)
    data = document.data
    if data.get("kind") not in ("Policy", "ApprovalPolicy"):
        raise UsageError(f"{file} is no Policy or ApprovalPolicy", remedy="name the file of a policy")
    name = data["metadata"].get("name", file.stem) if isinstance(data.get("metadata"), dict) else file.stem
    return f"{KindRegistry.load()[data['kind']].folder}/{name}.yaml", content
