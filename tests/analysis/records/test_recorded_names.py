"""Modalities and variants may have any name that can be read: keys are MLflow's, tables have the real names."""

import posixpath
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.records import confirmed_runs, study_records, trial_as_run
from analysis.records import schema as names_of
from analysis.records.schema import SCHEMA, ScoreName, encoder_names, plain_path, recorded_names, shortened
from studies.engine.recording.journal import Report, TrialRecord
from studies.engine.search.candidates import TrialOutcome
from trainables.packed_hits import pack_hits

# Each was refused by MLflow, or read back as something else.
AWKWARD = [
    *("clip@224", "audio[mfcc]", "audio[/mfcc]", "clip//base", "clip/seed_0", "clip/seed_00", "seed_7", "a+b", "f(x)"),
    *("left,right", "R=8", "R-8", "R&8", "a#1", "$5", "$x_1$", "100%", "it's", "back\\slash", "a|b", "<b>", '"q"'),
    *("ध्वनि", "เสียง", "e\u0301", "é", "🎧", "..", ".", "../up", "/abs", "dir/", "a/./b", "a/../b", "/", "_hidden"),
    *("x" * 300, "x" * 301, "ध" * 300, " spaced ", "{loss}", "~tilde", "*", "?", "a;b", "a`b", "a\u200db"),
]
# Names that MLflow takes, which studies are recorded under.
PLAIN = [
    "vision",
    "audio",
    "text",
    "CLIP 2",
    "a/b",
    "v1.5",
    "R: 8",
    "音声",
    "naïve",
    "...",
    "a..b",
    "seed_x",
    "my_seed_3",
]
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)


def is_taken(key: str) -> bool:
    """MLflow's rules for keys: letters, length, and plain as a path."""
    return (
        re.fullmatch(r"[/\w.\- :]{1,250}", key) is not None
        and posixpath.normpath(key) == key
        and not key.startswith(("/", ".."))
    )


def keys_of(modalities: tuple[str, str], variants: list[str]) -> list[str]:
    """Every key that has the name of a modality or of a variant in it."""
    encoders = encoder_names(modalities)
    first, second = encoders.values()
    keys = [names_of.hyperparameter(field, (first, second)) for field in ("dropout_1", "dropout_2")]
    for name in encoders.values():
        keys += [make(name) for make in (names_of.valid_accuracy, names_of.encoder_loss, names_of.ceiling)]
        keys += [
            str(ScoreName(score=score, encoder=name, seed=seed))
            for score in (names_of.ACCURACY, names_of.ACCURACY_NONZERO)
            for seed in (None, 0, 123_456)
        ]
    for name in recorded_names(variants).values():
        keys += [names_of.population_metric(name, "accuracy_12"), names_of.data_tag(name)]
        keys += [names_of.information_metric("unique_1", name, "value_bins/p_value"), names_of.information_tag(name)]
    for name in recorded_names(variants, encoders.values()).values():
        for encoder in encoders.values():
            keys += [names_of.lambda_star_metric(name, encoder, "gain_high"), names_of.decision_tag(name, encoder)]
    return keys


@pytest.mark.parametrize("pair", list(combinations(AWKWARD[:12], 2)) + list(zip(AWKWARD, PLAIN * 5, strict=False)))
def test_keys_are_what_mlflow_takes_and_no_two_agree(pair: tuple[str, str]) -> None:
    keys = keys_of(pair, AWKWARD + PLAIN)
    assert [key for key in keys if not is_taken(key)] == []
    assert len(set(keys)) == len(keys)


@given(st.lists(TEXT, min_size=2, max_size=2, unique=True), st.lists(TEXT, min_size=1, max_size=4, unique=True))
def test_so_it_is_with_any_text(modalities: list[str], variants: list[str]) -> None:
    keys = keys_of((modalities[0], modalities[1]), variants)
    assert all(map(is_taken, keys))
    assert len(set(keys)) == len(keys)


@given(st.lists(st.sampled_from(AWKWARD + PLAIN), unique=True), st.randoms())
def test_a_name_depends_on_which_others_there_are_and_not_on_their_order(names: list[str], random) -> None:
    turned = list(names)
    random.shuffle(turned)
    assert encoder_names(names) == encoder_names(turned)
    assert list(encoder_names(names)) == names


@pytest.mark.parametrize("others", [[], AWKWARD])
def test_names_that_mlflow_takes_stay_as_they_are(others: list[str]) -> None:
    for found in (encoder_names([*others, *PLAIN]), recorded_names([*others, *PLAIN])):
        assert {name: found[name] for name in PLAIN} == {name: name for name in PLAIN}
    assert recorded_names(["R=0", "R=8, 256 rows"]) == {"R=0": "R-0", "R=8, 256 rows": "R-8- 256 rows"}


def test_what_stands_for_another_name_already_gets_a_digest() -> None:
    found = recorded_names(["R=8", "R-8", "R+8"])
    assert found["R-8"] == "R-8"
    assert re.fullmatch(r"R-8-[0-9a-f]{8}", found["R=8"]) and re.fullmatch(r"R-8-[0-9a-f]{8}", found["R+8"])
    taken = [*found, found["R=8"]]  # somebody calls a variant by what stands for another
    again = recorded_names(taken)
    assert len(set(again.values())) == 4 and again[found["R=8"]] == found["R=8"]


def test_a_variant_and_an_encoder_are_told_apart_by_more_than_a_slash() -> None:
    """Both pairs would be a/b/c."""
    encoders = ["c", "b/c"]
    found = recorded_names(["a", "a/b"], encoders)
    assert len({names_of.decision_tag(found[variant], encoder) for variant in found for encoder in encoders}) == 4


@pytest.mark.parametrize("length", [10, 200, 201, 1000])
def test_what_is_too_long_is_cut_and_still_tells_which_it_is(length: int) -> None:
    texts = ["x" * length, "x" * length + "y", "ध" * length]
    cut = [shortened(text, 200) for text in texts]
    assert all(len(text.encode()) <= 200 for text in cut) and len(set(cut)) == 3
    assert [shortened(text, 200) for text in cut] == cut
    assert all(text == whole for text, whole in zip(cut, texts, strict=True) if len(whole.encode()) <= 200)


def test_a_path_leads_nowhere_else() -> None:
    assert [plain_path(name) for name in ("a/b", "../a", "/a", "a//b", "a/", ".", "a..b")] == [
        *("a/b", "--/a", "-/a", "a/-/b", "a/-", "-", "a..b"),
    ]


@pytest.mark.parametrize(
    "modalities", [("clip", "clip/seed_0"), ("clip/seed_0", "clip"), ("a@b", "a-b"), ("ध्वनि", "audio[/mfcc]")]
)
def test_tables_have_the_real_names(modalities: tuple[str, str]) -> None:
    """A mean of clip/seed_0 is no replica of clip, and each encoder has its own scores, ceiling, dropout and hits."""
    keys = list(encoder_names(modalities).values())
    hits = {name: np.array([[place == 0, True, False]] * 2) for place, name in enumerate(keys)}
    metrics = {
        str(ScoreName(score="accuracy", encoder=name, seed=seed)): place + (seed or 0) / 10
        for place, name in enumerate(keys)
        for seed in (None, 0, 1)
    }
    record = TrialRecord(
        key="confirm-00-a",
        stage="confirm",
        variant="v[1]",
        stratum="v[1] λ=0",
        index=0,
        parameters={"lambda": 0.0, f"dropout_{keys[0]}": 0.1, f"dropout_{keys[1]}": 0.2},
        constants={names_of.ceiling(name): 0.5 + place for place, name in enumerate(keys)},
        host="node",
        started=1,
        ended=2,
        outcome=TrialOutcome.FINISHED,
        reports=(Report(epoch=1, time=1, metrics={"valid/accuracy": 0.5, **metrics}),),
        hits={f"hits/{name}": pack_hits(found) for name, found in hits.items()}
        | {"hit_rows": 3, "hit_replicas": [0, 1]},
    )
    study = {"modalities": list(modalities), "variants": ["v[1]"]}
    records = study_records(
        study,
        [trial_as_run(record, is_stopped=False)],
        study_tags={"schema": SCHEMA},
        parent_run_id="run",
        status="FINISHED",
        started=1,
        ended=2,
    )
    scores = records.scores.set_index(["encoder", "seed"])
    for place, modality in enumerate(modalities):
        assert scores.loc[(modality, 1), ["accuracy", "ceiling"]].to_list() == [place + 0.1, 0.5 + place]
        assert (records.hits.hits["v[1]", modality] == hits[keys[place]][None]).all()
        assert records.trials[f"dropout_{modality}"].to_list() == [(place + 1) / 10]
        assert records.trials[f"test/accuracy/{modality}"].to_list() == [place]
    assert set(records.scores["encoder"]) == set(modalities) and len(records.scores) == 4


def test_a_name_that_the_study_does_not_have_is_a_fault() -> None:
    """Scores of another study's encoder would be counted for this one."""
    record = TrialRecord(
        key="confirm-00-a", stage="confirm", variant="v", stratum="v λ=0", index=0, parameters={"lambda": 0.0},
        host="node", started=1, ended=2, outcome=TrialOutcome.FINISHED,
        reports=(Report(epoch=1, time=1, metrics={"valid/accuracy": 0.5, "test/accuracy/text/seed_0": 0.5}),),
    )  # fmt: skip
    with pytest.raises(KeyError, match="text"):
        confirmed_runs([trial_as_run(replace(record), is_stopped=False)], ["v"], ["vision", "audio"])
