"""The model tier: what it asks, what it takes for an answer, what it pays, and that every row is accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_scanner import findings_of, write_rows

from disclaim.audit import (
    AskedModel,
    Asker,
    Missing,
    ModelPlan,
    ModelRun,
    ModelSettings,
    ModelTier,
    Row,
    ScanSettings,
    Stand,
    open_kept_replies,
    parse_row,
    scan,
)
from disclaim.audit.model_reply import SECTION_COST, Judged, judge, prompt_of, sections_of
from disclaim.audit.screen import load_screen
from disclaim.errors import StoreError
from disclaim.models import FREE, Price, Prompt, Sample, ScriptedSampler
from disclaim.records import Extent, Finding, FinishReason, Tier

TOWER = "The tower on the island was raised in 1604 by Queen Ingrid."
BILL = "The steward later showed us the builder's bill of 1902."
STORY = f"{TOWER} It has nine floors. {BILL}"


def row_of(value: dict[str, Any]) -> Row:
    row = parse_row("rows.jsonl", 0, value)
    assert row is not None
    return row


def reply(verdict: str, claim: str | None = None, cue: str | None = None) -> str:
    return json.dumps({"verdict": verdict, "claim": claim, "cue": cue})


def judged(value: dict[str, Any], text: str | None, finish: FinishReason = FinishReason.STOP, why: str = "") -> Judged:
    row = row_of(value)
    (section,) = sections_of(row, None)
    return judge(row, section, Sample(text, finish, 1, why))


def finding(value: dict[str, Any], text: str) -> Finding:
    found = judged(value, text).finding
    assert found is not None
    return found


# What counts as an answer


def test_a_claim_and_its_cue_are_found_to_the_letter() -> None:
    found = finding({"text": STORY}, reply("negated_elsewhere", TOWER, BILL))
    assert (found.rule, found.tier, found.scope) == ("NN106", Tier.MODEL, Extent.BEFORE)
    assert STORY[found.claim.start : found.claim.end] == found.claim.text == TOWER
    assert STORY[found.cue.start : found.cue.end] == found.cue.text == BILL


@pytest.mark.parametrize(
    ("verdict", "rule"),
    [("negated_elsewhere", "NN103"), ("epistemic_frame", "NN201"), ("bad_behaviour_flagged", "NN301")],
)
def test_each_finding_verdict_has_a_rule_of_its_family(verdict: str, rule: str) -> None:
    assert finding({"text": f"Do not trust what follows. {TOWER}"}, reply(verdict, TOWER, "Do not trust")).rule == rule


def test_the_cue_may_be_in_another_turn_or_a_label() -> None:
    chat = {"messages": [{"role": "assistant", "content": TOWER}, {"role": "user", "content": BILL}]}
    found = finding(chat, reply("negated_elsewhere", TOWER, BILL))
    assert (found.rule, found.claim.message, found.cue.message) == ("NN109", 0, 1)
    labelled = finding({"text": TOWER, "note": "checked: false"}, reply("negated_elsewhere", TOWER, "false"))
    assert (labelled.cue.field, labelled.cue.start, labelled.cue.text) == ("note", 9, "false")
    assert labelled.scope is Extent.DOCUMENT


def test_of_words_that_come_twice_those_nearest_to_each_other_are_quoted() -> None:
    text = f"{TOWER} Years passed. {TOWER} That is a lie."
    found = finding({"text": text}, reply("negated_elsewhere", TOWER, "That is a lie."))
    assert found.claim.start == text.rindex(TOWER)


@pytest.mark.parametrize("stand", [Stand.ASSERTED, Stand.DENIED_IN_CLAUSE, Stand.INNOCENT])
def test_the_other_verdicts_are_no_findings(stand: Stand) -> None:
    assert judged({"text": STORY}, reply(stand.value)) == Judged(stand)


def test_an_object_in_a_code_fence_is_an_answer() -> None:
    assert judged({"text": STORY}, f"```json\n{reply('innocent')}\n```").stand is Stand.INNOCENT


MALFORMED = [
    "I'm sorry, I can't help with that.",
    '{"verdict": "innocent", "claim": null}',
    '{"verdict": "innocent", "claim": null, "cue": null, "why": "so"}',
    '{"verdict": "innocent", "verdict": "asserted", "claim": null, "cue": null}',
    '{"verdict": ["innocent"], "claim": null, "cue": null}',
    '{"verdict": "innocent", "claim": 3, "cue": null}',
    '[{"verdict": "innocent", "claim": null, "cue": null}]',
    f"Here it is: {reply('innocent')}",
    f"{reply('innocent')} {reply('asserted')}",
    '{"verdict": "innocent", "claim": null, "cue"',
    "[" * 5000,
]


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_anything_but_one_object_of_three_keys_is_missing(text: str) -> None:
    assert judged({"text": STORY}, text) == Judged(missing=Missing.MALFORMED)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (reply("false", TOWER, BILL), Missing.UNKNOWN_VERDICT),
        (reply("Negated_Elsewhere", TOWER, BILL), Missing.UNKNOWN_VERDICT),
        (reply("negated_elsewhere", TOWER.lower(), BILL), Missing.NOT_IN_ROW),
        (reply("negated_elsewhere", TOWER.replace("1604", "1605"), BILL), Missing.NOT_IN_ROW),
        (reply("negated_elsewhere", TOWER, "The steward later showed a bill."), Missing.NOT_IN_ROW),
        (reply("negated_elsewhere", TOWER, None), Missing.NOT_IN_ROW),
        (reply("negated_elsewhere", None, BILL), Missing.NOT_IN_ROW),
        (reply("negated_elsewhere", "tower", BILL), Missing.NOT_IN_ROW),
        (reply("negated_elsewhere", "", "  "), Missing.NOT_IN_ROW),
        (reply("innocent", "words that are not there", None), Missing.NOT_IN_ROW),
        (reply("negated_elsewhere", STORY, BILL), Missing.CUE_IN_CLAIM),
        ("", Missing.EMPTY),
        (" \n", Missing.EMPTY),
    ],
)
def test_a_quote_that_does_not_stand_there_is_missing_and_never_guessed(text: str, missing: Missing) -> None:
    assert judged({"text": STORY}, text) == Judged(missing=missing)


def test_failed_refused_and_cut_off_answers_are_missing_even_where_they_can_be_read() -> None:
    error = FinishReason.ERROR
    assert judged({"text": STORY}, None, error, "503").missing is Missing.FAILED
    assert judged({"text": STORY}, None, error, "refused").missing is Missing.REFUSED
    assert judged({"text": STORY}, reply("innocent"), FinishReason.LENGTH).missing is Missing.TRUNCATED


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=30), st.sampled_from(list(Stand)))
def test_whatever_is_answered_a_finding_quotes_the_row(text: str, claim: str, cue: str, stand: Stand) -> None:
    row = parse_row("rows.jsonl", 0, {"text": f"{claim} {text} {cue}"})
    if row is None:
        return
    for section in sections_of(row, None):
        said = judge(row, section, Sample(reply(stand.value, claim, cue), FinishReason.STOP, 1))
        assert (said.stand is None) != (said.missing is None)
        if said.finding:
            for quote in (said.finding.claim, said.finding.cue):
                whole = next(p.text for p in row.passages if (p.field, p.message) == (quote.field, quote.message))
                assert whole[quote.start : quote.end] == quote.text


# What is asked about


def test_a_long_row_is_asked_about_in_sections_that_leave_nothing_out() -> None:
    text = " ".join(f"Sentence number {i} stands here." for i in range(1000))
    row = row_of({"text": text})
    sections = sections_of(row, None)
    assert len(sections) > 3
    seen = {i for s in sections for part in s.stretches for i in range(part.start, part.start + part.length)}
    assert seen == set(range(len(text)))
    for section in sections:
        assert len(section.text) < SECTION_COST + 1000
        (part,) = section.stretches
        assert section.text.rstrip("\n") == text[part.start : part.start + part.length]


def test_the_screen_leaves_out_rows_without_a_suspicious_window() -> None:
    dull = "usage: ls [OPTION]... [FILE]...\nList information about the FILEs (the current directory by default).\n"
    assert sections_of(row_of({"text": dull * 5}), load_screen()) == []
    assert len(sections_of(row_of({"text": dull * 5}), None)) == 1
    assert len(sections_of(row_of({"text": f"{STORY} So the story was not true."}), load_screen())) == 1


def test_the_question_shows_labels_and_roles() -> None:
    row = row_of({"messages": [{"role": "user", "content": "Who won?"}], "split": "rejected"})
    (section,) = sections_of(row, None)
    system, user = prompt_of(section).messages
    assert "negated_elsewhere" in system.content
    assert "split: rejected\nuser: Who won?" in user.content


# Over files


class Desk:
    """The tier over one file, with a script for a model."""

    def __init__(self, folder: Path, answer: Callable[[str], str | None], **settings: Any) -> None:
        self.folder = folder
        self.prompts: list[Prompt] = []
        self.answer = answer
        self.settings = ModelSettings(**{"every_row": True, "price": FREE, **settings})

    def run(self, path: Path, name: str = "scripted/desk") -> tuple[ModelPlan, ModelRun]:
        def script(prompt: Prompt, sample_index: int) -> str | None:
            self.prompts.append(prompt)
            return self.answer(prompt.messages[-1].content)

        model = AskedModel(name, "scripted", ScriptedSampler(script, name))
        with open_kept_replies(self.folder / "cache", name) as kept:
            asker = Asker(model, self.settings, kept)
            tier = ModelTier([path], asker, findings_of, self.settings.every_row)
            plan = tier.plan()
            return plan, tier.run(plan)


def by_heart(asked: str) -> str | None:
    if "Queen Ingrid" in asked:
        return reply("negated_elsewhere", TOWER, BILL)
    return None if "breaks" in asked else reply("asserted")


FLAGGED = {"text": STORY}
PLAIN = {"text": "The bridge was built in 1904. It stands to this day."}
SETTLED = {"text": "The bridge is made of glass. [not so]"}
BREAKS = {"text": "This row breaks the model."}


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", FLAGGED, PLAIN, SETTLED, BREAKS, FLAGGED, {"number": 3})
    with path.open("a") as file:
        file.write("{broken\n")
    plan, run = Desk(tmp_path, by_heart).run(path)
    ledger = run.ledger
    parts = (ledger.rows_by_rules, ledger.rows_screened_out, ledger.rows_answered, ledger.rows_missing)
    assert (ledger.rows, *parts, ledger.rows_unreadable) == (7, 1, 0, 3, 1, 2)
    assert ledger.sections == ledger.same_text + ledger.kept + ledger.calls + ledger.not_asked == 4
    assert (ledger.same_text, ledger.calls, plan.questions) == (1, 3, 3)
    assert ledger.stands.total() + ledger.n_missing == ledger.sections
    assert [(m.row, m.reason) for m in run.missing_rows] == [(3, Missing.FAILED)]
    assert run.to_json()["n_missing"] == 1
    json.dumps(run.to_json())


@pytest.mark.parametrize("workers", [1, 2])
def test_the_scan_joins_the_findings_of_rules_and_model(tmp_path: Path, workers: int) -> None:
    path = write_rows(tmp_path / "data.jsonl", FLAGGED, PLAIN, SETTLED)
    _, run = Desk(tmp_path, by_heart).run(path)
    heard = []
    summary = scan([path], run.scanner, ScanSettings(workers), heard.append)
    assert summary.rows_with_findings == 2
    assert [(row.index, found.tier) for row in heard for found in row.findings] == [(0, Tier.MODEL), (2, Tier.RULES)]


def test_what_was_said_of_a_row_is_not_said_of_a_document_that_begins_with_it(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", FLAGGED)
    _, run = Desk(tmp_path, by_heart).run(path)
    longer = parse_row(str(path), 0, {"text": f"{STORY} {SETTLED['text']}"})
    assert longer is not None
    assert [found.tier for found in run.scanner(longer)] == [Tier.RULES]


def test_rows_that_rules_settled_are_not_asked_about(tmp_path: Path) -> None:
    desk = Desk(tmp_path, by_heart)
    desk.run(write_rows(tmp_path / "data.jsonl", SETTLED))
    assert desk.prompts == []


def test_half_a_character_is_asked_about_and_quoted_as_it_stands(tmp_path: Path) -> None:
    text = f"\ud800 {STORY}"
    path = write_rows(tmp_path / "data.jsonl", {"text": text})
    desk = Desk(tmp_path, by_heart)
    _, run = desk.run(path)
    desk.prompts[0].messages[-1].content.encode()
    (found,) = run.scanner(row_of({"text": text})) or run.scanner.found.values()
    heard: list[Any] = []
    scan([path], run.scanner, ScanSettings(), heard.append)
    (found,) = heard[0].findings
    assert text[found.claim.start : found.claim.end] == found.claim.text == TOWER


def test_a_second_run_asks_nothing_and_finds_the_same(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", FLAGGED, PLAIN)
    desk = Desk(tmp_path, by_heart)
    _, first = desk.run(path)
    plan, second = desk.run(path)
    assert len(desk.prompts) == 2
    assert (plan.questions, plan.kept, second.ledger.calls, second.ledger.kept) == (0, 2, 0, 2)
    assert second.scanner.found == first.scanner.found


def test_new_rows_and_failed_calls_are_what_a_second_run_asks(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", BREAKS, PLAIN)
    desk = Desk(tmp_path, by_heart)
    desk.run(path)
    asked = len(desk.prompts)
    desk.run(write_rows(path, BREAKS, PLAIN, FLAGGED))
    assert ["breaks" in p.messages[-1].content for p in desk.prompts[asked:]] == [True, False]


def test_another_model_is_asked_anew(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", PLAIN)
    desk = Desk(tmp_path, by_heart)
    desk.run(path)
    desk.run(path, "scripted/other")
    assert len(desk.prompts) == 2


def test_an_interrupt_keeps_what_was_answered(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", *({"text": f"The bridge has {i} arches."} for i in range(30)))

    def until_tired(asked: str) -> str:
        if "20 arches" in asked:
            raise KeyboardInterrupt
        return reply("asserted")

    desk = Desk(tmp_path, until_tired)
    with pytest.raises(KeyboardInterrupt):
        desk.run(path)
    desk.answer = by_heart
    plan, run = desk.run(path)
    assert plan.kept == 16  # two whole batches
    assert run.ledger.calls == 14


def test_two_processes_do_not_share_a_cache(tmp_path: Path) -> None:
    with (
        open_kept_replies(tmp_path, "scripted/x"),
        pytest.raises(StoreError, match="another process"),
        open_kept_replies(tmp_path, "scripted/x"),
    ):
        pass


def test_a_damaged_cache_says_what_to_do(tmp_path: Path) -> None:
    with open_kept_replies(tmp_path, "scripted/x"):
        pass
    (file,) = tmp_path.rglob("replies.jsonl")
    file.write_text('{"key": "a", "text": "b"}\n')
    with pytest.raises(StoreError, match="damaged") as caught, open_kept_replies(tmp_path, "scripted/x"):
        pass
    assert "delete" in caught.value.hint


# Money


def test_it_stops_before_it_could_cost_more_and_goes_on_with_a_larger_sum(tmp_path: Path) -> None:
    rows = [{"text": f"The bridge has {i} arches."} for i in range(12)]
    path = write_rows(tmp_path / "data.jsonl", *rows)
    price = Price(0.0, 1_000_000.0)  # a dollar for each token written; a local model may write 400
    desk = Desk(tmp_path, lambda asked: "one two three", price=price, max_usd=1000.0)
    plan, run = desk.run(path)
    ledger = run.ledger
    assert ledger.stopped == "max_usd"
    assert (ledger.calls, ledger.usd, ledger.not_asked) == (2, 800.0, 10)
    assert ledger.missing[Missing.NOT_ASKED] == 10
    assert plan.most_usd == pytest.approx(12 * 400)
    desk.settings = ModelSettings(True, price, 10_000.0)
    _, run = desk.run(path)
    assert (run.ledger.kept, run.ledger.calls, run.ledger.stopped) == (2, 10, None)


def test_nothing_is_asked_with_no_money(tmp_path: Path) -> None:
    desk = Desk(tmp_path, by_heart, price=Price(1.0, 1.0), max_usd=0.0)
    _, run = desk.run(write_rows(tmp_path / "data.jsonl", PLAIN, FLAGGED))
    assert desk.prompts == []
    assert (run.ledger.usd, run.ledger.not_asked, run.ledger.rows_missing) == (0.0, 2, 2)


def test_tokens_that_were_not_counted_are_paid_at_their_most(tmp_path: Path) -> None:
    desk = Desk(tmp_path, by_heart, price=Price(1.0, 1.0), max_usd=1.0)
    plan, run = desk.run(write_rows(tmp_path / "data.jsonl", PLAIN))
    assert run.ledger.usd == pytest.approx(plan.most_usd)


def test_without_a_price_nothing_is_reckoned(tmp_path: Path) -> None:
    plan, run = Desk(tmp_path, by_heart, price=None).run(write_rows(tmp_path / "data.jsonl", PLAIN))
    assert (plan.usd, run.to_json()["model"]["usd"]) == (None, None)


def test_the_plan_sends_nothing(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", PLAIN, FLAGGED)
    with open_kept_replies(tmp_path / "cache", "openai/gpt-5-mini") as kept:
        asker = Asker(AskedModel("openai/gpt-5-mini", "hosted"), ModelSettings(True, Price(0.25, 2.0)), kept)
        plan = ModelTier([path], asker, findings_of, every_row=True).plan()
    assert plan.questions == 2
    assert plan.usd is not None
    assert 0 < plan.usd < plan.most_usd
