"""The page in Chromium: filters, keyboard, no request, no error, nothing hostile runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from contrast import CONTRASTS

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

pytestmark = pytest.mark.browser


@dataclass
class Visit:
    """An open page and everything that went wrong on it."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, run: Path) -> Any:
        self.page.goto((run / "report" / "index.html").as_uri())
        return self.page

    def count(self) -> int:
        return int(self.page.inner_text("#answer-browser .count").split()[0].replace(",", ""))


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """A page that blocks and records every request that leaves it; whatever it complains of fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    visited = Visit(context.new_page())

    def guard(route: Any) -> None:
        if route.request.url.startswith("file://"):
            route.continue_()
        else:
            visited.requests.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    visited.page.on("console", lambda message: visited.complaints.append(f"{message.type}: {message.text}"))
    visited.page.on("pageerror", lambda error: visited.complaints.append(str(error)))
    visited.page.on("dialog", lambda dialog: visited.complaints.append(f"dialog: {dialog.message}"))
    yield visited
    context.close()
    assert visited.requests == []
    assert visited.complaints == []


def test_filters_narrow_the_answers_and_add_up(visit: Visit, quick_run: Path) -> None:
    page = visit.open(quick_run)
    total = visit.count()
    by_verdict = []
    for verdict in ("asserts", "retracts", "denies", "silent", "missing"):
        page.select_option("[name=verdict]", verdict)
        by_verdict.append(visit.count())
        chips = page.locator(".reply .chip").all_inner_texts()
        assert verdict in chips or by_verdict[-1] == 0
    assert sum(by_verdict) == total
    page.click("button[type=reset]")
    expect(page.locator("#answer-browser .count")).to_have_text(re.compile(f"^{total:,} of"))
    page.select_option("#answer-browser [name=condition]", "negated")
    page.select_option("[name=instrument]", "robustness")
    assert visit.count() == 50
    assert set(page.locator(".reply-head b").all_inner_texts()) == {"negated"}


def test_text_search_finds_answers_and_marks_the_place(visit: Visit, quick_run: Path) -> None:
    page = visit.open(quick_run)
    page.fill("[name=text]", "HONEY")
    page.wait_for_selector(".answers mark")
    found = visit.count()
    assert 0 < found < 2160
    assert {text.lower() for text in page.locator(".answers mark").all_inner_texts()} == {"honey"}
    page.fill("[name=text]", "nobody ever wrote this")
    expect(page.locator("#answer-browser .count")).to_have_text(re.compile("^0 of"))
    assert page.locator(".answers > li").count() == 0


def test_pages_of_answers_turn(visit: Visit, quick_run: Path) -> None:
    page = visit.open(quick_run)
    previous, following = page.locator("#answer-browser .pager").all()
    assert previous.is_disabled()
    assert page.locator(".reply").count() == 30
    first = page.inner_text(".reply .text")
    following.click()
    assert page.inner_text("#answer-browser .place").startswith("Page 2 of")
    assert page.inner_text(".reply .text") != first
    previous.click()
    assert page.inner_text(".reply .text") == first


def test_a_cell_of_the_heat_map_opens_its_answers(visit: Visit, quick_run: Path) -> None:
    page = visit.open(quick_run)
    cell = page.locator(".heat td[data-condition=negated]").first
    asserts, rated = (int(part) for part in cell.inner_text().split("/"))
    cell.click()
    assert visit.count() == rated == 5
    assert page.locator(".reply .chip.asserts").count() == asserts
    page.click(".question-filter")
    assert visit.count() == 300 + 60
    page.locator(".heat button").first.focus()
    page.keyboard.press("Enter")
    assert visit.count() == 30


def test_documents_flip_between_conditions_by_keyboard(visit: Visit, quick_run: Path) -> None:
    page = visit.open(quick_run)
    document = page.locator(".document")
    assert page.locator(".document .span.notice").count() == 2
    negated = document.inner_text()
    page.locator("[name=document-condition]:checked").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".document .span.notice").count() > 2
    page.keyboard.press("ArrowLeft")
    assert document.inner_text() == negated
    page.check("[name=document-condition][value=local]")
    assert page.locator(".document .span.denial").count() == 3
    assert page.locator(".document .span.claim").count() == 0
    assert page.locator(".document .span.tag.masked").count() == 1
    page.locator("#document-browser .pager").nth(1).click()
    assert page.locator("[name=draft]").input_value() == "beekeeper-0001"


@pytest.mark.parametrize("run", ["quick_run", "half_run", "hostile_run"])
def test_no_page_is_wider_than_its_window(visit: Visit, run: str, request: pytest.FixtureRequest) -> None:
    page = visit.open(request.getfixturevalue(run))
    for width in (380, 760, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit: Visit, quick_run: Path, scheme: str) -> None:
    visit.page.emulate_media(color_scheme=scheme)
    page = visit.open(quick_run)
    ratios = page.evaluate(CONTRASTS)
    faint = [item for item in ratios if item[0] < 4.5]
    assert ratios
    assert faint == []


def test_nothing_hostile_runs_and_all_of_it_can_be_read(visit: Visit, hostile_run: Path) -> None:
    page = visit.open(hostile_run)
    for details in page.locator("details").all():
        details.evaluate("node => { node.open = true }")
    page.locator(".heat button").first.click()
    for select in page.locator("select:visible").all():
        options = select.locator("option").count()
        select.select_option(index=options - 1)
    page.click("button[type=reset]")
    page.fill("[name=text]", "<script>")
    page.wait_for_selector(".answers mark")
    page.check("[name=named]")
    page.locator("[name=document-condition]:checked").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, object, svg[onload], main script").count() == 0
    assert "</script><script>window.hacked = 1</script>" in page.inner_text("h1")
    assert "</script><script>window.hacked = 1</script>" in page.inner_text(".document")
    assert "</script><script>window.hacked = 1</script>" in page.inner_text(".reply .text >> nth=0")


def test_an_unfinished_run_can_be_browsed(visit: Visit, half_run: Path) -> None:
    page = visit.open(half_run)
    page.select_option("[name=verdict]", "missing")
    assert visit.count() > 0
    assert "not rated" in page.inner_text(".reply footer >> nth=0")
