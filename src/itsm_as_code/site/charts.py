"""Charts as inline SVG, drawn when the site is built: bars over time with their numbers, and what has no data."""

from __future__ import annotations

from itsm_as_code.site.escaping import escape
from itsm_as_code.site.views.values import Bar, Chart

_HEIGHT, _TOP, _BOTTOM = 120, 24, 26
_STEP, _BAR = 78, 46


def svg(chart: Chart) -> str:
    """The chart. Its title and summary name it for those who do not see it; the page has the numbers in a table."""
    width = len(chart.bars) * _STEP
    height = _TOP + _HEIGHT + _BOTTOM
    most = max((bar.value for bar in chart.bars if bar.value is not None), default=0)
    title = escape(chart.title)
    opening = (
        f'<div class="scroll" role="region" aria-label="{title}: chart" tabindex="0">'
        f'<svg class="graph" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{title}. {escape(chart.summary)}"><title>{title}</title><desc>{escape(chart.summary)}</desc>'
    )
    parts = [opening]
    parts += [_bar(bar, index * _STEP + _STEP / 2, most) for index, bar in enumerate(chart.bars)]
    base = _TOP + _HEIGHT
    parts.append(f'<path class="g-edge" d="M0 {base}H{width}"/></svg></div>')
    return "".join(parts)


def _bar(bar: Bar, middle: float, most: int) -> str:
    base = _TOP + _HEIGHT
    label = f'<text class="g-detail" x="{middle:g}" y="{base + 18}" text-anchor="middle">{escape(bar.label)}</text>'
    if bar.value is None:
        return f'<text class="g-none" x="{middle:g}" y="{base - 6}" text-anchor="middle">no data</text>{label}'
    tall = round(_HEIGHT * bar.value / most, 1) if most else 0
    number = f'<text class="g-label" x="{middle:g}" y="{base - tall - 6:g}" text-anchor="middle">{bar.value:,}</text>'
    if not tall:
        return f"{number}{label}"
    x, y = middle - _BAR / 2, base - tall
    return f'<rect class="g-bar" x="{x:g}" y="{y:g}" width="{_BAR}" height="{tall:g}"/>{number}{label}'
