"""What does a replica's training step cost, by how many are packed, and how far is InfoNCE from its bound?

    python benchmarks/step.py --before main

The synthetic study's MLPs on one thread. `before` is a commit, whose version is checked out into a temporary folder.
Versions take turns, each in a process of its own, and so do replicas packed and in turn. A figure is the median over
the rounds of each round's least processor time: other work on the machine slows caches and cores, for all alike.
The bound of InfoNCE is a plain loop of the same exponentials and products: for each batch element the logits, their
exponentials, and the two products that the gradient needs.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import torch
import tyro
from harness import RESULTS, Row, median_seconds, print_table, write_results

from alignment import symmetric_info_nce

ROOT = Path(__file__).resolve().parents[1]
WORKER = Path(__file__).with_name("step_worker.py")
TEMPERATURE = 0.1
NUM_REPLICAS = (1, 4, 8, 16, 32, 64)
ROWS_AND_BATCHES = ((256, 256), (1024, 512))
LAMBDAS = (0.0, 0.8)
INFO_NCE_SHAPES = tuple(itertools.product((2, 8, 28), (256, 512), (12, 64, 256)))


class Worker:
    """One version's process, which answers one case at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._questions, self._answers = _open(process.stdin), _open(process.stdout)

    def milliseconds(self, **case: Any) -> dict[str, float]:
        """Milliseconds of a replica's step and validation."""
        self._questions.write(json.dumps(case) + "\n")
        self._questions.flush()
        return json.loads(self._answers.readline())


def _open(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise RuntimeError("expected a process with pipes")
    return stream


@contextmanager
def worker(root: Path) -> Iterator[Worker]:
    """A process that runs the version in `root`."""
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(WORKER)]
    with subprocess.Popen(
        command, cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Worker(process)
        finally:
            process.terminate()


@contextmanager
def checked_out(reference: str) -> Iterator[Path]:
    """A temporary folder with the version that `reference` names."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", reference], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "--extract", "--directory", folder], input=archive, check=True)
        yield Path(folder)


def measure_steps(workers: Mapping[str, Worker], case: Mapping[str, Any], rounds: int) -> Row:
    """Median milliseconds of each contestant for one case, and how many times faster ours is."""
    contestants = {name: (each, True) for name, each in workers.items()} | {"in turn": (workers["now"], False)}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, (each, packed) in contestants.items():
            found[name].append(each.milliseconds(**case, packed=packed, repeats=5))
    medians = {
        (name, what): statistics.median(times[what] for times in all_times)
        for name, all_times in found.items()
        for what in ("step", "validation")
    }
    row: dict[str, str | int | float] = dict(case)
    row |= {f"{name} ms": medians[name, "step"] for name in contestants}
    row |= {f"{name} / now": medians[name, "step"] / medians["now", "step"] for name in contestants if name != "now"}
    return row | {f"validation {name} ms": medians[name, "validation"] for name in workers}


def plain_loop(z_a: torch.Tensor, z_b: torch.Tensor) -> Callable[[], None]:
    """The exponentials and products of InfoNCE and its gradient for `z_a`, `z_b` [R, N, D], and nothing else."""
    _, num_rows, width = z_a.shape
    exponentials, of_a, of_b = (
        torch.empty(num_rows, num_rows),
        torch.empty(num_rows, width),
        torch.empty(width, num_rows),
    )

    def run() -> None:
        for a, b in zip(z_a, z_b, strict=True):
            torch.mm(a, b.T, out=exponentials).exp_()
            torch.mm(exponentials, b, out=of_a)
            torch.mm(a.T, exponentials, out=of_b)

    return run


def measure_info_nce(num_replicas: int, num_rows: int, width: int, repeats: int) -> Row:
    """Microseconds a replica of our InfoNCE with its gradient, and of its bound."""
    draw = torch.Generator().manual_seed(0)
    z_a, z_b = (torch.randn(num_replicas, num_rows, width, generator=draw, requires_grad=True) for _ in range(2))
    ones = torch.ones(num_replicas)

    def ours() -> None:
        losses = symmetric_info_nce(z_a, z_b, TEMPERATURE, check_finite=False)
        torch.autograd.grad([losses], [z_a, z_b], [ones])

    bound = plain_loop(z_a.detach() / width, z_b.detach() / width)
    seconds = median_seconds({"ours": ours, "bound": bound}, repeats, time.process_time)
    return {
        "replicas": num_replicas,
        "N": num_rows,
        "D": width,
        **{f"{name} us": 1e6 * value / num_replicas for name, value in seconds.items()},
        "ours / bound": seconds["ours"] / seconds["bound"],
    }


def main(out: Path = RESULTS / "step.json", before: str | None = None, rounds: int = 5, repeats: int = 51) -> None:
    """Print the tables and write them as JSON.

    Args:
        out: The JSON file to write.
        before: A commit to compare with; without it, packed is compared with in turn alone.
        rounds: How often the contestants take their turns.
        repeats: Timed runs of InfoNCE at each shape.

    """
    torch.set_num_threads(1)
    with ExitStack() as stack:
        roots = {"now": ROOT}
        if before is not None:
            roots["before"] = stack.enter_context(checked_out(before))
        workers = {name: stack.enter_context(worker(root)) for name, root in roots.items()}
        steps = []
        for (num_rows, batch_size), lambda_, replicas in itertools.product(ROWS_AND_BATCHES, LAMBDAS, NUM_REPLICAS):
            case = {"num_rows": num_rows, "batch_size": batch_size, "lambda_": lambda_, "replicas": replicas}
            steps.append(measure_steps(workers, case, rounds))
    print("Milliseconds of processor time, one replica's:")
    print_table(steps)
    losses = [measure_info_nce(*shape, repeats=repeats) for shape in INFO_NCE_SHAPES]
    print("Microseconds of processor time, one replica's InfoNCE with its gradient, and the bound:")
    print_table(losses)
    write_results(out, [*steps, *losses])


if __name__ == "__main__":
    tyro.cli(main)
