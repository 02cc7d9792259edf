"""The data of a study on one screen: how many rows, of which shapes, how balanced, what is missing."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from trainables.config import DataConfig
from trainables.data import MissingDataError, load, require
from trainables.data.splits import REGRESSION, Splits
from trainables.data.summary import ModalitySummary, SplitSummary, summary
from trainables.data.validation import check

_MOST_CLASSES_LISTED = 5


def print_data(label: str, config: DataConfig, data_dir: Path, batch_size: int, console: Console) -> None:
    """Print what a variant's data are made of and what is remarkable about them, or which files are missing.

    Raises ValueError for data that cannot be trained on.
    """
    try:
        require(config, data_dir)
    except MissingDataError as error:
        console.print(f"[yellow]{label}: {error}[/yellow]", highlight=False)
        return
    splits = load(config, data_dir)
    warnings = check(splits, batch_size)
    parts = summary(splits)
    shapes = " and ".join(f"{part.name} {list(part.row_shape)}" for part in parts[0].modalities)
    task = "values, scored on their sign" if splits.task == REGRESSION else f"{splits.num_classes} classes"
    console.print(f"{label}: {shapes}; {task}", highlight=False)
    console.print(_table(splits, parts))
    for warning in warnings:
        console.print(f"[yellow]{label}: {warning}[/yellow]", highlight=False)


def _table(splits: Splits, parts: list[SplitSummary]) -> Table:
    shares = "above 0" if splits.task == REGRESSION else "class shares"
    table = Table("split", "rows", shares, *splits.modalities, box=box.SIMPLE_HEAD, padding=0)
    for part in parts:
        modalities = [_modality(modality) for modality in part.modalities]
        table.add_row(part.name, str(part.num_rows), _shares(splits, part.class_shares), *modalities)
    return table


def _shares(splits: Splits, shares: tuple[float, ...]) -> str:
    if splits.task == REGRESSION:
        return f"{shares[1]:.1%}"
    if len(shares) > _MOST_CLASSES_LISTED:
        return f"{min(shares):.1%} to {max(shares):.1%}"
    return " ".join(f"{share:.1%}" for share in shares)


def _modality(part: ModalitySummary) -> str:
    length = "" if part.mean_length is None else f"{part.mean_length:.1f} of {part.row_shape[0]} steps, "
    return f"{length}{part.missing_share:.1%} missing"
