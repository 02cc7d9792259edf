"""A study of the users' own features: everything but the data is given, and the encoders follow the rows' shapes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from studies.engine.commands.exit_codes import before_anything, command
from studies.engine.commands.main import run_as_asked
from studies.engine.options import CommandOptions, parse
from studies.engine.study import Study
from trainables.config import ArchiveData, default_encoder
from trainables.data import MissingDataError, shapes
from trainables.data.archive.archive_file import is_archive
from trainables.data.archive.npy_folder import archive_content
from trainables.data.splits import Task

Template = Callable[..., Study]


@dataclass(frozen=True, kw_only=True)
class ArchiveOptions(CommandOptions):
    """Which features, where the study runs, and changes to what it asks."""

    archive: Path
    """The feature archive, an npz file or another of those in docs/own-data.md."""
    modalities: tuple[str, str]
    """Names of the two modalities in the archive."""
    task: Task | None = None
    """What the labels are: classes, or values to regress, scored on their sign. Needed where they do not say so."""


def archive_command(template: Template) -> None:
    """Run a study of the feature archive that the command line names; exit codes as of any study."""
    with command("feature archive") as console:
        options = parse(ArchiveOptions, "Should the encoders of one's own features be aligned, and how strongly?")
        with before_anything():
            study = archive_study(template, options.archive, options.modalities, options.task)
        run_as_asked(study, replace(options, data_dir=options.archive), console)


def archive_study(
    template: Template, archive: Path | str, modalities: tuple[str, str], task: Task | None = None
) -> Study:
    """The study of two modalities of an archive; `template` makes it of name, question, variants and encoders.

    `task`: what the labels are, None where they say so themselves. It is of the archive's content, and goes on wherever
    a copy lies. Raises MissingDataError where there is no archive, and Refused, naming the file, where it is not of the
    format, lacks a modality, or has labels that may be read in several ways.
    """
    archive = Path(archive)
    if not is_archive(archive):
        raise MissingDataError(f"expected a feature archive, found no file {archive}, and no folder of .npy files")
    data = ArchiveData(content=archive_content(archive), modalities=modalities, task=task)
    known = shapes(data, archive)
    first, second = modalities
    return template(
        name="-".join(re.sub(r"[^\w.]+", "_", part) for part in (archive.stem, first, second)),
        question=f"How strongly should the encoders of {first} and {second} of {archive.name} be aligned?",
        variants={archive.stem: data},
        encoder_1=default_encoder(known.row_1),
        encoder_2=default_encoder(known.row_2),
    )
