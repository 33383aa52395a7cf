"""How far two judges of the same answers agree, overall and cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from disclaim.errors import DataError
from disclaim.evaluation.instruments import POOLED
from disclaim.evaluation.rows import ArmResult
from disclaim.records import Verdict
from disclaim.stats import estimate_agreement, estimate_mean, rate_table
from disclaim.store import Json

#: The paper's three verdicts (section 2.2): a belief, a denial (a retraction counts as one), neither.
THREE_WAY = {Verdict.ASSERTS: "yes", Verdict.RETRACTS: "no", Verdict.DENIES: "no", Verdict.SILENT: "neutral"}
#: What the belief rate rests on: a belief or not.
BINARY = {Verdict.ASSERTS: "yes", Verdict.RETRACTS: "not", Verdict.DENIES: "not", Verdict.SILENT: "not"}

#: The conditions that every table begins with; the others follow as the study has them.
_ORDER = {"base": 0, "in_context": 1, "asserted": 2}


@dataclass(frozen=True, slots=True)
class Pair:
    """The two judges' verdicts on one answer."""

    claim: str
    condition: str
    instrument: str
    question_id: str
    reference: Verdict | None
    verdict: Verdict | None


def measure_agreement(reference: Sequence[ArmResult], other: Sequence[ArmResult]) -> Json:
    """Agreement between two judges on belief, given the same arms with each one's judgements.

    ``n``, ``accuracy`` and ``kappa`` are on belief against no belief, which the belief rate rests on; ``three_way``
    has the paper's yes, no and neutral. ``cells`` compare the belief rates of each claim and condition over the
    answers that both rated; ``errors`` sums up their absolute differences; ``instruments`` splits the agreement. An
    answer that either left unrated is missing. Answers about controls are no belief: they stand under ``instruments``
    alone. Cells come with ``base``, ``in_context`` and ``asserted`` first. Raises DataError where no answer about
    belief was seen by both.
    """
    everything = sorted(_pair(reference, other), key=lambda pair: _ORDER.get(pair.condition, len(_ORDER)))
    pairs = [pair for pair in everything if pair.instrument in POOLED]
    if not pairs:
        raise DataError("the two judges have no answer in common", "judge the run with both judges first")
    cells = [_cell(group) for group in _grouped(pairs, lambda pair: (pair.claim, pair.condition))]
    return {
        **_agree(pairs, BINARY),
        "three_way": _agree(pairs, THREE_WAY),
        "errors": _errors(cells),
        "instruments": {
            group[0].instrument: {**_agree(group, BINARY), "three_way": _agree(group, THREE_WAY)}
            for group in _grouped(everything, lambda pair: (pair.instrument,))
        },
        "cells": cells,
    }


def _pair(reference: Sequence[ArmResult], other: Sequence[ArmResult]) -> list[Pair]:
    by_arm = {result.arm: result for result in other}
    pairs: list[Pair] = []
    for result in reference:
        match = by_arm.get(result.arm)
        instruments = {question.id: question.instrument.value for question in result.questions}
        verdicts = {(i.question_id, i.sample_index): i.verdict for i in match.judgements} if match else {}
        pairs += [
            Pair(
                claim=result.arm.claim,
                condition=result.arm.condition,
                instrument=instruments[item.question_id],
                question_id=item.question_id,
                reference=item.verdict,
                verdict=verdicts[item.question_id, item.sample_index],
            )
            for item in result.judgements
            if (item.question_id, item.sample_index) in verdicts
        ]
    return pairs


def _agree(pairs: Sequence[Pair], mapping: dict[Verdict, str]) -> dict[str, float | int | None]:
    return estimate_agreement(
        [_mapped(pair.reference, mapping) for pair in pairs], [_mapped(pair.verdict, mapping) for pair in pairs]
    )


def _mapped(verdict: Verdict | None, mapping: dict[Verdict, str]) -> str | None:
    return None if verdict is None else mapping[verdict]


def _cell(pairs: Sequence[Pair]) -> Json:
    rated = [pair for pair in pairs if pair.reference is not None and pair.verdict is not None]
    agreement = _agree(pairs, BINARY)
    return {
        "claim": pairs[0].claim,
        "condition": pairs[0].condition,
        "reference_rate": _belief_rate(rated, lambda pair: pair.reference),
        "rate": _belief_rate(rated, lambda pair: pair.verdict),
        "n": agreement["n"],
        "n_missing": agreement["n_missing"],
        "accuracy": agreement["accuracy"],
        "kappa": agreement["kappa"],
    }


def _belief_rate(pairs: Sequence[Pair], verdict: Callable[[Pair], Verdict | None]) -> float | None:
    """The question-weighted share of answers that assert, as in the estimates."""
    ratings = [
        [float(verdict(pair) is Verdict.ASSERTS) for pair in group]
        for group in _grouped(pairs, lambda pair: (pair.question_id,))
    ]
    return estimate_mean([rate_table([ratings])]).value


def _errors(cells: Sequence[Json]) -> Json:
    """Mean and largest absolute difference of the cells' belief rates, in 0..1; None without a rated cell."""
    differences = [abs(c["rate"] - c["reference_rate"]) for c in cells if c["rate"] is not None]
    mean = estimate_mean([rate_table([[[difference] for difference in differences]])]).value if differences else None
    return {"mean_absolute": mean, "max_absolute": max(differences, default=None)}


def _grouped(pairs: Iterable[Pair], key: Callable[[Pair], tuple[str, ...]]) -> list[list[Pair]]:
    groups: dict[tuple[str, ...], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(key(pair), []).append(pair)
    return list(groups.values())
