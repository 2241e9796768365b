"""How long the cells of a sweep take: predicted before, measured where some paths are finished."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from levysde.engine.cpu.threads import available_threads
from levysde.methods.cost_estimate import estimate, euler_seconds
from levysde.methods.horizon import chosen_horizon
from levysde.methods.learning_rate import amplitude_and_step
from levysde.methods.timestep import automatic_dt
from levysde.runs.sweep.cell import Cell
from levysde.runs.sweep.compute import Pieces

PATIENCE = 2.0
"""Seconds for the predictions that a progress bar needs; later cells are taken to be like those."""


class Forecast(NamedTuple):
    """How long a cell takes.

    Attributes
    ----------
    seconds : float or None
        Time of all its paths on all threads together; None where it cannot be predicted.
    source : str
        Where the number comes from, or why there is none.
    """

    seconds: float | None
    source: str


def forecast(cell: Cell, threads: int | None, pieces: Pieces | None = None) -> Forecast:
    """Predict how long all paths of a cell take.

    Parameters
    ----------
    cell : Cell
        The cell.
    threads : int or None
        One per processor unless given.
    pieces : mapping, optional
        Its finished paths, whose time was measured.

    Returns
    -------
    Forecast

    Examples
    --------
    >>> from levysde.runs.sweep.cell import cells_of
    >>> from levysde.runs.sweep.settings import read
    >>> (cell,) = cells_of(read({"epsilon": 0.1, "paths": 1000}))
    >>> forecast(cell, threads=1).source
    'predicted mean, step and 10 ns a step'
    """
    measured = [piece for piece in (pieces or {}).values() if piece.seconds > 0.0]
    done = sum(piece.paths for piece in measured)
    if done:
        seconds = sum(piece.seconds for piece in measured) / done
        return Forecast(seconds * cell.paths, f"measured on {done} of its paths")
    paths = cell.escapes or cell.paths
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            each, source = _seconds_per_path(cell)
    except (ValueError, OverflowError) as error:
        return Forecast(None, str(error))
    return Forecast(paths * each / (threads or available_threads()), source)


def _seconds_per_path(cell: Cell) -> tuple[float, str]:
    basin, dynamics, noise, epsilon = cell.model.parts
    given = epsilon if cell.asked.lr is None else None
    _, dt = amplitude_and_step(dynamics, noise, given, cell.asked.dt, cell.asked.lr)
    if cell.asked.method != "euler":
        costs = estimate(basin, dynamics, noise, epsilon, dt)
        if cell.asked.method == "jump" or costs.jump.seconds < costs.euler.seconds:
            return costs.jump.seconds, "predicted jumps to an exit"
        return costs.euler.seconds, "predicted steps to an exit"
    step = automatic_dt(basin, dynamics) if isinstance(dt, str) else dt
    until = chosen_horizon(cell.model, step, cell.asked.horizon, None)
    source = "predicted mean, step and 10 ns a step"
    return euler_seconds(cell.model, step, until.time), source


def weights(cells: Sequence[Cell], threads: int | None) -> dict[str, float]:
    """The predicted seconds of every cell, for a bar; what is not known is like the others.

    Parameters
    ----------
    cells : sequence of Cell
        The cells.
    threads : int or None
        One per processor unless given.

    Returns
    -------
    dict of float
        By key.
    """
    until = time.monotonic() + PATIENCE
    found: dict[str, float] = {}
    for cell in cells:
        seconds = forecast(cell, threads).seconds if time.monotonic() < until else None
        if seconds is not None:
            found[cell.key] = seconds
    usual = statistics.median(found.values()) if found else 1.0
    return {cell.key: found.get(cell.key, usual) + SET_UP_SECONDS for cell in cells}


SET_UP_SECONDS = 0.1
"""What a cell takes beside its paths, roughly."""
