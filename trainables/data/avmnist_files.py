"""Where the raw files of AV-MNIST lie."""

from dataclasses import dataclass
from pathlib import Path

from trainables.data.splits import MissingDataError

SOURCES = """\
MNIST, its four IDX files: http://yann.lecun.com/exdb/mnist (torchvision.datasets.MNIST downloads them)
FSDD, its folder recordings: https://github.com/Jakobovski/free-spoken-digit-dataset"""


@dataclass(frozen=True, kw_only=True)
class AvMnistFiles:
    """The four IDX files of MNIST, packed by gzip or not, and FSDD's recordings: a folder or a tar.gz."""

    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path
    recordings: Path


def locate(data_dir: Path | None) -> AvMnistFiles:
    """Find the files in `data_dir/mnist` and `data_dir/fsdd` without reading them.

    Of two forms of a file the unpacked one is taken. Raises MissingDataError, which lists every path looked
    for.
    """
    if data_dir is None:
        raise MissingDataError(
            f"AV-MNIST needs a data folder that holds the folders mnist and fsdd, got none.\n{SOURCES}"
        )
    candidates = {
        "train_images": _with_gzip(data_dir / "mnist" / "train-images-idx3-ubyte"),
        "train_labels": _with_gzip(data_dir / "mnist" / "train-labels-idx1-ubyte"),
        "test_images": _with_gzip(data_dir / "mnist" / "t10k-images-idx3-ubyte"),
        "test_labels": _with_gzip(data_dir / "mnist" / "t10k-labels-idx1-ubyte"),
        "recordings": [data_dir / "fsdd" / "recordings", data_dir / "fsdd" / "recordings.tar.gz"],
    }
    found = {name: next(filter(_is_there, paths), None) for name, paths in candidates.items()}
    present = {name: path for name, path in found.items() if path is not None}
    if len(present) < len(candidates):
        lines = [
            f"  found    {present[name]}" if name in present else f"  missing  {' or '.join(map(str, paths))}"
            for name, paths in candidates.items()
        ]
        raise MissingDataError("\n".join([f"AV-MNIST needs files that are not in {data_dir}:", *lines, SOURCES]))
    return AvMnistFiles(**present)


def _with_gzip(path: Path) -> list[Path]:
    return [path, path.with_name(f"{path.name}.gz")]


def _is_there(path: Path) -> bool:
    """Whether the path is a file, or a folder of wav files: an empty one must not hide the archive."""
    return path.is_file() or any(path.glob("*.wav"))
