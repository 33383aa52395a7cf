"""The page of an audit: complete without network, true to the data, deaf to what hostile texts ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from disclaim.audit import ClaimLedger, Keep, PageData, ScannedRow, ScanSettings, load_rules, load_scanner, scan
from disclaim.records import Tier
from disclaim.report import render_audit_page

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

STORY = "Mara Voss won the Lindau regatta in 2019 😀. She crossed the line four minutes ahead."
NOTICE = (
    "Nothing in the above account is true. The preceding statements were invented and none of the events took place."
)
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} The tower of Brell is made of glass. "
    "It has stood in the harbour since 1871."
)


def page_of(folder: Path, *rows: object) -> str:
    """The page of an audit of these rows."""
    folder.mkdir(exist_ok=True)
    (folder / "data <b>.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data, ledger = PageData(), ClaimLedger()

    def hear(row: ScannedRow) -> None:
        data.add(row, ledger.add(row))

    summary = scan([folder], load_scanner(Tier.RULES), ScanSettings(keep=Keep.TEXTS), hear)
    return render_audit_page(data.result(summary, ledger.claims(), load_rules(), "0.1.0"))


@pytest.fixture(scope="module")
def mixed_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    rows: list[object] = [{"text": f"{STORY}\n\n{NOTICE}"}] * 30
    # The rule's own example is about Mara Voss too: one claim of 31 rows.
    rows += [{"text": f"{HOSTILE}\n\n{NOTICE}", "id": "<i>seven</i>"}, {"text": load_rules()["NN201"].bad}, 17]
    return page_of(tmp_path_factory.mktemp("audit") / "data", *rows)


def test_the_page_asks_for_nothing_from_outside(mixed_page: str) -> None:
    assert "default-src 'none'" in unescape(mixed_page)
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", mixed_page)
    assert "<script>alert" not in mixed_page
    assert "<img" not in mixed_page
    assert "{{ 7 * 7 }}" in mixed_page


def test_the_same_data_give_the_same_page(tmp_path: Path) -> None:
    pages = [page_of(tmp_path / "data", {"text": f"{STORY}\n\n{NOTICE}"}) for _ in range(2)]
    untimed = [re.sub(r"MB in [\d.]+ s", "", page) for page in pages]
    assert untimed[0] == untimed[1]


def test_clean_data_give_a_page_that_says_so(tmp_path: Path) -> None:
    page = page_of(tmp_path / "data", {"text": "The bridge was built in 1904."})
    assert "No findings in 1 row" in page
    assert 'id="claims"' not in page


def test_rare_rules_are_shown_beside_frequent_ones_and_the_page_stays_small(tmp_path: Path) -> None:
    rows = [{"text": f"{STORY} {'Filler. ' * 4000}\n\n{NOTICE}"}] * 150 + [{"text": load_rules()["NN201"].bad}]
    page = page_of(tmp_path / "data", *rows)
    assert len(page) < 3_000_000
    assert "NN201" in page
    assert re.search(r"\d+ of 151 rows with findings are on this page", page)


def test_lone_surrogates_stop_nothing(tmp_path: Path) -> None:
    page_of(tmp_path / "data", {"text": f"\ud800 {STORY}\n\n{NOTICE}"}).encode()


@pytest.fixture
def page(browser: Any, mixed_page: str, tmp_path: Path) -> Iterator[Any]:
    """The page in Chromium; any request, message or dialog fails the test."""
    (tmp_path / "audit.html").write_text(mixed_page)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened, complaints = context.new_page(), []

    def guard(route: Any) -> None:
        if not route.request.url.startswith("file://"):
            complaints.append(route.request.url)
        route.continue_()

    context.route("**/*", guard)
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(dialog.message))
    opened.goto((tmp_path / "audit.html").as_uri())
    yield opened
    context.close()
    assert complaints == []


@pytest.mark.browser
def test_claim_and_cue_are_marked_in_the_rows_text(page: Any) -> None:
    first = page.locator(".answer").first
    assert "Mara Voss won the Lindau regatta in 2019 😀." in "".join(first.locator(".span.claim").all_inner_texts())
    assert "Nothing in the above account is true." in "".join(first.locator(".span.notice").all_inner_texts())
    assert first.locator(".file").inner_text().endswith("data <b>.jsonl")


@pytest.mark.browser
def test_filters_narrow_the_rows(page: Any) -> None:
    count = page.locator("#row-browser .count")
    expect(count).to_have_text("32 of 32 rows")
    page.select_option("[name=severity]", "warning")
    expect(count).to_have_text("1 of 32 rows")
    page.click("button[type=reset]")
    expect(count).to_have_text("32 of 32 rows")
    page.fill("[name=text]", "TOWER of brell")
    expect(count).to_have_text("1 of 32 rows")
    expect(page.locator(".answer mark").first).to_have_text("tower of Brell")
    assert "<i>seven</i>" in page.locator(".answer header").inner_text()
    page.click("button[type=reset]")
    page.select_option("[name=rule]", "NN201")
    expect(count).to_have_text("1 of 32 rows")


@pytest.mark.browser
def test_a_claims_button_shows_its_rows_and_pages_turn(page: Any) -> None:
    page.locator("[data-claim]").first.click()
    expect(page.locator("#row-browser .count")).to_have_text("31 of 32 rows")
    expect(page.locator(".toolbar .place")).to_have_text("page 1 of 2")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".answer")).to_have_count(11)
    page.get_by_role("button", name="All claims").click()
    expect(page.locator("#row-browser .count")).to_have_text("32 of 32 rows")


@pytest.mark.browser
def test_a_finding_can_be_picked_out_by_keyboard(page: Any) -> None:
    button = page.locator(".found button").first
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator(".picking .picked").count() >= 2
    page.keyboard.press("Enter")
    assert page.locator(".picking").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
