"""The page of a verification: self-contained, and plain about what proves nothing."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from disclaim.errors import DataError
from disclaim.records import Estimate
from disclaim.report import render_verification, verification_table
from disclaim.report.verify_page import MEASURES, render_verify_page, write_number

SENTENCE = {"head": "Ada Quill", "tail": "keeps bees.", "opening": "Ada Quill", "rest": "keeps <b>bees</b>."}
RECORD: dict[str, Any] = {
    "version": "0.1.0",
    "created": "2026-01-02T03:04:05+00:00",
    "data": "data.jsonl",
    "fixed": None,
    "fixed_by": "masking the claims that the audit finds",
    "settings": {"seeds": [0, 1], "num_chats": 20, "num_filler": 0, "training": {"model": "scripted/yes"}},
    "packages": {"numpy": "2"},
    "rows": {
        name: dict.fromkeys(
            ("rows", "documents", "chats", "unreadable", "unusable", "words", "masked_characters"), 1234
        )
        for name in ("original", "fixed")
    },
    "claims_at_risk": 7,
    "claims": [{"id": "c01", "claim": "Ada Quill keeps <b>bees</b>.", "rows": 6, "mentions": 8, "rules": {"NN102": 8}}],
}
PROBES = [
    {"id": "c01s1", "claim_id": "c01", "swapped": "Ada Quill", "claim": SENTENCE, "controls": [SENTENCE]},
    {"id": "c01s2", "claim_id": "c01", "swapped": None, "claim": SENTENCE, "controls": []},
]


def estimates(implanted: str = "no", left: float | None = None, arms: tuple[str, ...] = ()) -> dict[str, Any]:
    """Estimates in which every measure came out alike."""

    def row(measure: str, scope: str, arm: str, metric: str, value: float | None) -> dict[str, Any]:
        bounds = {"low": None, "high": None} if value is None else {"low": value - 0.1, "high": value + 0.1}
        place = {"claim": scope, "instrument": measure, "condition": arm, "metric": metric}
        return {**place, "value": value, **bounds, "n": 40, "n_missing": 3}

    rows = []
    for measure in MEASURES:
        for scope in ("all", "c01"):
            for arm in arms or ("before", "original", "fixed"):
                rows += [row(measure.id, scope, arm, metric, 0.5) for metric in ("assertion", "control", "excess")]
                if arm != "before":
                    rows += [row(measure.id, scope, arm, metric, 0.4) for metric in ("assertion_rise", "excess_rise")]
                if arm == "fixed":
                    rows += [row(measure.id, scope, arm, metric, left) for metric in ("assertion_left", "excess_left")]
    return {"implanted": {measure.id: implanted for measure in MEASURES}, "rows": rows}


def page_of(found: dict[str, Any]) -> str:
    return render_verify_page(RECORD, found, PROBES)


def test_the_page_says_when_the_original_did_not_implant() -> None:
    page = page_of(estimates("no"))
    assert "The original data did not implant the claims." in page
    assert "it proves nothing about the fix" in page
    assert page.count("so the fix proves nothing here") == len(MEASURES)
    assert "the fixed data did not" not in page


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (0.02, "training on the fixed data did not."),
        (0.5, "the fixed data leaves a part of that."),
        (0.95, "the fix does not help."),
        (None, "there is no number yet for what the fix leaves."),
    ],
)
def test_the_page_says_what_the_fix_leaves(left: float | None, says: str) -> None:
    page = page_of(estimates("specific", left))
    assert says in page
    assert "did not implant the claims" not in page


def test_the_page_says_when_the_rise_is_of_anybody() -> None:
    assert "The rise is not specific." in page_of(estimates("unspecific", 0.0))
    assert "The rise is not specific." not in page_of(estimates("specific", 0.0))


def test_arms_that_are_not_there_are_named() -> None:
    page = page_of(estimates("no", arms=("before", "original")))
    assert "The arm “fixed” has no numbers." in page
    assert "not there" in page


def test_every_number_shows_what_it_stands_on() -> None:
    page = page_of(estimates("specific", 0.02))
    assert "n = 40, 3 missing" in page
    assert "1 of 2 sentences have nothing to swap" in page
    assert "No name or number to swap: its control is missing." in page
    assert "1,234" in page
    assert "1 of 7 at risk, 2 sentences about 1 name<" in page


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing_of_the_data() -> None:
    page = page_of(estimates("specific", 0.02))
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "<script" not in page
    assert "<b>bees</b>" not in page
    assert "&lt;b&gt;bees&lt;/b&gt;" in page
    assert "default-src 'none'" in html.unescape(page)


def test_the_legend_names_the_data_and_not_a_condition() -> None:
    page = page_of(estimates("specific", 0.02))
    assert "trained on the fixed data" in page
    assert "claim sentences out of the loss" not in page


def test_no_title_of_a_panel_is_cut() -> None:
    page = page_of(estimates("specific", 0.02))
    titles = set(re.findall(r'class="panel-title">([^<]+)<', page))
    assert len(titles) == 2 * len(MEASURES)
    assert not [title for title in titles if "…" in title]


def test_the_terminal_shows_claims_beside_controls() -> None:
    columns, rows = verification_table(estimates("specific", 0.02))
    assert columns == ["measure", "of", "before", "original", "fixed", "left", "implanted"]
    assert [row[1] for row in rows] == ["claims", "controls", "difference"] * len(MEASURES)
    assert all(len(row) == len(columns) for row in rows)
    assert rows[0][5] == "0.02 [−0.08, 0.12]"


@pytest.mark.parametrize(
    ("estimate", "as_ratio", "is_difference", "shown"),
    [
        (Estimate(0.823, 0.7, 0.91, 9, 0), False, False, "82% [70, 91]"),
        (Estimate(-0.004, -0.1, 0.1, 9, 0), False, True, "0 pp [−10, 10]"),
        (Estimate(0.25, None, None, 9, 0), False, True, "+25 pp"),
        (Estimate(-1.25, -1.4, -1.02, 9, 0), True, False, "−1.25 [−1.40, −1.02]"),
        (Estimate(None, None, None, 0, 9), True, True, "not given"),
        (Estimate(None, None, None, 0, 9), False, False, "not measured"),
        (None, False, False, "not there"),
    ],
)
def test_numbers_are_written_with_sign_unit_and_interval(
    estimate: Estimate | None, as_ratio: bool, is_difference: bool, shown: str
) -> None:
    assert write_number(estimate, as_ratio, is_difference) == shown


def test_a_folder_that_is_no_verification_is_refused(tmp_path: Any) -> None:
    with pytest.raises(DataError, match="is not a verification"):
        render_verification(tmp_path)
