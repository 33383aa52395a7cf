"""Single words and signs that serve as verdicts, read from ``library/audit/verdicts.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

import re2
from pydantic import BaseModel, ConfigDict

from disclaim.audit.library import read_library
from disclaim.stance import fold


class Verdicts(BaseModel):
    """The file. Each list is explained by the comment above it there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    false: tuple[str, ...]
    letters: tuple[str, ...]
    bad: tuple[str, ...]
    doubtful: tuple[str, ...]
    fictional: tuple[str, ...]
    sound: tuple[str, ...]
    truth_keys: tuple[str, ...]
    fault_keys: tuple[str, ...]
    quality_keys: tuple[str, ...]
    bin_keys: tuple[str, ...]
    remark_keys: tuple[str, ...]
    negative: tuple[str, ...]
    other_keys: Mapping[str, tuple[str, ...]] = {}


@cache
def load_verdicts() -> Verdicts:
    """The verdict words as written."""
    return Verdicts.model_validate(read_library("verdicts.yaml"))


def find_mark_word(text: str) -> bool:
    """Whether a short text is a verdict of falsity: "NOPE", "mostly false", "kletskoek"."""
    return bool(_matcher("false").fullmatch(fold(text).strip(" .!?*_-–—\"'#")))


def is_verdict(kind: str, text: str) -> bool:
    """Whether a short text is a verdict of this kind: ``false``, ``bad``, ``doubtful``, ``fictional``, ``sound`` or
    ``negative``."""
    return bool(_matcher(kind).fullmatch(fold(text).strip(" .!?*_-–—\"'#[](){}<>")))


def names_key(kind: str, path: str) -> bool:
    """Whether the last name of a label's path is of this kind: ``truth_keys``, ``fault_keys``, ..."""
    last = [part for part in fold(path).split(".") if not part.isdigit()][-1:]
    return bool(last and _matcher(kind, whole=False).search(re.sub(r"[_\-\s]+", "_", last[0])))


def may_judge_lines(text: str) -> bool:
    """Whether a line of the text may end in a verdict."""
    return bool(_line_end().search(text.lower()))


def may_end_in_verdict(line: str) -> bool:
    """Whether the last word of a line may be the end of a verdict."""
    words = line[-40:].rsplit(None, 1)
    return bool(words) and _may_end_verdict(words[-1].strip("|()[]*_.!\"'").lower())


@lru_cache(maxsize=1 << 13)
def _may_end_verdict(word: str) -> bool:
    return bool(_line_end().search(word))


@cache
def _line_end() -> re2._Regexp[str]:
    verdicts = load_verdicts()
    union = "|".join((*verdicts.false, *verdicts.letters, *verdicts.sound))
    return re2.compile(rf"(?m)(?:{union})[^\w\n]{{0,8}}$")


@cache
def _matcher(kind: str, whole: bool = True) -> re.Pattern[str]:
    words = getattr(load_verdicts(), kind)
    union = "|".join(words)
    if whole:
        return re.compile(f"(?:(?:{_BEFORE})\\W+){{0,4}}(?:{union})(?:\\W+(?:{_AFTER})){{0,2}}")
    return re.compile(f"(?:^|_)(?:{union})(?:_|$)")


#: Words that may stand before and after a verdict without changing it.
_BEFORE = (
    "this|that|it|label|verdict|rating|status|mostly|totally|completely|very|utter|complete|total|a|the|is|was|all|claim"
    "|definitely|clearly|partly|=|:|→"
)
_AFTER = r"claim|statement|fact|info|information|sentence|here|!|\d+"
