"""Which estimator of the information in features is how far from the truth, how sure of itself, and how slow?

    OMP_NUM_THREADS=1 python benchmarks/pid_posterior.py            # an hour on two cores
    OMP_NUM_THREADS=1 python benchmarks/pid_posterior.py --quick    # ten minutes; too few repeats to judge coverage by

Samples are drawn from the cases of `pid_cases.py`, whose atoms are known. Every method estimates the same samples.
Methods that are judged by draws get few of them, and `batch` and `pointwise`, which fit anew for each, none: they have
no interval here. Prints and writes, for each case, size, method and atom, the error, the coverage and width of the 95 %
intervals, the seconds, and the share of samples that are called informative.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import tyro
from harness import RESULTS, Row, print_table, write_results
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

from pid import estimate
from pid.inference import ATOM_NAMES, LEVEL, as_vector
from pid.methods import METHODS, POSTERIOR

_NUM_DRAWS = 19
_WITHOUT_DRAWS = ("batch", "pointwise")
# The networks of `batch` take a minute for each sample of this size.
_LARGEST_OF_BATCH = 1024
# Slower ones are estimated from one sample.
_ONE_SAMPLE_FROM = 10_000


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One case at one number of rows, and how many samples of it are drawn."""

    case: Case
    num_samples: int
    repeats: int


def cells(quick: bool) -> list[Cell]:
    """Every case and size of the comparison."""
    few, many = (2, 2) if quick else (10, 40)
    sizes = (256, 1024, 4096) if quick else (256, 1024, 4096, 16_384)
    bits = [synthetic(shared) for shared in ((0, 4, 8) if quick else range(9))]
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
    found = [
        Cell(case=case, num_samples=size, repeats=max(1, few * 1024 // max(size, 1024)))
        for case in bits
        for size in sizes
    ]
    found += [
        Cell(case=case, num_samples=size, repeats=few if size == 1000 else max(1, few // 4))
        for case in continuous
        for size in (1000, 4000)
    ]
    found += [
        Cell(case=independent(classes), num_samples=size, repeats=many)
        for classes in (2, 4)
        for size in (138, 500, 1000)
    ]
    # What is known to be too hard: the price of classifiers that miss something.
    hard = Cell(case=synthetic(8, tanh_depth=2), num_samples=1024 if quick else 4096, repeats=max(1, few // 4))
    return [*found, hard]


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


def jobs(chosen: Sequence[Cell], methods: Sequence[str]) -> list[tuple[Cell, str, int]]:
    """Which method estimates which sample; methods that need minutes for it see one of them, or none."""
    found = []
    for cell in chosen:
        for method in methods:
            if method == "batch" and (cell.num_samples > _LARGEST_OF_BATCH or cell.case.name.startswith("independent")):
                continue
            slow = method in _WITHOUT_DRAWS or (method != POSTERIOR and cell.num_samples >= _ONE_SAMPLE_FROM)
            found += [(cell, method, seed) for seed in range(1 if slow else cell.repeats)]
    return found


def summary(rows: Sequence[Mapping]) -> list[Row]:
    """Mean and largest error, coverage, width and seconds of each kind of case, size and method.

    `worst_coverage`: of the case and atom whose intervals hold the truth least often.
    """
    groups: dict[tuple, list[Mapping]] = {}
    for row in rows:
        if "refused" not in row:
            groups.setdefault((_kind(row["case"]), row["n"], row["method"]), []).append(row)
    found = []
    for (kind, size, method), members in sorted(groups.items()):
        held: dict[tuple, list[float]] = {}
        for row in members:
            held.setdefault((row["case"], row["atom"]), []).append(row["held"])
        found.append(
            {
                "kind": kind,
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


def _kind(case: str) -> str:
    if case.startswith("synthetic"):
        return "tanh network" if "tanh" in case else "synthetic bits"
    return "independent" if case.startswith("independent") else "continuous"


def as_markdown(table: Sequence[Mapping]) -> str:
    """The summary as it stands in `pid/README.md`."""
    columns = {"error": ".3f", "worst": ".2f", "coverage": ".0%", "width": ".2f", "seconds": ".1f"}
    lines = ["| cases | rows | method | " + " | ".join(columns) + " |", "| --- " * (3 + len(columns)) + "|"]
    for row in table:
        figures = ["" if np.isnan(row[name]) else format(row[name], form) for name, form in columns.items()]
        lines.append(f"| {row['kind']} | {row['n']:,} | `{row['method']}` | " + " | ".join(figures) + " |")
    return "\n".join(lines)


def main(
    out: Path = RESULTS / "pid_posterior.json",
    methods: tuple[str, ...] = (POSTERIOR, *METHODS),
    workers: int = 2,
    quick: bool = False,
) -> None:
    """Print the summary, write all rows as JSON and the summary as CSV.

    Args:
        out: The JSON file to write.
        methods: Which estimators are compared.
        workers: Processes.
        quick: Few cases and repeats.

    """
    work = jobs(cells(quick), methods)
    # The longest first, so that no process waits for another at the end.
    work.sort(key=lambda job: (-job[0].num_samples, job[1]))
    found = joblib.Parallel(n_jobs=workers, verbose=5)(joblib.delayed(sample_rows)(*job) for job in work)
    rows: list[Mapping] = [row for part in found if part for row in part]
    table = summary(rows)
    print_table(table)
    print(as_markdown(table))
    write_results(out, rows)
    pd.DataFrame(table).to_csv(out.with_suffix(".csv"), index=False, float_format="%.5f")


if __name__ == "__main__":
    tyro.cli(main)
