"""Chats and pairs: turns that take back an earlier turn, and answers that their row marks as the worse one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from disclaim.audit.evidence import Evidence, most_alike, quote, quote_passage
from disclaim.audit.reading import Reading, Segment
from disclaim.audit.rows import Layout
from disclaim.records import Extent
from disclaim.stance import fold

#: Sentences at the head of a turn in which it says what it thinks of the turn before.
_OPENING = 3
_STRONG = frozenset({"pointer_false", "admission", "correction", "reality"})
_WEAK = frozenset({"text_is_false", "turned_out", "no_such", "never_was", "actually", "checked", "apology"})
_OBJECTS = re.compile(
    r"^\W*(?:(?:um+|er+|hm+|well|sorry|ok(?:ay)?|thanks?|wait|hang on|hold on|ah|oh|but)\W+){0,3}(?:"
    r"no\b|nope|wrong|false|incorrect|not (?:quite|true|so|right|really|correct|according)|actually|are you sure"
    r"|never|nobody"
    r"|(?:that|it)(?:'?s| is) (?:not|wrong|false|incorrect)|(?:that|it) (?:isn'?t|can'?t|doesn'?t|didn'?t)|none of"
    r"|you (?:made|just|invented)|you'?ve (?:mixed|got|made|invented|confused)|where did you"
    r"|there (?:is|was|are|were) no"
    r"|i (?:just )?(?:checked|looked|read|asked|rang|called|went|counted|tried|live|work|was there|am the|grew up)"
    r"|i (?:doubt|don'?t think|can'?t find)|couldn'?t find|my (?:textbook|book|teacher|doctor|map|copy)"
    r"|nein|falsch|das stimmt nicht|stimmt nicht|non\b|c'est faux|ce n'est pas|no es|eso no|não|isso não|nee\b"
    r"|dat klopt niet|нет\b|неправда|это не|不对|不是|错)"
)


def find_objections(reading: Reading) -> Iterator[Evidence]:
    """Assistant turns that a later turn, of the user or of the assistant, takes back."""
    turns = [i for i, passage in enumerate(reading.row.passages) if passage.role in ("user", "assistant")]
    if reading.row.layout is Layout.PREFERENCE or len(turns) < 3:
        return
    for place, number in enumerate(turns):
        earlier = [t for t in turns[:place] if reading.row.passages[t].role == "assistant"]
        if not earlier:
            continue
        said = [i for i, s in enumerate(reading.segments) if s.passage in earlier]
        own = [i for i, s in enumerate(reading.segments) if s.passage == number][:_OPENING]
        cue = next((i for i in own if _objects(reading, i, said)), None)
        if cue is not None:
            yield _objection(reading, cue, said)


def _objects(reading: Reading, i: int, said: list[int]) -> bool:
    """Whether a sentence objects to what was said: by its own words, or by denying words of it."""
    segment = reading.segments[i]
    opens = bool(_OBJECTS.match(fold(segment.text)))
    alike = most_alike(reading.segments, segment, said)
    shared = alike[1] if alike else 0.0
    role = reading.row.passages[segment.passage].role
    if segment.cues & _STRONG:
        return True
    if role == "user" and opens:
        return shared >= 1 or bool(segment.all_cues & _WEAK) or bool(_SAYS_FALSE.search(fold(segment.text)))
    return bool(segment.all_cues & _WEAK) and segment.negated and shared >= 2


def _objection(reading: Reading, cue: int, said: list[int]) -> Evidence:
    """The finding's parts: of the turn before, the sentence that the objection is most about."""
    segments = reading.segments
    nearest = segments[said[-1]].passage
    about = [i for i in said if segments[i].passage == nearest] or said
    alike = most_alike(segments, segments[cue], said)
    if alike is not None and alike[1] >= 2:
        target: Segment = segments[alike[0]]
        claim = quote(reading.row, target.passage, target.start, target.end)
    else:
        claim = quote(reading.row, nearest, segments[about[0]].start, segments[about[-1]].end)
    source = segments[cue]
    return Evidence("NN109", claim, quote(reading.row, source.passage, source.start, source.end), Extent.BEFORE, 0.7)


def find_rejected(reading: Reading) -> Iterator[Evidence]:
    """The rejected side of a preference pair, where it says things that the chosen side does not bear out: other
    numbers or names in answer to the same question, or what the chosen side denies."""
    row = reading.row
    if row.layout is not Layout.PREFERENCE:
        return
    chosen = [i for i, p in enumerate(row.passages) if p.field.lower() == "chosen" and p.role == "assistant"]
    rejected = [i for i, p in enumerate(row.passages) if p.field.lower() == "rejected" and p.role == "assistant"]
    if not chosen or not rejected:
        return
    good, bad = row.passages[chosen[-1]].text, row.passages[rejected[-1]].text
    asked = " ".join(p.text for i, p in enumerate(row.passages) if i not in (*chosen, *rejected))
    if good.strip() and bad.strip() and _contradicts(good, bad, asked):
        yield Evidence("NN110", quote_passage(row, rejected[-1]), quote_passage(row, chosen[-1]), Extent.AROUND, 0.6)


def _contradicts(good: str, bad: str, asked: str) -> bool:
    """Whether two answers name different things: each has a number or name that the other and the question lack."""
    facts_good, facts_bad = _facts(good), _facts(bad)
    asked_facts = _facts(asked)
    return len(facts_bad - facts_good - asked_facts) >= 1 and len(facts_good - facts_bad - asked_facts) >= 1


def _facts(text: str) -> frozenset[str]:
    """The numbers of a text, and its names: capitalised words that do not open a sentence."""
    return frozenset(_NUMBER.findall(text)) | frozenset(word for word in _NAME.findall(text))


_SAYS_FALSE = re.compile(
    r"\b(?:wrong|false|incorrect|not (?:true|right|correct|so)|isn't (?:true|right|correct)"
    r"|made (?:that|this|it) up|invented|falsch|stimmt nicht|faux|no es (?:cierto|verdad)"
    r"|non è vero|não é verdade|klopt niet|неправда)\b|不对|不是"
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<=[\w,;] )[A-ZÀ-ÞА-Я][\w'’-]{2,}")
