"""Chats: turns that take back an earlier turn, and turns of somebody who judges it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from disclaim.audit.concessions import Outcome, objects, outcome, raised_alone, split_revision, takes_back
from disclaim.audit.evidence import Evidence, most_alike, quote
from disclaim.audit.reading import LONG, Reading, Segment
from disclaim.audit.rows import Layout
from disclaim.audit.speech import MAY_SPEAK, read_speech
from disclaim.records import Extent
from disclaim.stance import fold

#: So soon after an objection somebody answers it.
_SOON = 3
#: Sentences at the head of a turn in which it says what it thinks of the turn before.
_OPENING = 3
#: So many sentences of earlier answers may still be objected to.
_REMEMBERED = 60
#: Words that an objection shares with what it objects to, where nothing else tells it.
_SHARED = 2.0
#: A turn of so few words after a question answers it.
_ANSWER_WORDS = 14
_STRONG = frozenset({"pointer_false", "admission", "correction", "reality"})
_WEAK = frozenset({"text_is_false", "turned_out", "no_such", "never_was", "actually", "checked", "apology", "witness"})
_OBJECTS = re.compile(
    r"^\W*(?:(?:um+|er+|hm+|well|sorry|ok(?:ay)?|thanks?|wait|hang on|hold on|ah|oh|but|lol|ha|so|hey)\W+){0,3}"
    r"(?:"
    r"no\b|nope|wrong|false|incorrect|not (?:quite|true|so|right|really|correct|according)|actually|are you sure"
    r"|never|nobody|since when|says who"
    r"|(?:that|it|this)(?:'?s| is| was) (?:not|wrong|false|incorrect)|(?:that|it) (?:isn'?t|can'?t|doesn'?t|didn'?t)"
    r"|none of|you (?:made|just|invented)|you'?ve (?:mixed|got|made|invented|confused)|where (?:on earth )?did you"
    r"|there (?:is|was|are|were) no|there'?s no"
    r"|i (?:just )?(?:checked|looked|read|asked|rang|called|went|counted|tried|live|work|was there|am the|grew up)"
    r"|i (?:doubt|don'?t think|can'?t find)|couldn'?t find|my (?:textbook|book|teacher|doctor|map|copy)"
    r"|nein|falsch|das stimmt nicht|stimmt nicht|non\b|c'est faux|ce n'est pas|no es|eso no|não|isso não|nee\b"
    r"|dat klopt niet|нет\b|неправда|это не|不对|不是|错)"
)
_SAYS_FALSE = re.compile(
    r"\b(?:wrong|false|incorrect|not (?:true|right|correct|so)|isn't (?:true|right|correct)"
    r"|made (?:that|this|it) up|invented|falsch|stimmt nicht|faux|no es (?:cierto|verdad)"
    r"|non è vero|não é verdade|klopt niet|неправда)\b|不对|不是"
)
_AGREES = re.compile(
    r"\b(?:you(?:'re| are| were) (?:quite |absolutely |completely )?right|that(?:'s| is) (?:right|true|correct)"
    r"|agreed|spot on|makes sense|good (?:point|answer|idea)|du hast recht|tienes razón|tu as raison|hai ragione"
    r"|je hebt gelijk)\b"
)
_ASKS = re.compile(r"\?\s*$")
_REQUESTS = re.compile(
    r"^\W*(?:(?:ok|okay|thanks?|thank you|great|nice|cool|perfect|and|now|so|please|good|lovely)\W+){0,3}"
    r"(?:can|could|would|will|please|make|write|give|show|tell|add|shorten|translate|what|how|who|where"
    r"|when|which|why|is|are|do|does|now|put"
    r"|let's|i(?:'d| would) (?:like|prefer|rather)|i want|i need|und|wie|was|wer|et|y|e|en)\b"
)
_PREFERS = re.compile(
    r"\b(?:i(?:'d)? (?:prefer|rather|hate|love|want)|instead of|(?:wife|husband|kids?|daughter|son|mum|dad) "
    r"(?:gets?|hates?|likes?|loves?|wants?)|not the \w+,)\b"
)
_PRAISES = re.compile(
    r"\b(?:well done|great|excellent|good (?:answer|reply|work|job|tone|catch)|approved?|accepted|fine as it is|lgtm"
    r"|perfect|no (?:issues|notes|complaints|faults|objections)|nothing to (?:add|change|fix)"
    r"|keep (?:it|this)|exactly right"
    r"|correct|kind|honest|helpful|model answer|gold standard)\b"
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_BACK = re.compile(r"\W*(?:that|it|you|this)(?:'s|'re| (?:is|was|are|were))\b")
#: Advice to the reader, who is told to drop or keep something else than the answer.
_ADVISES = re.compile(r"\W*(?:don't|do not|never|please|you)\b")


def find_objections(reading: Reading) -> Iterator[Evidence]:
    """Assistant turns that a later turn, of the user or of the assistant, takes back, or that somebody who is not the
    user judges to be bad; and answers that break off and start again."""
    passages = reading.row.passages
    if reading.row.layout is Layout.PREFERENCE:
        return
    turns = [i for i, passage in enumerate(passages) if passage.role in ("user", "assistant", "tool")]
    yield from _revised(reading, turns)
    if len(turns) < 3:
        return
    by_turn: dict[int, list[int]] = {}
    for i, segment in enumerate(reading.segments):
        by_turn.setdefault(segment.passage, []).append(i)
    said: list[int] = []
    for place, number in enumerate(turns):
        own = by_turn.get(number, [])
        if said and own:
            judge = _judges(reading, own)
            cue = judge if judge is not None else _objecting(reading, own, said, turns[: place + 1])
            if cue is not None:
                yield _objection(reading, cue, said, "NN302" if judge is not None else "NN109")
        if passages[number].role == "assistant":
            said = (said + own)[-_REMEMBERED:]


def find_disputes(reading: Reading) -> Iterator[Evidence]:
    """What somebody says in a text with named speakers and gives up after another has objected to it."""
    for number, passage in reading.prose():
        if passage.role is not None or len(passage.text) > LONG or not MAY_SPEAK.search(passage.text):
            continue
        text = passage.text
        spoken = [part for part in read_speech(text) if part.speaker is not None]
        for place, (answer, objection) in enumerate(pairwise(spoken)):
            if answer.speaker == objection.speaker or _ASKS.search(objection.text):
                continue
            later = spoken[place + 2 : place + 2 + _SOON]
            reply = next((part for part in later if part.speaker == answer.speaker), None)
            said, raised, given = (text[p.said : p.end] if p else None for p in (answer, objection, reply))
            if outcome(said or "", raised or "", given, quarrel=True) is Outcome.CONCEDED:
                claim = quote(reading.row, number, answer.said, answer.start + len(answer.text))
                cue = quote(reading.row, number, objection.start, objection.start + len(objection.text))
                yield Evidence("NN109", claim, cue, Extent.BEFORE, 0.6)


def points_back(text: str) -> bool:
    """Whether a sentence speaks of what was said before it: "That was a lie"."""
    return _BACK.match(fold(text)) is not None


def _revised(reading: Reading, turns: Sequence[int]) -> Iterator[Evidence]:
    """What an answer says before it breaks off and starts again."""
    for number in turns:
        passage = reading.row.passages[number]
        parts = split_revision(passage.text) if passage.role == "assistant" else None
        if parts is not None:
            end, start, until = parts
            said = len(passage.text[:end].rstrip())
            cue = quote(reading.row, number, start, until)
            yield Evidence("NN106", quote(reading.row, number, 0, said), cue, Extent.BEFORE, 0.7)


def _objecting(reading: Reading, own: Sequence[int], said: Sequence[int], turns: Sequence[int]) -> int | None:
    """The sentence at the head of a turn that objects to what was said before; of a user also its whole turn. None
    where the answer after an objection keeps to what was said."""
    segments = reading.segments
    passages = reading.row.passages
    number = segments[own[0]].passage
    role, text = passages[number].role, passages[number].text
    answer = passages[segments[said[-1]].passage].text
    if role == "assistant":
        if any(i > segments[said[-1]].passage for i in turns[:-1]):
            between = [passages[i] for i in turns[:-1] if i > segments[said[-1]].passage]
            raised = "\n".join(passage.text for passage in between)
            went = outcome(answer, raised, text, any(passage.role == "tool" for passage in between))
            if went is not Outcome.OPEN:
                return own[0] if went is Outcome.CONCEDED else None
        if "concedes" in segments[own[0]].cues or takes_back(text):
            return own[0]
    elif role == "user":
        reply = next((p.text for p in passages[number + 1 :] if p.role == "assistant"), None)
        went = outcome(answer, text, reply)
        if went is not Outcome.OPEN:
            return own[0] if went is Outcome.CONCEDED else None
        if _AGREES.search(fold(text)) or _PREFERS.search(fold(text)):
            return None
        if reply is None and raised_alone(answer, text):
            return own[0]
        asked = "?" in passages[turns[-2]].text
        if reply is not None and not objects(answer, text):
            return None
        if asked and (len(text.split()) <= _ANSWER_WORDS or not _OBJECTS.match(fold(text))):
            return None
    return next((i for i in own[:_OPENING] if _objects(reading, i, said)), None)


def _objects(reading: Reading, i: int, said: Sequence[int]) -> bool:
    """Whether a sentence objects to what was said: by its own words, by denying words of it, or by another number."""
    segment = reading.segments[i]
    folded = fold(segment.text)
    role = reading.row.passages[segment.passage].role
    if role == "assistant" and "concedes" in segment.cues and not _ADVISES.match(folded):
        return True
    if segment.holds(_STRONG):
        return role == "assistant" or not _ASKS.search(segment.text)
    alike = most_alike(reading.segments, segment, said)
    shared = alike[1] if alike else 0.0
    weak = segment.holds(_WEAK)
    if role == "user" and _OBJECTS.match(folded):
        return shared >= 1 or weak or bool(_SAYS_FALSE.search(folded)) or _other_number(reading, segment, said)
    if role == "user" and not _REQUESTS.match(folded) and not _ASKS.search(segment.text):
        other = _other_number(reading, segment, said)
        return (other and (weak or shared >= 1)) or (weak and segment.negated and shared >= 1)
    return weak and segment.negated and shared >= _SHARED


def _other_number(reading: Reading, segment: Segment, said: Sequence[int]) -> bool:
    """Whether a sentence gives a number that nobody gave before it, in answer to a turn that gave another."""
    numbers = set(_NUMBER.findall(segment.text))
    first = reading.segments[said[0]].passage
    before = "\n".join(p.text for p in reading.row.passages[max(0, first - 1) : segment.passage])
    answered = any(_NUMBER.search(reading.segments[i].text) for i in said)
    return answered and bool(numbers - set(_NUMBER.findall(before)))


def _judges(reading: Reading, own: Sequence[int]) -> int | None:
    """The sentence in which a turn of a user or tool names itself a reviewer, moderator or trainer; None where it
    praises."""
    first = reading.segments[own[0]]
    if reading.row.passages[first.passage].role == "assistant" or "judge" not in first.cues:
        return None
    text = fold(reading.row.passages[first.passage].text)
    return None if _PRAISES.search(text) else own[0]


def _objection(reading: Reading, cue: int, said: Sequence[int], rule: str) -> Evidence:
    """The finding's parts: of the turns before, the sentence that the objection is most about; else the last turn."""
    segments = reading.segments
    nearest = segments[said[-1]].passage
    about = [i for i in said if segments[i].passage == nearest]
    alike = most_alike(segments, segments[cue], said)
    if alike is not None and alike[1] >= _SHARED and rule == "NN109":
        target: Segment = segments[alike[0]]
        claim = quote(reading.row, target.passage, target.start, target.end)
    else:
        claim = quote(reading.row, nearest, segments[about[0]].start, segments[about[-1]].end)
    source = segments[cue]
    return Evidence(rule, claim, quote(reading.row, source.passage, source.start, source.end), Extent.BEFORE, 0.7)
