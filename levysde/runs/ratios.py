"""Ratios of mean escape times whose paths have the same noise."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from levysde.runs.results import EscapeTimes, Status

_FEWEST_ESCAPES = 2
"""With one escape of each, the changes of the estimate cancel: its error would be 0."""


class Ratio(NamedTuple):
    """A ratio of means with its interval, dimensionless; NaN where it does not exist."""

    value: float
    lower: float
    upper: float


def paired_ratio(
    times: npt.ArrayLike,
    escaped: npt.ArrayLike,
    other_times: npt.ArrayLike,
    other_escaped: npt.ArrayLike,
    level: float = 0.95,
) -> Ratio:
    """The ratio of two means of exponential times whose paths come in pairs.

    With r escapes and total time T the mean is T/r, whether or not paths were censored. To first
    order log(T/r) changes by t_i/T - d_i/r with path i, d_i = 1 if it escaped, and the variance of
    the difference of two such sums counts what pairs have in common.

    Parameters
    ----------
    times, other_times : array, shape (paths,)
        Times of escape or of giving up, time.
    escaped, other_escaped : array of bool, shape (paths,)
        Whether the path escaped.
    level : float
        Of the interval, dimensionless.

    Returns
    -------
    Ratio
        Mean of `times` over mean of `other_times`; NaN with fewer than two escapes on either side,
        from which no interval can be had.

    Raises
    ------
    ValueError
        If the arrays do not have the same length.

    References
    ----------
    D. R. Cox, D. Oakes, "Analysis of Survival Data", 1984, section 3.3, for the estimate.

    Examples
    --------
    >>> ratio = paired_ratio([2.0, 4.0, 6.0], [1, 1, 1], [1.0, 2.0, 3.0], [1, 1, 1])
    >>> [round(value, 12) for value in ratio]  # the pairs agree
    [2.0, 2.0, 2.0]
    """
    from scipy.special import ndtri

    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level:g}; give a number between 0 and 1")
    pairs = []
    for t, d in ((times, escaped), (other_times, other_escaped)):
        time, ended = np.asarray(t, dtype=np.float64), np.asarray(d, dtype=np.float64)
        if time.shape != ended.shape or time.shape != np.shape(times):
            raise ValueError(
                f"times have the shapes {np.shape(times)} and {time.shape}; give pairs of paths"
            )
        if not (np.isfinite(time).all() and (time > 0.0).all()):
            raise ValueError(f"times are {time.tolist()[:6]} ...; give positive numbers")
        pairs.append((time, ended))
    if min(ended.sum() for _, ended in pairs) < _FEWEST_ESCAPES:
        return Ratio(math.nan, math.nan, math.nan)
    logs = [math.log(time.sum() / ended.sum()) for time, ended in pairs]
    changes = [time / time.sum() - ended / ended.sum() for time, ended in pairs]
    difference = changes[0] - changes[1]
    error = float(ndtri(0.5 + 0.5 * level)) * math.sqrt(float((difference * difference).sum()))
    log_ratio = logs[0] - logs[1]
    return Ratio(*(math.exp(log_ratio + side * error) for side in (0.0, -1.0, 1.0)))


def ratio_of(result: EscapeTimes, other: EscapeTimes, level: float = 0.95) -> Ratio:
    """The ratio of the means of two results whose paths have the same noise.

    Parameters
    ----------
    result, other : EscapeTimes
        With the same noise, seed, step and number of paths. Paths that are not finite in either
        are left out.
    level : float
        Of the interval, dimensionless.

    Returns
    -------
    Ratio

    Raises
    ------
    ValueError
        If the paths are not pairs.

    Examples
    --------
    >>> import levysde as ls
    >>> noise = ls.noise.independent(1.5)
    >>> run = ls.escape_times(ls.basins.flat(), ls.dynamics.sgd(), noise, 0.5, paths=100)
    >>> [round(value, 12) for value in ratio_of(run, run)]
    [1.0, 1.0, 1.0]
    """
    for name in ("seed", "dt", "dim", "noise", "noise_params"):
        if result.parameters.get(name) != other.parameters.get(name):
            raise ValueError(
                f"the results have {name} = {result.parameters.get(name)!r:.60} and "
                f"{other.parameters.get(name)!r:.60}; give results with the same noise"
            )
    return ratio_path_by_path(result, other, level)


def ratio_path_by_path(result: EscapeTimes, other: EscapeTimes, level: float = 0.95) -> Ratio:
    """The ratio of the means of two results under different noise, path by path.

    Paths of one number have the same random words, from which each law makes increments of its own:
    what the pairs have in common is seen in the pairs themselves.

    Parameters
    ----------
    result, other : EscapeTimes
        Of as many paths. Those that are not finite in either are left out.
    level : float
        Of the interval, dimensionless.

    Returns
    -------
    Ratio
        NaN without an escape on either side.

    Raises
    ------
    ValueError
        If the results have different numbers of paths.

    Examples
    --------
    >>> import levysde as ls
    >>> noise = ls.noise.independent(1.5)
    >>> run = ls.escape_times(ls.basins.flat(), ls.dynamics.sgd(), noise, 0.5, paths=100)
    >>> ratio_path_by_path(run, run).value
    1.0
    """
    if result.paths != other.paths:
        raise ValueError(
            f"the results have {result.paths} and {other.paths} paths; give as many of each"
        )
    finite = (result.status != Status.NON_FINITE) & (other.status != Status.NON_FINITE)
    return paired_ratio(
        result.times[finite],
        result.status[finite] == Status.ESCAPED,
        other.times[finite],
        other.status[finite] == Status.ESCAPED,
        level,
    )
