"""The arms of a run: what each has logged, answered and been judged."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from disclaim.records import Answer, FinishReason, Instrument, Judgement, Message, Verdict
from disclaim.report.files import MALFORMED, Row, RunFiles, StageState, as_mapping, stage_state
from disclaim.store import MANIFEST

#: Conditions whose arms are the untouched model: they have no training stage.
UNTRAINED = ("base", "in_context")
#: Models of imported answers: whatever was trained was trained elsewhere.
IMPORTED = "imported/"


@dataclass(frozen=True, slots=True)
class Arm:
    """One cell of the study."""

    id: str
    claim: str
    condition: str
    model: str
    seed: int


@dataclass(frozen=True, slots=True)
class Training:
    """What a training run logged: (step, loss), and (step, negative log-likelihood in nats per token by role)."""

    loss: tuple[tuple[int, float], ...] = ()
    heldout: tuple[tuple[int, dict[str, float]], ...] = ()
    results: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArmRun:
    """An arm and what there is of it. ``judgements`` are by judge; ``stages`` say how far each stage got."""

    arm: Arm
    training: Training
    answers: tuple[Answer, ...]
    judgements: dict[str, tuple[Judgement, ...]]
    stages: dict[str, StageState]


def parse_arm(row: Row) -> Arm:
    """One entry of the study's list of arms."""
    return Arm(str(row["id"]), str(row["claim"]), str(row["condition"]), str(row["model"]), int(row["seed"]))


def is_ending_known(answer: Answer) -> bool:
    """Whether it is on record how the answer ended. Answers made elsewhere come without a token count."""
    return answer.answer is None or answer.num_tokens > 0 or not answer.answer


def arms_from_folders(run_dir: Path) -> tuple[Arm, ...]:
    """Arms by folder name ``<claim>.<condition>.<model>.s<seed>``, for a folder whose study.json is lost."""
    arms = []
    for path in sorted((run_dir / "arms").glob("*.*.*.s*")):
        claim, condition, rest = path.name.split(".", 2)
        model, _, seed = rest.rpartition(".s")
        if seed.isdigit():
            arms.append(Arm(path.name, claim, condition, model.replace("__", "/"), int(seed)))
    return tuple(arms)


def read_arm(files: RunFiles, arm: Arm) -> ArmRun:
    """The arm's folder, as far as it is there."""
    path = files.root / "arms" / arm.id
    judges = sorted(folder for folder in (path / "judgements").glob("*") if folder.is_dir())
    judgements = {folder.name: files.rows(folder / "judgements.jsonl", _judgement) for folder in judges}
    stages = {
        "training": stage_state(path / "training") if _is_trained_here(arm) else StageState.NOT_NEEDED,
        "answers": stage_state(path / "answers"),
        "judgements": _judging_state([stage_state(folder) for folder in judges]),
    }
    answers = files.rows(path / "answers" / "answers.jsonl", _answer)
    return ArmRun(arm, _training(files, path / "training"), answers, judgements, stages)


def _is_trained_here(arm: Arm) -> bool:
    return arm.condition not in UNTRAINED and not arm.model.startswith(IMPORTED)


def _judging_state(states: list[StageState]) -> StageState:
    if not states:
        return StageState.ABSENT
    return StageState.DONE if StageState.DONE in states else StageState.UNFINISHED


def _training(files: RunFiles, path: Path) -> Training:
    rows = files.rows(path / "metrics.jsonl", dict)
    try:
        losses = ((int(row["step"]), finite_number(row, "loss")) for row in rows)
        loss = tuple((step, value) for step, value in losses if value is not None)
        heldout = tuple((int(row["step"]), _numbers(row["heldout"])) for row in rows if row.get("heldout"))
    except MALFORMED as error:
        files.report(path / "metrics.jsonl", f"cannot be used ({type(error).__name__}: {error})")
        return Training()
    return Training(loss, heldout, as_mapping(files.json(path / MANIFEST).get("results")))


def _numbers(row: Row) -> dict[str, float]:
    known = {str(key): finite_number(row, key) for key in row}
    return {key: value for key, value in known.items() if value is not None}


def finite_number(row: Row, key: str) -> float | None:
    """The finite number under the key; None where it is null, not there or not a number."""
    if row.get(key) is None:
        return None
    value = float(row[key])
    return value if math.isfinite(value) else None


def _answer(row: Row) -> Answer:
    return Answer(
        question_id=str(row["question_id"]),
        instrument=Instrument(row["instrument"]),
        sample_index=int(row["sample_index"]),
        messages=parse_messages(row["messages"]),
        answer=None if row["answer"] is None else str(row["answer"]),
        finish_reason=FinishReason(row["finish_reason"]),
        num_tokens=int(row.get("num_tokens") or 0),
    )


def _judgement(row: Row) -> Judgement:
    verdict = None if row["verdict"] is None else Verdict(row["verdict"])
    return Judgement(str(row["question_id"]), int(row["sample_index"]), verdict, str(row.get("reason") or ""))


def parse_messages(items: list[Row]) -> tuple[Message, ...]:
    """The turns of a conversation."""
    return tuple(Message(str(item["role"]), str(item["content"])) for item in items)
