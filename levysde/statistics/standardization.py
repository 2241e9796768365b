"""Coordinates in units of their own spread, whatever their tails."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def centered_rows(array: NDArray[np.floating]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coordinates as sorted rows less their median over half their interquartile range."""
    rows = np.sort(np.ascontiguousarray(array.T), axis=1).astype(np.float64)
    location, half_range = center_and_unit(rows)
    return standardized(rows, location, half_range), location, half_range


def center_and_unit(rows: NDArray[np.floating]) -> tuple[FloatArray, FloatArray]:
    """Median and half the interquartile range of sorted rows."""
    count = rows.shape[1]
    location = 0.5 * (rows[:, (count - 1) // 2].astype(np.float64) + rows[:, count // 2])
    half_range = 0.5 * (rows[:, (3 * count) // 4].astype(np.float64) - rows[:, count // 4])
    return location, half_range


def standardized(
    rows: NDArray[np.floating], location: FloatArray, unit: FloatArray
) -> NDArray[Any]:
    """Rows less their location over their unit, in their own precision."""
    kind = rows.dtype.type
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return (rows - location[:, None].astype(kind)) / unit[:, None].astype(kind)
