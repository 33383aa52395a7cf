"""Estimates with their intervals, one row a condition, drawn twice: for a wide page and for a narrow one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from disclaim.records import Estimate
from disclaim.report.names import FAMILY_NAMES, Family
from disclaim.report.svg import Picture, diamond, hover, line, mark, picture, rect, shorten, tag, text_width, words

WIDE, NARROW = 960.0, 360.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a panel. ``seeds`` are the seeds' own values, ``paper`` the paper's value (both on the axis' scale);
    ``note`` says in words what is drawn."""

    label: str
    family: Family
    estimate: Estimate | None
    seeds: tuple[float, ...]
    paper: float | None
    note: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Entries under a heading."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``low`` to ``high``; ``ticks`` are (value, label). ``percent`` sets how values are written."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    percent: bool = True
    landmarks: tuple[float, ...] = ()

    def place(self, value: float) -> float:
        """Where the value lies between the ends, in 0..1; what lies outside is put on the end."""
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)

    def write(self, estimate: Estimate | None, with_interval: bool) -> str:
        """The estimate in figures, or that there is none."""
        if estimate is None:
            return "no estimate"
        if estimate.value is None:
            return "not rated" if self.percent else "not given"
        if not self.percent:
            interval = f" [{estimate.low:.2f}, {estimate.high:.2f}]" if _has_interval(estimate) else ""
            return f"{estimate.value:.2f}" + (interval if with_interval else "")
        interval = (
            f" [{100 * (estimate.low or 0):.0f}, {100 * (estimate.high or 0):.0f}]" if _has_interval(estimate) else ""
        )
        return f"{100 * estimate.value:.0f}%" + (interval if with_interval else "")


PERCENT_AXIS = Axis(0, 1, ((0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1, "100%")))


def _has_interval(estimate: Estimate) -> bool:
    return estimate.low is not None and estimate.high is not None


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a panel's track lies. Labels stand left of it, above each row, or (shared with the first panel) nowhere."""

    left: float
    top: float
    width: float
    pitch: float
    labels: str
    with_interval: bool


def forest_wide(panels: Sequence[Panel], axis: Axis, label: str, paper_legend: str = "") -> Picture:
    """Panels side by side, up to four in a row, sharing the row labels at the left."""
    columns = -(-len(panels) // -(-len(panels) // 4))
    gutter = max(92.0, 14 + max(text_width(entry.label) for panel in panels for entry in panel.entries))
    slot = (WIDE - gutter) / columns
    value_width = 110.0 if columns == 1 else 66.0
    body: list[str] = []
    top = 0.0
    for first in range(0, len(panels), columns):
        row = panels[first : first + columns]
        for i, panel in enumerate(row):
            panel = replace(panel, title=shorten(panel.title, slot - 12))
            frame = _Frame(
                gutter + i * slot, top + 34, slot - value_width - 14, 30, "none" if i else "left", columns == 1
            )
            body += _panel(panel, axis, frame)
        top += 34 + 30 * max(len(panel.entries) for panel in row) + 34
    legend, height = _legend(panels, paper_legend, gutter - 8, top + 6, WIDE)
    return picture(WIDE, height, label, [*body, *legend])


def forest_narrow(panels: Sequence[Panel], axis: Axis, label: str, paper_legend: str = "") -> Picture:
    """Panels below each other, each label above its track."""
    body: list[str] = []
    top = 0.0
    for panel in panels:
        frame = _Frame(8, top + 34, NARROW - 18, 48, "above", True)
        body += _panel(panel, axis, frame)
        top += 34 + 48 * len(panel.entries) + 40
    legend, height = _legend(panels, paper_legend, 0, top + 6, NARROW)
    return picture(NARROW, height, label, [*body, *legend])


def _panel(panel: Panel, axis: Axis, frame: _Frame) -> list[str]:
    bottom = frame.top + frame.pitch * len(panel.entries)
    body = [words(frame.left, frame.top - 14, panel.title, "panel-title")]
    ticks = axis.ticks if frame.width > 180 else axis.ticks[::2]
    for value, name in ticks:
        x = frame.left + axis.place(value) * frame.width
        landmark = "grid landmark" if value in axis.landmarks else "grid"
        body.append(line(x, frame.top, x, bottom, landmark))
        body.append(words(x, bottom + 17, name, "tick", _anchor(axis, value, frame)))
    for i, entry in enumerate(panel.entries):
        body.append(_row(entry, axis, frame, frame.top + frame.pitch * i))
    return body


def _anchor(axis: Axis, value: float, frame: _Frame) -> str:
    """Tick labels stand in the middle of their tick, but on a narrow page the last one must not leave it."""
    return "end" if frame.labels == "above" and axis.place(value) == 1 else "middle"


def _row(entry: Entry, axis: Axis, frame: _Frame, top: float) -> str:
    y = top + (frame.pitch / 2 if frame.labels != "above" else frame.pitch - 14)
    right = frame.left + frame.width
    body = [rect(frame.left, top, frame.width, frame.pitch, "hit"), line(frame.left, y, right, y, "track")]
    if frame.labels == "left":
        body.append(words(frame.left - 14, y + 4.5, entry.label, "label", "end"))
    if frame.labels == "above":
        body.append(words(frame.left, y - 13, entry.label, "label"))
    value, rated = axis.write(entry.estimate, frame.with_interval), entry.estimate is not None
    cls = "value" if rated and entry.estimate and entry.estimate.value is not None else "value absent"
    where = (right, y - 13, "end") if frame.labels == "above" else (right + 12, y + 4.5, "start")
    body += [words(where[0], where[1], value, cls, where[2]), *_marks(entry, axis, frame, y)]
    return hover(entry.note, *body)


def _marks(entry: Entry, axis: Axis, frame: _Frame, y: float) -> list[str]:
    def at(value: float) -> float:
        return frame.left + axis.place(value) * frame.width

    body = [line(at(value), y + 5, at(value), y + 11, f"seed {entry.family}") for value in entry.seeds]
    estimate = entry.estimate
    if estimate is not None and estimate.low is not None and estimate.high is not None:
        body.append(line(at(estimate.low), y, at(estimate.high), y, f"interval {entry.family}"))
    if estimate is not None and estimate.value is not None:
        body.append(mark(entry.family, at(estimate.value), y))
    if entry.paper is not None:
        body.append(diamond(at(entry.paper), y))
    return body


def _legend(
    panels: Sequence[Panel], paper_legend: str, left: float, top: float, width: float
) -> tuple[list[str], float]:
    """The legend's markup and where it ends."""
    entries = [entry for panel in panels for entry in panel.entries]
    present = {entry.family for entry in entries}
    items = [(mark(family, 0, 0), FAMILY_NAMES[family]) for family in Family if family in present]
    if any(entry.paper is not None for entry in entries):
        items.append((diamond(0, 0), paper_legend))
    if any(entry.seeds for entry in entries):
        items.append((line(0, -3, 0, 3, "seed asserted"), "one seed"))
    x, y = left, top + 12
    body = []
    for symbol, name in items:
        needed = 30 + text_width(name, 12)
        if x > left and x + needed > width:
            x, y = left, y + 22
        body.append(
            tag(
                "g",
                tag("g", symbol, transform=f"translate({x + 10:.1f} {y - 4:.1f})"),
                words(x + 22, y, name, "legend"),
            )
        )
        x += needed + 12
    return body, y + 10
