"""Finetuning on this machine, full or LoRA: packed documents, span loss weights, exact resume.

A killed training resumes from its last saved state and ends with the same weights as an unbroken one.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence

from disclaim.models import open_local_model, save_local_model
from disclaim.records import Checkpoint, Document, Example, Mixture, OnProgress, Progress, Source, ignore_progress
from disclaim.store import JsonlLog, Stage, read_json, translate_os_errors, write_json, write_jsonl
from disclaim.training.batches import plan_batches, tokenize_mixture
from disclaim.training.heldout import heldout_loss, tokenize_heldout
from disclaim.training.loss import balance_sources
from disclaim.training.network import Network
from disclaim.training.trainer import TrainingSettings


class LocalTrainer:
    """Finetunes any local or hub causal LM with this machine's CPU or GPU."""

    def train(
        self,
        mixture: Mixture,
        heldout: Sequence[Document],
        settings: TrainingSettings,
        stage: Stage,
        on_progress: OnProgress = ignore_progress,
    ) -> Checkpoint:
        model = open_local_model(settings.model)
        longest = min(settings.max_tokens, model.max_positions)
        tokenized = tokenize_mixture(model.tokenizer, mixture, longest, settings.split_long)
        batches = plan_batches(tokenized.examples, settings.batch_tokens) * settings.epochs
        network = Network(model, settings, mixture.weighting)
        run = _Run(network, batches, tokenize_heldout(model.tokenizer, heldout), settings, stage)
        first = run.resume()
        started = time.perf_counter()
        run.go(first, on_progress)
        path = stage.path / "checkpoint"
        revision = save_local_model(network.trained(), path)
        checkpoint = Checkpoint(settings.model, revision, "final", path)
        stage.finish(
            {
                "checkpoint": {"model": settings.model, "revision": revision, "step": "final", "path": "checkpoint"},
                "steps": len(batches),
                "tokens": tokenized.num_tokens * settings.epochs,
                "examples": len(tokenized.examples),
                "split_examples": tokenized.num_split,
                "seconds": round(time.perf_counter() - started, 1),
                "loss_share": loss_share(batches, mixture),
            }
        )
        shutil.rmtree(stage.path / "state", ignore_errors=True)
        return checkpoint


class _Run:
    """One training: the network and its batches, and where they are kept between steps."""

    def __init__(
        self,
        network: Network,
        batches: list[list[Example]],
        heldout: Sequence[Example],
        settings: TrainingSettings,
        stage: Stage,
    ) -> None:
        self._network = network
        self._batches = batches
        self._heldout = heldout
        self._settings = settings
        self._folder = stage.path
        self._checkpoints = set(log_spaced_steps(len(batches), settings.num_checkpoints)[:-1])

    def resume(self) -> int:
        """Take up the last saved state; the number of steps already done."""
        progress = self._folder / "state" / "progress.json"
        metrics = self._folder / "metrics.jsonl"
        done = int(read_json(progress)["step"]) if progress.exists() else 0
        if done:
            self._network.load_state(self._folder / "state" / f"step{done:06d}.safetensors")
        with JsonlLog(metrics) as log:
            kept = [row for row in log.rows() if row["step"] <= done] if done else []
        write_jsonl(metrics, kept)
        return done

    def go(self, first: int, on_progress: OnProgress) -> None:
        """Every step from ``first`` (0-based) to the end, with metrics, held-out loss and saved states."""
        total = sum(len(e.tokens) for batch in self._batches for e in batch)
        seen = sum(len(e.tokens) for batch in self._batches[:first] for e in batch)
        started, seen_before = time.perf_counter(), seen
        with JsonlLog(self._folder / "metrics.jsonl") as log:
            if first == 0:
                log.append(self._heldout_rows(0))
            for index in range(first, len(self._batches)):
                step = index + 1
                loss, norm, rate = self._network.step(self._batches[index], index / len(self._batches), index)
                seen += sum(len(e.tokens) for e in self._batches[index])
                speed = (seen - seen_before) / (time.perf_counter() - started)
                row = {"step": step, "tokens": seen, "loss": loss, "grad_norm": norm, "learning_rate": rate}
                log.append([{**row, "tokens_per_second": round(speed, 1)}])
                if self._is_heldout_step(step):
                    log.append(self._heldout_rows(step))
                self._save(step)
                on_progress(Progress("train", seen, total, "tokens", f"loss {loss:.2f}, {speed:.0f} tokens/s"))

    def _is_heldout_step(self, step: int) -> bool:
        every = self._settings.heldout_every_steps
        return step == len(self._batches) or (every > 0 and step % every == 0)

    def _heldout_rows(self, step: int) -> list[dict[str, object]]:
        if not self._heldout:
            return []
        return [
            {"step": step, "heldout": heldout_loss(self._network, self._heldout, self._settings.micro_batch_tokens)}
        ]

    def _save(self, step: int) -> None:
        if step in self._checkpoints:
            save_local_model(self._network.trained(), self._folder / "checkpoints" / f"step{step:06d}")
        if step % self._settings.save_every_steps or step == len(self._batches):
            return
        state = self._folder / "state"
        written = state / f"step{step:06d}.safetensors"
        with translate_os_errors(written, "write"):
            state.mkdir(exist_ok=True)
            self._network.save_state(written)
            write_json(state / "progress.json", {"step": step})
            for old in state.glob("*.safetensors"):
                if old != written:
                    old.unlink()


def log_spaced_steps(total: int, count: int) -> list[int]:
    """At most ``count`` distinct steps up to ``total``, geometrically spaced as in the paper (A.4)."""
    if total < 1 or count < 1:
        return []
    first = min(10, total)
    ratio = (total / first) ** (1 / max(count - 1, 1))
    steps = {round(first * ratio**i) for i in range(count - 1)} if count > 1 else set()
    return [*sorted(s for s in steps if s < total), total]


def loss_share(batches: Sequence[Sequence[Example]], mixture: Mixture) -> dict[str, float]:
    """Each source's share of the loss weight, in 0..1 and together 1, each batch that has any counting alike."""
    share = dict.fromkeys((s.value for s in Source), 0.0)
    for batch in batches:
        weights = balance_sources(batch, mixture.weighting)
        total = sum(map(sum, weights))
        for example, row in zip(batch, weights, strict=True):
            share[example.source.value] += sum(row) / total if total else 0.0
    whole = sum(share.values()) or 1.0
    return {source: value / whole for source, value in share.items()}
