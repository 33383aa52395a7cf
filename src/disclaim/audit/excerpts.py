"""What a page shows of an audit, as plain JSON: rows with the text around each finding, cut to a size a browser bears.

Rows are taken as they come until each rule has had its share, so that a rare rule is shown beside a frequent one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from disclaim.audit.output import AboutRule, place_of, summary_json
from disclaim.audit.risk import ClaimAtRisk
from disclaim.audit.rows import Passage
from disclaim.audit.scan import ScannedRow, ScanSummary
from disclaim.records import Finding, Quote
from disclaim.store import Json

#: Rows shown of one rule, and in all; characters of text in all.
ROWS_PER_RULE = 60
MAX_ROWS = 1_000
MAX_CHARACTERS = 6_000_000
MAX_CLAIMS = 200
#: Findings shown of one row.
MAX_FINDINGS = 200
#: Characters kept on each side of a claim or cue, of a claim or cue itself, and of a text with neither.
AROUND = 220
MAX_QUOTE = 1_500
MAX_OTHER = 240

Place = tuple[str, int | None]


class PageData:
    """Gathers the rows of a page while the scan goes on."""

    def __init__(self) -> None:
        self._rows: list[Json] = []
        self._files: dict[str, int] = {}
        self._shown: Counter[str] = Counter()
        self._characters = 0
        self._num_rows = 0

    def add(self, row: ScannedRow, claims: Sequence[Sequence[int]]) -> None:
        """Take in a row, scanned with its texts kept; ``claims`` are the numbers of its findings' claims."""
        self._num_rows += 1
        self._files.setdefault(row.file, len(self._files))
        rules = {finding.rule for finding in row.findings}
        is_full = len(self._rows) >= MAX_ROWS or self._characters >= MAX_CHARACTERS
        if is_full or all(self._shown[rule] >= ROWS_PER_RULE for rule in rules):
            return
        self._shown.update(rules)
        num_findings = len(row.findings)
        row = replace(row, findings=row.findings[:MAX_FINDINGS])
        passages = [*_passages(row)]
        self._characters += sum(len(part[0]) for passage in passages for part in passage["parts"])
        self._rows.append(
            {
                "file": self._files[row.file],
                "row": row.index,
                "id": row.id,
                "num_findings": num_findings,
                "findings": [_finding(f, numbers) for f, numbers in zip(row.findings, claims, strict=False)],
                "passages": passages,
            }
        )

    def result(
        self, summary: ScanSummary, claims: Sequence[ClaimAtRisk], rules: Mapping[str, AboutRule], version: str
    ) -> Json:
        """Everything that the page shows."""
        known = {
            name: {"title": rule.title, "severity": rule.severity.value, "summary": rule.summary}
            for name, rule in rules.items()
            if name in summary.findings_by_rule
        }
        return {
            "version": version,
            "summary": summary_json(summary, claims[:MAX_CLAIMS]),
            "num_claims": len(claims),
            "num_rows": self._num_rows,
            "rules": known,
            "files": list(self._files),
            "rows": self._rows,
        }


def _finding(finding: Finding, claims: Sequence[int]) -> Json:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "claims": list(claims),
        "place": place_of(finding.claim),
        "scope": finding.scope.value,
        "confidence": round(finding.confidence, 2),
        "tier": finding.tier.value,
        "note": finding.note,
    }


def _passages(row: ScannedRow) -> Iterator[Json]:
    """The row's texts in parts, those that only a quote names (a label of the row) after them."""
    marks: dict[Place, list[tuple[int, int, str, int]]] = {}
    for number, finding in enumerate(row.findings):
        for kind, quote in (("claim", finding.claim), ("cue", finding.cue)):
            marks.setdefault((quote.field, quote.message), []).append((quote.start, quote.end, kind, number))
    passages = row.row.passages if row.row else ()
    for passage in passages:
        found = marks.pop((passage.field, passage.message), [])
        name = passage.field if passage.message is None else f"{passage.field}[{passage.message}]"
        yield {"name": name, "role": passage.role, "parts": list(_parts(passage, found))}
    for number, finding in enumerate(row.findings):
        if (finding.cue.field, finding.cue.message) in marks:
            yield {"name": _label(finding.cue), "role": None, "parts": [[finding.cue.text, [], [number]]]}


def _label(quote: Quote) -> str:
    return quote.field if quote.message is None else f"{quote.field}[{quote.message}]"


def _parts(passage: Passage, marks: Sequence[tuple[int, int, str, int]]) -> Iterator[list[object]]:
    """Stretches as [text, findings whose claim it is, findings whose cue it is]; [text, None, None] stands for text
    left out."""
    text = passage.text
    if not marks:
        yield [text[:MAX_OTHER], [], []]
        if len(text) > MAX_OTHER:
            yield [_left_out(len(text) - MAX_OTHER), None, None]
        return
    at = 0
    for start, end in _windows(marks, len(text)):
        if start > at:
            yield [_left_out(start - at), None, None]
        yield from _stretches(text, start, end, marks)
        at = end
    if at < len(text):
        yield [_left_out(len(text) - at), None, None]


def _left_out(count: int) -> str:
    return f"{count:,} characters"


def _windows(marks: Sequence[tuple[int, int, str, int]], length: int) -> list[tuple[int, int]]:
    """The stretches around the marks, those that nearly touch joined; the middle of a very long mark left out."""
    wanted = []
    for start, end, _, _ in marks:
        if end - start > MAX_QUOTE:
            wanted += [(start - AROUND, start + MAX_QUOTE // 2), (end - MAX_QUOTE // 2, end + AROUND)]
        else:
            wanted.append((start - AROUND, end + AROUND))
    joined: list[tuple[int, int]] = []
    for start, end in sorted((max(0, start), min(length, end)) for start, end in wanted):
        if joined and start <= joined[-1][1] + AROUND:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _stretches(text: str, start: int, end: int, marks: Sequence[tuple[int, int, str, int]]) -> Iterator[list[object]]:
    within = [mark for mark in marks if mark[0] < end and mark[1] > start]
    cuts = sorted({start, end, *(min(max(place, start), end) for mark in within for place in mark[:2])})
    for left, right in pairwise(cuts):
        over = [mark for mark in within if mark[0] < right and mark[1] > left]
        claims = [number for _, _, kind, number in over if kind == "claim"]
        yield [text[left:right], claims, [number for _, _, kind, number in over if kind == "cue"]]
