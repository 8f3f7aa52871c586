"""What tests write, and where: to memory where there is enough of it, for they make and remove thousands of files."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 4 << 30
"""Bytes; a run of all tests needs less than 1 GiB at any one time."""


def to_memory() -> None:
    """Have temporary files lie in memory, unless somebody said where they lie, or they could not be run there."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return
    available = re.search(r"^MemAvailable: +(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    free = min(shutil.disk_usage(MEMORY).free, int(available[1]) << 10 if available else 0)
    if free >= ENOUGH:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def keep_compiled() -> None:
    """Have programs that tests start find modules compiled, also where the environment keeps nothing of the kind."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
