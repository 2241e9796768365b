"""Symmetric laws that are mistaken for each other: stable, Student-t, Gaussian.

Rows are coordinates that are centered and in units of half their interquartile ranges.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.statistics import stable_density

FloatArray = NDArray[np.float64]

LogDensity = Callable[[FloatArray, float, float], FloatArray]

# With fewer degrees of freedom a t law has no variance, and its sums tend to a stable law.
FEWEST_DEGREES = 2.0
MOST_DEGREES = 200.0


@dataclass(frozen=True)
class Family:
    """Laws with one shape and one scale.

    Attributes
    ----------
    log_density : callable
        Of draws, shape and logarithm of the scale.
    lowest, highest : float
        Ends of the shapes.
    step : float
        Size of the first step of a search, and a tenth of it of derivatives.
    """

    log_density: LogDensity
    lowest: float
    highest: float
    step: float

    def fit(self, x: FloatArray, start: float, weights: FloatArray | None = None) -> FloatArray:
        """Shape and log scale of the largest mean log density, by the simplex method."""
        from scipy.optimize import minimize

        def loss(at: FloatArray) -> float:
            shape = min(max(float(at[0]), self.lowest), self.highest)
            outside = abs(float(at[0]) - shape)
            values = self.log_density(x, shape, float(at[1]))
            mean = values.mean() if weights is None else float(weights @ values)
            return -mean + outside

        first = np.array([[start, 0.0], [start - self.step, 0.0], [start, 0.1]])
        found = minimize(
            loss,
            first[0],
            method="Nelder-Mead",
            options={"initial_simplex": first, "xatol": 1e-3, "fatol": 1e-7, "maxfev": 150},
        ).x
        found[0] = min(max(found[0], self.lowest), self.highest)
        return np.asarray(found)

    def scores(self, x: FloatArray, shape: float, log_scale: float) -> FloatArray:
        """Derivatives of the log density by shape and log scale, shape (2, draws)."""
        width = 0.1 * self.step
        up, down = min(shape + width, self.highest), max(shape - width, self.lowest)
        by_shape = self.log_density(x, up, log_scale) - self.log_density(x, down, log_scale)
        by_scale = self.log_density(x, shape, log_scale + 0.01)
        by_scale = by_scale - self.log_density(x, shape, log_scale - 0.01)
        return np.stack([by_shape / (up - down), by_scale / 0.02])


def _stable(x: FloatArray, alpha: float, log_scale: float) -> FloatArray:
    return stable_density.log_density(x * math.exp(-log_scale), alpha) - log_scale


def _student_t(x: FloatArray, shape: float, log_scale: float) -> FloatArray:
    """With 1/degrees of freedom as the shape, which is 0 for a Gaussian."""
    degrees = 1.0 / shape
    constant = math.lgamma(0.5 * (degrees + 1.0)) - math.lgamma(0.5 * degrees)
    constant -= 0.5 * math.log(math.pi * degrees) + log_scale
    square = (x * math.exp(-log_scale)) ** 2
    return np.asarray(constant - 0.5 * (degrees + 1.0) * np.log1p(square * shape))


STABLE = Family(_stable, stable_density.LOWEST, 2.0, 0.1)
STUDENT_T = Family(_student_t, 1.0 / MOST_DEGREES, 1.0 / FEWEST_DEGREES, 0.05)


def gaussian_log_likelihood(x: FloatArray) -> float:
    """Largest mean log density of a Gaussian of mean 0."""
    return -0.5 * (math.log(2.0 * math.pi * float(np.mean(x**2))) + 1.0)
