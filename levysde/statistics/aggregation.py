"""Sums of draws, and means over batches: the test that only stable laws pass.

Sums of ``m`` independent draws of a stable law are stable with the same ``alpha`` and a scale that
is larger by ``m^(1/alpha)``. For any law of finite variance ``alpha`` rises to 2 instead, and the
scale grows as ``m^(1/2)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.statistics import characteristic, standardization
from levysde.statistics.sample_array import checked_samples, checked_whole
from levysde.statistics.scaling import SlopeFit, fit_slope

__all__ = ["Aggregation", "BatchExponent", "aggregated", "batch_exponent"]

FloatArray = NDArray[np.float64]

_FEWEST_SUMS = 100


@dataclass(frozen=True)
class Aggregation:
    """Index and scale of sums, as means over coordinates.

    Attributes
    ----------
    m : ndarray of int, shape (sizes,)
        Draws in a sum: 1, 2, 4, ...
    alpha : ndarray, shape (sizes,)
        Mean over coordinates of the index of the sums.
    error : ndarray, shape (sizes,)
        Its standard error, with the dependence of the coordinates of a draw.
    growth : ndarray, shape (sizes,)
        Scale of the sums over that of the draws, geometric mean over coordinates.
    growth_error : ndarray, shape (sizes,)
        Standard error of the logarithm of ``growth``.
    rise : ndarray, shape (sizes,)
        ``alpha`` less that of the draws.
    rise_error : ndarray, shape (sizes,)
        Standard error of ``rise``: smaller than that of a difference of independent numbers.
    """

    m: NDArray[np.int64]
    alpha: FloatArray
    error: FloatArray
    growth: FloatArray
    growth_error: FloatArray
    rise: FloatArray
    rise_error: FloatArray

    @property
    def exponent(self) -> float:
        """Growth of the scale: ``log growth / log m`` of the largest sums, 1/2 if finite."""
        if self.m.size == 1:
            return math.nan
        return float(np.log(self.growth[-1]) / np.log(self.m[-1]))


@dataclass(frozen=True)
class BatchExponent:
    """How the scale of mean gradients falls with the batch size.

    Attributes
    ----------
    batch : ndarray of int, shape (sizes,)
        Batch sizes.
    alpha : ndarray, shape (sizes,)
        Mean over coordinates of the index.
    alpha_error : ndarray, shape (sizes,)
        Its standard error.
    fit : SlopeFit
        The line of the logarithm of the scale against that of the batch size, of slope ``-r``.
    """

    batch: NDArray[np.int64]
    alpha: FloatArray
    alpha_error: FloatArray
    fit: SlopeFit

    @property
    def exponent(self) -> float:
        """``r`` in ``scale = c b^-r``: ``1 - 1/alpha`` if stable, 1/2 for finite variance."""
        return -self.fit.slope

    @property
    def implied_alpha(self) -> float:
        """``1/(1 - r)``, infinite for ``r`` of 1 or more."""
        return 1.0 / (1.0 - self.exponent) if self.exponent < 1.0 else math.inf


def aggregated(samples: ArrayLike, max_block: int | None = None) -> Aggregation:
    """Index and scale of sums of 1, 2, 4, ... successive draws that do not overlap.

    Parameters
    ----------
    samples : array_like, shape (draws, coordinates)
        At least 100 independent draws, finite, none of the coordinates constant.
    max_block : int, optional
        Most draws in a sum; by default as many as leave 100 sums.

    Returns
    -------
    Aggregation
        Means over coordinates, and their errors.

    Raises
    ------
    ValueError
        If the samples are no such array, or there are fewer than 100 sums of ``max_block``.

    Examples
    --------
    >>> import numpy as np
    >>> cauchy = aggregated(np.random.default_rng(1).standard_cauchy((4000, 8)), 4)
    >>> cauchy.m.tolist(), bool(abs(cauchy.rise[-1]) < 4.0 * cauchy.rise_error[-1])
    ([1, 2, 4], True)
    >>> t = aggregated(np.random.default_rng(1).standard_t(3, (4000, 8)), 16)
    >>> bool(t.rise[-1] > 4.0 * t.rise_error[-1])
    True
    """
    array = checked_samples(samples, _FEWEST_SUMS).astype(np.float64)
    draws = len(array)
    if max_block is not None and draws // checked_whole("max_block", max_block, 1) < _FEWEST_SUMS:
        raise ValueError(
            f"max_block is {max_block} and there are {draws} draws; give at most "
            f"{draws // _FEWEST_SUMS}, which leaves {_FEWEST_SUMS} sums"
        )
    most = max_block or draws // _FEWEST_SUMS
    sizes = 2 ** np.arange(int(math.log2(most)) + 1)
    pieces = [_of_sums(array, int(m)) for m in sizes]
    alpha, log_scale = (np.array([piece[i] for piece in pieces]) for i in (0, 1))
    first = pieces[0][2]
    errors = []
    for m, piece in zip(sizes, pieces, strict=True):
        by_sum = _by_sum(first, int(m))
        away = piece[2] - by_sum
        errors.append([_mean_error(piece[2][0]), _mean_error(away[1]), _mean_error(away[0])])
    error, growth_error, rise_error = np.array(errors).T
    growth = np.exp(log_scale - log_scale[0])
    return Aggregation(sizes, alpha, error, growth, growth_error, alpha - alpha[0], rise_error)


def _of_sums(array: FloatArray, m: int) -> tuple[float, float, FloatArray]:
    """Mean index, mean log scale, and influences of each sum on both, shape (2, sums)."""
    sums = _sums(array, m).T
    location, unit = standardization.center_and_unit(np.sort(sums, axis=1))
    if not unit.all():
        raise ValueError("half of the draws of a coordinate are the same; leave that one out")
    rows = standardization.standardized(sums, location, unit)
    phi = characteristic.empirical_characteristic(rows)
    slope, log_scale = characteristic.index_and_scale(phi, rows.shape[1])
    parts = characteristic.influences(rows, slope)
    together = np.stack([part.mean(axis=0) for part in parts])
    return float(slope.mean()), float((log_scale + np.log(unit)).mean()), together


def _sums(array: FloatArray, m: int) -> FloatArray:
    count = len(array) // m
    return np.asarray(array[: count * m].reshape(count, m, -1).sum(axis=1))


def _by_sum(influence: FloatArray, m: int) -> FloatArray:
    """Mean influence of the draws of each sum, shape (2, sums)."""
    count = influence.shape[1] // m
    return np.asarray(influence[:, : count * m].reshape(2, count, m).mean(axis=2))


def _mean_error(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2) / values.size))


def batch_exponent(samples: Mapping[int, ArrayLike]) -> BatchExponent:
    """Exponent ``r`` of the scale of mean gradients against the batch size.

    The mean of ``b`` independent stable draws has the scale ``c b^-r``, ``r = 1 - 1/alpha``: 1/3 at
    ``alpha = 1.5``, and 1/2 for every law of finite variance.

    Parameters
    ----------
    samples : mapping of int to array_like, shape (draws, coordinates)
        For each batch size mean gradients less their expectation, of the same coordinates; at
        least two sizes, of independent batches.

    Returns
    -------
    BatchExponent
        The exponent and the index at each size.

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or samples are no such arrays.

    References
    ----------
    G. Samorodnitsky and M. S. Taqqu, *Stable Non-Gaussian Random Processes* (1994), property 1.2.1
    and 1.2.3.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> means = {b: rng.standard_t(3, (1000, b, 20)).mean(axis=1) for b in (1, 8, 64)}
    >>> found = batch_exponent(means)
    >>> 0.4 < found.exponent < 0.5, bool(found.alpha[-1] > found.alpha[0])
    (True, True)
    """
    if not isinstance(samples, Mapping) or len(samples) < 2:
        raise ValueError("samples has fewer than two batch sizes; give a dictionary of two or more")
    sizes = sorted(checked_whole("a batch size", size, 1) for size in samples)
    found = []
    widths = set()
    for size in sizes:
        array = checked_samples(samples[size], _FEWEST_SUMS, f"samples[{size}]").astype(np.float64)
        widths.add(array.shape[1])
        alpha, log_scale, influence = _of_sums(array, 1)
        found.append((alpha, _mean_error(influence[0]), log_scale, _mean_error(influence[1])))
    if len(widths) > 1:
        raise ValueError(f"samples has {sorted(widths)} coordinates; give the same in every batch")
    alphas, errors, log_scales, scale_errors = np.array(found).T
    fit = fit_slope(np.array(sizes, dtype=float), np.exp(log_scales), scale_errors)
    return BatchExponent(np.array(sizes), alphas, errors, fit)
