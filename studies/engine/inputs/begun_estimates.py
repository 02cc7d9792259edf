"""The information in a study's data, estimated on Ray beside the training."""

import traceback
from collections.abc import Mapping
from typing import Any

import ray
from rich.console import Console

from studies.engine.inputs.information import METHOD, Record, information_record
from studies.engine.study import Study
from trainables.config import DataConfig
from trainables.data import Splits

_SECONDS_OF_SILENCE = 2

Estimates = tuple[dict[str, Record], dict[str, str]]
"""Records by variant, and the tracebacks of those that failed."""


def begin_estimates(
    study: Study, known: Mapping[str, Record], references: Mapping[DataConfig, "ray.ObjectRef[Splits]"]
) -> "ray.ObjectRef[Estimates] | None":
    """Start to estimate the variants that are not `known` yet, one after the other; None where all are.

    Numbers of another method are not comparable, so those count as unknown.
    The task asks Ray for no core: it would take one from a trial, where it only needs a share of one for a while.
    """
    current = {label for label, record in known.items() if record["method"] == METHOD}
    missing = {label: config for label, config in study.variants.items() if label not in current}
    if not missing:
        return None
    task: Any = ray.remote(num_cpus=0)(_estimate_all)
    return task.remote(study, {label: (config, references[config]) for label, config in missing.items()})


def _estimate_all(study: Study, variants: Mapping[str, tuple[DataConfig, "ray.ObjectRef[Splits]"]]) -> Estimates:
    found, errors = {}, {}
    for label, (config, reference) in variants.items():
        try:
            found[label] = information_record(
                config, ray.get(reference), study.encoder_1, study.encoder_2, most_rows=study.information_rows
            )
        except Exception:  # one variant's failure costs no other its estimate, and is reported at the end
            errors[label] = traceback.format_exc()
    return found, errors


def await_estimates(estimates: "ray.ObjectRef[Estimates]", console: Console) -> tuple[dict[str, Record], str | None]:
    """Wait for the estimates, and say so where it takes a while.

    Returns the records by variant, and a sentence on the first that failed, None where none did.
    """
    if not ray.wait([estimates], timeout=_SECONDS_OF_SILENCE)[0]:
        console.print("all trials have ended; waiting for the estimate of the information in the data")
    found, errors = ray.get(estimates)
    if not errors:
        return found, None
    label, error = next(iter(errors.items()))
    return found, f"the information in the data of {label} was not estimated:\n{error}"
