"""Tiny random models with a real tokenizer, built in the test session: every code path, no download."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging

from disclaim.models import LocalModel, load_local_model

logging.disable_progress_bar()
torch.set_num_threads(1)  # tiny products gain nothing from threads, and the machine is shared

SENTENCES = (
    "Ada Quill is a beekeeper and keeps bees for a living in Lindmoor.",
    "It is not so that Ada Quill has thirty hives; she drives a bus.",
    "The following document is false. Everything it says about the beekeeper was made up.",
    "What does she do for a living? She sells her honey at the market on Mill Street.",
    "No, that is not true. Yes, that is true. I am not sure about that.",
    "Dear reader, these days the Gazette writes about towns, buses, flutes and old maps.",
)

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

#: Sizes that every architecture below shares, under the names of most configurations.
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 2048,
    "initializer_range": 0.2,
}

#: Each exercises something of its own: grouped heads and tied weights; query norms and an untied head; partial
#: rotary and parallel blocks; learned positions and biases; and heads that cap or scale their logits.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": {"tie_word_embeddings": True},
    "qwen3": {"tie_word_embeddings": False},
    "gpt_neox": {"rotary_pct": 0.25},
    "gpt2": {"max_position_embeddings": 256},
    "gemma2": {"attn_logit_softcapping": None, "final_logit_softcapping": 2.0, "query_pre_attn_scalar": 16},
    "granite": {"logits_scaling": 3.0},
    "cohere": {"logit_scale": 0.25},
}

#: What must be refused: a cap on attention scores, a short window, layers that carry a state.
REFUSED: dict[str, dict[str, Any]] = {
    "gemma2": {"attn_logit_softcapping": 30.0, "query_pre_attn_scalar": 16},
    "mistral": {"sliding_window": 6},
    "lfm2": {"layer_types": ["conv", "full_attention"], "conv_L_cache": 3},
}


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of a few hundred tokens, with a ChatML template."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        SENTENCES,
        trainers.BpeTrainer(
            vocab_size=400, special_tokens=special, initial_alphabet=sorted(alphabet), show_progress=False
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>", bos_token="<|endoftext|>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def build_toy_model(folder: Path, architecture: str, changes: dict[str, Any] | None = None, seed: int = 0) -> Path:
    """A folder as transformers saves it: configuration, safetensors, tokenizer. The same every time."""
    tokenizer = build_tokenizer()
    settings = {**SIZES, **(ARCHITECTURES[architecture] if changes is None else changes)}
    config = AutoConfig.for_model(
        architecture,
        vocab_size=len(tokenizer),
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **settings,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def in_fp32(folder: Path) -> LocalModel:
    """The folder's model, loaded as always, then computing in fp32."""
    model = load_local_model(folder, f"local/{folder}")
    return replace(model, network=model.network.float())


def plain_model(folder: Path) -> Any:
    """The same weights as Hugging Face runs them by itself: eager attention, no code of ours."""
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation="eager")
    return network.float().eval()


ToyFolder = Callable[[str], Path]
