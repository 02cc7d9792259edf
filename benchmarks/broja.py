"""Is `pid.broja` faster than general solvers of the same convex program, and as accurate?

    pip install -e '.[bench]'      # the contestants; those that are not there are left out
    python benchmarks/broja.py

BROJA decompositions of random tables and of an almost deterministic one. Each contestant first answers once, in a
process of its own that a time limit stops; those that did take turns in this process, on one thread each, and medians
are compared. (A script named pid.py would hide the package `pid` from every script beside it.)
"""

import multiprocessing
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
import tyro
from harness import RESULTS, Row, median_seconds, print_table, write_results
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from pid import broja, informations
from trainables.config import SyntheticData
from trainables.data.synthetic import bits_table

SHAPES = [(20, 20, 4), (50, 50, 2), (20, 20, 10), (64, 64, 4), (128, 128, 4)]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Redundancy and its certified gap in bits, wall time in seconds, and the part of it that the solver claims."""

    redundancy: float
    gap_bits: float | None = None
    seconds: float = 0.0
    solver_seconds: float | None = None


def tables() -> dict[str, np.ndarray]:
    """The tables by name: uniform Dirichlet draws, and the synthetic data's population with 7 shared bits."""
    draw = np.random.default_rng(0)
    random = {"×".join(map(str, shape)): draw.dirichlet(np.ones(np.prod(shape))).reshape(shape) for shape in SHAPES}
    return random | {"synthetic R = 7": bits_table(SyntheticData(shared_bits=7))}


def ours(table: np.ndarray) -> Answer:
    """`pid.broja` at its default tolerance of 1e-6 bits."""
    result = broja(table)
    return Answer(redundancy=result.atoms.redundancy, gap_bits=result.gap_bits)


def clarabel(table: np.ndarray) -> Answer:
    """Relative entropy minimised by Clarabel through cvxpy, over the entries that a coupling can have."""
    cvxpy = import_module("cvxpy")
    margin_1, margin_2 = table.sum(axis=1), table.sum(axis=0)
    first, second, label = np.nonzero((margin_1[:, None, :] > 0) & (margin_2 > 0))
    num_1, num_2, num_classes = table.shape
    joint = cvxpy.Variable(len(label), nonneg=True)
    rows = _sums(first * num_classes + label, margin_1.size)
    columns = _sums(second * num_classes + label, margin_2.size)
    pairs = _sums(first * num_2 + second, num_1 * num_2)
    problem = cvxpy.Problem(
        cvxpy.Minimize(cvxpy.sum(cvxpy.rel_entr(joint, (pairs.T @ pairs) @ joint))),
        [rows @ joint == margin_1.ravel(), columns @ joint == margin_2.ravel()],
    )
    problem.solve(solver="CLARABEL")
    classes = table.sum(axis=(0, 1))
    union = (float(problem.value) - float((classes * np.log(classes)).sum())) / np.log(2)
    known = informations(table)
    return Answer(
        redundancy=known.information_1 + known.information_2 - union, solver_seconds=problem.solver_stats.solve_time
    )


def _sums(groups: np.ndarray, num_groups: int) -> csr_array:
    """The matrix that adds up the entries of each group."""
    return csr_array((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(num_groups, len(groups)))


def dit(table: np.ndarray) -> Answer:
    """`PID_BROJA` of dit."""
    library, decompositions = import_module("dit"), import_module("dit.pid")
    outcomes = [tuple(map(int, outcome)) for outcome in np.argwhere(table > 0)]
    distribution = library.Distribution(outcomes, table[table > 0])
    atoms = decompositions.PID_BROJA(distribution, [(0,), (1,)], (2,))
    return Answer(redundancy=float(atoms.get_pi(((0,), (1,)))))


CONTESTANTS: dict[str, Callable[[np.ndarray], Answer]] = {"ours": ours, "clarabel": clarabel, "dit": dit}
LIBRARIES = {"clarabel": ("cvxpy", "clarabel"), "dit": ("dit",)}


def run(name: str, table: np.ndarray, threads: int, results: Connection) -> None:
    """Send a contestant's answer."""
    with threadpool_limits(threads):
        start = time.perf_counter()
        answer = CONTESTANTS[name](table)
        results.send(replace(answer, seconds=time.perf_counter() - start))


def answer_in_time(name: str, table: np.ndarray, time_limit: float, threads: int) -> Answer | str:
    """A contestant's answer from a process of its own, or why there is none."""
    spawn = multiprocessing.get_context("spawn")
    results, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=run, args=(name, table, threads, sender))
    process.start()
    sender.close()
    try:
        return results.recv() if results.poll(time_limit) else f"> {time_limit:g}"
    except EOFError:
        return "failed"
    finally:
        process.kill()
        process.join()


def timed_in_turns(
    table: np.ndarray, answers: dict[str, Answer | str], repeats: int, time_limit: float, threads: int
) -> dict[str, Answer | str]:
    """The answers with medians of `repeats` runs; as they are where those would take longer than the time limit."""
    quick = {
        name: answer
        for name, answer in answers.items()
        if isinstance(answer, Answer) and answer.seconds * repeats <= time_limit
    }
    solver_seconds: dict[str, list[float]] = defaultdict(list)

    def solve(name: str) -> None:
        inside = CONTESTANTS[name](table).solver_seconds
        if inside is not None:
            solver_seconds[name].append(inside)

    with threadpool_limits(threads):
        seconds = median_seconds({name: partial(solve, name) for name in quick}, repeats)
    timed = {
        name: replace(
            answer,
            seconds=seconds[name],
            solver_seconds=statistics.median(solver_seconds[name][1:]) if solver_seconds[name] else None,
        )
        for name, answer in quick.items()
    }
    return answers | timed


def rows_of(table_name: str, table: np.ndarray, answers: dict[str, Answer | str]) -> list[Row]:
    """One row a contestant; errors are against our own result where it is certified to 1e-10 bits."""
    best = broja(table, tolerance=1e-10)
    rows: list[Row] = []
    reference = answers["ours"]
    for name, answer in answers.items():
        row: dict[str, str | int | float] = {"table": table_name, "solver": name}
        if isinstance(answer, str) or isinstance(reference, str):
            row |= {"seconds": str(answer)} | dict.fromkeys(COLUMNS, "-")
        else:
            inside = answer.solver_seconds
            gap = answer.gap_bits
            figures = (
                "-" if inside is None else inside,
                answer.redundancy - best.atoms.redundancy,
                "-" if gap is None else gap,
                answer.seconds / reference.seconds,
                "-" if inside is None else inside / reference.seconds,
            )
            row |= {"seconds": answer.seconds} | dict(zip(COLUMNS, figures, strict=True))
        rows.append(row)
    return rows


COLUMNS = ("of it in solver", "error of R (bits)", "certified gap", "times ours", "solver alone")


def main(out: Path = RESULTS / "broja.json", repeats: int = 5, time_limit: float = 120.0, threads: int = 1) -> None:
    """Print the table and write it as JSON.

    Args:
        out: The JSON file to write.
        repeats: Timed runs of each contestant on each table.
        time_limit: Seconds that a contestant has for its first run on a table, and for all others together.
        threads: Threads that linear algebra may use.

    """
    torch.set_num_threads(threads)
    contestants = ["ours"]
    for name, libraries in LIBRARIES.items():
        missing = [library for library in libraries if find_spec(library) is None]
        if missing:
            print(f"{name} is left out: {' and '.join(missing)} not installed")
        else:
            contestants.append(name)
    rows: list[Row] = []
    for table_name, table in tables().items():
        answers = {name: answer_in_time(name, table, time_limit, threads) for name in contestants}
        answers = timed_in_turns(table, answers, repeats, time_limit, threads)
        rows += rows_of(table_name, table, answers)
        print_table(rows[-len(answers) :])
    print_table(rows)
    write_results(out, rows)


if __name__ == "__main__":
    tyro.cli(main)
