"""Stable laws of very many coordinates, piece by piece and in threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levysde.statistics import characteristic, quantiles, standardization
from levysde.statistics.sample_array import all_finite

FloatArray = NDArray[np.float64]
Progress = Callable[[int, int], object]

# Numbers in a piece: rows of a memory map are read in pages, of which all is then used.
_PIECE = 2_000_000
_NARROWEST = 16
COLUMNS = (
    "alpha",
    "alpha_error",
    "lower",
    "upper",
    "scale",
    "scale_error",
    "beta",
    "beta_error",
    "location",
    "quantile_alpha",
)
# Draws equal to another one: more of them are atoms, and no density is fitted to those.
ATOMIC = 0.1


@dataclass(frozen=True)
class CoordinateTable:
    """One line for each coordinate; NaN where nothing was fitted.

    Attributes
    ----------
    columns : ndarray, shape (10, coordinates)
        As named in `COLUMNS`.
    constant, atomic : ndarray of bool, shape (coordinates,)
        Coordinates that are the same in half of the draws, or repeat values in a tenth of them.
    """

    columns: FloatArray
    constant: NDArray[np.bool_]
    atomic: NDArray[np.bool_]


def fit_coordinates(
    samples: NDArray[Any], level: float, threads: int | None, progress: Progress | None
) -> CoordinateTable:
    """Fit all coordinates of samples of shape (draws, coordinates), which may be a memory map."""
    draws, width = samples.shape
    step = max(_NARROWEST, _PIECE // draws)
    starts = range(0, width, step)
    columns = np.full((len(COLUMNS), width), np.nan)
    constant, atomic = np.zeros(width, dtype=bool), np.zeros(width, dtype=bool)

    def work(start: int) -> int:
        place = slice(start, min(start + step, width))
        columns[:, place], constant[place], atomic[place] = _fit_piece(
            np.asarray(samples[:, place]), start, level
        )
        return start

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        try:
            for start in pool.map(work, starts):
                if progress is not None:
                    progress(min(start + step, width), width)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return CoordinateTable(columns, constant, atomic)


def _fit_piece(
    piece: NDArray[Any], start: int, level: float
) -> tuple[FloatArray, NDArray[np.bool_], NDArray[np.bool_]]:
    # Single precision is that of most gradients, and twice as quick; others are as they are.
    kind = np.float32 if piece.dtype.itemsize <= 4 else np.float64
    # Always a copy: it is sorted in place.
    rows: NDArray[Any] = np.array(piece.T, dtype=kind, order="C")
    # A sum is finite only if all is, unless it overflows.
    with np.errstate(over="ignore", invalid="ignore"):
        total = rows.sum(dtype=np.float64)
    if not np.isfinite(total):
        all_finite(piece, start)
    rows.sort(axis=1)
    location, unit = standardization.center_and_unit(rows)
    # What is constant to rounding has no spread to be measured in.
    constant = unit <= 4.0 * np.finfo(kind).eps * np.abs(location)
    ties = (rows[:, 1:] == rows[:, :-1]).mean(axis=1)
    atomic = (ties > ATOMIC) & ~constant
    columns = np.full((len(COLUMNS), len(rows)), np.nan)
    columns[8] = location
    good = ~(constant | atomic)
    if good.any():
        by_quantiles = quantiles.fit_sorted(rows[good]).alpha
        units = location[good], unit[good]
        fit = characteristic.fit_rows(
            standardization.standardized(rows[good], *units), *units, level
        )
        columns[:, good] = (
            fit.alpha, fit.alpha_error, fit.lower, fit.upper, fit.scale, fit.scale_error,
            fit.beta, fit.beta_error, fit.location, by_quantiles,
        )  # fmt: skip
    return columns, constant, atomic
