"""Random variates from uniforms: stable laws, symmetric, positive and skewed, and normal pairs.

Convention: SaS(1) has the characteristic function exp(-|u|^alpha); at alpha = 2 it is a normal law
of variance 2, at alpha = 1 the Cauchy law.
"""

import math
from typing import NamedTuple

import numpy as np

from levysde._typing import UInt64
from levysde.engine.fixed_numbers import LN_2
from levysde.engine.random.elementary import exp2, log2, sin_pi

_MINUS_LN_2 = -LN_2
_MINUS_4_LN_2 = 4.0 * _MINUS_LN_2

_EXPONENT_OF_ONE = np.uint64(0x3FF0000000000000)
_MIDDLE_OF_CELL = np.uint64(1 << 19)
_UPPER_32 = np.uint64(0xFFFFFFFF00000000)
_SHIFT_12 = np.uint64(12)
_LOW_30 = np.uint64(0x3FFFFFFF)
_BIT_31, _BIT_30 = np.uint64(1 << 31), np.uint64(1 << 30)
_SHIFT_32, _SHIFT_33 = np.uint64(32), np.uint64(33)
_QUARTER_CELL = np.uint64(1 << 21)
_SHIFT_22 = np.uint64(22)


class StableConstants(NamedTuple):
    """Numbers of alpha that `symmetric_stable` needs, in the order of its arguments."""

    alpha: float
    power: float
    cosine_offset: float
    cosine_slope: float
    sine_offset: float


def stable_constants(alpha: float) -> StableConstants:
    """Constants of the sampler for one stability index.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless, 0.1 <= alpha <= 2.

    Returns
    -------
    StableConstants
        Dimensionless.

    Examples
    --------
    >>> stable_constants(2.0).power
    -0.5
    """
    bend = abs(1.0 - alpha)
    return StableConstants(alpha, (1.0 - alpha) / alpha, 0.5 - 0.5 * bend, bend, 1.0 - 0.5 * alpha)


def symmetric_stable(
    u: float,
    w: float,
    alpha: float,
    power: float,
    cosine_offset: float,
    cosine_slope: float,
    sine_offset: float,
) -> float:
    """One SaS(1) variate from two uniforms (Chambers, Mallows and Stuck).

    With V = pi(u - 1/2) and W = -ln w::

        X = sin(alpha V) / cos(V) * [cos((1 - alpha) V) / (W cos V)]^((1 - alpha)/alpha)

    which is tan V at alpha = 1 and 2 sin(V) sqrt(W) at alpha = 2. Let t = min(u, 1 - u), the
    distance to the end at which the tail is made. Every sine and cosine is taken as sin(pi y) with
    0 <= y <= 1/2 linear in t, so nothing cancels as t -> 0. Magnitudes stay below 1e300 for
    alpha >= 0.1.

    Parameters
    ----------
    u, w : float
        Independent uniforms on (0, 1), dimensionless.
    alpha, power, cosine_offset, cosine_slope, sine_offset : float
        `stable_constants` of the index, dimensionless.

    Returns
    -------
    float
        Dimensionless, with characteristic function exp(-|k|^alpha).

    References
    ----------
    J. M. Chambers, C. L. Mallows, B. W. Stuck, "A method for simulating stable random variables",
    J. Amer. Statist. Assoc. 71 (1976) 340-344, eq. 4.1.

    Examples
    --------
    >>> round(float(symmetric_stable(0.75, 0.3, *stable_constants(1.0))), 12)
    1.0
    """
    t = min(u, 1.0 - u)
    cos_v = sin_pi(t)
    sin_alpha_v = sin_pi(min(alpha * (0.5 - t), sine_offset + alpha * t))
    cos_bend_v = sin_pi(cosine_offset + cosine_slope * t)
    exponential = _MINUS_LN_2 * log2(w)
    inverse = 1.0 / (exponential * cos_v)
    magnitude = sin_alpha_v * exponential * inverse * exp2(power * log2(cos_bend_v * inverse))
    return magnitude if u > 0.5 else -magnitude


class PositiveConstants(NamedTuple):
    """Numbers of the index a that `positive_stable` needs, in the order of its arguments."""

    exponent: float
    power: float
    bend: float


def positive_constants(index: float) -> PositiveConstants:
    """Constants of the sampler of the positive law.

    Parameters
    ----------
    index : float
        a = alpha/2, dimensionless, 0 < a < 1.

    Returns
    -------
    PositiveConstants
        Dimensionless.

    Examples
    --------
    >>> positive_constants(0.5)
    PositiveConstants(exponent=0.5, power=1.0, bend=0.5)
    """
    return PositiveConstants(index, (1.0 - index) / index, 1.0 - index)


def positive_stable(u: float, w: float, index: float, power: float, bend: float) -> float:
    """One positive stable variate, E exp(-s S) = exp(-s^a), from two uniforms (Kanter).

    With U = pi (1 - u) and W = -ln w::

        S = sin(a U) / sin(U)^(1/a) * [sin((1 - a) U) / W]^((1 - a)/a)

    Sines are taken of angles linear in the distance to the end at which the tail is made.

    Parameters
    ----------
    u, w : float
        Independent uniforms on (0, 1), dimensionless.
    index, power, bend : float
        `positive_constants` of the index, dimensionless.

    Returns
    -------
    float
        Dimensionless, positive.

    References
    ----------
    M. Kanter, "Stable densities under change of scale and total variation inequalities",
    Ann. Probab. 3 (1975) 697-707, corollary 4.1.

    Examples
    --------
    >>> round(float(positive_stable(0.5, 0.3, *positive_constants(0.5))), 12)  # 1/(2 W)
    0.415291772541
    """
    sin_u = sin_pi(min(u, 1.0 - u))
    sin_index_u = sin_pi(min(index * (1.0 - u), bend + index * u))
    sin_bend_u = sin_pi(min(bend * (1.0 - u), index + bend * u))
    exponential = _MINUS_LN_2 * log2(w)
    inverse = 1.0 / sin_u
    return sin_index_u * inverse * exp2(power * log2(sin_bend_u * inverse / exponential))


class SkewedConstants(NamedTuple):
    """Numbers that `skewed_stable` needs: of the index, then of either sign of the skewness."""

    alpha: float
    power: float
    scale: float
    shift_up: float
    fold_up: float
    bend_up: float
    shift_down: float
    fold_down: float
    bend_down: float


def skewed_constants(alpha: float, beta: float) -> SkewedConstants:
    """Constants of the sampler of the strictly stable law with skewness beta.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless, 0.1 <= alpha <= 2, not 1 unless beta = 0.
    beta : float
        Skewness, dimensionless, -1 <= beta <= 1.

    Returns
    -------
    SkewedConstants
        Dimensionless.

    Examples
    --------
    >>> skewed_constants(1.5, 0.0).scale
    1.0
    """
    tangent = beta * math.tan(0.5 * math.pi * alpha) if beta else 0.0
    angle = math.atan(tangent) / (math.pi * alpha)  # B/pi
    sides = []
    for b in (angle, -angle):
        sides += [alpha * (0.5 + b), 1.0 - alpha * (0.5 + b), 0.5 * (1.0 - alpha) - alpha * b]
    scale = (1.0 + tangent * tangent) ** (0.5 / alpha)
    return SkewedConstants(alpha, (1.0 - alpha) / alpha, scale, *sides)


def skewed_stable(
    u: float,
    w: float,
    alpha: float,
    power: float,
    scale: float,
    shift_up: float,
    fold_up: float,
    bend_up: float,
    shift_down: float,
    fold_down: float,
    bend_down: float,
) -> float:
    """One strictly stable variate with skewness beta, alpha not 1 (Chambers, Mallows and Stuck).

    With V = pi(u - 1/2), W = -ln w, B = arctan(beta tan(pi alpha/2))/alpha and
    S = (1 + beta^2 tan^2(pi alpha/2))^(1/(2 alpha))::

        X = S sin(alpha (V + B)) / cos(V)^(1/alpha)
              * [cos(V - alpha (V + B)) / W]^((1 - alpha)/alpha)

    The lower half of u is the upper half of the law with -beta, mirrored. Angles are linear in
    t = min(u, 1 - u), as in `symmetric_stable`.

    Parameters
    ----------
    u, w : float
        Independent uniforms on (0, 1), dimensionless.
    alpha, power, scale : float
        Of the index, dimensionless.
    shift_up, fold_up, bend_up, shift_down, fold_down, bend_down : float
        `skewed_constants`, dimensionless.

    Returns
    -------
    float
        Dimensionless, E exp(ikX) = exp(-|k|^alpha (1 - i beta tan(pi alpha/2) sign k)).

    References
    ----------
    J. M. Chambers, C. L. Mallows, B. W. Stuck, J. Amer. Statist. Assoc. 71 (1976) 340-344; with the
    correction of R. Weron, Statist. Probab. Lett. 28 (1996) 165-171.

    Examples
    --------
    >>> from levysde.engine.random.variates import stable_constants, symmetric_stable
    >>> x = skewed_stable(0.7, 0.2, *skewed_constants(1.5, 0.0))
    >>> bool(abs(x - symmetric_stable(0.7, 0.2, *stable_constants(1.5))) < 1e-14)
    True
    """
    upper = u > 0.5
    t = min(u, 1.0 - u)
    shift = shift_up if upper else shift_down
    fold = fold_up if upper else fold_down
    bend = bend_up if upper else bend_down
    angle = shift - alpha * t
    sine = sin_pi(min(abs(angle), fold + alpha * t))
    slope = (1.0 - alpha) * t
    cosine = sin_pi(min((0.5 - bend) + slope, (0.5 + bend) - slope))
    exponential = _MINUS_LN_2 * log2(w)
    cos_v = sin_pi(t)
    inverse = 1.0 / (exponential * cos_v)
    x = scale * sine * exponential * inverse * exp2(power * log2(cosine * inverse))
    return x if upper == (angle > 0.0) else -x


def gaussian_pair(word: UInt64) -> tuple[float, float]:
    """Two independent normal variates of variance 2 from 64 random bits (Box and Muller).

    With W = -ln u and an angle theta = pi y uniform on a quarter of the circle::

        X = +- 2 sqrt(W) cos(theta),  Y = +- 2 sqrt(W) sin(theta)

    The upper 32 bits make u = (k + 1/2) 2^-32, which cuts the length at 6.8 standard deviations
    (probability 2^-33); 30 bits make y = (k + 1/2) 2^-31, and two bits the signs.

    Parameters
    ----------
    word : numpy.uint64
        Random bits.

    Returns
    -------
    tuple of two floats
        Dimensionless, with characteristic function exp(-k^2): SaS(1) at alpha = 2.

    References
    ----------
    G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", Ann. Math.
    Statist. 29 (1958) 610-611.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = gaussian_pair(np.uint64(1 << 63))  # u = 1/2 and y = 0, up to half a cell
    >>> bool(abs(x - 2.0 * np.sqrt(np.log(2.0))) < 1e-9), bool(abs(y) < 1e-8)
    (True, True)
    """
    cell = ((word & _UPPER_32) >> _SHIFT_12) | _MIDDLE_OF_CELL
    u = np.uint64(cell | _EXPONENT_OF_ONE).view(np.float64) - 1.0
    turn = ((word & _LOW_30) << _SHIFT_22) | _QUARTER_CELL
    y = 0.5 * (np.uint64(turn | _EXPONENT_OF_ONE).view(np.float64) - 1.0)
    length = np.sqrt(_MINUS_4_LN_2 * log2(u))
    x_bits = np.float64(length * sin_pi(0.5 - y)).view(np.uint64) | ((word & _BIT_31) << _SHIFT_32)
    y_bits = np.float64(length * sin_pi(y)).view(np.uint64) | ((word & _BIT_30) << _SHIFT_33)
    return np.uint64(x_bits).view(np.float64), np.uint64(y_bits).view(np.float64)
