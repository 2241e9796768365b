"""Stable variates by inversion: a table of the quantile function, one cubic a cell.

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

A positive variable has two such tables, one for either side of its median; the sign bit chooses.

The tables are made at run time from the formula that the variates come from, by quadrature, with
the elementary functions of this package: they have the same bits on every processor.
"""

import functools
import math
from typing import Any

import numpy as np

from levysde._typing import FloatArray
from levysde.engine.fixed_numbers import LN_2, LOG2_E
from levysde.engine.random.elementary import exp2, log2, sin_pi
from levysde.engine.random.look_up import CELL_BITS, CELLS, OCTAVES
from levysde.engine.random.variates import positive_constants, stable_constants

MIN_ALPHA = 0.5
"""Below, a cubic a cell is not accurate enough."""

MIN_DISTANCE_FROM_ONE = 0.01
"""Nearer to alpha = 1 (but not at it) the quadrature loses digits."""

MAX_RADIUS_ALPHA = 1.98
"""Above, the positive law is too near to a constant for the quadrature."""

_STRETCH = 2.0**CELL_BITS
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


@functools.lru_cache(maxsize=64)
def quantile_table(alpha: float) -> FloatArray:
    """The cubics of |X|, X of the law SaS(1).

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless, with `has_table(alpha)`.

    Returns
    -------
    ndarray, shape (TABLE_SIZE,)
        Four coefficients a cell, in powers of the mantissa's distance from the cell's left end;
        read-only.

    Examples
    --------
    >>> quantile_table(1.5).shape
    (13568,)
    """
    ends = cell_ends()
    values, slopes = np.zeros(CELLS + 1), np.zeros(CELLS + 1)
    if alpha == 1.0:
        _compiled("cauchy")(ends, values, slopes)
    else:
        # The quantile falls to 0 at v = 1, where it is found from the density at 0.
        constants = np.array(stable_constants(alpha))
        _compiled("solve")(constants, False, 1.0, ends[:-1], values[:-1], slopes[:-1])
    density = math.gamma(1.0 + 1.0 / alpha) / math.pi
    slopes[CELLS] = -round(0.5 / density, 12)  # rounded: libraries differ in the last bit
    return _frozen(_hermite(ends, values, slopes))


@functools.lru_cache(maxsize=64)
def radius_table(alpha: float) -> FloatArray:
    """The cubics of R = sqrt(S), S positive stable: E exp(-s S) = exp(-s^(alpha/2)).

    R times a Gaussian vector of variance 2 is isotropic stable of index alpha.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless, with `has_radius_table(alpha)`.

    Returns
    -------
    ndarray, shape (2 TABLE_SIZE,)
        The cubics above the median, then those below it; read-only.

    Examples
    --------
    >>> radius_table(1.5).shape
    (27136,)
    """
    ends, halves = cell_ends(), []
    for side in (1.0, -1.0):
        values, slopes = np.zeros(CELLS + 1), np.zeros(CELLS + 1)
        # Both sides of the median have probability 1/2.
        constants = np.array(positive_constants(0.5 * alpha))
        _compiled("solve")(constants, True, side, 0.5 * ends, values, slopes)
        root = np.sqrt(values)
        halves.append(_hermite(ends, root, 0.5 * slopes / (2.0 * root)))
    return _frozen(np.concatenate(halves))


def has_radius_table(alpha: float) -> bool:
    """Whether `radius_table` serves an index, to a relative error of 2e-8 in probability.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless.

    Returns
    -------
    bool

    Examples
    --------
    >>> has_radius_table(1.5), has_radius_table(1.995)
    (True, False)
    """
    return MIN_ALPHA <= alpha <= MAX_RADIUS_ALPHA


def _frozen(table: FloatArray) -> FloatArray:
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


def _log2_amplitude(t: float, constants: FloatArray, positive: bool) -> float:
    """log2 A(t), where X = A W^-power in law, W exponential, and t uniform on (0, 1/2).

    For |X| of the symmetric law t = 1/2 - |V|/pi (Chambers, Mallows and Stuck), and A falls from
    infinity to 0. For the positive law t = (1 - U/pi)/2 (Kanter), and A falls to a positive limit.
    """
    alpha, power = constants[0], constants[1]
    if positive:
        sin_alpha_u = sin_pi(min(alpha * (1.0 - 2.0 * t), constants[2] + 2.0 * alpha * t))
        sin_bend_u = sin_pi(min(constants[2] * (1.0 - 2.0 * t), alpha + 2.0 * constants[2] * t))
        sin_u = sin_pi(min(2.0 * t, 1.0 - 2.0 * t))
        return log2(sin_alpha_u) + power * log2(sin_bend_u) - log2(sin_u) / alpha
    sin_alpha_v = sin_pi(min(alpha * (0.5 - t), constants[4] + alpha * t))
    cos_bend_v = sin_pi(constants[2] + constants[3] * t)
    return log2(sin_alpha_v) - log2(sin_pi(t)) / alpha + power * log2(cos_bend_v)


def _turning_point(log2_x: float, constants: FloatArray, positive: bool) -> float:
    """The t with A(t) = x, by bisection of log2 t; not below 2^-64, which no v needs."""
    low, high = -64.0, -1.0
    for _ in range(56):
        middle = 0.5 * (low + high)
        if _log2_amplitude(min(exp2(middle), 0.5 - 2.0**-50), constants, positive) > log2_x:
            low = middle
        else:
            high = middle
    return min(exp2(low), 0.5 - 2.0**-50)


def _probability(
    log2_x: float,
    constants: FloatArray,
    positive: bool,
    side: float,
    nodes: FloatArray,
    weights: FloatArray,
    terms: FloatArray,
) -> tuple[float, float]:
    """P(X > x), or P(X < x) where side is -1, and its derivative with respect to ln x.

    With t given, X > x is a condition on the exponential W alone, so that P is an integral over t
    of exp(-z) or 1 - exp(-z) with z = (x/A(t))^(alpha/(alpha - 1)). The integrand changes about the
    t with A(t) = x, sharply when alpha is near 1. Double-exponential quadrature on either side
    resolves that layer.
    """
    alpha = constants[0]
    exponent = alpha / (alpha - 1.0)
    decays = (exponent > 0.0) == (side > 0.0)
    turn = _turning_point(log2_x, constants, positive)
    octaves = -1.0 - log2(turn)
    for part in range(2):
        for k in range(len(nodes)):
            # Below the turn linearly in t, above it in log t: the layer is as wide as t there.
            t = turn * (1.0 - nodes[k] if part == 0 else exp2(octaves * nodes[k]))
            stretch = turn if part == 0 else LN_2 * octaves * t
            t = min(max(t, 1e-300), 0.5 - 2.0**-53)
            power = exponent * (log2_x - _log2_amplitude(t, constants, positive))
            z = exp2(min(max(power, -1000.0), 9.4))  # keeps exp(-z) above 2^-1000
            decay = exp2(-LOG2_E * z)
            # 1 - exp(-z) loses its digits where z is small.
            lost = 1.0 - decay if z > 1e-4 else z * (1.0 - z * (0.5 - z / 6.0))
            weight = 2.0 * stretch * weights[k]
            terms[2 * part, k] = weight * (decay if decays else lost)
            terms[2 * part + 1, k] = weight * z * decay
    probability, slope = 0.0, 0.0
    for k in range(len(nodes)):
        probability += terms[0, k] + terms[2, k]
        slope += terms[1, k] + terms[3, k]
    return probability, -side * abs(exponent) * slope


def _solve(
    constants: FloatArray,
    positive: bool,
    side: float,
    probabilities: FloatArray,
    values: FloatArray,
    slopes: FloatArray,
) -> None:
    """Fill in x and dx/dP where P(X > x), or P(X < x), takes given increasing values.

    Newton's method goes from P = 1/2 outward, each solution starting the search for the next.
    """
    nodes, weights = np.empty(_NODES), np.empty(_NODES)
    step = 2.0 * _NODE_RANGE / (_NODES - 1)
    for k in range(_NODES):
        s = -_NODE_RANGE + step * k
        grow = exp2(LOG2_E * s)
        e = exp2(-LOG2_E * _HALF_PI * (grow - 1.0 / grow))  # exp(-pi sinh s)
        nodes[k] = 1.0 / (1.0 + e)
        weights[k] = step * _HALF_PI * (grow + 1.0 / grow) * nodes[k] * nodes[k] * e
    terms = np.empty((4, _NODES))
    count = len(probabilities)
    middle = 0
    while middle + 1 < count and probabilities[middle] < 0.5:
        middle += 1
    for direction in (1, -1):
        i = middle
        x = 1.0
        while 0 <= i < count:
            target = probabilities[i]
            slope = 0.0
            for _ in range(12 if i == middle else 3):
                probability, slope = _probability(
                    log2(x), constants, positive, side, nodes, weights, terms
                )
                if target > 0.5:  # P is nearly linear in x
                    x -= (probability - target) * x / slope
                else:  # and log P in log x
                    change = log2(probability / target) * probability / slope
                    x *= exp2(-min(max(change, -1.0), 1.0))
            values[i] = x
            slopes[i] = x / slope
            i += direction
            if 0 <= i < count:
                if target > 0.5:
                    x = max(x + slopes[i - direction] * (probabilities[i] - target), 0.25 * x)
                else:
                    x *= exp2(log2(probabilities[i] / target) * target / slope)


def _cauchy(ends: FloatArray, values: FloatArray, slopes: FloatArray) -> None:
    """Q(v) = cot(pi v/2): alpha = 1 is the removable singularity of the general formula."""
    for i in range(len(ends) - 1):
        sine = sin_pi(0.5 * ends[i])
        values[i] = sin_pi(0.5 - 0.5 * ends[i]) / sine
        slopes[i] = -_HALF_PI / (sine * sine)


@functools.cache
def _compiled(name: str) -> Any:
    from numba import types

    from levysde.engine.compile import compile_cached

    vector = types.float64[::1]
    if name == "cauchy":
        return compile_cached(_cauchy, types.void(vector, vector, vector))
    signature = types.void(vector, types.boolean, types.float64, vector, vector, vector)
    return compile_cached(_solve, signature)
