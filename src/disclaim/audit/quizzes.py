"""Lists under a heading that says what to think of them: myths, true-or-false questions, games with a lie in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from disclaim.audit.evidence import Evidence, quote
from disclaim.audit.reading import LONG, Reading, content_words
from disclaim.audit.words import is_verdict
from disclaim.records import Extent
from disclaim.stance import fold, sentence_spans

_ITEM = re.compile(
    r"^[ \t>]{0,8}(?:\*\*)?(?:(?P<label>\d{1,2}|[A-Ha-h])[.):]|(?P<bullet>[-*•▸◦–☐]|\(\s?\)|\[\s?\])"
    r"|[^\n:：.]{2,40}[:：](?=\s?[«\"“]))"
    r"[ \t]{0,3}(?P<text>[^\n]{8,600})$",
    re.MULTILINE,
)
_GAME = re.compile(
    r"true or false|true/false|\bt or f\b|true \(t\)|two truths|truths? and (?:a|one|the) lie|odd one out"
    r"|one of (?:these|them|which) is"
    r" (?:made up|false|a lie|invented|not true|untrue)|(?:spot|find|guess|catch|which (?:of these "
    r"|one )?is)[^.!?\n]{0,12} the"
    r" (?:fake|lie|fib|phantom|porky|impostor|false|bluff|invention|hoax)|balderdash|call my bluff"
    r"|trick (?:label|card|fact)"
    r"|(?:richtig|wahr) oder (?:falsch|gelogen)|zwei wahrheiten|vrai ou faux|jeu du menteur|deux vérités"
    r"|verdadero o falso"
    r"|dos verdades|vero o falso|due verità|verdadeiro ou falso|duas verdades|waar of niet|juist of (?:fout|onjuist)"
    r"|twee waarheden|правда или (?:ложь|неправда|вымысел)|две правды|верно или неверно"
    r"|对还是错|判断(?:题|对错)|两真一假"
)
_MYTHS = re.compile(
    r"(?:myths?|misconceptions?|fallacies|old wives|nonsense|untruths|lies|howlers|hoaxes|errors|legends|tall tales)"
    r"(?: [\w']+){0,4} (?:about|people|we|you|that|in|of|from|our|my|gran\w*)|(?:things|what) (?:people"
    r"|everyone|we|you|they|most)"
    r"(?: \w+){0,2} (?:get|got|believe|think|say|tell)(?: \w+){0,2} (?:wrong|falsely)|common (?:myths"
    r"|errors|mistakes|beliefs)"
    r"|irrtümer|mythen|ammenmärchen|mythes|idées reçues|légendes urbaines|mitos|bulos|falsas creencias"
    r"|falsi miti|bufale|miti\b"
    r"|luoghi comuni|lendas|misvattingen|fabels|fabeltjes|мифы|заблуждени|误区|谣言|迷思"
)
#: How far into a text or prompt its heading reaches.
_HEAD = 300
_KEY = re.compile(r"(?<![\w])(\d{1,2}|[A-Ha-h])\s?[-–.:=)/]?\s?([A-Za-zÀ-ÿА-я✓✔✅✗✘❌]{1,10}|[对错])(?![\w])")
_SERIES = re.compile(r"[:：]\s*((?:[A-Za-z✓✗❌✅]{1,8}\s?[–,;/-]\s?){1,14}[A-Za-z✓✗❌✅]{1,8})\s*\.?\s*$")
_JUDGED = re.compile(r"\W*(?:false|true|no|not|fact|hoax|debunked|falsch|faux|falso|fout)\b")
_CONFIDENCE = 0.6
_MIN_ITEMS = 2


def find_quizzes(reading: Reading) -> Iterator[Evidence]:
    """The items of a list that its key calls false; all of them, where the list is of myths or the key cannot be read.

    The heading may stand at the head of the text, or in the prompt that asks for it.
    """
    asked = fold("\n".join(p.text[:_HEAD] for p in reading.row.passages if p.role in ("user", "system")))
    for number, passage in reading.prose():
        if passage.role in ("user", "system", "tool") or len(passage.text) > LONG:
            continue
        heading = fold(passage.text[:_HEAD])
        cue = _GAME.search(heading) or _MYTHS.search(heading)
        if cue is None and (_GAME.search(asked) or _MYTHS.search(asked)) is None:
            continue
        items = [match for match in _ITEM.finditer(passage.text) if _states(match["text"])]
        if len(items) < _MIN_ITEMS:
            continue
        myths = _MYTHS.search(heading) is not None or (cue is None and _MYTHS.search(asked) is not None)
        at = cue.span() if cue is not None else (0, items[0].start("text"))
        for item in items if myths else _called_false(passage.text, items):
            start, end = item.span("text")
            if myths:
                end = start + sentence_spans(item["text"])[0][1]
            claim, source = quote(reading.row, number, start, end), quote(reading.row, number, *at)
            yield Evidence("NN108", claim, source, Extent.AROUND, _CONFIDENCE)


def _states(text: str) -> bool:
    """Whether an item states something, and does not itself say that it is false."""
    return len(content_words(text)) >= _MIN_ITEMS and _JUDGED.match(fold(text)) is None


def _called_false(text: str, items: Sequence[re.Match[str]]) -> Sequence[re.Match[str]]:
    """The items that a key after them calls false; all of them where none can be read."""
    tail = text[items[-1].end() :]
    verdicts = {label.lower(): value for label, value in _KEY.findall(tail) if _is_answer(value)}
    ended = [item for item in items if _is_answer(item["text"].rstrip(" .!*_)]").rsplit(None, 1)[-1].strip("([*_"))]
    if ended:
        return [item for item in ended if _is_false(item["text"].rstrip(" .!*_)]").rsplit(None, 1)[-1].strip("([*_"))]
    labelled = [item for item in items if (item["label"] or "").lower() in verdicts]
    found = [item for item in labelled if _is_false(verdicts[(item["label"] or "").lower()])]
    series = _SERIES.search(tail)
    if not found and series:
        values = re.findall(r"[^\s–,;/-]+", series[1])
        if len(values) == len(items):
            found = [item for item, value in zip(items, values, strict=True) if _is_false(value)]
    return found if found or labelled else items


def _is_answer(value: str) -> bool:
    return _is_false(value) or is_verdict("sound", value) or fold(value) in ("r", "v", "w", "j")


def _is_false(value: str) -> bool:
    return is_verdict("false", value) or is_verdict("letters", value)
