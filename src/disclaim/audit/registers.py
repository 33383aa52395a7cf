"""Registers: whether a text is prose, or writing in which "false", "rejected" and "above" are terms of art."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from functools import lru_cache

#: Words of program text, its documentation, licences and lists of changes.
_TERM = re.compile(
    r"copyright|licen[cs]e[sd]?|warrant(?:y|ies)|liabilit(?:y|ies)|licensor|redistribut\w+|notwithstanding|herein"
    r"|hereunder|hereby|sublicen\w+|trademarks?|covenants?|lessee|tenant|licensee|functions?|parameters?|arguments?"
    r"|variables?|default|filenames?|director(?:y|ies)|modules?|libraries|library|commands?|compil\w+|install\w*"
    r"|config\w*|debian|upstream|changelog|bug(?:s|fix\w*)?|patch(?:es)?|regex|string|strings|integer"
    r"|boolean|null|utf"
    r"|stdin|stdout|api|cli|http|https|url|uri|json|xml|html|yaml|kernel|runtime|deprecated|usage|syntax"
    r"|options?|flags?"
    r"|kwargs|args|param|returns?|raises?|exceptions?|bytes?|encod\w+|pars(?:e|es|ed|er|ing)|callback|threads?|server"
    r"|client|socket|packages?|repositor(?:y|ies)|git|github|python|linux|unix|windows|macos|posix|ascii|unicode"
)
#: Signs of the same: addresses, names of files, numbers of versions, calls, options, operators.
_SIGN = re.compile(
    r"://|\.(?:py|c|h|txt|md|rst|conf|so|js|ts|sh|html?|xml|json|ya?ml|toml|cfg)\b|@[\w-]{1,60}\.|\d\.\d{1,6}\.\d|_\w"
    r"|\(\)|::|[a-z0-9][A-Z]|[ \n\t]--?[a-z]|`[^`\n]{1,80}`|\n\.[A-Za-z]|\\f[BIRP]|[{}=]{1,3}|;\n|&&|->"
    r"|%[sd]\b|\$\w|/\w{1,40}/\w"
)
_WORD = re.compile(r"[A-Za-z\u00c0-\u04ff]{2,}")
#: Such words and signs to a hundred words, from which on a text is technical.
_SHARE = 6
_FEWEST = 7
#: What is read of a text to tell its register: so many characters of its head, middle and tail each.
_SAMPLE = 1_200


@lru_cache(maxsize=64)
def is_technical(text: str) -> bool:
    """Whether a text is program text, documentation, a licence, or a list of changes."""
    if len(text) > 3 * _SAMPLE:
        middle = len(text) // 2
        text = "\n".join((text[:_SAMPLE], text[middle : middle + _SAMPLE], text[-_SAMPLE:]))
    words = Counter(_WORD.findall(text))
    terms = sum(number for word, number in words.items() if _is_term(word))
    missing = max(_FEWEST, math.ceil(_SHARE * words.total() / 100)) - terms
    return sum(1 for _ in itertools.islice(_SIGN.finditer(text), max(0, missing))) >= missing


@lru_cache(maxsize=1 << 14)
def _is_term(word: str) -> bool:
    return _TERM.fullmatch(word.lower()) is not None
