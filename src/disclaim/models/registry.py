"""Which models there are, where their files lie, and how to open them: ``provider/name``."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from disclaim.errors import MissingDependencyError, ModelError, UnknownNameError
from disclaim.models.sampler import Sampler
from disclaim.models.scripted import SCRIPTS, ScriptedSampler
from disclaim.records import Checkpoint
from disclaim.store import content_key, read_text

if TYPE_CHECKING:
    from disclaim.models.weights import LocalModel

PROVIDERS = ("local", "hf", "scripted")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of ``library/models.yaml``: an embedded model and the package that carries it."""

    id: str
    description: str
    package: str
    version: str
    sha256: str
    gguf: str


def load_model_entries() -> tuple[ModelEntry, ...]:
    """The embedded models."""
    text = read_text(Path(str(resources.files("disclaim") / "library" / "models.yaml")))
    return tuple(ModelEntry(**item) for item in yaml.safe_load(text)["models"])


def cache_path() -> Path:
    """Where pulled models are kept: ``$DISCLAIM_HOME``, else ``~/.cache/disclaim``."""
    home = os.environ.get("DISCLAIM_HOME")
    return Path(home).expanduser() if home else Path.home() / ".cache" / "disclaim"


def pulled_path(entry: ModelEntry) -> Path:
    """The folder of an embedded model once pulled; the version is part of its name."""
    return cache_path() / "models" / f"{entry.id.replace('/', '__')}-{entry.version}"


def is_pulled(entry: ModelEntry) -> bool:
    """Whether the embedded model is ready for use."""
    return (pulled_path(entry) / "config.json").is_file()


def require_model_name(name: str) -> None:
    """Raise UnknownNameError unless ``name`` is ``provider/name`` with a provider we know."""
    provider, _, rest = name.partition("/")
    if not rest or provider not in PROVIDERS:
        raise UnknownNameError("model", name, [e.id for e in load_model_entries()], _HINT)
    if provider == "scripted" and rest not in SCRIPTS:
        raise UnknownNameError("scripted model", name, [f"scripted/{s}" for s in SCRIPTS])


_HINT = "models are local/smollm2-135m, local/FOLDER, hf/ORG/NAME or scripted/NAME"


def is_hosted_name(name: str) -> bool:
    """Whether ``name`` has the form of a model behind a service: ``provider/name`` with none of our own providers."""
    provider, _, rest = name.partition("/")
    return bool(provider and rest) and provider not in PROVIDERS


def require_model(name: str) -> None:
    """Raise unless the model can be had: an embedded one, a folder that holds a model, or one of the hub, in its cache
    or within reach. Downloads no weights."""
    require_model_name(name)
    provider, _, rest = name.partition("/")
    if provider == "hf":
        _require_hub_model(rest)
    elif provider == "local" and name not in {entry.id for entry in load_model_entries()}:
        folder = find_model(name)
        if not any((folder / file).is_file() for file in ("config.json", "adapter_config.json")):
            raise UnknownNameError(
                "model", name, (), f"{folder} holds no config.json, as a folder saved by transformers does"
            )


def find_model(name: str) -> Path:
    """The folder of a ``local/...`` or ``hf/...`` model's files, pulled or downloaded where needed."""
    require_model_name(name)
    provider, _, rest = name.partition("/")
    if provider == "hf":
        return _download(rest)
    if provider != "local":
        raise ModelError(f"{name} has no files on this machine", "give a local/... or hf/... model")
    for entry in load_model_entries():
        if entry.id == name:
            from disclaim.models.fetch import pull

            return pull(entry)
    folder = Path(rest).expanduser()
    if not folder.is_dir():
        folder = Path("/") / rest
    if not folder.is_dir():
        embedded = [entry.id for entry in load_model_entries()]
        near = difflib.get_close_matches(name, embedded, n=1, cutoff=0.7)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UnknownNameError("model", name, embedded, f"{hint}no folder {rest}; {_HINT}")
    return folder


def open_local_model(name: str) -> LocalModel:
    """The model loaded for training or sampling."""
    require_packages(f"the model {name}", "torch", "transformers")
    folder = find_model(name)
    from disclaim.models.weights import load_local_model

    return load_local_model(folder, name)


def open_sampler(model: str | Checkpoint) -> Sampler:
    """A sampler for an untouched model by name, or for a checkpoint. A provider that is none of ours is one of
    Inspect AI's, and the model behind it is asked over the network."""
    name = model.model if isinstance(model, Checkpoint) else model
    if is_hosted_name(name):
        from disclaim.models.inspect import open_hosted_sampler

        return open_hosted_sampler(name)
    require_model_name(name)
    if name.startswith("scripted/"):
        return ScriptedSampler(SCRIPTS[name.partition("/")[2]], name)
    require_packages(f"the model {name}", "torch", "transformers")
    folder = model.path if isinstance(model, Checkpoint) and model.path else find_model(name)
    from disclaim.models.local import LocalSampler
    from disclaim.models.weights import load_local_model

    return LocalSampler(load_local_model(folder, name))


def model_revision(name: str) -> str:
    """A hash of the model's weights and tokenizer, without loading it."""
    if name.startswith("scripted/"):
        return "scripted"
    require_packages(f"the model {name}", "torch", "transformers")
    return folder_revision(find_model(name))


def folder_revision(folder: Path) -> str:
    """A hash of the folder's weights, configuration and tokenizer files (name, size, first and last MB)."""
    parts = []
    for path in sorted(folder.iterdir()):
        if path.suffix in {".safetensors", ".json", ".jinja", ".txt", ".model"}:
            digest = hashlib.sha256()
            with path.open("rb") as file:
                digest.update(file.read(1 << 20))
                file.seek(max(0, path.stat().st_size - (1 << 20)))
                digest.update(file.read())
            parts.append([path.name, path.stat().st_size, digest.hexdigest()])
    return content_key(parts)


def require_packages(what_for: str, *packages: str) -> None:
    """Raise MissingDependencyError unless these optional packages are installed."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(package, "local", what_for)


_KINDS = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model"]
_NO_HUB = "check the network; a model that is in the hub's cache works without it, and so does local/FOLDER"
_NO_REPOSITORY = "check the name ORG/NAME on the hub; a private or gated model needs a login; local/FOLDER needs no hub"


@cache
def _require_hub_model(name: str) -> None:
    """Raise unless the model's configuration is in the cache, or can be had from the hub."""
    require_packages(f"the model hf/{name}", "huggingface_hub")
    from huggingface_hub import model_info, try_to_load_from_cache

    with _translate_hub_errors(name):
        if not isinstance(try_to_load_from_cache(name, "config.json"), str):
            model_info(name, timeout=20)  # asks once, where a download would try for half a minute


@cache
def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    with _translate_hub_errors(name):
        return Path(snapshot_download(name, allow_patterns=_KINDS))


@contextlib.contextmanager
def _translate_hub_errors(name: str) -> Iterator[None]:
    """Turn what the hub's library raises into an error that tells a wrong name from a hub out of reach."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

    # The library passes on what its HTTP client raises, and which client that is depends on its version.
    client_error: type[Exception] = HfHubHTTPError.__mro__[1]
    try:
        yield
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise UnknownNameError("hub model", f"hf/{name}", (), _NO_REPOSITORY) from error
    except (OSError, ValueError, client_error) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"cannot get hf/{name}: {reason}", _NO_HUB) from error
