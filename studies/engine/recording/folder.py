"""Where a study keeps its files: one folder below the storage for each identity, written by one driver at a time."""

import os
import re
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout
from pyarrow import fs

from analysis.records.schema import plain_path, shortened
from studies.engine.recording.journal import JournalError
from studies.engine.recording.lease import Lease
from studies.engine.recording.places import below, is_uri, without_parameters
from studies.engine.recording.storage import open_storage
from studies.engine.recording.stored import StoredValues
from studies.engine.study import Study
from trainables.config import Refused

_PATIENCE_AT_START = 10.0
_LONGEST_NAME = 200  # bytes; a file system takes 255, with what is added to it
_NOT_IN_ADDRESSES = re.compile(r"[^A-Za-z0-9_.~:/@=,+-]")


class StudyFolder:
    """Folder or URI below `storage` that belongs to one study."""

    def __init__(self, storage: str, study: Study) -> None:
        self._storage = storage
        self._name = _folder_name(study, storage)
        self.root = below(storage, self._name)
        try:
            os.fsencode(self.root)
        except UnicodeEncodeError as error:
            raise Refused(
                f"file names must be in {sys.getfilesystemencoding()} here, got {self.root!r}; set PYTHONUTF8=1, or "
                "give the study another name"
            ) from error

    @contextmanager
    def claimed(self, *, fresh: bool) -> Iterator[None]:
        """Hold the folder for this process; with `fresh`, put what it holds aside first.

        Raises JournalError where another process, here or elsewhere, holds it, or its storage cannot be had.
        """
        with ExitStack() as held:
            try:
                held.enter_context(self._locked())
                held.enter_context(Lease(self._storage, self._name))
                self._prepare(fresh)
            except (OSError, NotImplementedError) as error:  # the latter of a disk that knows no locks
                raise JournalError(
                    f"nothing can be recorded in {self.root}: {error}. --storage names another place."
                ) from error
            yield

    def recording(self) -> str:
        """The random name of this recording, kept in the folder; each start with `fresh` has another."""
        store = StoredValues(self.root, "recording")
        values = store.read()
        if not values:
            values = {"name": uuid.uuid4().hex}
            store.write(values)
        return values["name"]

    @property
    def figures(self) -> Path:
        """Local folder for figures and tables: the study's own, or one in the working folder for remote storage."""
        place = without_parameters(self.root)
        return (Path("figures") / PurePosixPath(place).name if is_uri(place) else Path(place)) / "figures"

    def attempt_name(self) -> str:
        """Name for the files of Ray Tune's next run, so that a restored trial never overwrites what it restores."""
        return f"tune-{time.strftime('%Y%m%dT%H%M%S')}"

    def remove_attempts(self) -> None:
        """Delete Ray Tune's files, checkpoints included, once the study has ended."""
        filesystem, path = open_storage(self.root)
        for info in filesystem.get_file_info(fs.FileSelector(path)):
            if info.base_name.startswith("tune-"):
                with suppress(FileNotFoundError):  # a store may list a folder that has no file any more
                    filesystem.delete_dir(info.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold a file lock where storage is a folder: the system frees it at once when its process dies."""
        if is_uri(self.root):
            yield
            return
        lock_path = Path(f"{self.root}.lock")
        lock_path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(lock_path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise JournalError(f"another process is running this study: {lock_path} is locked") from None
        try:
            yield
        finally:
            lock.release()

    def _prepare(self, fresh: bool) -> None:
        if is_uri(self.root) and not os.access(Path.cwd(), os.W_OK):
            raise JournalError(f"figures go to the working folder {Path.cwd()}, which this user may not write to")
        # At the start a store is not waited for long, so that a mistyped address is refused soon.
        filesystem, path = open_storage(self.root, patience=_PATIENCE_AT_START)
        if fresh and filesystem.get_file_info(path).type != fs.FileType.NotFound:
            filesystem.move(path, f"{path}.superseded-{time.strftime('%Y%m%dT%H%M%S')}")
        filesystem.create_dir(path, recursive=True)


def _folder_name(study: Study, storage: str) -> str:
    """The study's name, as far as file systems and addresses take it, and its identity, which no other has."""
    name = plain_path(study.name)
    if is_uri(storage):
        name = _NOT_IN_ADDRESSES.sub("-", name)
    return f"{shortened(name, _LONGEST_NAME)}-{study.identity}"
