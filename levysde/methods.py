"""Which method serves a problem: what Euler and the jump-adapted scheme cost and miss."""

import math
import warnings
from typing import Any, Literal

import numpy as np

from levysde import parts
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.jump_parts import levy_constant
from levysde.engine.jump_program import JumpProgram
from levysde.geometry import directions, inner_radius, ways_out
from levysde.jump import automatic_threshold, felt_noise, jump_program, shortest_way_out
from levysde.noise import Noise
from levysde.timestep import automatic_dt

__all__ = ["choose", "creeping_rate"]

CREEPING_SHARE = 0.05
"""Rate of exits of the diffusive part alone over that of jumps, beyond which there is a warning."""

EULER_BIAS = 0.01
"""Bias of the grid above which Euler is not chosen for its cost."""

_EULER_SECONDS = 1e-8
_MOVE_SECONDS = 2e-7
_GRID_SHIFT = 0.83
_SQRT_2_PI = math.sqrt(2.0 * math.pi)


def check_jump_options(dt: float | Literal["auto"], correction: str | None) -> None:
    """Refuse options of a grid.

    Parameters
    ----------
    dt : float or "auto"
        Step, time.
    correction : str or None
        Of the bias of the grid.

    Raises
    ------
    ValueError
        If one of them is given.
    """
    if not isinstance(dt, str):
        raise ValueError(
            f"dt is {dt!r} with method 'jump', whose times are continuous; leave it out"
        )
    parts.choice("dt", dt, ("auto",))
    if correction is not None:
        raise ValueError(
            f"correction is {correction!r} with method 'jump', which has no grid; leave it out"
        )


def jump_threshold(
    basin: Basin, dynamics: Dynamics, noise: Noise, threshold: float | None
) -> float:
    """The threshold that was given, or the automatic one.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    dynamics : Dynamics
        The optimizer.
    noise : Noise
        The law of the driver.
    threshold : float or None
        rho, length.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is not a positive number below the shortest way out, or the jump method does not serve
        the dynamics.
    """
    felt = felt_noise(dynamics, noise, basin.dim)
    if threshold is None:
        return automatic_threshold(basin, felt)
    rho, way = parts.finite_number("threshold", threshold), shortest_way_out(basin, felt)
    if rho >= way:
        raise ValueError(
            f"threshold is {rho:g}, but jumps of {way:g} lead out: all that do must be made one by "
            "one; give a smaller threshold"
        )
    return rho


def creeping_rate(basin: Basin, program: JumpProgram) -> float:
    """Rate at which the diffusive part alone would leave, after Kramers.

    In a linear well and a direction in which the boundary is b standard deviations away the rate of
    an Ornstein-Uhlenbeck process is about k b exp(-b^2/2)/sqrt(2 pi). The largest one is taken.

    Parameters
    ----------
    basin : Basin
        What is left.
    program : JumpProgram
        With the linear motion and the covariance.

    Returns
    -------
    float
        1/time; infinite in a well without curvature, where nothing holds the diffusive part.

    References
    ----------
    H. A. Kramers, "Brownian motion in a field of force and the diffusion model of chemical
    reactions", Physica 7 (1940) 284-304.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> program = jump_program(
    ...     basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.01, 0.1, seed=0
    ... )
    >>> creeping_rate(basins.flat(), program)
    0.0
    """
    linear = program.linear
    rates = linear.rates.min(axis=0)
    if not rates.min() > 0.0:
        return math.inf
    rays = directions(basin.dim)
    framed = rays @ linear.basis if linear.basis.size else rays
    total = rates[:, None] + rates[None, :]
    stationary = (linear.covariance / total)[: basin.dim, : basin.dim]
    spread = np.sqrt(np.maximum(np.einsum("ri,ij,rj->r", framed, stationary, framed), 1e-300))
    deviations = np.minimum(ways_out(basin, rays) / spread, 50.0)
    flux = 0.5 / program.steps.memory * deviations * np.exp(-0.5 * deviations**2) / _SQRT_2_PI
    largest = float(flux.max())
    return largest if largest > 1e-300 and deviations.min() < 38.0 else 0.0


def _jump_rate(basin: Basin, noise: Noise, epsilon: float) -> float:
    """Rate of exits by jumps as epsilon -> 0."""
    from levysde import theory

    return theory.escape_rate(basin.domain, noise, basin.minimum, epsilon)


def warn_of_creeping(
    basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float, program: JumpProgram
) -> None:
    """Warn where exits of the diffusive part are not few against exits by jumps.

    Parameters
    ----------
    basin : Basin
        What is left.
    dynamics : Dynamics
        The optimizer.
    noise : Noise
        The law of the driver.
    epsilon : float
        Noise amplitude, dimensionless.
    program : JumpProgram
        What will be run.
    """
    felt = felt_noise(dynamics, noise, basin.dim)
    creeping, jumping = creeping_rate(basin, program), _jump_rate(basin, felt, epsilon)
    if program.linear.rates.min() > 0.0 and creeping > CREEPING_SHARE * jumping:
        warnings.warn(
            f"the diffusive part of the noise alone leaves at a rate of about {creeping:.2g}, and "
            f"jumps at {jumping:.2g}: method 'jump' may be off; give a smaller threshold, or use "
            "method='euler'",
            stacklevel=4,
        )


def choose(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float,
    dt: float | Literal["auto"],
    correction: str | None,
    threshold: float | None,
) -> dict[str, Any]:
    """Choose between Euler and the jump-adapted scheme, and say why.

    A grid that was asked for (dt, correction) is kept, and so is a threshold. Otherwise the jump
    method is taken where it serves the parts and jumps make most exits, unless Euler is cheaper and
    the bias of its grid is below one percent.

    Parameters
    ----------
    basin, dynamics, noise
        The parts.
    epsilon : float
        Noise amplitude, dimensionless.
    dt : float or "auto"
        Step, time.
    correction : str or None
        Of the bias of the grid.
    threshold : float or None
        rho, length.

    Returns
    -------
    dict
        "method", and "method_reason" in a sentence.

    Raises
    ------
    ValueError
        If a threshold is given to parts that the jump method does not serve.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = (basins.flat(), dynamics.sgd(), noise.independent(1.5))
    >>> choose(*model, 1e-4, "auto", None, None)["method"]
    'jump'
    """
    if threshold is not None:
        return _chosen("jump", "a threshold was given")
    if not isinstance(dt, str) or correction is not None:
        return _chosen("euler", "a grid was given")
    try:
        threshold = jump_threshold(basin, dynamics, noise, None)
        program = jump_program(basin, dynamics, noise, epsilon, threshold, 0)
    except ValueError as error:
        return _chosen("euler", str(error).split("; use")[0])
    felt = felt_noise(dynamics, noise, basin.dim)
    jumping, creeping = _jump_rate(basin, felt, epsilon), creeping_rate(basin, program)
    if creeping > CREEPING_SHARE * jumping:
        why = f"the diffusive part leaves at a rate of about {creeping:.2g}, jumps at {jumping:.2g}"
        return _chosen("euler", why)
    try:
        step = automatic_dt(basin, dynamics)
    except ValueError as error:
        return _chosen("jump", str(error).split("; give")[0])
    euler, jump = _euler_seconds(basin, jumping, step), _jump_seconds(program, jumping)
    bias = _grid_bias(basin, noise, epsilon, step)
    costs = f"{jump:.1e} s an exit against {euler:.1e} s, and the grid is off by about {bias:.1%}"
    if euler < jump and bias < EULER_BIAS:
        return _chosen("euler", costs)
    return _chosen("jump", costs)


def _chosen(method: str, reason: str) -> dict[str, Any]:
    return {"method": method, "method_reason": reason}


def _euler_seconds(basin: Basin, rate: float, dt: float) -> float:
    """Time of one exit on one processor."""
    return _EULER_SECONDS * basin.dim / (rate * dt)


def _jump_seconds(program: JumpProgram, rate: float) -> float:
    """Time of one exit on one processor: the moves between two jumps, and their number."""
    wait = 1.0 / program.jumps.rate
    longest = program.steps.longest if program.steps.inner > 0.0 else program.steps.coarse
    moves = 1.0 + wait / longest
    return _MOVE_SECONDS * math.sqrt(program.dim) * moves * program.jumps.rate / rate


def _grid_bias(basin: Basin, noise: Noise, epsilon: float, dt: float) -> float:
    """Relative error of the mean on the grid, whose boundary seems beta sigma dt^(1/alpha) away.

    For alpha <= 1 it is of order dt.
    """
    if noise.alpha <= 1.0:
        return dt
    rest = float(noise.jumps(basin.dim, epsilon, 1.0).covariance.diagonal().max())
    ratio = levy_constant(noise.alpha) / (2.0 - noise.alpha)
    scale = (0.5 * rest / ratio) ** (1.0 / noise.alpha)
    shift = _GRID_SHIFT * scale * dt ** (1.0 / noise.alpha)
    return float(noise.alpha * shift / inner_radius(basin))
