"""Every page of a small organisation, word for word. What a page says changes on purpose or not at all.

After a change that is meant: ``python -m tests.site.transcript``, and read the difference.
"""

from __future__ import annotations

import difflib

import pytest

from itsm_as_code import site
from tests.site.transcript import KEPT, organisation, transcripts


@pytest.fixture(scope="module")
def fresh() -> dict[str, str]:
    return transcripts(dict(site.build(organisation(), "0" * 40)))


def test_there_is_a_transcript_of_every_page(fresh: dict[str, str]) -> None:
    assert sorted(fresh) == sorted(path.name for path in KEPT.glob("*.txt"))


@pytest.mark.parametrize("name", sorted(path.name for path in KEPT.glob("*.txt")))
def test_pages_say_what_they_said(name: str, fresh: dict[str, str]) -> None:
    before, after = (KEPT / name).read_text().splitlines(), fresh.get(name, "").splitlines()
    changed = list(difflib.unified_diff(before, after, "as kept", "now", lineterm="", n=1))
    assert not changed, "\n".join(changed[:40])
