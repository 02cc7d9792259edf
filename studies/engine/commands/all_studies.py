"""Several studies as one job: one after another on one Ray session, and a comparison at the end."""

import sys
from collections.abc import Sequence

from studies.engine.cluster.option_check import check_options
from studies.engine.commands.exit_codes import EXIT_FAILED, before_anything, command
from studies.engine.commands.main import study_as_asked
from studies.engine.options import AllOptions, chosen_studies, parse
from studies.engine.study import Study
from trainables.data import MissingDataError


def all_command(studies: Sequence[Study]) -> None:
    """Run every study whose data are there, and compare what came out; exit codes as of a single study.

    A study that fails or is refused is named and stops no other; the exit code is then 1.
    """
    with command("studies") as console:
        options = parse(AllOptions, "Which alignment is best for each data set, and does it follow the redundancy?")
        with before_anything():
            chosen = [study_as_asked(study, options, console) for study in chosen_studies(studies, options.studies)]
            check_options(chosen, options)
            if options.dry_run:
                from studies.engine.commands.dry_run import print_plan  # late: what it imports is for plans alone

                for study in chosen:
                    print_plan(study, options, console)
                return
        # Late: tables, figures and laws are for those whose options are in order.
        from studies.engine.commands.compare_studies import compare_recorded
        from studies.engine.commands.one_after_another import run_all

        ran, left_out, failed = run_all(chosen, options, console)
        if not ran:
            raise MissingDataError(f"no study's data are in {options.data_dir}; --rehearse runs on generated data")
        console.rule("all studies")
        compare_recorded(ran, left_out, options, console)
        if failed:
            console.print(f"not all went well: {', '.join(failed)}", style="red")
            sys.exit(EXIT_FAILED)
