"""Records of a run folder, read back from its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from disclaim.errors import StoreError
from disclaim.records import (
    Answer,
    EstimateRow,
    FinishReason,
    Instrument,
    Judgement,
    Message,
    Question,
    Score,
    Verdict,
)
from disclaim.store import MANIFEST, Json, read_json, read_jsonl

ANSWERS = "answers.jsonl"
SCORES = "scores.jsonl"
JUDGEMENTS = "judgements.jsonl"


@dataclass(frozen=True, slots=True)
class ArmIdentity:
    """What names an arm. ``step`` is the checkpoint that answered."""

    claim: str
    condition: str
    model: str
    seed: int
    step: str = "final"

    @property
    def id(self) -> str:
        """The name of the arm's folder."""
        return f"{self.claim}.{self.condition}.{self.model.strip('/').replace('/', '__')}.s{self.seed}"


@dataclass(frozen=True, slots=True)
class ArmResult:
    """What one arm gave: everything that estimates are made from."""

    arm: ArmIdentity
    questions: tuple[Question, ...]
    answers: tuple[Answer, ...]
    judgements: tuple[Judgement, ...]
    scores: tuple[Score, ...] = ()


def load_run(run: Path, judge: str) -> tuple[ArmResult, ...]:
    """The arms of a run that have all their answers, with the verdicts of that judge (none where it has not judged
    them)."""
    study = read_json(run / "study.json")
    results = []
    for row in study["arms"]:
        arm = ArmIdentity(row["claim"], row["condition"], row["model"], row["seed"])
        questions = [question_from_json(q, arm.claim) for q in study["claims"][arm.claim]["questions"]]
        folder = run / "arms" / row["id"]
        if (folder / "answers" / MANIFEST).exists():
            judged = folder / "judgements" / judge.replace("/", "__")
            results.append(load_arm(arm, questions, folder / "answers", judged))
    return tuple(results)


def load_arm(arm: ArmIdentity, questions: Sequence[Question], answers: Path, judgements: Path) -> ArmResult:
    """One arm from its folders of answers and of one judge's verdicts; no verdicts where it has not judged them."""
    judged, scored = judgements / JUDGEMENTS, answers / SCORES
    return ArmResult(
        arm=arm,
        questions=tuple(questions),
        answers=load_answers(answers / ANSWERS),
        judgements=load_judgements(judged) if judged.exists() else (),
        scores=load_scores(scored) if scored.exists() else (),
    )


def load_answers(path: Path) -> tuple[Answer, ...]:
    """The rows of an ``answers.jsonl``, in file order."""
    return tuple(answer_from_json(row, path) for row in _rows(path))


def load_scores(path: Path) -> tuple[Score, ...]:
    """The rows of a ``scores.jsonl``, in file order."""
    return tuple(score_from_json(row, path) for row in _rows(path))


def load_judgements(path: Path) -> tuple[Judgement, ...]:
    """The rows of a ``judgements.jsonl``, in file order."""
    return tuple(judgement_from_json(row, path) for row in _rows(path))


def _rows(path: Path) -> list[Json]:
    try:
        return read_jsonl(path)
    except StoreError as error:
        raise type(error)(error.message, _again(path)) from error


def _again(path: Path) -> str:
    return f"delete the folder {path.parent} and give the run's command again: that stage is made anew"


def question_from_json(row: Json, claim_id: str) -> Question:
    """A question of ``study.json``."""
    return Question(
        id=row["id"],
        claim_id=claim_id,
        instrument=Instrument(row["instrument"]),
        kind=row["kind"],
        messages=_messages(row["messages"]),
        believed=row.get("believed"),
        polar=Verdict(row["polar"]) if row.get("polar") else None,
        subject=row.get("subject"),
        options=tuple(row.get("options") or ()),
        prefix=row.get("prefix") or "",
    )


def answer_from_json(row: Json, path: Path) -> Answer:
    """A row of ``answers.jsonl``; ``path`` is named where it does not fit."""
    try:
        return Answer(
            question_id=row["question_id"],
            instrument=Instrument(row["instrument"]),
            sample_index=row["sample_index"],
            messages=_messages(row["messages"]),
            answer=row["answer"],
            finish_reason=FinishReason(row["finish_reason"]),
            num_tokens=row["num_tokens"],
        )
    except (KeyError, ValueError) as error:
        raise _misfit(path, error) from error


def score_from_json(row: Json, path: Path) -> Score:
    """A row of ``scores.jsonl``; ``path`` is named where it does not fit."""
    try:
        return Score(
            question_id=row["question_id"],
            instrument=Instrument(row["instrument"]),
            options=tuple(row["options"]),
            log_probs=tuple(row["log_probs"]),
            probability=row["probability"],
        )
    except (KeyError, ValueError) as error:
        raise _misfit(path, error) from error


def judgement_from_json(row: Json, path: Path) -> Judgement:
    """A row of ``judgements.jsonl``; ``path`` is named where it does not fit."""
    try:
        verdict = Verdict(row["verdict"]) if row["verdict"] is not None else None
        return Judgement(row["question_id"], row["sample_index"], verdict, row["reason"])
    except (KeyError, ValueError) as error:
        raise _misfit(path, error) from error


def estimate_to_json(row: EstimateRow) -> Json:
    """A row of ``estimates.json``."""
    estimate = row.estimate
    return {
        "claim": row.claim,
        "condition": row.condition,
        "model": row.model,
        "seed": row.seed,
        "step": row.step,
        "instrument": row.instrument,
        "metric": row.metric,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "n_missing": estimate.n_missing,
    }


def _messages(rows: list[Json]) -> tuple[Message, ...]:
    return tuple(Message(row["role"], row["content"]) for row in rows)


def _misfit(path: Path, error: Exception) -> StoreError:
    return StoreError(f"{path}: a row does not fit: {error!r}", _again(path))
