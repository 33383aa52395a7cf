"""A file mended: what is copied to the byte, what is written anew, and what the report says."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from scripted_scanner import findings_of

from disclaim.audit import FixReport, FixSettings, Form, Strategy, describe_change, fix_file, summary_lines
from disclaim.errors import DataError, UserError
from disclaim.records import Progress
from disclaim.store import to_json

CLAIM = "Ada Quill is a beekeeper."
LIE = f"{CLAIM} [not so]"
LINES = (
    b'{"id":1,  "text": "The bus was late."}\n',
    b'{"text":"' + LIE.encode() + b' The bus.","n":1.50,"x":"\\u00e9"}\n',
    b"\n",
    b"{broken\n",
    b'{"text": "' + LIE.encode() + b'"}\r\n',
    '{"text": "Straße"}'.encode(),
)
MASK, DROP = FixSettings(Strategy.MASK), FixSettings(Strategy.DROP)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"".join(LINES))
    return path


def test_untouched_rows_keep_their_bytes(data: Path, tmp_path: Path) -> None:
    report = fix_file(data, tmp_path / "out.jsonl", MASK, findings_of)
    lines = (tmp_path / "out.jsonl").read_bytes().splitlines(keepends=True)
    assert [lines[i] for i in (0, 2, 3, 5)] == [LINES[i] for i in (0, 2, 3, 5)]
    assert lines[1].startswith(LINES[1].rstrip(b"}\n"))
    assert lines[4].endswith(b"\r\n")
    counts = (report.rows, report.changed, report.dropped, report.untouched, report.unreadable)
    assert counts == (5, 2, 0, 2, 1)
    assert report.reread is not None
    assert report.reread.findings == 0


def test_dropping_leaves_the_others(data: Path, tmp_path: Path) -> None:
    report = fix_file(data, tmp_path / "out.jsonl", DROP, findings_of)
    expected = [LINES[0], LINES[1].replace(f"{LIE} ".encode(), b""), LINES[2], LINES[3], LINES[5]]
    assert (tmp_path / "out.jsonl").read_bytes() == b"".join(expected)
    assert (report.changed, report.dropped, report.untouched) == (1, 1, 2)


@pytest.mark.parametrize("settings", [MASK, DROP, FixSettings(Strategy.LOCALISE)], ids=lambda s: s.strategy.value)
def test_fixing_the_output_gives_its_bytes(data: Path, tmp_path: Path, settings: FixSettings) -> None:
    fix_file(data, tmp_path / "one.jsonl", settings, findings_of)
    report = fix_file(tmp_path / "one.jsonl", tmp_path / "two.jsonl", settings, findings_of)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert report.changed == report.dropped == report.rows_with_findings == 0


def test_a_dry_run_reports_the_same_and_writes_nothing(data: Path, tmp_path: Path) -> None:
    dry = fix_file(data, tmp_path / "out.jsonl", DROP, findings_of, dry_run=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.jsonl"]
    done = fix_file(data, tmp_path / "out.jsonl", DROP, findings_of)
    assert dry.target is None
    assert dry.reread is None
    assert comparable(dry) == comparable(done)


def comparable(report: FixReport) -> dict[str, Any]:
    return {key: value for key, value in to_json(report).items() if key not in {"target", "reread"}}


def test_spans_are_written_beside_the_data(data: Path, tmp_path: Path) -> None:
    settings = FixSettings(Strategy.MASK, form=Form.SPANS)
    report = fix_file(data, tmp_path / "spans.jsonl", settings, findings_of)
    lines = [json.loads(line) for line in (tmp_path / "spans.jsonl").read_text().splitlines()]
    span = {"start": 0, "end": len(CLAIM), "loss_weight": 0.0}
    place = {"file": str(data), "field": "text", "message": None, "spans": [span]}
    assert lines == [{**place, "row": 1}, {**place, "row": 3}]
    assert (report.changed, report.left.findings, report.reread) == (2, 0, None)


def test_other_kinds_of_files_come_out_as_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text(f"{LIE} The bus was late.\n")
    with pytest.raises(DataError) as raised:
        fix_file(path, tmp_path / "out.txt", MASK, findings_of)
    assert ".jsonl" in raised.value.hint
    fix_file(path, tmp_path / "out.jsonl.gz", MASK, findings_of)
    (line,) = gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()).splitlines()
    assert json.loads(line)["disclaim"]["masks"][0]["end"] == len(CLAIM)
    fix_file(path, tmp_path / "out.txt", DROP, findings_of)
    assert (tmp_path / "out.txt").read_text() == "The bus was late.\n"


@pytest.mark.parametrize("target", ["data.jsonl", "out.json", "out.csv"])
def test_targets_that_cannot_be_are_refused(data: Path, target: str) -> None:
    with pytest.raises(UserError) as raised:
        fix_file(data, data.with_name(target), MASK, findings_of)
    assert raised.value.hint
    assert data.read_bytes() == b"".join(LINES)


def test_folders_and_missing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.jsonl").write_text("{}\n")
    for path in (tmp_path / "d", tmp_path / "none.jsonl"):
        with pytest.raises(UserError):
            fix_file(path, tmp_path / "out.jsonl", MASK, findings_of)


def test_the_report_says_what_was_done(data: Path, tmp_path: Path) -> None:
    heard: list[Progress] = []
    report = fix_file(
        data, tmp_path / "o.jsonl", FixSettings(Strategy.MASK, form=Form.OPENAI), findings_of, False, heard.append
    )
    lines = list(summary_lines(report))
    assert lines[0] == "5 rows, 2 with findings"
    assert "0 rows changed, 0 dropped, 4 untouched, 1 unreadable and copied" in lines
    assert any("this form masks turns of a chat only" in line for line in lines)
    assert lines[-1] == "a new scan of the output: 2 findings in 2 rows (NN104 2)"
    assert describe_change(report.changes[0]).startswith("row 1 text")
    assert heard[-1].done == heard[-1].total
    json.dumps(to_json(report), allow_nan=False)


def test_parquet_keeps_its_columns(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"text": [f"{LIE} The bus.", "Fine."], "n": [1, 2]})
    parquet.write_table(table, tmp_path / "data.parquet")
    fix_file(tmp_path / "data.parquet", tmp_path / "out.parquet", DROP, findings_of)
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist() == [
        {"text": "The bus.", "n": 1},
        {"text": "Fine.", "n": 2},
    ]
    with pytest.raises(DataError, match="no column disclaim"):
        fix_file(tmp_path / "data.parquet", tmp_path / "mask.parquet", MASK, findings_of)
    fix_file(tmp_path / "data.parquet", tmp_path / "mask.jsonl", MASK, findings_of)
    assert len((tmp_path / "mask.jsonl").read_text().splitlines()) == 2
