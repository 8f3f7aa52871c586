"""The running program as a wheel, and the lock that a repository of records installs it by.

A wheel is a ZIP file (binary distribution format,
https://packaging.python.org/en/latest/specifications/binary-distribution-format/). The same program gives the same
bytes, from a checkout as from an installed package.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from itsm_as_code import __version__, shipped
from itsm_as_code.errors import UsageError

FOLDER: Final = ".itsm"
"""Where the lock, and the wheels that it names, lie below the top of the records."""
LOCK: Final = f"{FOLDER}/requirements.txt"
WHEEL_NAME: Final = re.compile(
    r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-/]+)(?:-\d[^-/]*)?-[^-/]+-[^-/]+-[^-/]+\.whl\Z"
)
_OLDEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first instant that a ZIP file can say."""
_HASHED: Final = re.compile(r"sha256[:=]([0-9a-f]{64})\b")


def name() -> str:
    """The file name of :func:`build`."""
    return f"itsm_as_code-{__version__}-py3-none-any.whl"


@cache
def build() -> bytes:
    """The running program as a wheel, made once in a process."""
    files = dict(_contents())
    about = f"itsm_as_code-{__version__}.dist-info"
    requires, python, licence = _about()
    head = ["Metadata-Version: 2.1", "Name: itsm-as-code", f"Version: {__version__}", f"Requires-Python: {python}"]
    files[f"{about}/METADATA"] = "".join(f"{line}\n" for line in (*head, *sorted(requires))).encode()
    files[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: itsm init\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{about}/entry_points.txt"] = b"[console_scripts]\nitsm = itsm_as_code.cli:main\n"
    files[f"{about}/licenses/LICENSE"] = licence
    files[f"{about}/RECORD"] = _record(files, f"{about}/RECORD")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _OLDEST)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _contents() -> Iterator[tuple[str, bytes]]:
    yield from _below(resources.files("itsm_as_code"), "itsm_as_code/")
    for path, content in shipped.everything().items():
        yield f"itsm_as_code/_shipped/{path}", content


def _below(place: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(place.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            if entry.name not in ("__pycache__", "_shipped"):
                yield from _below(entry, f"{prefix}{entry.name}/")
        elif not entry.name.endswith((".pyc", ".pyo")):
            yield prefix + entry.name, entry.read_bytes()


def _about() -> tuple[list[str], str, bytes]:
    """Requirements as lines of METADATA, versions of Python, and the licence: of the installed package or checkout."""
    import tomllib
    from importlib import metadata

    top = shipped.checkout()
    if top is not None:
        project = tomllib.loads((top / "pyproject.toml").read_text("utf-8"))["project"]
        needed, python, licence = project["dependencies"], project["requires-python"], (top / "LICENSE").read_bytes()
    else:
        own = metadata.distribution("itsm-as-code")
        needed = [item for item in own.requires or () if "extra ==" not in item]
        python = own.metadata["Requires-Python"]
        licence = (own.read_text("licenses/LICENSE") or "").encode()
    return [f"Requires-Dist: {item}" for item in needed], python, licence


def _record(files: Mapping[str, bytes], own: str) -> bytes:
    rows = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(content)}\n")
    return "".join([*rows, f"{own},,\n"]).encode()


def sha256(content: bytes) -> str:
    """``sha256:`` and the digest in hexadecimal."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def locked(requirement: str, others: Mapping[str, bytes]) -> bytes:
    """The lock: the tool, as pip names it with its hash, and all that it needs, each with its hashes.

    ``others`` are wheels by file name that lie beside the lock; where there are some, nothing else is ever installed.
    """
    if others:
        needed = "--no-index\n" + "".join(f"./{file} --hash={sha256(others[file])}\n" for file in sorted(others))
    else:
        needed = shipped.lock().decode()
        needed = "".join(line for line in needed.splitlines(True) if not line.startswith("#"))
    return (
        "# What the workflows install, and nothing else: pip install --no-deps --require-hashes --only-binary :all:\n"
        f"{requirement}\n{needed}"
    ).encode()


def tool_of(lock: bytes) -> str:
    """How a lock names the tool, with its hash."""
    lines = lock.decode("utf-8", "replace").splitlines()
    text = next((line for line in lines if line and not line.startswith("#")), "nothing")
    return "".join(character for character in text if character.isprintable())[:300]


def beside(file: str, content: bytes) -> str:
    """The requirement of a wheel that lies beside the lock."""
    if not WHEEL_NAME.match(file):
        raise UsageError(f"'{file}' is not the name of a wheel", remedy="name a file such as tool-1.0-py3-none-any.whl")
    return f"./{file} --hash={sha256(content)}"


def hashed(requirement: str) -> str:
    """A requirement that says its own hash, in one line for a lock; UsageError where it does not."""
    found = _HASHED.search(requirement)
    text = " ".join(requirement.split())
    if found is None or not text.isprintable() or text.startswith("-"):
        raise UsageError(
            f"--tool '{requirement}' does not say what is installed: a name is whoever's it is at the index that day",
            remedy="add its hash, such as 'NAME==1.0 --hash=sha256:...' or 'https://.../NAME-1.0.whl#sha256=...', "
            "or name the file of a wheel",
        )
    return text
