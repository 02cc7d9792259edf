"""Study: one question as data."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import inf, isfinite, prod
from typing import Any

from alignment import InfoNce, Objective
from studies.engine.description import described
from studies.engine.search.halving import HalvingPolicy, SuccessiveHalving
from trainables.config import (
    DataConfig,
    EncoderConfig,
    Hyperparameters,
    Refused,
    is_number,
    require_name,
    require_text,
)
from trainables.measured_rows import FEWEST_MEASURED_ROWS
from trainables.packing import most_packed, packs_configurations

_AT_LEAST_ONE = (
    "configurations",
    "seeds",
    "search_seeds",
    "finalists",
    "final_seeds",
    "max_epochs",
    "reports",
    "batch_size",
    "concurrency",
    "information_rows",
)

_OPTIONAL_COUNTS = ("max_seeds", "aligned_width")
_COUNTS = (*_AT_LEAST_ONE, *_OPTIONAL_COUNTS, "exchange_sweeps", "alignment_samples", "seed")

# Two doublings of the seeds, where a study does not say how many it can pay for.
_SEEDS_BY_ROUNDS = 4
_MOST_SEEDS = 1_000_000  # their numbers are written out


def _require_type(name: str, value: object, is_right: bool, expected: str) -> None:
    if not is_right:
        raise Refused(f"{name} must be {expected}, got {value!r} of type {type(value).__name__}")


@dataclass(frozen=True, kw_only=True)
class Study:
    """One question asked of one modality pair of one data set. All fields are identity: they decide the numbers.

    `variants`: the data configurations by label, in the order of the figures. `lambdas`: the grid of alignment
    weights, increasing. `search_space`: the values of each searched field of `Hyperparameters`.
    `configurations`: hyperparameter configurations tried at each λ of each variant, with `search_seeds` replicas.
    `exchange_sweeps`: how often each λ then tries the best configurations of its two neighbours. `finalists`: so many
    of the best are then trained with `final_seeds` further replicas, which choose among them (1: there is no final).
    `seeds`: other replicas that confirm the best of each λ in the first round; later rounds add more where they can
    change a decision, up to `max_seeds` (None: four times `seeds`). `margin`: the difference in accuracy that matters.
    `train_samples`: training rows of a replica; each number is a variant of its own, None is all rows.
    `resamples_rows`: a replica that has all rows trains on a bootstrap sample of them, so that the scatter over seeds
    covers their draw. `objective`: what L_align is. `aligned_width`: it sees only the first so many dimensions of a
    representation, or of its projection; None is all.
    `reports`: how often a full training looks at the validation split, and `halving` decides then whether it goes on.
    `gradient_clip`: the largest norm of a replica's gradient. `alignment_samples`: the test rows on which alignment is
    measured, the first ones. `information_rows`: the information in the data is estimated from so many training
    rows, and from half as many validation rows.
    `concurrency`: configurations of one stratum that are drawn at once, and may be trained at once. The next are drawn
    when they have ended, and learn from them; so the machine's size decides nothing. `rehearsal`: the data are
    generated to try the study.
    Raises Refused for a grid, space or budget that cannot be run.
    """

    name: str
    question: str
    variants: Mapping[str, DataConfig]
    encoder_1: EncoderConfig
    encoder_2: EncoderConfig
    lambdas: tuple[float, ...]
    search_space: Mapping[str, tuple[Any, ...]]
    configurations: int
    seeds: int
    max_epochs: int
    max_seeds: int | None = None
    margin: float = 0.005
    search_seeds: int = 2
    exchange_sweeps: int = 2
    finalists: int = 4
    final_seeds: int = 4
    batch_size: int = 512
    train_samples: tuple[int | None, ...] = (None,)
    resamples_rows: bool = False
    objective: Objective = InfoNce()
    aligned_width: int | None = None
    reports: int = 9
    halving: HalvingPolicy = SuccessiveHalving()
    gradient_clip: float = 1.0
    alignment_samples: int = 2048
    # With so many an atom of the synthetic data errs by a hundredth of a bit; more rows cost trials their cores.
    information_rows: int = 4_000
    concurrency: int = 2
    seed: int = 0
    rehearsal: bool = False

    def __post_init__(self) -> None:
        self._check_types()
        require_name("the name of a study", self.name)
        require_text(f"the question of {self.name!r}", " ".join(str(self.question).split()))
        for label in self.variants:
            require_name(f"the label of a variant of {self.name!r}", label)
        if not self.variants:
            raise Refused(f"study {self.name!r} needs at least one variant, got none")
        if not self.lambdas or list(self.lambdas) != sorted(set(self.lambdas)) or self.lambdas[0] < 0:
            raise Refused(f"lambdas must be at least 0, increasing and without repeats, got {self.lambdas}")
        if not all(map(isfinite, self.lambdas)):
            raise Refused(f"lambdas must be finite numbers, got {self.lambdas}")
        if self.aligned_width is not None and self.aligned_width < 1:
            raise Refused(f"aligned_width must be at least 1, or None for all dimensions, got {self.aligned_width}")
        if not 0 < self.gradient_clip < inf:
            raise Refused(f"gradient_clip must be a number above 0, got {self.gradient_clip}")
        if not 0 < self.margin < 1:
            raise Refused(f"margin must be a difference of accuracies above 0 and below 1, got {self.margin}")
        if self.exchange_sweeps < 0:
            raise Refused(f"exchange_sweeps must be at least 0, got {self.exchange_sweeps}")
        if self.max_seeds is not None and self.max_seeds < self.seeds:
            raise Refused(f"max_seeds must be at least seeds, {self.seeds}, got {self.max_seeds}")
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise Refused(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("seeds", "search_seeds", "final_seeds", "max_seeds"):
            if (getattr(self, name) or 0) > _MOST_SEEDS:
                raise Refused(f"{name} must be at most {_MOST_SEEDS:,}, got {getattr(self, name)}")
        if self.alignment_samples < FEWEST_MEASURED_ROWS:
            raise Refused(f"alignment_samples must be at least {FEWEST_MEASURED_ROWS}, got {self.alignment_samples}")
        self._check_search_space()

    @property
    def base_note(self) -> str | None:
        """What gains and decisions are over, where the grid has no λ = 0."""
        if self.lambdas[0] == 0:
            return None
        base = f"λ = {self.lambdas[0]:g}"
        return f"gains and decisions are over {base}, not over two independent encoders: the grid has no λ = 0"

    @property
    def num_configurations(self) -> int:
        """Configurations tried in each stratum: those asked for, but never more than the space holds."""
        return min(self.configurations, self._space_size)

    @property
    def num_finalists(self) -> int:
        """Configurations in the final of a stratum at most, never more than the space holds; 0 where there is none."""
        number = min(self.finalists, self._space_size)
        return number if number > 1 else 0

    @property
    def most_seeds(self) -> int:
        """Replicas of a λ after which no round adds more."""
        return _SEEDS_BY_ROUNDS * self.seeds if self.max_seeds is None else self.max_seeds

    @property
    def most_packed(self) -> int:
        """Replicas that are trained together; a round of more is cut into several trials."""
        return most_packed(self.encoder_1, self.encoder_2)

    def most_together(self, num_replicas: int) -> int:
        """Up to how many configurations of a stratum are trained together, each with so many replicas."""
        return max(1, self.most_packed // num_replicas) if packs_configurations(self.encoder_1, self.encoder_2) else 1

    @property
    def epochs_per_report(self) -> int:
        """Epochs from one report, and one look at the validation split, to the next."""
        return max(1, self.max_epochs // self.reports)

    @property
    def identity(self) -> str:
        """Hash of everything that decides the study's numbers; equal identities share their records."""
        text = json.dumps(self.describe(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def describe(self) -> dict[str, Any]:
        """The study as plain JSON values; dataclasses carry their type's name."""
        return described(self)

    @property
    def _space_size(self) -> int:
        return prod(len(values) for values in self.search_space.values())

    def _check_types(self) -> None:
        """Refuse what another type would make fail later, with an error that names no field."""
        is_mapping = isinstance(self.variants, Mapping)
        _require_type("variants", self.variants, is_mapping, "data configurations by label")
        for name, values in self.variants.items():
            _require_type(f"variant {name!r}", values, isinstance(values, DataConfig), "a data configuration")
        for name in ("encoder_1", "encoder_2"):
            encoder = getattr(self, name)
            _require_type(name, encoder, hasattr(encoder, "build"), "the configuration of an encoder, such as Mlp()")
        _require_type("objective", self.objective, callable(self.objective), "an objective, such as alignment.Vicreg()")
        is_mapping = isinstance(self.search_space, Mapping)
        _require_type("search_space", self.search_space, is_mapping, "tuples of values by name")
        lists = {"lambdas": self.lambdas, "train_samples": self.train_samples}
        lists |= {f"the search space of {name!r}": values for name, values in self.search_space.items()}
        for name, values in lists.items():
            _require_type(name, values, isinstance(values, tuple | list), "a tuple of values")
        for value in self.lambdas:
            _require_type("lambdas", value, is_number(value), "numbers")
        for value in self.train_samples:
            _require_type("train_samples", value, value is None or type(value) is int, "whole numbers, or None for all")
        for name in _COUNTS:
            value, is_optional = getattr(self, name), name in _OPTIONAL_COUNTS
            expected = f"a whole number{' or None' if is_optional else ''}"
            _require_type(name, value, type(value) is int or (is_optional and value is None), expected)
        for name in ("margin", "gradient_clip"):
            _require_type(name, getattr(self, name), is_number(getattr(self, name)), "a number")

    def _check_search_space(self) -> None:
        known = {field.name for field in fields(Hyperparameters)}
        for name, values in self.search_space.items():
            if name not in known:
                raise Refused(f"the search space has {name!r}, expected fields of Hyperparameters: {sorted(known)}")
            if not values or len(set(values)) != len(values):
                raise Refused(f"the search space of {name!r} must be distinct values, got {values}")
            if any(isinstance(value, float) and not isfinite(value) for value in values):
                raise Refused(f"the search space of {name!r} must be finite numbers, got {values}")
            for value in values:
                Hyperparameters(**{"learning_rate": 1.0, name: value})  # refuses what nothing can be trained with
        if "learning_rate" not in self.search_space:
            raise Refused(f"the search space must have learning_rate, got {sorted(self.search_space)}")
        taken = {"dropout_1": ("dropout", self.encoder_1), "dropout_2": ("dropout", self.encoder_2)}
        for name, (parameter, encoder) in taken.items():
            if name in self.search_space and parameter not in encoder.hyperparameters:
                raise Refused(f"the search space has {name}, but {encoder} takes no {parameter}")
        for encoder in (self.encoder_1, self.encoder_2):
            if "depth" in self.search_space and "depth" not in encoder.hyperparameters:
                raise Refused(f"the search space has depth, but {encoder} takes no depth")
