"""How the strength of a law with jumps in all directions is spread over its axes."""

import math

import numpy as np

from levysde._typing import FloatArray

_QUADRATURE_STEP = 1.0 / 32.0
_QUADRATURE_END = 13.0


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
    square = (sizes / largest) ** 2
    v = np.arange(-_QUADRATURE_END, _QUADRATURE_END, _QUADRATURE_STEP)
    log_t = 0.5 * math.pi * np.sinh(v)
    slope = 0.5 * math.pi * np.cosh(v)
    factors = np.logaddexp(0.0, log_t[:, None] + np.log(2.0 * square))
    log_integrand = (1.0 - power) * log_t - 0.5 * factors.sum(axis=1)
    integrand = slope[:, None] * np.exp(np.maximum(log_integrand[:, None] - factors, -745.0))
    integral = _QUADRATURE_STEP * integrand.sum(axis=0)
    return np.asarray(largest**alpha * square * integral / math.gamma(1.0 - power))
