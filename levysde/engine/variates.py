"""Random variates from uniforms: symmetric stable of every index, the Gaussian included.

Convention: SaS(1) has the characteristic function exp(-|u|^alpha); at alpha = 2 it is a normal law
of variance 2, at alpha = 1 the Cauchy law.
"""

from typing import NamedTuple

from levysde.engine.elementary import exp2, log2, sin_pi

_MINUS_LN_2 = -0.6931471805599453


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
