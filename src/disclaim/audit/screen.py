"""Linear models over hashed words, for the learned tier: which windows are worth an encoder, and a second opinion on
those that are."""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from disclaim.errors import ModelError
from disclaim.store import read_bytes, read_json

_WORD = re.compile(r"\w+|[^\w\s]")
_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class WordScores:
    """``weights`` by the hash of a word or pair of words; their number is a power of two."""

    weights: NDArray[np.float32]
    bias: float

    def score(self, text: str) -> float:
        """The sum of the weights of the text's words and pairs, over the root of their number."""
        places = hashed_words(text, len(self.weights))
        if not places:
            return self.bias
        return float(self.weights[places].sum()) / math.sqrt(len(places)) + self.bias


@dataclass(frozen=True, slots=True)
class Screen:
    """Decides which windows the encoder reads: those with ``threshold`` or more."""

    words: WordScores
    threshold: float

    def passes(self, text: str) -> bool:
        """Whether the window may hold something that the encoder would find."""
        return self.words.score(text) >= self.threshold


@dataclass(frozen=True, slots=True)
class Verdict:
    """Decides which windows are found: the encoder's logit and ``share`` of the words', together a chance of
    ``threshold`` or more."""

    words: WordScores
    share: float
    threshold: float

    def chance(self, text: str, encoder_chance: float) -> float:
        """Both opinions as one, in 0..1."""
        return blend(encoder_chance, self.words.score(text), self.share)


def blend(chance: float, score: float, share: float) -> float:
    """A chance moved by ``share`` of a score on the scale of logits."""
    chance = min(max(chance, _LEAST), 1 - _LEAST)
    return 1 / (1 + math.exp(-(math.log(chance / (1 - chance)) + share * score)))


def hashed_words(text: str, size: int) -> list[int]:
    """The places of a text's distinct words and neighbouring pairs; numbers are one word."""
    words = ["#" if word.isdigit() else word for word in _WORD.findall(text.lower())]
    features = {*words, *map("\t".join, pairwise(words))}
    return [zlib.crc32(feature.encode("utf-8", "replace")) & (size - 1) for feature in features]


def load_screen() -> Screen:
    """The screen that comes with disclaim."""
    numbers = read_json(learned_path() / "settings.json")
    return Screen(_words("screen.f16", numbers["screen_bias"]), numbers["screen_threshold"])


def load_verdict() -> Verdict:
    """The verdict that comes with disclaim."""
    numbers = read_json(learned_path() / "settings.json")
    return Verdict(_words("words.f16", numbers["words_bias"]), numbers["words_share"], numbers["threshold"])


def learned_path() -> Path:
    """The folder of what was trained for this tier."""
    return Path(str(resources.files("disclaim") / "library" / "audit" / "learned"))


def _words(name: str, bias: float) -> WordScores:
    weights = np.frombuffer(read_bytes(learned_path() / name), np.float16).astype(np.float32)
    if not len(weights) or len(weights) & (len(weights) - 1):
        raise ModelError(f"{learned_path() / name} is damaged", "install disclaim again")
    return WordScores(weights, bias)
