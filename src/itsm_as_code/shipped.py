"""What the package brings along: the schemas of the kinds, policy packs, workflows, and what it is installed by.

In an installed package they lie inside it; in a checkout they are the repository's own folders.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from itsm_as_code.errors import ConfigurationError

_IN_CHECKOUT: Final = {
    "schemas": "schemas",
    "policies": "policies",
    "workflows": ".github/workflows",
    "requirements": "requirements",
}
WORKFLOWS: Final = ("authorise.yml", "evidence.yml", "gate.yml", "publish.yml")


def checkout() -> Path | None:
    """The top of the checkout that the program runs from; None for an installed package."""
    if resources.files("itsm_as_code").joinpath("_shipped").is_dir():
        return None
    top = Path(__file__).resolve().parents[2]
    return top if (top / "pyproject.toml").is_file() else None


def folder(name: str) -> Traversable:
    """The shipped folder ``schemas``, ``policies``, ``workflows`` or ``requirements``."""
    top = checkout()
    found = resources.files("itsm_as_code").joinpath("_shipped", name) if top is None else top / _IN_CHECKOUT[name]
    if not found.is_dir():
        raise ConfigurationError(f"the installed package lacks its {name}", remedy="install itsm-as-code again")
    return found


def files(name: str, suffix: str) -> dict[str, bytes]:
    """Contents by relative path of all files of a shipped folder that end in ``suffix``."""
    found: dict[str, bytes] = {}
    _collect(folder(name), "", suffix, found)
    return found


def lock() -> bytes:
    """What the program needs, each with its hashes at the public index, in the form of pip's requirements."""
    return folder("requirements").joinpath("run.txt").read_bytes()


def everything() -> dict[str, bytes]:
    """All that a package brings along, by its place there."""
    found = {f"schemas/{path}": content for path, content in files("schemas", ".json").items()}
    for name in packs():
        found |= pack(name)
    found |= {f"workflows/{name}": files("workflows", name)[name] for name in WORKFLOWS}
    return found | {"requirements/run.txt": lock()}


def packs() -> tuple[str, ...]:
    """The names of the shipped policy packs: a pack is a manifest in ``policies/packs/``."""
    names = (entry.name for entry in folder("policies").joinpath("packs").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def pack(name: str) -> dict[str, bytes]:
    """The files of a shipped pack by their place in a repository: its manifest, its policies."""
    policies = folder("policies")
    found = {f"policies/packs/{name}.yaml": policies.joinpath("packs", f"{name}.yaml").read_bytes()}
    _collect(policies.joinpath(name), f"policies/{name}/", ".yaml", found)
    return found


def control(name: str) -> bytes:
    """A control of a shipped pack, as any organisation may take it over."""
    return starter(f"controls/{name}.yaml").encode()


def starter(name: str) -> str:
    """A template of ``itsm init``."""
    return resources.files("itsm_as_code").joinpath("starter", *name.split("/")).read_text("utf-8")


def _collect(place: Traversable, prefix: str, suffix: str, found: dict[str, bytes]) -> None:
    for entry in sorted(place.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            _collect(entry, f"{prefix}{entry.name}/", suffix, found)
        elif entry.name.endswith(suffix):
            found[prefix + entry.name] = entry.read_bytes()
