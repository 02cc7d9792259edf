"""What the raw files of each data set are: where they come from, where they go, and how they are known to be right.

SHA-256 of MNIST: the unpacked files, whose MD5 are those that are published everywhere; of FSDD: the recordings of
v1.0.10. MultiBench publishes none for its files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from trainables.data.affect import affect_files
from trainables.data.avmnist import avmnist_files
from trainables.data.avmnist.digit_pairs import NUM_TEST_IMAGES, NUM_TRAIN_IMAGES
from trainables.data.download.digests import idx_digest, pickle_digest, recordings_digest


@dataclass(frozen=True, kw_only=True)
class DriveFile:
    """A file on Google Drive."""

    id: str


@dataclass(frozen=True, kw_only=True)
class DriveFolder:
    """The file of a name in a folder on Google Drive, or in one below it."""

    id: str
    name: str


Source = str | DriveFile | DriveFolder  # a string is a URL


def address(source: Source) -> str:
    """Where a person finds a source, with a browser."""
    if isinstance(source, DriveFolder):
        return f"{affect_files.folder_page(source.id)} ({source.name} in this folder)"
    return f"https://drive.google.com/file/d/{source.id}/view" if isinstance(source, DriveFile) else source


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """One file of a data set.

    `paths` below the data folder are where it may lie; it is fetched to the last one, from the first of `sources` that
    gives it. `digest` is the SHA-256 of what a file holds and raises Refused where that cannot be this one; `sha256`
    is the right one, None where nobody has published it.
    """

    paths: tuple[str, ...]
    sources: tuple[Source, ...]
    digest: Callable[[Path], str]
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Files that are published together. `num_bytes` is what is fetched, None where it is not known beforehand."""

    title: str
    licence: str
    home: str
    num_bytes: int | None
    files: tuple[RawFile, ...]


_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_FSDD_ARCHIVE = f"{avmnist_files.FSDD}/archive/refs/tags/v1.0.10.tar.gz"


def _mnist_file(name: str, shape: tuple[int, ...], sha256: str) -> RawFile:
    paths = avmnist_files.PATHS[name]
    packed = Path(paths[-1]).name
    return RawFile(
        paths=paths,
        sources=tuple(f"{mirror}{packed}" for mirror in _MNIST_MIRRORS),
        digest=partial(idx_digest, shape=shape),
        sha256=sha256,
    )


MNIST = Collection(
    title="MNIST",
    licence="CC BY-SA 3.0",
    home=avmnist_files.MNIST,
    num_bytes=9_912_422 + 28_881 + 1_648_877 + 4_542,
    files=(
        _mnist_file(
            "train_images",
            (NUM_TRAIN_IMAGES, 28, 28),
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        _mnist_file(
            "train_labels", (NUM_TRAIN_IMAGES,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        _mnist_file(
            "test_images",
            (NUM_TEST_IMAGES, 28, 28),
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        _mnist_file(
            "test_labels", (NUM_TEST_IMAGES,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    ),
)

FSDD = Collection(
    title="Free Spoken Digit Dataset (FSDD) v1.0.10",
    licence="CC BY-SA 4.0",
    home=avmnist_files.FSDD,
    num_bytes=15_600_000,  # about: GitHub packs the archive when it is asked for
    files=(
        RawFile(
            paths=avmnist_files.PATHS["recordings"],
            sources=(_FSDD_ARCHIVE,),
            digest=recordings_digest,
            sha256="1801eae019c063377d98f831d3f93574f259475df7332bb0e3d1b080fb5e6959",
        ),
    ),
)


def _affect(dataset: str) -> Collection:
    """The file of a data set of MultiBench that is taken by default."""
    known = affect_files.DATASETS[dataset]
    name, file = next(iter(known.files.items()))
    single = () if file.drive_id is None else (DriveFile(id=file.drive_id),)
    return Collection(
        title=f"{known.title}, as features by MultiBench",
        licence=known.licence,
        home=known.home,
        num_bytes=None,
        files=(
            RawFile(
                paths=(f"{dataset}/{name}",),
                sources=(DriveFolder(id=known.drive_folder, name=name), *single),
                digest=pickle_digest,
            ),
        ),
    )


DATASETS = {"avmnist": (MNIST, FSDD), **{name: (_affect(name),) for name in affect_files.DATASETS}}
