"""A notebook as a page, and run again: ``python docs/site/notebook.py`` stores what its cells give.

Cells print no times and no speeds, so that every run gives the same.
"""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["NOTEBOOKS", "markdown", "run"]

NOTEBOOKS = sorted((Path(__file__).parents[1] / "examples").glob("*.ipynb"))
SECONDS = 900  # for a cell; the longest compiles a simulator


def run(path: Path) -> dict:
    """The notebook with the outputs of its cells, run from the project's folder."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", record_timing=False)
    return json.loads(nbformat.writes(client.execute()))


def markdown(path: Path) -> str:
    """Its texts, its code, and what that gave."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    lines = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            lines += [source, ""]
            continue
        lines += ["```python", source, "```", ""]
        for output in cell["outputs"]:
            lines += [shown(output), ""]
    return "\n".join(lines)


def shown(output: dict) -> str:
    """One output of a cell: a picture, or text."""
    data = output.get("data", {})
    if "image/png" in data:
        picture = "".join(data["image/png"]).strip()
        return f"![what the cell draws](data:image/png;base64,{picture})"
    text = "".join(output.get("text", data.get("text/plain", ""))).rstrip()
    return f"```text\n{text}\n```"


def main() -> None:
    for path in NOTEBOOKS:
        found = run(path)
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
