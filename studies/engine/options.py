"""The command line: what may be asked of a study when it is run, each option explained where it is declared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import tyro

from studies.engine.study import Study
from trainables.data.stand_in import shapes

_QUICK: Mapping[str, Any] = {
    "configurations": 2,
    "seeds": 2,
    "search_seeds": 1,
    "max_epochs": 4,
}
_QUICK_ROWS = 512


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where a study runs, and changes to what it asks."""

    num_gpus: int | None = None
    """GPUs to use on this machine; those it has where not given. More than it has are refused."""
    num_cpus: int | None = None
    """CPU cores to use on this machine; those it has where not given."""
    gpus_per_trial: float | None = None
    """GPU share of a trial: 0.25 puts four trials on a card. 1 where there are GPUs, else 0."""
    cpus_per_trial: float | None = None
    """CPU cores of a trial; where not given, 1, or less where GPUs hold more trials than there are cores."""
    simulate_gpus: int = 0
    """Declare this many GPUs that do not exist and train on the CPU, to rehearse a cluster."""
    address: str | None = None
    """A running Ray cluster to use (auto, host:port or ray://host:port) instead of starting one here."""
    wait_minutes: float = 0
    """With --address: how long to wait for a node on which a trial fits, on a cluster that grows as it is asked to."""
    data_dir: Path = Path("data")
    """Folder with the data sets' raw files."""
    tracking_uri: str = "sqlite:///mlflow.db"
    """MLflow's tracking store: a database URI or the address of a server."""
    storage: str = "runs"
    """Folder or URI (s3://bucket/path) for the journal, checkpoints and figures; every node must reach it."""
    lambdas: tuple[float, ...] | None = None
    """The grid of λ instead of the study's own."""
    seeds: int | None = None
    """Seeds that confirm the best configuration of each λ."""
    configurations: int | None = None
    """Hyperparameter configurations tried at each λ."""
    max_epochs: int | None = None
    """Epochs of a full training."""
    train_samples: tuple[int, ...] | None = None
    """Training rows of a replica; each number given is a variant of its own."""
    variants: tuple[str, ...] | None = None
    """Run only the variants with these labels."""
    dry_run: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print the plan and what it costs, and stop."""
    fresh: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Start over instead of continuing; what was recorded stays, marked as superseded."""
    quick: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """The smallest sensible form of the study, to see it work; its figures mean nothing."""
    rehearse: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Where the data are not there, run on generated data of their shapes; all that is recorded says REHEARSAL."""

    def __post_init__(self) -> None:
        for name in ("num_gpus", "num_cpus", "simulate_gpus", "gpus_per_trial", "cpus_per_trial", "wait_minutes"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"--{name.replace('_', '-')} must be at least 0, got {value}")
        if self.num_gpus and self.simulate_gpus:
            raise ValueError("--num-gpus and --simulate-gpus exclude each other: GPUs are real or simulated")
        if self.address is not None and (self.num_gpus is not None or self.num_cpus is not None or self.simulate_gpus):
            raise ValueError(
                "--address uses a running cluster's resources: leave --num-gpus, --num-cpus and --simulate-gpus out"
            )
        if self.wait_minutes and self.address is None:
            raise ValueError("--wait-minutes is for a cluster that grows: it needs --address")

    @property
    def is_client(self) -> bool:
        """Whether this process is no member of the cluster, but speaks to it through a Ray client."""
        return self.address is not None and self.address.startswith("ray://")


@dataclass(frozen=True, kw_only=True)
class AllOptions(Options):
    """Which studies, where they run, and changes to what they ask."""

    studies: tuple[str, ...] | None = None
    """Run only the studies with these names."""


AnyOptions = TypeVar("AnyOptions", bound=Options)


def parse(kind: type[AnyOptions], description: str) -> AnyOptions:
    """Options of that kind from the command line of a study's script, whose `--help` begins with the description."""
    return tyro.cli(kind, description=description)


def chosen_studies(studies: Sequence[Study], names: Sequence[str] | None) -> list[Study]:
    """The studies of those names, all where there are none. Raises ValueError for a name that no study has."""
    known = [study.name for study in studies]
    if unknown := sorted(set(names or ()) - set(known)):
        raise ValueError(f"no study is named {', '.join(unknown)}; expected some of {', '.join(known)}")
    return [study for study in studies if names is None or study.name in names]


def resolve(study: Study, options: Options) -> Study:
    """The study as the options ask for it.

    Raises ValueError for a variant, or a number of training rows, that its data do not have.
    """
    changes: dict[str, Any] = {}
    if options.quick:
        ends_and_middle = {study.lambdas[0], study.lambdas[len(study.lambdas) // 2], study.lambdas[-1]}
        changes |= {**_QUICK, "lambdas": tuple(sorted(ends_and_middle))}
        fewest = min(shapes(data, options.data_dir).sizes[0] for data in study.variants.values())
        changes["train_samples"] = (_QUICK_ROWS if fewest > _QUICK_ROWS else None,)
    for name in ("lambdas", "seeds", "configurations", "max_epochs", "train_samples"):
        if getattr(options, name) is not None:
            changes[name] = getattr(options, name)
    if options.variants is not None:
        unknown = [label for label in options.variants if label not in study.variants]
        if unknown:
            raise ValueError(f"{study.name} has no variant {unknown}, expected some of {list(study.variants)}")
        changes["variants"] = {label: study.variants[label] for label in options.variants}
    study = replace(study, **changes)
    for label, data in study.variants.items():
        num_rows = shapes(data, options.data_dir).sizes[0]
        for count in study.train_samples:
            if count is not None and not 1 < count <= num_rows:
                raise ValueError(f"--train-samples must be 2 to the {num_rows} training rows of {label}, got {count}")
    return study


def storage_root(options: Options) -> str:
    """`--storage` as a URI or an absolute path, since Ray's workers run in folders of their own."""
    return options.storage if "://" in options.storage else str(Path(options.storage).absolute())
