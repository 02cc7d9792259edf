import re
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
import torch

from studies.engine import Study
from studies.engine.cluster.joining import check_local
from studies.engine.cluster.resources import ResourceError
from studies.engine.options import Options, named_objective, resolve, storage_root
from trainables.config import Refused


def test_without_options_a_study_stays_what_it_is(study: Study) -> None:
    assert resolve(study, Options()) == study


def test_runtime_options_are_no_identity(study: Study) -> None:
    options = Options(num_cpus=1, simulate_gpus=2, gpus_per_trial=0.5, storage="elsewhere", data_dir=Path("x"))
    assert resolve(study, options).identity == study.identity


def test_options_change_what_they_name(study: Study) -> None:
    options = Options(
        lambdas=(0, 1), seeds=3, configurations=2, max_epochs=5, train_samples=(64, 128), variants=("R=8",)
    )
    expected = replace(
        study,
        lambdas=(0, 1),
        seeds=3,
        configurations=2,
        max_epochs=5,
        train_samples=(64, 128),
        variants={"R=8": study.variants["R=8"]},
    )
    assert resolve(study, options) == expected


def test_quick_is_smaller_and_gives_way_to_what_is_asked_for(study: Study) -> None:
    quick = resolve(replace(study, configurations=8, lambdas=(0, 0.1, 0.2, 0.5, 1, 2)), Options(quick=True, seeds=3))
    assert (quick.configurations, quick.seeds, quick.lambdas) == (2, 3, (0, 0.5, 2))
    assert quick.question == f"Only to see it work (--quick), figures and decisions mean nothing: {study.question}"


def test_an_unknown_variant_is_refused(study: Study) -> None:
    with pytest.raises(Refused, match=r"no variant \['R=3'\], expected some of \['R=0', 'R=8'\]"):
        resolve(study, Options(variants=("R=3",)))


def test_an_objective_that_cannot_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab_losses.py").write_text("class Needs:\n    def __init__(self, tau):\n        self.tau = tau\n")
    said = "lab_losses:Needs: making it without arguments raised TypeError.*tau.* Give its fields defaults"
    with pytest.raises(Refused, match=said):
        named_objective("lab_losses:Needs")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_gpus": -1}, "--num-gpus must be a number from 0 on, got -1"),
        ({"max_hours": nan}, "--max-hours must be a number from 0 on, got nan"),
        ({"cpus_per_trial": inf}, "--cpus-per-trial must be a number from 0 on, got inf"),
        ({"gpus_per_trial": 1e-5}, "--gpus-per-trial must be 0 or at least 0.0001, got 1e-05"),
        ({"gpus_per_trial": 1.5}, "--gpus-per-trial must be a share of one GPU or a whole number of them, got 1.5"),
        ({"num_gpus": 1, "simulate_gpus": 1}, "exclude each other"),
        ({"num_cpus": 0}, "--num-cpus must be at least 1, got 0"),
        ({"address": "auto", "num_cpus": 2}, "--address uses a running cluster's resources"),
    ],
)
def test_contradictory_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(Refused, match=message):
        Options(**options)


@pytest.mark.parametrize("address", ["auto", "head:6379", "ray://head.lab:10001", "10.0.0.1:1", "[::1]:6379"])
def test_a_cluster_has_an_address(address: str) -> None:
    assert Options(address=address).address == address


@pytest.mark.parametrize(
    "address", ["", "head", "head:", "head:x", "head:99999", "ray://", "ray://head", "http://a:1/"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Refused, match=re.escape(f"auto, host:port or ray://host:port, got {address!r}")):
        Options(address=address)


def test_gpus_that_are_not_there_are_refused_with_the_number_found() -> None:
    found = torch.cuda.device_count()
    with pytest.raises(ResourceError, match=f"this machine has {found} GPUs"):
        check_local(Options(num_gpus=found + 2))


def test_storage_is_a_uri_or_an_absolute_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert storage_root(Options(storage="runs")) == str(tmp_path / "runs")
    assert storage_root(Options(storage="s3://bucket/runs")) == "s3://bucket/runs"
