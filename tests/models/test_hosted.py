"""Models behind a service: real requests to a loopback service, through the real providers of Inspect AI."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from disclaim.errors import MissingDependencyError, ModelError, UnknownNameError, UserError
from disclaim.models import (
    HostedSettings,
    InspectSampler,
    Prompt,
    SamplingSettings,
    load_hosted_models,
    open_hosted_sampler,
    open_sampler,
    price_of,
    require_available,
)
from disclaim.records import FinishReason, Message
from service import KEY, Answer, Behaviour, Service, serve

pytest.importorskip("inspect_ai")
pytest.importorskip("openai")

GREEDY = SamplingSettings(temperature=0.0, top_p=1.0, max_tokens=50)
NAME = "openai-api/loopback/some-model"


@pytest.fixture(autouse=True)
def _no_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "LOOPBACK_API_KEY", "LOOPBACK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def reach(service: Service, monkeypatch: pytest.MonkeyPatch, name: str = NAME, **settings: int) -> InspectSampler:
    for provider in ("OPENAI", "LOOPBACK"):
        monkeypatch.setenv(f"{provider}_BASE_URL", service.url)
        monkeypatch.setenv(f"{provider}_API_KEY", KEY)
    return open_hosted_sampler(name, HostedSettings(**settings))


def ask(*texts: str) -> list[Prompt]:
    return [Prompt((Message("system", "Be brief."), Message("user", text))) for text in texts]


def echo(turn: str, before: int) -> Answer:
    return Answer(f"you said {turn}")


@pytest.mark.parametrize("name", [NAME, "openai/gpt-4.1-mini"])
def test_answers_come_back_in_the_order_of_the_prompts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slow_first: Behaviour = lambda turn, before: Answer(f"{turn}!", after_seconds=0.3 if turn == "a" else 0.0)  # noqa: E731
    with serve(slow_first) as service:
        drawn = reach(service, monkeypatch, name).sample(ask("z", "a", "b"), 2, GREEDY)
    assert [[one.text for one in row] for row in drawn] == [["z!"] * 2, ["a!"] * 2, ["b!"] * 2]
    assert {one.finish_reason for row in drawn for one in row} == {FinishReason.STOP}
    assert drawn[0][0].num_tokens == 1
    assert drawn[0][0].input_tokens == 10
    assert len(service.requests) == 6
    assert service.requests[0]["messages"][0] == {"role": "system", "content": "Be brief."}
    assert service.requests[0]["temperature"] == 0.0


def test_the_first_request_goes_alone_and_then_no_more_than_allowed_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    open_together: list[int] = []

    def linger(turn: str, before: int) -> Answer:
        open_together.append(service.most_at_once)
        return Answer("ok", after_seconds=0.1)

    with serve(linger) as service:
        reach(service, monkeypatch, max_connections=3).sample(ask(*map(str, range(9))), 1, GREEDY)
    assert open_together[0] == 1
    assert service.most_at_once == 3


def test_rate_limits_and_server_errors_are_tried_again_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def moody(turn: str, before: int) -> Answer:
        statuses = {"limited": [429, 429], "broken": [500]}.get(turn, [])
        return Answer(status=statuses[before]) if before < len(statuses) else Answer("fine")

    with serve(moody) as service:
        drawn = [row[0] for row in reach(service, monkeypatch).sample(ask("well", "limited", "broken"), 1, GREEDY)]
    assert [one.text for one in drawn] == ["fine"] * 3
    assert [one.attempts for one in drawn] == [1, 3, 2]
    assert sum(one.attempts for one in drawn) == len(service.requests)


def test_silence_is_given_up_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(turn: str, before: int) -> Answer:
        return Answer("ok", after_seconds=3.0 if turn == "slow" and before == 0 else 0.0)

    with serve(late) as service:
        sampler = reach(service, monkeypatch, attempt_timeout_seconds=1)
        fast, slow = (row[0] for row in sampler.sample(ask("fast", "slow"), 1, GREEDY))
    assert (fast.attempts, fast.abandoned) == (1, 0)
    assert (slow.text, slow.attempts, slow.abandoned) == ("ok", 2, 1)


def test_what_keeps_failing_is_a_failed_sample_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def sour(turn: str, before: int) -> Answer:
        return Answer("try later", status=503) if turn == "never" else Answer("ok")

    with serve(sour) as service:
        good, bad = (row[0] for row in reach(service, monkeypatch, max_retries=2).sample(ask("x", "never"), 1, GREEDY))
    assert good.text == "ok"
    assert (bad.text, bad.finish_reason, bad.attempts) == (None, FinishReason.ERROR, 3)
    assert "503" in bad.reason
    assert len(service.requests) == 4


def test_cut_off_refused_and_empty_answers_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = {"cut": Answer("half a", "length"), "refused": Answer("no", "content_filter"), "empty": Answer("")}
    with serve(lambda turn, before: ends.get(turn, Answer("ok"))) as service:
        sampler = reach(service, monkeypatch)
        _, cut, refused, empty = (row[0] for row in sampler.sample(ask("x", *ends), 1, GREEDY))
    assert (cut.text, cut.finish_reason) == ("half a", FinishReason.LENGTH)
    assert (refused.text, refused.finish_reason, refused.reason) == (None, FinishReason.ERROR, "refused")
    assert (empty.text, empty.finish_reason) == ("", FinishReason.STOP)


def test_models_of_the_newer_protocol_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = {"cut": Answer("half a", "length"), "limited": Answer(status=429)}
    with serve(lambda turn, before: Answer("ok") if before else cut.get(turn, Answer("ok"))) as service:
        sampler = reach(service, monkeypatch, "openai/gpt-5-mini")
        whole, half, late = (row[0] for row in sampler.sample(ask("x", "cut", "limited"), 1, GREEDY))
    assert (whole.text, whole.input_tokens, whole.num_tokens) == ("ok", 10, 1)
    assert (half.text, half.finish_reason) == ("half a", FinishReason.LENGTH)
    assert (late.text, late.attempts) == ("ok", 2)
    assert service.requests[0]["max_output_tokens"] == 50
    assert "temperature" not in service.requests[0]
    assert len(service.requests) == 4


def test_tokens_that_a_service_does_not_count_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda turn, before: Answer("ok", has_usage=False)) as service:
        ((one,),) = reach(service, monkeypatch).sample(ask("x"), 1, GREEDY)
    assert one.input_tokens is None


@pytest.mark.parametrize(("status", "hint"), [(401, "key"), (404, "name")])
def test_what_fails_for_all_ends_it_after_one_request(status: int, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda turn, before: Answer("no such thing", status=status)) as service:
        sampler = reach(service, monkeypatch)
        with pytest.raises(ModelError, match=f"{status}.*no such thing") as caught:
            sampler.sample(ask("a", "b", "c"), 1, GREEDY)
    assert hint in caught.value.hint
    assert len(service.requests) == 1


def test_a_request_that_is_refused_as_such_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda turn, before: Answer("odd", status=422) if turn == "x" else Answer("ok")) as service:
        bad, good = (row[0] for row in reach(service, monkeypatch).sample(ask("x", "y"), 1, GREEDY))
    assert (bad.text, good.text) == (None, "ok")
    assert "422" in bad.reason
    assert len(service.requests) == 2


def test_a_service_that_is_down_is_not_asked_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda turn, before: Answer("ok") if turn == "0" else Answer("gone", status=500)) as service:
        sampler = reach(service, monkeypatch, max_retries=0)
        with pytest.raises(ModelError, match="gone"):
            sampler.sample(ask(*map(str, range(100))), 1, GREEDY)
    assert 16 <= len(service.requests) - 1 <= 24
    with serve(lambda turn, before: Answer("gone", status=500)) as service:
        sampler = reach(service, monkeypatch, max_retries=1)
        with pytest.raises(ModelError, match="gone"):
            sampler.sample(ask("a", "b", "c"), 1, GREEDY)
    assert len(service.requests) == 2


def test_a_key_that_is_revoked_midway_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def revoked(turn: str, before: int) -> Answer:
        return Answer("revoked", status=401) if turn == "b" else Answer("ok")

    with serve(revoked) as service:
        sampler = reach(service, monkeypatch)
        assert sampler.sample(ask("a"), 1, GREEDY)[0][0].text == "ok"
        with pytest.raises(ModelError, match="revoked"):
            sampler.sample(ask("b", "c"), 1, GREEDY)


def test_a_wrong_key_is_told_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(echo) as service:
        monkeypatch.setenv("LOOPBACK_BASE_URL", service.url)
        monkeypatch.setenv("LOOPBACK_API_KEY", "sk-wrong-secret")
        with pytest.raises(ModelError, match="401") as caught:
            open_sampler(NAME).sample(ask("a", "b"), 1, GREEDY)
    assert "sk-wrong-secret" not in str(caught.value)
    assert len(service.requests) == 1


def test_without_a_key_the_variable_is_named_and_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(echo) as service:
        monkeypatch.setenv("LOOPBACK_BASE_URL", service.url)
        with pytest.raises(UserError) as caught:
            open_sampler(NAME)
    assert "LOOPBACK_API_KEY" in caught.value.hint
    assert service.requests == []


def test_an_unknown_provider_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="opnai") as caught:
        open_sampler("opnai/gpt-5-mini")
    assert "openai" in caught.value.hint


def test_a_provider_whose_package_is_missing_says_which() -> None:
    with pytest.raises(MissingDependencyError, match="google") as caught:
        open_sampler("google/gemini-flash")
    assert "pip install" in caught.value.hint


def test_leaving_the_stream_gives_up_what_has_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda turn, before: Answer("ok", after_seconds=0.2)) as service:
        stream = reach(service, monkeypatch, max_connections=2).stream(ask(*map(str, range(20))), GREEDY)
        assert next(stream)[1].text == "ok"
        stream.close()  # type: ignore[attr-defined]
    assert len(service.requests) <= 4


def test_a_hosted_model_scores_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(echo) as service, pytest.raises(ModelError, match="how likely"):
        reach(service, monkeypatch).score(ask("a"), [""], [["x", "y"]])


def test_prices_are_known_free_or_not_known() -> None:
    price = price_of("openai/gpt-5-mini")
    assert price is not None
    assert price.usd(1_000_000, 500_000) == pytest.approx(0.25 + 1.0)
    free = price_of("local/smollm2-135m")
    assert free is not None
    assert free.usd(10**9, 10**9) == 0
    assert price_of(NAME) is None


def test_a_model_that_was_shut_down_is_refused_from_that_day_on() -> None:
    last_day = datetime.date(2026, 12, 10)
    require_available("openai/gpt-5-mini-2025-08-07", last_day)
    with pytest.raises(UserError, match="shut down by its maker on 2026-12-11") as caught:
        require_available("openai/gpt-5-mini-2025-08-07", last_day + datetime.timedelta(1))
    assert "openai/gpt-5.4-mini" in caught.value.hint
    with pytest.raises(UserError, match="shut down"):
        require_available("openai/gpt-4.1-nano", last_day)


def test_what_is_available_has_a_price_and_the_day_it_was_read() -> None:
    for model in load_hosted_models():
        assert model.is_retired or (model.price and model.checked), model.id


def test_a_context_stands_at_the_head_of_the_first_question(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(echo) as service:
        prompt = Prompt((Message("user", "Who won?"),), context="A report.")
        reach(service, monkeypatch).sample([prompt], 1, GREEDY)
    assert json.dumps(service.requests[0]["messages"]).count("A report.\\n\\nWho won?") == 1


def test_importing_the_models_needs_no_inspect(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = "import sys, disclaim.models; sys.exit('inspect_ai' in sys.modules or 'openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False).returncode == 0
