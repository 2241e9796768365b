"""The density of symmetric stable laws, from a table that is made on first use.

The convention is ``E exp(iuX) = exp(-|u|^alpha)``: ``alpha = 2`` is a Gaussian of variance 2.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LOWEST = 0.8
_FAR_FROM_TWO = np.concatenate([np.arange(LOWEST, 1.775, 0.05), [1.8, 1.825, 1.85, 1.875, 1.9]])
_NEAR_TWO = np.array([1.92, 1.94, 1.955, 1.97, 1.98, 1.99, 1.995, 1.998, 2.0])
_ALPHAS = np.concatenate([_FAR_FROM_TWO, _NEAR_TWO])
# Places are uniform in asinh(x), which is log(2x) far out, where densities are powers.
_STEP = 0.005
_PLACES = np.arange(0.0, 16.0, _STEP)
_X = np.sinh(_PLACES)
_NODES = 600
_TERMS = 14
# Logarithms are interpolated in alpha at the places up to the largest draw, in whole pieces.
_PIECE = 64
# Smaller densities than this are not distinguished.
_FLOOR = -690.0


def log_density(x: FloatArray, alpha: float) -> FloatArray:
    """Logarithm of the density at any shape of ``x``; ``alpha`` is clipped to 0.8 and 2."""
    alpha = min(max(alpha, LOWEST), 2.0)
    place = np.arcsinh(np.abs(x)) / _STEP
    index = np.minimum(place.astype(np.intp), _PLACES.size - 2)
    values, rises = _between_rows(alpha, int(index.max(initial=0)) // _PIECE + 1)
    found = values[index] + (place - index) * rises[index]
    return np.asarray(np.maximum(found, _FLOOR))


@functools.lru_cache(maxsize=8)
def _between_rows(alpha: float, pieces: int) -> tuple[FloatArray, FloatArray]:
    """Logarithms of the density at the first places, and their rises to the next ones."""
    few = slice(pieces * _PIECE + 1)
    if alpha < _FAR_FROM_TWO[-1]:
        # Lines between the rows would lose mass, and the likelihood would have peaks at the rows.
        row = int(np.searchsorted(_FAR_FROM_TWO, alpha, side="right")) - 1
        part = float(alpha - _FAR_FROM_TWO[row])
        third, second, first, values = _cubics()[:, row, few]
        values = values + first * part + second * (part * part) + third * (part * part * part)
    else:
        # Near 2 the density is a Gaussian one and 2 - alpha times a tail.
        low = min(int(np.searchsorted(_ALPHAS, alpha, side="right")) - 1, _ALPHAS.size - 2)
        share = (alpha - _ALPHAS[low]) / (_ALPHAS[low + 1] - _ALPHAS[low])
        lower, upper = (_table()[i, few] for i in (low, low + 1))
        with np.errstate(divide="ignore"):
            values = np.logaddexp(np.log1p(-share) + lower, np.log(share) + upper)
    return values, values[1:] - values[:-1]


@functools.cache
def _cubics() -> FloatArray:
    """Of a spline of the logarithms up to alpha = 1.9: shape (powers, alphas - 1, places)."""
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(_FAR_FROM_TWO, _table()[: _FAR_FROM_TWO.size])
    return np.ascontiguousarray(spline.c)


@functools.cache
def _table() -> FloatArray:
    """Logarithms of densities, shape (alphas, places)."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return np.array([_row(float(alpha), nodes, weights) for alpha in _ALPHAS])


def _row(alpha: float, nodes: FloatArray, weights: FloatArray) -> FloatArray:
    if alpha == 2.0:
        return np.asarray(np.maximum(-0.25 * _X**2 - 0.5 * np.log(4.0 * np.pi), _FLOOR))
    # Fourier's integral as far as it converges quickly, and Bergstrom's series beyond.
    near = (20.0 if alpha >= 1.0 else 8.0) >= _X
    top = 40.0 ** (1.0 / alpha)
    share = 0.5 * (nodes + 1.0)
    u = top * share**2
    integrand = np.exp(-(u**alpha)) * weights * top * share / np.pi
    values = np.cos(np.outer(_X[near], u)) @ integrand
    return np.asarray(np.log(np.concatenate([values, tail_series(_X[~near], alpha)])))


def tail_series(x: FloatArray, alpha: float) -> FloatArray:
    """Bergstrom's series, H. Bergstrom, Ark. Mat. 2 (1952) 375: ``sum_k a_k x^(-1 - k alpha)``."""
    from scipy.special import gammaln

    total = np.zeros(x.shape)
    for k in range(1, _TERMS + 1):
        size = np.exp(gammaln(k * alpha + 1.0) - gammaln(k + 1.0)) * x ** (-k * alpha - 1.0)
        total += (-1.0) ** (k + 1) * np.sin(0.5 * np.pi * k * alpha) * size / np.pi
    return total


def quadrature() -> tuple[FloatArray, FloatArray]:
    """Points and weights of integrals over the real line of even functions."""
    weights = 2.0 * _STEP * np.cosh(_PLACES)
    weights[0] *= 0.5
    weights[-1] *= 0.5
    return _X, weights
