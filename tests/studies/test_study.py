from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from alignment import InfoNce, SigLip
from studies.engine import Study
from studies.engine.search.halving import SuccessiveHalving
from studies.engine.search.plan import CONFIRM, SEARCH, strata, trial_spec
from trainables.config import Hyperparameters, Mlp, Refused, SyntheticData


def test_every_variant_has_every_lambda(study: Study) -> None:
    assert [str(stratum) for stratum in strata(study)] == [
        f"{variant} λ={lambda_}" for variant in ("R=0", "R=8") for lambda_ in ("0", "0.5", "2")
    ]


def test_a_grid_without_zero_says_what_its_words_are_over(study: Study) -> None:
    assert study.base_note is None
    note = replace(study, lambdas=(0.4, 4)).base_note
    assert note == "gains and decisions are over λ = 0.4, not over two independent encoders: the grid has no λ = 0"


def test_numbers_of_training_rows_are_variants(study: Study) -> None:
    several = replace(study, train_samples=(128, None), lambdas=(0,))
    assert [(s.variant, s.train_samples) for s in strata(several)] == [
        ("R=0, 128 rows", 128),
        ("R=0, all rows", None),
        ("R=8, 128 rows", 128),
        ("R=8, all rows", None),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"lambdas": (0, 1)},
        {"seed": 1},
        {"max_epochs": 10},
        {"variants": {"R=0": SyntheticData(shared_bits=1)}},
        {"encoder_1": Mlp(width=4, depth=2)},
        {"search_space": {"learning_rate": (1e-1,)}},
        {"objective": InfoNce(temperature=0.2)},
        {"objective": SigLip()},
        {"aligned_width": 2},
        {"halving": SuccessiveHalving(reduction_factor=4)},
        {"halving": SuccessiveHalving(rungs=(1,))},
        {"reports": 3},
        {"gradient_clip": 2.0},
        {"alignment_samples": 100},
        {"information_rows": 400},
        {"rehearsal": True},
    ],
)
def test_whatever_decides_numbers_is_identity(study: Study, change: dict) -> None:
    assert replace(study, **change).identity != study.identity


def test_identity_is_a_function_of_values(study: Study) -> None:
    assert replace(study, variants=dict(study.variants)).identity == study.identity


def test_keys_name_what_is_trained(study: Study) -> None:
    first, second = strata(study)[:2]
    choice = Hyperparameters(learning_rate=0.1)
    keys = {
        trial_spec(study, stratum, stage, 0, hyperparameters).key
        for stratum in (first, second)
        for stage in (SEARCH, CONFIRM)
        for hyperparameters in (choice, replace(choice, learning_rate=0.2))
    }
    assert len(keys) == 8
    assert trial_spec(study, first, SEARCH, 0, choice).key in keys


def test_the_search_never_asks_for_more_than_the_space_holds(study: Study) -> None:
    assert replace(study, configurations=100).num_configurations == 8
    assert [replace(study, finalists=number).num_finalists for number in (1, 2, 100)] == [0, 2, 8]


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (InfoNce, r"got the class InfoNce: give one of it, as InfoNce\(\)"),
        (len, "expected plain values, or frozen dataclasses of them"),
    ],
)
def test_what_cannot_be_recorded_is_refused(study: Study, objective: object, message: str) -> None:
    with pytest.raises(Refused, match=message):
        _ = replace(study, objective=objective).identity


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lambdas": (0, 1, 0.5)}, r"increasing and without repeats, got \(0, 1, 0.5\)"),
        ({"lambdas": (-1, 0)}, "at least 0"),
        ({"lambdas": ()}, "increasing"),
        ({"variants": {}}, "at least one variant"),
        ({"search_space": {"learning_rates": (1,)}}, "'learning_rates', expected fields of Hyperparameters"),
        ({"search_space": {"learning_rate": ()}}, "distinct values"),
        ({"search_space": {"dropout_1": (0,)}}, "must have learning_rate"),
        ({"seeds": 0}, "seeds must be at least 1, got 0"),
        ({"reports": 0}, "reports must be at least 1, got 0"),
        ({"aligned_width": 0}, "aligned_width must be at least 1"),
        ({"gradient_clip": 0}, "gradient_clip must be a number above 0"),
        ({"gradient_clip": inf}, "gradient_clip must be a number above 0"),
        ({"lambdas": (nan,)}, "finite numbers, got"),
        ({"lambdas": (0, inf)}, "finite numbers, got"),
        ({"search_space": {"learning_rate": (0.1, inf)}}, "'learning_rate' must be finite numbers"),
        ({"margin": nan}, "margin must be a difference"),
        ({"seeds": 10**20}, "seeds must be at most 1,000,000"),
        ({"max_seeds": 10**9}, "max_seeds must be at most 1,000,000"),
        ({"search_space": {"learning_rate": (-0.1,)}}, r"learning_rate must be a number of at least 0, got -0\.1"),
        ({"search_space": {"learning_rate": ("a",)}}, "learning_rate must be a number of at least 0, got 'a'"),
        ({"search_space": {"learning_rate": (1,), "dropout_1": (0, 1)}}, "dropout_1 must be .* below 1, got 1"),
        ({"search_space": {"learning_rate": (1,), "projection_size": (8.5,)}}, "must be a whole number .* got 8.5"),
        ({"search_space": {"learning_rate": (1,), "depth": (True,)}}, "depth must be .* or None, got True"),
        (
            {"search_space": {"learning_rate": 0.1}},
            "of 'learning_rate' must be a tuple of values, got 0.1 of type float",
        ),
        ({"search_space": (0.1,)}, "search_space must be tuples of values by name"),
        (
            {"variants": SyntheticData(shared_bits=8)},
            "variants must be data configurations by label, got SyntheticData",
        ),
        ({"variants": {"R=8": 8}}, "variant 'R=8' must be a data configuration, got 8 of type int"),
        ({"lambdas": 0.5}, "lambdas must be a tuple of values, got 0.5"),
        ({"lambdas": ("0", "1")}, "lambdas must be numbers, got '0'"),
        ({"lambdas": np.linspace(0, 1, 3)}, "lambdas must be a tuple of values, got array"),
        ({"train_samples": 256}, "train_samples must be a tuple of values, got 256"),
        ({"train_samples": ("all",)}, "train_samples must be whole numbers, or None for all, got 'all'"),
        ({"seeds": "2"}, "seeds must be a whole number, got '2' of type str"),
        ({"seeds": np.int64(2)}, "seeds must be a whole number, got .* of type int64"),
        ({"max_seeds": 8.5}, "max_seeds must be a whole number or None, got 8.5"),
        ({"margin": "half"}, "margin must be a number, got 'half'"),
        ({"objective": "vicreg"}, r"objective must be an objective, such as alignment\.Vicreg\(\), got 'vicreg'"),
        ({"encoder_1": "mlp"}, r"encoder_1 must be the configuration of an encoder, such as Mlp\(\), got 'mlp'"),
    ],
)
def test_impossible_studies_are_refused(study: Study, change: dict, message: str) -> None:
    with pytest.raises(Refused, match=message):
        replace(study, **change)
