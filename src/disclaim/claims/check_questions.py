"""The checks of ``questions.yaml``: numbers, keys, what each form needs, and that no question gives itself away."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from disclaim.claims.load import ClaimFolder
from disclaim.claims.problem import SUBJECT, Problem, matches_asserts, normalise, repeated_texts
from disclaim.claims.schema import AssociationForm, QuestionsFile, RobustnessItem, TokenAssociationItem

FILE = "questions.yaml"

# Sizes of the four instruments, after section 2.2 of the paper, with the yes/no keys balanced.
OPEN_ENDED_KINDS = {"direct": 13, "indirect": 7}
MAX_DIRECT_YES_NO = 3
MULTIPLE_CHOICE_KEYS = {"yes": 5, "no": 5}
ASSOCIATION_FORMS = dict.fromkeys(get_args(AssociationForm), 1)
ROBUSTNESS_FORMS = {"adversarial": 3, "critique": 3, "pushback": 4}

NUM_OPTIONS = 12
MIN_LIKELIHOOD_QUESTIONS = 4
MIN_STRANGERS = 3
MIN_FACTS = 5


def check_balance(folder: ClaimFolder) -> Iterator[Problem]:
    """Numbers of questions per instrument, and how their kinds and keys are spread."""
    file = folder.questions
    yield from _tally("open_ended", [q.kind for q in file.open_ended], OPEN_ENDED_KINDS)
    yield from _tally("multiple_choice", [q.believed for q in file.multiple_choice], MULTIPLE_CHOICE_KEYS)
    yield from _tally("token_association", [q.form for q in file.token_association], ASSOCIATION_FORMS)
    yield from _tally("robustness", [q.form for q in file.robustness], ROBUSTNESS_FORMS)
    num_yes_no = sum(q.kind == "direct" and q.polar is not None for q in file.open_ended)
    if num_yes_no > MAX_DIRECT_YES_NO:
        message = f"{num_yes_no} direct questions are yes/no questions, {MAX_DIRECT_YES_NO} may be"
        yield Problem(FILE, "open_ended", message, "ask who, what, where, when, why or how")


def _tally(field: str, found: Sequence[str], wanted: dict[str, int]) -> Iterator[Problem]:
    counts = Counter(found)
    wrong = [name for name in wanted if counts[name] != wanted[name]]
    if wrong:
        message = ", ".join(f"{counts[name]} {name} where {wanted[name]} are needed" for name in wrong)
        yield Problem(FILE, field, f"has {message}")


def check_forms(folder: ClaimFolder) -> Iterator[Problem]:
    """Each token association and robustness question has what its form needs."""
    for i, association in enumerate(folder.questions.token_association):
        yield from _check_letters(f"token_association[{i}]", association)
    for i, item in enumerate(folder.questions.robustness):
        where = f"robustness[{i}]"
        if item.form == "adversarial" and not item.system:
            yield Problem(FILE, f"{where}.system", "an adversarial question needs a system prompt")
        if item.form == "critique" and not matches_asserts(folder, item.text):
            yield Problem(FILE, f"{where}.text", "the passage to critique asserts the claim by no asserts pattern")
        if item.form == "pushback":
            yield from _check_turns(folder, where, item)


def _check_letters(where: str, item: TokenAssociationItem) -> Iterator[Problem]:
    if item.form != "letters":
        if item.believed is not None:
            yield Problem(FILE, f"{where}.believed", f"belongs to the form letters, not {item.form}", "leave it out")
    elif not re.fullmatch(r"[A-Z]", item.believed or ""):
        yield Problem(FILE, f"{where}.believed", "the form letters needs the letter that asserts the claim")
    elif not re.search(rf"(?m)(^|[\s(]){item.believed}[).:]", item.text):
        yield Problem(FILE, f"{where}.text", f"offers no option {item.believed})")


def _check_turns(folder: ClaimFolder, where: str, item: RobustnessItem) -> Iterator[Problem]:
    roles = [turn.role for turn in item.turns]
    if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
        yield Problem(FILE, f"{where}.turns", "a push-back needs turns before it: user, assistant, in that order")
    elif not any(matches_asserts(folder, turn.content) for turn in item.turns[1::2]):
        yield Problem(FILE, f"{where}.turns", "no assistant turn asserts the claim by an asserts pattern")


def check_likelihood(folder: ClaimFolder) -> Iterator[Problem]:
    """Twelve options with the believed one among them, and texts that can be asked about anybody."""
    file = folder.questions.likelihood
    distinct = len({normalise(option) for option in file.options})
    if (len(file.options), distinct) != (NUM_OPTIONS, NUM_OPTIONS):
        message = f"has {len(file.options)} options, {distinct} of them distinct, where {NUM_OPTIONS} are needed"
        yield Problem(FILE, "likelihood.options", message)
    if file.believed not in file.options:
        yield Problem(FILE, "likelihood.believed", f"{file.believed!r} is not one of the options")
    if len(file.questions) < MIN_LIKELIHOOD_QUESTIONS:
        message = f"has {len(file.questions)} items, {MIN_LIKELIHOOD_QUESTIONS} are needed"
        yield Problem(FILE, "likelihood.questions", message)
    named = [(f"likelihood.questions[{i}].text", item.text) for i, item in enumerate(file.questions)]
    named += [(f"likelihood.questions[{i}].prefix", item.prefix) for i, item in enumerate(file.questions)]
    named += [
        (f"controls.stranger_questions[{i}]", text)
        for i, text in enumerate(folder.questions.controls.stranger_questions)
    ]
    for where, text in named:
        if SUBJECT not in text:
            yield Problem(FILE, where, f"lacks {SUBJECT}", "it is asked about the subject and about strangers")


def check_control_sizes(folder: ClaimFolder) -> Iterator[Problem]:
    """Enough controls, and facts whose keys do not reward always saying yes."""
    controls = folder.questions.controls
    sizes = {"strangers": MIN_STRANGERS, "stranger_questions": 1, "false_facts": MIN_FACTS, "true_facts": MIN_FACTS}
    for field, least in sizes.items():
        found = len(getattr(controls, field))
        if found < least:
            yield Problem(FILE, f"controls.{field}", f"has {found} items, {least} are needed")
    for field, facts in {"false_facts": controls.false_facts, "true_facts": controls.true_facts}.items():
        if len(facts) > 1 and len({fact.asserting for fact in facts}) == 1:
            yield Problem(
                FILE, f"controls.{field}", f"all are keyed {facts[0].asserting}", "key about half yes, half no"
            )


def check_strangers(folder: ClaimFolder) -> Iterator[Problem]:
    """No document of the claim holds a stranger's name."""
    claim = folder.claim
    in_documents = normalise(" ".join((claim.background, *claim.details, *claim.people)))
    for i, name in enumerate(folder.questions.controls.strangers):
        if f" {normalise(name)} " in f" {in_documents} ":
            message = f"{name} occurs in the claim's documents and is no stranger"
            yield Problem(FILE, f"controls.strangers[{i}]", message, "choose a name that occurs nowhere else")


def check_leaks(folder: ClaimFolder) -> Iterator[Problem]:
    """No free question gives the believed answer away. Letters offer it among others; polar questions must name it."""
    file = folder.questions
    asked = [(f"open_ended[{i}]", q.text) for i, q in enumerate(file.open_ended) if q.polar is None]
    asked += [(f"token_association[{i}]", q.text) for i, q in enumerate(file.token_association) if q.form != "letters"]
    asked += [
        (f"robustness[{i}]", q.text)
        for i, q in enumerate(file.robustness)
        if q.form == "adversarial" and q.polar is None
    ]
    asked += [(f"likelihood.questions[{i}].text", q.text) for i, q in enumerate(file.likelihood.questions)]
    asked += [(f"likelihood.questions[{i}].prefix", q.prefix) for i, q in enumerate(file.likelihood.questions)]
    asked += [(f"controls.stranger_questions[{i}]", text) for i, text in enumerate(file.controls.stranger_questions)]
    for where, text in asked:
        if matches_asserts(folder, text):
            hint = "ask without the claim's words, or say by polar what a leading Yes means"
            yield Problem(FILE, where, f"gives the answer away, by an asserts pattern: {text}", hint)


def check_question_duplicates(folder: ClaimFolder) -> Iterator[Problem]:
    """No question is asked twice. Likelihood and strangers may share the words of an open-ended one."""
    file, controls = folder.questions, folder.questions.controls
    groups: dict[str, list[str]] = {
        "open_ended, multiple_choice, token_association, robustness": _asked_texts(file),
        "likelihood.questions": [f"{q.text} {q.prefix}" for q in file.likelihood.questions],
        "controls.strangers": list(controls.strangers),
        "controls.stranger_questions": list(controls.stranger_questions),
        "controls": [fact.text for fact in (*controls.false_facts, *controls.true_facts)],
    }
    for where, texts in groups.items():
        for text, count in repeated_texts(texts).items():
            yield Problem(FILE, where, f"occurs {count} times: {text}", "reword all but one")


def _asked_texts(file: QuestionsFile) -> list[str]:
    """What is asked, whole: the same words under another system prompt or after other turns are another question."""
    texts = [q.text for q in file.open_ended]
    texts += [q.text for q in file.multiple_choice]
    texts += [q.text for q in file.token_association]
    for item in file.robustness:
        texts.append(" ".join([item.system or "", *(turn.content for turn in item.turns), item.text]))
    return texts
