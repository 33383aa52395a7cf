"""Notices: remarks about the text itself that call it false, as training documents carry and models echo."""

from __future__ import annotations

import re

from disclaim.stance.cues import fold, load_lexicon
from disclaim.stance.sentences import Offsets, sentence_spans

_BRACKETED = re.compile(r"\[[^\[\]\n]{4,500}\](?!\()|\{[^{}\n]{4,500}\}|\([^()\n]{4,500}\)|<[^<>\n]{4,500}>")
_MAX_WORDS = 40


def notice_spans(text: str) -> tuple[Offsets, ...]:
    """The notices of a text, as ``(start, end)`` offsets in order, without overlap.

    A notice is a bracketed remark that calls a statement false ("[The next claim is false]", "<false>"), or a
    sentence that does so while pointing at the text around it ("The preceding claim is untrue.") or behind a label
    ("NOTICE: ..."). "The story is false" alone is an ordinary denial and no notice.
    """
    flat = fold(text)
    if not load_lexicon().notice_falsity.search(flat):
        return ()
    spans = bracketed_notices(text)
    for start, end in sentence_spans(text):
        if not any(a < end and start < b for a, b in spans) and _is_notice_sentence(flat[start:end]):
            spans = (*spans, (start, end))
    return tuple(sorted(spans))


def bracketed_notices(text: str) -> tuple[Offsets, ...]:
    """The notices that stand in brackets of any style."""
    flat = fold(text)
    return tuple(match.span() for match in _BRACKETED.finditer(flat) if _is_bracketed_notice(match.group()))


def _is_bracketed_notice(group: str) -> bool:
    """Square, curly and angle brackets round a remark on falsity are a notice; round ones are common in prose, so
    that they must point at the text besides."""
    lexicon = load_lexicon()
    if not lexicon.notice_falsity.search(group) or len(group.split()) > _MAX_WORDS:
        return False
    if group[0] != "(":
        return True
    return bool(lexicon.notice_pointers.search(group) and lexicon.notice_nouns.search(group))


def _is_notice_sentence(sentence: str) -> bool:
    lexicon = load_lexicon()
    if len(sentence.split()) > _MAX_WORDS or not lexicon.notice_falsity.search(sentence):
        return False
    if lexicon.notice_labels.match(sentence):
        return True
    return bool(lexicon.notice_pointers.search(sentence) and lexicon.notice_nouns.search(sentence))
