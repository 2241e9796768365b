"""Mixtures of two Gaussians of mean 0, and their test against stable laws.

The test is that of `levysde.statistics.likelihood_test`, with the relative entropy by quadrature at
the mixture that is found, instead of a table over its two shapes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.statistics.competing_laws import STABLE
from levysde.statistics.likelihood_test import Fitted
from levysde.statistics.stable_density import quadrature

FloatArray = NDArray[np.float64]

_ROUNDS = 200
_GAIN = 1e-7
_SMALLEST = 1e-12
# Points of smaller weight change no bit of an integral.
_NOTHING, _PIECE = 1e-40, 128
# Variance of the excess of one coordinate that is of order 1 and left where few draws are large. A
# bias between -0.7 and -0.2 is left out, on the safe side. Both are from 600 samples each of 500,
# 2000 or 8000 draws with a share of 0.5 to 10 % three to ten times as large: 2.5 to 5.5 % of them
# exceed 1.645 errors.
_LEFT = 0.25
# Logarithm of the likelihood of two Gaussians over that of stable laws, in nats, of stable draws of
# one coordinate: a mean of up to 1, where draws are too few to tell them apart, with a standard
# deviation of up to 1.7 and a long tail.
_GAIN_MEAN, _GAIN_ABOVE = 1.0, 9.0


@dataclass(frozen=True)
class ScaleMixture:
    """Density ``(1 - share) N(0, narrow) + share N(0, wide)``.

    Attributes
    ----------
    share : float
        Weight of the wide Gaussian.
    narrow, wide : float
        Variances.
    """

    share: float
    narrow: float
    wide: float

    def log_density(self, x: FloatArray) -> FloatArray:
        """Logarithm of the density at any shape of ``x``."""
        inside, outside = self._parts(x**2)
        return np.asarray(np.logaddexp(inside, outside) - 0.5 * math.log(2.0 * math.pi))

    def odds(self, square: FloatArray) -> FloatArray:
        """Probability that draws of these squares are of the wide Gaussian."""
        inside, outside = self._parts(square)
        return np.asarray(np.exp(outside - np.logaddexp(inside, outside)))

    def scores(self, x: FloatArray) -> FloatArray:
        """Derivatives of the log density by share and log variances, shape (3, draws)."""
        odds = self.odds(x**2)
        return np.stack(
            [
                odds / self.share - (1.0 - odds) / (1.0 - self.share),
                0.5 * (1.0 - odds) * (x**2 / self.narrow - 1.0),
                0.5 * odds * (x**2 / self.wide - 1.0),
            ]
        )

    def _parts(self, square: FloatArray) -> tuple[FloatArray, FloatArray]:
        inside = math.log1p(-self.share) - 0.5 * (math.log(self.narrow) + square / self.narrow)
        outside = math.log(self.share) - 0.5 * (math.log(self.wide) + square / self.wide)
        return inside, outside


def fit_mixture(x: FloatArray) -> ScaleMixture:
    """Most likely mixture, by expectation and maximization."""
    square = x**2
    share, narrow = 0.2, float(np.quantile(square, 0.5)) / 0.455
    law = ScaleMixture(share, narrow, max(float(square.mean()) / share, 4.0 * narrow))
    before = -math.inf
    for _ in range(_ROUNDS):
        inside, outside = law._parts(square)
        total = np.logaddexp(inside, outside)
        value = float(total.mean())
        if value - before < _GAIN:
            break
        before = value
        odds = np.exp(outside - total)
        law = ScaleMixture(
            min(max(float(odds.mean()), 1e-4), 1.0 - 1e-4),
            max(
                float((1.0 - odds) @ square) / max(float((1.0 - odds).sum()), _SMALLEST), _SMALLEST
            ),
            max(float(odds @ square) / max(float(odds.sum()), _SMALLEST), _SMALLEST),
        )
    return law


def mixture_excess(
    rows: FloatArray, mixtures: list[ScaleMixture], stable: Fitted
) -> tuple[float, float]:
    """How much better stable laws fit than they should under the mixtures, and its error."""
    draws = rows.shape[1]
    total, alone = 0.0, 0.0
    together = np.zeros(draws)
    for x, law, values, alpha in zip(rows, mixtures, stable.values, stable.shape, strict=True):
        ratio = values - law.log_density(x)
        total += float(ratio.sum()) + draws * _relative_entropy(law, float(alpha))
        design = np.vstack([law.scores(x), np.ones(draws)]).T
        rest = ratio - design @ np.linalg.lstsq(design, ratio, rcond=None)[0]
        alone += float(rest @ rest)
        together += rest
    # What is left is taken to depend on that of other coordinates as the rest does.
    share = _LEFT * len(rows) / max(alone, _SMALLEST)
    return total, math.sqrt(float(together @ together) * (1.0 + share))


def mixture_limit(ratio: FloatArray) -> float:
    """Sum of log ratios (rows, draws) of mixtures over stable laws that stable draws do not reach.

    Every coordinate adds to the mean, and to the spread as its ratios depend on those of others.
    """
    alone = float(np.linalg.norm(ratio))
    together = float(np.linalg.norm(ratio.sum(axis=0)))
    spread = math.sqrt(len(ratio)) * max(together / max(alone, _SMALLEST), 1.0)
    return _GAIN_MEAN * len(ratio) + _GAIN_ABOVE * spread


def _relative_entropy(law: ScaleMixture, alpha: float) -> float:
    """Smallest mean of ``log f - log g`` over stable laws ``g``."""
    x, weights = quadrature()
    log_density = law.log_density(x)
    weights = weights * np.exp(log_density)
    weights /= weights.sum()
    # Whole pieces, so that sums of products are added in the same order as those of all points.
    few = slice((int(np.count_nonzero(weights > _NOTHING)) // _PIECE + 1) * _PIECE)
    x, weights, log_density = x[few], weights[few], log_density[few]
    nearest = STABLE.fit(x, alpha, weights)
    return float(weights @ (log_density - STABLE.log_density(x, *nearest)))
