"""A small JSON file among a study's own, on disk or in an object store, replaced whole."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pyarrow import fs

from studies.engine.recording.journal import JournalError
from studies.engine.recording.storage import PATIENCE, open_storage, replace_file


class StoredValues:
    """The file `name`.json below a study's `root` (a folder or URI): a dictionary of plain JSON values.

    `patience`: for how many seconds an object store that is away is asked again.
    """

    def __init__(self, root: str, name: str, patience: float = PATIENCE) -> None:
        self._filesystem, path = open_storage(root, patience)
        self._path = str(PurePosixPath(path) / f"{name}.json")

    def read(self) -> dict[str, Any]:
        """What was stored last; empty where nothing was. Raises JournalError where the file is damaged."""
        if self._filesystem.get_file_info(self._path).type == fs.FileType.NotFound:
            return {}
        with self._filesystem.open_input_stream(self._path) as stream:
            content = stream.read()
        try:
            return json.loads(content)
        except ValueError as error:
            raise JournalError(
                f"{self._path} is damaged ({error}). Remove that file and run the same command again: it is made anew, "
                "and no trial is lost."
            ) from error

    def write(self, values: Mapping[str, Any]) -> None:
        """Replace what is stored, in a single step."""
        replace_file(self._filesystem, self._path, json.dumps(values).encode())

    def delete(self) -> None:
        """Remove the file, if it is there."""
        if self._filesystem.get_file_info(self._path).type != fs.FileType.NotFound:
            self._filesystem.delete_file(self._path)
