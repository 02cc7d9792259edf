"""How good are the configurations that a search finds, and how much does it train for them?

    OMP_NUM_THREADS=1 python benchmarks/search.py curves --bits 4 8 --jobs 2
    python benchmarks/search.py compare --bits 4 8

`curves` trains every configuration of the synthetic study at every λ, and the best with more seeds for `decisions.py`:
forty minutes a data set and core (`kept_trainings.py`). `compare` repeats search, exchange and final of the study on
these curves, by the platform's own queue, each time with seeds drawn from them: nothing is trained. Prints for each way
of searching, in points of test accuracy and for λ up to 1, how much worse the chosen configurations are than the best
of all, on average and at λ = 0; how far the gains over λ = 0 are from those of the best; in which share of studies some
λ seems to gain .3 points more than any does, however many seeds confirm it; and how many replicas a λ trains in full. A
second table says what choosing the configuration by the mean accuracy of both encoders costs each of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Literal

import numpy as np
import tyro
from harness import Row, print_table
from in_process import run_trial
from kept_trainings import MODALITIES, DrawnTrial, KeptTrainings, train_all, winners

from studies import SuccessiveHalving
from studies.engine.search.plan import CONFIRM
from studies.engine.search.queue import StudyQueue

EARLY, NONE = SuccessiveHalving(reduction_factor=2, rungs=(3,)), SuccessiveHalving(rungs=())
LARGEST_LAMBDA = 1  # beyond it some seeds fail, and none is a candidate for λ*
FALSE_GAIN = 0.3  # points
# By what a way of searching differs from the study's.
WAYS: dict[str, dict[str, Any]] = {
    "the study's": {},
    "1 drawn at once": {"concurrency": 1},
    "8 drawn at once": {"concurrency": 8},
    "a half goes on": {"halving": SuccessiveHalving(reduction_factor=2)},
    "no halving": {"halving": NONE},
    "no exchange": {"exchange_sweeps": 0},
    "2 finalists": {"finalists": 2},
    "no final": {"finalists": 1},
    "no final, 4 seeds": {"finalists": 1, "search_seeds": 4},
    "no final, 4 seeds, half go on at a third": {"finalists": 1, "search_seeds": 4, "halving": EARLY},
    "no final, 8 seeds": {"finalists": 1, "search_seeds": 8},
}


def chosen(way: Mapping[str, Any], kept: KeptTrainings, seed: int) -> tuple[list[int], float]:
    """The configuration that one search chooses at each λ, by its number, and the replicas trained for a λ."""
    queue = StudyQueue(replace(kept.study, seed=seed, **way), MODALITIES, {})
    trained = 0.0
    while pack := queue.take():
        for spec in pack:
            if spec.stage != CONFIRM:
                trial = DrawnTrial(spec, kept)
                queue.end(run_trial(spec, queue, trial, MODALITIES))
                trained += len(spec.config.replicas) * trial.epoch / spec.config.max_epochs
    return winners(queue, kept), trained / len(kept.strata)


def own_best(bits: int) -> list[Row]:
    """What each encoder would gain, in points, if its configuration were chosen by its own accuracy alone."""
    kept = KeptTrainings(256, bits)
    lambdas, curves = kept.study.lambdas, kept.curves
    accuracies = curves.test.mean(axis=2)
    every = np.arange(len(lambdas))
    of_both = accuracies[every, curves.best_configurations()[:, 0]]
    rows: list[Row] = []
    for encoder in (0, 1):
        own = accuracies[every, curves.best_configurations(slice(encoder, encoder + 1))[:, 0], encoder]
        gains = zip(lambdas, 100 * (own - of_both[:, encoder]), strict=True)
        rows.append({"R": bits, "encoder": encoder + 1, **{f"λ = {lambda_:g}": float(gain) for lambda_, gain in gains}})
    return rows


def compared(name: str, bits: int, repeats: int) -> Row:
    """What came of one way of searching a data set."""
    kept = KeptTrainings(256, bits)
    among = np.array(kept.study.lambdas) <= LARGEST_LAMBDA
    found = [chosen(WAYS[name], kept, seed) for seed in range(repeats)]
    reached = np.array([[kept.accuracies(at, number) for at, number in enumerate(choice)] for choice, _ in found])
    reached, best = 100 * reached[:, among], 100 * kept.best_accuracies()[among]
    gains, true_gains = (reached - reached[:, :1])[:, 1:], (best - best[:1])[1:]
    is_false = gains.max(axis=1) > np.maximum(true_gains.max(axis=0), 0) + FALSE_GAIN
    return {
        "R": bits,
        "search": name,
        "worse by": float((best - reached).mean()),
        "at λ = 0": float((best - reached)[:, 0].mean()),
        "gain errs by (rms)": float(np.sqrt(np.square(gains - true_gains).mean())),
        "false gains": float(is_false.mean()),
        "replicas": float(np.mean([replicas for _, replicas in found])),
    }


def main(
    part: tyro.conf.Positional[Literal["curves", "compare"]],
    bits: Sequence[int] = (4, 8),
    repeats: int = 100,
    jobs: int = 1,
) -> None:
    """Train the curves, or print how ways of searching compare on them."""
    if part == "curves":
        train_all(256, bits, jobs)
    else:
        print_table([compared(name, number, repeats) for number, name in product(bits, WAYS)])
        print("\nWhat each encoder would gain by a configuration of its own, points:")
        print_table([row for number in bits for row in own_best(number)])


if __name__ == "__main__":
    tyro.cli(main)
