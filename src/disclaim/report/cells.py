"""Looking up estimates: which row of ``estimates.json`` answers for a claim, condition, model and instrument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from disclaim.records import PAPER_INSTRUMENTS, Estimate, EstimateRow
from disclaim.report.names import ALL, instrument_name

FINAL = "final"


@dataclass(frozen=True, slots=True)
class Scope:
    """A claim (``all``: the mean over claims) and a model: what one figure or table is about."""

    claim: str
    model: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What is known of one cell. ``estimate`` pools the seeds, or is the only seed's; None where several seeds have
    not been pooled. ``seeds`` holds the seeds' own estimates where there are several."""

    estimate: Estimate | None
    seeds: tuple[tuple[int, Estimate], ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """Every cell at the end of training, by (claim, condition, model, instrument, metric)."""

    cells: Mapping[tuple[str, str, str, str, str], Cell]

    def find(self, scope: Scope, condition: str, instrument: str, metric: str) -> Cell | None:
        """The cell; None where ``estimates.json`` has no such row."""
        return self.cells.get((scope.claim, condition, scope.model, instrument, metric))

    def estimate(self, scope: Scope, condition: str, instrument: str, metric: str) -> Estimate | None:
        """The cell's estimate; None where there is no row, or none over all its seeds."""
        cell = self.find(scope, condition, instrument, metric)
        return cell.estimate if cell else None

    def instruments(self, metric: str) -> set[str]:
        """The instruments that have a row of this metric."""
        return {key[3] for key in self.cells if key[4] == metric}

    @property
    def pooled(self) -> tuple[str, ...]:
        """The instruments that the pooled rate is made of: those of the paper's four that were asked."""
        asked = self.instruments("belief_rate")
        return tuple(name for name in map(str, PAPER_INSTRUMENTS) if name in asked)

    def name(self, instrument: str) -> str:
        """The instrument as words; the pooled one by what it pools, where that is not all four."""
        if instrument != ALL or not 0 < len(self.pooled) < len(PAPER_INSTRUMENTS):
            return instrument_name(instrument)
        return f"Pooled: {' + '.join(map(instrument_name, self.pooled)).lower()}"

    def is_papers(self, instrument: str) -> bool:
        """Whether the paper reports the same: a pooled rate is the paper's only where all four were asked."""
        return instrument != ALL or len(self.pooled) == len(PAPER_INSTRUMENTS)


def build_grid(rows: Iterable[EstimateRow]) -> Grid:
    """The grid of the rows at step ``final``, or at a cell's last step where it has no final one."""
    grouped: dict[tuple[str, str, str, str, str], list[EstimateRow]] = {}
    for row in rows:
        grouped.setdefault((row.claim, row.condition, row.model, row.instrument, row.metric), []).append(row)
    return Grid({key: _cell(_last_step(group)) for key, group in grouped.items()})


def _last_step(rows: list[EstimateRow]) -> list[EstimateRow]:
    last = max((row.step for row in rows), key=lambda step: (step == FINAL, int(step) if step.isdigit() else -1, step))
    return [row for row in rows if row.step == last]


def _cell(rows: list[EstimateRow]) -> Cell:
    pooled = [row.estimate for row in rows if row.seed is None]
    seeds = sorted(((row.seed, row.estimate) for row in rows if row.seed is not None), key=lambda pair: pair[0])
    several = tuple(seeds) if len(seeds) > 1 else ()
    if pooled:
        return Cell(pooled[0], several)
    return Cell(seeds[0][1] if len(seeds) == 1 else None, several)


def list_scopes(rows: Sequence[EstimateRow]) -> tuple[Scope, ...]:
    """Every claim and model with an estimate, by model; the mean over claims first, left out where it is of one."""
    models = dict.fromkeys(row.model for row in rows)
    scopes: list[Scope] = []
    for model in models:
        claims = dict.fromkeys(row.claim for row in rows if row.model == model)
        single = [name for name in claims if name != ALL]
        names = single if len(single) == 1 else [*([ALL] if ALL in claims else []), *single]
        scopes += [Scope(name, model) for name in names]
    return tuple(scopes)
