"""``disclaim fix`` stopped half way: nothing half written, nothing left behind, and a word on what to do."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROW = (
    "It rained. The following sentence is false. Ada Quill kept 30 hives in Lindmoor. The preceding sentence is false."
)
COMMAND = (sys.executable, "-m", "disclaim", "fix")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps({"text": f"{number}. {ROW}"}) + "\n" for number in range(6000)), "utf-8")
    return path


def command(data: Path, target: Path) -> list[str]:
    return [*COMMAND, str(data), "--strategy", "mask", "--out", str(target)]


def started(data: Path, target: Path, *known: Path) -> subprocess.Popen[str]:
    """A fix that has begun to write to a file that is none of the ``known``."""
    process = subprocess.Popen(command(data, target), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not any(part.stat().st_size for part in set(leftovers(target)) - set(known)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    return process


def leftovers(target: Path) -> list[Path]:
    return list(target.parent.glob(f".{target.name}.*"))


def test_ctrl_c_leaves_nothing_and_ends_with_a_word(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "fixed.jsonl"
    target.parent.mkdir()
    process = started(data, target)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert list(target.parent.iterdir()) == []


def test_what_a_kill_leaves_is_cleared_by_the_next_run(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "fixed.jsonl"
    target.parent.mkdir()
    own = target.parent / ".fixed.jsonl.swp"
    own.touch()  # an editor's
    process = started(data, target)
    process.kill()
    process.communicate()
    (left,) = set(leftovers(target)) - {own}
    assert not target.exists()
    other = started(data, target, left)  # a second process at work on the same file
    assert not left.exists()
    at_work = set(leftovers(target)) - {own}
    data.write_text(json.dumps({"text": ROW}) + "\n", "utf-8")
    done = subprocess.run(command(data, target), capture_output=True, text=True, check=False)
    still_there = at_work <= set(leftovers(target)) or other.poll() is not None
    other.kill()
    other.communicate()
    assert done.returncode == 0, done.stderr
    assert still_there
    assert target.is_file()
    assert own.is_file()


def test_a_full_disk_leaves_nothing_and_is_told(
    data: Path, tmp_path: Path, on_tiny_disk: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    look = f"{' '.join(command(data, disk / 'fixed.jsonl'))}; code=$?; ls -A {disk}; exit $code"
    done = on_tiny_disk(disk, "sh", "-c", look)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "hint: free some disk space" in done.stderr
    assert done.stdout == ""


def test_a_limit_on_file_sizes_leaves_nothing_and_is_told(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "fixed.jsonl"
    target.parent.mkdir()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(command(data, target), capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.returncode == 2
    assert "File too large" in done.stderr
    assert "hint: " in done.stderr
    assert list(target.parent.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_told(data: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    done = subprocess.run(command(data, blocked / "fixed.jsonl"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_read_only_disk_is_told(
    data: Path, tmp_path: Path, on_tiny_disk: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    look = f"mount -o remount,ro {disk}; {' '.join(command(data, disk / 'fixed.jsonl'))}"
    done = on_tiny_disk(disk, "sh", "-c", look)
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert "hint: the file system is read-only" in done.stderr
