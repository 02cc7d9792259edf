"""The record with which a trial begins: where it belongs, and what it trains as flat values for charts of runs."""

import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from analysis.records.schema import (
    ALIGNED_WIDTH,
    ALIGNMENT_OBJECTIVE,
    BATCH_SIZE,
    DATA,
    LAMBDA,
    MAX_EPOCHS,
    NUM_REPLICAS,
    STAGE,
    TRAIN_SAMPLES,
    VARIANT,
    ceiling,
    data_parameter,
    encoder_names,
    hyperparameter,
    objective_parameter,
)
from studies.engine.recording.journal import TrialRecord
from studies.engine.search.plan import CONFIRM, TrialSpec
from trainables.config import DataConfig

Parameters = dict[str, float | int | str | None]


def first_record(spec: TrialSpec, modalities: tuple[str, str], ceilings: tuple[float, float] | None) -> TrialRecord:
    """The record of a trial that has not reported yet; `ceilings`: Bayes accuracy of each modality, where known."""
    known = ceilings if spec.stage == CONFIRM and ceilings is not None else ()
    first, second = encoder_names(modalities).values()
    return TrialRecord(
        key=spec.key,
        stage=spec.stage,
        variant=spec.stratum.variant,
        stratum=str(spec.stratum),
        index=spec.index,
        parameters=trial_parameters(spec, (first, second)),
        constants={ceiling(name): accuracy for name, accuracy in zip((first, second), known, strict=False)},
        host=platform.node(),
        started=time.time_ns() // 1_000_000,
    )


def trial_parameters(spec: TrialSpec, encoders: tuple[str, str]) -> Parameters:
    """λ, objective, hyperparameters with their encoders' recorded names, budget and data; None where one is not set."""
    config = spec.config
    choice: Mapping[str, float | int | None] = asdict(config.hyperparameters)
    return {
        LAMBDA: config.lambda_,
        **{hyperparameter(name, encoders): value for name, value in choice.items()},
        VARIANT: spec.stratum.variant,
        STAGE: spec.stage,
        TRAIN_SAMPLES: config.train_samples,
        NUM_REPLICAS: len(config.replicas),
        MAX_EPOCHS: config.max_epochs,
        BATCH_SIZE: config.batch_size,
        ALIGNMENT_OBJECTIVE: type(config.objective).__name__,
        **{objective_parameter(name): value for name, value in _plain_fields(config.objective).items()},
        ALIGNED_WIDTH: config.aligned_width,
        **data_parameters(config.data),
    }


def data_parameters(data: DataConfig) -> Parameters:
    """A data configuration's fields, and its type as `data`; of a rehearsal, the fields of what it stands in for."""
    return {DATA: type(data).__name__, **{data_parameter(name): value for name, value in _plain_fields(data).items()}}


def _plain_fields(configuration: Any) -> Parameters:
    """The fields of a configuration, and beside them those of a configuration in it; mappings as JSON text."""
    found: Parameters = {}
    for field in fields(configuration):
        value = getattr(configuration, field.name)
        if is_dataclass(value):
            found |= _plain_fields(value)
        else:
            found[field.name] = json.dumps(value) if isinstance(value, Mapping) else value
    return found
