"""Code of the user's own that a study through a Ray client names: what is refused here, and what on the head."""

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from ray import cloudpickle

from studies.engine import Study
from studies.engine.cluster.option_check import check_options
from studies.engine.commands.remote import unpacked
from studies.engine.options import Options
from trainables.config import PythonData, Refused, TorchEncoder

LOSS = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Loss:
    def __call__(self, z_a, z_b):
        return (z_a - z_b).square().mean((-2, -1))
"""


@pytest.fixture
def through_a_client() -> Options:
    places = {"storage": "s3://bucket/runs", "tracking_uri": "http://mlflow:5000", "data_dir": Path("/data")}
    return Options(address="ray://head:10001", **places)  # pyright: ignore[reportArgumentType]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with modules that Python finds, as long as a test lasts."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lab_whole.py").write_text("def load():\n    raise AssertionError('nobody asks for rows here')")
    (tmp_path / "lab_broken.py").write_text("1 / 0")
    (tmp_path / "lab_torn.py").write_text("import lab_torn.part")
    (tmp_path / "lab_elsewhere.py").write_text("import library_of_the_cluster\n\nclass Encoder: ...")
    return tmp_path


def of_encoder(study: Study, path: str) -> Study:
    return replace(study, encoder_1=TorchEncoder(path), encoder_2=TorchEncoder(path))


@pytest.mark.parametrize("path", ["lab_nowhere:Encoder", "lab_whole:Encoder", "lab_broken:Encoder", "lab_torn:Encoder"])
def test_what_cannot_be_brought_to_the_cluster_is_refused_here(
    study: Study, through_a_client: Options, lab: Path, path: str
) -> None:
    with pytest.raises(Refused, match=f"^{path}: "):
        check_options([of_encoder(study, path)], through_a_client)
    data = {"mine": PythonData(path.replace("Encoder", "rows"), {})}
    with pytest.raises(Refused, match="rows: "):
        check_options([replace(study, variants=data)], through_a_client)


def test_a_library_that_is_missing_here_may_be_on_the_head_which_is_asked_first(
    study: Study, through_a_client: Options, lab: Path
) -> None:
    own = of_encoder(study, "lab_elsewhere:Encoder")
    check_options([own], through_a_client)
    with pytest.raises(Refused, match="lab_elsewhere:Encoder: importing lab_elsewhere failed"):
        check_options([own], replace(through_a_client, address="head:6379"))  # of a cluster that this machine is in
    packed = cloudpickle.dumps(own)
    with pytest.raises(Refused, match=r"the cluster's head \(.+\) cannot import .* named 'library_of_the_cluster'"):
        unpacked(packed)
    (lab / "library_of_the_cluster.py").touch()
    assert unpacked(packed) == own


def test_an_objective_that_the_head_cannot_import_is_refused_there(
    study: Study, lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lab / "lab_loss.py").write_text(LOSS)
    own = replace(study, objective=import_module("lab_loss").Loss())
    packed = cloudpickle.dumps(own)
    assert unpacked(packed) == own
    monkeypatch.delitem(sys.modules, "lab_loss")
    (lab / "lab_loss.py").unlink()
    with pytest.raises(Refused, match=r"the cluster's head \(.+\) cannot import .* named 'lab_loss'"):
        unpacked(packed)
