"""One cause, one finding: whichever date of a record is wrong by years or a day, people hear of it once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from itsm_as_code.clock import format_instant
from itsm_as_code.validation import validate
from tests.conftest import NOW, SMALL
from tests.snapshots import Memory, folder

EXAMPLES = Path(__file__).parents[1] / "examples" / "pass"
SHIFTS = (-730, -1, 1, 730)
INSTANT = re.compile(rb'"(\d{4}-\d\d-\d\dT[^"]*Z)"')
RECORDS = sorted(
    path
    for rule in ("incident-times-in-order", "times-in-order", "change-dates-in-order", "incident-cause-plausible")
    for path in (EXAMPLES / rule).rglob("*.yaml")
)


def wrong(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Every instant of a record, moved."""
    for match in INSTANT.finditer(text):
        for days in SHIFTS:
            moved = format_instant(datetime.fromisoformat(match[1].decode()) + timedelta(days=days))
            yield f"{match[1].decode()} by {days} days", text[: match.start(1)] + moved.encode() + text[match.end(1) :]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem + "-" + path.parents[2].name)
def test_a_date_that_is_wrong_gives_one_finding(path: Path) -> None:
    example = EXAMPLES / path.relative_to(EXAMPLES).parts[0] / path.relative_to(EXAMPLES).parts[1]
    files = {**folder(SMALL), **folder(example)}
    name = path.relative_to(example).as_posix()
    for what, text in wrong(path.read_bytes()):
        found = [f for f in validate(Memory({**files, name: text}), NOW).findings if f.location.path == name]
        assert len(found) <= 1, (what, [f.message for f in found])
