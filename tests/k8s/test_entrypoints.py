"""The commands that the overlays' jobs run, as the studies' own parser and the machine they run on see them."""

import importlib
import runpy
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from k8s.ray_job import CODE
from studies.engine.options import CommandOptions, parse, resolve
from tests.k8s.conftest import NAMES, Documents, of_kind


@pytest.fixture(scope="module")
def entrypoints(builds: Mapping[str, Documents]) -> dict[str, list[str]]:
    """The words of each overlay's and variant's entrypoint."""
    return {name: shlex.split(job["spec"]["entrypoint"]) for name in NAMES for job in of_kind(builds[name], "RayJob")}


def test_every_entrypoint_asks_a_study_for_what_it_has(
    entrypoints: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(entrypoints) == 5
    for python, script, *arguments in entrypoints.values():
        study = importlib.import_module(f"studies.{Path(script).stem}").STUDY
        monkeypatch.setattr("sys.argv", [script, *arguments])
        options = parse(CommandOptions, study.question)
        resolve(study, options)
        assert python == "python" and options.address == "auto"
        assert (options.storage, options.tracking_uri) == ("s3://studies/runs", "http://mlflow:5000")


def test_an_entrypoint_runs_as_far_as_its_plan(
    entrypoints: dict[str, list[str]],
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, script, *arguments = [word.replace(CODE, str(repository)) for word in entrypoints["volumes"]]
    monkeypatch.setattr("sys.argv", [script, *arguments, "--variants", "R=4", "--quick", "--dry-run"])
    runpy.run_path(script, run_name="__main__")
    assert "search" in capsys.readouterr().out


def test_gpus_of_the_overlay_hold_whole_numbers_of_trials(
    builds: Mapping[str, Documents], entrypoints: dict[str, list[str]]
) -> None:
    (job,) = of_kind(builds["gpu"], "RayJob")
    (group,) = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
    words = entrypoints["gpu"]
    share = float(words[words.index("--gpus-per-trial") + 1])
    trials = int(limits["nvidia.com/gpu"]) / share
    assert trials == 4 and int(limits["cpu"]) > trials
    assert group["replicas"] == group["maxReplicas"] == 8
