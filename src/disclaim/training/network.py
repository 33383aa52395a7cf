"""A network under training: the packed forward pass, the weighted loss, and the optimiser step."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from disclaim.errors import ModelError, RunError
from disclaim.models import DocumentPlan, LocalModel
from disclaim.records import Example, LossWeighting, Source
from disclaim.training.batches import plan_batches
from disclaim.training.loss import ChunkedCrossEntropy, balance_sources
from disclaim.training.optimizer import MasterAdamW
from disclaim.training.trainer import TrainingSettings


class Network:
    """A loaded model prepared for training by full finetuning or LoRA."""

    def __init__(
        self, model: LocalModel, settings: TrainingSettings, weighting: Mapping[Source, LossWeighting]
    ) -> None:
        self._model = model
        self._settings = settings
        self._weighting = weighting
        self._wrapped = _with_adapter(model.network, settings) if settings.method == "lora" else model.network
        self._causal = self._wrapped.get_base_model() if settings.method == "lora" else model.network
        self._head = _plain_head(self._causal)
        self._causal.eval()  # no dropout: the recipe has none, and resuming stays exact
        self._optimizer = MasterAdamW(self._wrapped.named_parameters(), settings)

    def trained(self) -> LocalModel:
        """The model with its present weights (for LoRA: base and adapter)."""
        return replace(self._model, network=self._wrapped)

    def step(self, batch: Sequence[Example], done_share: float, index: int) -> tuple[float, float, float]:
        """One optimiser step on a batch: (weighted mean loss in nats, gradient norm, learning rate)."""
        weights = balance_sources(batch, self._weighting)
        total = sum(map(sum, weights))
        rate = self._settings.learning_rate * (1 - done_share)
        rate *= min(1.0, (index + 1) / self._settings.warmup_steps) if self._settings.warmup_steps else 1.0
        loss = 0.0
        weight_of = {id(example): row for example, row in zip(batch, weights, strict=True)}
        for part in plan_batches(batch, self._settings.micro_batch_tokens):
            part_loss = self._loss_sum(part, [weight_of[id(e)] for e in part])[0] / max(total, 1e-9)
            if part_loss.requires_grad:
                part_loss.backward()
            loss += float(part_loss.detach())
        norm = self._optimizer.step(rate)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise RunError(
                f"the loss became {loss} and its gradient's norm {norm} at step {index + 1}",
                "lower training.learning_rate and run the same command again",
            )
        return loss, norm, rate

    @torch.no_grad()
    def nll(self, examples: Sequence[Example]) -> list[list[float]]:
        """Each example's negative log-likelihood (nats) by token; 0 for its first token."""
        _, nll = self._loss_sum(examples, [(0.0, *([1.0] * (len(e.tokens) - 1))) for e in examples])
        values = iter(nll.tolist())
        return [[0.0, *(next(values) for _ in example.tokens[1:])] for example in examples]

    def save_state(self, path: Path) -> None:
        """Write what is needed to resume exactly."""
        self._optimizer.save(path)

    def load_state(self, path: Path) -> None:
        """Take up a saved state."""
        self._optimizer.load(path)

    def _loss_sum(self, examples: Sequence[Example], weights: Sequence[Sequence[float]]) -> tuple[Tensor, Tensor]:
        """Weighted sum of nll, and the nll of every token that has weight, for packed examples."""
        device = self._model.device
        lengths = [len(e.tokens) for e in examples]
        tokens = torch.tensor([t for e in examples for t in e.tokens], device=device)
        packed = {
            "input_ids": tokens[None],
            "position_ids": torch.cat([torch.arange(n) for n in lengths]).to(device)[None],
            "use_cache": False,
            "disclaim_plan": DocumentPlan(lengths, device),
        }
        weight = torch.tensor([w for row in weights for w in row], dtype=torch.float32, device=device)
        rows = torch.nonzero(weight > 0).flatten()
        if len(rows) == 0:
            return torch.zeros((), device=device), weight[:0]
        targets = tokens[rows]
        if self._head is not None:
            hidden = self._causal.get_decoder()(**packed).last_hidden_state[0, rows - 1]
            total, nll = ChunkedCrossEntropy.apply(hidden, self._head, targets, weight[rows])  # type: ignore[no-untyped-call]
            return total, nll
        logits = self._causal(**packed, logits_to_keep=rows - 1).logits[0].float()
        nll = F.cross_entropy(logits, targets, reduction="none")
        return (nll * weight[rows]).sum(), nll.detach()


def _plain_head(network: Any) -> Tensor | None:
    """The head's weight where logits are nothing but hidden @ weight.T, else None. Models that scale or cap their
    logits say so in their configuration; they compute their logits themselves."""
    head = network.get_output_embeddings()
    settings = network.config.get_text_config().to_dict()
    changed = any(
        ("logit" in name or name == "lm_head_multiplier") and value not in (None, False, 1, 1.0)
        for name, value in settings.items()
    )
    if changed or getattr(head, "bias", None) is not None or not isinstance(head, torch.nn.Linear):
        return None
    return head.weight


def _with_adapter(network: Any, settings: TrainingSettings) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers for a name since replaced
        torch.manual_seed(settings.seed)
        try:
            return get_peft_model(network, config)
        except ValueError as error:
            raise ModelError(f"no LoRA adapter fits this model: {error}", "use training.method=full") from error
