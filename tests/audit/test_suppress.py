"""Suppression: in the row, by rule, by claim, and in a baseline that survives moving rows about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_scanner import findings_of

from disclaim.audit import (
    BaselineWriter,
    Means,
    Row,
    Suppressions,
    fingerprint,
    load_baseline,
    parse_row,
    require_suppressions,
)
from disclaim.audit.suppress import suppress
from disclaim.errors import DataError, UserError

KNOWN = ("NN101", "NN104", "NN203")
NOTHING = Suppressions()
TEXT = "The bridge is made of glass. [not so]"


def read(value: dict[str, Any]) -> Row:
    row = parse_row("data.jsonl", 0, value)
    assert row is not None
    return row


def left(value: dict[str, Any], suppressions: Suppressions = NOTHING) -> list[str]:
    row = read(value)
    return [finding.rule for finding in suppress(row, findings_of(row), suppressions)[0]]


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, ["NN104"]),
        ({"disclaim": "ignore"}, []),
        ({"disclaim": " Ignore [NN104] "}, []),
        ({"disclaim": "ignore[NN1]"}, []),
        ({"disclaim": "ignore[NN203, NN104]"}, []),
        ({"disclaim": "ignore[NN203]"}, ["NN104"]),
        ({"disclaim": ["ignore[NN203]", "ignore[NN104]"]}, []),
        ({"disclaim": {"ignore": ["NN104"]}}, []),
        ({"disclaim": {"ignore": True}}, []),
        ({"disclaim": {"ignore": False}}, ["NN104"]),
        ({"metadata": {"disclaim": "ignore"}}, []),
        ({"metadata": {"disclaimer": "ignore"}}, ["NN104"]),
        ({"disclaim": "do not ignore this"}, ["NN104"]),
        ({"disclaim": 1}, ["NN104"]),
        ({"note": "ignore"}, ["NN104"]),
    ],
)
def test_a_column_or_metadata_key_suppresses(extra: dict[str, Any], expected: list[str]) -> None:
    assert left({"text": TEXT, **extra}) == expected


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("<!-- disclaim: ignore[NN104] -->", []),
        ("# disclaim:ignore [ NN203 , NN1 ]", []),
        ("disclaim: ignore[NN203]", ["NN104"]),
        ("disclaim: ignore", ["NN104"]),
        ("I disclaim: ignorance [NN104]", ["NN104"]),
    ],
)
def test_a_comment_in_the_text_suppresses_the_rules_it_names(comment: str, expected: list[str]) -> None:
    assert left({"text": f"{comment}\n{TEXT}"}) == expected


def test_a_turns_key_or_comment_suppresses_in_that_turn_only() -> None:
    turns = [{"role": "assistant", "content": TEXT}, {"role": "assistant", "content": TEXT}]
    assert left({"messages": turns}) == ["NN104", "NN104"]
    assert left({"messages": [{**turns[0], "disclaim": "ignore"}, turns[1]]}) == ["NN104"]
    commented = {**turns[0], "content": f"disclaim: ignore[NN104] {TEXT}"}
    assert left({"messages": [commented, turns[1]]}) == ["NN104"]


def test_rules_are_named_by_id_or_by_its_beginning() -> None:
    assert left({"text": TEXT}, require_suppressions(["NN104"], [], KNOWN)) == []
    assert left({"text": TEXT}, require_suppressions(["nn2, NN1"], [], KNOWN)) == []
    assert left({"text": TEXT}, require_suppressions(["NN2"], [], KNOWN)) == ["NN104"]


@pytest.mark.parametrize("rule", ["NN9", "NN1044", "X", "NN10x"])
def test_a_rule_that_does_not_exist_is_wrong_use(rule: str) -> None:
    with pytest.raises(UserError, match="no rule begins with") as caught:
        require_suppressions([rule], [], KNOWN)
    assert "NN" in caught.value.hint


def test_claims_are_ignored_by_their_words_alone() -> None:
    assert left({"text": TEXT}, require_suppressions([], ["bridge IS\nmade, of glass"], KNOWN)) == []
    assert left({"text": TEXT}, require_suppressions([], ["made of glas"], KNOWN)) == ["NN104"]
    with pytest.raises(UserError, match="no word"):
        require_suppressions([], ["..."], KNOWN)


def test_what_suppressed_a_finding_is_counted() -> None:
    row = read({"text": f"{TEXT} {TEXT}", "disclaim": "ignore"})
    assert suppress(row, findings_of(row), Suppressions())[1] == {Means.INLINE: 2}


def test_a_fingerprint_survives_another_file_row_place_case_and_spacing() -> None:
    first = findings_of(read({"text": TEXT}))[0]
    moved = parse_row("other.jsonl", 99, {"text": "Well, well.\n\nThe bridge  is\nmade of GLASS. [not so]"})
    assert moved is not None
    assert fingerprint(findings_of(moved)[0]) == fingerprint(first)
    other = findings_of(read({"text": "The bridge is made of brass. [not so]"}))[0]
    assert fingerprint(other) != fingerprint(first)


@given(st.permutations(list(range(6))))
def test_a_baseline_accepts_what_it_was_made_from_in_any_order(tmp_path_factory: Any, order: list[int]) -> None:
    texts = [TEXT, TEXT, "The moon is square. [not so]", "A is B. [not so]", "A is C. [not so]", TEXT]
    findings = [findings_of(read({"text": text}))[0] for text in texts]
    path = tmp_path_factory.mktemp("baseline") / "known.json"
    writer = BaselineWriter()
    for finding in findings:
        writer.add(finding)
    writer.write(path)
    baseline = load_baseline(path)
    assert all(baseline.accepts(findings[place]) for place in order)
    assert not any(baseline.accepts(finding) for finding in findings)


def test_the_same_findings_give_the_same_baseline_file_whatever_their_order(tmp_path: Path) -> None:
    findings = [findings_of(read({"text": t}))[0] for t in (TEXT, "A is B. [not so]", TEXT)]
    blobs = []
    for number, order in enumerate((findings, findings[::-1])):
        writer = BaselineWriter()
        for finding in order:
            writer.add(finding)
        writer.write(tmp_path / f"{number}.json")
        blobs.append((tmp_path / f"{number}.json").read_bytes())
    assert blobs[0] == blobs[1]
    assert json.loads(blobs[0])["findings"][fingerprint(findings[0])] == {
        "rule": "NN104",
        "claim": "the bridge is made of glass",
        "count": 2,
    }


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{}",
        '{"disclaim_baseline": 1, "findings": {"a": {"count": "2"}}}',
        '{"disclaim_baseline": 9, "findings": {}}',
        '{"text": "One row."}\n{"text": "Another."}\n',
    ],
)
def test_another_file_is_no_baseline(tmp_path: Path, content: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"known\.json") as caught:
        load_baseline(path)
    assert "--write-baseline" in caught.value.hint
    assert "delete" not in caught.value.hint


def test_an_absent_baseline_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no baseline file"):
        load_baseline(tmp_path / "known.json")
