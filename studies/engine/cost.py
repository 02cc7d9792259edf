"""The plan of a study and what it costs, measured by training on random rows of the data's shapes for a moment."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from studies.engine.data_summary import print_data
from studies.engine.options import Options
from studies.engine.study import CONFIRM, SEARCH, Study, TrialSpec, strata, trial_spec
from trainables.config import Hyperparameters
from trainables.data.stand_in import shapes, stand_in
from trainables.placement import PlacedSplits
from trainables.training import Training

_MEASURED_STEPS = 3


@dataclass(frozen=True, kw_only=True)
class StageCost:
    """Core-seconds of one training epoch and of one full trial of a stage, and how many trials the stage has."""

    num_trials: int
    epoch_seconds: float
    trial_seconds: float

    @property
    def seconds(self) -> float:
        """Core-seconds of the stage where no trial is stopped early."""
        return self.num_trials * self.trial_seconds


def stage_costs(study: Study, data_dir: Path) -> dict[str, StageCost]:
    """Cost of each stage on one core of this machine, from the first stratum's largest configuration.

    Leaves PyTorch with one thread, as a trial has.
    """
    torch.set_num_threads(1)
    stratum = max(
        strata(study),
        key=lambda stratum: (stratum.train_samples is None, stratum.train_samples, stratum.lambda_),
    )
    largest = Hyperparameters(**{name: _largest(values) for name, values in study.search_space.items()})
    counts = {SEARCH: study.num_configurations, CONFIRM: 1}
    return {
        stage: _stage_cost(
            trial_spec(study, stratum, stage, 0, largest),
            count * len(strata(study)),
            study.epochs_per_report,
            data_dir,
        )
        for stage, count in counts.items()
    }


def print_plan(study: Study, options: Options, console: Console) -> None:
    """Print what would be run, what it costs, and what the data are where they are there."""
    console.print(f"[bold]{study.name}[/bold] {study.identity}: {study.question}", highlight=False)
    console.print(f"λ: {', '.join(f'{value:g}' for value in study.lambdas)}", highlight=False)
    for name, values in study.search_space.items():
        console.print(f"{name}: {', '.join(str(value) for value in values)}", highlight=False)
    print_data(study, options.data_dir, console)
    costs = stage_costs(study, options.data_dir)
    table = Table("stage", "trials", "seeds", "epochs", "s an epoch", "s a trial", "core-seconds at most")
    for stage, cost in costs.items():
        seeds = study.search_seeds if stage == SEARCH else study.seeds
        table.add_row(
            stage,
            str(cost.num_trials),
            str(seeds),
            str(study.max_epochs),
            f"{cost.epoch_seconds:.2f}",
            f"{cost.trial_seconds:.2f}",
            f"{cost.seconds:.0f}",
        )
    console.print(table)
    total = sum(cost.seconds for cost in costs.values())
    console.print(
        f"at most {total:.0f} core-seconds ({total / 3600:.2f} core-hours) of training on cores like this machine's; "
        "successive halving stops most of the search's trials earlier",
        highlight=False,
    )


def _stage_cost(spec: TrialSpec, num_trials: int, epochs_per_report: int, data_dir: Path) -> StageCost:
    """Cost of full trials like `spec`, from the time of a few steps and of one pass over as many rows."""
    config = spec.config
    known = shapes(config.data, data_dir)
    num_rows = config.train_samples or known.sizes[0]
    batch_size = min(config.batch_size, num_rows)
    measured_rows = _MEASURED_STEPS * batch_size
    data = PlacedSplits(stand_in(config.data, measured_rows, data_dir))
    training = Training(replace(config, train_samples=None, batch_size=batch_size), data)
    training.run_epoch()  # the first steps also pay for what is made once
    epoch_seconds = _seconds(training.run_epoch) / _MEASURED_STEPS * (num_rows // batch_size)
    row_seconds = _seconds(training.validate) / measured_rows
    num_reports = -(-config.max_epochs // epochs_per_report)
    num_evaluated = num_reports * known.sizes[1] + (known.sizes[2] if spec.stage == CONFIRM else 0)
    return StageCost(
        num_trials=num_trials,
        epoch_seconds=epoch_seconds,
        trial_seconds=config.max_epochs * epoch_seconds + num_evaluated * row_seconds,
    )


def _seconds(action: Callable[[], object]) -> float:
    """Processor time, which other work on the machine does not change."""
    start = time.process_time()
    action()
    return time.process_time() - start


def _largest(values: Iterable[Any]) -> Any:
    return max((value for value in values if value is not None), default=None)
