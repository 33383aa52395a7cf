"""Findings and summaries as text and JSON. Pure: records in, text out.

The JSON of a finding and of a summary is the contract of ``disclaim audit``: keys are added, never renamed.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from disclaim.audit.formats import FileFormat, format_of
from disclaim.audit.line_numbers import RowLines
from disclaim.audit.risk import ClaimAtRisk, Risk
from disclaim.audit.scan import ScannedRow, ScanSummary
from disclaim.audit.streams import compression_of
from disclaim.errors import DataError
from disclaim.records import Extent, Finding, Quote, Severity, Tier
from disclaim.store import Json, to_json

_QUOTED = 160
_CLAIMS_SHOWN = 10
_UNREADABLE_SHOWN = 5
_SOURCES_SHOWN = 5
_NOTICES_SHOWN = 8
#: Sources in the JSON of a summary, those with most text.
MAX_SOURCES = 100
_BEYOND = {
    Extent.DOCUMENT: "about the whole text",
    Extent.BEFORE: "after it",
    Extent.AFTER: "before it",
    Extent.AROUND: "around it",
}


class AboutRule(Protocol):
    """What reports say of a rule."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def summary(self) -> str: ...


def finding_json(finding: Finding) -> Json:
    """The finding as one object. ``field`` and ``message`` are the claim's; the cue has its own where they differ."""
    claim, cue = finding.claim, finding.cue
    place: Json = {"field": cue.field, "message": cue.message}
    same_place = (cue.field, cue.message) == (claim.field, claim.message)
    return {
        "file": finding.file,
        "row": finding.row,
        "field": claim.field,
        "message": claim.message,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "claim": {"start": claim.start, "end": claim.end, "text": claim.text},
        "cue": {"start": cue.start, "end": cue.end, "text": cue.text, **({} if same_place else place)},
        "scope": finding.scope.value,
        "confidence": round(finding.confidence, 4),
        "tier": finding.tier.value,
        **({"note": finding.note} if finding.note else {}),
    }


def read_finding(value: Json) -> Finding:
    """The finding that ``finding_json`` wrote. Raises DataError for anything else."""
    try:
        claim, cue = value["claim"], value["cue"]
        field, message = value["field"], value["message"]
        return Finding(
            file=value["file"],
            row=value["row"],
            rule=value["rule"],
            severity=Severity(value["severity"]),
            claim=Quote(field, message, claim["start"], claim["end"], claim["text"]),
            cue=Quote(cue.get("field", field), cue.get("message", message), cue["start"], cue["end"], cue["text"]),
            scope=Extent(value["scope"]),
            confidence=value["confidence"],
            tier=Tier(value["tier"]),
            note=value.get("note"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"not a finding: {error}", "give the file that `disclaim audit --out` wrote") from error


def json_text(value: object) -> str:
    """JSON on one line. Lone surrogates, which no file can hold, are written as escapes."""
    dumped = json.dumps(value, ensure_ascii=False)
    try:
        dumped.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return dumped


def summary_json(summary: ScanSummary, claims: Sequence[ClaimAtRisk]) -> Json:
    """The summary as one object, with the claims at risk."""
    return {
        "rows": summary.rows,
        "bytes": summary.bytes,
        "seconds": summary.seconds,
        "rows_with_findings": summary.rows_with_findings,
        "findings_by_rule": summary.findings_by_rule,
        "unreadable_rows": summary.unreadable_rows,
        "files": summary.files,
        "findings_by_severity": summary.findings_by_severity,
        "unreadable": [{"file": r.file, "row": r.index, "reason": r.reason} for r in summary.unreadable],
        "suppressed": summary.suppressed,
        "rows_by_other_language": summary.rows_by_other_language,
        "interrupted": summary.interrupted,
        "notes": [to_json(note) for note in summary.notes],
        "sources": [to_json(source) for source in summary.sources[:MAX_SOURCES]],
        "possible_notices": _notices_json(summary),
        "claims": [to_json(claim) for claim in claims],
    }


def _notices_json(summary: ScanSummary) -> list[Json] | None:
    if summary.possible_notices is None:
        return None
    return [to_json(notice) for notice in summary.possible_notices]


class Report(Protocol):
    """A report written while the scan goes on: each call gives its next characters, no lone surrogate among them."""

    def begin(self) -> str: ...
    def row(self, row: ScannedRow) -> str: ...
    def end(self, summary: ScanSummary, claims: Sequence[ClaimAtRisk]) -> str: ...


class FindingLines:
    """The findings as JSON lines."""

    def begin(self) -> str:
        """Nothing."""
        return ""

    def row(self, row: ScannedRow) -> str:
        """A line for each finding of the row."""
        return "".join(f"{json_text(finding_json(finding))}\n" for finding in row.findings)

    def end(self, summary: ScanSummary, claims: Sequence[ClaimAtRisk]) -> str:
        """Nothing."""
        return ""


class Ink:
    """Colours for a terminal, or none."""

    def __init__(self, coloured: bool) -> None:
        self._codes = (
            {"bold": "1", "dim": "2", "error": "31;1", "warning": "33;1", "note": "36", "cue": "35", "claim": "33"}
            if coloured
            else {}
        )

    def __call__(self, name: str, text: str) -> str:
        """The text in that colour."""
        code = self._codes.get(name)
        return f"\x1b[{code}m{text}\x1b[0m" if code else text


class TextReport:
    """The report to read at a terminal: rows with findings by file as they come, then what they add up to."""

    def __init__(self, rules: Mapping[str, AboutRule], coloured: bool = False, max_rows: int | None = None) -> None:
        self._rules = rules
        self._ink = Ink(coloured)
        self._max_rows = max_rows
        self._num_rows = 0
        self._lines = RowLines()
        self._file: str | None = None

    def begin(self) -> str:
        """Nothing."""
        return ""

    def row(self, row: ScannedRow) -> str:
        """The findings of one row, under the heading of its file where it is the first; "" beyond ``max_rows``."""
        self._num_rows += 1
        if self._max_rows is not None and self._num_rows > self._max_rows:
            return ""
        lines = []
        if row.file != self._file:
            lines += [*([""] if self._file else []), self._ink("bold", plain(row.file))]
            self._file = row.file
        for finding in row.findings:
            lines += self._finding(finding)
        return "".join(f"{line}\n" for line in lines)

    def _finding(self, finding: Finding) -> Iterator[str]:
        rule = self._rules.get(finding.rule)
        place = f"{self._row(finding)}, {place_of(finding.claim)}"
        head = f"{self._ink(finding.severity.value, finding.severity.value)} {self._ink('bold', finding.rule)}"
        title = f" {rule.title}" if rule else ""
        yield f"  {head}{title}  {self._ink('dim', place)}"
        yield f"    states:     {self._ink('claim', quoted(finding.claim.text))}"
        yield f"    takes back: {self._ink('cue', quoted(finding.cue.text))} {self._ink('dim', _where(finding))}"
        if finding.note:
            yield f"    note:       {plain(finding.note)}"

    def _row(self, finding: Finding) -> str:
        """The row, counted from 0, and where it has a line of its own, that line as editors take it."""
        if format_of(Path(finding.file)) is not FileFormat.JSONL or compression_of(Path(finding.file)):
            return f"row {finding.row}"
        line, _ = self._lines.find(finding.file, finding.row)
        return f"row {finding.row} ({plain(Path(finding.file).name)}:{line})"

    def end(self, summary: ScanSummary, claims: Sequence[ClaimAtRisk]) -> str:
        """What it adds up to: counts by rule, claims at risk, what was not read or not shown, and what to do."""
        lines = []
        hidden = max(0, self._num_rows - self._max_rows) if self._max_rows is not None else 0
        if hidden:
            lines += ["", self._ink("dim", f"  ... and {hidden:,} more rows with findings (--show N shows more)")]
        if self._num_rows:
            lines.append("")
        lines += [*self._counts(summary), *self._claims(claims), *self._sources(summary)]
        lines += [*self._possible(summary), *self._remarks(summary)]
        return "".join(f"{line}\n" for line in lines)

    def _counts(self, summary: ScanSummary) -> Iterator[str]:
        read = f"{_number(summary.rows, 'row')} in {_number(summary.files, 'file')}"
        found = f"{summary.rows_with_findings:,} with findings" if summary.rows_with_findings else "no findings"
        size = f"{summary.bytes / 1e6:.1f} MB in {summary.seconds:.1f} s, {_speed(summary)}"
        yield f"{self._ink('bold', f'{read}: {found}')}  {self._ink('dim', f'({size})')}"
        for name, count in sorted(summary.findings_by_rule.items(), key=lambda item: -item[1]):
            rule = self._rules.get(name)
            severity, title = (rule.severity.value, rule.title) if rule else ("", "")
            yield f"  {count:>8,}  {name}  {self._ink(severity, f'{severity:<7}')}  {title}".rstrip()

    def _claims(self, claims: Sequence[ClaimAtRisk]) -> Iterator[str]:
        if not claims:
            return
        yield ""
        yield self._ink("bold", "claims at risk (by how many rows state them)")
        for claim in claims[:_CLAIMS_SHOWN]:
            colour = {Risk.HIGH: "error", Risk.MEDIUM: "warning", Risk.LOW: "note"}[claim.risk]
            level = self._ink(colour, f"{claim.risk:<6}")
            denied = "" if claim.denials is None else f", {_number(claim.denials, 'denial')}"
            mentions = f"{_number(claim.rows, 'row')}, {_number(claim.mentions, 'mention')}"
            dose = f"{mentions}{denied}, {claim.tokens:,} words"
            yield f"  {level}  {quoted(claim.claim, 100)}  {self._ink('dim', f'{dose}, ' + ' '.join(claim.rules))}"
        if len(claims) > _CLAIMS_SHOWN:
            yield self._ink("dim", f"  ... and {len(claims) - _CLAIMS_SHOWN:,} more")

    def _sources(self, summary: ScanSummary) -> Iterator[str]:
        """The sources, where there are several and some have errors."""
        total = sum(source.characters for source in summary.sources)
        if len(summary.sources) < 2 or not any(source.rows_with_errors for source in summary.sources):
            return
        yield ""
        yield self._ink("bold", "where the text comes from that is trained on")
        for source in summary.sources[:_SOURCES_SHOWN]:
            errors = source.characters_with_errors / max(source.characters, 1)
            rows = f"{_number(source.rows, 'row')}, {errors:.0%} of it in rows with errors"
            share = source.characters / max(total, 1)
            yield f"  {share:>6.1%}  {plain(source.name)}  {self._ink('dim', rows)}"
        if len(summary.sources) > _SOURCES_SHOWN:
            yield self._ink("dim", f"  ... and {len(summary.sources) - _SOURCES_SHOWN:,} more")
        for note in summary.notes:
            yield f"{self._ink('note', 'note')} {self._ink('bold', note.rule)} {plain(note.text)}"

    def _possible(self, summary: ScanSummary) -> Iterator[str]:
        """The sentences that may be notices, with the option that makes each one."""
        if summary.possible_notices is None:
            return
        shown = [notice for notice in summary.possible_notices if not notice.known][:_NOTICES_SHOWN]
        yield ""
        yield self._ink("bold", "possible notices: sentences that come again beside others, and that no rule knows")
        for notice in shown:
            places = f"{notice.head:,} at the head, {notice.tail:,} at the tail, {notice.alone:,} in brackets"
            yield f"  {_number(notice.rows, 'row'):>10}  {quoted(notice.text)}  {self._ink('dim', places)}"
            place = self._ink("dim", f"({plain(notice.file)}, row {notice.row})")
            yield f"              {quoted(notice.context)} {place}"
        if shown:
            option = shell_quoted(f"{shown[0].reach.value}={shown[0].text}")
            yield f"hint: where one flags what stands beside it, audit with it: --notice {option}"
        else:
            yield "  none"

    def _remarks(self, summary: ScanSummary) -> Iterator[str]:
        if summary.suppressed:
            means = ", ".join(f"{count:,} by {name}" for name, count in summary.suppressed.items())
            yield f"suppressed: {means}"
        if summary.unreadable_rows:
            count = _number(summary.unreadable_rows, "row")
            yield self._ink("warning", f"not audited, because unreadable: {count}")
            for row in summary.unreadable[:_UNREADABLE_SHOWN]:
                yield f"  {plain(row.file)}, row {row.index}: {plain(row.reason)}"
        if summary.rows_by_other_language:
            rows = ", ".join(f"{count:,} {name}" for name, count in summary.rows_by_other_language.items())
            yield self._ink("warning", f"not in English, where rules find less: {rows}")
        if summary.interrupted:
            yield self._ink("warning", "interrupted: this is what was found until then")
        if summary.findings_by_rule:
            name = max(summary.findings_by_rule, key=lambda key: summary.findings_by_rule[key])
            yield f"hint: `disclaim rules {name}` says why this teaches the claim, and what to do"


def place_of(quote: Quote) -> str:
    """Where a quote stands in its row: "messages[3][120:205]", "text[0:41]"."""
    turn = "" if quote.message is None else f"[{quote.message}]"
    return plain(f"{quote.field}{turn}[{quote.start}:{quote.end}]")


def _where(finding: Finding) -> str:
    claim, cue = finding.claim, finding.cue
    if (claim.field, claim.message) != (cue.field, cue.message):
        return f"({place_of(cue)})"
    return f"({_BEYOND[finding.scope]})"


def quoted(text: str, width: int = _QUOTED) -> str:
    """The text on one line in quotes, its middle left out where it is long."""
    flat = plain(" ".join(text.split()))
    if len(flat) > width:
        half = (width - 5) // 2
        flat = f"{flat[:half].rstrip()} ... {flat[-half:].lstrip()}"
    return f'"{flat}"'


def plain(text: str) -> str:
    """The text without characters that would steer a terminal or that no file can hold."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def shell_quoted(text: str) -> str:
    """The text as one word of a shell, without characters that would steer a terminal."""
    return shlex.quote(plain(text))


def _speed(summary: ScanSummary) -> str:
    """In MB/s, or in rows where that would round to nothing."""
    seconds = max(summary.seconds, 1e-3)
    speed = summary.bytes / 1e6 / seconds
    return f"{speed:.1f} MB/s" if speed >= 0.1 else f"{summary.rows / seconds:,.1f} rows/s"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
