"""Which data a rehearsal replaces, and that whatever it records says so."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from studies import mustard_va
from studies.engine import Study
from studies.engine.commands.rehearse import rehearsed
from studies.engine.recording.first_record import data_parameters
from studies.engine.search.plan import strata
from trainables.config import AffectData, ArchiveData, Refused, RehearsalData

SILENT = Console(quiet=True)


def test_absent_data_are_replaced_and_everything_says_so(tmp_path: Path) -> None:
    study = rehearsed(mustard_va.STUDY, tmp_path, SILENT)
    original = AffectData(dataset="mustard", modalities=("vision", "audio"))
    assert study.variants == {"MUStARD REHEARSAL": RehearsalData(original=original)}
    assert "REHEARSAL" in study.name and "REHEARSAL" in study.question
    assert all("REHEARSAL" in str(stratum) for stratum in strata(study))
    assert study.identity != mustard_va.STUDY.identity


def test_only_absent_data_are_replaced(study: Study, tmp_path: Path) -> None:
    assert rehearsed(study, tmp_path, SILENT) is study
    (tmp_path / "mustard").mkdir()
    (tmp_path / "mustard/sarcasm.pkl").touch()
    assert rehearsed(mustard_va.STUDY, tmp_path, SILENT) is mustard_va.STUDY


def test_data_of_unknown_shapes_cannot_be_rehearsed(study: Study, tmp_path: Path) -> None:
    absent = replace(study, variants={"mine": ArchiveData(content="0" * 64, modalities=("a", "b"))})
    with pytest.raises(Refused, match="shapes are known without its files"):
        rehearsed(absent, tmp_path, SILENT)


def test_its_parameters_are_those_of_the_original_under_its_own_name() -> None:
    original = AffectData(dataset="mustard", modalities=("vision", "audio"))
    assert data_parameters(RehearsalData(original=original, seed=3)) == {
        **data_parameters(original),
        "data": "RehearsalData",
        "data_seed": 3,
    }
