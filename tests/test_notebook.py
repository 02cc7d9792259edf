"""The notebook runs from top to bottom, says what is true, and has the outputs of the cells that it shows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.kept_notebook import DIGEST, NOTEBOOK, code_cells, read_notebook, run_notebook, source_digest

WORDS = {"align", "do not align", "no difference", "undecided"}
# The rows from which its first study estimates the information in three variants, which takes longest.
USUAL_ROWS, FEWER_ROWS = "information_rows=400", "information_rows=100"
# What the notebook's names hold at its end.
ASKED = """
import json

print(json.dumps({
    "decisions": json.loads(outcome.decisions.to_json(orient="records")),
    "own_decisions": json.loads(own_outcome.decisions.to_json(orient="records")),
    "exact": outcome.information.query("variant == 'R=8'").set_index("atom")["exact"].astype(float).to_dict(),
    "own_atoms": own_outcome.information.set_index("atom")["corrected"].to_dict(),
    "pages": [str(outcome.report), str(own_outcome.report)],
    "points": [law.num_clusters, len(law.points), law.num_left_out],
    "told": law.is_told,
    "forecast": [forecast.value, *forecast.interval],
}))
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, ray_alone: None) -> NotebookNode:
    """The notebook after a run from fewer rows, with one more cell at its end, which tells what the others found."""
    notebook = read_notebook()
    (study,) = (cell for cell in code_cells(notebook) if USUAL_ROWS in cell.source)
    study.source = study.source.replace(USUAL_ROWS, FEWER_ROWS)
    notebook.cells.append(new_code_cell(ASKED))
    run_notebook(notebook, tmp_path_factory.mktemp("notebook"))
    return notebook


@pytest.fixture(scope="module")
def found(ran: NotebookNode) -> dict[str, Any]:
    """What the notebook's names hold at its end."""
    return json.loads(ran.cells[-1].outputs[0].text)


def test_each_encoder_of_each_variant_is_decided_on(found: dict[str, Any]) -> None:
    rows = found["decisions"]
    variants, encoders = ("R=0", "R=4", "R=8"), ("modality_1", "modality_2")
    assert [(row["variant"], row["encoder"]) for row in rows] == [(v, e) for v in variants for e in encoders]
    assert [row["encoder"] for row in found["own_decisions"]] == ["text", "audio"]
    for row in rows + found["own_decisions"]:
        assert row["decision"] in WORDS and row["sentence"].startswith(row["decision"])
        assert row["low"] <= row["best"] <= row["high"]
    assert all(Path(page).is_file() for page in found["pages"])


def test_the_information_is_that_of_how_the_data_are_made(found: dict[str, Any]) -> None:
    """With R = 8 both modalities see the same; of the made-up features text shows the class with less noise."""
    exact, own = found["exact"], found["own_atoms"]
    assert exact["unique_1"] == pytest.approx(0, abs=1e-5) == exact["unique_2"]
    assert exact["redundancy"] > 1
    assert own["unique_1"] > own["unique_2"]
    assert 0 < sum(own.values()) < 1.05  # two classes have one bit, of which chance may add a little


def test_the_forecast_rests_on_the_three_variants_and_says_that_they_are_few(found: dict[str, Any]) -> None:
    clusters, points, left_out = found["points"]
    assert clusters == 3 and points + left_out == 6
    assert not found["told"]  # of three ranks the best order has a chance of 1 in 6
    value, low, high = found["forecast"]
    assert 0 <= low <= value <= high


def test_the_outputs_that_are_kept_are_of_the_cells_that_are_kept() -> None:
    kept = read_notebook()
    assert kept.metadata[DIGEST] == source_digest(kept), "run `python tests/kept_notebook.py`"
    assert [cell.execution_count for cell in code_cells(kept)] == list(range(1, len(code_cells(kept)) + 1))
    assert all(output.output_type != "error" for cell in code_cells(kept) for output in cell.outputs)


def test_the_outputs_that_are_kept_are_of_the_kinds_that_a_run_gives(ran: NotebookNode) -> None:
    """Numbers may differ by machine, and lines of progress by its speed; tables and pictures are in their places."""
    for kept, fresh in zip(code_cells(read_notebook()), code_cells(ran)[:-1], strict=True):
        assert [kinds(output) for output in kept.outputs[-1:]] == [kinds(output) for output in fresh.outputs[-1:]]


def test_every_link_of_the_notebook_leads_somewhere() -> None:
    text = "\n".join(cell.source for cell in read_notebook().cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links and [link for link in links if not (NOTEBOOK.parent / link).is_file()] == []


def kinds(output: NotebookNode) -> tuple[str, ...]:
    """The kind of an output, and the types of what it has to show."""
    return (output.output_type, *sorted(output.get("data", {})))
