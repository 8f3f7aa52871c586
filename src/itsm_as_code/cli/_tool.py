"""What a new repository installs the program from: a requirement with its hash, or a wheel that lies in it."""

from __future__ import annotations

import textwrap
from pathlib import Path


def files(forge: str, given: str | None, wheels: Path | None) -> tuple[dict[str, bytes], str]:
    """What is to be written, by its place below the top of the records, and what to say of it, with its digest.

    Without a forge there are no workflows, and nothing to install.
    """
    from itsm_as_code.wheel import FOLDER

    if forge == "local":
        return {}, ""
    found, told = choose(given, wheels)
    return {f"{FOLDER}/{name}": content for name, content in found.items()}, f"the workflows install {told}"


def choose(given: str | None, wheels: Path | None) -> tuple[dict[str, bytes], str]:
    """The lock and the wheels beside it, and what they are: by default of the running program, called local.

    UsageError for a tool that nothing fixes.
    ``wheels`` is a folder with wheels of all that it needs: they are kept beside the lock, and no index is ever asked.
    """
    from itsm_as_code import wheel

    others = _wheels(wheels) if wheels is not None else {}
    if given is None:
        file, content = wheel.name(), wheel.build()
        told = f"local wheel {file}, made from the running program"
    elif given.partition("#")[0].endswith(".whl") and "://" not in given and "@" not in given:
        file, content, told = _wheel_file(given)
    else:
        requirement = wheel.hashed(given)
        return {"requirements.txt": wheel.locked(requirement, others)} | others, requirement
    others.pop(file, None)
    lock = wheel.locked(wheel.beside(file, content), others)
    return {"requirements.txt": lock, file: content} | others, f"{told}, {wheel.sha256(content)}"


def _wheel_file(given: str) -> tuple[str, bytes, str]:
    """A wheel by its path; where its published digest is given (``#sha256=``), it has to be that."""
    from itsm_as_code import wheel
    from itsm_as_code.errors import UsageError

    path, hash_sign, published = given.partition("#")
    content = _read(Path(path))
    own = wheel.sha256(content)
    if hash_sign and published.replace("=", ":") != own:
        raise UsageError(f"{path} has {own}, and #{published} was published", remedy="fetch the wheel again")
    return Path(path).name, content, f"{'' if hash_sign else 'local '}wheel {Path(path).name}"


def _wheels(folder: Path) -> dict[str, bytes]:
    from itsm_as_code.errors import UsageError

    found = {path.name: _read(path) for path in sorted(folder.glob("*.whl"))}
    if not found:
        raise UsageError(f"{folder} holds no wheels", remedy="fill it: pip download --only-binary :all: -d DIR ...")
    return found


def _read(path: Path) -> bytes:
    from itsm_as_code.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", remedy="name the file of a wheel") from None


def install(indent: str, rev: str = "HEAD", git: str = "", pip: str = "", prefix: str = "") -> str:
    """The lines of a script that install what ``rev`` fixes; ``git`` and ``pip`` are more options of theirs.

    ``prefix`` is the way to the records from where it runs, with a ``/`` at its end.
    """
    from itsm_as_code import shipped
    from itsm_as_code.wheel import FOLDER

    text = shipped.starter("install.sh")
    for key, value in {"rev": rev, "git": git, "pip": pip, "folder": prefix + FOLDER}.items():
        text = text.replace("{{ " + key + " }}", value)
    return textwrap.indent(text, indent).removeprefix(indent).rstrip("\n")
