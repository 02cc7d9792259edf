"""A small JSON file among a study's own, on disk or in an object store, replaced whole."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pyarrow import fs


class StoredValues:
    """The file `name`.json below a study's `root` (a folder or URI): a dictionary of plain JSON values."""

    def __init__(self, root: str, name: str) -> None:
        self._filesystem, path = fs.FileSystem.from_uri(root)
        self._path = str(PurePosixPath(path) / f"{name}.json")

    def read(self) -> dict[str, Any]:
        """What was stored last; empty where nothing was."""
        if self._filesystem.get_file_info(self._path).type == fs.FileType.NotFound:
            return {}
        with self._filesystem.open_input_stream(self._path) as stream:
            return json.loads(stream.read())

    def write(self, values: Mapping[str, Any]) -> None:
        """Replace what is stored, in a single step."""
        with self._filesystem.open_output_stream(f"{self._path}.part") as stream:
            stream.write(json.dumps(values).encode())
        self._filesystem.move(f"{self._path}.part", self._path)

    def delete(self) -> None:
        """Remove the file, if it is there."""
        if self._filesystem.get_file_info(self._path).type != fs.FileType.NotFound:
            self._filesystem.delete_file(self._path)
