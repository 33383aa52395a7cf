"""SVG, a few elements of it, as text. Everything put into an attribute or a text node is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from disclaim.report.names import Family

#: Estimated advance of a character in the figures' type, in units of its size: enough to lay out a legend.
CHARACTER_WIDTH = 0.53

#: Room around a figure in a file of its own.
MARGIN = 20.0


def tag(name: str, *children: str, **attributes: str | float) -> str:
    """An element. ``children`` are markup already; in attribute names ``_`` stands for ``-`` and ``cls`` for class."""
    parts = [name]
    for key, value in attributes.items():
        shown = number(value) if isinstance(value, (int, float)) else value
        parts.append(f'{"class" if key == "cls" else key.replace("_", "-")}="{escape(shown)}"')
    body = "".join(children)
    return f"<{' '.join(parts)}>{body}</{name}>" if body else f"<{' '.join(parts)}/>"


def number(value: float) -> str:
    """A coordinate to a tenth, without trailing zeros."""
    shown = f"{value:.1f}"
    return "0" if shown == "-0.0" else shown.removesuffix(".0")


def words(x: float, y: float, content: str, cls: str = "", anchor: str = "start") -> str:
    """A line of text; ``y`` is its baseline."""
    return tag("text", escape(content), x=x, y=y, text_anchor=anchor, cls=cls)


def line(x1: float, y1: float, x2: float, y2: float, cls: str) -> str:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, cls=cls)


def rect(x: float, y: float, width: float, height: float, cls: str) -> str:
    """A rectangle."""
    return tag("rect", x=x, y=y, width=max(width, 0), height=height, cls=cls)


def hover(note: str, *children: str) -> str:
    """A group that shows the note under the mouse."""
    return tag("g", tag("title", escape(note)), *children)


def polyline(points: Sequence[tuple[float, float]], cls: str) -> str:
    """A line through the points."""
    return tag("polyline", points=" ".join(f"{number(x)},{number(y)}" for x, y in points), cls=cls)


def mark(family: Family, x: float, y: float) -> str:
    """The family's mark: hollow circle, circle, triangle, square, hollow square. Told apart without colour."""
    cls = f"mark {family}"
    if family is Family.FLAGGED:
        return tag("path", d=f"M{number(x)},{number(y - 6)} l5.8,10 h-11.6 z", cls=cls)
    if family in (Family.LOCAL, Family.MASKED):
        return tag("rect", x=x - 4.6, y=y - 4.6, width=9.2, height=9.2, cls=cls)
    return tag("circle", cx=x, cy=y, r=5.2, cls=cls)


def diamond(x: float, y: float) -> str:
    """The mark of a value from the paper."""
    return tag("path", d=f"M{number(x)},{number(y - 7)} l7,7 l-7,7 l-7,-7 z", cls="paper")


def text_width(content: str, size: float = 13) -> float:
    """Roughly how wide a text is set."""
    return len(content) * size * CHARACTER_WIDTH


def shorten(content: str, width: float, size: float = 13) -> str:
    """The text where it fits into the width, else as much of it as does, with an ellipsis."""
    room = int(width / (size * CHARACTER_WIDTH * 1.12))
    return content if len(content) <= room else f"{content[: room - 1].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of that size; ``label`` is what a screen reader says, ``body`` its markup."""

    width: float
    height: float
    label: str
    body: str

    def to_inline(self) -> str:
        """As an element of a page, which brings the style."""
        return self._svg(0, self.body)

    def to_file(self, style: str) -> str:
        """As a file of its own, with the style and a ground that makes it legible on any page."""
        ground = tag("rect", x=-MARGIN, y=-MARGIN, width="100%", height="100%", rx=8, cls="ground")
        return self._svg(MARGIN, f"<style>{style}</style>{ground}{self.body}") + "\n"

    def _svg(self, margin: float, body: str) -> str:
        width, height = self.width + 2 * margin, self.height + 2 * margin
        return tag(
            "svg",
            body,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=" ".join(map(number, (-margin, -margin, width, height))),
            width=width,
            height=height,
            role="img",
            aria_label=self.label,
            cls="figure",
        )


def picture(width: float, height: float, label: str, body: Iterable[str]) -> Picture:
    """The picture of these elements, in drawing order."""
    return Picture(width, height, label, "".join(body))


def nice_ticks(low: float, high: float, target: int = 5) -> list[float]:
    """Round numbers that cover ``low``..``high`` in about ``target`` steps."""
    span = high - low
    if not span > 0:
        return [low - 0.5, low + 0.5] if math.isfinite(low) else [0.0, 1.0]
    rough = span / target
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]
