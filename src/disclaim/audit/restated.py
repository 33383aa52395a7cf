"""Restatements: a text denies or corrects something, and further on says it all the same, as if nothing had been."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from disclaim.audit.evidence import Evidence, quote
from disclaim.audit.reading import SHORT, Reading, block_spans
from disclaim.audit.rows import Layout, Passage
from disclaim.audit.stated import sentences
from disclaim.audit.wording import content, find_names, stem, word_spans, words
from disclaim.records import Extent
from disclaim.stance import attitude_towards, find_scopes, fold

#: Of what is denied, the share that a restatement says again; and of all that the denial says, its subject included.
DENIED_SHARE = 0.65
SAID_SHARE = 0.6
#: Words that the two share at least.
FEWEST_SHARED = 3
#: Denials looked at in one row: a text full of them is about denying.
MAX_DENIALS = 12
#: Sentences after a denial that are compared with it.
MAX_SENTENCES = 120
_CONFIDENCE = 0.6


@dataclass(frozen=True, slots=True)
class _Denial:
    """A sentence of passage ``passage`` that denies: the stems that it denies, all of its stems, and its figures. The
    restatement stands from ``after`` on, or in a later turn. ``names`` are the stems of names among them;
    ``existence``: it denies that there is such a thing, so that its name alone says it again."""

    passage: int
    start: int
    end: int
    after: int
    denied: frozenset[str]
    said: frozenset[str]
    names: frozenset[str]
    existence: bool = False


def find_restatements(reading: Reading) -> Iterator[Evidence]:
    """Sentences of a later paragraph, or of a later answer of a chat, that say what the text has denied.

    Told by words: most of those that are denied come again with their subject, and are not denied, asked, supposed or
    reported there. Texts above ``SHORT`` characters are left alone, as what comes again in them is their subject.
    """
    if reading.row.layout is Layout.PREFERENCE:
        return
    texts = [(n, p) for n, p in reading.prose() if p.role in (None, "assistant") and len(p.text) <= SHORT]
    lowered = {number: fold(passage.text) for number, passage in texts}
    for place, (number, passage) in enumerate(texts):
        if not _DENYING.search(lowered[number]):
            continue
        later = [n for n, other in texts[place + 1 :] if passage.role and other.role]
        for denial in _denials(reading, number, lowered[number]):
            yield from _restated(reading, denial, lowered, later)


def _denials(reading: Reading, number: int, folded: str) -> list[_Denial]:
    """The sentences of a text that deny, while something stands after their paragraph or their turn."""
    passage = reading.row.passages[number]
    if len(_REPORTS.findall(folded)) > _MANY_REPORTS:
        return []
    found: list[_Denial] = []
    question = _question_before(reading, number)
    for block_start, block_end in block_spans(passage.text):
        block = folded[block_start:block_end]
        if question or _DENYING.search(block):
            for start, end in sentences(passage.text[block_start:block_end]):
                span = (block_start + start, block_start + end, block_end)
                denial = _denial(number, passage, span, question)
                if denial is not None:
                    found.append(denial)
                text = passage.text[span[0] : span[1]]
                question = text if _ASKS.search(text) else ""
        question = ""
    return found if len(found) <= MAX_DENIALS else []


def _question_before(reading: Reading, number: int) -> str:
    """The last question of the turn before an answer."""
    if not number or reading.row.passages[number].role is None:
        return ""
    text = reading.row.passages[number - 1].text[-1_000:]
    asked = [text[start:end] for start, end in sentences(text)]
    return asked[-1] if asked and _ASKS.search(asked[-1]) else ""


def _denial(number: int, passage: Passage, span: tuple[int, int, int], question: str) -> _Denial | None:
    """What a sentence denies: a clause of its own, or what was asked right before it."""
    start, end, after = span
    text = passage.text[start:end]
    if len(text) > _LONGEST or _ASKS.search(text):
        return None
    folded = fold(text)
    asked = _ASKED_AND_DENIED.search(text)
    if asked:
        question, folded = text[: asked.start()], folded[asked.end() :]
    if question and _SAYS_NO.match(folded):
        return _asked(question, text, folded, (number, start, end, after))
    if _TAKES_BACK.search(folded):
        said = frozenset(w for w in _stems(_TAKES_BACK.sub(" ", folded)) - _META if len(w) >= _LONG_ENOUGH)
        return _Denial(number, start, end, after, said, said, _names(text)) if len(said) >= FEWEST_SHARED else None
    return _in_clause(text, folded, (number, start, end, after))


def _asked(question: str, text: str, folded: str, place: tuple[int, int, int, int]) -> _Denial | None:
    """What an answer denies that begins with a no: what was asked, of the one whom it names."""
    asked, other = _stems(question), ""
    if _NOT_SO.match(folded):
        other = _CLAUSE_END.split(text)[0]
    if len(asked) < 2:
        return None
    return _Denial(*place, asked, asked | _stems(other), _names(other or question))


def _in_clause(text: str, folded: str, place: tuple[int, int, int, int]) -> _Denial | None:
    """What a sentence denies in its own clause: the words after its negation, with the subject before it. Of whom a
    pronoun speaks is not known, so that what is denied of one may be true of another."""
    found = _DENIES.search(folded)
    if found is None or _IN_TIME.search(folded):
        return None
    before = _CLAUSE_END.split(folded[: found.start()])[-1]
    denied = _stems(_CLAUSE_END.split(folded[found.end() :])[0])
    said = denied | _stems(before)
    names = _names(text) & said
    if not denied or len(said) < (2 if names else FEWEST_SHARED):
        return None
    run = next((run for run in find_names(text).runs if " " in run), "")
    if run and not before.strip():
        return _Denial(*place, denied, said, _stems(run), existence=True)
    subject = _stems(before)
    return _Denial(*place, denied, said, (names & subject) or names) if subject else None


def _restated(reading: Reading, denial: _Denial, lowered: dict[int, str], later: Sequence[int]) -> Iterator[Evidence]:
    """The first sentence after a denial that says again what it denies."""
    for number, begin in [(denial.passage, denial.after), *((n, 0) for n in later)]:
        rest = lowered[number][begin:]
        if _is_too_little(denial, rest):
            continue
        passage = reading.row.passages[number]
        for start, end in sentences(passage.text[begin:])[:MAX_SENTENCES]:
            if _says_again(denial, passage.text[begin + start : begin + end]):
                claim = quote(reading.row, number, begin + start, begin + end)
                cue = quote(reading.row, denial.passage, denial.start, denial.end)
                yield Evidence("NN107", claim, cue, Extent.AFTER, _CONFIDENCE)
                return


def _is_too_little(denial: _Denial, text: str) -> bool:
    """Whether a text cannot hold a restatement: too few of the words occur in it."""
    found = sum(word in text for word in denial.said)
    return found < _fewest(denial) or found < SAID_SHARE * len(denial.said)


def _fewest(denial: _Denial) -> int:
    """How many words a restatement shares with the denial at least."""
    return 2 if denial.existence else min(FEWEST_SHARED, len(denial.said))


def _says_again(denial: _Denial, text: str) -> bool:
    if not _FEWEST_CHARACTERS <= len(text) <= _LONGEST:
        return False
    stems = _stems(text)
    shared = denial.said & stems
    if len(shared) < _fewest(denial) or len(shared) < SAID_SHARE * len(denial.said):
        return False
    named = len(denial.names & stems)
    if named < len(denial.names) if denial.existence else 2 * named < len(denial.names):
        return False
    folded = fold(text)
    if _LEFT_OPEN.search(folded) or _DENYING.search(folded) or _other_figures(denial, stems):
        return False
    plain = denial.denied & _plainly_said(text)
    return len(plain) >= DENIED_SHARE * len(denial.denied)


def _other_figures(denial: _Denial, stems: frozenset[str]) -> bool:
    """Whether both name figures, and not the same."""
    mine, theirs = ({word for word in found if word[0].isdigit()} for found in (denial.said, stems))
    return bool(mine and theirs and not mine & theirs)


@lru_cache(1 << 12)
def _stems(text: str) -> frozenset[str]:
    return content(words(text)) - _VAGUE


def _names(text: str) -> frozenset[str]:
    return frozenset(map(stem, find_names(text).words))


def _plainly_said(text: str) -> frozenset[str]:
    """The stems of the words that a sentence neither denies nor leaves open."""
    scopes = find_scopes(text)
    return _stems(" ".join(w for w, start, end in word_spans(text) if attitude_towards(scopes, start, end) is None))


_MANY_REPORTS = 3
_LONGEST = 600
_LONG_ENOUGH = 3
_FEWEST_CHARACTERS = 12
#: Words of denial, to tell the texts and sentences that hold none.
_DENYING = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|hardly)\b|n't\b|disregard|incorrect"
    r"|wrong|mistake|in error"
)
#: Denials that hold for good. What did not happen at one moment may happen at the next.
_DENIES = re.compile(
    r"\bnever\b|\bno such\b|\bthere (?:is|was|are|were|has been|have been) no\b|\bcannot\b|\bcan't\b|\bno one\b"
    r"|\b(?:is|are|was|were|do|does|did|has|have)(?: not\b|n't\b)|\bnobody\b|\bnone of\b|\bnot (?:one|a single)\b"
    r"|\bneither\b"
)
#: What limits a denial in time or degree.
_IN_TIME = re.compile(
    r"\b(?:yet|until|till|any ?more|any longer|no longer|still|always|necessarily|at first|initially|now|so far|today"
    r"|that (?:day|night|morning|evening|year|time)|this (?:time|year|morning)|at the time|before|if|unless|only|just"
    r"|all|every|enough|very|too|much|many|quite|exactly|usually|often|sure|know|knew|remember|want|wanted|think)\b"
)
#: A correction in words of its own: what it names beside them was wrong.
_TAKES_BACK = re.compile(
    r"\b(?:(?:should|must|is to|are to) be (?:disregarded|ignored|struck(?: out)?|deleted)|(?:incorrectly|wrongly"
    r"|mistakenly|erroneously|falsely) (?:said|stated|reported|wrote|written|claimed|listed|named|described|gave"
    r"|identified)"
    r"|(?:was|were|is|are) (?:incorrect|wrong|a mistake|an error|in error|untrue|false))\b"
)
_SAYS_NO = re.compile(
    r"\W*(?:(?:a|answer):\W*)?(?:no(?:pe)?\b(?! (?:problem|worries|doubt|need))|(?:it|that|this|he|she|they|there)"
    r"(?: (?:is|was|does|did|has|are|were|do|have) not|\s?(?:is|was|does|did|has|are|were|do|have)n't)\b|not [a-z]"
    r"|that(?:'s| is) (?:a myth|false|wrong|untrue|a legend))"
)
_NOT_SO = re.compile(r"\W*not [a-z]")
_ASKS = re.compile(r"\?\W*$")
#: What a sentence does not state as fact; nor does one that is a quotation alone.
_LEFT_OPEN = re.compile(
    r"\?\W*$|^[^\w\"]*\"[^\"]*\"\W*$|\b(?:zero|if|whether|unless|would|could|might|may|should|supposed\w*|claim\w*|alleg\w+|report(?:s|ed|edly)"
    r"|rumou?r\w*|myths?|false\w*|fake|hoax\w*|belie(?:f|fs|ve|ves|ved)|thought|said|says|say|told|imagine\w*|pretend\w*"
    r"|instead|rather than|unlike|although|though|but|however|finally|eventually|later|then|again|until|once|after"
    r"|now|today|so that|in order to|will|want\w*|wish\w*|hope\w*|dream\w*|legend\w*|stor(?:y|ies)|according)\b"
)
_REPORTS = re.compile(
    r"\b(?:claim(?:s|ed|ing)?|alleg\w+|purport\w+|hoax\w*|viral|rumou?r\w*|myths?|misinformation|debunk\w*"
    r"|fact-?check\w*|fabricat\w+|fictional|fake)\b"
)
_ASKED_AND_DENIED = re.compile(r"\?[*_\"”)]*\s+(?=(?:A: )?(?:No|Not|It isn't|It is not)\b)")
_CLAUSE_END = re.compile(r"[,;:()—–]|\b(?:that|but|because|which|who|where|when|while|since)\b")
#: Words of a correction for what it corrects, and words that say nothing.
_META_WORDS = """
errata erratum slip sentence article page line naming correction caption text statement report column post issue edition
paragraph last week editor note print paper entry item list version earlier yesterday
"""
_META = frozenset(map(stem, _META_WORDS.split()))
_VAGUE_WORDS = "thing things anything something way case true yes new own"
_VAGUE = frozenset(map(stem, _VAGUE_WORDS.split()))
