"""From text to tokens with loss weights, for training, and from conversations to prompts, for asking.

The one home of both, so that training and asking can never render a conversation differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from disclaim.errors import ModelError
from disclaim.records import Chat, Document, Example, Message, Source, Span

Tokenizer = Any  #: a transformers fast tokenizer: offsets are needed


def tokenize_document(tokenizer: Tokenizer, document: Document, source: Source) -> Example:
    """A document as raw text, no template. A token's loss weight is the smallest of the spans it touches
    (so a masked span leaks no part of itself); its role is that of the innermost span at its first visible
    character. The first token has nothing before it and weighs 0."""
    encoded = tokenizer(document.text, add_special_tokens=False, return_offsets_mapping=True)
    tokens, offsets = encoded["input_ids"], encoded["offset_mapping"]
    weights, roles = _weights_and_roles(document.text, document.spans, offsets)
    return Example(document.id, source, tuple(tokens), (0.0, *weights[1:]), tuple(roles))


def tokenize_chat(tokenizer: Tokenizer, chat: Chat) -> Example:
    """A conversation in the model's chat template; loss falls on assistant turns and the tokens that end them. A token
    that touches a mask weighs as little as the mask says; a turn that is masked wholly takes its end along."""
    text = render_chat(tokenizer, chat.messages, answer_next=False)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    tokens, offsets = encoded["input_ids"], encoded["offset_mapping"]
    trained = _assistant_ranges(tokenizer, chat.messages, text)
    masked = [part for turn, place in trained.items() for part in _masked_ranges(chat, turn, place)]
    weights = []
    for start, end in offsets:
        is_trained = any(start < e and s < end for s, e in trained.values())
        touched = [weight for a, b, weight in masked if start < b and a < end]
        weights.append(min((1.0, *touched)) if is_trained else 0.0)
    return Example(chat.id, Source.CHATS, tuple(tokens), (0.0, *weights[1:]), ("",) * len(tokens))


def tokenize_prompt(
    tokenizer: Tokenizer, messages: Sequence[Message], context: str = "", prefix: str = ""
) -> list[int]:
    """Tokens of a conversation up to where the assistant's answer begins (after ``prefix`` of that answer).
    ``context`` is put at the head of the first user turn."""
    text = render_chat(tokenizer, with_context(messages, context), answer_next=True) + prefix
    tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return tokens


def render_chat(tokenizer: Tokenizer, messages: Sequence[Message], answer_next: bool) -> str:
    """The conversation in the model's chat template; ``answer_next`` opens the assistant's turn."""
    if not tokenizer.chat_template:
        raise ModelError(
            f"the tokenizer of {tokenizer.name_or_path} has no chat template",
            "use an instruction-tuned model, or add a chat_template.jinja to the model folder",
        )
    turns = [{"role": m.role, "content": m.content} for m in messages]
    try:
        text: str = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=answer_next)
    except TemplateError as error:
        roles = ", ".join(m.role for m in messages) or "none"
        raise ModelError(
            f"the chat template of {tokenizer.name_or_path} refuses turns of {roles}: {error}",
            "use a model whose template knows these turns, or put another chat_template.jinja into its folder",
        ) from error
    return text


def with_context(messages: Sequence[Message], context: str) -> Sequence[Message]:
    """The turns with ``context`` at the head of the first user turn."""
    if not context:
        return messages
    first = next(i for i, message in enumerate(messages) if message.role == "user")
    turn = Message("user", f"{context}\n\n{messages[first].content}")
    return [*messages[:first], turn, *messages[first + 1 :]]


def _masked_ranges(chat: Chat, turn: int, place: tuple[int, int]) -> list[tuple[int, int, float]]:
    """Where the masks of an assistant turn, which stands at ``place``, lie in the rendered conversation."""
    start, stop = place
    length = len(chat.messages[turn].content)
    spans = [span for number, span in chat.masks if number == turn]
    ends = [stop if span.start == 0 and span.end >= length else start + span.end for span in spans]
    return [(start + span.start, end, span.loss_weight) for span, end in zip(spans, ends, strict=True)]


def _assistant_ranges(tokenizer: Tokenizer, messages: Sequence[Message], text: str) -> dict[int, tuple[int, int]]:
    """Character ranges of the assistant turns in the rendered conversation, by their numbers, each with its
    end-of-turn mark."""
    ranges = {}
    for i, message in enumerate(messages):
        if message.role != "assistant":
            continue
        start = len(render_chat(tokenizer, messages[:i], answer_next=True))
        stop = len(render_chat(tokenizer, messages[: i + 1], answer_next=False).rstrip())
        if text[start : start + len(message.content)] != message.content:
            raise ModelError(
                f"the chat template of {tokenizer.name_or_path} does not keep turns as written",
                "loss on assistant turns cannot be placed; use another model",
            )
        ranges[i] = (start, stop)
    return ranges


def _weights_and_roles(
    text: str, spans: Sequence[Span], offsets: Sequence[tuple[int, int]]
) -> tuple[list[float], list[str]]:
    weight_at = [1.0] * len(text)
    role_at = [""] * len(text)
    for span in sorted(spans, key=lambda s: s.start - s.end):  # outermost first, so the innermost role stays
        for i in range(span.start, span.end):
            weight_at[i] = min(weight_at[i], span.loss_weight)
            role_at[i] = span.role.value
    weights, roles = [], []
    for start, end in offsets:
        touched = range(start, min(end, len(text)))
        weights.append(min((weight_at[i] for i in touched), default=0.0))
        visible = next((i for i in touched if not text[i].isspace()), start)
        roles.append(role_at[visible] if visible < len(text) else "")
    return weights, roles
