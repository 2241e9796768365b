"""Powers and moments that jumps are made of, with the same bits on every processor.

Mathematical libraries choose their code by the processor, so that a last bit can differ.
"""

import functools
import math
from typing import Any

import numpy as np

from levysde._typing import FloatArray
from levysde.engine.fixed_numbers import LOG2_E
from levysde.engine.random.elementary import exp2, log2

__all__ = ["directional_moments", "positive_power"]

_LARGEST_EXPONENT, _ALL = 1022.0, 60.0
_STEPS_PER_UNIT, _END = 32, 13
_QUARTER_PI = 0.25 * math.pi


def positive_power(base: float, exponent: float) -> float:
    """base^exponent.

    Parameters
    ----------
    base : float
        Not negative.
    exponent : float
        Dimensionless.

    Returns
    -------
    float

    Examples
    --------
    >>> positive_power(4.0, 0.5)
    2.0
    """
    if not 0.0 < base < math.inf:
        with np.errstate(all="ignore"):
            return float(np.float64(base) ** exponent)
    # Powers of two apart, so that units which are powers of two give the same bits.
    mantissa, octave = math.frexp(base)
    whole = round(octave * exponent)
    part = exponent * float(log2(mantissa)) + (octave * exponent - whole)
    with np.errstate(over="ignore", under="ignore"):
        return float(np.ldexp(exp2(part), whole))


def directional_moments(alpha: float, sizes: FloatArray) -> FloatArray:
    """E[(s_k z_k)^2 |S z|^(alpha-2)] for S = diag(s), z standard normal; their sum is E|S z|^alpha.

    With p = alpha/2 and the Laplace transform of a square::

        s_k^2/Gamma(1-p) int_0^inf t^(-p) (1 + 2 t s_k^2)^(-1) prod_i (1 + 2 t s_i^2)^(-1/2) dt

    by the double exponential rule, t = exp(pi/2 sinh v).

    Parameters
    ----------
    alpha : float
        Between 0 and 2, dimensionless.
    sizes : ndarray, shape (rank,)
        Positive s_k, length/time^(1/alpha).

    Returns
    -------
    ndarray, shape (rank,)
        In units of s^alpha.

    Examples
    --------
    >>> moments = directional_moments(1.0, np.array([1.0, 1.0]))
    >>> bool(abs(moments.sum() - np.sqrt(np.pi / 2.0)) < 1e-12)
    True
    """
    power, largest = 0.5 * alpha, float(sizes.max())
    square, integrals = (sizes / largest) ** 2, np.zeros(len(sizes))
    _compiled()(power, square, np.empty(len(sizes)), integrals)
    scale = positive_power(largest, alpha) / math.gamma(1.0 - power)
    return np.asarray(scale * square * integrals)


def _integrate(power: float, square: FloatArray, factors: FloatArray, out: FloatArray) -> None:
    """The integrals of all k, in binary logarithms."""
    last = _END * _STEPS_PER_UNIT
    for n in range(-last, last + 1):
        growth = exp2(LOG2_E * abs(n) / _STEPS_PER_UNIT)
        half = _QUARTER_PI * LOG2_E * (growth - 1.0 / growth)
        log_t = half if n > 0 else -half
        common = (1.0 - power) * log_t
        for k in range(len(square)):
            size = 1.0 + log2(square[k]) + log_t
            if abs(size) < _ALL:
                factors[k] = log2(1.0 + exp2(size))
            else:
                factors[k] = max(size, 0.0)
            common -= 0.5 * factors[k]
        weight = _QUARTER_PI * (growth + 1.0 / growth) / _STEPS_PER_UNIT
        for k in range(len(square)):
            size = common - factors[k]
            if size > -_LARGEST_EXPONENT:
                out[k] += weight * exp2(size)


@functools.cache
def _compiled() -> Any:
    from numba import types

    from levysde.engine.compile import compile_cached

    vector = types.float64[::1]
    return compile_cached(_integrate, types.void(types.float64, vector, vector, vector))
