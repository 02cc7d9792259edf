"""Data sets in Ray's object store: loaded once, by a task, and shared by every trial."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayTaskError

from trainables.config import DataConfig
from trainables.data import Splits, load


@dataclass(frozen=True, kw_only=True)
class PopulationFacts:
    """What is known exactly of a data set's population; see `Splits`."""

    ceilings: tuple[float, float] | None
    population: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class SharedData:
    """By data configuration: a Ray reference of its splits, and what the driver needs to know without holding them."""

    references: Mapping[DataConfig, "ray.ObjectRef[Splits]"]
    facts: Mapping[DataConfig, PopulationFacts]


def share(configs: Iterable[DataConfig], data_dir: Path) -> SharedData:
    """Load every data set into the object store; they load side by side.

    Raises what loading raises.
    """
    load_there: Any = ray.remote(num_returns=2)(_load)
    loading = {config: load_there.remote(config, data_dir) for config in dict.fromkeys(configs)}
    try:
        facts: dict[DataConfig, Any] = {config: ray.get(known) for config, (_, known) in loading.items()}
    except RayTaskError as error:
        raise error.cause from None
    return SharedData(references={config: splits for config, (splits, _) in loading.items()}, facts=facts)


def _load(config: DataConfig, data_dir: Path) -> tuple[Splits, PopulationFacts]:
    splits = load(config, data_dir)
    return splits, PopulationFacts(ceilings=splits.ceilings, population=dict(splits.population))
