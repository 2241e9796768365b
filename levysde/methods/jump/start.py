"""Paths that begin near the boundary: what the threshold must be while the flow takes them away."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.engine.jump_program import JumpProgram
from levysde.engine.path.moves import follow
from levysde.methods.jump.geometry import directions, exit_distances_of
from levysde.model import Model

__all__ = ["resolved_way"]

MISSED = 0.005
"""Probability of an exit by small jumps, up to which a start is harmless."""

FAR = 0.9
"""Share of the exit distance from the equilibrium that counts as all of it."""

_STEP_SHARE = 0.2
_MOST_STEPS = 300
_STILL = 1e-3
_OTHER_RAYS = 16


def resolved_way(model: Model, program: JumpProgram, way: float) -> float:
    """The exit distance that the threshold is a share of, if paths begin where it is shorter.

    Along the flow from the start the boundary is at the distance d(t), and int nu(|y| > d(t)) dt
    over the times at which d is below a length bounds the probability to leave there. The largest
    length for which it is below 0.5 % is returned.

    Parameters
    ----------
    model : Model
        With the start.
    program : JumpProgram
        With the flow.
    way : float
        The exit distance from the equilibrium, length.

    Returns
    -------
    float
        Length, at most `way`.

    Examples
    --------
    >>> from levysde import basins, dynamics, domains, noise, potentials
    >>> from levysde.methods.jump.assembly import jump_program
    >>> law, sgd = noise.independent(1.5), dynamics.sgd()
    >>> near = basins.Basin(potentials.quadratic(1), domains.interval(-1, 1), [0.0], [0.99])
    >>> program = jump_program(Model(near, sgd, law, 0.1), 0.1, seed=0)
    >>> round(resolved_way(Model(near, sgd, law, 0.1), program, 1.0), 6)
    0.01
    >>> resolved_way(Model(near, sgd, law, 1e-6), program, 1.0)
    1.0
    """
    basin, noise = model.basin, model.preconditioned_noise
    if np.array_equal(basin.start, basin.minimum) or _distance(basin, basin.start) >= FAR * way:
        return way
    missed = 0.0
    for distance, time in sorted(_flow_away(basin, program, way)):
        missed += time * noise.jumps(basin.dim, model.epsilon, distance).rate
        if missed > MISSED:
            return distance
    return way


def _distance(basin: Basin, x: FloatArray) -> float:
    """Of a point from the boundary."""
    domain = basin.domain
    if domain.margin is not None:
        return float(domain.margin(x, np.array(domain.p), np.eye(basin.dim), 0.0))
    rays = directions(basin.dim)[: 2 * basin.dim + _OTHER_RAYS]
    return float(exit_distances_of(replace(basin, minimum=x), rays).min())


def _flow_away(basin: Basin, program: JumpProgram, way: float) -> Iterator[tuple[float, float]]:
    """Distances from the boundary shorter than a way, along the flow, and times spent there."""
    state, dim = program.start.copy(), basin.dim
    slope, work = np.empty(len(state)), np.empty((5, len(state)))
    longest = program.steps.nonlinear_step
    for _ in range(_MOST_STEPS):
        if not basin.domain.contains(state[:dim]):
            break  # the flow itself leaves
        distance = _distance(basin, state[:dim])
        if distance >= FAR * way:
            break
        program.gradient(state, program.gradient_p, slope)
        speed = float(np.linalg.norm((program.jumps.drift - slope)[:dim]))
        h = min(longest, _STEP_SHARE * distance / max(speed, 1e-300))
        if h == longest and h * speed < _STILL * distance:
            yield distance, math.inf
            break
        yield distance, h
        if not follow(
            program.gradient, state, h, program.gradient_p, program.jumps.drift,
            program.linear.center, program.steps.boundary_distance, work,
        ):  # fmt: skip
            break
