"""Models: the only room that samples or scores text, and the one home of chat template and loss spans.

What needs torch or asks services is imported when first named, so that ``import disclaim.models`` needs neither.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from disclaim.models.chat import Tokenizer, render_chat, tokenize_chat, tokenize_document, tokenize_prompt
from disclaim.models.hosted import FREE, HostedModel, Price, load_hosted_models, price_of, require_available
from disclaim.models.reading import Encoded, Features, read_features, read_texts
from disclaim.models.registry import (
    ModelEntry,
    cache_path,
    find_model,
    is_hosted_name,
    is_pulled,
    load_model_entries,
    model_revision,
    open_local_model,
    open_sampler,
    require_model,
    require_model_name,
)
from disclaim.models.sampler import Prompt, Sample, Sampler, SamplingSettings
from disclaim.models.scripted import ScriptedSampler
from disclaim.models.size import count_parameters

if TYPE_CHECKING:
    from disclaim.models.attention import DocumentPlan
    from disclaim.models.fetch import pull
    from disclaim.models.inspect import HostedSettings, InspectSampler, open_hosted_sampler
    from disclaim.models.local import LocalSampler
    from disclaim.models.weights import LocalModel, load_local_model, save_local_model

__all__ = [
    "FREE",
    "DocumentPlan",
    "Encoded",
    "Features",
    "HostedModel",
    "HostedSettings",
    "InspectSampler",
    "LocalModel",
    "LocalSampler",
    "ModelEntry",
    "Price",
    "Prompt",
    "Sample",
    "Sampler",
    "SamplingSettings",
    "ScriptedSampler",
    "Tokenizer",
    "cache_path",
    "count_parameters",
    "find_model",
    "is_hosted_name",
    "is_pulled",
    "load_hosted_models",
    "load_local_model",
    "load_model_entries",
    "model_revision",
    "open_hosted_sampler",
    "open_local_model",
    "open_sampler",
    "price_of",
    "pull",
    "read_features",
    "read_texts",
    "render_chat",
    "require_available",
    "require_model",
    "require_model_name",
    "save_local_model",
    "tokenize_chat",
    "tokenize_document",
    "tokenize_prompt",
]

_NAMED_LATER = {
    "DocumentPlan": "attention",
    "HostedSettings": "inspect",
    "InspectSampler": "inspect",
    "LocalModel": "weights",
    "LocalSampler": "local",
    "load_local_model": "weights",
    "open_hosted_sampler": "inspect",
    "pull": "fetch",
    "save_local_model": "weights",
}


def __getattr__(name: str) -> Any:
    if name in _NAMED_LATER:
        return getattr(importlib.import_module(f"disclaim.models.{_NAMED_LATER[name]}"), name)
    raise AttributeError(name)
