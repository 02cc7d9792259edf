"""Does the interval of λ* hold the true optimum, how often is each regime named, and how large must a gain be?

    OMP_NUM_THREADS=1 python benchmarks/optimum_power.py                            # some minutes on one core
    OMP_NUM_THREADS=1 python benchmarks/optimum_power.py --repeats 50 --jobs 2      # what the committed tables hold

Curves of known shape get noise of the size and structure that the recorded studies have: seeds scatter more at large λ,
alike at neighbouring λ. Prints, writes (CSV) and draws (PNG): of each regime, how often the 95 % interval holds the
true optimum and how wide it is, and which regime is named; how often the interval of the gain holds what is gained at
the λ that was chosen, how often it lies above that altogether, its width and the error of the gain itself (both in
standard deviations of one seed's score at λ = 0); of gains of several sizes, how often they are found.
"""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from zlib import crc32

import matplotlib as mpl
import numpy as np
import pandas as pd
import tyro
from harness import Row, print_table
from joblib import Parallel, delayed

from analysis.optimum import optimal_lambda, paired_scores, unit_positions

STUDIES = Path(__file__).parents[1] / "studies" / "results"
GRIDS = {
    "synthetic": np.array([0, 0.2, 0.4, 0.6, 0.8, 1, 2]),
    "real data": np.array([0, 0.1, 0.25, 0.5, 0.6, 0.75, 1, 2, 4]),
}
REGIMES = ("flat", "increasing", "saturating", "inverted_u", "decreasing")
SEEDS = (3, 5, 10)
PEAK = 0.5
# In standard deviations of one seed's score at λ = 0. All regimes get the first; the rest only asks what can be found.
GAINS = (1.0, 4.0)
MORE_GAINS = (0.5, 2.0, 8.0)
RESAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class Noise:
    """How the scores of a seed scatter over the unit axis: standard deviations at its ends, and how far noise is alike.

    Correlation falls as exp(-distance / length). `freedom`: that of Student's t, if seeds scatter unequally.
    """

    first: float
    last: float
    length: float
    freedom: float | None = None

    def draw(self, positions: np.ndarray, num_seeds: int, rng: np.random.Generator) -> np.ndarray:
        """Noise [L, S] at positions [L]; its size grows geometrically along the axis."""
        root = np.linalg.cholesky(np.exp(-np.abs(positions[:, None] - positions) / self.length))
        noise = root @ rng.standard_normal((len(positions), num_seeds))
        if self.freedom is not None:
            noise *= np.sqrt((self.freedom - 2) / rng.chisquare(self.freedom, num_seeds))
        return (self.first * (self.last / self.first) ** positions)[:, None] * noise


def recorded_noises(folder: Path) -> dict[str, Noise]:
    """Three kinds of scatter that the recorded studies show, and one of them with seeds that scatter unequally."""
    synthetic, avmnist = (pd.read_csv(folder / name / "scores.csv") for name in ("synthetic", "avmnist"))
    growing = _noise_of(synthetic.loc[synthetic["variant"] != "R=8"])
    return {
        "steady (R = 8)": _noise_of(synthetic.loc[synthetic["variant"] == "R=8"]),
        "growing (R = 0-6)": growing,
        "growing, unequal": replace(growing, freedom=4.0),
        "AV-MNIST": _noise_of(avmnist),
    }


def _noise_of(scores: pd.DataFrame) -> Noise:
    """Noise of the encoders of a table: a line through their log variances, a length through their correlations."""
    positions, logs, distances, products = [], [], [], []
    for _, rows in scores.groupby(["variant", "encoder"]):
        paired = paired_scores(rows)
        position, degrees = unit_positions(paired.lambdas), len(paired.seeds) - 1
        deviations = paired.scores - paired.scores.mean(axis=1, keepdims=True)
        variances = np.square(deviations).sum(axis=1) / degrees
        scaled = deviations / np.sqrt(degrees * variances)[:, None]
        first, second = np.triu_indices(len(position), 1)
        positions.append(position)
        logs.append(np.log(variances))
        distances.append(position[second] - position[first])
        products.append((scaled @ scaled.T)[first, second])
    slope, level = np.polyfit(np.concatenate(positions), np.concatenate(logs), 1)
    distance, product = np.concatenate(distances), np.concatenate(products)
    lengths = np.geomspace(0.02, 5, 200)
    misfit = [np.square(product - np.exp(-distance / length)).sum() for length in lengths]
    return Noise(
        first=float(np.exp(level / 2)),
        last=float(np.exp((level + slope) / 2)),
        length=float(lengths[np.argmin(misfit)]),
    )


def true_scores(regime: str, lambdas: np.ndarray, at: np.ndarray, gain: float) -> np.ndarray:
    """Scores [N] at strengths [N] of a regime that gains (or, decreasing, loses) `gain` over the grid of λ."""

    def place(strengths: np.ndarray | float) -> np.ndarray:
        """As `unit_positions` has it, between the grid's λ too."""
        return np.log1p(strengths / lambdas[1]) / np.log1p(lambdas[-1] / lambdas[1])

    position, peak = place(at), place(PEAK)
    shapes = {
        "flat": np.zeros(len(at)),
        "increasing": position,
        "saturating": 1 - np.exp(-at / 0.1),
        # Level with the start at twice the distance from the peak, and below it after that.
        "inverted_u": 1 - ((position - peak) / peak) ** 2,
        "decreasing": -position,
    }
    return 0.8 + gain * shapes[regime]


def true_optimum(regime: str, lambdas: np.ndarray) -> float | None:
    """The best λ of a regime; None where all are."""
    if regime == "flat":
        return None
    return PEAK if regime == "inverted_u" else lambdas[0] if regime == "decreasing" else lambdas[-1]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination that is simulated; the gain is in standard deviations of a seed's score at λ = 0."""

    grid: str
    noise: str
    regime: str
    gain: float
    num_seeds: int


def cells() -> list[Cell]:
    """Everything that is simulated."""
    curves = [("flat", 0.0), *product(REGIMES[1:], GAINS), *product(["saturating"], MORE_GAINS)]
    names = product(GRIDS, recorded_noises(STUDIES), curves, SEEDS)
    return [
        Cell(grid=grid, noise=noise, regime=regime, gain=gain, num_seeds=num_seeds)
        for grid, noise, (regime, gain), num_seeds in names
    ]


def simulate(cell: Cell, noise: Noise, repeats: int) -> Row:
    """What came out of `repeats` studies of one combination."""
    rng = np.random.default_rng(crc32(repr(cell).encode()))
    lambdas = GRIDS[cell.grid]
    positions = unit_positions(lambdas)
    size, optimum = cell.gain * noise.first, true_optimum(cell.regime, lambdas)
    scores = true_scores(cell.regime, lambdas, lambdas, size)
    found = [
        optimal_lambda(lambdas, scores[:, None] + noise.draw(positions, cell.num_seeds, rng), resamples=RESAMPLES)
        for _ in range(repeats)
    ]
    ends = np.array([each.interval for each in found])
    # What would be gained at the λ that was chosen, whether or not it is the best.
    true_gains = true_scores(cell.regime, lambdas, np.array([each.best for each in found]), size) - scores[0]
    low, high = np.array([each.gain_interval for each in found]).T
    named = [each.regime for each in found]
    held = np.nan if optimum is None else np.mean((ends[:, 0] <= optimum) & (optimum <= ends[:, 1]))
    row: dict[str, str | int | float] = {
        "grid": cell.grid,
        "noise": cell.noise,
        "regime": cell.regime,
        "gain": cell.gain,
        "gain in accuracy": size,
        "seeds": cell.num_seeds,
        "holds optimum": float(held),
        "share of axis": float(np.diff(np.interp(ends, lambdas, positions), axis=1).mean()),
        "holds gain": float(np.mean((low <= true_gains) & (true_gains <= high))),
        "gain overstated": float(np.mean(true_gains < low)),
        "width of gain": float(np.mean(high - low)) / noise.first,
        "gain too high by": float(np.mean([each.gain for each in found] - true_gains)) / noise.first,
    }
    return row | {f"called {name}": named.count(name) / repeats for name in REGIMES}


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means over grids and noises, and the worst of them, for each regime, gain and number of seeds."""
    groups = table.loc[~table["gain"].isin(MORE_GAINS)].groupby(["regime", "gain", "seeds"], sort=False)
    of_gain = ["holds gain", "gain overstated", "width of gain", "gain too high by"]
    shown = groups[["holds optimum", "share of axis", *of_gain, *(f"called {name}" for name in REGIMES)]].mean()
    shown.insert(1, "holds optimum, worst", groups["holds optimum"].min())
    shown.insert(4, "holds gain, worst", groups["holds gain"].min())
    shown.insert(6, "gain overstated, worst", groups["gain overstated"].max())
    return shown.reset_index()


def power(table: pd.DataFrame) -> pd.DataFrame:
    """How often a curve that rises and saturates is called one that rises: one row a noise and size of the gain."""
    rises = table.loc[table["regime"] == "saturating"].copy()
    rises["found"] = rises[["called increasing", "called saturating", "called inverted_u"]].sum(axis=1)
    keys = ["noise", "gain", "gain in accuracy"]
    found = rises.groupby([*keys, "seeds"], sort=False)["found"].mean().unstack("seeds")
    return found.rename(columns=lambda num_seeds: f"{num_seeds} seeds").reset_index().sort_values(keys[:2])


def draw_figure(table: pd.DataFrame, path: Path) -> None:
    """Coverage of the interval by regime, names by regime, and the power to find a gain."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (coverage, names, gains) = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    regimes, shown = [name for name in REGIMES if name != "flat"], power(table)
    sizes = sorted((*GAINS, *MORE_GAINS))
    for number, num_seeds in enumerate(SEEDS):
        of_seeds = table.loc[(table["seeds"] == num_seeds) & table["gain"].isin((0.0, *GAINS))]
        places = np.arange(len(regimes)) + 0.25 * (number - 1)
        held = [of_seeds.loc[of_seeds["regime"] == name, "holds optimum"] for name in regimes]
        coverage.plot(np.repeat(places, [len(each) for each in held]), np.concatenate(held), "o", color="0.8", ms=3)
        coverage.plot(places, [each.mean() for each in held], "o^s"[number], label=f"{num_seeds} seeds")
        right = [of_seeds.loc[of_seeds["regime"] == name, f"called {name}"].mean() for name in REGIMES]
        names.plot(np.arange(len(REGIMES)) + 0.25 * (number - 1), right, "o^s"[number], label=f"{num_seeds} seeds")
        found = [shown.loc[shown["gain"] == size, f"{num_seeds} seeds"].mean() for size in sizes]
        gains.plot(sizes, found, marker="o^s"[number], label=f"{num_seeds} seeds")
    for panel, ticks in ((coverage, regimes), (names, REGIMES)):
        panel.set_xticks(np.arange(len(ticks)), [name.replace("_", " ") for name in ticks], fontsize=8)
        panel.axhline(0.95, color="black", linewidth=0.8, linestyle="--")
    coverage.set_title("95 % interval holds the true optimum\n(grey: each grid, noise and gain)", fontsize=9)
    names.set_title("regime is named rightly (gains of 1 and 4)", fontsize=9)
    gains.set_title("a rise is found (saturating curve)", fontsize=9)
    gains.set_xscale("log")
    gains.set_xticks(sizes, [f"{size:g}" for size in sizes])
    gains.minorticks_off()
    gains.set_xlabel("gain in standard deviations of a seed at λ = 0")
    gains.legend(fontsize=8)
    figure.savefig(path, dpi=130)
    plt.close(figure)
    print(f"written to {path}")


def main(out: Path = STUDIES / "optimum_power", repeats: int = 15, jobs: int = 1) -> None:
    """Print the tables, write them as CSV, and draw them.

    Args:
        out: Folder for tables and figure.
        repeats: Simulated studies of each combination; coverage of one is known to about 1 / (2 √repeats).
        jobs: Processes.

    """
    noises = recorded_noises(STUDIES)
    for name, noise in noises.items():
        print(f"{name}: {noise}")
    rows = Parallel(n_jobs=jobs)(delayed(simulate)(cell, noises[cell.noise], repeats) for cell in cells())
    table = pd.DataFrame(list(rows))
    out.mkdir(parents=True, exist_ok=True)
    for name, shown in {"summary": summary(table), "power": power(table), "all": table}.items():
        shown.round(4).to_csv(out / f"{name}.csv", index=False)
    print_table(summary(table).to_dict("records"))
    print_table(power(table).to_dict("records"))
    draw_figure(table, out / "optimum_power.png")


if __name__ == "__main__":
    tyro.cli(main)
