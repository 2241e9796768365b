"""The density of symmetric stable laws, from a table that is made on first use.

The convention is ``E exp(iuX) = exp(-|u|^alpha)``: ``alpha = 2`` is a Gaussian of variance 2.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LOWEST = 0.8
_ALPHAS = np.concatenate(
    [np.arange(LOWEST, 1.875, 0.05), [1.9, 1.92, 1.94, 1.955, 1.97, 1.98, 1.99, 1.995, 1.998, 2.0]]
)
_FIRST_NEAR_TWO = int(np.flatnonzero(_ALPHAS == 1.9)[0])
# Places are uniform in asinh(x), which is log(2x) far out, where densities are powers.
_STEP = 0.005
_PLACES = np.arange(0.0, 16.0, _STEP)
_X = np.sinh(_PLACES)
_NODES = 600
_TERMS = 14
# Smaller densities than this are not distinguished.
_FLOOR = -690.0


def log_density(x: FloatArray, alpha: float) -> FloatArray:
    """Logarithm of the density at any shape of ``x``; ``alpha`` is clipped to 0.8 and 2."""
    alpha = min(max(alpha, LOWEST), 2.0)
    low = min(int(np.searchsorted(_ALPHAS, alpha, side="right")) - 1, _ALPHAS.size - 2)
    share = (alpha - _ALPHAS[low]) / (_ALPHAS[low + 1] - _ALPHAS[low])
    place = np.arcsinh(np.abs(x)) / _STEP
    index = np.minimum(place.astype(np.intp), _PLACES.size - 2)
    part = place - index
    lower, upper = (_table()[i] for i in (low, low + 1))
    if low < _FIRST_NEAR_TWO:
        # Tails are powers, so that logarithms are linear in alpha far out.
        mixed = (1.0 - share) * lower + share * upper
    else:
        # Near 2 the density is a Gaussian one and 2 - alpha times a tail.
        with np.errstate(divide="ignore"):
            mixed = np.logaddexp(np.log1p(-share) + lower, np.log(share) + upper)
    found = mixed[index] + part * (mixed[index + 1] - mixed[index])
    return np.asarray(np.maximum(found, _FLOOR))


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
