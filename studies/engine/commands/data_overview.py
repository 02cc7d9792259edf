"""The data of a study on one screen: how many rows, of which shapes, how balanced, what is missing."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from studies.engine.commands.kept_findings import kept
from studies.engine.description import described
from studies.engine.study import Study
from trainables.config import DataConfig
from trainables.data import MissingDataError, content, load, modalities, require
from trainables.data.splits import REGRESSION
from trainables.data.summary import summary
from trainables.data.validation import check

_MOST_CLASSES_LISTED = 5


def print_data(study: Study, data_dir: Path, console: Console) -> None:
    """Print what the data of each variant are made of and what is remarkable about them, or which files are missing.

    What was found of the same files before is not looked for again: see `kept`.
    Raises Refused for data that the study cannot be trained on.
    """
    names = modalities(next(iter(study.variants.values())), data_dir)
    table = Table("data", "split", "rows", "labels", *names, box=box.SIMPLE_HEAD, padding=0)
    notes = []
    for label, config in study.variants.items():
        try:
            require(config, data_dir)
        except MissingDataError as error:
            notes.append(f"{label}: {error}")
            continue
        found = _findings(config, data_dir, study.batch_size)
        notes += [f"{label}: {warning}" for warning in found["warnings"]]
        for part in found["splits"]:
            cells = [_modality(**modality) for modality in part["modalities"]]
            labels = _labels(found["task"], part["class_shares"])
            table.add_row(label, part["name"], str(part["num_rows"]), labels, *cells)
            label = ""
    if table.row_count:
        console.print(table)
    for note in notes:
        console.print(note, style="yellow")


def _findings(config: DataConfig, data_dir: Path, batch_size: int) -> dict[str, Any]:
    """Task, warnings and the three splits' summaries of a data set that is there, as JSON values."""

    def find() -> dict[str, Any]:
        splits = load(config, data_dir)
        warnings = check(splits, batch_size)
        return {"task": splits.task, "warnings": warnings, "splits": [asdict(part) for part in summary(splits)]}

    return kept("data", [described(config), content(config, data_dir), batch_size], find)


def _labels(task: str, shares: Sequence[float]) -> str:
    """Share of each class, or of values above 0; where classes are many, the smallest and the largest share."""
    if task == REGRESSION:
        return f"{shares[1]:.1%} above 0"
    if len(shares) > _MOST_CLASSES_LISTED:
        return f"{len(shares)}: {min(shares):.1%}–{max(shares):.1%}"
    return " ".join(f"{share:.1%}" for share in shares)


def _modality(*, name: str, row_shape: Sequence[int], mean_length: float | None, missing_share: float) -> str:
    """Shape of a row, and where they are worth a word the real steps and the rows in which all is 0."""
    text = "×".join(map(str, row_shape))
    if mean_length is not None:
        text += f", {mean_length:.1f} steps"
    missing = f"{missing_share:.1%}"
    return text if missing == "0.0%" else f"{text}, {missing} all 0"
