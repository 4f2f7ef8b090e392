"""Runs the notebooks in examples/; as a programme, keeps in them what they print and draw."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def executed(path: Path, checks: str = "") -> NotebookNode:
    """Return a notebook as it is after a run in a fresh kernel, `checks` as a last cell; raise where a cell does."""
    notebook = read(path)
    if checks:
        notebook.cells.append(new_code_cell(checks))
    # Without times of cells in it, a notebook differs after a run only where its answers do; nor does it matter in how
    # many parts a busy kernel sends what a cell prints.
    client = NotebookClient(
        notebook,
        timeout=120,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(EXAMPLES)}},
    )
    return client.execute()


def texts(notebook: NotebookNode) -> list[list[str]]:
    """Return what each code cell printed, and how it shows its last value in text."""
    return [
        [output["text"] if output.output_type == "stream" else output["data"]["text/plain"] for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


if __name__ == "__main__":
    for path in NOTEBOOKS:
        nbformat.write(executed(path), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
