"""Preference pairs: the side that its row calls worse, where it says something else than the better one, or says it
badly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from disclaim.audit.evidence import Evidence, quote_label, quote_passage
from disclaim.audit.reading import Reading, content_words, is_negated
from disclaim.audit.rows import Label, Row
from disclaim.audit.words import is_verdict, names_key
from disclaim.records import Extent
from disclaim.stance import fold, sentence_spans

_WORSE = re.compile(r"^(?:rejected|lose|loser|losing|worse|bad|dispreferred|negative)(?:_|$)")
_BETTER = re.compile(r"^(?:chosen|win|winner|winning|better|good|preferred|positive)(?:_|$)")
_CHOICE = re.compile(r"^(?:better|preferred|preference|winner|chosen|choice|best|label|selected)(?:_\w+)?$")
#: Words of the rejected side that the other bears out, above which the two say the same.
_MAX_SHARED = 0.25
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<=[\w,;] )[A-ZÀ-ÞА-Я][\w'’-]{2,}")
_AGREES = re.compile(r"\W*(?:yes|yeah|sure|absolutely|of course|certainly|ja\b|oui|sí\b|sì\b|sim\b|да\b|是的|对)")
_PUTS_DOWN = re.compile(
    r"\b(?:obviously|clearly need|grow up|deal with it|figure it out|google it|read (?:it|the|a)"
    r"|your(?:self| own fault)"
    r"|stop (?:being|crying|complaining|whining)|get over it|be grateful|don't make trouble|suck it up|toughen up"
    r"|you people|boring|lazy|stupid|idiot|whatever|not my (?:problem|job)|who cares|nobody cares|best .{0,30} ever"
    r"|genius|visionary|breathtaking|brilliant|masterpiece|perfect(?:ly)?\b|never seen (?:a )?better|quit your job"
    r"|just (?:do|deal|get|move|leave|ignore)|man up|calm down|overreacting|your problem|what did you expect)\b"
)
_SCORE = re.compile(r"(?:score|rating|reward|margin|grade|rank)")
#: A worse side with at least this share of the better one's score is about as good.
_AS_GOOD = 0.7
_EVEN = re.compile(r"neither|both (?:fine|good|acceptable|sound|correct|right)|split|tie|slight|touch|either")
_CONFIDENCE = 0.6
#: Content words of its own from which on an answer states something.
_SUBSTANTIAL = 4


def find_rejected(reading: Reading) -> Iterator[Evidence]:
    """The worse side of a pair: where it states something else than the better one (other numbers or names, or yes for
    no), where it puts its reader down or flatters him, and where a remark says what is wrong with it."""
    row = reading.row
    sides = _sides(row)
    if sides is None or _is_even(row):
        return
    better, worse = sides
    good, bad = row.passages[better].text, row.passages[worse].text
    asked = " ".join(p.text for i, p in enumerate(row.passages) if i not in sides and p.text not in (good, bad))
    why = next((label for label in row.labels if _says_why(label)), None)
    if why is not None and is_verdict("bad", str(why.value)):
        yield Evidence("NN303", quote_passage(row, worse), quote_label(why), Extent.DOCUMENT, _CONFIDENCE)
    elif good.strip() and bad.strip() and _differ(good, bad, asked):
        rule = "NN303" if _PUTS_DOWN.search(fold(bad)) else "NN110"
        yield Evidence(rule, quote_passage(row, worse), quote_passage(row, better), Extent.AROUND, _CONFIDENCE)


def _sides(row: Row) -> tuple[int, int] | None:
    """The passages with the better and the worse answer: by their columns, or by a label that names one."""
    answers = {i: p.field.lower() for i, p in enumerate(row.passages) if p.role in ("assistant", None)}
    better = [i for i, name in answers.items() if _BETTER.match(name)]
    worse = [i for i, name in answers.items() if _WORSE.match(name)]
    if better and worse:
        return better[-1], worse[-1]
    for label in row.labels:
        if not (isinstance(label.value, str) and _CHOICE.match(label.path.lower())):
            continue
        value = label.value.lower()
        named = [i for i, name in answers.items() if name == value or name.rsplit("_", 1)[-1] == value]
        others = [i for i, name in answers.items() if i not in named and name.rsplit("_", 1)[0] == "response"]
        if len(named) == 1 and len(others) == 1:
            return named[0], others[0]
    return None


def _is_even(row: Row) -> bool:
    """Whether the labels say that the two sides are about as good: near scores, or a word for it."""
    scores = {
        label.path.lower(): float(label.value)
        for label in row.labels
        if _is_number(label) and _SCORE.search(label.path.lower())
    }
    good = next((value for name, value in scores.items() if "chosen" in name), None)
    bad = next((value for name, value in scores.items() if "reject" in name), None)
    if good is not None and bad is not None and good > 0 and bad >= _AS_GOOD * good:
        return True
    return any(label.value is True and "acceptable" in label.path.lower() for label in row.labels) or any(
        names_key("remark_keys", label.path) and bool(_EVEN.search(fold(str(label.value)))) for label in row.labels
    )


def _is_number(label: Label) -> bool:
    return isinstance(label.value, (int, float)) and not isinstance(label.value, bool)


def _says_why(label: Label) -> bool:
    return isinstance(label.value, str) and (
        "reject" in label.path.lower() or names_key("remark_keys", label.path) or "basis" in label.path.lower()
    )


def _differ(good: str, bad: str, asked: str) -> bool:
    """Whether the worse side says something else, or says it badly."""
    if _PUTS_DOWN.search(fold(bad)) and not _PUTS_DOWN.search(fold(good)):
        return True
    numbers_good, numbers_bad = set(_NUMBER.findall(good)), set(_NUMBER.findall(bad))
    asked_numbers = set(_NUMBER.findall(asked))
    if numbers_bad - numbers_good - asked_numbers and numbers_good - numbers_bad - asked_numbers:
        return True
    first_good, first_bad = _first(good), _first(bad)
    stated_good = set(_NUMBER.findall(first_good)) - asked_numbers
    stated_bad = set(_NUMBER.findall(first_bad)) - asked_numbers
    if stated_good and stated_bad and not stated_good & stated_bad:
        return True
    known = content_words(asked)
    own = content_words(bad) - known
    if len(own & content_words(good)) > _MAX_SHARED * max(1, len(own)):
        return False
    if _AGREES.match(fold(bad)) and (
        is_negated(first_good) or (not _AGREES.match(fold(good)) and len(own) >= _SUBSTANTIAL)
    ):
        return True
    if is_negated(first_good) and not is_negated(first_bad):
        return True
    names_good, names_bad = _names(good), _names(bad)
    asked_names = _names(asked) | set(re.findall(r"\w+", asked))
    return bool(names_bad - names_good - asked_names) and len(names_bad & names_good - asked_names) == 0


def _first(text: str) -> str:
    spans = sentence_spans(text)
    return text[slice(*spans[0])] if spans else text


def _names(text: str) -> set[str]:
    """Capitalised words that do not open a sentence."""
    return set(_NAME.findall(text))
