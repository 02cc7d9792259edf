"""The machinery that all studies share: `Study` says what is asked, `main` answers it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from studies.engine.study import Study

__all__ = ["Study", "main", "main_advice", "main_all", "main_archive"]

# Ray's workers import this package too, and have no use for MLflow, Optuna and the terminal: hence the late imports.


def main(study: Study) -> None:
    """Run a study as its command line asks; ends the process with an exit code."""
    from studies.engine.commands.main import study_command

    study_command(study)


def main_all(studies: Sequence[Study]) -> None:
    """Run all studies whose data are there as one job, and compare them; ends the process with an exit code."""
    from studies.engine.commands.all_studies import all_command

    all_command(studies)


def main_archive(template: Callable[..., Study]) -> None:
    """Run a study of a feature archive as the command line asks; `template` is a `Study` that lacks only its data."""
    from studies.engine.commands.archive_study import archive_command

    archive_command(template)


def main_advice(template: Callable[..., Study], law: Path) -> None:
    """Forecast λ* for a feature archive as the command line asks; ends the process with an exit code.

    `template` serves to verify the forecast. `law`: the encoders that it rests on where no recorded study is named, a
    table that was written of several studies.
    """
    from studies.engine.commands.advice import advice_command

    advice_command(template, law)
