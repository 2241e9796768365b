"""Stable laws fitted to the empirical characteristic function, coordinate by coordinate.

A stable law of index ``alpha``, scale ``c``, skewness ``beta`` and location ``delta`` has
``E exp(iuX) = exp(-|cu|^alpha (1 - i beta sign(u) tan(pi alpha/2)) + i delta u)``, alpha not 1;
``alpha = 2`` is a Gaussian of variance ``2 c^2``. Hence ``log(-log|E exp(iuX)|)`` against ``log u``
is a straight line of slope ``alpha``, whatever the location and the skewness.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.statistics.bounded_interval import acceptance
from levysde.statistics.sample_array import checked_level, checked_samples
from levysde.statistics.standardization import centered_rows

__all__ = ["StableFit", "characteristic_fit"]

FloatArray = NDArray[np.float64]
Wave = tuple[NDArray[Any], NDArray[Any]]

# Frequencies in units of 1 / (half the interquartile range): all of them are powers of one
# exponential, and no set tried has an asymptotic variance smaller by more than 2 % at alpha > 1.2.
_POWERS = np.array([1, 2, 4, 8, 12, 16])
_UNIT = 0.1
_FREQUENCIES = _UNIT * _POWERS
_LOG_FREQUENCIES = np.log(_FREQUENCIES)
# The best weights at alpha = 2 have no variance at all, because there the information about alpha
# is infinite: no number of draws is enough for their normal approximation.
_HIGHEST_WEIGHTED = 1.8
_ALPHAS = np.round(np.arange(0.3, 2.0001, 0.02), 2)
_BETAS = np.linspace(0.0, 1.0, 5)
_FEWEST = 50
# Numbers that a processor keeps near at hand.
_CACHED = 16384
# Of 1e5 Gaussian samples of 100 to 1e5 draws: the 5 % quantile of the slope is so much farther from
# 2 than that of its normal approximation, as a share and a power of the number of draws.
_TAIL, _TAIL_POWER = 3.0, -0.35


@dataclass(frozen=True)
class StableFit:
    """A stable law for every coordinate, with the standard errors of independent draws.

    Attributes
    ----------
    alpha : ndarray, shape (coordinates,)
        Stable index, dimensionless, at most 2.
    alpha_error : ndarray, shape (coordinates,)
        Its asymptotic standard error.
    lower, upper : ndarray, shape (coordinates,)
        Confidence interval of ``alpha``; ``upper`` is 2 where a Gaussian cannot be excluded.
    scale : ndarray, shape (coordinates,)
        Scale ``c``, in units of the samples.
    scale_error : ndarray, shape (coordinates,)
        Its asymptotic standard error.
    beta : ndarray, shape (coordinates,)
        Skewness from -1 to 1; it has no meaning near ``alpha = 2``, where its error is large.
    beta_error : ndarray, shape (coordinates,)
        Its asymptotic standard error, for a law without skewness.
    location : ndarray, shape (coordinates,)
        Median, in units of the samples.
    level : float
        Confidence level of the intervals.
    draws : int
        Number of draws.
    """

    alpha: FloatArray
    alpha_error: FloatArray
    lower: FloatArray
    upper: FloatArray
    scale: FloatArray
    scale_error: FloatArray
    beta: FloatArray
    beta_error: FloatArray
    location: FloatArray
    level: float
    draws: int


def characteristic_fit(samples: ArrayLike, level: float = 0.95) -> StableFit:
    """Fit a stable law to each coordinate by regression on its characteristic function.

    Regresses ``log(-log|phi(u)|)`` on ``log u`` at six frequencies by generalized least squares.
    For independent draws of a stable law the empirical characteristic function has the covariance
    ``(phi(u + v) + phi(u - v))/2 - phi(u) phi(v)``. The interval holds all ``alpha`` that a test
    would not refuse, ordered by likelihood ratios as of Feldman and Cousins, so that it keeps its
    level at the boundary 2.

    Parameters
    ----------
    samples : array_like, shape (draws, coordinates)
        At least 50 independent draws, finite, none of the coordinates constant.
    level : float, default 0.95
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    StableFit
        One law for each coordinate.

    Raises
    ------
    ValueError
        If the samples are no such array, or the level is not between 0 and 1.

    References
    ----------
    I. A. Koutrouvelis, J. Am. Stat. Assoc. 75 (1980) 918, eqs. (3.1)-(3.4); A. Feuerverger and
    P. McDunnough, J. R. Stat. Soc. B 43 (1981) 20; G. J. Feldman and R. D. Cousins, Phys. Rev. D 57
    (1998) 3873, sec. IV.

    Examples
    --------
    >>> import numpy as np
    >>> fit = characteristic_fit(np.random.default_rng(1).standard_cauchy((2000, 3)))
    >>> bool(np.all(abs(fit.alpha - 1.0) < 4.0 * fit.alpha_error))
    True
    """
    array = checked_samples(samples, _FEWEST)
    checked_level(level)
    rows, location, half_range = centered_rows(array)
    if not half_range.all():
        wrong = int(np.flatnonzero(half_range == 0.0)[0])
        raise ValueError(
            f"half of the draws of coordinate {wrong} are the same; leave that coordinate out"
        )
    return fit_rows(rows, location, half_range, level)


def fit_rows(
    rows: NDArray[np.floating], location: FloatArray, unit: FloatArray, level: float
) -> StableFit:
    """Fit rows that are centered and in units of half their interquartile ranges."""
    draws = rows.shape[1]
    phi = empirical_characteristic(rows)
    slope, log_scale = index_and_scale(phi, draws)
    alpha = np.clip(slope, _ALPHAS[0], 2.0)
    scale = np.exp(log_scale)
    beta, beta_error = _skewness(phi, alpha, scale, draws)
    table = _errors(alpha, np.abs(beta))
    lower, upper = _intervals(slope, alpha, np.abs(beta), draws, level)
    return StableFit(
        alpha=alpha,
        alpha_error=table[0] / math.sqrt(draws),
        lower=lower,
        upper=upper,
        scale=scale * unit,
        scale_error=table[1] / math.sqrt(draws) * scale * unit,
        beta=beta,
        beta_error=beta_error,
        location=location,
        level=level,
        draws=draws,
    )


def empirical_characteristic(rows: NDArray[np.floating]) -> NDArray[np.complex128]:
    """``mean(exp(iux))`` of each row at the frequencies, shape (rows, frequencies)."""
    found = np.empty((len(rows), _POWERS.size), dtype=np.complex128)
    step = max(1, _CACHED // rows.shape[1])
    for start in range(0, len(rows), step):
        few = slice(start, start + step)
        for k, (cosine, sine) in enumerate(waves(rows[few])):
            found[few, k].real = cosine.mean(axis=1)
            found[few, k].imag = sine.mean(axis=1)
    return found


def waves(rows: NDArray[np.floating]) -> Iterator[Wave]:
    """Real and imaginary part of ``exp(iux)`` at the frequencies, one after another.

    All are powers of the first, so that sines are taken once.
    """
    angle = rows * rows.dtype.type(_UNIT)
    first: Wave = np.cos(angle), np.sin(angle)
    yield first
    second = _product(first, first)
    yield second
    fourth = _product(second, second)
    yield fourth
    eighth = _product(fourth, fourth)
    yield eighth
    yield _product(eighth, fourth)
    yield _product(eighth, eighth)


def _product(first: Wave, second: Wave) -> Wave:
    return (
        first[0] * second[0] - first[1] * second[1],
        first[0] * second[1] + first[1] * second[0],
    )


def index_and_scale(phi: NDArray[np.complex128], draws: int) -> tuple[FloatArray, FloatArray]:
    """Slope, which may be above 2, and logarithm of the scale, by two weighted regressions."""
    # The mean of |phi|^2 is too large by (1 - |phi|^2) / draws.
    square = (draws * np.abs(phi) ** 2 - 1.0) / (draws - 1.0)
    square = np.clip(square, 0.1 / draws, 1.0 - 1e-15)
    half_log = -0.5 * np.log(square)
    y = np.log(half_log)
    slope = np.full(len(y), 1.5)
    intercept = np.zeros(len(y))
    for _ in range(3):
        weights = _at(_weights()[0], slope)
        bias = _at(_weights()[1], slope) / draws
        slope = np.einsum("ck,ck->c", weights[:, 0], y - bias)
        intercept = np.einsum("ck,ck->c", weights[:, 1], y - bias)
    return slope, intercept / np.clip(slope, _ALPHAS[0], None)


def influences(rows: FloatArray, slope: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What each draw adds to ``draws`` times the errors of alpha and of the log scale.

    Both have the shape (rows, draws).
    """
    phi = empirical_characteristic(rows)
    weights = _at(_weights()[0], slope)
    size = np.clip(np.abs(phi), 1e-6, 1.0 - 1e-12)
    factor = weights / (size * np.log(size))[:, None, :]
    found = np.zeros((2, *rows.shape))
    for k, (cosine, sine) in enumerate(waves(rows)):
        real = phi[:, k, None].real * cosine + phi[:, k, None].imag * sine
        real = real / size[:, k, None] - size[:, k, None]
        found[0] += factor[:, 0, k, None] * real
        found[1] += factor[:, 1, k, None] * real
    return found[0], found[1] / np.clip(slope, _ALPHAS[0], None)[:, None]


def _covariance(alpha: float, beta: float) -> FloatArray:
    """``draws`` times the covariance of ``log(-log|phi|)`` at the frequencies, for scale 1."""
    u, v = np.meshgrid(_FREQUENCIES, _FREQUENCIES, indexing="ij")
    # At alpha = 1 the skew term is another one, of no use here.
    tangent = math.tan(0.5 * math.pi * alpha) if abs(alpha - 1.0) > 0.01 else 0.0

    def phase(t: FloatArray) -> FloatArray:
        return np.asarray(beta * tangent * np.sign(t) * np.abs(t) ** alpha)

    def size(t: FloatArray) -> FloatArray:
        return np.asarray(np.exp(-(np.abs(t) ** alpha)))

    total = size(u + v) * np.cos(phase(u + v) - phase(u) - phase(v))
    total += size(u - v) * np.cos(phase(u - v) - phase(u) + phase(v))
    logarithms = 0.5 * total / (size(u) * size(v)) - 1.0
    return np.asarray(logarithms / (u**alpha * v**alpha))


@functools.cache
def _weights() -> tuple[FloatArray, FloatArray]:
    """Rows that give slope and intercept, and ``draws`` times the bias of the ordinates."""
    design = np.stack([_LOG_FREQUENCIES, np.ones(_LOG_FREQUENCIES.size)], axis=1)
    weights, biases = [], []
    for alpha in _ALPHAS:
        solved = np.linalg.solve(_covariance(min(alpha, _HIGHEST_WEIGHTED), 0.0), design)
        weights.append(np.linalg.solve(design.T @ solved, solved.T))
        biases.append(_second_order(float(alpha)))
    return np.array(weights), np.array(biases)


def _second_order(alpha: float) -> FloatArray:
    """``draws`` times the mean error of ``log(-log(P)/2)`` of an unbiased ``P = |phi|^2``."""
    power = _FREQUENCIES**alpha
    square = np.exp(-2.0 * power)
    # Of P to first order: 4 |phi|^2 times the variance of cos(ux).
    variance = 4.0 * square * (0.5 * (1.0 + np.exp(-((2.0 * _FREQUENCIES) ** alpha))) - square)
    logarithm = -2.0 * power
    second = -(1.0 / (square**2 * logarithm)) - 1.0 / (square * logarithm) ** 2
    return np.asarray(0.5 * variance * second)


@functools.cache
def _error_table() -> FloatArray:
    """Standard errors of slope and log scale for one draw, shape (2, alphas, betas)."""
    table = np.empty((2, _ALPHAS.size, _BETAS.size))
    weights = _weights()[0]
    for i, alpha in enumerate(_ALPHAS):
        for j, beta in enumerate(_BETAS):
            found = weights[i] @ _covariance(float(alpha), float(beta)) @ weights[i].T
            table[:, i, j] = np.sqrt(np.diag(found))
    # Log scale is intercept / alpha at scale 1, where the intercept is 0.
    table[1] /= _ALPHAS[:, None]
    return table


def _at(table: FloatArray, alpha: FloatArray) -> FloatArray:
    """Linear interpolation of a table over the grid of alphas."""
    place = (np.clip(alpha, _ALPHAS[0], 2.0) - _ALPHAS[0]) / (_ALPHAS[1] - _ALPHAS[0])
    low = np.minimum(place.astype(np.intp), _ALPHAS.size - 2)
    share = (place - low).reshape(-1, *([1] * (table.ndim - 1)))
    return np.asarray((1.0 - share) * table[low] + share * table[low + 1])


def _errors(alpha: FloatArray, beta: FloatArray) -> FloatArray:
    """Standard errors of slope and log scale for one draw, shape (2, coordinates)."""
    found = np.empty((2, alpha.size))
    for part in range(2):
        by_beta = _at(_error_table()[part], alpha)
        place = np.clip(beta, 0.0, 1.0) * (_BETAS.size - 1)
        low = np.minimum(place.astype(np.intp), _BETAS.size - 2)
        share = place - low
        every = np.arange(alpha.size)
        found[part] = (1.0 - share) * by_beta[every, low] + share * by_beta[every, low + 1]
    return found


def residual_chi_square(phi: NDArray[np.complex128], draws: int) -> FloatArray:
    """Chi-square of 4 degrees of ``log(-log|phi|)`` about a straight line, shape (rows,)."""
    slope, log_scale = index_and_scale(phi, draws)
    square = np.clip((draws * np.abs(phi) ** 2 - 1.0) / (draws - 1.0), 0.1 / draws, 1.0 - 1e-15)
    bias = _at(_weights()[1], slope) / draws
    away = np.log(-0.5 * np.log(square)) - bias
    away -= slope[:, None] * (_LOG_FREQUENCIES + log_scale[:, None])
    found = np.empty(slope.size)
    for row, (alpha, distance) in enumerate(zip(slope, away, strict=True)):
        covariance = _covariance(float(np.clip(alpha, _ALPHAS[0], _HIGHEST_WEIGHTED)), 0.0)
        found[row] = draws * distance @ np.linalg.solve(covariance, distance)
    return found


def _skewness(
    phi: NDArray[np.complex128], alpha: FloatArray, scale: FloatArray, draws: int
) -> tuple[FloatArray, FloatArray]:
    """Beta and its error, from the phases ``beta tan(pi alpha/2) |cu|^alpha + delta u``."""
    used = slice(0, 4)
    frequencies = _FREQUENCIES[used]
    tangent = np.tan(0.5 * np.pi * alpha)
    power = (scale[:, None] * frequencies) ** alpha[:, None]
    size = np.exp(-power)
    weight = size**2 / power
    first = tangent[:, None] * power
    phase = np.angle(phi[:, used])
    # Regression on u is taken out of both first.
    total = (weight * frequencies**2).sum(axis=1)
    first = first - frequencies * ((weight * first * frequencies).sum(axis=1) / total)[:, None]
    row = weight * first / np.maximum((weight * first**2).sum(axis=1), 1e-300)[:, None]
    beta = (row * phase).sum(axis=1)
    variance = np.zeros(alpha.size)
    for i, u in enumerate(frequencies):
        for j, v in enumerate(frequencies):
            apart = np.exp(-((scale * abs(u - v)) ** alpha))
            together = np.exp(-((scale * (u + v)) ** alpha))
            covariance = 0.5 * (apart - together) / (size[:, i] * size[:, j])
            variance += row[:, i] * row[:, j] * covariance
    return np.clip(beta, -1.0, 1.0), np.sqrt(np.maximum(variance, 0.0) / draws)


def _intervals(
    slope: FloatArray, alpha: FloatArray, beta: FloatArray, draws: int, level: float
) -> tuple[FloatArray, FloatArray]:
    """All alpha up to 2 whose acceptance interval holds the slope."""
    distance, nearest, farthest = acceptance(level)
    grid = np.linspace(_ALPHAS[0], 2.0, 1701)
    width = _errors(grid, np.zeros(grid.size))[0] / math.sqrt(draws)
    away = (2.0 - grid) / width
    highest = 2.0 - width * np.interp(away, distance, nearest)
    # Near the boundary the estimate has a longer tail below than a normal one.
    longer = _TAIL * draws**_TAIL_POWER * farthest[0] * np.exp(-away)
    lowest = 2.0 - width * (np.interp(away, distance, farthest) + longer)
    # Beyond the table both bounds keep their distance from the index itself.
    far = away > distance[-1]
    edge = float(distance[-1] - nearest[-1])
    highest[far], lowest[far] = grid[far] + edge * width[far], grid[far] - edge * width[far]
    lower = np.interp(slope, np.maximum.accumulate(highest), grid)
    upper = np.interp(slope, np.maximum.accumulate(lowest), grid)
    # Skewness changes the width: intervals are stretched about the estimate.
    plain = _errors(alpha, np.zeros(alpha.size))[0]
    stretch = _errors(alpha, beta)[0] / plain
    lower = alpha - np.maximum(alpha - lower, 0.0) * stretch
    upper = np.minimum(alpha + np.maximum(upper - alpha, 0.0) * stretch, 2.0)
    return lower, upper
