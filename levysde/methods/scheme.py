"""How the drift of one step is done: explicitly, or by the flow where that overshoots."""

import math
from dataclasses import dataclass

import numpy as np

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.path.divided_step import CHANGE, HALVINGS
from levysde.engine.program import FlowPart
from levysde.methods.reach import places, shortest_distance
from levysde.methods.timestep import largest_curvature

__all__ = ["SCHEMES", "check_stability", "chosen_scheme", "flow_part"]

SCHEMES = ("auto", "euler", "flow")
"""Chosen, one explicit step, or the flow of the step where the force is steep."""

SHORT_SHARE = 1.0 / 64.0
"""Of the shortest distance to the boundary: a displacement that can do no harm."""

_CHECKED_DIM = 64
"""Above, the curvature at the minimum is not computed only to check a step that was given."""


@dataclass(frozen=True)
class Steepness:
    """The places from which an explicit step is long, the nearest to the minimum first.

    Attributes
    ----------
    products : ndarray, shape (count,)
        dt times the curvature that one step from there meets, dimensionless.
    places : ndarray, shape (count, dim)
        Where, in units of the coordinates.
    """

    products: FloatArray
    places: FloatArray


def _steepness(basin: Basin, dynamics: Dynamics, dt: float, alpha: float) -> Steepness:
    points = places(basin, alpha)
    rule = dynamics.effective_rule

    def force_at(points: FloatArray) -> FloatArray:
        force = basin.potential.gradient_many(points)
        return force + rule.l2 * points if rule.l2 else force

    force = force_at(points)
    with np.errstate(invalid="ignore", over="ignore"):
        size = dt * rule.speed * np.sqrt(np.einsum("ij,ij->i", force, force))
        long = ~(size <= SHORT_SHARE * shortest_distance(basin))
        points, force = points[long], force[long]
        known = np.isfinite(force).all(axis=1)  # elsewhere paths end as not finite, and are told of
        points, force = points[known], force[known]
        move = -dt * rule.speed * force
        change = np.linalg.norm(force_at(points + move) - force, axis=1)
        products = dt * change / np.linalg.norm(move, axis=1)
    products = np.where(np.isfinite(products), products, np.inf)
    return Steepness(products, points)


def flow_part(
    basin: Basin, dynamics: Dynamics, dt: float, alpha: float, scheme: str
) -> FlowPart | None:
    """How steps are divided where an explicit one would overshoot, if they are.

    With "auto" that is so for an SDE in whose domain there is a place to which jumps lead and from
    which the force ahead would change the displacement of a step by more than 1/16 of it, and the
    displacement grows with the force.

    Parameters
    ----------
    basin : Basin
        Potential, domain and minimum.
    dynamics : Dynamics
        The optimizer.
    dt : float
        Step, time.
    alpha : float
        Index of the noise, dimensionless.
    scheme : {"auto", "euler", "flow"}
        What is wanted.

    Returns
    -------
    FlowPart or None

    Raises
    ------
    ValueError
        If the flow is wanted of a dynamics that has none, or no direction leaves the domain.

    Examples
    --------
    >>> from levysde import basins, dynamics
    >>> flow_part(basins.flat(), dynamics.sgd(), 0.01, 1.5, "auto") is None
    True
    """
    checks.choice("scheme", scheme, SCHEMES)
    # What divides by the size of the gradient moves by about dt, however steep the force.
    steep_moves_far = math.isfinite(dynamics.effective_rule.stable_step)
    if scheme == "euler" or (scheme == "auto" and not (dynamics.has_flow and steep_moves_far)):
        return None
    if not dynamics.has_flow:
        raise ValueError(
            f"scheme is 'flow', but {dynamics.name} is not the step of an SDE here (an algorithm, "
            "a clipped step, or an update that does not say sde=True); give scheme='euler'"
        )
    # Of a way nothing says how small the target is, so that no error is let be.
    length = 0.0 if basin.target is not None else shortest_distance(basin)
    if scheme == "auto" and basin.target is None:
        steep = _steepness(basin, dynamics, dt, alpha)
        if not (steep.products > 0.5 * CHANGE).any():
            return None
    if not length < math.inf:
        raise ValueError(
            "scheme is 'flow', but no direction leaves the domain, so there is no length to "
            "measure steps by; give scheme='euler'"
        )
    table = [
        dynamics.step_parameters(dt, basin.dim, share=0.5**level) for level in range(HALVINGS + 1)
    ]
    return FlowPart(np.array(table), SHORT_SHARE * length)


def chosen_scheme(basin: Basin, dynamics: Dynamics, dt: float, alpha: float) -> str:
    """What "auto" is for a step that is nobody's learning rate.

    Parameters
    ----------
    basin, dynamics, dt, alpha
        As for `flow_part`.

    Returns
    -------
    {"euler", "flow"}

    Examples
    --------
    >>> from levysde import basins, dynamics
    >>> chosen_scheme(basins.flat(), dynamics.sgd(), 0.01, 1.5)
    'euler'
    """
    return "euler" if flow_part(basin, dynamics, dt, alpha, "auto") is None else "flow"


def check_stability(basin: Basin, dynamics: Dynamics, dt: float, alpha: float) -> None:
    """Warn of a step with which the noise-free chain does not follow the flow.

    With k the largest curvature at the minimum SGD oscillates for k dt > 1 and diverges for
    k dt > 2; with momentum or division by the size of the gradient the limits are others. The same
    is asked of the places in the domain to which jumps lead, with the curvature that one step from
    there meets. In more than 64 dimensions the curvature at the minimum is not computed.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    dynamics : Dynamics
        The optimizer.
    dt : float
        Step, time.
    alpha : float
        Index of the noise, dimensionless.

    Examples
    --------
    >>> from levysde import basins, dynamics
    >>> check_stability(basins.flat(), dynamics.sgd(), 0.01, 1.5)
    """
    if not np.isfinite(dynamics.effective_rule.stable_step):
        return
    # With memory the motion oscillates long before, and is meant to.
    limit = dynamics.effective_rule.stable_step / (1.0 if dynamics.memory else 2.0)
    if basin.dim <= _CHECKED_DIM:
        product = dt * (largest_curvature(basin) + dynamics.effective_rule.l2)
        if limit < product < math.inf:
            fate = "diverges" if product > dynamics.effective_rule.stable_step else "oscillates"
            checks.warn(
                f"dt = {dt:g} times the largest curvature at the minimum is {product:.3g}: the "
                f"noise-free chain {fate}; give a smaller dt"
            )
            return
    steep = _steepness(basin, dynamics, dt, alpha)
    (too_steep,) = np.nonzero(steep.products > limit)
    if too_steep.size == 0:
        return
    product, place = steep.products[too_steep[0]], steep.places[too_steep[0]]
    meaning = "exits by overshoot are counted, as the recurrence makes them"
    if dynamics.has_flow:
        meaning = (
            "exits by overshoot are counted, which the SDE does not have; give a smaller dt, or "
            "scheme='flow'"
        )
    checks.warn(
        f"dt = {dt:g} is long for the force at x = {checks.shown(place)}, inside the "
        f"domain (dt times the curvature that a step from there meets is {product:.3g}): "
        f"{meaning}"
    )
