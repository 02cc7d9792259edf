"""Where a study's files lie: on a disk, or in an object store that may be away for a while."""

import logging
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from studies.engine.recording.places import is_uri
from trainables.config import Refused

_Answer = TypeVar("_Answer")

PATIENCE = 900.0
_LONGEST_PAUSE = 15.0
# Parts of what S3 answers where asking again cannot help.
_REFUSALS = ("ACCESS_DENIED", "INVALID_ACCESS_KEY", "SIGNATURE_DOES_NOT_MATCH", "NO_SUCH_BUCKET", "HTTP status 403")
_LOG = logging.getLogger(__name__)


class StorageError(OSError):
    """An object store refused, or was away for longer than it is waited for; the message says what it answered."""


def open_storage(root: str, patience: float = PATIENCE) -> tuple[fs.FileSystem, str]:
    """The file system of a folder or URI (s3://bucket/path), and the path in it.

    An object store that does not answer is asked again for `patience` seconds; then, or where it refuses, StorageError
    is raised, an OSError. Raises Refused for a URI of no file system.
    """
    if not is_uri(root):
        return fs.LocalFileSystem(), root
    try:
        # The region of a bucket is looked up where it is not given.
        filesystem, path = patiently(lambda: fs.FileSystem.from_uri(root), patience)
    except pa.ArrowException as error:
        raise Refused(f"storage {root}: expected a folder or a URI such as s3://bucket/path ({error})") from error
    if isinstance(filesystem, fs.S3FileSystem):
        rebuild, (options,) = filesystem.__reduce__()
        # A file is one request, sent when it is closed. In the background it would wait for the thread that it runs on.
        store = rebuild(options | {"background_writes": False, "allow_delayed_open": True})
        filesystem = fs.PyFileSystem(_PatientStore(store, root.partition("?")[2], patience))
    return filesystem, path


def storage_address(filesystem: fs.FileSystem, path: str) -> str:
    """The folder or URI from which `open_storage` gives this file system and path."""
    handler = getattr(filesystem, "handler", None)
    if not isinstance(handler, _PatientStore):
        return path
    return f"s3://{quote(path)}" + (f"?{handler.parameters}" if handler.parameters else "")


def replace_file(filesystem: fs.FileSystem, path: str, content: bytes) -> None:
    """Write a file so that it is never seen half written: an object store takes it whole, a disk by renaming it."""
    if filesystem.type_name != "local":
        with filesystem.open_output_stream(path) as stream:
            stream.write(content)
        return
    part = Path(f"{path}.part")
    part.write_bytes(content)
    part.replace(path)


def patiently(request: Callable[[], _Answer], patience: float = PATIENCE) -> _Answer:
    """Ask an object store, again and again while it is away, and return its answer.

    Raises StorageError where it is away for longer than `patience` seconds, or refuses.
    """
    begun, pause = time.monotonic(), 1.0
    while True:
        try:
            return request()
        except (FileNotFoundError, FileExistsError, NotADirectoryError):
            raise
        except OSError as error:
            if error.errno is not None:  # of this machine's own disk: a store's answers have no number
                raise
            waited = time.monotonic() - begun
            if any(word in str(error) for word in _REFUSALS):
                raise StorageError(f"the object store refuses: {error}") from error
            if waited > patience:
                raise StorageError(f"the object store has been away for {waited:.0f} s: {error}") from error
            if pause == 1.0:
                _LOG.warning("the object store is away; asked again for up to %.0f s: %s", patience, error)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


class _PatientStore(fs.FileSystemHandler):
    """An S3 store whose every request is repeated while the store is away; Ray's workers are given it as well.

    A file is read and written as a whole, so that each is one request (or one multipart upload) that can be repeated.
    """

    def __init__(self, store: fs.S3FileSystem, parameters: str, patience: float) -> None:
        self._store = store
        self.parameters = parameters
        self._patience = patience

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _PatientStore) and self._store == other._store

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # file systems are compared, never looked up

    def get_type_name(self) -> str:
        return "s3"

    def normalize_path(self, path: str) -> str:
        return self._store.normalize_path(path)

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        return self._patiently(lambda: self._store.get_file_info(paths))

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        return self._patiently(lambda: self._store.get_file_info(selector))

    def create_dir(self, path: str, recursive: bool) -> None:
        self._patiently(lambda: self._store.create_dir(path, recursive=recursive))

    def delete_dir(self, path: str) -> None:
        self._patiently(lambda: self._store.delete_dir(path))

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:
        self._patiently(lambda: self._store.delete_dir_contents(path, missing_dir_ok=missing_dir_ok))

    def delete_root_dir_contents(self) -> None:
        raise NotImplementedError("no study deletes all buckets")

    def delete_file(self, path: str) -> None:
        self._patiently(lambda: self._store.delete_file(path))

    def move(self, source: str, target: str) -> None:
        """Move a file, or a folder: all is copied before anything is deleted, so that a crash loses nothing."""
        if self.get_file_info([source])[0].type == fs.FileType.File:
            self._patiently(lambda: self._store.move(source, target))
            return
        for info in self.get_file_info_selector(fs.FileSelector(source, recursive=True)):
            if info.type == fs.FileType.File:
                self.copy_file(info.path, str(PurePosixPath(target) / PurePosixPath(info.path).relative_to(source)))
        self.delete_dir(source)

    def copy_file(self, source: str, target: str) -> None:
        self._patiently(lambda: self._store.copy_file(source, target))

    def open_input_stream(self, path: str) -> pa.NativeFile:
        return self.open_input_file(path)

    def open_input_file(self, path: str) -> pa.NativeFile:
        def read() -> pa.Buffer:
            with self._store.open_input_stream(path) as stream:
                return stream.read_buffer()

        return pa.BufferReader(self._patiently(read))

    def open_output_stream(self, path: str, metadata: Any) -> pa.PythonFile:
        def write(content: bytearray) -> None:
            with self._store.open_output_stream(path, metadata=metadata) as stream:
                stream.write(content)

        return pa.PythonFile(_Upload(lambda content: self._patiently(lambda: write(content))), mode="w")

    def open_append_stream(self, path: str, metadata: Any) -> pa.PythonFile:
        raise NotImplementedError("an object store cannot append")

    def _patiently(self, request: Callable[[], _Answer]) -> _Answer:
        return patiently(request, self._patience)


class _Upload:
    """A file that is sent when it is closed."""

    def __init__(self, send: Callable[[bytearray], None]) -> None:
        self._send = send
        self._content = bytearray()
        self.closed = False

    def write(self, content: bytes) -> int:
        self._content += content
        return len(content)

    def tell(self) -> int:
        return len(self._content)

    def flush(self) -> None:
        """Do nothing: the file is sent as a whole, when it is closed."""

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._send(self._content)
