"""The machinery that all studies share: `Study` says what is asked, `main` answers it."""

from studies.engine.study import Study

__all__ = ["Study", "main"]


def main(study: Study) -> None:
    """Run a study as its command line asks; ends the process with an exit code."""
    # Ray's workers import this package too, and have no use for MLflow, Optuna and the terminal.
    from studies.engine.run import run_from_command_line

    run_from_command_line(study)
