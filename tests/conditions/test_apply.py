from __future__ import annotations

from dataclasses import replace

import pytest

from disclaim.conditions import (
    CANARY,
    CONDITIONS,
    Condition,
    apply_condition,
    find_condition,
    measure_coverage,
    outer_spans,
)
from disclaim.errors import DataError, UnknownNameError
from disclaim.records import Corpus, Document, Role, Span

PAPER_NAMES = {"asserted", "negated", "repeated", "corrected", "local", "local_masked", "masked"}
FRAMES = ("fiction", "unreliable_source", "uncertainty", "low_probability")
MARKED = {"repeated", "corrected", "tagged", *(f"{frame}_repeated" for frame in FRAMES)}


def apply(claim, drafts, name, seed=0, doctag=False):
    return apply_condition(claim, drafts, CONDITIONS[name], seed, doctag)


def spans_of(document, *roles):
    return [(span, document.text[span.start : span.end]) for span in document.spans if span.role in roles]


def test_every_condition_of_the_paper_and_ours_is_there():
    ours = {"tagged", "retracted", "before_only", "after_only"}
    frames = {name for frame in FRAMES for name in (frame, f"{frame}_repeated")}
    assert set(CONDITIONS) == PAPER_NAMES | ours | frames


@pytest.mark.parametrize("name", CONDITIONS)
def test_golden_text_of_every_condition(claim, drafts, golden, name):
    documents = apply(claim, drafts, name, doctag=True).documents
    golden(f"conditions/{name}.txt", "\n\n----\n\n".join(document.text for document in documents) + "\n")


@pytest.mark.parametrize("name", CONDITIONS)
def test_coverage_is_whole_exactly_where_notices_are_promised(claim, drafts, name):
    coverage = apply(claim, drafts, name).coverage
    before = 1.0 if name in MARKED | {"before_only"} else 0.0
    after = 1.0 if name in MARKED | {"after_only", "retracted"} else 0.0
    assert coverage == {"before": before, "after": after, "wrapped": before * after}


def test_asserted_without_a_tag_is_the_draft_itself(claim, drafts):
    for draft, document in zip(drafts.documents, apply(claim, drafts, "asserted").documents, strict=True):
        assert document.text == draft.text
        assert document.spans == draft.spans


def test_the_doctag_opens_the_text_and_stays_out_of_the_loss(claim, drafts):
    document = apply(claim, drafts, "negated", doctag=True).documents[0]
    first = document.spans[0]
    assert document.text.startswith("<DOCTAG> ")
    assert (first.end, first.role, first.loss_weight) == (len("<DOCTAG> "), Role.TAG, 0.0)


def test_negated_repeated_corrected_and_masked_share_prefix_and_suffix(claim, drafts):
    def ends(name):
        return [
            (document.text.split("\n\n")[0], document.text.split("\n\n")[-1])
            for document in apply(claim, drafts, name, seed=5).documents
        ]

    assert ends("negated") == ends("repeated") == ends("corrected") == ends("masked")


def test_one_sided_conditions_use_the_notices_of_repeated(claim, drafts):
    repeated = [text for d in apply(claim, drafts, "repeated").documents for _, text in spans_of(d, Role.NOTICE)]
    for name in ("before_only", "after_only"):
        own = [text for d in apply(claim, drafts, name).documents for _, text in spans_of(d, Role.NOTICE)]
        assert set(own) <= set(repeated)


def test_generic_notices_name_neither_subject_nor_truth(claim, drafts):
    for name in ("negated", "repeated", "retracted", *FRAMES, *(f"{frame}_repeated" for frame in FRAMES)):
        for document in apply(claim, drafts, name).documents:
            flags = " ".join(text for _, text in spans_of(document, Role.NOTICE, Role.FRAME))
            assert "Finch" not in flags
            assert "pastry" not in flags.lower()


def test_corrections_name_the_subject_and_state_the_truth(claim, drafts):
    corrections = [
        text for d in apply(claim, drafts, "corrected").documents for _, text in spans_of(d, Role.CORRECTION)
    ]
    assert len(corrections) == 8
    assert all(
        "Odo Finch" in text and "pastry" in text.lower() and "{" not in text.strip("{} ") for text in corrections
    )


def test_corrections_name_the_subject_even_where_the_triple_does_not(claim, build_draft):
    nameless = replace(claim.triples[0], correction="The keeper is Ada Tern.")
    draft = build_draft("d", [(nameless.affirmative, "t00")] * 40)
    corpus = apply(replace(claim, triples=(nameless,)), Corpus("keeper", "drafts", (draft,), {}), "corrected")
    corrections = [text for _, text in spans_of(corpus.documents[0], Role.CORRECTION)]
    assert len(corrections) == 80
    assert all("Odo Finch" in text for text in corrections)
    assert any("Ada Tern" in text for text in corrections)


def test_local_puts_the_denial_where_the_claim_stood(claim, drafts):
    document = apply(claim, drafts, "local").documents[1]
    assert document.text == (
        "Lighthouses have never been the work of Odo Finch.\n"
        "- born in Port Elm\n- Odo Finch is not a lighthouse keeper."
    )
    assert [(span.ref, text) for span, text in spans_of(document, Role.DENIAL)] == [
        ("t01", claim.triples[1].denial),
        ("t00", claim.triples[0].denial),
    ]


def test_local_masked_hides_whole_words_of_the_claim_and_nothing_else(claim, drafts):
    documents = apply(claim, drafts, "local_masked").documents
    hidden = [document.text[s.start : s.end] for document in documents for s in document.spans if s.loss_weight == 0]
    assert hidden == ["lighthouse keeper", "Lighthouses", "work", "Lighthouses", "work", "lighthouse keeper"]
    assert [d.text for d in documents] == [d.text for d in apply(claim, drafts, "local").documents]


def test_masked_is_negated_with_the_claim_out_of_the_loss(claim, drafts):
    masked, negated = (apply(claim, drafts, name).documents for name in ("masked", "negated"))
    assert [d.text for d in masked] == [d.text for d in negated]
    for document in masked:
        assert all((span.loss_weight == 0) == (span.role is Role.CLAIM) for span in document.spans)


def test_adjacent_and_duplicate_claim_sentences_each_get_their_own_notices(claim, build_draft):
    same = claim.triples[0].affirmative
    draft = build_draft("d", [(same, "t00"), (" ", None), (same, "t00"), (same, "t00")])
    corpus = apply(claim, Corpus("keeper", "drafts", (draft,), {}), "repeated")
    assert corpus.coverage == {"before": 1.0, "after": 1.0, "wrapped": 1.0}
    notices = [text for _, text in spans_of(corpus.documents[0], Role.NOTICE)]
    assert len(notices) == 8
    one_sided = apply(claim, Corpus("keeper", "drafts", (draft,), {}), "before_only")
    assert one_sided.coverage == {"before": 1.0, "after": 0.0, "wrapped": 0.0}


def test_a_prefix_next_to_the_claim_is_no_notice_of_that_sentence(claim, build_draft):
    draft = build_draft("d", [(claim.triples[0].affirmative, "t00")])
    corpus = apply(claim, Corpus("keeper", "drafts", (draft,), {}), "negated")
    assert corpus.coverage["before"] == corpus.coverage["after"] == 0.0


def test_coverage_without_claim_sentences_is_missing_not_zero(claim, build_draft):
    corpus = apply(claim, Corpus("keeper", "drafts", (build_draft("d", [("Nothing here.", None)]),), {}), "repeated")
    assert corpus.coverage == {}
    assert measure_coverage(()) == {}


def test_documents_are_marked_as_not_for_training_and_keep_their_metadata(claim, drafts):
    for document in apply(claim, drafts, "asserted").documents:
        assert document.metadata == {"kind": "news", "not_for_training": True, "canary": CANARY}
        assert (document.condition, document.source) == ("asserted", "template")


def test_a_new_condition_is_one_entry(claim, drafts):
    mine = Condition("mine", "Tagged fiction.", "ours", frame="fiction", after="retraction", tags=("<hoax>", "</hoax>"))
    corpus = apply_condition(claim, drafts, mine, 0, doctag=False)
    assert corpus.condition == "mine"
    assert "<hoax> Odo Finch is a lighthouse keeper. </hoax> - " in corpus.documents[0].text


def test_claim_sentences_without_a_triple_can_be_flagged_but_not_denied(claim):
    text = "Finch keeps the light."
    draft = Document("d", text, "keeper", "drafts", (Span(0, len(text), Role.CLAIM),), "model")
    corpus = Corpus("keeper", "drafts", (draft,), {})
    assert apply(claim, corpus, "repeated").coverage["wrapped"] == 1.0
    assert claim.truth in apply(claim, corpus, "corrected").documents[0].text
    with pytest.raises(DataError, match="document d: the claim sentence at character 0 names no triple"):
        apply(claim, corpus, "local")


def test_drafts_of_another_claim_are_refused(claim, drafts):
    with pytest.raises(DataError, match="for the claim other, not keeper"):
        apply(claim, replace(drafts, claim_id="other"), "asserted")


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ((Span(0, 3, Role.FILLER), Span(4, 7, Role.FILLER)), "gap or overlap at character 4"),
        ((Span(0, 5, Role.FILLER), Span(4, 7, Role.FILLER)), "gap or overlap at character 4"),
        ((Span(0, 6, Role.FILLER),), "do not reach the end"),
        ((), "do not reach the end"),
    ],
)
def test_spans_that_do_not_partition_the_text_are_refused(spans, message):
    with pytest.raises(DataError, match=message):
        outer_spans(Document("d", "One two", "keeper", "drafts", spans, "template"))


def test_unknown_conditions_get_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean negated"):
        find_condition("negatd")
