"""The data of a study on one screen: how many rows, of which shapes, how balanced, what is missing."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from studies.engine.study import Study
from trainables.data import MissingDataError, load, require
from trainables.data.splits import REGRESSION, Splits
from trainables.data.stand_in import modalities
from trainables.data.summary import ModalitySummary, SplitSummary, summary
from trainables.data.validation import check

_MOST_CLASSES_LISTED = 5


def print_data(study: Study, data_dir: Path, console: Console) -> None:
    """Print what the data of each variant are made of and what is remarkable about them, or which files are missing.

    Raises ValueError for data that the study cannot be trained on.
    """
    names = modalities(next(iter(study.variants.values())))
    table = Table("data", "split", "rows", "labels", *names, box=box.SIMPLE_HEAD, padding=0)
    notes = []
    for label, config in study.variants.items():
        try:
            require(config, data_dir)
        except MissingDataError as error:
            notes.append(f"{label}: {error}")
            continue
        splits = load(config, data_dir)
        notes += [f"{label}: {warning}" for warning in check(splits, study.batch_size)]
        for part in summary(splits):
            cells = [_modality(modality) for modality in part.modalities]
            table.add_row(label, part.name, str(part.num_rows), _labels(splits, part), *cells)
            label = ""
    if table.row_count:
        console.print(table)
    for note in notes:
        console.print(f"[yellow]{note}[/yellow]", highlight=False)


def _labels(splits: Splits, part: SplitSummary) -> str:
    """Share of each class, or of values above 0; where classes are many, the smallest and the largest share."""
    shares = part.class_shares
    if splits.task == REGRESSION:
        return f"{shares[1]:.1%} above 0"
    if len(shares) > _MOST_CLASSES_LISTED:
        return f"{len(shares)}: {min(shares):.1%}–{max(shares):.1%}"
    return " ".join(f"{share:.1%}" for share in shares)


def _modality(part: ModalitySummary) -> str:
    """Shape of a row, and where they are worth a word the real steps and the rows that are missing."""
    text = "×".join(map(str, part.row_shape))
    if part.mean_length is not None:
        text += f", {part.mean_length:.1f} steps"
    missing = f"{part.missing_share:.1%}"
    return text if missing == "0.0%" else f"{text}, {missing} missing"
