"""What the package brings along: the schemas of the kinds and the default policy packs.

In an installed package they lie inside it; in a checkout they are the repository's own folders.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from itsm_as_code.errors import ConfigurationError


def folder(name: str) -> Traversable:
    """The shipped folder ``schemas`` or ``policies``."""
    packaged = resources.files("itsm_as_code").joinpath("_shipped", name)
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).resolve().parents[2] / name
    if checkout.is_dir():
        return checkout
    raise ConfigurationError(f"the installed package lacks its {name}", remedy="install itsm-as-code again")


def files(name: str, suffix: str) -> dict[str, bytes]:
    """Contents by relative path of all files of a shipped folder that end in ``suffix``."""
    found: dict[str, bytes] = {}
    _collect(folder(name), "", suffix, found)
    return found


def _collect(place: Traversable, prefix: str, suffix: str, found: dict[str, bytes]) -> None:
    for entry in sorted(place.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            _collect(entry, f"{prefix}{entry.name}/", suffix, found)
        elif entry.name.endswith(suffix):
            found[prefix + entry.name] = entry.read_bytes()
