"""How many rows it takes to measure the alignment of two representations, and among how many neighbours."""

FEWEST_MEASURED_ROWS = 4  # debiased CKA takes as many
_NEIGHBOURS = 10


def num_neighbours(num_rows: int) -> int:
    """Neighbours k of mutual k-NN on so many rows: 10, and of few rows half of the others, as all of them always agree.

    `num_rows` is at least `FEWEST_MEASURED_ROWS`.
    """
    return min(_NEIGHBOURS, (num_rows - 1) // 2)


def few_rows_note(num_rows: int) -> str | None:
    """A sentence where there are too few test rows for 10 neighbours; None where there are enough."""
    k = num_neighbours(num_rows)
    if k == _NEIGHBOURS:
        return None
    return f"test has {num_rows} rows: mutual k-NN compares {k} of a row's neighbours, not {_NEIGHBOURS}"
