"""Reading texts for the tier ``learned``: the lower layers of the embedded model, and the heads trained on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disclaim.errors import ModelError
from disclaim.models.registry import find_model, require_packages

if TYPE_CHECKING:
    from torch import Tensor

READER_MODEL = "local/smollm2-135m"
#: The heads were trained on what this many layers make of a text.
NUM_LAYERS = 15
#: Stands after every text, so that its tokens have read the whole of it.
QUESTION = "\n\nWrong, made up or bad above:"
#: Tokens of a text that are read.
MAX_TEXT_TOKENS = 400
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the heads say of one text, each in 0..1. ``text``: the classes of the text, adding up to 1.
    ``tokens[i]``: the classes of token ``i``, which stands at the characters ``offsets[i]``."""

    text: tuple[float, ...]
    tokens: tuple[tuple[float, ...], ...]
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Features:
    """What the frozen layers make of a text: one vector a token, and the token's characters."""

    vectors: Tensor
    offsets: tuple[tuple[int, int], ...]


def read_texts(heads: tuple[Path, ...], texts: Sequence[str]) -> list[Encoded]:
    """What the heads in these safetensors files say of each text on average, up to ``MAX_TEXT_TOKENS`` of it.

    The embedded model is pulled where needed. Raises ModelError, and MissingDependencyError without torch.
    """
    require_packages("the tier learned", "torch", "transformers", "safetensors")
    import torch

    from disclaim.models.head import stack

    loaded, found = [_open_head(path) for path in heads], []
    with torch.inference_mode():
        for features in read_features(texts):
            said = [head(*stack([features.vectors])) for head in loaded]
            text = torch.stack([logits[0].softmax(-1) for logits, _ in said]).mean(0)
            tokens = torch.stack([logits[0].sigmoid() for _, logits in said]).mean(0)
            found.append(Encoded(tuple(text.tolist()), tuple(map(tuple, tokens.tolist())), features.offsets))
    return found


def read_features(texts: Sequence[str]) -> list[Features]:
    """What the frozen layers make of each text followed by ``QUESTION``, whose tokens stand at (0, 0)."""
    import torch

    tokenizer, network = _open_network()
    question = tokenizer(QUESTION).input_ids
    encoded = [tokenizer(text, return_offsets_mapping=True) for text in texts]
    ids = [list(item.input_ids[:MAX_TEXT_TOKENS]) + question for item in encoded]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    found: dict[int, Features] = {}
    with torch.inference_mode():
        for first in range(0, len(order), _BATCH):
            batch = order[first : first + _BATCH]
            padded = torch.zeros(len(batch), len(ids[batch[-1]]), dtype=torch.long)
            for row, i in enumerate(batch):
                padded[row, : len(ids[i])] = torch.tensor(ids[i])
            # Padding stands on the right, where no token of a text looks.
            hidden = network(padded).last_hidden_state
            for row, i in enumerate(batch):
                offsets = [tuple(pair) for pair in encoded[i].offset_mapping[:MAX_TEXT_TOKENS]]
                found[i] = Features(hidden[row, : len(ids[i])].clone(), (*offsets, *[(0, 0)] * len(question)))
    return [found[i] for i in range(len(texts))]


@cache
def _open_network() -> tuple[Any, Any]:
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = find_model(READER_MODEL)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        network = AutoModel.from_pretrained(
            folder, dtype=torch.bfloat16, trust_remote_code=False, use_safetensors=True
        ).eval()
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"cannot load {READER_MODEL}: {error}", f"delete {folder}; it is made anew") from error
    network.layers = network.layers[:NUM_LAYERS]
    network.norm = torch.nn.Identity()
    network.config.use_cache = False
    return tokenizer, network


@cache
def _open_head(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from disclaim.models.head import Head

    head = Head().eval()
    try:
        head.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"cannot read {path}: {error}", "install disclaim again") from error
    return head
