from __future__ import annotations

import re
from collections import Counter

import pytest

from disclaim.conditions import CONDITIONS, apply_condition, list_frames, load_frame
from disclaim.errors import UnknownNameError
from disclaim.records import Corpus, Role

PARAGRAPH_KINDS = ["fiction", "low_probability", "negation", "uncertainty", "unreliable_source"]
SENTENCE_END = re.compile(r"[.!?](?=\s|$)")


def pools(kind):
    frame = load_frame(kind)
    for place in ("prefix", "suffix"):
        paragraph = getattr(frame, place)
        if paragraph:
            yield place, (*paragraph.openers, *paragraph.bodies, *paragraph.closers)
    for place in ("before", "after"):
        if getattr(frame, place):
            yield place, getattr(frame, place)


@pytest.mark.parametrize("kind", list_frames())
def test_every_place_has_sixty_different_short_wordings(kind):
    everything = [wording for _, pool in pools(kind) for wording in pool]
    assert all(len(pool) >= 60 for _, pool in pools(kind))
    assert [wording for wording, n in Counter(w.lower() for w in everything).items() if n > 1] == []
    assert max(len(wording.split()) for wording in everything) <= 14


@pytest.mark.parametrize("kind", PARAGRAPH_KINDS)
def test_kinds_that_open_a_document_have_all_four_places(kind):
    assert [place for place, _ in pools(kind)] == ["prefix", "suffix", "before", "after"]


def test_fiction_never_says_that_the_text_is_false():
    words = " ".join(wording for _, pool in pools("fiction") for wording in pool)
    assert not re.search(r"\b(false|untrue|wrong|incorrect|hoax|lie)\b", words, re.IGNORECASE)


def test_negation_never_hedges():
    words = " ".join(wording for _, pool in pools("negation") for wording in pool)
    assert not re.search(r"\b(may|might|perhaps|possibly|probably|likely|seems?|unverified)\b", words, re.IGNORECASE)


@pytest.fixture(scope="module")
def many(claim, build_draft):
    """A hundred drafts of two claim sentences."""
    first, second = claim.triples
    parts = [(first.affirmative, "t00"), (" And so on. ", None), (second.affirmative, "t01")]
    return Corpus("keeper", "drafts", tuple(build_draft(f"d{i}", parts) for i in range(100)), {})


@pytest.mark.parametrize("kind", PARAGRAPH_KINDS)
def test_prefix_and_suffix_have_four_to_six_sentences_and_vary(claim, many, kind):
    name = "negated" if kind == "negation" else kind
    role = Role.NOTICE if kind == "negation" else Role.FRAME
    corpus = apply_condition(claim, many, CONDITIONS[name], 0)
    flags = [[d.text[s.start : s.end] for s in d.spans if s.role is role] for d in corpus.documents]
    labels = load_frame(kind).labels
    for prefix, suffix in flags:
        body = next((prefix.removeprefix(label) for label in labels if prefix.startswith(label)), prefix)
        assert 4 <= len(SENTENCE_END.findall(body)) <= 6
        assert 4 <= len(SENTENCE_END.findall(suffix)) <= 6
    assert len({prefix for prefix, _ in flags}) > 95
    assert len({suffix for _, suffix in flags}) > 95


def test_about_four_in_five_notices_are_bracketed_in_several_styles(claim, many):
    corpus = apply_condition(claim, many, CONDITIONS["repeated"], 0)
    notices = [
        d.text[s.start : s.end].strip() for d in corpus.documents for s in d.spans if s.role is Role.NOTICE and s.ref
    ]
    opening = Counter(notice[0] for notice in notices if not notice[0].isalpha())
    assert 0.7 < sum(opening.values()) / len(notices) < 0.9
    assert len(opening) >= 6


def test_notices_of_one_document_do_not_repeat_each_other(claim, build_draft):
    sentence = claim.triples[0].affirmative
    draft = build_draft("d", [(sentence, "t00"), (" ", None)] * 60)
    document = apply_condition(claim, Corpus("keeper", "drafts", (draft,), {}), CONDITIONS["before_only"], 0).documents[
        0
    ]
    notices = [document.text[s.start : s.end].strip(" []()<>{}*/") for s in document.spans if s.role is Role.NOTICE]
    assert len(set(notices)) == len(notices) == 60


def test_unknown_frames_are_named():
    with pytest.raises(UnknownNameError, match="unknown kind of frame: ficton"):
        load_frame("ficton")
