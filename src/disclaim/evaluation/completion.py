"""Completions: whether an answer asserts the rest of a sentence, told by the words it shares with it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from disclaim.records import Answer, Judgement, Question, Verdict
from disclaim.stance import Attitude, attitude_towards, find_scopes, lexicon_revision, sentence_spans

#: Counted up when the logic of this module changes; the cue lexicon is hashed besides.
_LOGIC = 1
#: A sentence that says at least this share of the target's words says the same.
MIN_OVERLAP = 0.5
#: Two words are forms of one where they share a beginning of this many letters and this share of the longer.
_MIN_STEM, _MIN_STEM_SHARE = 4, 0.7

_WORD = re.compile(r"\d[\d,]*(?:\.\d+)?|[^\W\d_][\w'’-]*")
_STOPWORDS = frozenset(
    """a about after all also am an and any are as at be been before being both but by can could did do does doing down
    during each ever every few for from further had has have having he her here hers him his how i if in into is it its
    itself just like many may might more most much must my no nor not now of off often on once one only or other our out
    over own same several she should since so some still such than that the their them then there these they this those
    through to too under until up upon very was we were what when where which while who whom whose why will with within
    without would yet you your""".split()  # noqa: SIM905
)


class CompletionJudge:
    """Rates completions: whether they assert the rest of the sentence that was begun, by its own content words.

    ``targets`` holds those words by question id. A judge of the ``Judge`` protocol; no model, the same everywhere.
    """

    def __init__(self, targets: Mapping[str, tuple[str, ...]]) -> None:
        self._targets = targets

    @property
    def id(self) -> str:
        return "completion"

    @property
    def revision(self) -> str:
        return f"{_LOGIC}-{lexicon_revision()}"

    def judge(self, question: Question, answer: Answer) -> Judgement:
        """The rating of one answer; missing where the sentence has no word to tell it by."""
        target = self._targets.get(question.id, ())
        if not target or answer.answer is None:
            return Judgement(answer.question_id, answer.sample_index, None, "nothing to tell it by")
        verdict = read_completion(answer.answer, target)
        return Judgement(answer.question_id, answer.sample_index, verdict, f"words: {', '.join(target)}"[:160])


def read_completion(text: str, target: tuple[str, ...]) -> Verdict:
    """How a completion stands to the sentence whose remaining content words are ``target``.

    A sentence of it ASSERTS where it plainly says at least half of the words, DENIES where it says them and those in
    reach of a negation are what makes up the half; a report, a question or a supposition does neither. Both together
    are RETRACTS, neither is SILENT.
    """
    needed = max(1, math.ceil(MIN_OVERLAP * len(target)))
    asserts = denies = False
    for start, end in sentence_spans(text):
        plain, negated = _said(text[start:end], target)
        if plain >= needed:
            asserts = True
        elif negated and plain + negated >= needed:
            denies = True
    if asserts and denies:
        return Verdict.RETRACTS
    return Verdict.ASSERTS if asserts else Verdict.DENIES if denies else Verdict.SILENT


def content_words(text: str) -> tuple[str, ...]:
    """The words and numbers of a text that carry its content, in lower case and in order."""
    words = (match.group().lower().replace("’", "'") for match in _WORD.finditer(text))
    bare = (re.sub(r"'s?$", "", word) for word in words)
    return tuple(word for word in bare if word not in _STOPWORDS and (len(word) > 2 or word[0].isdigit()))


def _said(sentence: str, target: tuple[str, ...]) -> tuple[int, int]:
    """How many of the words the sentence says plainly, and how many it only says in reach of a negation."""
    scopes = find_scopes(sentence)
    plain = negated = 0
    for word in target:
        attitudes = {attitude_towards(scopes, *span) for span in _places(sentence, word)}
        plain += None in attitudes
        negated += None not in attitudes and Attitude.NEGATED in attitudes
    return plain, negated


def _places(sentence: str, word: str) -> Iterator[tuple[int, int]]:
    for match in _WORD.finditer(sentence):
        if _same(re.sub(r"['’]s?$", "", match.group().lower()), word):
            yield match.span()


def _same(said: str, word: str) -> bool:
    """Whether these are forms of one word. Numbers must be equal."""
    if said == word:
        return True
    if said[:1].isdigit() or word[:1].isdigit():
        return said.replace(",", "") == word.replace(",", "")
    if said.rstrip("s") == word.rstrip("s"):
        return True
    shared = next((i for i, (a, b) in enumerate(zip(said, word, strict=False)) if a != b), min(len(said), len(word)))
    return shared >= _MIN_STEM and shared >= _MIN_STEM_SHARE * max(len(said), len(word))
