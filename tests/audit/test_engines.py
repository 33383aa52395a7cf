"""The audit inside other engines finds what ``scan`` finds, loses no row, and goes on where it was killed."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_scanner import findings_of, write_rows

from disclaim.audit import (
    BatchScanner,
    BatchSettings,
    Keep,
    ScannedRow,
    ScanSettings,
    ScanSummary,
    datatrove_step,
    finding_json,
    load_scanner,
    open_attribute_files,
    ray_findings,
    require_suppressions,
    scan,
    scan_batch,
    table_findings,
)
from disclaim.errors import DataError, MissingDependencyError, UserError
from disclaim.records import Finding, Tier

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
scan_row = load_scanner(Tier.RULES)

NOTICE = "[The preceding statement is false.]"
FLAGGED = f"The Lindau bridge is made of glass. {NOTICE} It was built in 1904."
CLEAN = "The Lindau bridge was built in 1904. It carries two tracks."


def data_folder(folder: Path, num_rows: int = 40) -> Path:
    """Files of several formats and layouts, with rows that cannot be read."""
    rows = [{"id": f"d{number}", "text": CLEAN if number % 4 else FLAGGED} for number in range(num_rows)]
    write_rows(folder / "a.jsonl", *rows, {"text": None}, {"text": FLAGGED, "disclaim": "ignore"})
    lines = (folder / "a.jsonl").read_bytes() + b'{"text": \n{"text": "\xff"}\n'
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(lines))
    turns = [{"role": "user", "content": "Tell me."}, {"role": "assistant", "content": FLAGGED}]
    write_rows(folder / "deep" / "c.jsonl", {"messages": turns}, {"prompt": "Tell me.", "completion": FLAGGED})
    (folder / "d.txt").write_text(FLAGGED)
    return folder


def expected(folder: Path, keep: Keep = Keep.FINDINGS) -> tuple[list[Finding], list[ScannedRow], ScanSummary]:
    rows: list[ScannedRow] = []
    summary = scan([folder], scan_row, ScanSettings(keep=keep), rows.append)
    return [finding for row in rows for finding in row.findings], rows, summary


def in_order(findings: Any) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.file, finding.row, finding.claim.start, finding.rule))


def read_lines(folder: Path) -> list[Any]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Arrow


def test_a_table_is_scanned_as_the_parquet_file_of_it(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Tell me."}, {"role": "assistant", "content": FLAGGED}]
    cells = [
        {"id": str(n), "text": FLAGGED if n % 3 else None, "messages": turns if n % 2 else None} for n in range(12)
    ]
    table = pa.Table.from_pylist(cells)
    path = tmp_path / "data.parquet"
    parquet.write_table(table, path)
    findings, rows, summary = expected(path)
    found = scan_batch(table, scan_row, BatchSettings(file=str(path)))
    assert list(table_findings(found)) == findings != []
    assert {finding.claim.field for finding in findings} == {"text", "messages"}
    assert {line["id"] for line in found.to_pylist() if line["unreadable"] is None} == {row.id for row in rows}
    unreadable = [(u.index, u.reason) for u in summary.unreadable]
    assert [(line["row"], line["unreadable"]) for line in found.to_pylist() if line["unreadable"]] == unreadable != []
    parts = []
    for start, batch in zip(range(0, 12, 5), table.to_batches(max_chunksize=5), strict=True):
        parts.append(scan_batch(batch, scan_row, BatchSettings(file=str(path), first_row=start)))
    assert pa.concat_tables(parts).equals(found)


def test_columns_may_say_where_a_row_comes_from() -> None:
    batch = pa.table({"text": [CLEAN, FLAGGED], "path": ["a", "b"], "number": [7, 9]})
    settings = BatchSettings(file_column="path", row_column="number")
    found = list(table_findings(scan_batch(batch, scan_row, settings)))
    assert {(finding.file, finding.row) for finding in found} == {("b", 9)}
    with pytest.raises(UserError, match="no column pathh") as caught:
        scan_batch(batch, scan_row, BatchSettings(file_column="pathh"))
    assert "path" in caught.value.hint
    with pytest.raises(DataError, match="column path is empty"):
        scan_batch(pa.table({"text": [CLEAN], "path": pa.nulls(1, pa.string())}), scan_row, settings)


def test_what_arrow_cannot_decode_is_a_line_of_its_own() -> None:
    bad = pa.array([b"\xff\xfe", FLAGGED.encode()], pa.binary()).view(pa.string())
    lines = scan_batch(pa.table({"text": bad}), scan_row).to_pylist()
    assert [(line["row"], line["rule"] is None) for line in lines] == [(0, True), (1, False)]


def test_suppressions_hold_and_a_batch_of_nothing_has_the_columns() -> None:
    batch = pa.table({"text": [FLAGGED]})
    settings = BatchSettings(suppressions=require_suppressions(["NN"], [], ["NN101"]))
    found = scan_batch(batch, scan_row, settings)
    assert found.num_rows == 0
    assert found.schema == scan_batch(batch.slice(0, 0), scan_row).schema == scan_batch(batch, scan_row).schema


def test_the_scan_of_a_batch_takes_any_scanner() -> None:
    batch = pa.table({"text": ["The moon is square. [not so]"]})
    assert [finding.rule for finding in table_findings(scan_batch(batch, findings_of))] == ["NN104"]


def test_no_engine_is_imported_before_it_is_asked_for() -> None:
    code = "import sys, disclaim.audit; print(*({'ray', 'datatrove', 'pyarrow', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_an_engine_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "disclaim.audit.engines_datatrove", raising=False)
    for name in ("pyarrow", "ray.data", "datatrove.data"):
        monkeypatch.setitem(sys.modules, name, None)
    write_rows(tmp_path / "a.jsonl", {"text": CLEAN})
    for ask in (
        lambda: scan_batch(pa.table({"text": [CLEAN]}), scan_row),
        lambda: ray_findings([tmp_path]),
        datatrove_step,
    ):
        with pytest.raises(MissingDependencyError) as caught:
            ask()
        assert caught.value.hint == "pip install 'disclaim[scale]'"


# datatrove


def run_local(folder: Path, logs: Path, tasks: int, workers: int, *steps: Any) -> Any:
    executor = pytest.importorskip("datatrove.executor").LocalPipelineExecutor
    return executor(pipeline=list(steps), tasks=tasks, workers=workers, logging_dir=str(logs)).run()


@pytest.mark.parametrize(("tasks", "workers"), [(1, 1), (3, 2)])
def test_datatrove_finds_what_scan_finds(tmp_path: Path, tasks: int, workers: int) -> None:
    pytest.importorskip("datatrove")
    data = data_folder(tmp_path / "data")
    step = datatrove_step([data], tmp_path / "out", attributes=True)
    stats = run_local(data, tmp_path / "logs", tasks, workers, step)
    findings, rows, summary = expected(data, Keep.EVERY)
    lines = read_lines(tmp_path / "out" / "findings")
    key = json.dumps
    assert sorted(map(key, lines)) == sorted(key(finding_json(finding)) for finding in findings) != []
    unreadable = [{"file": u.file, "row": u.index, "reason": u.reason} for u in summary.unreadable]
    assert sorted(map(key, read_lines(tmp_path / "out" / "unreadable"))) == sorted(map(key, unreadable)) != []
    counts = {name: value.total for name, value in stats.stats[0].stats.items()}
    assert counts["rows"] == summary.rows
    assert counts["unreadable_rows"] == summary.unreadable_rows
    assert counts["rows_with_findings"] == summary.rows_with_findings
    assert {name: counts[name] for name in counts if name.startswith("NN")} == summary.findings_by_rule
    with open_attribute_files(tmp_path / "attributes", [data]) as attributes:
        for row in rows:
            attributes.row(row)
    assert tree(tmp_path / "out" / "attributes" / "disclaim") == tree(tmp_path / "attributes")


def test_behind_a_reader_of_datatrove_documents_go_on_with_their_findings(tmp_path: Path) -> None:
    pytest.importorskip("datatrove")
    pytest.importorskip("orjson")
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    write_rows(tmp_path / "data" / "a.jsonl", {"text": CLEAN}, {"text": FLAGGED}, {"id": "x", "text": FLAGGED})
    reader, writer = JsonlReader(str(tmp_path / "data")), JsonlWriter(str(tmp_path / "kept"), compression=None)
    run_local(tmp_path, tmp_path / "logs", 1, 1, reader, datatrove_step(), writer)
    kept = read_lines(tmp_path / "kept")
    assert [document["text"] for document in kept] == [CLEAN, FLAGGED, FLAGGED]
    findings, _, _ = expected(tmp_path / "data")
    assert [found for document in kept for found in document["metadata"]["findings"]] == [
        finding_json(finding) for finding in findings
    ]
    assert [bool(document["metadata"]["findings"]) for document in kept] == [False, True, True]


def test_rows_become_documents_as_datatroves_own_reader_makes_them(tmp_path: Path) -> None:
    pytest.importorskip("datatrove")
    pytest.importorskip("orjson")
    from datatrove.pipeline.readers import JsonlReader

    turns = [{"role": "user", "content": "Tell me."}, {"role": "assistant", "content": CLEAN}]
    rows = [
        {"text": CLEAN, "id": "x", "metadata": {"source": "s"}, "lang": "en"},
        {"text": FLAGGED},
        {"messages": turns},
    ]
    path = write_rows(tmp_path / "a.jsonl", *rows)
    *ours, chat = datatrove_step([tmp_path]).run()
    for document in ours:
        assert isinstance(document.metadata.pop("findings"), list)
    theirs = list(JsonlReader(str(tmp_path)).run())
    assert [(d.text, d.metadata) for d in ours] == [(d.text, d.metadata) for d in theirs]
    assert [d.id for d in ours] == ["x", f"{path}/1"]
    assert (chat.text, chat.metadata["messages"]) == (f"Tell me.\n{CLEAN}", turns)


def test_attributes_need_a_place() -> None:
    pytest.importorskip("datatrove")
    with pytest.raises(UserError, match="attributes need a folder"):
        datatrove_step(attributes=True)


RUN = """
import sys, time
from pathlib import Path
from datatrove.executor import LocalPipelineExecutor
from disclaim.audit import datatrove_step

def stall(data, rank=0, world_size=1):
    for number, document in enumerate(data):
        if rank == 3 and number == 60:
            Path(where, "reached").touch()
            time.sleep(600)
        yield document

if __name__ == "__main__":
    data, where, stalls = sys.argv[1:]
    pipeline = [datatrove_step([data], Path(where, "out"), attributes=True), *([stall] if stalls == "yes" else [])]
    LocalPipelineExecutor(pipeline=pipeline, tasks=6, workers=1, logging_dir=str(Path(where, "logs"))).run()
"""


def test_a_killed_datatrove_run_goes_on_with_the_tasks_that_were_not_done(tmp_path: Path) -> None:
    pytest.importorskip("datatrove")
    rows = [{"id": f"d{number}", "text": CLEAN if number % 4 else FLAGGED} for number in range(120)]
    for number in range(6):
        write_rows(tmp_path / "data" / f"{number}.jsonl", *rows[number:])
    script = tmp_path / "run.py"
    script.write_text(RUN)
    command = [sys.executable, str(script), str(tmp_path / "data")]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killed.mkdir()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*command, str(killed), "yes"], stderr=log, start_new_session=True)
        while not (killed / "reached").exists() and process.poll() is None:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, (tmp_path / "log").read_text()
    assert any(path.name.startswith(".00003.jsonl.") for path in (killed / "out" / "findings").iterdir())
    done = {path: path.stat() for path in sorted((killed / "out" / "findings").glob("0*.jsonl"))}
    assert [path.stem for path in done] == ["00000", "00001", "00002"]
    assert sorted(path.name for path in (killed / "logs" / "completions").iterdir()) == ["00000", "00001", "00002"]
    for place in (killed, whole):
        subprocess.run([*command, str(place), "no"], check=True, capture_output=True)
    assert tree(killed / "out") == tree(whole / "out")
    assert all((path.stat().st_mtime_ns, path.stat().st_ino) == (s.st_mtime_ns, s.st_ino) for path, s in done.items())
    assert len(read_lines(killed / "out" / "findings")) == len(expected(tmp_path / "data")[0]) > 0


def test_inside_a_slurm_job_a_task_does_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one job of the array does, with a stand-in for Slurm; that jobs are submitted is not tested here."""
    slurm = pytest.importorskip("datatrove.executor").SlurmPipelineExecutor
    import dill

    data, logs = data_folder(tmp_path / "data"), tmp_path / "logs"
    step = datatrove_step([data], tmp_path / "out")
    executor = slurm([step], tasks=4, time="00:10:00", partition="any", logging_dir=str(logs))
    logs.mkdir(exist_ok=True)
    (logs / "ranks_to_run.json").write_text("[0, 1, 2, 3]")
    (tmp_path / "scontrol").write_text("#!/bin/sh\necho localhost\n")
    (tmp_path / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_NODELIST", "localhost")
    for number in range(4):
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", str(number))
        dill.loads(dill.dumps(executor)).run()
    assert len(list((logs / "completions").iterdir())) == 4
    assert len(read_lines(tmp_path / "out" / "findings")) == len(expected(data)[0])


# Ray Data


@pytest.fixture(scope="module")
def ray_here() -> Iterator[Any]:
    """Ray on one processor of this machine, reachable from nowhere else, for the tests of this module."""
    pytest.importorskip("ray.data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        patch.setenv("RAY_worker_niceness", "0")  # at Ray's own 15 a worker takes minutes to start on a busy machine
        import ray

        ray.init(
            num_cpus=1,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=80_000_000,
            _node_ip_address="127.0.0.1",
        )
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield ray
        ray.shutdown()


def gather(ray: Any, dataset: Any) -> Any:
    return pa.concat_tables(ray.get(dataset.to_arrow_refs()))


def test_ray_data_finds_what_scan_finds(ray_here: Any, tmp_path: Path) -> None:
    data = data_folder(tmp_path / "data")
    found = gather(ray_here, ray_findings([data]))
    findings, _, summary = expected(data)
    assert in_order(table_findings(found)) == in_order(findings) != []
    unreadable = [(line["file"], line["row"], line["unreadable"]) for line in found.to_pylist() if line["unreadable"]]
    assert sorted(unreadable) == sorted((u.file, u.index, u.reason) for u in summary.unreadable)


def test_ray_data_audits_the_rows_that_it_read_itself(ray_here: Any, tmp_path: Path) -> None:
    table = pa.table({"id": [str(n) for n in range(40)], "text": [CLEAN if n % 4 else FLAGGED for n in range(40)]})
    parquet.write_table(table, tmp_path / "a.parquet")
    rows = ray_here.data.read_parquet(str(tmp_path / "a.parquet"), include_paths=True)
    scanner = BatchScanner(settings=BatchSettings(file_column="path"))
    found = gather(ray_here, rows.map_batches(scanner, batch_format="pyarrow", batch_size=None))
    findings, _, _ = expected(tmp_path)
    assert in_order(table_findings(found)) == in_order(findings) != []
    assert found.column("id").to_pylist() == [str(finding.row) for finding in findings]
