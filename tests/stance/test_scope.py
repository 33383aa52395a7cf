"""Negation in the clause: which words a cue governs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.stance import Attitude, attitude_towards, find_scopes, negation_scopes
from disclaim.stance.cues import Cue, load_cues


def attitude(sentence: str, words: str) -> Attitude | None:
    start = sentence.index(words)
    return attitude_towards(find_scopes(sentence), start, start + len(words))


@pytest.mark.parametrize("cue", load_cues().cues, ids=lambda cue: cue.example)
def test_every_cue_governs_the_braced_words_of_its_example(cue: Cue) -> None:
    start, end = cue.example.index("{"), cue.example.index("}") - 1
    sentence = cue.example.replace("{", "").replace("}", "")
    governing = [s for s in find_scopes(sentence) if s.attitude is cue.attitude and s.start <= start and end <= s.end]
    assert governing
    assert attitude_towards(find_scopes(sentence), start, end) is cue.attitude


@pytest.mark.parametrize(
    "sentence",
    [
        "Ed Sheeran won the gold medal.",
        "She not only keeps bees, she sells honey.",
        "She is no doubt a beekeeper.",
        "Nobody denies that she keeps bees.",
        "The story that she keeps bees is not a hoax.",
        "It was not until 2004 that she kept bees.",
        "She never abandoned her bees.",
        "No one other than Mara keeps bees.",
        "Without a doubt she keeps bees.",
        "She works on No. 12 Fuller Lane and keeps bees.",
        "It was a false alarm, and she keeps bees.",
    ],
)
def test_what_only_looks_like_a_negation_opens_no_scope(sentence: str) -> None:
    assert negation_scopes(sentence) == ()


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_contractions_negate_with_either_apostrophe(apostrophe: str) -> None:
    assert attitude(f"She doesn{apostrophe}t keep bees.", "keep bees") is Attitude.NEGATED


def test_won_is_not_read_as_a_contraction() -> None:
    assert negation_scopes("He won gold and wont to smile, cant and all.") == ()
    assert attitude("He won't win gold.", "win gold") is Attitude.NEGATED


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("She is not a plumber but a beekeeper.", "beekeeper"),
        ("She does not drive; she keeps bees.", "keeps bees"),
        ("She does not drive, she keeps bees.", "keeps bees"),
        ("She has not driven since she kept bees.", "kept bees"),
        ("He did not slow down and he won the gold medal.", "won the gold medal"),
        ("Without a licence, she keeps bees.", "keeps bees"),
        ("Unlike her aunt, Mara keeps bees.", "keeps bees"),
        ("A runner with no training won the gold medal.", "won the gold medal"),
        ("He is not rich because he is a dentist.", "dentist"),
        ("Although the rumour is false, she keeps bees.", "keeps bees"),
    ],
)
def test_a_clause_ends_the_scope(sentence: str, words: str) -> None:
    assert attitude(sentence, words) is None


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("Neither Mara nor Colm keeps bees.", "keeps bees"),
        ("Nobody in the valley keeps bees.", "keeps bees"),
        ("It is not true that she keeps bees.", "keeps bees"),
        ("The claim that she keeps bees is false.", "keeps bees"),
        ("She plays well and the claim that she keeps bees is a myth.", "keeps bees"),
        ("The council debunked the story that she keeps bees.", "keeps bees"),
        ("There is no evidence (at all) that she keeps bees.", "keeps bees"),
        ("Although she is famous, the story that she keeps bees was made up.", "keeps bees"),
        ("She hardly ever keeps bees.", "keeps bees"),
        ("She never kept hives, sold honey, or raised bees.", "raised bees"),
    ],
)
def test_denials_reach_the_whole_clause(sentence: str, words: str) -> None:
    assert attitude(sentence, words) is Attitude.NEGATED


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("Some say that she keeps bees.", "keeps bees"),
        ("Does she keep bees?", "keep bees"),
        ("If she were a beekeeper, she would own a veil.", "beekeeper"),
        ("She might be a beekeeper.", "beekeeper"),
        ("I am not sure whether she keeps bees.", "keeps bees"),
        ("She is rumoured to keep bees.", "keep bees"),
        ("The passage says that she does not keep bees.", "keep bees"),
    ],
)
def test_reports_questions_and_suppositions_are_left_open(sentence: str, words: str) -> None:
    assert attitude(sentence, words) is Attitude.UNCOMMITTED


def test_a_predicate_outranks_the_report_inside_its_subject() -> None:
    assert attitude("The rumour that she keeps bees is not true.", "keeps bees") is Attitude.NEGATED


@given(st.text(alphabet=st.sampled_from(list("abn't not no, .?!()[]’’false if is ")), max_size=120))
def test_scopes_lie_inside_the_sentence_and_follow_their_cues(sentence: str) -> None:
    scopes = find_scopes(sentence)
    assert [scope.cue[0] for scope in scopes] == sorted(scope.cue[0] for scope in scopes)
    for scope in scopes:
        assert 0 <= scope.start < scope.end <= len(sentence)
        assert 0 <= scope.cue[0] <= scope.cue[1] <= len(sentence)
