"""What a training step costs on the device: packed against in turn, in float32, TF32 and bf16, beside its bound."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import torch
from device_bounds import clock_of, work_of
from encoder_cases import CASES, Case
from gpu_plan import Plan
from harness import Row, median_seconds

from trainables.training import Training

_MIB = 2**20
_REPLICAS_BY_PRECISION = 8
_TOO_LARGE = "out of memory"


def packing(plan: Plan) -> Iterator[Row]:
    """A row for each encoder and number of replicas: milliseconds of a step of all, and memory, in both ways."""
    bounds = {name: _bound_seconds(case_of(name, plan), plan) for name in plan.sizes.encoders}
    cases = [(name, replicas) for replicas in plan.sizes.replicas for name in plan.sizes.encoders]
    for name, replicas in plan.within_budget(cases):
        case = case_of(name, plan)
        found = {way: _step(case, replicas, plan, packed=way == "packed") for way in ("packed", "in turn")}
        products, traffic = (1000 * replicas * seconds for seconds in bounds[name])
        packed, in_turn = found["packed"].milliseconds, found["in turn"].milliseconds
        yield {
            "encoder": name,
            "replicas": replicas,
            "packed ms": packed or _TOO_LARGE,
            "in turn ms": in_turn or _TOO_LARGE,
            "in turn / packed": in_turn / packed if packed and in_turn else "",
            "chosen": "packed" if case.packing_pays(plan.device) else "in turn",
            **{f"{way} MiB": step.mebibytes for way, step in found.items() if step.mebibytes is not None},
            "products' bound ms": products,
            "traffic's bound ms": traffic,
            "packed / bound": packed / max(products, traffic) if packed else "",
        }


def precision(plan: Plan) -> Iterator[Row]:
    """A row for each encoder and precision: milliseconds of a packed step, and the error of its first loss."""
    ways: dict[str, tuple[str, Callable[[], AbstractContextManager]]] = {
        "float32": ("highest", nullcontext),
        "TF32": ("high", nullcontext),
        "bf16": ("highest", lambda: torch.autocast(plan.device.type, dtype=torch.bfloat16)),
    }
    replicas = min(_REPLICAS_BY_PRECISION, max(plan.sizes.replicas))
    for name in plan.within_budget(plan.sizes.encoders):
        trainings = {way: case_of(name, plan).training(replicas, plan.device, packed=True, lambda_=0.5) for way in ways}
        runs = {way: _run_in(*ways[way], training) for way, training in trainings.items()}
        losses = {way: run() for way, run in runs.items()}
        seconds = median_seconds(runs, plan.sizes.repeats, clock_of(plan.device))
        for way, value in seconds.items():
            yield {
                "encoder": name,
                "replicas": replicas,
                "precision": way,
                "ms": 1000 * value / case_of(name, plan).steps,
                "times as fast as float32": seconds["float32"] / value,
                "error of the first epoch's loss": abs(losses[way] / losses["float32"] - 1),
            }


def _run_in(matmul: str, context: Callable[[], AbstractContextManager], training: Training) -> Callable[[], float]:
    """An epoch of the training in one precision, which returns the sum of its mean losses over all replicas."""

    def run() -> float:
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision(matmul)
        try:
            with context():
                return sum(float(values.sum()) for values in training.run_epoch().values())
        finally:
            torch.set_float32_matmul_precision(before)

    return run


def case_of(name: str, plan: Plan) -> Case:
    """The encoder's case, with the plan's batch where it has one."""
    case = CASES[name]
    return case if plan.sizes.batch_size is None else replace(case, batch_size=plan.sizes.batch_size)


def _bound_seconds(case: Case, plan: Plan) -> tuple[float, float]:
    """The least seconds of a replica's step by its products, and by the memory traffic of its operations one by one.

    Both are counted on a CPU, where a replica alone runs the same operations. Traffic that stays in a cache, or that a
    fused kernel saves, is counted too: a step can be faster than that bound.
    """
    training = case.training(1, torch.device("cpu"), packed=False)
    flops, num_bytes = work_of(training.run_epoch)
    return flops / plan.peak / case.steps, num_bytes / plan.bandwidth / case.steps


@dataclass(frozen=True)
class _Step:
    """Milliseconds of a step, None where memory is too short for it; and the most memory held, None on a CPU."""

    milliseconds: float | None
    mebibytes: float | None


def _step(case: Case, replicas: int, plan: Plan, *, packed: bool) -> _Step:
    """The median of several steps. Each way is measured by itself, since what one holds would count as the other's."""
    on_card = plan.device.type == "cuda"
    if on_card:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(plan.device)
    try:
        training = case.training(replicas, plan.device, packed=packed)
        seconds = median_seconds({"": training.run_epoch}, plan.sizes.repeats, clock_of(plan.device))[""]
        milliseconds = 1000 * seconds / case.steps
    except torch.OutOfMemoryError:
        milliseconds = None
    return _Step(milliseconds, torch.cuda.max_memory_allocated(plan.device) / _MIB if on_card else None)
