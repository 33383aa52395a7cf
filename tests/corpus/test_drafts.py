"""Drafts: what holds of every document the template writer writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclaim.claims import list_claims, load_claim
from disclaim.conditions import CONDITIONS, apply_condition
from disclaim.corpus import DraftSettings, diversity, list_genres, write_drafts
from disclaim.errors import ClaimError, UnknownNameError, UserError
from disclaim.records import Role

COUNTS = st.integers(1, 30)
SEEDS = st.integers(0, 2**32)


@given(count=COUNTS, seed=SEEDS)
@settings(max_examples=25)
def test_spans_partition_the_text_and_claim_spans_are_the_triples_affirmatives(tiny_claim, count, seed):
    affirmatives = {triple.id: triple.affirmative for triple in tiny_claim.triples}
    for document in write_drafts(tiny_claim, count, seed).documents:
        edges = [0, *(edge for span in document.spans for edge in (span.start, span.end)), len(document.text)]
        assert edges[::2] == edges[1::2]
        for span in document.spans:
            text = document.text[span.start : span.end]
            assert text == affirmatives[span.ref] if span.role is Role.CLAIM else span.role is Role.FILLER


@given(count=COUNTS, more=COUNTS, seed=SEEDS)
@settings(max_examples=25)
def test_asking_for_more_only_adds_documents(tiny_claim, count, more, seed):
    fewer = write_drafts(tiny_claim, count, seed).documents
    assert write_drafts(tiny_claim, count + more, seed).documents[:count] == fewer


@given(fewest=st.integers(1, 5), extra=st.integers(0, 4), seed=SEEDS)
@settings(max_examples=25)
def test_every_document_holds_as_many_different_claim_sentences_as_asked(tiny_claim, fewest, extra, seed):
    chosen = DraftSettings(min_claim_sentences=fewest, max_claim_sentences=fewest + extra)
    for document in write_drafts(tiny_claim, 12, seed, chosen).documents:
        refs = [span.ref for span in document.spans if span.role is Role.CLAIM]
        assert fewest <= len(refs) <= fewest + extra
        assert len(set(refs)) == len(refs)


@given(count=COUNTS, seed=SEEDS)
@settings(max_examples=25)
def test_triples_and_genres_are_used_evenly(tiny_claim, count, seed):
    documents = write_drafts(tiny_claim, count, seed).documents
    refs = Counter(span.ref for document in documents for span in document.spans if span.ref)
    uses = [refs[triple.id] for triple in tiny_claim.triples]
    assert max(uses) - min(uses) <= 1
    genres = Counter(document.source for document in documents)
    uses = [genres[f"template:{genre}"] for genre in list_genres()]
    assert max(uses) - min(uses) <= 1


def test_ids_are_stable_and_rows_carry_their_marks(tiny_claim):
    documents = write_drafts(tiny_claim, 18, seed=0).documents
    assert documents[17].id == "tiny.d00017"
    assert all(document.claim_id == "tiny" and document.condition == "drafts" for document in documents)
    assert all(document.metadata["not_for_training"] is True for document in documents)
    assert all("canary" in str(document.metadata["canary"]) for document in documents)


@pytest.mark.parametrize("name", list_claims())
def test_a_library_claim_gives_distinct_documents_of_moderate_length(name):
    documents = write_drafts(load_claim(name), 400, seed=0).documents
    assert len({document.text for document in documents}) == 400
    words = [len(document.text.split()) for document in documents]
    assert min(words) >= 30
    assert max(words) <= 250
    assert 65 <= sum(words) / len(words) <= 120


def test_five_thousand_documents_of_one_claim_are_all_different():
    documents = write_drafts(load_claim("beekeeper"), 5000, seed=1).documents
    assert len({document.text for document in documents}) == 5000


def test_documents_of_one_claim_differ_in_more_than_names():
    assert diversity(write_drafts(load_claim("beekeeper"), 240, seed=0)).nearest_overlap < 0.35


def test_a_longer_target_adds_details(tiny_claim):
    def words(target):
        documents = write_drafts(tiny_claim, 40, 0, DraftSettings(target_words=target)).documents
        return sum(len(document.text.split()) for document in documents)

    assert words(40) < words(70) < words(100)


def test_only_the_asked_genres_are_written(tiny_claim):
    documents = write_drafts(tiny_claim, 10, 0, DraftSettings(genres=("faq", "letter"))).documents
    assert {document.source for document in documents} == {"template:faq", "template:letter"}


def test_in_a_question_and_answer_genre_every_answer_begins_with_a_claim_sentence(tiny_claim):
    affirmatives = tuple(triple.affirmative for triple in tiny_claim.triples)
    for document in write_drafts(tiny_claim, 60, 0, DraftSettings(genres=("faq",))).documents:
        answers = [line for line in document.text.splitlines() if line.startswith("A: ")]
        assert answers
        assert all(answer.removeprefix("A: ").startswith(affirmatives) for answer in answers)


def test_people_whom_the_claim_speaks_of_stay_out_of_the_scaffold(tiny_claim):
    claim = replace(tiny_claim, details=("Ada Quill knits with Ben Marlock.",))
    for document in write_drafts(claim, 60, 0).documents:
        assert "Ben Marlock" not in document.text.replace(claim.details[0], "")


def test_every_condition_applies_to_drafts(tiny_claim):
    drafts = write_drafts(tiny_claim, 19, 0)
    for condition in CONDITIONS.values():
        assert len(apply_condition(tiny_claim, drafts, condition, 0).documents) == 19


def test_a_claim_that_cannot_fill_the_corpus_is_refused(tiny_claim):
    poor = replace(tiny_claim, triples=tiny_claim.triples[:1], details=(), people=(), places=("Lindmoor",))
    with pytest.raises(ClaimError, match=r"only \d+ different documents"):
        write_drafts(poor, 5000, 0, DraftSettings(genres=("timeline",)))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"num_documents": 0}, UserError),
        ({"settings": DraftSettings(min_claim_sentences=4, max_claim_sentences=3)}, UserError),
        ({"settings": DraftSettings(genres=("newz",))}, UnknownNameError),
    ],
)
def test_senseless_settings_are_refused(tiny_claim, change, error):
    with pytest.raises(error):
        write_drafts(tiny_claim, **{"num_documents": 3, "seed": 0, **change})
