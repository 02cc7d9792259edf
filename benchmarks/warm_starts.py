"""Is an estimate faster where the solver starts each draw's table near the sample's path, and where should it start?

    OMP_NUM_THREADS=1 python benchmarks/warm_starts.py      # some minutes on one core

Tables of permuted labels and of resampled rows, of samples of many kinds, are decomposed from the solver's own start,
from where `pid.exact.path` has it join the sample's path, and from other points of that path. Prints, over all samples,
steps and processor time of each against the solver's own start.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path as File
from unittest.mock import patch

import numpy as np
import pandas as pd
import tyro
from harness import RESULTS, print_table, write_results
from pid_bias import tables
from threadpoolctl import threadpool_limits

from pid import BrojaResult, broja, joint_table
from pid.clustered import as_codes
from pid.exact.path import Path, Unknowns
from pid.inference import Draw, Sample, permuted_labels, resampled, sample_of

SIZES = (138, 500, 2000, 10_000)
# A start from which as many steps do not arrive is counted with these.
MOST_STEPS = 100

# As `Path.joined`, which each of them stands in for.
Start = Callable[[Path, Unknowns, np.ndarray, np.ndarray], Unknowns]


def as_it_is(path: Path, own: Unknowns, *_: np.ndarray, steps: int) -> Unknowns:
    """The path's point after these steps."""
    return path.points[min(steps, len(path.points) - 1)] if path.points else own


def moved(path: Path, own: Unknowns, *_: np.ndarray, steps: int, share: float = 1.0) -> Unknowns:
    """The solver's own start, moved by a share of what the path has moved by after these steps."""
    if not path.points:
        return own
    first, last = path.points[0], path.points[min(steps, len(path.points) - 1)]
    return Unknowns(
        own.multiplier_1 + share * (last.multiplier_1 - first.multiplier_1),
        own.multiplier_2 + share * (last.multiplier_2 - first.multiplier_2),
        own.mass * (last.mass / first.mass) ** share,
        own.slack * (last.slack / first.slack) ** share,
    )


def recentred(path: Path, own: Unknowns, *_: np.ndarray, steps: int) -> Unknowns:
    """The same, with slacks that make all products w·s equal."""
    point = moved(path, own, steps=steps)
    return point._replace(slack=(point.mass * point.slack).mean() / point.mass)


def last_multipliers(path: Path, own: Unknowns, *_: np.ndarray, steps: int) -> Unknowns:
    """Multipliers moved to the end of the path; masses and slacks of its point after these steps, products equal."""
    end, point = moved(path, own, steps=len(path.points)), recentred(path, own, steps=steps)
    return point._replace(multiplier_1=end.multiplier_1, multiplier_2=end.multiplier_2)


STARTS: dict[str, Start] = {
    "ours": Path.joined,
    "after 1 step": partial(as_it_is, steps=1),
    "after 2 steps": partial(as_it_is, steps=2),
    "after 4 steps": partial(as_it_is, steps=4),
    "moved ½ step": partial(moved, steps=1, share=0.5),
    "moved 1 step": partial(moved, steps=1),
    "moved 2 steps": partial(moved, steps=2),
    "moved 1 step, centred": partial(recentred, steps=1),
    "moved 2 steps, centred": partial(recentred, steps=2),
    "last multipliers, 1 step": partial(last_multipliers, steps=1),
}

codes_of = partial(as_codes, num_clusters=20, missing="refuse", seed=0)


def samples() -> Iterator[tuple[str, Sample]]:
    """Samples of the tables of `pid_bias.py`, and of clustered features of 2 to 10 classes."""
    draw = np.random.default_rng(0)
    for name, table in tables().items():
        for num_rows in SIZES:
            cells = draw.choice(table.size, size=num_rows, p=table.ravel() / table.sum())
            x1, x2, y = np.unravel_index(cells, table.shape)
            yield f"{name}, n = {num_rows}", sample_of(codes_of(x1), codes_of(x2), y)
    for num_classes, num_rows in ((2, 138), (3, 500), (5, 2000), (10, 2000), (4, 10_000), (10, 10_000)):
        y = draw.integers(num_classes, size=num_rows)
        shared = draw.standard_normal((num_classes, 10))
        centres = (shared + draw.standard_normal((2, num_classes, 10))) / 2
        codes_1, codes_2 = (codes_of(draw.standard_normal((num_rows, 10)) + each[y]) for each in centres)
        yield f"clustered, {num_classes} classes, n = {num_rows}", sample_of(codes_1, codes_2, y)


def table_of(sample: Sample) -> np.ndarray:
    """The counts of a sample."""
    return joint_table(sample.x1, sample.x2, sample.y)


def solved(table: np.ndarray, near: BrojaResult | None = None) -> int:
    """The steps that the solver takes."""
    result = broja(table, near=near, max_iterations=MOST_STEPS, raise_on_failure=False)
    return result.iterations if result.converged else MOST_STEPS


def solved_from(start: Start, near: BrojaResult, table: np.ndarray) -> int:
    """The same from another start."""
    # A partial function is no method and would not be given the path.
    with patch.object(Path, "joined", lambda path, *given: start(path, *given)):
        return solved(table, near)


def measured(sample: Sample, draw: Draw, num_draws: int) -> dict[str, list[tuple[int, float]]]:
    """Steps and seconds of processor time of each draw's table by start; nothing where none takes a step."""
    result = broja(table_of(sample))
    contestants: dict[str, Callable[[np.ndarray], int]] = {"own": solved}
    contestants |= {name: partial(solved_from, start, result) for name, start in STARTS.items()}
    figures: dict[str, list[tuple[int, float]]] = {name: [] for name in contestants}
    for index in range(num_draws):
        table = table_of(draw(sample, np.random.default_rng([1, index])))
        for name, solve in contestants.items():
            begin = time.thread_time()
            steps = solve(table)
            figures[name].append((steps, time.thread_time() - begin))
    return figures if any(steps for steps, _ in figures["own"]) else {}


def rows_of(name: str, draw: Draw, figures: dict[str, list[tuple[int, float]]]) -> list[dict[str, str | int | float]]:
    """One row a start."""
    own_steps, own_seconds = np.array(figures["own"]).T
    rows = []
    for start, values in figures.items():
        steps, seconds = np.array(values).T
        rows.append(
            {
                "sample": name,
                "draw": draw.__name__,
                "start": start,
                "mean steps": float(steps.mean()),
                "of own": float(steps.mean() / own_steps.mean()),
                "most steps": int(steps.max()),
                "most more than own": int(steps.max() - own_steps.max()),
                "ms": 1e3 * float(np.median(seconds)),
                "ms of own": float(np.median(seconds) / np.median(own_seconds)),
            }
        )
    return rows


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a kind of draw and start, over the samples; "differs": where the steps are not those of the own start."""
    groups = rows.assign(differs=rows["of own"] != 1).groupby(["draw", "start"], sort=False)
    return groups.agg(
        samples=("sample", "size"),
        steps=("mean steps", "mean"),
        most_steps=("most steps", "max"),
        differs=("differs", "sum"),
        fewer_steps=("of own", lambda ratios: int((ratios < 1).sum())),
        more_steps=("of own", lambda ratios: int((ratios > 1).sum())),
        worse_worst=("most more than own", lambda more: int((more > 0).sum())),
        least_time=("ms of own", "min"),
        median_time=("ms of own", "median"),
        largest_time=("ms of own", "max"),
    ).reset_index()


def main(out: File = RESULTS / "warm_starts.json", num_draws: int = 12) -> None:
    """Print the samples where our start is not the solver's own, a summary of all starts, and write all rows as JSON.

    Args:
        out: The JSON file to write.
        num_draws: Permutations of each sample, and as many resamples.

    """
    rows = []
    with threadpool_limits(1):
        for name, sample in samples():
            for draw in (permuted_labels, resampled):
                figures = measured(sample, draw, num_draws)
                rows += rows_of(name, draw, figures) if figures else []
            print(f"{name}: done", flush=True)
    print_table([row for row in rows if row["start"] == "ours" and row["of own"] != 1])
    print_table(summary(pd.DataFrame(rows)).to_dict("records"))
    write_results(out, rows)


if __name__ == "__main__":
    tyro.cli(main)
