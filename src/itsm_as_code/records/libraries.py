"""Which versions of libraries are installed, told by the names of the folders in which installers record them.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/ has name and version in that name.
importlib.metadata reads a file of each, and loads what reads e-mail to do so: more than all else that names a program.
"""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache

_SUFFIX = ".dist-info"


def version(library: str) -> str:
    """The version of a library; where several are recorded in one place, all of them. PackageNotFoundError."""
    name = re.sub(r"[-_.]+", "_", library).lower()
    found = _installed(tuple(sys.path)).get(name)
    if found is not None:
        return found
    from importlib import metadata

    return metadata.version(library)


@lru_cache(maxsize=1)
def _installed(places: tuple[str, ...]) -> dict[str, str]:
    """Versions by name, of the first place on the search path that has any."""
    found: dict[str, str] = {}
    for place in places:
        try:
            names = [entry.name for entry in os.scandir(place)]
        except OSError:
            continue
        here: dict[str, list[str]] = {}
        for name in sorted(names):
            if name.endswith(_SUFFIX):
                library, _, number = name.removesuffix(_SUFFIX).partition("-")
                here.setdefault(re.sub(r"[-_.]+", "_", library).lower(), []).append(number)
        found = {library: " ".join(numbers) for library, numbers in here.items()} | found
    return found
