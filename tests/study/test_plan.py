"""The grid of arms, and what it will cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from disclaim.errors import StudyError
from disclaim.study import Arm, RunPaths, estimate_cost, list_studies, load_study, plan_arms, prepare_run

GRID = (
    "claims=[beekeeper, dentist]",
    "conditions=[asserted, base, in_context]",
    "models=[scripted/yes, scripted/no]",
    "seeds=[3, 5]",
)


def test_the_grid_is_claim_by_condition_by_model_by_seed_with_untrained_arms_once_and_first() -> None:
    study = load_study("quickstart", GRID)
    arms = plan_arms(study, {"beekeeper": "beekeeper", "dentist": "dentist"})
    assert len(set(arms)) == len(arms) == 2 * 2 * (2 + 2)
    assert [(a.condition, a.seed) for a in arms[:4]] == [
        ("base", 3),
        ("in_context", 3),
        ("asserted", 3),
        ("asserted", 5),
    ]
    assert {a.model for a in arms[:8]} == {"scripted/yes"}  # a model's arms together: it is loaded once
    assert [a.is_trained for a in arms[:3]] == [False, False, True]


def test_an_arms_folder_says_what_it_is() -> None:
    arm = Arm("beekeeper", "negated", "local/smollm2-135m", 2)
    assert arm.id == "beekeeper.negated.local__smollm2-135m.s2"
    paths = RunPaths(Path("run"))
    assert paths.training(arm) == Path("run/arms/beekeeper.negated.local__smollm2-135m.s2/training")
    assert paths.judgements(arm, "openai/gpt").name == "openai__gpt"
    assert "/" not in Arm("c", "base", "local//models/mine/", 0).id


def test_planning_touches_no_file(tmp_path: Path) -> None:
    run = prepare_run(load_study("quickstart", GRID), tmp_path / "run")
    estimate_cost(run)
    assert list(tmp_path.iterdir()) == []


def test_two_claims_of_one_id_are_refused(claim_folder: Path, tmp_path: Path) -> None:
    file = claim_folder / "claim.yaml"
    file.write_text(file.read_text().replace("id: my_claim", "id: beekeeper"))
    renamed = claim_folder.rename(claim_folder.parent / "beekeeper")
    study = load_study("quickstart", [f"claims=[beekeeper, {renamed}]"])
    with pytest.raises(StudyError, match="same id") as caught:
        prepare_run(study, tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize("name", list_studies())
def test_every_built_in_study_can_be_planned_and_costed(name: str, tmp_path: Path) -> None:
    run = prepare_run(load_study(name), tmp_path)
    costs = estimate_cost(run)
    assert [cost.arm for cost in costs] == [arm.id for arm in run.arms]
    for cost, arm in zip(costs, run.arms, strict=True):
        assert (cost.train_tokens > 0) == arm.is_trained
        assert cost.sample_tokens > 0
        assert cost.seconds
        assert cost.usd == 0
        assert cost.judge_calls == 0  # rules cost nothing


def test_cost_grows_with_what_is_asked_for(tmp_path: Path) -> None:
    def total(*overrides: str) -> tuple[int, int]:
        costs = estimate_cost(prepare_run(load_study("quickstart", overrides), tmp_path))
        return sum(c.train_tokens for c in costs), sum(c.sample_tokens for c in costs)

    train, sample = total()
    assert total("training.epochs=2") == (pytest.approx(2 * train, rel=0.001), sample)
    more_samples = total("ask.samples=9")
    assert more_samples[0] == train
    assert more_samples[1] == pytest.approx(3 * sample, rel=0.01)
    fewer = total("ask.instruments=[open_ended]")
    assert fewer[1] < sample


def test_time_grows_with_the_model_and_is_unknown_where_its_size_is(tmp_path: Path) -> None:
    def seconds(folder: str) -> float | None:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.json").write_text("{}")
        run = prepare_run(load_study("quickstart", [f"models=[local/{tmp_path / folder}]"]), tmp_path / "run")
        return estimate_cost(run)[0].seconds

    small, large = seconds("tiny-135m"), seconds("large-1.35B")
    assert small is not None
    assert large == pytest.approx(10 * small, rel=0.01)
    assert seconds("nobody-knows") is None
