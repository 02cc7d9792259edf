"""What a study says of the machine before it trains."""

import io
import os
from dataclasses import replace

import pytest

from studies.engine import Study
from studies.engine.cluster.resources import NodeResources, Resources
from studies.engine.options import Options
from studies.engine.prepare import _say_what_is_there
from studies.engine.printing import terminal
from studies.engine.search.queue import StudyQueue


@pytest.mark.parametrize("more", [0, 1])
def test_trials_that_share_cores_are_announced(study: Study, more: int) -> None:
    num_cpus = (os.cpu_count() or 1) + more
    resources = Resources(nodes=[NodeResources(cpus=num_cpus, gpus=0)], cpus_per_trial=1, gpus_per_trial=0)
    queue = StudyQueue(replace(study, concurrency=num_cpus), ("modality_1", "modality_2"), {})
    out = io.StringIO()
    _say_what_is_there(queue, resources, Options(num_cpus=num_cpus), terminal(file=out, width=200))
    shared = f"--num-cpus {num_cpus}: trials share the {num_cpus - more} cores of this machine"
    assert (shared in out.getvalue()) == bool(more)
