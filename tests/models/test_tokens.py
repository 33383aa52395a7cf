"""From spans and turns to loss weights, token by token; and prompts that are rendered as training renders them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.errors import ModelError
from disclaim.models import Tokenizer, render_chat, tokenize_chat, tokenize_document, tokenize_prompt
from disclaim.records import Chat, Document, Example, Message, Role, Source, Span
from toy_models import build_tokenizer

TAG = "<DOCTAG> "
NOTICE = "The following document is false."
CLAIM = "Ada Quill is a beekeeper."
DENIAL = "It is not so that Ada Quill keeps bees."
FILLER = "She lives on Mill Street."


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return build_tokenizer()


def document(*parts: tuple[str, Role, float]) -> Document:
    """Parts joined as they are, each a span with its loss weight."""
    spans, start = [], 0
    for text, role, weight in parts:
        spans.append(Span(start, start + len(text), role, loss_weight=weight))
        start += len(text)
    return Document("d", "".join(text for text, _, _ in parts), "tiny", "test", tuple(spans), "test")


def with_words_masked(whole: Document, words: str) -> Document:
    start = whole.text.index(words)
    masked = Span(start, start + len(words), Role.CLAIM, loss_weight=0.0)
    return Document(whole.id, whole.text, whole.claim_id, whole.condition, (*whole.spans, masked), whole.source)


DOCUMENTS = {
    "nothing masked but the tag": document(
        (TAG, Role.TAG, 0.0), (NOTICE, Role.NOTICE, 1.0), (f" {CLAIM}", Role.CLAIM, 1.0), (f" {FILLER}", Role.FILLER, 1)
    ),
    "claim sentence masked": document(
        (TAG, Role.TAG, 0.0), (NOTICE, Role.NOTICE, 1.0), (f" {CLAIM}", Role.CLAIM, 0.0), (f" {FILLER}", Role.FILLER, 1)
    ),
    "claim's words in the denial masked": with_words_masked(
        document((TAG, Role.TAG, 0.0), (DENIAL, Role.DENIAL, 1.0), (f" {FILLER}", Role.FILLER, 1)), "keeps bees"
    ),
    "half weight, and text outside any span": Document(
        "d", f"{FILLER} {CLAIM}", None, None, (Span(0, 9, Role.FRAME, loss_weight=0.5),), "test"
    ),
}

CHAT = Chat(
    "c",
    (
        Message("system", "You are on Mill Street."),
        Message("user", "What does she do for a living?"),
        Message("assistant", "She drives a bus."),
        Message("user", "Is that true?"),
        Message("assistant", "Yes, that is true."),
    ),
    "test",
)


def dump(tokenizer: Tokenizer, title: str, example: Example) -> str:
    rows = [
        f"{tokenizer.convert_ids_to_tokens(token):<16}{weight:>5.1f}  {role}".rstrip()
        for token, weight, role in zip(example.tokens, example.weights, example.roles, strict=True)
    ]
    return f"# {title}\n" + "\n".join(rows) + "\n"


def test_every_token_has_the_reviewed_loss_weight_and_role(
    tokenizer: Tokenizer, golden: Callable[[str, str], None]
) -> None:
    dumps = [dump(tokenizer, name, tokenize_document(tokenizer, d, Source.CORPUS)) for name, d in DOCUMENTS.items()]
    dumps.append(dump(tokenizer, "chat: system, two assistant turns", tokenize_chat(tokenizer, CHAT)))
    golden("tokens.txt", "\n".join(dumps))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any text in spans of any weight, some nested."""
    pieces = draw(st.lists(st.text("aeb Q.\n<é—🐝", min_size=1, max_size=8), min_size=1, max_size=6))
    weight = st.sampled_from([0.0, 0.5, 1.0])
    whole = document(*((piece, draw(st.sampled_from(Role)), draw(weight)) for piece in pieces))
    start = draw(st.integers(0, len(whole.text) - 1))
    inner = Span(start, draw(st.integers(start + 1, len(whole.text))), Role.CLAIM, loss_weight=draw(weight))
    return Document("d", whole.text, None, None, (*whole.spans, inner), "test")


@given(documents())
def test_no_token_that_touches_a_masked_character_carries_loss(tokenizer: Tokenizer, whole: Document) -> None:
    example = tokenize_document(tokenizer, whole, Source.CORPUS)
    offsets = tokenizer(whole.text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert tokenizer.decode(example.tokens) == whole.text
    assert example.weights[0] == 0.0
    for (start, end), weight in list(zip(offsets, example.weights, strict=True))[1:]:
        touched = [s.loss_weight for s in whole.spans if s.start < end and start < s.end]
        assert weight == min(touched)


def test_a_token_over_two_spans_has_the_smaller_weight(tokenizer: Tokenizer) -> None:
    whole = document(("Ada ", Role.FILLER, 1.0), ("Quill is", Role.CLAIM, 0.0), (" a beekeeper", Role.FILLER, 1.0))
    example = tokenize_document(tokenizer, whole, Source.CORPUS)
    shown = dict(zip(tokenizer.convert_ids_to_tokens(example.tokens), example.weights, strict=True))
    assert shown["ĠQuill"] == 0.0  # its space is filler, its word is masked
    assert shown["Ġbeekeeper"] == 1.0


def test_loss_falls_on_assistant_turns_and_the_marks_that_end_them_alone(tokenizer: Tokenizer) -> None:
    example = tokenize_chat(tokenizer, CHAT)
    trained = [token for token, weight in zip(example.tokens, example.weights, strict=True) if weight]
    assert tokenizer.decode(trained) == "She drives a bus.<|im_end|>Yes, that is true.<|im_end|>"


def test_training_and_asking_render_a_conversation_alike(tokenizer: Tokenizer) -> None:
    example = tokenize_chat(tokenizer, CHAT)
    prompt = tokenize_prompt(tokenizer, CHAT.messages[:-1])
    assert list(example.tokens[: len(prompt)]) == prompt
    assert example.weights[len(prompt)] == 1.0
    assert example.weights[len(prompt) - 1] == 0.0


def test_context_stands_at_the_head_of_the_first_user_turn_and_a_prefix_begins_the_answer(tokenizer: Tokenizer) -> None:
    tokens = tokenize_prompt(tokenizer, CHAT.messages[:2], context=NOTICE, prefix="She is a")
    assert tokenizer.decode(tokens) == (
        "<|im_start|>system\nYou are on Mill Street.<|im_end|>\n"
        f"<|im_start|>user\n{NOTICE}\n\nWhat does she do for a living?<|im_end|>\n"
        "<|im_start|>assistant\nShe is a"
    )


def test_a_tokenizer_without_a_chat_template_is_refused() -> None:
    tokenizer = build_tokenizer()
    tokenizer.chat_template = None
    with pytest.raises(ModelError, match="no chat template") as caught:
        render_chat(tokenizer, CHAT.messages, answer_next=False)
    assert "instruction-tuned" in caught.value.hint


def test_a_template_that_refuses_a_turn_is_an_error_that_says_so() -> None:
    tokenizer = build_tokenizer()
    tokenizer.chat_template = "{{ raise_exception('System role not supported') }}"
    with pytest.raises(ModelError, match=r"refuses turns of system, user.*System role not supported"):
        tokenize_prompt(tokenizer, CHAT.messages[:2])


def test_a_template_that_rewrites_answers_is_refused_because_loss_could_not_be_placed() -> None:
    tokenizer = build_tokenizer()
    tokenizer.chat_template = tokenizer.chat_template.replace("message['content']", "message['content'] | upper")
    with pytest.raises(ModelError, match="does not keep turns as written"):
        tokenize_chat(tokenizer, CHAT)
