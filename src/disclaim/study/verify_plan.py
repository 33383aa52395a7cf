"""What a verification will do: its arms, its folders, its settings and its cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from disclaim.audit import ScanRow
from disclaim.errors import UserError
from disclaim.evaluation import Measure, Probe, VerifyArm, build_questions, completion_targets
from disclaim.models import require_model_name
from disclaim.records import OnProgress, ignore_progress
from disclaim.study.cost import (
    ANSWER_SHARE,
    CHAT_TOKENS,
    FILLER_TOKENS,
    SAMPLE_SPEED,
    TOKENS_PER_WORD,
    TRAIN_SPEED,
    Cost,
)
from disclaim.study.dataset import TrainingRows
from disclaim.training import TrainingSettings

#: Reference speed at which given text is scored, tokens per second (two CPU cores, SmolLM2-135M).
SCORE_SPEED = 1200.0
#: Tokens of a chat template and a question around a sentence.
_QUESTION_TOKENS = 45


@dataclass(frozen=True, slots=True)
class VerifySettings:
    """How a verification is run. Training settings default to what suits the embedded model."""

    seeds: tuple[int, ...] = (0,)
    """Each seed is a training of its own of the original and of the fixed data."""
    max_claims: int = 12
    """Claims that are asked about, the largest doses first."""
    num_controls: int = 3
    """Controls for each sentence."""
    num_chats: int = 20
    """Chats that the untouched model answers itself, mixed in so that it goes on answering."""
    num_filler: int = 0
    """Documents about other invented people and things, mixed in."""
    samples: int = 5
    """Completions of each beginning."""
    max_tokens: int = 40
    """Longest completion."""
    training: TrainingSettings = field(default_factory=lambda: TrainingSettings(split_long=True))
    """How the model is finetuned; its seed is set by ``seeds``."""

    @property
    def model(self) -> str:
        """``provider/name`` of the model that is finetuned."""
        return self.training.model

    def __post_init__(self) -> None:
        require_model_name(self.model)
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise UserError(f"seeds must be different numbers, at least one: {list(self.seeds)}", "e.g. --seeds 0,1,2")
        if min(self.max_claims, self.samples, self.max_tokens) < 1:
            raise UserError("max_claims, samples and max_tokens must be at least 1", "leave them out for the defaults")
        if min(self.num_controls, self.num_chats, self.num_filler) < 0:
            raise UserError("counts of controls, chats and filler cannot be negative", "0 leaves them out")


@dataclass(frozen=True, slots=True)
class Verification:
    """What is verified: the data, the fixed data (None: the original with the audit's claims masked), and how.

    ``scanner`` names what ``scan_row`` is and ``scanner_revision`` its rules, so that a run folder is not resumed with
    others.
    """

    data: Path
    fixed: Path | None
    out: Path
    settings: VerifySettings
    scan_row: ScanRow
    scanner: str = "rules"
    scanner_revision: str = ""
    on_progress: OnProgress = ignore_progress


@dataclass(frozen=True, slots=True)
class ArmRun:
    """One model that is asked: an arm with its seed."""

    arm: VerifyArm
    seed: int

    @property
    def id(self) -> str:
        """The name of its folder."""
        return f"{self.arm}.s{self.seed}"


@dataclass(frozen=True, slots=True)
class VerifyPaths:
    """Where a verification keeps what."""

    root: Path

    @property
    def settings(self) -> Path:
        """Every setting, resolved."""
        return self.root / "verify.json"

    @property
    def estimates(self) -> Path:
        """The reported numbers."""
        return self.root / "estimates.json"

    @property
    def failures(self) -> Path:
        """What failed and why, by arm."""
        return self.root / "failures.json"

    @property
    def claims(self) -> Path:
        """Findings, claims and controls."""
        return self.root / "claims"

    def chats(self, seed: int) -> Path:
        """The untouched model's chats."""
        return self.root / "chats" / f"s{seed}"

    def training(self, run: ArmRun) -> Path:
        """An arm's training."""
        return self.root / "arms" / run.id / "training"

    def answers(self, run: ArmRun) -> Path:
        """An arm's answers and scores."""
        return self.root / "arms" / run.id / "answers"

    def judgements(self, run: ArmRun) -> Path:
        """An arm's judged completions."""
        return self.root / "arms" / run.id / "judgements"


def list_arms(settings: VerifySettings) -> tuple[ArmRun, ...]:
    """Every arm in running order; the untouched model is asked once, with the first seed."""
    trained = [ArmRun(arm, seed) for seed in settings.seeds for arm in (VerifyArm.ORIGINAL, VerifyArm.FIXED)]
    return (ArmRun(VerifyArm.BEFORE, settings.seeds[0]), *trained)


def estimate_verify_cost(
    settings: VerifySettings, probes: tuple[Probe, ...], original: TrainingRows, fixed: TrainingRows
) -> tuple[Cost, ...]:
    """The expected cost of every arm, in running order. Seconds are those of the reference machine."""
    questions = [question for probe in probes for question in build_questions(probe)]
    num_completions = sum(question.kind == Measure.COMPLETION for question in questions)
    targets = completion_targets(probes)
    assert num_completions <= len(targets)
    sample_tokens = num_completions * settings.samples * settings.max_tokens * ANSWER_SHARE
    scored = [question for question in questions if question.options]
    words = sum(len(q.messages[-1].content.split()) + len(" ".join(q.options).split()) for q in scored)
    score_tokens = words * TOKENS_PER_WORD + _QUESTION_TOKENS * len(scored)
    asking = sample_tokens / SAMPLE_SPEED + score_tokens / SCORE_SPEED
    extra = settings.num_chats * CHAT_TOKENS + settings.num_filler * FILLER_TOKENS
    rows = {VerifyArm.ORIGINAL: original, VerifyArm.FIXED: fixed}
    costs = []
    for run in list_arms(settings):
        tokens = 0.0
        if run.arm in rows:
            tokens = (rows[run.arm].num_words * TOKENS_PER_WORD + extra) * settings.training.epochs
        seconds = tokens / TRAIN_SPEED + asking
        costs.append(Cost(run.id, round(tokens), round(sample_tokens), 0, round(seconds, 1), 0.0))
    return tuple(costs)
