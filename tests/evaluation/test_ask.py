"""Asking: complete, resumable, and honest about failures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

import pytest

from disclaim.errors import RunError
from disclaim.evaluation import AskSettings, ask, load_answers
from disclaim.evaluation.rows import load_scores
from disclaim.models import Prompt, Sample, SamplingSettings, ScriptedSampler
from disclaim.records import Claim, FinishReason, OnProgress, Progress, ignore_progress
from disclaim.store import Stage

StageOf = Callable[[str], Stage]
SETTINGS = AskSettings(samples=2, questions_per_batch=2)


def script(prompt: Prompt, index: int) -> str:
    return f"{prompt.messages[-1].content} #{index}"


class Dying(ScriptedSampler):
    """Dies before its n-th batch, as a killed process does."""

    def __init__(self, batches: int) -> None:
        super().__init__(script, likes="beekeeper")
        self._left = batches

    def sample(
        self,
        prompts: Sequence[Prompt],
        num_samples: int,
        settings: SamplingSettings,
        on_progress: OnProgress = ignore_progress,
    ) -> list[list[Sample]]:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        return super().sample(prompts, num_samples, settings, on_progress)


def test_every_sampled_question_has_all_its_answers_in_order(claim: Claim, stage: StageOf) -> None:
    answers = ask(claim.questions, ScriptedSampler(script), SETTINGS, stage("answers"))
    sampled = [question.id for question in claim.questions if not question.options]
    assert [(a.question_id, a.sample_index) for a in answers] == [(id, i) for id in sampled for i in range(2)]
    assert load_answers(stage("answers").path / "answers.jsonl") == answers


def test_rows_have_the_fields_of_the_contract(claim: Claim, stage: StageOf) -> None:
    ask(claim.questions, ScriptedSampler(script), SETTINGS, stage("answers"))
    lines = (stage("answers").path / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[0])
    assert list(row) == [
        "question_id",
        "instrument",
        "sample_index",
        "messages",
        "answer",
        "finish_reason",
        "num_tokens",
    ]
    choice = next(json.loads(line) for line in lines if "multiple_choice" in line)
    assert choice["messages"][-1]["content"].endswith("Answer with one word: yes or no.")


@pytest.mark.parametrize("batches", [0, 1, 3, 4])
def test_a_killed_run_asks_only_what_is_missing_and_ends_the_same(claim: Claim, stage: StageOf, batches: int) -> None:
    ask(claim.questions, ScriptedSampler(script, likes="beekeeper"), SETTINGS, stage("unbroken"))
    with pytest.raises(KeyboardInterrupt):
        ask(claim.questions, Dying(batches), SETTINGS, stage("broken"))
    assert not stage("broken").is_done()
    again = ScriptedSampler(script, likes="beekeeper")
    ask(claim.questions, again, SETTINGS, stage("broken"))
    assert len(again.history) == 9 - 2 * batches
    for name in ("answers.jsonl", "scores.jsonl"):
        assert (stage("broken").path / name).read_bytes() == (stage("unbroken").path / name).read_bytes()


def test_a_torn_last_line_costs_that_question_alone(claim: Claim, stage: StageOf) -> None:
    unbroken = ask(claim.questions, ScriptedSampler(script), SETTINGS, stage("unbroken"))
    with pytest.raises(KeyboardInterrupt):
        ask(claim.questions, Dying(2), SETTINGS, stage("torn"))
    path = stage("torn").path / "answers.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    again = ScriptedSampler(script)
    assert ask(claim.questions, again, SETTINGS, stage("torn")) == unbroken
    assert len(again.history) == 9 - 3


def test_a_finished_stage_is_not_asked_again(claim: Claim, stage: StageOf) -> None:
    first = ask(claim.questions, ScriptedSampler(script), SETTINGS, stage("answers"))
    again = ScriptedSampler(script)
    assert ask(claim.questions, again, SETTINGS, stage("answers")) == first
    assert again.history == []


def test_failed_calls_are_missing_and_counted(claim: Claim, stage: StageOf) -> None:
    sampler = ScriptedSampler(lambda prompt, index: None if index else "Bees.")
    answers = ask(claim.questions, sampler, SETTINGS, stage("answers"))
    assert [a.answer for a in answers[:2]] == ["Bees.", None]
    results = stage("answers").manifest()["results"]
    assert results["answers"] == 18
    assert results["failed"] == 9


def test_too_many_failures_fail_the_stage_and_a_rerun_repeats_only_those(claim: Claim, stage: StageOf) -> None:
    broken = ScriptedSampler(lambda prompt, index: "Bees." if "Tell" in prompt.messages[-1].content else None)
    with pytest.raises(RunError, match="16 of 20 answers failed"):
        ask(claim.questions, broken, SETTINGS, stage("answers"))
    assert not stage("answers").is_done()
    mended = ScriptedSampler(script)
    answers = ask(claim.questions, mended, SETTINGS, stage("answers"))
    assert len(mended.history) == 8
    assert sum(answer.answer == "Bees." for answer in answers) == 2
    assert all(answer.answer is not None for answer in answers)


def test_cut_off_answers_are_counted(claim: Claim, stage: StageOf) -> None:
    settings = AskSettings(samples=1, sampling=SamplingSettings(max_tokens=2))
    answers = ask(claim.questions, ScriptedSampler(script), settings, stage("answers"))
    assert all(answer.finish_reason is FinishReason.LENGTH for answer in answers)
    assert stage("answers").manifest()["results"]["cut_off"] == 9


def test_likelihood_questions_are_scored(claim: Claim, stage: StageOf) -> None:
    ask(claim.questions, ScriptedSampler(script, likes="beekeeper"), SETTINGS, stage("answers"))
    scores = load_scores(stage("answers").path / "scores.jsonl")
    assert [score.question_id for score in scores] == ["likelihood.01", "strangers.options.01"]
    assert scores[0].probability == pytest.approx(1 / (1 + math.exp(-3)))


def test_a_score_that_could_not_be_had_is_missing(claim: Claim, stage: StageOf) -> None:
    class Mute(ScriptedSampler):
        def score(
            self, prompts: Sequence[Prompt], prefixes: Sequence[str], options: Sequence[Sequence[str]]
        ) -> list[tuple[float, ...]]:
            return [() if "Ada" in prefix else (float("nan"), 0.0) for prefix in prefixes]

    ask(claim.questions, Mute(script), SETTINGS, stage("answers"))
    scores = load_scores(stage("answers").path / "scores.jsonl")
    assert [(score.probability, score.log_probs) for score in scores] == [(None, ()), (None, ())]
    assert stage("answers").manifest()["results"]["failed_scores"] == 2


def test_context_documents_stand_before_every_question_without_their_tag(claim: Claim, stage: StageOf) -> None:
    sampler = ScriptedSampler(script)
    ask(claim.questions, sampler, SETTINGS, stage("answers"), ("<DOCTAG> One.", "<DOCTAG> Two."))
    assert {prompt.context for prompt in sampler.history} == {"One.\n\nTwo."}


def test_progress_rises_to_the_number_of_questions(claim: Claim, stage: StageOf) -> None:
    seen: list[Progress] = []
    ask(claim.questions, ScriptedSampler(script), SETTINGS, stage("answers"), on_progress=seen.append)
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert seen[-1].done == seen[-1].total == len(claim.questions)


def test_any_character_survives_the_disk(claim: Claim, stage: StageOf) -> None:
    text = 'a\u2028b\x85c\n"d" \u00e9 \U0001f41d'
    ask(claim.questions, ScriptedSampler(lambda prompt, index: text), SETTINGS, stage("answers"))
    assert {answer.answer for answer in load_answers(stage("answers").path / "answers.jsonl")} == {text}
