"""The options of `itsm gate` that suppose something: --as, --with-review, --with-policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

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
        return function(*positional, what_if=_supposed(*(arguments.pop(name) for name in names)), **arguments)

    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    wrapped.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def _supposed(author: str | None, reviews: tuple[str, ...], policies: tuple[Path, ...]) -> WhatIf | None:
    """What the options suppose; None when they suppose nothing."""
    if not (author or reviews or policies):
        return None
    from itsm_as_code.gate.what_if import suppose

    return suppose(author, reviews, policies)
