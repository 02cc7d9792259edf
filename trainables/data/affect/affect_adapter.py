"""The affect data sets of MultiBench as data sets of two of their modalities."""

from pathlib import Path

from trainables.config import AffectData
from trainables.data.adapter import Shapes
from trainables.data.affect.affect_clips import read_clips
from trainables.data.affect.affect_files import NUM_STEPS, facts, file_name, locate_clips
from trainables.data.content import content_of
from trainables.data.splits import Splits


class AffectAdapter:
    """See `DataAdapter`. Each raises Refused for a data set or a file that is not known."""

    has_known_shapes = True

    def load(self, config: AffectData, data_dir: Path | None) -> Splits:
        """See `read_clips`."""
        return read_clips(config, data_dir)

    def require(self, config: AffectData, data_dir: Path | None) -> None:
        """Raise MissingDataError, which says where the file comes from, where it is missing."""
        locate_clips(config, data_dir)

    def content(self, config: AffectData, data_dir: Path | None) -> str:
        """SHA-256 of the file."""
        return content_of(locate_clips(config, data_dir))

    def shapes(self, config: AffectData, data_dir: Path | None) -> Shapes:
        """The published ones: rows without text are still counted."""
        known = facts(config)
        file = known.files[file_name(config)]
        row_1, row_2 = ((NUM_STEPS, file.widths[name]) for name in config.modalities)
        return Shapes(
            modalities=config.modalities,
            row_1=row_1,
            row_2=row_2,
            num_classes=2,
            sizes=file.sizes,
            task=known.task,
            has_lengths_1=True,
            has_lengths_2=True,
        )

    def modalities(self, config: AffectData, data_dir: Path | None) -> tuple[str, str]:
        """Those that the configuration names."""
        return config.modalities

    def population(self, config: AffectData) -> None:
        """None, as nobody knows it."""
