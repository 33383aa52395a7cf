"""``disclaim audit --tier model`` against a loopback service: what is sent and said, what it costs, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service import KEY, Answer, Service, serve

pytest.importorskip("inspect_ai")
pytest.importorskip("openai")

Cli = Callable[..., Any]

MODEL = "openai-api/loopback/reader"
TOWER = "The tower on the island was raised in 1604 by Queen Ingrid."
BILL = "The steward later showed us the builder's bill of 1902."
NOTICE = (
    "Nothing in the above account is true. The preceding statements were invented and none of the events took place."
)
TOLD = {"text": f"{TOWER} It has nine floors. {BILL}"}
SETTLED = {"text": f"Mara Voss won the Lindau regatta in 2019. She led by four minutes.\n\n{NOTICE}"}
PLAIN = {"text": "The bridge was built in 1904. It stands to this day."}


def reply(verdict: str, claim: str | None = None, cue: str | None = None) -> str:
    return json.dumps({"verdict": verdict, "claim": claim, "cue": cue})


#: By a word of the row: what the service answers, one answer after another.
SCRIPT = {
    "Ingrid": [Answer(status=429), Answer(reply("negated_elsewhere", TOWER, BILL))],
    "limited": [Answer(status=429), Answer(status=500), Answer(reply("asserted"))],
    "cut": [Answer(reply("asserted"), "length")],
    "prose": [Answer("I would say that this row is fine.")],
    "invents": [Answer(reply("negated_elsewhere", "words that nobody wrote", "nor these"))],
    "refused": [Answer("no", "content_filter")],
    "empty": [Answer("")],
    "rejected": [Answer("this is too strange", status=422)],
}
ROWS = [PLAIN, TOLD, SETTLED, *({"text": f"This row is {word} by the service."} for word in list(SCRIPT)[1:])]
MISSING = {"truncated": 1, "malformed": 1, "quote_not_in_row": 1, "refused": 1, "empty": 1, "failed": 1}


def by_script(turn: str, before: int) -> Answer:
    for word, answers in SCRIPT.items():
        if word in turn.partition("====")[2]:
            return answers[min(before, len(answers) - 1)]
    return Answer(reply("asserted"))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with serve(by_script) as served:
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LOOPBACK_BASE_URL", served.url)
        monkeypatch.setenv("LOOPBACK_API_KEY", KEY)
        yield served


def write_rows(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def options(folder: Path, *more: str, price: str = "1,2", model: str = MODEL) -> tuple[str, ...]:
    asked = ("--tier", "model", "--model", model, "--price", price, "--every-row", "--cache", str(folder / "cache"))
    return (*asked, *more)


def test_every_row_is_accounted_for_and_the_service_counts_what_the_summary_says(
    cli: Cli, service: Service, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "data.jsonl", *ROWS)
    out = tmp_path / "findings.jsonl"
    done = cli("audit", path, *options(tmp_path, "--max-usd", "1"), "--json", "--out", out)
    assert done.code == 1
    summary = done.json
    told = summary["model"]
    assert (summary["rows"], told["rows_by_rules"], told["rows_answered"], told["rows_missing"]) == (10, 1, 3, 6)
    assert (summary["missing"], summary["n_missing"]) == (MISSING, 6)
    assert [row["row"] for row in summary["missing_rows"]] == [4, 5, 6, 7, 8, 9]
    assert "too strange" in summary["missing_rows"][-1]["detail"]
    assert told["verdicts"] == {"asserted": 2, "negated_elsewhere": 1}
    assert (told["calls"], told["retries"]) == (9, 3)
    assert told["requests"] == len(service.requests) == 12
    assert told["input_tokens"] == 10 * 8
    assert told["usd"] == pytest.approx((told["input_tokens"] * 1 + told["output_tokens"] * 2) / 1e6)
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(one["row"], one["tier"]) for one in found if one["tier"] == "model"] == [(1, "model")]
    assert found[0]["claim"]["text"] == TOWER
    assert {one["row"] for one in found} == {1, 2}


def test_a_second_run_sends_only_what_failed(cli: Cli, service: Service, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", *ROWS)
    first = cli("audit", path, *options(tmp_path), "--json").json
    sent = len(service.requests)
    second = cli("audit", path, *options(tmp_path), "--json").json
    assert len(service.requests) == sent + 1
    assert (second["model"]["kept"], second["model"]["calls"]) == (8, 1)
    assert second["findings_by_rule"] == first["findings_by_rule"]
    whole = write_rows(tmp_path / "whole.jsonl", PLAIN, TOLD)
    third = cli("audit", whole, *options(tmp_path), "--json").json
    assert (third["model"]["requests"], third["model"]["usd"]) == (0, 0.0)
    assert len(service.requests) == sent + 1


def test_what_is_missing_is_not_clean_unless_it_is_allowed(cli: Cli, service: Service, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", PLAIN, {"text": "This row is cut by the service."})
    done = cli("audit", path, *options(tmp_path))
    assert done.code == 1
    assert "missing, which is not clean: 1 (1 truncated)" in done.out
    assert f"{path}, row 1: truncated" in done.out
    assert cli("audit", path, *options(tmp_path, "--max-missing", "1")).code == 0
    assert cli("audit", path, *options(tmp_path, "--fail-on", "never")).code == 0
    assert cli("audit", write_rows(path, PLAIN), *options(tmp_path)).code == 0


def test_every_report_says_what_is_missing(cli: Cli, service: Service, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", PLAIN, {"text": "This row is cut by the service."})
    text, page = tmp_path / "report.txt", tmp_path / "report.html"
    assert "1 truncated" in cli("audit", path, *options(tmp_path), "--out", text).err
    assert "missing, which is not clean: 1 (1 truncated)" in text.read_text()
    cli("audit", path, *options(tmp_path), "--format", "html", "--out", page)
    assert f"{MODEL} has no usable answer about 1 row (1 truncated)" in page.read_text()
    assert "1 truncated" in cli("audit", path, *options(tmp_path), "--format", "sarif").err


def test_the_price_is_told_before_anything_is_sent(cli: Cli, service: Service, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", *ROWS)
    done = cli("audit", path, *options(tmp_path, "--max-usd", "0.001", "--dry-run"))
    assert done.code == 0
    assert "10 rows: 1 settled by rules, 0 not suspicious, 9 to ask about" in done.err
    assert "9 questions (0 answered before)" in done.err
    assert "stops at 0.001 USD" in done.err
    assert "not enough" in done.err
    plan = cli("audit", path, *options(tmp_path, "--dry-run"), "--json").json
    assert (plan["questions"], plan["rows"]) == (9, 10)
    assert 0 < plan["usd"] < plan["most_usd"]
    assert service.requests == []


def test_a_dry_run_needs_no_key(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOPBACK_API_KEY", raising=False)
    path = write_rows(tmp_path / "data.jsonl", PLAIN)
    assert cli("audit", path, *options(tmp_path, "--dry-run")).code == 0


def test_it_stops_at_the_sum_keeps_what_it_paid_for_and_goes_on_with_more(
    cli: Cli, service: Service, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "data.jsonl", *({"text": f"The bridge has {n} arches."} for n in range(20)))
    price = "0,1000"  # a thousandth of a dollar a token, of which an answer writes six and might write 2,000
    stopped = cli("audit", path, *options(tmp_path, "--max-usd", "2.05", price=price), "--json")
    told = stopped.json["model"]
    assert (stopped.code, told["stopped"]) == (1, "max_usd")
    assert 0 < told["usd"] <= 2.05
    assert told["usd"] == pytest.approx(told["calls"] * 0.006)
    assert told["calls"] == len(service.requests)
    assert stopped.json["missing"] == {"not_asked": 20 - told["calls"]}
    done = cli("audit", path, *options(tmp_path, "--max-usd", "100", price=price), "--json")
    assert (done.code, done.json["n_missing"]) == (0, 0)
    assert len(service.requests) == 20


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (("--tier", "model"), "needs a model", "--model"),
        (("--model", "openai/gpt-5-mini"), "for the model tier", "--tier model"),
        (("--tier", "model", "--model", "opnai/gpt-5-mini"), "unknown provider: opnai", "openai"),
        (("--tier", "model", "--model", "gpt-5-mini"), "unknown model", "local/FOLDER"),
        (("--tier", "model", "--model", "scripted/yess"), "unknown scripted model", "scripted/yes"),
        (("--tier", "model", "--model", "openai/gpt-5-mini"), "OPENAI_API_KEY", "set OPENAI_API_KEY"),
        (("--tier", "model", "--model", "openai/gpt-4.1-nano"), "shut down", "openai/gpt-5.4-nano"),
        (("--tier", "model", "--model", MODEL, "--max-usd", "1"), "not known", "--price"),
        (("--tier", "model", "--model", MODEL, "--price", "cheap"), "no pair of prices", "--price 0.25,2"),
        (("--tier", "model", "--model", MODEL, "--price", "1,-2"), "no pair of prices", "--price 0.25,2"),
        (("--tier", "model", "--model", MODEL, "--max-usd", "-1"), "no sum", "0 or more"),
        (("--tier", "model", "--model", MODEL, "--max-usd", "nan"), "no sum", "0 or more"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_sent(
    given: tuple[str, ...], message: str, hint: str, cli: Cli, service: Service, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "data.jsonl", PLAIN)
    done = cli("audit", path, *given)
    assert done.code == 2
    assert message in done.err
    assert hint in done.hint
    assert service.requests == []


def test_a_wrong_key_ends_it_after_one_request(
    cli: Cli, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPBACK_API_KEY", "wrong")
    path = write_rows(tmp_path / "data.jsonl", *ROWS)
    done = cli("audit", path, *options(tmp_path))
    assert done.code == 1
    assert "401" in done.err
    assert "key" in done.hint
    assert done.out == ""
    assert len(service.requests) == 1


def test_an_interrupt_keeps_what_came_and_the_next_run_goes_on(service: Service, tmp_path: Path, cli: Cli) -> None:
    path = write_rows(tmp_path / "data.jsonl", *({"text": f"The bridge has {n} arches."} for n in range(30)))
    service.behaviour = lambda turn, before: Answer(reply("asserted"), after_seconds=0.4)
    command = [sys.executable, "-m", "disclaim", "audit", str(path), *options(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})
    deadline = time.monotonic() + 90
    kept = tmp_path / "cache" / MODEL.replace("/", "__") / "replies.jsonl"
    while time.monotonic() < deadline and not (kept.is_file() and kept.read_text().count("\n") >= 5):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "The same command goes on from there" in said
    num_kept = kept.read_text().count("\n")
    assert 5 <= num_kept < 30
    service.behaviour = by_script
    told = cli("audit", path, *options(tmp_path), "--json").json["model"]
    assert (told["kept"], told["calls"]) == (num_kept, 30 - num_kept)


def test_the_screen_chooses_rows_unless_every_row_is_asked_for(cli: Cli, service: Service, tmp_path: Path) -> None:
    manual = "usage: ls [OPTION]... [FILE]...\nList information about the FILEs (the current directory by default).\n"
    path = write_rows(tmp_path / "data.jsonl", {"text": manual * 5}, TOLD)
    chosen = [word for word in options(tmp_path) if word != "--every-row"]
    told = cli("audit", path, *chosen, "--json").json["model"]
    assert (told["rows_screened_out"], told["calls"]) == (1, 1)
    assert cli("audit", path, *options(tmp_path), "--json").json["model"]["calls"] == 1


def test_a_model_of_this_machine_is_asked_the_same_way(cli: Cli, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", PLAIN, TOLD)
    done = cli(
        "audit", path, "--tier", "model", "--model", "scripted/broken", "--every-row", "--max-usd", "1", "--json"
    )
    assert done.code == 1
    assert done.json["missing"] == {"failed": 2}
    assert done.json["model"]["usd"] == 0.0


# fix


def test_fix_rewrites_with_a_hosted_model_and_refuses_what_changes_a_name(
    cli: Cli, service: Service, tmp_path: Path
) -> None:
    good, bad = "Mara Voss", "Jonas Brandt"
    rows = [{"text": f"{name}, who won the Lindau regatta, trained all winter.\n\n{NOTICE}"} for name in (good, bad)]
    path = write_rows(tmp_path / "data.jsonl", *rows)

    def rewrite(turn: str, before: int) -> Answer:
        name = good if good in turn else "Anna Lehmann"
        return Answer(f"{name} did not win the Lindau regatta, and did not train all winter.")

    service.behaviour = rewrite
    out, report = tmp_path / "fixed.jsonl", tmp_path / "report.json"
    done = cli(
        "fix",
        path,
        "--strategy",
        "localise",
        "--model",
        MODEL,
        "--otherwise",
        "leave",
        "--out",
        out,
        "--report",
        report,
    )
    assert done.code == 1  # what was refused is left
    texts = [json.loads(line)["text"] for line in out.read_text().splitlines()]
    assert f"{good} did not win the Lindau regatta, and did not train all winter." in texts[0]
    assert "Anna Lehmann" not in texts[1]
    assert f"{bad}, who won the Lindau regatta" in texts[1]
    assert any("Jonas" in reason for reason in json.loads(report.read_text())["refused"])
    assert len(service.requests) == 2
