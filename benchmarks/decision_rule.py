"""Are decisions right, do their intervals hold over all looks, and what do they cost in seeds?

    OMP_NUM_THREADS=1 python benchmarks/decision_rule.py               # some minutes on one core
    OMP_NUM_THREADS=1 python benchmarks/decision_rule.py --part rows   # test rows are drawn too
    OMP_NUM_THREADS=1 python benchmarks/decision_rule.py --part rules  # what other ways of spending the error cost

Nothing is trained: scores are drawn from a model of seeds (and test rows) over λ. Scatter grows with λ as that of the
synthetic study at 256 rows does, tenfold from λ = .1 to 4. Rounds double the seeds from 8 to 256, at the contenders
and the first λ only, until the decision stands. A miss at any of the looks counts. Prints, for each true curve and
noise: the decisions, how many were wrong, how often the gain's interval, the band and `as_good` held at all looks,
and the seeds spent over all λ, as a share of 32 at every λ.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal
from zlib import crc32

import numpy as np
import pandas as pd
import tyro
from harness import Row, print_table
from scipy import special

from analysis.decision import Decision, decide, look_at, spent_at
from studies.engine.search.rounds import next_round

LAMBDAS = np.array([0, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4])
MARGIN, CONFIDENCE = 0.005, 0.95
FIRST_SEEDS, MOST_SEEDS, FIXED_SEEDS = 8, 256, 32
# Standard deviation of one seed's difference to λ = 0.
SCATTER = np.array([0, 0.009, 0.009, 0.009, 0.010, 0.011, 0.012, 0.022, 0.080])
FIRST_SCATTER, LEVEL_SCATTER = 0.006, 0.02
# Gains over λ = 0; in points as measured at R = 0, 4, 6, 8, and three that were not.
CURVES = {
    "all harm (R = 0)": np.array([0, -1.1, -4.8, -6.7, -9.2, -10.7, -11.8, -16.4, -17.1]) / 100,
    "flat": np.zeros(9),
    "margin": np.array([0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]) / 100,
    "+.3 (R = 4)": np.array([0, 0.3, 0.1, -0.7, -1.4, -1.5, -2.1, -7.2, -13.4]) / 100,
    "+.7 (R = 6)": np.array([0, 0.7, 0.7, 0, -0.5, -0.7, -0.8, -7.4, -11.8]) / 100,
    "+2.2 (R = 8)": np.array([0, 0.8, 1.4, 1.7, 2.2, 2.2, 2.0, 1.6, -4.6]) / 100,
    "inverted U": np.array([0, 0.1, 0.2, 0.3, 0.3, 0.3, 0.3, -0.2, -0.6]) / 100,
}
FIRST_ACCURACY = 0.72


@dataclass(frozen=True, kw_only=True)
class Noise:
    """How seeds scatter: Student's t of `freedom`, alike at neighbouring λ, `growth` times as much as was measured."""

    freedom: float | None = None
    neighbours: float = 0.3

    def draw(self, num_seeds: int, rng: np.random.Generator) -> np.ndarray:
        """Deviations [L, S] from the true scores."""
        own = np.sqrt(np.maximum(SCATTER**2 - FIRST_SCATTER**2, 0))
        own[0] = FIRST_SCATTER
        distance = np.abs(np.subtract.outer(np.arange(len(own)), np.arange(len(own))))
        correlation = np.where(distance == 0, 1.0, self.neighbours**distance)
        correlation[0, 1:] = correlation[1:, 0] = 0
        noise = np.linalg.cholesky(correlation) @ rng.standard_normal((len(own), num_seeds))
        if self.freedom is not None:
            noise *= np.sqrt((self.freedom - 2) / rng.chisquare(self.freedom, num_seeds))
        return own[:, None] * noise + LEVEL_SCATTER * rng.standard_normal(num_seeds)


NOISES = {"normal": Noise(), "heavy tails": Noise(freedom=4.0), "alike": Noise(neighbours=0.9)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """A decision at one look, and the seeds that were spent on it so far over all λ."""

    decision: Decision
    spent: int


def rounds(
    lambdas: np.ndarray, scores: np.ndarray, decide_at: Callable[[np.ndarray, list[int]], Decision]
) -> Iterator[Round]:
    """Decide on ever more of the scores [L, S] until the decision stands."""
    counts = dict.fromkeys(lambdas.tolist(), FIRST_SEEDS)
    while True:
        num_seeds = np.array(list(counts.values()))
        known = np.where(np.arange(scores.shape[1]) < num_seeds[:, None], scores, np.nan)
        looks = [look_at(count, FIRST_SEEDS) for count in counts.values()]
        decision = decide_at(known[:, : num_seeds.max()], looks)
        yield Round(decision=decision, spent=int(num_seeds.sum()))
        more = next_round(counts, decision.contenders, scores.shape[1])
        if not more:
            return
        counts |= {lambda_: seeds.stop for lambda_, seeds in more.items()}


def is_wrong(decision: Decision, gains: np.ndarray) -> bool:
    """Whether the word, or what it says of harm, is not true of the gains [L]."""
    at = dict(zip(decision.lambdas, gains, strict=True))
    match decision.word:
        case "align":
            is_false = at[decision.best] <= 0
        case "do not align":
            is_false = bool((gains >= MARGIN).any()) or bool((gains >= 0)[1:].all())
        case "no difference":
            is_false = bool((np.abs(gains) >= MARGIN).any())
        case _:
            return False
    harmful = [at[each] for each in at if decision.harmful_from is not None and each >= decision.harmful_from]
    harmless = [at[each] for each in at if decision.harmless_to is not None and each <= decision.harmless_to]
    return is_false or any(gain >= 0 for gain in harmful) or any(abs(gain) >= MARGIN for gain in harmless)


def holds(decision: Decision, gains: np.ndarray) -> tuple[bool, bool, bool]:
    """Whether the gain's interval, the whole band, and `as_good` hold what they should."""
    low, high = decision.gain_interval or (-np.inf, np.inf)
    band = bool(((decision.lows <= gains) & (gains <= decision.highs)).all())
    best = {each for each, gain in zip(decision.lambdas, gains, strict=True) if gain == gains.max()}
    true_gain = gains[decision.lambdas.index(decision.best)]
    return bool(low <= true_gain <= high), band, bool(best & set(decision.as_good))


def summary(found: list[list[Round]], gains: np.ndarray, fixed: int) -> dict[str, float]:
    """What came of many studies with the same truth."""
    words = [each[-1].decision.word for each in found]
    held = np.array([np.all([holds(one.decision, gains) for one in each], axis=0) for each in found])
    return {
        **{word: words.count(word) / len(words) for word in ("align", "do not align", "no difference", "undecided")},
        "wrong": float(np.mean([is_wrong(each[-1].decision, gains) for each in found])),
        "gain held": float(held[:, 0].mean()),
        "band held": float(held[:, 1].mean()),
        "as_good held": float(held[:, 2].mean()),
        "as_good": float(np.mean([len(each[-1].decision.as_good) for each in found])),
        "seeds": float(np.mean([each[-1].spent for each in found])) / fixed,
        "looks": float(np.mean([len(each) for each in found])),
    }


def of_seeds(curve: str, noise: str, repeats: int, level: Callable[[int], float] | None = None) -> Row:
    """Studies where the population is known. `level` replaces the error that each look spends."""
    rng = np.random.default_rng(crc32(f"{curve} {noise}".encode()))
    gains = CURVES[curve]

    def decide_at(scores: np.ndarray, looks: list[int]) -> Decision:
        if level is None:
            return decide(LAMBDAS, scores, margin=MARGIN, confidence=CONFIDENCE, look=looks)
        confidence = 1 - level(max(looks)) * (1 - CONFIDENCE) / float(spent_at(1, 1.0))
        return decide(LAMBDAS, scores, margin=MARGIN, confidence=confidence)

    found = [
        list(rounds(LAMBDAS, FIRST_ACCURACY + gains[:, None] + NOISES[noise].draw(MOST_SEEDS, rng), decide_at))
        for _ in range(repeats)
    ]
    return {"curve": curve, "noise": noise, **summary(found, gains, FIXED_SEEDS * len(LAMBDAS))}


def mixture(look: int) -> float:
    """An anytime-valid rule: level of the normal mixture's boundary, tightest at 64 seeds (Robbins 1970)."""
    share = FIRST_SEEDS * 2 ** (look - 1) / 64
    z = np.sqrt((1 + 1 / share) * np.log((1 + share) / (1 - CONFIDENCE) ** 2))
    return float(2 * special.ndtr(-z)) / (1 - CONFIDENCE)


# The share of the error that each look spends; looks are 6 where a rule must know.
RULES: dict[str, Callable[[int], float]] = {
    "1 / k(k + 1)": lambda look: 1 / (look * (look + 1)),
    "1 / 2^k": lambda look: 0.5**look,
    "6 / (pi k)^2": lambda look: 6 / (np.pi * look) ** 2,
    "sevenths, then halves": lambda look: 1 / 7 if look <= 6 else 0.5 ** (look - 6) / 7,
    "equal, 6 looks": lambda look: 1 / 6,
    "linear, 6 looks": lambda look: look / 21,
    "2^k, 6 looks": lambda look: 2**look / 126,
    "mixture, any time": mixture,
}


def rule_costs(repeats: int) -> list[Row]:
    """Seeds until decided (in 32 at every λ) by the rule and curve, their mean, and the worst error and coverage."""
    curves = [curve for curve in CURVES if curve != "flat"]  # which no rule decides
    rows: list[Row] = []
    for rule, level in RULES.items():
        found = pd.DataFrame([of_seeds(curve, "normal", repeats, level) for curve in curves])
        costs, undecided, wrong, held = found[["seeds", "undecided", "wrong", "band held"]].to_numpy().T
        means = {"mean": float(costs.mean()), "undecided": float(undecided.mean())}
        worst = {"wrong, worst": float(wrong.max()), "band held, worst": float(held.min())}
        rows.append({"rule": rule, **dict(zip(curves, costs.tolist(), strict=True)), **means, **worst})
    return rows


# λ of the simulation with test rows, which is a hundred times as large.
ROW_LAMBDAS = [0, 2, 5, 8]
ROW_CURVES = {
    "flat": np.zeros(4),
    "all harm": np.array([0, -2, -6, -15]) / 100,
    "+3, then harm": np.array([0, 2, 3, -5]) / 100,
    "+1, then harm": np.array([0, 1, 1, -3]) / 100,
}
TEST_ROWS = {138: None, 700: 70, 4643: None}  # with the number of speakers, where rows belong together
MOST_SEEDS_WITH_ROWS = 32


def hits_of(accuracies: np.ndarray, num_rows: int, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hits [L, S, N]: where a normal number lies below the quantile of the true accuracy.

    Half of its variance is the row's own: a tenth its group's, three tenths common to all λ, a tenth at each λ. The
    seed's share grows with λ; the rest is new for each λ, seed and row.
    """
    num_lambdas, num_seeds = len(accuracies), MOST_SEEDS_WITH_ROWS
    of_group = rng.standard_normal((num_lambdas, 1, groups.max() + 1))[..., groups]
    row = rng.standard_normal((1, 1, num_rows))
    at_lambda = rng.standard_normal((num_lambdas, 1, num_rows))
    of_seed = (SCATTER[ROW_LAMBDAS] / 0.35)[:, None, None]  # 0.35: how fast accuracy moves with the number, about
    fixed = np.sqrt(0.1) * of_group + np.sqrt(0.3) * row + np.sqrt(0.1) * at_lambda
    fixed = fixed + of_seed * rng.standard_normal((num_lambdas, num_seeds, 1))
    rest = np.sqrt(0.5) * rng.standard_normal((num_lambdas, num_seeds, num_rows), dtype=np.float32)
    total = np.sqrt(1 + of_seed**2)
    return (fixed + rest < total * special.ndtri(accuracies)[:, None, None]).astype(np.uint8)


def of_rows(curve: str, num_rows: int, repeats: int) -> Row:
    """Studies that draw seeds and test rows; in groups where `TEST_ROWS` says so."""
    rng = np.random.default_rng(crc32(f"{curve} {num_rows}".encode()))
    gains, num_groups = ROW_CURVES[curve], TEST_ROWS[num_rows]
    groups = np.arange(num_rows) if num_groups is None else np.arange(num_rows) % num_groups
    lambdas = LAMBDAS[ROW_LAMBDAS]

    def study() -> list[Round]:
        hits = hits_of(FIRST_ACCURACY + gains, num_rows, groups, rng)

        def decide_at(scores: np.ndarray, looks: list[int]) -> Decision:
            kept = hits[:, : scores.shape[1]]
            return decide(lambdas, scores, margin=MARGIN, confidence=CONFIDENCE, look=looks, hits=kept, groups=groups)

        return list(rounds(lambdas, hits.mean(axis=2), decide_at))

    found = [study() for _ in range(repeats)]
    return {
        "curve": curve,
        "rows": num_rows,
        "groups": num_groups or num_rows,
        **summary(found, gains, FIXED_SEEDS * len(lambdas)),
        "seeds cannot tell": float(np.mean([each[-1].decision.seeds_cannot_tell for each in found])),
    }


def main(part: Literal["seeds", "rows", "rules"] = "seeds", repeats: int = 400) -> None:
    """Print one table.

    Args:
        part: Decisions where the population is known, decisions over test rows too, or ways of spending the error.
        repeats: Simulated studies of each combination; a share of .95 is known to about 1 % with 400.

    """
    if part == "seeds":
        print_table([of_seeds(curve, noise, repeats) for curve, noise in product(CURVES, NOISES)])
    elif part == "rows":
        print_table([of_rows(curve, num_rows, repeats) for curve, num_rows in product(ROW_CURVES, TEST_ROWS)])
    else:
        print_table(rule_costs(repeats))


if __name__ == "__main__":
    tyro.cli(main)
