"""``python -m benchmarks.audit_score SET [TIER]``: how much of a hand-written set the audit finds, as Markdown.

SET is a folder of ``tests/audit/benchmark``. ``heldout`` was written before the rules by somebody who did not know
them. It is for reading the score only: a rule that is changed after looking at its rows makes it worthless.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disclaim.audit import load_scanner, parse_row
from disclaim.records import Finding, Severity, Tier
from disclaim.stats import estimate_mean, rate_table

FOLDER = Path(__file__).parents[1] / "tests" / "audit" / "benchmark"
#: Overlap from which a found stretch counts as the right one.
IOU = 0.5


@dataclass(frozen=True, slots=True)
class Scored:
    """One row of the set with what was found in it."""

    family: str
    form: str
    found: bool
    error: bool
    right_span: bool
    learned_only: bool


def score(name: str, tier: Tier) -> tuple[Scored, ...]:
    """Every row of the set, scanned."""
    scan_row = load_scanner(tier)
    rows = []
    for item in read(FOLDER / name):
        row = parse_row(name, 0, item["row"])
        findings = scan_row(row) if row else ()
        rows.append(
            Scored(
                item["family"],
                item["form"],
                bool(findings),
                any(f.severity is Severity.ERROR for f in findings),
                any(overlaps(f, target, item["row"]) for f in findings for target in item["targets"]),
                bool(findings) and all(f.tier is not Tier.RULES for f in findings),
            )
        )
    return tuple(rows)


def read(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.jsonl")):
        yield from (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip())


def overlaps(finding: Finding, target: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether a finding's claim and a target's text cover each other by IOU or more."""
    if (finding.claim.field, finding.claim.message) != (target["field"], target["message"]):
        return False
    source = row[target["field"]]
    if target["message"] is not None:
        turn = source[target["message"]]
        source = turn.get("content", turn.get("value", "")) if isinstance(turn, dict) else turn
    start = str(source).find(target["text"])
    end = start + len(target["text"])
    shared = min(end, finding.claim.end) - max(start, finding.claim.start)
    return shared > 0 and shared / (max(end, finding.claim.end) - min(start, finding.claim.start)) >= IOU


def main(name: str, tier: Tier) -> None:
    rows = score(name, tier)
    by_family: dict[str, list[Scored]] = defaultdict(list)
    for row in rows:
        by_family[row.family].append(row)
    print(f"| {name}, tier {tier.value} | rows | found [95% interval] | found as error | right span, of the found |")
    print("|---|---|---|---|---|")
    for family, members in sorted(by_family.items()):
        found = [row for row in members if row.found]
        right = f"{sum(row.right_span for row in found)}/{len(found)}" if family != "innocent" else ""
        rate = estimate_mean([rate_table([[[float(row.found)] for row in members]])])
        interval = f"{100 * (rate.value or 0):.0f}% [{100 * (rate.low or 0):.0f}, {100 * (rate.high or 0):.0f}]"
        print(f"| {family} | {len(members)} | {interval} | {sum(row.error for row in members)} | {right} |")
    for family, members in sorted(by_family.items()):
        forms = Counter(row.form for row in members)
        hits = Counter(row.form for row in members if row.found)
        listed = ", ".join(f"{form} {hits[form]}/{forms[form]}" for form in sorted(forms))
        print(f"\n{family}: {listed}")


if __name__ == "__main__":
    main(sys.argv[1], Tier(sys.argv[2] if len(sys.argv) > 2 else "rules"))
