"""Replicas packed into one batched model compute what the same replicas compute in turn."""

import pytest
import torch
from torch import Tensor

from alignment import InfoNce
from trainables.config import (
    EncoderConfig,
    Hyperparameters,
    Mlp,
    ProjectedTransformer,
    SyntheticData,
    Transformer,
    TrialConfig,
    VisionTransformer,
)
from trainables.pair import build_classifier
from trainables.placement import PlacedSplits
from trainables.replicas import Replicas
from trainables.training import Training

CPU = torch.device("cpu")
NUM_REPLICAS = 3
ENCODERS = {
    "mlp": (Mlp(width=5), (6,)),
    "transformer, cls": (Transformer(depth=2), (5, 6)),
    "transformer, mean": (Transformer(depth=2, pooling="mean"), (5, 6)),
    "projected": (ProjectedTransformer(width=4, depth=1), (5, 6)),
    "vision": (VisionTransformer(width=4, depth=2), (8, 8)),
}


def _replicas(encoder: EncoderConfig, row_shape: tuple[int, ...], *, packed: bool) -> Replicas:
    config = TrialConfig(
        data=SyntheticData(shared_bits=0),
        encoder_1=encoder,
        encoder_2=encoder,
        lambda_=0.0,
        hyperparameters=Hyperparameters(learning_rate=1e-3, dropout_1=0.3),
        objective=InfoNce(),
        max_epochs=1,
    )
    modules = [build_classifier(config, 1, replica, row_shape, num_outputs=3) for replica in range(NUM_REPLICAS)]
    replicas = Replicas(modules, CPU, packed=packed)
    replicas.seed_dropout(0, [(replica,) for replica in range(NUM_REPLICAS)])
    return replicas


def _gradients(replicas: Replicas, x: Tensor, lengths: Tensor | None) -> Tensor:
    """Gradients [R, P] of the sum of squares of all outputs in training, group by group."""
    replicas.train(step=7)
    replicas.zero_gradients()
    for index, group in enumerate(replicas.groups):
        outputs = replicas.call_group(index, x[group], None if lengths is None else lengths[group])
        torch.stack([values.square().sum() for values in outputs]).sum().backward()
    replicas.gather_gradients(max_norm=1e9)
    assert replicas.flat.grad is not None
    return replicas.flat.grad


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("shared", [False, True])
def test_packed_outputs_are_those_in_turn(kind: str, shared: bool) -> None:
    encoder, row_shape = ENCODERS[kind]
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((8, *row_shape) if shared else (NUM_REPLICAS, 8, *row_shape), generator=generator)
    packed, in_turn = (_replicas(encoder, row_shape, packed=packed) for packed in (True, False))
    for replicas in (packed, in_turn):
        replicas.train(step=7)
    # Only the order of sums differs: some 10 units in the last place of numbers of order 1.
    for expected, values in zip(in_turn(x, shared=shared), packed(x, shared=shared), strict=True):
        torch.testing.assert_close(values, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ENCODERS)
def test_packed_gradients_are_those_in_turn(kind: str) -> None:
    encoder, row_shape = ENCODERS[kind]
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(NUM_REPLICAS, 8, *row_shape, generator=generator)
    lengths = None
    if isinstance(encoder, Transformer | ProjectedTransformer):
        lengths = torch.randint(1, 6, (NUM_REPLICAS, 8), generator=generator)
    packed, in_turn = (_replicas(encoder, row_shape, packed=packed) for packed in (True, False))
    expected = _gradients(in_turn, x, lengths)
    torch.testing.assert_close(_gradients(packed, x, lengths), expected, rtol=1e-4, atol=1e-4)
    assert expected.abs().amax(dim=1).min() > 0.1  # every replica has gradients that the tolerance cannot hide


def test_a_whole_training_is_the_same_packed_and_in_turn(trial: TrialConfig, placed: PlacedSplits) -> None:
    packed, in_turn = (Training(trial, placed, packed=packed) for packed in (True, False))
    for _ in range(3):
        packed.run_epoch()
        in_turn.run_epoch()
    for expected, flat in zip(in_turn.state_dict()["flats"], packed.state_dict()["flats"], strict=True):
        # Sums are ordered differently, and AdamW magnifies that where a gradient is nearly 0.
        torch.testing.assert_close(flat, expected, rtol=1e-4, atol=1e-5)


def test_a_row_without_any_real_step_stays_finite() -> None:
    encoder, row_shape = ENCODERS["transformer, mean"]
    replicas = _replicas(encoder, row_shape, packed=False)
    x, lengths = torch.randn(NUM_REPLICAS, 8, *row_shape), torch.zeros(NUM_REPLICAS, 8, dtype=torch.int64)
    assert _gradients(replicas, x, lengths).isfinite().all()


@pytest.mark.parametrize("kind", ENCODERS)
def test_replicas_are_packed_by_kind_and_device(kind: str) -> None:
    encoder, _ = ENCODERS[kind]
    assert encoder.packing_pays("cpu") == isinstance(encoder, Mlp)
    assert encoder.packing_pays("cuda")
