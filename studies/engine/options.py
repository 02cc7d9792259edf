"""The command line: what may be asked of a study when it is run, each option explained where it is declared."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Annotated, Any, TypeVar

import tyro

from alignment import NAMED_OBJECTIVES, Objective
from analysis.connection import tracking_store
from studies.engine.recording.places import absolute_place
from studies.engine.study import Study
from trainables.config import Refused
from trainables.data import shapes
from trainables.user_code import imported

_QUICK: Mapping[str, Any] = {
    "configurations": 2,
    "seeds": 2,
    "max_seeds": 2,
    "search_seeds": 1,
    "finalists": 1,
    "max_epochs": 4,
    "information_rows": 400,
}
_QUICK_ROWS = 512
_TO_SEE_IT_WORK = "Only to see it work (--quick), figures and decisions mean nothing"
_ADDRESS = re.compile(r"auto|(ray://)?[^\s/]+:(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535
_SMALLEST_SHARE = 0.0001  # of a core or a GPU, that Ray can give away
# Fields of a study that options of the same names replace.
_CHANGES = (
    "lambdas",
    "seeds",
    "max_seeds",
    "margin",
    "configurations",
    "max_epochs",
    "train_samples",
    "aligned_width",
)


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
    tracking_uri: str | None = None
    """MLflow's tracking store, a database URI or the address of a server; MLFLOW_TRACKING_URI, or else
    sqlite:///mlflow.db, where not given."""
    storage: str = "runs"
    """Folder or URI (s3://bucket/path) for the journal, checkpoints and figures; every node must reach it."""
    lambdas: tuple[float, ...] | None = None
    """The grid of λ instead of the study's own."""
    seeds: int | None = None
    """Seeds that confirm the best configuration of each λ in the first round."""
    max_seeds: int | None = None
    """Seeds of a λ after which no further round begins, decided or not; of most studies four times `seeds`. Another
    number makes another study, which starts over."""
    max_hours: float | None = None
    """Hours after which no further round begins; the same command goes on with the rounds later."""
    margin: float | None = None
    """The difference in accuracy that matters, .005 for half a point."""
    configurations: int | None = None
    """Hyperparameter configurations tried at each λ."""
    max_epochs: int | None = None
    """Epochs of a full training."""
    train_samples: tuple[int, ...] | None = None
    """Training rows of a replica; each number given is a variant of its own."""
    resamples_rows: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Where all training rows are used: draw them anew, with replacement, for each replica."""
    variants: tuple[str, ...] | None = None
    """Run only the variants with these labels."""
    objective: str | None = None
    """What L_align is: infonce, siglip, vicreg, cka, or an import path of your own (my_lab.losses:MyObjective)."""
    aligned_width: int | None = None
    """Align only the first so many dimensions of the representations, or of their projections."""
    fresh: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Start over instead of continuing; what was recorded stays, marked as superseded."""
    quick: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """The smallest sensible form of the study, to see it work; its figures mean nothing."""
    verbose: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """At the end also print accuracy over λ, which the report and scores.csv have."""

    def __post_init__(self) -> None:
        for name in (
            "num_gpus",
            "num_cpus",
            "simulate_gpus",
            "gpus_per_trial",
            "cpus_per_trial",
            "wait_minutes",
            "max_hours",
        ):
            value = getattr(self, name)
            if value is not None and not 0 <= value < inf:
                raise Refused(f"--{name.replace('_', '-')} must be a number from 0 on, got {value}")
        if self.num_cpus == 0:
            raise Refused("--num-cpus must be at least 1, got 0: a trial without a core is never trained")
        for name in ("gpus_per_trial", "cpus_per_trial"):
            value = getattr(self, name)
            if value and value < _SMALLEST_SHARE:
                raise Refused(f"--{name.replace('_', '-')} must be 0 or at least {_SMALLEST_SHARE:g}, got {value:g}")
        if self.gpus_per_trial is not None and self.gpus_per_trial > 1 and self.gpus_per_trial % 1:
            raise Refused(
                f"--gpus-per-trial must be a share of one GPU or a whole number of them, got {self.gpus_per_trial:g}"
            )
        if self.num_gpus and self.simulate_gpus:
            raise Refused("--num-gpus and --simulate-gpus exclude each other: GPUs are real or simulated")
        if self.address is not None and (self.num_gpus is not None or self.num_cpus is not None or self.simulate_gpus):
            raise Refused(
                "--address uses a running cluster's resources: leave --num-gpus, --num-cpus and --simulate-gpus out"
            )
        if self.address is not None and not _is_address(self.address):
            raise Refused(f"--address must be auto, host:port or ray://host:port, got {self.address!r}")
        if self.wait_minutes and self.address is None:
            raise Refused("--wait-minutes is for a cluster that grows: it needs --address")

    @property
    def is_client(self) -> bool:
        """Whether this process is no member of the cluster, but speaks to it through a Ray client."""
        return self.address is not None and self.address.startswith("ray://")


@dataclass(frozen=True, kw_only=True)
class CommandOptions(Options):
    """Where a study runs, changes to what it asks, and whether it runs at all."""

    dry_run: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print the plan and what it costs, and stop."""
    rehearse: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Where the data are not there, run on generated data of their shapes; all that is recorded says REHEARSAL."""


@dataclass(frozen=True, kw_only=True)
class AllOptions(CommandOptions):
    """Which studies, where they run, and changes to what they ask."""

    studies: tuple[str, ...] | None = None
    """Run only the studies with these names."""


AnyOptions = TypeVar("AnyOptions", bound=Options)


def _is_address(address: str) -> bool:
    """Whether it may be that of a Ray cluster."""
    found = _ADDRESS.fullmatch(address)
    return found is not None and int(found["port"] or 0) <= _LAST_PORT


def parse(kind: type[AnyOptions], description: str) -> AnyOptions:
    """Options of that kind from the command line of a study's script, whose `--help` begins with the description."""
    return tyro.cli(kind, description=description)


def chosen_studies(studies: Sequence[Study], names: Sequence[str] | None) -> list[Study]:
    """The studies of those names, all where there are none. Raises Refused for a name that no study has."""
    known = [study.name for study in studies]
    if unknown := sorted(set(names or ()) - set(known)):
        raise Refused(f"no study is named {', '.join(unknown)}; expected some of {', '.join(known)}")
    return [study for study in studies if names is None or study.name in names]


def resolve(study: Study, options: Options) -> Study:
    """The study as the options ask for it.

    Raises Refused for a variant, or a number of training rows, that its data do not have.
    """
    changes: dict[str, Any] = {}
    if options.quick:
        ends_and_middle = {study.lambdas[0], study.lambdas[len(study.lambdas) // 2], study.lambdas[-1]}
        changes |= {**_QUICK, "lambdas": tuple(sorted(ends_and_middle))}
        changes["question"] = f"{_TO_SEE_IT_WORK}: {study.question}"
        fewest = min(shapes(data, options.data_dir).sizes[0] for data in study.variants.values())
        changes["train_samples"] = (_QUICK_ROWS if fewest > _QUICK_ROWS else None,)
    if options.objective is not None:
        changes["objective"] = named_objective(options.objective)
    if options.resamples_rows:
        changes["resamples_rows"] = True
    most_seeds = changes.get("max_seeds", study.max_seeds)
    if options.seeds is not None and most_seeds is not None:
        changes["max_seeds"] = max(options.seeds, most_seeds)
    for name in _CHANGES:
        if getattr(options, name) is not None:
            changes[name] = getattr(options, name)
    if options.variants is not None:
        unknown = [label for label in options.variants if label not in study.variants]
        if unknown:
            raise Refused(f"{study.name} has no variant {unknown}, expected some of {list(study.variants)}")
        changes["variants"] = {label: study.variants[label] for label in options.variants}
    study = replace(study, **changes)
    for label, data in study.variants.items():
        num_rows = shapes(data, options.data_dir).sizes[0]
        for count in study.train_samples:
            if count is not None and not 1 < count <= num_rows:
                raise Refused(f"--train-samples must be 2 to the {num_rows} training rows of {label}, got {count}")
    return study


def named_objective(name: str) -> Objective:
    """The objective of a short name, with its defaults, or what an import path names: an objective, or a class of them.

    Raises Refused for a name that is neither.
    """
    if ":" in name:
        found = imported(name)
        if not isinstance(found, type):
            return found
        try:
            return found()
        except Exception as error:  # the user's code may raise anything
            raise Refused(
                f"{name}: making it without arguments raised {type(error).__name__}: {error}. Give its fields "
                "defaults, or name an object of it"
            ) from error
    if name not in NAMED_OBJECTIVES:
        known = ", ".join(NAMED_OBJECTIVES)
        raise Refused(f"--objective must be one of {known}, or an import path package.module:name, got {name!r}")
    return NAMED_OBJECTIVES[name]()


def tracking_uri(options: Options) -> str:
    """The address of MLflow's store."""
    return tracking_store(options.tracking_uri)[0]


def storage_root(options: Options) -> str:
    """`--storage` as a URI or an absolute path, since Ray's workers run in folders of their own."""
    return absolute_place(options.storage)
