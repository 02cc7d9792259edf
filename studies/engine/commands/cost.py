"""What a study costs, from a few steps of its trials."""

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studies.engine.commands.kept_findings import kept
from studies.engine.description import described
from studies.engine.search.plan import CONFIRM, EXCHANGE, FINAL, SEARCH, TrialSpec, strata, trial_spec
from studies.engine.search.rounds import portions
from studies.engine.search.trial_packs import first_packs, packs
from studies.engine.study import Study
from trainables.config import Hyperparameters, TrialConfig
from trainables.data import Shapes, shapes
from trainables.packing import packed

LATER_ROUNDS = "later rounds"

_NEIGHBOURS = 2  # of a λ, which send it their best configuration


@dataclass(frozen=True, kw_only=True)
class StageCost:
    """Core-seconds of one training epoch and of one full trial of a stage, and how many trials it has at most."""

    num_trials: int
    num_replicas: int
    epoch_seconds: float
    trial_seconds: float

    @property
    def seconds(self) -> float:
        """Core-seconds of the stage where no trial is stopped early."""
        return self.num_trials * self.trial_seconds


def stage_costs(study: Study, data_dir: Path) -> dict[str, StageCost]:
    """Cost of each stage on one core of this machine, from the first stratum's largest configuration.

    As many configurations are taken to be trained together as of those that a λ draws first, on average.
    `LATER_ROUNDS` of the confirmation are as many as there can be; where decisions fall earlier they are fewer. What a
    step costs is measured once and kept: see `kept`. To measure leaves PyTorch with one thread, as a trial has.
    """
    stratum = max(
        strata(study),
        key=lambda stratum: (stratum.train_samples is None, stratum.train_samples, stratum.lambda_),
    )
    largest = Hyperparameters(**{name: _largest(values) for name, values in study.search_space.items()})
    later = portions(range(study.seeds, study.most_seeds), study.most_packed)
    drawn: list[int] = kept("packs", study.describe(), lambda: [len(pack) for pack in first_packs(study)])
    together = round(sum(drawn) / len(drawn))  # as many as of the first draw, on average, may be one model
    trials = {
        SEARCH: (SEARCH, study.num_configurations, together, None),
        EXCHANGE: (EXCHANGE, _NEIGHBOURS * study.exchange_sweeps, min(_NEIGHBOURS, together), None),
        FINAL: (FINAL, study.num_finalists, min(study.num_finalists, together), None),
        CONFIRM: (CONFIRM, 1, 1, None),
        LATER_ROUNDS: (CONFIRM, len(later), 1, max(later, key=len, default=())),
    }
    return {
        name: _stage_cost(
            study,
            [trial_spec(study, stratum, stage, 0, largest, replicas)] * together,
            count * len(strata(study)),
            data_dir,
        )
        for name, (stage, count, together, replicas) in trials.items()
        if count
    }


def _stage_cost(study: Study, together: Sequence[TrialSpec], num_trials: int, data_dir: Path) -> StageCost:
    """Cost of one of the full trials that may be trained `together`, from the time of a few steps and of one pass.

    The pass is over as many rows as are validated.
    """
    pack = packs(study, together)[0]
    spec, config = pack[0], packed([each.config for each in pack])[0]
    known = shapes(config.data, data_dir)
    num_rows = config.train_samples or known.sizes[0]
    batch_size = min(config.batch_size, num_rows)
    step_seconds, row_seconds = _measured(replace(config, train_samples=None, batch_size=batch_size), known)
    epoch_seconds = step_seconds * (num_rows // batch_size) / len(pack)
    num_reports = -(-config.max_epochs // study.epochs_per_report)
    num_evaluated = num_reports * known.sizes[1] + (known.sizes[2] if spec.stage == CONFIRM else 0)
    return StageCost(
        num_trials=num_trials,
        num_replicas=len(spec.config.replicas),
        epoch_seconds=epoch_seconds,
        trial_seconds=config.max_epochs * epoch_seconds + num_evaluated * row_seconds / len(pack),
    )


def _measured(config: TrialConfig, known: Shapes) -> tuple[float, float]:
    """Seconds of a step and of a validated row of the trial on this machine, which may have been measured before."""

    def measure() -> tuple[float, float]:
        from studies.engine.commands.measured_steps import step_and_row_seconds  # late: brings PyTorch along

        return step_and_row_seconds(config, known)

    step_seconds, row_seconds = kept("cost", [described(config), described(known), platform.uname()], measure)
    return step_seconds, row_seconds


def _largest(values: Iterable[Any]) -> Any:
    return max((value for value in values if value is not None), default=None)
