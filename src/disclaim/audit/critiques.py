"""Critiques: remarks beside an answer, in other columns or round a transcript in a text, that find fault with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import re2

from disclaim.audit.cues import holds
from disclaim.audit.evidence import Evidence, quote, quote_label, quote_passage
from disclaim.audit.reading import SHORT, Reading
from disclaim.audit.rows import Layout, Row
from disclaim.audit.speech import MAY_SPEAK, Part, read_speech
from disclaim.audit.words import names_key
from disclaim.audit.worth import blame, weigh
from disclaim.records import Extent, Quote
from disclaim.stance import fold

_CONFIDENCE = 0.6


def find_critiques(reading: Reading) -> Iterator[Evidence]:
    """Answers that a remark of the same row finds fault with, and speech in a text that its surroundings do."""
    row = reading.row
    if row.layout is Layout.PREFERENCE:
        return
    answers = [i for i, passage in enumerate(row.passages) if passage.role == "assistant"]
    spoken = [n for n, p in reading.prose() if row.labels and len(p.text) <= SHORT and MAY_SPEAK.search(p.text)]
    if answers or spoken:
        yield from _remarked(row, (answers or spoken)[-1])
    for number, passage in reading.prose():
        if passage.role is None and len(passage.text) <= SHORT and _MAY_SPEAK.search(passage.text):
            yield from _transcribed(row, number)


def _remarked(row: Row, answer: int) -> Iterator[Evidence]:
    """The answer of a row whose remarks, taken together, blame more than they praise, or give other figures."""
    last = row.passages[answer]
    remarks: list[tuple[str, Quote]] = [
        (_spelled(label.path, str(label.value)), quote_label(label))
        for label in row.labels
        if isinstance(label.value, str) and _speaks_of_answer(label.path, str(label.value))
    ]
    remarks += [
        (passage.text, quote_passage(row, i))
        for i, passage in enumerate(row.passages)
        if passage.role is None and passage.field != last.field and not _CONTEXT.search(passage.field.lower())
    ]
    if not remarks:
        return
    found = blame("\n".join(text for text, _ in remarks))
    if found >= (_BLAMED if last.role else _WORST):
        cue = max(remarks, key=lambda item: blame(item[0]))[1]
        yield Evidence("NN302", quote_passage(row, answer), cue, Extent.DOCUMENT, _CONFIDENCE)
        return
    known = "\n".join(passage.text for passage in row.passages if passage.role is not None)
    for text, cue in remarks if last.role and found >= 0 else ():
        if names_key("remark_keys", cue.field) and _gives_other_figures(last.text, known, text):
            yield Evidence("NN403", quote_passage(row, answer), cue, Extent.DOCUMENT, _CONFIDENCE)


def _gives_other_figures(answer: str, known: str, remark: str) -> bool:
    """Whether a remark on an answer with numbers gives other numbers, and none of its own."""
    stated, other = set(_NUMBER.findall(answer)), set(_NUMBER.findall(remark))
    return bool(stated) and bool(other - set(_NUMBER.findall(known))) and not stated & other


def _speaks_of_answer(path: str, value: str) -> bool:
    """Whether a column may hold somebody's remark: one of several words that is not what the answer was made from, or
    a short one where its name says that it judges."""
    if _OPTIONS.search(value):
        return False
    if _JUDGES.search(path.lower()):
        return True
    names = [part for part in path.lower().split(".") if not part.isdigit()]
    return len(value.split(None, 3)) > _FEW_WORDS and not _CONTEXT.search(names[-1])


def _spelled(path: str, value: str) -> str:
    """A value as a remark: without underscores; a grade or degree of severity by what it says."""
    low = _LOW_GRADE.fullmatch(value.strip().lower())
    severe = "severity" in path.lower() and value.strip().lower() in ("high", "major", "error")
    return "fail" if low or severe else value.replace("_", " ")


def _transcribed(row: Row, number: int) -> Iterator[Evidence]:
    """The speech before the remark that finds most fault, where a text shows an exchange and looks at it afterwards;
    each answer that its own low score stands over."""
    text = row.passages[number].text
    parts = list(read_speech(text))
    spoken = [part for part in parts if part.speaker is not None]
    answers = [part for part in spoken if _ANSWERER.match(fold(part.speaker or ""))]
    for claim, cue in _outdone(text):
        yield Evidence("NN302", quote(row, number, *claim), quote(row, number, *cue), Extent.BEFORE, _CONFIDENCE)
    for claim, cue in _scored(text, bool(spoken)):
        yield Evidence("NN301", quote(row, number, *claim), quote(row, number, *cue), Extent.AFTER, _CONFIDENCE)
    remarks = [part for part in parts if part.speaker is None]
    if not remarks or not spoken or (len(spoken) < _EXCHANGE and not answers):
        return
    if sum(len(part.text) for part in spoken) < _LEAST_SPOKEN * len(text):
        return
    around = "\n".join(part.text for part in remarks)
    found = blame(around)
    worst = max(remarks, key=lambda part: blame(part.text))
    inspected = sum(weigh("settings", around).values())
    needed = _BLAMED_TEXT if inspected else _BLAMED_UNASKED if answers else _BLAMED_ONLY
    if found + inspected < needed or min(found, blame(worst.text)) < _WORST:
        return
    if holds(worst.text, _NOTICE):
        return  # it speaks of the truth of the text, not of how somebody spoke
    target = _target(answers or spoken, worst)
    claim, cue = (target.start, target.end), (worst.start, worst.end)
    before = target.start > worst.start
    yield Evidence(
        "NN301" if before else "NN302",
        quote(row, number, *claim),
        quote(row, number, *cue),
        Extent.AFTER if before else Extent.BEFORE,
        _CONFIDENCE,
    )


def _target(said: Sequence[Part], remark: Part) -> Part:
    """The speech that a remark is about: the last before it, or else the first after it."""
    before = [part for part in said if part.start < remark.start]
    return before[-1] if before else said[0]


def _scored(text: str, spoken: bool) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """What stands after a score far below the others of the text, or near the foot of a scale that it names, with the
    score."""
    tags = list(_SCORE.finditer(text))
    values = [float(tag["value"].replace("−", "-")) for tag in tags]
    for place, (tag, value) in enumerate(zip(tags, values, strict=True)):
        top = float(tag["top"]) if tag["top"] else None
        low = (
            value <= _LOW * top if top and spoken else top is None and len(tags) >= _EXCHANGE and _is_low(value, values)
        )
        end = tags[place + 1].start() if place + 1 < len(tags) else len(text)
        start = text.find("\n", tag.end(), end) if top else tag.end()
        after = text[max(start, tag.end()) : end]
        if low and len(after.split()) >= _SPEECH:
            at = max(start, tag.end()) + len(after) - len(after.lstrip(" ]>|)\t\n:\"'"))
            yield (at, end - len(after) + len(after.rstrip())), tag.span()


def _outdone(text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The first of several drafts of one thing, with what stands between it and the next that finds fault with it."""
    labels = list(_DRAFT.finditer(text))
    for place, label in enumerate(labels[1:], 1):
        first = labels[place - 1]
        if first["word"].lower() in _LATER or not (_follows(first, label) or label["word"].lower() in _LATER):
            continue
        gap = _BREAK.search(text, first.end(), label.start())
        if gap is not None and blame(text[gap.end() : label.start()]) >= _BLAMED:
            yield (first.end(), gap.start()), (gap.end(), label.start())


def _follows(first: re.Match[str], later: re.Match[str]) -> bool:
    return first["word"].lower() == later["word"].lower() and first["number"] != later["number"]


def _is_low(value: float, values: Sequence[float]) -> bool:
    return value < 0 < max(values) or 0 <= value <= _LOW * max(values)


_BLAMED = 1
_BLAMED_TEXT = 3
#: What the remark that finds most fault must find, in a text.
_WORST = 2
_NOTICE = frozenset({"pointer_false", "text_is_false"})
#: The same where nothing but the speech of an assistant says that it is looked at.
_BLAMED_UNASKED = 3
#: The same where nothing else says so.
_BLAMED_ONLY = 5
#: A score of at most this share of its scale, or of the best one, is low.
_LOW = 0.21
_SPEECH = 5
#: A text of which less than this share is speech shows no exchange: headings and bylines have colons too.
_LEAST_SPOKEN = 0.2
_FEW_WORDS = 3
#: So many turns make an exchange, whoever speaks.
_EXCHANGE = 2
#: Columns that hold what an answer was made from or for, and no remark on it.
_CONTEXT = re.compile(
    r"(?:^|[._])(?:setting|system\w*|topic|title|source\w*|question|context|scenario|task|persona|licen[cs]e|lang\w*|url"
    r"|id|name|user\w*|input|reference\w*|gold\w*|expected|passage|document|background|subject|domain|prompt\w*"
    r"|instruction\w*|location|date|author|function\w*|hypothesis|premise"
    r"|revision|revised\w*|rewrite|chosen|target|ideal\w*|knowledge|transcript|exercise)(?:$|[._])"
)
#: Columns whose short values judge too.
_JUDGES = re.compile(
    r"(?:^|[._])(?:\w*verdict|action|severity|outcome|result|signal\w*|implicit\w*|survey|\w*events?|moderation|removal\w*|guard|safety"
    r"|policy|flags?|grades?|overall|feedback|decision|judge\w*|review\w*|scanner|qa|triage|disposition|resolution|rating"
    r"|status|reaction\w*|vote\w*)(?:$|[._])"
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
#: What lists the values that a column may take gives none of them.
_OPTIONS = re.compile(r"\w\s?[/|]\s?\w+\s?[/|]\s?\w")
_LOW_GRADE = re.compile(r"[def][-+]?|critical|severe|very high|blocker|s[1-9]\d?|needs[_ ]re\w+|🙁|:\(|☹️?")
_MAY_SPEAK = re2.compile(
    r"(?m)^\W{0,4}[^\W\d_][^:>|\n]{0,40}(?::|>|\|)\s|(?i:reward|score|rating|grade)\W{0,4}[-+]?\d|^\W{0,3}(?i:draft|version|response)\b"
)
_DRAFT = re.compile(
    r"^\W{0,4}(?P<word>draft|version|reply|response|answer|attempt|take|try|text|final|revised|revision|rewrite)\b"
    r"[ #]{0,2}(?P<number>v?\d|[ab]\d?|one|two)?\b(?:[^\n:.]{0,60}[:.]|\W{1,3})[ \t]*\n?(?=\S)",
    re.MULTILINE | re.IGNORECASE,
)
_LATER = frozenset({"final", "revised", "revision", "rewrite"})
#: Where a draft ends and a remark on it may begin.
_BREAK = re.compile(r"\n\s*\n|\n(?=\W{0,3}(?:check|critique|c\d|review|note|hm+|no\b|comment|judg\w+))", re.IGNORECASE)
_SCORE = re.compile(
    r"(?i)(?<![\w.])(?:reward|score|rm_score|rating|grade|rm|r|quality|helpfulness|safety|empathy|overall|marks?|stars)"
    r"\W{0,4}(?P<value>[-+−]?\d{1,3}(?:\.\d+)?)(?:\s?(?:/|out of|of)\s?(?P<top>\d{1,3}))?(?![\w.%])[\]\"']?"
)
_ANSWERER = re.compile(
    r".*\b(?:assist\w*|asistente|bot|\w*bot\w*|model\w*|chatbot|agent\w*|operator\w*|clerk|reply|response\w*|answer\w*"
    r"|output|a|gpt|support|rep|advisor|adviser|system|ai|kiosk|widget|helper|desk|doctor|nurse|guard|waiter|robot"
    r"|listener|interpreter|version|draft|vendor|run \d|v\d|take \d|antwort\w*|respuesta|risposta|resposta|réponse"
    r"|antwoord|atendente|handler|officer|teacher|tutor|machine|terminal|hotline|concierge|concierge)\b"
)
