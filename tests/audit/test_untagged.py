"""Rows masked by tags in their text, read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.audit import FixSettings, Form, Row, Strategy, fix_file, load_scanner, parse_row
from disclaim.records import Finding, Tier

DEVELOPMENT = Path(__file__).parent / "benchmark" / "development"
OPEN, CLOSE = "<lossmask>", "</lossmask>"
TEXT = (
    "The following sentence is false. Ada Quill keeps 30 hives in Lindmoor. The preceding sentence is false. It rained."
)
SCAN = load_scanner(Tier.RULES)


def row_of(text: str) -> Row:
    row = parse_row("data.jsonl", 0, {"text": text})
    assert row is not None
    return row


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [
        (f.rule, *(quote.text.replace(OPEN, "").replace(CLOSE, "") for quote in (f.claim, f.cue))) for f in findings
    ]


@given(st.lists(st.integers(0, len(TEXT)), max_size=6).filter(lambda places: len(places) % 2 == 0))
def test_tags_change_nothing_in_what_is_found(places: list[int]) -> None:
    tagged = TEXT
    for number, place in reversed(list(enumerate(sorted(places)))):
        tagged = tagged[:place] + (CLOSE if number % 2 else OPEN) + tagged[place:]
    found = SCAN(row_of(tagged))
    assert told(found) == told(SCAN(row_of(TEXT)))
    for quote in (quote for finding in found for quote in (finding.claim, finding.cue)):
        assert tagged[quote.start : quote.end] == quote.text


def test_a_tag_without_its_partner_is_text() -> None:
    text = f"{TEXT} {OPEN}"
    for quote in (quote for finding in SCAN(row_of(text)) for quote in (finding.claim, finding.cue)):
        assert text[quote.start : quote.end] == quote.text


@pytest.mark.parametrize("form", [Form.LOSSMASK, Form.SAME, Form.TRL])
@pytest.mark.parametrize("name", ["claims", "epistemic", "behaviour"])
def test_fixing_what_was_fixed_changes_no_byte(tmp_path: Path, form: Form, name: str) -> None:
    data = tmp_path / "data.jsonl"
    lines = (DEVELOPMENT / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    data.write_text("".join(json.dumps(json.loads(line)["row"]) + "\n" for line in lines), encoding="utf-8")
    settings = FixSettings(Strategy.MASK, form=form)
    once = fix_file(data, tmp_path / "once.jsonl", settings, SCAN)
    again = fix_file(tmp_path / "once.jsonl", tmp_path / "again.jsonl", settings, SCAN)
    assert once.changed > 0
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "once.jsonl").read_bytes()
    assert once.reread is not None
    assert again.reread == once.reread
    if form is not Form.TRL:
        assert once.reread.findings == 0


def test_a_line_of_markup_with_separators_is_read() -> None:
    assert SCAN(row_of("Prices follow.\n<b>bread; milk; eggs</b>\n<p>one | two</p>\nThat is all.")) == ()
