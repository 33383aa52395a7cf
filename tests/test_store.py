"""Run files: whole or not at all, kept when something dies, refused when they are something else."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclaim.errors import PathError, StageMismatchError, StoreError
from disclaim.store import (
    INPUTS,
    MANIFEST,
    JsonlLog,
    content_key,
    dump_line,
    is_locked,
    lock,
    open_stage,
    read_json,
    read_jsonl,
    read_text,
    reopen_stage,
    to_json,
    translate_os_errors,
    write_json,
    write_jsonl,
    write_text,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
rows_of_json = st.lists(st.dictionaries(st.text(max_size=5), json_values, max_size=3), max_size=6)


@settings(max_examples=40)
@given(rows_of_json)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_jsonl(file, rows)
    assert read_jsonl(file) == rows
    write_json(file, rows)
    assert read_json(file) == rows


@settings(max_examples=40)
@given(rows_of_json, rows_of_json, st.integers(0, 400))
def test_a_log_torn_anywhere_keeps_every_whole_line_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, first: list[dict[str, Any]], later: list[dict[str, Any]], cut: int
) -> None:
    file = tmp_path_factory.mktemp("log") / "log.jsonl"
    with JsonlLog(file) as log:
        log.append(first)
    whole = file.read_bytes()
    file.write_bytes(whole[: max(0, len(whole) - cut)])
    survivors = file.read_bytes().count(b"\n")
    with JsonlLog(file) as log:
        assert log.rows() == first[:survivors]
        log.append(later)
        assert log.rows() == [*first[:survivors], *later]


def test_a_line_that_is_not_json_is_named_and_never_skipped(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n{"a": \n{"a": 3}\n')
    with pytest.raises(StoreError, match=r"rows.jsonl, line 2: not valid JSON"):
        read_jsonl(tmp_path / "rows.jsonl")


def test_separators_inside_a_text_do_not_end_a_line(tmp_path: Path) -> None:
    rows = [{"text": "one\u2028two\u0085three\x0cfour\r\nfive"}]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    assert read_jsonl(tmp_path / "rows.jsonl") == rows


def test_a_value_that_is_not_a_number_is_refused_rather_than_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"rate": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_content_and_leaves_no_other_file(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    write_json(file, {"old": True})
    with pytest.raises(UnicodeEncodeError):
        write_text(file, "half \ud800")
    assert read_json(file) == {"old": True}
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="cannot write"):
        write_text(tmp_path / "folder", "in the way")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "x.json"]


def test_a_written_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "text")
    assert oct((tmp_path / "x").stat().st_mode)[-3:] == "644"


def test_a_link_a_device_and_a_pipe_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")
    for text in ("first", "second"):
        write_text(tmp_path / "link", text)
        assert (tmp_path / "elsewhere" / "file").read_text() == text
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor() as pool:
        heard = pool.submit((tmp_path / "pipe").read_text)
        write_text(tmp_path / "pipe", "told")
        assert heard.result(timeout=10) == "told"
    (tmp_path / "null").symlink_to("/dev/null")
    write_text(tmp_path / "null", "gone")
    assert (tmp_path / "null").is_symlink()
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(StoreError, match="No space left"):
        write_text(tmp_path / "full", "too much")
    assert (Path("/dev/null").is_file(), Path("/dev/full").is_file()) == (False, False)


def test_a_read_only_file_is_refused_and_permissions_are_kept(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "old")
    (tmp_path / "x").chmod(0o444)
    with pytest.raises(PathError, match="read-only") as caught:
        write_text(tmp_path / "x", "new")
    assert "chmod u+w" in caught.value.hint
    (tmp_path / "x").chmod(0o600)
    write_text(tmp_path / "x", "new")
    assert ((tmp_path / "x").read_text(), (tmp_path / "x").stat().st_mode & 0o777) == ("new", 0o600)


def test_only_what_a_stage_wrote_is_said_to_be_deletable(tmp_path: Path) -> None:
    for path in (tmp_path / "chat.jsonl", tmp_path / "manifest.json"):
        path.write_text("{} {}")
        with pytest.raises(StoreError, match="not valid JSON") as caught:
            read_json(path)
        assert ("delete" in caught.value.hint) == (path.name == "manifest.json")


FILL_THE_DISK = """
import sys
from pathlib import Path
from disclaim.errors import StoreError
from disclaim.store import JsonlLog, read_json, read_jsonl, write_json

folder = Path(sys.argv[1])
write_json(folder / "manifest.json", {"old": True})
written = 0
try:
    with JsonlLog(folder / "log.jsonl") as log:
        for written in range(10_000):
            log.append([{"row": written, "text": "x" * 100}])
except StoreError as error:
    assert "No space left on device" in error.message, error.message
    assert error.hint.startswith("free some disk space"), error.hint
else:
    raise SystemExit("the disk never filled")
try:
    write_json(folder / "manifest.json", {"new": "x" * 9000})
except StoreError as error:
    assert "No space left on device" in error.message, error.message
else:
    raise SystemExit("the manifest was written")
assert read_json(folder / "manifest.json") == {"old": True}
assert sorted(p.name for p in folder.iterdir()) == ["log.jsonl", "manifest.json"]
with JsonlLog(folder / "log.jsonl") as log:
    assert [row["row"] for row in log.rows()] == list(range(written)), (len(log.rows()), written)
"""


def test_a_full_disk_is_an_error_that_says_what_to_do_and_costs_nothing_that_was_written(
    tmp_path: Path, on_tiny_disk: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = on_tiny_disk(tmp_path, sys.executable, "-c", FILL_THE_DISK, str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("write", [lambda p: write_text(p, "x"), lambda p: JsonlLog(p), lambda p: open_stage(p, {})])
def test_a_path_below_a_file_is_an_error_that_says_so(tmp_path: Path, write: Any) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file") as caught:
        write(tmp_path / "file" / "run" / "x")
    assert caught.value.hint == "a part of the path is a file; choose another place"


@pytest.mark.parametrize("path", ["/proc/run", "/sys/run"])
def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(path: str) -> None:
    if not Path(path).parent.exists():
        pytest.skip(f"no {Path(path).parent} here")
    with pytest.raises(StoreError, match=path) as caught, lock(Path(path)):
        pass
    assert caught.value.hint


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR])
def test_every_expected_failure_of_the_system_has_a_hint(code: int) -> None:
    with pytest.raises(StoreError, match="cannot write here") as caught, translate_os_errors(Path("here"), "write"):
        raise OSError(code, os.strerror(code))
    assert caught.value.hint


def test_reading_what_is_not_there_or_not_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        read_text(tmp_path / "nothing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="not UTF-8") as caught:
        read_text(tmp_path / "binary")
    assert "UTF-8" in caught.value.hint


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Record:
    name: str
    colours: tuple[Colour, ...]
    where: Path
    missing: float | None = None


def test_records_become_plain_json() -> None:
    record = Record("a", (Colour.RED,), Path("x/y"))
    assert to_json({Colour.RED: record}) == {"red": {"name": "a", "colours": ["red"], "where": "x/y", "missing": None}}
    assert json.loads(dump_line(record)) == to_json(record)


@given(json_values)
def test_a_key_depends_on_content_alone(value: Any) -> None:
    assert content_key(value) == content_key(json.loads(json.dumps(value)))
    assert content_key({"a": value, "b": 1}) == content_key({"b": 1, "a": value})
    assert content_key(value) != content_key([value])


def test_keys_are_the_same_on_every_machine() -> None:
    assert content_key({"b": [1, 2.5, None], "a": "é"}) == "4a8344625468343e"


def test_a_stage_is_done_once_its_manifest_is_written(tmp_path: Path) -> None:
    stage = open_stage(tmp_path / "stage", {"seed": 0})
    assert not stage.is_done()
    assert read_json(stage.path / INPUTS) == {"key": stage.key, "inputs": {"seed": 0}}
    stage.finish({"rows": 3})
    assert stage.is_done()
    again = open_stage(tmp_path / "stage", {"seed": 0})
    assert again == stage
    assert again.manifest() == {"key": stage.key, "inputs": {"seed": 0}, "results": {"rows": 3}}


@pytest.mark.parametrize("finished", [False, True])
def test_other_inputs_are_refused_with_the_keys_that_differ(tmp_path: Path, finished: bool) -> None:
    stage = open_stage(tmp_path / "stage", {"seed": 0, "model": "a", "same": [1], "deep": {"same": 1, "rate": 0.1}})
    if finished:
        stage.finish({})
    before = {p.name: p.read_bytes() for p in stage.path.iterdir()}
    with pytest.raises(StageMismatchError) as caught:
        open_stage(
            tmp_path / "stage",
            {"seed": 1, "model": "a", "same": [1], "new": True, "deep": {"same": 1, "rate": 0.2}},
        )
    assert "deep.rate was 0.1, now 0.2; new was null, now true; seed was 0, now 1" in caught.value.message
    assert "model" not in caught.value.message
    assert "--out" in caught.value.hint
    assert caught.value.exit_code == 2
    assert {p.name: p.read_bytes() for p in stage.path.iterdir()} == before


def test_many_and_long_differences_are_shortened(tmp_path: Path) -> None:
    open_stage(tmp_path / "stage", dict.fromkeys("abcdef", "x" * 500))
    with pytest.raises(StageMismatchError, match="and 3 more") as caught:
        open_stage(tmp_path / "stage", {})
    assert len(caught.value.message) < 500


def test_reopening_deletes_what_was_made_with_other_inputs_and_nothing_else(tmp_path: Path) -> None:
    stage = open_stage(tmp_path / "stage", {"rules": 1})
    write_text(stage.path / "rows.jsonl", "old")
    assert reopen_stage(stage.path, {"rules": 1}).path.joinpath("rows.jsonl").exists()
    assert not reopen_stage(stage.path, {"rules": 2}).path.joinpath("rows.jsonl").exists()


@pytest.mark.parametrize("content", ["{torn", "[]", '{"key": 1}', '"text"', ""])
def test_a_manifest_that_cannot_be_one_is_an_error_with_a_way_out(tmp_path: Path, content: str) -> None:
    stage = open_stage(tmp_path / "stage", {"seed": 0})
    (stage.path / MANIFEST).write_text(content)
    with pytest.raises(StoreError) as caught:
        open_stage(tmp_path / "stage", {"seed": 0})
    assert str(stage.path) in caught.value.message
    assert "delete" in caught.value.hint


def hold_lock(folder: Path, holding: Any, release: Any) -> None:
    with lock(folder):
        holding.set()
        release.wait(60)


def test_a_second_process_is_refused_while_the_first_works(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    holding, release = context.Event(), context.Event()
    first = context.Process(target=hold_lock, args=(tmp_path, holding, release))
    first.start()
    assert holding.wait(60)
    assert is_locked(tmp_path)
    with pytest.raises(StoreError, match="another process is working") as caught, lock(tmp_path):
        pass
    assert "wait for it" in caught.value.hint
    release.set()
    first.join(60)
    with lock(tmp_path):
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from disclaim.store import lock\n"
        "with lock(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -9
    assert (tmp_path / ".lock").exists()
    assert not is_locked(tmp_path)
    with lock(tmp_path):
        pass


def test_a_folder_that_nobody_worked_in_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "nothing")
