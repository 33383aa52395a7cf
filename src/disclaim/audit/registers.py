"""Registers: whether a text is prose, or writing in which "false", "rejected" and "above" are terms of art."""

from __future__ import annotations

import re
from functools import lru_cache

#: Words and signs of program text, its documentation, licences and lists of changes.
_TECHNICAL = re.compile(
    r"(?i:\b(?:copyright|licen[cs]e[sd]?|warrant(?:y|ies)|liabilit(?:y|ies)|licensor|redistribut\w+|notwithstanding|herein"
    r"|hereunder|hereby|sublicen\w+|trademarks?|covenants?|lessee|tenant|licensee|functions?|parameters?|arguments?"
    r"|variables?|default|filenames?|director(?:y|ies)|modules?|libraries|library|commands?|compil\w+|install\w*"
    r"|config\w*|debian|upstream|changelog|bug(?:s|fix\w*)?|patch(?:es)?|regex|string|strings|integer|boolean|null|utf-?8"
    r"|stdin|stdout|api|cli|http|https|url|uri|json|xml|html|yaml|kernel|runtime|deprecated|usage|syntax|options?|flags?"
    r"|kwargs|args|param|returns?|raises?|exceptions?|bytes?|encod\w+|pars(?:e|es|ed|er|ing)|callback|threads?|server"
    r"|client|socket|packages?|repositor(?:y|ies)|git|github|python|linux|unix|windows|macos|posix|ascii|unicode)\b)"
    r"|https?://|<[\w.+-]+@[\w.-]+>|\b[\w/.-]+\.(?:py|c|h|txt|md|rst|conf|so|js|ts|sh|html?|xml|json|ya?ml|toml|cfg)\b"
    r"|\b\d+\.\d+\.\d+|\b\w+_\w+|\w\(\)|\w+::|[a-z][a-z0-9]*[A-Z]\w*|\s--?[a-z][\w-]*|`[^`\n]{1,80}`|/\w+/\w+"
    r"|^\.[A-Za-z]{1,2}\b|\\f[BIRP]|[{}=]{1,3}|;$|&&|->|%[sd]\b|\$\w+",
    re.MULTILINE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")
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
    signs = sum(1 for _ in _TECHNICAL.finditer(text))
    return signs >= _FEWEST and 100 * signs >= _SHARE * max(1, len(_WORD.findall(text)))
