"""What an earlier run of the same program worked out of expressions, by their texts: plain data of an index.

Reading an expression, telling how much work it may be and what is wrong with it takes longer than asking it of a few
records. All of it follows from the text and the schemas alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from itsm_as_code.policies.cel import cost, diagnosis, expressions
from itsm_as_code.policies.cel.expressions import Node, parse
from itsm_as_code.policies.cel.tokens import SyntaxProblem
from itsm_as_code.records.kinds import KindRegistry


def worked_out(texts: Iterable[str], registry: KindRegistry) -> dict[str, Any]:
    """What is known of some expressions, and which of those that were asked of the registry are sound."""
    trees = {}
    for text in texts:
        try:
            trees[text] = _row(parse(text))
        except (SyntaxProblem, ValueError):
            continue
    sizes = {text: cost.small_up_to(text) for text in trees}
    known = diagnosis.KNOWN.get(registry, {})
    return {"sound": sorted(key for key, found in known.items() if not found), "trees": trees, "sizes": sizes}


def take_over(known: Mapping[str, Any], registry: KindRegistry) -> None:
    """Know that from now on, in place of what was taken over before."""
    expressions.READY.clear()
    cost.READY.clear()
    expressions.READY.update(known["trees"])
    cost.READY.update(known["sizes"])
    found = diagnosis.KNOWN.setdefault(registry, {})
    found.update((key, ()) for key in known["sound"] if key not in found)


def _row(node: Node) -> list[Any]:
    """As plain data; ValueError for a value that JSON does not carry as it is."""
    if not isinstance(node.value, str | None) and not (isinstance(node.value, int) and abs(node.value) < 1 << 53):
        raise ValueError(node.value)
    below = [_row(child) for child in node.children]
    return [node.kind, node.start, node.end, below, node.name, list(node.at), node.value]
