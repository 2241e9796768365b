"""Estimates from escape times that may be censored.

Every function takes ``times``, shape ``(paths,)``, and ``escaped``, shape ``(paths,)``:
``True`` where the path escaped at that time, ``False`` where it was still inside when its
observation ended (right censoring). A censored path is information, not a failure: it says
that the escape takes longer than that, and dropping it would bias every number here downward.

On a time grid of step ``dt`` an escape seen at time ``t`` happened somewhere in
``(t - dt, t]``. Functions that take ``dt`` count it in the middle of that step.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde._printed import Printed
from levysde._text import Row

__all__ = [
    "Exponentiality",
    "Interval",
    "Slope",
    "Survival",
    "escapes_needed",
    "exponential_rate",
    "exponential_rate_interval",
    "exponentiality",
    "mean_time",
    "mean_time_interval",
    "relative_half_width",
    "shared_draws",
    "slope",
    "slope_of",
    "survival",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# With fewer escapes the central limit theorem is no base for an interval of a skewed law.
_ESCAPES_FOR_STUDENT = 30
_ESCAPES_FOR_SHAPE = 5
_SMALLEST_RELATIVE_ERROR = 1e-6
_LARGEST_COUNT = 1 << 53


# A correlation of ranks beyond so many standard errors is no accident.
_SIGMAS = 5.0
_NORMAL_95 = 1.959963984540054


class ResultLike(Protocol):
    """A result of `levysde.escape_times`."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What made it, with ``"seed"`` and ``"epsilon"``."""

    @property
    def times(self) -> FloatArray:
        """One time a path, time units."""

    @property
    def mean(self) -> float:
        """Mean escape time, time units."""

    def mean_interval(self, level: float = ...) -> Interval:
        """Confidence interval of the mean, time units."""


class Interval(NamedTuple):
    """An interval ``lower <= value <= upper``, in the units of the value."""

    lower: float
    upper: float


@dataclass(frozen=True, repr=False)
class Survival(Printed):
    """A survival curve: a step function, constant from each time to the next.

    Attributes
    ----------
    times : ndarray, shape (points,)
        Times at which the curve may change, increasing from 0, time units.
    probability : ndarray, shape (points,)
        Probability of being still inside just after that time, dimensionless.
    lower, upper : ndarray, shape (points,)
        Pointwise confidence band of ``probability``, dimensionless.
    """

    times: FloatArray
    probability: FloatArray
    lower: FloatArray
    upper: FloatArray

    def __repr__(self) -> str:
        """Return the size of the curve and its end."""
        end = f"probability={self.probability[-1]:.4g} at time {self.times[-1]:.6g}"
        return f"Survival(points={self.times.size}, {end})"

    def _rows(self) -> list[Row]:
        columns = self.to_dict()
        lines = zip(*columns.values(), strict=True)
        return [dict(zip(columns, line, strict=True)) for line in lines]


@dataclass(frozen=True, repr=False)
class Exponentiality(Printed):
    """A test of the exponential law against Weibull laws of another shape.

    Attributes
    ----------
    statistic : float or None
        Likelihood ratio statistic, dimensionless, about chi-square with one degree of freedom
        if the times are exponential.
    p_value : float or None
        Probability of a larger statistic under the exponential law, dimensionless.
    shape : float or None
        Most likely Weibull shape, dimensionless; 1 is the exponential law, less than 1 means
        that early escapes are more frequent, more than 1 that they are rarer.

    Notes
    -----
    All three are ``None`` where the test does not exist: see `exponentiality`.
    """

    statistic: float | None
    p_value: float | None
    shape: float | None


@dataclass(frozen=True, repr=False)
class Slope(Printed):
    """A straight line ``log mean = intercept + value * log epsilon``.

    Attributes
    ----------
    value : float
        Slope, dimensionless.
    standard_error : float or None
        Standard error of the slope; ``None`` if two points were given without errors.
    intercept : float
        Logarithm of the mean on the line at ``epsilon = 1``.
    """

    value: float
    standard_error: float | None
    intercept: float


def exponential_rate(times: ArrayLike, escaped: ArrayLike, dt: float = 0.0) -> float:
    """Maximum likelihood rate of an exponential law.

    ``rate = escapes / total time``, the total taken over all paths, censored ones included.

    Parameters
    ----------
    times : array_like, shape (paths,)
        Time of escape or of the end of the observation, time units.
    escaped : array_like of bool, shape (paths,)
        Whether the path escaped at that time.
    dt : float, default 0
        Step of the time grid, time units; an escape is counted at ``t - dt / 2``.

    Returns
    -------
    float
        Escapes per time unit; 0 if no path escaped.

    Raises
    ------
    ValueError
        If there are no paths, their total time is zero, or an argument is malformed.

    References
    ----------
    J. F. Lawless, *Statistical Models and Methods for Lifetime Data*, 2nd ed. (2003), sec. 4.1.

    Examples
    --------
    >>> exponential_rate([1.0, 2.0, 5.0], [True, True, False])
    0.25
    """
    times, escaped = _checked(times, escaped)
    return int(np.count_nonzero(escaped)) / _exposure(times, escaped, dt)


def exponential_rate_interval(
    times: ArrayLike, escaped: ArrayLike, dt: float = 0.0, level: float = 0.95
) -> Interval:
    """Confidence interval of an exponential rate.

    ``[chi2(2 r; a / 2), chi2(2 r + 2; 1 - a / 2)] / (2 total time)`` with ``r`` escapes and
    ``a = 1 - level``. It keeps its level from a single escape on, where the interval
    ``rate +- z rate / sqrt(r)`` does not.

    Parameters
    ----------
    times : array_like, shape (paths,)
        Time of escape or of the end of the observation, time units.
    escaped : array_like of bool, shape (paths,)
        Whether the path escaped at that time.
    dt : float, default 0
        Step of the time grid, time units; an escape is counted at ``t - dt / 2``.
    level : float, default 0.95
        Confidence level, dimensionless, strictly between 0 and 1.

    Returns
    -------
    Interval
        Bounds of the rate, per time unit; the lower one is 0 if no path escaped.

    Raises
    ------
    ValueError
        If there are no paths, their total time is zero, or an argument is malformed.

    References
    ----------
    J. F. Lawless, *Statistical Models and Methods for Lifetime Data*, 2nd ed. (2003), sec. 4.1;
    F. Garwood, Biometrika 28 (1936) 437, for the bounds of a Poisson count.

    Examples
    --------
    >>> low, high = exponential_rate_interval([10.0] * 4, [False] * 4)
    >>> low, round(high, 4)
    (0.0, 0.0922)
    """
    times, escaped = _checked(times, escaped)
    total = _exposure(times, escaped, dt)
    low, high = _count_interval(int(np.count_nonzero(escaped)), level)
    return Interval(low / total, high / total)


def mean_time(times: ArrayLike, escaped: ArrayLike) -> float:
    """Mean escape time.

    ``mean = total time / escapes``: the arithmetic mean if nothing is censored, the maximum
    likelihood mean of an exponential law otherwise. Times are taken as they are on the grid.

    Parameters
    ----------
    times : array_like, shape (paths,)
        Time of escape or of the end of the observation, time units.
    escaped : array_like of bool, shape (paths,)
        Whether the path escaped at that time.

    Returns
    -------
    float
        Mean escape time, time units; infinite if no path escaped.

    Raises
    ------
    ValueError
        If there are no paths, or an argument is malformed.

    References
    ----------
    J. F. Lawless, *Statistical Models and Methods for Lifetime Data*, 2nd ed. (2003), sec. 4.1.

    Examples
    --------
    >>> mean_time([1.0, 2.0, 5.0], [True, True, False])
    4.0
    """
    times, escaped = _checked(times, escaped)
    escapes = int(np.count_nonzero(escaped))
    return float(times.sum()) / escapes if escapes else math.inf


def mean_time_interval(times: ArrayLike, escaped: ArrayLike, level: float = 0.95) -> Interval:
    """Confidence interval of the mean escape time.

    If nothing is censored and at least 30 paths escaped: ``mean +- t s / sqrt(paths)`` with
    the sample standard deviation ``s`` and Student's ``t``, which assumes no law of the times.
    Otherwise the inverse of `exponential_rate_interval`, which assumes the exponential law.

    Parameters
    ----------
    times : array_like, shape (paths,)
        Time of escape or of the end of the observation, time units.
    escaped : array_like of bool, shape (paths,)
        Whether the path escaped at that time.
    level : float, default 0.95
        Confidence level, dimensionless, strictly between 0 and 1.

    Returns
    -------
    Interval
        Bounds of the mean, time units; the upper one is infinite if no path escaped.

    Raises
    ------
    ValueError
        If there are no paths, or an argument is malformed.

    References
    ----------
    J. F. Lawless, *Statistical Models and Methods for Lifetime Data*, 2nd ed. (2003), sec. 4.1.

    Examples
    --------
    >>> low, high = mean_time_interval([10.0] * 4, [False] * 4)
    >>> round(low, 3), high
    (10.843, inf)
    """
    times, escaped = _checked(times, escaped)
    if times.size >= _ESCAPES_FOR_STUDENT and bool(escaped.all()):
        return _student_interval(times, level)
    low, high = exponential_rate_interval(times, escaped, level=level)
    return Interval(1.0 / high, 1.0 / low if low > 0.0 else math.inf)


def relative_half_width(escapes: int, level: float = 0.95) -> float:
    """Half width of the rate interval relative to the rate.

    ``[chi2(2 r + 2; 1 - a / 2) - chi2(2 r; a / 2)] / (4 r)``, about ``z / sqrt(r)``. It depends
    on the number ``r`` of escapes alone, not on their times, so that a run which stops as soon
    as it is small enough stops at a fixed number of escapes and stays unbiased.

    Parameters
    ----------
    escapes : int
        Number of escapes, at least 0.
    level : float, default 0.95
        Confidence level, dimensionless, strictly between 0 and 1.

    Returns
    -------
    float
        Relative half width, dimensionless; infinite without an escape.

    Raises
    ------
    ValueError
        If ``escapes`` is negative or ``level`` is not between 0 and 1.

    References
    ----------
    F. Garwood, Biometrika 28 (1936) 437.

    Examples
    --------
    >>> round(relative_half_width(400), 4)
    0.0993
    """
    if isinstance(escapes, bool) or not isinstance(escapes, int | np.integer):
        raise ValueError(f"escapes is {_told(escapes)}; it must be a whole number")
    if escapes < 0 or escapes > _LARGEST_COUNT:
        raise ValueError(f"escapes is {_told(escapes)}; it must be from 0 to {_LARGEST_COUNT}")
    low, high = _count_interval(escapes, level)
    return (high - low) / (2 * escapes) if escapes else math.inf


def escapes_needed(rel_error: float, level: float = 0.95) -> int:
    """Fewest escapes for a given relative precision.

    The smallest ``r`` with ``relative_half_width(r, level) <= rel_error``.

    Parameters
    ----------
    rel_error : float
        Relative half width wanted, dimensionless, at least 1e-6.
    level : float, default 0.95
        Confidence level, dimensionless, strictly between 0 and 1.

    Returns
    -------
    int
        Number of escapes, at least 1.

    Raises
    ------
    ValueError
        If ``rel_error`` is below 1e-6 or not finite, or ``level`` is not between 0 and 1.

    References
    ----------
    F. Garwood, Biometrika 28 (1936) 437.

    Examples
    --------
    >>> escapes_needed(0.1)
    395
    """
    if not (
        math.isfinite(_number("rel_error", rel_error)) and rel_error >= _SMALLEST_RELATIVE_ERROR
    ):
        raise ValueError(
            f"rel_error is {rel_error}; it must be finite and at least {_SMALLEST_RELATIVE_ERROR}"
        )
    too_few, enough = 0, 1
    while relative_half_width(enough, level) > rel_error:
        too_few, enough = enough, 2 * enough
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if relative_half_width(middle, level) > rel_error:
            too_few = middle
        else:
            enough = middle
    return enough


def survival(times: ArrayLike, escaped: ArrayLike, level: float = 0.95) -> Survival:
    """Kaplan-Meier estimate of the survival curve.

    ``S(t) = prod over escape times s <= t of (1 - escapes at s / paths at risk at s)``, with
    the log-log interval of Greenwood's variance, which stays inside [0, 1].

    Parameters
    ----------
    times : array_like, shape (paths,)
        Time of escape or of the end of the observation, time units.
    escaped : array_like of bool, shape (paths,)
        Whether the path escaped at that time.
    level : float, default 0.95
        Confidence level of each point of the band, dimensionless, strictly between 0 and 1.

    Returns
    -------
    Survival
        The curve at time 0 and at each distinct time.

    Raises
    ------
    ValueError
        If there are no paths, or an argument is malformed.

    Notes
    -----
    The log-log interval does not exist at the two ends. Before the first escape, from time 0
    on, the lower bound is that of ``n`` paths at risk of which none escaped,
    ``((1 - level) / 2)^(1 / n)``. After the escape of the last path the upper bound stays where
    it was before.

    References
    ----------
    E. L. Kaplan and P. Meier, J. Am. Stat. Assoc. 53 (1958) 457; J. D. Kalbfleisch and
    R. L. Prentice, *The Statistical Analysis of Failure Time Data*, 2nd ed. (2002), sec. 1.4.

    Examples
    --------
    >>> curve = survival([1.0, 2.0, 2.0, 3.0], [True, True, False, True])
    >>> curve.times.tolist(), curve.probability.tolist()
    ([0.0, 1.0, 2.0, 3.0], [1.0, 0.75, 0.5, 0.0])
    """
    from scipy.stats import CensoredData, ecdf

    times, escaped = _checked(times, escaped)
    check_level(level)
    curve = ecdf(CensoredData(uncensored=times[escaped], right=times[~escaped])).sf
    with warnings.catch_warnings():
        # The interval does not exist at probabilities 0 and 1: filled in below.
        warnings.simplefilter("ignore", RuntimeWarning)
        band: Any = curve.confidence_interval(confidence_level=level, method="log-log")
    # The curve starts at time 0, where scipy's starts at the first time of a path.
    origin = [0.0] if curve.quantiles[0] > 0.0 else []
    points = np.concatenate((origin, curve.quantiles))
    probability = np.concatenate((np.ones(len(origin)), curve.probabilities))
    lower = np.concatenate((np.ones(len(origin)), band.low.probabilities))
    upper = np.concatenate((np.ones(len(origin)), band.high.probabilities))
    at_risk = times.size - np.searchsorted(np.sort(times), points, side="left")
    none_yet, all_gone = probability == 1.0, probability == 0.0
    lower[none_yet] = (0.5 - 0.5 * level) ** (1.0 / at_risk[none_yet])
    upper[none_yet] = 1.0
    lower[all_gone] = 0.0
    upper[all_gone] = np.min(upper[~all_gone], initial=1.0)
    return Survival(points, probability, lower, upper)


def exponentiality(times: ArrayLike, escaped: ArrayLike, dt: float = 0.0) -> Exponentiality:
    """Likelihood ratio test of the exponential law within the Weibull laws.

    ``2 [max over k of l(k) - l(1)]``, where ``l`` is the log likelihood of right-censored times
    with survival ``exp(-(t / scale)^k)``, maximized over the scale; about chi-square with one
    degree of freedom if the times are exponential.

    Parameters
    ----------
    times : array_like, shape (paths,)
        Time of escape or of the end of the observation, time units.
    escaped : array_like of bool, shape (paths,)
        Whether the path escaped at that time.
    dt : float, default 0
        Step of the time grid, time units; an escape is counted at ``t - dt / 2``.

    Returns
    -------
    Exponentiality
        Statistic, p-value and most likely shape. All are ``None`` if there are fewer than five
        escapes, if a path escaped at time 0, or if no path was seen longer than the time at
        which all escapes happened: then no shape is most likely.

    Raises
    ------
    ValueError
        If there are no paths, or an argument is malformed.

    Notes
    -----
    A small p-value with very many paths can be right and irrelevant: a path needs some time to
    forget its start. Look at how far ``shape`` is from 1. The grid itself is seen as well when
    the mean is only a few steps.

    References
    ----------
    J. F. Lawless, *Statistical Models and Methods for Lifetime Data*, 2nd ed. (2003), sec. 5.2.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.random.default_rng(1).weibull(2.0, 500)
    >>> test = exponentiality(times, np.full(500, True))
    >>> test.shape > 1.5, test.p_value < 1e-6
    (True, True)
    """
    times, escaped = _checked(times, escaped)
    observed = _midpoints(times, escaped, dt)
    nothing = Exponentiality(None, None, None)
    if np.count_nonzero(escaped) < _ESCAPES_FOR_SHAPE or not np.all(observed[escaped] > 0.0):
        return nothing
    positive = observed > 0.0
    # Relative to the longest time no power can overflow, whatever the shape.
    logs = np.log(observed[positive])
    logs -= logs.max()
    mean_log = float(logs[escaped[positive]].mean()) - _first_step_bias(times, escaped, dt)
    if mean_log >= 0.0:
        return nothing
    shape = _weibull_shape(logs, mean_log)
    gain = math.log(shape) + (shape - 1.0) * mean_log
    gain -= math.log(float(np.exp(shape * logs).sum()) / float(np.exp(logs).sum()))
    statistic = max(0.0, 2.0 * int(np.count_nonzero(escaped)) * gain)
    return Exponentiality(statistic, math.erfc(math.sqrt(0.5 * statistic)), shape)


def slope(epsilon: ArrayLike, mean: ArrayLike, standard_error: ArrayLike | None = None) -> Slope:
    """Slope of the logarithm of the mean escape time against the logarithm of epsilon.

    Minimizes ``sum_i w_i (log mean_i - intercept - value log epsilon_i)^2`` with
    ``w_i = (mean_i / standard_error_i)^2``, or equal weights without standard errors. For a law
    ``mean = c epsilon^-alpha`` the value is ``-alpha``.

    Parameters
    ----------
    epsilon : array_like, shape (points,)
        Noise amplitudes, positive, at least two of them different.
    mean : array_like, shape (points,)
        Mean escape times, positive, time units.
    standard_error : array_like, shape (points,), optional
        Standard errors of ``mean``, positive, time units. If given they determine the standard
        error of the slope; otherwise the scatter about the line does.

    Returns
    -------
    Slope
        Slope, its standard error, and intercept.

    Raises
    ------
    ValueError
        If the arrays differ in shape, have fewer than two different amplitudes, or contain
        anything that is not positive and finite.

    References
    ----------
    P. R. Bevington and D. K. Robinson, *Data Reduction and Error Analysis for the Physical
    Sciences*, 3rd ed. (2003), ch. 6.

    See Also
    --------
    slope_of : The same of results, which notices when they share their random numbers.

    Examples
    --------
    >>> fit = slope([0.1, 0.2, 0.4], [8.0, 4.0, 2.0])
    >>> round(fit.value, 12)
    -1.0
    """
    x = np.log(_positive("epsilon", epsilon))
    means = _positive("mean", mean)
    weights = np.ones_like(means)
    if standard_error is not None:
        weights = (means / _positive("standard_error", standard_error, means.shape)) ** 2
    if x.shape != means.shape:
        raise ValueError(f"epsilon has shape {x.shape} but mean has shape {means.shape}")
    if x.size < 2 or np.all(x == x[0]):
        raise ValueError("epsilon must have at least two different values to fit a slope")
    y = np.log(means)
    x_center = float(np.average(x, weights=weights))
    y_center = float(np.average(y, weights=weights))
    spread = float(np.sum(weights * (x - x_center) ** 2))
    value = float(np.sum(weights * (x - x_center) * (y - y_center))) / spread
    error: float | None = None
    if standard_error is not None:
        error = math.sqrt(1.0 / spread)
    elif x.size > 2:
        residual = y - y_center - value * (x - x_center)
        error = math.sqrt(float(residual @ residual) / (x.size - 2) / spread)
    return Slope(value, error, y_center - value * x_center)


def slope_of(results: Sequence[ResultLike]) -> Slope:
    """Slope of the logarithm of the mean escape time of several results against log epsilon.

    As `slope`, with the means of the results and the standard errors of their intervals.

    Parameters
    ----------
    results : sequence of EscapeTimes
        Of different epsilon, with different seeds: those with the same draws are warned of, because
        standard errors of a fit are those of independent points.

    Returns
    -------
    Slope
        Slope, its standard error, and intercept.

    Raises
    ------
    ValueError
        If there are fewer than two different amplitudes, or a result has too few escapes for an
        interval.

    Examples
    --------
    >>> import levysde as ls
    >>> setting = (ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5))
    >>> runs = [
    ...     ls.escape_times(*setting, epsilon, paths=2000, seed=ls.seed_of(epsilon))
    ...     for epsilon in (0.2, 0.4)
    ... ]
    >>> bool(abs(slope_of(runs).value + 1.75) < 0.25)
    True
    """
    pairs = shared_draws(results)
    if pairs:
        first, second = pairs[0]
        warnings.warn(
            f"results {first} and {second} have the seed {results[first].parameters['seed']} and "
            "the same draws, so that their errors are not independent; give each setting a seed "
            "of its own (levysde.seed_of)",
            stacklevel=2,
        )
    if not all("epsilon" in result.parameters for result in results):
        raise ValueError("a result has no epsilon on record; give results of escape_times")
    intervals = [result.mean_interval() for result in results]
    return slope(
        [result.parameters["epsilon"] for result in results],
        [result.mean for result in results],
        [(upper - lower) / (2.0 * _NORMAL_95) for lower, upper in intervals],
    )


def shared_draws(results: Sequence[ResultLike]) -> list[tuple[int, int]]:
    """Which results were made with the same random numbers.

    They have the same seed, and the times of their paths agree in rank beyond 5 standard errors.

    Parameters
    ----------
    results : sequence of EscapeTimes
        The results.

    Returns
    -------
    list of (int, int)
        Pairs of indices.

    Raises
    ------
    ValueError
        If they are no results.

    Examples
    --------
    >>> import levysde as ls
    >>> setting = (ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5))
    >>> runs = [ls.escape_times(*setting, 0.5, paths=100, seed=seed) for seed in (1, 2, 1)]
    >>> shared_draws(runs)
    [(0, 2)]
    """
    if not isinstance(results, list | tuple) or not all(map(_is_result, results)):
        raise ValueError(f"results is {_told(results)}; it must be a list of results")
    return [
        (i, j)
        for i, j in combinations(range(len(results)), 2)
        if _same_draws(results[i], results[j])
    ]


def _is_result(value: object) -> bool:
    return all(hasattr(value, name) for name in ("times", "parameters", "mean_interval"))


def _same_draws(one: ResultLike, other: ResultLike) -> bool:
    seed = one.parameters.get("seed")
    if seed is None or seed != other.parameters.get("seed"):
        return False
    paths = min(len(one.times), len(other.times))
    if paths < 3:
        return True
    first, second = (np.argsort(np.argsort(each.times[:paths])) for each in (one, other))
    return float(np.corrcoef(first, second)[0, 1]) * math.sqrt(paths) > _SIGMAS


def _told(value: object) -> str:
    """Any value as a short piece of one line, for messages."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a number of more digits than Python prints, or a repr of the user's
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:80]}..."


def _number(name: str, value: object) -> float:
    """Return a real number, or say what is given instead."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ValueError(f"{name} is {_told(value)}; it must be a number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} is {_told(value)}; it must be at most 1e308") from None


def _array(name: str, values: object) -> FloatArray:
    """Return an array of real numbers, or say what is given instead."""
    try:
        array = np.asarray(values)
        # Text and dates would be converted, and imaginary parts dropped, without a word.
        if array.dtype.kind in "biufO":
            return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{name} is {_told(values)}; it must be an array of numbers")


def _checked(times: ArrayLike, escaped: ArrayLike) -> tuple[FloatArray, BoolArray]:
    """Return both arrays in their types, or say which rule they break."""
    times = _array("times", times)
    try:
        escaped = np.asarray(escaped)
    except ValueError:
        raise ValueError(f"escaped is {_told(escaped)}; it must be an array of bool") from None
    if times.ndim != 1 or times.shape != escaped.shape:
        raise ValueError(
            "times and escaped must be one-dimensional and of equal length; "
            f"their shapes are {times.shape} and {escaped.shape}"
        )
    if times.size == 0:
        raise ValueError("there are no paths to estimate from")
    if escaped.dtype != np.bool_:
        raise ValueError(f"escaped must be an array of bool; its type is {escaped.dtype}")
    # A NaN among the times makes both extremes NaN, and NaN compares false.
    if not (times.min() >= 0.0 and times.max() < math.inf):
        raise ValueError("times must be finite and not negative")
    return times, escaped


def _positive(name: str, values: ArrayLike, shape: tuple[int, ...] | None = None) -> FloatArray:
    """Return a vector of positive finite numbers, or say what is wrong with it."""
    array = _array(name, values)
    if array.ndim != 1 or (shape is not None and array.shape != shape):
        wanted = "one-dimensional" if shape is None else f"of shape {shape}"
        raise ValueError(f"{name} must be {wanted}; its shape is {array.shape}")
    if not np.all((array > 0.0) & np.isfinite(array)):
        raise ValueError(f"{name} must be positive and finite everywhere")
    return array


def check_level(level: float) -> None:
    """Refuse a level of confidence that is none.

    Parameters
    ----------
    level : float
        Dimensionless.

    Raises
    ------
    ValueError
        If it is not strictly between 0 and 1.

    Examples
    --------
    >>> check_level(0.95)
    """
    if not 0.0 < _number("level", level) < 1.0:
        raise ValueError(f"level is {level}; it must be strictly between 0 and 1")


def _midpoints(times: FloatArray, escaped: BoolArray, dt: float) -> FloatArray:
    """Return the times with each escape moved to the middle of the step in which it was seen."""
    if not (math.isfinite(_number("dt", dt)) and dt >= 0.0):
        raise ValueError(f"dt is {dt}; it must be finite and not negative")
    if dt == 0.0:
        return times
    # An escape at time 0 was no step: it stays there.
    return np.maximum(times - np.where(escaped, 0.5 * dt, 0.0), 0.0)


def _exposure(times: FloatArray, escaped: BoolArray, dt: float) -> float:
    """Total time at risk."""
    total = float(_midpoints(times, escaped, dt).sum())
    if total <= 0.0:
        raise ValueError("the total time of all paths is zero: no rate can be estimated")
    return total


def _count_interval(count: int, level: float) -> tuple[float, float]:
    """Bounds of the mean of a Poisson count: half the chi-square quantiles."""
    from scipy.special import gammainccinv, gammaincinv

    check_level(level)
    tail = 0.5 - 0.5 * level
    lower = float(gammaincinv(count, tail)) if count else 0.0
    return lower, float(gammainccinv(count + 1, tail))


def _student_interval(times: FloatArray, level: float) -> Interval:
    """Mean +- Student quantile times the standard error; a time is never negative."""
    from scipy.special import stdtrit

    check_level(level)
    mean = float(times.mean())
    quantile = float(stdtrit(times.size - 1, 0.5 + 0.5 * level))
    half = quantile * float(times.std(ddof=1)) / math.sqrt(times.size)
    return Interval(max(0.0, mean - half), mean + half)


def _first_step_bias(times: FloatArray, escaped: BoolArray, dt: float) -> float:
    """Excess of the mean log of midpoints over the mean log of the times between grid points.

    The logarithm is steep near 0. For a density that is flat over the first steps the sum of
    ``log((n - 1/2) dt)`` exceeds the integral of ``log(t) / dt`` by ``log(2) / 2`` (Stirling's
    series) for each escape in the first step. Left in, it would make the test reject
    exponential times as soon as ``escapes * (dt / mean)^2`` is of order 1.
    """
    if dt == 0.0:
        return 0.0
    first = int(np.count_nonzero(times[escaped] < 1.5 * dt))
    return 0.5 * math.log(2.0) * first / int(np.count_nonzero(escaped))


def _weibull_shape(logs: FloatArray, mean_log: float) -> float:
    """Root of the profile score ``1/k + mean_log - sum(t^k log t) / sum(t^k)``.

    The score falls strictly from infinity to ``mean_log < 0``, so there is one root: Newton
    steps in ``log k``, and doubling or bisection whenever a step would leave the bracket.
    """
    low, high, shape = 0.0, math.inf, 1.0
    for _ in range(200):
        powers = np.exp(shape * logs)
        total = float(powers.sum())
        first = float(powers @ logs) / total
        powers *= logs
        second = float(powers @ logs) / total
        score = 1.0 / shape + mean_log - first
        low, high = (shape, high) if score > 0.0 else (low, shape)
        curvature = 1.0 / shape + shape * (second - first * first)
        step = shape * math.exp(min(score / curvature, 1.0))
        if not low < step < high:
            step = 2.0 * low if high == math.inf else 0.5 * (low + high)
        if abs(step - shape) <= 1e-12 * shape:
            return step
        shape = step
    return shape
