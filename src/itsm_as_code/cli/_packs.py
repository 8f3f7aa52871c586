"""Policy packs of a new repository: named in its itsm.yaml, or copied into it."""

from __future__ import annotations

import re
from typing import Any, Final

DEFAULT: Final = ("change-enablement", "operations", "organisation", "service-design")
"""What makes sense in any organisation; the other packs are for a standard, a law or measured services."""

_NEED_PEOPLE: Final = ("board-has-quorum", "service-owner-is-staffed")


def choose(text: str) -> tuple[str, ...]:
    """The packs that a list such as ``soc2,operations`` names, with those that they build on; UsageError for others."""
    from itsm_as_code import shipped
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    known = shipped.packs()
    todo = [name.strip() for name in text.split(",") if name.strip()]
    if not todo:
        raise UsageError(
            "--packs names no policy pack, and without any policy the gate approves nothing",
            remedy=f"choose from: {', '.join(known)}",
        )
    chosen: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in known:
            remedy = did_you_mean(name, known) or f"choose from: {', '.join(known)}"
            raise UsageError(f"there is no policy pack '{name}'", remedy=remedy)
        if name not in chosen:
            chosen.add(name)
            todo += manifest(name).get("requires", [])
    return tuple(sorted(chosen))


def manifest(name: str) -> dict[str, Any]:
    """The ``spec`` of a shipped pack."""
    from itsm_as_code import shipped
    from itsm_as_code.records.document import parse

    spec: dict[str, Any] = parse(shipped.pack(name)[f"policies/packs/{name}.yaml"])["spec"]
    return spec


def too_early(packs: tuple[str, ...]) -> list[str]:
    """The policies of packs that no organisation of one or two people can fulfil."""
    there = {policy for name in packs for policy in manifest(name)["policies"]}
    return [name for name in _NEED_PEOPLE if name in there]


def settings(packs: tuple[str, ...], excluded: list[str]) -> str:
    """``spec.policies`` of itsm.yaml as YAML."""
    lines = ["  policies:", "    # What each policy asks: itsm policy list, itsm explain NAME.", "    packs:"]
    for name in packs:
        major = manifest(name)["version"].split(".")[0]
        lines.append(f'      - {{name: {name}, version: "{major}"}}')
    if excluded:
        lines.append("    exclude:")
    lines += [f"      - {{policy: {name}, reason: We are fewer than three people so far.}}" for name in excluded]
    return "\n".join([*lines, ""])


def copies(packs: tuple[str, ...]) -> dict[str, bytes]:
    """The files of packs by their place in the repository, each policy linked to the controls that come along."""
    from itsm_as_code import shipped

    found: dict[str, bytes] = {}
    controls = {control for name in packs for control in manifest(name).get("controls", ())}
    for name in packs:
        found |= {path: _linked(content, controls) for path, content in shipped.pack(name).items()}
    return found | {f"policies/controls/{control}.yaml": shipped.control(control) for control in sorted(controls)}


def _linked(policy: bytes, controls: set[str]) -> bytes:
    """A policy without the controls of frameworks that were not chosen."""

    def kept(line: re.Match[bytes]) -> bytes:
        names = [name for name in line[1].decode().split(", ") if name in controls]
        return f"  controls: [{', '.join(names)}]\n".encode() if names else b""

    return re.sub(rb"^  controls: \[([^\]]*)\]\n", kept, policy, flags=re.MULTILINE)
