"""Configurations as plain JSON: every field is there, and with a user's own class the source of it."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from alignment import InfoNce
from studies.engine import Study
from studies.engine.description import described, user_sources
from studies.engine.search.halving import SuccessiveHalving
from trainables.config import Mlp, PythonData, SyntheticData, TorchEncoder
from trainables.user_code import imported, source_digest

OBJECTIVE = """
from dataclasses import dataclass

@dataclass(frozen=True, kw_only=True)
class MyObjective:
    sharpness: float = 2.0

    def __call__(self, z_a, z_b, **learnt):
        return (z_a - z_b).square().mean(dim=(-2, -1))
"""
OBJECTIVE_PATH = "lab_objective:MyObjective"
DATA_PATH = "lab_data:load"


@pytest.fixture
def write_objective(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Writes a version of a user's objective, and of its data, and imports the objective."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text: str) -> Any:
        (tmp_path / "lab_objective.py").write_text(text)
        (tmp_path / "lab_data.py").write_text("def load():\n    pass")
        source_digest.cache_clear()
        sys.modules.pop("lab_objective", None)
        return imported(OBJECTIVE_PATH)()

    yield write
    source_digest.cache_clear()
    sys.modules.pop("lab_objective", None)


def test_a_configuration_in_a_configuration_is_written_out() -> None:
    @dataclass(frozen=True)
    class Outer:
        rows: tuple[int | None, ...]
        by_number: dict[float, Mlp]

    Outer.__module__ = "trainables.made_here"  # this test is no user's code
    assert described(Outer((1, None), {0.5: Mlp(width=4)})) == {
        "type": "Outer",
        "rows": [1, None],
        "by_number": {"0.5": {"type": "Mlp", "width": 4, "depth": 3}},
    }


def test_a_whole_study_is_json_that_loses_nothing(study: Study) -> None:
    plain = described(study)
    assert json.loads(json.dumps(plain)) == plain
    assert plain["type"] == "Study" and plain["lambdas"] == [0, 0.5, 2]
    assert plain["variants"]["R=8"] == {
        "type": "SyntheticData",
        "shared_bits": 8,
        "temperature": 0.05,
        "tanh_depth": 0,
        "seed": 0,
    }
    assert plain["objective"] == {"type": "InfoNce", "temperature": 0.1} == described(InfoNce())
    assert plain["halving"] == {"type": "SuccessiveHalving", "reduction_factor": 1.5, "rungs": [6]}
    assert plain["halving"] == described(SuccessiveHalving())
    assert "source" not in json.dumps(plain)
    assert user_sources(study) == {}


def test_a_user_s_class_carries_its_source(write_objective: Callable[[str], Any], study: Study) -> None:
    mine = write_objective(OBJECTIVE)
    plain = described(replace(study, objective=mine))["objective"]
    assert plain == {"type": "MyObjective", "sharpness": 2.0, "source": source_digest(OBJECTIVE_PATH)}
    assert user_sources(replace(study, objective=mine)) == {OBJECTIVE_PATH: plain["source"]}


def test_another_version_of_it_is_another_study(write_objective: Callable[[str], Any], study: Study) -> None:
    first = replace(study, objective=write_objective(OBJECTIVE)).identity
    again = replace(study, objective=write_objective(OBJECTIVE)).identity
    other = replace(study, objective=write_objective(OBJECTIVE + "\n# a comment is not told from code\n")).identity
    assert first == again != other


def test_code_that_is_named_by_its_path_is_described_by_its_identity(write_objective: Callable[[str], Any]) -> None:
    write_objective(OBJECTIVE)
    data = PythonData(DATA_PATH, {"noise": 0.5})
    plain = {"path": DATA_PATH, "arguments": {"noise": 0.5}, "source": source_digest(DATA_PATH)}
    assert described({"mine": data}) == {"mine": {"type": "PythonData", **plain}}


def test_all_of_a_study_s_user_code_is_found(write_objective: Callable[[str], Any], study: Study) -> None:
    encoder = "tests.trainables.own_encoders:Plain"
    mixed = replace(
        study,
        objective=write_objective(OBJECTIVE),
        variants={"mine": PythonData(DATA_PATH), "theirs": SyntheticData(shared_bits=1)},
        encoder_2=TorchEncoder(encoder),
    )
    assert user_sources([study, mixed]) == {path: source_digest(path) for path in (OBJECTIVE_PATH, DATA_PATH, encoder)}
