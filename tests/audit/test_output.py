"""What the audit writes: the JSON of the contract, text for people, SARIF, Dolma attributes."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_scanner import findings_of, write_rows

from disclaim.audit import (
    ClaimLedger,
    FindingLines,
    Keep,
    Report,
    SarifReport,
    ScannedRow,
    ScanSettings,
    ScanSummary,
    TextReport,
    finding_json,
    open_attribute_files,
    read_finding,
    scan,
    summary_json,
)
from disclaim.errors import DataError, UserError
from disclaim.records import Extent, Finding, Quote, Severity, Tier


@dataclass(frozen=True)
class AboutRule:
    id: str
    name: str
    title: str
    severity: Severity
    summary: str


RULES: Mapping[str, AboutRule] = {
    "NN104": AboutRule("NN104", "notice-pointing-back", "Notice that points back", Severity.ERROR, "A notice."),
    "NN203": AboutRule("NN203", "unverified", "Rumour", Severity.WARNING, "A rumour."),
}
FLAGGED = {"text": "The bridge is made of glass. [not so] It stands."}
CHAT = {"messages": [{"role": "user", "content": "Hm?"}, {"role": "assistant", "content": FLAGGED["text"]}]}
RUMOUR = {"text": "The mayor will resign.", "meta": {"kind": "rumour"}}


def report_of(report: Report, *paths: Path, keep: Keep = Keep.TEXTS) -> tuple[str, ScanSummary, ClaimLedger]:
    ledger = ClaimLedger()
    parts = [report.begin()]

    def hear(row: ScannedRow) -> None:
        ledger.add(row)
        parts.append(report.row(row))

    summary = scan(paths, findings_of, ScanSettings(keep=keep), hear)
    parts.append(report.end(summary, ledger.claims()))
    return "".join(parts), summary, ledger


def test_a_finding_in_json_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", FLAGGED, CHAT, RUMOUR)
    lines = [json.loads(line) for line in report_of(FindingLines(), path)[0].splitlines()]
    assert lines[0] == {
        "file": str(path),
        "row": 0,
        "field": "text",
        "message": None,
        "rule": "NN104",
        "severity": "error",
        "claim": {"start": 0, "end": 28, "text": "The bridge is made of glass."},
        "cue": {"start": 29, "end": 37, "text": "[not so]"},
        "scope": "before",
        "confidence": 0.9,
        "tier": "rules",
    }
    assert (lines[1]["field"], lines[1]["message"], "message" in lines[1]["cue"]) == ("messages", 1, False)
    assert lines[2]["cue"] == {"start": 0, "end": 6, "text": "rumour", "field": "meta.kind", "message": None}


QUOTES = st.builds(
    Quote, st.text(), st.none() | st.integers(0, 9), st.integers(0, 99), st.integers(0, 99), st.text(max_size=20)
)


@given(
    st.builds(
        Finding,
        st.text(),
        st.integers(0),
        st.sampled_from(["NN104"]),
        st.sampled_from(Severity),
        QUOTES,
        QUOTES,
        st.sampled_from(Extent),
        st.sampled_from([0.0, 0.25, 1.0]),
        st.sampled_from(Tier),
    )
)
def test_a_finding_comes_back_from_json_as_it_was(finding: Finding) -> None:
    assert read_finding(json.loads(json.dumps(finding_json(finding)))) == finding


@pytest.mark.parametrize("value", [{}, {"claim": 1}, [], None])
def test_other_json_is_no_finding(value: Any) -> None:
    with pytest.raises(DataError, match="not a finding"):
        read_finding(value)


def test_the_summary_has_the_keys_of_the_contract_first(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", FLAGGED, {"text": None})
    _, summary, ledger = report_of(FindingLines(), path)
    value = json.loads(json.dumps(summary_json(summary, ledger.claims())))
    assert list(value)[:6] == ["rows", "bytes", "seconds", "rows_with_findings", "findings_by_rule", "unreadable_rows"]
    assert value["unreadable"] == [{"file": str(path), "row": 1, "reason": "no text in it"}]
    (claim,) = value["claims"]
    assert (claim["risk"], claim["rows"], claim["denials"], claim["rules"]) == ("low", 1, None, {"NN104": 1})


def test_text_says_what_where_and_what_to_do(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", FLAGGED, {"text": 5})
    write_rows(tmp_path / "b.jsonl", CHAT, RUMOUR)
    text = report_of(TextReport(RULES), tmp_path)[0]
    lines = text.splitlines()
    assert lines[0] == str(tmp_path / "a.jsonl")
    assert "error NN104 Notice that points back" in lines[1]
    assert "row 0 (a.jsonl:1), text[0:28]" in lines[1]
    assert '"The bridge is made of glass."' in lines[2]
    assert '"[not so]" (after it)' in lines[3]
    assert str(tmp_path / "b.jsonl") in lines
    assert "row 0 (b.jsonl:1), messages[1][0:28]" in text
    assert '"rumour" (meta.kind[0:6])' in text
    assert "4 rows in 2 files: 3 with findings" in text
    assert re.search(r"\n +2  NN104  error +Notice that points back\n +1  NN203  warning  Rumour\n", text)
    assert re.search(r'\n  low +"The bridge is made of glass."  2 rows, 2 mentions, 12 words, NN104\n', text)
    assert "not audited, because unreadable: 1 row\n" in text
    assert "a.jsonl, row 1: no text in it" in text
    assert lines[-1].startswith("hint: `disclaim rules NN104`")
    assert "\x1b" not in text


def test_colours_change_nothing_but_the_colour(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", FLAGGED, RUMOUR)
    coloured, plain = (report_of(TextReport(RULES, coloured), path)[0] for coloured in (True, False))
    assert "\x1b[31;1merror\x1b[0m" in coloured
    untimed = re.compile(r"\([^()]* (?:MB|rows)/s\)")
    assert untimed.sub("", re.sub(r"\x1b\[[0-9;]*m", "", coloured)) == untimed.sub("", plain)


def test_text_shows_so_many_rows_and_says_how_many_more(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", *[FLAGGED] * 7)
    text = report_of(TextReport(RULES, max_rows=2), path)[0]
    assert text.count("[not so]") == 2
    assert "and 5 more rows" in text


def test_hostile_text_steers_no_terminal(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "a\x1b[2J.jsonl", {"text": "The \x1b]0;owned\x07 \x9b31m \ud800 \u202e bridge. [not so]"}
    )
    text = report_of(TextReport(RULES), path)[0]
    assert not set(text) & set("\x1b\x07\x9b\ud800\u202e")
    text.encode()


def test_sarif_has_the_structure_of_the_standard(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "with space.jsonl", {"text": "Fine."}, CHAT, RUMOUR, {"text": None})
    log = json.loads(report_of(SarifReport(RULES, "0.1.0"), path)[0])
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("disclaim", "0.1.0")
    assert [rule["id"] for rule in driver["rules"]] == ["NN104", "NN203"]
    assert driver["rules"][0]["defaultConfiguration"] == {"level": "error"}
    assert all(rule["shortDescription"]["text"] and rule["fullDescription"]["text"] for rule in driver["rules"])
    first, second = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("NN104", 0, "error")
    assert (second["ruleId"], second["ruleIndex"], second["level"]) == ("NN203", 1, "warning")
    assert "The bridge is made of glass." in first["message"]["text"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "file://" + str(path).replace(" ", "%20")
    assert place["region"]["startLine"] == 2
    offset = {"field": "messages", "message": 1, "charOffset": 0, "charLength": 28}
    assert place["region"]["properties"] == offset
    assert "charOffset" not in place["region"], "the field's offset is not the file's"
    assert first["relatedLocations"][0]["physicalLocation"]["region"]["snippet"]["text"] == "[not so]"
    assert re.fullmatch("[0-9a-f]{16}", first["partialFingerprints"]["disclaim/v1"])
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "row 3 could not be read" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_sarif_points_into_a_plain_text_by_its_own_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("One.\nTwo.\n\nThe bridge is made of glass. [not so]\n")
    region = json.loads(report_of(SarifReport(RULES, "0"), path)[0])["runs"][0]["results"][0]["locations"][0][
        "physicalLocation"
    ]["region"]
    assert (region["startLine"], region["charOffset"], region["charLength"]) == (4, 11, 28)


def regions(path: Path) -> list[tuple[int, int | None]]:
    results = json.loads(report_of(SarifReport(RULES, "0"), path)[0])["runs"][0]["results"]
    places = [result["locations"][0]["physicalLocation"]["region"] for result in results]
    return [(place["startLine"], place.get("endLine")) for place in places]


def test_sarif_counts_the_lines_of_the_file(tmp_path: Path) -> None:
    flagged, fine = json.dumps(FLAGGED), json.dumps({"text": "Fine."})
    lines = ["", flagged, "  ", "", fine, "{broken", flagged, "", flagged]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    pretty = json.dumps([FLAGGED, {"text": "Fine."}, FLAGGED], indent=2)
    (tmp_path / "c.json").write_text(pretty, encoding="utf-8")
    assert regions(tmp_path / "a.jsonl") == regions(tmp_path / "b.jsonl.gz") == [(2, None), (7, None), (9, None)]
    starts = [number for number, line in enumerate(pretty.split("\n"), start=1) if line == "  {"]
    assert regions(tmp_path / "c.json") == [(starts[0], starts[0] + 2), (starts[2], starts[2] + 2)]
    assert regions(tmp_path) == [*regions(tmp_path / "a.jsonl") * 2, *regions(tmp_path / "c.json")]


def test_sarif_names_files_as_seen_from_here_and_repeats_no_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "data" / "a b.jsonl", FLAGGED, FLAGGED)
    for path in (Path("data/a b.jsonl"), tmp_path / "data" / "a b.jsonl"):
        results = json.loads(report_of(SarifReport(RULES, "0"), path)[0])["runs"][0]["results"]
        uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
        assert uris == {"data/a%20b.jsonl"}
        known = [result["partialFingerprints"] for result in results]
        assert [prints["primaryLocationLineHash"] for prints in known] == [
            f"{known[0]['disclaim/v1']}:1",
            f"{known[0]['disclaim/v1']}:2",
        ]


def test_a_log_without_results_is_sound(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", {"text": "Fine."})
    assert json.loads(report_of(SarifReport({}, "0"), path)[0])["runs"][0]["results"] == []


def test_lone_surrogates_are_escaped_in_every_json(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", {"text": "The \ud800 bridge. [not so]"})
    for report in (FindingLines(), SarifReport(RULES, "0")):
        text = report_of(report, path)[0]
        text.encode()
        assert "\\ud800" in text


def attributes(folder: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path in sorted(folder.rglob("*.*")):
        blob = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        yield str(path.relative_to(folder)), [json.loads(line) for line in blob.splitlines()]


def test_dolma_attributes_are_row_for_row_beside_the_documents(tmp_path: Path) -> None:
    data, out = tmp_path / "documents", tmp_path / "attributes"
    write_rows(data / "deep" / "b.jsonl", {"id": "x", **FLAGGED}, {"id": 2, "text": "Fine."}, RUMOUR)
    (data / "a.jsonl.gz").write_bytes(gzip.compress((json.dumps({"id": "y", **CHAT}) + "\n").encode()))
    with open_attribute_files(out, [data]) as files:
        scan([data], findings_of, ScanSettings(keep=Keep.EVERY), files.row)
    assert dict(attributes(out)) == {
        "a.jsonl.gz": [{"id": "y", "attributes": {"disclaim__claims": []}}],
        "deep/b.jsonl": [
            {"id": "x", "attributes": {"disclaim__NN104": [[0, 28, 0.9]], "disclaim__claims": [[0, 28, 0.9]]}},
            {"id": "2", "attributes": {"disclaim__claims": []}},
            {"id": "2", "attributes": {"disclaim__NN203": [[0, 22, 0.5]], "disclaim__claims": [[0, 22, 0.5]]}},
        ],
    }


def test_two_files_of_one_name_are_not_written_into_one(tmp_path: Path) -> None:
    paths = [write_rows(tmp_path / place / "a.jsonl", FLAGGED) for place in ("one", "two")]
    with pytest.raises(UserError, match="two files"), open_attribute_files(tmp_path / "out", paths) as files:
        scan(paths, findings_of, ScanSettings(keep=Keep.EVERY), files.row)


def test_text_names_the_line_of_a_row_and_a_speed_that_is_not_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f"\n{json.dumps({'text': 'Well.'})}\n\n{json.dumps(FLAGGED)}\n")
    _, summary, ledger = report_of(FindingLines(), tmp_path)
    slow = dataclasses.replace(summary, seconds=10.0, bytes=50)
    assert "row 1 (a.jsonl:4), text[0:28]" in report_of(TextReport(RULES), tmp_path)[0]
    assert "0.0 MB in 10.0 s, 0.2 rows/s" in TextReport(RULES).end(slow, ledger.claims())
