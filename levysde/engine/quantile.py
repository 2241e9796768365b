"""Symmetric stable variates by inversion: a table of the quantile function, one cubic a cell.

Chambers, Mallows and Stuck's formula takes two uniforms, six elementary functions and three
divisions. The inverse of the distribution function takes one uniform and a look into a table whose
much-used part stays in the first-level cache: 2.9 ns against 8 ns, random bits included.

Let v be uniform on (0, 1) and Q(v) the number with P(|X| > Q(v)) = v. Then X = +-Q(v) with a fair
sign. Cells are the binary intervals of floating-point numbers: an octave of v for every exponent,
cut into 64 equal cells by the leading bits of the mantissa, so that the relative resolution is the
same from v = 1 down to v = 2^-53. On a cell Q is the cubic with the values and slopes of Q at both
ends. Its relative error is at most h^4/384 (1/alpha)(1/alpha + 1)(1/alpha + 2)(1/alpha + 3) with
h = 1/64, in the tail: 2e-9 at alpha = 1.5 and 2e-8 at alpha = 1/2. An error of that size would show
in a sample of 1e15 variates, not before.

The table is made at run time from the formula that the variates come from, by quadrature, with the
elementary functions of this package alone: it has the same bits on every processor.
"""

import functools
import math
from typing import Any

import numpy as np

from levysde._typing import FloatArray, UInt64
from levysde.engine.elementary import exp2, log2, sin_pi
from levysde.engine.philox import unit_uniform
from levysde.engine.variates import stable_constants

MIN_ALPHA = 0.5
"""Below, a cubic a cell is not accurate enough."""

MIN_DISTANCE_FROM_ONE = 0.01
"""Nearer to alpha = 1 (but not at it) the quadrature loses digits."""

CELL_BITS = 6
OCTAVES = 53
CELLS = OCTAVES << CELL_BITS
TABLE_SIZE = 4 * CELLS

_FIRST_CELL = np.uint64((1023 - OCTAVES) << CELL_BITS)
_CELL_SHIFT = np.uint64(52 - CELL_BITS)
_CELL_MASK = np.uint64((1 << (52 - CELL_BITS)) - 1)
_EXPONENT_OF_ONE = np.uint64(0x3FF0000000000000)
_SIGN_BIT = np.uint64(1)
_STRETCH = 2.0**CELL_BITS
_LOG2_E = 1.4426950408889634
_LN_2 = 0.6931471805599453
_HALF_PI = 1.5707963267948966

_NODES = 192
_NODE_RANGE = 3.2


def has_table(alpha: float) -> bool:
    """Whether a law is served by a table, to a relative error of 2e-8 in probability.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless.

    Returns
    -------
    bool

    Examples
    --------
    >>> has_table(1.5), has_table(0.2)
    (True, False)
    """
    return alpha >= MIN_ALPHA and (alpha == 1.0 or abs(alpha - 1.0) >= MIN_DISTANCE_FROM_ONE)


def tabulated_stable(word: UInt64, p: FloatArray) -> float:
    """One SaS(1) variate from 64 random bits and the table of its law.

    The upper 52 bits make v = (k + 1/2) 2^-52, the lowest bit the sign.

    Parameters
    ----------
    word : numpy.uint64
        Random bits.
    p : ndarray, shape (at least TABLE_SIZE,)
        `quantile_table` of the law, at the front.

    Returns
    -------
    float
        Dimensionless.

    Examples
    --------
    >>> import numpy as np
    >>> x = tabulated_stable(np.uint64((1 << 63) + 1), quantile_table(1.0))
    >>> round(float(x), 7)  # v = 1/2, and the quartiles of the Cauchy law are -1 and 1
    1.0
    """
    bits = np.float64(unit_uniform(word)).view(np.uint64)
    cell = 4 * np.int64((bits >> _CELL_SHIFT) - _FIRST_CELL)
    inside = np.uint64((bits & _CELL_MASK) | _EXPONENT_OF_ONE).view(np.float64) - 1.0
    x = p[cell] + inside * (p[cell + 1] + inside * (p[cell + 2] + inside * p[cell + 3]))
    return x if word & _SIGN_BIT else -x


@functools.lru_cache(maxsize=64)
def quantile_table(alpha: float) -> FloatArray:
    """The cubics of all cells for one stability index.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless, 1/2 <= alpha <= 2.

    Returns
    -------
    ndarray, shape (TABLE_SIZE,)
        Four coefficients a cell, in powers of 64 times the mantissa's distance from the cell's
        left end, so that `inside` runs over [0, 1/64); read-only.

    Examples
    --------
    >>> quantile_table(1.5).shape
    (13568,)
    """
    ends = cell_ends()
    values, slopes = np.zeros(CELLS + 1), np.zeros(CELLS + 1)
    _compiled_solver()(np.array(stable_constants(alpha)), ends, values, slopes)
    # At v = 1 the quantile is 0, and the slope is that of the density at 0.
    slopes[CELLS] = -math.pi / (2.0 * math.gamma(1.0 + 1.0 / alpha))
    table = _hermite(ends, values, slopes)
    table.flags.writeable = False
    return table


def cell_ends() -> FloatArray:
    """The ends of the cells in v, from 2^-53 to 1, shape (CELLS + 1,), dimensionless."""
    octave, part = np.divmod(np.arange(CELLS + 1), 1 << CELL_BITS)
    return np.ldexp(1.0 + part / _STRETCH, octave - OCTAVES)


def _hermite(ends: FloatArray, values: FloatArray, slopes: FloatArray) -> FloatArray:
    """Cubics with given values and slopes at the ends, in units of `inside`."""
    width = np.diff(ends)
    left, right = slopes[:-1] * width, slopes[1:] * width
    rise = np.diff(values)
    # In s = 64 inside, which runs over [0, 1).
    coefficients = np.stack(
        [values[:-1], left, 3.0 * rise - 2.0 * left - right, left + right - 2.0 * rise], axis=1
    )
    return np.ravel(coefficients * _STRETCH ** np.arange(4))


def _log2_amplitude(t: float, constants: FloatArray) -> float:
    """log2 A(t) with |X| = A W^-power, t = 1/2 - |V|/pi: decreasing from infinity to -infinity."""
    alpha, power = constants[0], constants[1]
    sin_alpha_v = sin_pi(min(alpha * (0.5 - t), constants[4] + alpha * t))
    cos_bend_v = sin_pi(constants[2] + constants[3] * t)
    return log2(sin_alpha_v) - log2(sin_pi(t)) / alpha + power * log2(cos_bend_v)


def _turning_point(log2_x: float, constants: FloatArray) -> float:
    """The t with A(t) = x, by bisection of log2 t; not below 2^-64, which no v needs."""
    low, high = -64.0, -1.0
    for _ in range(56):
        middle = 0.5 * (low + high)
        if _log2_amplitude(min(exp2(middle), 0.5 - 2.0**-50), constants) > log2_x:
            low = middle
        else:
            high = middle
    return min(exp2(low), 0.5 - 2.0**-50)


def _tail(
    log2_x: float, constants: FloatArray, nodes: FloatArray, weights: FloatArray, terms: FloatArray
) -> tuple[float, float]:
    """P(|X| > x) and its derivative with respect to ln x.

    With V given, |X| > x is a condition on the exponential W alone, so that
    P(|X| > x) = 2 int_0^{1/2} S(t) dt, where S = exp(-z) for alpha > 1, 1 - exp(-z) for alpha < 1
    and z = (x/A(t))^(alpha/(alpha - 1)). S falls from 1 to 0 about the t with A(t) = x, sharply
    when alpha is near 1. Double-exponential quadrature on either side resolves that layer.
    """
    alpha = constants[0]
    exponent = alpha / (alpha - 1.0)
    turn = _turning_point(log2_x, constants)
    octaves = -1.0 - log2(turn)
    for side in range(2):
        for k in range(len(nodes)):
            # Below the turn linearly in t, above it in log t: the layer is as wide as t there.
            t = turn * (1.0 - nodes[k] if side == 0 else exp2(octaves * nodes[k]))
            stretch = turn if side == 0 else _LN_2 * octaves * t
            t = min(max(t, 1e-300), 0.5 - 2.0**-53)
            power = exponent * (log2_x - _log2_amplitude(t, constants))
            z = exp2(min(max(power, -1000.0), 9.4))  # keeps exp(-z) above 2^-1000
            decay = exp2(-_LOG2_E * z)
            # 1 - exp(-z) loses its digits where z is small.
            lost = 1.0 - decay if z > 1e-4 else z * (1.0 - z * (0.5 - z / 6.0))
            weight = 2.0 * stretch * weights[k]
            terms[2 * side, k] = weight * (decay if exponent > 0.0 else lost)
            terms[2 * side + 1, k] = weight * z * decay
    probability, slope = 0.0, 0.0
    for k in range(len(nodes)):
        probability += terms[0, k] + terms[2, k]
        slope += terms[1, k] + terms[3, k]
    return probability, -abs(exponent) * slope


def _solve(constants: FloatArray, ends: FloatArray, values: FloatArray, slopes: FloatArray) -> None:
    """Fill values and slopes of Q at all ends but v = 1, by Newton's method from v = 1/2 out."""
    if constants[1] == 0.0:  # alpha = 1, singular in the general formula: Q(v) = cot(pi v/2)
        for i in range(CELLS):
            sine = sin_pi(0.5 * ends[i])
            values[i] = sin_pi(0.5 - 0.5 * ends[i]) / sine
            slopes[i] = -_HALF_PI / (sine * sine)
        return
    nodes, weights = np.empty(_NODES), np.empty(_NODES)
    step = 2.0 * _NODE_RANGE / (_NODES - 1)
    for k in range(_NODES):
        s = -_NODE_RANGE + step * k
        grow = exp2(_LOG2_E * s)
        e = exp2(-_LOG2_E * _HALF_PI * (grow - 1.0 / grow))  # exp(-pi sinh s)
        nodes[k] = 1.0 / (1.0 + e)
        weights[k] = step * _HALF_PI * (grow + 1.0 / grow) * nodes[k] * nodes[k] * e
    terms = np.empty((4, _NODES))
    middle = len(ends) - 1 - (1 << CELL_BITS)
    for direction in range(2):
        i = middle
        x = 1.0
        while 0 <= i < len(ends) - 1:
            v = ends[i]
            slope = 0.0
            for _ in range(8 if i == middle else 3):
                probability, slope = _tail(log2(x), constants, nodes, weights, terms)
                if v > 0.5:  # P is nearly linear in x
                    x -= (probability - v) * x / slope
                else:  # and log P in log x
                    change = log2(probability / v) * probability / slope
                    x *= exp2(-min(max(change, -1.0), 1.0))
            values[i] = x
            slopes[i] = x / slope
            following = i + 1 if direction == 0 else i - 1
            if 0 <= following < len(ends):
                if v > 0.5:
                    x = max(x + slopes[i] * (ends[following] - v), 0.25 * x)
                else:
                    x *= exp2(log2(ends[following] / v) * v / slope)
            i = following


@functools.cache
def _compiled_solver() -> Any:
    from numba import types

    from levysde.engine.compile import compile_cached, make_compilable

    vector = types.float64[::1]
    make_compilable(_tail)
    return compile_cached(_solve, types.void(vector, vector, vector, vector))
