"""How far a sweep is: finished paths of every cell, a bar with the time left, the summary."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from levysde import checks
from levysde.runs.progress import PATIENCE, Progress, bar_class, someone_waits
from levysde.runs.sweep.cell import Cell
from levysde.runs.sweep.durations import weights
from levysde.runs.sweep.table import load_sweep

SUMMARY_SECONDS = 10.0
"""Time between two writings of the summary while a sweep goes on."""


class Tally:
    """How far a sweep is, and who wants to know.

    Parameters
    ----------
    cells : sequence of Cell
        All cells.
    directory : Path
        Where the summary goes.
    progress : bool, callable or None
        As for `sweep`.
    threads : int or None
        One per processor unless given.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        directory: Path,
        progress: Progress,
        threads: int | None,
    ) -> None:
        if not (progress is None or isinstance(progress, bool) or callable(progress)):
            raise ValueError(
                f"progress is {checks.told(progress)}; give True, False, None or a function"
            )
        self.directory, self.progress = directory, progress
        self.threads, self.cells, self.begun = threads, cells, time.monotonic()
        self.shown = progress is True or (progress is None and someone_waits())
        self.wanted = {cell.key: cell.paths for cell in cells}
        self.finished = dict.fromkeys(self.wanted, 0)
        self.complete = 0
        self.written = time.monotonic()
        self.bar: Any = None
        self.weights: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self.progress is True:
            self._open()
        return self

    def _open(self) -> None:
        """Show the bar, in units of the time that each cell is expected to take."""
        self.weights = weights(self.cells, self.threads)
        self.bar = bar_class()(
            total=sum(self.weights.values()),
            bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}",
            dynamic_ncols=True,
        )

    def __exit__(self, *error: object) -> None:
        """Write the summary of what is complete."""
        if self.bar is not None:
            self.bar.close()
        load_sweep(self.directory).write_summary()

    def look(self, cell: Cell, paths: int) -> None:
        """Note how many paths of a cell are finished.

        Parameters
        ----------
        cell : Cell
            The cell.
        paths : int
            Its finished paths.
        """
        self.finished[cell.key] = paths
        if self.shown and self.bar is None and time.monotonic() - self.begun > PATIENCE:
            self._open()
        if self.bar is not None:
            shares = (self.finished[key] / self.wanted[key] for key in self.wanted)
            now = sum(map(float.__mul__, self.weights.values(), shares))
            self.bar.set_postfix_str(f"{self.complete}/{len(self.wanted)} cells", refresh=False)
            self.bar.update(now - self.bar.n)
        elif callable(self.progress):
            self.progress(sum(self.finished.values()), sum(self.wanted.values()))

    def done(self, cell: Cell) -> None:
        """Note that nothing is left to do of a cell, and write the summary now and then.

        Parameters
        ----------
        cell : Cell
            The cell.
        """
        self.complete += 1
        self.look(cell, cell.paths)
        if time.monotonic() - self.written > SUMMARY_SECONDS:
            load_sweep(self.directory).write_summary()
            self.written = time.monotonic()
