"""The page of a fix: self-contained, escaped, the same for the same report."""

from __future__ import annotations

import re
from pathlib import Path

from disclaim.audit import FixSettings, Otherwise, Row, Strategy, fix_file
from disclaim.records import Extent, Finding, Quote, Severity
from disclaim.report import render_fix_page
from disclaim.store import to_json, write_jsonl

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def first_sentence(row: Row) -> tuple[Finding, ...]:
    text = row.passages[0].text
    end = text.find(".") + 1
    quote = Quote("text", None, 0, end, text[:end])
    cue = Quote("text", None, end + 1, len(text), text[end + 1 :])
    return (Finding(row.file, row.index, "NN104", Severity.ERROR, quote, cue, Extent.BEFORE, 0.9),) if end > 3 else ()


def render(tmp_path: Path, settings: FixSettings) -> str:
    path = tmp_path / "data.jsonl"
    write_jsonl(path, [{"text": f"Ada {EVIL} won. Late."}, {"text": "Ada Quill is a cook. Late."}, {"text": "x"}])
    report = fix_file(path, tmp_path / "out.jsonl", settings, first_sentence)
    page = render_fix_page(to_json(report), "1.2.3")
    assert page == render_fix_page(to_json(report), "1.2.3")
    return page


def test_the_page_shows_changes_and_runs_nothing(tmp_path: Path) -> None:
    page = render(tmp_path, FixSettings(Strategy.MASK))
    assert "<script" not in page
    assert "<img" not in page
    assert "alert(1)" in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "2 changed of 3 rows" in page
    assert '<mark class="masked">Ada Quill is a cook.</mark>' in page


def test_the_page_says_what_was_left_and_why(tmp_path: Path) -> None:
    page = render(tmp_path, FixSettings(Strategy.LOCALISE, otherwise=Otherwise.LEAVE))
    assert "plain sentence" in page
    assert '<mark class="left">' in page
    assert "NN104" in page
