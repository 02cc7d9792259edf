"""Every configuration of the synthetic study trained at every λ and kept, so that many studies can draw from them.

Files lie in `benchmarks/results/trained`, and training goes on where it was stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from harness import RESULTS
from in_process import configurations, full_training
from joblib import Parallel, delayed

from analysis.records.schema import ScoreName
from studies import Study, synthetic
from studies.engine.search.plan import CONFIRM, SEARCH, Stratum, TrialSpec, strata, trial_spec
from studies.engine.search.queue import StudyQueue
from trainables.config import SyntheticData
from trainables.data import load
from trainables.placement import PlacedSplits
from trainables.randomness import generator

FOLDER = RESULTS / "trained"
MODALITIES = ("first", "second")
EPOCHS = {256: 300, 1024: 150}
SEARCHED_SEEDS = {256: 12, 1024: 8}  # each configuration is trained with so many
CONFIRMED_SEEDS = 32  # those near the best of their λ are, with others
NEAR = 0.01  # of its accuracy
MEASURED_ROWS = 16  # alignment is not asked for here


def study_of(rows: int, bits: int, seed: int = 0) -> Study:
    """The synthetic study of one number of shared bits and of training rows."""
    data = {f"R={bits}": SyntheticData(shared_bits=bits)}
    budget = {"max_epochs": EPOCHS[rows], "train_samples": (rows,), "alignment_samples": MEASURED_ROWS}
    return replace(synthetic.STUDY, variants=data, seed=seed, **budget)


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Accuracies on the validation split [L, C, T, S, 2] and the test split [L, C, S, 2] of both encoders."""

    valid: np.ndarray
    test: np.ndarray

    def best_configurations(self, encoders: slice = slice(None)) -> np.ndarray:
        """The numbers [L, C] of the configurations at each λ, the best mean over seeds and encoders first."""
        return np.argsort(-self._best_valid(encoders), axis=-1)

    def are_near(self) -> np.ndarray:
        """Which configurations [L, C] are near the best at their λ."""
        valid = self._best_valid()
        return valid >= valid.max(axis=-1, keepdims=True) - NEAR

    def _best_valid(self, encoders: slice = slice(None)) -> np.ndarray:
        """The best mean validation accuracy [L, C] that a configuration reports."""
        return self.valid[..., encoders].mean(axis=(3, 4)).max(axis=-1)


class KeptTrainings:
    """What was trained of the synthetic data of one number of shared bits and of training rows."""

    def __init__(self, rows: int, bits: int) -> None:
        self.study = study_of(rows, bits)
        self.strata = strata(self.study)
        self.space = configurations(self.study)
        self._rows, self._bits = rows, bits
        self._confirmed: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def train(self, at: int) -> None:
        """Train every configuration at λ number `at`, and the best of them with more seeds."""
        file = self._file(self.strata[at])
        if not file.exists():
            found = [self._trained(at, number, SEARCH, SEARCHED_SEEDS[self._rows]) for number in range(len(self.space))]
            valid, test = zip(*found, strict=True)
            _save(file, valid=np.array(valid), test=np.array(test))
        with np.load(file) as kept:
            curves = Curves(valid=kept["valid"][None], test=kept["test"][None])
        for number in np.flatnonzero(curves.are_near()[0]):
            self.confirmed(at, int(number))

    @cached_property
    def curves(self) -> Curves:
        """The trainings of all configurations with few seeds."""
        files = [np.load(self._file(stratum)) for stratum in self.strata]
        return Curves(valid=np.stack([f["valid"] for f in files]), test=np.stack([f["test"] for f in files]))

    @cached_property
    def _near(self) -> np.ndarray:
        """Which configurations [L, C] have many seeds in any case."""
        return self.curves.are_near()

    def searched(self, at: int, number: int) -> np.ndarray:
        """Validation accuracies [T, S, 2] of a configuration at λ number `at`.

        Those near the best have the same many seeds, so that they are told apart as in a study.
        """
        return self._many_seeds(at, number)[0] if self._near[at, number] else self.curves.valid[at, number]

    def confirmed(self, at: int, number: int) -> tuple[float, np.ndarray]:
        """Best mean validation accuracy, and test accuracies [S, 2], with many seeds; trained when first asked for."""
        valid, test = self._many_seeds(at, number)
        return float(valid.mean(axis=(1, 2)).max()), test

    def _many_seeds(self, at: int, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Validation accuracies [T, S, 2] and test accuracies [S, 2] with many seeds; trained when first asked for."""
        if (at, number) not in self._confirmed:
            file = self._file(self.strata[at], f"_{number}")
            if not file.exists():
                valid, test = self._trained(at, number, CONFIRM, CONFIRMED_SEEDS)
                _save(file, valid=valid, test=test)
            with np.load(file) as kept:
                self._confirmed[at, number] = kept["valid"][:, :CONFIRMED_SEEDS], kept["test"][:CONFIRMED_SEEDS]
        return self._confirmed[at, number]

    def accuracies(self, at: int, number: int) -> np.ndarray:
        """Expected test accuracy [2] of a configuration at λ number `at`."""
        return self.confirmed(at, number)[1].mean(axis=0)

    def best_accuracies(self) -> np.ndarray:
        """Expected accuracy [L, 2] of both encoders at each λ, at the configuration that is best there."""
        best = []
        for at, are_near in enumerate(self._near):
            near = [self.confirmed(at, int(number)) for number in np.flatnonzero(are_near)]
            _, accuracies = max(near, key=lambda pair: pair[0])
            best.append(accuracies.mean(axis=0))
        return np.array(best)

    def _trained(self, at: int, number: int, stage: str, num_seeds: int) -> tuple[np.ndarray, np.ndarray]:
        """Validation accuracies [T, S, 2] and test accuracies [S, 2] of one configuration."""
        torch.set_num_threads(1)
        data = PlacedSplits(load(self.strata[at].data, Path("data")))
        curves, accuracies = [], []
        for start in range(0, num_seeds, self.study.most_packed):
            replicas = range(start, min(start + self.study.most_packed, num_seeds))
            config = trial_spec(self.study, self.strata[at], stage, 0, self.space[number], replicas).config
            curve, tested = full_training(config, self.study.epochs_per_report, data)
            curves.append(curve)
            accuracies.append(tested)
        return np.concatenate(curves, axis=1), np.concatenate(accuracies)

    def _file(self, stratum: Stratum, suffix: str = "") -> Path:
        return FOLDER / f"{self._rows}_{self._bits}_{stratum.lambda_:g}{suffix}.npz"


class DrawnTrial:
    """A trial whose replicas are drawn from trainings that were kept, with replacement.

    A replica of a study is the same training in each of its trials, as its seed is in a study that trains.
    """

    def __init__(self, spec: TrialSpec, kept: KeptTrainings) -> None:
        self._spec, self._kept = spec, kept
        self._at = kept.study.lambdas.index(spec.stratum.lambda_)
        self._number = kept.space.index(spec.config.hyperparameters)
        self._num_reports = 0

    @property
    def epoch(self) -> int:
        """The epochs that are over."""
        return min(self._num_reports * self._kept.study.epochs_per_report, self._spec.config.max_epochs)

    def next_score(self) -> float:
        """Go on to the next report; the mean validation accuracy there, NaN in a confirmation, which needs none."""
        self._num_reports += 1
        if self._spec.stage == CONFIRM:
            return float("nan")
        curve = self._kept.searched(self._at, self._number)[self._num_reports - 1]
        return float(curve[self._drawn(len(curve))].mean())

    def tested(self) -> dict[str, float]:
        """The accuracies of each replica on the test split, under their recorded names."""
        _, accuracies = self._kept.confirmed(self._at, self._number)
        drawn = accuracies[self._drawn(len(accuracies))]
        return {
            str(ScoreName(score="accuracy", encoder=encoder, seed=replica)): float(accuracy)
            for encoder, of_encoder in zip(MODALITIES, drawn.T, strict=True)
            for replica, accuracy in zip(self._spec.config.replicas, of_encoder, strict=True)
        }

    def _drawn(self, num_kept: int) -> list[int]:
        config = self._spec.config
        draws = (generator(config.seed, "kept", config.stream, replica) for replica in config.replicas)
        return [int(num_kept * draw.random()) for draw in draws]


def winners(queue: StudyQueue, kept: KeptTrainings) -> list[int]:
    """The number of the configuration that a study confirms at each λ."""
    found = [queue.winner(stratum) for stratum in kept.strata]
    return [kept.space.index(candidate.hyperparameters) for candidate in found if candidate is not None]


def train_all(rows: int, bits: Sequence[int], jobs: int) -> None:
    """Train all that is kept of several data sets of `rows` rows."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept = [KeptTrainings(rows, number) for number in bits]
    todo = [(each, at) for each in kept for at in range(len(each.strata))]
    Parallel(n_jobs=jobs)(delayed(each.train)(at) for each, at in todo)


def _save(file: Path, *, valid: np.ndarray, test: np.ndarray) -> None:
    """Write both so that a file is whole or not there."""
    unfinished = file.with_suffix(".part.npz")
    np.savez(unfinished, valid=valid, test=test)
    unfinished.rename(file)
