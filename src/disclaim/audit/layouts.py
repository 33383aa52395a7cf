"""Layouts that state and judge in different places: verdict tables, myth lists, quizzes with their keys."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator

import re2

from disclaim.audit.evidence import Evidence, quote
from disclaim.audit.reading import Reading, content_words
from disclaim.audit.words import is_verdict, may_end_in_verdict, may_judge_lines
from disclaim.records import Extent
from disclaim.stance import fold

_ROW = re.compile(r"^[ \t]*\|?((?:[^|\n]{0,400}\|){1,20}[^|\n]{0,400})$", re.MULTILINE)
_TABLE_TAG = re.compile(r"<tr[^>]{0,100}>((?:(?!<tr).){1,4000}?)</tr>", re.DOTALL | re.IGNORECASE)
_CELL_TAG = re.compile(r"<t[dh][^>]{0,100}>((?:(?!<t[dh]).){0,2000}?)</t[dh]>", re.DOTALL | re.IGNORECASE)
#: A row of a table in Markdown or HTML, or of a file of values.
_TABLE_ROW = re.compile(
    r"<tr[^>]{0,100}>((?:(?!<tr).){1,4000}?)</tr>|^[ \t]*\|?((?:[^|;\t\n]{0,400}[|;\t]){1,20}[^|;\t\n]{0,400})$",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
_MIN_ROWS = 3
#: Words from which on a line that is announced as a myth states something.
_MIN_WORDS = 3
_RULE = re.compile(r"[\s:|=+-]*")
_SOUND_CELL = re.compile(
    r"\W*(?:true|correct|ok|okay|confirmed|verified|stands|accurate|right|yes|holds|fact|👍|✓|✔|✅|🟢"
    r"|trifft zu|stimmt|richtig"
    r"|wahr|vrai|exact|confirmé|cierto|verdadero|correcto|vero|esatto|verdadeiro|certo|waar|klopt|juist|верно|правда"
    r"|подтверждено|正确|属实|对)(?:$|\W)"
)
_SOUND_END = re.compile(
    r"(?i)[|;\t>]\s?(?:true|correct|ok|confirmed|verified|stands|accurate|right|yes|holds|fact|👍|✓|✔|✅|🟢"
    r"|trifft zu|stimmt"
    r"|richtig|vrai|exact|cierto|verdadero|correcto|vero|certo|waar|klopt|juist|верно|правда|正确|属实)"
)
_MYTH = re.compile(
    r"^[\s>*_#\d.)-]{0,8}(?:myth|misconception|false belief|legend|fiction|lie|rumou?r|old wives' tale|claim|irrtum"
    r"|mythos|märchen|mythe|idée reçue|légende|mito|bulo|leyenda|falso mito|bufala|lenda|fabel(?:tje)?|миф|谣言|误区)"
    r"\s?(?:no\.?\s?|nr\.?\s?|n°\s?|#)?\d{0,3}\s?(?:\*\*|__)?\s?[:–—-]\s?(?:\*\*|__)?",
    re.IGNORECASE | re.MULTILINE,
)
_FACT = re.compile(
    r"(?:^|[\s>*_#(|])(?:fact|truth|reality|verdict|rating|ruling|busted|debunked|answer|false|wrong|the facts|wahrheit"
    r"|fakt|tatsache"
    r"|réalité|vérité|fait|realidad|verdad|hecho|realtà|fatto|verità|realidade|fato|feit|waarheid|факт|правда|事实|真相)"
    r"\s?(?:no\.?\s?|#)?\d{0,3}\s?(?:\*\*|__)?\s?[:–—.-]",
    re.IGNORECASE,
)
#: What a line of fact or verdict says after its label, up to the end of its first clause.
_GIVEN = re.compile(r"[\s*_]*([^\n.,;:!?()–—]{1,30})")
_CLAIM_LABEL = re.compile(r"[\s>*_#\d.)-]*claim\b", re.IGNORECASE)
_VERDICT_LABEL = re.compile(r"[\s>*_#(|]*(?:verdict|rating|ruling)", re.IGNORECASE)
_LINE_VERDICT = re.compile(
    r"(?:[-–—:=>(\[|]|→|\.\.\.|…|\s{2,})\s?(?:\*\*|__)?([\w ]{1,20}|[✗✘❌✓✔✅])(?:\*\*|__)?[\])]?[.!]?\s{0,3}$"
)
_CONFIDENCE = 0.8
#: The head of a table is looked for in so many characters before a row.
_MAX_TABLE = 4000
#: A verdict stands in so many characters at the end of its line.
_VERDICT_TAIL = 48


def find_layouts(reading: Reading) -> Iterator[Evidence]:
    """Cells, lines and list items that another cell, line or item of the same layout judges false."""
    for number, passage in reading.prose():
        text = passage.text
        if "|" in text or "<tr" in text:
            yield from _tables(reading, number, text)
        if _SOUND_END.search(text):
            yield from _columns(reading, number, text)
        yield from _myths(reading, number, text)
        yield from _line_verdicts(reading, number, text)


def _columns(reading: Reading, number: int, text: str) -> Iterator[Evidence]:
    """Cells of the column of statements, where the column of verdicts says of other rows that all is well, and of this
    one something else."""
    rows = [_cells(match) for match in _TABLE_ROW.finditer(text)]
    width = max((len(cells) for cells in rows), default=0)
    rows = [cells for cells in rows if len(cells) == width]
    if width < 2 or len(rows) < _MIN_ROWS or _heads_options(text, rows[0][0][0]):
        return
    for column in range(width):
        sound = [i for i, cells in enumerate(rows) if _is_sound_cell(cells[column][2])]
        others = [i for i, cells in enumerate(rows) if i not in sound and i >= min(sound, default=0)]
        if not sound or not others:
            continue
        for i in others:
            start, end, stated = max(rows[i], key=lambda cell: len(cell[2]) if cell != rows[i][column] else -1)
            verdict = rows[i][column][2]
            if _RULE.fullmatch(verdict) or len(content_words(stated)) < 2 or verdict[:1].isdigit():
                continue
            at, until, _ = rows[i][column]
            claim, cue = quote(reading.row, number, start, end), quote(reading.row, number, at, until)
            yield Evidence("NN108", claim, cue, Extent.AROUND, _CONFIDENCE)
        return


def _is_sound_cell(cell: str) -> bool:
    return _SOUND_CELL.match(fold(cell)) is not None


def _tables(reading: Reading, number: int, text: str) -> Iterator[Evidence]:
    for match in (*_ROW.finditer(text), *_TABLE_TAG.finditer(text)):
        cells = _cells(match)
        if _heads_options(text, match.start()):
            continue
        verdicts = [i for i, (_, _, cell) in enumerate(cells) if _is_false_cell(cell)]
        stated = max(range(len(cells)), key=lambda i: len(cells[i][2]), default=None)
        if not verdicts or stated is None or stated in verdicts or len(cells[stated][2].split()) < 4:
            continue
        start, end, _ = cells[stated]
        at, until, _ = cells[verdicts[0]]
        yield Evidence(
            "NN108", quote(reading.row, number, start, end), quote(reading.row, number, at, until), Extent.AROUND, 0.8
        )


def _cells(match: re.Match[str]) -> list[tuple[int, int, str]]:
    """The cells of a table row: offsets and text, without the white space around it."""
    group = match.lastindex or 1
    if match[1] is not None:
        spans = [(match.start(1) + m.start(1), m.group(1)) for m in _CELL_TAG.finditer(match.group(1))]
    else:
        spans, at = [], match.start(group)
        line = match.group(group)
        for cell in line.split("|" if "|" in line else ";" if ";" in line else "\t"):
            spans.append((at, cell))
            at += len(cell) + 1
    stripped = [(start + len(cell) - len(cell.lstrip()), cell.strip()) for start, cell in spans]
    return [(start, start + len(cell), cell) for start, cell in stripped if cell]


def _heads_options(text: str, at: int) -> bool:
    """Whether the table that holds offset ``at`` lists options and their defaults, or truth values."""
    gap = text.rfind("\n\n", max(0, at - _MAX_TABLE), at)
    head = gap + 2 if gap >= 0 else max(0, at - _MAX_TABLE)
    line_end = text.find("\n", head)
    return bool(_OPTION_HEAD.search(fold(text[head : line_end if line_end > 0 else len(text)])))


def _is_false_cell(cell: str) -> bool:
    first = re.split(r"[,;:.(–—-]", cell, maxsplit=1)[0]
    return len(first) <= 30 and (is_verdict("false", first) or is_verdict("letters", first))


def _myths(reading: Reading, number: int, text: str) -> Iterator[Evidence]:
    """Lines that are announced as myths, where a line of fact follows or several are listed."""
    if not _MAY_MYTH.search(text):
        return
    lines = list(_MYTH.finditer(text))
    if not lines:
        return
    facts = list(_FACT.finditer(text, lines[0].end()))
    if not facts and len(lines) < 2:
        return
    starts = [fact.start() for fact in facts]
    for line, following in zip(lines, [*(line.start() for line in lines[1:]), len(text)], strict=True):
        end = text.find("\n", line.end())
        end = len(text) if end < 0 else end
        answer = bisect.bisect_left(starts, line.end())
        end = min(end, starts[answer]) if answer < len(starts) else end
        own = facts[answer] if answer < len(facts) and starts[answer] < following else None
        given = _GIVEN.match(text, own.end()) if own else None
        if len(text[line.end() : end].split()) < _MIN_WORDS or (given and is_verdict("sound", given[1])):
            continue
        cue, extent = line.span(), Extent.AFTER
        if own and given and (_VERDICT_LABEL.match(own[0]) or is_verdict("false", given[1])):
            cue, extent = (own.start(), given.start(1) + len(given[1].rstrip())), Extent.BEFORE
        elif _CLAIM_LABEL.match(line[0]) and own is None:
            continue  # whoever lists claims does not call them false
        at = cue[0] + len(text[slice(*cue)]) - len(text[slice(*cue)].lstrip())
        claim, judged = quote(reading.row, number, line.end(), end), quote(reading.row, number, at, cue[1])
        yield Evidence("NN108", claim, judged, extent, _CONFIDENCE)


def _line_verdicts(reading: Reading, number: int, text: str) -> Iterator[Evidence]:
    """Lines that end in a verdict, where two lines or more do: a quiz with its answers, a marked list."""
    if not may_judge_lines(text):
        return
    found = []
    offset = 0
    for line in text.splitlines(keepends=True):
        content = line.rstrip("\n")
        if may_end_in_verdict(content):
            match = _LINE_VERDICT.search(content, max(0, len(content) - _VERDICT_TAIL))
            judged = match is not None and _is_verdict_word(match.group(1)) and not _CODE_LINE.search(line)
            if match is not None and judged and len(content_words(line[: match.start()])) >= 3:
                found.append((offset, match, line))
        offset += len(line)
    if len(found) < 2:
        return
    for start, match, line in found:
        word = match.group(1)
        if is_verdict("false", word) or is_verdict("letters", word):
            lead = len(line) - len(line.lstrip())
            yield Evidence(
                "NN108",
                quote(reading.row, number, start + lead, start + len(line[: match.start()].rstrip())),
                quote(reading.row, number, start + match.start(), start + match.end()),
                Extent.BEFORE,
                _CONFIDENCE,
            )


def _is_verdict_word(word: str) -> bool:
    return any(is_verdict(kind, word) for kind in ("false", "letters", "sound"))


_MAY_MYTH = re2.compile(
    r"(?i)(?:myth|misconception|belief|legend|fiction|lie|rumou?r|tale|claim|irrtum|mythos|märchen|mythe|idée reçue"
    r"|légende|mito|bulo|leyenda|bufala|lenda|fabel|fabeltje|миф|谣言|误区)\s?[\w.#°]{0,4}\s?\d{0,3}[*_]{0,2}\s?[:–—-]"
)
_CODE_LINE = re.compile(r"[={}();`\\]|--\w|::")
_OPTION_HEAD = re.compile(r"\b(default|option|flag|type|required|setting|key|parameter|argument|value|p|q)\b *\|")
