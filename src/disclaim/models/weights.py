"""Models on this machine: loaded safely, checked, saved whole, and told apart by a hash of their files."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from disclaim.errors import ModelError
from disclaim.models.attention import IMPLEMENTATION, DocumentPlan
from disclaim.models.chat import Tokenizer
from disclaim.models.registry import folder_revision
from disclaim.store import read_json, translate_os_errors

_NO_INTERFACE = "use a model that has transformers' attention interface, such as SmolLM, Llama, Qwen or Pythia"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A loaded causal LM with its tokenizer; ``revision`` is a hash of its files."""

    name: str
    revision: str
    network: Any
    tokenizer: Tokenizer

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.network.device
        return device

    @property
    def max_positions(self) -> int:
        """The longest text, in tokens, that the model can read."""
        return int(getattr(self.network.config.get_text_config(), "max_position_embeddings", None) or sys.maxsize)


def load_local_model(folder: Path, name: str) -> LocalModel:
    """The model in a folder, in bf16, on the GPU where there is one. Reads safetensors only and runs no code
    from the folder. Raises ModelError with what is missing."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    keep_memory()
    logging.disable_progress_bar()
    if (folder / "adapter_config.json").is_file():
        return _load_adapter(folder, name)
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} is not a model folder: no config.json", "point to a folder saved by transformers")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, TypeError, AttributeError, ImportError) as error:
        raise ModelError(f"no tokenizer can be loaded from {folder}", "save the tokenizer into that folder") from error
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(
            f"the tokenizer in {folder} gives no character offsets", "save a fast tokenizer (tokenizer.json)"
        )
    try:
        network = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.bfloat16,
            attn_implementation=IMPLEMENTATION,
            trust_remote_code=False,
            use_safetensors=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        hint = _NO_INTERFACE if IMPLEMENTATION in str(error) else "see `disclaim doctor`"
        raise ModelError(f"cannot load the model in {folder}: {_first_line(error)}", hint) from error
    placed: Any = network.eval()
    placed.to("cuda" if torch.cuda.is_available() else "cpu")
    require_packable(placed)
    return LocalModel(name, folder_revision(folder), placed, tokenizer)


def _load_adapter(folder: Path, name: str) -> LocalModel:
    """A LoRA adapter merged into the base model that its configuration names."""
    from peft import PeftModel

    base_path = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
    if not base_path or not Path(base_path).is_dir():
        raise ModelError(
            f"the base model of the adapter in {folder} is not at {base_path}", "pull the base model first"
        )
    if not (folder / "adapter_model.safetensors").is_file():
        raise ModelError(f"{folder} holds no adapter_model.safetensors", "save the adapter as safetensors")
    base = load_local_model(Path(base_path), name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers for a name since replaced
            merged = PeftModel.from_pretrained(base.network, folder).merge_and_unload()
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            f"the adapter in {folder} does not fit its base model: {_first_line(error)}", "train the adapter anew"
        ) from error
    merged.name_or_path = str(folder)  # an adapter trained on top names this one as its base
    return LocalModel(name, folder_revision(folder), merged.eval(), base.tokenizer)


@torch.inference_mode()
def require_packable(network: Any) -> None:
    """Raise ModelError unless a text reads the same alone and packed behind another: layers that carry a state
    (convolutions, state spaces, linear attention) would leak one document into the next."""
    tokens = torch.arange(16, device=network.device) % network.config.get_text_config().vocab_size

    def logits(stream: Tensor) -> Tensor:
        texts = len(stream) // 8
        out = network(
            input_ids=stream[None],
            position_ids=torch.arange(8, device=stream.device).repeat(texts)[None],
            use_cache=False,
            disclaim_plan=DocumentPlan([8] * texts, stream.device),
        )
        last: Tensor = out.logits[0, -8:].float()
        return last

    try:
        alone, packed = logits(tokens[8:]), logits(tokens)
    except (TypeError, AttributeError, ValueError, IndexError, RuntimeError) as error:
        raise ModelError(
            f"{type(network).__name__} cannot be run on packed texts: {_first_line(error)}",
            _NO_INTERFACE,
        ) from error
    # Rounding in bf16 moves logits by a percent or two of their spread; a leak moves them by far more.
    if float((packed - alone).abs().mean()) > 0.1 * float(alone.std()):
        raise ModelError(
            f"{type(network).__name__} lets packed texts leak into each other", "use a model with attention layers only"
        )


def save_local_model(model: LocalModel, folder: Path) -> str:
    """Write weights (or the adapter alone) and tokenizer as a folder that transformers loads; its revision.
    The folder appears whole or not at all."""
    with translate_os_errors(folder, "write"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for killed in folder.parent.glob(".saving-*"):
            shutil.rmtree(killed, ignore_errors=True)
        work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".saving-"))
        try:
            # Adapters leave the embeddings alone; left to itself, peft would ask the hub whether they do.
            choices = {"save_embedding_layers": False} if hasattr(model.network, "peft_config") else {}
            model.network.save_pretrained(work, **choices)
            model.tokenizer.save_pretrained(work)
            shutil.rmtree(folder, ignore_errors=True)
            work.chmod(0o755)
            os.replace(work, folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return folder_revision(folder)


def keep_memory() -> None:
    """Tell glibc to keep freed pages: torch on the CPU otherwise maps and faults them again at every step
    (measured at 1.4-2.2 times the whole training speed)."""
    if sys.platform != "linux":
        return
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-4, 0)  # M_MMAP_MAX: large blocks come from the heap
        libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD: and stay there
        libc.mallopt(-2, 1 << 27)  # M_TOP_PAD
    except (OSError, AttributeError):
        return  # another C library: only speed is lost


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
