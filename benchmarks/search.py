"""How good are the configurations that a search finds, and how much does it train for them?

    OMP_NUM_THREADS=1 python benchmarks/search.py curves --bits 4 8 --jobs 2
    python benchmarks/search.py compare --bits 4 8

`curves` trains every configuration of the synthetic study at every λ, and the best with more seeds for `decisions.py`:
forty minutes a data set and core (`kept_trainings.py`). `compare` repeats the search and the exchange of the study on
these curves, each time with seeds drawn from them: nothing is trained. Prints for each way of searching, in points of
test accuracy and for λ up to 1, how much worse the chosen configurations are than the best of all, on average and at
λ = 0; how far the gains over λ = 0 are from those of the best; in which share of studies some λ seems to gain .3 points
more than any does, however many seeds confirm it; and how many full trainings a λ takes. A second table says what
choosing the configuration by the mean accuracy of both encoders costs each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil
from typing import Any, Literal

import numpy as np
import tyro
from harness import Row, print_table
from kept_trainings import KeptTrainings, train_all

from studies import SuccessiveHalving, synthetic
from studies.engine.search.candidates import Candidate, TrialOutcome
from studies.engine.search.exchange import offered
from studies.engine.search.queue import SPREAD_SHARE
from studies.engine.search.sampler import Sampler
from studies.engine.search.stratum_search import StratumSearch


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way of searching one λ; `spread` is the share of the draws that a Latin hypercube makes, 0 for random ones."""

    configurations: int
    seeds: int
    spread: float
    halving: SuccessiveHalving
    sweeps: int


OWN = Way(
    configurations=synthetic.STUDY.configurations,
    seeds=synthetic.STUDY.search_seeds,
    spread=SPREAD_SHARE,
    halving=SuccessiveHalving(),
    sweeps=synthetic.STUDY.exchange_sweeps,
)
EARLY, NONE = SuccessiveHalving(reduction_factor=3, rungs=(1, 3)), SuccessiveHalving(rungs=())
LARGEST_LAMBDA = 1  # beyond it some seeds fail, and none is a candidate for λ*
FALSE_GAIN = 0.3  # points
WAYS = {
    "the study's": OWN,
    "random start": replace(OWN, spread=0),
    "a ninth and a third, a third goes on": replace(OWN, halving=EARLY),
    "a third, half go on": replace(OWN, halving=SuccessiveHalving(rungs=(3,))),
    "five ninths, half go on": replace(OWN, halving=SuccessiveHalving(rungs=(5,))),
    "no halving": replace(OWN, halving=NONE),
    "no exchange": replace(OWN, sweeps=0),
    "2 seeds": replace(OWN, seeds=2),
    "8 seeds": replace(OWN, seeds=8),
    "16 configurations": replace(OWN, configurations=16),
}


class RandomStart(Sampler):
    """The sampler as it would be without its Latin hypercube."""

    def _spread(self, number: int, rng: np.random.Generator) -> list[dict[str, Any]]:
        return []


def chosen(way: Way, kept: KeptTrainings, seed: int) -> tuple[list[int], float]:
    """The configuration that one search chooses at each λ, by its number, and the full trainings of a λ."""
    draws = np.random.default_rng(seed).random(way.seeds)
    numbers = {choice: number for number, choice in enumerate(kept.space)}
    searches = [_search(way, seed) for _ in kept.strata]

    def train(search: StratumSearch, at: int, candidate: Candidate) -> int:
        valid = kept.searched(at, numbers[candidate.hyperparameters])
        curve = valid[:, (draws * valid.shape[1]).astype(int)].mean(axis=(1, 2))
        goes_on = True
        while goes_on and len(candidate.scores) < len(curve):
            goes_on = search.report(candidate, float(curve[len(candidate.scores)]))
        is_whole = len(candidate.scores) == len(curve)
        candidate.outcome = TrialOutcome.FINISHED if is_whole else TrialOutcome.PRUNED
        return len(candidate.scores)

    reports = 0
    for at, search in enumerate(searches):
        while (candidate := search.next_candidate()) is not None:
            reports += train(search, at, candidate)
    for sweep in range(1, way.sweeps + 1):
        offers = [offered(searches, at, sweep) or [] for at in range(len(searches))]
        for at, (search, offer) in enumerate(zip(searches, offers, strict=True)):
            reports += sum(train(search, at, candidate) for candidate in search.begin_sweep(offer))
    best = [search.best(way.sweeps) for search in searches]
    trainings = reports / len(kept.curves.valid[0, 0]) / len(searches)
    return [numbers[candidate.hyperparameters] for candidate in best if candidate is not None], trainings


def _search(way: Way, seed: int) -> StratumSearch:
    kind = Sampler if way.spread else RandomStart
    number = ceil((way.spread or 0.5) * way.configurations)
    sampler = kind(synthetic.STUDY.search_space, num_spread=number, seed=seed)
    return StratumSearch(sampler, way.halving, num_configurations=way.configurations, concurrency=1)


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
        "trainings": float(np.mean([trainings for _, trainings in found])),
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
