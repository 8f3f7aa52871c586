"""The neighbourhood of a service as inline SVG: what it depends on, the service, what depends on it.

Never a hairball and never an edge dropped in silence: at most :data:`LIMIT` nodes are drawn, the rest is counted in
a node that leads to the table with all of them.
"""

from __future__ import annotations

from itsm_as_code.site.escaping import escape
from itsm_as_code.site.views.values import Node, Picture

LIMIT = 60
_WIDTH, _HEIGHT, _GAP = 244, 46, 12
_COLUMN = 372
_TOP = 34
_TRUNK, _INDENT = 12, 32
_NARROW = _INDENT + _WIDTH + 2
_CHARACTERS = 25


def svg(picture: Picture, root: str) -> str:
    """The picture; its nodes are links and its words are text, so that it needs no description of its own."""
    left, left_more = _fit(picture.upstream, picture.downstream)
    right, right_more = _fit(picture.downstream, picture.upstream)
    rows = max(len(left) + bool(left_more), len(right) + bool(right_more), 1)
    height = _TOP + rows * (_HEIGHT + _GAP) + 4
    width = 2 * _COLUMN + _WIDTH + 4
    centre_y = _TOP + (rows * (_HEIGHT + _GAP) - _GAP) / 2
    opening = (
        f'<div class="scroll wide-picture" role="region" aria-label="{escape(picture.title)}: picture" tabindex="0">'
        f'<svg class="graph" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group" '
        f'aria-label="{escape(picture.title)}">'
    )
    parts = [opening]
    for index, heading in enumerate(("Depends on", "This service", "Needed by")):
        parts.append(f'<text class="g-head" x="{2 + index * _COLUMN}" y="16">{heading}</text>')
    edges: list[str] = []
    nodes: list[str] = []
    for column, (drawn, more) in ((0, (left, left_more)), (2, (right, right_more))):
        count = len(drawn) + bool(more)
        y = _TOP + (rows - count) * (_HEIGHT + _GAP) / 2
        for node in drawn:
            edges.append(_edge(column, y, centre_y, node.hard))
            nodes.append(_node(node, 2 + column * _COLUMN, y, root))
            y += _HEIGHT + _GAP
        if more:
            rest = Node(f"and {more:,} more", "in the table below", picture.more, hard=False)
            edges.append(_edge(column, y, centre_y, False))
            nodes.append(_node(rest, 2 + column * _COLUMN, y, root))
    nodes.append(_node(picture.centre, 2 + _COLUMN, centre_y - _HEIGHT / 2, root, centre=True))
    for column, drawn in ((0, left), (2, right)):
        if not drawn:
            x = 2 + column * _COLUMN
            parts.append(f'<text class="g-none" x="{x}" y="{centre_y + 5:g}">nothing recorded</text>')
    return "".join(
        (*parts, *edges, *nodes, "</svg></div>", _tall(picture, (left, left_more), (right, right_more), root))
    )


def _tall(
    picture: Picture, upstream: tuple[tuple[Node, ...], int], downstream: tuple[tuple[Node, ...], int], root: str
) -> str:
    """The same picture for narrow screens: one below the other, what it depends on above it."""
    parts: list[str] = []
    y = 0.0
    centre = picture.centre
    rest = [
        Node(f"and {more:,} more", "in the table below", picture.more, hard=False) for _, more in (upstream, downstream)
    ]
    groups = (
        ("Depends on", [*upstream[0], *rest[:1][: bool(upstream[1])]]),
        ("This service", [centre]),
        ("Needed by", [*downstream[0], *rest[1:][: bool(downstream[1])]]),
    )
    for heading, nodes in groups:
        parts.append(f'<text class="g-head" x="{_INDENT}" y="{y + 16:g}">{heading}</text>')
        y += 26
        if not nodes:
            parts.append(f'<text class="g-none" x="{_INDENT}" y="{y + 16:g}">nothing recorded</text>')
            y += 26
        for node in nodes:
            is_centre = node is centre
            if not is_centre:
                style = "g-edge" if node.hard else "g-edge g-soft"
                parts.append(f'<path class="{style}" d="M{_TRUNK} {y + _HEIGHT / 2:g}H{_INDENT}"/>')
            parts.append(_node(node, 2 if is_centre else _INDENT, y, root, centre=is_centre))
            y += _HEIGHT + _GAP
        y += _GAP
    return (
        f'<svg class="graph tall-picture" viewBox="0 0 {_NARROW} {y:g}" width="{_NARROW}" height="{y:g}" role="group" '
        f'aria-label="{escape(picture.title)}"><path class="g-trunk" d="M{_TRUNK} 26V{y - _HEIGHT / 2 - 2 * _GAP:g}"/>'
        f"{''.join(parts)}</svg>"
    )


def _fit(own: tuple[Node, ...], other: tuple[Node, ...]) -> tuple[tuple[Node, ...], int]:
    """The nodes of one side that are drawn, and how many are not: each side has half, or what the other leaves."""
    room = max(LIMIT // 2, LIMIT - len(other)) - 1
    return (own, 0) if len(own) <= room else (own[: room - 1], len(own) - room + 1)


def _edge(column: int, y: float, centre_y: float, hard: bool) -> str:
    start_y = y + _HEIGHT / 2
    x1, x2 = (2 + _WIDTH, 2 + _COLUMN) if column == 0 else (2 + 2 * _COLUMN, 2 + _COLUMN + _WIDTH)
    middle = (x1 + x2) / 2
    style = "g-edge" if hard else "g-edge g-soft"
    curve = f"M{x1} {start_y:g}C{middle:g} {start_y:g} {middle:g} {centre_y:g} {x2} {centre_y:g}"
    return f'<path class="{style}" d="{curve}"/>'


def _node(node: Node, x: float, y: float, root: str, centre: bool = False) -> str:
    style = "g-node g-centre" if centre else "g-node" if node.hard else "g-node g-weak"
    body = (
        f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="5"/>'
        f'<text class="g-label" x="{x + 12:g}" y="{y + 20:g}">{escape(_cut(node.label))}</text>'
        f'<text class="g-detail" x="{x + 12:g}" y="{y + 36:g}">{escape(_cut(node.detail, _CHARACTERS + 6))}</text>'
    )
    if not node.href:
        return f"<g>{body}</g>"
    return f'<a href="{escape(root + node.href)}"><title>{escape(node.label)}</title>{body}</a>'


def _cut(label: str, characters: int = _CHARACTERS) -> str:
    return label if len(label) <= characters else label[: characters - 1].rstrip() + "…"
