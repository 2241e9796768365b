"""The time step: a default, and a check of one that was given."""

import warnings

import numpy as np

from levysde.basins import Basin
from levysde.dynamics import Adaptive, Dynamics

__all__ = ["automatic_dt", "check_stability", "largest_curvature"]

STEPS_PER_RELAXATION = 100
"""`dt="auto"`: steps in the shortest relaxation time at the minimum."""

SHARE_OF_REACH = 0.625
"""`dt="auto"` of an algorithm that divides by the size of the gradient: the way to the boundary in
units of the farthest that one jump can move x, 31.8 dt for Adam."""

_LONGEST_REACH = 32.0

_CHECKED_DIM = 64
"""Above, the curvature is not computed only to check a step that was given."""


def largest_curvature(basin: Basin) -> float:
    """The largest curvature of the potential at the minimum, 1/time.

    The Jacobian of the gradient is taken by differences on either side of the minimum, so that a
    kink between two curvatures counts with the larger one.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.

    Returns
    -------
    float
        1/time.

    Examples
    --------
    >>> from levysde import basins
    >>> round(largest_curvature(basins.asymmetric()), 6)
    16.0
    """
    minimum, axes = basin.minimum, np.eye(basin.dim)
    step = 1e-5 * max(1.0, float(np.abs(minimum).max()))
    while not all(
        basin.domain.contains(minimum + side * step * axis) for axis in axes for side in (-1.0, 1.0)
    ):
        step /= 2.0
    gradient = basin.potential.gradient_at
    center = gradient(minimum)
    largest = 0.0
    for side in (-step, step):
        jacobian = np.array([(gradient(minimum + side * e) - center) / side for e in axes])
        diagonal = np.diag(jacobian)
        if np.count_nonzero(jacobian) == np.count_nonzero(diagonal):  # no interaction
            largest = max(largest, float(np.abs(diagonal).max()))
        else:
            largest = max(largest, float(np.linalg.norm(jacobian, 2)))
    return largest


def automatic_dt(basin: Basin, dynamics: Dynamics | None = None) -> float:
    """The step dt = 1/(100 k), k the largest curvature of the potential at the minimum.

    Where the noise-free motion is faster than -grad F, by momentum or division by the size of the
    gradient, k is that many times larger; averages with a rate per unit time count with that rate.
    An algorithm that divides the gradient by its own size makes steps of about the length dt, and
    one jump moves x by at most so many dt: its dt is such that the shortest distance from the
    minimum to the boundary along an axis is 5/8 of that, about 20 dt for Adam.

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
        If the curvature is zero, as for a driftless or a purely quartic well.

    Examples
    --------
    >>> from levysde import basins, dynamics
    >>> round(automatic_dt(basins.asymmetric()), 8)
    0.000625
    >>> round(automatic_dt(basins.flat(), dynamics.adam()), 4)
    0.0504
    """
    if isinstance(dynamics, Adaptive) and dynamics.normalized:
        from levysde import theory

        reach = min(theory.one_jump_cap(*dynamics.factors), _LONGEST_REACH)
        return _shortest_way(basin) / (SHARE_OF_REACH * reach)
    fastest = largest_curvature(basin)
    if not fastest > 1e-6:
        raise ValueError(
            "dt='auto' needs a potential that is curved at the minimum, and this one is flat "
            "there; give dt a number"
        )
    if dynamics is not None:
        fastest = max(fastest * dynamics.speed, dynamics.largest_rate)
    return 1.0 / (STEPS_PER_RELAXATION * fastest)


def _shortest_way(basin: Basin) -> float:
    """The shortest distance from the minimum to the boundary along an axis."""
    from levysde import theory

    ways = [
        theory.ray_exit_segments(basin.domain, basin.minimum, side * axis).first
        for axis in np.eye(basin.dim)
        for side in (-1.0, 1.0)
    ]
    shortest = min(ways)
    if not 0.0 < shortest < np.inf:
        raise ValueError(
            "dt='auto' needs a boundary along an axis, and none was found; give dt a number"
        )
    return float(shortest)


def check_stability(basin: Basin, dynamics: Dynamics, dt: float) -> None:
    """Warn of a step with which the noise-free chain does not follow the flow.

    With k the largest curvature at the minimum SGD oscillates for k dt > 1 and diverges for
    k dt > 2; with momentum or division by the size of the gradient the limits are others. In more
    than 64 dimensions nothing is checked.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    dynamics : Dynamics
        The optimizer.
    dt : float
        Step, time.

    Examples
    --------
    >>> from levysde import basins, dynamics
    >>> check_stability(basins.flat(), dynamics.sgd(), 0.01)
    """
    if basin.dim > _CHECKED_DIM or not np.isfinite(dynamics.stable_step):
        return
    product = dt * largest_curvature(basin)
    # With memory the motion oscillates long before, and is meant to.
    if product > dynamics.stable_step / (1.0 if dynamics.memory else 2.0):
        fate = "diverges" if product > dynamics.stable_step else "oscillates"
        warnings.warn(
            f"dt = {dt:g} times the largest curvature at the minimum is {product:.3g}: the "
            f"noise-free chain {fate}; give a smaller dt",
            stacklevel=3,
        )
