"""Whether the lines of visits are those that paths through wells can make."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from levysde.runs.wells.visited import Visits

_ROUNDING = 1e-12
"""By which a time may exceed the horizon, over the horizon."""


def check_numbers(found: Visits, counts: Iterable[str], numbers: Iterable[str]) -> None:
    """Refuse counts that are no whole numbers, numbers that are not finite, and no minima.

    Parameters
    ----------
    found : Visits
        What is checked.
    counts, numbers : iterable of str
        Names of attributes.

    Raises
    ------
    ValueError
        If one is not what it must be.
    """
    for name in counts:
        value = getattr(found, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"{name} is {value!r:.60}; give a whole number of at least 0")
    for name in numbers:
        value = getattr(found, name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0.0 <= value < math.inf:
            raise ValueError(f"{name} is {value!r:.60}; give a finite number of at least 0")
    if found.minima.ndim != 2 or not np.isfinite(found.minima).all():
        raise ValueError(f"minima has shape {found.minima.shape}; give points, shape (wells, dim)")
    if not found.start < found.wells:
        raise ValueError(f"start is {found.start}, and there are {found.wells} wells")


def check_lines(found: Visits) -> None:
    """Refuse lines that are not those of paths, each from the start and on from where it came.

    Parameters
    ----------
    found : Visits
        What is checked.

    Raises
    ------
    ValueError
        If a line is not what it must be.
    """
    path, time, origin, target = found.path, found.time, found.origin, found.target
    if not path.shape == time.shape == origin.shape == target.shape == (len(path),):
        raise ValueError("path, time, origin and target must have one entry a transition each")
    if not path.size:
        return
    if path.min() < 0 or path.max() >= found.paths or (np.diff(path) < 0).any():
        raise ValueError(f"path must be sorted, with numbers of 0 to {found.paths - 1}")
    if not (time.min() >= 0.0 and time.max() <= found.horizon * (1.0 + _ROUNDING)):
        raise ValueError(f"times must be between 0 and the horizon, {found.horizon:g}")
    wells = np.concatenate([origin, target])
    if wells.min() < 0 or wells.max() >= found.wells or (origin == target).any():
        raise ValueError(f"transitions must lead from a well of 0 to {found.wells - 1} to another")
    same = path[1:] == path[:-1]
    if (np.diff(time)[same] < 0.0).any():
        raise ValueError("times of a path must not decrease")
    first = np.concatenate([[True], ~same])
    before = np.where(first, found.start, np.concatenate([[0], target[:-1]]))
    if (origin != before).any():
        raise ValueError("each transition of a path must begin in the well that it has reached")
