"""What is printed below the decisions."""

import io

import numpy as np
import pandas as pd
import pytest

from analysis.decision import decision_table, score_decisions
from studies.engine.conclusion_tables import _print_reservations
from studies.engine.printing import terminal

WAY_ON = "more seeds than --max-seeds allows take a larger --max-seeds: another study, which starts over"


def said_of(gain: float) -> str:
    """What is printed of an encoder with that gain at λ = 1, of four seeds."""
    draw = np.random.default_rng(0)
    rows = [
        ("v", lambda_, "e", seed, 0.5 + gain * lambda_ + 0.01 * draw.standard_normal(), np.nan)
        for lambda_ in (0.0, 1.0)
        for seed in range(4)
    ]
    scores = pd.DataFrame(rows, columns=["variant", "lambda", "encoder", "seed", "accuracy", "ceiling"])
    out = io.StringIO()
    _print_reservations(decision_table(score_decisions(scores, first_seeds=4), scores), terminal(file=out, width=200))
    return out.getvalue()


@pytest.mark.parametrize(("gain", "is_said"), [(0.002, True), (0.3, False)])
def test_who_needs_more_seeds_is_told_what_they_take(gain: float, is_said: bool) -> None:
    assert (WAY_ON in said_of(gain)) == is_said
