"""Names of files: which stand for records, and which every system takes for the same.

Source: https://learn.microsoft.com/windows/win32/fileio/naming-a-file (device names, characters); Unicode Standard
Annex 15 for accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from itsm_as_code.snapshot import SUBMODULE, SYMLINK, Entry

_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\Z", re.IGNORECASE)
_CHARACTERS: Final = frozenset('<>:"|?*')


def no_record(path: str, entry: Entry) -> tuple[str, str, str] | None:
    """What keeps a file in a record folder from being a record: its path as it can be shown, what is wrong (empty for a
    file that does not look like a record), and the remedy. None for a record file."""
    name = path.rsplit("/", 1)[-1]
    plain = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if plain != path:
        return plain, "the name of the file is not UTF-8", "rename it"
    if not entry.is_regular:
        what = {SYMLINK: "a symbolic link", SUBMODULE: "a submodule"}.get(entry.mode, "no regular file")
        return path, f"{what} lies in a record folder", "put the file itself there"
    if name.endswith(".yaml") and not name.startswith("."):
        return None
    is_like_one = name.casefold().rstrip(". ").endswith((".yaml", ".yml")) or not name.isascii()
    if is_like_one or not name.isprintable():
        return path, f"'{name}' looks like a record but is not named <name>.yaml", "rename it"
    return path, "", ""


def is_device(name: str) -> bool:
    """True for the name of a file, or a folder, that Windows keeps for a device, whatever its ending is."""
    return _DEVICE.match(name.partition(".")[0].rstrip(" ")) is not None


def unportable(path: str) -> str:
    """Why Windows cannot check out a path, as the end of a sentence; empty where it can."""
    device = next(filter(is_device, path.split("/")), None)
    if device is not None:
        return f"has the part '{device}', which is a device on Windows"
    found = sorted(_CHARACTERS.intersection(path))
    return f"has the character {found[0]}, which no file on Windows has" if found else ""


def folded(path: str) -> str:
    """What paths compare by where a system does not tell case, or forms of accents, apart."""
    return path.casefold() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


def folders(path: str) -> Iterator[str]:
    """The folders that a path lies in, the outermost first."""
    at = path.find("/")
    while at != -1:
        yield path[:at]
        at = path.find("/", at + 1)


def alike(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each path that differs from one before it, or from a folder of one, in case or accents alone, with that; or that
    lies in a folder that does."""
    spellings: dict[str, str] = {}
    for path in paths:
        for part in (*folders(path), path):
            first = spellings.setdefault(folded(part), part)
            if first != part:
                yield path, first
                break


def place_problems(paths: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Record files that some systems cannot hold, or take for one another: path, what is wrong, and the remedy.

    The names of records are plain already, but for those of devices; so folders are compared, each told once.
    """
    first: dict[str, str] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        first.setdefault(folder, path)
        if is_device(name):
            yield path, f"'{name}' is the name of a device on Windows", "rename the record"
    for folder, path in first.items():
        problem = unportable(folder)
        if problem:
            yield path, f"the folder {folder} {problem}", "rename the folder"
    for folder, other in alike(sorted(first)):
        yield first[folder], f"the folder {folder} differs from {other} only in case or accents", "use one of them"


def stem_of(path: str) -> str:
    """The name of the record that a file stands for."""
    return path.rsplit("/", 1)[-1].removesuffix(".yaml")
