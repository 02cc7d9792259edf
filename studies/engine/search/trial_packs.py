"""Which trials are trained together, as one batched model."""

from collections.abc import Sequence

from studies.engine.search.plan import SEARCH, TrialSpec, strata, trial_spec
from studies.engine.search.rounds import portions
from studies.engine.study import Study
from trainables.config import Hyperparameters
from trainables.packing import mould

Pack = tuple[TrialSpec, ...]


def packs(study: Study, specs: Sequence[TrialSpec]) -> list[Pack]:
    """The trials by their moulds, in packs of about equal size that have no more replicas than pay.

    `specs`: of one stratum and stage. The same trials are always in the same packs, whatever has run already.
    """
    by_mould: dict[Hyperparameters, list[TrialSpec]] = {}
    for spec in specs:
        by_mould.setdefault(mould(spec.config).hyperparameters, []).append(spec)
    return [
        tuple(alike[place] for place in places)
        for alike in by_mould.values()
        for places in portions(range(len(alike)), study.most_together(len(alike[0].config.replicas)))
    ]


def first_packs(study: Study) -> list[Pack]:
    """The packs of the configurations that a λ draws first; those of every λ are alike."""
    from studies.engine.search.stratum_search import StratumSearch  # late: brings Optuna along

    stratum, *_ = strata(study)
    drawn = StratumSearch.of(study).next_candidates()
    return packs(study, [trial_spec(study, stratum, SEARCH, one.index, one.hyperparameters) for one in drawn])
