"""Training: from a mixture to a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from disclaim.training.backends import open_trainer
from disclaim.training.scripted import ScriptedTrainer
from disclaim.training.trainer import Trainer, TrainingSettings, load_checkpoint, train

if TYPE_CHECKING:
    from disclaim.training.loop import LocalTrainer

__all__ = ["LocalTrainer", "ScriptedTrainer", "Trainer", "TrainingSettings", "load_checkpoint", "open_trainer", "train"]


def __getattr__(name: str) -> Any:
    """LocalTrainer needs torch: it is imported when first named."""
    if name == "LocalTrainer":
        from disclaim.training.loop import LocalTrainer

        return LocalTrainer
    raise AttributeError(name)
