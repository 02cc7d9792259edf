"""What this machine and a cluster cannot do of what is asked, said before anything is started."""

from collections.abc import Sequence
from pathlib import Path

from studies.engine.description import require_importable
from studies.engine.options import Options
from studies.engine.recording.places import is_uri
from studies.engine.study import Study
from trainables.config import Refused


def check_options(studies: Sequence[Study], options: Options) -> None:
    """Refuse what this machine lacks, and places that the head of a cluster would not find.

    Lacking may be GPUs and the user's own code. Raises Refused.
    """
    if options.num_gpus:
        from studies.engine.cluster.joining import check_local  # late: PyTorch says which GPUs there are

        check_local(options)
    if options.is_client:
        _check_places(options)
    else:
        require_importable(studies)


def _check_places(options: Options) -> None:
    """Refuse relative paths, which would name other places on the cluster's head. Raises Refused."""
    places = {"--storage": options.storage, "--tracking-uri": options.tracking_uri, "--data-dir": str(options.data_dir)}
    for name, place in places.items():
        path = place.removeprefix("sqlite:///")
        if not is_uri(path) and not Path(path).is_absolute():
            raise Refused(
                f"{name} {place}: the study runs on the cluster's head, where that would be another place; expected "
                "a URI or an absolute path"
            )
