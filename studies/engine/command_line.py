"""From a command line to a study's exit code: what is asked is checked first, and every refusal says why."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console

from analysis.connection import TrackingServerError, masked
from studies.engine.client import check_places, run_there
from studies.engine.cluster import Cluster, check_local
from studies.engine.compare import compare
from studies.engine.cost import print_plan
from studies.engine.custom import ArchiveOptions, Template, archive_study
from studies.engine.journal import JournalError
from studies.engine.options import AllOptions, Options, chosen_studies, parse, resolve
from studies.engine.rehearsal import rehearsed
from studies.engine.run import StudyFailedError, run
from studies.engine.stopping import stopping_gently
from studies.engine.study import Study
from studies.engine.tracking import UnsentError
from trainables.data import MissingDataError, require

_REFUSALS = (ValueError, FileNotFoundError, JournalError, TrackingServerError)
_FAILURES = (StudyFailedError, UnsentError)

EXIT_FAILED, EXIT_REFUSED, EXIT_INTERRUPTED = 1, 2, 130


def study_command(study: Study) -> None:
    """Run one study as its command line asks; leave with 0, or with 1 (trials failed), 2 (refused), 130 (stopped)."""
    console = Console()
    with exit_codes(study.name, console):
        options = parse(Options, study.question)
        _run_one(study, options, console)


def archive_command(template: Template) -> None:
    """Run a study of the feature archive that the command line names; exit codes as of `study_command`."""
    console = Console()
    with exit_codes("feature archive", console):
        options = parse(ArchiveOptions, "Should the encoders of one's own features be aligned, and how strongly?")
        study = archive_study(template, options.archive, options.modalities)
        _run_one(study, replace(options, data_dir=options.archive), console)


def all_command(studies: Sequence[Study]) -> None:
    """Run every study whose data are there, one after another on one Ray cluster, and compare what came out.

    A study that fails or is refused is named and stops no other; the exit code is then 1. Else as of `study_command`.
    """
    console = Console()
    with exit_codes("studies", console):
        options = parse(AllOptions, "Which alignment is best for each data set, and does it follow the redundancy?")
        chosen = [_prepared(study, options, console) for study in chosen_studies(studies, options.studies)]
        _check_options(options)
        if options.dry_run:
            for study in chosen:
                print_plan(study, options, console)
            return
        with stopping_gently(), Cluster(options) as cluster:
            ran, failed = _run_all(chosen, options, cluster, console)
            if not ran:
                raise MissingDataError(f"no study's data are in {options.data_dir}; --rehearse runs on generated data")
            console.rule("all studies")
            compare(ran, options, console)
        if failed:
            console.print(f"[red]not all went well: {', '.join(failed)}[/red]", highlight=False)
            sys.exit(EXIT_FAILED)


def _run_all(
    studies: Sequence[Study], options: Options, cluster: Cluster, console: Console
) -> tuple[list[Study], list[str]]:
    """Run every study whose data are there; returns those, and the names of those among them that failed."""
    ran, failed = [], []
    for study in studies:
        console.rule(study.name)
        try:
            if cluster.is_local:
                _require_data(study, options)
            _run(study, options, cluster, console)
        except MissingDataError as error:
            console.print(f"[yellow]{study.name} is left out: {error}[/yellow]", highlight=False)
            continue
        except (*_REFUSALS, *_FAILURES) as error:
            console.print(f"[red]{study.name}:[/red] {error}", highlight=False)
            failed.append(study.name)
        ran.append(study)
    return ran, failed


def _run_one(study: Study, options: Options, console: Console) -> None:
    study = _prepared(study, options, console)
    _check_options(options)
    if options.dry_run:
        print_plan(study, options, console)
        return
    with stopping_gently(), Cluster(options) as cluster, _hint_at_rehearsals():
        if cluster.is_local:
            _require_data(study, options)
        _run(study, options, cluster, console)


def _run(study: Study, options: Options, cluster: Cluster, console: Console) -> None:
    if cluster.is_client:
        run_there(study, options, cluster, console)
    else:
        run(study, options, cluster, console)


def _check_options(options: Options) -> None:
    check_local(options)
    if options.is_client:
        check_places(options)


@contextmanager
def _hint_at_rehearsals() -> Iterator[None]:
    try:
        yield
    except MissingDataError as error:
        raise MissingDataError(f"{error}\nWithout them: --rehearse runs on generated data of their shapes.") from None


def _prepared(study: Study, options: Options, console: Console) -> Study:
    study = resolve(study, options)
    return rehearsed(study, options.data_dir, console) if options.rehearse else study


def _require_data(study: Study, options: Options) -> None:
    for data in study.variants.values():
        require(data, options.data_dir)


@contextmanager
def exit_codes(name: str, console: Console) -> Iterator[None]:
    """Turn what ends a study into a sentence and an exit code."""
    try:
        yield
    except _REFUSALS as error:
        console.print(f"[red]{name}:[/red] {error}", highlight=False)
        sys.exit(EXIT_REFUSED)
    except _FAILURES as error:
        console.print(f"[red]{name}:[/red] {error}", highlight=False)
        sys.exit(EXIT_FAILED)
    except OSError as error:  # a full disk, storage that refuses or is gone
        console.print(f"[red]{name}:[/red] {type(error).__name__}: {error}", highlight=False)
        _say_how_to_go_on(
            "What was done is recorded. Once that is mended, the same command goes on from there:", console
        )
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        _say_how_to_go_on("\nStopped. What was done is recorded; the same command goes on from there:", console)
        sys.exit(EXIT_INTERRUPTED)


def _say_how_to_go_on(sentence: str, console: Console) -> None:
    command = masked(shlex.join(argument for argument in sys.argv if argument != "--fresh"))
    console.print(sentence, highlight=False)
    console.print(f"  python {command}", highlight=False, markup=False, soft_wrap=True)
