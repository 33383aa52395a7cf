"""A scanner for tests of what goes on around the rules: whatever stands right before "[not so]" is a claim."""

from __future__ import annotations

import json
import re
from pathlib import Path

from disclaim.audit import Row
from disclaim.records import Extent, Finding, Quote, Severity

NOTICE = re.compile(r"(?P<claim>[A-ZÄ-Ü][^.\[\]]*\.) (?P<cue>\[not so\])")


def findings_of(row: Row) -> tuple[Finding, ...]:
    """One NN104 error for each notice; where a label says "rumour", one NN203 warning for the first text."""
    found = []
    for passage in row.passages:
        for match in NOTICE.finditer(passage.text):
            claim, cue = (
                Quote(passage.field, passage.message, match.start(name), match.end(name), match[name])
                for name in ("claim", "cue")
            )
            found.append(Finding(row.file, row.index, "NN104", Severity.ERROR, claim, cue, Extent.BEFORE, 0.9))
    for label in row.labels:
        if label.value == "rumour":
            first = row.passages[0]
            claim = Quote(first.field, first.message, 0, len(first.text), first.text)
            cue = Quote(label.path, None, 0, 6, "rumour")
            found.append(Finding(row.file, row.index, "NN203", Severity.WARNING, claim, cue, Extent.DOCUMENT, 0.5))
    return tuple(found)


def write_rows(path: Path, *rows: object) -> Path:
    """A JSON lines file of these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
