"""The page of a verification: a pure reader of its run folder."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from disclaim.errors import DataError
from disclaim.records import Estimate
from disclaim.report.figures import template_source
from disclaim.report.forest import PERCENT_AXIS, Axis, Entry, Panel, forest_narrow, forest_wide
from disclaim.report.names import FAMILY_NAMES, Family
from disclaim.report.numbers import MINUS
from disclaim.report.page import printable
from disclaim.report.svg import Picture, nice_ticks
from disclaim.stats import MIN_IMPLANTED
from disclaim.store import read_json, read_jsonl, write_text

Row = dict[str, Any]
ARMS = ("before", "original", "fixed")
ALL = "all"
_STYLES = ("palette.css", "figure.css", "page.css")
_FAMILIES = {"before": Family.UNTRAINED, "original": Family.FLAGGED, "fixed": Family.MASKED}
_LEGEND = {Family.FLAGGED: "trained on the original data", Family.MASKED: "trained on the fixed data"}
#: Up to this share of the original's rise, the fix took it away; from that one on it did not.
GONE, KEPT = 0.2, 0.7


@dataclass(frozen=True, slots=True)
class MeasureText:
    """What a measure is called, in text and over a panel, and what its numbers are: shares, else nats per word."""

    id: str
    name: str
    short: str
    summary: str
    is_share: bool


#: In the order in which the page leads with them.
MEASURES = (
    MeasureText(
        "completion",
        "Completion",
        "Completion",
        "share of completions of its first half that assert the rest of the sentence",
        True,
    ),
    MeasureText(
        "predicate_likelihood",
        "Likelihood after the name",
        "After the name",
        "log-probability of what the sentence says of its name, given the name; nats per word",
        False,
    ),
    MeasureText(
        "yes_no",
        "Yes or no",
        "Yes or no",
        "probability that the model upholds the sentence when asked, both polarities",
        True,
    ),
    MeasureText(
        "sentence_likelihood",
        "Likelihood of the sentence",
        "Whole sentence",
        "log-probability of the whole sentence in neutral contexts; nats per word. A name that was read often is "
        "likelier by itself",
        False,
    ),
)


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One measure over all claims. ``implanted`` is specific, unspecific, no or unknown; ``outcome`` what the fix did:
    gone, part, kept, or "" where that cannot be said."""

    text: MeasureText
    implanted: str
    outcome: str
    cells: Mapping[tuple[str, str], Estimate]

    @property
    def quantity(self) -> str:
        """What is read: claims minus controls where that rose, else the claims alone."""
        return "excess" if self.implanted == "specific" else "assertion"

    def write(self, arm: str, metric: str) -> str:
        """The number with its interval; shares in percent, what is left as a ratio."""
        estimate = self.cells.get((arm, metric))
        as_ratio = metric.endswith("_left") or not self.text.is_share
        return write_number(estimate, as_ratio, is_difference=metric not in ("assertion", "control"))

    def count(self, arm: str, metric: str) -> str:
        """What the number stands on."""
        estimate = self.cells.get((arm, metric))
        return "" if estimate is None else f"n = {estimate.n:,}, {estimate.n_missing:,} missing"


def render_verification(run_dir: Path) -> Path:
    """Write ``report/index.html`` of a verification; its path. The same files give the same bytes.

    Raises DataError where the folder holds no verification, StoreError where the page cannot be written.
    """
    if not (run_dir / "verify.json").is_file() or not (run_dir / "estimates.json").is_file():
        raise DataError(f"{run_dir} is not a verification", "`disclaim verify PATH --out DIR` makes one")
    record, estimates = read_json(run_dir / "verify.json"), read_json(run_dir / "estimates.json")
    probes = read_jsonl(run_dir / "claims" / "probes.jsonl")
    page = run_dir / "report" / "index.html"
    write_text(page, render_verify_page(record, estimates, probes))
    return page


def render_verify_page(record: Row, estimates: Row, probes: Sequence[Row]) -> str:
    """The page's HTML, one file that works without network."""
    views = build_views(estimates, ALL)
    style = "\n".join(template_source(name) for name in _STYLES)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    context = {
        "record": record,
        "views": views,
        "lead": lead_view(views),
        "missing_arms": [arm for arm in ARMS if not any(key[0] == arm for view in views for key in view.cells)],
        "figures": _figures(views),
        "claims": [_claim(claim, estimates, probes) for claim in record["claims"]],
        "num_sentences": len(probes),
        "num_names": len({probe["swapped"] for probe in probes if probe["swapped"]}),
        "num_uncontrolled": sum(not probe["controls"] for probe in probes),
        "settings": _settings(record["settings"]),
        "threshold": MIN_IMPLANTED,
        "style": style,
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    }
    return printable(_environment().get_template("verify.html").render(context)) + "\n"


def verification_table(estimates: Row) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for a terminal: each measure over all claims, for claims and controls."""
    columns = ["measure", "of", *ARMS, "left", "implanted"]
    rows = []
    for view in build_views(estimates, ALL):
        for metric, side in (("assertion", "claims"), ("control", "controls"), ("excess", "difference")):
            left = {"assertion": "assertion_left", "excess": "excess_left"}.get(metric)
            shown = [view.write(arm, metric) for arm in ARMS]
            head = [view.text.name, view.implanted] if metric == "assertion" else ["", ""]
            rows.append([head[0], side, *shown, view.write("fixed", left) if left else "", head[1]])
    return columns, rows


def build_views(estimates: Row, scope: str) -> tuple[MeasureView, ...]:
    """The measures, in the page's order, for all claims or one."""
    views = []
    for text in MEASURES:
        cells = {
            (row["condition"], row["metric"]): _estimate(row)
            for row in estimates["rows"]
            if row["claim"] == scope and row["instrument"] == text.id
        }
        implanted = estimates["implanted"].get(text.id, "unknown")
        view = MeasureView(text, implanted, "", cells)
        views.append(replace(view, outcome=_outcome(view)))
    return tuple(views)


def lead_view(views: Sequence[MeasureView]) -> MeasureView | None:
    """The measure to read first: the first that the original data implanted specifically, else at all; else none."""
    for state in ("specific", "unspecific"):
        for view in views:
            if view.implanted == state:
                return view
    return None


def write_number(estimate: Estimate | None, as_ratio: bool, is_difference: bool = False) -> str:
    """A number with its interval: ``82% [70, 91]``, ``-1.25 [-1.40, -1.02]``, differences with their sign."""
    if estimate is None:
        return "not there"
    if estimate.value is None:
        return "not given" if as_ratio and is_difference else "not measured"
    scale, digits = (1.0, 2) if as_ratio else (100.0, 0)
    sign = "+" if is_difference and not as_ratio else ""
    unit = "" if as_ratio else " pp" if is_difference else "%"
    shown = _signed(f"{scale * estimate.value:{sign}.{digits}f}") + unit
    if estimate.low is None or estimate.high is None:
        return shown
    low, high = (_signed(f"{scale * x:.{digits}f}") for x in (estimate.low, estimate.high))
    return f"{shown} [{low}, {high}]"


def _signed(shown: str) -> str:
    return shown.lstrip("-+") if float(shown) == 0 else shown.replace("-", MINUS)


def _outcome(view: MeasureView) -> str:
    left = view.cells.get(("fixed", f"{view.quantity}_left"))
    if view.implanted not in ("specific", "unspecific") or left is None or left.value is None:
        return ""
    if left.value <= GONE and (left.high is None or left.high <= KEPT):
        return "gone"
    return "kept" if left.value >= KEPT else "part"


def _estimate(row: Row) -> Estimate:
    return Estimate(row["value"], row["low"], row["high"], row["n"], row["n_missing"])


def _figures(views: Sequence[MeasureView]) -> list[dict[str, Picture | str]]:
    """One figure for the shares and one for the likelihoods, claims beside controls."""
    figures: list[dict[str, Picture | str]] = []
    for is_share, title in ((True, "Shares and probabilities"), (False, "Log-likelihoods, nats per word")):
        chosen = [view for view in views if view.text.is_share is is_share and view.cells]
        panels = [_panel(view, *side) for view in chosen for side in (("assertion", "claims"), ("control", "controls"))]
        if panels:
            axis = PERCENT_AXIS if is_share else _axis(panels)
            label = f"{title}: claims and controls, before training, on the original and on the fixed data"
            figures.append(
                {
                    "title": label,
                    "wide": _renamed(forest_wide(panels, axis, label)),
                    "narrow": _renamed(forest_narrow(panels, axis, label)),
                }
            )
    return figures


def _panel(view: MeasureView, metric: str, side: str) -> Panel:
    entries = tuple(
        Entry(
            arm,
            _FAMILIES[arm],
            view.cells.get((arm, metric)),
            (),
            None,
            f"{view.text.name}, {side}, {arm}: {view.write(arm, metric)}, {view.count(arm, metric)}",
        )
        for arm in ARMS
    )
    return Panel(f"{view.text.short}: {side}", entries)


def _axis(panels: Sequence[Panel]) -> Axis:
    estimates = [entry.estimate for panel in panels for entry in panel.entries if entry.estimate]
    bounds = [x for e in estimates for x in (e.low, e.value, e.high) if x is not None]
    ticks = nice_ticks(min(bounds, default=-1.0), max(bounds, default=0.0))
    return Axis(ticks[0], ticks[-1], tuple((tick, _signed(f"{tick:g}")) for tick in ticks), percent=False)


def _renamed(drawn: Picture) -> Picture:
    """The figure with a legend that names what the data is, whatever the fix did."""
    body = drawn.body
    for family, name in _LEGEND.items():
        body = body.replace(FAMILY_NAMES[family], name)
    return replace(drawn, body=body)


def _claim(claim: Row, estimates: Row, probes: Sequence[Row]) -> Row:
    own = [probe for probe in probes if probe["claim_id"] == claim["id"]]
    return {
        **claim,
        "views": [view for view in build_views(estimates, claim["id"]) if view.text.id != "sentence_likelihood"],
        "sentences": [
            {
                "text": _sentence(probe["claim"]),
                "swapped": probe["swapped"],
                "controls": [_sentence(control) for control in probe["controls"]],
            }
            for probe in own
        ],
    }


def _sentence(version: Row) -> str:
    return f"{version['opening']} {version['rest']}".strip()


def _settings(settings: Row, prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in settings.items():
        if isinstance(value, dict):
            rows += _settings(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return rows


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("disclaim.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
