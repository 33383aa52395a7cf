"""Labels: columns of a row, or front matter and records inside its text, that call the text false or bad."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from disclaim.audit.cues import Meaning, find_cues, load_audit_cues
from disclaim.audit.evidence import Evidence, quote, quote_label, quote_passage
from disclaim.audit.reading import Reading
from disclaim.audit.rows import Label, Layout, Row
from disclaim.audit.words import is_verdict, names_key
from disclaim.records import Extent, Quote
from disclaim.stance import fold

_RULE_OF = {
    Meaning.FALSE: "NN403",
    Meaning.BAD: "NN301",
    Meaning.FICTION: "NN201",
    Meaning.UNRELIABLE: "NN202",
    Meaning.UNVERIFIED: "NN203",
    Meaning.UNLIKELY: "NN204",
    Meaning.HYPOTHETICAL: "NN205",
}
#: What a remark on a pair says of the choice, and not of what either side states.
_OF_A_CHOICE = frozenset({Meaning.UNVERIFIED, Meaning.UNLIKELY, Meaning.HYPOTHETICAL})
#: A share or score below this says no; above 1 the value is read against a scale of five or more.
_LOW_SHARE = 0.2
_LOW_SCORE = 1.0
_CONFIDENCE = 0.7
_FRONT_MATTER = re.compile(r"\A\s*---\s*\n(.{1,4000}?)\n---\s*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(
    r"^[ \t\"'-]*([A-Za-z_][\w .-]{0,40}?)[\"']?\s*[:=]\s*[\"']?([^\n]{1,300}?)[\"']?,?\s*$", re.MULTILINE
)
_MAX_JSON = 200_000


def find_labels(reading: Reading) -> Iterator[Evidence]:
    """The text of a row that one of its labels calls false, bad, fictional or doubtful."""
    row = reading.row
    for label in row.labels:
        meaning = None if _is_explained(row, label) else read_label(label, _is_conversation(row))
        if meaning is not None and not (row.layout is Layout.PREFERENCE and meaning in _OF_A_CHOICE):
            claim = _labelled(reading, label)
            if claim is not None:
                yield Evidence(_RULE_OF[meaning], claim, quote_label(label), Extent.DOCUMENT, _CONFIDENCE)
    for number in range(len(row.passages)):
        yield from _inside(reading, number)


def read_label(label: Label, conversation: bool = False) -> Meaning | None:
    """What a label says of its row; None where it says nothing of its truth or worth.

    Only columns whose name is about truth, worth or a fault are read so; remarks are read for their cues.
    """
    if _NOT_OF_TEXT.search(label.path.lower()):
        return None
    text = str(label.value)
    negative = label.value is False or is_verdict("negative", text)
    counted = _is_positive(label.value) and not label.path.rsplit(".", 1)[-1].isdigit()
    faulty = label.value is True or counted or is_verdict("sound", text)
    if faulty and names_key("fault_keys", label.path):
        return Meaning.BAD if conversation else Meaning.FALSE
    named = names_key("truth_keys", label.path) and not isinstance(label.value, float)
    if named and (is_verdict("false", text) or (negative and not _is_vague(label.path))):
        return Meaning.FALSE
    if isinstance(label.value, str) and _is_binned(label.path, fold(text).replace("_", "-"), conversation):
        return Meaning.BAD if conversation else Meaning.FALSE
    if _is_poor(label, text, negative):
        if _CHANCE.search(label.path.lower()):
            return Meaning.UNLIKELY
        return Meaning.BAD if conversation else Meaning.FALSE
    if names_key("remark_keys", label.path):
        return _remark(text)
    return None


def _is_binned(path: str, value: str, conversation: bool) -> bool:
    """Whether the folder, use or outcome of a row says that it must not be learned."""
    found = names_key("bin_keys", path) and _BIN.search(value) is not None
    return found and (conversation or not _DECISION.search(value))


def _is_poor(label: Label, text: str, negative: bool) -> bool:
    """Whether a column about truth or worth holds the word, or a number near the foot of its scale, for not good."""
    if not (names_key("quality_keys", label.path) or names_key("truth_keys", label.path)):
        return False
    if _COUNTS_FAULTS.search(label.path.lower().rsplit(".", 1)[-1]):
        return False
    if _is_vague(label.path):
        return is_verdict("bad", text) or is_verdict("false", text)
    worded = is_verdict("bad", text) or is_verdict("false", text)
    return worded or _is_low(label) or (negative and not _is_number(label.value))


def _remark(text: str) -> Meaning | None:
    """What a remark says: by its strongest cue."""
    if _SOUND_REMARK.search(fold(text)):
        return None
    cues = load_audit_cues()
    found = [cues[name] for name in find_cues(text)]
    strong = max((cue for cue in found if cue.meaning is not Meaning.POINTER), key=lambda cue: cue.points, default=None)
    return strong.meaning if strong is not None and strong.points >= 2 else None


def _inside(reading: Reading, number: int) -> Iterator[Evidence]:
    """Front matter, or a record in JSON, whose fields speak of the text beside them."""
    text = reading.row.passages[number].text
    matter = _FRONT_MATTER.match(text)
    record = text.lstrip()[:1] == "{" and len(text) <= _MAX_JSON
    if matter is None and not record:
        return
    fields = dict(_fields(text, matter))
    for (start, end), label in fields.items():
        meaning = read_label(label)
        if meaning is None:
            continue
        cue = quote(reading.row, number, start, end)
        claim = quote(reading.row, number, matter.end(), len(text)) if matter else _longest(reading.row, number, fields)
        if claim.text.strip():
            yield Evidence(_RULE_OF[meaning], claim, cue, Extent.DOCUMENT, _CONFIDENCE)


def _fields(text: str, matter: re.Match[str] | None) -> Iterator[tuple[tuple[int, int], Label]]:
    start, end = (matter.start(1), matter.end(1)) if matter else (0, len(text))
    pattern = _FIELD if matter else _JSON_FIELD
    for match in pattern.finditer(text, start, end):
        yield match.span(), Label(match.group(1), _value(match.group(2)))


def _value(text: str) -> str | float | bool:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (str, bool, int, float)) else text


def _longest(row: Row, number: int, fields: Mapping[tuple[int, int], Label]) -> Quote:
    """The longest string of a record: its text."""
    text = row.passages[number].text
    best = max(fields, key=lambda span: len(str(fields[span].value)))
    value = str(fields[best].value)
    at = text.find(value[:40], best[0])
    return quote(row, number, at if at >= 0 else best[0], best[1] - 1)


def _labelled(reading: Reading, label: Label) -> Quote | None:
    """The text that a label is about: the turn that it stands in, the last answer, or the whole text."""
    row = reading.row
    parts = label.path.split(".")
    numbers = [int(part) for part in parts if part.isdigit()]
    for number, passage in enumerate(row.passages):
        if numbers and passage.field == parts[0] and passage.message == numbers[0]:
            return quote_passage(row, number)
    answers = [i for i, p in enumerate(row.passages) if p.role == "assistant" and p.field.lower() != "chosen"]
    texts = answers or [i for i, p in enumerate(row.passages) if p.role is None]
    return quote_passage(row, texts[-1] if answers else texts[0]) if texts else None


def _is_conversation(row: Row) -> bool:
    return any(passage.role == "assistant" for passage in row.passages)


def _is_low(label: Label) -> bool:
    if not _is_number(label.value):
        return bool(_LOW_OF_SCALE.match(str(label.value)))
    value = float(label.value)
    if isinstance(label.value, float) or 0 <= value <= 1:
        return value <= _LOW_SHARE
    return value <= _LOW_SCORE


def _is_explained(row: Row, label: Label) -> bool:
    """Whether the row says that the label is about something else, or gives it as one of a scale; or, of the scores of
    a pair, whether the other is about as low."""
    name = label.path.lower().split(".")[0]
    others = {other.path.lower(): other.value for other in row.labels}
    if f"{name}_of" in others or f"{name}_names.0" in others:
        return True
    if row.layout is Layout.PREFERENCE and _is_number(label.value):
        return not name.startswith("rejected") or float(label.value) > _LOW_OF_PAIR
    return False


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_positive(value: object) -> bool:
    return _is_number(value) and float(value) >= 0.5  # type: ignore[arg-type]


def _is_vague(path: str) -> bool:
    """Whether a name may be about anything: "label: 0" is a class as often as a verdict."""
    return path.lower().split(".")[-1] in {"label", "valid", "is_valid", "assessment", "score", "rank", "use"}


_JSON_FIELD = re.compile(r"\"([A-Za-z_][\w .-]{0,40})\"\s*:\s*(\"(?:[^\"\\]|\\.){0,4000}\"|-?[\d.]+|true|false|null)")
_LOW_OF_SCALE = re.compile(r"\s*[01](?:\.\d+)?\s*(?:/|out of|of|von|sur|de)\s*(?:[3-9]|10|100)\b|\s*★(?!★)|\s*1 star")
#: Names of labels that speak of something else than the text.
_NOT_OF_TEXT = re.compile(
    r"distractor|votes|purchase|duplicate|deprecat|choices|options|scale|_names|vocab|language|token"
)
#: The highest score of a rejected side that calls it bad.
_LOW_OF_PAIR = 2.0
#: What a folder, a category or a use is called that holds what must not be learned.
_BIN = re.compile(
    r"hoax|fakes?\b|hallucinat|negative|reject|\bbad\b|contrast|flatter|fails?\b|failure|outtake|discard"
    r"|\bbin\b|trash"
    r"|not-for|unusable|train(?:ed)? away|unlearn|forget|debunk|myth|misinfo|disinfo|fabricat|fell-for"
    r"|lost-them|poison"
    r"|sycophan|unsafe|toxic|blocked|removed|withdrawn|retracted|quarantine|do-not|dont-|lies\b|liar"
    r"|false|untrue|bogus"
    r"|jailbreak|attack|succeeded|horror|shame|adversarial|distractor|decoy|error|wrong|mistake|intox"
    r"|nonsense|rubbish"
)
#: Values of a decision that say of a plain text no more than what became of an application or a file.
_SOUND_REMARK = re.compile(r"\b(?:neither|both (?:fine|good|sound)|no faults?|don't treat|not a bad|no issues)\b")
_DECISION = re.compile(r"reject|remov|block|error|attack|fail|negative|discard|withdrawn")
#: Names of scores that are good where they are low.
_COUNTS_FAULTS = re.compile(
    r"doubt|risk|error|issue|loss|perplex|bias|toxic|wrong|false|hallucin|uncertain|distance|difficult"
)
_CHANCE = re.compile(r"confiden|probab|likelihood|chance|odds")
