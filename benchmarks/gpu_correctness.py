"""Does the device compute what the CPU computes? Objectives by themselves, and training steps of every encoder."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from encoder_cases import CASES, Case
from gpu_plan import Plan
from harness import Row
from torch import Tensor

from alignment import NAMED_OBJECTIVES, Objective
from trainables.training import Training

# Relative errors that float32 may make: of a loss, and of a gradient's length. An error in the code is far larger.
LOSS_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 1e-4
# bf16 rounds what an objective is given to 8 binary digits, so its gradient is returned in steps of 1/256.
HALF_GRADIENT_TOLERANCE = 1e-2
# Rounding grows from step to step: AdamW divides each gradient by its own size, however small it is.
TRAINED_TOLERANCE = 1e-3
NUM_STEPS = 10
_FIRST_MOMENT = 0.1  # AdamW's first moment after one step, relative to the gradient


def correctness(plan: Plan) -> Iterator[Row]:
    """A row for each objective in each type, and for each encoder with each way to train its replicas."""
    for name, kind in plan.within_budget(NAMED_OBJECTIVES.items()):
        for dtype in (torch.float32, torch.bfloat16):
            yield _objective_row(name, kind(), dtype, plan)
    # Every objective with the cheapest encoder, and every encoder with the usual objective.
    cheapest, *others = plan.sizes.encoders
    pairs = [(cheapest, name) for name in NAMED_OBJECTIVES] + [(name, "infonce") for name in others]
    for encoder, objective in plan.within_budget(pairs):
        yield from _training_rows(encoder, objective, plan)


def _objective_row(name: str, objective: Objective, dtype: torch.dtype, plan: Plan) -> Row:
    """Losses and gradients on the device, of inputs in `dtype`, against the CPU's of the same numbers in float64."""
    draw = torch.Generator().manual_seed(0)
    pair = [torch.randn(3, plan.sizes.num_rows, 24, generator=draw).to(dtype) for _ in range(2)]
    expected, expected_gradients = _with_gradients(objective, [each.double() for each in pair])
    losses, gradients = _with_gradients(objective, [each.to(plan.device) for each in pair])
    return _judged(
        {"what": "objective", "encoder": "", "objective": name, "way": str(dtype).removeprefix("torch.")},
        {"loss": _error(losses, expected), "gradient": _error_of_vectors(gradients, expected_gradients)},
        {
            "loss": LOSS_TOLERANCE,
            "gradient": GRADIENT_TOLERANCE if dtype == torch.float32 else HALF_GRADIENT_TOLERANCE,
        },
    )


def _with_gradients(objective: Objective, pair: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Losses [B], and the gradients of both inputs [2 B, N D]."""
    pair = [each.detach().requires_grad_() for each in pair]
    losses = objective(*pair)
    return losses.detach(), torch.cat(torch.autograd.grad(losses.sum(), pair)).flatten(1)


def _training_rows(encoder: str, objective: str, plan: Plan) -> Iterator[Row]:
    """One step, and several epochs, on the device in both ways, against the CPU in turn."""
    case = replace(CASES[encoder], batch_size=plan.sizes.num_rows, steps=1)
    expected = _trained(case, objective, torch.device("cpu"), packed=False)
    for way in ("packed", "in turn"):
        if way == "in turn" and plan.device.type == "cpu":
            continue  # that is what it would be compared with
        found = _trained(case, objective, plan.device, packed=way == "packed")
        yield _judged(
            {"what": "training", "encoder": encoder, "objective": objective, "way": way},
            {
                "loss": _error(found.first_losses, expected.first_losses),
                "gradient": max(map(_error_of_vectors, found.gradients, expected.gradients)),
                "trained loss": _error(found.last_losses, expected.last_losses),
            },
            {"loss": LOSS_TOLERANCE, "gradient": GRADIENT_TOLERANCE, "trained loss": TRAINED_TOLERANCE},
        )


@dataclass(frozen=True)
class _Trained:
    """Losses [3, R] of the first step and of the last, and the first step's gradients, [R, P] for each part."""

    first_losses: Tensor
    last_losses: Tensor
    gradients: list[Tensor]


def _trained(case: Case, objective: str, device: torch.device, *, packed: bool) -> _Trained:
    training = case.training(3, device, packed=packed, lambda_=0.5, objective=NAMED_OBJECTIVES[objective]())
    first = _losses(training)
    state: Mapping[int, Mapping[str, Tensor]] = training.state_dict()["optimiser"]["state"]
    gradients = [each["exp_avg"].cpu() / _FIRST_MOMENT for each in state.values()]
    last = [_losses(training) for _ in range(NUM_STEPS - 1)][-1]
    return _Trained(first, last, gradients)


def _losses(training: Training) -> Tensor:
    return torch.stack([torch.as_tensor(values) for values in training.run_epoch().values()])


def _error(found: Tensor, expected: Tensor) -> float:
    """The largest error relative to its number; NaN where there is one."""
    found, expected = found.double().cpu(), expected.double()
    return float(((found - expected) / expected).abs().max())


def _error_of_vectors(found: Tensor, expected: Tensor) -> float:
    """The largest length of an error, relative to its vector's in the last axis; infinite where there is a NaN."""
    found, expected = found.double().cpu(), expected.double()
    errors = torch.linalg.vector_norm(found - expected, dim=-1) / torch.linalg.vector_norm(expected, dim=-1)
    return float(errors.nan_to_num(math.inf).max())


def _judged(row: Mapping[str, str], errors: Mapping[str, float], tolerances: Mapping[str, float]) -> Row:
    """The row with each error beside its tolerance, and whether all are within."""
    columns = ("loss", "gradient", "trained loss")
    judged = {name: f"{errors[name]:.1e} of {tolerances[name]:.0e}" if name in errors else "" for name in columns}
    within = all(errors[name] <= tolerance for name, tolerance in tolerances.items())  # NaN is not
    return {**row, **judged, "right": "yes" if within else "NO"}
