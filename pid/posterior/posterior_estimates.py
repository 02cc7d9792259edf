"""The estimate of a sample by posteriors: atoms, their intervals, the test of independence, and what to beware of."""

import numpy as np

from pid.estimates import Estimate, Interval
from pid.inference import ATOM_NAMES, LEVEL, Sample, as_atoms, information_weights
from pid.posterior.classifiers import MOST_ROWS_A_TREE
from pid.posterior.estimator import PosteriorInformations, posterior_informations
from pid.posterior.fold_views import narrowed, standardised_columns
from pid.posterior.independence import independence_test
from pid.posterior.reach import lower_ends, missed_informations, reached_intervals

# A modality that may tell so many bits more, and so large a share more, than was seen, is not known well.
_MUCH_MISSED_BITS, _MUCH_MISSED_SHARE = 0.1, 0.2


def posterior_estimate(sample: Sample, *, num_permutations: int, seed: int) -> Estimate:
    """Atoms of a sample of features, by held-out posteriors; atoms of cells are reported as they come.

    `p_value` of redundancy is the larger of those that x1 and x2 are independent of the labels, of unique information
    that of its modality, of synergy that of both together: where the whole is 0 its part is.
    """
    found = posterior_informations(sample, seed)
    independence = independence_test(
        (narrowed(standardised_columns(sample.x1)), narrowed(standardised_columns(sample.x2))),
        sample.y,
        sample.starts,
        num_permutations=num_permutations,
        generator=np.random.default_rng([seed, 2]),
    )
    intervals = reached_intervals(found, sample.starts, sample.y)
    atoms = as_atoms(found.cells.values @ information_weights())
    p_values = (
        max(independence.p_value_1, independence.p_value_2),
        independence.p_value_1,
        independence.p_value_2,
        independence.p_value_both,
    )
    return Estimate(
        method="posterior",
        definition="BROJA",
        atoms=atoms,
        corrected=atoms,
        adjusted=atoms,
        interval={name: Interval(*ends) for name, ends in intervals.items()},
        null=None,
        p_value=dict(zip(ATOM_NAMES, p_values, strict=True)),
        p_independent=independence.p_value,
        dominant=_dominant(intervals) if independence.p_value <= LEVEL else None,
        at_least=lower_ends(found, sample.starts),
        gap_bits=found.cells.gap_bits,
        num_samples=len(sample.y),
        num_codes=found.cells.num_cells[:2],
        num_classes=int(sample.y.max()) + 1,
        num_permutations=num_permutations,
        num_resamples=None,
        notes=_notes(found, int(sample.y.max()) + 1, independence.num_rows),
    )


def _dominant(intervals: dict[str, tuple[float, float]]) -> str | None:
    """The atom whose interval lies above all others, None where none does."""
    for name, (lower, _) in intervals.items():
        if all(lower > upper for other, (_, upper) in intervals.items() if other != name):
            return name
    return None


def _notes(found: PosteriorInformations, num_classes: int, num_tested: int) -> tuple[str, ...]:
    missed, told = missed_informations(found, num_classes), found.cells.values[[0, 1, 3]]
    unsure = (missed > _MUCH_MISSED_BITS) & (missed > _MUCH_MISSED_SHARE * told)
    names = [name for name, is_unsure in zip(("x1", "x2", "both together"), unsure, strict=True) if is_unsure]
    notes = []
    if names:
        notes.append(f"Classifiers still learn from more rows of {' and '.join(names)}: take lower ends as bounds")
    num_samples = len(found.cells.of_rows)
    if num_samples > MOST_ROWS_A_TREE:
        notes.append(
            f"Trees and nearest rows trained on samples of the {num_samples} rows, and the test of independence saw "
            f"{num_tested}"
        )
    return tuple(notes)
