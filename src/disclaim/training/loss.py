"""Cross-entropy that never holds all logits, and the weights that decide what it counts.

The loss of a batch is ``sum_i w_i * nll_i / sum_i w_i`` over its tokens, where ``w_i`` is the span weight of the token
(0 where masked) times its source's weighting (see LossWeighting and docs/design/loss-weighting.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from disclaim.records import Example, LossWeighting, Source

#: Logit rows held at a time: 256 rows of a 49k vocabulary are 50 MB in fp32.
CHUNK_ROWS = 256


class ChunkedCrossEntropy(torch.autograd.Function):
    """Weighted sum of -log softmax(hidden @ head.T)[target], with both gradients computed in the forward pass."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Returns (weighted sum of nll, nll of each row): hidden (rows, dim), head (vocabulary, dim)."""
        wants_grad = any(ctx.needs_input_grad)
        grad_hidden = torch.empty_like(hidden) if wants_grad else hidden
        grad_head = torch.zeros_like(head) if ctx.needs_input_grad[1] else None
        nll = torch.empty(len(targets), dtype=torch.float32, device=hidden.device)
        for start in range(0, len(targets), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            logits = (hidden[rows] @ head.T).float()
            lse = logits.logsumexp(-1)
            nll[rows] = lse - logits.gather(1, targets[rows, None])[:, 0]
            if not wants_grad:
                continue
            grad = logits.sub_(lse[:, None]).exp_()
            grad[torch.arange(len(grad), device=grad.device), targets[rows]] -= 1.0
            scaled = grad.mul_(weights[rows, None]).to(hidden.dtype)
            grad_hidden[rows] = scaled @ head
            if grad_head is not None:
                grad_head.addmm_(scaled.T, hidden[rows])
        ctx.save_for_backward(grad_hidden, *([grad_head] if grad_head is not None else []))
        ctx.mark_non_differentiable(nll)
        return (nll * weights).sum(), nll

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor, _: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        grad_hidden, *rest = ctx.saved_tensors
        grad_head = rest[0] * grad_loss.to(rest[0].dtype) if rest else None
        return grad_hidden * grad_loss.to(grad_hidden.dtype), grad_head, None, None


def balance_sources(examples: Sequence[Example], weighting: Mapping[Source, LossWeighting]) -> list[tuple[float, ...]]:
    """Loss weights of a batch's examples, token by token, after their source's weighting."""
    totals = {source: sum(sum(e.weights) for e in examples if e.source is source) for source in Source}
    return [_scaled(e, weighting.get(e.source, LossWeighting.TOKEN_SUM), totals[e.source]) for e in examples]


def _scaled(example: Example, weighting: LossWeighting, source_total: float) -> tuple[float, ...]:
    divisor = {
        LossWeighting.TOKEN_SUM: 1.0,
        LossWeighting.EXAMPLE_MEAN: sum(example.weights),
        LossWeighting.BATCH_TOKEN_MEAN: source_total,
    }[weighting]
    return tuple(w / divisor for w in example.weights) if divisor > 0 else example.weights
