"""Copy all files below an address into a folder: how data sets in an object store come to each pod.

python -m k8s.fetch s3://data /data
"""

import argparse
import shutil
from pathlib import Path

from pyarrow import fs


def copy_missing(address: str, folder: Path) -> list[Path]:
    """Copy what `folder` does not have in the same size yet; returns the files copied, none for an empty address."""
    store, root = fs.FileSystem.from_uri(address)
    copied = []
    for info in store.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True)):
        target = folder / Path(info.path).relative_to(root)
        if info.type != fs.FileType.File or (target.exists() and target.stat().st_size == info.size):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with store.open_input_stream(info.path) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        copied.append(target)
    return copied


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
