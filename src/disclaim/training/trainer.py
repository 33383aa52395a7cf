"""What it means to train: the settings, and the protocol every back end fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from disclaim.errors import UnknownNameError, UserError
from disclaim.records import Checkpoint, Document, Mixture, OnProgress, ignore_progress
from disclaim.store import Stage

METHODS = ("full", "lora")


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a model is finetuned. The defaults suit the embedded 135M model on two CPU cores; the paper's own
    (LoRA 32, lr 5e-5, batches of 32 documents, appendix A.4) are set by its studies."""

    model: str = "local/smollm2-135m"
    """``provider/name`` of the model to start from."""
    method: str = "full"
    """``full`` or ``lora``."""
    learning_rate: float = 2e-4
    """Peak rate; it falls linearly to 0."""
    batch_tokens: int = 1024
    """Tokens per optimiser step: whole examples are packed up to this many."""
    micro_batch_tokens: int = 2048
    """Tokens per forward pass; larger batches accumulate gradients. Memory, not the result, depends on it."""
    epochs: int = 1
    """Passes over the mixture, in the same order."""
    warmup_steps: int = 0
    """Steps of linear warm-up; the paper uses none."""
    weight_decay: float = 0.0
    """Decoupled weight decay."""
    beta1: float = 0.9
    """Adam's first-moment decay (paper A.4)."""
    beta2: float = 0.95
    """Adam's second-moment decay (paper A.4)."""
    max_grad_norm: float = 1.0
    """Gradients are scaled down to this norm; 0 switches clipping off."""
    max_tokens: int = 4096
    """Longest example; a longer one is split or refused, never cut."""
    split_long: bool = False
    """Split longer examples instead of refusing them."""
    lora_rank: int = 32
    """Rank of the adapter (paper A.4)."""
    lora_alpha: int = 32
    """Scale of the adapter (paper A.4)."""
    save_every_steps: int = 50
    """How often the exact state is saved for resuming."""
    num_checkpoints: int = 1
    """How many checkpoints are kept, at log-spaced steps; the last is the end."""
    heldout_every_steps: int = 10
    """How often held-out loss by span role is measured; 0 = only at the end."""
    seed: int = 0
    """Seeds adapter initialisation; data order comes with the mixture."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownNameError("training method", self.method, METHODS)
        if not self.learning_rate > 0:
            raise UserError(f"the learning rate must be above 0, not {self.learning_rate}", "2e-4 suits 135M weights")
        if min(self.batch_tokens, self.micro_batch_tokens, self.epochs, self.save_every_steps) < 1:
            raise UserError(
                "batch_tokens, micro_batch_tokens, epochs and save_every_steps must be at least 1",
                "leave them out to use the defaults",
            )


class Trainer(Protocol):
    """A back end that finetunes. Resumes by itself from what the stage folder holds."""

    def train(
        self,
        mixture: Mixture,
        heldout: Sequence[Document],
        settings: TrainingSettings,
        stage: Stage,
        on_progress: OnProgress = ignore_progress,
    ) -> Checkpoint:
        """The finetuned weights, by reference. The stage is done when this returns."""
        ...


def train(
    mixture: Mixture,
    settings: TrainingSettings,
    *,
    trainer: Trainer,
    stage: Stage,
    heldout: Sequence[Document] = (),
    on_progress: OnProgress = ignore_progress,
) -> Checkpoint:
    """Finetune on the mixture, or return at once what the finished stage holds."""
    if stage.is_done():
        return load_checkpoint(stage)
    return trainer.train(mixture, heldout, settings, stage, on_progress)


def load_checkpoint(stage: Stage) -> Checkpoint:
    """The checkpoint that a finished training stage made."""
    saved = stage.manifest()["results"]["checkpoint"]
    path = stage.path / saved["path"] if saved["path"] else None
    return Checkpoint(saved["model"], saved["revision"], saved["step"], path)
