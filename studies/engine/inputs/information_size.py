"""How large an estimate of the information in data is: its rows, its classes, and what it costs."""

from dataclasses import dataclass

from trainables.data import Shapes
from trainables.data.splits import REGRESSION

# The exact decomposition's time grows with the cube of the classes: seconds of 32, minutes of 100, hours of 300.
MOST_CLASSES = 32
# Core-seconds of an estimate: of its beginning, of a row, and of a row and class. Measured on one core (November 2026)
# at 1,000 and 4,000 rows of 2 and 32 classes, with 20 and 300 features a modality: 5 to 36 s, met to a fifth.
_SECONDS, _SECONDS_A_ROW, _SECONDS_A_ROW_AND_CLASS = 2.0, 0.0025, 0.00018


@dataclass(frozen=True, kw_only=True)
class InformationSize:
    """Rows and classes that an estimate takes, of how many classes, and about how many seconds of one core it costs."""

    num_rows: int
    num_held_out_rows: int
    num_classes: int
    seconds: float


def most_held_out_rows(most_rows: int) -> int:
    """Half of the training rows: held-out ones only have to show whether those tell the same."""
    return most_rows // 2


def information_size(known: Shapes, most_rows: int) -> InformationSize:
    """The size of the estimate from at most so many training rows; values to be regressed have two kinds of label."""
    num_rows, num_held_out = min(known.sizes[0], most_rows), min(known.sizes[1], most_held_out_rows(most_rows))
    num_classes = min(known.num_classes, MOST_CLASSES)
    passes = [num_rows, num_held_out, *([num_rows] if known.task == REGRESSION else [])]
    a_row = _SECONDS_A_ROW + _SECONDS_A_ROW_AND_CLASS * num_classes
    return InformationSize(
        num_rows=num_rows,
        num_held_out_rows=num_held_out,
        num_classes=num_classes,
        seconds=sum(_SECONDS + a_row * rows for rows in passes),
    )


def merging_note(num_classes: int) -> str | None:
    """A sentence where classes are merged for the estimate, None where they are not."""
    if num_classes <= MOST_CLASSES:
        return None
    return (
        f"the information is about {MOST_CLASSES} groups of neighbouring classes, with about equally many rows each: "
        f"all {num_classes} classes would take too long"
    )
