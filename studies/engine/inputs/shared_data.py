"""Data sets in Ray's object store: loaded and checked once, by a task, and shared by every trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from rich.console import Console

from studies.engine.inputs.information_size import merging_note
from studies.engine.printing import under_way
from studies.engine.study import Study
from trainables.config import DataConfig, Refused
from trainables.data import Shapes, Splits, content, load, shapes
from trainables.data.validation import check


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """What the driver knows of a data set without holding it.

    `ceilings` and `population`: see `Splits`. `content`: the digest of its raw files, None where it is generated.
    `shapes`: of its rows. `warnings`: what `check` found.
    """

    shapes: Shapes
    ceilings: tuple[float, float] | None
    population: Mapping[str, float]
    content: str | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SharedData:
    """By data configuration: a Ray reference of its splits, and the facts."""

    references: Mapping[DataConfig, "ray.ObjectRef[Splits]"]
    facts: Mapping[DataConfig, DataFacts]


def share(study: Study, data_dir: Path, places: Mapping[DataConfig, str], console: Console) -> SharedData:
    """Load every data set of a study into the object store; they load side by side.

    `places`: for data configurations that not every node can load, the id of one that can.

    Raises what loading raises, and Refused for data that the study cannot be trained on.
    """
    load_there: Any = ray.remote(num_returns=2)(_load)
    largest = max((count for count in study.train_samples if count is not None), default=0)
    configs = dict.fromkeys(study.variants.values())
    loading = {
        config: load_there.options(**_placement(places.get(config))).remote(config, data_dir, study.batch_size, largest)
        for config in configs
    }
    try:
        with under_way(console, "reading and checking the data"):
            facts: dict[DataConfig, Any] = {config: ray.get(known) for config, (_, known) in loading.items()}
    except RayTaskError as error:
        raise error.cause from None
    return SharedData(references={config: splits for config, (splits, _) in loading.items()}, facts=facts)


def _placement(node: str | None) -> dict[str, Any]:
    """Ray's options for a task on that node, which need not have a core to give away; elsewhere once it has died."""
    if node is None:
        return {}
    return {"num_cpus": 0, "scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=True)}


def _load(config: DataConfig, data_dir: Path, batch_size: int, train_samples: int) -> tuple[Splits, DataFacts]:
    splits = load(config, data_dir)
    if train_samples > len(splits.train):  # the published size may be larger, as rows without text are left out
        raise Refused(f"expected at least {train_samples} training rows, as asked for, found {len(splits.train)}")
    warnings = check(splits, batch_size)
    if note := merging_note(splits.num_classes):
        warnings.append(note)
    facts = DataFacts(
        shapes=shapes(config, data_dir),
        ceilings=splits.ceilings,
        population=dict(splits.population),
        content=content(config, data_dir),
        warnings=tuple(warnings),
    )
    return splits, facts
