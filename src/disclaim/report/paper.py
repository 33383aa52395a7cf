"""The paper's belief rates, to set beside a run's own: library data in, one value with its source out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from disclaim.records import PAPER_INSTRUMENTS
from disclaim.store import read_text

#: The row of the library file that holds the paper's own mean over claims.
MEAN = "mean"
#: The claims of the paper's main result, and what a value is about that was measured on the claim asked for.
NUM_CLAIMS = 6
SAME_CLAIM = "the same claim"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceEntry(_Strict):
    """Where in the paper a figure stands, which model it is about, over how many claims it was measured."""

    section: str
    model: str
    claims: int


class RateEntry(_Strict):
    """Belief rates of one claim under one condition, in percent; instruments the paper leaves out are None."""

    source: str
    claim: str
    condition: str
    open_ended: float | None = None
    multiple_choice: float | None = None
    token_association: float | None = None
    robustness: float | None = None
    pooled: float = Field(alias="all")

    def of(self, instrument: str) -> float | None:
        """The percentage of one instrument; ``all`` is the pooled one."""
        known = {str(name): getattr(self, name) for name in PAPER_INSTRUMENTS}
        value: float | None = {**known, "all": self.pooled}.get(instrument)
        return value


class PaperFile(_Strict):
    """``library/paper.yaml``."""

    citation: str
    sources: dict[str, SourceEntry]
    rates: tuple[RateEntry, ...]


@dataclass(frozen=True, slots=True)
class PaperValue:
    """A belief rate of the paper in 0..1: over which claims (``about``), on which model, and where it stands."""

    value: float
    about: str
    model: str
    source: str


@cache
def load_paper() -> PaperFile:
    """The paper's figures as shipped with the package."""
    path = Path(str(resources.files("disclaim"))) / "library" / "paper.yaml"
    return PaperFile.model_validate(yaml.safe_load(read_text(path)))


def find_paper_value(claim: str, condition: str, instrument: str) -> PaperValue | None:
    """The paper's belief rate for this very claim where it has one, else its mean over the claims it measured.

    The mean of a single instrument, and of conditions without a mean in the paper, is the unweighted mean of the
    claims' printed figures. None where the paper has no such condition, or that instrument not for all its claims.
    """
    paper = load_paper()
    cells = [entry for entry in paper.rates if entry.condition == condition]
    for entry in cells:
        value = entry.of(instrument)
        if entry.claim == claim and value is not None:
            return _value(value, entry, SAME_CLAIM)
    for entry in cells:
        value = entry.of(instrument)
        if entry.claim == MEAN and value is not None:
            return _value(value, entry, f"mean of {paper.sources[entry.source].claims} claims")
    return _mean_of_cells([entry for entry in cells if entry.claim != MEAN], instrument)


def find_paper_neglect(condition: str) -> float | None:
    """(condition - base) / (asserted - base) of the paper's means over its six claims; None where it has none."""
    means = {entry.condition: entry.pooled for entry in load_paper().rates if entry.claim == MEAN}
    table_4 = {entry.condition for entry in load_paper().rates if entry.claim == MEAN and entry.source == "table_4"}
    if condition not in table_4 - {"base", "asserted"}:
        return None
    return (means[condition] - means["base"]) / (means["asserted"] - means["base"])


def _mean_of_cells(cells: list[RateEntry], instrument: str) -> PaperValue | None:
    values = [value for entry in cells if (value := entry.of(instrument)) is not None]
    if not values or len(values) < len(cells):
        return None
    about = f"mean of {len(values)} claims" if len(values) > 1 else f"the claim {cells[0].claim} alone"
    return _value(sum(values) / len(values), cells[0], about)


def _value(percent: float, entry: RateEntry, about: str) -> PaperValue:
    source = load_paper().sources[entry.source]
    return PaperValue(percent / 100, about, source.model, source.section)
