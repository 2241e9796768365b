"""Estimates of chains of wells: rates from counts, shares of time from many paths."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.statistics.exit_times import check_level

__all__ = ["Estimates", "occupation_shares", "transition_rates_of", "transition_shares"]

FloatArray = NDArray[np.float64]


class Estimates(NamedTuple):
    """Estimates with their intervals, arrays of one shape.

    Attributes
    ----------
    value : ndarray
        Estimates; NaN where nothing was seen.
    lower, upper : ndarray
        Ends of intervals.
    """

    value: FloatArray
    lower: FloatArray
    upper: FloatArray


def transition_rates_of(counts: ArrayLike, times: ArrayLike, level: float = 0.95) -> Estimates:
    """Rates q_ij = N_ij/T_i of a Markov chain in continuous time, with intervals of Poisson counts.

    N_ij is the number of transitions from i to j, T_i the time spent in i by all paths, visits that
    were cut off included: the maximum of the likelihood. Intervals are those of chi-square with 2 N
    and 2 N + 2 degrees of freedom.

    Parameters
    ----------
    counts : array_like of int, shape (wells, wells)
        N_ij; the diagonal is not looked at.
    times : array_like, shape (wells,)
        T_i, time.
    level : float
        Of the intervals, dimensionless.

    Returns
    -------
    Estimates, shape (wells, wells)
        1/time; NaN on the diagonal and from wells in which no time was spent.

    Notes
    -----
    Source: P. Billingsley, "Statistical Inference for Markov Processes" (1961), section I.3; the
    intervals are those of F. Garwood, Biometrika 28 (1936) 437.

    Examples
    --------
    >>> found = transition_rates_of([[0, 10], [20, 0]], [100.0, 50.0])
    >>> found.value.tolist()
    [[nan, 0.1], [0.4, nan]]
    >>> round(float(found.lower[0, 1]), 4), round(float(found.upper[0, 1]), 4)
    (0.048, 0.1839)
    """
    from scipy import stats

    number = np.asarray(counts, dtype=np.float64)
    time = np.asarray(times, dtype=np.float64)[:, None]
    check_level(level)
    tail = 0.5 * (1.0 - level)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(time > 0.0, number / time, np.nan)
        lower = np.where(number > 0.0, 0.5 * stats.chi2.ppf(tail, 2.0 * number) / time, 0.0)
        upper = 0.5 * stats.chi2.isf(tail, 2.0 * number + 2.0) / time
    unknown = np.isnan(value) | np.eye(len(number), dtype=bool)
    return Estimates(*(np.where(unknown, np.nan, each) for each in (value, lower, upper)))


def transition_shares(counts: ArrayLike, level: float = 0.95) -> Estimates:
    """The shares of transitions from each well by the well that follows, with Wilson intervals.

    Parameters
    ----------
    counts : array_like of int, shape (wells, wells)
        Numbers of transitions; the diagonal is not looked at.
    level : float
        Of the intervals, dimensionless.

    Returns
    -------
    Estimates, shape (wells, wells)
        Dimensionless; NaN on the diagonal and from wells that were not left.

    Notes
    -----
    Source: E. B. Wilson, J. Amer. Statist. Assoc. 22 (1927) 209.

    Examples
    --------
    >>> transition_shares([[0, 30, 10], [0, 0, 0], [1, 1, 0]]).value.round(3).tolist()
    [[nan, 0.75, 0.25], [nan, nan, nan], [0.5, 0.5, nan]]
    """
    from scipy import stats

    number = np.array(counts, dtype=np.float64)
    np.fill_diagonal(number, 0.0)
    total = number.sum(axis=1, keepdims=True)
    check_level(level)
    z = float(stats.norm.isf(0.5 * (1.0 - level)))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = number / total
        center = (share + z * z / (2.0 * total)) / (1.0 + z * z / total)
        half = z * np.sqrt(share * (1.0 - share) / total + (0.5 * z / total) ** 2)
        half /= 1.0 + z * z / total
    unknown = np.isnan(share) | np.eye(len(number), dtype=bool)
    ends = (share, center - half, center + half)
    return Estimates(*(np.where(unknown, np.nan, each) for each in ends))


def occupation_shares(times: ArrayLike, level: float = 0.95) -> Estimates:
    """The share of time in each well: means over paths, with intervals of Student's t.

    Parameters
    ----------
    times : array_like, shape (paths, wells)
        Time that each path spent in each well, for equally long.
    level : float
        Of the intervals, dimensionless.

    Returns
    -------
    Estimates, shape (wells,)
        Dimensionless; intervals are NaN with one path.

    Examples
    --------
    >>> occupation_shares([[1.0, 3.0], [3.0, 1.0]]).value.tolist()
    [0.5, 0.5]
    """
    from scipy import stats

    spent = np.asarray(times, dtype=np.float64)
    shares = spent / spent.sum(axis=1, keepdims=True)
    mean, paths = shares.mean(axis=0), len(shares)
    if paths == 1:
        unknown = np.full(mean.shape, np.nan)
        return Estimates(mean, unknown, unknown)
    error = shares.std(axis=0, ddof=1) / np.sqrt(paths)
    check_level(level)
    half = float(stats.t.isf(0.5 * (1.0 - level), paths - 1)) * error
    return Estimates(mean, np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0))
