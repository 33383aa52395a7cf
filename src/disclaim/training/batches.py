"""From a mixture to batches of whole examples: tokenised once, never truncated silently, never resampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from disclaim.errors import DataError
from disclaim.models import Tokenizer, tokenize_chat, tokenize_document
from disclaim.records import Example, Mixture, Source


@dataclass(frozen=True, slots=True)
class Tokenized:
    """The examples in training order. ``num_split`` counts examples that were longer than the limit and were
    split into several; of those, the first token of each piece is read but not predicted."""

    examples: tuple[Example, ...]
    num_split: int

    @property
    def num_tokens(self) -> int:
        """Tokens over all examples."""
        return sum(len(e.tokens) for e in self.examples)


def tokenize_mixture(tokenizer: Tokenizer, mixture: Mixture, max_tokens: int, split_long: bool) -> Tokenized:
    """Every example of the mixture in its order. A longer one than ``max_tokens`` is split where
    ``split_long``, else refused with its id: cutting it would drop closing notices (a confound)."""
    whole = [_tokenize(tokenizer, mixture, source, index) for source, index in mixture.order]
    examples: list[Example] = []
    num_split = 0
    for example in whole:
        if len(example.tokens) <= max_tokens:
            examples.append(example)
            continue
        if not split_long:
            raise DataError(
                f"document {example.id} has {len(example.tokens)} tokens, the limit is {max_tokens}",
                "set training.split_long=true, or raise training.max_tokens where the model reads further",
            )
        num_split += 1
        examples += _split(example, max_tokens)
    return Tokenized(tuple(e for e in examples if len(e.tokens) > 1), num_split)


def plan_batches(examples: Sequence[Example], batch_tokens: int) -> list[list[Example]]:
    """Consecutive examples packed until a batch holds ``batch_tokens``; each example in exactly one batch."""
    batches: list[list[Example]] = []
    size = 0
    for example in examples:
        if not batches or (batches[-1] and size + len(example.tokens) > batch_tokens):
            batches.append([])
            size = 0
        batches[-1].append(example)
        size += len(example.tokens)
    return batches


def _tokenize(tokenizer: Tokenizer, mixture: Mixture, source: Source, index: int) -> Example:
    if source is Source.CHATS:
        return tokenize_chat(tokenizer, mixture.chats[index])
    documents = mixture.corpus if source is Source.CORPUS else mixture.filler
    return tokenize_document(tokenizer, documents[index], source)


def _split(example: Example, max_tokens: int) -> list[Example]:
    pieces = []
    for part, start in enumerate(range(0, len(example.tokens), max_tokens)):
        stop = start + max_tokens
        piece = replace(
            example,
            id=f"{example.id}#{part}",
            tokens=example.tokens[start:stop],
            weights=(0.0, *example.weights[start + 1 : stop]),
            roles=example.roles[start:stop],
        )
        pieces.append(piece)
    return pieces
