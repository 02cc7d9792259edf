"""The command that fetches a data set's raw files to where the studies look for them.

python -m trainables.data.download avmnist --data-dir data
"""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console
from rich.filesize import decimal

from trainables.config import Refused
from trainables.data.download.fetching import FetchError, Patience
from trainables.data.download.obtaining import Obtained, obtain, record_path
from trainables.data.download.sources import DATASETS, Collection, RawFile, address
from trainables.data.download.transfer_display import TransferDisplay

_DONE, _FAILED, _INTERRUPTED = 0, 1, 130  # a command line that is not understood is 2


@dataclass(frozen=True, kw_only=True)
class DownloadOptions:
    """What to fetch, and where to."""

    dataset: tyro.conf.Positional[Literal["avmnist", "mosei", "mosi", "mustard", "humor"]]
    """AV-MNIST (MNIST and FSDD), CMU-MOSEI, CMU-MOSI, MUStARD or UR-FUNNY."""
    data_dir: Path = Path("data")
    """Folder with the data sets' raw files, as the studies take it."""


def main(arguments: Sequence[str] | None = None, patience: Patience | None = None) -> int:
    """Do as the command line says, or `arguments` where given. Returns the exit code."""
    options = tyro.cli(
        DownloadOptions,
        args=arguments,
        prog="python -m trainables.data.download",
        description="Fetch the raw files of a data set. What is there already stays; what broke off is gone on with.",
    )
    with TransferDisplay(Console()) as display:
        try:
            return download(options.dataset, options.data_dir, patience or Patience(), display)
        except OSError as error:
            display.say(f"{error}\nOnce that is mended, run the same command again; it goes on.")
            return _FAILED
        except KeyboardInterrupt:
            display.say("Interrupted. Run the same command again; it goes on.")
            return _INTERRUPTED


def download(dataset: str, data_dir: Path, patience: Patience, display: TransferDisplay) -> int:
    """Fetch all files of a data set and say what came of it, with what to do by hand where a file cannot be had.

    Returns the exit code. Raises OSError where the disk is full or cannot be written.
    """
    missing: list[RawFile] = []
    has_wrong = False
    for collection in DATASETS[dataset]:
        display.say(_heading(collection))
        for file in collection.files:
            report = display.transfer(Path(file.paths[-1]).name)
            try:
                obtained = obtain(file, data_dir, patience, report, lambda text: display.say(f"  {text}"))
            except FetchError:  # what each source had to say has been said
                missing.append(file)
            except Refused as error:
                has_wrong = True
                display.say(f"  {error}")
            else:
                display.say(f"  {_description(obtained)}")
    if missing:
        display.say(_instructions(missing, data_dir))
    return _FAILED if missing or has_wrong else _DONE


def _heading(collection: Collection) -> str:
    size = "size not known beforehand" if collection.num_bytes is None else decimal(collection.num_bytes)
    return f"{collection.title}: {size}; licence: {collection.licence} ({collection.home})"


def _description(obtained: Obtained) -> str:
    what = f"{obtained.path}: {'fetched' if obtained.is_new else 'already there'}"
    if obtained.is_compared:
        return f"{what}, SHA-256 as expected"
    kept = f", kept in {record_path(obtained.path).name} for later downloads to agree with" if obtained.is_new else ""
    return f"{what}; no published SHA-256 is known, found {obtained.sha256}{kept}"


def _instructions(missing: Sequence[RawFile], data_dir: Path) -> str:
    """What a person can do about files that no source gave."""
    lines = ["", "Not everything could be fetched. By hand, on any machine with a network:"]
    for file in missing:
        first, *others = map(address, file.sources)
        lines += [
            f"  save as {data_dir / file.paths[-1]}",
            f"     from {first}",
            *(f"       or {other}" for other in others),
        ]
    return "\n".join([*lines, "Then run the same command again, which checks them."])


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # no path ends a command whose log file lacks its letters
    sys.exit(main())
