"""Which trials are trained together: those of one mould, as many as pay, and always the same."""

from dataclasses import replace

import pytest

from studies.engine import Study
from studies.engine.search.plan import FINAL, SEARCH, TrialSpec, strata, trial_spec
from studies.engine.search.queue import StudyQueue
from studies.engine.search.trial_packs import first_packs, packs
from trainables.config import Hyperparameters, ProjectedTransformer


def specs(study: Study, number: int, stage: str = SEARCH) -> list[TrialSpec]:
    """Trials of the first stratum, every third of which has a projection of its own size."""
    stratum = strata(study)[0]
    choices = [
        Hyperparameters(learning_rate=0.1 / (1 + index), projection_size=3 if index % 3 == 2 else 5)
        for index in range(number)
    ]
    return [trial_spec(study, stratum, stage, index, choice) for index, choice in enumerate(choices)]


def test_trials_of_one_mould_are_trained_together(study: Study) -> None:
    found = packs(study, specs(study, 8))
    assert [[spec.index for spec in pack] for pack in found] == [[0, 1, 3, 4, 6, 7], [2, 5]]


@pytest.mark.parametrize(("seeds", "sizes"), [(1, [14, 6]), (4, [7, 7, 6]), (16, [2] * 10), (50, [1] * 20)])
def test_a_pack_has_no_more_replicas_than_pay_and_at_least_one_trial(
    study: Study, seeds: int, sizes: list[int]
) -> None:
    """Thirty-two for these encoders, of fourteen trials of one mould and six of another."""
    study = replace(study, search_seeds=seeds, final_seeds=seeds)
    for stage in (SEARCH, FINAL):
        assert [len(pack) for pack in packs(study, specs(study, 20, stage))] == sizes


def test_encoders_that_gain_nothing_are_trained_one_by_one(study: Study) -> None:
    study = replace(study, encoder_2=ProjectedTransformer())
    assert [len(pack) for pack in packs(study, specs(study, 5))] == [1] * 5


@pytest.mark.parametrize("space", [{}, {"depth": (1, 2, 3), "dropout_1": (0.0, 0.1, 0.2, 0.3)}])
def test_the_first_packs_are_those_that_a_queue_hands_out_first(study: Study, space: dict) -> None:
    study = replace(study, concurrency=4, search_space={"learning_rate": (0.1, 0.01, 0.001), **space})
    queue = StudyQueue(study, ("first", "second"), {})
    handed_out = [pack for pack in iter(queue.take, ()) if pack[0].stratum == strata(study)[0]]
    assert first_packs(study) == handed_out
    assert (len(handed_out) == 1) == (not space)
