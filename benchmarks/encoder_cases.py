"""Each encoder as a study uses it, on random rows: what benchmarks of the training step measure."""

from dataclasses import dataclass

import numpy as np
import torch

from alignment import InfoNce, Objective
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
from trainables.data import Split, Splits
from trainables.placement import PlacedSplits
from trainables.training import Training

DROPOUT = 0.1
NUM_CLASSES = 10
PROJECTION_SIZE = 16


@dataclass(frozen=True, kw_only=True)
class Case:
    """One encoder as a study uses it, on random rows; `steps` of them make one timed run."""

    encoder: EncoderConfig
    row_shape: tuple[int, ...]
    batch_size: int = 128
    partner: Mlp = Mlp(width=1, depth=1)  # noqa: RUF009  a frozen dataclass
    steps: int = 1

    def packing_pays(self, device: torch.device) -> bool:
        """Whether a trial of this pair is packed."""
        return self.encoder.packing_pays(device.type) and self.partner.packing_pays(device.type)

    def training(
        self,
        num_replicas: int,
        device: torch.device,
        *,
        packed: bool,
        lambda_: float = 0.0,
        objective: Objective = InfoNce(),
    ) -> Training:
        """A training of this pair whose epochs have `steps` steps; where λ > 0, projections are aligned."""
        draw = np.random.default_rng(0)

        def split(num_rows: int) -> Split:
            lengths = None
            if isinstance(self.encoder, Transformer | ProjectedTransformer):
                lengths = draw.integers(1, self.row_shape[0] + 1, size=num_rows)
            return Split(
                x1=draw.standard_normal((num_rows, *self.row_shape)).astype(np.float32),
                x2=draw.standard_normal((num_rows, self.partner.width)).astype(np.float32),
                y=draw.integers(NUM_CLASSES, size=num_rows),
                lengths_1=lengths,
            )

        splits = Splits(
            train=split(self.batch_size * self.steps),
            valid=split(2),
            test=split(2),
            modalities=("encoder", "partner"),
            num_classes=NUM_CLASSES,
        )
        config = TrialConfig(
            data=SyntheticData(shared_bits=0),  # names the draws; the rows are those above
            encoder_1=self.encoder,
            encoder_2=self.partner,
            lambda_=lambda_,
            hyperparameters=Hyperparameters(
                learning_rate=1e-3, dropout_1=DROPOUT, projection_size=PROJECTION_SIZE if lambda_ > 0 else None
            ),
            objective=objective,
            max_epochs=1,
            batch_size=self.batch_size,
            replicas=tuple(range(num_replicas)),
        )
        return Training(config, PlacedSplits(splits, device), packed=packed)


CASES = {
    "synthetic MLP 12-12-12-12": Case(
        encoder=Mlp(width=12), row_shape=(12,), batch_size=512, partner=Mlp(width=12), steps=16
    ),
    "features MLP 768-64-64-64": Case(encoder=Mlp(width=64), row_shape=(768,), steps=16),
    "AV-MNIST vision ViT 16": Case(encoder=VisionTransformer(), row_shape=(28, 28)),
    "AV-MNIST audio 20 × 36": Case(encoder=Transformer(), row_shape=(20, 36)),
    "MOSEI vision 50 × 35": Case(encoder=Transformer(), row_shape=(50, 35)),
    "MOSEI audio 50 × 74": Case(encoder=Transformer(), row_shape=(50, 74)),
    "MUStARD audio 50 × 81": Case(encoder=Transformer(), row_shape=(50, 81)),
    "text 50 × 300": Case(encoder=Transformer(), row_shape=(50, 300)),
    "MUStARD vision 50 × 371": Case(encoder=Transformer(), row_shape=(50, 371)),
    "projected 50 × 768 to 64": Case(encoder=ProjectedTransformer(width=64), row_shape=(50, 768)),
}
