"""The rules by their ids, read from ``library/audit/rules.yaml``: what each means, how grave it is, what is known."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from disclaim.audit.library import read_library
from disclaim.records import Severity


class LooksAt(StrEnum):
    """What a rule must see to find something."""

    ROW = "row"
    LIMIT = "limit"
    """A row, and how many tokens of it are trained on."""
    NEIGHBOURS = "neighbours"
    """The rows beside it; the examples are rows."""
    DATA = "data"
    """All rows; the examples are rows."""


class Rule(BaseModel):
    """One rule. ``evidence`` says where its severity comes from; ``bad`` is found by it, ``good`` is not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^NN[1-4]\d\d$")
    name: str
    title: str
    severity: Severity
    looks_at: LooksAt = LooksAt.ROW
    summary: str
    evidence: str
    fix: str
    bad: str
    good: str


@cache
def load_rules() -> Mapping[str, Rule]:
    """The rules by id, in order of their ids."""
    rules = [Rule.model_validate(item) for item in read_library("rules.yaml")]
    return {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}
