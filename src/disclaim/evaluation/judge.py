"""Judging: answers in, verdicts on disk. A new judge needs no new answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from disclaim.errors import DataError, RunError
from disclaim.evaluation.rows import ANSWERS, JUDGEMENTS, judgement_from_json, load_answers, load_judgements
from disclaim.records import Answer, Judgement, OnProgress, Progress, Question, Verdict, ignore_progress
from disclaim.store import JsonlLog, Stage, write_jsonl

_ANSWERS_PER_BATCH = 64


class Judge(Protocol):
    """A rater of answers about one claim. ``id`` names it, ``revision`` identifies its rules or weights."""

    @property
    def id(self) -> str: ...

    @property
    def revision(self) -> str: ...

    def judge(self, question: Question, answer: Answer) -> Judgement:
        """The rating of one answer; a verdict of None where it cannot be rated, with the reason."""
        ...


class ScriptedJudge:
    """A judge that follows a script, for tests, examples and dry runs."""

    def __init__(self, script: Callable[[Question, Answer], Verdict | None], name: str = "scripted") -> None:
        self._script = script
        self._name = name
        self.num_calls = 0
        """How many answers it has been shown."""

    @property
    def id(self) -> str:
        return self._name

    @property
    def revision(self) -> str:
        return "scripted"

    def judge(self, question: Question, answer: Answer) -> Judgement:
        self.num_calls += 1
        return Judgement(answer.question_id, answer.sample_index, self._script(question, answer), "scripted")


def judge_answers(
    questions: Sequence[Question],
    answers: Stage,
    judge: Judge,
    stage: Stage,
    on_progress: OnProgress = ignore_progress,
) -> tuple[Judgement, ...]:
    """One judgement for each answer of a finished stage, in its order, from the judgements' file or made now.

    Guarantees: an answer whose judgement is on disk is not judged again. A missing answer gets a
    verdict of None and the reason "no answer". The manifest counts each verdict and the missing. Raises RunError where
    the answers are not all there yet, DataError for an answer to a question that is not among ``questions``.
    """
    if stage.is_done():
        return load_judgements(stage.path / JUDGEMENTS)
    if not answers.is_done():
        raise RunError(f"{answers.path} is not finished", "ask all questions before judging the answers")
    asked = load_answers(answers.path / ANSWERS)
    known = {question.id: question for question in questions}
    with JsonlLog(stage.path / JUDGEMENTS) as log:
        rated = [judgement_from_json(row, log.path) for row in log.rows()]
        found = {(item.question_id, item.sample_index): item for item in reversed(rated)}
        missing = [answer for answer in asked if (answer.question_id, answer.sample_index) not in found]
        for start in range(0, len(missing), _ANSWERS_PER_BATCH):
            batch = missing[start : start + _ANSWERS_PER_BATCH]
            rows = [_judge_one(_question_of(answer, known), answer, judge) for answer in batch]
            log.append(rows)
            found.update({(item.question_id, item.sample_index): item for item in rows})
            on_progress(Progress("judgements", len(found), len(asked), "answers"))
    judgements = tuple(found[answer.question_id, answer.sample_index] for answer in asked)
    write_jsonl(stage.path / JUDGEMENTS, judgements)
    stage.finish(count_verdicts(judgements))
    return judgements


def count_verdicts(judgements: Sequence[Judgement]) -> dict[str, int]:
    """What a manifest says about the judgements."""
    counts = Counter(judgement.verdict for judgement in judgements)
    return {**{verdict.value: counts[verdict] for verdict in Verdict}, "missing": counts[None]}


def _question_of(answer: Answer, known: dict[str, Question]) -> Question:
    question = known.get(answer.question_id)
    if question is None:
        raise DataError(
            f"an answer to question {answer.question_id}, which the claim does not ask",
            "judge the answers with the questions of their own study.json",
        )
    return question


def _judge_one(question: Question, answer: Answer, judge: Judge) -> Judgement:
    if answer.answer is None:
        return Judgement(answer.question_id, answer.sample_index, None, "no answer")
    return judge.judge(question, answer)
