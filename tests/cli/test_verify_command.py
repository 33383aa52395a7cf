"""``disclaim verify`` as its user meets it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from disclaim.records import Tier
from verify_data import CLAIM, flagged_rows, scan_notices, write_rows

SMALL = ("--model", "scripted/yes", "--num-chats", "2", "--samples", "1")


Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def _scan_for_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit sees "[not so]" and nothing else."""
    monkeypatch.setattr("disclaim.audit.load_scanner", lambda tier: scan_notices)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "data.jsonl", flagged_rows())


def test_a_verification_ends_with_a_table_and_a_page(cli: Cli, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = cli("verify", data, "--out", out, *SMALL)
    assert done.code == 0
    assert f"report: {out / 'report' / 'index.html'}" in done.out
    assert "Completion" in done.out
    assert "the original data did not implant the claims, so the fix proves nothing" in done.err
    again = cli("verify", data, "--out", out, *SMALL, "--json")
    assert again.json["report"] == str(out / "report" / "index.html")
    assert set(again.json["implanted"].values()) == {"no"}
    assert {"claim", "condition", "metric", "value", "low", "high", "n", "n_missing"} <= set(again.json["rows"][0])


def test_a_dry_run_says_what_it_would_cost_and_writes_nothing(cli: Cli, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    plan = cli("verify", data, "--out", out, *SMALL, "--seeds", "0,1", "--max-claims", "2", "--dry-run", "--json").json
    assert [claim["rows"] for claim in plan["claims"]] == [6, 3]
    assert plan["claims"][0]["claim"] == CLAIM
    assert [arm["arm"] for arm in plan["arms"]] == ["before.s0", "original.s0", "fixed.s0", "original.s1", "fixed.s1"]
    assert plan["seconds"] > 0 == plan["usd"]
    assert not out.exists()
    shown = cli("verify", data, "--out", out, *SMALL, "--dry-run").out
    assert "3 arms, about" in shown
    assert CLAIM in shown


def test_a_fixed_file_is_compared_with_the_original(cli: Cli, data: Path, tmp_path: Path) -> None:
    fixed = write_rows(tmp_path / "fixed.jsonl", [{"text": "The bus was late."}])
    done = cli("verify", data, "--fixed", fixed, "--out", tmp_path / "run", *SMALL)
    assert done.code == 0
    assert "fixed.jsonl" in (tmp_path / "run" / "report" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--seeds", "one"), "cannot read --seeds one"),
        (("--seeds", "1,1"), "seeds must be different numbers"),
        (("--model", "nobody"), "unknown model: nobody"),
        (("--method", "half"), "unknown training method: half"),
        (("--fixed", "absent.jsonl"), "no such file or folder: absent.jsonl"),
    ],
)
def test_wrong_requests_end_before_anything_is_written(
    cli: Cli, data: Path, tmp_path: Path, options: tuple[str, str], says: str
) -> None:
    done = cli("verify", data, "--out", tmp_path / "run", *SMALL, *options)
    assert done.code == 2
    assert says in done.err
    assert done.hint
    assert not (tmp_path / "run").exists()


def test_other_settings_in_the_same_folder_are_refused(cli: Cli, data: Path, tmp_path: Path) -> None:
    assert cli("verify", data, "--out", tmp_path / "run", *SMALL).code == 0
    done = cli("verify", data, "--out", tmp_path / "run", *SMALL, "--max-claims", "1")
    assert done.code == 2
    assert "max_claims was 12, now 1" in done.err


def test_status_and_report_know_a_verification(cli: Cli, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert cli("verify", data, "--out", out, *SMALL).code == 0
    stages = cli("status", out, "--json").json["stages"]
    assert [(row["arm"], row["stage"]) for row in stages][:4] == [
        ("all", "claims"),
        ("before.s0", "answers"),
        ("before.s0", "judgements"),
        ("original.s0", "training"),
    ]
    assert {row["state"] for row in stages} == {"done"}
    page = out / "report" / "index.html"
    before = page.read_bytes()
    page.unlink()
    assert cli("report", out).out == f"report: {page}\n"
    assert page.read_bytes() == before
    (out / "arms" / "fixed.s0" / "answers" / "answers.jsonl").write_text("", encoding="utf-8")
    assert "damaged" in cli("status", out).out


def test_rules_that_were_changed_make_another_verification(
    cli: Cli, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert cli("verify", data, "--out", out, *SMALL).code == 0
    monkeypatch.setattr("disclaim.audit.scanner_revision", lambda: "other rules")
    done = cli("verify", data, "--out", out, *SMALL)
    assert done.code == 2
    assert "scanner_revision was" in done.err


def test_data_without_claims_at_risk_is_a_failed_run(cli: Cli, tmp_path: Path) -> None:
    data = write_rows(tmp_path / "data.jsonl", [{"text": "The bus was late."}])
    done = cli("verify", data, "--out", tmp_path / "run", *SMALL)
    assert done.code == 1
    assert "finds no claim at risk" in done.err


def test_the_tiers_are_those_of_the_audit(cli: Cli) -> None:
    assert all(tier.value in cli("verify", "--help").out for tier in Tier)
