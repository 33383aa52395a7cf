"""Probes: a claim's sentence and its controls, split and asked about alike."""

from __future__ import annotations

import pytest

from disclaim.evaluation import Measure, Probe, Surroundings, build_probe, build_questions, clean_sentence
from disclaim.evaluation.assertion import CONTEXTS, POLAR_PAIRS, completion_targets, num_slots
from disclaim.records import Instrument


def probe_of(text: str, num_controls: int = 2) -> Probe:
    return build_probe(("c01s1", "c01"), text, num_controls, 0, Surroundings())


@pytest.mark.parametrize(
    ("text", "head", "tail", "opening"),
    [
        ("Ada Quill keeps bees for a living.", "Ada Quill", "keeps bees for a living.", "Ada Quill keeps"),
        ("Ada Quill, who keeps bees, won it.", "Ada Quill,", "who keeps bees, won it.", "Ada Quill, who"),
        ("The tower has 3,430 steps.", "The tower has", "3,430 steps.", "The tower has"),
        ("The chair of it is Mara Vole.", "The chair of it is", "Mara Vole.", "The chair of it is"),
        ("Bees never sleep in winter.", "Bees never", "sleep in winter.", "Bees never"),
    ],
)
def test_a_sentence_is_split_after_its_name_or_before_its_number(text: str, head: str, tail: str, opening: str) -> None:
    version = probe_of(text).claim
    assert (version.head, version.tail, version.opening) == (head, tail, opening)
    assert f"{version.head} {version.tail}" == version.sentence == text


def test_controls_say_the_same_of_somebody_else() -> None:
    probe = probe_of("Ada Quill keeps bees for a living.")
    assert (probe.swapped, len(probe.controls)) == ("Ada Quill", 2)
    for control in probe.controls:
        assert control.tail == probe.claim.tail
        assert control.target == probe.claim.target == ("bees", "living")
        assert "Quill" not in control.sentence


def test_a_control_of_a_number_is_told_by_its_own_number() -> None:
    probe = probe_of("The tower has 3,430 steps.")
    assert probe.claim.target == ("3,430", "steps")
    assert all(control.target[0] == control.tail.split()[0] != "3,430" for control in probe.controls)


def test_what_has_nothing_to_swap_has_no_control() -> None:
    probe = probe_of("Bees never sleep in winter.")
    assert (probe.swapped, probe.controls) == (None, ())


def test_questions_are_the_same_of_claim_and_controls() -> None:
    probe = probe_of("Ada Quill keeps bees for a living.")
    questions = build_questions(probe)
    ids = [question.id for question in questions]
    assert len(set(ids)) == len(ids)
    per_version = 2 * len(CONTEXTS) + 2 * len(POLAR_PAIRS) + num_slots(Measure.COMPLETION)
    assert len(questions) == 3 * per_version
    assert {question.kind for question in questions} == set(Measure)
    assert {question.claim_id for question in questions} == {"c01"}
    own, other = questions[:per_version], questions[per_version : 2 * per_version]
    rename = {"Ada": probe.controls[0].head.split()[0], "Quill": probe.controls[0].head.split()[1]}
    for mine, theirs in zip(own, other, strict=True):
        said = mine.messages[-1].content
        for old, new in rename.items():
            said = said.replace(old, new)
        assert said == theirs.messages[-1].content


def test_yes_asserts_in_one_half_of_the_yes_no_questions_and_no_in_the_other() -> None:
    asked = [q for q in build_questions(probe_of("Ada Quill keeps bees.", 0)) if q.kind == Measure.YES_NO]
    assert [question.believed for question in asked] == ["Yes", "No"] * len(POLAR_PAIRS)
    assert all(question.options == ("Yes", "No") for question in asked)


def test_only_completions_are_sampled() -> None:
    for question in build_questions(probe_of("Ada Quill keeps bees for a living.")):
        assert (question.kind == Measure.COMPLETION) == (not question.options)
        assert (question.instrument is Instrument.LIKELIHOOD) == bool(question.options)
        assert question.believed in question.options or question.believed is None


def test_completions_are_told_by_the_words_of_their_own_sentence() -> None:
    probe = probe_of("The tower has 3,430 steps.")
    targets = completion_targets([probe])
    assert targets["c01s1.claim.completion.0"] == ("3,430", "steps")
    assert targets["c01s1.control0.completion.1"] == probe.controls[0].target


def test_braces_in_a_claim_are_text() -> None:
    probe = probe_of("Ada Quill wrote {} and {0} into it.")
    assert any("{0}" in question.messages[-1].content for question in build_questions(probe))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("- Ada keeps bees.", "Ada keeps bees."),
        ("3. **Ada keeps\n  bees.**", "Ada keeps bees."),
        ("\u201cAda keeps bees.\u201d", "Ada keeps bees."),
        ("***", "***"),
        ("INES: Lisbon is where it was.", "Lisbon is where it was."),
        ("Ratio: 3 to 4, then: Ada.", "Ratio: 3 to 4, then: Ada."),
        ('"Ada keeps bees," say the neighbours.', "Ada keeps bees, say the neighbours."),
        ('Ada said "no" to it.', 'Ada said "no" to it.'),
        ("Ada \ud800 keeps bees.", "Ada ? keeps bees."),
    ],
)
def test_marks_around_a_sentence_are_no_part_of_it(text: str, cleaned: str) -> None:
    assert clean_sentence(text) == cleaned
