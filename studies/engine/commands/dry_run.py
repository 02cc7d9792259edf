"""What a study would do and what it costs, printed instead of run."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.engine.commands.cost import stage_costs
from studies.engine.commands.data_overview import print_data
from studies.engine.options import Options
from studies.engine.study import Study


def print_plan(study: Study, options: Options, console: Console) -> None:
    """Print what would be run, what it costs, and what the data are where they are there."""
    console.print(Text.assemble((study.name, "bold"), f" {study.identity}: {study.question}"))
    console.print(f"λ: {', '.join(f'{value:g}' for value in study.lambdas)}")
    for name, values in study.search_space.items():
        console.print(f"{name}: {', '.join(str(value) for value in values)}")
    print_data(study, options.data_dir, console)
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
        "successive halving stops most of the search's trials earlier, and rounds end where all is decided",
    )
