"""One study from its command line: what is asked is checked first, then planned or run."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from studies.engine.cluster.option_check import check_options
from studies.engine.commands.exit_codes import before_anything, command, stop_if_interrupted
from studies.engine.commands.rehearse import rehearsed
from studies.engine.options import CommandOptions, parse, resolve
from studies.engine.running import run_with
from studies.engine.study import Study
from trainables.data import MissingDataError


def study_command(study: Study) -> None:
    """Run one study as its command line asks; leave with 0, or with 1 (trials failed), 2 (refused), 130 (stopped)."""
    with command(study.name) as console:
        run_as_asked(study, parse(CommandOptions, study.question), console)


def run_as_asked(study: Study, options: CommandOptions, console: Console) -> None:
    """Print the study's plan, or run it."""
    with before_anything():
        study = study_as_asked(study, options, console)
        check_options([study], options)
        if options.dry_run:
            from studies.engine.commands.dry_run import print_plan  # late: what it imports is for plans alone

            print_plan(study, options, console)
            return
    with _hint_at_rehearsals():
        stop_if_interrupted(run_with(study, options, console), console)


def study_as_asked(study: Study, options: CommandOptions, console: Console) -> Study:
    """The study with what the options change, on generated data where they ask for a rehearsal."""
    study = resolve(study, options)
    return rehearsed(study, options.data_dir, console) if options.rehearse else study


@contextmanager
def _hint_at_rehearsals() -> Iterator[None]:
    try:
        yield
    except MissingDataError as error:
        raise MissingDataError(f"{error}\nWithout them: --rehearse runs on generated data of their shapes.") from None
