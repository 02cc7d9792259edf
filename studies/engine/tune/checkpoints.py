"""Checkpoints as Ray hands them to a worker, and as a study's records name them: by a folder or URI."""

from contextlib import suppress
from pathlib import PurePosixPath

from pyarrow import fs
from ray.tune import Checkpoint

from studies.engine.recording.journal import TrialRecord
from studies.engine.recording.places import without_parameters
from studies.engine.recording.storage import open_storage, storage_address


def stored_checkpoint(place: str) -> Checkpoint:
    """Ray's checkpoint object for the folder or URI that a record names."""
    filesystem, path = open_storage(place)
    return Checkpoint(path, filesystem=filesystem)


def checkpoint_address(checkpoint: Checkpoint) -> str:
    """The folder or URI under which a record names a checkpoint that Ray has written."""
    return storage_address(checkpoint.filesystem, checkpoint.path)


def recorded_checkpoints(record: TrialRecord) -> list[str]:
    """The checkpoints that a trial's record names, the latest first."""
    return [place for place in (record.checkpoint, record.older_checkpoint) if place is not None]


def trial_folder(place: str) -> str:
    """The folder of the trial, in which its checkpoints lie."""
    return str(PurePosixPath(without_parameters(place)).parent)


def is_stored(place: str) -> bool:
    """Whether the checkpoint is there; without any, a trial begins anew, to the same numbers."""
    filesystem, path = open_storage(place)
    return filesystem.get_file_info(path).type != fs.FileType.NotFound


def delete_checkpoint(place: str) -> None:
    """Remove the checkpoint, if it is there."""
    filesystem, path = open_storage(place)
    with suppress(FileNotFoundError):
        filesystem.delete_dir(path)
