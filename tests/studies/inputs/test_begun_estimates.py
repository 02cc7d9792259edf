"""The information in a study's data, estimated beside its training."""

from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
import ray
from rich.console import Console

from studies.engine.inputs.begun_estimates import BegunEstimates
from studies.engine.inputs.information import METHOD, Record, information_record
from studies.synthetic import STUDY
from tests.studies.inputs.test_information import split, splits
from trainables.data import Splits

DATA = {label: splits(split(120, 1.5, seed), split(40, 1.5, seed + 10)) for seed, label in enumerate(STUDY.variants)}
FIRST, SECOND, THIRD, *_ = STUDY.variants
SMALL = replace(STUDY, variants={label: STUDY.variants[label] for label in (FIRST, SECOND, THIRD)})


class Written:
    """What was written, one state after the other."""

    def __init__(self) -> None:
        self.states: list[dict[str, Record]] = []

    def __call__(self, records: Mapping[str, Record]) -> None:
        self.states.append(dict(records))


@ray.remote
def lost(label: str) -> Splits:
    raise RuntimeError(f"the data of {label} are gone")


def references(*labels: str, gone: str = "") -> dict[Any, Any]:
    return {STUDY.variants[label]: lost.remote(label) if label == gone else ray.put(DATA[label]) for label in labels}


def expected(label: str) -> Record:
    return information_record(
        STUDY.variants[label], DATA[label], STUDY.encoder_1, STUDY.encoder_2, most_rows=STUDY.information_rows
    )


@pytest.mark.parametrize("at_once", [1, 3])
def test_each_is_written_as_it_comes_and_another_s_failure_costs_it_nothing(local_ray: None, at_once: int) -> None:
    written = Written()
    estimates = BegunEstimates(SMALL, {}, references(FIRST, SECOND, THIRD, gone=SECOND), written)
    failure = estimates.await_all(at_once, Console(file=StringIO()))
    assert [len(state) for state in written.states] == [1, 2]
    assert written.states[-1] == {FIRST: expected(FIRST), THIRD: expected(THIRD)}
    assert list(written.states[-1]) == [FIRST, THIRD]
    assert failure is not None and failure.startswith(f"the information in the data of {SECOND} was not estimated:")
    assert f"the data of {SECOND} are gone" in failure


def test_beside_the_training_one_follows_the_other(local_ray: None) -> None:
    """A study that is stopped after the first has that one."""
    written = Written()
    estimates = BegunEstimates(SMALL, {}, references(FIRST, SECOND, THIRD), written)
    while not written.states:
        estimates.on_step_end(0, [])
    assert written.states == [{FIRST: expected(FIRST)}]
    assert estimates.await_all(1, Console(file=StringIO())) is None
    assert list(written.states[-1]) == [FIRST, SECOND, THIRD]


def test_only_variants_without_numbers_of_this_method_are_estimated(local_ray: None) -> None:
    known = {FIRST: {"method": METHOD}, SECOND: {"method": "another"}, THIRD: {"method": METHOD}}
    written = Written()
    estimates = BegunEstimates(SMALL, known, references(SECOND), written)
    assert estimates.await_all(1, Console(file=StringIO())) is None
    assert written.states == [known | {SECOND: expected(SECOND)}]
