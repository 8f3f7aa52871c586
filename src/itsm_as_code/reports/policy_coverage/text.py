"""For people: what is not covered, then the share; long lists are cut unless all is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from itsm_as_code.measures.numbers import percent_floor
from itsm_as_code.policies.coverage import Coverage
from itsm_as_code.reports import escape

_MOST: Final = 4


def render(found: Coverage, colour: bool = False, verbose: bool = False) -> str:
    return "\n".join([*_parts(found, None if verbose else _MOST), ""])


def _parts(found: Coverage, most: int | None) -> Iterator[str]:
    if found.uncovered:
        yield "Records that no policy judges"
        for kind, names in found.uncovered.items():
            yield f"  {kind}: {len(names)} of {found.totals[kind]}: {_listed(names, most)}"
    yield from _list("Policies that judge no record here", found.idle)
    yield from _list(
        "Controls without a policy",
        [
            f"{name} ({', '.join(evidence) if evidence else 'no evidence at all'})"
            for name, evidence in found.controls_without_policy.items()
        ],
    )
    yield from _list("Policies without a control", found.policies_without_control)
    yield from _list(
        "Controls that are not there",
        [f"policy {item.policy} names '{item.control}'{_meant(item.nearest)}" for item in found.unknown_controls],
    )
    yield from _list(
        "Policies that are not there",
        [f"control {item.control} names '{item.policy}'{_meant(item.nearest)}" for item in found.unknown_policies],
    )
    share = f" ({percent_floor(found.share, 1)} %)" if found.share is not None else ""
    policies = "policy" if len(found.matched) == 1 else "policies"
    yield f"{found.covered} of {found.total} records are judged by a policy{share}, {len(found.matched)} {policies}"


def _list(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield title
        yield from (f"  {escape.terminal(item)}" for item in items)


def _listed(names: Sequence[str], most: int | None) -> str:
    more = f" and {len(names) - most} more" if most is not None and len(names) > most else ""
    return ", ".join(names[:most]) + more


def _meant(name: str | None) -> str:
    return f", did you mean '{name}'?" if name else ""
