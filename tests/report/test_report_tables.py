"""Numbers on the page are those of the tables, and those of ``estimates.json``."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from disclaim.records import PAPER_INSTRUMENTS, Estimate, EstimateRow
from disclaim.report import Table, render_report, render_text_table
from disclaim.report.arms import UNTRAINED
from disclaim.report.numbers import Unit, write_estimate, write_value
from disclaim.report.read import parse_estimate
from disclaim.store import read_json, read_jsonl, write_json, write_jsonl

MODEL = "local/smollm2-135m"


def read_csv(run: Path, name: str) -> list[dict[str, str]]:
    with (run / "report" / "tables" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def estimates_of(run: Path) -> list[dict[str, Any]]:
    return read_json(run / "estimates.json")["rows"]


def page_cells(run: Path, caption: str) -> dict[tuple[str, str], str]:
    """The page's first table of that caption: (row name, column name) -> text."""
    page = (run / "report" / "index.html").read_text()
    table = re.search(rf"<caption>{re.escape(caption)}</caption>(.*?)</table>", page, re.DOTALL)
    assert table
    columns = [_text(head) for head in re.findall(r"<th scope=\"col\">(.*?)</th>", table[1], re.DOTALL)]
    cells = {}
    for row in re.findall(r"<tr>(<th scope=\"row\".*?)</tr>", table[1], re.DOTALL):
        name, *values = re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL)
        cells |= {(_text(name), column): _text(value) for column, value in zip(columns[1:], values, strict=True)}
    return cells


def _text(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def test_the_tables_repeat_the_estimates_at_full_precision(quick_run: Path) -> None:
    for row, printed in zip(estimates_of(quick_run), read_csv(quick_run, "estimates"), strict=True):
        assert printed == {key: "" if value is None else str(value) for key, value in row.items()}


def test_belief_rates_on_the_page_are_those_of_the_table(wide_run: Path) -> None:
    cells = page_cells(wide_run, "Belief rates")
    names = {"open_ended": "Open-ended", "all": "All four pooled", "robustness": "Robustness"}
    checked = 0
    for row in read_csv(wide_run, "belief_rates"):
        pooled = row["seed"] == "" or row["condition"] in UNTRAINED
        if row["claim"] != "all" or row["instrument"] not in names or not pooled:
            continue
        shown = cells[row["condition"].replace("_", " "), names[row["instrument"]]]
        value, low, high = (f"{100 * float(row[key]):.1f}" for key in ("value", "low", "high"))
        assert shown == f"{value}% [{low}, {high}] n = {row['n']}, {row['n_missing']} missing"
        checked += 1
    assert checked == 9


def test_controls_and_ratios_on_the_page_are_those_of_the_estimates(quick_run: Path) -> None:
    controls = page_cells(quick_run, "Controls beside the belief they qualify")
    ratios = page_cells(quick_run, "Neglect ratios and paired differences")
    for row in map(parse_estimate, estimates_of(quick_run)):
        name = row.condition.replace("_", " ")
        if (row.instrument, row.metric) == ("false_facts", "control_rate"):
            assert (
                controls[name, "False facts"]
                .replace(" (warning: swamped)", "")
                .startswith(write_estimate(row.estimate))
            )
        if (row.instrument, row.metric) == ("open_ended", "neglect_ratio"):
            assert ratios[name, "Neglect ratio, open-ended"].startswith(write_estimate(row.estimate, Unit.RATIO))
        if (row.instrument, row.metric) == ("all", "paired_difference"):
            shown = ratios[name, "Difference to asserted, all four pooled"]
            assert shown.startswith(write_estimate(row.estimate, Unit.POINTS))


def test_missing_is_shown_as_missing_and_never_as_zero(own_run: Path) -> None:
    estimates = read_json(own_run / "estimates.json")
    kept = []
    for row in estimates["rows"]:
        if row["condition"] == "negated" and row["instrument"] == "open_ended":
            row.update(value=None, low=None, high=None, n=0, n_missing=4)
        if (row["condition"], row["instrument"]) != ("negated", "robustness"):
            kept.append(row)
    write_json(own_run / "estimates.json", estimates | {"rows": kept})
    render_report(own_run)
    cells = page_cells(own_run, "Belief rates")
    assert cells["negated", "Open-ended"] == "not rated n = 0, 4 missing"
    assert cells["negated", "Robustness"] == "no estimate"
    figure = (own_run / "report" / "figures" / "belief-beekeeper-local-smollm2-135m.svg").read_text()
    assert "<title>negated: not rated, n = 0, 4 missing" in figure
    row = next(row for row in render_text_table(own_run).rows if row[0] == "negated")
    assert row[1] == "not rated"


def test_the_text_table_stands_on_the_same_numbers(quick_run: Path) -> None:
    table = render_text_table(quick_run)
    assert table.columns == (
        "condition",
        "open-ended",
        "all four",
        "n, all four",
        "missing, all four",
        "paper, mean of 6",
    )
    assert [row[0] for row in table.rows] == ["base", "in context", "asserted", "negated", "repeated", "local"]
    by_key = {
        (r.condition, r.instrument): r.estimate
        for r in map(parse_estimate, estimates_of(quick_run))
        if r.metric == "belief_rate"
    }
    for name, open_ended, pooled, n, missing, paper in table.rows:
        condition = name.replace(" ", "_")
        assert open_ended == write_estimate(by_key[condition, "open_ended"])
        assert pooled == write_estimate(by_key[condition, "all"])
        assert (int(n), int(missing)) == (by_key[condition, "all"].n, by_key[condition, "all"].n_missing)
        assert paper.endswith("%") == (condition != "local")  # the paper has it for two claims only


def test_the_text_table_names_claim_and_model_only_where_there_are_several(wide_run: Path) -> None:
    table = render_text_table(wide_run)
    assert table.columns[:4] == ("claim", "condition", "open-ended", "all four")
    assert list(dict.fromkeys(row[0] for row in table.rows)) == ["all", "beekeeper", "mount_vesuvius"]


def test_the_text_table_takes_rows_as_well(golden: Callable[[str, str], None]) -> None:
    def row(condition: str, instrument: str, estimate: Estimate) -> EstimateRow:
        return EstimateRow("ed_sheeran", condition, MODEL, 0, "final", instrument, "belief_rate", estimate)

    rows = [
        row("negated", "open_ended", Estimate(0.9, 0.8, 0.95, 98, 2)),
        *(row("negated", name, Estimate(0.75, 0.6, 0.9, 50, 0)) for name in PAPER_INSTRUMENTS[1:]),
        row("negated", "all", Estimate(0.816, 0.7, 0.9, 248, 2)),
        row("base", "open_ended", Estimate(0.0, 0.0, 0.168, 100, 0)),
        row("tagged", "open_ended", Estimate(None, None, None, 0, 100)),
    ]
    golden("report/text_table.csv", render_text_table(rows).to_csv())


def belief_rows(claims: tuple[str, ...], *instruments: str) -> list[EstimateRow]:
    shown = Estimate(0.5, 0.4, 0.6, 10, 0)
    return [
        EstimateRow(claim, "negated", MODEL, None, "final", instrument, "belief_rate", shown)
        for claim in claims
        for instrument in instruments
    ]


def test_the_papers_rate_stands_beside_its_own_claims_and_its_mean_beside_all_six() -> None:
    def paper(*claims: str) -> tuple[str, dict[str, str]]:
        table = render_text_table(belief_rows(("all", *claims), *PAPER_INSTRUMENTS, "all"))
        return table.columns[-1], {row[0]: row[-1] for row in table.rows}

    assert paper("beekeeper", "dentist") == ("paper, all four", {"all": "", "beekeeper": "", "dentist": "97.2%"})
    assert paper("beekeeper", "silverfin") == (
        "paper, mean of 6",
        {"all": "88.6%", "beekeeper": "88.6%", "silverfin": "88.6%"},
    )
    six = ("colorless_dreaming", "dentist", "ed_sheeran", "mount_vesuvius", "queen_elizabeth", "x_rebrand")
    assert paper(*six)[1]["all"] == "88.6%"
    assert paper(*six, "beekeeper")[1]["all"] == ""


def test_a_pooled_rate_of_some_instruments_says_which_and_stands_beside_no_paper() -> None:
    two = render_text_table(belief_rows(("dentist",), "open_ended", "robustness", "all"))
    pooled = "pooled: open-ended + robustness"
    assert two.columns == ("condition", "open-ended", pooled, f"n, {pooled}", f"missing, {pooled}")
    one = render_text_table(belief_rows(("dentist",), "robustness", "all"))
    assert one.columns == ("condition", "robustness", "n, robustness", "missing, robustness")


def test_the_page_names_what_a_pooled_rate_of_some_instruments_pools(own_run: Path) -> None:
    estimates = read_json(own_run / "estimates.json")
    asked = ("open_ended", "robustness", "all")
    rows = [row for row in estimates["rows"] if row["metric"] != "belief_rate" or row["instrument"] in asked]
    write_json(own_run / "estimates.json", estimates | {"rows": rows})
    render_report(own_run)
    cells = page_cells(own_run, "Belief rates")
    assert ("negated", "Pooled: open-ended + robustness") in cells
    assert cells["negated", "The paper, pooled"] == "pools other instruments"
    assert "All four pooled" not in (own_run / "report" / "index.html").read_text()


def test_counts_of_answers_add_up(quick_run: Path) -> None:
    table = read_csv(quick_run, "completeness")
    stored = [row for path in quick_run.glob("arms/*/answers/answers.jsonl") for row in read_jsonl(path)]
    assert sum(int(row["answers"]) for row in table) == len(stored)
    assert sum(int(row["failed"]) for row in table) == sum(row["answer"] is None for row in stored) > 0
    assert sum(int(row["cut_off"]) for row in table) == sum(row["finish_reason"] == "length" for row in stored) > 0
    assert all(int(row["judged"]) + int(row["unrated"]) == int(row["answers"]) for row in table)


def test_an_ending_that_is_not_on_record_is_said_to_be_unknown(own_run: Path) -> None:
    for path in own_run.glob("arms/*/answers/answers.jsonl"):
        write_jsonl(path, [row | {"num_tokens": 0} for row in read_jsonl(path)])
    render_report(own_run)
    table = read_csv(own_run, "completeness")
    assert all(int(row["ending_unknown"]) == int(row["answers"]) - int(row["failed"]) > 0 for row in table)
    assert (
        "of unknown ending"
        in page_cells(own_run, "Cut-off, failed and unrated answers (judge: rules)")["base", "Robustness"]
    )


def test_question_counts_are_those_of_the_verdicts(quick_run: Path) -> None:
    verdicts = [
        row["verdict"] for path in quick_run.glob("arms/*/judgements/rules/*.jsonl") for row in read_jsonl(path)
    ]
    table = read_csv(quick_run, "questions")
    assert sum(int(row["asserts"]) for row in table) == verdicts.count("asserts")
    assert sum(int(row["missing"]) for row in table) == verdicts.count(None)
    assert sum(int(row["rated"]) for row in table) == len(verdicts) - verdicts.count(None)


def test_numbers_are_written_alike_everywhere() -> None:
    assert write_value(0.9404, Unit.PERCENT) == "94.0%"
    assert write_value(-0.038, Unit.POINTS) == "−3.8 pp"
    assert write_value(-0.0001, Unit.PERCENT) == "0.0%"
    assert write_value(-0.0001, Unit.RATIO) == "0.00"
    assert write_value(None, Unit.PERCENT) == "not rated"
    assert write_value(None, Unit.RATIO) == "not given"


def test_a_csv_field_may_hold_anything() -> None:
    nasty = 'a "quote", a comma\nand a line'
    table = Table("nasty", ("x", "y"), ((nasty, "1"),))
    assert list(csv.reader(table.to_csv().splitlines(keepends=True))) == [["x", "y"], [nasty, "1"]]
