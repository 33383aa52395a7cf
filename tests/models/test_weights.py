"""Loading what is safe and whole, refusing the rest with a reason, and saving all or nothing."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from disclaim.errors import ModelError, StoreError
from disclaim.models import load_local_model, save_local_model
from disclaim.models.registry import folder_revision
from toy_models import build_toy_model, in_fp32


@pytest.fixture
def folder(toy_model: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(toy_model, tmp_path / "model"))


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_local_model(folder, "local/x")
    assert caught.value.hint
    assert caught.value.exit_code == 1
    return caught.value.message


def test_a_loaded_model_computes_in_bf16_and_says_how_far_it_reads(toy_model: Path) -> None:
    model = load_local_model(toy_model, "local/toy")
    assert model.name == "local/toy"
    assert {p.dtype for p in model.network.parameters()} == {torch.bfloat16}
    assert model.max_positions == 2048
    assert not model.network.training


def test_a_folder_without_a_configuration_is_refused(folder: Path) -> None:
    (folder / "config.json").unlink()
    assert "no config.json" in refusal(folder)


def test_a_folder_without_a_tokenizer_is_refused(folder: Path) -> None:
    for file in folder.glob("token*"):
        file.unlink()
    assert "tokenizer" in refusal(folder)


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({"planted": torch.zeros(1)}, folder / "pytorch_model.bin")
    assert "cannot load the model" in refusal(folder)


def test_damaged_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"not weights")
    assert "cannot load the model" in refusal(folder)


def test_a_damaged_configuration_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text("{broken")
    assert str(folder) in refusal(folder)


def test_an_unknown_architecture_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "abacus", "architectures": ["Abacus"]}))
    assert str(folder) in refusal(folder)


def test_code_in_the_folder_is_never_run(folder: Path) -> None:
    planted = folder / "was_run"
    (folder / "modeling_evil.py").write_text(f"open({str(planted)!r}, 'w')\nclass Evil: pass\nclass Config: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "evil",
        "auto_map": {"AutoConfig": "modeling_evil.Config", "AutoModelForCausalLM": "modeling_evil.Evil"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    refusal(folder)
    assert not planted.exists()


def test_a_saved_model_loads_again_with_the_same_revision_and_weights(toy_model: Path, tmp_path: Path) -> None:
    model = load_local_model(toy_model, "local/toy")
    revision = save_local_model(model, tmp_path / "saved")
    again = load_local_model(tmp_path / "saved", "local/saved")
    assert revision == again.revision == folder_revision(tmp_path / "saved")
    for ours, theirs in zip(model.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["saved"]


def test_the_revision_changes_with_the_weights_and_not_with_the_place(folder: Path, toy_model: Path) -> None:
    assert folder_revision(folder) == folder_revision(toy_model)
    weights = load_file(folder / "model.safetensors")
    name = next(iter(weights))
    save_file({**weights, name: weights[name] + 1}, folder / "model.safetensors", {"format": "pt"})
    assert folder_revision(folder) != folder_revision(toy_model)


class TooLarge:
    """A network whose weights do not fit on the disk."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def save_pretrained(self, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
    ids=["the system's", "safetensors'"],
)
def test_a_failed_save_keeps_the_old_folder_and_leaves_nothing_half_made(
    folder: Path, tmp_path: Path, error: Exception
) -> None:
    before = folder_revision(folder)
    model = replace(load_local_model(folder, "local/x"), network=TooLarge(error))
    with pytest.raises(StoreError, match="No space left") as caught:
        save_local_model(model, folder)
    assert "disk space" in caught.value.hint
    assert folder_revision(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_save_clears_what_a_killed_one_left(toy_model: Path, tmp_path: Path) -> None:
    (tmp_path / ".saving-killed").mkdir()
    save_local_model(load_local_model(toy_model, "local/toy"), tmp_path / "saved")
    assert [p.name for p in tmp_path.iterdir()] == ["saved"]


@pytest.fixture
def adapter(folder: Path, tmp_path: Path) -> Path:
    """A LoRA adapter on the copied model that changes its answers."""
    from peft import LoraConfig, get_peft_model

    base = load_local_model(folder, "local/x")
    config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_local_model(replace(base, network=get_peft_model(base.network, config)), tmp_path / "adapter")
    return tmp_path / "adapter"


def logits_of(model: Any) -> torch.Tensor:
    from disclaim.models import DocumentPlan

    with torch.no_grad():
        out = model.network(
            torch.tensor([[1, 2, 3]]),
            position_ids=torch.arange(3)[None],
            use_cache=False,
            disclaim_plan=DocumentPlan([3]),
        )
    logits: torch.Tensor = out.logits
    return logits


def test_an_adapter_folder_loads_merged_into_the_base_model_it_names(adapter: Path, folder: Path) -> None:
    assert {p.suffix for p in adapter.iterdir()} & {".safetensors"}
    merged = load_local_model(adapter, "local/adapter")
    base = load_local_model(folder, "local/x")
    assert type(merged.network) is type(base.network)
    assert not torch.allclose(logits_of(merged), logits_of(base))
    assert merged.revision != base.revision


def test_an_adapter_trained_on_an_adapter_keeps_both(adapter: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    first = load_local_model(adapter, "local/adapter")
    config = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        stacked = replace(first, network=get_peft_model(first.network, config))
    save_local_model(stacked, tmp_path / "second")
    expected = logits_of(stacked)
    again = load_local_model(tmp_path / "second", "local/second")
    torch.testing.assert_close(logits_of(again), expected, atol=0.1, rtol=0.05)  # merged in bf16
    assert not torch.allclose(logits_of(again), logits_of(load_local_model(adapter, "local/adapter")), atol=0.2)


def test_an_adapter_without_its_base_model_is_refused(adapter: Path, folder: Path) -> None:
    shutil.rmtree(folder)
    message = refusal(adapter)
    assert "base model" in message
    assert str(folder) in message


def test_an_adapter_without_safetensors_is_refused(adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").unlink()
    torch.save({}, adapter / "adapter_model.bin")
    assert "adapter_model.safetensors" in refusal(adapter)


def test_an_adapter_for_another_model_is_refused(adapter: Path, folder: Path) -> None:
    shutil.rmtree(folder)
    build_toy_model(folder, "llama", {"hidden_size": 32, "head_dim": 8})
    assert "does not fit" in refusal(adapter)


def test_every_load_gives_a_network_of_its_own(toy_model: Path) -> None:
    first, second = in_fp32(toy_model), in_fp32(toy_model)
    first.network.get_input_embeddings().weight.data.zero_()
    assert float(second.network.get_input_embeddings().weight.detach().abs().sum()) > 0
