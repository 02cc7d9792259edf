"""A study script and its options, checked as the engine checks them, and as they will be asked for in a job."""

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console

from studies.engine.commands.archive_study import ArchiveOptions, archive_study
from studies.engine.commands.rehearse import rehearsed
from studies.engine.description import user_sources
from studies.engine.options import AllOptions, CommandOptions, chosen_studies, resolve
from studies.engine.study import Study
from trainables.config import Refused
from trainables.data import MissingDataError, require

DATA_FOLDER = Path("/data")
TRACKING_SERVER = "http://mlflow:5000"
ARCHIVE_SCRIPT = "custom"  # others with a template ask something else of an archive than a study
SCRIPTS = Path(__file__).parents[1] / "studies"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a job runs: a script with options, which ask for these studies.

    `identity`: the study's own, or a hash of all where the script runs several.
    """

    script: str
    options: CommandOptions
    studies: Sequence[Study]

    @property
    def name(self) -> str:
        """The study's name, or the script's where it runs several."""
        return self.studies[0].name if len(self.studies) == 1 else self.script

    @property
    def identity(self) -> str:
        """What decides the numbers of all studies together."""
        if len(self.studies) == 1:
            return self.studies[0].identity
        return hashlib.sha256(" ".join(study.identity for study in self.studies).encode()).hexdigest()[:12]

    @property
    def missing_data(self) -> list[str]:
        """What must be put into the job's data folder, as the readers of the data say it."""
        missing = []
        for data in dict.fromkeys(data for study in self.studies for data in study.variants.values()):
            try:
                require(data, self.options.data_dir)
            except MissingDataError as error:
                missing.append(str(error))
        return missing

    @property
    def own_code(self) -> list[str]:
        """Top-level packages of the user's own that the job's image must have, as the project's image has none."""
        names = (name.partition(":")[0].partition(".")[0] for study in self.studies for name in user_sources(study))
        return sorted(set(names))


def choose(script: str, arguments: Sequence[str], storage: str) -> Chosen:
    """The studies of `studies/<script>.py` as the arguments ask for them, with a job's places for what they leave open.

    Raises Refused for a script that is no study, or options that a job sets itself or that the study refuses;
    tyro ends the process, as the study's own command would, for options that there are not.
    """
    module = _module(script)
    if hasattr(module, "STUDIES"):
        options = _for_a_job(_parse(AllOptions, script, arguments), storage)
        studies = [resolve(study, options) for study in chosen_studies(module.STUDIES, options.studies)]
    elif script == ARCHIVE_SCRIPT:
        asked = _parse(ArchiveOptions, script, arguments)
        study = archive_study(module.TEMPLATE, asked.archive, asked.modalities, asked.task)
        resolve(study, replace(asked, data_dir=asked.archive))
        there = DATA_FOLDER / asked.archive.name
        options = _for_a_job(replace(asked, archive=there), storage)
        return Chosen(script=script, options=options, studies=[study])
    else:
        options = _for_a_job(_parse(CommandOptions, script, arguments), storage)
        studies = [resolve(module.STUDY, options)]
    if options.rehearse:
        studies = [rehearsed(study, options.data_dir, Console(quiet=True)) for study in studies]
    return Chosen(script=script, options=options, studies=studies)


def _module(script: str) -> Any:
    names = sorted(path.stem for path in SCRIPTS.glob("*.py") if path.stem != "__init__")
    module = importlib.import_module(f"studies.{script}") if script in names else None
    if script != ARCHIVE_SCRIPT and not any(hasattr(module, name) for name in ("STUDY", "STUDIES")):
        raise Refused(f"no study is named {script}; expected the name of a study's script in {SCRIPTS.name}/")
    return module


def _parse(kind: type[Any], script: str, arguments: Sequence[str]) -> Any:
    return tyro.cli(kind, prog=f"studies/{script}.py", args=list(arguments))


def _for_a_job(options: Any, storage: str) -> Any:
    """Options with the cluster's address, and its places for data, results and records unless others are given."""
    given = [name for name in ("address", "num_gpus", "num_cpus") if getattr(options, name) is not None]
    given += [name for name in ("simulate_gpus", "dry_run") if getattr(options, name)]
    if given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise Refused(f"{names}: a job has a cluster of its own; leave that out")
    places = {"data_dir": DATA_FOLDER, "storage": storage, "tracking_uri": TRACKING_SERVER}
    defaults = CommandOptions()
    unset = {name: place for name, place in places.items() if getattr(options, name) == getattr(defaults, name)}
    return replace(options, address="auto", **unset)
