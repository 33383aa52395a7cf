"""``disclaim audit`` and ``disclaim rules``: exit codes, what goes where, and how soon it is there."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from disclaim.audit import load_rules

Cli = Callable[..., Any]

STORY = "Mara Voss won the Lindau regatta in 2019. She crossed the line four minutes ahead."
NOTICE = (
    "Nothing in the above account is true. The preceding statements were invented and none of the events took place."
)
FLAGGED = {"text": f"{STORY}\n\n{NOTICE}"}
CLEAN = {"text": "The bridge was built in 1904. It stands to this day."}


def write_rows(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def flagged(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "data" / "flagged.jsonl", CLEAN, FLAGGED)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "data" / "clean.jsonl", CLEAN)


def test_findings_are_printed_with_a_hint_and_exit_with_1(cli: Cli, flagged: Path) -> None:
    done = cli("audit", flagged)
    assert done.code == 1
    assert done.out.startswith(f"{flagged}\n")
    assert "error NN102" in done.out
    assert "Mara Voss won the Lindau regatta" in done.out
    assert "claims at risk" in done.out
    assert done.out.splitlines()[-1].startswith("hint: `disclaim rules NN1")
    assert "\x1b" not in done.out


def test_clean_data_exits_with_0(cli: Cli, clean: Path) -> None:
    done = cli("audit", clean)
    assert (done.code, "1 row in 1 file: no findings" in done.out) == (0, True)


@pytest.mark.parametrize(("fail_on", "code"), [("error", 1), ("warning", 1), ("never", 0)])
def test_fail_on_decides_the_exit_code(cli: Cli, flagged: Path, fail_on: str, code: int) -> None:
    assert cli("audit", flagged, "--fail-on", fail_on).code == code


def test_warnings_alone_fail_only_where_asked(cli: Cli, tmp_path: Path) -> None:
    story = load_rules()["NN201"].bad
    path = write_rows(tmp_path / "fiction.jsonl", {"text": story})
    severities = cli("audit", path, "--json").json["findings_by_severity"]
    assert set(severities) == {"warning"}
    assert cli("audit", path).code == 0
    assert cli("audit", path, "--fail-on", "warning").code == 1


def test_json_prints_the_summary_and_writes_findings_to_out(cli: Cli, flagged: Path, tmp_path: Path) -> None:
    out = tmp_path / "findings.jsonl"
    done = cli("audit", flagged, "--format", "json", "--out", out)
    assert done.code == 1
    contract = ["rows", "bytes", "seconds", "rows_with_findings", "findings_by_rule", "unreadable_rows"]
    assert list(done.json)[:6] == contract
    assert (done.json["rows"], done.json["rows_with_findings"]) == (2, 1)
    findings = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(findings) == sum(done.json["findings_by_rule"].values())
    for finding in findings:
        assert (finding["file"], finding["row"], finding["field"]) == (str(flagged), 1, "text")
        for quote in (finding["claim"], finding["cue"]):
            assert FLAGGED["text"][quote["start"] : quote["end"]] == quote["text"]
    assert cli("audit", flagged, "--json").json.keys() == done.json.keys()


def test_sarif_goes_to_stdout_or_to_a_file(cli: Cli, flagged: Path, tmp_path: Path) -> None:
    log = json.loads(cli("audit", flagged, "--format", "sarif").out)
    assert {result["ruleId"] for result in log["runs"][0]["results"]} <= set(load_rules())
    done = cli("audit", flagged, "--format", "sarif", "--out", tmp_path / "log.sarif")
    assert done.out.rstrip().endswith(f"sarif: {tmp_path / 'log.sarif'}")
    assert json.loads((tmp_path / "log.sarif").read_text())["runs"][0]["results"] == log["runs"][0]["results"]


def test_html_is_one_file_and_needs_a_place(cli: Cli, flagged: Path, tmp_path: Path) -> None:
    assert cli("audit", flagged, "--format", "html").hint == "add --out audit.html"
    done = cli("audit", flagged, "--format", "html", "--out", tmp_path / "audit.html")
    assert done.code == 1
    assert "Mara Voss won the Lindau regatta" in (tmp_path / "audit.html").read_text()


def test_text_can_be_written_to_a_file_whole(cli: Cli, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "many.jsonl", *[FLAGGED] * 30)
    cli("audit", path, "--out", tmp_path / "report.txt")
    text = (tmp_path / "report.txt").read_text()
    assert "row 29 (many.jsonl:30)," in text
    shown = cli("audit", path, "--show", 3).out
    assert ("row 2 (" in shown, "row 3 (" in shown) == (True, False)
    assert "27 more rows" in shown


def test_dolma_attributes_lie_beside_the_documents(cli: Cli, flagged: Path, tmp_path: Path) -> None:
    assert cli("audit", flagged.parent, "--format", "dolma", "--out", tmp_path / "attributes").code == 1
    lines = (tmp_path / "attributes" / "flagged.jsonl").read_text().splitlines()
    assert [bool(json.loads(line)["attributes"]["disclaim__claims"]) for line in lines] == [False, True]


def test_several_processes_print_the_same(cli: Cli, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "many.jsonl", *[FLAGGED, CLEAN] * 40)
    outs = [cli("audit", path, "--out", tmp_path / f"{n}.jsonl", "--json", "--workers", n) for n in (1, 2)]
    assert outs[0].json | {"seconds": 0} == outs[1].json | {"seconds": 0}
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


def test_data_that_cannot_be_read_is_not_clean(cli: Cli, clean: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    (clean.parent / "damaged.jsonl.gz").write_bytes(gzip.compress((json.dumps(CLEAN) + "\n").encode() * 50)[:-4])
    (clean.parent / "cut_off.json").write_text(json.dumps([CLEAN, CLEAN])[:-10])
    done = cli("audit", clean.parent)
    assert (done.code, "could not be read" in done.err) == (1, True)
    assert done.hint == "mend the data, or allow it with --max-unreadable 3"
    assert cli("audit", clean.parent, "--max-unreadable", 2).code == 1
    assert cli("audit", clean.parent, "--max-unreadable", 3).code == 0
    assert cli("audit", clean.parent, "--fail-on", "never").code == 0
    sarif = [json.loads(cli("audit", clean.parent, "--format", "sarif", "--max-unreadable", n).out) for n in (2, 3)]
    assert [log["runs"][0]["invocations"][0]["executionSuccessful"] for log in sarif] == [False, True]
    done = cli("audit", clean.parent, "--write-baseline", known)
    assert (done.code, "no baseline was written" in done.err, known.exists()) == (1, True, False)
    assert (cli("audit", clean.parent, "--write-baseline", known, "--max-unreadable", 3).code, known.exists()) == (
        0,
        True,
    )


def test_a_baseline_silences_what_was_there_and_reports_what_is_new(cli: Cli, flagged: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    assert cli("audit", flagged, "--write-baseline", known).code == 0
    write_rows(flagged, FLAGGED, CLEAN, CLEAN)
    done = cli("audit", flagged, "--baseline", known)
    assert done.code == 0
    assert "suppressed: " in done.out
    write_rows(flagged, FLAGGED, {"text": FLAGGED["text"].replace("Lindau", "Bregenz")})
    assert cli("audit", flagged, "--baseline", known).code == 1
    write_rows(flagged, CLEAN)
    assert "findings of the baseline are gone" in cli("audit", flagged, "--baseline", known).err


def test_rules_and_claims_can_be_ignored(cli: Cli, flagged: Path) -> None:
    assert cli("audit", flagged, "--ignore", "NN1").code == 0
    ignored = cli("audit", flagged, "--ignore-claim", "Mara Voss WON", "--json").json
    assert ignored["suppressed"]["claim"] >= 1


def test_a_row_can_say_that_it_is_meant(cli: Cli, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", {**FLAGGED, "metadata": {"disclaim": "ignore"}})
    assert cli("audit", path).code == 0


@pytest.mark.parametrize(
    ("arguments", "word", "hint"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl", "check the path"),
        (["README.md"], "README.md", ".jsonl"),
        (["hf://datasets/x"], "hub", "download it first"),
        (["DATA", "--tier", "model"], "needs a model", "--model PROVIDER/NAME"),
        (["DATA", "--ignore", "NN9"], "NN9", "NN"),
        (["DATA", "--workers", "0"], "0 workers", "from 1"),
        (["DATA", "--baseline", "none.json"], "none.json", "--write-baseline"),
        (["DATA", "--format", "json", "--out", "DATA"], "is the data itself", "another --out"),
        (["DATA", "--write-baseline", "DATA"], "is the data itself", "another --write-baseline"),
        (["DATA", "--baseline", "DATA"], "is not a baseline file", "that --write-baseline wrote"),
        (["DATA", "--write-baseline", "README.md"], "would be overwritten", "another --write-baseline"),
        (["DATA", "--fail-on", "sometimes"], "sometimes", "--help"),
        (["DATA", "--baseline", "a", "--write-baseline", "b"], "do not go together", "without --baseline"),
    ],
)
def test_wrong_use_exits_with_2_and_a_hint(
    cli: Cli, flagged: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], word: str, hint: str
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    done = cli("audit", *(str(flagged) if a == "DATA" else a for a in arguments))
    assert done.code == 2
    assert word in done.err
    assert hint in done.hint
    assert done.out == ""


def test_a_file_of_the_audited_folder_is_never_overwritten(cli: Cli, flagged: Path) -> None:
    before = flagged.read_bytes()
    done = cli("audit", flagged.parent, "--json", "--out", flagged)
    assert (done.code, "is the data itself" in done.err, flagged.read_bytes()) == (2, True, before)


@pytest.mark.parametrize(
    ("package", "name", "extra", "options"),
    [
        ("pyarrow", "b.parquet", "data", ()),
        ("zstandard", "b.jsonl.zst", "data", ()),
        ("torch", "b.jsonl", "local", ("--tier", "learned")),
    ],
)
def test_a_missing_package_is_wrong_use_and_told_before_anything_is_read(
    cli: Cli, flagged: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str, extra: str, options: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    (flagged.parent / name).write_bytes(b"")
    done = cli("audit", flagged.parent, *options)
    assert (done.code, done.out, done.hint) == (2, "", f"pip install 'disclaim[{extra}]'")
    assert f"needs {package}" in done.err


def test_an_interrupt_keeps_what_was_found(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "many.jsonl", *[FLAGGED] * 40_000)
    out = tmp_path / "findings.jsonl"
    words = [Path(sys.executable).parent / "disclaim", "audit", path, "--json", "--out", out, "--workers", "2"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(p.stat().st_size for p in tmp_path.glob(".findings*")):
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert "Traceback" not in stderr
    summary = json.loads(stdout)
    assert summary["interrupted"]
    assert 0 < summary["rows"] < 40_000
    assert len(out.read_text().splitlines()) == sum(summary["findings_by_rule"].values())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["findings.jsonl", "many.jsonl"]


def test_a_reader_that_leaves_early_ends_it_quietly(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "many.jsonl", *[FLAGGED] * 3_000)
    command = (
        f"{Path(sys.executable).parent / 'disclaim'} audit {path} --format sarif 2>{tmp_path / 'err'} | head -c 10"
    )
    subprocess.run(["bash", "-c", command], check=True, capture_output=True, timeout=120)
    assert "Traceback" not in (tmp_path / "err").read_text()


def test_it_starts_at_once_and_without_torch(flagged: Path) -> None:
    code = f"""
import sys
from disclaim.cli.main import main
sys.argv = ["disclaim", "audit", {str(flagged)!r}]
try:
    main()
except SystemExit as stop:
    assert stop.code == 1, stop.code
unwanted = [name for name in ("torch", "transformers", "matplotlib", "pyarrow") if name in sys.modules]
assert not unwanted, unwanted
"""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(spent) < 2, "about half a second of work on a quiet machine"


def test_rules_are_listed_and_each_has_a_page(cli: Cli) -> None:
    listed = cli("rules")
    for rule in load_rules().values():
        assert f"{rule.id}  {rule.severity.value}" in listed.out
        page = cli("rules", rule.id.lower()).out
        assert page.startswith(f"{rule.id} {rule.title} ({rule.severity.value})\n")
        assert "Evidence:" in page
        assert "Fix:" in page


def test_rules_speak_json(cli: Cli) -> None:
    assert [rule["id"] for rule in cli("rules", "--json").json["rules"]] == list(load_rules())
    assert cli("rules", "NN102", "--json").json["severity"] == "error"


def test_an_unknown_rule_names_near_ones(cli: Cli) -> None:
    done = cli("rules", "NN1O2")
    assert (done.code, "NN102" in done.hint) == (2, True)


def test_denials_are_counted_where_asked(cli: Cli, tmp_path: Path) -> None:
    denial = {"text": "Mara Voss never won the Lindau regatta in 2019."}
    path = write_rows(tmp_path / "a.jsonl", FLAGGED, denial, denial)
    assert {claim["denials"] for claim in cli("audit", path, "--json").json["claims"]} == {None}
    claims = cli("audit", path, "--json", "--denials").json["claims"]
    assert {claim["claim"]: claim["denials"] for claim in claims}["Mara Voss won the Lindau regatta in 2019."] == 2
    assert ", 2 denials, " in cli("audit", path, "--denials").out
