"""What an encoder of the user's own can do, found on random rows in a moment, before the first trial."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from trainables.config import EncoderConfig, Refused
from trainables.encoders import KeyedEncoder
from trainables.global_generator import seeded
from trainables.pair import takes_lengths
from trainables.trial_run import DROPOUT, TrialRun, same_numbers

# Packing orders sums differently: that shows in the sixth digit, while wrong numbers show in the first.
_PACKING_TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class EncoderFindings:
    """Whether replicas can be packed, and whether trials resume to the last digit; `remarks` say why not."""

    packs: bool
    resumes: bool
    remarks: tuple[str, ...] = ()


def examine(config: EncoderConfig, row_shape: tuple[int, ...], *, lengths: bool) -> EncoderFindings:
    """Train two replicas for a few steps on random rows of `row_shape`, with `lengths` where the data have any.

    The platform's own encoders are only built: their tests say the rest.
    Raises Refused where the encoder cannot be used at all: it does not read such rows, does not give finite numbers
    [n, out_dim], or raises.
    """
    with _named(config, f"building it for rows of shape {list(row_shape)}"), seeded(0):
        module = config.build(row_shape, dropout=DROPOUT, depth=None)
    if isinstance(module, KeyedEncoder):
        return EncoderFindings(packs=True, resumes=True)
    run = TrialRun(config, row_shape, lengths=lengths)
    with _named(config, f"calling it on rows of shape {list(row_shape)}"), seeded(0):
        traces = _call(config, module, *run.batch())
    states = [run.state_after(epochs) for epochs in range(3)]
    lasting = list(_hindrances_to_resuming(run, traces, states))
    hindrances = list(_hindrances_to_packing(run, traces, states))
    remarks = [*lasting, *hindrances]
    if lengths and not takes_lengths(module):
        remarks.append("Its forward takes no lengths: it reads the padding of short rows as if it were data.")
    return EncoderFindings(packs=not hindrances, resumes=not lasting, remarks=tuple(remarks))


@dataclass(frozen=True, kw_only=True)
class _Traces:
    """What a few calls have left: which numbers in Python have changed, and whether PyTorch's generator has moved."""

    changed_attributes: list[str]
    draws: bool


def _hindrances_to_resuming(run: TrialRun, traces: _Traces, states: list[dict[str, Any]]) -> Iterator[str]:
    """Sentences on why a resumed trial would not give the numbers of one that was not interrupted."""
    if traces.changed_attributes:
        yield (
            f"It keeps numbers in Python that change ({', '.join(traces.changed_attributes)}), which a resumed trial "
            "loses: buffers (register_buffer) are kept."
        )
    if not same_numbers(run.state_after(2), states[2]):
        yield (
            "The same training twice gives different numbers: it draws from another generator than PyTorch's global "
            "one, or keeps something outside itself."
        )
    elif not same_numbers(run.state_after(2, resumed=states[1]), states[2]) and not traces.changed_attributes:
        yield "A resumed training gives other numbers: it keeps state that is neither parameter nor buffer."


def _hindrances_to_packing(run: TrialRun, traces: _Traces, states: list[dict[str, Any]]) -> Iterator[str]:
    """Sentences on why replicas are not computed as one batched model."""
    before, after = (state["held"][0] for state in (states[0], states[2]))
    changed = [name.removeprefix("encoder.") for name in before if not torch.equal(before[name], after[name])]
    if changed:
        yield f"Its replicas train in turn, for its buffers change in training ({', '.join(changed)})."
        return
    if traces.draws:
        yield "Its replicas train in turn, for it draws random numbers (KeyedDropout of trainables.dropout packs)."
        return
    in_turn = run.outputs_and_gradients(packed=False)
    try:
        packed = run.outputs_and_gradients(packed=True)
    except Exception as error:  # whatever PyTorch or the module raise under vmap
        reason = str(error).partition("\n")[0].partition(". ")[0]
        yield f"Its replicas train in turn, for they cannot be computed as one: {type(error).__name__}: {reason}."
        return
    if any(_differ(*pair) for pair in zip(packed, in_turn, strict=True)):
        yield "Its replicas train in turn, for computed as one they give other outputs or gradients."


def _differ(packed: Tensor, in_turn: Tensor) -> bool:
    """Whether any replica's numbers in [R, …] are further from its own in turn than rounding brings them."""
    distance, size = (values.flatten(1).norm(dim=1) for values in (packed - in_turn, in_turn))
    return bool((distance > _PACKING_TOLERANCE * size).any())


def _call(config: EncoderConfig, module: nn.Module, x: Tensor, lengths: Tensor | None) -> _Traces:
    """Call a copy of the module, in training with a backward pass and in evaluation, and look at what it gives."""
    module = copy.deepcopy(module)
    arguments = (x, lengths) if takes_lengths(module) else (x,)
    before, generator = _numbers_in_python(module), torch.get_rng_state()
    for training in (True, False):
        representation = module.train(training)(*arguments)
        _check_representation(config, representation, [len(x), module.out_dim])
        if training:
            representation.square().sum().backward()
    module.train()
    after = _numbers_in_python(module)
    return _Traces(
        changed_attributes=[name for name in after if after[name] != before.get(name)],
        draws=not torch.equal(torch.get_rng_state(), generator),
    )


def _check_representation(config: EncoderConfig, given: Any, shape: list[Any]) -> None:
    if not isinstance(given, Tensor):
        raise Refused(f"{config}: expected forward to give a tensor {shape}, got {type(given).__name__}")
    if list(given.shape) != shape or given.dtype != torch.float32:
        raise Refused(
            f"{config}: expected forward to give [n, out_dim], here torch.float32 {shape}, "
            f"got {given.dtype} {list(given.shape)}"
        )
    if not given.isfinite().all():
        raise Refused(f"{config}: expected finite representations of standard normal rows, got NaN or infinity")


def _numbers_in_python(module: nn.Module) -> dict[str, float]:
    return {
        f"{prefix}.{name}".lstrip("."): value
        for prefix, part in module.named_modules()
        for name, value in vars(part).items()
        if isinstance(value, int | float)
    }


@contextmanager
def _named(config: EncoderConfig, doing: str) -> Iterator[None]:
    """Name the encoder where the user's code raises; it may raise anything."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"{config}: {doing} raised {type(error).__name__}: {error}") from error
