"""Figures of the tutorial, made by running the code of its page.

Run ``python experiments/figures/tutorial.py``: the blocks of docs/tutorial.md run in a temporary
folder, and the figures that they save are copied to docs/figures. Seeds are fixed, so the points
are the same on every machine.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

import matplotlib

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> None:
    """Run the page and keep its figures."""
    matplotlib.rcParams["svg.hashsalt"] = "levysde"
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    code = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        exec(compile("\n".join(code), "tutorial.md", "exec"), {"__name__": "__main__"})
        for figure in Path(folder).glob("tutorial_*.svg"):
            # Ends of lines have no blanks, so that a change of a figure is a change of points.
            lines = figure.read_text(encoding="utf-8").splitlines()
            kept = "".join(f"{line.rstrip()}\n" for line in lines if "<dc:date>" not in line)
            (DOCS / "figures" / figure.name).write_text(kept, encoding="utf-8")
        os.chdir(DOCS)
        shutil.rmtree(Path(folder) / "valley", ignore_errors=True)


if __name__ == "__main__":
    main()
