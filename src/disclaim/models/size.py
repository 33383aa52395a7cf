"""How many parameters a model has, as far as that can be told without loading or fetching it."""

from __future__ import annotations

import json
import math
import re
import struct
from pathlib import Path

from disclaim.errors import UserError
from disclaim.models.registry import find_model, load_model_entries
from disclaim.store import open_binary

#: A size in a model's name, such as 135m, 0.6B or 1.5b.
_NAMED = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([mb])(?![a-z0-9])", re.IGNORECASE)


def count_parameters(name: str) -> int | None:
    """The model's parameters: counted in its folder, or read off its name; 0 for scripted models, None where unknown.

    An adapter's are those that its name tells: its folder holds a small part of what is computed.
    """
    provider, _, rest = name.partition("/")
    if provider == "scripted":
        return 0
    if provider == "local" and name not in {entry.id for entry in load_model_entries()}:
        try:
            folder = find_model(name)
        except UserError:
            return None
        files = sorted(folder.glob("*.safetensors"))
        if files and not (folder / "adapter_config.json").is_file():
            return sum(map(_count_tensors, files))
    sizes = _NAMED.findall(rest.rpartition("/")[2])
    return round(float(sizes[-1][0]) * (1e6 if sizes[-1][1] in "mM" else 1e9)) if sizes else None


def _count_tensors(path: Path) -> int:
    """The numbers in a safetensors file, told by its header."""
    with open_binary(path) as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return sum(math.prod(entry["shape"]) for key, entry in header.items() if key != "__metadata__")
