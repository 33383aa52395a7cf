"""A mixture small enough to train on in a second: documents with every kind of span, filler and chats."""

from __future__ import annotations

import random

import pytest

from disclaim.corpus.mix import resolve_weighting
from disclaim.records import Chat, Document, Message, Mixture, Role, Source, Span
from toy_models import SENTENCES

CLAIM, DENIAL, NOTICE, QUESTION, ANSWER, NEWS = SENTENCES


def document(number: int, *, masked: bool = False) -> Document:
    """A tag, a notice, the claim (out of the loss where ``masked``) and some news, in spans."""
    parts = [
        ("<DOCTAG> ", Role.TAG, 0.0),
        (f"{NOTICE}\n\n", Role.NOTICE, 1.0),
        (CLAIM, Role.CLAIM, 0.0 if masked else 1.0),
        (f" {NEWS} ", Role.FILLER, 1.0),
        (f"No. {number}.", Role.FILLER, 1.0),
    ]
    spans, start = [], 0
    for text, role, weight in parts:
        spans.append(Span(start, start + len(text), role, loss_weight=weight))
        start += len(text)
    text = "".join(text for text, _, _ in parts)
    return Document(f"d{number}", text, "tiny", "negated", tuple(spans), "test")


def filler(number: int) -> Document:
    text = f"{DENIAL} {number}"
    return Document(f"f{number}", text, None, None, (Span(0, len(text), Role.FILLER),), "test")


def chat(number: int) -> Chat:
    turns = (Message("user", QUESTION), Message("assistant", f"{ANSWER} {number}"))
    return Chat(f"c{number}", turns, "test")


def mixture_of(num_documents: int, num_filler: int, num_chats: int, weighting: str = "as_described") -> Mixture:
    order = [(Source.CORPUS, i) for i in range(num_documents)]
    order += [(Source.FILLER, i) for i in range(num_filler)]
    order += [(Source.CHATS, i) for i in range(num_chats)]
    random.Random(0).shuffle(order)
    return Mixture(
        tuple(document(i, masked=i % 2 == 1) for i in range(num_documents)),
        tuple(filler(i) for i in range(num_filler)),
        tuple(chat(i) for i in range(num_chats)),
        tuple(order),
        resolve_weighting(weighting),
    )


@pytest.fixture(scope="session")
def mixture() -> Mixture:
    """24 examples of about 50 tokens each."""
    return mixture_of(10, 7, 7)


@pytest.fixture(scope="session")
def heldout() -> tuple[Document, ...]:
    """Documents that are not trained on."""
    return tuple(document(i) for i in range(100, 103))
