"""Studies: one short declarative script each, and the engine that runs them.

From Python: `outcome = run(study, num_gpus=2)`; from a script's command line: `main(study)`. `archive_study` makes a
study of a feature archive.
"""

from typing import TYPE_CHECKING, Any

from studies.engine import Study, main
from studies.engine.outcome import Outcome, StudyFailed
from studies.engine.search.halving import SuccessiveHalving
from trainables.config import Refused

if TYPE_CHECKING:
    from studies.engine.commands.archive_study import archive_study

__all__ = ["Outcome", "Refused", "Study", "StudyFailed", "SuccessiveHalving", "archive_study", "main", "run"]


def run(study: Study, **options: Any) -> Outcome:
    """Run a study, or go on with it, and return its conclusions as tables (pandas), figures and a page.

    `options`: those of the command line, by keyword: `run(study, num_gpus=2, storage="runs")`. No exit code, and
    signal handlers, environment variables and a Ray session that is already there are left as they were.
    Raises Refused, a ValueError, for what cannot be run as it is asked, before anything is trained; StudyFailed where
    a part of the study has no result; and OSError where its storage fails. Where somebody stops it (Ctrl-C), the
    outcome says so.
    """
    from studies.engine.api import run_with_options  # late: brings Ray and MLflow along

    return run_with_options(study, options)


def __getattr__(name: str) -> Any:
    if name != "archive_study":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from studies.engine.commands.archive_study import archive_study  # late: brings the readers of archives along

    return archive_study
