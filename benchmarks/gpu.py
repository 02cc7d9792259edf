"""All that must be known of an NVIDIA card, in one command of less than eight minutes.

    python benchmarks/gpu.py

It needs this repository, its libraries and nothing else: rows are generated. Is what the card computes right? Does it
pay to pack, for each encoder and number of replicas? What do InfoNCE, bf16 and trials that share the card cost? Does a
whole study run? Each part has its seconds; cases that do not begin within them are left out, and named. A part that
fails shows its traceback, the others go on, and the exit code is 1.

`--device cpu --tiny` runs every part to its end without a card, and says nothing of any.
"""

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import tyro
from gpu_correctness import correctness
from gpu_info_nce import info_nce
from gpu_plan import FULL, TINY, Plan
from gpu_steps import packing, precision
from gpu_study import whole_study
from gpu_trials import sharing
from harness import RESULTS, Row, print_table, write_results

from trainables.config import Refused


@dataclass(frozen=True)
class Part:
    """One question: the rows that answer it, and the seconds within which a case may begin."""

    question: str
    measure: Callable[[Plan], Iterator[Row]]
    seconds: float


PARTS = {
    "correctness": Part("Does it compute what the CPU computes? Errors beside their tolerance:", correctness, 75),
    "packing": Part("What is a training step of all replicas, packed and in turn?", packing, 110),
    "infonce": Part("What is InfoNCE forward and backward?", info_nce, 25),
    "precision": Part("What do TF32 and bf16 save in a packed step?", precision, 40),
    "sharing": Part("Do trials that share the device do as much as one packed trial?", sharing, 60),
    "study": Part("Does a whole small study run, and give the CPU's scores?", whole_study, 130),
}
TINY_SECONDS = 3600.0  # small sizes have no budget to keep, and must end on a busy machine too
assert sum(part.seconds for part in PARTS.values()) < 8 * 60


def chosen_device(name: str) -> torch.device:
    """The device of that name. Raises Refused for a card that PyTorch does not see."""
    if name == "cuda" and not torch.cuda.is_available():
        raise Refused(
            "expected an NVIDIA card, and PyTorch sees none; --device cpu --tiny runs the same parts without one"
        )
    return torch.device(name)


def measured(name: str, plan: Plan, seconds: float) -> tuple[list[Row], str | None]:
    """The rows of a part, printed as a table, and the traceback where it failed after them."""
    part = PARTS[name]
    print(f"\n{part.question}", flush=True)
    rows: list[Row] = []
    failure = None
    start = time.monotonic()
    plan.begin(seconds)
    try:
        for row in part.measure(plan):
            rows.append(row)  # one by one: those before a failure are kept
    except Exception:  # the other parts are worth knowing, and this card may not be at hand again
        failure = traceback.format_exc()
        print(failure)
    if rows:
        print_table(rows)
    if plan.left_out:
        print(f"left out, as {seconds:.0f} s were over: {'; '.join(plan.left_out)}")
    print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
    return [{"part": name, **row} for row in rows], failure


def main(
    device: Literal["cuda", "cpu"] = "cuda",
    tiny: bool = False,
    parts: tuple[str, ...] = tuple(PARTS),
    out: Path = RESULTS / "gpu.json",
) -> None:
    """Print a table for each part and write all rows as JSON.

    Args:
        device: Where to measure; "cpu" shows that the parts run, and nothing of a card.
        tiny: Small sizes and single runs, whose times mean nothing; without a limit of time.
        parts: Which parts: correctness, packing, infonce, precision, sharing, study.
        out: The JSON file to write.

    """
    if unknown := set(parts) - set(PARTS):
        raise Refused(f"--parts: expected some of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
    plan = Plan(chosen_device(device), TINY if tiny else FULL)
    if device == "cpu":
        torch.set_num_threads(1)  # its times are those of the processor
        name = "cpu"
        print("cpu: no card is measured here, and nothing below is said of one")
    else:
        name = torch.cuda.get_device_name()
    print(f"{name}: {plan.peak / 1e12:.2f} TFLOP/s in float32 products, {plan.bandwidth / 1e9:.0f} GB/s of memory")
    rows, failures, left_out = [], {}, {}
    for part in parts:
        found, failure = measured(part, plan, TINY_SECONDS if tiny else PARTS[part].seconds)
        rows += found
        left_out[part] = plan.left_out
        if failure is not None:
            failures[part] = failure
    about = {"name": name, "tiny": tiny, "flops": plan.peak, "bytes_a_second": plan.bandwidth}
    write_results(out, rows, device=about, left_out=left_out, failures=failures)
    wrong = [row for row in rows if row.get("right") == "NO"]
    if wrong or failures:
        sys.exit(f"{len(wrong)} results beyond their tolerance; parts that failed: {', '.join(failures) or 'none'}")


if __name__ == "__main__":
    try:
        tyro.cli(main)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(2)
