"""Which back end finetunes which models."""

from __future__ import annotations

from disclaim.training.scripted import ScriptedTrainer
from disclaim.training.trainer import Trainer


def open_trainer(model: str) -> Trainer:
    """The back end for a model by its provider. Needs torch for ``local/`` and ``hf/`` models, and only then."""
    if model.startswith("scripted/"):
        return ScriptedTrainer()
    from disclaim.training.loop import LocalTrainer

    return LocalTrainer()
