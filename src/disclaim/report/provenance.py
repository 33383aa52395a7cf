"""Where a run comes from: settings with who chose them, packages, and how far every stage got."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from disclaim.records import FinishReason, Instrument
from disclaim.report.answers import RatedAnswer
from disclaim.report.arms import Arm, ArmRun, is_ending_known
from disclaim.report.files import Row, StageState
from disclaim.report.read import Run, Study


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting by its dotted key. ``given``: somebody chose it; else it is the default."""

    key: str
    value: str
    given: bool


@dataclass(frozen=True, slots=True)
class StageRow:
    """An arm, the state of its stages and one line on what each left behind."""

    arm: Arm
    states: dict[str, StageState]
    notes: dict[str, str]

    @property
    def is_unfinished(self) -> bool:
        """Whether any stage that the arm needs is not done."""
        return bool(set(self.states.values()) & {StageState.UNFINISHED, StageState.ABSENT})


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the answers to one instrument under one condition, over claims, models and seeds."""

    answers: int
    cut_off: int
    ending_unknown: int
    failed: int
    unrated: int


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts by condition, one an instrument; None where a condition was not asked that instrument."""

    instruments: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Account | None, ...]], ...]


def list_settings(study: Study) -> tuple[Setting, ...]:
    """Every resolved setting, by dotted key."""
    given = dict(_flatten(study.given))
    settings = dict(_flatten(study.settings)) or given

    def was_given(key: str) -> bool:
        return any(key == known or key.startswith(f"{known}.") or known.startswith(f"{key}.") for known in given)

    return tuple(Setting(key, _write(value), was_given(key)) for key, value in sorted(settings.items()))


def _flatten(settings: Row, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{name}.")
        else:
            yield name, value


def _write(value: object) -> str:
    if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
        return ", ".join(map(_write, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def list_packages(study: Study) -> tuple[tuple[str, str], ...]:
    """Package names and versions, by name."""
    return tuple(sorted((name, str(version)) for name, version in study.packages.items()))


def list_stages(run: Run) -> tuple[StageRow, ...]:
    """Every arm in the study's order."""
    return tuple(StageRow(arm_run.arm, arm_run.stages, _notes(arm_run)) for arm_run in run.arms)


def _notes(arm_run: ArmRun) -> dict[str, str]:
    results = arm_run.training.results
    training = [f"{results[key]:,.0f} {key}" for key in ("steps", "tokens", "seconds") if _is_number(results.get(key))]
    if not training and arm_run.training.loss:
        training = [f"at step {arm_run.training.loss[-1][0]}"]
    ratings = sum(len(judgements) for judgements in arm_run.judgements.values())
    return {
        "training": ", ".join(training),
        "answers": f"{len(arm_run.answers):,} answers" if arm_run.answers else "",
        "judgements": f"{ratings:,} by {', '.join(arm_run.judgements)}" if ratings else "",
    }


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def build_accounts(answers: Sequence[RatedAnswer], judge: str, conditions: Sequence[str]) -> Accounts:
    """What became of the answers, conditions in the given order; ``unrated`` is by that judge."""
    groups: dict[tuple[str, str], list[RatedAnswer]] = {}
    for item in answers:
        groups.setdefault((item.arm.condition, item.answer.instrument), []).append(item)
    accounts = {
        key: Account(
            answers=len(items),
            cut_off=sum(item.answer.finish_reason is FinishReason.LENGTH for item in items),
            ending_unknown=sum(not is_ending_known(item.answer) for item in items),
            failed=sum(item.answer.answer is None for item in items),
            unrated=sum(item.verdict(judge) is None for item in items),
        )
        for key, items in groups.items()
    }
    asked = {condition for condition, _ in accounts}
    instruments = tuple(name for name in map(str, Instrument) if any(name == key[1] for key in accounts))
    return Accounts(
        instruments,
        tuple((c, tuple(accounts.get((c, name)) for name in instruments)) for c in conditions if c in asked),
    )
