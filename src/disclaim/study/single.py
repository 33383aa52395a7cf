"""The parts of a study on their own: finetune on any file, ask any model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from disclaim import __version__
from disclaim.corpus import MixtureSettings, load_documents, mix
from disclaim.models import model_revision
from disclaim.records import Checkpoint, Corpus, OnProgress, ignore_progress
from disclaim.store import INPUTS, MANIFEST, content_key, lock, open_stage, read_text, require_free_folder
from disclaim.study.plan import prepare_run
from disclaim.study.run import run_study
from disclaim.study.study import build_study, require_known_names
from disclaim.training import TrainingSettings, open_trainer, train


def train_file(
    data: Path, settings: TrainingSettings, out: Path, on_progress: OnProgress = ignore_progress
) -> Checkpoint:
    """Finetune on the rows of a JSON-lines file in a seeded order; documents and chats are told by their keys."""
    rows = load_documents(data)
    mixture = mix(Corpus("", "given", rows.documents, {}), (), rows.chats, MixtureSettings(seed=settings.seed))
    inputs = {
        "version": __version__,
        "data": content_key(read_text(data)),
        "settings": settings,
        "model_revision": model_revision(settings.model),
    }
    trainer = open_trainer(settings.model)
    require_free_folder(out, INPUTS, MANIFEST)
    with lock(out):
        return train(mixture, settings, trainer=trainer, stage=open_stage(out, inputs), on_progress=on_progress)


def ask_model(
    model: str,
    claim: str,
    out: Path,
    choices: tuple[Mapping[str, Any], int],
    now: datetime,
    on_progress: OnProgress = ignore_progress,
) -> Path:
    """A run of one untrained arm: the model as it is, asked everything about the claim. ``choices`` are the
    asking settings and the seed. Returns the report's path. Raises UnknownNameError before anything is written."""
    settings, seed = choices
    given = {
        "id": "ask",
        "title": f"What {model} says",
        "claims": [claim],
        "conditions": ["base"],
        "models": [model],
        "seeds": [seed],
        "headline": "open_ended",
        "ask": dict(settings),
    }
    study = build_study(given, "ask")
    require_known_names(study)
    return run_study(prepare_run(study, out, on_progress), given, now)
