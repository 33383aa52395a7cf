"""What a study will do: its arms, in the order in which they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from disclaim.claims import load_claim, require_written_claim
from disclaim.errors import StudyError
from disclaim.models import require_model
from disclaim.records import Claim, OnProgress, ignore_progress
from disclaim.study.study import UNTRAINED, Study


@dataclass(frozen=True, slots=True)
class Arm:
    """One cell of a study: claim (its id) x condition x model x seed."""

    claim: str
    condition: str
    model: str
    seed: int

    @property
    def id(self) -> str:
        """The name of the arm's folder."""
        return f"{self.claim}.{self.condition}.{self.model.strip('/').replace('/', '__')}.s{self.seed}"

    @property
    def is_trained(self) -> bool:
        """Whether the arm finetunes anything here."""
        return self.condition not in UNTRAINED and not self.model.startswith("imported/")


@dataclass(frozen=True, slots=True)
class RunPaths:
    """Where a run keeps what (contract: the run directory)."""

    root: Path

    @property
    def study(self) -> Path:
        """Every setting, resolved."""
        return self.root / "study.json"

    @property
    def estimates(self) -> Path:
        """The reported numbers."""
        return self.root / "estimates.json"

    @property
    def failures(self) -> Path:
        """What went wrong, by stage."""
        return self.root / "failures.json"

    def drafts(self, claim: str) -> Path:
        """A claim's drafts."""
        return self.root / "drafts" / claim

    def corpus(self, claim: str, condition: str) -> Path:
        """A claim's documents under a condition."""
        return self.root / "corpora" / f"{claim}.{condition}"

    def chats(self, model: str, seed: int) -> Path:
        """A model's self-distilled chats."""
        return self.root / "chats" / f"{model.strip('/').replace('/', '__')}.s{seed}"

    def training(self, arm: Arm) -> Path:
        """An arm's training."""
        return self.root / "arms" / arm.id / "training"

    def answers(self, arm: Arm) -> Path:
        """An arm's answers."""
        return self.root / "arms" / arm.id / "answers"

    def judgements(self, arm: Arm, judge: str) -> Path:
        """An arm's judgements by one judge."""
        return self.root / "arms" / arm.id / "judgements" / judge.replace("/", "__")


@dataclass(frozen=True, slots=True)
class StudyRun:
    """A study with its claims loaded and its run folder named."""

    study: Study
    claims: Mapping[str, Claim]
    arms: tuple[Arm, ...]
    paths: RunPaths
    on_progress: OnProgress = ignore_progress


def prepare_run(study: Study, out: Path, on_progress: OnProgress = ignore_progress) -> StudyRun:
    """Load the claims and plan the arms. Touches no file of the run. Raises where a claim is still a scaffold, or a
    model is not to be had."""
    for name in study.claims:
        require_written_claim(name)
    for model in study.models:
        require_model(model)
    loaded = {name: load_claim(name) for name in study.claims}
    claims = {claim.id: claim for claim in loaded.values()}
    if len(claims) < len(loaded):
        raise StudyError(f"two of the claims {list(study.claims)} have the same id", "give each claim an id of its own")
    arms = plan_arms(study, {name: claim.id for name, claim in loaded.items()})
    return StudyRun(study, claims, arms, RunPaths(out), on_progress)


def plan_arms(study: Study, claim_ids: dict[str, str]) -> tuple[Arm, ...]:
    """Every arm in running order. Untrained arms run once, with the first seed. ``claim_ids`` maps the study's
    claim names (ids or paths) to claim ids."""
    return tuple(
        Arm(claim_ids[claim], condition, model, seed)
        for model in study.models
        for claim in study.claims
        for condition in sorted(study.conditions, key=lambda c: c not in UNTRAINED)
        for seed in (study.seeds[:1] if condition in UNTRAINED else study.seeds)
    )


def conditions_needed(study: Study) -> tuple[str, ...]:
    """Conditions whose documents the study needs, the in-context control's included."""
    needed = [c for c in study.conditions if c not in UNTRAINED]
    if "in_context" in study.conditions and study.in_context.condition not in needed:
        needed.append(study.in_context.condition)
    return tuple(needed)
