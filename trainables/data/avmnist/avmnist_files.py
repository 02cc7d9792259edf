"""Where the raw files of AV-MNIST lie."""

from dataclasses import dataclass
from pathlib import Path

from trainables.data.splits import MissingDataError, how_to_fetch

MNIST = "http://yann.lecun.com/exdb/mnist"
FSDD = "https://github.com/Jakobovski/free-spoken-digit-dataset"

# Where each file may lie below the data folder: unpacked, which is taken where both are there, or packed.
PATHS = {
    "train_images": ("mnist/train-images-idx3-ubyte", "mnist/train-images-idx3-ubyte.gz"),
    "train_labels": ("mnist/train-labels-idx1-ubyte", "mnist/train-labels-idx1-ubyte.gz"),
    "test_images": ("mnist/t10k-images-idx3-ubyte", "mnist/t10k-images-idx3-ubyte.gz"),
    "test_labels": ("mnist/t10k-labels-idx1-ubyte", "mnist/t10k-labels-idx1-ubyte.gz"),
    "recordings": ("fsdd/recordings", "fsdd/recordings.tar.gz"),
}


@dataclass(frozen=True, kw_only=True)
class AvMnistFiles:
    """The four IDX files of MNIST, packed by gzip or not, and FSDD's recordings: a folder or a tar.gz."""

    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path
    recordings: Path


def locate_digits(data_dir: Path | None) -> AvMnistFiles:
    """Find the files in `data_dir/mnist` and `data_dir/fsdd` without reading them.

    Of two forms of a file the unpacked one is taken. Raises MissingDataError, which lists every path looked
    for.
    """
    if data_dir is None:
        raise MissingDataError(
            f"AV-MNIST needs a data folder that holds the folders mnist and fsdd, got none.\n{_sources(data_dir)}"
        )
    candidates = {name: [data_dir / path for path in paths] for name, paths in PATHS.items()}
    found = {name: next(filter(is_usable, paths), None) for name, paths in candidates.items()}
    present = {name: path for name, path in found.items() if path is not None}
    if len(present) < len(candidates):
        lines = [
            f"  found    {present[name]}" if name in present else f"  missing  {' or '.join(map(str, paths))}"
            for name, paths in candidates.items()
        ]
        heading = f"AV-MNIST needs files that are not in {data_dir}:"
        raise MissingDataError("\n".join([heading, *lines, _sources(data_dir)]))
    return AvMnistFiles(**present)


def is_usable(path: Path) -> bool:
    """Whether the path is a file, or a folder of wav files: an empty one must not hide the archive."""
    return path.is_file() or any(path.glob("*.wav"))


def _sources(data_dir: Path | None) -> str:
    return "\n".join(
        [
            f"MNIST, its four IDX files: {MNIST}",
            f"FSDD, its folder recordings: {FSDD}",
            how_to_fetch("avmnist", data_dir),
        ]
    )
