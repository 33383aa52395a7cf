"""AdamW on fp32 masters of bf16 weights.

The network computes in bf16; each trained parameter keeps an fp32 master that the optimiser steps, because an
update of lr 2e-4 is often smaller than bf16 can represent.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from disclaim.errors import RunError
from disclaim.training.trainer import TrainingSettings


class MasterAdamW:
    """AdamW (decoupled decay, bias-corrected) over named parameters."""

    def __init__(self, parameters: Iterable[tuple[str, torch.nn.Parameter]], settings: TrainingSettings) -> None:
        self._live = {name: p for name, p in parameters if p.requires_grad}
        self._master = {name: p.detach().float().clone().requires_grad_() for name, p in self._live.items()}
        self._settings = settings
        self._adam = torch.optim.AdamW(
            list(self._master.values()),
            lr=settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            eps=1e-8,
            weight_decay=settings.weight_decay,
            fused=True,
        )

    @torch.no_grad()
    def step(self, learning_rate: float) -> float:
        """Apply the gradients in the live parameters, clear them, and return their norm before clipping."""
        for name, parameter in self._live.items():
            grad = parameter.grad
            self._master[name].grad = torch.zeros_like(self._master[name]) if grad is None else grad.float()
            parameter.grad = None
        limit = self._settings.max_grad_norm or float("inf")
        norm = float(torch.nn.utils.clip_grad_norm_(list(self._master.values()), limit))
        for group in self._adam.param_groups:
            group["lr"] = learning_rate
        self._adam.step()
        for name, parameter in self._live.items():
            parameter.copy_(self._master[name])
            self._master[name].grad = None
        return norm

    def save(self, path: Path) -> None:
        """Write masters and both moments as safetensors."""
        save_file(self._state(), path)

    @torch.no_grad()
    def load(self, path: Path) -> None:
        """Take up a saved state, live parameters included. Raises RunError for a file that is damaged or of another
        network."""
        saved = _read_state(path, {f"{kind}.{name}" for kind in _KINDS for name in self._master} | {"step"})
        for name, master in self._master.items():
            master.copy_(saved[f"master.{name}"])
            self._live[name].copy_(master)
            self._adam.state[master] = {
                "step": saved["step"].clone(),
                "exp_avg": saved[f"first.{name}"],
                "exp_avg_sq": saved[f"second.{name}"],
            }

    def _state(self) -> dict[str, Tensor]:
        state: dict[str, Tensor] = {"step": torch.tensor(0.0)}
        for name, master in self._master.items():
            moments = self._adam.state[master]
            state["step"] = moments["step"].clone()
            state[f"master.{name}"] = master.detach()
            state[f"first.{name}"] = moments["exp_avg"]
            state[f"second.{name}"] = moments["exp_avg_sq"]
        return state


_KINDS = ("master", "first", "second")


def _read_state(path: Path, names: Set[str]) -> dict[str, Tensor]:
    try:
        saved = load_file(path)
    except (SafetensorError, OSError) as error:
        reason = str(error)
    else:
        if saved.keys() == names:
            return saved
        reason = "it holds other tensors"
    raise RunError(
        f"the saved state {path} cannot be read: {reason}",
        f"delete {path.parent} and run the same command again: the training starts over",
    )
