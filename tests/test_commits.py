"""What git's own listings show of a commit: its subject, in one line of a terminal."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import Final

import pytest

from tests.conftest import ROOT

MOST: Final = 72
SINCE: Final = datetime(2026, 11, 28, 18, tzinfo=UTC)
"""When the rule was written down; some subjects before it are longer."""


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_subjects_have_at_most_72_characters() -> None:
    log = ["git", "log", "--no-merges", "--since", SINCE.isoformat(), "--format=%aI %s"]
    lines = subprocess.run(log, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    subjects = [
        subject for day, subject in (line.split(" ", 1) for line in lines) if datetime.fromisoformat(day) > SINCE
    ]
    assert [subject for subject in subjects if len(subject) > MOST] == []
