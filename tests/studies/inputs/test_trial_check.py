"""Whether encoders, objective and data fit together, found without training."""

from dataclasses import replace

import pytest
from rich.console import Console

from studies.engine import Study
from studies.engine.inputs.trial_check import check_trials
from trainables.config import Mlp, Refused
from trainables.data import shapes


def check(study: Study) -> bool:
    return check_trials(study, {config: shapes(config) for config in study.variants.values()}, Console(quiet=True))


def test_replicas_of_the_platforms_encoders_can_be_packed(study: Study) -> None:
    assert check(study)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"aligned_width": 5}, "aligned_width"),
        ({"encoder_2": Mlp(width=6, depth=1)}, "do not fit together: z_a and z_b must have one shape"),
    ],
)
def test_parts_that_do_not_fit_are_refused(study: Study, change: dict, message: str) -> None:
    with pytest.raises(Refused, match=message):
        check(replace(study, **change))


def test_what_aligning_alone_forbids_is_allowed_where_nothing_is_aligned(study: Study) -> None:
    assert check(replace(study, encoder_2=Mlp(width=6, depth=1), lambdas=(0,)))
