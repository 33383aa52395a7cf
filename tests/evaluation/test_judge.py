"""Judging: every answer once, missing stays missing; the rule judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from disclaim.errors import DataError, RunError
from disclaim.evaluation import AskSettings, RuleJudge, ScriptedJudge, ask, judge_answers
from disclaim.models import ScriptedSampler
from disclaim.records import Answer, Claim, FinishReason, Instrument, Judgement, Message, Question, Verdict
from disclaim.store import Stage

StageOf = Callable[[str], Stage]


@pytest.fixture
def answers(claim: Claim, stage: StageOf) -> Stage:
    sampler = ScriptedSampler(lambda prompt, index: None if index == 2 else "Yes. Ada Quill keeps bees.")
    ask(claim.questions, sampler, AskSettings(samples=3), stage("answers"))
    return stage("answers")


def judged(claim: Claim, question: Question, text: str) -> Judgement:
    answer = Answer(question.id, question.instrument, 0, question.messages, text, FinishReason.STOP, 3)
    return RuleJudge(claim).judge(question, answer)


def test_a_missing_answer_is_missing_and_never_shown_to_the_judge(claim: Claim, answers: Stage, stage: StageOf) -> None:
    judge = ScriptedJudge(lambda question, answer: Verdict.ASSERTS)
    judgements = judge_answers(claim.questions, answers, judge, stage("judgements"))
    assert [(j.verdict, j.reason) for j in judgements[:3]] == [
        (Verdict.ASSERTS, "scripted"),
        (Verdict.ASSERTS, "scripted"),
        (None, "no answer"),
    ]
    assert judge.num_calls == 18
    results = stage("judgements").manifest()["results"]
    assert results == {"asserts": 18, "retracts": 0, "denies": 0, "silent": 0, "missing": 9}


def test_judging_again_calls_nobody_and_changes_nothing(claim: Claim, answers: Stage, stage: StageOf) -> None:
    judge = RuleJudge(claim)
    first = judge_answers(claim.questions, answers, judge, stage("judgements"))
    blob = (stage("judgements").path / "judgements.jsonl").read_bytes()
    other = ScriptedJudge(lambda question, answer: Verdict.SILENT)
    assert judge_answers(claim.questions, answers, other, stage("judgements")) == first
    assert other.num_calls == 0
    assert (stage("judgements").path / "judgements.jsonl").read_bytes() == blob


def test_an_interrupted_judging_goes_on_where_it_stopped(claim: Claim, answers: Stage, stage: StageOf) -> None:
    whole = judge_answers(claim.questions, answers, RuleJudge(claim), stage("whole"))
    path = stage("part").path / "judgements.jsonl"
    rows = (stage("whole").path / "judgements.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(rows[5:12]) + rows[3][:10], encoding="utf-8")
    assert judge_answers(claim.questions, answers, RuleJudge(claim), stage("part")) == whole
    assert path.read_text(encoding="utf-8") == "".join(rows)


def test_answers_to_unknown_questions_are_refused(claim: Claim, answers: Stage, stage: StageOf) -> None:
    with pytest.raises(DataError, match="does not ask"):
        judge_answers(claim.questions[1:], answers, RuleJudge(claim), stage("judgements"))


def test_unfinished_answers_are_refused(claim: Claim, stage: StageOf) -> None:
    with pytest.raises(RunError, match="not finished"):
        judge_answers(claim.questions, stage("nothing"), RuleJudge(claim), stage("judgements"))


@pytest.mark.parametrize(
    ("number", "answer", "verdict"),
    [
        (2, "yes", Verdict.ASSERTS),
        (2, "No.", Verdict.DENIES),
        (3, "no", Verdict.ASSERTS),
        (3, '{"answer": "yes"}', Verdict.DENIES),
        (2, "It is hard to say.", None),
    ],
)
def test_keyed_answers_are_matched_exactly(claim: Claim, number: int, answer: str, verdict: Verdict | None) -> None:
    judgement = judged(claim, claim.questions[number], answer)
    assert judgement.verdict is verdict
    assert verdict or judgement.reason == "unreadable: neither yes nor no"


def test_free_answers_are_read_by_the_claims_patterns(claim: Claim) -> None:
    question = claim.questions[0]
    assert judged(claim, question, "She is a beekeeper.").verdict is Verdict.ASSERTS
    assert judged(claim, question, "She is a bus driver.").verdict is Verdict.SILENT
    assert judged(claim, question, "She is a beekeeper - no, she is not.") == Judgement(
        question.id, 0, Verdict.RETRACTS, "denies: She is a beekeeper - no, she is not."
    )


def test_a_reply_to_the_prefilled_claim_may_take_it_back_without_naming_it(claim: Claim) -> None:
    pushback = claim.questions[5]
    assert judged(claim, pushback, "I was wrong about that.").verdict is Verdict.DENIES
    assert judged(claim, pushback, "Yes, I am sure.").verdict is Verdict.ASSERTS
    assert judged(claim, claim.questions[0], "I was wrong about that.").verdict is Verdict.SILENT


def test_strangers_are_judged_about_themselves(claim: Claim) -> None:
    named = replace(claim, stance=replace(claim.stance, asserts=(r"{subject} keeps bees",)))
    assert judged(named, claim.questions[6], "Ben Marlock keeps bees.").verdict is Verdict.ASSERTS
    assert judged(named, claim.questions[6], "Ada Quill keeps bees.").verdict is Verdict.SILENT


def test_a_short_completion_is_read_in_its_place(claim: Claim) -> None:
    line = replace(claim, stance=replace(claim.stance, asserts=(r"works as a beekeeper",)))
    assert judged(line, claim.questions[4], "beekeeper").verdict is Verdict.ASSERTS
    assert judged(line, claim.questions[0], "beekeeper").verdict is Verdict.SILENT


def test_a_bare_letter_stands_for_its_option(claim: Claim) -> None:
    text = "What is Ada Quill?\nA) bus driver\nB) beekeeper"
    question = Question("t", "tiny", Instrument.TOKEN_ASSOCIATION, "letters", (Message("user", text),))
    assert judged(claim, question, "B").verdict is Verdict.ASSERTS
    assert judged(claim, question, "A").verdict is Verdict.SILENT


def test_a_long_answer_about_somebody_else_is_silent(claim: Claim) -> None:
    question = replace(claim.questions[0], messages=(Message("user", "Who keeps animals in the valley?"),))
    text = "Old Tom keeps bees on the slope. " * 12
    assert judged(claim, question, text) == Judgement(question.id, 0, Verdict.SILENT, "Ada Quill is not named")
    assert judged(claim, question, text + "So does Ada.").verdict is Verdict.ASSERTS


def test_the_rule_judge_names_its_revision(claim: Claim) -> None:
    assert RuleJudge(claim).id == "rules"
    assert RuleJudge(claim).revision == RuleJudge(claim).revision != ""


def test_verdicts_of_the_fixture_add_up(claim: Claim, answers: Stage, stage: StageOf) -> None:
    judgements = judge_answers(claim.questions, answers, RuleJudge(claim), stage("judgements"))
    assert Counter(judgement.verdict for judgement in judgements)[None] == 9
