"""Charts as inline SVG, drawn when the site is built: bars over time with their numbers, and what has no data."""

from __future__ import annotations

from itsm_as_code.site.escaping import escape
from itsm_as_code.site.views.values import Bar, BurnDown, Chart, Key, Meter, Strip

_HEIGHT, _TOP, _BOTTOM = 120, 24, 26
_STEP, _BAR = 70, 42


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


_DAY, _TALL = 8, 28
_MARKS = {"down": (0, 28), "part": (4, 21), "note": (1, 5)}
"""Top and height of a day's mark: longer is worse."""


def strip(value: Strip) -> str:
    """Days in a row: a short tick each, a longer one over those on which something was."""
    width = value.days * _DAY
    marks = []
    for day in value.marks:
        top, tall = _MARKS[day.mark]
        marks.append(
            f"<g><title>{escape(day.said)}</title>"
            f'<rect class="d-{day.mark}" x="{day.number * _DAY}" y="{top}" width="6" height="{tall}"/></g>'
        )
    label = escape(value.summary)
    quiet = "" if value.marks else " quiet"
    return (
        f'<svg class="strip{quiet}" viewBox="0 0 {width} {_TALL}" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}"><path class="d-fine" d="M0 14H{width}"/>{"".join(marks)}</svg>'
    )


def key(value: Key) -> str:
    """What the marks of strips mean."""
    words = {
        "fine": "no outage recorded",
        "note": "incident without an outage",
        "part": "degraded",
        "down": "no service",
    }
    said = []
    for mark, word in words.items():
        top, tall = _MARKS.get(mark, (11, 7))
        tick = f'<rect class="d-{mark}" x="1" y="{top}" width="6" height="{tall}"/>'
        said.append(f'<li><svg viewBox="0 0 8 {_TALL}" aria-hidden="true">{tick}</svg> {word}</li>')
    return f'<ul class="key">{"".join(said)}<li>{escape(value.note)}</li></ul>'


def meter(value: Meter) -> str:
    """What is used of what is allowed; where it is more than that, the excess in red."""
    within = 100 / value.used if value.used > 1 else 100 * value.used
    tone = "m-near" if value.near <= value.used <= 1 else "m-used"
    excess = f'<rect class="m-over" x="{within:.1f}" width="{100 - within:.1f}" height="6"/>' if value.used > 1 else ""
    return (
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="m-rest" width="100" height="6"/><rect class="{tone}" width="{within:.1f}" height="6"/>{excess}'
        "</svg>"
    )


_WIDE, _HIGH, _MARGIN = 640, 120, 22


def burn_down(value: BurnDown) -> str:
    """What is left as a falling line, over a line where nothing is; beneath that it is overspent."""
    lowest = min(0.0, *(left for _, left in value.points))
    scale = _HIGH / (1 - lowest)
    zero = _MARGIN + scale

    def place(point: tuple[float, float]) -> str:
        return f"{point[0] * _WIDE:.1f} {_MARGIN + (1 - point[1]) * scale:.1f}"

    line = "L".join([place(point) for point in value.points])
    over = ' class="b-line b-over"' if value.points[-1][1] < 0 else ' class="b-line"'
    words = f"{escape(value.title)}. {escape(value.summary)}"
    bottom = _MARGIN + _HIGH + 18
    return (
        f'<svg class="graph burn" viewBox="0 0 {_WIDE} {bottom + 6}" role="img" aria-label="{words}">'
        f'<text class="g-head" x="0" y="14">{escape(value.title)}: {escape(value.summary)}</text>'
        f'<path class="g-edge g-soft" d="M0 {_MARGIN}H{_WIDE}"/><path class="g-edge" d="M0 {zero:.1f}H{_WIDE}"/>'
        f'<path{over} d="M{line}"/>'
        f'<text class="g-detail" x="0" y="{bottom}">{escape(value.first)}</text>'
        f'<text class="g-detail" x="{_WIDE}" y="{bottom}" text-anchor="end">{escape(value.last)}</text></svg>'
    )
