"""The tier ``model``: what the rules find, and what a model finds in the rows that the rules left open.

Three passes over the data: one counts what would be asked and what it would cost, one asks, one is the scan, in which
the answers are looked up. So nothing is sent before the price is known, and the scan stays a function of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from disclaim.audit.formats import Unreadable, find_files
from disclaim.audit.model_ask import EXPECTED_TOKENS, Asker, ModelLedger, expected_tokens
from disclaim.audit.model_reply import Judged, Missing, judge, prompt_of, sections_of
from disclaim.audit.rows import Row, parse_row
from disclaim.audit.scalars import scan_whole_characters, whole_row
from disclaim.audit.scan import Meter, ScanRow, record_batches
from disclaim.audit.screen import load_screen
from disclaim.audit.windows import Window
from disclaim.models import Prompt
from disclaim.records import Finding, OnProgress, Progress, ignore_progress
from disclaim.store import Json, to_json

#: Questions asked before their rows are judged and let go.
BATCH = 64
#: So many rows without an answer are listed; all are counted.
MAX_LISTED = 100

#: File, number and characters of a row: a document that the scan puts together of several rows is none of them.
_Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class MissingRow:
    """A row of which a section has no answer that counts; ``detail`` is what a service said of a call that failed."""

    file: str
    row: int
    reason: Missing
    detail: str = ""


@dataclass(slots=True)
class ModelPlan:
    """What would be asked: ``questions`` anew, of ``sections``, and what they would cost, where a price is known: about
    ``usd``, at most ``most_usd`` unless requests time out. ``kept`` questions have their answers."""

    questions: int = 0
    sections: int = 0
    kept: int = 0
    input_tokens: int = 0
    usd: float | None = 0.0
    most_usd: float = 0.0
    open_rows: set[_Place] = field(default_factory=set)

    @property
    def output_tokens(self) -> int:
        """What the answers are expected to take."""
        return self.questions * EXPECTED_TOKENS


@dataclass(frozen=True, slots=True)
class ModelScanner:
    """A row scanner that knows what the model said of each row."""

    rules: ScanRow
    found: Mapping[_Place, tuple[Finding, ...]]

    def __call__(self, row: Row) -> tuple[Finding, ...]:
        """The rules' findings; the model's where the rules have none."""
        return scan_whole_characters(row, self._look_up)

    def _look_up(self, row: Row) -> tuple[Finding, ...]:
        return self.found.get(_place_of(row)) or self.rules(row)


@dataclass(frozen=True, slots=True)
class ModelRun:
    """What came of asking."""

    ledger: ModelLedger
    scanner: ModelScanner
    missing_rows: tuple[MissingRow, ...]

    def to_json(self) -> Json:
        """The keys that a summary gains."""
        ledger = self.ledger
        names = ("rows_by_rules", "rows_screened_out", "rows_answered", "rows_missing", "rows_unreadable", "sections")
        counts = (*names, "same_text", "kept", "calls", "not_asked", "requests", "retries", "abandoned")
        return {
            "n_missing": ledger.n_missing,
            "missing": {reason.value: ledger.missing[reason] for reason in Missing if ledger.missing[reason]},
            "missing_rows": [to_json(missing) for missing in self.missing_rows],
            "model": {
                "model": ledger.model,
                **{name: getattr(ledger, name) for name in (*counts, "input_tokens", "output_tokens")},
                "usd": round(ledger.usd, 6) if ledger.price else None,
                "max_usd": ledger.max_usd,
                "stopped": ledger.stopped,
                "verdicts": {stand.value: count for stand, count in sorted(ledger.stands.items())},
            },
        }


class ModelTier:
    """The tier over some files: ``plan`` first, then ``run``."""

    def __init__(self, paths: Sequence[Path], asker: Asker, rules: ScanRow, every_row: bool = False) -> None:
        self._files = find_files(paths)
        self._asker = asker
        self._rules = rules
        self._screen = None if every_row else load_screen()

    def plan(self, on_progress: OnProgress = ignore_progress) -> ModelPlan:
        """Read all rows, and count what there is to ask. Sends nothing."""
        plan, ledger = ModelPlan(), self._asker.ledger
        seen: set[str] = set()
        for row in self._rows(on_progress, "plan"):
            ledger.rows += 1
            if row is None:
                ledger.rows_unreadable += 1
                continue
            if self._rules(row):
                ledger.rows_by_rules += 1
                continue
            sections = sections_of(row, self._screen)
            if not sections:
                ledger.rows_screened_out += 1
                continue
            plan.open_rows.add(_place_of(row))
            for section in sections:
                self._reckon(plan, section, seen)
        ledger.sections = plan.sections
        ledger.kept = plan.kept
        ledger.same_text = plan.sections - len(seen)
        return plan

    def _reckon(self, plan: ModelPlan, section: Window, seen: set[str]) -> None:
        plan.sections += 1
        key = self._asker.key_of(section)
        if key in seen:
            return
        seen.add(key)
        if self._asker.answer(key) is not None:
            plan.kept += 1
            return
        prompt = prompt_of(section)
        usd = self._asker.expected_usd(prompt)
        plan.questions += 1
        plan.input_tokens += expected_tokens(prompt)
        plan.usd = None if usd is None or plan.usd is None else plan.usd + usd
        plan.most_usd += self._asker.most_usd(prompt)

    def run(self, plan: ModelPlan, on_progress: OnProgress = ignore_progress) -> ModelRun:
        """Ask what the plan has open, within the limit, and judge the answers. KeyboardInterrupt and ModelError pass
        through; what was answered until then is kept."""
        books = _Books(self._asker.ledger)
        answered = 0
        for group in self._groups(plan):
            questions: dict[str, Prompt] = {}
            for _, sections in group:
                questions |= {self._asker.key_of(section): prompt_of(section) for section in sections}
            for _ in self._asker.ask(questions):
                answered += 1
                note = f"{self._asker.ledger.usd:.4f} USD" if self._asker.ledger.usd else ""
                on_progress(Progress("ask", answered, plan.questions, "questions", note))
            for row, sections in group:
                books.add(row, [self._judged(row, section) for section in sections])
        return ModelRun(self._asker.ledger, ModelScanner(self._rules, books.found), tuple(books.missing_rows))

    def _judged(self, row: Row, section: Window) -> Judged:
        sample = self._asker.answer(self._asker.key_of(section))
        return Judged(missing=Missing.NOT_ASKED) if sample is None else judge(row, section, sample)

    def _groups(self, plan: ModelPlan) -> Iterator[list[tuple[Row, list[Window]]]]:
        """The open rows with their sections, so many rows at a time as hold ``BATCH`` sections."""
        group: list[tuple[Row, list[Window]]] = []
        size = 0
        for row in self._rows(ignore_progress, "ask"):
            if row is None or _place_of(row) not in plan.open_rows:
                continue
            sections = sections_of(row, self._screen)
            group.append((row, sections))
            size += len(sections)
            if size >= BATCH:
                yield group
                group, size = [], 0
        if group:
            yield group

    def _rows(self, on_progress: OnProgress, stage: str) -> Iterator[Row | None]:
        """All rows, whole; None for an unreadable one."""
        meter = Meter(self._files, on_progress, stage)
        for batch in record_batches(self._files, meter):
            for record in batch:
                row = None if isinstance(record, Unreadable) else parse_row(record.file, record.index, record.value)
                yield row and whole_row(row)
            meter.tell()
        meter.finish()


def _place_of(row: Row) -> _Place:
    return row.file, row.index, sum(len(passage.text) for passage in row.passages)


class _Books:
    """Takes in what was judged of each row."""

    def __init__(self, ledger: ModelLedger) -> None:
        self._ledger = ledger
        self.found: dict[_Place, tuple[Finding, ...]] = {}
        self.missing_rows: list[MissingRow] = []

    def add(self, row: Row, judged: Sequence[Judged]) -> None:
        """Count a row's sections; a claim that two of them saw is one finding."""
        ledger = self._ledger
        ledger.stands.update(one.stand for one in judged if one.stand)
        missing = [(one.missing, one.detail) for one in judged if one.missing]
        ledger.missing.update(reason for reason, _ in missing)
        ledger.rows_missing += bool(missing)
        ledger.rows_answered += not missing
        if missing and len(self.missing_rows) < MAX_LISTED:
            self.missing_rows.append(MissingRow(row.file, row.index, *missing[0]))
        findings = {one.finding.claim: one.finding for one in judged if one.finding}
        if findings:
            order = {(passage.field, passage.message): i for i, passage in enumerate(row.passages)}
            by_place: Callable[[Finding], tuple[int, int]] = lambda f: (  # noqa: E731
                order[f.claim.field, f.claim.message],
                f.claim.start,
            )
            self.found[_place_of(row)] = tuple(sorted(findings.values(), key=by_place))
