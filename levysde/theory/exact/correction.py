"""The first correction to the small-noise escape rate in one dimension."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from levysde.theory import arguments
from levysde.theory.exact.constants import stable_constant
from levysde.theory.numbers import checked_positive

_INNER = 1e-4
_DIFFERENCE = 1e-5
_EQUAL_CURVATURES = 1e-6
_VANISHING = 1e-7
_TOLERANCE = 1e-6
_CHECK_POINTS = 400
_TINY = 1e-150
_FAR = 1e9

Force = Callable[[float], float]


@dataclass(frozen=True)
class _Side:
    """One side of the minimum: speed of return and both ends, lengths in the shorter distance."""

    speed: Callable[[float], float]
    own: float
    other: float
    alpha: float

    def integrand(self, r: float, room: float) -> float:
        """Return (r^-alpha - R^-alpha) [nu(r) - nu(0)] / |F'(r)| up to constants, room = R - r."""
        alpha = self.alpha
        change = source = 0.0
        if math.isfinite(self.own):
            # Near the minimum r keeps the digits, near the boundary the room does.
            log_room = math.log1p(-r / self.own) if r < room else math.log(room / self.own)
            log_ratio = math.log(r / self.own) if r < room else math.log1p(-room / self.own)
            change = self.own**-alpha * math.expm1(-alpha * log_room)
            source = self.own**-alpha * math.expm1(-alpha * log_ratio)
        else:
            source = r**-alpha
        if math.isfinite(self.other):
            change += self.other**-alpha * math.expm1(-alpha * math.log1p(r / self.other))
        return float(source * change / self.speed(r))

    def near(self, r: float) -> float:
        """Return the integrand at a point that is not close to the boundary."""
        return self.integrand(r, self.own - r)


def _one_sided_curvature(speed: Callable[[float], float], step: float) -> float:
    """Return the slope at 0 of a function that vanishes there, to second order in the step."""
    return (4.0 * speed(step) - speed(2.0 * step)) / (2.0 * step)


def _returns(side: _Side) -> bool:
    """Say whether the flow leads back to the minimum from everywhere, boundary included."""
    if math.isfinite(side.own):
        radii = side.own * np.linspace(1.0 / _CHECK_POINTS, 1.0, _CHECK_POINTS)
    else:
        radii = np.geomspace(_INNER, 1.0 / _INNER, _CHECK_POINTS)
    speeds = np.array([side.speed(float(r)) for r in radii])
    if not (np.all(np.isfinite(speeds)) and np.all(speeds > 0.0)):
        return False
    # A speed that vanishes at the boundary, a saddle, makes the integral diverge.
    return not math.isfinite(side.own) or bool(speeds[-1] > _VANISHING * np.max(speeds))


def _quad(function: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    from scipy.integrate import quad

    # With full output the routine reports trouble through the error estimate alone.
    value, error = quad(function, low, high, limit=200, epsrel=1e-10, epsabs=0.0, full_output=1)[:2]
    return float(value), float(error)


def _logarithmic(
    function: Callable[[float], float], low: float, high: float
) -> tuple[float, float]:
    """Integrate over (low, high) in log r."""
    return _quad(lambda s: function(math.exp(s)) * math.exp(s), math.log(low), math.log(high))


def _beyond(side: _Side, low: float) -> tuple[float, float]:
    """Integrate over (low, inf) from the power of r that the integrand follows there."""
    value, half = side.near(low), side.near(0.5 * low)
    if value == 0.0:
        return 0.0, 0.0
    power = math.log2(half / value) if half / value > 0.0 else 0.0
    if power <= 1.0:
        return math.inf, math.inf
    rest = value * low / (power - 1.0)
    return rest, 1e-4 * abs(rest)


def _to_boundary(side: _Side, low: float) -> tuple[float, float]:
    """Integrate over (low, R), where the integrand behaves like (R - r)^(1 - alpha)."""
    power = 1.0 / (2.0 - side.alpha)
    width = side.own - low
    # With room = width t^power the integrand has a limit at t = 0, taken where room gets tiny.
    first = (_TINY / width) ** (1.0 / power)

    def transformed(t: float) -> float:
        t = max(t, first)
        room = width * t**power
        return float(side.integrand(side.own - room, room) * power * room / t)

    return _quad(transformed, 0.0, 1.0)


def _outer(side: _Side, low: float) -> list[tuple[float, float]]:
    """Integrate from low to the end of a side."""
    if not math.isfinite(side.own):
        return [_logarithmic(side.near, low, _FAR * low), _beyond(side, _FAR * low)]
    half = max(low, 0.5 * side.own)
    inner = [_logarithmic(side.near, low, half)] if half > low else []
    return [*inner, _to_boundary(side, half)]


def _core(sides: tuple[_Side, _Side], radius: float) -> float:
    """Integrate both sides together over (0, radius) from the powers that lead there.

    The odd parts cancel, and the sum of the sides is proportional to r^(1 - alpha).
    """
    alpha = sides[0].alpha
    return sum(side.near(radius) for side in sides) * radius / (2.0 - alpha)


@arguments.checked(
    gradient=arguments.function,
    left=arguments.number,
    right=arguments.number,
    alpha=arguments.alpha,
)
def first_correction(
    gradient: Force, left: float, right: float, alpha: float, scale: float = 1.0
) -> float | None:
    """Return C in rate = eps^alpha nu(W) (1 + C eps^alpha + ...) for the interval (-left, right).

    A jump that stays inside displaces the particle until it has relaxed, so that to order
    eps^alpha it is found at x with density
    pi(x) = sigma^alpha (c_alpha / alpha) (|x|^(-alpha) - R^(-alpha)) / |F'(x)|, R the distance of
    the boundary on the side of x, and there it is exposed to the exit rate
    nu(x) = sigma^alpha (c_alpha / alpha) ((right - x)^(-alpha) + (left + x)^(-alpha)). Hence
    C = int pi(x) (nu(x) - nu(0)) dx / nu(0) over (-left, right), at 0 as a principal value.

    The correction exists (the result is not None) if the flow returns to the minimum from
    everywhere including the boundary, if the curvature at the minimum is positive, and if one of
    the following holds:

    * the curvature is the same on both sides, so that the odd part cancels at 0;
    * left = right, so that nu'(0) = 0.

    Otherwise the process of size eps about a minimum with different curvatures k- and k+ has a
    mean of order eps, which changes the rate by a relative amount of order eps. For alpha > 1 this
    comes before eps^alpha, at alpha = 1 the orders meet in eps log eps, and for alpha < 1, where
    the integral does exist, it follows so closely that C alone would mislead.

    Where C exists the next order is relatively eps^alpha away; by a rough estimate for alpha > 3/2
    the layer at the boundary, in which a particle leaves before it can return, brings in a slower
    eps^(alpha (2 - alpha) / (alpha - 1)), so that C is less useful near alpha = 2.

    Parameters
    ----------
    gradient : callable
        F' as a function of the displacement from the minimum, float to float.
    left, right : float
        Distances from the minimum to the ends, positive, units of the state; one may be infinite.
    alpha : float
        Stability index in (0, 2), dimensionless.
    scale : float
        Noise scale sigma, units of the state per time^(1/alpha).

    Returns
    -------
    float or None
        C in units of eps^(-alpha), or None where it does not exist.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: the second order of the small-noise expansion whose first order is Imkeller &
    Pavlyukevich, J. Phys. A 39 (2006) L237. For F = k x^2 / 2 on (-a, a), C is proportional to
    1 / (k a^alpha).

    Examples
    --------
    >>> round(first_correction(lambda x: x, 1.0, 1.0, 1.5), 5)
    1.61466
    """
    if alpha == 2.0:
        raise ValueError("alpha is 2.0, but the correction belongs to jumps, alpha < 2")
    if not (left > 0.0 and right > 0.0):
        raise ValueError(f"the distances are {left!r} and {right!r}, but both must be positive")
    scale = checked_positive(scale, "scale")
    length = min(left, right)
    if not math.isfinite(length):
        return None
    # Distances are counted in the shorter one, so that powers of them stay near 1.
    ends = right / length, left / length
    sides = (
        _Side(lambda r: gradient(length * r) / length, ends[0], ends[1], alpha),
        _Side(lambda r: -gradient(-length * r) / length, ends[1], ends[0], alpha),
    )
    if not all(_returns(side) for side in sides):
        return None
    slopes = [_one_sided_curvature(side.speed, _DIFFERENCE) for side in sides]
    if min(slopes) <= _VANISHING * max(side.speed(0.5) for side in sides):
        return None
    equal = abs(slopes[0] - slopes[1]) <= _EQUAL_CURVATURES * max(slopes)
    if not (equal or left == right):
        return None
    parts = [
        (_core(sides, _INNER), 0.0),
        _logarithmic(lambda r: sides[0].near(r) + sides[1].near(r), _INNER, 0.5),
        *_outer(sides[0], 0.5),
        *_outer(sides[1], 0.5),
    ]
    total = sum(value for value, _ in parts)
    size = sum(abs(value) for value, _ in parts)
    if not (math.isfinite(size) and sum(error for _, error in parts) <= _TOLERANCE * size):
        return None
    factor = stable_constant(alpha) / alpha * (scale / length) ** alpha
    return float(factor * total / (ends[0] ** -alpha + ends[1] ** -alpha))
