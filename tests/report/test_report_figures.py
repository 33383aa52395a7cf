"""Figures put numbers where they belong, stand alone as files, and read without colour or eyes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.errors import DataError
from disclaim.records import Estimate
from disclaim.report import export_headline_svg, render_report
from disclaim.report.curves import MAX_POINTS, Chart, Series, draw_charts, smooth, spread_labels, thin
from disclaim.report.forest import PERCENT_AXIS, Axis, Entry, Panel, forest_narrow, forest_wide
from disclaim.report.names import Family
from disclaim.report.svg import mark, nice_ticks, shorten, tag, words

SVG = "{http://www.w3.org/2000/svg}"


def entry(label: str = "negated", estimate: Estimate | None = None, paper: float | None = None) -> Entry:
    return Entry(label, Family.LOCAL, estimate, (), paper, f"{label}: as noted")


def test_every_figure_of_a_run_is_a_file_that_parses_and_brings_its_style(wide_run: Path) -> None:
    files = sorted((wide_run / "report" / "figures").glob("*.svg"))
    assert len(files) == 14
    for path in files:
        root = ET.fromstring(path.read_text())
        assert root.tag == f"{SVG}svg"
        assert root.find(f"{SVG}style") is not None
        assert root.attrib["aria-label"]


def test_the_headline_exports_as_the_same_figure(quick_run: Path, tmp_path: Path) -> None:
    out = export_headline_svg(quick_run, tmp_path / "docs" / "headline.svg")
    assert out.read_text() == (quick_run / "report/figures/belief-beekeeper-local-smollm2-135m.svg").read_text()


def test_a_run_without_belief_rates_has_no_headline_to_export(half_run: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no belief rate"):
        export_headline_svg(half_run, tmp_path / "headline.svg")


@pytest.mark.parametrize("draw", [forest_wide, forest_narrow])
def test_a_value_stands_between_the_ends_in_proportion(draw) -> None:  # type: ignore[no-untyped-def]
    values = (0.0, 0.5, 1.0)
    panel = Panel("Belief", tuple(entry(estimate=Estimate(v, v, v, 10, 0)) for v in values))
    root = ET.fromstring(draw([panel], PERCENT_AXIS, "label").to_inline())
    marks = [float(r.attrib["x"]) for r in root.iter(f"{SVG}rect") if r.attrib["class"] == "mark local"][:3]
    assert marks[1] - marks[0] == pytest.approx(marks[2] - marks[1], abs=0.15)
    assert marks[0] < marks[1]


def test_what_is_not_there_is_written_and_not_drawn() -> None:
    absent, unrated = entry("absent"), entry("unrated", Estimate(None, None, None, 0, 5))
    root = ET.fromstring(forest_wide([Panel("Belief", (absent, unrated))], PERCENT_AXIS, "label").to_inline())
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert "no estimate" in texts
    assert "not rated" in texts
    marks = [node for node in root.iter(f"{SVG}rect") if node.attrib["class"].startswith("mark")]
    assert len(marks) == 1  # the legend's


def test_a_value_beyond_the_axis_is_put_on_its_end() -> None:
    axis = Axis(0, 1, ((0, "0"), (1, "1")), percent=False)
    assert (axis.place(-3), axis.place(7)) == (0, 1)


def test_families_differ_in_shape_and_not_only_in_colour() -> None:
    shapes = {mark(family, 0, 0).replace(f'class="mark {family}"', "") for family in Family}
    # Hollow and filled share an outline: circle, square; the hollow ones are drawn so by class.
    assert len(shapes) == 3


@given(st.text())
def test_text_and_attributes_are_escaped(text: str) -> None:
    allowed = "".join(c for c in text if c in "\t\n" or 0x20 <= ord(c) < 0xD800)
    node = ET.fromstring(tag("g", words(1, 2, allowed), aria_label=allowed))
    assert (node[0].text or "") == allowed
    assert node.attrib["aria-label"] == allowed.replace("\n", " ").replace("\t", " ")


@given(st.lists(st.floats(0, 100), max_size=7))
def test_labels_keep_their_order_and_a_line_apart(wanted: list[float]) -> None:
    placed = spread_labels(wanted, 0, 100)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    heights = [placed[i] for i in order]
    assert all(b - a >= 14 - 1e-9 for a, b in pairwise(heights))
    assert all(-1e-9 <= y <= 100 + 1e-9 for y in heights)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_round_rising_and_cover_the_range(low: float, span: float) -> None:
    ticks = nice_ticks(low, low + span)
    assert ticks == sorted(set(ticks))
    assert 2 <= len(ticks) <= 12
    slack = span * 1e-3
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + span - slack


@given(st.lists(st.floats(0, 10), min_size=1, max_size=900))
def test_lines_are_smoothed_within_their_range_and_keep_their_ends(values: list[float]) -> None:
    points = [(float(i), value) for i, value in enumerate(values)]
    drawn = thin(smooth(points))
    assert len(drawn) <= MAX_POINTS + 1
    assert (drawn[0][0], drawn[-1][0]) == (0.0, float(len(values) - 1))
    assert all(min(values) - 1e-9 <= y <= max(values) + 1e-9 for _, y in drawn)


def test_a_single_logged_step_is_drawn() -> None:
    chart = Chart("Training loss", (Series("negated", Family.FLAGGED, 0, ((1.0, 2.5),)),))
    assert "negated: 2.50 at step 1" in draw_charts([chart], "label", 300, 1).body


def test_many_lines_are_named_in_a_legend() -> None:
    lines = tuple(Series(f"line {i}", Family.FLAGGED, i, ((0.0, i), (5.0, i + 1.0))) for i in range(12))
    drawn = draw_charts([Chart("Training loss", lines)], "label", 900, 1).body
    assert drawn.count('class="legend"') == 12
    assert "end-label" not in drawn


def test_a_long_heading_is_shortened_to_its_panel() -> None:
    assert shorten("short", 200) == "short"
    assert shorten("a very long claim title indeed", 100).endswith("…")


def test_a_screen_reader_gets_every_value_in_words(quick_run: Path) -> None:
    render_report(quick_run)
    root = ET.fromstring((quick_run / "report/figures/belief-beekeeper-local-smollm2-135m.svg").read_text())
    label = root.attrib["aria-label"]
    for name in ("base", "in context", "asserted", "negated", "repeated", "local"):
        assert f"{name}: " in label
    assert "the paper: 2.5%" not in label  # the paper's pooled rate is not that of open-ended questions
    assert "missing" in label
