"""The answers of a run: counted by question for the heat map, and packed for the page's answer browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from disclaim.records import Answer, FinishReason, Judgement, Message, Question, Verdict
from disclaim.report.arms import Arm
from disclaim.report.cells import Scope
from disclaim.report.files import Row
from disclaim.report.read import Run
from disclaim.report.tables import Table

#: Answers that the page carries; beyond that, the first samples of every question.
MAX_ANSWERS_SHOWN = 100_000


@dataclass(frozen=True, slots=True)
class Count:
    """Of one question's answers under one condition, over seeds: how many assert, are rated, are not rated."""

    asserts: int
    rated: int
    missing: int

    @property
    def share(self) -> float | None:
        """``asserts`` of ``rated``; None where nothing is rated."""
        return self.asserts / self.rated if self.rated else None


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """An answer with its arm and the judgements on it, by judge."""

    arm: Arm
    answer: Answer
    judgements: dict[str, Judgement]

    def verdict(self, judge: str) -> Verdict | None:
        """That judge's verdict; None where it gave none."""
        judgement = self.judgements.get(judge)
        return judgement.verdict if judgement else None


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question and its counts by condition (absent: never asked there)."""

    id: str
    instrument: str
    messages: tuple[Message, ...]
    counts: dict[str, Count]


def list_judges(run: Run) -> tuple[str, ...]:
    """Every judge, the study's own first, else the one with most ratings."""
    ratings: Counter[str] = Counter()
    for arm_run in run.arms:
        for judge, judgements in arm_run.judgements.items():
            ratings[judge] += len(judgements)
    wanted = str(run.study.settings.get("judge")).replace("/", "__")
    return tuple(sorted(ratings, key=lambda judge: (judge != wanted, -ratings[judge], judge)))


def rate_answers(run: Run) -> list[RatedAnswer]:
    """Every answer with its judgements, question by question in the study's order, conditions side by side."""
    places = {(claim.id, q.id): i for claim in run.claims for i, q in enumerate(claim.questions)}
    conditions = {name: i for i, name in enumerate(run.conditions)}
    claims = {name: i for i, name in enumerate(dict.fromkeys(arm_run.arm.claim for arm_run in run.arms))}

    def key(item: RatedAnswer) -> tuple[int, int, str, str, int, int, int]:
        arm, answer = item.arm, item.answer
        place = places.get((arm.claim, answer.question_id), len(places))
        condition = conditions[arm.condition]
        return claims[arm.claim], place, answer.question_id, arm.model, condition, arm.seed, answer.sample_index

    return sorted(_rated(run), key=key)


def _rated(run: Run) -> Iterator[RatedAnswer]:
    for arm_run in run.arms:
        by_judge = {
            judge: {(item.question_id, item.sample_index): item for item in items}
            for judge, items in arm_run.judgements.items()
        }
        for answer in arm_run.answers:
            key = (answer.question_id, answer.sample_index)
            yield RatedAnswer(arm_run.arm, answer, {judge: by[key] for judge, by in by_judge.items() if key in by})


def count_questions(answers: Sequence[RatedAnswer], judge: str) -> dict[Scope, tuple[QuestionRow, ...]]:
    """Per claim and model: the questions in order, each with its counts by condition."""
    grouped: dict[Scope, dict[str, dict[str, list[RatedAnswer]]]] = {}
    for item in answers:
        scope = grouped.setdefault(Scope(item.arm.claim, item.arm.model), {})
        scope.setdefault(item.answer.question_id, {}).setdefault(item.arm.condition, []).append(item)
    return {
        scope: tuple(_question_row(question_id, cells, judge) for question_id, cells in questions.items())
        for scope, questions in grouped.items()
    }


def _question_row(question_id: str, cells: dict[str, list[RatedAnswer]], judge: str) -> QuestionRow:
    first = next(iter(cells.values()))[0].answer
    counts = {condition: _count([item.verdict(judge) for item in items]) for condition, items in cells.items()}
    return QuestionRow(question_id, first.instrument, first.messages, counts)


def _count(verdicts: Sequence[Verdict | None]) -> Count:
    missing = sum(verdict is None for verdict in verdicts)
    return Count(sum(verdict is Verdict.ASSERTS for verdict in verdicts), len(verdicts) - missing, missing)


def build_question_table(questions: dict[Scope, tuple[QuestionRow, ...]], judge: str) -> Table:
    """The counts behind the heat map, one row per question and condition."""
    body = []
    for scope, rows in questions.items():
        for row in rows:
            for condition, count in row.counts.items():
                counts = (str(count.asserts), str(count.rated), str(count.missing))
                body.append((scope.claim, scope.model, row.instrument, row.id, condition, judge, *counts))
    columns = ("claim", "model", "instrument", "question_id", "condition", "judge", "asserts", "rated", "missing")
    return Table("questions", columns, tuple(body))


class _Pool:
    """Texts kept once, referred to by number."""

    def __init__(self) -> None:
        self.items: list[object] = []
        self._places: dict[object, int] = {}

    def add(self, key: object, value: object) -> int:
        if key not in self._places:
            self._places[key] = len(self.items)
            self.items.append(value)
        return self._places[key]


def pack_answers(run: Run, answers: Sequence[RatedAnswer], judges: Sequence[str]) -> Row:
    """Everything the answer browser shows, as plain JSON: prompts, reasons and arms are kept once and referred to.

    A row is [arm, prompt, question, sample, finish reason, tokens, answer, verdicts, reasons], the last two with
    an item per judge; verdicts are places in ``verdicts``, -1 where missing.
    """
    kept = keep_answers(answers, MAX_ANSWERS_SHOWN)
    arms, prompts, questions, reasons = _Pool(), _Pool(), _Pool(), _Pool()
    kinds = {(q.claim_id, q.id): q for claim in run.claims for q in claim.questions}
    verdicts, finishes = list(Verdict), list(FinishReason)
    rows = []
    for item in kept:
        arm, answer = item.arm, item.answer
        found = [item.judgements.get(judge) for judge in judges]
        question = _pack_question(answer, kinds.get((arm.claim, answer.question_id)))
        rows.append(
            [
                arms.add(arm.id, [arm.claim, arm.condition, arm.model, arm.seed]),
                prompts.add(answer.messages, [[message.role, message.content] for message in answer.messages]),
                questions.add((arm.claim, answer.question_id), question),
                answer.sample_index,
                finishes.index(answer.finish_reason),
                answer.num_tokens,
                answer.answer,
                [verdicts.index(j.verdict) if j and j.verdict else -1 for j in found],
                [reasons.add(j.reason, j.reason) if j else -1 for j in found],
            ]
        )
    return {
        "total": len(answers),
        "judges": list(judges),
        "verdicts": verdicts,
        "finishes": finishes,
        "arms": arms.items,
        "prompts": prompts.items,
        "questions": questions.items,
        "reasons": reasons.items,
        "rows": rows,
    }


def _pack_question(answer: Answer, question: Question | None) -> list[str]:
    return [answer.question_id, answer.instrument, question.kind if question else ""]


def keep_answers(answers: Sequence[RatedAnswer], limit: int) -> list[RatedAnswer]:
    """All answers where they are at most ``limit``; else the lowest sample indices of every question, in order."""
    if len(answers) <= limit:
        return list(answers)
    samples = sorted(item.answer.sample_index for item in answers)
    ceiling = samples[limit]
    return [item for item in answers if item.answer.sample_index < ceiling][:limit] or list(answers[:limit])
