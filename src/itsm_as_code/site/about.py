"""The one page that says when and from which commit the site was made, so that the others change only with records."""

from __future__ import annotations

import re
from typing import Final

from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Page, Text
from itsm_as_code.site.views.words import moment

PATH: Final = "about.html"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


def page(context: Context) -> Page:
    lead = "Every page of this site was made from the records as they stood then, and judged as of that instant."
    facts = (
        ("As of", moment(context.now, context.tz)),
        ("Made from", Text(shortened(context.revision))),
        ("Times are in", Text(context.validation.configuration.timezone)),
    )
    return Page(PATH, "When and from which commit", (), lead=lead, facts=facts)


def shortened(revision: str) -> str:
    """A revision in words: ``commit 3f9c2ab17e0d`` and whatever else is said of it, or a name as it is."""
    commit, _, rest = revision.partition(" ")
    if not _COMMIT.match(commit):
        return revision
    return f"commit {commit[:12]} {rest}".strip()
