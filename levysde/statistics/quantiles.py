"""Stable laws from five quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.statistics.sample_array import checked_samples

__all__ = ["QuantileFit", "quantile_fit"]

FloatArray = NDArray[np.float64]

_ALPHAS = np.array([0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0])
_BETAS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
# Rows by alpha, columns by beta, of the quantiles of scipy.stats.levy_stable(alpha, beta):
# (q95 - q05)/(q75 - q25), (q95 + q05 - 2 q50)/(q95 - q05) and q75 - q25.
_SPREAD = np.array(
    [
        [23.6122, 21.8803, 18.4071, 16.2792, 15.6428],
        [14.8938, 14.0092, 12.0795, 10.7527, 10.4001],
        [10.4791, 9.9653, 8.80188, 7.91824, 7.70464],
        [7.92849, 7.60881, 6.87438, 6.27058, 6.13489],
        [6.31375, 6.10951, 5.63517, 5.22594, 5.13582],
        [5.22287, 5.09254, 4.78562, 4.51775, 4.45605],
        [4.45085, 4.36947, 4.17587, 4.01019, 3.96846],
        [3.88647, 3.83813, 3.72401, 3.62941, 3.60316],
        [3.46562, 3.43985, 3.38082, 3.33294, 3.31916],
        [3.14980, 3.13884, 3.11460, 3.09542, 3.09129],
        [2.91403, 2.91118, 2.90524, 2.90163, 2.90389],
        [2.73938, 2.73954, 2.74043, 2.74293, 2.74778],
        [2.60991, 2.61046, 2.61209, 2.61486, 2.61875],
        [2.51282, 2.51301, 2.51359, 2.51456, 2.51589],
        [2.43866, 2.43866, 2.43866, 2.43866, 2.43866],
    ]
)
_ASYMMETRY = np.array(
    [
        [0.0, 0.440892, 0.767731, 0.936158, 0.962011],
        [0.0, 0.386527, 0.699387, 0.890017, 0.926906],
        [0.0, 0.341476, 0.634347, 0.833970, 0.880466],
        [0.0, 0.302639, 0.572566, 0.769905, 0.824670],
        [0.0, 0.268033, 0.513429, 0.699185, 0.761653],
        [0.0, 0.236280, 0.456018, 0.624141, 0.693285],
        [0.0, 0.206288, 0.399237, 0.547287, 0.621021],
        [0.0, 0.177093, 0.342164, 0.470342, 0.545892],
        [0.0, 0.147892, 0.284798, 0.394341, 0.468577],
        [0.0, 0.118444, 0.228152, 0.319927, 0.389523],
        [0.0, 0.0895251, 0.173629, 0.247655, 0.309138],
        [0.0, 0.0625611, 0.122688, 0.178327, 0.228118],
        [0.0, 0.0386319, 0.0765663, 0.113168, 0.147915],
        [0.0, 0.0179396, 0.0357988, 0.0534989, 0.0709652],
        # The limit as alpha tends to 2, where beta has no meaning.
        [0.0, 1e-6, 2e-6, 3e-6, 4e-6],
    ]
)
_RANGE = np.array(
    [
        [2.32421, 2.62198, 3.52784, 4.78985, 6.22285],
        [2.18013, 2.38251, 2.99491, 3.83295, 4.76142],
        [2.09107, 2.23729, 2.66987, 3.25762, 3.90346],
        [2.03517, 2.14392, 2.45601, 2.88113, 3.34993],
        [2.00000, 2.08104, 2.30784, 2.62006, 2.96858],
        [1.97770, 2.03713, 2.20146, 2.43156, 2.69325],
        [1.96307, 2.00556, 2.12320, 2.29160, 2.48768],
        [1.95276, 1.98222, 2.06468, 2.18577, 2.33064],
        [1.94473, 1.96445, 2.02043, 2.10490, 2.20898],
        [1.93787, 1.95045, 1.98672, 2.04292, 2.11432],
        [1.93155, 1.93904, 1.96093, 1.99568, 2.04115],
        [1.92548, 1.92945, 1.94121, 1.96024, 1.98583],
        [1.91951, 1.92121, 1.92626, 1.93457, 1.94598],
        [1.91361, 1.91402, 1.91526, 1.91732, 1.92019],
        [1.90775, 1.90775, 1.90775, 1.90775, 1.90775],
    ]
)


@dataclass(frozen=True)
class QuantileFit:
    """A stable law for every coordinate, from quantiles alone.

    Attributes
    ----------
    alpha : ndarray, shape (coordinates,)
        Stable index, dimensionless, from 0.6 to 2: the ends of the table.
    beta : ndarray, shape (coordinates,)
        Skewness, from -1 to 1.
    scale : ndarray, shape (coordinates,)
        Scale, in units of the samples.
    """

    alpha: FloatArray
    beta: FloatArray
    scale: FloatArray


def quantile_fit(samples: ArrayLike) -> QuantileFit:
    """Fit a stable law to each coordinate by its quantiles.

    Solves ``(q95 - q05)/(q75 - q25)`` and ``(q95 + q05 - 2 q50)/(q95 - q05)`` of the sample for
    ``alpha`` and ``beta`` in a table of those of stable laws, between whose entries it is linear.

    Parameters
    ----------
    samples : array_like, shape (draws, coordinates)
        At least 50 draws, finite; half of those of a coordinate may not be the same.

    Returns
    -------
    QuantileFit
        One law for each coordinate.

    Raises
    ------
    ValueError
        If the samples are no such array.

    References
    ----------
    J. H. McCulloch, Commun. Stat. Simul. Comput. 15 (1986) 1109, eqs. (1)-(6), tables III and IV.

    Examples
    --------
    >>> import numpy as np
    >>> fit = quantile_fit(np.random.default_rng(1).standard_cauchy((100000, 1)))
    >>> bool(abs(fit.alpha[0] - 1.0) < 0.02)
    True
    """
    rows = np.sort(checked_samples(samples, 50).T.astype(np.float64), axis=1)
    if not (rows[:, (3 * rows.shape[1]) // 4] > rows[:, rows.shape[1] // 4]).all():
        raise ValueError("half of the draws of a coordinate are the same; leave that one out")
    return fit_sorted(rows)


def fit_sorted(rows: NDArray[np.floating]) -> QuantileFit:
    """Fit rows that are sorted already."""
    q05, q25, q50, q75, q95 = (quantile_of_sorted(rows, p) for p in (0.05, 0.25, 0.5, 0.75, 0.95))
    spread = (q95 - q05) / (q75 - q25)
    asymmetry = (q95 + q05 - 2.0 * q50) / (q95 - q05)
    alpha = np.full(spread.shape, 1.5)
    beta = np.zeros(spread.shape)
    # The table of alpha hardly depends on beta: a few rounds settle both.
    for _ in range(6):
        alpha = _between([_inverse(spread, j) for j in range(_BETAS.size)], beta)
        beta = _skewness(np.abs(asymmetry), alpha)
    columns = [np.interp(alpha, _ALPHAS, _RANGE[:, j]) for j in range(_BETAS.size)]
    return QuantileFit(alpha, np.copysign(beta, asymmetry), (q75 - q25) / _between(columns, beta))


def quantile_of_sorted(rows: NDArray[np.floating], probability: float) -> FloatArray:
    """Quantile of each sorted row, whose i-th draw is that of ``(i - 1/2) / draws``."""
    place = min(max(probability * rows.shape[1] - 0.5, 0.0), rows.shape[1] - 1.0)
    low = min(int(place), rows.shape[1] - 2)
    share = place - low
    return np.asarray((1.0 - share) * rows[:, low] + share * rows[:, low + 1], dtype=np.float64)


def _inverse(spread: FloatArray, column: int) -> FloatArray:
    return np.asarray(np.interp(spread, _SPREAD[::-1, column], _ALPHAS[::-1]))


def _between(columns: list[FloatArray], beta: FloatArray) -> FloatArray:
    """Linear interpolation in beta of values that are known at the betas of the table."""
    place = beta * (_BETAS.size - 1)
    low = np.minimum(place.astype(np.intp), _BETAS.size - 2)
    stacked, every = np.stack(columns), np.arange(beta.size)
    share = place - low
    return np.asarray((1.0 - share) * stacked[low, every] + share * stacked[low + 1, every])


def _skewness(asymmetry: FloatArray, alpha: FloatArray) -> FloatArray:
    """Solve the second quantity for the size of beta, at given alpha."""
    columns = np.stack([np.interp(alpha, _ALPHAS, _ASYMMETRY[:, j]) for j in range(_BETAS.size)])
    low = np.clip((columns <= asymmetry).sum(axis=0) - 1, 0, _BETAS.size - 2)
    every = np.arange(alpha.size)
    below, above = columns[low, every], columns[low + 1, every]
    share = np.clip((asymmetry - below) / (above - below), 0.0, 1.0)
    return np.asarray((low + share) / (_BETAS.size - 1))
