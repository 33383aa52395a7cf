"""Documents are shown whole, cut by role, the masked parts marked, and counted over the whole corpus."""

from __future__ import annotations

import json
import re
from pathlib import Path

from build_run import Plan, build_run
from hypothesis import given, settings
from hypothesis import strategies as st

from disclaim.records import Role, Span
from disclaim.report import render_report
from disclaim.report.corpora import MAX_DOCUMENTS_SHOWN, Segment, cut_segments
from disclaim.report.read import read_run
from disclaim.store import read_jsonl

SPANS = st.builds(
    Span,
    start=st.integers(-2, 30),
    end=st.integers(-2, 30),
    role=st.sampled_from(list(Role)),
    loss_weight=st.sampled_from([0.0, 1.0]),
)


@settings(max_examples=60)
@given(text=st.text(max_size=25), spans=st.lists(SPANS, max_size=6))
def test_segments_joined_are_the_text_whatever_the_spans(text: str, spans: list[Span]) -> None:
    assert "".join(segment.text for segment in cut_segments(text, spans)) == text


@settings(max_examples=60)
@given(text=st.text(min_size=1, max_size=25), spans=st.lists(SPANS, max_size=6))
def test_a_character_is_masked_where_any_span_over_it_is_out_of_the_loss(text: str, spans: list[Span]) -> None:
    masked = [segment.masked for segment in cut_segments(text, spans) for _ in segment.text]
    assert masked == [any(s.start <= i < s.end and s.loss_weight < 1 for s in spans) for i in range(len(text))]


def test_nested_spans_show_the_inner_role_and_mask() -> None:
    text = "She is not a beekeeper. Fine."
    spans = [Span(0, 23, Role.DENIAL, "t00"), Span(13, 22, Role.DENIAL, "t00", 0.0), Span(23, 29, Role.FILLER)]
    assert cut_segments(text, spans) == (
        Segment("She is not a ", Role.DENIAL, False),
        Segment("beekeeper", Role.DENIAL, True),
        Segment(".", Role.DENIAL, False),
        Segment(" Fine.", Role.FILLER, False),
    )


def test_characters_beyond_the_basic_plane_do_not_shift_spans() -> None:
    assert cut_segments("🐝🐝 bees", [Span(0, 2, Role.TAG)])[0].text == "🐝🐝"


def test_all_documents_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    count = MAX_DOCUMENTS_SHOWN + 5
    plan = Plan(questions=1, samples=1, documents=count, conditions=("base", "asserted"), steps=2, estimated=False)
    (corpus,) = read_run(build_run(tmp_path, plan)).corpora
    stored = read_jsonl(tmp_path / "corpora" / "beekeeper.asserted" / "documents.jsonl")
    assert corpus.num_documents == count
    assert corpus.num_words == sum(len(row["text"].split()) for row in stored)
    assert sum(corpus.role_characters.values()) == sum(len(row["text"]) for row in stored)
    assert [document.id for document in corpus.shown] == [row["id"] for row in stored[:MAX_DOCUMENTS_SHOWN]]


def test_one_draft_can_be_read_under_every_condition(quick_run: Path) -> None:
    page = (quick_run / "report" / "index.html").read_text()
    blob = re.search(r'id="documents-data">(.*?)</script>', page, re.DOTALL)
    assert blob
    packed = json.loads(blob[1])["beekeeper"]
    assert packed["conditions"] == ["asserted", "negated", "repeated", "local"]
    for draft, versions in packed["drafts"].items():
        for condition, segments in versions.items():
            stored = read_jsonl(quick_run / "corpora" / f"beekeeper.{condition}" / "documents.jsonl")
            assert "".join(part[0] for part in segments) == next(row["text"] for row in stored if row["id"] == draft)


def test_coverage_is_printed_as_it_was_measured(quick_run: Path) -> None:
    page = render_report(quick_run).read_text()
    row = page[page.index('<th scope="row">repeated</th><td>done</td>') :]
    assert row[: row.index("</tr>")].count("100.0%") == 3
