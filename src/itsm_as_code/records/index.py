"""What earlier runs worked out of a whole tree, by the tree's id and by parts.

A part belongs to the tree whose id git gives it, to the program that worked it out (with all that it brings along) and
to its name, all of which its key holds. So none can pass for that of another tree, and one that is missing or damaged
is missing: whoever needs it works it out anew. A few trees are kept, those that were written last.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from itsm_as_code import shipped
from itsm_as_code.cache import Cache
from itsm_as_code.records.libraries import version
from itsm_as_code.records.stored import program

_LIBRARIES: Final = ("cel-expr-python", "jsonschema", "orjson", "python-dateutil")
"""Those that decide what is said of records, beside those that decide what records say."""
_OF_GIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


class TreeIndex:
    """The parts of one tree in a cache; ``kept`` trees are, of those that stand in the ``directory``."""

    directory = "trees"
    kept = 4

    def __init__(self, cache: Cache, tree: str) -> None:
        self._cache = cache
        self.tree = tree

    def get(self, name: str) -> Any:
        """A part, or None where there is none that is whole."""
        return self._part(self.tree, name)

    def put(self, parts: Mapping[str, Any]) -> None:
        """Keep the parts of this tree, and let go of those of the tree that was written longest ago."""
        known = self._part("", self.directory) or {}
        names = {tree: names for tree, names in known.items() if tree != self.tree}
        old = list(names)[: max(0, len(names) + 1 - self.kept)]
        gone = [_id(tree, name) for tree in old for name in names.pop(tree)]
        names[self.tree] = sorted(parts)
        fresh = {_id(self.tree, name): part for name, part in parts.items()}
        self._cache.put_many(_space(), {**fresh, _id("", self.directory): names}, gone)

    def _part(self, tree: str, name: str) -> Any:
        return dict(self._cache.get_many(_space(), [_id(tree, name)])).get(_id(tree, name))


def trees(cache: Cache, *, of_git: bool = True) -> list[str]:
    """The ids of the trees that have an index, those of git or of work trees, the one that was written last first."""
    known = TreeIndex(cache, "").get(TreeIndex.directory) or {}
    return [tree for tree in reversed(known) if bool(_OF_GIT.match(tree)) is of_git]


def _id(tree: str, name: str) -> str:
    return hashlib.blake2b(f"{tree}\0{name}".encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def _space() -> bytes:
    """This program, down to the schemas and policies that it brings along."""
    digest = hashlib.blake2b(program(), digest_size=16, person=b"itsm-index")
    digest.update(sys.version.encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\0".encode())
    for folder, suffix in (("schemas", ".json"), ("policies", ".yaml")):
        for path, content in sorted(shipped.files(folder, suffix).items()):
            digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.digest()
