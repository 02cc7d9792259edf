"""Study: one question as data, and the plan that follows from it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from math import prod
from typing import Any

from trainables.config import DataConfig, EncoderConfig, Hyperparameters, TrialConfig

SEARCH, CONFIRM = "search", "confirm"
STAGES = (SEARCH, CONFIRM)

REDUCTION_FACTOR = 3
RUNG_REPORTS = (
    1,
    REDUCTION_FACTOR,
)  # ASHA's rungs, counted in reports: a ninth and a third of the full training


@dataclass(frozen=True, kw_only=True)
class Study:
    """One question asked of one modality pair of one data set. All fields are identity: they decide the numbers.

    `variants`: the data configurations by label, in the order of the figures. `lambdas`: the grid of alignment
    strengths, increasing. `search_space`: the values of each searched field of `Hyperparameters`.
    `configurations`: hyperparameter configurations tried at each λ of each variant. `search_seeds` replicas train in
    the search, and `seeds` others confirm the best. `train_samples`: training rows of a replica; each number is a
    variant of its own, None is all rows. `concurrency`: trials of one stratum that may be under way at once; it
    decides which earlier trials a trial can learn from, so that the machine's size never does.
    Raises ValueError for a grid, space or budget that cannot be run.
    """

    name: str
    question: str
    variants: Mapping[str, DataConfig]
    encoder_1: EncoderConfig
    encoder_2: EncoderConfig
    lambdas: tuple[float, ...]
    search_space: Mapping[str, tuple[Any, ...]]
    configurations: int
    seeds: int
    max_epochs: int
    search_seeds: int = 2
    batch_size: int = 512
    train_samples: tuple[int | None, ...] = (None,)
    contrastive_temperature: float = 0.1
    concurrency: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.variants:
            raise ValueError(f"study {self.name!r} needs at least one variant, got none")
        if not self.lambdas or list(self.lambdas) != sorted(set(self.lambdas)) or self.lambdas[0] < 0:
            raise ValueError(f"lambdas must be at least 0, increasing and without repeats, got {self.lambdas}")
        known = {field.name for field in fields(Hyperparameters)}
        for name, values in self.search_space.items():
            if name not in known:
                raise ValueError(f"the search space has {name!r}, expected fields of Hyperparameters: {sorted(known)}")
            if not values or len(set(values)) != len(values):
                raise ValueError(f"the search space of {name!r} must be distinct values, got {values}")
        if "learning_rate" not in self.search_space:
            raise ValueError(f"the search space must have learning_rate, got {sorted(self.search_space)}")
        for name in ("configurations", "seeds", "search_seeds", "max_epochs", "batch_size", "concurrency"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    @property
    def num_configurations(self) -> int:
        """Configurations tried in each stratum: those asked for, but never more than the space holds."""
        return min(self.configurations, prod(len(values) for values in self.search_space.values()))

    @property
    def epochs_per_report(self) -> int:
        """Epochs from one report, and one look at the validation split, to the next."""
        return max(1, self.max_epochs // REDUCTION_FACTOR**2)

    @property
    def identity(self) -> str:
        """Hash of everything that decides the study's numbers; equal identities share their records."""
        described = json.dumps(self.describe(), sort_keys=True)
        return hashlib.sha256(described.encode()).hexdigest()[:12]

    def describe(self) -> dict[str, Any]:
        """The study as plain JSON values; dataclasses carry their type's name."""
        return _plain(self)


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """One (variant, λ): trials in it compete with each other and with no others."""

    variant: str
    data: DataConfig
    train_samples: int | None
    lambda_: float

    def __str__(self) -> str:
        return f"{self.variant} λ={self.lambda_:g}"


@dataclass(frozen=True, kw_only=True)
class TrialSpec:
    """One trial of the plan: configuration number `index` of its stratum, in one stage."""

    stage: str
    stratum: Stratum
    index: int
    config: TrialConfig

    @property
    def key(self) -> str:
        """Name of the trial, the same in every run of the study: stage, number and a hash of all that it trains."""
        described = json.dumps(_plain(self.config), sort_keys=True)
        digest = hashlib.sha256(f"{self.stratum.variant} {described}".encode()).hexdigest()[:12]
        return f"{self.stage}-{self.index:02d}-{digest}"


def strata(study: Study) -> list[Stratum]:
    """All strata of a study, variant by variant, λ increasing."""
    several = len(study.train_samples) > 1
    return [
        Stratum(
            variant=f"{label}, {count or 'all'} rows" if several else label,
            data=data,
            train_samples=count,
            lambda_=lambda_,
        )
        for label, data in study.variants.items()
        for count in study.train_samples
        for lambda_ in study.lambdas
    ]


def trial_spec(study: Study, stratum: Stratum, stage: str, index: int, hyperparameters: Hyperparameters) -> TrialSpec:
    """The trial that trains `hyperparameters` in one stratum and stage."""
    num_replicas = study.search_seeds if stage == SEARCH else study.seeds
    config = TrialConfig(
        data=stratum.data,
        encoder_1=study.encoder_1,
        encoder_2=study.encoder_2,
        lambda_=stratum.lambda_,
        hyperparameters=hyperparameters,
        max_epochs=study.max_epochs,
        batch_size=study.batch_size,
        train_samples=stratum.train_samples,
        contrastive_temperature=study.contrastive_temperature,
        seed=study.seed,
        stream=stage,
        replicas=tuple(range(num_replicas)),
    )
    return TrialSpec(stage=stage, stratum=stratum, index=index, config=config)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {"type": type(value).__name__} | {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
