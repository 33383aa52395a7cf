"""Which figures a report has: a run's estimates, training logs and corpora in, named SVG out. To add a figure, add a
function that reads what is there and list it in ``build_figures``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from disclaim.errors import DataError
from disclaim.report.arms import UNTRAINED, ArmRun
from disclaim.report.cells import Grid, Scope, build_grid, list_scopes
from disclaim.report.composition import ROLE_ORDER, draw_composition
from disclaim.report.corpora import CorpusView
from disclaim.report.curves import Chart, Series, draw_charts
from disclaim.report.forest import NARROW, PERCENT_AXIS, WIDE, Axis, Entry, Panel, forest_narrow, forest_wide
from disclaim.report.names import ALL, condition_label, condition_name, family_of, order_instruments
from disclaim.report.numbers import Unit, describe
from disclaim.report.paper import PaperValue, find_paper_value
from disclaim.report.read import Run, read_run
from disclaim.report.reading import pick_headline
from disclaim.report.svg import Picture
from disclaim.report.tables import BELIEF
from disclaim.store import read_text, write_text

RATIO_AXIS = Axis(
    -0.25,
    1.25,
    ((0, "0 heeded"), (0.5, "0.5"), (1, "1 neglected")),
    percent=False,
    landmarks=(0, 1),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure drawn for a wide page and for a narrow one; ``name`` is its file's name without ending."""

    name: str
    title: str
    caption: str
    wide: Picture
    narrow: Picture

    def to_file(self) -> str:
        """The wide drawing as an SVG file that stands alone, in the reader's light or dark scheme."""
        return self.wide.to_file(template_source("palette.css") + template_source("figure.css"))


def template_source(name: str) -> str:
    """A file of templates/ as it stands."""
    return read_text(Path(str(resources.files("disclaim"))) / "report" / "templates" / name)


def slug(*parts: str) -> str:
    """The parts as a file name: lower-case letters, digits and single dashes."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-") or "figure"


def belief_figure(run: Run, grid: Grid, scope: Scope, instrument: str) -> Figure:
    """The headline: belief rate by condition on one instrument."""
    panel = Panel(
        f"Belief rate, {grid.name(instrument).lower()} (95% interval)",
        _belief_entries(run, grid, scope, instrument),
    )
    return _forest(f"belief-{slug(scope.claim, scope.model)}", "Belief rate by condition", [panel], [scope], instrument)


def instruments_figure(run: Run, grid: Grid, scope: Scope, headline: str) -> Figure | None:
    """The other instruments beside each other, the pooled one first."""
    names = [name for name in order_instruments(grid.instruments(BELIEF), headline) if name != headline]
    panels = [Panel(grid.name(name), _belief_entries(run, grid, scope, name)) for name in names]
    if not panels:
        return None
    name = f"instruments-{slug(scope.claim, scope.model)}"
    return _forest(name, "Belief rate by instrument", panels, [scope], ALL)


def claims_figure(run: Run, grid: Grid, scopes: Sequence[Scope], headline: str) -> Figure | None:
    """One panel a claim, on the headline instrument; None for fewer than two claims."""
    single = [scope for scope in scopes if scope.claim != ALL]
    if len(single) < 2:
        return None
    panels = [Panel(run.claim_title(scope.claim), _belief_entries(run, grid, scope, headline)) for scope in single]
    title = f"Belief rate by claim, {grid.name(headline).lower()}"
    return _forest(f"claims-{slug(single[0].model)}", title, panels, single, headline)


def neglect_figure(run: Run, grid: Grid, scope: Scope, headline: str) -> Figure | None:
    """Neglect ratios on the headline instrument and on the pooled one, where any is given; None where none is."""
    names = [name for name in dict.fromkeys((headline, ALL)) if name in grid.instruments("neglect_ratio")]
    panels = [Panel(grid.name(name), _ratio_entries(run, grid, scope, name)) for name in names]
    panels = [panel for panel in panels if any(e.estimate and e.estimate.value is not None for e in panel.entries)]
    if not panels:
        return None
    return Figure(
        f"neglect-{slug(scope.claim, scope.model)}",
        "Neglect ratio by condition",
        "1: the claim was believed as if nothing had denied it. 0: as if the model had never read it.",
        forest_wide(panels, RATIO_AXIS, _label("Neglect ratio", panels)),
        forest_narrow(panels, RATIO_AXIS, _label("Neglect ratio", panels)),
    )


def _belief_entries(run: Run, grid: Grid, scope: Scope, instrument: str) -> tuple[Entry, ...]:
    entries = []
    for condition in run.conditions:
        cell = grid.find(scope, condition, instrument, BELIEF)
        estimate = cell.estimate if cell else None
        seeds = tuple(seed.value for _, seed in cell.seeds if seed.value is not None) if cell else ()
        paper = find_paper_value(scope.claim, condition, instrument) if grid.is_papers(instrument) else None
        beside = f"; the paper: {100 * paper.value:.1f}% ({paper.about})" if paper else ""
        note = f"{condition_name(condition)}: {describe(estimate)}{beside}"
        value = paper.value if paper else None
        entries.append(Entry(condition_label(condition), family_of(condition), estimate, seeds, value, note))
    return tuple(entries)


def _ratio_entries(run: Run, grid: Grid, scope: Scope, instrument: str) -> tuple[Entry, ...]:
    entries = []
    for condition in run.conditions:
        estimate = grid.estimate(scope, condition, instrument, "neglect_ratio")
        if estimate is None or condition in ("base", "asserted"):
            continue
        name = condition_name(condition)
        note = f"{name}: {describe(estimate, Unit.RATIO)}"
        entries.append(Entry(condition_label(condition), family_of(condition), estimate, (), None, note))
    return tuple(entries)


def _forest(name: str, title: str, panels: Sequence[Panel], scopes: Sequence[Scope], instrument: str) -> Figure:
    papers = [find_paper_value(scope.claim, "asserted", instrument) for scope in scopes]
    found = dict.fromkeys(f"{paper.about}, {paper.model}" for paper in papers if paper)
    legend = f"the paper: {' or '.join(found)}"
    label = _label(title, panels)
    wide, narrow = (draw(panels, PERCENT_AXIS, label, legend) for draw in (forest_wide, forest_narrow))
    return Figure(name, title, "", wide, narrow)


def _label(title: str, panels: Sequence[Panel]) -> str:
    """What a screen reader says: every value in words."""
    parts = [f"{panel.title}: {'. '.join(entry.note for entry in panel.entries)}" for panel in panels]
    return f"{title}. {'. '.join(parts)}"


def paper_notes(run: Run, scopes: Sequence[Scope]) -> tuple[str, ...]:
    """Where the paper's values of these scopes come from, each source once, with the conditions it serves."""
    by_source: dict[tuple[str, str, str], list[str]] = {}
    for condition in run.conditions:
        found: dict[PaperValue, None] = {}
        for scope in scopes:
            if value := find_paper_value(scope.claim, condition, ALL):
                found[value] = None
        for value in found:
            by_source.setdefault((value.about, value.model, value.source), []).append(condition_name(condition))
    return tuple(
        f"{', '.join(dict.fromkeys(names))}: {about}, {model} ({source})"
        for (about, model, source), names in by_source.items()
    )


def learning_figures(run: Run) -> tuple[Figure, ...]:
    """Per claim and model: training loss, and held-out loss by span role."""
    groups: dict[Scope, list[ArmRun]] = {}
    for arm_run in run.arms:
        if arm_run.training.loss or arm_run.training.heldout:
            groups.setdefault(Scope(arm_run.arm.claim, arm_run.arm.model), []).append(arm_run)
    return tuple(_learning_figure(run, scope, arms) for scope, arms in groups.items())


def _learning_figure(run: Run, scope: Scope, arms: Sequence[ArmRun]) -> Figure:
    charts = []
    losses = tuple(_series(run, arm, arm.training.loss) for arm in arms if arm.training.loss)
    if losses:
        charts.append(Chart("Training loss", losses))
    roles = order_roles(role for arm in arms for _, by_role in arm.training.heldout for role in by_role)
    values = [value for arm in arms for _, by_role in arm.training.heldout for value in by_role.values()]
    for role in roles:
        lines = []
        for arm in arms:
            points = [(step, by_role[role]) for step, by_role in arm.training.heldout if role in by_role]
            lines += [_series(run, arm, points)] if points else []
        charts.append(Chart(f"Held out: {role}", tuple(lines), (min(0.0, *values), max(values))))
    title = f"Learning curves: {run.claim_title(scope.claim)}, {scope.model}"
    label = f"{title}. {'. '.join(f'{chart.title}: {len(chart.series)} arms' for chart in charts)}"
    columns = min(len(charts), 3)
    return Figure(
        f"learning-{slug(scope.claim, scope.model)}",
        title,
        "Negative log-likelihood in nats per token. Training loss is smoothed over a tenth of the steps.",
        draw_charts(charts, label, WIDE, columns),
        draw_charts(charts, label, NARROW, 1),
    )


def order_roles(found: Iterable[str]) -> tuple[str, ...]:
    """Each role once, in the order of the bars, ``all`` last."""
    seen = dict.fromkeys(found)
    known = [str(role) for role in ROLE_ORDER if role in seen]
    return (*known, *(role for role in seen if role not in known and role != ALL), *([ALL] if ALL in seen else []))


def _series(run: Run, arm_run: ArmRun, points: Sequence[tuple[int, float]]) -> Series:
    condition = arm_run.arm.condition
    family = family_of(condition)
    kin = [name for name in run.conditions if family_of(name) is family and name not in UNTRAINED]
    placed = tuple((float(step), value) for step, value in points)
    return Series(condition_label(condition), family, kin.index(condition), placed)


def composition_figures(run: Run) -> tuple[Figure, ...]:
    """Per claim: what the documents of each condition consist of."""
    by_claim: dict[str, list[CorpusView]] = {}
    for corpus in order_corpora(run):
        if corpus.num_documents:
            by_claim.setdefault(corpus.claim, []).append(corpus)
    figures = []
    for claim, corpora in by_claim.items():
        title = f"What the documents consist of: {run.claim_title(claim)}"
        heldout = " After the plus sign: held out, not trained on." if any(c.num_heldout for c in corpora) else ""
        caption = f"Share of characters by role.{heldout}"
        drawn = [draw_composition(corpora, title, narrow) for narrow in (False, True)]
        figures.append(Figure(f"documents-{slug(claim)}", title, caption, drawn[0], drawn[1]))
    return tuple(figures)


def order_corpora(run: Run) -> tuple[CorpusView, ...]:
    """The corpora by claim, conditions in reading order."""
    conditions = run.conditions
    places = {name: i for i, name in enumerate(conditions)}
    return tuple(sorted(run.corpora, key=lambda c: (c.claim, places.get(c.condition, len(conditions)), c.condition)))


def export_headline_svg(run_dir: Path, out: Path) -> Path:
    """Write the run's headline figure (belief by condition) to ``out`` as an SVG that stands alone.

    Raises DataError where the run has no belief rate yet.
    """
    run = read_run(run_dir)
    rows = [row for row in run.estimates or () if row.metric == BELIEF]
    scopes = list_scopes(rows)
    if not scopes:
        raise DataError(f"no belief rate in {run_dir / 'estimates.json'}", "finish the run first")
    grid = build_grid(rows)
    write_text(out, belief_figure(run, grid, scopes[0], pick_headline(grid, run.study.headline)).to_file())
    return out
