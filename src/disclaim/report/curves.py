"""Line charts of training: one panel a quantity, one line an arm, labelled at the line's end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from disclaim.report.names import Family
from disclaim.report.svg import Picture, hover, line, mark, nice_ticks, picture, polyline, text_width, words

#: Points drawn per line; a longer one is thinned after smoothing.
MAX_POINTS = 240
#: A line is smoothed over this share of its points (a centred running mean), so that arms can be told apart.
SMOOTHING = 1 / 10
#: More lines than this are named in a legend and not at their ends.
MAX_END_LABELS = 8
_DASHES = 4
_LABEL_PITCH = 14.0


@dataclass(frozen=True, slots=True)
class Series:
    """One line: points (step, value). Lines of one label share their look; ``dash`` tells one family's apart."""

    label: str
    family: Family
    dash: int
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines under a heading. ``y_range`` None fits the axis to the lines."""

    title: str
    series: tuple[Series, ...]
    y_range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Plot:
    """The inner rectangle of a chart and the ranges it shows."""

    left: float
    top: float
    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def at(self, point: tuple[float, float]) -> tuple[float, float]:
        x0, x1 = self.x_range
        y0, y1 = self.y_range
        return (
            self.left + (point[0] - x0) / ((x1 - x0) or 1) * self.width,
            self.top + self.height - (point[1] - y0) / ((y1 - y0) or 1) * self.height,
        )


def draw_charts(charts: Sequence[Chart], label: str, width: float, columns: int) -> Picture:
    """The charts in rows of ``columns``; lines are named at their ends, or below where there are too many."""
    by_label = {series.label: series for chart in charts for series in chart.series}
    crowded = len(by_label) > MAX_END_LABELS
    margin = 10 if crowded else 16 + max((text_width(name, 12) for name in by_label), default=0)
    slot, height = width / columns, 170.0
    body: list[str] = []
    for i, chart in enumerate(charts):
        left, top = (i % columns) * slot, (i // columns) * (height + 78)
        body += _draw(chart, (left + 38, top + 34, slot - 38 - margin - 14, height), not crowded)
    bottom = -(-len(charts) // columns) * (height + 78)
    legend, bottom = _legend(list(by_label.values()), width, bottom) if crowded else ([], bottom)
    return picture(width, bottom, label, [*body, *legend])


def _legend(lines: Sequence[Series], width: float, top: float) -> tuple[list[str], float]:
    """A sample of each line with its name, in columns, and where it ends."""
    slot = 60 + max(text_width(series.label, 12) for series in lines)
    columns = max(1, int(width // slot))
    body = []
    for i, series in enumerate(lines):
        x, y = (i % columns) * slot, top + 8 + (i // columns) * 22
        sample = polyline([(x, y), (x + 34, y)], f"curve {series.family} dash-{series.dash % _DASHES}")
        body += [sample, mark(series.family, x + 34, y), words(x + 46, y + 4, series.label, "legend")]
    return body, top + 22 * -(-len(lines) // columns) + 8


def _draw(chart: Chart, box: tuple[float, float, float, float], labelled: bool) -> list[str]:
    points = [point for series in chart.series for point in series.points]
    steps = [x for x, _ in points]
    low, high = chart.y_range or (min(y for _, y in points), max(y for _, y in points))
    x_ticks, y_ticks = nice_ticks(0, max(steps), 3), nice_ticks(low, high, 5)
    plot = _Plot(*box, (min(0, *steps, 0), max(*steps, x_ticks[-2])), (y_ticks[0], y_ticks[-1]))
    return [
        words(plot.left - 38, plot.top - 14, chart.title, "panel-title"),
        *_axes(plot, x_ticks, y_ticks),
        *_lines(chart, plot),
        *(_end_labels(chart, plot) if labelled else ()),
    ]


def _axes(plot: _Plot, x_ticks: list[float], y_ticks: list[float]) -> list[str]:
    right, bottom = plot.left + plot.width, plot.top + plot.height
    body = []
    for value in y_ticks:
        y = plot.at((0, value))[1]
        body += [line(plot.left, y, right, y, "grid"), words(plot.left - 7, y + 4, f"{value:g}", "tick", "end")]
    for value in x_ticks:
        x = plot.at((value, 0))[0]
        if x <= right + 0.5:
            body.append(words(x, bottom + 18, f"{value:g}", "tick", "middle"))
    return [*body, words(plot.left + plot.width / 2, bottom + 34, "step", "tick", "middle")]


def _lines(chart: Chart, plot: _Plot) -> list[str]:
    body: list[str] = []
    for series in chart.series:
        placed = [plot.at(point) for point in thin(smooth(series.points))]
        cls = f"curve {series.family} dash-{series.dash % _DASHES}"
        step, value = series.points[-1]
        note = f"{series.label}: {value:.2f} at step {step:g}"
        body.append(hover(note, polyline(placed, cls), mark(series.family, *placed[-1])))
    return body


def _end_labels(chart: Chart, plot: _Plot) -> list[str]:
    """Each label once, near the end of its first line."""
    ends: dict[str, tuple[float, Series]] = {}
    for series in chart.series:
        ends.setdefault(series.label, (plot.at(smooth(series.points)[-1])[1], series))
    spread = spread_labels([y for y, _ in ends.values()], plot.top, plot.top + plot.height)
    x = plot.left + plot.width + 12
    return [
        words(x, y + 4, series.label, f"end-label {series.family}")
        for y, (_, series) in zip(spread, ends.values(), strict=True)
    ]


def smooth(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A centred running mean over SMOOTHING of the points; short lines stay as they are."""
    reach = int(len(points) * SMOOTHING / 2)
    if reach == 0:
        return list(points)
    values = [y for _, y in points]
    windows = (values[max(0, i - reach) : i + reach + 1] for i in range(len(values)))
    return [(x, sum(window) / len(window)) for (x, _), window in zip(points, windows, strict=True)]


def thin(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Every k-th point and the last, at most about MAX_POINTS."""
    stride = -(-len(points) // MAX_POINTS)
    return [point for i, point in enumerate(points) if i % stride == 0 or i == len(points) - 1]


def spread_labels(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Heights near the wanted ones, in their order, a line apart, inside ``top``..``bottom`` where they fit."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [0.0] * len(wanted)
    floor = top
    for i in order:
        placed[i] = max(wanted[i], floor)
        floor = placed[i] + _LABEL_PITCH
    ceiling = bottom
    for i in reversed(order):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - _LABEL_PITCH
    return placed
