"""How far a run is: per arm and stage, from the run folder's files alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from disclaim.errors import StoreError, UserError
from disclaim.evaluation import VerifyArm
from disclaim.store import INPUTS, MANIFEST, is_locked, read_json, read_jsonl
from disclaim.study.judging import list_judges
from disclaim.study.plan import Arm, RunPaths
from disclaim.study.verify_plan import ArmRun, VerifyPaths


class State(StrEnum):
    """Where a stage stands."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    PENDING = "pending"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class StageStatus:
    """One stage of one arm. ``reason`` says why it failed or waits, else empty."""

    arm: str
    stage: str
    state: State
    reason: str


def read_status(root: Path) -> tuple[StageStatus, ...]:
    """Every stage of every arm of the study or verification at ``root``. Raises UserError where there is none."""
    paths = RunPaths(root)
    if not paths.study.is_file():
        if (VerifyPaths(root).claims / INPUTS).is_file():
            return _verification_status(VerifyPaths(root))
        raise UserError(f"{root} is not a run: no study.json", "`disclaim run quickstart --out DIR` makes one")
    study = read_json(paths.study)
    failures = read_json(paths.failures) if paths.failures.exists() else {}
    live = is_locked(root)
    judges = list_judges(root)
    judge = study.get("settings", {}).get("judge") or (judges[0] if judges else "rules")
    return tuple(row for item in study["arms"] for row in _arm_status(paths, _arm(item), judge, failures, live))


def _verification_status(paths: VerifyPaths) -> tuple[StageStatus, ...]:
    """The claims first, which all arms share; the arms are known once those are found."""
    failures = read_json(paths.failures) if paths.failures.exists() else {}
    live = is_locked(paths.root)
    rows = [StageStatus("all", "claims", *_state(paths.claims, "claims", None, live))]
    record = read_json(paths.settings) if paths.settings.is_file() else {"arms": []}
    for item in record["arms"]:
        run = ArmRun(VerifyArm(item["arm"]), item["seed"])
        stages = [("answers", paths.answers(run)), ("judgements", paths.judgements(run))]
        if run.arm is not VerifyArm.BEFORE:
            stages.insert(0, ("training", paths.training(run)))
        rows += _stage_rows(run.id, stages, failures.get(run.id), live)
    return tuple(rows)


def _arm(item: dict[str, Any]) -> Arm:
    return Arm(item["claim"], item["condition"], item["model"], item["seed"])


def _arm_status(paths: RunPaths, arm: Arm, judge: str, failures: dict[str, str], live: bool) -> list[StageStatus]:
    stages = [("answers", paths.answers(arm)), ("judgements", paths.judgements(arm, judge))]
    if arm.is_trained:
        stages.insert(0, ("training", paths.training(arm)))
    return _stage_rows(arm.id, stages, failures.get(arm.id), live)


def _stage_rows(arm: str, stages: Sequence[tuple[str, Path]], failure: str | None, live: bool) -> list[StageStatus]:
    rows: list[StageStatus] = []
    blocked = False
    for name, path in stages:
        state, reason = _state(path, name, failure, live)
        if blocked and state not in (State.DONE, State.DAMAGED):
            state, reason = State.PENDING, "waits for the stage before it"
        blocked = blocked or state is not State.DONE
        rows.append(StageStatus(arm, name, state, reason))
    return rows


def _damage(path: Path, name: str) -> str:
    """What is wrong with the rows of a finished stage; empty where nothing is."""
    if name not in ("answers", "judgements"):
        return ""
    file = path / f"{name}.jsonl"
    if not file.is_file():
        return f"{file.name} is gone"
    try:
        found = len(read_jsonl(file))
        results = read_json(path / MANIFEST)["results"]
    except (StoreError, KeyError, TypeError):
        return f"{file.name} or its manifest cannot be read"
    made = results.get("answers") if name == "answers" else sum(results.values())
    return "" if found == made else f"{file.name} has {found} rows, and {made} were made"


def _state(path: Path, name: str, failure: str | None, live: bool) -> tuple[State, str]:
    if (path / MANIFEST).exists():
        damage = _damage(path, name)
        return (State.DAMAGED, f"{damage}; delete {path} and run again") if damage else (State.DONE, "")
    if failure:
        return State.FAILED, failure
    if (path / INPUTS).exists():
        return (State.RUNNING, "") if live else (State.PENDING, "interrupted; run the same command to resume")
    return State.PENDING, ""
