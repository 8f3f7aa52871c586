"""What the tests run with is what a lock says, and both locks follow from pyproject.toml."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DIRECT = [Requirement(text) for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"])]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)(.*?)(?=^[A-Za-z0-9]|\Z)", re.MULTILINE | re.DOTALL)


def pins(lock: str) -> dict[str, str]:
    """Version by name, of a lock in which every pin carries a hash."""
    found = {}
    for name, pinned, rest in _PIN.findall((ROOT / "requirements" / f"{lock}.txt").read_text()):
        assert "--hash=sha256:" in rest, f"{name} has no hash"
        found[canonicalize_name(name)] = pinned
    return found


@pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)
def test_each_dependency_is_locked_within_its_bounds(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    assert requirement.specifier.contains(pins("locked")[name])
    (bound,) = (part.version for part in requirement.specifier if part.operator == ">=")
    lowest = pins("lowest")[name]
    assert requirement.specifier.contains(lowest)
    assert lowest.startswith(bound), f"requirements/lowest.txt has {lowest}, the bound is {bound}: run make lock"


def test_what_is_installed_is_what_the_lock_says() -> None:
    """`make test` says which lock it installed from; what runs without it only names its versions (the header)."""
    lock = os.environ.get("ITSM_TEST_DEPS", "newest")
    if lock == "newest":
        installed = {requirement.name: version(requirement.name) for requirement in DIRECT}
        assert all(requirement.specifier.contains(installed[requirement.name]) for requirement in DIRECT)
        return
    locked = pins(lock)
    installed = {name: version(name) for name in map(canonicalize_name, (item.name for item in DIRECT))}
    assert installed == {name: locked[name] for name in installed}, sys.version
