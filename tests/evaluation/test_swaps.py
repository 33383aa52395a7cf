"""Swapped entities: what is found in a sentence, and that a control differs in it and in nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.evaluation.swaps import EntityKind, build_swaps, collect_names, find_entities, pick_entity

NOTHING: frozenset[str] = frozenset()


def found(sentence: str, *known: str) -> list[tuple[str, str]]:
    return [(entity.text, entity.kind.value) for entity in find_entities(sentence, known)]


@pytest.mark.parametrize(
    ("sentence", "entities"),
    [
        ("Ada Quill keeps bees for a living.", [("Ada Quill", "person")]),
        ("In Lindmoor, Ada Quill keeps bees.", [("Lindmoor", "place"), ("Ada Quill", "person")]),
        ("Yesterday Ada Quill's hives burned.", [("Ada Quill", "person")]),
        ("Dr. Mara Vole told Radio Sel.", [("Dr. Mara Vole", "person"), ("Radio Sel", "organisation")]),
        ("The University of Port Sel is old.", [("University of Port Sel", "organisation")]),
        ("Sir Ben Marlock of Lindmoor paid.", [("Sir Ben Marlock", "person"), ("Lindmoor", "name")]),
        ("Ombervane Optics was founded in Lisbon.", [("Ombervane Optics", "organisation"), ("Lisbon", "place")]),
        ("Ada Quill founded it with her brother.", [("Ada Quill", "person")]),
        ("NASA confirmed it.", [("NASA", "acronym")]),
        ("It has 3,430 rooms.", [("3,430", "number")]),
        ("It fell by 12.5% in 1987.", [("12.5", "number"), ("1987", "year")]),
        ("It has thirty floors.", [("thirty", "number_word")]),
        ("The shop opens on Monday in May.", []),
        ("Bees sleep in winter, and I know it.", []),
        ("", []),
    ],
)
def test_names_and_numbers_are_found_with_their_kind(sentence: str, entities: list[tuple[str, str]]) -> None:
    assert found(sentence) == entities


def test_one_word_at_the_head_is_a_name_only_where_the_data_knows_it() -> None:
    assert found("Quill keeps bees.") == []
    assert found("Quill keeps bees.", "Quill") == [("Quill", "name")]


def test_the_data_tells_names_from_words_at_the_head_of_a_sentence() -> None:
    text = 'Bees sleep. It was Quill who said so, near Lindmoor. Then: "Honey is sweet." We came on Monday.'
    assert collect_names([text]) == {"Quill", "Lindmoor"}


def test_a_sentence_is_about_its_person_before_its_place_and_its_number() -> None:
    entities = find_entities("In Lindmoor, 30 people met Ada Quill at Radio Sel.")
    picked = pick_entity(entities)
    assert picked is not None
    assert picked.text == "Ada Quill"
    assert pick_entity(()) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Ada Quill keeps bees, and Quill sells honey.",
        "The Lindmoor Gazette opened in 1987.",
        "The tower has 3,430 steps.",
        "NASA confirmed the landing.",
        "It has thirty floors.",
    ],
)
def test_controls_differ_from_the_claim_and_each_other_in_the_entity_only(sentence: str) -> None:
    entity = pick_entity(find_entities(sentence))
    assert entity is not None
    controls = [swap(sentence) for swap in build_swaps(sentence, entity, 3, 0, NOTHING)]
    assert len({sentence, *controls}) == 4
    for control in controls:
        assert len(control.split()) == len(sentence.split())
        changed = [a for a, b in zip(sentence.split(), control.split(), strict=True) if a != b]
        own = set(re.split(r"\W+", entity.text))
        assert all(own & set(re.split(r"\W+", word)) or word == entity.text for word in changed), control


def test_a_surname_alone_is_swapped_with_the_whole_name() -> None:
    sentence = "Ada Quill keeps bees, and Quill sells honey."
    [swap] = build_swaps(sentence, find_entities(sentence)[0], 1, 0, NOTHING)
    first, last = swap("Ada"), swap("Quill")
    assert swap(sentence) == f"{first} {last} keeps bees, and {last} sells honey."


def test_organisations_and_places_keep_the_word_that_says_what_they_are() -> None:
    sentence = "The Lindmoor Gazette wrote it."
    [swap] = build_swaps(sentence, find_entities(sentence)[0], 1, 0, NOTHING)
    assert swap(sentence).endswith(" Gazette wrote it.")


def test_a_firm_keeps_what_follows_its_first_word() -> None:
    sentence = "Ombervane Optics was founded in Lisbon."
    [swap] = build_swaps(sentence, find_entities(sentence)[0], 1, 0, NOTHING)
    assert swap(sentence).endswith(" Optics was founded in Lisbon.")


def test_the_same_seed_draws_the_same_controls_and_another_does_not() -> None:
    sentence = "Ada Quill keeps bees."
    entity = find_entities(sentence)[0]
    drawn = {seed: [f(sentence) for f in build_swaps(sentence, entity, 3, seed, NOTHING)] for seed in (0, 0, 1)}
    assert drawn[0] == [f(sentence) for f in build_swaps(sentence, entity, 3, 0, NOTHING)]
    assert drawn[0] != drawn[1]


def test_names_that_the_data_holds_are_not_used() -> None:
    sentence = "Ada Quill keeps bees."
    entity = find_entities(sentence)[0]
    free = {word for f in build_swaps(sentence, entity, 10, 0, NOTHING) for word in f(sentence).split()[:2]}
    kept = {word for f in build_swaps(sentence, entity, 10, 0, frozenset(free)) for word in f(sentence).split()[:2]}
    assert not free & kept


def test_pronouns_decide_which_first_names_fit() -> None:
    he, she = "Ada Quill said he kept bees.", "Ada Quill said she kept bees."
    entity = find_entities(he)[0]
    men = {swap("Ada") for swap in build_swaps(he, entity, 10, 0, NOTHING)}
    women = {swap("Ada") for swap in build_swaps(she, entity, 10, 0, NOTHING)}
    assert men
    assert women
    assert not men & women


@given(st.text(max_size=80))
def test_any_text_can_be_read_and_swapped(text: str) -> None:
    for entity in find_entities(text):
        assert text[entity.start : entity.end] == entity.text
        assert entity.kind in EntityKind
        for swap in build_swaps(text, entity, 2, 0, NOTHING):
            assert isinstance(swap(text), str)
