"""The page: one file that needs nothing, says the same twice, and runs nothing that a model wrote."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from build_run import HOSTILE, HOSTILE_NAME, Plan, build_run
from hypothesis import given, settings
from hypothesis import strategies as st

from disclaim.report import render_report
from disclaim.report.answers import keep_answers, rate_answers
from disclaim.report.page import embed_json, printable
from disclaim.report.read import read_run
from disclaim.store import read_json, write_json


class Outline(HTMLParser):
    """Elements with their attributes, and heading levels in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(run: Path) -> str:
    return (run / "report" / "index.html").read_text()


def report_bytes(run: Path) -> dict[str, bytes]:
    return {str(p.relative_to(run)): p.read_bytes() for p in sorted((run / "report").rglob("*")) if p.is_file()}


def test_rendering_again_gives_the_same_bytes(wide_run: Path) -> None:
    before = report_bytes(wide_run)
    assert render_report(wide_run) == wide_run / "report" / "index.html"
    assert report_bytes(wide_run) == before


def test_a_report_does_not_depend_on_where_the_run_lies(own_run: Path, tmp_path: Path) -> None:
    render_report(own_run)
    before = report_bytes(own_run)
    moved = own_run.rename(tmp_path / "moved")
    render_report(moved)
    assert report_bytes(moved) == before


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(quick_run: Path) -> None:
    page = page_of(quick_run)
    policy = next(meta["content"] for meta in Outline(page).of("meta") if "http-equiv" in meta)
    allowed = {}
    for tag in ("style", "script"):
        (source,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        allowed[tag] = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{allowed['style']}'; script-src 'sha256-{allowed['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("run", ["quick_run", "half_run", "hostile_run"])
def test_the_page_points_nowhere_outside_itself(run: str, request: pytest.FixtureRequest) -> None:
    for tag, attributes in Outline(page_of(request.getfixturevalue(run))).elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert not {"src", "style", "srcset", "action", "background"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        if "href" in attributes:
            assert (attributes["href"] or "").startswith(("#", "data:text/csv;base64,", "data:image/svg+xml;base64,"))


def test_headings_go_down_one_level_at_a_time_and_sections_are_named(quick_run: Path) -> None:
    outline = Outline(page_of(quick_run))
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for a in outline.of("a") if (a["href"] or "").startswith("#")} <= set(ids)
    assert all(section["aria-labelledby"] in ids for section in outline.of("section"))


def texts_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_of(inner)


def test_hostile_texts_stand_in_the_page_as_text_only(hostile_run: Path) -> None:
    page = page_of(hostile_run)
    outline = Outline(page)
    assert [a.get("type") for a in outline.of("script")] == ["application/json", "application/json", None]
    assert "<script>window" not in page
    assert 'onerror="' not in page
    assert "{{ 7 * 7 }}" in page
    for name in ("answers-data", "documents-data"):
        blob = re.search(rf'id="{name}">(.*?)</script>', page, re.DOTALL)
        assert blob
        assert "<" not in blob[1]
        assert " ".join(HOSTILE) in set(texts_of(json.loads(blob[1])))


def test_hostile_names_stay_inside_the_report_folder(hostile_run: Path) -> None:
    names = [path.name for path in (hostile_run / "report" / "figures").iterdir()]
    assert names
    assert all(re.fullmatch(r"[a-z0-9-]+\.svg", name) for name in names)
    conditions = read_run(hostile_run).conditions
    assert HOSTILE_NAME in conditions


JSON = st.recursive(
    st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@settings(max_examples=50)
@given(JSON)
def test_embedded_json_comes_back_and_cannot_end_its_element(value: object) -> None:
    embedded = embed_json(value)
    assert json.loads(embedded) == value
    assert not set("<>&\u2028\u2029") & set(embedded)


def test_a_half_character_from_a_model_does_not_stop_the_report(own_run: Path) -> None:
    path = next(own_run.glob("arms/*/answers/answers.jsonl"))
    path.write_text(path.read_text().replace('"answer": "', '"answer": "\\ud83d ', 1))
    assert render_report(own_run).exists()
    assert printable("\ud83d") == "?"


def test_a_prompt_with_system_and_earlier_turns_is_kept_whole(quick_run: Path) -> None:
    blob = re.search(r'id="answers-data">(.*?)</script>', page_of(quick_run), re.DOTALL)
    assert blob
    prompts = json.loads(blob[1])["prompts"]
    assert {"system", "user", "assistant"} <= {role for turns in prompts for role, _ in turns}


def test_two_judges_stand_side_by_side_and_the_studys_own_leads(own_run: Path) -> None:
    for folder in own_run.glob("arms/*/judgements/rules"):
        second = folder.with_name("another__judge")
        second.mkdir()
        (second / "judgements.jsonl").write_text((folder / "judgements.jsonl").read_text())
    study = read_json(own_run / "study.json")
    study["settings"]["judge"] = "another/judge"
    write_json(own_run / "study.json", study)
    blob = re.search(r'id="answers-data">(.*?)</script>', render_report(own_run).read_text(), re.DOTALL)
    assert blob
    assert json.loads(blob[1])["judges"] == ["another__judge", "rules"]


def test_beyond_the_limit_every_question_keeps_its_first_samples(quick_run: Path) -> None:
    answers = rate_answers(read_run(quick_run))
    kept = keep_answers(answers, len(answers) // 2)
    assert 0 < len(kept) <= len(answers) // 2
    assert {item.answer.question_id for item in kept} == {item.answer.question_id for item in answers}
    assert keep_answers(answers, len(answers)) == answers


def test_thousands_of_answers_take_a_second_or_two(tmp_path: Path) -> None:
    run = build_run(tmp_path, Plan(samples=14, documents=2, steps=4, estimated=False))
    assert len(rate_answers(read_run(run))) > 5_000
    started = time.process_time()
    render_report(run)
    assert time.process_time() - started < 2.5
