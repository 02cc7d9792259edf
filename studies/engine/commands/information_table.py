"""The paper's Table 1 for our data sets, and beside its raw atoms their correction, intervals and a verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.engine.commands.exit_codes import command
from studies.engine.inputs.information import information_record
from studies.engine.options import chosen_studies
from studies.engine.study import Study
from trainables.data import MissingDataError, load, require


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Which data sets, and where the table goes."""

    data_dir: Path = Path("data")
    """Folder with the data sets' raw files; those that are not there are named and left out."""
    studies: tuple[str, ...] | None = None
    """Only the data sets of the studies with these names."""
    out: Path = Path("pid_table.csv")
    """File that the table is written to, one row a data set and atom."""


def print_pid_table(studies: Sequence[Study]) -> None:
    """Estimate the information in the data of `studies` as the command line asks, print it and write it as CSV."""
    with command("information") as console:
        options = tyro.cli(TableOptions, description="What two modalities tell about a label, in bits.")
        chosen = chosen_studies(studies, options.studies)
        table = Table(
            "data set", "atom", "raw", "corrected", "95 % interval", "null", "p", "exact", box=box.SIMPLE_HEAD
        )
        rows = []
        for title, record in _records(chosen, options.data_dir, console):
            console.print(f"{title}: {record['verdict']}")
            for atom, figures in record["atoms"].items():
                described = {"data set": title, "method": record["method"], "atom": atom}
                rows.append({**described, **figures, "num_samples": record["num_samples"]})
                shown = title if atom == "redundancy" else ""
                table.add_row(shown, atom.replace("_", " "), *_cells(figures), end_section=atom == "synergy")
        if rows:
            import pandas as pd  # late: it is imported for nothing where there is no table

            console.print(table)
            pd.DataFrame(rows).to_csv(options.out, index=False)
            console.print(f"written to {options.out}")


def _records(studies: Sequence[Study], data_dir: Path, console: Console) -> Iterator[tuple[str, dict[str, Any]]]:
    for study in studies:
        for label, config in study.variants.items():
            try:
                require(config, data_dir)
            except MissingDataError as error:
                console.print(f"{study.name} {label}: {error}", style="yellow")
                continue
            with console.status(Text(f"estimating {study.name} {label}")):
                splits = load(config, data_dir)
                record = information_record(
                    config, splits, study.encoder_1, study.encoder_2, most_rows=study.information_rows, num_workers=None
                )
            title = f"{study.name} {label} ({' + '.join(splits.modalities)})"
            yield title, record
            if bins := record.get("value_bins"):
                yield f"{title}, value in {bins['num_bins']} quantile bins", bins


def _cells(figures: dict[str, float | None]) -> list[str]:
    def number(name: str) -> str:
        value = figures[name]
        return "" if value is None else f"{value:.3f}"

    interval = f"{number('low')} – {number('high')}"
    return [number("raw"), number("corrected"), interval, number("null_mean"), number("p_value"), number("exact")]
