"""A test of one family of laws against another one that does not contain it.

With the best laws of both families, the mean of ``r = log g - log f`` tends under the null family
``f`` to ``-K(shape)``, K the relative entropy between a law of ``f`` and the nearest one of ``g``.
``T = sum r + draws K`` is normal about a bias of order 1 in large samples, with the variance that
is left of ``r`` when its regression on the scores of ``f`` is taken out (D. R. Cox, J. R. Stat.
Soc. B 24 (1962) 406, sec. 3). Sums over coordinates take that variance from the draws, each a row
of all coordinates, so that coordinates may depend on each other in any way.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.statistics.competing_laws import STABLE, STUDENT_T, Family
from levysde.statistics.stable_density import quadrature

FloatArray = NDArray[np.float64]
Curve = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Fitted:
    """The best law of a family for each row.

    Attributes
    ----------
    family : Family
        The family.
    shape, log_scale : ndarray, shape (rows,)
        The law.
    values : ndarray, shape (rows, draws)
        Log densities.
    """

    family: Family
    shape: FloatArray
    log_scale: FloatArray
    values: FloatArray


def fit_family(family: Family, rows: FloatArray, starts: FloatArray) -> Fitted:
    """Fit every row."""
    found = np.array([family.fit(x, s) for x, s in zip(rows, starts, strict=True)])
    values = np.stack([family.log_density(x, *at) for x, at in zip(rows, found, strict=True)])
    return Fitted(family, found[:, 0], found[:, 1], values)


def excess(rows: FloatArray, null: Fitted, other: Fitted) -> tuple[float, float]:
    """How much better the other family fits than it should under the null, and its error.

    Returns the sum over all rows and its standard error: large and positive speaks against the
    null family.
    """
    ratio = other.values - null.values
    entropy, shapes, biases = _expected(null.family is STABLE)
    draws = rows.shape[1]
    expected = np.interp(null.shape, shapes, biases) - draws * entropy(null.shape)
    total = float((ratio.sum(axis=1) - expected).sum())
    influence = np.zeros(draws)
    for x, r, shape, scale in zip(rows, ratio, null.shape, null.log_scale, strict=True):
        design = np.vstack([null.family.scores(x, shape, scale), np.ones(draws)]).T
        coefficients = np.linalg.lstsq(design, r, rcond=None)[0]
        influence += r - design @ coefficients
    return total, math.sqrt(float(np.sum(influence**2)))


# Mean of T under the null family at 2000 draws, from 1200 samples at each shape, to about 0.15.
_STABLE_SHAPES = np.array([0.8, 1.0, 1.2, 1.35, 1.5, 1.65, 1.8, 1.9, 1.95, 2.0])
_T_SHAPES = np.array([0.005, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3333, 0.42, 0.5])
_STABLE_BIASES = np.array([0.6, 0.6, 0.45, 0.38, 0.34, 0.38, 0.45, 0.5, 0.5, 0.5])
_T_BIASES = np.array([0.08, -0.02, -0.15, -0.17, -0.16, -0.12, -0.13, -0.08, 0.45])


@functools.cache
def _expected(
    stable_null: bool,
) -> tuple[Callable[[FloatArray], FloatArray], FloatArray, FloatArray]:
    """Relative entropy to the other family as a function of the shape; shapes and their biases."""
    from scipy.interpolate import PchipInterpolator

    if stable_null:
        # Beyond 1.9 the entropy falls to nothing.
        shapes = np.concatenate([np.linspace(STABLE.lowest, 1.9, 23), np.linspace(1.91, 2.0, 10)])
        null, other, known = STABLE, STUDENT_T, (_STABLE_SHAPES, _STABLE_BIASES)
    else:
        shapes = np.linspace(STUDENT_T.lowest, STUDENT_T.highest, 21)
        null, other, known = STUDENT_T, STABLE, (_T_SHAPES, _T_BIASES)
    entropies = np.array([_relative_entropy(null, other, float(shape)) for shape in shapes])
    return PchipInterpolator(shapes, entropies), *known


def _relative_entropy(null: Family, other: Family, shape: float) -> float:
    """Smallest mean of ``log f - log g`` over the laws ``g``, by quadrature."""
    x, weights = quadrature()
    log_density = null.log_density(x, shape, 0.0)
    weights = weights * np.exp(log_density)
    weights /= weights.sum()
    nearest = other.fit(x, 0.5 * (other.lowest + other.highest), weights)
    return float(weights @ (log_density - other.log_density(x, *nearest)))
