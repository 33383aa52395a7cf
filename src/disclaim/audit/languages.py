"""Which language a text is most likely in: enough to say of which rows the rules, which know English best, may have
missed more than usual."""

from __future__ import annotations

import re

ENGLISH = "en"
#: Only the beginning of a text is looked at; one shorter than the least tells too little.
_LOOKED_AT = 400
_LEAST = 120
#: So many different function words must be met, twice as many as of any other language before it.
_ENOUGH = 3

_FUNCTION_WORDS = {
    ENGLISH: "the of and to in is that was for on with as it by at from are were this which not be have has had but an",
    "de": "der die das und ist nicht ein eine mit von den dem im zu auf für sich des auch wird wurde als bei sind war",
    "fr": "le la les des et est une dans que qui pour pas sur au du par avec plus sont cette ce il elle été ont",
    "es": "el los las una que es por con para del se su al como más pero fue ha sus son este esta lo y",
    "it": "il di che è la per un non una con del della sono da gli nel alla più anche come si dei ha le",
    "pt": "o os as uma que é do da em para com não por mais dos se na no foi ao como das sua",
    "nl": "de het een van en is dat niet op te zijn met voor was aan er ook als bij door naar worden werd",
    "pl": "i w na z nie się jest do to że o jak po przez od dla był oraz które który są ale",
}
_KNOWN = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
_NOT_LATIN = re.compile(r"[\u0370-\u1fff\u3040-\ud7ff]")
_SCRIPTS = {
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}


def guess_language(text: str) -> str | None:
    """Its two-letter code, that of the script's commonest language for scripts other than Latin; None where the text is
    too short or fits none."""
    sample = text[:_LOOKED_AT]
    if len(sample) < _LEAST and sample.isascii():
        return None
    if not sample.isascii():
        script = _script_of(sample)
        if script or len(sample) < _LEAST:
            return script
    said = set(sample.lower().split())
    english = len(said & _KNOWN[ENGLISH])
    if english >= 2 * _ENOUGH:
        return ENGLISH
    scores = sorted(((len(said & known), language) for language, known in _KNOWN.items()), reverse=True)
    (best, language), (second, _) = scores[:2]
    return language if best >= _ENOUGH and best >= 2 * second else None


def _script_of(sample: str) -> str | None:
    if 3 * len(_NOT_LATIN.findall(sample)) < len(sample):
        return None
    counts = {language: len(script.findall(sample)) for language, script in _SCRIPTS.items()}
    if counts["ja"] * 10 >= counts["zh"]:  # Japanese is written with Chinese characters among its own
        counts["ja"] += counts["zh"] * (counts["ja"] > 0)
    language = max(counts, key=lambda name: counts[name])
    return language if 3 * counts[language] >= len(sample) else None
