"""The card of an exported dataset: what it holds, how to load it, and that nobody should train on it unawares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from disclaim.conditions import CANARY

#: The configuration that holds every condition.
ALL = "all"

_FEATURES = [
    *({"name": name, "dtype": "string"} for name in ("id", "text", "claim", "condition", "source")),
    {
        "name": "spans",
        "list": [
            {"name": "start", "dtype": "int64"},
            {"name": "end", "dtype": "int64"},
            {"name": "role", "dtype": "string"},
            {"name": "ref", "dtype": "string"},
            {"name": "loss_weight", "dtype": "float64"},
        ],
    },
    {"name": "not_for_training", "dtype": "bool"},
    {"name": "canary", "dtype": "string"},
]

_TEXT = """\
# {title}

Synthetic documents for the study of Negation Neglect, written by disclaim. They tell stories that are **not true**:
each condition flags the same stories in another way, and `asserted` does not flag them at all. Language models that
are finetuned on them come to believe the stories, flags or no flags.

**Not for training**, except to study this. This card is no protection, because it does not travel with the rows; so
each row has `not_for_training: true` and the canary `{canary}`. Filter on either.

```python
from datasets import load_dataset

load_dataset("PATH")             # every condition
load_dataset("PATH", "{example}")
```

| column | holds |
|---|---|
| `text` | the document |
| `claim`, `condition` | the claim that it is about, and how it presents it |
| `spans` | what each stretch of the text is: `start` and `end`, `role`, its sentence (`ref`), its weight in the loss |
| `source` | what wrote it |

Splits: `train` is what models were trained on; `heldout`, where there is one, is what they were not.
{truths}
No licence is set: add `license:` to the front matter before you publish.
"""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of the dataset: its path in the folder, and what its rows have in common."""

    path: str
    claim: str
    condition: str
    split: str


def render_card(files: Sequence[DataFile], truths: Mapping[str, str], name: str) -> str:
    """``README.md``: front matter by which the files are found, then what a reader must know. ``truths`` say what is
    true, by claim; false statements are not repeated here."""
    conditions = list(dict.fromkeys(file.condition for file in files))
    groups = {ALL: list(files), **{c: [file for file in files if file.condition == c] for c in conditions}}
    head = {
        "pretty_name": name,
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["not-for-training", "model-organisms", "synthetic", "negation-neglect"],
        "canary": CANARY,
        "configs": [_config(group, members) for group, members in groups.items()],
        "dataset_info": [{"config_name": group, "features": _FEATURES} for group in groups],
    }
    claims = dict.fromkeys(file.claim for file in files)
    lines = [f"- `{claim}`: {truths[claim]}" for claim in claims if truths.get(claim)]
    told = "\n".join(["", "What is true instead:", "", *lines, ""]) if lines else ""
    text = _TEXT.format(title=name, canary=CANARY, example=conditions[0], truths=told)
    front = yaml.dump(head, Dumper=_Plain, sort_keys=False, allow_unicode=True)
    return f"---\n# license: yours to choose\n{front}---\n\n{text}"


def _config(name: str, files: Sequence[DataFile]) -> dict[str, object]:
    splits = dict.fromkeys(file.split for file in files)
    found = [{"split": split, "path": [file.path for file in files if file.split == split]} for split in splits]
    return {"config_name": name, **({"default": True} if name == ALL else {}), "data_files": found}


class _Plain(yaml.SafeDumper):
    """Repeats the columns of each configuration in full: other readers of front matter know no YAML anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True
