"""Programs of the search path, by their absolute paths: none of a folder that depends on where the caller stands."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path


def program(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """Where the search path has a program (default: of this process), if it has it.

    A relative or empty entry is passed over: it would be a folder of the repository that is looked at.
    """
    return _found(name, (os.environ if environment is None else environment).get("PATH", os.defpath))


@lru_cache(maxsize=8)
def _found(name: str, path: str) -> str | None:
    folders = [folder for folder in path.split(os.pathsep) if Path(folder).is_absolute()]
    found = shutil.which(name, path=os.pathsep.join(folders))
    return found if found is not None and Path(found).is_absolute() else None
