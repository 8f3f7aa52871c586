"""Records that lie where nobody looks: beside the folders of records, or under a name that is passed over in them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Final

from itsm_as_code.findings import Finding, Location, Rule, Severity, with_article
from itsm_as_code.records.kinds import SCHEMA_FIRST, KindRegistry
from itsm_as_code.snapshot import Entry, Snapshot, named

RECORD_FOLDER = Rule(
    "record-folder",
    "A record lies in the folder of its kind, in a file named <name>.yaml",
    Severity.ERROR,
    "A file that says `apiVersion: itsm/v1` outside of every folder of records, or under another ending, is read by "
    "nobody: not by the checks, not by the gate, not by the site. Where the folder reads like one of records it is an "
    "error, elsewhere a warning. What lies in a repository of its own below this one (a folder with an `itsm.yaml`, or "
    "one with folders of records in it, such as examples) is left alone.",
)
RULES = (RECORD_FOLDER,)

_CONFIGURATION: Final = "itsm.yaml"
_OUTSIDE: Final = re.compile(r"\.ya?ml\Z", re.IGNORECASE)
_INSIDE: Final = re.compile(r"\.(?:json|txt|yam|ymal)\Z|(?:\A|/)[^./]+\Z", re.IGNORECASE)
"""Endings that somebody may give a record; in its folder those of YAML are judged already."""
_BOM: Final = b"\xef\xbb\xbf"


def _key(key: bytes, value: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """A key of the top mapping with its value, in block style and in flow style (JSON, say)."""
    says = rb"""["']?%s["']?[ \t]*:[ \t]*["']?%s""" % (key, value)
    return re.compile(rb"^" + says, re.MULTILINE), re.compile(rb"(?:^|[{,])[ \t]*" + says, re.MULTILINE)


_RECORD: Final = _key(b"apiVersion", b"itsm/")
_KIND: Final = _key(b"kind", b"([A-Za-z][A-Za-z0-9]{0,62})")
_ALIKE: Final = 0.7
"""How alike two names of folders are at least (``difflib``) when one may be meant for the other."""


def misplaced(snapshot: Snapshot, registry: KindRegistry, paths: Iterable[str] | None = None) -> list[Finding]:
    """A finding for each file of ``paths`` (all, if None) that holds a record and is not read as one."""
    entries = snapshot.entries
    folders = _Folders(registry, {path.rpartition("/")[0] for path in named(entries, _CONFIGURATION)})
    chosen = entries if paths is None else sorted(path for path in paths if path in entries)
    suspects = [path for path in chosen if _is_suspect(path, entries[path], folders)]
    found = []
    for path, content in snapshot.read_many(suspects):
        text = content.removeprefix(_BOM) if isinstance(content, bytes) else b""
        in_flow = text.lstrip().startswith(b"{")
        if _RECORD[in_flow].search(text):
            kind = _KIND[in_flow].search(text)
            found.append(_finding(path, kind[1].decode() if kind else "", folders))
    return found


class _Folders:
    """The folders of records, and those of this repository that others call their top."""

    def __init__(self, registry: KindRegistry, tops: set[str]) -> None:
        self.registry = registry
        self.tops = tops
        self._alike: dict[str, str] = {}

    def alike(self, folder: str) -> str:
        """The folder of records that one reads like, or the empty string."""
        if folder not in self._alike:
            known = {kind.folder for kind in self.registry} | self.registry.top_folders
            match = difflib.get_close_matches(folder.casefold(), known, n=1, cutoff=_ALIKE)
            self._alike[folder] = match[0] if match else ""
        return self._alike[folder]

    def is_of_others(self, path: str) -> bool:
        """True for a file of a repository below this one."""
        *parts, _ = path.split("/")
        if any("/".join(parts[:count]) in self.tops for count in range(1, len(parts) + 1)):
            return True
        below = ("/".join([*parts[start:], "x"]) for start in range(1, len(parts)))
        return not self.alike(parts[0]) and any(self.registry.of_path(inner) for inner in below) if parts else False


def _is_suspect(path: str, entry: Entry, folders: _Folders) -> bool:
    if not entry.is_regular or path == _CONFIGURATION or path.startswith((".", "schemas/")) or "/." in path:
        return False
    if folders.registry.of_path(path) is not None:
        return _INSIDE.search(path) is not None
    return _OUTSIDE.search(path) is not None and not folders.is_of_others(path)


def _finding(path: str, named: str, folders: _Folders) -> Finding:
    folder, _, file = path.rpartition("/")
    kind, inside = folders.registry.get(named), folders.registry.of_path(path)
    what = with_article(named) if named else "a record"
    meant = next(filter(None, map(folders.alike, _upwards(folder))), "")
    severity = Severity.ERROR if inside or meant or not folder else Severity.WARNING
    if inside:
        message, remedy = f"'{file}' holds {what} but is not named <name>.yaml", "rename it"
    else:
        place = f"in {folder}/" if folder else "at the top of the repository"
        message = f"{what} {place}, which is no folder of records"
        # The folder above those of several kinds holds no records itself.
        target = kind.folder if kind else meant if folders.registry.of_path(f"{meant}/x.yaml") else ""
        remedy = f"move it to {target}/" if target else "move it to the folder of its kind ('itsm schema' lists them)"
        if named == "Configuration":
            remedy = f"name it {_CONFIGURATION}"
        elif not file.endswith(".yaml"):
            remedy += ", and let its name end in .yaml"
        elif named and not kind:
            remedy += SCHEMA_FIRST
    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return Finding(RECORD_FOLDER.id, severity, Location(shown), message, remedy)


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
