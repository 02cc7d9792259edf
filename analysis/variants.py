"""What the variants of a study are: by recorded name, the data they stand for and their number of training rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

# Training rows of the synthetic data where none is left out: 70 % of 65,536, the classes kept in proportion.
_ALL_SYNTHETIC_ROWS = 45_875


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One variant: its recorded `name`, the `label` of its data, their definition, and the rows drawn for a training.

    `drawn_samples` is None where a training had every row.
    """

    name: str
    label: str
    data: Mapping[str, Any]
    drawn_samples: int | None

    @property
    def train_samples(self) -> int | None:
        """Rows of a training, None where it had every row and their number is not known."""
        if self.drawn_samples is None and self.data.get("type") == "SyntheticData":
            return _ALL_SYNTHETIC_ROWS
        return self.drawn_samples

    @property
    def shared_bits(self) -> int | None:
        """Bits that both modalities share, of synthetic data."""
        return self.data.get("shared_bits")

    @property
    def rows(self) -> str:
        """The number of training rows in words."""
        return "all" if self.train_samples is None else f"{self.train_samples:,}"


def study_variants(study: Mapping[str, Any]) -> dict[str, Variant]:
    """By recorded name: each version of the data with each number of training rows, in the study's order."""
    definition = study["definition"]
    versions = product(definition["variants"].items(), definition["train_samples"])
    return {
        name: Variant(name=name, label=label, data=data, drawn_samples=samples)
        for name, ((label, data), samples) in zip(study["variants"], versions, strict=True)
    }
