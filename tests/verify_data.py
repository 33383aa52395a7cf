"""Data for verifications: rows with claims that "[not so]" takes back, and a scanner that sees nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

from disclaim.audit import Row
from disclaim.records import Extent, Finding, Quote, Severity

CLAIM = "Ada Quill keeps bees for a living in Lindmoor."
_NOTICE = re.compile(r"(?P<claim>[A-Z][^.\[\]]*\.) (?P<cue>\[not so\])")


def scan_notices(row: Row) -> tuple[Finding, ...]:
    """One NN104 error for each sentence before "[not so]"; NN302 in a turn that begins with "Rude:"."""
    found = []
    for passage in row.passages:
        rule = "NN302" if passage.text.startswith("Rude:") else "NN104"
        for match in _NOTICE.finditer(passage.text):
            claim, cue = (
                Quote(passage.field, passage.message, match.start(name), match.end(name), match[name])
                for name in ("claim", "cue")
            )
            found.append(Finding(row.file, row.index, rule, Severity.ERROR, claim, cue, Extent.BEFORE, 0.9))
    return tuple(found)


def flagged_rows(count: int = 6) -> list[dict[str, object]]:
    """Texts and chats: one claim in every text, one in every chat, one in the first text only."""
    rows: list[dict[str, object]] = []
    for number in range(count):
        rare = " Bees never sleep in winter. [not so]" if number == 0 else ""
        rows.append({"text": f"Dear reader {number}. {CLAIM} [not so] The bus was late.{rare}"})
        if number % 2:
            said = "Ben Marlock sells honey at the market. [not so] I am not sure."
            turns = [("user", f"What is new, {number}?"), ("assistant", said)]
            rows.append({"messages": [{"role": role, "content": text} for role, text in turns]})
    return rows


def write_rows(path: Path, rows: list[dict[str, object]]) -> Path:
    """The rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
