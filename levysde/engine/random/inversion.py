"""Quantile tables of symmetric laws that are known by their characteristic function alone.

The table is the one of `quantile`, one cubic a cell, for any law E exp(iuX) = exp(-psi(u)) with a
smooth density that falls on either side of 0. Its distribution function is found by quadrature of

    P(|X| > x) = (2/pi) int_0^inf sin(xu) (1 - exp(-psi(u)))/u du

with the double-exponential formula of Ooura and Mori for Fourier integrals, whose nodes approach
the zeros of the sine. Probabilities are exact to about 1e-14 as numbers, not in proportion: below
`SMALLEST` the table takes its shape from a tail that is given, matched there, so that the law drawn
from is the right one to 1e-10 in probability whatever that tail is, beside what the cubics miss: at
most 2e-8 for tails like x^-1/2, and less for lighter ones.

Unlike those of stable laws these tables are made with the elementary functions of numpy: on another
processor the last digits may differ.
"""

from collections.abc import Callable

import numpy as np

from levysde._typing import FloatArray
from levysde.engine.random.look_up import CELLS
from levysde.engine.random.quantile import _frozen, _hermite, cell_ends

__all__ = ["SMALLEST", "beyond", "inverted_table"]

SMALLEST = 2.0**-34
"""Probability of both tails together, 6e-11, that the shape of a given tail is used for."""

Exponent = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""psi and its derivative at positive arguments."""

_STEP = 1.0 / 32.0
_NODE_RANGE = 6.0
_BETA = 0.25
_STEPS_OF_NEWTON = 6
_FEWEST = 512
_DECADES = 40


def _nodes() -> tuple[FloatArray, FloatArray]:
    """Arguments z = xu and weights of int_0^inf sin(z) f(z) dz.

    z = M phi(t) with phi(t) = t/(1 - exp(-2t - a(1 - e^-t) - b(e^t - 1))), M = pi/step: Ooura and
    Mori, J. Comput. Appl. Math. 112 (1999) 229, equation 3.3.
    """
    many = np.pi / _STEP
    a = _BETA / np.sqrt(1.0 + many * np.log1p(many) / (4.0 * np.pi))
    n = np.arange(-round(_NODE_RANGE / _STEP), round(_NODE_RANGE / _STEP) + 1)
    t = _STEP * np.where(n == 0, 1, n)
    w = 2.0 * t - a * np.expm1(-t) + _BETA * np.expm1(t)
    slope = 2.0 + a * np.exp(-t) + _BETA * np.exp(t)
    with np.errstate(over="ignore", invalid="ignore"):
        grown = np.expm1(w)  # 1/(1 - e^-w) = 1 + 1/(e^w - 1)
        phi = t * (1.0 + 1.0 / grown)
        change = 1.0 + 1.0 / grown - t * slope * (1.0 + grown) / grown**2
        past = t / grown  # phi - t, of which the sine is taken near its zeros
    at_zero = n == 0
    first = 2.0 + a + _BETA
    phi = np.where(at_zero, 1.0 / first, phi)
    change = np.where(at_zero, 0.5 + 0.5 * (a - _BETA) / first**2, change)
    sign = np.where(n % 2 == 0, 1.0, -1.0)
    sine = np.where(n > 0, sign * np.sin(many * past), np.sin(many * phi))
    used = np.isfinite(change) & (phi > 0.0) & (sine != 0.0) & (many * phi > 1e-290)
    return many * phi[used], (np.pi * sine * change)[used]


def beyond(exponent: Exponent, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """P(|X| > x) and its derivative with respect to x.

    Parameters
    ----------
    exponent : callable
        psi and psi' at positive arguments, for E exp(iuX) = exp(-psi(u)).
    x : ndarray, shape (count,)
        Positive, units of X.

    Returns
    -------
    probability : ndarray, shape (count,)
        Exact to about 1e-14.
    derivative : ndarray, shape (count,)
        Minus the density of |X|.

    Examples
    --------
    >>> import numpy as np
    >>> probability, _ = beyond(lambda u: (u, np.ones_like(u)), np.array([1.0]))
    >>> probability.round(12).tolist()  # half of a Cauchy variable is beyond 1
    [0.5]
    """
    z, weights = _nodes()
    probability, derivative = np.empty(len(x)), np.empty(len(x))
    for first in range(0, len(x), _FEWEST):
        some = slice(first, first + _FEWEST)
        u = z / x[some, None]
        psi, change = exponent(u)
        decay = np.exp(-psi)
        probability[some] = (-np.expm1(-psi) * (weights / z)).sum(axis=1)
        derivative[some] = -(change * decay * weights).sum(axis=1) / x[some] ** 2
    return 2.0 / np.pi * probability, 2.0 / np.pi * derivative


def inverted_table(
    exponent: Exponent, scale: float, tail: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
) -> FloatArray:
    """The cubics of |X| from the characteristic function, for `tabulated_stable`.

    Parameters
    ----------
    exponent : callable
        psi and psi' at positive arguments, for E exp(iuX) = exp(-psi(u)).
    scale : float
        About the size of X, such as that where psi(1/scale) = 1.
    tail : callable
        The logarithm of a function that falls as P(|X| > x) does where that is below `SMALLEST`,
        and its derivative with respect to log x.

    Returns
    -------
    ndarray, shape (TABLE_SIZE,)
        Four coefficients a cell; read-only.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde.engine.random.quantile import quantile_table
    >>> def exponent(u):
    ...     return u**1.5, 1.5 * u**0.5
    >>> def tail(x):
    ...     return -1.5 * np.log(x), np.full_like(x, -1.5)
    >>> found, table = inverted_table(exponent, 1.0, tail), quantile_table(1.5)
    >>> bool(abs(found[0] / table[0] - 1.0) < 1e-8)  # the farthest quantile
    True
    """
    ends = cell_ends()
    middle = np.flatnonzero(ends[:-1] >= SMALLEST)
    values, slopes = np.zeros(CELLS + 1), np.zeros(CELLS + 1)
    x, slope = _solved(exponent, scale, ends[middle])
    values[middle], slopes[middle] = x, slope
    far = np.flatnonzero(ends < SMALLEST)
    values[far], slopes[far] = _matched(tail, x[0], ends[far])
    # At v = 1 the quantile is 0 and falls there with the density at 0.
    slopes[CELLS] = -1.0 / _density_at_zero(exponent, scale)
    return _frozen(_hermite(ends, values, slopes))


def _solved(
    exponent: Exponent, scale: float, probabilities: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The x with P(|X| > x) = v for increasing v < 1, and dx/dv."""
    grid = scale * np.geomspace(1e-4, 10.0**_DECADES, 48 * _DECADES)
    found, _ = beyond(exponent, grid)
    last = int(np.argmax(found < 0.5 * probabilities[0]))
    if last == 0:
        raise ValueError("the distribution function was not found from its exponent")
    kept = np.maximum.accumulate(found[last::-1])
    log_x = np.interp(np.log(probabilities), np.log(np.maximum(kept, 1e-300)),
                      np.log(grid[last::-1]))  # fmt: skip
    x = np.exp(log_x)
    derivative = np.empty_like(x)
    for _ in range(_STEPS_OF_NEWTON):
        value, derivative = beyond(exponent, x)
        linear = (value - probabilities) / derivative
        change = np.log(np.maximum(value, 1e-300) / probabilities) * value / (x * derivative)
        # P is nearly linear in x near 1, and log P in log x in the tail.
        x = np.where(
            probabilities > 0.5, np.maximum(x - linear, 0.25 * x), x * np.exp(-change.clip(-1, 1))
        )
    return x, 1.0 / derivative


def _matched(
    tail: Callable[[FloatArray], tuple[FloatArray, FloatArray]], start: float, v: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Values and slopes where P(|X| > x) = SMALLEST tail(x)/tail(start)."""
    level = float(tail(np.array([start]))[0][0])
    wanted = level + np.log(v / SMALLEST)
    low, high = np.full(len(v), np.log(start)), np.full(len(v), np.log(start) + 90.0)
    for _ in range(80):
        middle = 0.5 * (low + high)
        above = tail(np.exp(middle))[0] > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    x = np.exp(0.5 * (low + high))
    return x, x / (v * tail(x)[1])


def _density_at_zero(exponent: Exponent, scale: float) -> float:
    """The density of |X| at 0, (2/pi) int_0^inf exp(-psi(u)) du, with u = e^t/scale."""
    t = np.arange(-60.0, 60.0, 1.0 / 256.0)
    u = np.exp(t) / scale
    with np.errstate(over="ignore", under="ignore"):
        return float(2.0 / np.pi * np.sum(u * np.exp(-exponent(u)[0])) / 256.0)
