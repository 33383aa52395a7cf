"""The report of a run: one self-contained page, its tables and its figures, made from the run's files alone.

The page makes no request: styles and scripts stand in it and are allowed by their hash, data stand in it as JSON
that nothing executes, and every text from a model or a data file is escaped where it enters.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from disclaim.records import Instrument
from disclaim.report.answers import (
    MAX_ANSWERS_SHOWN,
    QuestionRow,
    build_question_table,
    count_questions,
    list_judges,
    pack_answers,
    rate_answers,
)
from disclaim.report.cells import Grid, Scope, build_grid, list_scopes
from disclaim.report.corpora import MAX_DOCUMENTS_SHOWN
from disclaim.report.figures import (
    Figure,
    belief_figure,
    claims_figure,
    composition_figures,
    instruments_figure,
    learning_figures,
    neglect_figure,
    order_corpora,
    paper_notes,
    template_source,
)
from disclaim.report.files import Row
from disclaim.report.matrices import Matrix, belief_matrix, control_matrix, form_matrix, neglect_matrix
from disclaim.report.names import ALL, ROLE_MEANINGS, condition_name, family_of, instrument_name, summary_of
from disclaim.report.numbers import write_estimate
from disclaim.report.provenance import build_accounts, list_packages, list_settings, list_stages
from disclaim.report.read import Run, read_run
from disclaim.report.reading import HEEDED, NEGLECTED, SWAMPED, TOO_WIDE, Reading, pick_headline, read_scope
from disclaim.report.svg import mark
from disclaim.report.tables import BELIEF, Table, build_tables
from disclaim.stats import MIN_IMPLANTED
from disclaim.store import write_text

_STYLES = ("palette.css", "figure.css", "page.css")
_SCRIPTS = ("dom.js", "answers.js", "documents.js")


@dataclass(frozen=True, slots=True)
class ScopeView:
    """All that the page says of one claim (or the mean over claims) and model."""

    scope: Scope
    title: str
    reading: Reading
    beliefs: Matrix
    controls: Matrix | None
    form: Matrix | None
    neglect: Matrix | None
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Questions by condition for one claim and model."""

    scope: Scope
    title: str
    conditions: tuple[str, ...]
    groups: tuple[tuple[str, tuple[QuestionRow, ...]], ...]


def render_report(run_dir: Path) -> Path:
    """Write ``report/index.html``, ``report/tables/*.csv`` and ``report/figures/*.svg``; returns the page's path.

    The same files give the same bytes. Stages that are missing or unfinished are said to be, on the page. Raises
    DataError where the folder holds no run, StoreError where the report cannot be written.
    """
    run = read_run(run_dir)
    report = run_dir / "report"
    context = build_context(run)
    tables: Sequence[Table] = context["tables"]
    for table in tables:
        write_text(report / "tables" / f"{table.name}.csv", printable(table.to_csv()))
    for figure in list_figures(context):
        write_text(report / "figures" / f"{figure.name}.svg", printable(figure.to_file()))
    write_text(report / "index.html", render_page(context))
    return report / "index.html"


def list_figures(context: Row) -> list[Figure]:
    """Every figure of the page, each name once."""
    figures = [figure for view in context["views"] for figure in view.figures]
    figures += [*context["learning"], *context["composition"]]
    return list({figure.name: figure for figure in figures}.values())


def build_context(run: Run) -> Row:
    """Everything that the page's templates show."""
    rows = run.estimates or ()
    grid = build_grid(rows)
    headline = pick_headline(grid, run.study.headline)
    scopes = list_scopes([row for row in rows if row.metric == BELIEF])
    judges = list_judges(run)
    answers = rate_answers(run)
    counted = count_questions(answers, judges[0] if judges else "")
    question_table = build_question_table(counted, judges[0] if judges else "")
    return {
        "run": run,
        "headline": headline,
        "views": [_scope_view(run, grid, scope, scopes, headline) for scope in scopes],
        "paper_notes": paper_notes(run, scopes),
        "conditions": [(name, summary_of(name)) for name in run.conditions],
        "tables": build_tables(run, question_table),
        "learning": learning_figures(run),
        "composition": composition_figures(run),
        "corpora": order_corpora(run),
        "heat_maps": [_heat_map(run, scope, questions) for scope, questions in counted.items()],
        "judges": judges,
        "num_answers": len(answers),
        "answers": pack_answers(run, answers, judges),
        "documents": pack_documents(run),
        "settings": list_settings(run.study),
        "packages": list_packages(run.study),
        "stages": list_stages(run),
        "num_unfinished": sum(row.is_unfinished for row in list_stages(run)),
        "num_claims": len({arm_run.arm.claim for arm_run in run.arms}),
        "accounts": build_accounts(answers, judges[0] if judges else "", run.conditions),
        "roles": list(ROLE_MEANINGS.items()),
        "limits": {"answers": MAX_ANSWERS_SHOWN, "documents": MAX_DOCUMENTS_SHOWN},
        "thresholds": {
            "implanted": MIN_IMPLANTED,
            "neglected": NEGLECTED,
            "heeded": HEEDED,
            "too_wide": TOO_WIDE,
            "swamped": SWAMPED,
        },
    }


def _scope_view(run: Run, grid: Grid, scope: Scope, scopes: Sequence[Scope], headline: str) -> ScopeView:
    reading = read_scope(grid, scope, run.conditions, headline)
    kin = [other for other in scopes if other.model == scope.model]
    figures = [belief_figure(run, grid, scope, headline), instruments_figure(run, grid, scope, headline)]
    figures += [claims_figure(run, grid, kin, headline) if scope == kin[0] else None]
    figures += [neglect_figure(run, grid, scope, headline)]
    title = "Mean over claims" if scope.claim == ALL else run.claim_title(scope.claim)
    return ScopeView(
        scope=scope,
        title=f"{title}, {scope.model}",
        reading=reading,
        beliefs=belief_matrix(grid, scope, run.conditions, headline),
        controls=control_matrix(grid, scope, run.conditions, reading.warnings),
        form=form_matrix(grid, scope, run.conditions, headline),
        neglect=neglect_matrix(grid, scope, run.conditions, headline),
        figures=tuple(figure for figure in figures if figure is not None),
    )


def _heat_map(run: Run, scope: Scope, questions: tuple[QuestionRow, ...]) -> HeatMap:
    groups: dict[str, list[QuestionRow]] = {}
    for row in questions:
        groups.setdefault(row.instrument, []).append(row)
    asked = {condition for row in questions for condition in row.counts}
    return HeatMap(
        scope,
        f"{run.claim_title(scope.claim)}, {scope.model}",
        tuple(name for name in run.conditions if name in asked),
        tuple((name, tuple(groups[name])) for name in map(str, Instrument) if name in groups),
    )


def pack_documents(run: Run) -> Row:
    """The shown documents as plain JSON: per claim the conditions and drafts, per draft and condition its segments
    as [text, role, masked]. Documents of one draft carry one id in every condition."""
    claims: Row = {}
    for corpus in order_corpora(run):
        entry = claims.setdefault(
            corpus.claim, {"title": run.claim_title(corpus.claim), "conditions": [], "drafts": {}}
        )
        entry["conditions"].append(corpus.condition)
        for document in corpus.shown:
            segments = [[part.text, part.role, int(part.masked)] for part in document.segments]
            entry["drafts"].setdefault(document.id, {})[corpus.condition] = segments
    return claims


def render_page(context: Row) -> str:
    """The page's HTML."""
    style = "\n".join(template_source(name) for name in _STYLES)
    script = "\n".join(template_source(name) for name in _SCRIPTS)
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    page = _environment().get_template("page.html").render(context, style=style, script=script, policy=policy)
    return printable(page) + "\n"


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("disclaim.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "json": embed_json,
        "condition": condition_name,
        "family": family_of,
        "instrument": instrument_name,
        "estimate": write_estimate,
        "data_uri": data_uri,
        "mark": lambda family: mark(family, 0, 0),
        "level": lambda share: "none" if share is None else f"l{round(share * 10)}",
    }
    return environment


def embed_json(value: object) -> str:
    """JSON that can stand inside a script element: no character in it can end the element or begin a comment."""
    dumped = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        dumped = dumped.replace(character, f"\\u{ord(character):04x}")
    return dumped


def data_uri(content: str, media_type: str) -> str:
    """A link target that carries the content itself."""
    return f"data:{media_type};base64,{base64.b64encode(printable(content).encode()).decode()}"


def printable(text: str) -> str:
    """The text with lone surrogates, which no file can hold, replaced."""
    return text.encode("utf-8", errors="replace").decode()
