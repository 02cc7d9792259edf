"""Which estimator of the information in features is how far from the truth, how sure of itself, and how slow?

    OMP_NUM_THREADS=1 python benchmarks/pid_posterior.py            # 45 minutes on two cores
    OMP_NUM_THREADS=1 python benchmarks/pid_posterior.py --rounds 3    # too few samples to judge coverage by

Samples are drawn from the cases of `pid_cases.py`, whose atoms are known. Every method estimates the same samples.
Methods that are judged by draws get few of them, and `batch` and `pointwise`, which fit anew for each, none: they have
no interval here. Prints and writes, for each case, size, method and atom, the error, the coverage and width of the 95 %
intervals, the seconds, and the share of samples that are called informative.

Each sample is kept as it is done, and the first samples of all cells come before the second ones. So a run that was
stopped has something to say of every cell that it reached, and the same command goes on.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import tyro
from harness import RESULTS, Row, print_table
from pid_cases import (
    Case,
    independent,
    nonlinear,
    parity,
    redundant,
    synergistic,
    synthetic,
    unique,
)

from pid import broja, estimate
from pid.exact import union_prices
from pid.inference import ATOM_NAMES, LEVEL, as_vector, information_weights
from pid.methods import METHODS, POSTERIOR
from trainables.config import SyntheticData
from trainables.data.synthetic import bits_table

_NUM_DRAWS = 19
_WITHOUT_DRAWS = ("batch", "pointwise")
# The networks of `batch` take a minute for each sample of this size.
_LARGEST_OF_BATCH = 1024
# Slower ones are estimated from one sample.
_ONE_SAMPLE_FROM = 10_000

Job = tuple["Cell", str, int]
"""A cell, a method, and the seed of a sample."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One case at one number of rows, and how many samples of it are drawn."""

    case: Case
    num_samples: int
    repeats: int


def cells() -> list[Cell]:
    """Every case and size of the comparison, small ones first."""
    continuous = [
        redundant(),
        unique(),
        synergistic(),
        nonlinear(),
        redundant(1.5, 1.0, num_columns=2, num_noise=8),
        redundant(2.0, 1.5, num_columns=10, num_noise=290),
        parity(),
        parity(4),
    ]
    sizes = [
        *((synthetic(shared), {256: 20, 1024: 20, 4096: 5, 16_384: 1}) for shared in range(9)),
        *((case, {1000: 20, 4000: 5}) for case in continuous),
        *((independent(classes), {138: 50, 500: 50, 1000: 50}) for classes in (2, 4)),
        # What is known to be too hard: the price of classifiers that miss something.
        (synthetic(8, tanh_depth=2), {1024: 20, 4096: 5}),
    ]
    found = [
        Cell(case=case, num_samples=size, repeats=repeats)
        for case, by_size in sizes
        for size, repeats in by_size.items()
    ]
    return sorted(found, key=lambda cell: cell.num_samples)


def sample_rows(cell: Cell, method: str, seed: int) -> list[Row]:
    """One row an atom: what a method makes of one sample. A method that refuses the sample has no figures."""
    number = int.from_bytes(cell.case.name.encode(), "little") % 2**32
    x1, x2, y = cell.case.draw(cell.num_samples, np.random.default_rng([seed, cell.num_samples, number]))
    truth = as_vector(cell.case.atoms)
    start = time.process_time()
    common = {"case": cell.case.name, "n": cell.num_samples, "method": method, "seed": seed}
    try:
        atoms, intervals, p_value = _estimated(method, x1, x2, y, seed)
    except (ValueError, RuntimeError) as error:
        return [{**common, "atom": atom, "refused": str(error)} for atom in ATOM_NAMES]
    seconds = time.process_time() - start
    return [
        {
            **common,
            "atom": atom,
            "truth": float(truth[place]),
            "estimate": float(atoms[place]),
            "error": float(atoms[place] - truth[place]),
            "lower": float(intervals[place, 0]),
            "upper": float(intervals[place, 1]),
            "held": held_or_unknown(intervals[place], truth[place]),
            "informative": float(p_value <= LEVEL),
            "seconds": seconds,
        }
        for place, atom in enumerate(ATOM_NAMES)
    ]


def held_or_unknown(interval: np.ndarray, truth: float) -> float:
    """1 where the interval holds the truth, else 0; NaN where there is none."""
    return float("nan") if np.isnan(interval).any() else float(interval[0] <= truth <= interval[1])


def _estimated(
    method: str, x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Atoms [4], ends of their intervals [4, 2], and the p-value of independence."""
    if method in _WITHOUT_DRAWS:
        atoms = METHODS[method].decompose(x1, x2, y, seed).atoms
        return as_vector(atoms), np.full((4, 2), np.nan), float("nan")
    draws = 100 if method == POSTERIOR else _NUM_DRAWS
    found = estimate(x1, x2, y, method=method, num_permutations=draws, num_resamples=draws, seed=seed, num_workers=1)
    return as_vector(found.corrected), np.array([found.interval[name] for name in ATOM_NAMES]), found.p_independent


def jobs(chosen: Sequence[Cell], methods: Sequence[str], rounds: int | None) -> list[Job]:
    """Which method estimates which sample, the first sample of every cell first; slow methods see one, or none."""
    found = []
    for cell in chosen:
        for method in methods:
            if method == "batch" and (cell.num_samples > _LARGEST_OF_BATCH or cell.case.name.startswith("independent")):
                continue
            slow = method in _WITHOUT_DRAWS or (method != POSTERIOR and cell.num_samples >= _ONE_SAMPLE_FROM)
            repeats = 1 if slow else min(cell.repeats, rounds or cell.repeats)
            found += [(cell, method, seed) for seed in range(repeats)]
    return sorted(found, key=lambda job: job[2])


def estimated(work: Sequence[Job], kept: Path, workers: int) -> list[Row]:
    """The rows of all samples: those that the file `kept` has, and the others, each written there when it is done."""
    samples = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    done = {tuple(rows[0][name] for name in ("case", "n", "method", "seed")) for rows in samples}
    missing = [job for job in work if (job[0].case.name, job[0].num_samples, *job[1:]) not in done]
    kept.parent.mkdir(parents=True, exist_ok=True)
    new = joblib.Parallel(n_jobs=workers, return_as="generator_unordered", verbose=5)(
        joblib.delayed(sample_rows)(*job) for job in missing
    )
    with kept.open("a", encoding="utf-8") as file:
        for rows in new:
            if rows:  # always, but joblib's types do not say so
                file.write(json.dumps(rows) + "\n")
                file.flush()
                samples.append(rows)
    return [row for rows in samples for row in rows]


def summary(rows: Sequence[Mapping], named: Callable[[str], str]) -> list[Row]:
    """Mean and largest error, coverage, width and seconds, by size and method, of the cases that are `named` alike.

    `worst_coverage`: of the case and atom whose intervals hold the truth least often.
    """
    groups: dict[tuple, list[Mapping]] = {}
    for row in rows:
        if "refused" not in row:
            groups.setdefault((named(row["case"]), row["n"], row["method"]), []).append(row)
    found = []
    for (name, size, method), members in sorted(groups.items()):
        held: dict[tuple, list[float]] = {}
        for row in members:
            held.setdefault((row["case"], row["atom"]), []).append(row["held"])
        found.append(
            {
                "cases": name,
                "n": size,
                "method": method,
                "samples": len(members) // len(ATOM_NAMES),
                "error": float(np.mean([abs(row["error"]) for row in members])),
                "worst": float(np.max([abs(row["error"]) for row in members])),
                "coverage": float(np.mean([row["held"] for row in members])),
                "worst_coverage": float(min(np.mean(values) for values in held.values())),
                "width": float(np.mean([row["upper"] - row["lower"] for row in members])),
                "informative": float(np.mean([row["informative"] for row in members])),
                "seconds": float(np.mean([row["seconds"] for row in members])),
            }
        )
    return found


def kind(case: str) -> str:
    """What cases are summarised as."""
    if case.startswith("synthetic"):
        return "tanh network" if "tanh" in case else "synthetic bits"
    return "independent" if case.startswith("independent") else "continuous"


def error_of_known_posteriors(table: np.ndarray, num_samples: int) -> float:
    """Mean absolute error of the four atoms, in bits, of an estimator that knows p(y | x) in every row.

    `table` [n1, n2, ny] is the exact one. Such an estimator averages what each row contributes to an atom, as
    `pid.posterior` does; contributions of standard deviation σ have an error of σ √(2 / π n) on average.
    """
    joint = table / table.sum()
    price_1, price_2 = union_prices(broja(joint))
    classes = joint.sum(axis=(0, 1))
    margins = joint.sum(axis=1)[:, None, :], joint.sum(axis=0)[None, :, :], joint
    with np.errstate(divide="ignore", invalid="ignore"):
        told = [np.log2(margin / margin.sum(axis=-1, keepdims=True) / classes) for margin in margins]
    union = price_1[:, None, :] + price_2[None, :, :] - np.log2(classes)
    occurs = joint > 0
    parts = np.stack([np.broadcast_to(part, joint.shape)[occurs] for part in (*told[:2], union, told[2])], axis=1)
    parts, weights = parts @ information_weights(), joint[occurs]
    deviations = np.sqrt(weights @ (parts - weights @ parts) ** 2)
    return float(np.sqrt(2 / (np.pi * num_samples)) * deviations.mean())


def print_least_errors() -> None:
    """Print what the synthetic bits would leave as error to an estimator that knows the posteriors."""
    tables = [bits_table(SyntheticData(shared_bits=shared)) for shared in range(9)]
    for size in (256, 1024, 4096, 16_384):
        least = np.mean([error_of_known_posteriors(table, size) for table in tables])
        print(f"synthetic bits, {size} rows: known posteriors would err by {least:.4f} bit")


def as_markdown(table: Sequence[Mapping]) -> str:
    """The summary as it stands in `pid/README.md`."""
    columns = {"error": ".3f", "worst": ".2f", "coverage": ".0%", "width": ".2f", "seconds": ".1f"}
    lines = ["| cases | rows | method | " + " | ".join(columns) + " |", "| --- " * (3 + len(columns)) + "|"]
    for row in table:
        figures = ["" if np.isnan(row[name]) else format(row[name], form) for name, form in columns.items()]
        lines.append(f"| {row['cases']} | {row['n']:,} | `{row['method']}` | " + " | ".join(figures) + " |")
    return "\n".join(lines)


def main(
    out: Path = RESULTS / "pid_posterior.csv",
    methods: tuple[str, ...] = (POSTERIOR, *METHODS),
    workers: int = 2,
    rounds: int | None = None,
) -> None:
    """Print the summary of each kind of case, and write that of each case as CSV.

    Args:
        out: The CSV file to write. All samples are kept beside it, as lines of JSON, and are not estimated again.
        methods: Which estimators are compared.
        workers: Processes.
        rounds: At most so many samples of a cell.

    """
    rows = estimated(jobs(cells(), methods, rounds), out.with_suffix(".jsonl"), workers)
    table = summary(rows, kind)
    print_table(table)
    print(as_markdown(table))
    print_least_errors()
    pd.DataFrame(summary(rows, named=str)).to_csv(out, index=False, float_format="%.5f")
    print(f"written to {out}")


if __name__ == "__main__":
    tyro.cli(main)
