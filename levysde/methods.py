"""Which method serves a problem: what Euler and the jump-adapted scheme cost and miss."""

import math
import warnings
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from levysde import parts
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.jump_parts import levy_constant
from levysde.engine.jump_program import JumpProgram
from levysde.jump.creeping import CREEPING_SHARE, kramers_rate
from levysde.jump.geometry import directions, inner_radius, ways_out
from levysde.jump.idle import idle_program, idle_share
from levysde.jump.linear_motion import stationary_variances
from levysde.jump.optimizers import is_served
from levysde.jump.program import felt_noise, jump_program
from levysde.jump.threshold import automatic_threshold, check_threshold, shortest_way_out
from levysde.noise import Noise
from levysde.recurrence import recurrence
from levysde.timestep import automatic_dt

__all__ = ["Cost", "Costs", "choose", "costs", "creeping_rate"]

SMALL_JUMPS = ("diffusion", "dropped")
"""What stands for the jumps below the threshold."""

IDLE_SHARE = 0.5
"""Share of idle iterations above which they are skipped."""

SMALL_BIAS = 0.01
"""Errors below which the cheaper method is chosen."""

LARGEST_JUMP_BIAS = 0.02
"""Of the jump method, wherever its mean was compared with an exact one."""

LONG_SECONDS = 60.0
"""A run that lasts longer is told of, and so is a method that would not."""

_EULER_SECONDS = 1e-8
_MOVE_SECONDS = 2e-7
_GRID_SHIFT = 0.83


def is_continuous(dynamics: Dynamics, dt: float | Literal["auto"]) -> bool:
    """Whether the jump method runs in continuous time.

    Parameters
    ----------
    dynamics : Dynamics
        The optimizer.
    dt : float or "auto"
        Step, time; a number asks for a grid.

    Returns
    -------
    bool
    """
    return isinstance(dt, str) and is_served(dynamics)


def check_continuous_options(
    dt: float | Literal["auto"], correction: str | None, scheme: str
) -> None:
    """Refuse options of a grid.

    Parameters
    ----------
    dt : float or "auto"
        Step, time.
    correction : str or None
        Of the bias of the grid.
    scheme : str
        How the drift of a step is done.

    Raises
    ------
    ValueError
        If dt is a word other than "auto", or a correction or a scheme is given.
    """
    parts.choice("dt", dt, ("auto",))
    if correction is not None:
        raise ValueError(
            f"correction is {correction!r} with method 'jump', which has no grid here; leave it "
            "out, or give dt a number"
        )
    if scheme != "auto":
        raise ValueError(
            f"scheme is {scheme!r} with method 'jump', which has no steps here; leave it out"
        )


def check_grid_options(method: str, threshold: float | None, small_jumps: str, scheme: str) -> None:
    """Refuse options that a grid does not have.

    Parameters
    ----------
    method : str
        The method.
    threshold : float or None
        rho, length.
    small_jumps : str
        What stands for them.
    scheme : str
        How the drift of a step is done.

    Raises
    ------
    ValueError
        If a threshold is given to Euler, small jumps are to be left out, or iterations that are
        skipped are not to be those of the recurrence.
    """
    if threshold is not None and method == "euler":
        raise ValueError(f"threshold is {threshold!r} with method 'euler'; give method='jump'")
    if small_jumps != SMALL_JUMPS[0]:
        raise ValueError(
            f"small_jumps is {small_jumps!r}, but on a grid they are simulated; leave it out"
        )
    if scheme == "flow" and method == "jump":
        raise ValueError(
            "scheme is 'flow' with method 'jump', which skips iterations of the recurrence as it "
            "is; give method='euler'"
        )


def checked_length(threshold: float | None) -> float | None:
    """A threshold, if one was given, as a positive number.

    Parameters
    ----------
    threshold : float or None
        rho, length.

    Returns
    -------
    float or None

    Raises
    ------
    ValueError
        If it is not a positive number.
    """
    return None if threshold is None else parts.finite_number("threshold", threshold)


def jump_threshold(
    basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float, threshold: float | None
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
    epsilon : float
        Noise amplitude, dimensionless.
    threshold : float or None
        rho, length.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is not a positive number below the shortest way out, if it makes more than a million
        jumps for one that leads out, or if the jump method does not serve the dynamics.
    """
    if threshold is None:
        return automatic_threshold(basin, dynamics, noise, epsilon)
    rho = parts.finite_number("threshold", threshold)
    check_threshold(basin, dynamics, noise, epsilon, rho)
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
        1/time; infinite in a well without curvature, where nothing holds the diffusive part, and
        where the mean of the small jumps drives paths out.

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
    if not rates.min() > 0.0 or program.jumps.drift.any():
        return math.inf
    rays = directions(basin.dim)
    framed = rays @ linear.basis if linear.basis.size else rays
    total = rates[:, None] + rates[None, :]
    stationary = (linear.covariance / total)[: basin.dim, : basin.dim]
    spread = np.sqrt(np.maximum(((framed @ stationary) * framed).sum(axis=1), 1e-300))
    about = replace(basin, minimum=linear.center[: basin.dim])
    deviations = np.minimum(ways_out(about, rays) / spread, 50.0)
    largest = float(kramers_rate(0.5 / program.steps.memory, deviations).max())
    return largest if largest > 1e-300 and deviations.min() < 38.0 else 0.0


def _jump_rate(basin: Basin, noise: Noise, epsilon: float) -> float:
    """Rate of exits by jumps as epsilon -> 0."""
    from levysde import theory

    return theory.escape_rate(basin.domain, noise, basin.minimum, epsilon)


def warn_of_diffusion(
    basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float, program: JumpProgram
) -> None:
    """Warn where exits of the diffusive part are not few, or its error is more than a percent.

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
    if creeping == math.inf:  # nothing holds the diffusive part, and its exits are ordinary ones
        return
    if creeping > CREEPING_SHARE * jumping:
        warnings.warn(
            f"the diffusive part of the noise alone leaves at a rate of about {creeping:.2g}, and "
            f"jumps at {jumping:.2g}: method 'jump' may be off; give a smaller threshold, or use "
            "method='euler'",
            stacklevel=4,
        )
        return
    bias = _jump_bias(basin, felt, program)
    if bias > SMALL_BIAS:
        warnings.warn(
            f"the diffusive part of the noise makes an error of about {bias:.1%} in the mean with "
            "method 'jump'; give a smaller threshold, or extrapolate with refine",
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

    Where a grid was asked for (dt, correction), or the dynamics have no other, the jump method is
    taken if more than half of the iterations are idle. In continuous time the cheaper method is
    taken where both have errors below one percent, and elsewhere the one with the smaller error.

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
        If the grid that was asked for cannot be made.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = (basins.flat(), dynamics.sgd(), noise.independent(1.5))
    >>> choose(*model, 1e-4, "auto", None, None)["method"]
    'jump'
    """
    if threshold is not None:
        return _chosen("jump", "a threshold was given")
    if correction is not None or not is_continuous(dynamics, dt):
        return _choose_on_grid(basin, dynamics, noise, epsilon, dt, correction)
    try:
        program = _automatic_program(basin, dynamics, noise, epsilon)
    except ValueError as error:
        return _chosen("euler", str(error).split("; use")[0])
    try:
        found = _costs(basin, dynamics, noise, epsilon, program)
    except ValueError as error:
        return _chosen("jump", str(error).split("; give")[0])
    euler, jump = found.euler, found.jump
    reason = (
        f"errors of about {euler.error:.1%} (euler) and {jump.error:.1%} (jump), "
        f"{euler.seconds:.1e} s and {jump.seconds:.1e} s an exit"
    )
    if max(euler.error, jump.error) < SMALL_BIAS:
        return _chosen("euler" if euler.seconds < jump.seconds else "jump", reason)
    return _chosen("euler" if euler.error < jump.error else "jump", reason)


@dataclass(frozen=True)
class Cost:
    """What one method costs and misses.

    Attributes
    ----------
    seconds : float
        Time of one exit on one processor, seconds, roughly.
    error : float
        Relative error of the mean, roughly.
    """

    seconds: float
    error: float


@dataclass(frozen=True)
class Costs:
    """What Euler with `dt="auto"` and the jump method in continuous time cost and miss.

    Attributes
    ----------
    euler, jump : Cost
        Of each method.
    """

    euler: Cost
    jump: Cost

    def advice(self, exits: float) -> str:
        """What the jump method would give in place of Euler, where that is worth saying.

        Parameters
        ----------
        exits : float
            Number of exits that are wanted, per processor.

        Returns
        -------
        str
            Empty where Euler takes less than a minute or ten times as long as the jump method, and
            has an error below one percent or twice the other.

        Examples
        --------
        >>> Costs(Cost(0.1, 0.001), Cost(1e-5, 0.0001)).advice(10_000)
        "method 'jump' would take about 0.1 s"
        >>> Costs(Cost(1e-5, 0.02), Cost(1e-5, 0.001)).advice(100)
        "the mean is about 2.0% off; with method 'jump' about 0.1%"
        """
        euler, jump = exits * self.euler.seconds, exits * self.jump.seconds
        if euler > LONG_SECONDS and jump < 0.1 * euler:
            return f"method 'jump' would take about {shown_duration(jump)}"
        if self.euler.error > SMALL_BIAS and self.jump.error < 0.5 * self.euler.error:
            return (
                f"the mean is about {self.euler.error:.1%} off; with method 'jump' about "
                f"{self.jump.error:.1%}"
            )
        return ""


def shown_duration(seconds: float) -> str:
    """A time with three digits in a unit that suits it.

    Parameters
    ----------
    seconds : float
        Time, seconds.

    Returns
    -------
    str

    Examples
    --------
    >>> shown_duration(2.5), shown_duration(1260.0)
    ('2.5 s', '21 min')
    """
    for unit, size in (("years", 3.156e7), ("days", 86400.0), ("hours", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.2g} s"


def costs(basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float) -> Costs:
    """Estimate what both methods cost and miss.

    Parameters
    ----------
    basin, dynamics, noise
        The parts.
    epsilon : float
        Noise amplitude, dimensionless.

    Returns
    -------
    Costs

    Raises
    ------
    ValueError
        If one of the methods does not serve the problem, with the reason.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> found = costs(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-3)
    >>> found.jump.seconds < 1e-3 * found.euler.seconds
    True
    """
    if not is_served(dynamics):
        raise ValueError(f"{dynamics.name} has no method 'jump' in continuous time; use 'euler'")
    program = _automatic_program(basin, dynamics, noise, epsilon)
    return _costs(basin, dynamics, noise, epsilon, program)


def _automatic_program(
    basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float
) -> JumpProgram:
    threshold = jump_threshold(basin, dynamics, noise, epsilon, None)
    return jump_program(basin, dynamics, noise, epsilon, threshold, 0)


def _costs(
    basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float, program: JumpProgram
) -> Costs:
    felt = felt_noise(dynamics, noise, basin.dim)
    step = automatic_dt(basin, dynamics)
    rate = _jump_rate(basin, felt, epsilon) + min(creeping_rate(basin, program), 1.0 / step)
    euler = Cost(_euler_seconds(basin, rate, step), _grid_bias(basin, felt, epsilon, step))
    jump = Cost(_jump_seconds(program, rate), _jump_bias(basin, felt, program))
    return Costs(euler, jump)


def _choose_on_grid(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float,
    dt: float | Literal["auto"],
    correction: str | None,
) -> dict[str, Any]:
    """Whether so many iterations are idle that they are better skipped."""
    step = automatic_dt(basin, dynamics) if isinstance(dt, str) else parts.finite_number("dt", dt)
    chain = recurrence(basin, dynamics, noise, epsilon, step, 0, correction)
    try:
        share = idle_share(idle_program(basin, noise, epsilon, chain))
    except ValueError as error:
        return _chosen("euler", str(error).split("; use")[0])
    return _chosen("jump" if share > IDLE_SHARE else "euler", f"{share:.1%} of iterations are idle")


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


def _jump_bias(basin: Basin, felt: Noise, program: JumpProgram) -> float:
    """Relative error of the mean by the diffusive part, alpha s^2/(2 a^2) for small s.

    A jump that lands near the boundary, at distance a, is followed out of it by a diffusion of
    stationary deviation s about twice as often as by the small jumps that it stands for.
    """
    variance = float(stationary_variances(program.linear)[: basin.dim].max())
    bias = 0.5 * felt.alpha * variance / shortest_way_out(basin, felt) ** 2
    return min(bias, LARGEST_JUMP_BIAS)


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
