"""The options of `itsm gate` that suppose something: --as, --with-review, --with-policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import option_group

if TYPE_CHECKING:
    from itsm_as_code.gate.what_if import WhatIf


def _supposed(as_author: str | None, with_reviews: tuple[str, ...], with_policies: tuple[Path, ...]) -> WhatIf | None:
    """What the options suppose; None when they suppose nothing."""
    if not (as_author or with_reviews or with_policies):
        return None
    from itsm_as_code.gate.what_if import suppose

    return suppose(as_author, with_reviews, with_policies)


what_if_options = option_group(
    "what_if",
    _supposed,
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
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What if this Policy or ApprovalPolicy were on the base? May be given again.",
    ),
)
"""For `itsm gate`, which gets what they suppose as ``what_if``."""
