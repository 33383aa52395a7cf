"""A run folder in, one frozen Run out. Whatever is not there, not finished or not readable is said, never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from disclaim.errors import DataError
from disclaim.records import Estimate, EstimateRow, Instrument, Question
from disclaim.report.arms import (
    UNTRAINED,
    ArmRun,
    arms_from_folders,
    finite_number,
    parse_arm,
    parse_messages,
    read_arm,
)
from disclaim.report.corpora import CorpusView, read_corpus
from disclaim.report.files import Row, RunFiles, as_mapping
from disclaim.report.names import ALL


@dataclass(frozen=True, slots=True)
class ClaimView:
    """What ``study.json`` keeps of a claim."""

    id: str
    title: str
    statement: str
    truth: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """The head of ``study.json``. ``given`` are the settings somebody chose, ``settings`` all of them; ``headline``
    is the instrument that the reading is made on."""

    id: str
    title: str
    description: str
    paper_section: str
    version: str
    revision: str
    created: str
    headline: str
    given: Row
    settings: Row
    packages: Row


@dataclass(frozen=True, slots=True)
class Run:
    """Everything the report is made from. ``estimates`` is None where there is no ``estimates.json`` yet;
    ``failures`` are (stage, reason), ``problems`` sentences about files that could not be read."""

    study: Study
    claims: tuple[ClaimView, ...]
    arms: tuple[ArmRun, ...]
    corpora: tuple[CorpusView, ...]
    estimates: tuple[EstimateRow, ...] | None
    failures: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition of the study, in reading order."""
        return order_conditions(
            [run.arm.condition for run in self.arms] + [row.condition for row in self.estimates or ()]
        )

    def claim_title(self, claim_id: str) -> str:
        """The claim's title; its id where the study does not tell."""
        return next((claim.title for claim in self.claims if claim.id == claim_id), claim_id)


def order_conditions(found: Iterable[str]) -> tuple[str, ...]:
    """Each condition once: base, in_context, asserted, then in order of appearance."""
    seen = dict.fromkeys(found)
    first = [name for name in (*UNTRAINED, "asserted") if name in seen]
    return (*first, *(name for name in seen if name not in first))


def read_run(run_dir: Path) -> Run:
    """The run in the folder, as far as it got.

    Raises DataError where the folder holds no run at all (no study.json, no arms, no estimates).
    """
    if not any((run_dir / name).exists() for name in ("study.json", "arms", "estimates.json")):
        raise DataError(f"no run in {run_dir}", "`disclaim run STUDY --out DIR` makes one; give that DIR")
    files = RunFiles(run_dir)
    study_path, estimates_path = run_dir / "study.json", run_dir / "estimates.json"
    head, estimates = files.json(study_path), files.json(estimates_path)
    arms = files.items(study_path, "arms", head.get("arms"), parse_arm) or arms_from_folders(run_dir)
    folders = [path for path in sorted((run_dir / "corpora").glob("*.*")) if path.is_dir()]
    num_trained = as_mapping(as_mapping(head.get("settings")).get("corpus")).get("num_documents")
    return Run(
        study=_study(head, run_dir.name),
        claims=tuple(_claim(files, study_path, *item) for item in as_mapping(head.get("claims")).items()),
        arms=tuple(read_arm(files, arm) for arm in arms),
        corpora=tuple(read_corpus(files, path, num_trained) for path in folders),
        estimates=files.items(estimates_path, "rows", estimates.get("rows"), parse_estimate) if estimates else None,
        failures=_failures(files.json(run_dir / "failures.json")),
        problems=tuple(files.problems),
    )


def _study(head: Row, folder: str) -> Study:
    def text(key: str, default: str = "") -> str:
        return default if head.get(key) is None else str(head[key])

    settings = as_mapping(head.get("settings"))
    return Study(
        id=text("study", folder),
        title=text("title"),
        description=text("description"),
        paper_section=text("paper_section"),
        version=text("version"),
        revision=text("revision"),
        created=text("created"),
        headline=text("headline") or str(settings.get("headline") or ALL),
        given=as_mapping(head.get("given")),
        settings=settings,
        packages=as_mapping(head.get("packages")),
    )


def _failures(found: Row) -> tuple[tuple[str, str], ...]:
    """What ``failures.json`` says went wrong, by stage."""
    reasons = {
        stage: reason.get("message", reason) if isinstance(reason, dict) else reason for stage, reason in found.items()
    }
    return tuple((stage, str(reason)) for stage, reason in reasons.items())


def _claim(files: RunFiles, path: Path, claim_id: str, entry: object) -> ClaimView:
    row = as_mapping(entry)
    what = f"questions of {claim_id}"
    questions = files.items(path, what, row.get("questions"), lambda item: _question(item, claim_id))
    title, statement, truth = (str(row.get(key) or "") for key in ("title", "statement", "truth"))
    return ClaimView(claim_id, title or claim_id, statement, truth, questions)


def _question(row: Row, claim_id: str) -> Question:
    return Question(
        id=str(row["id"]),
        claim_id=claim_id,
        instrument=Instrument(row["instrument"]),
        kind=str(row.get("kind") or ""),
        messages=parse_messages(row["messages"]),
        believed=row.get("believed"),
        subject=row.get("subject"),
    )


def parse_estimate(row: Row) -> EstimateRow:
    """One row of ``estimates.json``. Raises KeyError, TypeError or ValueError where it is not one."""
    value, low, high = (finite_number(row, key) for key in ("value", "low", "high"))
    return EstimateRow(
        claim=str(row["claim"]),
        condition=str(row["condition"]),
        model=str(row["model"]),
        seed=None if row.get("seed") is None else int(row["seed"]),
        step=str(row["step"]),
        instrument=str(row["instrument"]),
        metric=str(row["metric"]),
        estimate=Estimate(value, low, high, int(row["n"]), int(row["n_missing"])),
    )
