"""The recurrence X_0, X_1, ... on a grid of times, as the block engine runs it."""

import math
from dataclasses import replace

import numpy as np

from levysde import checks
from levysde._typing import FloatArray
from levysde.dynamics import Dynamics
from levysde.engine.path.batch_step import nothing_written
from levysde.engine.program import Program, WallPart
from levysde.methods import boundary_shift
from levysde.methods.reach import shortest_distance
from levysde.methods.scheme import SCHEMES, flow_part
from levysde.model import Model

__all__ = ["recurrence", "warn_of_close_start"]

CLOSE = 3.0
"""Typical displacements of a first step: a start nearer to the boundary is said to be close."""

_FIRST_STEPS = 256


def recurrence(
    model: Model,
    dt: float,
    seed: int,
    correction: str | None = None,
    scheme: str = "euler",
) -> Program:
    """What the block engine runs.

    Parameters
    ----------
    model : Model
        What is simulated.
    dt : float
        Step, time.
    seed : int
        In [0, 2^64).
    correction : {"boundary-shift"}, optional
        Of the bias of the grid.
    scheme : {"euler", "flow", "auto"}
        How the drift of a step is done, see `levysde.methods.scheme.flow_part`.

    Returns
    -------
    Program

    Raises
    ------
    ValueError
        If parts do not fit together.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.1)
    >>> recurrence(model, 0.01, seed=0).start.tolist()
    [0.0]
    """
    basin, dynamics, noise, epsilon = model.parts
    domain = basin.domain
    if correction is not None:
        added = (dynamics.clip, dynamics.schedule, dynamics.walls)
        changed = any(each is not None for each in added)
        if changed or not dynamics.effective_rule.plain:
            raise ValueError(
                f"correction {correction!r} is for noise that reaches x as it is, and "
                f"{dynamics.name} changes it; give correction=None (--correction none)"
            )
        domain = boundary_shift.shifted(basin.domain, noise, epsilon, dt)
        if not domain.contains(basin.start):
            raise ValueError(
                f"the boundary shift of this step leaves the start {checks.shown(basin.start)} "
                "outside; give a smaller dt"
            )
    batch = noise.batch_part(basin.potential)
    if batch is not None:
        _check_batches(dynamics, scheme)
    walls = None if dynamics.walls is None else dynamics.walls.part(basin.dim)
    if walls is not None:
        _check_within(basin.start, walls)
    return Program(
        dim=basin.dim,
        noise=noise.part(basin.dim, epsilon, dt),
        update=dynamics.part(basin.dim, dt),
        gradient=basin.potential.gradient if batch is None else nothing_written,
        outside=domain.outside,
        gradient_p=np.array(basin.potential.p),
        outside_p=np.array(domain.p),
        dt=dt,
        seed=seed,
        start=np.array(basin.start),
        flow=None if batch else flow_part(basin, dynamics, dt, noise.alpha, scheme),
        scale=noise.scale_part,
        walls=walls,
        batch=batch,
    )


def _check_batches(dynamics: Dynamics, scheme: str) -> None:
    """Refuse what is not the algorithm that draws batches."""
    checks.choice("scheme", scheme, SCHEMES)
    if scheme == "flow":
        raise ValueError(
            "scheme is 'flow', which divides steps, and a batch is drawn for a whole one; give "
            "scheme='euler'"
        )
    rule = dynamics.effective_rule
    if rule.form == "sde" and not rule.plain:
        raise ValueError(
            f"{dynamics.name} in the form 'sde' has its noise beside the gradient, and that of "
            "batches is in it; give form='algorithm'"
        )


def _check_within(start: FloatArray, walls: WallPart) -> None:
    """Refuse a start beyond a wall."""
    lower, upper = np.split(walls.p, 2)
    if not ((lower <= start) & (start <= upper)).all():
        raise ValueError(
            f"the start {checks.shown(start)} is not between the walls {checks.shown(lower)} and "
            f"{checks.shown(upper)}; start between them"
        )


def warn_of_close_start(model: Model, program: Program) -> None:
    """Warn of a start so near the boundary that the grid misses exits from it.

    A step is measured by the median displacement of one coordinate in the first step of 256 paths.

    Parameters
    ----------
    model : Model
        With the start.
    program : Program
        What will be run.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.1)
    >>> warn_of_close_start(model, recurrence(model, 0.01, seed=0))
    """
    basin = model.basin
    if basin.target is not None or np.array_equal(basin.start, basin.minimum):
        return
    from levysde.engine.cpu.euler_engine import trajectories

    states = trajectories(program, _FIRST_STEPS, 2, 1)
    steps = states[:, 1] - states[:, 0]
    moved = float(np.median(np.abs(steps)))
    distance = shortest_distance(replace(basin, minimum=basin.start))
    if distance < CLOSE * moved:
        checks.warn(
            f"the start {checks.shown(basin.start)} is {distance:.2g} from the boundary, and one "
            f"step moves a coordinate by about {moved:.2g}: exits between two steps are missed "
            f"there; {_shorter(program.dt, model.noise.alpha, steps, distance)}"
        )


def _shorter(dt: float, alpha: float, steps: FloatArray, distance: float) -> str:
    """What to do: a step that moves paths by less, with room, and one digit rounded down.

    The drift moves them by a length of order dt, the noise by one of order dt^(1/alpha).
    """
    drift = np.median(steps, axis=0)
    noisy, near = float(np.median(np.abs(steps - drift))), distance / (2.0 * CLOSE)
    moved = float(np.abs(drift).max())
    shorter = 0.0
    if near > 0.0 and moved + noisy < math.inf:
        shorter = dt * min(near / max(moved, near), (near / max(noisy, near)) ** alpha)
    if not shorter > 1e-300:
        return "start farther inside"
    unit = 10.0 ** math.floor(math.log10(shorter))
    return f"give a dt of {math.floor(shorter / unit) * unit:.1g}"
