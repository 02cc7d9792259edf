"""What a data set is made of, in a few numbers for each split."""

from dataclasses import dataclass

import numpy as np

from trainables.data.splits import Split, Splits
from trainables.data.validation import inputs


@dataclass(frozen=True, kw_only=True)
class ModalitySummary:
    """One modality of one split.

    `row_shape`: of one row. `mean_length`: real steps of a sequence, None where sequences do not differ.
    `missing_share`: rows in which all of the modality is 0, as where it was not recorded.
    """

    name: str
    row_shape: tuple[int, ...]
    mean_length: float | None
    missing_share: float


@dataclass(frozen=True, kw_only=True)
class SplitSummary:
    """One split: its number of rows, the share of each class (of the sign, in a regression) and its modalities."""

    name: str
    num_rows: int
    class_shares: tuple[float, ...]
    modalities: tuple[ModalitySummary, ModalitySummary]


def summary(splits: Splits) -> list[SplitSummary]:
    """Sizes, shapes, class balance and missing share of the three splits, in order; no split may be empty."""
    return [
        SplitSummary(
            name=name,
            num_rows=len(split),
            class_shares=_class_shares(splits, split),
            modalities=(_modality(splits, split, 0), _modality(splits, split, 1)),
        )
        for name, split in splits.by_name.items()
    ]


def _class_shares(splits: Splits, split: Split) -> tuple[float, ...]:
    counts = np.bincount(splits.classes(split), minlength=splits.num_classes)
    return tuple((counts / len(split)).tolist())


def _modality(splits: Splits, split: Split, index: int) -> ModalitySummary:
    values, lengths = inputs(split, index)
    return ModalitySummary(
        name=splits.modalities[index],
        row_shape=values.shape[1:],
        mean_length=None if lengths is None else float(lengths.mean()),
        missing_share=float(np.mean(~values.any(axis=tuple(range(1, values.ndim))))),
    )
