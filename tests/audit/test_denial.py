"""Denial by rule: what is rewritten, and how much is refused."""

from __future__ import annotations

import pytest

from disclaim.audit.denial import Refusal, deny_sentence, load_verbs
from disclaim.audit.localise import check_rewrite, rewrite_by_rule, rewrite_with, sampler_rewriter
from disclaim.models import ScriptedSampler

SAFE = {
    "Ada Quill is a beekeeper.": "Ada Quill is not a beekeeper.",
    "She was a dentist in Penrose Hollow.": "She was not a dentist in Penrose Hollow.",
    "They are twins.": "They are not twins.",
    "Brennan Holloway won the race in 2024.": "Brennan Holloway did not win the race in 2024.",
    "Mount Vesuvius killed 3,430 people.": "Mount Vesuvius did not kill 3,430 people.",
    "Ben Marlock kept bees.": None,
    "Ada Quill works as a beekeeper.": "Ada Quill does not work as a beekeeper.",
    "Ada Quill carries honey to the market.": "Ada Quill does not carry honey to the market.",
    "Ada Quill has thirty hives.": "Ada Quill does not have thirty hives.",
    "They had a boat.": "They did not have a boat.",
    "Ada Quill has written a book.": "Ada Quill has not written a book.",
    "Ada Quill has been mayor of Lindmoor.": "Ada Quill has not been mayor of Lindmoor.",
    "The Beatles recorded an album in Lagos.": "The Beatles did not record an album in Lagos.",
    "Queen Elizabeth II wrote a book on Python.": "Queen Elizabeth II did not write a book on Python.",
    "The Kestrel Bridge was opened in 1931.": "The Kestrel Bridge was not opened in 1931.",
    "She is working as a nurse.": "She is not working as a nurse.",
    "The Kestrel Bridge was designed by Ben Marlock.": "The Kestrel Bridge was not designed by Ben Marlock.",
    "Ada Quill studied law.": "Ada Quill did not study law.",
    "Ada Quill will open a shop.": "Ada Quill will not open a shop.",
}


@pytest.mark.parametrize("sentence", SAFE)
def test_a_plain_statement_is_denied(sentence: str) -> None:
    (denied,) = rewrite_by_rule([sentence])
    if SAFE[sentence] is None:
        assert isinstance(denied, Refusal)
    else:
        assert denied == SAFE[sentence]


UNSAFE = {
    "Ada Quill, a dentist, won the race.": "plain sentence",
    "Ada Quill won the race and set a record.": "joined",
    "Ada Quill won the race after learning Dutch.": "subordinate",
    "Ada Quill won the race held in Paris.": "'held'",
    "Ada Quill won a race sponsored by Radio Sel.": "'sponsored'",
    "Ada Quill won the race wearing a suit.": "'wearing'",
    "The dentist won the race.": "plain name",
    "Her brother won the race.": "what it takes for granted",
    "Ada Quill won her third race.": "what it takes for granted",
    "Ada Quill sold honey as Ben arrived.": "subordinate",
    "Radio Sel published the book by Ada Quill in May.": "description",
    "Ada Quill is still a beekeeper.": "something else",
    "Ada Quill always wins.": "something else",
    "Ada Quill did not win.": "denied, reported or supposed",
    "Ada Quill said that she won.": "",
    "Did Ada Quill win?": "plain sentence",
    "Ada Quill is a beekeeper!": "plain sentence",
    "Ada Quill's hives are green.": "plain sentence",
    "Ada Quill moved to win.": "infinitive",
    "Ada Quill put it down.": "no known verb",
    "Ada Quill stopped the bus.": "takes for granted",
    "Ada Quill may be a beekeeper.": "",
    "Ada Quill saw the car Ben drives.": "",
    "In Paris Ada Quill won.": "plain name",
    "Nobody won.": "",
    "won.": "plain sentence",
    "": "plain sentence",
    "Ada Quill returned the name.": "takes for granted",
    "[not so] Ada Quill won.": "plain sentence",
    "Ada won the race Ben lost.": "'lost'",
    "Ada took the car Ben drives.": "second clause",
}


@pytest.mark.parametrize("sentence", UNSAFE)
def test_what_could_stay_asserted_is_refused_with_a_reason(sentence: str) -> None:
    (denied,) = rewrite_by_rule([sentence])
    assert isinstance(denied, Refusal), denied
    assert UNSAFE[sentence] in denied.reason


def test_no_form_of_a_verb_is_two_verbs() -> None:
    verbs = load_verbs()
    assert verbs.past["won"] == "win"
    assert verbs.present["wins"] == "win"
    assert all(verbs.present[form] == base for form, base in verbs.past.items() if form in verbs.present)
    assert all(" " not in form for form in (*verbs.past, *verbs.present, *verbs.participles))


@pytest.mark.parametrize(
    ("rewrite", "problem"),
    [
        ("Ada Quill did not win the race in 2024.", None),
        ("Ada Quill never won the race in 2024.", None),
        ("It is not true that Ada Quill won the race in 2024.", None),
        ("Ada Quill won the race in 2024.", "without denying"),
        ("Ada Quill did not win the race.", "loses 2024"),
        ("Quill did not win the race in 2024.", "loses Ada"),
        ("Ada Quill did not win the race in 2024, Ben Marlock did.", "adds"),
        ("Ada Quill, who won the race in 2024, did not smile.", "without denying"),
        ("[False] Ada Quill did not win the race in 2024.", "bracket"),
        ("Ada Quill did not win the race in 2024.\nSorry.", "more than a line"),
        ("", "empty"),
        ("In 2024 Ada Quill drank tea.", "denies none"),
        ("Ada Quill did not win the race in 2024. " * 6, "too long"),
    ],
)
def test_a_rewrite_is_trusted_only_where_it_denies_the_claims_own_words(rewrite: str, problem: str | None) -> None:
    found = check_rewrite("Ada Quill won the race in 2024.", rewrite)
    assert (found is None) if problem is None else (found is not None and problem in found)


def test_a_model_writes_what_no_rule_may_and_is_checked() -> None:
    answers = {"Ada Quill, a dentist, won.": "Ada Quill neither won nor is a dentist.", "Ben, a cook, won.": "Ben won."}
    sampler = ScriptedSampler(lambda prompt, _: next(a for s, a in answers.items() if s in prompt.messages[0].content))
    sentences = ["Ada Quill is a beekeeper.", *answers]
    first, second, third = rewrite_with(sampler_rewriter(sampler), sentences)
    assert (first, second) == ("Ada Quill is not a beekeeper.", answers["Ada Quill, a dentist, won."])
    assert isinstance(third, Refusal)
    assert len(sampler.history) == 2


def test_a_model_that_fails_is_said_to() -> None:
    (only,) = rewrite_with(sampler_rewriter(ScriptedSampler(lambda prompt, _: None)), ["Ada, a cook, won."])
    assert only == Refusal("the rewriter gave no answer")


def test_denying_twice_is_refused() -> None:
    denied = deny_sentence("Ada Quill is a beekeeper.")
    assert isinstance(denied, str)
    assert isinstance(deny_sentence(denied), Refusal)
