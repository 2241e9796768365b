"""Domains: the open set Omega whose first exit is awaited, as a plain predicate of one point."""

import math

import numpy as np
import numpy.typing as npt

from levysde import margins, parts
from levysde._typing import FloatArray
from levysde.domain import Domain
from levysde.margins import all_inside, over, spread
from levysde.potentials import Potential

__all__ = [
    "Domain",
    "attraction",
    "ball",
    "box",
    "ellipsoid",
    "half_space",
    "interval",
    "sublevel_set",
]


def _outside_interval(x: FloatArray, p: FloatArray) -> bool:
    return (x[0] <= p[0]) | (x[0] >= p[1])


def interval(lower: float, upper: float) -> Domain:
    """The interval lower < x < upper.

    Parameters
    ----------
    lower, upper : float
        Ends, in units of the coordinate; either may be infinite.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If lower is not below upper.

    Examples
    --------
    >>> interval(-1.0, 1.0).contains([0.5])
    True
    """
    ends = parts.numbers("lower", lower), parts.numbers("upper", upper)
    if ends[0].ndim or ends[1].ndim:
        raise ValueError("the ends of an interval are numbers; give a box in several dimensions")
    if not ends[0] < ends[1]:
        raise ValueError(f"the interval ({lower}, {upper}) is empty; give lower < upper")
    ends_of = {"lower": ends[0], "upper": ends[1]}
    return Domain(1, _outside_interval, ends_of, name="interval", margin=margins.interval_margin)


def _outside_box(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    out = False
    for j in range(n):  # no early return: the loop vectorizes
        out |= (x[j] <= p[j]) | (x[j] >= p[n + j])
    return out


def box(lower: npt.ArrayLike, upper: npt.ArrayLike) -> Domain:
    """The box lower_j < x_j < upper_j for every j.

    Parameters
    ----------
    lower, upper : array, shape (dim,)
        Ends, in units of the coordinates; entries may be infinite.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the shapes differ, or lower is not below upper in some coordinate.

    Examples
    --------
    >>> box([-1.0, -2.0], [1.0, 2.0]).contains([0.0, 1.5])
    True
    """
    low, high = parts.numbers("lower", lower), parts.numbers("upper", upper)
    if low.ndim != 1 or low.shape != high.shape:
        raise ValueError(
            f"lower has shape {low.shape} and upper {high.shape}; give two arrays of one length"
        )
    if not (low < high).all():
        j = int(np.flatnonzero(~(low < high))[0])
        raise ValueError(
            f"the box is empty: lower[{j}] = {low[j]:g}, upper[{j}] = {high[j]:g}; "
            "give lower < upper"
        )
    ends_of = {"lower": low, "upper": high}
    return Domain(len(low), _outside_box, ends_of, name="box", margin=margins.box_margin)


def _outside_ball(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    square = 0.0
    for j in range(n):
        square += (x[j] - p[j]) * (x[j] - p[j])
    return square >= p[n] * p[n]


def ball(center: npt.ArrayLike, radius: float) -> Domain:
    """The ball |x - center| < radius.

    Parameters
    ----------
    center : array, shape (dim,)
        In units of the coordinates.
    radius : float
        In units of the coordinates.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the center is not finite or the radius not positive and finite.

    Examples
    --------
    >>> ball([1.0, 0.0], 0.8).contains([0.5, 0.5])
    True
    """
    middle = _center(center)
    params: dict[str, npt.ArrayLike] = {
        "center": middle,
        "radius": parts.finite_number("radius", radius),
    }
    return Domain(len(middle), _outside_ball, params, name="ball", margin=margins.ball_margin)


def _center(center: npt.ArrayLike) -> FloatArray:
    middle = parts.finite_array("center", center)
    if middle.ndim != 1 or middle.size == 0:
        raise ValueError(f"center has shape {middle.shape}; give one number a coordinate")
    return middle


def _outside_ellipsoid(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    square = 0.0
    for k in range(n):
        row = 0.0
        for j in range(n):
            row += p[n + n * k + j] * (x[j] - p[j])
        square += row * (x[k] - p[k])
    return square >= 1.0


def ellipsoid(center: npt.ArrayLike, matrix: npt.ArrayLike) -> Domain:
    """The ellipsoid (x - c)' A (x - c) < 1.

    Parameters
    ----------
    center : array, shape (dim,)
        c, in units of the coordinates.
    matrix : array, shape (dim, dim)
        A, symmetric and positive definite, 1/length^2.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the matrix is not finite, symmetric and positive definite.

    Examples
    --------
    >>> ellipsoid([0.0, 0.0], [[1.0, 0.0], [0.0, 100.0]]).contains([0.9, 0.0])
    True
    """
    middle = _center(center)
    array = parts.finite_array("matrix", matrix, (len(middle), len(middle)))
    if not np.allclose(array, array.T, rtol=1e-12, atol=0.0):
        raise ValueError("the matrix of the ellipsoid is not symmetric; give a symmetric matrix")
    if np.linalg.eigvalsh(array)[0] <= 0.0:
        raise ValueError("the matrix of the ellipsoid is not positive definite; give one that is")
    params: dict[str, npt.ArrayLike] = {"center": middle, "matrix": array}
    return Domain(
        len(middle), _outside_ellipsoid, params, name="ellipsoid", margin=margins.ellipsoid_margin
    )


def _outside_half_space(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    product = 0.0
    for j in range(n):
        product += p[j] * x[j]
    return product >= p[n]


def half_space(normal: npt.ArrayLike, offset: float) -> Domain:
    """The half space normal . x < offset.

    Parameters
    ----------
    normal : array, shape (dim,)
        Not zero; need not have length 1.
    offset : float
        In units of normal . x.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the normal is zero or something is not finite.

    Examples
    --------
    >>> half_space([1.0, 1.0], 1.0).contains([0.0, 0.0])
    True
    """
    direction = _center(normal)
    if not direction.any():
        raise ValueError("the normal of the half space is zero; give a direction")
    params: dict[str, npt.ArrayLike] = {
        "normal": direction,
        "offset": parts.finite_number("offset", offset, positive=False),
    }
    return Domain(
        len(direction),
        _outside_half_space,
        params,
        name="half_space",
        margin=margins.half_space_margin,
    )


def sublevel_set(potential: Potential, level: float) -> Domain:
    """The set F(x) < level.

    All of it, if it has several components: add a condition of your own with `Domain` to take one.

    Parameters
    ----------
    potential : Potential
        With a value function.
    level : float
        In units of F.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the potential has no value function or the level is not finite.

    Examples
    --------
    >>> from levysde import potentials
    >>> sublevel_set(potentials.quadratic(1, curvature=16.0), 0.5).contains([0.24])
    True
    """
    parts.instance("potential", potential, Potential)
    value = potential.value
    if value is None:
        raise ValueError("a sublevel set needs a potential with a value function; give one")
    last = len(potential.p)

    def outside(x: FloatArray, p: FloatArray) -> bool:
        return value(x, p) >= p[last]

    gradient = potential.gradient

    def margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
        if reach > 0.0:
            return math.inf if all_inside(value, x, p, p[last], covariance, reach) else 0.0
        slope = np.empty(len(x))
        gradient(x, p, slope)
        return over(p[last] - value(x, p), spread(slope, covariance))

    params = {**potential.params, "level": parts.finite_number("level", level, positive=False)}
    return Domain(potential.dim, outside, params, name="sublevel_set", margin=margin)


def attraction(potential: Potential, minimum: npt.ArrayLike) -> Domain:
    """The domain of attraction of a minimum: {x : the flow dx = -grad F dt from x ends there}.

    In one dimension it is the interval between the neighboring maxima. In more dimensions points
    outside a ball about the minimum are classified by integrating the flow, which costs hundreds of
    gradients; paths are in the ball most of the time.

    Parameters
    ----------
    potential : Potential
        F.
    minimum : float or array, shape (dim,)
        A minimum of F, in units of the coordinates.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the point is not a minimum of the potential.

    Examples
    --------
    >>> from levysde import potentials
    >>> right = attraction(potentials.double_well(2), [1.0, 0.0])
    >>> right.contains([0.1, 5.0]), right.contains([-0.1, 5.0])
    (True, False)
    """
    from levysde import flow, wells

    parts.instance("potential", potential, Potential)
    given = np.atleast_1d(parts.finite_array("minimum", minimum))
    point = parts.finite_array("minimum", given, (potential.dim,))
    trap = wells.trapping_radius(potential, point)
    if potential.dim == 1:
        lower, upper = (wells.saddle_beside(potential, float(point[0]), s) for s in (-1.0, 1.0))
        return interval(lower, upper)
    params = {**potential.params, "minimum": point, "trapping_radius": trap}
    outside = flow.attraction_predicate(potential)
    return Domain(potential.dim, outside, params, name="attraction", cost=flow.COST)
