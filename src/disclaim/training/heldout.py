"""Loss on held-out documents by span role: what is learned of the claim, and what of its warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from disclaim.models import Tokenizer, tokenize_document
from disclaim.records import Document, Example, Source
from disclaim.training.batches import plan_batches


class _Rater(Protocol):
    def nll(self, examples: Sequence[Example]) -> list[list[float]]: ...


def tokenize_heldout(tokenizer: Tokenizer, documents: Sequence[Document]) -> tuple[Example, ...]:
    """The documents as examples, whole."""
    return tuple(tokenize_document(tokenizer, document, Source.CORPUS) for document in documents)


def heldout_loss(network: _Rater, examples: Sequence[Example], batch_tokens: int) -> dict[str, float]:
    """Mean nll in nats per token by role, and ``all``; roles that do not occur are absent. First tokens of
    documents, which nothing precedes, and tags are left out."""
    sums: dict[str, list[float]] = {}
    for batch in plan_batches(examples, batch_tokens):
        for example, nll in zip(batch, network.nll(batch), strict=True):
            for role, value in list(zip(example.roles, nll, strict=True))[1:]:
                if role and role != "tag":
                    sums.setdefault(role, []).append(value)
    everything = [value for values in sums.values() for value in values]
    means = {role: sum(values) / len(values) for role, values in sorted(sums.items())}
    return {**means, "all": sum(everything) / len(everything)} if everything else {}
