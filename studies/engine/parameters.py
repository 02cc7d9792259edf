"""A trial as flat values, for the charts that compare runs."""

from collections.abc import Mapping
from dataclasses import asdict

from studies.engine.study import TrialSpec
from trainables.config import DataConfig, RehearsalData


def data_parameters(data: DataConfig) -> dict[str, float | int | str | None]:
    """A data configuration's fields, and its type as `data`; of a rehearsal, the fields of what it stands in for."""
    if isinstance(data, RehearsalData):
        return data_parameters(data.original) | {"data": type(data).__name__, "data_seed": data.seed}
    return {"data": type(data).__name__, **{f"data_{name}": value for name, value in asdict(data).items()}}


def trial_parameters(spec: TrialSpec, modalities: tuple[str, str]) -> dict[str, float | int | str | None]:
    """λ, the hyperparameters with their modalities' names, the budget and the data; None where one is not set."""
    config = spec.config
    renamed = {f"dropout_{number}": f"dropout_{name}" for number, name in enumerate(modalities, start=1)}
    choice: Mapping[str, float | int | None] = asdict(config.hyperparameters)
    return {
        "lambda": config.lambda_,
        **{renamed.get(name, name): value for name, value in choice.items()},
        "variant": spec.stratum.variant,
        "stage": spec.stage,
        "train_samples": config.train_samples,
        "num_replicas": len(config.replicas),
        "max_epochs": config.max_epochs,
        "batch_size": config.batch_size,
        "contrastive_temperature": config.contrastive_temperature,
        **data_parameters(config.data),
    }
