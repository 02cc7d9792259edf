"""Make the object store's buckets that are not there yet.

python -m k8s.buckets mlflow studies data
"""

import sys

from pyarrow import fs


def make_buckets(names: list[str]) -> None:
    """Make each bucket; one that is there already stays as it is. Raises OSError where the store cannot be reached."""
    for name in names:
        store, path = fs.FileSystem.from_uri(f"s3://{name}?allow_bucket_creation=true")
        store.create_dir(path)


if __name__ == "__main__":
    make_buckets(sys.argv[1:])
