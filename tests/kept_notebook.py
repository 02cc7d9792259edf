"""The notebook of docs: run in a folder of its own, and kept with what its cells gave.

python tests/kept_notebook.py     runs it again and keeps the new outputs
"""

import hashlib
import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

REPOSITORY = Path(__file__).parents[1]
NOTEBOOK = REPOSITORY / "docs" / "quickstart.ipynb"
DIGEST = "digest_of_sources"  # among the notebook's metadata: of which cells its outputs are
_SECONDS_ALLOWED = 900  # a cell, for a hung one alone: a busy machine takes several times as long as an idle one


def read_notebook() -> NotebookNode:
    """The notebook as it is kept."""
    return nbformat.read(NOTEBOOK, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that are run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def source_digest(notebook: NotebookNode) -> str:
    """SHA-256 of the sources of all code cells, in their order."""
    return hashlib.sha256("\0".join(cell.source for cell in code_cells(notebook)).encode()).hexdigest()


def run_notebook(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells in `folder`, and put into the notebook what they give.

    Raises CellExecutionError where a cell fails.
    """
    client = NotebookClient(notebook, timeout=_SECONDS_ALLOWED, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, "PYTHONPATH": str(REPOSITORY)})


def keep_outputs() -> None:
    """Run the notebook and keep its outputs, with `…` for the folder that it ran in."""
    notebook = read_notebook()
    with tempfile.TemporaryDirectory() as folder:
        run_notebook(notebook, Path(folder))
        notebook.metadata[DIGEST] = source_digest(notebook)
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # when it ran
        text = nbformat.writes(notebook).replace(folder, "…")
    NOTEBOOK.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    keep_outputs()
