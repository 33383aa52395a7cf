"""The page of a verification in Chromium: light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contrast import CONTRASTS
from test_report_verify import PROBES, RECORD, estimates

from disclaim.report.verify_page import render_verify_page

pytestmark = pytest.mark.browser

LONG = "/data/sets/2026/" + "a-folder-with-a-long-name/" * 5 + "train.jsonl"


@pytest.fixture(params=["specific", "no"])
def page(request: pytest.FixtureRequest, browser: Any, tmp_path: Path) -> Iterator[Any]:
    """The page where the data implanted its claims, and where they did not; anything it complains of fails."""
    record = {**RECORD, "data": LONG, "fixed": LONG}
    found = estimates(request.param, 0.05 if request.param == "specific" else None)
    (tmp_path / "index.html").write_text(render_verify_page(record, found, PROBES), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto((tmp_path / "index.html").as_uri())
    yield opened
    context.close()
    assert complaints == []


def test_no_page_is_wider_than_its_window(page: Any) -> None:
    for width in (360, 760, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    ratios = page.evaluate(CONTRASTS)
    assert len(ratios) > 20
    assert [item for item in ratios if item[0] < 4.5] == []
