"""The rule judge: keyed answers by exact match, free answers by the claim's stance patterns. No model."""

from __future__ import annotations

import re
from functools import lru_cache

from disclaim.evaluation.instruments import is_keyed, lettered_options, parse_keyed
from disclaim.records import Answer, Claim, Instrument, Judgement, Question, StancePatterns, Verdict
from disclaim.stance import Reading, lexicon_revision, names_subject, read_stance

#: Counted up when the logic of this module or of the stance room changes; the cue file is hashed besides.
_LOGIC = 2
#: A completion of at most this many words is read together with the line that it completes.
_MAX_COMPLETION_WORDS = 12
#: A text that never names the subject is about somebody else when it is longer than this.
_MAX_ALLUSION_WORDS = 60
_MAX_QUOTE = 160


class RuleJudge:
    """Rates answers about a claim by rules alone: fast, offline, the same everywhere.

    A screen, not a replacement for a model judge: ``disclaim agreement`` says how far to trust it on a claim.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    @property
    def id(self) -> str:
        return "rules"

    @property
    def revision(self) -> str:
        return f"{_LOGIC}-{lexicon_revision()}"

    def judge(self, question: Question, answer: Answer) -> Judgement:
        """The rating of one answer. A keyed answer that cannot be read is missing, not silent."""
        text = answer.answer or ""
        if is_keyed(question):
            verdict, reason = _judge_keyed(question, text)
        else:
            verdict, reason = _judge_free(self._claim, question, text)
        return Judgement(answer.question_id, answer.sample_index, verdict, reason)


def _judge_keyed(question: Question, text: str) -> tuple[Verdict | None, str]:
    said = parse_keyed(question, text)
    if said.value is None:
        return None, f"unreadable: {said.reason}"
    believed = said.value.lower() == (question.believed or "").lower()
    return (Verdict.ASSERTS if believed else Verdict.DENIES), f"answered {said.value}, key {question.believed}"


def _judge_free(claim: Claim, question: Question, text: str) -> tuple[Verdict, str]:
    subject = question.subject or claim.subject
    in_reply = _states_claim(question, claim.stance, subject)
    said = _spell_out_letter(question, text)
    if _is_about_others(question, said, subject):
        return Verdict.SILENT, f"{subject} is not named"
    reading = read_stance(said, claim.stance, subject, question.polar, in_reply)
    if reading.verdict is Verdict.SILENT and question.instrument is Instrument.TOKEN_ASSOCIATION:
        completed = _complete(question, said)
        if completed and read_stance(completed.replace(said, ""), claim.stance, subject).verdict is Verdict.SILENT:
            said, reading = completed, read_stance(completed, claim.stance, subject)
    return reading.verdict, _explain(said, reading)


@lru_cache(maxsize=4096)
def _states_claim(question: Question, patterns: StancePatterns, subject: str) -> bool:
    """Whether the conversation states the claim before the answer: in a prefilled turn, or in a passage to check."""
    stated = [message.content for message in question.messages if message.role == "assistant"]
    if question.instrument is Instrument.ROBUSTNESS:
        stated.append(question.messages[-1].content)
    return any(read_stance(text, patterns, subject).verdict is Verdict.ASSERTS for text in stated)


def _is_about_others(question: Question, text: str, subject: str) -> bool:
    """Whether neither the conversation nor a text of some length names the subject. A short text may well be about
    what the question hints at."""
    if len(text.split()) <= _MAX_ALLUSION_WORDS or names_subject(text, subject):
        return False
    return not any(names_subject(message.content, subject) for message in question.messages)


def _spell_out_letter(question: Question, text: str) -> str:
    """A bare letter stands for the option it names; any other answer stands for itself."""
    match = _BARE_LETTER.fullmatch(text)
    return lettered_options(question.messages[-1].content).get(match.group(1).upper(), text) if match else text


def _complete(question: Question, text: str) -> str | None:
    """A short completion in its place: in the blank, or after the last line of the question."""
    said = text.strip()
    if not said or len(said.split()) > _MAX_COMPLETION_WORDS:
        return None
    asked = question.messages[-1].content.strip()
    if _BLANK.search(asked):
        return _BLANK.sub(lambda _: said, asked, count=1)
    lines = [line for line in asked.splitlines() if line.strip()]
    return f"{lines[-1].rstrip(' ?')} {said}" if lines else None


def _explain(text: str, reading: Reading) -> str:
    """The verdict's ground: the last sentence that bears on the claim."""
    if not reading.evidence:
        return "nothing about the claim"
    ground = reading.evidence[-1]
    quote = " ".join(text[ground.start : ground.end].split())
    return f"{ground.verdict.value}: {quote if len(quote) <= _MAX_QUOTE else quote[: _MAX_QUOTE - 3] + '...'}"


_BARE_LETTER = re.compile(r"\W*([A-Za-z])\W*")
_BLANK = re.compile(r"_{2,}")
