"""A resolved study on a Ray session: here, or through a Ray client on the cluster's head."""

from contextlib import ExitStack
from dataclasses import replace

from rich.console import Console

from analysis.connection import masked, tracking_store
from studies.engine.cluster.option_check import check_options
from studies.engine.cluster.session import Cluster, cluster_for
from studies.engine.options import Options
from studies.engine.outcome import Outcome
from studies.engine.signals import same_handlers
from studies.engine.study import Study
from trainables.data import require

_MEANS_NOTHING = "--quick: the smallest form of the study, to see it work; its figures and decisions mean nothing"


def run_with(study: Study, options: Options, console: Console, cluster: Cluster | None = None) -> Outcome:
    """Run a resolved study on its own Ray session, or on that of `cluster`, which several studies may share."""
    uri, origin = tracking_store(options.tracking_uri)
    console.print(f"MLflow: {masked(uri)} ({origin})")
    if options.quick:
        console.print(_MEANS_NOTHING, style="bold yellow")
    check_options([study], options)
    if options.address is None:  # elsewhere the nodes are asked
        for data in study.variants.values():
            require(data, options.data_dir)
    options = replace(options, tracking_uri=uri)  # also where the study runs on another machine
    with same_handlers(), ExitStack() as held:
        if cluster is None:
            cluster = held.enter_context(cluster_for([study], options))
        outcome = _run_on(cluster, study, options, console)
    if options.quick:
        console.print(_MEANS_NOTHING, style="bold yellow")
    return outcome


def _run_on(cluster: Cluster, study: Study, options: Options, console: Console) -> Outcome:
    # Late: what is refused is refused before Ray, MLflow and PyTorch are imported, which takes seconds.
    if cluster.is_client:
        from studies.engine.commands.remote import run_there

        return run_there(study, options, cluster, console)
    from studies.engine.run import run_study

    return run_study(study, options, cluster, console)
