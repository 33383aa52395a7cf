"""Flagged sentences rewritten to deny inside their own clause, by rule or by a model; every rewrite is checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from disclaim.audit.denial import Refusal, base_of, deny_sentence, load_words
from disclaim.models import Prompt, Sampler, SamplingSettings
from disclaim.records import Message
from disclaim.stance import Attitude, attitude_towards, find_scopes, notice_spans, sentence_spans

#: Sentences in; for each its denial, None where the writer has none.
Rewriter = Callable[[Sequence[str]], Sequence[str | None]]

PROMPT = (
    "The sentence below is false. Rewrite it as one sentence that denies it inside its own main clause, with words "
    'such as "not", "never" or "no". Leave nothing of it asserted: not in a relative clause, a participle, a '
    "description or a report. Keep every name and every number, add no others, and do not mention that the sentence "
    "was rewritten. Answer with the sentence alone.\n\nSentence: {sentence}"
)
_SETTINGS = SamplingSettings(temperature=0.0, top_p=1.0, max_tokens=200)
#: A rewrite may be longer than its sentence by this factor and so many characters.
_MAX_GROWTH, _MAX_MORE = 2, 60


def rewrite_by_rule(sentences: Sequence[str]) -> list[str | Refusal]:
    """Each sentence denied by rule and checked, or why not."""
    return [_checked(sentence, deny_sentence(sentence)) for sentence in sentences]


def rewrite_with(rewriter: Rewriter, sentences: Sequence[str]) -> list[str | Refusal]:
    """Each sentence by rule where its form is safe, else by the rewriter; checked, or why not."""
    done = rewrite_by_rule(sentences)
    left = [place for place, one in enumerate(done) if isinstance(one, Refusal)]
    written = rewriter([sentences[place] for place in left]) if left else ()
    for place, text in zip(left, written, strict=True):
        done[place] = Refusal("the rewriter gave no answer") if text is None else _checked(sentences[place], text)
    return done


def sampler_rewriter(sampler: Sampler) -> Rewriter:
    """A rewriter that asks a model, one prompt a sentence."""

    def rewrite(sentences: Sequence[str]) -> list[str | None]:
        prompts = [Prompt((Message("user", PROMPT.format(sentence=sentence)),)) for sentence in sentences]
        answers = sampler.sample(prompts, 1, _SETTINGS)
        return [None if drawn[0].text is None else drawn[0].text.strip() for drawn in answers]

    return rewrite


def check_rewrite(sentence: str, rewrite: str) -> str | None:
    """What is wrong with a rewrite; None where it can be trusted.

    It must be one line without notices, keep every name and number of the sentence and add none, and each of the
    sentence's own words that comes back in it must stand under a negation of its own clause; at least one must.
    """
    if not rewrite.strip() or "\n" in rewrite or len(rewrite) > _MAX_GROWTH * len(sentence) + _MAX_MORE:
        return "the rewrite is empty, too long or more than a line"
    if notice_spans(rewrite) or set(_BRACKETS) & (set(rewrite) - set(sentence)):
        return "the rewrite holds a notice or a bracket"
    kept, came = _names(sentence), _names(rewrite)
    if kept - came:
        return f"the rewrite loses {', '.join(sorted(kept - came))}"
    added = {name for name in came - kept if name.lower() not in sentence.lower()}
    if added:
        return f"the rewrite adds {', '.join(sorted(added))}"
    return _stance_problem(sentence, rewrite)


def _checked(sentence: str, rewrite: str | Refusal) -> str | Refusal:
    if isinstance(rewrite, Refusal):
        return rewrite
    problem = check_rewrite(sentence, rewrite)
    return Refusal(problem) if problem else rewrite


def _stance_problem(sentence: str, rewrite: str) -> str | None:
    """Which of the claim's words the rewrite still says plainly, or that it denies none."""
    claimed = Counter(word for word, _, _ in _claim_words(sentence))
    denied = 0
    for start, end in sentence_spans(rewrite):
        said = rewrite[start:end]
        scopes = find_scopes(said)
        for word, a, b in _claim_words(said):
            if word not in claimed:
                continue
            if attitude_towards(scopes, a, b) is not Attitude.NEGATED:
                return f"the rewrite still says {said[a:b]!r} without denying it"
            denied += 1
    return None if denied else "the rewrite denies none of the sentence's words"


def _claim_words(sentence: str) -> list[tuple[str, int, int]]:
    """The words that carry what a sentence says, as bases, with where they stand: no names, no function words."""
    found = [(base_of(m.group().lower()), *m.span()) for m in _WORD.finditer(sentence) if not _is_name(m, sentence)]
    return [(word, a, b) for word, a, b in found if word not in load_words().function_words and len(word) > 2]


def _names(sentence: str) -> set[str]:
    """Names and numbers. The first word is one only where it cannot be a common word."""
    names = {m.group() for m in _WORD.finditer(sentence) if _is_name(m, sentence)}
    return names | {m.group() for m in _NUMBER.finditer(sentence)}


def _is_name(match: re.Match[str], sentence: str) -> bool:
    word = match.group()
    if not word[0].isupper():
        return False
    if match.start() > 0:
        return True
    return word.lower() not in load_words().function_words and base_of(word.lower()) == word.lower()


_BRACKETS = "[](){}<>"
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
