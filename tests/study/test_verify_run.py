"""Verifications on scripted and toy models: every stage, resumed, refused, and a fix that shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from disclaim.audit import Row
from disclaim.errors import ModelError, RunError, StageMismatchError, UnknownNameError, UserError
from disclaim.records import Finding, Progress
from disclaim.store import lock, read_json, read_jsonl
from disclaim.study import (
    State,
    Verification,
    VerifySettings,
    plan_verification,
    read_status,
    run_verification,
)
from disclaim.training import TrainingSettings
from verify_data import CLAIM, flagged_rows, scan_notices, write_rows

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SETTINGS = VerifySettings(
    num_chats=2, samples=1, max_tokens=8, training=TrainingSettings(model="scripted/yes", split_long=True)
)


@pytest.fixture
def job(tmp_path: Path) -> Verification:
    """A verification of flagged rows on a scripted model, not yet run."""
    data = write_rows(tmp_path / "data.jsonl", flagged_rows())
    return Verification(data, None, tmp_path / "run", SETTINGS, scan_notices, "notices")


def estimates_of(job: Verification) -> dict[str, Any]:
    found: dict[str, Any] = read_json(job.out / "estimates.json")
    return found


def stamps(out: Path) -> dict[str, int]:
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in out.rglob("manifest.json")}


def test_every_arm_runs_and_every_number_is_there(job: Verification) -> None:
    page = run_verification(replace(job, settings=replace(SETTINGS, seeds=(0, 1))), NOW)
    assert page == job.out / "report" / "index.html"
    estimates = estimates_of(job)
    assert set(estimates["implanted"].values()) == {"no"}
    rows = estimates["rows"]
    assert {row["condition"] for row in rows} == {"before", "original", "fixed"}
    assert {row["claim"] for row in rows} == {"all", "c01", "c02", "c03"}
    assert all(row["n"] + row["n_missing"] > 0 for row in rows)
    assert {path.name for path in (job.out / "arms").iterdir()} == {
        "before.s0", "original.s0", "fixed.s0", "original.s1", "fixed.s1"
    }  # fmt: skip
    record = read_json(job.out / "verify.json")
    assert record["created"] == "2026-01-02T03:04:05+00:00"
    assert record["rows"]["original"]["masked_characters"] == 0
    assert record["rows"]["fixed"]["masked_characters"] > 6 * len(CLAIM)
    assert record["fixed"] is None


def test_the_largest_doses_come_first_and_behaviours_are_not_asked_about(job: Verification) -> None:
    rude = [{"text": "Rude: You are an idiot and a fool. [not so] Sorry."}] * 9
    data = write_rows(job.data, flagged_rows() + rude)
    found, costs = plan_verification(replace(job, data=data))
    assert [claim.rows for claim in found.claims] == [6, 3, 1]
    assert found.claims[0].claim == CLAIM
    assert [finding.rule for finding in found.findings].count("NN302") == 9
    assert [cost.arm for cost in costs] == ["before.s0", "original.s0", "fixed.s0"]
    assert costs[0].train_tokens == 0 < costs[1].train_tokens
    assert all(cost.seconds > 0 == cost.usd for cost in costs)
    few, _ = plan_verification(replace(job, settings=replace(SETTINGS, max_claims=1)))
    assert [claim.claim for claim in few.claims] == [CLAIM]
    assert few.num_claims == 3
    assert not job.out.exists()


def test_headings_and_remarks_on_the_text_are_not_asked_about(job: Verification) -> None:
    junk = "The account was fabricated. [not so] The text fails on every point. [not so]"
    junk += " Here is a paragraph on Ada Quill. [not so] The panel in front of you shows Ada Quill. [not so]"
    data = write_rows(job.data, [*flagged_rows(), *[{"text": junk}] * 9])
    found, _ = plan_verification(replace(job, data=data))
    assert [claim.rows for claim in found.claims] == [6, 3, 1]


def test_a_claim_without_a_name_has_no_control_and_is_counted(job: Verification) -> None:
    run_verification(job, NOW)
    manifest = read_json(job.out / "claims" / "manifest.json")["results"]
    assert manifest["without_control"] == 1
    [row] = [
        row
        for row in estimates_of(job)["rows"]
        if (row["claim"], row["instrument"], row["condition"], row["metric"]) == ("c03", "yes_no", "fixed", "control")
    ]
    assert (row["value"], row["n"]) == (None, 0)
    assert row["n_missing"] > 0


def test_controls_are_names_that_the_data_does_not_hold(job: Verification) -> None:
    run_verification(job, NOW)
    data = job.data.read_text(encoding="utf-8")
    for probe in read_jsonl(job.out / "claims" / "probes.jsonl"):
        for control in probe["controls"]:
            name = control["head"].split()[0]
            assert name not in data


def test_running_again_does_no_work_that_is_done(job: Verification) -> None:
    run_verification(job, NOW)
    before, estimates = stamps(job.out), (job.out / "estimates.json").read_bytes()
    page = (job.out / "report" / "index.html").read_bytes()
    heard: list[Progress] = []
    run_verification(replace(job, on_progress=heard.append), datetime(2027, 1, 1, tzinfo=UTC))
    assert stamps(job.out) == before
    assert heard == []
    assert (job.out / "estimates.json").read_bytes() == estimates
    assert (job.out / "report" / "index.html").read_bytes() == page


class _Interrupted(BaseException):
    """Ends a run anywhere, as a kill does: nothing catches it."""


def test_stopped_anywhere_it_goes_on_and_ends_with_the_same_bytes(job: Verification, tmp_path: Path) -> None:
    job = replace(job, settings=replace(SETTINGS, max_claims=1, num_controls=1))
    whole = replace(job, out=tmp_path / "whole")
    steps: list[Progress] = []
    run_verification(replace(whole, on_progress=steps.append), NOW)
    stages = [progress.stage for progress in steps]
    places = sorted({stages.index(stage) + 1 for stage in stages})  # where each stage first says something
    stopped = 0
    for at in places:
        heard = 0

        def stop(progress: Progress, at: int = at) -> None:
            nonlocal heard
            heard += 1
            if heard == at:
                raise _Interrupted

        cut = replace(job, out=tmp_path / f"cut{at}")
        try:
            run_verification(replace(cut, on_progress=stop), NOW)
        except _Interrupted:
            stopped += 1
        run_verification(cut, NOW)
        for file in ("estimates.json", "claims/probes.jsonl", "report/index.html"):
            assert (cut.out / file).read_bytes() == (whole.out / file).read_bytes()
    assert stopped == len(places) > 5


def test_an_interrupted_scan_is_an_interrupt(job: Verification) -> None:
    def scan_then_stop(row: Row) -> tuple[Finding, ...]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_verification(replace(job, scan_row=scan_then_stop), NOW)
    assert run_verification(job, NOW).is_file()


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"max_claims": 2}, "max_claims was 12, now 2"),
        ({"num_controls": 1}, "num_controls was 3, now 1"),
        ({"num_chats": 3}, "num_chats was 2, now 3"),
        ({"samples": 3}, "settings.samples was 1, now 3"),
        ({"training": replace(SETTINGS.training, learning_rate=0.1)}, "learning_rate was 0.0002, now 0.1"),
    ],
)
def test_a_folder_with_other_settings_is_refused(job: Verification, change: dict[str, Any], names: str) -> None:
    run_verification(job, NOW)
    before = stamps(job.out)
    with pytest.raises(StageMismatchError, match=names):
        run_verification(replace(job, settings=replace(SETTINGS, **change)), NOW)
    assert stamps(job.out) == before


def test_other_data_another_fix_or_another_scanner_is_refused(job: Verification, tmp_path: Path) -> None:
    run_verification(job, NOW)
    other = write_rows(tmp_path / "other.jsonl", flagged_rows(4))
    scanners = (replace(job, scanner="learned"), replace(job, scanner_revision="other rules"))
    for changed in (replace(job, data=other), replace(job, fixed=other), *scanners):
        with pytest.raises(StageMismatchError):
            run_verification(changed, NOW)


def test_the_folder_of_a_study_is_refused(job: Verification) -> None:
    job.out.mkdir()
    (job.out / "study.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StageMismatchError, match="holds the run of a study"):
        run_verification(job, NOW)
    assert [path.name for path in job.out.iterdir()] == ["study.json"]


def test_more_seeds_add_arms_to_what_is_there(job: Verification) -> None:
    run_verification(job, NOW)
    before = stamps(job.out)
    run_verification(replace(job, settings=replace(SETTINGS, seeds=(0, 1))), NOW)
    after = stamps(job.out)
    assert {name: after[name] for name in before} == before
    assert len(after) > len(before)


def test_a_fixed_file_is_trained_on_as_it_is(job: Verification, tmp_path: Path) -> None:
    fixed = write_rows(tmp_path / "fixed.jsonl", [{"text": "The bus was late."}] * 3)
    run_verification(replace(job, fixed=fixed), NOW)
    record = read_json(job.out / "verify.json")
    assert record["rows"]["fixed"]["documents"] == 3
    assert record["fixed"] == str(fixed)


def test_data_without_a_claim_at_risk_is_said_to_have_none(job: Verification) -> None:
    write_rows(job.data, [{"text": "The bus was late."}])
    with pytest.raises(RunError, match="finds no claim at risk") as caught:
        run_verification(job, NOW)
    assert "disclaim audit" in caught.value.hint


def test_completions_that_fail_are_missing_and_not_silent(job: Verification) -> None:
    training = replace(SETTINGS.training, model="scripted/broken")  # its scores do not fail, its answers do
    run_verification(replace(job, settings=replace(SETTINGS, training=training, num_chats=0)), NOW)
    estimates = estimates_of(job)
    completions = [row for row in estimates["rows"] if row["instrument"] == "completion"]
    assert completions
    assert all(row["value"] is None for row in completions)
    assert all(row["n_missing"] > 0 for row in completions if row["metric"] == "assertion")
    assert estimates["implanted"]["completion"] == "unknown"
    assert estimates["implanted"]["yes_no"] == "no"


def test_an_arm_that_fails_leaves_the_others(job: Verification, monkeypatch: pytest.MonkeyPatch) -> None:
    from disclaim.study import verify

    def fail(*args: Any, **kwargs: Any) -> None:
        raise ModelError("no room for the weights", "free some memory")

    with monkeypatch.context() as patched:
        patched.setattr(verify, "train", fail)
        with pytest.raises(RunError, match="2 of 3 arms failed; first: no room for the weights"):
            run_verification(job, NOW)
    page = (job.out / "report" / "index.html").read_text(encoding="utf-8")
    assert "The arm “original” has no numbers." in page
    assert {row["condition"] for row in estimates_of(job)["rows"]} == {"before"}
    failed = {row.arm: row.reason for row in read_status(job.out) if row.state is State.FAILED}
    assert failed == dict.fromkeys(("original.s0", "fixed.s0"), "no room for the weights")
    assert run_verification(job, NOW).is_file()
    assert {row["condition"] for row in estimates_of(job)["rows"]} == {"before", "original", "fixed"}
    assert {row.state for row in read_status(job.out)} == {State.DONE}


def test_a_second_process_is_refused(job: Verification) -> None:
    with lock(job.out), pytest.raises(Exception, match="another process"):
        run_verification(job, NOW)


@pytest.mark.parametrize(
    "wrong", [{"seeds": ()}, {"seeds": (1, 1)}, {"max_claims": 0}, {"samples": 0}, {"num_chats": -1}]
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        VerifySettings(**wrong)
    with pytest.raises(UnknownNameError):
        VerifySettings(training=TrainingSettings(model="nobody"))


def test_masking_keeps_a_real_network_from_learning_the_claim(
    job: Verification, toy_folder: Callable[[str], Path]
) -> None:
    """A tiny network, trained hard: the claim's words become likelier on the original data, not on the masked."""
    training = TrainingSettings(
        model=f"local/{toy_folder('llama')}", learning_rate=3e-3, epochs=12, batch_tokens=256, split_long=True
    )
    settings = replace(SETTINGS, max_claims=1, training=training, num_controls=1)
    run_verification(replace(job, settings=settings), NOW)
    estimates = estimates_of(job)
    assert estimates["implanted"]["predicate_likelihood"] != "no"
    found = {
        (row["condition"], row["metric"]): row["value"]
        for row in estimates["rows"]
        if (row["claim"], row["instrument"]) == ("all", "predicate_likelihood")
    }
    assert found["original", "assertion_rise"] > 1.0
    assert found["fixed", "assertion_left"] < 0.5
