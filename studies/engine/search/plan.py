"""What a study consists of: its strata, and the trials in them by their keys."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.records.schema import CONFIRM, EXCHANGE, FINAL, SEARCH
from studies.engine.description import described
from studies.engine.study import Study
from trainables.config import DataConfig, Hyperparameters, TrialConfig

__all__ = ["CONFIRM", "EXCHANGE", "FINAL", "SEARCH", "Stratum", "TrialSpec", "strata", "trial_spec"]


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
        text = json.dumps(described(self.config), sort_keys=True)
        digest = hashlib.sha256(f"{self.stratum.variant} {text}".encode()).hexdigest()[:12]
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


def trial_spec(
    study: Study,
    stratum: Stratum,
    stage: str,
    index: int,
    hyperparameters: Hyperparameters,
    replicas: Sequence[int] | None = None,
) -> TrialSpec:
    """The trial that trains `hyperparameters` in one stratum and stage; `replicas`: those of its first round if None.

    What neighbours send is trained with the seeds of the search, as it is compared with what was searched. The final
    goes on with the seeds that follow.
    """
    stream = CONFIRM if stage == CONFIRM else SEARCH
    if replicas is None:
        replicas = {
            SEARCH: range(study.search_seeds),
            EXCHANGE: range(study.search_seeds),
            FINAL: range(study.search_seeds, study.search_seeds + study.final_seeds),
            CONFIRM: range(study.seeds),
        }[stage]
    config = TrialConfig(
        data=stratum.data,
        encoder_1=study.encoder_1,
        encoder_2=study.encoder_2,
        lambda_=stratum.lambda_,
        objective=study.objective,
        aligned_width=study.aligned_width,
        hyperparameters=hyperparameters,
        max_epochs=study.max_epochs,
        batch_size=study.batch_size,
        train_samples=stratum.train_samples,
        resamples_rows=study.resamples_rows,
        gradient_clip=study.gradient_clip,
        alignment_samples=study.alignment_samples,
        measured_replicas=study.seeds,  # those of the first round, which every λ has
        seed=study.seed,
        stream=stream,
        replicas=tuple(replicas),
    )
    return TrialSpec(stage=stage, stratum=stratum, index=index, config=config)
