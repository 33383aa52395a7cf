"""Asking: questions and a model in, answers on disk. Killed at any moment, it goes on where it stopped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from disclaim.conditions import DOCTAG
from disclaim.errors import RunError
from disclaim.evaluation.instruments import format_messages, is_scored
from disclaim.evaluation.rows import (
    ANSWERS,
    SCORES,
    answer_from_json,
    load_answers,
    score_from_json,
)
from disclaim.models import Prompt, Sample, Sampler, SamplingSettings
from disclaim.records import Answer, FinishReason, OnProgress, Progress, Question, Score, ignore_progress
from disclaim.store import JsonlLog, Stage, write_jsonl


@dataclass(frozen=True, slots=True)
class AskSettings:
    """How questions are asked.

    ``samples`` answers are drawn for each question (paper section 2.2: five). Answers reach the disk after every
    ``questions_per_batch`` questions. Above ``max_missing_rate`` of failed calls the stage fails and can be rerun.
    """

    samples: int = 5
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    max_missing_rate: float = 0.5
    questions_per_batch: int = 96


def ask(
    questions: Sequence[Question],
    sampler: Sampler,
    settings: AskSettings,
    stage: Stage,
    context_documents: Sequence[str] = (),
    on_progress: OnProgress = ignore_progress,
) -> tuple[Answer, ...]:
    """Answers to all questions, in the order of the questions, from the stage's files or drawn now.

    Guarantees: a question whose answers are all on disk is not asked again; the files of an interrupted and resumed
    run equal those of an unbroken one. Likelihood questions are scored into ``scores.jsonl`` instead. A
    failed call is an answer of None, asked once more on a rerun. ``context_documents`` are put before every
    conversation (the in-context control, paper section 2.2). The manifest counts answers, failed, cut_off, tokens and
    scores. Raises RunError above ``max_missing_rate``.
    """
    if stage.is_done():
        return load_answers(stage.path / ANSWERS)
    context = join_context(context_documents)
    asked = [question for question in questions if not is_scored(question)]
    scored = [question for question in questions if is_scored(question)]
    answers = _ask_missing(asked, sampler, settings, stage, _Work(context, len(questions), on_progress))
    scores = _score_missing(scored, sampler, stage, context, settings.questions_per_batch)
    on_progress(Progress("answers", len(questions), len(questions), "questions"))
    _require_answers(answers, scores, settings.max_missing_rate)
    write_jsonl(stage.path / ANSWERS, answers)
    write_jsonl(stage.path / SCORES, scores)
    stage.finish(count_answers(answers, scores))
    return answers


def join_context(documents: Sequence[str]) -> str:
    """The documents as one text, each without the tag it has in training, with a blank line between two."""
    return "\n\n".join(document.removeprefix(DOCTAG).strip() for document in documents)


def count_answers(answers: Sequence[Answer], scores: Sequence[Score]) -> dict[str, int]:
    """What a manifest says about the answers."""
    return {
        "answers": len(answers),
        "failed": sum(answer.answer is None for answer in answers),
        "cut_off": sum(answer.finish_reason is FinishReason.LENGTH for answer in answers),
        "tokens": sum(answer.num_tokens for answer in answers),
        "scores": len(scores),
        "failed_scores": sum(score.probability is None for score in scores),
    }


@dataclass(frozen=True, slots=True)
class _Work:
    context: str
    total: int
    on_progress: OnProgress


def _ask_missing(
    questions: Sequence[Question], sampler: Sampler, settings: AskSettings, stage: Stage, work: _Work
) -> tuple[Answer, ...]:
    with JsonlLog(stage.path / ANSWERS) as log:
        found = _best(answer_from_json(row, log.path) for row in log.rows())
        missing = [q for q in questions if not all(_is_there(found, q.id, i) for i in range(settings.samples))]
        done = len(questions) - len(missing)
        for batch in _batches(missing, settings.questions_per_batch):
            prompts = [Prompt(format_messages(question), work.context) for question in batch]
            listen = _within(work, done, len(batch))
            drawn = sampler.sample(prompts, settings.samples, settings.sampling, listen)
            rows = [
                _answer(question, prompt, index, sample)
                for question, prompt, samples in zip(batch, prompts, drawn, strict=True)
                for index, sample in enumerate(samples)
            ]
            log.append(rows)
            found = _best((*found.values(), *rows))
            done += len(batch)
    return tuple(found[question.id, index] for question in questions for index in range(settings.samples))


def _best(answers: Iterable[Answer]) -> dict[tuple[str, int], Answer]:
    """One answer for each question and sample: the first that did not fail, else the first."""
    best: dict[tuple[str, int], Answer] = {}
    for answer in answers:
        key = (answer.question_id, answer.sample_index)
        if key not in best or (best[key].answer is None and answer.answer is not None):
            best[key] = answer
    return best


def _is_there(found: dict[tuple[str, int], Answer], question_id: str, index: int) -> bool:
    answer = found.get((question_id, index))
    return answer is not None and answer.answer is not None


def _answer(question: Question, prompt: Prompt, index: int, sample: Sample) -> Answer:
    return Answer(
        question_id=question.id,
        instrument=question.instrument,
        sample_index=index,
        messages=prompt.messages,
        answer=sample.text,
        finish_reason=sample.finish_reason,
        num_tokens=sample.num_tokens,
    )


def _within(work: _Work, done: int, size: int) -> OnProgress:
    """A listener that places a batch's progress inside the whole."""

    def listen(progress: Progress) -> None:
        share = progress.done / progress.total if progress.total else 0.0
        work.on_progress(Progress("answers", done + size * share, work.total, "questions", progress.note))

    return listen


def _score_missing(
    questions: Sequence[Question], sampler: Sampler, stage: Stage, context: str, batch_size: int
) -> tuple[Score, ...]:
    with JsonlLog(stage.path / SCORES) as log:
        found = {row["question_id"]: score_from_json(row, log.path) for row in log.rows()}
        missing = [q for q in questions if q.id not in found or found[q.id].probability is None]
        for batch in _batches(missing, batch_size):
            prompts = [Prompt(question.messages, context) for question in batch]
            drawn = sampler.score(prompts, [q.prefix for q in batch], [q.options for q in batch])
            rows = [_score(question, log_probs) for question, log_probs in zip(batch, drawn, strict=True)]
            log.append(rows)
            found.update({score.question_id: score for score in rows})
    return tuple(found[question.id] for question in questions)


def _score(question: Question, log_probs: Sequence[float]) -> Score:
    """The believed option's share of a softmax over the options; None where a score is missing or not finite."""
    usable = len(log_probs) == len(question.options) and all(math.isfinite(x) for x in log_probs)
    if not usable or question.believed not in question.options:
        return Score(question.id, question.instrument, question.options, (), None)
    top = max(log_probs)
    weights = [math.exp(x - top) for x in log_probs]
    probability = weights[question.options.index(question.believed)] / sum(weights)
    return Score(question.id, question.instrument, question.options, tuple(log_probs), probability)


def _batches(questions: Sequence[Question], size: int) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), size):
        yield questions[start : start + size]


def _require_answers(answers: Sequence[Answer], scores: Sequence[Score], max_missing_rate: float) -> None:
    total = len(answers) + len(scores)
    missing = sum(answer.answer is None for answer in answers) + sum(score.probability is None for score in scores)
    if total and missing / total > max_missing_rate:
        raise RunError(
            f"{missing} of {total} answers failed, more than the allowed share of {max_missing_rate}",
            "run the same command again: what was answered is kept and only the failed calls are repeated",
        )
