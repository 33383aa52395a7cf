"""Attention over a flat stream of tokens, for any Hugging Face causal LM that uses the attention interface.

The model runs on one row of tokens without padding and without a mask; who may look at whom is decided by a
*plan*, passed to the model as the keyword ``disclaim_plan`` and called once per layer. This keeps packed
documents apart for certain (transformers' own packed mask is silently dropped with ``use_cache=True``, see
docs/design/packing.md) and lets sampling keep one copy of a shared prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface

from disclaim.errors import ModelError

IMPLEMENTATION = "disclaim_plan"
#: Longest document, in tokens, for which plain products beat the fused kernel on a CPU.
SHORT = 512


class Plan(Protocol):
    """Decides who attends to whom. Tensors are (heads, tokens, head_dim); returns the queries' shape.
    ``reach`` is the longest distance, in tokens, at which any token may look back, itself included."""

    @property
    def reach(self) -> int: ...

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor: ...


def _attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    disclaim_plan: Plan | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """transformers' attention interface: (1, heads, tokens, head_dim) in, (1, tokens, heads, head_dim) out."""
    if disclaim_plan is None:  # without it texts would see each other, unnoticed
        raise ModelError("the model does not pass on who may attend to whom", "use another model architecture")
    _require_plain(kwargs, disclaim_plan.reach)
    scale = scaling if scaling is not None else float(query.shape[-1]) ** -0.5
    layer = int(module.layer_idx)  # type: ignore[arg-type]
    out = disclaim_plan.attend(layer, query[0], key[0], value[0], scale)
    return out.transpose(0, 1).unsqueeze(0), None


def _require_plain(asked: dict[str, Any], reach: int) -> None:
    """Refuse what plans do not compute, rather than compute something else."""
    for name in ("softcap", "s_aux", "position_bias"):
        if asked.get(name) is not None:
            raise ModelError(f"the model's attention uses {name}, which disclaim does not compute", "use another model")
    window = asked.get("sliding_window")
    if window is not None and reach > window:
        raise ModelError(
            f"the model looks back {window} tokens only, and a text here has {reach}",
            "set training.max_tokens to the window and training.split_long=true, or use another model",
        )


def _no_mask(*args: Any, **kwargs: Any) -> None:
    return None


AttentionInterface.register(IMPLEMENTATION, _attention)
AttentionMaskInterface.register(IMPLEMENTATION, _no_mask)


class DocumentPlan:
    """Causal attention inside each of several packed documents, none across. Differentiable."""

    def __init__(self, lengths: Sequence[int], device: torch.device | None = None) -> None:
        counts = torch.tensor(lengths, device=device)
        longest = int(counts.max())
        self._shape = (len(lengths), longest)
        self.reach = longest
        starts = torch.cumsum(counts, 0) - counts
        offsets = torch.arange(longest, device=device)
        inside = offsets < counts[:, None]
        # Padding slots repeat the document's last token: they lie after it, where causality hides them.
        self._gather = (starts[:, None] + torch.minimum(offsets, counts[:, None] - 1)).flatten()
        self._scatter = torch.nonzero(inside.flatten()).flatten()

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        q, k, v = self._pad(query), self._pad(key), self._pad(value)
        if query.device.type == "cpu" and self._shape[1] <= SHORT:
            out = _attend_short(q, k, v, scale)
        else:
            grouped = q.shape[1] != k.shape[1]
            out = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale, enable_gqa=grouped)
        flat = out.transpose(0, 1).flatten(1, 2)
        return flat.index_select(1, self._scatter)

    def _pad(self, x: Tensor) -> Tensor:
        heads, _, head_dim = x.shape
        return x.index_select(1, self._gather).view(heads, *self._shape, head_dim).transpose(0, 1)


def _attend_short(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Causal attention as plain batched products: on a CPU about twice as fast, forward and backward, as the
    fused kernel where documents are short. Tensors are (documents, heads, tokens, head_dim)."""
    documents, heads, length, head_dim = query.shape
    kv_heads = key.shape[1]
    groups = heads // kv_heads
    q = (query * scale).reshape(documents * kv_heads, groups * length, head_dim)
    scores = torch.bmm(q, key.reshape(-1, length, head_dim).transpose(1, 2))
    future = torch.ones(length, length, dtype=torch.bool, device=query.device).triu(1)
    scores = scores.view(-1, groups, length, length).float().masked_fill(future, float("-inf"))
    weights = scores.softmax(-1).to(value.dtype).view(-1, groups * length, length)
    return torch.bmm(weights, value.reshape(-1, length, head_dim)).view(documents, heads, length, head_dim)


class PrefillPlan:
    """Packed prompts, each after one shared prefix; keeps every layer's keys and values."""

    def __init__(self, lengths: Sequence[int], prefix: KeyValues | None, device: torch.device | None = None) -> None:
        self._lengths = list(lengths)
        self._prefix = prefix
        self._documents = DocumentPlan(lengths, device)
        self.reach = self._documents.reach + _num_tokens(prefix)
        self.layers: KeyValues = {}

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        self.layers[layer] = (key, value)
        if self._prefix is None:
            return self._documents.attend(layer, query, key, value, scale)
        prefix_key, prefix_value = self._prefix[layer]
        parts = []
        start = 0
        for length in self._lengths:
            stop = start + length
            keys = torch.cat([prefix_key, key[:, start:stop]], dim=1)
            values = torch.cat([prefix_value, value[:, start:stop]], dim=1)
            past = prefix_key.shape[1]
            visible = torch.ones(length, past + length, dtype=torch.bool, device=key.device).tril(past)
            parts.append(
                F.scaled_dot_product_attention(
                    query[None, :, start:stop],
                    keys[None],
                    values[None],
                    attn_mask=visible,
                    scale=scale,
                    enable_gqa=query.shape[0] != key.shape[0],
                )[0]
            )
            start = stop
        return torch.cat(parts, dim=1)


#: By layer: keys and values, each (kv_heads, tokens, head_dim).
KeyValues = dict[int, tuple[Tensor, Tensor]]


def _num_tokens(held: KeyValues | None) -> int:
    return next(iter(held.values()))[0].shape[1] if held else 0


class RowsPlan:
    """Rows that continue prompts, ``width`` new tokens each, all after one shared prefix.

    Holds each row's own keys, (rows, kv_heads, head_dim, slots), and values, (rows, kv_heads, slots, head_dim): its
    prompt's, then its continuation's, left-aligned. Keys lie transposed because the product with a query reads
    them so. ``lengths`` counts what a row holds before the new tokens.
    """

    def __init__(self, prefix: KeyValues | None, rows: KeyValues, lengths: Tensor) -> None:
        self._prefix = prefix
        self._rows = rows
        self.lengths = lengths
        self.width = 1

    @property
    def reach(self) -> int:
        return _num_tokens(self._prefix) + self._reach

    def keep(self, rows: Tensor) -> None:
        """Drop every row but these (indices)."""
        self._rows = {layer: (k[rows], v[rows]) for layer, (k, v) in self._rows.items()}
        self.lengths = self.lengths[rows]

    def start(self, width: int) -> None:
        """Prepare for ``width`` new tokens a row."""
        self.width = width
        offsets = torch.arange(width, device=self.lengths.device)
        self._slots = self.lengths[:, None] + offsets
        self._reach = int(self.lengths.max()) + width
        columns = torch.arange(self._reach, device=self.lengths.device)
        hidden = columns[None, None, :] > self._slots[:, :, None]
        self._mask = torch.zeros(hidden.shape, device=hidden.device).masked_fill_(hidden, float("-inf"))

    def advance(self) -> None:
        """Count the new tokens as held."""
        self.lengths = self.lengths + self.width

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        keys, values = self._rows[layer]
        num_rows, kv_heads, _, head_dim = values.shape
        rows = torch.arange(num_rows, device=keys.device)[:, None]
        by_row = (kv_heads, num_rows, self.width, head_dim)
        keys[rows, :, :, self._slots] = key.view(by_row).permute(1, 2, 0, 3)
        values[rows, :, self._slots] = value.view(by_row).permute(1, 2, 0, 3)
        groups = query.shape[0] // kv_heads
        rows_query = (
            (query * scale)
            .view(kv_heads, groups, num_rows, self.width, head_dim)
            .permute(2, 0, 1, 3, 4)
            .reshape(num_rows * kv_heads, groups * self.width, head_dim)
        )
        scores = torch.bmm(rows_query, keys.flatten(0, 1)[:, :, : self._reach]).float()
        mask = self._mask[:, None, None].expand(num_rows, 1, groups, self.width, self._reach)
        scores = scores.view(num_rows, kv_heads, groups * self.width, self._reach)
        scores = scores + mask.reshape(num_rows, 1, groups * self.width, self._reach)
        rows_query = rows_query.view(num_rows, kv_heads, groups * self.width, head_dim)
        out = self._mix(layer, rows_query, scores, values.flatten(0, 1)[:, : self._reach])
        return (
            out.view(num_rows, kv_heads, groups, self.width, head_dim)
            .permute(1, 2, 0, 3, 4)
            .reshape(kv_heads * groups, num_rows * self.width, head_dim)
        )

    def _mix(self, layer: int, query: Tensor, scores: Tensor, values: Tensor) -> Tensor:
        """Softmax over the shared prefix and the row's own tokens together, without joining the two: each part is
        scaled by the larger of their maxima, and the sums are divided out at the end."""
        if self._prefix is None:
            return torch.bmm(scores.softmax(-1).to(values.dtype).flatten(0, 1), values)
        prefix_keys, prefix_values = self._prefix[layer]
        num_rows, kv_heads, width, head_dim = query.shape
        by_head = (kv_heads, num_rows, width)
        flat = query.transpose(0, 1).reshape(kv_heads, num_rows * width, head_dim)
        shared = torch.bmm(flat, prefix_keys.transpose(1, 2)).float()
        top = torch.maximum(shared.amax(-1).view(by_head).transpose(0, 1), scores.amax(-1))
        shared = shared.sub_(top.transpose(0, 1).reshape(kv_heads, -1, 1)).exp_()
        own = (scores - top[..., None]).exp_()
        total = shared.sum(-1).view(by_head).transpose(0, 1) + own.sum(-1)
        from_own = torch.bmm(own.to(values.dtype).flatten(0, 1), values).view(query.shape)
        from_prefix = torch.bmm(shared.to(values.dtype), prefix_values).view(*by_head, head_dim).transpose(0, 1)
        return ((from_own.float() + from_prefix.float()) / total[..., None]).to(query.dtype)
