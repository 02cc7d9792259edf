"""Copy all files below an address into a folder: how data sets in an object store come to each pod.

python -m k8s.fetch s3://data /data
"""

import argparse
import shutil
from functools import partial
from pathlib import Path

from pyarrow import fs

from studies.engine.recording.storage import patiently


def copy_missing(address: str, folder: Path) -> list[Path]:
    """Copy what `folder` does not have in the same size yet; returns the files copied, none for an empty address.

    A store that is away is waited for as long as a study waits for it. Raises StorageError, an OSError, then.
    """
    store, root = patiently(lambda: fs.FileSystem.from_uri(address))
    selector = fs.FileSelector(root, recursive=True, allow_not_found=True)
    copied = []
    for info in patiently(lambda: store.get_file_info(selector)):
        target = folder / Path(info.path).relative_to(root)
        if info.type != fs.FileType.File or (target.exists() and target.stat().st_size == info.size):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        patiently(partial(_copy, store, info.path, target))
        copied.append(target)
    return copied


def _copy(store: fs.FileSystem, path: str, target: Path) -> None:
    with store.open_input_stream(path) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)


def main() -> None:
    """Copy as the command line asks, and name what was copied."""
    parser = argparse.ArgumentParser(description="Copy all files below an address into a folder.")
    parser.add_argument("address", help="file:///folder or s3://bucket/prefix; AWS_ENDPOINT_URL names another store")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    for path in copy_missing(options.address, options.folder):
        print(path)


if __name__ == "__main__":
    main()
