"""Critiques: remarks beside an answer, in other columns or round a transcript in a text, that find fault with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import re2

from disclaim.audit.evidence import Evidence, quote, quote_label, quote_passage
from disclaim.audit.reading import LONG, Reading, block_spans
from disclaim.audit.rows import Layout, Row
from disclaim.audit.worth import blame, weigh
from disclaim.records import Extent, Quote
from disclaim.stance import fold

_CONFIDENCE = 0.6


def find_critiques(reading: Reading) -> Iterator[Evidence]:
    """Answers that a remark of the same row finds fault with, and speech in a text that its surroundings do."""
    row = reading.row
    if row.layout is Layout.PREFERENCE:
        return
    if any(passage.role == "assistant" for passage in row.passages):
        yield from _remarked(row)
    for number, passage in reading.prose():
        if passage.role is None and len(passage.text) <= LONG and _MAY_SPEAK.search(passage.text):
            yield from _transcribed(row, number)


def _remarked(row: Row) -> Iterator[Evidence]:
    """The last answer of a row whose remarks, taken together, blame more than they praise."""
    answers = [i for i, p in enumerate(row.passages) if p.role == "assistant"]
    last = row.passages[answers[-1]]
    remarks: list[tuple[str, Quote]] = [
        (str(label.value), quote_label(label))
        for label in row.labels
        if isinstance(label.value, str) and _speaks_of_answer(label.path, str(label.value))
    ]
    remarks += [
        (passage.text, quote_passage(row, i))
        for i, passage in enumerate(row.passages)
        if passage.role is None and passage.field != last.field and not _CONTEXT.search(passage.field.lower())
    ]
    if not remarks or blame("\n".join(text for text, _ in remarks)) < _BLAMED:
        return
    cue = max(remarks, key=lambda item: blame(item[0]))[1]
    yield Evidence("NN302", quote_passage(row, answers[-1]), cue, Extent.DOCUMENT, _CONFIDENCE)


def _speaks_of_answer(path: str, value: str) -> bool:
    """Whether a column may hold somebody's remark: one of several words that is not what the answer was made from."""
    return len(value.split(None, 3)) > _FEW_WORDS and not _CONTEXT.search(path.lower())


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a text: what somebody says in it, or what stands round that."""

    start: int
    end: int
    text: str
    speaker: str | None


def _transcribed(row: Row, number: int) -> Iterator[Evidence]:
    """The speech before the remark that finds most fault, where a text shows an exchange and looks at it afterwards;
    each answer that its own low score stands over."""
    text = row.passages[number].text
    parts = list(_parts(text))
    spoken = [part for part in parts if part.speaker is not None]
    answers = [part for part in spoken if _ANSWERER.match(fold(part.speaker or ""))]
    for claim, cue in _scored(text, bool(spoken)):
        yield Evidence("NN301", quote(row, number, *claim), quote(row, number, *cue), Extent.AFTER, _CONFIDENCE)
    remarks = [part for part in parts if part.speaker is None]
    if not remarks or not spoken or (len(spoken) < _EXCHANGE and not answers):
        return
    around = "\n".join(part.text for part in remarks)
    found = blame(around)
    worst = max(remarks, key=lambda part: blame(part.text))
    inspected = sum(weigh("settings", around).values())
    needed = _BLAMED_TEXT if inspected else _BLAMED_UNASKED if answers else None
    if needed is None or found + inspected < needed or min(found, blame(worst.text)) < _BLAMED:
        return
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


def _target(said: Sequence[_Part], remark: _Part) -> _Part:
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


def _is_low(value: float, values: Sequence[float]) -> bool:
    return value < 0 < max(values) or 0 <= value <= _LOW * max(values)


def _parts(text: str) -> Iterator[_Part]:
    """The lines of speech of a text, each up to the next speaker or empty line, and the paragraphs round them. What a
    reviewer, coach or moderator says is a remark; a paragraph behind a line that announces an answer is speech."""
    announced: str | None = None
    for start, end in block_spans(text):
        speakers = [match for match in _SPEAKER.finditer(text, start, end) if _is_name(match["name"], match.start())]
        at = start
        first = speakers[0].start() if speakers else end
        if announced is not None and text[at:first].strip():
            yield _Part(at, first, text[at:first].strip(), announced)
            at = first
        announced = None
        for place, match in enumerate(speakers):
            if text[at : match.start()].strip():
                yield _Part(at, match.start(), text[at : match.start()].strip(), None)
            until = speakers[place + 1].start() if place + 1 < len(speakers) else end
            said = text[match.start() : until].strip()
            remark = _JUDGE.search(fold(match["name"])) is not None
            yield _Part(match.start(), match.start() + len(said), said, None if remark else match["name"])
            at = until
        rest = text[at:end].strip()
        if rest:
            yield _Part(at, end, rest, None)
        line = text[start:end].rstrip().rsplit("\n", 1)[-1]
        if line.endswith(":") and _ANNOUNCES.search(fold(line)):
            announced = line.rstrip(":")


def _is_name(name: str, at: int) -> bool:
    """Whether the start of a line names a speaker: no heading."""
    return len(name.split()) <= (_NAME_WORDS if at else 2)


_BLAMED = 1
_BLAMED_TEXT = 3
#: The same where nothing but the speech of an assistant says that it is looked at.
_BLAMED_UNASKED = 3
#: A score of at most this share of its scale, or of the best one, is low.
_LOW = 0.21
_SPEECH = 5
_NAME_WORDS = 4
_FEW_WORDS = 3
#: So many turns make an exchange, whoever speaks.
_EXCHANGE = 2
#: Columns that hold what an answer was made from or for, and no remark on it.
_CONTEXT = re.compile(
    r"(?:^|[._])(?:setting|system\w*|topic|title|source\w*|question|context|scenario|task|persona|licen[cs]e|lang\w*|url"
    r"|id|name|user\w*|input|reference\w*|gold\w*|expected|passage|document|background|subject|domain|prompt\w*|style"
    r"|principle\w*|rubric|criteri\w+|instruction\w*|location|date|author|model|tool\w*|function\w*|hypothesis|premise"
    r"|revision|revised\w*|rewrite|chosen|target|ideal\w*|verifier|knowledge|facts|transcript|exercise)(?:$|[._])"
)
_MAY_SPEAK = re2.compile(r"(?m)^\W{0,4}[^\W\d_][^:>|\n]{0,40}(?::|>|\|)\s|(?i:reward|score|rating|grade)\W{0,4}[-+]?\d")
_SPEAKER = re.compile(
    r"^[ \t>*_#<\[\"'-]{0,5}(?:\d{1,2}[:.]\d{2}\s)?(?P<name>(?:u/|@)?[^\W\d_][^:>|\n]{0,40}?)[\])*_]{0,3}\s?"
    r"(?:[:>|：]|\n(?=\S[^\n]{30}))[ \t*_]*(?=\S)",
    re.MULTILINE,
)
_ANNOUNCES = re.compile(
    r"\b(?:repl(?:y|ied)|answer(?:ed)?|respon\w+|said|says|wrote|gave|told|proposed|suggested|snippet|quote|output|it|draft)\b"
)
_SCORE = re.compile(
    r"(?i)(?<![\w.])(?:reward|score|rm_score|rating|grade|rm|r|quality|helpfulness|safety|empathy|overall|marks?|stars)"
    r"\W{0,4}(?P<value>[-+−]?\d{1,3}(?:\.\d+)?)(?:\s?(?:/|out of|of)\s?(?P<top>\d{1,3}))?(?![\w.%])[\]\"']?"
)
_JUDGE = re.compile(
    r"\b(?:review\w*|rater|annot\w*|evaluat\w*|grader|label\w*|qa|mod(?:erat\w*)?|\w*mod|admin|audit\w*|train(?:er|ing)"
    r"|coach\w*|assess\w*|supervis\w*|critic\w*|critique|judge\w*|examin\w*|observ\w*|editor|panel|feedback|debrief"
    r"|lessons?|notes?|remarks?|comments?|marks?|score|verdict|result\w*|outcome|finding\w*|timeline|why|check|staff"
    r"|commentary|summary|conclusion|action\w*|c\d|hinweis|anmerkung|remarque\w*|modération|anotaç\w+|anotacion\w*"
    r"|nota\w*|commento|opmerking\w*|escalat\w*|tally|root cause|impact|status|ticket|rating|reward)\b"
)
_ANSWERER = re.compile(
    r".*\b(?:assist\w*|asistente|bot|\w*bot\w*|model\w*|chatbot|agent\w*|operator\w*|clerk|reply|response\w*|answer\w*"
    r"|output|a|gpt|support|rep|advisor|adviser|system|ai|kiosk|widget|helper|desk|doctor|nurse|guard|waiter|robot"
    r"|listener|interpreter|version|draft|vendor|run \d|v\d|take \d|antwort\w*|respuesta|risposta|resposta|réponse"
    r"|antwoord|atendente|handler|officer|teacher|tutor|machine|terminal|hotline|concierge|concierge)\b"
)
