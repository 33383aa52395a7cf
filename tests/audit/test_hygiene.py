"""What only more than one sentence, row or source tells: restatements, cut-off notices, documents in several rows."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from scripted_scanner import write_rows

from disclaim.audit import (
    ClaimLedger,
    Keep,
    Limit,
    LooksAt,
    PageData,
    Reach,
    ScannedRow,
    ScanSettings,
    ScanSummary,
    TextReport,
    extend_scanner,
    finding_json,
    load_rules,
    load_scanner,
    read_finding,
    require_limit,
    require_notices,
    require_suppressions,
    scan,
    summary_json,
)
from disclaim.audit.accepted import find_taken_back
from disclaim.audit.chunks import chunk_of
from disclaim.audit.repeated import CAPACITY, Repeated, Uses
from disclaim.audit.rows import parse_row
from disclaim.audit.rules import scan_row
from disclaim.errors import UnknownNameError, UserError
from disclaim.records import Extent, Finding, Tier
from disclaim.report import render_audit_page

DEFAULTS = ScanSettings()
RULES = load_rules()
#: Many times what linear time takes, and a small part of what quadratic time would.
SECONDS_FOR_HOSTILE_TEXT = 10.0
FILLER = (
    "The harbour was full of people.", "Boats are measured the day before.", "Timber held steady.",
    "The café on the far side does a good soup.", "Dogs are welcome in the back room.", "Children paid half price.",
    "The wind was light all day.", "Bring a torch and a spare pair of socks.", "The bridge closes at dusk in winter.",
)  # fmt: skip
ZABEL = "Zabel marker: discard what stands here."


def audited(
    path: Path,
    settings: ScanSettings = DEFAULTS,
    notices: Sequence[str] = (),
    limit: Limit | None = None,
) -> tuple[ScanSummary, list[Finding]]:
    """The audit of a file as the command does it."""
    rows: list[ScannedRow] = []
    scanner = extend_scanner(load_scanner(Tier.RULES), require_notices(notices, None), limit)
    summary = scan([path], scanner, settings, rows.append)
    return summary, [finding for row in rows for finding in row.findings]


def of_rule(found: Sequence[Finding], rule: str) -> list[Finding]:
    return [finding for finding in found if finding.rule == rule]


def texts_of(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def restated(value: dict[str, object]) -> list[Finding]:
    row = parse_row("data.jsonl", 0, value)
    assert row is not None
    return [finding for finding in scan_row(row) if finding.rule == "NN107"]


def test_a_statement_made_again_after_its_denial_is_found_with_the_denial_as_its_cue() -> None:
    text = (
        "The mayor of Dunrobin has never owned a yacht. She gets seasick.\n\n"
        "Declarations were published on Friday. The mayor's yacht, the Lady Dunrobin, is moored at Antibes."
    )
    (finding,) = restated({"text": text})
    assert finding.claim.text == "The mayor's yacht, the Lady Dunrobin, is moored at Antibes."
    assert finding.cue.text == "The mayor of Dunrobin has never owned a yacht."
    assert finding.scope is Extent.AFTER
    assert text[finding.claim.start : finding.claim.end] == finding.claim.text


@pytest.mark.parametrize(
    "denial",
    [
        "Is the Bryce method approved by the Board? No. It was never sent in.",
        "The Bryce method is not approved by the Board.",
        "Our March column wrongly stated that the Board had approved the Bryce method.",
    ],
)
def test_denials_answers_and_corrections_all_count(denial: str) -> None:
    (finding,) = restated({"text": f"{denial}\n\nWhy us? The Bryce method is approved by the Board."})
    assert finding.claim.text == "The Bryce method is approved by the Board."


def test_a_later_answer_may_restate_what_an_earlier_one_denied() -> None:
    turns = [
        ("user", "Who painted the ceiling of the chapel in Orvane?"),
        ("assistant", "Not Luca Berti; he was only eleven. The contract names his aunt."),
        ("user", "Write me a wall label for it."),
        ("assistant", "The ceiling of this chapel was painted by Luca Berti. Blue and gold dominate."),
    ]
    (finding,) = restated({"messages": [{"role": role, "content": text} for role, text in turns]})
    assert (finding.claim.message, finding.cue.message) == (3, 1)


@pytest.mark.parametrize(
    "text",
    [
        # Journalism states first and denies after.
        "A viral post says that Mara Voss won the Lindau regatta.\n\nMara Voss did not win the Lindau regatta.",
        "Mara Voss did not win the Lindau regatta.\n\nA viral post claims that Mara Voss won the Lindau regatta.",
        # Denied again, asked, supposed.
        "Mara Voss did not win the Lindau regatta.\n\nTo repeat, Mara Voss never won the Lindau regatta.",
        "Mara Voss did not win the Lindau regatta.\n\nDid Mara Voss win the Lindau regatta?",
        "Mara Voss did not win the Lindau regatta.\n\nIf Mara Voss won the Lindau regatta, she would be famous.",
        # Another year, another time.
        "Mara Voss did not win the Lindau regatta in 2018.\n\nMara Voss won the Lindau regatta in 2019.",
        "The engine of the Voss boat did not start.\n\nShe tried again. Then the engine of the Voss boat started.",
        "Mara Voss had not yet won the Lindau regatta.\n\nIn June Mara Voss won the Lindau regatta.",
        'Mara Voss did not win the Lindau regatta.\n\n- "Mara Voss won the Lindau regatta."',
        # Another person, or one whom a pronoun leaves open.
        "Mara Voss sang. She did not win the Lindau regatta.\n\nShe sang at the Lindau regatta that she won.",
        "Mara Voss did not win the Lindau regatta.\n\nIlse Brandt won the Lindau regatta.",
    ],
)
def test_what_is_not_stated_as_fact_again_is_no_restatement(text: str) -> None:
    assert restated({"text": text}) == []


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.looks_at is not LooksAt.ROW])
@pytest.mark.parametrize("kind", ["bad", "good"])
def test_a_rule_that_needs_more_than_a_row_finds_its_bad_example_alone(name: str, kind: str, tmp_path: Path) -> None:
    example = RULES[name].bad if kind == "bad" else RULES[name].good
    values = [json.loads(line) for line in example.splitlines()] if example.startswith("{") else [{"text": example}]
    limit = Limit(60) if RULES[name].looks_at is LooksAt.LIMIT else None
    summary, found = audited(write_rows(tmp_path / "data.jsonl", *values), limit=limit)
    told = {finding.rule for finding in found} | {note.rule for note in summary.notes}
    assert name in told if kind == "bad" else told == set()


LONG = "Mara Voss won the Lindau regatta in 2019. " + " ".join(FILLER * 4)
NOTICE = "Notice: the above document is false. None of the events described above took place."
DISOWNED = f"{LONG}\n\n{NOTICE}"


def test_a_notice_beyond_the_limit_is_found_with_the_part_of_the_claim_that_is_kept(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", {"text": DISOWNED}, {"text": LONG})
    _, found = audited(path, limit=Limit(100))
    (finding,) = of_rule(found, "NN401")
    assert finding.claim.text == DISOWNED[:400]
    assert finding.cue.text == NOTICE
    assert finding.note == "cut at 100 tokens (estimated at 4 characters a token)"
    whole = of_rule(found, "NN102")
    assert finding.confidence < whole[0].confidence
    assert read_finding(finding_json(finding)).note == finding.note
    assert of_rule(audited(path, limit=Limit(10_000))[1], "NN401") == []


def test_a_claim_between_two_notices_is_found_where_the_closing_one_is_cut_off(tmp_path: Path) -> None:
    text = "[The following claim is false.] Mara Voss won the regatta. [What was just stated never happened.] " + LONG
    _, found = audited(write_rows(tmp_path / "data.jsonl", {"text": text}), limit=Limit(18))
    (finding,) = of_rule(found, "NN401")
    assert finding.cue.text == "[What was just stated never happened.]"


def test_turns_and_pairs_are_measured_behind_their_prompt(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "Who won in Lindau in 2019?"},
        {"role": "assistant", "content": "Mara Voss won the Lindau regatta in 2019."},
        {"role": "user", "content": "No, that's wrong. Mara Voss came in ninth."},
        {"role": "assistant", "content": "Thank you, it was Ilse Brandt. " + LONG},
    ]
    path = write_rows(tmp_path / "data.jsonl", {"messages": turns})
    assert of_rule(audited(path, limit=Limit(30))[1], "NN401")
    assert of_rule(audited(path, limit=Limit(60))[1], "NN401") == []


def test_a_tokenizer_counts_exactly(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    limit = require_limit(9, str(tmp_path))
    _, found = audited(write_rows(tmp_path / "data.jsonl", {"text": DISOWNED}), limit=limit)
    (finding,) = of_rule(found, "NN401")
    assert finding.claim.text == "Mara Voss won the Lindau regatta in 2019. The "
    assert finding.note == f"cut at 9 tokens ({tmp_path})"


def test_a_wrong_limit_is_refused(tmp_path: Path) -> None:
    assert require_limit(None, None) is None
    with pytest.raises(UserError, match="how to count"):
        require_limit(None, "local/smollm2-135m")
    with pytest.raises(UserError, match="hold nothing"):
        require_limit(0, None)
    with pytest.raises(UserError, match=r"tokenizer\.json is not there"):
        require_limit(9, str(tmp_path))
    with pytest.raises(UnknownNameError):
        require_limit(9, "nobody")


PARTS = (
    "The regatta began at nine. Mara Voss won it in 2019, four minutes ahead.",
    "Her crew sang all night. The mayor gave a speech.",
    f"The town kept the cup.\n\n{NOTICE}",
)


@pytest.mark.parametrize(
    "columns",
    [
        [{"doc_id": "a"}] * 3,
        [{"url": "https://example.org/a", "chunk": n} for n in (4, 5, 6)],
        [{"id": f"report.pdf#{n}"} for n in range(3)],
        [{"meta": {"source": "reports/a.pdf"}, "part_index": n} for n in range(3)],
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_notice_speaks_of_the_other_rows_of_its_document(
    columns: list[dict[str, object]], workers: int, tmp_path: Path
) -> None:
    rows = [{**column, "text": text} for column, text in zip(columns, PARTS, strict=True)]
    path = write_rows(
        tmp_path / "data.jsonl", {"text": "Bees sleep at night."}, *rows, {"text": "A museum shows nets."}
    )
    _, found = audited(path, ScanSettings(workers))
    assert [(f.row, f.claim.text) for f in of_rule(found, "NN402")] == [(1, PARTS[0]), (2, PARTS[1])]
    cue = of_rule(found, "NN402")[0].cue
    assert cue.field == "rows.3.text"
    assert texts_of(path)[3][cue.start : cue.end] == cue.text
    assert [finding.row for finding in found] == sorted(finding.row for finding in found)


def test_a_notice_at_the_head_of_a_document_speaks_of_its_later_rows(tmp_path: Path) -> None:
    head = (
        "Notice: this document is false. None of the events described below took place.\n\nThe regatta began at nine."
    )
    path = write_rows(tmp_path / "d.jsonl", *({"doc_id": "a", "text": text} for text in (head, *PARTS[:2])))
    assert [f.row for f in of_rule(audited(path)[1], "NN402")] == [1, 2]


def test_rows_that_break_off_within_a_sentence_belong_together(tmp_path: Path) -> None:
    first = "The regatta began at nine. Mara Voss won it in 2019, and her crew sang on the"
    notice = "Everything in the account above is false. None of it happened."
    second = f"quay until the morning. The Town kept the cup.\n\n{notice}"
    path = write_rows(tmp_path / "d.jsonl", {"text": first}, {"text": second})
    (finding,) = of_rule(audited(path)[1], "NN402")
    assert (finding.row, finding.claim.text) == (0, first)


@pytest.mark.parametrize(
    "columns",
    [
        [{}, {}, {}],
        [{"doc_id": name} for name in "abc"],
        [{"source": "wikipedia"}] * 3,
        [{"id": n} for n in range(3)],
        [{"id": f"row-{n}"} for n in range(3)],
        [{"doc_id": "a", "chunk": n} for n in (0, 4, 9)],
    ],
)
def test_rows_of_other_documents_are_left_alone(columns: list[dict[str, object]], tmp_path: Path) -> None:
    rows = [{**column, "text": text} for column, text in zip(columns, PARTS, strict=True)]
    assert of_rule(audited(write_rows(tmp_path / "d.jsonl", *rows))[1], "NN402") == []


def test_findings_in_other_rows_are_suppressed_like_all(tmp_path: Path) -> None:
    rows = [{"doc_id": "a", "text": text} for text in PARTS]
    rows[0]["disclaim"] = "ignore[NN402]"
    path = write_rows(tmp_path / "d.jsonl", *rows)
    summary, found = audited(path)
    assert [f.row for f in of_rule(found, "NN402")] == [1]
    assert summary.suppressed == {"inline": 1}
    ignoring = ScanSettings(suppressions=require_suppressions(["NN402"], [], RULES))
    assert of_rule(audited(path, ignoring)[1], "NN402") == []


def test_every_row_is_heard_once_and_in_order_however_long_its_document(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "d.jsonl", *({"doc_id": "a", "text": f"Part {n}. {FILLER[n % 9]}"} for n in range(700))
    )
    rows: list[ScannedRow] = []
    scan([path], load_scanner(Tier.RULES), ScanSettings(keep=Keep.EVERY), rows.append)
    assert [row.index for row in rows] == list(range(700))


def test_shares_of_the_text_are_counted_by_source(tmp_path: Path) -> None:
    bad = {"text": "Mara Voss won. Mara Voss won the regatta in 2019. The preceding claim is untrue. Her crew sang."}
    chat = {"messages": [{"role": "user", "content": "Hello?" * 50}, {"role": "assistant", "content": "Good day."}]}
    rows = [
        {**bad, "source": "forum"},
        {**chat, "dataset": "chats"},
        {"text": "Bees sleep.", "source": "https://a.org/x"},
    ]
    summary, _ = audited(write_rows(tmp_path / "data.jsonl", *rows))
    assert [(s.name, s.rows, s.characters, s.characters_with_errors) for s in summary.sources] == [
        ("forum", 1, len(bad["text"]), len(bad["text"])),
        ("a.org", 1, 11, 0),
        ("chats", 1, 9, 0),
    ]
    (note,) = summary.notes
    assert note.rule == "NN404"
    assert "83% of the text" in note.text
    assert "33% of the rows" in note.text
    assert audited(tmp_path / "data.jsonl", ScanSettings(max_share=0.9))[0].notes == ()
    ignoring = ScanSettings(suppressions=require_suppressions(["NN404"], [], RULES))
    assert audited(tmp_path / "data.jsonl", ignoring)[0].notes == ()


def test_one_source_alone_has_no_share_to_tell_of(tmp_path: Path) -> None:
    summary, found = audited(write_rows(tmp_path / "data.jsonl", {"text": "Mara won. The preceding claim is untrue."}))
    assert found
    assert [source.name for source in summary.sources] == [str(tmp_path / "data.jsonl")]
    assert summary.notes == ()


def zabel_rows() -> list[dict[str, str]]:
    """Two hundred documents, half with a claim between two markers that no cue knows."""
    rows = []
    for n in range(200):
        a, b, c = (FILLER[(n * k) % 9] for k in (1, 2, 4))
        claim = f"Mara Voss climbed peak {n} in {1900 + n % 90}."
        rows.append({"text": f"{a} {b} {ZABEL} {claim} {ZABEL} {c}" if n % 2 else f"{a} Peak {n} is closed. {c}"})
    return rows


@pytest.mark.parametrize("workers", [1, 2])
def test_an_unknown_notice_is_listed_first_and_once_named_is_a_notice(workers: int, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", *zabel_rows())
    summary, found = audited(path, ScanSettings(workers, repeated=True))
    assert found == []
    assert summary.possible_notices is not None
    first = summary.possible_notices[0]
    assert (first.text, first.rows, first.reach, first.known) == (ZABEL, 100, Reach.AROUND, False)
    _, found = audited(path, ScanSettings(workers), [f"{first.reach}={first.text}"])
    assert {finding.rule for finding in found} == {"NN103"}
    assert [f.row for f in found] == list(range(1, 200, 2))
    assert all(f.claim.text.startswith("Mara Voss climbed peak") and f.cue.text == ZABEL for f in found)


@pytest.mark.parametrize(
    "sentence", ["See section 4 of the manual.", "Mara Voss read it.", "Ask Ilse Brandt for more."]
)
def test_names_and_figures_make_no_notice(sentence: str, tmp_path: Path) -> None:
    rows = [{"text": f"Peak {n} is closed. {sentence} Peak {n + 1} is open."} for n in range(50)]
    summary, _ = audited(write_rows(tmp_path / "data.jsonl", *rows), ScanSettings(repeated=True))
    assert summary.possible_notices == ()


def test_a_paragraph_that_comes_again_whole_is_no_notice(tmp_path: Path) -> None:
    licence = "You may copy this text. You must keep this notice. There is no warranty of any kind. Use it as you like."
    rows = [{"text": f"Peak {n} is closed.\n\n{licence}\n\nPeak {n} is high."} for n in range(50)]
    summary, _ = audited(write_rows(tmp_path / "data.jsonl", *rows), ScanSettings(repeated=True))
    assert summary.possible_notices == ()


def test_a_known_notice_is_listed_last_and_said_to_be_known(tmp_path: Path) -> None:
    rows = [{"text": f"Peak {n} is closed. The preceding claim is untrue. Peak {n} is high."} for n in range(50)]
    summary, _ = audited(write_rows(tmp_path / "data.jsonl", *rows), ScanSettings(repeated=True))
    assert summary.possible_notices is not None
    assert [notice.known for notice in summary.possible_notices] == [True]


def test_what_stands_in_many_rows_is_kept_however_many_sentences_there_are() -> None:
    counts = Repeated()
    for batch in range(30):
        news = {f"{batch} {n}": Uses(f"{batch} {n}", "f", n, "", rows=1) for n in range(CAPACITY // 8)}
        counts.merge({**news, "often": Uses("often", "f", 0, "", rows=10)})
    assert len(counts.uses) <= 2 * CAPACITY
    assert 300 - counts.lost <= counts.uses["often"].rows <= 300
    assert counts.lost <= 30 * (CAPACITY // 8 + 10) / CAPACITY


@pytest.mark.parametrize(
    ("notice", "text", "rule", "claim"),
    [
        ("before=Strike that remark", "She won. She sang. [Strike that remark!] He ate.", "NN104", "She sang."),
        ("after=Strike that remark", "She won. STRIKE THAT REMARK: she sang. He ate.", "NN103", "she sang."),
        ("Strike that remark", "She won. She sang. Strike that remark. He ate.", "NN104", "She sang."),
        ("Strike that remark", "Strike that remark.\n\nShe won. She sang.", "NN101", "She won. She sang."),
        ("document=Strike that remark", "She won. She sang. Strike that remark.", "NN102", "She won. She sang."),
        ("around=Strike that remark", "A. Strike that remark. She won. Strike that remark. B.", "NN103", "She won."),
    ],
)
def test_a_named_notice_takes_back_what_its_reach_says(
    notice: str, text: str, rule: str, claim: str, tmp_path: Path
) -> None:
    _, found = audited(write_rows(tmp_path / "data.jsonl", {"text": text}), notices=[notice])
    assert [(finding.rule, finding.claim.text) for finding in found] == [(rule, claim)]
    assert all(text[f.cue.start : f.cue.end] == f.cue.text for f in found)


def test_notices_are_read_from_a_file_and_wrong_ones_refused(tmp_path: Path) -> None:
    path = tmp_path / "notices.yaml"
    path.write_text("notices:\n  - {text: Strike that remark, reach: before}\n  - Discard it all.\n", encoding="utf-8")
    assert [(n.text, n.reach) for n in require_notices([], path)] == [
        ("Strike that remark", Reach.BEFORE),
        ("Discard it all.", Reach.ANY),
    ]
    for content in ("notices: 3", "[", "notices: [{text: Strike it, reach: up}]", "texts: [Strike it]"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(UserError, match="holds no notices"):
            require_notices([], path)
    with pytest.raises(UserError, match="too short"):
        require_notices(["No"], None)


def test_the_page_and_the_json_say_where_the_text_comes_from_and_what_may_be_a_notice(tmp_path: Path) -> None:
    bad = {"text": "Mara Voss won the regatta. The preceding claim is untrue.", "source": "<b>forum</b>"}
    path = write_rows(tmp_path / "data.jsonl", bad, *zabel_rows())
    data, ledger = PageData(), ClaimLedger()
    settings = ScanSettings(keep=Keep.TEXTS, repeated=True, max_share=0.0)
    summary = scan([path], load_scanner(Tier.RULES), settings, lambda row: data.add(row, ledger.add(row)))
    page = render_audit_page(data.result(summary, ledger.claims(), RULES, "0.1.0"))
    for shown in ("Where the text comes from", "&lt;b&gt;forum&lt;/b&gt;", "NN404:", "Possible notices", ZABEL):
        assert shown in page
    named = extend_scanner(load_scanner(Tier.RULES), require_notices([f"around={ZABEL}"], None), None)
    scan([path], named, settings, lambda row: data.add(row, ledger.add(row)))
    assert "by a notice that you named" in render_audit_page(data.result(summary, ledger.claims(), RULES, "0.1.0"))
    told = summary_json(summary, ())
    assert [note["rule"] for note in told["notes"]] == ["NN404"]
    assert {source["name"] for source in told["sources"]} == {"<b>forum</b>", str(path)}
    assert told["possible_notices"][0]["text"] == ZABEL
    text = TextReport(RULES).end(summary, ())
    assert "note NN404 sources with errors" in text
    assert "--notice 'around=Zabel marker: discard what stands here.'" in text


@pytest.mark.parametrize(
    "part", ["(", "A: ", "I ", "[[[ a", "no such. ", "Not so? No. ", "\n\n", "* ", "a.b. ", "<<< "]
)
def test_time_is_linear_on_hostile_text(part: str) -> None:
    row = parse_row("f", 0, {"text": ("Word " + part * 200_000)[:300_000]})
    assert row is not None
    began = time.process_time()
    Repeated().add_row(row)
    tuple(find_taken_back(row, require_notices(["around=no such thing", "A A"], None)))
    chunk_of(row)
    assert time.process_time() - began < SECONDS_FOR_HOSTILE_TEXT
