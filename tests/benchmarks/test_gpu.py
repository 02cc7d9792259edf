import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"
PARTS = set(re.findall(r'^    "(\w+)": Part\(', SCRIPT.read_text(), re.MULTILINE))


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env={**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def rows_without_a_card(repository: Path, folder: Path, parts: set[str]) -> list[dict[str, Any]]:
    """What the parts give on the CPU, in small."""
    out = folder / "gpu.json"
    finished = run(repository, "--device", "cpu", "--tiny", "--parts", *sorted(parts), "--out", str(out))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.startswith("cpu: no card is measured here")
    results = json.loads(out.read_text())
    assert results["device"]["name"] == "cpu"
    assert not results["failures"]
    assert {row["part"] for row in results["rows"]} == parts
    return results["rows"]


def test_every_part_without_a_study_runs_to_its_end_without_a_card(repository: Path, tmp_path: Path) -> None:
    rows = rows_without_a_card(repository, tmp_path, PARTS - {"study"})
    assert len(rows) > len(PARTS) >= 6
    judged = [row for row in rows if row["part"] == "correctness"]
    assert {row["objective"] for row in judged} == {"infonce", "siglip", "vicreg", "cka"}
    assert all(row["right"] == "yes" for row in judged)


def test_a_study_runs_to_its_end_without_a_card(repository: Path, tmp_path: Path, ray_alone: None) -> None:
    (row,) = rows_without_a_card(repository, tmp_path, {"study"})
    assert row["scores"] == 2 * 2 * 2  # λ × encoders × seeds


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card, which is not refused")
def test_a_card_that_is_not_there_is_refused(repository: Path) -> None:
    finished = run(repository, "--parts", "infonce")
    assert finished.returncode == 2
    assert "expected an NVIDIA card, and PyTorch sees none" in finished.stderr


@pytest.mark.cuda
def test_a_card_computes_what_the_cpu_computes(repository: Path, tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    finished = run(repository, "--parts", "correctness", "--out", str(out))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert all(row["right"] == "yes" for row in json.loads(out.read_text())["rows"])
