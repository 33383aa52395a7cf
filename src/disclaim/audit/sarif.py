"""Findings as SARIF 2.1.0, the format that code review and security tools read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from urllib.parse import quote as percent_encode

from disclaim.audit.formats import FileFormat, format_of
from disclaim.audit.line_numbers import RowLines
from disclaim.audit.output import AboutRule, finding_json, json_text, place_of, plain, quoted
from disclaim.audit.risk import ClaimAtRisk
from disclaim.audit.rows import Row
from disclaim.audit.scan import ScannedRow, ScanSummary
from disclaim.audit.suppress import fingerprint
from disclaim.records import Finding, Quote, Severity
from disclaim.store import Json

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


class SarifReport:
    """One run. Rows of plain text files need their texts, for the line of a finding in them. Each result has a
    fingerprint of its own that stays where rows move: the finding's, and which of its kind in the file it is. The
    run was no success where more than ``max_unreadable`` rows could not be read."""

    def __init__(self, rules: Mapping[str, AboutRule], version: str, max_unreadable: int = 0) -> None:
        self._max_unreadable = max_unreadable
        self._rules = [rules[name] for name in sorted(rules)]
        self._places = {rule.id: place for place, rule in enumerate(self._rules)}
        self._version = version
        self._comma = ""
        self._lines = RowLines()
        self._times: Counter[tuple[str, str]] = Counter()

    def begin(self) -> str:
        """The tool with its rules."""
        rules = [_rule(rule) for rule in self._rules]
        tool = {"driver": {"name": "disclaim", "semanticVersion": self._version, "rules": rules}}
        head = f'{{"$schema": {json_text(SCHEMA)}, "version": "2.1.0", "runs": [{{"tool": {json_text(tool)}'
        return f'{head},\n"columnKind": "unicodeCodePoints",\n"results": ['

    def row(self, row: ScannedRow) -> str:
        """A result for each finding of the row."""
        parts = []
        lines = self._lines.find(row.file, row.index) if row.findings else (1, 1)
        for finding in row.findings:
            parts.append(f"{self._comma}\n{json_text(self._result(finding, row.row, lines))}")
            self._comma = ","
        return "".join(parts)

    def end(self, summary: ScanSummary, claims: Sequence[ClaimAtRisk]) -> str:
        """How the run went; unreadable rows are notifications of the tool."""
        notifications = [
            {
                "level": "warning",
                "message": {"text": f"row {row.index} could not be read: {plain(row.reason)}"},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(row.file)}}}],
            }
            for row in summary.unreadable
        ]
        invocation = {
            "executionSuccessful": not summary.interrupted and summary.unreadable_rows <= self._max_unreadable,
            "toolExecutionNotifications": notifications,
        }
        properties = {"rows": summary.rows, "unreadableRows": summary.unreadable_rows}
        return f'],\n"invocations": [{json_text(invocation)}],\n"properties": {json_text(properties)}}}]}}\n'

    def _result(self, finding: Finding, row: Row | None, lines: tuple[int, int]) -> Json:
        known = fingerprint(finding)
        self._times[finding.file, known] += 1
        rule = self._places.get(finding.rule)
        message = (
            f"{quoted(finding.claim.text)} is stated as fact and taken back only by {quoted(finding.cue.text)} "
            f"({place_of(finding.cue)}); a model trained on this row would learn the statement."
        )
        cue = {
            "id": 1,
            "message": {"text": "what takes it back"},
            "physicalLocation": _location(finding, finding.cue, row, lines),
        }
        return {
            "ruleId": finding.rule,
            **({} if rule is None else {"ruleIndex": rule}),
            "level": _LEVELS[finding.severity],
            "message": {"text": message},
            "locations": [
                {
                    "physicalLocation": _location(finding, finding.claim, row, lines),
                    "logicalLocations": [{"fullyQualifiedName": f"row {finding.row}, {place_of(finding.claim)}"}],
                }
            ],
            "relatedLocations": [cue],
            "partialFingerprints": {
                "disclaim/v1": known,
                "primaryLocationLineHash": f"{known}:{self._times[finding.file, known]}",
            },
            "properties": {
                name: value
                for name, value in finding_json(finding).items()
                if name in ("row", "field", "message", "scope", "confidence", "tier")
            },
        }


def _location(finding: Finding, quote: Quote, row: Row | None, lines: tuple[int, int]) -> Json:
    """The file and region of a quote. The region is the row's lines; within them the offset counts the characters of
    the field, not of the file, and so stands among the region's properties. In a plain text it is the file's own."""
    region: Json = {"startLine": lines[0], "snippet": {"text": quote.text}}
    offset = {"charOffset": quote.start, "charLength": quote.end - quote.start}
    if format_of(Path(finding.file)) is FileFormat.TXT:
        before = row.passages[0].text[: quote.start] if row else ""
        region |= {"startLine": before.count("\n") + 1, **offset}
    else:
        region |= {"endLine": lines[1]} if lines[1] > lines[0] else {}
        region["properties"] = {"field": quote.field, "message": quote.message, **offset}
    return {"artifactLocation": {"uri": _uri(finding.file)}, "region": region}


def _rule(rule: AboutRule) -> Json:
    return {
        "id": rule.id,
        "name": "".join(part[:1].upper() + part[1:] for part in rule.name.replace("-", "_").split("_")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.summary},
        "help": {"text": f"{rule.summary}\n\n`disclaim rules {rule.id}` shows examples and the evidence."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _uri(file: str) -> str:
    """The file as seen from the folder that the audit is run in, as code review wants it; a file elsewhere in full."""
    path = PurePath(file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    encoded = percent_encode(path.as_posix().encode("utf-8", "surrogateescape"))
    return f"file://{encoded}" if path.is_absolute() else encoded
