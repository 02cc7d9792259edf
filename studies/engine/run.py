"""A study in three parts: prepare, train, conclude."""

from rich.console import Console
from rich.text import Text

from analysis.tracking_store import check_store
from studies.engine.cluster.session import Cluster
from studies.engine.options import Options, storage_root, tracking_uri
from studies.engine.outcome import Outcome
from studies.engine.prepare import prepare
from studies.engine.recording.recording import open_recording
from studies.engine.study import Study
from studies.engine.train import train
from trainables.config import Refused
from trainables.data import modalities


def run_study(study: Study, options: Options, cluster: Cluster, console: Console) -> Outcome:
    """Run the study, or go on with it, in this process.

    Raises Refused for what cannot be run as it is asked, before its first trial; StudyFailed where a part of it has no
    result; and OSError where its storage fails later. Any other exception is a fault of this program; it is recorded
    with the study's run.
    """
    console.print(Text.assemble((study.name, "bold"), f" {study.identity}: {study.question}"))
    if study.base_note:
        console.print(study.base_note, style="yellow")
    names = modalities(next(iter(study.variants.values())), options.data_dir)
    uri = tracking_uri(options)
    check_store(uri, writes=True)
    with open_recording(study, names, storage_root(options), uri, fresh=options.fresh) as recording:
        try:
            prepared = prepare(recording, options, cluster, console)
        except OSError as error:  # of a disk that is full, or a file that this user may not read
            raise Refused(f"nothing was trained: {type(error).__name__}: {error}") from error
        trained = train(recording, prepared, options.max_hours, console)
        from studies.engine.conclude import conclude, interrupted  # late: brings all tables and figures along

        if trained.is_interrupted:
            return interrupted(recording)
        return conclude(recording, trained, uri, console, verbose=options.verbose)
