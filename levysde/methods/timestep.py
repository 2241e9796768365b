"""The default time step."""

import math
from dataclasses import dataclass

import numpy as np

from levysde import checks
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.dynamics.rule import SGD
from levysde.methods.reach import shortest_distance

__all__ = ["AutomaticStep", "automatic_dt", "automatic_step", "largest_curvature"]

STEPS_PER_RELAXATION = 100
"""`dt="auto"`: steps in the shortest relaxation time at the minimum."""

STEPS_PER_RETURN = 10
"""`dt="auto"`: steps at least in the relaxation time half way to the boundary."""

FLAT_SHARE = 1e-3
"""Of the rate half way to the boundary: a smaller curvature makes a minimum flat."""

SHARE_OF_REACH = 0.625
"""`dt="auto"` of an algorithm that divides by the size of the gradient: the way to the boundary in
units of the farthest that one jump can move x, 31.8 dt for Adam."""

_LONGEST_REACH = 32.0

_MOST_AXES = 64
_DIFFERENCE = 1e-5
"""Of the shortest distance to the boundary: how far apart gradients are compared."""

_ROUNDING = 2.0**-26
_KINK = 1.5
_DIGITS = 2.0**30


@dataclass(frozen=True)
class AutomaticStep:
    """What `dt="auto"` is, and why.

    Attributes
    ----------
    dt : float
        Step, time.
    reason : str
        The rule that gave it.
    """

    dt: float
    reason: str


def largest_curvature(basin: Basin) -> float:
    """The largest curvature of the potential at the minimum, 1/time.

    The Jacobian of the gradient is taken by differences on either side of the minimum, over 1e-5 of
    the distance to the boundary, so that a kink between two curvatures counts with the larger one.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.

    Returns
    -------
    float
        1/time. It is infinite where the force jumps at the minimum, as that of |x| does.

    Examples
    --------
    >>> from levysde import basins
    >>> largest_curvature(basins.asymmetric())
    16.0
    """
    step = _difference(basin)
    curvature = _curvature(basin, step)
    # A force that jumps looks more curved the closer one looks.
    if _curvature(basin, step / 16.0) > _KINK * curvature:
        return math.inf
    return curvature


def _difference(basin: Basin) -> float:
    """A distance that is small in the basin and large against the rounding of the minimum."""
    length = shortest_distance(basin)
    size = float(np.abs(basin.minimum).max())
    if not length < math.inf:
        return _DIFFERENCE * (size or 1.0)
    return min(max(_DIFFERENCE * length, _ROUNDING * size), 0.25 * length)


def _curvature(basin: Basin, step: float) -> float:
    """The largest curvature by differences over a given distance."""
    minimum, gradient = basin.minimum, basin.potential.gradient_many
    center = gradient(minimum[None])[0]
    largest = 0.0
    for side in (-step, step):
        jacobian = (gradient(minimum + side * np.eye(basin.dim)) - center) / side
        diagonal = np.diag(jacobian)
        if np.count_nonzero(jacobian) == np.count_nonzero(diagonal):  # no interaction
            largest = max(largest, float(np.abs(diagonal).max()))
        else:
            largest = max(largest, float(np.linalg.norm(jacobian, 2)))
    # Differences know no more digits, and the answer shall not depend on the processor.
    mantissa, exponent = math.frexp(largest)
    return math.ldexp(round(mantissa * _DIGITS) / _DIGITS, exponent)


def _return_rate(basin: Basin) -> float:
    """The rate at which the flow returns from half way to the boundary, 1/time; 0 if it does not.

    Along each axis the time T in which the force halves the distance from the minimum, from one
    half of the exit distance to one quarter; the largest ln 2/T is taken.
    """
    length = shortest_distance(basin)
    if not length < math.inf:
        return 0.0
    radii = np.geomspace(0.25, 0.5, 33) * length
    largest = 0.0
    for axis in np.eye(basin.dim)[:_MOST_AXES]:
        for side in (-1.0, 1.0):
            points = basin.minimum + side * radii[:, None] * axis
            inward = side * (basin.potential.gradient_many(points) @ axis)
            if (inward > 0.0).all():
                time = float(np.trapezoid(radii / inward, np.log(radii)))
                largest = max(largest, math.log(2.0) / time)
    return largest


def automatic_dt(basin: Basin, dynamics: Dynamics | None = None) -> float:
    """The step dt = 1/(100 k), k the largest curvature of the potential at the minimum.

    Half way to the boundary the flow returns at a rate r. Where r > 10 k the step is 1/(10 r), and
    1/(100 r) where the minimum is flat (k < r/1000) or has a kink. Where the noise-free motion is
    faster than -grad F, by momentum or division by a given size of the gradient, these rates are
    that many times larger; averages with a rate per unit time count with that rate.

    An algorithm that divides the gradient by its own size makes steps of about the length dt, and
    one jump moves x by at most so many dt: its dt is such that the shortest distance from the
    minimum to the boundary along an axis is 5/8 of that, about 20 dt for Adam. An SDE that divides
    so moves at speed 1 while the gradient is large against eps: there 1/(100 k) is a hundredth of
    that distance, or eps/(100 k) if this is longer.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    dynamics : Dynamics, optional
        The optimizer; SGD unless given.

    Returns
    -------
    float
        Step, time.

    Raises
    ------
    ValueError
        If there is no force that returns to the minimum.

    Examples
    --------
    >>> from levysde import basins, dynamics
    >>> round(automatic_dt(basins.asymmetric()), 8)
    0.000625
    >>> round(automatic_dt(basins.flat(), dynamics.adam()), 4)
    0.0504
    """
    return automatic_step(basin, dynamics).dt


def automatic_step(basin: Basin, dynamics: Dynamics | None = None) -> AutomaticStep:
    """As `automatic_dt`, with the reason.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    dynamics : Dynamics, optional
        The optimizer; SGD unless given.

    Returns
    -------
    AutomaticStep

    Raises
    ------
    ValueError
        If there is no force that returns to the minimum.

    Examples
    --------
    >>> from levysde import Basin, domains, potentials
    >>> automatic_step(Basin(potentials.quartic(), domains.interval(-1.0, 1.0), 0.0)).reason
    '1/100 of the relaxation time half way out: the minimum is flat'
    """
    checks.instance("basin", basin, Basin)
    if dynamics is not None:
        checks.instance("dynamics", dynamics, Dynamics)
    if basin.target is not None:
        raise checks.Refusal(
            "dt='auto' is a share of a time at the minimum, and paths to a target begin at none",
            "give dt a number, or lr",
        )
    rule = SGD if dynamics is None else dynamics.effective_rule
    if rule.normalized:
        from levysde import theory

        reach = min(theory.one_jump_cap(*rule.factors), _LONGEST_REACH)
        dt = _shortest_way(basin) / (SHARE_OF_REACH * reach)
        return AutomaticStep(dt, "the exit distance is 5/8 of what one jump can move")
    fastest, reason = _fastest(basin)
    if not fastest + rule.l2 > 0.0:
        raise checks.Refusal(
            "dt='auto' needs a force that returns to the minimum, and there is none here",
            "give dt a number",
        )
    if rule.second_moment == "gradient":
        fastest, reason = _fastest_at_unit_speed(basin, fastest, reason, rule.eps)
    else:
        fastest = (fastest + rule.l2) * rule.speed
    if rule.largest_rate > fastest:
        fastest = rule.largest_rate
        reason = f"1/{STEPS_PER_RELAXATION} of the time of the fastest average"
    return AutomaticStep(1.0 / (STEPS_PER_RELAXATION * fastest), reason)


def _fastest_at_unit_speed(
    basin: Basin, fastest: float, reason: str, eps: float
) -> tuple[float, str]:
    """Of an equation that divides by the size of the gradient, which is `fastest` over eps near 0.

    Its speed is about 1 wherever the gradient is large against eps, in whatever units.
    """
    crossing = 1.0 / _shortest_way(basin)
    if fastest < crossing * eps:
        return fastest / eps, reason
    return crossing, f"1/{STEPS_PER_RELAXATION} of the time that the exit distance takes at speed 1"


def _fastest(basin: Basin) -> tuple[float, str]:
    """The rate of which a step is a hundredth, 1/time, and the rule that follows from it."""
    curvature, half_way = largest_curvature(basin), _return_rate(basin)
    if curvature == math.inf or curvature < FLAT_SHARE * half_way:
        shape = "has a kink" if curvature == math.inf else "is flat"
        rule = f"1/{STEPS_PER_RELAXATION} of the relaxation time half way out"
        return half_way, f"{rule}: the minimum {shape}"
    share = STEPS_PER_RETURN / STEPS_PER_RELAXATION
    if share * half_way > curvature:
        rule = f"1/{STEPS_PER_RETURN} of the relaxation time half way out"
        return share * half_way, f"{rule}: much shorter than at the minimum"
    return curvature, f"1/{STEPS_PER_RELAXATION} of the shortest relaxation time"


def _shortest_way(basin: Basin) -> float:
    """The shortest distance from the minimum to the boundary along an axis."""
    from levysde.theory.measure.rays import first_exits

    axes = np.eye(basin.dim)
    shortest = first_exits(basin.domain, basin.minimum, np.concatenate([-axes, axes])).min()
    if not 0.0 < shortest < np.inf:
        raise checks.Refusal(
            "dt='auto' needs a boundary along an axis, and none was found", "give dt a number"
        )
    return float(shortest)
