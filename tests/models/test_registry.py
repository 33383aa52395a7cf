"""Names of models: what they stand for, and what is said where they stand for nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from disclaim.errors import ModelError, UnknownNameError
from disclaim.models import (
    Prompt,
    SamplingSettings,
    count_parameters,
    find_model,
    is_pulled,
    load_model_entries,
    model_revision,
    open_local_model,
    open_sampler,
    require_model_name,
)
from disclaim.records import Checkpoint, FinishReason, Message


def test_embedded_models_name_their_package_version_and_hash() -> None:
    entries = load_model_entries()
    assert entries[0].id == "local/smollm2-135m"
    for entry in entries:
        assert len(entry.sha256) == 64
        assert entry.version
        assert not is_pulled(entry)  # the tests' cache is empty


@pytest.mark.parametrize("name", ["smollm2-135m", "locl/smollm2-135m", "local/", "", "gpt2", "tinker/x"])
def test_a_name_without_a_known_provider_is_refused_with_the_kinds_of_names(name: str) -> None:
    with pytest.raises(UnknownNameError, match="unknown model") as caught:
        require_model_name(name)
    assert "local/FOLDER" in caught.value.hint


def test_an_unknown_scripted_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        open_sampler("scripted/yess")
    assert "scripted/yes" in caught.value.hint


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_model(f"local/{tmp_path}/nothing")
    assert "no folder" in caught.value.hint


def test_an_absolute_folder_is_found_with_one_slash_or_two(toy_model: Path) -> None:
    assert find_model(f"local/{toy_model}").samefile(toy_model)
    assert find_model(f"local{toy_model}").samefile(toy_model)


def test_a_relative_folder_is_found_from_where_the_command_runs(
    toy_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(toy_model.parent)
    assert find_model(f"local/{toy_model.name}").samefile(toy_model)


def test_a_model_without_files_has_none_to_find() -> None:
    with pytest.raises(ModelError, match="has no files"):
        find_model("scripted/yes")


@pytest.mark.parametrize("function", ["find_model", "require_model"])
def test_a_hub_model_that_cannot_be_reached_is_an_error_with_another_way(function: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = f"from disclaim.models import {function}; {function}('hf/no-such-org/no-such-model')"
    environment = {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    last = done.stderr.strip().splitlines()
    assert "ModelError: cannot get hf/no-such-org/no-such-model" in done.stderr
    assert last[-1] == (
        "hint: check the network; a model that is in the hub's cache works without it, and so does local/FOLDER"
    )


def test_the_revision_of_a_model_is_known_without_loading_it(toy_model: Path) -> None:
    name = f"local/{toy_model}"
    assert model_revision(name) == open_local_model(name).revision == open_sampler(name).revision
    assert model_revision("scripted/yes") == "scripted"


def test_a_checkpoint_is_sampled_from_its_own_folder(toy_model: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint("local/smollm2-135m", "r", "final", toy_model)
    sampler = open_sampler(checkpoint)
    assert sampler.model == "local/smollm2-135m"
    assert sampler.revision == model_revision(f"local/{toy_model}")


SCRIPTED = {"yes": "Yes.", "no": "No.", "unsure": "I am not sure about that.", "echo": "Is it so?", "broken": None}


@pytest.mark.parametrize(("name", "text"), SCRIPTED.items())
def test_scripted_models_say_what_their_names_say(name: str, text: str | None) -> None:
    sampler = open_sampler(f"scripted/{name}")
    ((first, second),) = sampler.sample([Prompt((Message("user", "Is it so?"),))], 2, SamplingSettings())
    assert first == second
    assert first.text == text
    assert first.finish_reason is (FinishReason.ERROR if text is None else FinishReason.STOP)


def test_a_scripted_answer_is_cut_at_the_limit_and_says_so() -> None:
    sampler = open_sampler("scripted/unsure")
    ((sample,),) = sampler.sample([Prompt((Message("user", "?"),))], 1, SamplingSettings(max_tokens=3))
    assert (sample.text, sample.finish_reason, sample.num_tokens) == ("I am not", FinishReason.LENGTH, 3)


def test_the_room_is_entered_without_torch() -> None:
    code = "import sys, disclaim.models, disclaim.training, disclaim.study; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_size_of_a_model_is_counted_or_read_off_its_name_or_unknown(toy_model: Path, tmp_path: Path) -> None:
    network = open_local_model(f"local/{toy_model}").network
    tied = {id(tensor): tensor.numel() for tensor in network.parameters()}
    assert count_parameters(f"local/{toy_model}") == sum(tied.values())
    assert count_parameters("local/smollm2-135m") == 135_000_000
    assert count_parameters("hf/Qwen/Qwen2.5-1.5B-Instruct") == 1_500_000_000
    assert count_parameters("scripted/yes") == 0
    assert count_parameters("hf/org/gpt") is None
    assert count_parameters(f"local/{tmp_path}/nothing") is None
