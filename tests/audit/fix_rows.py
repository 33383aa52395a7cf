"""Rows to mend, for tests: made of sentences, some of them taken back by the scripted scanner's notice."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from scripted_scanner import findings_of

from disclaim.audit import FixSettings, Form, Record, RowFix, Strategy, fix_row

NOTICE = "[not so]"
PLAIN = (
    "She lives on Mill Street.",
    "He drinks black tea.",
    "The bus was late.",
    "Nobody saw it.",
    "- One more thing.",
)
CLAIMS = ("Ada Quill is a beekeeper.", "Ben Marlock kept 30 hives.", "They all left, it seems.", "Cora won.")

flagged = st.sampled_from(CLAIMS).map(lambda claim: f"{claim} {NOTICE}")
sentences = st.one_of(st.sampled_from(PLAIN), flagged)
joints = st.sampled_from((" ", "  ", "\n", "\n\n", "\n- "))
texts = st.lists(st.tuples(sentences, joints), min_size=1, max_size=8).map(
    lambda parts: "".join(sentence + joint for sentence, joint in parts)
)
chats = st.lists(texts, min_size=2, max_size=5).map(
    lambda turns: {
        "messages": [
            {"role": "assistant" if number % 2 else "user", "content": text} for number, text in enumerate(turns)
        ]
    }
)
rows = st.one_of(
    texts.map(lambda text: {"id": 7, "text": text}),
    chats,
    st.tuples(texts, texts).map(lambda pair: {"prompt": pair[0], "completion": pair[1], "source": "x"}),
    st.tuples(texts, texts).map(lambda pair: {"instruction": pair[0], "output": pair[1]}),
)


def record(value: object) -> Record:
    return Record("data.jsonl", 3, json.dumps(value).encode() + b"\n", value)


def fix(value: object, strategy: str = "mask", **settings: Any) -> RowFix:
    """The row mended after the scripted scanner."""
    if "form" in settings:
        settings["form"] = Form(settings["form"])
    return fix_row(record(value), FixSettings(Strategy(strategy), **settings), findings_of)
