"""How far a sweep is: finished paths of every cell, a bar with the time left, the summary."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

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
    progress : bool or callable
        As for `sweep`.
    threads : int or None
        One per processor unless given.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        directory: Path,
        progress: bool | Callable[[int, int], object],
        threads: int | None,
    ) -> None:
        self.directory, self.progress = directory, progress
        self.wanted = {cell.key: cell.paths for cell in cells}
        self.finished = dict.fromkeys(self.wanted, 0)
        self.complete = 0
        self.written = time.monotonic()
        self.bar: Any = None
        self.weights = weights(cells, threads) if progress is True else {}

    def __enter__(self) -> Self:
        if self.progress is True:
            from tqdm import tqdm

            self.bar = tqdm(
                total=sum(self.weights.values()),
                bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}",
                dynamic_ncols=True,
            )
        return self

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
