"""What holds of every draft, whatever its shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.conditions import CONDITIONS, apply_condition, outer_spans
from disclaim.records import Corpus, Role

FILLER = st.text(alphabet="ab .,\n\"'-é名\u2003", min_size=1, max_size=12).map(lambda text: (text, None))
SENTENCE = st.sampled_from(["t00", "t01"]).map(lambda ref: (None, ref))
DRAFT_PARTS = st.lists(st.one_of(FILLER, SENTENCE), min_size=1, max_size=8)
CORPUS_PARTS = st.lists(DRAFT_PARTS, min_size=1, max_size=3)
NAMES = st.sampled_from(sorted(CONDITIONS))
SEEDS = st.integers(0, 2**32)
INSERTED = {Role.NOTICE, Role.CORRECTION, Role.FRAME, Role.TAG}


@pytest.fixture(scope="session")
def build_corpus(claim, build_draft):
    sentences = {triple.id: triple.affirmative for triple in claim.triples}

    def build(documents):
        return Corpus(
            "keeper",
            "drafts",
            tuple(
                build_draft(f"d{i}", [(text or sentences[ref], ref) for text, ref in parts])
                for i, parts in enumerate(documents)
            ),
            {},
        )

    return build


@given(parts=CORPUS_PARTS, name=NAMES, seed=SEEDS)
def test_outer_spans_partition_the_text_and_others_nest(claim, build_corpus, parts, name, seed):
    for document in apply_condition(claim, build_corpus(parts), CONDITIONS[name], seed).documents:
        outer = outer_spans(document)
        assert "".join(document.text[span.start : span.end] for span in outer) == document.text
        for span in set(document.spans) - set(outer):
            assert any(o.start <= span.start < span.end <= o.end and o.ref == span.ref for o in outer)


@given(parts=CORPUS_PARTS, name=NAMES, seed=SEEDS)
def test_cutting_out_what_was_inserted_gives_the_draft_back(claim, build_corpus, parts, name, seed):
    corpus = build_corpus(parts)
    affirmative = {triple.id: triple.affirmative for triple in claim.triples}
    for draft, document in zip(
        corpus.documents, apply_condition(claim, corpus, CONDITIONS[name], seed).documents, strict=True
    ):
        kept = [
            affirmative[span.ref] if span.role is Role.DENIAL else document.text[span.start : span.end]
            for span in outer_spans(document)
            if span.role not in INSERTED
        ]
        assert "".join(kept) == draft.text


@given(parts=CORPUS_PARTS, seed=SEEDS)
def test_repeated_wraps_every_claim_sentence(claim, build_corpus, parts, seed):
    coverage = apply_condition(claim, build_corpus(parts), CONDITIONS["repeated"], seed).coverage
    assert set(coverage.values()) <= {1.0}


@given(parts=CORPUS_PARTS, name=NAMES, seed=SEEDS)
def test_ids_and_order_are_kept_and_the_same_seed_gives_the_same_corpus(claim, build_corpus, parts, name, seed):
    corpus = build_corpus(parts)
    once, again = (apply_condition(claim, corpus, CONDITIONS[name], seed) for _ in range(2))
    assert once == again
    assert [document.id for document in once.documents] == [document.id for document in corpus.documents]


@given(parts=CORPUS_PARTS, name=NAMES, seed=SEEDS)
def test_a_document_does_not_depend_on_the_rest_of_the_corpus(claim, build_corpus, parts, name, seed):
    corpus = build_corpus(parts)
    whole = apply_condition(claim, corpus, CONDITIONS[name], seed).documents
    backwards = Corpus("keeper", "drafts", corpus.documents[::-1], {})
    assert apply_condition(claim, backwards, CONDITIONS[name], seed).documents == whole[::-1]
    alone = Corpus("keeper", "drafts", corpus.documents[:1], {})
    assert apply_condition(claim, alone, CONDITIONS[name], seed).documents == whole[:1]
