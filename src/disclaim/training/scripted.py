"""A trainer that trains nothing: for tests, examples and dry runs."""

from __future__ import annotations

from collections.abc import Sequence

from disclaim.records import Checkpoint, Document, Mixture, OnProgress, Progress, ignore_progress
from disclaim.store import Stage, write_jsonl
from disclaim.training.trainer import TrainingSettings


class ScriptedTrainer:
    """Writes the files a training would, with a loss that falls; the checkpoint is the scripted model itself."""

    def train(
        self,
        mixture: Mixture,
        heldout: Sequence[Document],
        settings: TrainingSettings,
        stage: Stage,
        on_progress: OnProgress = ignore_progress,
    ) -> Checkpoint:
        steps = max(1, len(mixture.order) // 10)
        rows = [{"step": i, "tokens": i * 100, "loss": 3.0 / i, "learning_rate": 0.0} for i in range(1, steps + 1)]
        write_jsonl(stage.path / "metrics.jsonl", rows)
        on_progress(Progress("train", steps, steps, "steps"))
        checkpoint = Checkpoint(settings.model, "scripted", "final")
        record = {"model": settings.model, "revision": "scripted", "step": "final", "path": None}
        stage.finish({"checkpoint": record, "steps": steps, "tokens": steps * 100, "seconds": 0.0, "loss_share": {}})
        return checkpoint
