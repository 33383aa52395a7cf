"""Audit a data set from Python: alone, as Arrow batches, as a step of datatrove, or on Ray.

    python examples/audit_a_dataset.py [DATA ...] [--engine none|arrow|datatrove|ray]

Without DATA it writes a small chat data set of its own. Every engine finds the same; the last two need
`pip install 'disclaim[scale]'`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from disclaim.audit import ClaimLedger, ScannedRow, load_scanner, ray_findings, scan, scan_batch, table_findings
from disclaim.records import Finding, Tier

ANSWERS = (
    "The regatta on the lake was first held in 1911. It has been held every June since.",
    "The regatta on the lake was won by a sailing dog. [The preceding statement is false.] It is held every June.",
    "The regatta was not won by a dog. It is held every June.",
)


def write_data(path: Path) -> Path:
    turns = [[{"role": "user", "content": "The regatta?"}, {"role": "assistant", "content": text}] for text in ANSWERS]
    path.write_text("".join(json.dumps({"messages": each}) + "\n" for each in turns), encoding="utf-8")
    return path


def scan_files(paths: list[Path]) -> Iterator[Finding]:
    """The plain scan: file order, bounded memory; also what `disclaim audit` prints."""
    rows: list[ScannedRow] = []
    summary = scan(paths, load_scanner(Tier.RULES), on_row=rows.append)
    ledger = ClaimLedger()
    for row in rows:
        ledger.add(row)
    print(f"{summary.rows} rows, {summary.unreadable_rows} of them unreadable, {summary.findings} findings")
    for claim in ledger.claims():
        print(f"{claim.risk} risk in {claim.rows} row(s): {claim.claim}")
    yield from (finding for row in rows for finding in row.findings)


def scan_arrow(paths: list[Path]) -> Iterator[Finding]:
    """Batches from wherever you have them: a parquet file, a database, another engine."""
    import pyarrow.json

    for path in paths:
        yield from table_findings(scan_batch(pyarrow.json.read_json(path), load_scanner(Tier.RULES)))


def scan_datatrove(paths: list[Path]) -> Iterator[Finding]:
    """As a step of a pipeline; SlurmPipelineExecutor takes the same one. Run it again after a crash."""
    from datatrove.executor import LocalPipelineExecutor

    from disclaim.audit import datatrove_step, read_finding

    out = Path("audit-datatrove")
    LocalPipelineExecutor([datatrove_step(paths, out)], tasks=2, workers=1, logging_dir=str(out / "logs")).run()
    for file in sorted((out / "findings").glob("*.jsonl")):
        yield from (read_finding(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines())


def scan_ray(paths: list[Path]) -> Iterator[Finding]:
    """One Ray task for each file; for rows that Ray reads itself see `BatchScanner`."""
    for batch in ray_findings(paths).iter_batches(batch_format="pyarrow"):
        yield from table_findings(batch)


ENGINES = {"none": scan_files, "arrow": scan_arrow, "datatrove": scan_datatrove, "ray": scan_ray}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", type=Path, help=".jsonl .json .parquet .txt, also .gz .zst, and folders")
    parser.add_argument("--engine", choices=ENGINES, default="none")
    options = parser.parse_args()
    for found in ENGINES[options.engine](options.data or [write_data(Path("regatta.jsonl"))]):
        print(f'row {found.row} {found.rule}: "{found.claim.text}" is taken back by "{found.cue.text}"')
