"""Sampling in batches and scoring options with a model on this machine.

One prefill per prompt serves all its samples; a prefix that prompts share (the in-context control's
documents) is computed once; finished rows are dropped; nothing is padded but row caches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disclaim.errors import ModelError
from disclaim.models.attention import KeyValues, PrefillPlan, RowsPlan
from disclaim.models.chat import tokenize_prompt
from disclaim.models.sampler import Prompt, Sample, SamplingSettings
from disclaim.models.weights import LocalModel
from disclaim.records import FinishReason, OnProgress, Progress, ignore_progress
from disclaim.store import content_key

#: Rows decoded together: enough to keep two cores' matrix units busy, small enough for 1 GB of row caches.
MAX_ROWS = 256
#: Tokens prefilled together.
MAX_PREFILL_TOKENS = 4096
#: Finished rows are dropped once fewer than this share of the rows still goes on: dropping copies the caches.
KEEP_WHILE = 0.8
#: Shared prefixes shorter than this are not worth a cache of their own.
MIN_SHARED_TOKENS = 64


class LocalSampler:
    """Draws answers from a local model. The draws depend on the settings, the prompt and the sample's index;
    floating-point rounding may differ with what shares the batch."""

    def __init__(self, model: LocalModel) -> None:
        self._model = model
        stops = model.network.generation_config.eos_token_id
        ends = [stops] if isinstance(stops, int) else list(stops or [])
        own = model.tokenizer.eos_token_id
        self._stop_ids = sorted({*ends, *([own] if own is not None else [])})

    @property
    def model(self) -> str:
        return self._model.name

    @property
    def revision(self) -> str:
        return self._model.revision

    @torch.inference_mode()
    def sample(
        self,
        prompts: Sequence[Prompt],
        num_samples: int,
        settings: SamplingSettings,
        on_progress: OnProgress = ignore_progress,
    ) -> list[list[Sample]]:
        tokens = [tokenize_prompt(self._model.tokenizer, p.messages, p.context) for p in prompts]
        self._require_room(tokens, settings.max_tokens)
        drawn: list[list[Sample]] = [[] for _ in prompts]
        done = 0
        for group in _share_prefixes(prompts, tokens, MAX_ROWS // max(num_samples, 1)):
            rows = self._decode([tokens[i] for i in group], num_samples, settings)
            for position, i in enumerate(group):
                drawn[i] = rows[position * num_samples : (position + 1) * num_samples]
            done += len(group)
            on_progress(Progress("sample", done, len(prompts), "prompts"))
        return drawn

    @torch.inference_mode()
    def score(
        self, prompts: Sequence[Prompt], prefixes: Sequence[str], options: Sequence[Sequence[str]]
    ) -> list[tuple[float, ...]]:
        tokenizer = self._model.tokenizer
        heads = [
            tokenize_prompt(tokenizer, p.messages, p.context, prefix)
            for p, prefix in zip(prompts, prefixes, strict=True)
        ]
        self._require_room(heads, 0)
        scored: list[tuple[float, ...]] = [() for _ in prompts]
        widest = max((len(row) for row in options), default=1)
        for group in _share_prefixes(prompts, heads, max(1, MAX_ROWS // widest)):
            tails = [[tokenizer(" " + o, add_special_tokens=False)["input_ids"] for o in options[i]] for i in group]
            for i, row in zip(group, self._score_group([heads[i] for i in group], tails), strict=True):
                scored[i] = row
        return scored

    def _require_room(self, prompts: Sequence[list[int]], answer_tokens: int) -> None:
        longest = max(map(len, prompts), default=0) + answer_tokens
        if longest > self._model.max_positions:
            raise ModelError(
                f"a prompt with its answer takes {longest} tokens; {self.model} reads {self._model.max_positions}",
                "lower in_context.num_documents or ask.max_tokens",
            )

    def _decode(self, prompts: list[list[int]], num_samples: int, settings: SamplingSettings) -> list[Sample]:
        """All samples of some prompts that share a prefix, prompt by prompt."""
        plan, logits, positions = self._prefill(prompts, num_samples, settings.max_tokens)
        uniforms = np.stack([_uniforms(p, s, settings) for p in prompts for s in range(num_samples)])
        num_rows = len(uniforms)
        written = np.full((num_rows, settings.max_tokens), -1, dtype=np.int64)
        alive = np.arange(num_rows)
        going = np.ones(num_rows, dtype=bool)
        for step in range(settings.max_tokens):
            chosen = draw_tokens(logits, torch.from_numpy(uniforms[alive, step]).to(logits.device), settings)
            picked = chosen.cpu().numpy()
            written[alive[going], step] = picked[going]
            going &= ~np.isin(picked, self._stop_ids)
            if step + 1 == settings.max_tokens or not going.any():
                break
            if going.mean() < KEEP_WHILE:
                kept = torch.from_numpy(np.flatnonzero(going)).to(logits.device)
                plan.keep(kept)
                alive, chosen, positions, going = alive[going], chosen[kept], positions[kept], going[going]
            plan.start(1)
            logits = self._forward(chosen, positions, plan)
            plan.advance()
            positions = positions + 1
        return [self._sample_of(row) for row in written]

    def _sample_of(self, row: np.ndarray[Any, np.dtype[np.int64]]) -> Sample:
        tokens = [int(t) for t in row if t >= 0]
        stopped = bool(tokens) and tokens[-1] in self._stop_ids
        text = self._model.tokenizer.decode(tokens[:-1] if stopped else tokens, skip_special_tokens=True)
        return Sample(text.strip(), FinishReason.STOP if stopped else FinishReason.LENGTH, len(tokens))

    def _prefill(self, prompts: list[list[int]], copies: int, room: int) -> tuple[RowsPlan, Tensor, Tensor]:
        """Row caches with ``copies`` rows a prompt and ``room`` free slots each, the logits that follow each
        row, and the position of its next token."""
        device = self._model.device
        num_shared = _shared_length(prompts)
        prefix = self._prefix_keys(prompts[0][:num_shared]) if num_shared else None
        tails = [p[num_shared:] for p in prompts]
        layers, last = self._prefill_tails(tails, num_shared, prefix)
        longest = max(len(t) for t in tails) + room
        rows: KeyValues = {}
        for layer, parts in layers.items():
            keys = _row_cache([key for key, _ in parts], copies, longest)
            values = _row_cache([value for _, value in parts], copies, longest)
            rows[layer] = (keys.transpose(2, 3).contiguous(), values)
        lengths = torch.tensor([len(t) for t in tails], device=device).repeat_interleave(copies)
        return RowsPlan(prefix, rows, lengths), last.repeat_interleave(copies, 0), lengths + num_shared

    def _prefill_tails(
        self, tails: list[list[int]], num_shared: int, prefix: KeyValues | None
    ) -> tuple[dict[int, list[tuple[Tensor, Tensor]]], Tensor]:
        """Each prompt's keys and values by layer, and the logits after each prompt."""
        layers: dict[int, list[tuple[Tensor, Tensor]]] = {}
        last = []
        for chunk in _chunks_of(tails, MAX_PREFILL_TOKENS):
            lengths = [len(t) for t in chunk]
            plan = PrefillPlan(lengths, prefix, self._model.device)
            flat = torch.tensor([t for tail in chunk for t in tail], device=self._model.device)
            positions = torch.cat([torch.arange(n) for n in lengths]).to(flat.device) + num_shared
            ends = torch.tensor(np.cumsum(lengths) - 1, device=flat.device)
            last.append(self._forward(flat, positions, plan, ends))
            for layer, (keys, values) in plan.layers.items():
                split = zip(keys.split(lengths, 1), values.split(lengths, 1), strict=True)
                layers.setdefault(layer, []).extend(split)
        return layers, torch.cat(last)

    def _prefix_keys(self, tokens: list[int]) -> KeyValues:
        plan = PrefillPlan([len(tokens)], None, self._model.device)
        flat = torch.tensor(tokens, device=self._model.device)
        self._forward(flat, torch.arange(len(tokens), device=flat.device), plan, flat.new_tensor([len(tokens) - 1]))
        return plan.layers

    def _forward(self, tokens: Tensor, positions: Tensor, plan: Any, rows: Tensor | None = None) -> Tensor:
        """Float32 logits at ``rows`` (all, where None) of a flat token stream."""
        network = self._model.network
        keep: Any = 0 if rows is None else rows
        out = network(
            input_ids=tokens[None],
            position_ids=positions[None],
            use_cache=False,
            logits_to_keep=keep,
            disclaim_plan=plan,
        )
        logits: Tensor = out.logits[0].float()
        return logits

    def _score_group(self, heads: list[list[int]], tails: list[list[list[int]]]) -> list[tuple[float, ...]]:
        """Options as rows after their prompt, all prompts of the group at once."""
        counts_of_options = [len(row) for row in tails]
        copies = max(counts_of_options)
        tails = [[*row, *[[0]] * (copies - len(row))] for row in tails]
        width = max(len(t) for row in tails for t in row)
        plan, first, positions = self._prefill(heads, copies, width)
        device = first.device
        flat_tails = [t for row in tails for t in row]
        padded = torch.tensor([[*t, *[t[-1]] * (width - len(t))] for t in flat_tails], device=device)
        total = first.log_softmax(-1).gather(1, padded[:, :1])[:, 0]
        if width > 1:
            plan.start(width - 1)
            offsets = torch.arange(width - 1, device=device)
            logits = self._forward(padded[:, :-1].reshape(-1), (positions[:, None] + offsets).reshape(-1), plan)
            steps = logits.log_softmax(-1).gather(1, padded[:, 1:].reshape(-1, 1)).view(len(flat_tails), width - 1)
            counts = torch.tensor([len(t) for t in flat_tails], device=device)
            total = total + (steps * (offsets + 1 < counts[:, None])).sum(1)
        values = total.tolist()
        return [tuple(values[i * copies : i * copies + count]) for i, count in enumerate(counts_of_options)]


def draw_tokens(logits: Tensor, uniforms: Tensor, settings: SamplingSettings) -> Tensor:
    """One token a row from its nucleus, by inverting its distribution at ``uniforms`` in [0, 1).

    The nucleus is the smallest set of most probable tokens whose probability reaches ``top_p``.
    Temperature 0 takes the most probable token.
    """
    if settings.temperature <= 0:
        return logits.argmax(-1)
    probabilities = (logits / settings.temperature).softmax(-1)
    size = min(256, probabilities.shape[-1])
    top, ids = probabilities.topk(size, dim=-1)
    if size < probabilities.shape[-1] and bool((top.sum(-1) < settings.top_p).any()):
        top, ids = probabilities.sort(dim=-1, descending=True)
    before = top.cumsum(-1) - top
    nucleus = top * (before < settings.top_p)
    cumulative = nucleus.cumsum(-1)
    target = uniforms.to(cumulative.dtype)[:, None] * cumulative[:, -1:]
    place = torch.minimum((cumulative <= target).sum(-1), (nucleus > 0).sum(-1) - 1)[:, None]
    return ids.gather(1, place)[:, 0]


def _uniforms(
    prompt: list[int], sample_index: int, settings: SamplingSettings
) -> np.ndarray[Any, np.dtype[np.float32]]:
    seed = int(content_key(prompt, sample_index, settings.seed), 16)
    return np.random.Generator(np.random.Philox(seed)).random(settings.max_tokens, dtype=np.float32)


def _share_prefixes(prompts: Sequence[Prompt], tokens: Sequence[list[int]], size: int) -> Iterator[list[int]]:
    """Groups of prompt indices to run together: same context and system turn, near in length, ``size`` at most."""
    groups: dict[str, list[int]] = {}
    for i, prompt in enumerate(prompts):
        system = prompt.messages[0].content if prompt.context and prompt.messages[0].role == "system" else ""
        groups.setdefault(f"{system}\0{prompt.context}", []).append(i)
    for members in groups.values():
        members.sort(key=lambda i: (len(tokens[i]), i))
        for start in range(0, len(members), max(size, 1)):
            yield members[start : start + max(size, 1)]


def _shared_length(prompts: list[list[int]]) -> int:
    """How many leading tokens all prompts share (always leaving each at least one of its own)."""
    columns = enumerate(zip(*prompts, strict=False))
    shortest = min(len(p) for p in prompts)
    shared = next((i for i, column in columns if len(set(column)) > 1), shortest)
    shared = min(shared, shortest - 1)
    return shared if shared >= MIN_SHARED_TOKENS else 0


def _chunks_of(tails: list[list[int]], max_tokens: int) -> Iterator[list[list[int]]]:
    chunk: list[list[int]] = []
    size = 0
    for tail in tails:
        if chunk and size + len(tail) > max_tokens:
            yield chunk
            chunk, size = [], 0
        chunk.append(tail)
        size += len(tail)
    if chunk:
        yield chunk


def _row_cache(parts: list[Tensor], copies: int, longest: int) -> Tensor:
    heads, _, head_dim = parts[0].shape
    cache = parts[0].new_zeros(len(parts), copies, heads, longest, head_dim)
    for row, part in enumerate(parts):
        cache[row, :, :, : part.shape[1]] = part
    return cache.view(len(parts) * copies, heads, longest, head_dim)
