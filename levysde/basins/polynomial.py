"""Basins of polynomial potentials, with parameters: quadratic, quartic, double well, and no force.

Noise of index alpha and scale 1 leaves an interval (-a, b) about the minimum at the rate
eps^alpha (c/alpha) (a^-alpha + b^-alpha) in leading order, where c is `theory.stable_constant`.
"""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from levysde import checks, domains, potentials
from levysde._typing import FloatArray
from levysde.basins.basin import Basin
from levysde.domains import Domain

__all__ = ["ball", "double_well", "driftless", "quadratic", "quartic", "tilted"]


def quadratic(
    dim: int = 1,
    curvature: npt.ArrayLike = 1.0,
    lower: npt.ArrayLike = -1.0,
    upper: npt.ArrayLike = 1.0,
) -> Basin:
    """F(x) = x' H x / 2 in the interval, or in d > 1 the box, lower < x < upper; minimum 0.

    Parameters
    ----------
    dim : int
        Dimension.
    curvature : float or array, shape (dim,) or (dim, dim)
        H: one curvature, one per coordinate, or a symmetric matrix; 1/time.
    lower, upper : float or array, shape (dim,)
        Ends on both sides of 0, in units of the coordinates, one for all coordinates or one each;
        some may be infinite.

    Returns
    -------
    Basin

    Raises
    ------
    ValueError
        If a curvature is not positive, or the minimum 0 is not between the ends.

    Examples
    --------
    >>> steep_left = quadratic(curvature=2.0, lower=-0.5, upper=2.0)
    >>> steep_left.domain.contains([1.9]), steep_left.domain.contains([-0.6])
    (True, False)
    >>> quadratic(2, curvature=[1.0, 4.0]).potential.value_at([1.0, 1.0])
    2.5
    """
    potential = potentials.quadratic(dim, curvature)
    hessian = np.asarray(potential.hessian)
    smallest = float(hessian.min() if hessian.ndim == 1 else np.linalg.eigvalsh(hessian)[0])
    if not smallest > 0.0:
        raise ValueError(
            f"the smallest curvature is {smallest:g}; give positive ones, or take the basin "
            "driftless"
        )
    return Basin(potential, _around_zero(dim, lower, upper), np.zeros(dim), name="quadratic")


def ball(dim: int = 2, curvature: float = 1.0, radius: float = 1.0) -> Basin:
    """F(x) = curvature |x|^2 / 2 in the ball |x| < radius; minimum 0.

    Parameters
    ----------
    dim : int
        Dimension; in one the ball is an interval.
    curvature : float
        The same in all directions, 1/time.
    radius : float
        Of the ball, in units of the coordinates.

    Returns
    -------
    Basin

    Raises
    ------
    ValueError
        If the curvature or the radius is not positive.

    Examples
    --------
    >>> ball(3, radius=2.0).domain.contains([1.0, 1.0, 1.0])
    True
    """
    potential = potentials.quadratic(dim, checks.finite_number("curvature", curvature))
    radius = checks.finite_number("radius", radius)
    domain = domains.interval(-radius, radius) if dim == 1 else domains.ball(np.zeros(dim), radius)
    return Basin(potential, domain, np.zeros(dim), name="ball")


def driftless(dim: int = 1, lower: npt.ArrayLike = -1.0, upper: npt.ArrayLike = 1.0) -> Basin:
    """F(x) = 0 in the interval, or in d > 1 the box, lower < x < upper; paths begin at 0.

    Nothing leads back to 0: the small-noise theory does not hold, as its assumptions say, and a run
    needs dt as a number, or the jump method.

    Parameters
    ----------
    dim : int
        Dimension.
    lower, upper : float or array, shape (dim,)
        Ends on both sides of 0, in units of the coordinates, one for all coordinates or one each.

    Returns
    -------
    Basin

    Raises
    ------
    ValueError
        If 0 is not between the ends.

    Notes
    -----
    Isotropic noise of scale 1 leaves the ball of radius r, which in one dimension is (-r, r), from
    its centre in the mean time (r/eps)^alpha Gamma(d/2) / (2^alpha Gamma(1 + alpha/2)
    Gamma((d + alpha)/2)). Source: R. Getoor, First passage times for symmetric stable processes in
    space, Trans. Amer. Math. Soc. 101 (1961) 75.

    Examples
    --------
    >>> driftless(lower=-2.0).potential.gradient_at([1.0]).tolist()
    [0.0]
    """
    potential = potentials.quadratic(dim, 0.0)
    return Basin(potential, _around_zero(dim, lower, upper), np.zeros(dim), name="driftless")


def quartic(
    dim: int = 1,
    coefficient: float = 1.0,
    curvature: float = 0.0,
    lower: npt.ArrayLike = -1.0,
    upper: npt.ArrayLike = 1.0,
) -> Basin:
    """F(x) = sum_j (coefficient x_j^4 / 4 + curvature x_j^2 / 2) in an interval or a box.

    The minimum is 0. With curvature 0 it is flat: F'' vanishes there, so that paths relax like a
    power of time.

    Parameters
    ----------
    dim : int
        Dimension.
    coefficient : float
        Strength of the quartic part, 1/(time length^2).
    curvature : float
        At the minimum, 1/time.
    lower, upper : float or array, shape (dim,)
        Ends on both sides of 0, in units of the coordinates, one for all coordinates or one each;
        some may be infinite.

    Returns
    -------
    Basin

    Raises
    ------
    ValueError
        If the coefficient is not positive, the curvature is negative, or the minimum 0 is not
        between the ends.

    Examples
    --------
    >>> quartic().potential.value_at([1.0])
    0.25
    """
    potential = potentials.quartic(dim, coefficient, curvature)
    return Basin(potential, _around_zero(dim, lower, upper), np.zeros(dim), name="quartic")


def double_well(
    dim: int = 1, barrier: float = 0.25, half_distance: float = 1.0, curvature: float = 1.0
) -> Basin:
    """F(x) = barrier ((x_1/a)^2 - 1)^2 + sum_{j >= 2} curvature x_j^2 / 2, left of the saddle.

    With the default parameters F is x^4/4 - x^2/2 but for a constant. The minimum is at x_1 = -a,
    and the domain x_1 < 0 ends at the saddle 0, `barrier` above it.

    Parameters
    ----------
    dim : int
        Dimension.
    barrier : float
        Height of the saddle above the minimum, length^2/time.
    half_distance : float
        a, in units of the coordinates.
    curvature : float
        Of the other coordinates, 1/time.

    Returns
    -------
    Basin

    Raises
    ------
    ValueError
        If a parameter is not positive and finite.

    Examples
    --------
    >>> basin = double_well()
    >>> basin.minimum.tolist(), basin.domain.contains([-5.0]), basin.domain.contains([0.0])
    ([-1.0], True, False)
    """
    potential = potentials.double_well(dim, barrier, half_distance, curvature)
    minimum = _on_first_axis(dim, -float(half_distance))
    return Basin(potential, _beside(dim, 0.0, -1.0), minimum, name="double_well")


def tilted(
    dim: int = 1,
    tilt: float = 0.1,
    side: Literal["left", "right"] = "left",
    barrier: float = 0.25,
    half_distance: float = 1.0,
    curvature: float = 1.0,
) -> Basin:
    """A double well with a constant force, from one of its minima over the saddle.

    F(x) = barrier ((x_1/a)^2 - 1)^2 + tilt x_1 + sum_{j >= 2} curvature x_j^2 / 2; with the default
    parameters x^4/4 - x^2/2 + tilt x but for a constant. The domain is the side of the saddle on
    which the minimum is. A positive tilt makes the left well deeper.

    Parameters
    ----------
    dim : int
        Dimension.
    tilt : float
        Below 8 barrier / (3 sqrt(3) a) in size, beyond which there is one minimum only: for the
        default parameters 2 / (3 sqrt(3)) = 0.3849; length/time.
    side : {"left", "right"}
        Which minimum is escaped from.
    barrier, half_distance, curvature : float
        As of `double_well`.

    Returns
    -------
    Basin

    Raises
    ------
    ValueError
        If the tilt is too large for two minima, the side is another word, or another parameter is
        not positive and finite.

    Examples
    --------
    >>> basin = tilted(tilt=0.0, side="right")
    >>> basin.minimum.tolist(), basin.domain.contains([0.5]), basin.domain.contains([-0.5])
    ([1.0], True, False)
    """
    checks.choice("side", side, ("left", "right"))
    potential = potentials.tilted_double_well(dim, tilt, barrier, half_distance, curvature)
    left, saddle, right = critical_points(tilt, barrier, half_distance)
    sign, minimum = (-1.0, left) if side == "left" else (1.0, right)
    domain = _beside(dim, saddle, sign)
    return Basin(potential, domain, _on_first_axis(dim, minimum), name="tilted")


def critical_points(
    tilt: float, barrier: float = 0.25, half_distance: float = 1.0
) -> tuple[float, float, float]:
    """Left minimum, saddle and right minimum of barrier ((x/a)^2 - 1)^2 + tilt x.

    Parameters
    ----------
    tilt, barrier, half_distance : float
        As of `tilted`.

    Returns
    -------
    left, saddle, right : float
        In units of the coordinate.

    Raises
    ------
    ValueError
        If the tilt is too large for two minima.

    Examples
    --------
    >>> critical_points(0.0)
    (-1.0, 0.0, 1.0)
    """
    largest = 8.0 * barrier / (3.0 * math.sqrt(3.0) * half_distance)
    # With x = a y: y^3 - y + t = 0, whose roots are 2 cos(..)/sqrt(3) by Viete.
    t = tilt * half_distance / (4.0 * barrier)
    cosine = -1.5 * math.sqrt(3.0) * t
    if abs(cosine) < 1.0:
        angle = math.acos(cosine) / 3.0
        thirds = (2.0 * math.pi / 3.0, -2.0 * math.pi / 3.0, 0.0)
        roots = [2.0 / math.sqrt(3.0) * math.cos(angle + third) for third in thirds]
        left, saddle, right = (_polished(root, t) for root in roots)
        if left < saddle < right:
            return half_distance * left, half_distance * saddle, half_distance * right
    raise ValueError(
        f"tilt is {tilt:g}, with which the potential has one minimum only; give a tilt between "
        f"-{largest:.6g} and {largest:.6g}"
    )


def _polished(y: float, t: float) -> float:
    """A root of y^3 - y + t after two steps of Newton's method."""
    for _ in range(2):
        slope = 3.0 * y * y - 1.0
        if slope != 0.0:
            y -= (y * (y * y - 1.0) + t) / slope
    return y


def _around_zero(dim: int, lower: npt.ArrayLike, upper: npt.ArrayLike) -> Domain:
    """The interval or box between ends on both sides of 0."""
    low, high = (_ends(name, value, dim) for name, value in (("lower", lower), ("upper", upper)))
    for name, ends, sign in (("lower", low, -1.0), ("upper", high, 1.0)):
        wrong = ends[~(sign * ends > 0.0)]
        if wrong.size:
            word = "negative" if sign < 0.0 else "positive"
            raise ValueError(f"{name} is {wrong[0]:g}; give a {word} one: the minimum is at 0")
    if not (np.isfinite(low) | np.isfinite(high)).any():
        raise ValueError("lower and upper are infinite, so that nothing is left; give one end")
    if dim == 1:
        return domains.interval(float(low[0]), float(high[0]))
    return domains.box(low, high)


def _ends(name: str, value: npt.ArrayLike, dim: int) -> FloatArray:
    """One end per coordinate, from one for all or one each."""
    ends = checks.numbers(name, value)
    if ends.shape not in ((), (dim,)):
        raise ValueError(f"{name} has shape {ends.shape}; give a number, or {dim} of them")
    return np.array(np.broadcast_to(ends, (dim,)))


def _beside(dim: int, saddle: float, sign: float) -> Domain:
    """The points left (sign -1) or right (sign 1) of a saddle on the first axis."""
    if dim == 1:
        return domains.interval(*sorted((saddle, sign * math.inf)))
    return domains.half_space(_on_first_axis(dim, -sign), -sign * saddle)


def _on_first_axis(dim: int, x: float) -> FloatArray:
    """The point (x, 0, ..., 0)."""
    point = np.zeros(dim)
    point[0] = x
    return point
