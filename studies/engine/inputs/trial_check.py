"""Before the first trial: do encoders, objective and data fit together, and what can the user's own parts not do?"""

from collections.abc import Mapping
from dataclasses import replace

from rich.console import Console

from studies.engine.printing import under_way
from studies.engine.search.plan import CONFIRM, strata, trial_spec
from studies.engine.study import Study
from trainables.config import DataConfig, Hyperparameters, Refused
from trainables.data import Shapes
from trainables.data.stand_in import stand_in_rows
from trainables.encoder_check import examine
from trainables.objective_check import examine_objective
from trainables.placement import PlacedSplits
from trainables.training import Training

_NUM_ROWS = 8


def check_trials(study: Study, known: Mapping[DataConfig, Shapes], console: Console) -> bool:
    """Try the study's encoders and its training on a few random rows; returns whether replicas can be packed.

    Prints what a user's encoder cannot do. Raises Refused for parts that do not fit together.
    """
    if study.lambdas[-1] > 0:
        examine_objective(study.objective)
    packs = True
    said: set[str] = set()
    with under_way(console, "trying a step of the training"):
        for config in dict.fromkeys(study.variants.values()):
            shapes = known[config]
            sides = (
                (study.encoder_1, shapes.modalities[0], shapes.row_1, shapes.has_lengths_1),
                (study.encoder_2, shapes.modalities[1], shapes.row_2, shapes.has_lengths_2),
            )
            for encoder, modality, row_shape, has_lengths in sides:
                findings = examine(encoder, row_shape, lengths=has_lengths)
                packs &= findings.packs
                said |= {f"encoder of {modality}: {remark}" for remark in findings.remarks}
            _try_a_step(study, config, shapes)
    for sentence in sorted(said):
        console.print(sentence, style="yellow")
    return packs


def _try_a_step(study: Study, config: DataConfig, shapes: Shapes) -> None:
    """One epoch of few rows at the largest λ, with the first and with the last value of each hyperparameter."""
    stratum = max((one for one in strata(study) if one.data == config), key=lambda one: one.lambda_)
    rows = PlacedSplits(stand_in_rows(shapes, _NUM_ROWS))
    for place in (0, -1):
        choice = Hyperparameters(**{name: values[place] for name, values in study.search_space.items()})
        spec = trial_spec(study, stratum, CONFIRM, 0, choice)
        try:
            Training(replace(spec.config, train_samples=None, max_epochs=1, replicas=(0,)), rows).run_epoch()
        except Refused:
            raise
        except ValueError as error:  # what a projection head or an objective says of sizes that cannot be
            raise Refused(f"encoders, objective and data do not fit together: {error}") from error
