"""How good are the configurations that a search finds, and how much does it train for them?

    OMP_NUM_THREADS=1 python benchmarks/search.py curves --bits 4 8 --jobs 2
    python benchmarks/search.py compare --bits 4 8

`curves` trains every configuration of the synthetic study at every λ, and the best with more seeds for `decisions.py`:
half an hour a data set and core (`kept_trainings.py`). `compare` repeats the search and the exchange of the study on
these curves, each time with seeds drawn from them: nothing is trained. Prints for each way of searching, in points of
test accuracy, how much worse the chosen configurations are than the best of all, how far the gains over
λ = 0 are from those of the best, and how many full trainings a λ takes. A second table says what choosing the
configuration by the mean accuracy of both encoders costs each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil
from typing import Any, Literal

import numpy as np
import tyro
from harness import Row, print_table
from in_process import configurations
from kept_trainings import Curves, KeptTrainings, train_all

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
WAYS = {
    "the study's": OWN,
    "random start and early rungs": replace(OWN, spread=0, halving=EARLY),
    "random start": replace(OWN, spread=0),
    "early rungs": replace(OWN, halving=EARLY),
    "a third goes on": replace(OWN, halving=SuccessiveHalving(reduction_factor=3)),
    "no halving": replace(OWN, halving=NONE),
    "no exchange": replace(OWN, sweeps=0),
    "one sweep": replace(OWN, sweeps=1),
    "2 seeds": replace(OWN, seeds=2),
    "8 seeds": replace(OWN, seeds=8),
    "6 configurations, all spread": replace(OWN, configurations=6, spread=1),
    "16 configurations": replace(OWN, configurations=16),
}


class RandomStart(Sampler):
    """The sampler as it would be without its Latin hypercube."""

    def _spread(self, number: int, rng: np.random.Generator) -> list[dict[str, Any]]:
        return []


def chosen(way: Way, curves: Curves, seed: int) -> tuple[list[int], float]:
    """The configuration that one search chooses at each λ, by its number, and the full trainings of a λ."""
    drawn = np.random.default_rng(seed).integers(0, curves.test.shape[2], way.seeds)
    scores = curves.valid[:, :, :, drawn].mean(axis=(3, 4))
    numbers = {choice: number for number, choice in enumerate(configurations(synthetic.STUDY))}
    searches = [_search(way, seed) for _ in curves.test]

    def train(search: StratumSearch, at: int, candidate: Candidate) -> int:
        curve = scores[at, numbers[candidate.hyperparameters]]
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
    trainings = reports / scores.shape[2] / len(searches)
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
    curves = KeptTrainings(256, bits).curves
    accuracies = curves.test.mean(axis=2)
    every = np.arange(len(accuracies))
    best = accuracies[every, curves.best_configurations()[:, 0]]
    found = [chosen(WAYS[name], curves, seed) for seed in range(repeats)]
    reached = np.stack([accuracies[every, choice] for choice, _ in found])
    worse = 100 * (best - reached).mean(axis=-1)
    gain_errors = 100 * ((reached - reached[:, :1]) - (best - best[:1]))[:, 1:]
    return {
        "R": bits,
        "search": name,
        "worse by, mean": float(worse.mean()),
        "worst tenth": float(np.quantile(worse, 0.9)),
        "worst": float(worse.max()),
        "gain errs by (rms)": float(np.sqrt(np.square(gain_errors).mean())),
        "trainings": float(np.mean([trainings for _, trainings in found])),
    }


def main(
    part: tyro.conf.Positional[Literal["curves", "compare"]],
    bits: Sequence[int] = (4, 8),
    repeats: int = 40,
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
