"""Several studies on one Ray session: one that fails or is refused stops no other."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from analysis.records import LeftOut
from studies.engine.cluster.session import cluster_for
from studies.engine.commands.exit_codes import stop_if_interrupted
from studies.engine.options import Options
from studies.engine.outcome import StudyFailed
from studies.engine.printing import labelled
from studies.engine.running import run_with
from studies.engine.study import Study
from trainables.config import Refused
from trainables.data import MissingDataError


def run_all(
    studies: Sequence[Study], options: Options, console: Console
) -> tuple[list[Study], list[LeftOut], list[str]]:
    """Run all whose data are there; returns those, those left out, and the names of those that failed."""
    ran, left_out, failed = [], [], []
    with cluster_for(studies, options) as cluster:
        for study in studies:
            console.rule(Text(study.name))
            try:
                stop_if_interrupted(run_with(study, options, console, cluster), console)
            except MissingDataError as error:
                console.print(f"{study.name} is left out: {error}", style="yellow")
                left_out.append(LeftOut(name=study.name, reason="its data are not there"))
                continue
            except (Refused, StudyFailed) as error:
                console.print(labelled(study.name, str(error), "red"))
                failed.append(study.name)
            ran.append(study)
    return ran, left_out, failed
