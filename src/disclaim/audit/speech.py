"""Speech in a text: the lines and paragraphs that name their speaker, and what stands round them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import re2

from disclaim.audit.reading import block_spans
from disclaim.stance import fold


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a text: what somebody says in it, with the label of its speaker, or what stands round that.

    ``said`` is where the words of the speaker start.
    """

    start: int
    end: int
    text: str
    speaker: str | None
    said: int


def read_speech(text: str) -> Iterator[Part]:
    """The lines of speech of a text, each up to the next speaker or empty line, and the paragraphs round them. What a
    reviewer, coach or moderator says is a remark; a paragraph behind a line that announces an answer is speech."""
    announced: str | None = None
    for start, end in block_spans(text):
        speakers = [match for match in _SPEAKER.finditer(text, start, end) if _is_name(match["name"], match.start())]
        at = start
        first = speakers[0].start() if speakers else end
        if announced is not None and text[at:first].strip():
            yield Part(at, first, text[at:first].strip(), announced, at)
            at = first
        announced = None
        for place, match in enumerate(speakers):
            if text[at : match.start()].strip():
                yield Part(at, match.start(), text[at : match.start()].strip(), None, at)
            until = speakers[place + 1].start() if place + 1 < len(speakers) else end
            said = text[match.start() : until].strip()
            remark = _JUDGE.search(fold(match["name"])) is not None
            yield Part(match.start(), match.start() + len(said), said, None if remark else match["name"], match.end())
            at = until
        rest = text[at:end].strip()
        if rest:
            yield Part(at, end, rest, None, at)
        line = text[start:end].rstrip().rsplit("\n", 1)[-1]
        if line.endswith(":") and _ANNOUNCES.search(fold(line)):
            announced = line.rstrip(":")


def _is_name(name: str, at: int) -> bool:
    """Whether the start of a line names a speaker: no heading."""
    return len(name.split()) <= (_NAME_WORDS if at else 2)


#: What a text without speakers does not match: a line that starts with a short label.
MAY_SPEAK = re2.compile(r"(?m)^\W{0,4}[^\W\d_][^:>|\n]{0,40}(?::|>|\|)\s")
_NAME_WORDS = 4
_SPEAKER = re.compile(
    r"^[ \t>*_<\[\"'-]{0,5}(?:\d{1,2}[:.]\d{2}\s)?(?P<name>(?:u/|@)?[^\W\d_][^:>|\n]{0,40}?)[\])*_]{0,3}\s?"
    r"(?:[:>|：]|\n(?=\S[^\n]{30}))[ \t*_]*(?=\S)",
    re.MULTILINE,
)
_ANNOUNCES = re.compile(
    r"\b(?:repl(?:y|ied)|answer(?:ed)?|respon\w+|said|says|wrote|gave|told|proposed|suggested|snippet|quote|output|it|draft)\b"
)
_JUDGE = re.compile(
    r"\b(?:review\w*|rater|annot\w*|evaluat\w*|grader|label\w*|qa|mod(?:erat\w*)?|\w*mod|admin|audit\w*|train(?:er|ing)"
    r"|coach\w*|assess\w*|supervis\w*|critic\w*|critique|judge\w*|examin\w*|observ\w*|editor|panel|feedback|debrief"
    r"|lessons?|notes?|remarks?|comments?|marks?|score|verdict|result\w*|outcome|finding\w*|timeline|why|check|staff"
    r"|commentary|summary|conclusion|action\w*|c\d|hinweis|anmerkung|remarque\w*|modération|anotaç\w+|anotacion\w*"
    r"|nota\w*|commento|opmerking\w*|escalat\w*|tally|root cause|impact|status|ticket|rating|reward)\b"
)
