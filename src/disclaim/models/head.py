"""A small trained head on the frozen lower layers of a language model: scores for a text and for its tokens.

The language model reads from left to right; the head sees the whole window in both directions, so that what comes
later can tell of what came before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

MAX_TOKENS = 420


@dataclass(frozen=True, slots=True)
class HeadShape:
    """The size of a head: what it reads, how wide and deep it is, how many classes of texts and tokens it tells."""

    inputs: int = 576
    width: int = 128
    layers: int = 2
    text_classes: int = 4
    token_classes: int = 2
    dropout: float = 0.2


class Head(nn.Module):
    """A transformer of few narrow layers over the features of a text's tokens."""

    def __init__(self, shape: HeadShape | None = None) -> None:
        super().__init__()
        shape = shape or HeadShape()
        width = shape.width
        self.dropout = shape.dropout
        self.enter = nn.Linear(shape.inputs, width)
        self.positions = nn.Parameter(torch.randn(MAX_TOKENS, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, shape.dropout, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False)
        self.look = nn.Linear(width, 2)
        self.text = nn.Linear(2 * width, shape.text_classes)
        self.token = nn.Linear(width, shape.token_classes)
        nn.init.constant_(self.token.bias, -1.5)

    def forward(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the classes of each text, and of each of its tokens. ``mask`` is True at tokens."""
        hidden = functional.layer_norm(features, features.shape[-1:])
        hidden = self.enter(functional.dropout(hidden, self.dropout, self.training))
        hidden = self.layers(hidden + self.positions[: features.shape[1]], src_key_padding_mask=~mask)
        looks = self.look(hidden).masked_fill(~mask[..., None], -1e4).softmax(1)
        pooled = torch.einsum("bln,blw->bnw", looks, hidden).flatten(1)
        return self.text(functional.dropout(pooled, self.dropout, self.training)), self.token(hidden)


def stack(features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Features of several texts as one tensor, with the mask that tells tokens from padding."""
    length = max(map(len, features))
    stacked = torch.zeros(len(features), length, features[0].shape[-1])
    mask = torch.zeros(len(features), length, dtype=torch.bool)
    for row, item in enumerate(features):
        stacked[row, : len(item)] = item.float()
        mask[row, : len(item)] = True
    return stacked, mask
