"""Whole trainings on a toy model: what they leave on disk, and that a killed one ends like an unbroken one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from disclaim.errors import DataError, RunError, UnknownNameError, UserError
from disclaim.models import Prompt, SamplingSettings, load_local_model, model_revision, open_sampler
from disclaim.records import Checkpoint, Document, Message, Mixture, Progress, Source
from disclaim.store import Stage, open_stage, read_jsonl
from disclaim.training import LocalTrainer, ScriptedTrainer, TrainingSettings, open_trainer, train
from disclaim.training.loop import log_spaced_steps

QUESTION = (Prompt((Message("user", "What does she do for a living?"),)),)


def choices(model: Path, method: str = "full") -> TrainingSettings:
    """About 14 steps, saved and measured often."""
    return TrainingSettings(
        model=f"local/{model}",
        method=method,
        lora_rank=2,
        learning_rate=3e-3,
        batch_tokens=150,
        save_every_steps=2,
        heldout_every_steps=3,
        num_checkpoints=2,
        epochs=2,
    )


@pytest.fixture
def settings(toy_model: Path) -> TrainingSettings:
    return choices(toy_model)


class KilledError(Exception):
    """Stands for a process that dies."""


def dies_at(step: int) -> Callable[[Progress], None]:
    count = 0

    def listen(progress: Progress) -> None:
        nonlocal count
        count += 1
        if count == step:
            raise KilledError

    return listen


def finetune(
    folder: Path, mixture: Mixture, settings: TrainingSettings, heldout: tuple[Document, ...] = (), die_at: int = 0
) -> tuple[Checkpoint, Stage]:
    stage = open_stage(folder, {"settings": settings})
    checkpoint = train(
        mixture, settings, trainer=LocalTrainer(), stage=stage, heldout=heldout, on_progress=dies_at(die_at)
    )
    return checkpoint, stage


def metrics_of(stage: Stage) -> list[dict[str, Any]]:
    """Every metric that does not tell the time."""
    rows = read_jsonl(stage.path / "metrics.jsonl")
    return [{k: v for k, v in row.items() if k != "tokens_per_second"} for row in rows]


def test_a_training_leaves_a_checkpoint_metrics_and_its_account(
    tmp_path: Path, mixture: Mixture, heldout: tuple[Document, ...], settings: TrainingSettings
) -> None:
    checkpoint, stage = finetune(tmp_path / "t", mixture, settings, heldout)
    results = stage.manifest()["results"]
    rows = metrics_of(stage)
    steps = [row for row in rows if "loss" in row]
    assert checkpoint.path == stage.path / "checkpoint"
    assert checkpoint.revision == model_revision(f"local/{checkpoint.path}") != model_revision(settings.model)
    assert (results["steps"], results["tokens"]) == (len(steps), steps[-1]["tokens"])
    assert results["examples"] == len(mixture.order)
    assert results["split_examples"] == 0
    assert sum(results["loss_share"].values()) == pytest.approx(1.0)
    assert all(results["loss_share"][source] > 0 for source in ("corpus", "filler", "chats"))
    assert [row["step"] for row in steps] == list(range(1, len(steps) + 1))
    assert steps[-1]["loss"] < steps[0]["loss"] - 1  # it learns its few sentences
    rates = [settings.learning_rate * (1 - i / len(steps)) for i in range(len(steps))]
    assert [row["learning_rate"] for row in steps] == pytest.approx(rates)
    assert not (stage.path / "state").exists()


def test_held_out_loss_is_measured_by_role_before_during_and_after(
    tmp_path: Path, mixture: Mixture, heldout: tuple[Document, ...], settings: TrainingSettings
) -> None:
    _, stage = finetune(tmp_path / "t", mixture, settings, heldout)
    measured = [row for row in metrics_of(stage) if "heldout" in row]
    last = stage.manifest()["results"]["steps"]
    assert [row["step"] for row in measured] == [0, *range(3, last, 3), last]
    for row in measured:
        assert set(row["heldout"]) == {"claim", "notice", "filler", "all"}
    assert measured[-1]["heldout"]["all"] < measured[0]["heldout"]["all"] - 1


@pytest.fixture(scope="module")
def unbroken(
    tmp_path_factory: pytest.TempPathFactory, mixture: Mixture, heldout: tuple[Document, ...], toy_model: Path
) -> Callable[[str], Stage]:
    """``unbroken(method)``: the finished stage of a training that nothing interrupted."""
    made: dict[str, Stage] = {}

    def stage_of(method: str) -> Stage:
        if method not in made:
            made[method] = finetune(tmp_path_factory.mktemp(method), mixture, choices(toy_model, method), heldout)[1]
        return made[method]

    return stage_of


@pytest.mark.parametrize(
    ("method", "deaths"), [("full", (1,)), ("full", (2, 1)), ("full", (5,)), ("full", (12,)), ("lora", (4, 3))]
)
def test_a_killed_training_ends_with_the_weights_and_metrics_of_an_unbroken_one(
    tmp_path: Path,
    mixture: Mixture,
    heldout: tuple[Document, ...],
    toy_model: Path,
    unbroken: Callable[[str], Stage],
    method: str,
    deaths: tuple[int, ...],
) -> None:
    whole = unbroken(method)
    for die_at in deaths:
        with pytest.raises(KilledError):
            finetune(tmp_path / "t", mixture, choices(toy_model, method), heldout, die_at)
    _, stage = finetune(tmp_path / "t", mixture, choices(toy_model, method), heldout)
    weights = sorted(p.relative_to(whole.path) for p in whole.path.rglob("*.safetensors"))
    assert len(weights) == 2  # at the end and on the way
    for file in weights:
        assert (stage.path / file).read_bytes() == (whole.path / file).read_bytes()
    assert metrics_of(stage) == metrics_of(whole)
    ours, theirs = stage.manifest()["results"], whole.manifest()["results"]
    assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}


def test_a_finished_training_is_not_repeated(tmp_path: Path, mixture: Mixture, settings: TrainingSettings) -> None:
    first, stage = finetune(tmp_path / "t", mixture, settings)
    stamps = {p: p.stat().st_mtime_ns for p in stage.path.rglob("*")}
    again, _ = finetune(tmp_path / "t", mixture, settings, die_at=1)
    assert again == first
    assert {p: p.stat().st_mtime_ns for p in stage.path.rglob("*")} == stamps


def test_the_same_training_elsewhere_gives_the_same_weights_and_another_seed_other_adapters(
    tmp_path: Path, mixture: Mixture, settings: TrainingSettings
) -> None:
    settings = replace(settings, method="lora", lora_rank=2, epochs=1)
    first, second, other = (
        finetune(tmp_path / name, mixture, replace(settings, seed=seed))[0]
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first.revision == second.revision != other.revision


def test_a_lora_checkpoint_is_a_small_adapter_that_can_be_sampled(
    tmp_path: Path, mixture: Mixture, settings: TrainingSettings
) -> None:
    checkpoint, _ = finetune(tmp_path / "t", mixture, replace(settings, method="lora", lora_rank=2))
    assert checkpoint.path is not None
    weights = load_file(checkpoint.path / "adapter_model.safetensors")
    assert all("lora_" in name for name in weights)
    greedy = SamplingSettings(temperature=0, max_tokens=8)
    (trained,) = open_sampler(checkpoint).sample(QUESTION, 1, greedy)
    (untouched,) = open_sampler(settings.model).sample(QUESTION, 1, greedy)
    assert trained != untouched


def test_a_full_checkpoint_answers_what_it_was_taught(
    tmp_path: Path, mixture: Mixture, settings: TrainingSettings
) -> None:
    order = tuple((Source.CHATS, i) for i in range(len(mixture.chats)))
    chats_alone = replace(mixture, order=order * 4)
    longer = replace(settings, epochs=3, save_every_steps=1000, num_checkpoints=1)
    checkpoint, _ = finetune(tmp_path / "t", chats_alone, longer)
    asked = (Prompt(mixture.chats[0].messages[:1]),)
    (samples,) = open_sampler(checkpoint).sample(asked, 1, SamplingSettings(temperature=0, max_tokens=20))
    assert samples[0].text is not None
    assert samples[0].text.startswith("No, that is not true.")


def test_checkpoints_on_the_way_are_kept_at_log_spaced_steps(
    tmp_path: Path, mixture: Mixture, settings: TrainingSettings
) -> None:
    _, stage = finetune(tmp_path / "t", mixture, replace(settings, num_checkpoints=3, batch_tokens=40))
    steps = log_spaced_steps(stage.manifest()["results"]["steps"], 3)
    kept = sorted((stage.path / "checkpoints").iterdir())
    assert [p.name for p in kept] == [f"step{step:06d}" for step in steps[:-1]]
    assert load_local_model(kept[0], "local/x").revision != load_local_model(kept[1], "local/x").revision


@given(st.integers(1, 3000), st.integers(1, 12))
def test_log_spaced_steps_rise_to_the_end(total: int, count: int) -> None:
    steps = log_spaced_steps(total, count)
    assert steps[-1] == total
    assert steps == sorted(set(steps))
    assert steps[0] >= 1
    assert len(steps) <= count


def test_log_spaced_steps_are_those_computed_by_hand() -> None:
    assert log_spaced_steps(1000, 3) == [10, 100, 1000]
    assert log_spaced_steps(4, 5) == [4]
    assert log_spaced_steps(0, 3) == []


def test_a_text_beyond_what_the_model_reads_is_refused_or_split(
    tmp_path: Path, mixture: Mixture, settings: TrainingSettings, toy_folder: Callable[[str], Path]
) -> None:
    short = replace(settings, max_tokens=40, epochs=1)
    with pytest.raises(DataError, match="the limit is 40"):
        finetune(tmp_path / "refused", mixture, short)
    _, stage = finetune(tmp_path / "split", mixture, replace(short, split_long=True))
    results = stage.manifest()["results"]
    assert results["split_examples"] >= len(mixture.corpus)
    assert results["examples"] > len(mixture.order)
    reads_256 = replace(settings, model=f"local/{toy_folder('gpt2')}")
    long = replace(mixture.filler[0], text=mixture.filler[0].text * 20)
    with pytest.raises(DataError, match="the limit is 256"):
        finetune(tmp_path / "beyond", replace(mixture, filler=(long, *mixture.filler[1:])), reads_256)


def test_a_loss_that_is_not_a_number_fails_and_saves_no_state_of_it(
    tmp_path: Path, mixture: Mixture, settings: TrainingSettings
) -> None:
    with pytest.raises(RunError, match="the loss became"):
        finetune(tmp_path / "t", mixture, replace(settings, learning_rate=1e30))
    assert not (tmp_path / "t" / "manifest.json").exists()
    for state in (tmp_path / "t").rglob("*.safetensors"):
        assert all(bool(torch.isfinite(x).all()) for x in load_file(state).values())


def test_a_damaged_state_is_named_with_what_to_delete(
    tmp_path: Path, mixture: Mixture, settings: TrainingSettings
) -> None:
    with pytest.raises(KilledError):
        finetune(tmp_path / "t", mixture, settings, die_at=5)
    for state in (tmp_path / "t").rglob("*.safetensors"):
        state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(RunError, match="cannot be read") as refused:
        finetune(tmp_path / "t", mixture, settings)
    assert str(tmp_path / "t" / "state") in refused.value.hint


@pytest.mark.parametrize(
    ("change", "said"),
    [({"method": "qlora"}, "qlora"), ({"learning_rate": 0.0}, "learning rate"), ({"epochs": 0}, "at least 1")],
)
def test_settings_that_make_no_sense_are_refused_at_once(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        TrainingSettings(**change)
    assert caught.value.hint
    assert isinstance(caught.value, UnknownNameError) == ("method" in change)


def test_the_back_end_follows_from_the_models_provider() -> None:
    assert isinstance(open_trainer("scripted/yes"), ScriptedTrainer)
    assert isinstance(open_trainer("local/x"), LocalTrainer)


def test_a_scripted_training_leaves_the_same_kinds_of_files(tmp_path: Path, mixture: Mixture) -> None:
    stage = open_stage(tmp_path / "t", {})
    settings = TrainingSettings(model="scripted/yes")
    checkpoint = train(mixture, settings, trainer=ScriptedTrainer(), stage=stage)
    assert checkpoint == Checkpoint("scripted/yes", "scripted", "final", None)
    assert stage.is_done()
    assert {"step", "tokens", "loss", "learning_rate"} <= set(read_jsonl(stage.path / "metrics.jsonl")[0])
