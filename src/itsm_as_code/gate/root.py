"""Where the records lie in a larger repository: the base says so, and a pull request cannot move it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from itsm_as_code.configuration import PATH
from itsm_as_code.errors import GitError
from itsm_as_code.findings import Finding
from itsm_as_code.gate.decision import Reason
from itsm_as_code.gate.path_pattern import path_pattern
from itsm_as_code.git.repository import Repository
from itsm_as_code.git.root import Rooted, RootedRepository
from itsm_as_code.records.document import load
from itsm_as_code.records.entries import ChangedFiles
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.snapshot import Entry, Snapshot


def at_root(repository: Repository, base: str) -> Repository:
    """The repository seen from where a commit has its records: itself where that is git's top.

    That is the nearest ``itsm.yaml`` above the folder that was named, or the only one there is. GitError where it is no
    plain file, or there are several.
    """
    if isinstance(repository, RootedRepository):
        return repository
    entries = repository.snapshot(base).entries
    prefix = _prefix(entries, repository.prefix)
    if not prefix:
        return repository
    if not entries[prefix + PATH].is_regular:
        raise GitError(f"{prefix}{PATH} is no plain file", code="root-unclear", remedy="make it one on the base")
    patterns = _beside(repository.blob(base, prefix + PATH) or b"")
    depth = "../" * prefix.count("/")
    return RootedRepository(
        repository.top, prefix, lambda path: any(path_pattern(item).matches(depth + path) for item in patterns)
    )


def _beside(content: bytes) -> list[str]:
    """What ``itsm.yaml`` lists of the larger repository; a wrong one is a finding of the gate, and lists nothing."""
    document = load(PATH, content)
    spec = None if isinstance(document, Finding) else document.data.get("spec")
    listed = spec.get("beside") if isinstance(spec, dict) else None
    return [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []


def _prefix(entries: Mapping[str, Entry], called_in: str) -> str:
    place = called_in
    while place and place + PATH not in entries:
        place = place.removesuffix("/").rpartition("/")[0]
        place += "/" if place else ""
    if place or PATH in entries:
        return place
    found = [path.removesuffix(PATH) for path in entries if path.endswith(f"/{PATH}")]
    return found[0] if len(found) == 1 else ""


def root_reasons(before: Snapshot, after: Snapshot, registry: KindRegistry) -> Iterator[Reason]:
    """Why the records would lie somewhere else, or not be clear any more where."""
    prefix = before.prefix if isinstance(before, Rooted) else ""
    old, new = _whole(before), _whole(after)
    own = new.get(prefix + PATH)
    if prefix and (own is None or not own.is_regular):
        message = f"{prefix}{PATH} says where the records lie, and is no plain file there any more; put it back"
        yield Reason("root-moved", message)
    clear = not prefix and PATH in old
    may_differ = new.may_differ_from(old) if isinstance(new, ChangedFiles) else None
    added = [path for path in (new if may_differ is None else may_differ) if path in new and path not in old]
    for path in sorted(added):
        if path.rpartition("/")[2] != PATH or path == prefix + PATH or (not prefix and path == PATH):
            continue
        inside = path.removeprefix(prefix) if path.startswith(prefix) else ""
        if not clear or (inside and registry.of_path(inside) is not None):
            message = f"{path} would be a second place of records, beside {prefix}{PATH}; leave it out"
            yield Reason("root-second", message)


def nothing_to_judge(before: Snapshot, after: Snapshot, changed: Iterable[str]) -> Reason | None:
    """The reason why there is no business for the gate here: in a larger repository, what changed lies beside it."""
    if not isinstance(before, Rooted) or any(True for _ in changed) or _whole(before) == _whole(after):
        return None
    message = f"nothing below {before.prefix}, and nothing guarded, changed: the rest is none of the gate's business"
    return Reason("nothing-to-judge", message)


def _whole(snapshot: Snapshot) -> Mapping[str, Entry]:
    return snapshot.whole.entries if isinstance(snapshot, Rooted) else snapshot.entries
