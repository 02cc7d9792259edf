"""Names are read back as they were written, and what a real training reports is known to the schema."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment import InfoNce
from analysis.figures import METRIC_LABELS
from analysis.records import schema
from analysis.records.schema import AlignmentName, ScoreName, recorded_metrics
from trainables.config import SEARCH_METRIC, Hyperparameters, Mlp, SyntheticData, TrialConfig
from trainables.data.splits import REGRESSION, Split, Splits
from trainables.measured_alignment import ALIGNMENT_METRICS
from trainables.placement import PlacedSplits
from trainables.trainable import PairTrainable, TrialOrder, report_of
from trainables.training import Training

encoders = st.text(st.sampled_from("aZ09_-. :λ"), min_size=1, max_size=12)
seeds = st.none() | st.integers(0, 10**6)
FIGURES = (schema.VALUE, schema.CHANCE, schema.CHANCE_HIGH)


@given(st.sampled_from([schema.ACCURACY, schema.ACCURACY_NONZERO]), encoders, seeds)
def test_a_score_is_read_back(score: str, encoder: str, seed: int | None) -> None:
    name = ScoreName(score=score, encoder=encoder, seed=seed)
    assert ScoreName.parse(str(name)) == name
    assert AlignmentName.parse(str(name)) is None
    assert schema.is_of_one_replica(str(name)) == (seed is not None)
    assert recorded_metrics({str(name): 1}) == {str(name): 1.0}


@given(st.sampled_from(schema.MEASURES), st.sampled_from(FIGURES), st.booleans(), seeds)
def test_a_measure_of_alignment_is_read_back(measure: str, figure: str, is_projected: bool, seed: int | None) -> None:
    name = AlignmentName(measure=measure, figure=figure, is_projected=is_projected, seed=seed)
    assert AlignmentName.parse(str(name)) == name
    assert ScoreName.parse(str(name)) is None


@given(encoders)
def test_a_data_tag_is_read_back(variant: str) -> None:
    assert schema.data_tag_variant(schema.data_tag(variant)) == variant
    assert schema.data_tag_variant(variant) is None


def test_names_are_those_that_stores_hold() -> None:
    """Written out, so that nobody changes a name without meaning to: recorded studies have these."""
    assert str(ScoreName(score="accuracy", encoder="vision")) == "test/accuracy/vision"
    assert str(ScoreName(score="accuracy_nonzero", encoder="audio", seed=3)) == "test/accuracy_nonzero/audio/seed_3"
    assert str(AlignmentName(measure="cka")) == "alignment/cka"
    projected = AlignmentName(measure="svcca", is_projected=True, seed=0)
    assert (str(projected), projected.column) == ("alignment/projected/svcca/seed_0", "projected/svcca")
    assert str(AlignmentName(measure="cka", figure="chance")) == "alignment/chance/cka"
    high = AlignmentName(measure="debiased_cka", figure="chance_high", is_projected=True, seed=7)
    assert (str(high), high.column) == (
        "alignment/projected/chance_high/debiased_cka/seed_7",
        "projected/debiased_cka",
    )
    assert schema.valid_accuracy("text") == "valid/accuracy/text"
    assert schema.encoder_loss("text") == "loss/task/text"
    assert schema.ceiling("text") == "ceiling/accuracy/text"
    assert schema.population_metric("R = 8", "accuracy_12") == "population/R - 8/accuracy_12"
    assert schema.information_metric("synergy", "R=8", "low") == "pid/synergy/R-8/low"
    assert schema.lambda_star_metric("all", "text", "best") == "lambda_star/all/text/best"
    assert (schema.information_tag("R=8"), schema.data_tag("R=8")) == ("information/R-8", "data/R-8")
    fields = ("dropout_1", "dropout_2", "learning_rate")
    names = [schema.hyperparameter(field, ("vision", "audio")) for field in fields]
    assert names == ["dropout_vision", "dropout_audio", "learning_rate"]
    assert (schema.objective_parameter("temperature"), schema.data_parameter("seed")) == (
        "objective_temperature",
        "data_seed",
    )


@given(st.text(max_size=20))
def test_a_permitted_name_is_one_that_mlflow_takes(name: str) -> None:
    permitted = schema.permitted(name)
    assert len(permitted) == len(name)
    assert schema.permitted(permitted) == permitted
    assert re.fullmatch(r"[/\w.\- :]*", permitted)  # MLflow's own rule


@pytest.mark.parametrize(
    "name",
    [
        "test/f1/vision",
        "test/accuracy",
        "alignment/cca",
        "alignment/projected/cka/seed_x",
        "alignment/chance/projected/cka",
        "alignment/value/cka",
        "loss/total",
        "valid/f1",
        "accuracy/vision",
        "gradient_norm",
    ],
)
def test_a_metric_that_is_not_known_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match=re.escape(name)):
        recorded_metrics({"valid/accuracy": 0.5, name: 0.1})


def test_the_worker_and_the_schema_have_the_same_names() -> None:
    assert schema.VALID_ACCURACY == SEARCH_METRIC
    assert set(schema.MEASURES) == set(ALIGNMENT_METRICS) == set(METRIC_LABELS)


def splits() -> Splits:
    """Two vectors and a number to predict, some of them 0: a regression, which reports the most."""
    draw = np.random.default_rng(0)
    parts = [
        Split(
            x1=draw.standard_normal((rows, 3)).astype(np.float32),
            x2=draw.standard_normal((rows, 4)).astype(np.float32),
            y=draw.integers(-1, 2, size=rows).astype(np.float32),
        )
        for rows in (24, 24, 24)
    ]
    return Splits(
        train=parts[0], valid=parts[1], test=parts[2], modalities=("first", "the 2nd"), num_classes=2, task=REGRESSION
    )


class Worker(PairTrainable):
    """A worker without Ray's object store."""

    def setup(self, config: dict[str, Any], references: Mapping[Any, Any] | None = None) -> None:
        """Begin the one trial."""
        self._failure = None
        self._order = config["order"]
        (config,) = self._order.trials.values()
        self._training, self._rows = Training(config, PlacedSplits(splits())), {"only": slice(None)}
        self._last_checkpoint = 0.0


def test_all_that_a_real_training_reports_is_known() -> None:
    config = TrialConfig(
        data=SyntheticData(shared_bits=0),
        encoder_1=Mlp(width=4, depth=1),
        encoder_2=Mlp(width=4, depth=1),
        lambda_=0.5,
        hyperparameters=Hyperparameters(learning_rate=1e-2, projection_size=3),
        objective=InfoNce(),
        max_epochs=2,
        batch_size=8,
        replicas=(0, 5),
    )
    for lambda_, is_aligned in ((0.0, False), (0.5, True)):
        order = TrialOrder(trials={"only": replace(config, lambda_=lambda_)}, epochs_per_report=1, reads_test=True)
        worker = Worker({"order": order})
        first, last = (recorded_metrics(report_of("only", worker.train())) for _ in range(2))
        encoders = splits().modalities
        in_training = {
            schema.VALID_ACCURACY,
            *map(schema.valid_accuracy, encoders),
            *map(schema.encoder_loss, encoders),
        }
        in_training |= {*map(schema.encoder_loss, encoders), *([schema.ALIGNMENT_LOSS] if is_aligned else [])}
        assert set(first) == in_training
        tested = {
            str(ScoreName(score=score, encoder=encoder, seed=seed))
            for score in (schema.ACCURACY, schema.ACCURACY_NONZERO)
            for encoder in encoders
            for seed in (None, 0, 5)
        }
        measured = {
            str(AlignmentName(measure=measure, figure=figure, is_projected=is_projected, seed=seed))
            for measure in schema.MEASURES
            for figure in FIGURES
            for is_projected in (False, True)
            for seed in (None, 0, 5)
        }
        assert set(last) == in_training | tested | measured
