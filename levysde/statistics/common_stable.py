"""One stable index for all coordinates, with the dependence of the coordinates of a draw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.statistics import characteristic, standardization
from levysde.statistics.bounded_interval import acceptance
from levysde.statistics.sample_array import checked_level, checked_samples

__all__ = ["CommonStable", "common_stable"]

FloatArray = NDArray[np.float64]

_FEWEST = 50
# Numbers that are held at once: influences of a piece of the coordinates.
_PIECE = 2_000_000


@dataclass(frozen=True)
class CommonStable:
    """An index that all coordinates have in common, and the size of them all together.

    Attributes
    ----------
    alpha, alpha_error : float
        Mean over coordinates of the index, at most 2, and its standard error, dimensionless.
    alpha_interval : (float, float)
        Confidence interval; its upper end is 2 where a Gaussian cannot be excluded.
    scale, scale_error : float
        Geometric mean of the scales, in units of the samples, and its standard error.
    level : float
        Confidence level.
    draws : int
        Number of draws.
    """

    alpha: float
    alpha_error: float
    alpha_interval: tuple[float, float]
    scale: float
    scale_error: float
    level: float
    draws: int


def common_stable(samples: ArrayLike, level: float = 0.95) -> CommonStable:
    """Fit one index to all coordinates: the mean of what `characteristic_fit` finds of each.

    An estimate is, to first order, its true value and a mean over draws of an influence. The
    influences of one draw on all coordinates are added before they are squared, so that the error
    holds whatever the dependence of the coordinates is: it falls with their number only as far as
    they are independent.

    Parameters
    ----------
    samples : array_like, shape (draws, coordinates)
        At least 50 independent draws, finite, none of the coordinates constant.
    level : float, default 0.95
        Confidence level of the interval, between 0 and 1.

    Returns
    -------
    CommonStable
        Index and scale with their errors.

    Raises
    ------
    ValueError
        If the samples are no such array, or the level is not between 0 and 1.

    References
    ----------
    I. A. Koutrouvelis, J. Am. Stat. Assoc. 75 (1980) 918, eqs. (3.1)-(3.4); F. R. Hampel, J. Am.
    Stat. Assoc. 69 (1974) 383, for influences; G. J. Feldman and R. D. Cousins, Phys. Rev. D 57
    (1998) 3873, eq. (4.3), for the interval at the boundary 2.

    Examples
    --------
    >>> import numpy as np
    >>> found = common_stable(np.random.default_rng(1).standard_cauchy((2000, 5)))
    >>> abs(found.alpha - 1.0) < 4.0 * found.alpha_error
    True
    """
    array = checked_samples(samples, _FEWEST)
    checked_level(level)
    draws, width = array.shape
    total, influence = np.zeros(2), np.zeros((2, draws))
    step = max(1, _PIECE // draws)
    for start in range(0, width, step):
        of_piece, by_draw = _piece(np.asarray(array[:, start : start + step], np.float64), start)
        total += of_piece
        influence += by_draw
    slope, log_scale = total / width
    error, scale_error = np.sqrt((influence**2).mean(axis=1) / draws) / width
    if width == 1:
        fit = characteristic.characteristic_fit(array, level)
        error, ends = fit.alpha_error[0], (float(fit.lower[0]), float(fit.upper[0]))
    else:
        ends = _interval(float(slope), float(error), level)
    size = math.exp(log_scale)
    return CommonStable(
        min(float(slope), 2.0), float(error), ends, size, size * float(scale_error), level, draws
    )


def _piece(array: FloatArray, first: int) -> tuple[FloatArray, FloatArray]:
    """Sums over coordinates of slope and log scale, and of the influences of each draw on both."""
    location, unit = standardization.center_and_unit(np.sort(array.T, axis=1))
    if not unit.all():
        wrong = first + int(np.flatnonzero(unit == 0.0)[0])
        raise ValueError(
            f"half of the draws of coordinate {wrong} are the same; leave that coordinate out"
        )
    rows = standardization.standardized(array.T, location, unit)
    phi = characteristic.empirical_characteristic(rows)
    slope, log_scale = characteristic.index_and_scale(phi, rows.shape[1])
    parts = characteristic.influences(rows, slope)
    sums = np.array([slope.sum(), (log_scale + np.log(unit)).sum()])
    return sums, np.stack([part.sum(axis=0) for part in parts])


def _interval(slope: float, error: float, level: float) -> tuple[float, float]:
    """All indices up to 2 whose acceptance interval holds the slope."""
    distance, nearest, farthest = acceptance(level)
    away = (2.0 - slope) / error
    # Beyond the table both ends keep their distance from the estimate.
    if away > nearest[-1]:
        half = float(farthest[-1] - distance[-1])
        return slope - half * error, min(slope + half * error, 2.0)
    least = float(np.interp(away, np.maximum.accumulate(farthest), distance))
    most = float(np.interp(away, np.maximum.accumulate(nearest), distance))
    return 2.0 - most * error, 2.0 - least * error
