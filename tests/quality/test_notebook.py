"""The notebook runs from its first cell to its last, on calls that it makes itself."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from core.settings import PROJECT_ROOT

NOTEBOOK = PROJECT_ROOT / "notebooks" / "quality.ipynb"
LIMIT_S = 300


@pytest.mark.slow
def test_the_notebook_compares_a_period_and_charts_a_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EARSHOT_DATA_DIR", raising=False)
    # What Jupyter keeps of its own does not go into anybody's home.
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are not committed"
    NotebookClient(notebook, timeout=LIMIT_S, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert "28 calls, 224 lines" in "".join(output.get("text", "") for output in outputs)
    charts = [o for o in outputs if "application/vnd.plotly.v1+json" in o.get("data", {})]
    assert len(charts) == 2
    assert "EARSHOT_DATA_DIR" not in os.environ
