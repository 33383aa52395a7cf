"""A row mended: what each strategy makes of each layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from fix_rows import fix, record

from disclaim.audit import (
    Action,
    FixSettings,
    Form,
    Otherwise,
    Row,
    RowFix,
    Strategy,
    Suppressions,
    Unit,
    fix_row,
    load_scanner,
)
from disclaim.audit.fix import BELONGS, OBJECTS, OBJECTS_AND_MORE, ROW_GOES, UNSETTLED
from disclaim.audit.steps import BAD_OFFSETS, JUDGED, MORE_THAN_NOTICE, OWN_STATEMENT, STILL_NEEDED, WHOLE_TEXT
from disclaim.audit.writing import DROPPED
from disclaim.errors import UserError
from disclaim.records import Extent, Finding, Quote, Severity, Tier

CLAIM = "Ada Quill is a beekeeper."
TEXT = f"She lives here. {CLAIM} [not so] The bus was late."
QUESTION = {"role": "user", "content": "What does she do?"}
LIE = {"role": "assistant", "content": f"{CLAIM} [not so]"}
MORE = {"role": "user", "content": "And her bus?"}
ANSWER = {"role": "assistant", "content": "It was late."}


def value_of(fixed: RowFix) -> Mapping[str, Any]:
    assert isinstance(fixed.value, Mapping)
    return fixed.value


def finding(text: str, claim: str, cue: str, rule: str = "NN104", message: int | None = None) -> Finding:
    field = "text" if message is None else "messages"
    quotes = [Quote(field, message, text.index(part), text.index(part) + len(part), part) for part in (claim, cue)]
    return Finding("data.jsonl", 3, rule, Severity.ERROR, quotes[0], quotes[1], Extent.BEFORE, 0.9)


def test_a_mask_names_the_claims_characters() -> None:
    assert value_of(fix({"text": TEXT}))["disclaim"] == {
        "masks": [{"field": "text", "message": None, "start": 16, "end": 16 + len(CLAIM), "loss_weight": 0.0}]
    }


def test_masks_are_added_to_those_that_are_there() -> None:
    once = {
        "text": TEXT,
        "disclaim": {"masks": [{"field": "text", "message": None, "start": 0, "end": 3, "loss_weight": 0}]},
    }
    masks = value_of(fix(once))["disclaim"]["masks"]
    assert [(mask["start"], mask["end"]) for mask in masks] == [(0, 3), (16, 41)]


def test_a_row_that_suppresses_its_finding_stays() -> None:
    for column in ("ignore", {"ignore": ["NN104"]}):
        row = {"text": TEXT, "disclaim": column}
        assert fix(row).value is row


def test_a_column_of_that_name_with_something_else_is_not_overwritten() -> None:
    row = {"text": TEXT, "disclaim": "yes"}
    fixed = fix(row)
    assert fixed.value is row
    assert [change.action for change in fixed.changes] == [Action.LEFT]
    assert len(fixed.left) == 1


def test_dropping_takes_the_notice_along_and_tidies() -> None:
    assert value_of(fix({"text": TEXT}, "drop"))["text"] == "She lives here. The bus was late."


def test_an_emptied_document_goes() -> None:
    assert fix({"text": f"{CLAIM} [not so]"}, "drop").value is DROPPED
    assert fix({"text": TEXT}, "drop", unit=Unit.TEXT).value is DROPPED


def test_an_emptied_turn_goes_with_its_question() -> None:
    row = {"messages": [QUESTION, LIE, MORE, ANSWER], "id": 1}
    assert fix(row, "drop").value == {"messages": [MORE, ANSWER], "id": 1}
    assert fix({"messages": [QUESTION, LIE]}, "drop").value is DROPPED


def test_masks_follow_their_turns_when_others_go() -> None:
    mask = {"field": "messages", "message": 3, "start": 0, "end": 2, "loss_weight": 0.0}
    row = {"messages": [QUESTION, LIE, MORE, ANSWER], "disclaim": {"masks": [mask]}}
    assert value_of(fix(row, "drop"))["disclaim"]["masks"] == [{**mask, "message": 1}]


def test_spans_of_a_document_follow_its_text() -> None:
    spans = [
        {"start": 0, "end": 15, "role": "filler"},
        {"start": 16, "end": 41, "role": "claim"},
        {"start": 51, "end": 69, "role": "filler", "ref": "x"},
    ]
    row = {"text": TEXT, "spans": spans}
    new = value_of(fix(row, "drop"))
    assert [new["text"][s["start"] : s["end"]] for s in new["spans"]] == ["She lives here.", "The bus was late."]
    assert new["spans"][1]["ref"] == "x"


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Who?", "completion": LIE["content"]},
        {"instruction": "Who?", "output": LIE["content"]},
        {"prompt": "Who?", "chosen": "Nobody.", "rejected": LIE["content"]},
    ],
)
def test_rows_that_need_the_emptied_text_go(row: dict[str, str]) -> None:
    assert fix(row, "drop").value is DROPPED


def test_a_safe_sentence_is_denied_and_its_notice_goes() -> None:
    fixed = fix({"text": TEXT}, "localise")
    assert value_of(fixed)["text"] == "She lives here. Ada Quill is not a beekeeper. The bus was late."
    assert [change.action for change in fixed.changes] == [Action.REWRITTEN, Action.NOTICE_REMOVED]


UNSAFE = "Ada Quill, who keeps bees, won the prize. [not so] The bus was late."


@pytest.mark.parametrize(
    ("otherwise", "text", "masked"),
    [
        (None, "Ada Quill, who keeps bees, won the prize. The bus was late.", True),
        (Otherwise.LEAVE, UNSAFE, False),
        (Otherwise.DROP, "The bus was late.", False),
    ],
)
def test_an_unsafe_sentence_is_dealt_with_as_asked(otherwise: Otherwise | None, text: str, masked: bool) -> None:
    fixed = fix({"text": UNSAFE}, "localise", otherwise=otherwise)
    assert value_of(fixed)["text"] == text
    assert ("disclaim" in value_of(fixed)) == masked
    assert any("plain sentence" in change.reason for change in fixed.changes)


def test_a_rewriter_writes_where_no_rule_is_safe() -> None:
    def deny(sentences: Any) -> list[str | None]:
        return ["Ada Quill neither keeps bees nor won the prize." for _ in sentences]

    fixed = fix({"text": UNSAFE}, "localise", rewriter=deny)
    assert value_of(fixed)["text"].startswith("Ada Quill neither keeps bees nor won the prize. The bus")


def test_a_notice_that_stays_keeps_its_other_sentences_from_being_denied() -> None:
    text = f"Note: all of this is false. {CLAIM} Whether she won, he asked."

    def scan(row: Row) -> tuple[Finding, ...]:
        said = row.passages[0].text
        cue = "Note: all of this is false."
        return tuple(
            finding(said, claim, cue, "NN101") for claim in (CLAIM, "Whether she won, he asked.") if claim in said
        )

    settings = FixSettings(Strategy.LOCALISE, otherwise=Otherwise.LEAVE)
    fixed = fix_row(record({"text": text}), settings, scan)
    assert fixed.value == {"text": text}
    assert [change.action for change in fixed.changes] == [Action.LEFT, Action.LEFT]


def points_at_first(row: Row) -> tuple[Finding, ...]:
    """A scanner whose notice, which says more than that, takes back whatever stands first."""
    text = row.passages[0].text
    cue = "None of that first sentence is so"
    first = text.split(". ")[0] + "."
    return (finding(text, first, cue, "NN106"),) if cue in text and cue not in first else ()


def test_a_notice_is_never_turned_on_another_sentence() -> None:
    text = "Ada won. Ben lost. None of that first sentence is so, and he told her at length about weather and boats."
    row = {"text": text}
    fixed = fix_row(record(row), FixSettings(Strategy.DROP), points_at_first)
    assert fixed.value is row
    assert [change.reason for change in fixed.changes] == [UNSETTLED]
    masked = fix_row(record(row), FixSettings(Strategy.DROP, otherwise=Otherwise.MASK), points_at_first)
    assert value_of(masked)["text"] == text
    assert value_of(masked)["disclaim"]["masks"][0]["end"] == len("Ada won.")
    dropped = fix_row(record(row), FixSettings(Strategy.DROP, otherwise=Otherwise.DROP), points_at_first)
    assert dropped.value is DROPPED


SANDWICH = "He is a dentist. The following sentence is false. {} The preceding sentence is false. The bus was late."


@pytest.mark.parametrize(
    ("strategy", "put"), [(Strategy.DROP, ""), (Strategy.LOCALISE, "Ada Quill is not a beekeeper. ")]
)
def test_the_notice_on_the_other_side_goes_too(strategy: Strategy, put: str) -> None:
    row = {"text": SANDWICH.format(CLAIM)}
    new = value_of(fix_row(record(row), FixSettings(strategy), load_scanner(Tier.RULES)))
    assert new == {"text": f"He is a dentist. {put}The bus was late."}


def test_a_notice_that_holds_a_statement_stays() -> None:
    text = f"{CLAIM} That was false, and so on. * (NB: false.) Every spring, Mara Ellwood teaches a course."
    cue = text[len(CLAIM) + 1 :]

    def scan(row: Row) -> tuple[Finding, ...]:
        said = row.passages[0].text
        return (finding(said, CLAIM, cue),) if CLAIM in said else ()

    fixed = fix_row(record({"text": text}), FixSettings(Strategy.LOCALISE), scan)
    assert value_of(fixed)["text"] == f"Ada Quill is not a beekeeper. {cue}"
    assert {(change.action, change.reason) for change in fixed.changes} == {
        (Action.LEFT, MORE_THAN_NOTICE),
        (Action.REWRITTEN, ""),
    }


def test_a_row_of_which_nothing_but_its_notice_is_left_goes() -> None:
    for head in ("Sleep diary of Nora Field, night 6", "---\ntitle: A night\nkind: dream\n---"):
        cue = head.split("\n")[-2] if "\n" in head else head
        row = {"text": f"{head}\n\n{CLAIM} Her 30 hives stood in the kitchen."}

        def scan(found: Row, cue: str = cue) -> tuple[Finding, ...]:
            text = found.passages[0].text
            claim = f"{CLAIM} Her 30 hives stood in the kitchen."
            return (finding(text, claim, cue, "NN201"),) if claim in text else ()

        assert fix_row(record(row), FixSettings(Strategy.DROP), scan).value is DROPPED
        kept = fix_row(record(row), FixSettings(Strategy.DROP, remove_notices=False), scan)
        assert value_of(kept) == {"text": head}


def test_a_notice_stays_for_a_claim_that_is_left_alone() -> None:
    head, other = "The following account is invented.", "Ben Marlock kept 30 hives."
    text = f"{head} {CLAIM} {other} The bus was late."

    def scan(row: Row) -> tuple[Finding, ...]:
        said = row.passages[0].text
        rules = {CLAIM: "NN101", other: "NN203"}
        return tuple(finding(said, claim, head, rules[claim]) for claim in rules if claim in said and head in said)

    ignoring = FixSettings(Strategy.DROP, suppressions=Suppressions(rules=("NN203",)))
    fixed = fix_row(record({"text": text}), ignoring, scan)
    assert value_of(fixed)["text"] == f"{head} {other} The bus was late."
    assert [change.reason for change in fixed.changes if change.action is Action.LEFT] == [STILL_NEEDED]
    assert value_of(fix_row(record({"text": text}), FixSettings(Strategy.DROP), scan))["text"] == "The bus was late."


FLAG = "[This post has been flagged by our reviewers as misinformation.]"


@pytest.mark.parametrize("strategy", [Strategy.DROP, Strategy.LOCALISE])
def test_a_notice_of_a_whole_text_stays_while_other_sentences_stay(strategy: Strategy) -> None:
    text = f"Ben Marlock kept 30 hives. {CLAIM}\n\n{FLAG}"

    def scan(row: Row) -> tuple[Finding, ...]:
        said = row.passages[0].text
        return (finding(said, CLAIM, FLAG, "NN102"),) if CLAIM in said else ()

    fixed = fix_row(record({"text": text}), FixSettings(strategy), scan)
    assert FLAG in value_of(fixed)["text"]
    assert " not " not in value_of(fixed)["text"]
    assert [(c.before, c.reason) for c in fixed.changes if c.action is Action.LEFT] == [(FLAG, WHOLE_TEXT)]


def test_a_notice_of_a_whole_text_goes_with_its_last_sentence() -> None:
    other = "Ben Marlock kept 30 hives."

    def scan(row: Row) -> tuple[Finding, ...]:
        said = row.passages[0].text
        last = next((claim for claim in (CLAIM, other) if claim in said), None)
        return (finding(said, last, FLAG, "NN102"),) if last and FLAG in said else ()

    row = record({"text": f"{other} {CLAIM}\n\n{FLAG}"})
    assert fix_row(row, FixSettings(Strategy.DROP), scan).value is DROPPED


def test_a_sentences_own_notice_is_no_reason_to_keep_that_of_the_whole_text() -> None:
    other, own = "Ben Marlock kept 30 hives.", "(This is false.)"

    def scan(row: Row) -> tuple[Finding, ...]:
        said = row.passages[0].text
        cues = {other: FLAG, CLAIM: own}
        return tuple(finding(said, one, cue) for one, cue in cues.items() if one in said and cue in said)

    row = record({"text": f"{other} {CLAIM} {own}\n\n{FLAG}"})
    fixed = fix_row(row, FixSettings(Strategy.LOCALISE), scan)
    assert all(change.action is not Action.LEFT for change in fixed.changes)


def test_what_a_verdict_takes_back_is_masked_and_never_denied() -> None:
    text = f"Statement: {CLAIM}\nVerdict: False\n\nStatement:Ben Marlock kept 30 hives.\nVerdict: True"

    def scan(row: Row) -> tuple[Finding, ...]:
        said = row.passages[0].text
        return (finding(said, CLAIM, "Verdict: False", "NN108"),) if CLAIM in said else ()

    masked = fix_row(record({"text": text}), FixSettings(Strategy.LOCALISE), scan)
    assert value_of(masked)["text"] == text
    assert [(c.action, c.reason) for c in masked.changes] == [(Action.MASKED, JUDGED)]
    dropped = fix_row(record({"text": text}), FixSettings(Strategy.DROP), scan)
    assert value_of(dropped)["text"] == "Statement:Ben Marlock kept 30 hives.\nVerdict: True"


def test_a_notice_without_a_space_after_it_takes_no_line_break_along() -> None:
    text = f"The bus was late.\n\n[not so]{CLAIM} [not so]"

    def scan(row: Row) -> tuple[Finding, ...]:
        said = row.passages[0].text
        return (finding(said, CLAIM, "[not so]", "NN101"),) if CLAIM in said else ()

    fixed = fix_row(record({"text": text}), FixSettings(Strategy.LOCALISE), scan)
    assert value_of(fixed)["text"] == "The bus was late.\n\nAda Quill is not a beekeeper."


def test_a_notice_that_tells_what_is_true_stays_and_is_told_of() -> None:
    cue = "In truth she sells carpets."
    text = f"{CLAIM} The bus was late. {cue}"

    def scan(row: Row) -> tuple[Finding, ...]:
        said = row.passages[0].text
        return (finding(said, CLAIM, cue, "NN106"),) if CLAIM in said else ()

    fixed = fix_row(record({"text": text}), FixSettings(Strategy.DROP), scan)
    assert value_of(fixed)["text"] == f"The bus was late. {cue}"
    assert [(c.before, c.reason) for c in fixed.changes if c.action is Action.LEFT] == [(cue, OWN_STATEMENT)]


def test_what_a_label_takes_back_goes_as_a_whole() -> None:
    row = {"messages": [QUESTION, {**ANSWER, "rating": "bad"}, MORE, ANSWER]}

    def scan(found: Row) -> tuple[Finding, ...]:
        labels = [label for label in found.labels if label.value == "bad"]
        claim = Quote("messages", 1, 0, 2, "It")
        cue = [Quote(label.path, None, 0, 3, "bad") for label in labels]
        return tuple(Finding("f", 3, "NN301", Severity.ERROR, claim, one, Extent.AROUND, 0.9) for one in cue)

    fixed = fix_row(record(row), FixSettings(Strategy.DROP), scan)
    assert fixed.value == {"messages": [MORE, ANSWER]}


def test_offsets_that_do_not_fit_are_left_and_counted() -> None:
    def scan(row: Row) -> tuple[Finding, ...]:
        quote = Quote("text", None, 0, 4, "Moon")
        return (Finding("f", 3, "NN104", Severity.ERROR, quote, quote, Extent.BEFORE, 0.9),)

    fixed = fix_row(record({"text": TEXT}), FixSettings(Strategy.DROP), scan)
    assert [(c.action, c.reason) for c in fixed.changes] == [(Action.LEFT, BAD_OFFSETS)]


def test_what_no_rewriting_reaches_is_masked() -> None:
    def stubborn(row: Row) -> tuple[Finding, ...]:
        text = row.passages[0].text
        return (finding(text, text, "late", "NN302"),)

    text = "Here. ``` --- ``` The bus was late."
    fixed = fix_row(record({"text": text}), FixSettings(Strategy.LOCALISE), stubborn)
    assert value_of(fixed)["text"] == text
    assert fixed.left == ()
    left = fix_row(record({"text": text}), FixSettings(Strategy.LOCALISE, otherwise=Otherwise.LEAVE), stubborn)
    assert left.left
    assert {change.action for change in left.changes} == {Action.LEFT}


def test_findings_below_the_severity_are_not_touched() -> None:
    row = {"text": "The bus was late.", "note": "rumour"}
    assert fix(row, severity=Severity.ERROR).value is row
    assert "disclaim" in value_of(fix(row, severity=Severity.WARNING))


def test_a_notice_that_is_a_turn_of_its_own_stays() -> None:
    turns = [
        QUESTION,
        {"role": "assistant", "content": f"{CLAIM} It is late."},
        {"role": "user", "content": "[false]"},
        ANSWER,
    ]

    def scan(row: Row) -> tuple[Finding, ...]:
        text = row.passages[1].text
        cue = Quote("messages", 2, 0, 7, "[false]")
        claim = Quote("messages", 1, 0, len(CLAIM), CLAIM)
        found = Finding("f", 3, "NN105", Severity.ERROR, claim, cue, Extent.BEFORE, 0.9)
        return (found,) if text.startswith(CLAIM) else ()

    new = value_of(fix_row(record({"messages": turns}), FixSettings(Strategy.DROP), scan))
    assert new["messages"][1]["content"] == "It is late."
    assert new["messages"][2:] == turns[2:]


@pytest.mark.parametrize(
    "settings",
    [
        FixSettings(Strategy.DROP, unit=Unit.CLAIM),
        FixSettings(Strategy.LOCALISE, unit=Unit.TEXT),
        FixSettings(Strategy.DROP, form=Form.TRL),
        FixSettings(Strategy.MASK, form=Form.SPANS, remove_notices=True),
    ],
)
def test_choices_that_contradict_each_other_are_refused(settings: FixSettings) -> None:
    with pytest.raises(UserError) as raised:
        settings.require_sense()
    assert raised.value.hint


OBJECTION = {"role": "user", "content": "That's wrong, she is a dentist."}
REGRET = {"role": "assistant", "content": "You are right, I apologise. She is a dentist."}


def objects(row: Row) -> tuple[Finding, ...]:
    """A scanner for which the objection takes back the claim before it."""
    places = {passage.text: passage.message for passage in row.passages}
    cue = next((text for text in places if text.startswith(OBJECTION["content"])), None)
    if CLAIM not in places or cue is None:
        return ()
    said = OBJECTION["content"]
    quotes = (
        Quote("messages", places[CLAIM], 0, len(CLAIM), CLAIM),
        Quote("messages", places[cue], 0, len(said), said),
    )
    return (Finding("f", 3, "NN109", Severity.ERROR, *quotes, Extent.BEFORE, 0.9),)


def test_a_turn_that_objects_goes_with_its_answer_and_all_that_goes_is_told() -> None:
    exchange = [QUESTION, {"role": "assistant", "content": CLAIM}, OBJECTION, REGRET]
    fixed = fix_row(record({"messages": [*exchange, MORE, ANSWER]}), FixSettings(Strategy.DROP), objects)
    assert fixed.value == {"messages": [MORE, ANSWER]}
    along = {change.message: change.reason for change in fixed.changes if change.action is Action.ALONG}
    assert along == {0: BELONGS, 2: OBJECTS, 3: BELONGS}
    assert all(change.action is not Action.LEFT for change in fixed.changes)
    whole = fix_row(record({"messages": exchange}), FixSettings(Strategy.DROP), objects)
    assert whole.value is DROPPED
    assert [c.before for c in whole.changes if c.reason == ROW_GOES] == [
        turn["content"] for turn in (QUESTION, OBJECTION, REGRET)
    ]


def test_a_turn_that_objects_and_asks_more_keeps_its_row() -> None:
    asks = {"role": "user", "content": f"{OBJECTION['content']} And what of her bus?"}
    row = {"messages": [QUESTION, {"role": "assistant", "content": CLAIM}, asks, REGRET]}
    fixed = fix_row(record(row), FixSettings(Strategy.DROP), objects)
    assert fixed.value is row
    assert [change.reason for change in fixed.changes] == [OBJECTS_AND_MORE]
