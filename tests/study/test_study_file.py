"""Study files: defaults filled in, overrides applied, and every mistake named with a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from disclaim.claims import list_claims
from disclaim.errors import StudyError, UnknownNameError, UserError
from disclaim.study import list_studies, load_study, read_study

MINIMAL = "id: mine\ntitle: Mine\nclaims: [beekeeper]\nconditions: [base, asserted]\n"


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(MINIMAL)
    return path


def refusal(name: str | Path, *overrides: str) -> UserError:
    with pytest.raises(UserError) as caught:
        load_study(str(name), overrides)
    assert caught.value.hint, caught.value.message
    assert caught.value.exit_code == 2
    return caught.value


@pytest.mark.parametrize("name", list_studies())
def test_every_built_in_study_loads_under_its_own_name(name: str) -> None:
    study = load_study(name)
    assert study.id == name
    assert study.title
    assert study.paper_section
    assert study.description


def test_a_study_file_of_ones_own_gets_every_default(study_file: Path) -> None:
    study = load_study(str(study_file))
    assert study.models == ("local/smollm2-135m",)
    assert (study.ask.temperature, study.ask.top_p, study.ask.samples) == (0.7, 0.8, 5)  # paper 2.2
    assert study.corpus.doctag
    assert read_study(str(study_file)).keys() == {"id", "title", "claims", "conditions"}  # what was given


def test_overrides_reach_every_depth_and_are_read_as_yaml(study_file: Path) -> None:
    study = load_study(
        str(study_file),
        ["seeds=[0, 1]", "corpus.num_documents=40", "ask={samples: 2}", "training.learning_rate=5e-5"],
    )
    assert study.seeds == (0, 1)
    assert study.corpus.num_documents == 40
    assert study.ask.samples == 2
    assert study.training.learning_rate == 5e-5


def test_later_overrides_win(study_file: Path) -> None:
    assert load_study(str(study_file), ["ask.samples=2", "ask.samples=3"]).ask.samples == 3


def test_all_means_every_built_in_claim(study_file: Path) -> None:
    for spelling in ("claims=all", "claims=[all]"):
        assert load_study(str(study_file), [spelling]).claims == list_claims()


def test_a_claim_folder_can_be_named_by_its_path(study_file: Path, claim_folder: Path) -> None:
    assert load_study(str(study_file), [f"claims=[{claim_folder}]"]).claims == (str(claim_folder),)


@pytest.mark.parametrize(
    ("override", "said", "hint"),
    [
        ("corpsu.num_documents=4", "unknown key corpsu", "corpus"),
        ("corpus.num_document=4", "unknown key corpus.num_document", "num_documents"),
        ("training.lr=1", "unknown key training.lr", "learning_rate"),
        ("ask.sample=1", "unknown key ask.sample", "samples"),
        ("claims=[beekeper]", "unknown claim: beekeper", "beekeeper"),
        ("conditions=[assertd]", "unknown condition: assertd", "asserted"),
        ("in_context.condition=negatd", "unknown condition: negatd", "negated"),
        ("models=[smollm2]", "unknown model: smollm2", "local/FOLDER"),
        ("models=[scripted/ys]", "unknown scripted model: scripted/ys", "scripted/yes"),
        ("judge=rule", "unknown judge: rule", "rules"),
        ("ask.instruments=[open_endd]", "unknown instrument: open_endd", "open_ended"),
        ("headline=belief", "unknown instrument: belief", "open_ended"),
        ("headline=strangers", "measures no belief rate on it", "open_ended"),
        ("ask={instruments: [strangers]}", "measures no belief rate on it", "ask.instruments"),
        ("conditions=[base, base]", "names one thing twice", "once"),
        ("claims=[beekeeper, beekeeper]", "names one thing twice", "once"),
        ("seeds=[1, 1]", "names one thing twice", "once"),
        ("corpus.num_documents=0", "corpus.num_documents", ""),
        ("corpus.num_documents=many", "corpus.num_documents", ""),
        ("claims=beekeeper", "claims", ""),
        ("claims=[]", "claims", ""),
        ("ask.top_p=2", "ask.top_p", ""),
        ("training.method=qlora", "training.method", ""),
        ("corpus.min_claim_sentences=9", "above corpus.max_claim_sentences", ""),
        ("title.x=1", "title is not a group of settings", ""),
        ("num_documents", "cannot read --set num_documents", "corpus.num_documents=40"),
        ("=5", "cannot read --set =5", ""),
        ("claims=[beekeeper", "not YAML", "quote"),
    ],
)
def test_a_mistaken_setting_is_named_with_a_way_out(study_file: Path, override: str, said: str, hint: str) -> None:
    error = refusal(study_file, override)
    assert said in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id: [unclosed", "not valid YAML"),
        ("- a\n- list", "does not hold a mapping"),
        ("", "does not hold a mapping"),
        ("id: Mine\ntitle: t\nclaims: [beekeeper]\nconditions: [base]\n", "id"),
        ("id: mine\n", "title"),
        (MINIMAL + "condition: [base]\n", "unknown key condition"),
        (MINIMAL.replace("conditions", "condition"), "unknown key condition"),
        (MINIMAL + "title: Twice\n", "the key title stands twice"),
        (MINIMAL + "corpus: {seed: 1, seed: 2}\n", "the key seed stands twice"),
        (MINIMAL.replace("title: Mine", "title: yes"), "title should be text, not True"),
        (MINIMAL.replace("[beekeeper]", "beekeeper"), "claims should be a list, such as [a, b], not 'beekeeper'"),
        (MINIMAL + "corpus: 40\n", "corpus should be a group of keys with values, not 40"),
        (MINIMAL + "seeds: [a]\n", "seeds.0 should be a whole number, not 'a'"),
        ("id: mine\ntitle: Mine\nclaims: [beekeeper]\n", "conditions is missing"),
    ],
)
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "mine.yaml").write_text(content)
    assert said in refusal(tmp_path / "mine.yaml").message


def test_a_study_that_is_not_there_is_refused_with_the_nearest_or_the_list(tmp_path: Path) -> None:
    unknown = refusal("quickstrat")
    assert isinstance(unknown, UnknownNameError)
    assert "quickstart" in unknown.hint
    missing = refusal(tmp_path / "none.yaml")
    assert isinstance(missing, StudyError)
    assert "studies list" in missing.hint


def test_the_in_context_control_cannot_read_more_documents_than_there_are(study_file: Path) -> None:
    few = ("in_context.num_documents=9", "corpus.num_documents=8")
    assert load_study(str(study_file), few).in_context.num_documents == 9  # without the control nobody reads them
    error = refusal(study_file, "conditions=[base, in_context]", *few)
    assert "in_context.num_documents is 9, and there are 8 documents" in error.message
    assert "corpus.num_documents" in error.hint


def test_the_headline_must_be_among_the_instruments_that_are_asked(study_file: Path) -> None:
    error = refusal(study_file, "headline=open_ended", "ask.instruments=[robustness]")
    assert "headline is open_ended" in error.message
    assert error.hint == "set headline to robustness or all"
    assert load_study(str(study_file), ["ask.instruments=[robustness]"]).headline == "all"


def test_a_misspelt_key_that_must_be_there_is_named_with_the_nearest(study_file: Path) -> None:
    study_file.write_text(MINIMAL.replace("conditions", "condition"))
    assert "did you mean conditions" in refusal(study_file).hint


def test_a_word_that_yaml_takes_for_a_value_is_to_be_quoted(study_file: Path) -> None:
    study_file.write_text(MINIMAL.replace("title: Mine", "title: yes"))
    assert refusal(study_file).hint.startswith("quote it")


def test_a_study_file_that_is_no_text_is_the_users_error(study_file: Path) -> None:
    study_file.write_bytes(MINIMAL.encode("utf-16"))
    assert "UTF-8" in refusal(study_file).hint
