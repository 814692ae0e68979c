"""Charts of a report: plain SVG that any browser draws without a script, and that prints."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from core.language.formats import duration
from core.model.call import LegId
from core.model.sample import Direction, Vantage
from core.quality.lines import Line

WIDTH, HEIGHT = 900.0, 96.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 8.0, 6.0, 18.0
COLOURS = ("#0a5fb4", "#b4500a", "#0b7f8f", "#a3307c", "#6f6a00", "#5a55c8")
"""Of the legs, in their order; told apart by people with every kind of colour vision, on paper, too."""
DASHES: Mapping[tuple[Direction, Vantage], str] = {
    (Direction.OUTBOUND, Vantage.BROWSER): "",
    (Direction.OUTBOUND, Vantage.SERVER): "2 2",
    (Direction.INBOUND, Vantage.BROWSER): "7 3",
    (Direction.INBOUND, Vantage.SERVER): "7 3 2 3",
}
TICKS = 6
NICE_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True, slots=True)
class ReportPanel:
    """One chart."""

    title: str
    unit: str
    calm: tuple[float, float]
    """What the axis covers at least."""
    limit: float | None = None
    """From here on people hear it."""


def colours_of(legs: Sequence[LegId]) -> dict[LegId, str]:
    """Each leg's colour."""
    return {leg: COLOURS[number % len(COLOURS)] for number, leg in enumerate(legs)}


def chart(panel: ReportPanel, lines: Sequence[Line], colours: Mapping[LegId, str], span_s: tuple[float, float]) -> str:
    """A chart as SVG. Missing figures are holes. Pure; any thread."""
    values = [value for line in lines for value in line.values if value is not None]
    low, high = min([panel.calm[0], *values]), max([panel.calm[1], *values])
    scale = _Scale(span_s, (low, high))
    label = escape(f"{panel.title} ({panel.unit})" if panel.unit else panel.title)
    parts = [
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{label}">',
        *_axes(scale),
    ]
    if panel.limit is not None and low <= panel.limit <= high:
        y = scale.y(panel.limit)
        parts.append(f'<line x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}" class="limit"/>')
    for line in lines:
        dash = DASHES[line.direction, line.vantage]
        style = f' stroke-dasharray="{dash}"' if dash else ""
        colour = colours.get(line.leg_id, COLOURS[-1])
        parts.append(f'<path d="{_path(line, scale)}" stroke="{colour}"{style} class="line"/>')
    return "".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class _Scale:
    span_s: tuple[float, float]
    values: tuple[float, float]

    def x(self, at_s: float) -> float:
        start, end = self.span_s
        return LEFT + (WIDTH - LEFT - RIGHT) * (at_s - start) / max(1e-9, end - start)

    def y(self, value: float) -> float:
        low, high = self.values
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / max(1e-9, high - low)


def _axes(scale: _Scale) -> Iterator[str]:
    for value in scale.values:
        y = scale.y(value)
        yield f'<line x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        yield f'<text x="{LEFT - 5:g}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>'
    start, end = scale.span_s
    step = next((each for each in NICE_S if (end - start) / each <= TICKS), NICE_S[-1] * 2)
    at_s = -(-start // step) * step
    while at_s <= end:
        x = scale.x(at_s)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:g}" y2="{HEIGHT - BOTTOM:g}" class="grid"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - 5:g}" text-anchor="middle">{duration(at_s)}</text>'
        at_s += step


def _path(line: Line, scale: _Scale) -> str:
    """The line; where it is interrupted it begins anew, and a point by itself is a dot."""
    drawn: list[str] = []
    is_open = False
    for at_s, value in zip(line.at_s, line.values, strict=True):
        if value is None:
            is_open = False
            continue
        place = f"{scale.x(at_s):.1f} {scale.y(value):.1f}"
        # Of no length, and drawn as a dot, because lines have round ends.
        drawn.append(f"L{place}" if is_open else f"M{place}L{place}")
        is_open = True
    return "".join(drawn)
