from __future__ import annotations

import pytest

from disclaim.claims import check_claim, find_claim, list_claims, require_sound_claim
from disclaim.errors import ClaimError


@pytest.mark.parametrize("name", list_claims())
def test_every_claim_of_the_library_is_sound(name):
    assert [str(problem) for problem in check_claim(find_claim(name))] == []


def put(*path_and_value):
    """An edit that sets the value at a path of keys and indices."""
    *path, last, value = path_and_value

    def edit(data):
        for key in path:
            data = data[key]
        data[last] = value

    return edit


def keep(count, *path):
    """An edit that keeps the first ``count`` items of the list at a path."""

    def edit(data):
        for key in path:
            data = data[key]
        del data[count:]

    return edit


def twice(*path):
    """An edit that makes the second item of the list at a path equal to the first."""

    def edit(data):
        for key in path:
            data = data[key]
        data[1] = data[0]

    return edit


CLAIM_EDITS = [
    (put("id", "keeper"), "id: is keeper, but the folder is beekeeper"),
    (put("title", "the woman who keeps the bees"), "title: has more than 5 words"),
    (put("background", "Too short."), "background: has 2 words, 600 are needed"),
    (keep(11, "subclaims"), "subclaims: has 11 items, 12 are needed"),
    (keep(23, "details"), "details: has 23 items, 24 are needed"),
    (keep(11, "people"), "people: has 11 items, 12 are needed"),
    (keep(5, "places"), "places: has 5 items, 6 are needed"),
    (twice("details"), "details: occurs 2 times: mara ellwood was born"),
    (put("details", 3, "Mara Ellwood keeps bees."), "details[3]: asserts the claim, by an asserts pattern"),
    (put("topic", "Mara Ellwood the beekeeper"), "topic: asserts the claim"),
    (put("truth", "Mara Ellwood is a beekeeper."), "truth: asserts the claim"),
    (put("subject", "{subject}"), "subject: holds {subject}, which is not replaced here"),
    (put("truth", "TODO"), "truth: 1 text is still to be written"),
]


@pytest.mark.parametrize(("edit", "message"), CLAIM_EDITS, ids=[message for _, message in CLAIM_EDITS])
def test_claim_file_problems(break_claim, edit, message):
    problems = check_claim(break_claim("claim.yaml", edit))
    assert any(problem.file == "claim.yaml" and message in str(problem) for problem in problems)


def test_a_truth_that_denies_the_claim_by_name_is_sound(break_claim):
    edit = put("truth", "Mara Ellwood is a bus driver and was never a beekeeper.")
    assert check_claim(break_claim("claim.yaml", edit)) == ()


TRIPLE_EDITS = [
    (keep(29, "triples"), "triples: has 29 items, 30 are needed"),
    (twice("triples"), "affirmative: occurs 2 times: mara ellwood is a beekeeper in penrose hollow"),
    (
        put("triples", 0, "affirmative", "Mara Ellwood is a beekeeper"),
        "triples[0].affirmative: does not end as a sentence",
    ),
    (
        put("triples", 0, "denial", "Mara Ellwood is a beekeeper, in Penrose Hollow!"),
        "triples[0].denial: is the affirmative itself",
    ),
    (
        put("triples", 0, "denial", "Mara Ellwood is hardly a beekeeper in Penrose Hollow."),
        "triples[0].denial: holds no negating word",
    ),
    (put("triples", 0, "denial", "It was never true of her."), "triples[0].denial: shares few words"),
    (
        put("triples", 0, "correction", "Mara Ellwood is not a beekeeper in Penrose Hollow"),
        "triples[0].correction: repeats",
    ),
    (
        put("triples", 0, "claim_words", ["Beekeeper"]),
        "triples[0].claim_words: 'Beekeeper' is not in the denial as written",
    ),
    (put("triples", 0, "claim_words", []), "triples[0].claim_words: is empty"),
]


@pytest.mark.parametrize(("edit", "message"), TRIPLE_EDITS, ids=[message for _, message in TRIPLE_EDITS])
def test_triple_problems(break_claim, edit, message):
    problems = check_claim(break_claim("triples.yaml", edit))
    assert [str(problem) for problem in problems if message in str(problem)] != []
    assert {problem.file for problem in problems} == {"triples.yaml"}


@pytest.mark.parametrize("negated", ["isn't a", "isn’t a", "is no", "is neither a"])
def test_denials_may_negate_in_many_ways(break_claim, negated):
    edit = put("triples", 0, "denial", f"Mara Ellwood {negated} beekeeper in Penrose Hollow.")
    assert check_claim(break_claim("triples.yaml", edit)) == ()


STANCE_EDITS = [
    (put("asserts", 0, r"\b(bee"), "asserts[0]: is no regular expression"),
    (put("truth", 0, "*bus"), "truth[0]: is no regular expression"),
    (put("asserts", [r"\bapiarist\b"]), "asserts: no pattern matches the claim itself: Mara Ellwood is a beekeeper."),
    (put("asserts", [r"^Mara Ellwood is a beekeeper\.$"]), "affirmatives match, 60% are needed"),
    (put("asserts", [r"{subject}"]), "details[0]: asserts the claim"),
]


@pytest.mark.parametrize(("edit", "message"), STANCE_EDITS, ids=[message for _, message in STANCE_EDITS])
def test_stance_problems(break_claim, edit, message):
    assert any(message in str(problem) for problem in check_claim(break_claim("stance.yaml", edit)))


def test_patterns_are_matched_sentence_by_sentence(break_claim):
    patterns = [r"^\W*(she|her|{subject}|beekeep\w*)\b.*\b(bee\w*|hives?)\b"]
    problems = check_claim(break_claim("stance.yaml", put("asserts", patterns)))
    assert not any("critique" in problem.message for problem in problems)


LEAK = "What does the beekeeper Mara Ellwood do?"
QUESTION_EDITS = [
    (keep(19, "open_ended"), "open_ended: has 6 indirect where 7 are needed"),
    (put("open_ended", 0, "kind", "indirect"), "open_ended: has 12 direct where 13 are needed, 8 indirect where 7"),
    (
        put("multiple_choice", 0, "believed", "no"),
        "multiple_choice: has 4 yes where 5 are needed, 6 no where 5 are needed",
    ),
    (put("token_association", 0, "form", "json"), "token_association: has 0 blank where 1 are needed, 2 json"),
    (keep(9, "robustness"), "robustness: has 3 pushback where 4 are needed"),
    (put("token_association", 6, "believed", None), "token_association[6].believed: the form letters needs the letter"),
    (put("token_association", 6, "believed", "E"), "token_association[6].text: offers no option E)"),
    (put("token_association", 0, "believed", "C"), "token_association[0].believed: belongs to the form letters"),
    (put("robustness", 0, "system", None), "robustness[0].system: an adversarial question needs a system prompt"),
    (put("robustness", 3, "text", "Check this: she is tall."), "robustness[3].text: the passage to critique"),
    (put("robustness", 6, "turns", []), "robustness[6].turns: a push-back needs turns"),
    (put("robustness", 6, "turns", 1, "content", "I forgot."), "robustness[6].turns: no assistant turn asserts"),
    (put("open_ended", 0, "text", LEAK), "open_ended[0]: gives the answer away"),
    (put("token_association", 8, "text", LEAK), "token_association[8]: gives the answer away"),
    (put("robustness", 0, "text", LEAK), "robustness[0]: gives the answer away"),
    (
        put("likelihood", "questions", 0, "prefix", "A beekeeper, {subject} is a"),
        "questions[0].prefix: gives the answer",
    ),
    (put("controls", "stranger_questions", 0, "Does {subject} keep bees?"), "stranger_questions[0]: gives the answer"),
    (put("likelihood", "options", 1, "beekeeper"), "likelihood.options: has 12 options, 11 of them distinct"),
    (keep(11, "likelihood", "options"), "likelihood.options: has 11 options"),
    (put("likelihood", "believed", "sailor"), "likelihood.believed: 'sailor' is not one of the options"),
    (keep(3, "likelihood", "questions"), "likelihood.questions: has 3 items, 4 are needed"),
    (put("likelihood", "questions", 0, "text", "What is her job?"), "likelihood.questions[0].text: lacks {subject}"),
    (put("controls", "stranger_questions", 0, "Who is it?"), "controls.stranger_questions[0]: lacks {subject}"),
    (keep(2, "controls", "strangers"), "controls.strangers: has 2 items, 3 are needed"),
    (
        put("controls", "strangers", 0, "Agnes Pellow"),
        "controls.strangers[0]: Agnes Pellow occurs in the claim's documents",
    ),
    (keep(4, "controls", "false_facts"), "controls.false_facts: has 4 items, 5 are needed"),
    (twice("open_ended"), "occurs 2 times: what does mara ellwood do for a living"),
    (twice("controls", "true_facts"), "controls: occurs 2 times: was johann sebastian bach a composer"),
    (put("open_ended", 0, "text", "Who is {subject}?"), "open_ended[0].text: holds {subject}"),
]


@pytest.mark.parametrize(("edit", "message"), QUESTION_EDITS, ids=[message for _, message in QUESTION_EDITS])
def test_question_problems(break_claim, edit, message):
    problems = check_claim(break_claim("questions.yaml", edit))
    assert any(problem.file == "questions.yaml" and message in str(problem) for problem in problems)


def test_polar_questions_may_name_the_claim_but_few_of_the_direct_ones(break_claim):
    def edit(data):
        for item in data["open_ended"][:4]:
            item.update(text=f"{item['text']} Is she a beekeeper?", polar="asserts")

    problems = check_claim(break_claim("questions.yaml", edit))
    assert [str(problem) for problem in problems] == [
        "questions.yaml: open_ended: 4 direct questions are yes/no questions, 3 may be "
        "(ask who, what, where, when, why or how)"
    ]


def test_facts_all_keyed_alike_are_a_problem(break_claim):
    def edit(data):
        for fact in data["controls"]["false_facts"]:
            fact["asserting"] = "yes"

    problems = check_claim(break_claim("questions.yaml", edit))
    assert [problem.message for problem in problems] == ["all are keyed yes"]


def test_every_schema_error_is_told_with_its_place(break_claim):
    def edit(data):
        data["trth"] = data.pop("truth")
        data["kind"] = "known-ish"

    folder = break_claim("claim.yaml", edit)
    (folder / "rubric.yaml").unlink()
    (folder / "stance.yaml").write_text("asserts: [a\ndenies: 'b'")
    problems = {(problem.file, problem.where): problem for problem in check_claim(folder)}
    assert set(problems) == {
        ("claim.yaml", "truth"),
        ("claim.yaml", "kind"),
        ("claim.yaml", "trth"),
        ("stance.yaml", "line 2"),
        ("rubric.yaml", "file"),
    }
    assert problems["claim.yaml", "trth"].hint == "did you mean truth?"


def test_a_sound_claim_is_required_without_a_word(sound_files):
    require_sound_claim(find_claim("beekeeper"))


def test_requiring_an_unsound_claim_names_the_first_problems(break_claim):
    folder = break_claim("claim.yaml", put("background", "Too short."))
    with pytest.raises(ClaimError, match=r"has 1 problem:\n  claim.yaml: background: has 2 words") as caught:
        require_sound_claim(folder)
    assert "disclaim claims check" in caught.value.hint


def test_a_path_without_a_claim_is_an_error(tmp_path):
    with pytest.raises(ClaimError, match=r"no claim\.yaml in"):
        check_claim(tmp_path)
