"""Domains that a potential makes: sublevel sets and domains of attraction, known by a predicate."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, Value
from levysde.domains import gradient_flow, well
from levysde.domains.domain import Domain
from levysde.domains.polytope import interval
from levysde.domains.shape import over, spread
from levysde.potentials import Potential

__all__ = ["attraction", "sublevel_set"]


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
    checks.instance("potential", potential, Potential)
    value = potential.value
    if value is None:
        raise ValueError("a sublevel set needs a potential with a value function; give one")
    last = len(potential.p)

    def outside(x: FloatArray, p: FloatArray) -> bool:
        return not value(x, p) < p[last]  # also where the value is no number, too far out

    gradient = potential.gradient

    def margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
        if reach > 0.0:
            return math.inf if all_inside(value, x, p, p[last], covariance, reach) else 0.0
        slope = np.empty(len(x))
        gradient(x, p, slope)
        return over(p[last] - value(x, p), spread(slope, covariance))

    params = {**potential.params, "level": checks.finite_number("level", level, positive=False)}
    return Domain(
        potential.dim, outside, params, name="sublevel_set", margin=margin,
        invariant_under=potential,
    )  # fmt: skip


def all_inside(
    value: Value, x: FloatArray, p: FloatArray, level: float, covariance: FloatArray, reach: float
) -> bool:
    """Whether F < level at the points that the reach leads to along the axes."""
    trial, n = x.copy(), len(x)
    inside = True
    for j in range(n):
        step = reach * math.sqrt(n * covariance[j, j])
        for side in (-1.0, 1.0):
            trial[j] = x[j] + side * step
            inside &= value(trial, p) < level
        trial[j] = x[j]
    return inside


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
    checks.instance("potential", potential, Potential)
    given = np.atleast_1d(checks.finite_array("minimum", minimum))
    point = checks.finite_array("minimum", given, (potential.dim,))
    trap = well.trapping_radius(potential, point)
    if potential.dim == 1:
        lower, upper = (well.saddle_beside(potential, float(point[0]), s) for s in (-1.0, 1.0))
        return interval(lower, upper)
    params = {**potential.params, "minimum": point, "trapping_radius": trap}
    outside = gradient_flow.attraction_predicate(potential)
    flow = replace(potential, value=None)  # which alone decides
    return Domain(
        potential.dim, outside, params, name="attraction", cost=gradient_flow.COST,
        invariant_under=flow, trapping_radius=trap,
    )  # fmt: skip
