"""The program for scripts that call it: a process each time, but one that has everything loaded (docs/ready.py)."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "docs"))

from ready import client


def put_program(place: Path, *more: str) -> Path:
    """Make a file the program ``itsm``, which adds ``more`` to what it is called with; gives the file."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(client(*more))
    place.chmod(0o755)
    return place
