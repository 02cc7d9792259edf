"""What a study would do and what it costs, printed instead of run."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.engine.commands.cost import stage_costs
from studies.engine.commands.data_overview import print_data
from studies.engine.description import has_user_code
from studies.engine.inputs.information_size import information_size, merging_note
from studies.engine.options import Options
from studies.engine.study import Study
from trainables.data import shapes


def print_plan(study: Study, options: Options, console: Console) -> None:
    """Print what would be run, what it costs, and what the data are where they are there."""
    console.print(Text.assemble((study.name, "bold"), f" {study.identity}: {study.question}"))
    console.print(f"λ: {', '.join(f'{value:g}' for value in study.lambdas)}")
    if study.base_note:
        console.print(study.base_note, style="yellow")
    for name, values in study.search_space.items():
        console.print(f"{name}: {', '.join(str(value) for value in values)}")
    print_data(study, options.data_dir, console)
    if has_user_code(study):
        from studies.engine.inputs.trial_check import check_trials  # late: brings PyTorch along

        check_trials(study, {config: shapes(config, options.data_dir) for config in study.variants.values()}, console)
    costs = stage_costs(study, options.data_dir)
    table = Table("stage", "trials at most", "seeds", "epochs", "s an epoch", "s a trial", "core-seconds at most")
    for stage, cost in costs.items():
        table.add_row(
            stage,
            str(cost.num_trials),
            str(cost.num_replicas),
            str(study.max_epochs),
            f"{cost.epoch_seconds:.2f}",
            f"{cost.trial_seconds:.2f}",
            f"{cost.seconds:.0f}",
        )
    console.print(table)
    total = sum(cost.seconds for cost in costs.values())
    console.print(
        f"at most {total:.0f} core-seconds ({total / 3600:.2f} core-hours) of training on cores like this machine's; "
        "successive halving may stop some of the search's trials earlier, and rounds end where all is decided",
    )
    _print_information(study, options, console)


def _print_information(study: Study, options: Options, console: Console) -> None:
    """Print what the estimate of the information in each variant's data takes, and where it merges classes."""
    for label, config in study.variants.items():
        known = shapes(config, options.data_dir)
        size = information_size(known, study.information_rows)
        console.print(
            f"{label}: the information in the data is estimated beside the training, from {size.num_rows} "
            f"training and {size.num_held_out_rows} validation rows of {size.num_classes} classes: "
            f"about {size.seconds:.0f} core-seconds"
        )
        if note := merging_note(known.num_classes):
            console.print(f"{label}: {note}", style="yellow")
