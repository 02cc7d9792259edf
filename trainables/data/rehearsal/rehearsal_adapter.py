"""The rehearsal of a data set as a data set: all of it is known from the original's shapes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from trainables.config import DataConfig, RehearsalData
from trainables.data.adapter import Shapes
from trainables.data.rehearsal.rehearsed_rows import generate_rows, shown_classes_table
from trainables.data.splits import Splits


class RehearsalAdapter:
    """See `DataAdapter`. `shapes_of` gives the shapes of a data set, which must be known without its files."""

    has_known_shapes = True

    def __init__(self, shapes_of: Callable[[DataConfig], Shapes]) -> None:
        self._shapes_of = shapes_of

    def load(self, config: RehearsalData, data_dir: Path | None) -> Splits:
        """See `generate_rows`; the folder is not looked at."""
        return generate_rows(config, self._shapes_of(config.original))

    def require(self, config: RehearsalData, data_dir: Path | None) -> None:
        """Nothing is required."""

    def content(self, config: RehearsalData, data_dir: Path | None) -> None:
        """None, as the rows are generated."""

    def shapes(self, config: RehearsalData, data_dir: Path | None) -> Shapes:
        """The original's."""
        return self._shapes_of(config.original)

    def modalities(self, config: RehearsalData, data_dir: Path | None) -> tuple[str, str]:
        """The original's."""
        return self._shapes_of(config.original).modalities

    def population(self, config: RehearsalData) -> np.ndarray:
        """See `shown_classes_table`."""
        return shown_classes_table(self._shapes_of(config.original).num_classes)
