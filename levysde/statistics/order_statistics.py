"""Tail indices from the largest magnitudes, as functions of how many of them are used.

For a tail ``P(|X| > x) ~ C x^-alpha`` the extreme value index is ``gamma = 1/alpha``. No one number
of order statistics is right: an index shows as a range of them over which the estimate stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["OrderEstimate", "hill_estimate", "moment_estimate", "pickands_estimate"]

FloatArray = NDArray[np.float64]

_FEWEST = 20
_POINTS = 60
# Half width of a 95 % band in standard errors.
_WIDTH = 1.959963984540054


@dataclass(frozen=True)
class OrderEstimate:
    """Extreme value indices over the number of order statistics, with bands for exact tails.

    Attributes
    ----------
    k : ndarray of int, shape (points,)
        Number of largest magnitudes used.
    gamma : ndarray, shape (points,)
        Extreme value index, dimensionless; ``1/alpha`` if it is positive.
    error : ndarray, shape (points,)
        Asymptotic standard error of ``gamma``, without the bias of a tail that is no power law.
    """

    k: NDArray[np.int64]
    gamma: FloatArray
    error: FloatArray

    @property
    def alpha(self) -> FloatArray:
        """Tail index ``1/gamma``; infinite where ``gamma`` is not positive, shape (points,)."""
        return _reciprocal(self.gamma)

    @property
    def lower(self) -> FloatArray:
        """Lower end of the 95 % band of ``alpha``, shape (points,)."""
        return _reciprocal(self.gamma + _WIDTH * self.error)

    @property
    def upper(self) -> FloatArray:
        """Upper end of the 95 % band of ``alpha``, which may be infinite, shape (points,)."""
        return _reciprocal(self.gamma - _WIDTH * self.error)


def _reciprocal(gamma: FloatArray) -> FloatArray:
    return np.asarray(np.divide(1.0, gamma, out=np.full(gamma.shape, math.inf), where=gamma > 0.0))


def hill_estimate(magnitudes: ArrayLike, k: ArrayLike | None = None) -> OrderEstimate:
    """Mean excess of the logarithms of the largest magnitudes.

    ``gamma = mean_(i <= k) log X_(i) - log X_(k+1)``, of standard error ``gamma / sqrt(k)``, where
    ``X_(1) >= X_(2) >= ...``. Exact for a Pareto law; for stable laws of ``alpha`` above 1.6 too
    light by a wide margin at any ``k`` in use.

    Parameters
    ----------
    magnitudes : array_like, shape (count,)
        Sizes of at least 20 draws, finite and not negative.
    k : array_like of int, optional
        Numbers of largest magnitudes, from 2 to less than those that are positive; by default 60
        of them from 10 to a quarter of the count.

    Returns
    -------
    OrderEstimate
        One estimate for each ``k``.

    Raises
    ------
    ValueError
        If the magnitudes or the numbers are none.

    References
    ----------
    B. M. Hill, Ann. Stat. 3 (1975) 1163, eq. (2.7).

    Examples
    --------
    >>> import numpy as np
    >>> found = hill_estimate(1.0 + np.random.default_rng(1).pareto(1.5, 20000), [2000])
    >>> bool(found.lower[0] < 1.5 < found.upper[0])
    True
    """
    ordered = _ordered(magnitudes)
    numbers = _numbers(k, ordered, 1)
    gamma = _log_moments(ordered, numbers)[0]
    return OrderEstimate(numbers, gamma, gamma / np.sqrt(numbers))


def moment_estimate(magnitudes: ArrayLike, k: ArrayLike | None = None) -> OrderEstimate:
    """Estimate from two moments of the logarithms, which sees light tails too.

    ``gamma = M1 + 1 - 1/(2 (1 - M1^2/M2))``, ``Mr = mean_(i <= k) (log X_(i) - log X_(k+1))^r``;
    ``gamma`` is 0 for exponential tails and negative for bounded ones.

    Parameters
    ----------
    magnitudes : array_like, shape (count,)
        Sizes of at least 20 draws, finite and not negative.
    k : array_like of int, optional
        As in `hill_estimate`.

    Returns
    -------
    OrderEstimate
        One estimate for each ``k``.

    Raises
    ------
    ValueError
        If the magnitudes or the numbers are none.

    References
    ----------
    A. L. M. Dekkers, J. H. J. Einmahl and L. de Haan, Ann. Stat. 17 (1989) 1833, eq. (1.7) and
    theorem 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> found = moment_estimate(np.random.default_rng(1).exponential(size=20000), [1000])
    >>> bool(abs(found.gamma[0]) < 4.0 * found.error[0] + 0.1)
    True
    """
    ordered = _ordered(magnitudes)
    numbers = _numbers(k, ordered, 1)
    first, second = _log_moments(ordered, numbers)
    ratio = np.divide(first**2, second, out=np.full(first.shape, 0.5), where=second > 0.0)
    gamma = first + 1.0 - 0.5 / np.maximum(1.0 - ratio, 1e-12)
    return OrderEstimate(numbers, gamma, np.sqrt(_moment_variance(gamma) / numbers))


def _moment_variance(gamma: FloatArray) -> FloatArray:
    """``k`` times the asymptotic variance of the moment estimate."""
    g = np.minimum(gamma, 0.0)
    bracket = 4.0 - 8.0 * (1.0 - 2.0 * g) / (1.0 - 3.0 * g)
    bracket += (5.0 - 11.0 * g) * (1.0 - 2.0 * g) / ((1.0 - 3.0 * g) * (1.0 - 4.0 * g))
    light = (1.0 - g) ** 2 * (1.0 - 2.0 * g) * bracket
    return np.asarray(np.where(gamma >= 0.0, 1.0 + gamma**2, light))


def pickands_estimate(magnitudes: ArrayLike, k: ArrayLike | None = None) -> OrderEstimate:
    """Estimate from three order statistics.

    ``gamma = log_2((X_(m) - X_(2m)) / (X_(2m) - X_(4m)))``, ``m = k // 4``.

    Parameters
    ----------
    magnitudes : array_like, shape (count,)
        Sizes of at least 20 draws, finite and not negative.
    k : array_like of int, optional
        As in `hill_estimate`, at least 4.

    Returns
    -------
    OrderEstimate
        One estimate for each ``k``; NaN where two of the three magnitudes are the same.

    Raises
    ------
    ValueError
        If the magnitudes or the numbers are none.

    References
    ----------
    J. Pickands, Ann. Stat. 3 (1975) 119, eq. (2.4); L. de Haan and A. Ferreira, *Extreme Value
    Theory* (2006), theorem 3.3.5.

    Examples
    --------
    >>> import numpy as np
    >>> found = pickands_estimate(1.0 + np.random.default_rng(1).pareto(1.5, 20000), [8000])
    >>> bool(found.lower[0] < 1.5 < found.upper[0])
    True
    """
    ordered = _ordered(magnitudes)
    numbers = _numbers(k, ordered, 4)
    m = numbers // 4
    near, middle, far = (ordered[i * m - 1] for i in (1, 2, 4))
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = np.log2((near - middle) / (middle - far))
    gamma = np.where(np.isfinite(gamma), gamma, math.nan)
    # The factor gamma / (2^gamma - 1) tends to 1 / log 2 as gamma tends to 0.
    safe = np.where(np.abs(gamma) < 1e-8, 1e-8, gamma)
    factor = safe / (2.0 * np.expm1(safe * math.log(2.0)) * math.log(2.0))
    error = np.abs(factor) * np.sqrt((2.0 ** (2.0 * safe + 1.0) + 1.0) / m)
    return OrderEstimate(numbers, gamma, error)


def _ordered(magnitudes: ArrayLike) -> FloatArray:
    """Magnitudes from the largest down."""
    array = np.asarray(magnitudes)
    if array.dtype.kind not in "biuf" or array.ndim != 1:
        raise ValueError(
            f"magnitudes has shape {array.shape} and type {array.dtype}; give real numbers of "
            "shape (count,)"
        )
    if array.size < _FEWEST:
        raise ValueError(f"magnitudes has {array.size} numbers; give at least {_FEWEST}")
    if not np.isfinite(array).all() or (array < 0.0).any():
        raise ValueError("magnitudes has a number that is negative or not finite; give sizes")
    return np.sort(array.astype(np.float64))[::-1]


def _numbers(k: ArrayLike | None, ordered: FloatArray, least: int) -> NDArray[np.int64]:
    positive = int(np.count_nonzero(ordered))
    most = positive - 1
    if k is None:
        found = np.unique(np.geomspace(10, max(11, ordered.size // 4), _POINTS).astype(np.int64))
        found = found[found <= most]
        if found.size == 0:
            raise ValueError(f"magnitudes has {positive} positive numbers; give at least 12")
        return found
    found = np.atleast_1d(np.asarray(k))
    if found.ndim != 1 or found.dtype.kind not in "iu" or found.size == 0:
        raise ValueError(f"k has shape {found.shape} and type {found.dtype}; give whole numbers")
    least = max(2, least)
    if found.min() < least or found.max() > most:
        raise ValueError(
            f"k goes from {found.min()} to {found.max()}; give numbers from {least} to {most}"
        )
    return found.astype(np.int64)


def _log_moments(ordered: FloatArray, k: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """First and second moment of the logarithms of the largest ``k`` over that of the next."""
    logarithms = np.log(ordered[: k.max() + 1])
    # About the largest needed, so that second moments lose no digits.
    logarithms = logarithms - logarithms[-1]
    next_one = logarithms[k]
    first = np.cumsum(logarithms)[k - 1] / k
    second = np.cumsum(logarithms**2)[k - 1] / k
    return first - next_one, np.maximum(second - 2.0 * next_one * first + next_one**2, 0.0)
