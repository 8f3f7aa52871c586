"""Writes a site in one step: into a fresh folder beside the old one, which is swapped in when it is whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from itsm_as_code.errors import ItsmError

MARKER = ".itsm-site"
_MARK = b"Written by `itsm build`, which replaces this folder as a whole.\n"


def write(pages: Mapping[str, bytes], out: Path) -> None:
    """Make ``out`` hold exactly ``pages``.

    A build that is killed leaves the old site as it was. ItsmError when ``out`` holds anything but a site.
    """
    out = out.absolute()
    _refuse_others(out)
    for path in pages:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
            raise ItsmError(f"'{path}' is not a path within the site", code="site")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise _cannot(out, error) from None
    try:
        fresh.chmod(0o755)
        _fill(fresh, {**pages, MARKER: _MARK})
        _swap(fresh, out)
    except OSError as error:
        raise _cannot(out, error) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refuse_others(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ItsmError(f"{out} is not a folder", remedy="name a folder for the site", code="site")
    if out.is_dir() and not (out / MARKER).is_file() and any(out.iterdir()):
        raise ItsmError(
            f"{out} holds files that are not a site built by itsm",
            remedy="name an empty or a new folder, or remove that one",
            code="site",
        )


def _fill(folder: Path, pages: Mapping[str, bytes]) -> None:
    made: set[Path] = set()
    for path, content in pages.items():
        file = folder / path
        if file.parent not in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            made.add(file.parent)
        file.write_bytes(content)


def _swap(fresh: Path, out: Path) -> None:
    """Put ``fresh`` in the place of ``out``; the old site comes back when that fails."""
    if not out.exists():
        fresh.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent)) / out.name
    out.rename(old)
    try:
        fresh.rename(out)
    except OSError:
        old.rename(out)
        old.parent.rmdir()
        raise
    shutil.rmtree(old.parent, ignore_errors=True)


def _cannot(out: Path, error: OSError) -> ItsmError:
    return ItsmError(
        f"cannot write the site to {out}: {error.strerror or error}", remedy="check the folder", code="site"
    )
