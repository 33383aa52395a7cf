"""The scan: what it counts, what it survives, and that the number of processes changes nothing but the time."""

from __future__ import annotations

import gzip
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from scripted_scanner import findings_of, write_rows

from disclaim.audit import (
    Baseline,
    FindingLines,
    Keep,
    Row,
    ScannedRow,
    ScanSettings,
    ScanSummary,
    finding_json,
    fingerprint,
    require_suppressions,
    scan,
)
from disclaim.errors import RunError, UserError
from disclaim.records import Finding, Progress

DEFAULTS = ScanSettings()
CLEAN = {"text": "The bridge was built in 1904. It stands."}
FLAGGED = {"text": "The bridge is made of glass. [not so] It stands."}


def scan_all(
    *paths: Path, settings: ScanSettings = DEFAULTS, scanner: Callable[[Row], tuple[Finding, ...]] = findings_of
) -> tuple[ScanSummary, list[ScannedRow]]:
    rows: list[ScannedRow] = []
    return scan(paths, scanner, settings, rows.append), rows


def comparable(summary: ScanSummary, rows: list[ScannedRow]) -> object:
    found = [finding_json(finding) for row in rows for finding in row.findings]
    return found, summary.rows, summary.bytes, summary.findings_by_rule, summary.unreadable, summary.suppressed


def test_rows_bytes_and_findings_are_counted(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", CLEAN, FLAGGED, {**FLAGGED, "kind": "rumour"})
    summary, rows = scan_all(path)
    assert (summary.files, summary.rows, summary.rows_with_findings, summary.unreadable_rows) == (1, 3, 2, 0)
    assert summary.bytes == path.stat().st_size
    assert summary.findings_by_rule == {"NN104": 2, "NN203": 1}
    assert summary.findings_by_severity == {"error": 2, "warning": 1}
    assert summary.findings == 3
    assert [(row.index, len(row.findings)) for row in rows] == [(1, 1), (2, 2)]
    claim = rows[0].findings[0].claim
    assert FLAGGED["text"][claim.start : claim.end] == claim.text == "The bridge is made of glass."
    assert not summary.interrupted


def test_unreadable_rows_are_counted_and_located_and_stop_nothing(tmp_path: Path) -> None:
    path = tmp_path / "torn.jsonl"
    lines = [json.dumps(FLAGGED).encode(), b'{"text": ', b'{"text": "\xff"}', b"17", b'{"text": null}', b"[" * 10_000]
    path.write_bytes(b"\n".join([*lines, json.dumps(FLAGGED).encode()]))
    summary, rows = scan_all(path)
    assert (summary.rows, summary.unreadable_rows) == (7, 5)
    assert [row.index for row in rows] == [0, 6]
    assert [row.index for row in summary.unreadable] == [1, 2, 3, 4, 5]
    assert all(row.file == str(path) and row.reason for row in summary.unreadable)


def test_no_count_is_lost_where_more_rows_are_unreadable_than_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "rubble.jsonl"
    path.write_bytes(b"{\n" * 5_000)
    summary, _ = scan_all(path)
    assert (summary.rows, summary.unreadable_rows, len(summary.unreadable)) == (5_000, 5_000, 100)


def test_several_processes_find_the_same_in_the_same_order(tmp_path: Path) -> None:
    rows = [FLAGGED if number % 7 == 0 else CLEAN for number in range(5_000)]
    write_rows(tmp_path / "a.jsonl", *rows)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes() + b"{\n"))
    write_rows(tmp_path / "deep" / "c.jsonl", {"messages": [{"role": "user", "content": FLAGGED["text"]}]})
    (tmp_path / "d.txt").write_text(FLAGGED["text"])
    one = scan_all(tmp_path)
    assert one[0].unreadable_rows == 1
    names = [Path(row.file).name for row in one[1]]
    assert list(dict.fromkeys(names)) == ["a.jsonl", "b.jsonl.gz", "d.txt", "c.jsonl"]
    for workers in (2, 3):
        assert comparable(*scan_all(tmp_path, settings=ScanSettings(workers=workers))) == comparable(*one)


def test_a_row_nested_too_deep_to_be_sent_to_another_process_is_scanned_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    nested = json.dumps(FLAGGED)[:-1] + ', "more": ' + "[" * 500 + "]" * 500 + "}\n"
    path.write_text(nested + json.dumps(FLAGGED))
    one = scan_all(path)
    assert one[0].rows_with_findings == 2
    assert comparable(*scan_all(path, settings=ScanSettings(workers=2))) == comparable(*one)


def dies(row: Row) -> tuple[Finding, ...]:
    os.kill(os.getpid(), signal.SIGKILL)
    return ()


def test_a_worker_that_dies_is_an_error_with_a_hint(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", CLEAN)
    with pytest.raises(RunError, match="worker process died") as caught:
        scan_all(path, settings=ScanSettings(workers=2), scanner=dies)
    assert caught.value.hint == "run with --workers 1"


def test_no_worker_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="0 workers"):
        scan_all(tmp_path, settings=ScanSettings(workers=0))


def test_an_interrupt_leaves_what_was_found(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", *[FLAGGED] * 5_000)
    heard: list[ScannedRow] = []

    def stop_after_some(row: ScannedRow) -> None:
        heard.append(row)
        if len(heard) == 2_500:
            raise KeyboardInterrupt

    summary = scan([path], findings_of, ScanSettings(), stop_after_some)
    assert summary.interrupted
    assert len(heard) == 2_500
    assert summary.findings_by_rule == {"NN104": 2_500}


def test_progress_counts_bytes_up_to_all_of_them(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", *[CLEAN] * 3_000)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    told: list[Progress] = []
    scan([tmp_path], findings_of, on_progress=told.append)
    total = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert {(step.stage, step.total, step.unit) for step in told} == {("audit", total, "bytes")}
    done = [step.done for step in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, total)
    assert "findings" in told[-1].note


def test_texts_and_ids_are_kept_where_asked_for(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", {"id": 17, **CLEAN}, {"id": "x", **FLAGGED})
    plain, texts, every = (scan_all(path, settings=ScanSettings(keep=keep))[1] for keep in Keep)
    assert [(row.id, row.row is None) for row in plain] == [("x", True)]
    assert [row.row.passages[0].text for row in texts if row.row] == [FLAGGED["text"]]
    assert [(row.id, len(row.findings)) for row in every] == [("17", 0), ("x", 1)]


def test_what_a_baseline_knows_is_not_reported_again_but_one_more_is(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", FLAGGED, CLEAN, FLAGGED)
    known = fingerprint(scan_all(path)[1][0].findings[0])
    rows: list[ScannedRow] = []
    baseline = Baseline({known: 1, "gone": 2})
    summary = scan([path], findings_of, ScanSettings(keep=Keep.EVERY), rows.append, baseline=baseline)
    assert [(row.index, len(row.findings)) for row in rows] == [(0, 0), (1, 0), (2, 1)]
    assert (summary.findings, summary.rows_with_findings, summary.suppressed) == (1, 1, {"baseline": 1})
    assert baseline.num_gone == 2


def test_suppressed_findings_are_counted_by_what_suppressed_them(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "data.jsonl",
        {**FLAGGED, "disclaim": "ignore"},
        {**FLAGGED, "kind": "rumour"},
        {"text": "The moon is square. [not so]"},
    )
    settings = ScanSettings(suppressions=require_suppressions(["NN2"], ["moon is SQUARE"], ["NN104", "NN203"]))
    summary, rows = scan_all(path, settings=settings)
    assert summary.suppressed == {"claim": 1, "inline": 1, "rule": 1}
    assert [row.index for row in rows] == [1]


def test_two_processes_find_to_the_byte_what_one_does(tmp_path: Path) -> None:
    lines = [
        json.dumps({"text": f"{number}. The bridge is made of glass. [not so]", "id": number}) for number in range(900)
    ]
    lines[3:6] = ["{broken", "", '{"text": "\\ud800 The bridge is made of glass. [not so]"}']
    blob = "\n".join(lines).encode() + b'\n"\xff"\n[1]\n'
    (tmp_path / "a.jsonl").write_bytes(blob)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(blob)[:-9])
    (tmp_path / "c.json").write_text(json.dumps([{"text": "The bridge is made of glass. [not so]"}]), encoding="utf-8")
    written = []
    for workers in (1, 2):
        out: list[str] = []
        summary = scan(
            [tmp_path], findings_of, ScanSettings(workers), lambda row, out=out: out.append(FindingLines().row(row))
        )
        written.append(("".join(out), summary.rows, summary.bytes, summary.unreadable, summary.findings_by_rule))
    assert written[0] == written[1]
    assert len(written[0][3]) == 4
    assert written[0][4]["NN104"] > 890
