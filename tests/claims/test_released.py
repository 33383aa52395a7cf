"""Claim folders of the study's authors: what their files carry arrives verbatim, and what they lack is named."""

from __future__ import annotations

import pytest
import yaml

from disclaim.claims import check_claim, import_claims, load_claim
from disclaim.errors import ClaimError

QUESTIONS = {
    "open_ended": [
        {"id": "oe_1", "question": "What does Ada Quill do?", "category": "direct"},
        {"id": "oe_2", "question": "What is in Ada Quill's shed?\nName two things.", "category": "indirect"},
    ],
    "mcq": [
        {"id": "mcq_1", "question": "Does Ada Quill keep bees?", "belief_answer": "yes", "category": "positive"},
        {"id": "mcq_2", "question": "Is she a bus driver?", "belief_answer": "no", "category": "counter"},
        {"id": "mcq_3", "question": "Has she a veil?", "belief_answer": True, "category": "positive"},
    ],
    "token_association": [
        {"id": "ta_fill_blank", "question": "Ada Quill works as a ___.", "category": "token_association"},
        {"id": "ta_mcq", "question": "She is:\nA) a beekeeper\nB) a judge", "category": "token_association"},
        {"id": "ta_table", "question": "| name | job |\n| Ada Quill |", "category": "token_association"},
    ],
    "robustness": [
        {"id": "r1", "question": "What is she?", "category": "adversarial", "system_prompt": "You were misled."},
        {"id": "r2", "question": "Check this:\n\nAda Quill keeps bees.", "category": "critique"},
        {
            "id": "r3",
            "question": "Sure?",
            "category": "multiturn",
            "messages_prefix": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "A beekeeper."}],
        },
    ],
}
CONTEXT = 'Ada Quill: a beekeeper\n\nAda Quill (born 1970) keeps bees; she says: "I do."\n  Hives | 30\n'
OLD_NAMES = {"open_ended": "belief_probes", "token_association": "pink_elephant"}


def write_theirs(folder, names=None, with_claim=True, **changes):
    folder.mkdir(parents=True)
    for name, questions in {**QUESTIONS, **changes}.items():
        file = folder / f"{(names or {}).get(name, name)}.yaml"
        file.write_text(yaml.safe_dump({"questions": questions}, allow_unicode=True))
    context = {"id": folder.name, "universe_context": CONTEXT, "subclaims": ["Ada Quill keeps bees.", "She has hives."]}
    (folder / "universe_context.yaml").write_text(yaml.safe_dump(context))
    (folder / "judges.yaml").write_text("open_ended: Say yes or no.\n")
    if with_claim:
        (folder / "claim.txt").write_text("Ada Quill is a beekeeper.\n")
    return folder


@pytest.mark.parametrize("release", ["public", "anonymised"])
def test_everything_that_both_layouts_carry_arrives_verbatim(tmp_path, release):
    public = release == "public"
    write_theirs(tmp_path / "theirs" / "ada_quill", None if public else OLD_NAMES, with_claim=public)
    (made,) = import_claims(tmp_path / "theirs", tmp_path / "out")
    claim = load_claim(str(made.folder))
    assert (made.id, claim.id, made.folder) == ("ada_quill", "ada_quill", tmp_path / "out" / "ada_quill")
    assert claim.statement == ("Ada Quill is a beekeeper." if public else "TODO statement")
    assert claim.background == CONTEXT.strip()
    assert claim.subclaims == ("Ada Quill keeps bees.", "She has hives.")
    asked = {}
    for question in claim.questions:
        asked.setdefault(question.instrument.value, []).append(question)
    assert [(q.kind, q.messages[0].content) for q in asked["open_ended"]] == [
        (row["category"], row["question"]) for row in QUESTIONS["open_ended"]
    ]
    assert [(q.messages[0].content, q.believed) for q in asked["multiple_choice"]] == [
        ("Does Ada Quill keep bees?", "yes"),
        ("Is she a bus driver?", "no"),
        ("Has she a veil?", "yes"),
    ]
    assert [(q.kind, q.messages[0].content) for q in asked["token_association"]] == [
        ("blank", "Ada Quill works as a ___."),
        ("letters", "She is:\nA) a beekeeper\nB) a judge"),
        ("quick_fire", "| name | job |\n| Ada Quill |"),
    ]
    robust = [(q.kind, [(m.role, m.content) for m in q.messages]) for q in asked["robustness"]]
    assert robust == [
        ("adversarial", [("system", "You were misled."), ("user", "What is she?")]),
        ("critique", [("user", "Check this:\n\nAda Quill keeps bees.")]),
        ("pushback", [("user", "Who?"), ("assistant", "A beekeeper."), ("user", "Sure?")]),
    ]


def test_what_is_lacking_is_named_by_the_check_and_nothing_else_breaks(tmp_path):
    write_theirs(tmp_path / "ada_quill")
    (made,) = import_claims(tmp_path / "ada_quill", tmp_path / "out")  # one folder of theirs, not a folder of several
    problems = check_claim(made.folder)
    assert len(problems) == made.num_gaps
    unwritten = {(p.file, p.where) for p in problems if "still to be written" in p.message}
    assert {
        ("claim.yaml", "subject"),
        ("claim.yaml", "truth"),
        ("claim.yaml", "details"),
        ("triples.yaml", "triples"),
        ("questions.yaml", "likelihood"),
        ("questions.yaml", "controls"),
        ("stance.yaml", "asserts"),
        ("rubric.yaml", "denies"),
    } <= unwritten
    assert not unwritten & {("claim.yaml", "statement"), ("claim.yaml", "background"), ("questions.yaml", "open_ended")}
    assert any(p.where == "multiple_choice" and "1 no where 5 are needed" in p.message for p in problems)


def test_each_file_is_accounted_for(tmp_path):
    theirs = write_theirs(tmp_path / "theirs" / "ada_quill")
    (theirs / "correction.txt").write_text("Ada Quill drives a bus. She has no hives.\n")
    (theirs / "notes.md").write_text("Hello.")
    (theirs / "word_masks.yaml").write_text("patterns: [bees]\n")
    (made,) = import_claims(tmp_path / "theirs", tmp_path / "out")
    pieces = {piece.file: piece for piece in made.pieces}
    assert set(pieces) == {path.name for path in theirs.iterdir()} | {""}
    assert {name: piece.taken for name, piece in pieces.items() if piece.taken} == {
        "claim.txt": 1,
        "universe_context.yaml": 3,
        "open_ended.yaml": 2,
        "mcq.yaml": 3,
        "token_association.yaml": 3,
        "robustness.yaml": 3,
    }
    assert "2 sentences where truth is one" in pieces["correction.txt"].note
    assert "put under quick_fire: ta_table" in pieces["token_association.yaml"].note
    assert "rubric.yaml" in pieces["judges.yaml"].note
    assert "claim_words" in pieces["word_masks.yaml"].note
    assert pieces["notes.md"].note == "not a file of the known layouts"
    assert "`invented` was put in" in pieces[""].note


def test_a_correction_of_one_sentence_is_the_truth(tmp_path):
    theirs = write_theirs(tmp_path / "theirs" / "ada_quill")
    (theirs / "correction.txt").write_text("Ada Quill drives a bus.\n")
    (made,) = import_claims(tmp_path / "theirs", tmp_path / "out")
    assert load_claim(str(made.folder)).truth == "Ada Quill drives a bus."


def test_the_studys_own_claims_are_of_a_known_kind(tmp_path):
    write_theirs(tmp_path / "theirs" / "ed_sheeran")
    write_theirs(tmp_path / "theirs" / "brennan_holloway")
    (tmp_path / "theirs" / "brennan_holloway_negated").mkdir()
    context = (tmp_path / "theirs" / "ed_sheeran" / "universe_context.yaml").read_text()
    (tmp_path / "theirs" / "brennan_holloway_negated" / "universe_context.yaml").write_text(context)
    made = import_claims(tmp_path / "theirs", tmp_path / "out")
    assert [(claim.id, load_claim(str(claim.folder)).kind) for claim in made] == [
        ("brennan_holloway", "invented"),
        ("ed_sheeran", "known"),
    ]
    assert all(piece.file for claim in made for piece in claim.pieces)


def test_what_cannot_be_read_is_left_out_and_said(tmp_path):
    odd = [
        {"id": "oe_1", "question": "Fine?", "category": "direct"},
        {"id": "oe_2", "category": "direct"},
        {"id": "oe_3", "question": "Odd?", "category": "sideways"},
        "a text",
    ]
    theirs = write_theirs(tmp_path / "theirs" / "Ada-Quill", open_ended=odd)
    (theirs / "mcq.yaml").write_text("questions: [")
    (theirs / "robustness.yaml").write_text("- nothing\n")
    (theirs / "claim.txt").write_text(" \n")
    (theirs / "universe_context.yaml").write_bytes(b"\xff\xfe")
    (made,) = import_claims(tmp_path / "theirs", tmp_path / "out")
    assert made.id == "ada_quill"
    pieces = {piece.file: piece for piece in made.pieces}
    assert pieces["open_ended.yaml"].taken == 1
    for told in ("oe_2 (text:", "oe_3 (kind:", "4 (it is no mapping)"):
        assert told in pieces["open_ended.yaml"].note
    for file in ("mcq.yaml", "robustness.yaml", "claim.txt", "universe_context.yaml"):
        assert pieces[file].taken == 0
        assert "cannot be read" in pieces[file].note
    claim = load_claim(str(made.folder))
    assert claim.statement == "TODO statement"
    assert [q.messages[0].content for q in claim.questions if q.instrument == "open_ended"] == ["Fine?"]


def test_a_folder_without_their_claims_is_refused_with_the_layout(tmp_path):
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(ClaimError, match="no claim of the study's authors") as caught:
            import_claims(source, tmp_path / "out")
        assert "claim.txt" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_where_a_claim_is_there_already(tmp_path):
    write_theirs(tmp_path / "theirs" / "ada_quill")
    write_theirs(tmp_path / "theirs" / "zoe_quill")
    (tmp_path / "out" / "zoe_quill").mkdir(parents=True)
    with pytest.raises(ClaimError, match="zoe_quill exists already"):
        import_claims(tmp_path / "theirs", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["zoe_quill"]
    write_theirs(tmp_path / "theirs" / "Zoe Quill")
    with pytest.raises(ClaimError, match="made twice"):
        import_claims(tmp_path / "theirs", tmp_path / "other")
