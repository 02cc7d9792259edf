"""What does the search of one λ cost where its configurations are trained as one model, and what one after another?

    OMP_NUM_THREADS=1 python benchmarks/search_packing.py

The first draw of the synthetic study (R = 4, 256 rows, eight configurations of two seeds, 300 steps, nine looks at the
validation split), in processor time. `largest difference`: between the accuracies that both ways report.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import tyro
from harness import RESULTS, Row, median_seconds, print_table, write_results

from studies.engine.search.plan import SEARCH, Stratum, strata, trial_spec
from studies.engine.search.stratum_search import StratumSearch
from studies.synthetic import STUDY
from trainables.config import TrialConfig
from trainables.data import load
from trainables.packing import packed
from trainables.placement import PlacedSplits
from trainables.training import Training

SEARCHED = replace(STUDY, variants={"R=4": STUDY.variants["R=4"]})
LAMBDAS = (0.0, 0.8)


def first_draw(stratum: Stratum) -> list[TrialConfig]:
    """The trials that a stratum draws at once, before it has learnt anything."""
    drawn = StratumSearch.of(SEARCHED).next_candidates()
    return [trial_spec(SEARCHED, stratum, SEARCH, each.index, each.hyperparameters).config for each in drawn]


def accuracies(configs: Sequence[TrialConfig], data: PlacedSplits) -> np.ndarray:
    """Validation accuracies [reports, encoders, replicas] of trials that are trained together."""
    config, choices = packed(configs)
    training = Training(config, data, choices=choices)
    found = []
    while training.epoch < config.max_epochs:
        for _ in range(min(SEARCHED.epochs_per_report, config.max_epochs - training.epoch)):
            training.run_epoch()
        found.append(np.stack(list(training.validate().values())))
    return np.array(found)


def one_after_another(configs: Sequence[TrialConfig], data: PlacedSplits) -> np.ndarray:
    """The same accuracies, of trials that are trained one by one."""
    return np.concatenate([accuracies([config], data) for config in configs], axis=2)


def measured(stratum: Stratum, data: PlacedSplits, repeats: int) -> Row:
    """The row of one λ."""
    configs = first_draw(stratum)
    ways = {"together": accuracies, "one by one": one_after_another}
    seconds = median_seconds(
        {name: partial(way, configs, data) for name, way in ways.items()}, repeats, time.process_time
    )
    difference = np.abs(accuracies(configs, data) - one_after_another(configs, data)).max()
    return {
        "λ": stratum.lambda_,
        "together s": seconds["together"],
        "one by one s": seconds["one by one"],
        "times faster": seconds["one by one"] / seconds["together"],
        "largest difference": float(difference),
    }


def main(out: Path = RESULTS / "search_packing.json", repeats: int = 3) -> None:
    """Print the table and write it as JSON.

    Args:
        out: The JSON file to write.
        repeats: Runs of each way, of which the median counts.

    """
    torch.set_num_threads(1)
    data = PlacedSplits(load(SEARCHED.variants["R=4"]))
    chosen = [stratum for stratum in strata(SEARCHED) if stratum.lambda_ in LAMBDAS]
    rows = [measured(stratum, data, repeats) for stratum in chosen]
    print_table(rows)
    write_results(out, rows)


if __name__ == "__main__":
    tyro.cli(main)
