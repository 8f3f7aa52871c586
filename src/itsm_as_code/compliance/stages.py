"""When changes were first committed, proposed and authorised, by all versions of their files, in two passes of git.

Proposed is a version that is no draft any more, authorised one whose state only approval gives, at the moment when that
version came to the first-parent line. Instants are those of committers' clocks, which signed evidence alone can prove.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from itsm_as_code.findings import Finding
from itsm_as_code.git.history import versions
from itsm_as_code.git.repository import Repository
from itsm_as_code.measures.stages import NOT_AUTHORISED, Stages
from itsm_as_code.records.document import load
from itsm_as_code.records.file_names import stem_of

_STATUS: Final = re.compile(rb"""["']?\bstatus["']?\s*:\s*["']?([a-z-]*)""")
_Version = tuple[str, datetime, str]


def stages_of(repository: Repository, commit: str, folder: str) -> dict[str, Stages]:
    """The stages of the changes below a folder in the history of a commit, by name; a shallow clone shows what it has.

    GitError where the history cannot be read.
    """
    written = list(versions(repository, commit, folder, landed=False))
    landed = list(versions(repository, commit, folder))
    blobs = sorted({blob for _, _, blob in (*written, *landed)})
    states = dict(zip(blobs, map(_state, repository.objects(blobs, "blob")), strict=True))
    found: dict[str, Stages] = {}
    for name, at, _ in _firsts(written, states, ()):
        found[name] = Stages(at)
    for name, at, _ in _firsts(written, states, ("draft",)):
        found[name] = replace(found[name], proposed=at)
    for name, at, _ in _firsts(landed, states, NOT_AUTHORISED):
        found[name] = replace(found.get(name, Stages()), authorised=at)
    return found


def _firsts(told: Iterable[_Version], states: dict[str, str], but: tuple[str, ...]) -> Iterator[_Version]:
    """The first version of each change with a state that is none of some."""
    seen: set[str] = set()
    for path, at, blob in told:
        name = stem_of(path)
        if name not in seen and (not but or states[blob] not in ("", *but)):
            seen.add(name)
            yield name, at, blob


def _state(content: bytes) -> str:
    """The status in a file; it is read as YAML only where the word stands in it more or less than once."""
    told = _STATUS.findall(content)
    if len(told) == 1:
        return str(told[0].decode())
    document = load("", content)
    spec = None if isinstance(document, Finding) else document.data.get("spec")
    return str(spec.get("status", "")) if isinstance(spec, dict) else ""
