"""What this machine and a cluster cannot do of what is asked, said before anything is started."""

from collections.abc import Sequence
from pathlib import Path

from studies.engine.description import require_importable
from studies.engine.options import Options, storage_root, tracking_uri
from studies.engine.recording.places import is_uri, require_place
from studies.engine.study import Study
from trainables.config import Refused


def check_options(studies: Sequence[Study], options: Options) -> None:
    """Refuse what this machine lacks, places that the head of a cluster would not find, and storage in a file.

    Lacking may be GPUs and the user's own code, which is brought to a cluster from here. Raises Refused.
    """
    try:
        require_place(options.storage)
    except Refused as error:
        raise Refused(f"--storage: {error}") from None
    if not options.is_client:
        _check_storage(storage_root(options))
    if options.num_gpus:
        from studies.engine.cluster.joining import check_local  # late: PyTorch says which GPUs there are

        check_local(options)
    if options.is_client:
        _check_places(options)
    require_importable(studies, elsewhere=options.is_client)


def _check_storage(root: str) -> None:
    """Refuse a path that is, or leads through, what is no folder. Raises Refused."""
    if is_uri(root):
        return
    try:
        nearest = next(path for path in (Path(root), *Path(root).parents) if path.exists() or path.is_symlink())
    except OSError as error:  # a name that is too long, or a folder that this user may not look into
        raise Refused(f"--storage {root} cannot be used: {error}") from error
    if not nearest.is_dir():
        raise Refused(f"--storage must be a folder, or one that can be made; got {root}, and {nearest} is no folder")


def _check_places(options: Options) -> None:
    """Refuse relative paths, which would name other places on the cluster's head. Raises Refused."""
    places = {
        "--storage": options.storage,
        "--tracking-uri": tracking_uri(options),
        "--data-dir": str(options.data_dir),
    }
    for name, place in places.items():
        path = place.removeprefix("sqlite:///")
        if not is_uri(path) and not Path(path).is_absolute():
            raise Refused(
                f"{name} {place}: the study runs on the cluster's head, where that would be another place; expected "
                "a URI or an absolute path"
            )
