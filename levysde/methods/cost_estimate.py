"""What Euler and the jump-adapted scheme cost and miss, estimated before a run."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from levysde import checks
from levysde._printed import Printed
from levysde._text import Row, table
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.jump_parts import levy_constant
from levysde.engine.jump_program import JumpProgram
from levysde.methods.horizon import predicted_rate
from levysde.methods.jump.assembly import jump_program
from levysde.methods.jump.creeping import kramers_rate
from levysde.methods.jump.geometry import directions, exit_distances_of, inner_radius
from levysde.methods.jump.linear_motion import stationary_variances
from levysde.methods.jump.threshold import automatic_threshold, shortest_exit_distance
from levysde.methods.recurrence import recurrence
from levysde.methods.skip.quiescence import idle_program
from levysde.methods.timestep import automatic_dt
from levysde.model import Model, check_parts
from levysde.noise import Noise

__all__ = ["Cost", "Costs", "estimate"]

SMALL_BIAS = 0.01
"""Errors below which the cheaper method is chosen."""

LARGEST_JUMP_BIAS = 0.02
"""Of the jump method, wherever its mean was compared with an exact one."""

LONG_SECONDS = 60.0
"""A run that lasts longer is told of, and so is a method that would not."""

SECONDS_PER_STEP = 1e-8
"""Time of one step of one coordinate, roughly."""

_MOVE_SECONDS = 2e-7
_GRID_SHIFT = 0.83
_WATCHED = 1 << 14


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
class Costs(Printed):
    """What Euler's scheme and the jump method cost and miss.

    Attributes
    ----------
    euler, jump : Cost
        Of each method.
    """

    euler: Cost
    jump: Cost

    def summary(self) -> str:
        """Both methods as the lines of a table.

        Returns
        -------
        str
        """
        rows: list[tuple[str, ...]] = [("method", "time of an exit", "error of the mean")]
        for line in self._rows():
            duration = shown_duration(line["seconds"])
            rows.append((line["method"], f"about {duration}", f"about {line['error']:.1%}"))
        return table(rows, right=(1, 2))

    def _rows(self) -> list[Row]:
        pairs = (("euler", self.euler), ("jump", self.jump))
        return [{"method": name, "seconds": c.seconds, "error": c.error} for name, c in pairs]

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


def estimate(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float,
    dt: float | Literal["auto"] = "auto",
) -> Costs:
    """Estimate what both methods cost and miss.

    Parameters
    ----------
    basin, dynamics, noise
        The parts.
    epsilon : float
        Noise amplitude, dimensionless.
    dt : float or "auto"
        Step, time. With a number, and for dynamics without a form in continuous time, the jump
        method is that which skips idle iterations.

    Returns
    -------
    Costs

    Raises
    ------
    ValueError
        If one of the methods does not support the problem, with the reason.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> found = estimate(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-3)
    >>> found.jump.seconds < 1e-3 * found.euler.seconds
    True
    """
    check_parts(basin, dynamics, noise)
    model = Model(basin, dynamics, noise, checks.finite_number("epsilon", epsilon))
    if not isinstance(dt, str):
        return _grid_costs(model, checks.finite_number("dt", dt))
    checks.choice("dt", dt, ("auto",))
    if dynamics.continuous:
        return program_costs(model, jump_program(model, automatic_threshold(model), seed=0))
    return _grid_costs(model, automatic_dt(basin, dynamics))


def _grid_costs(model: Model, dt: float) -> Costs:
    """Of all iterations of a recurrence, and of those that are not idle.

    Both are the same recurrence and miss the same: only what the grid of an SDE does is counted.
    What is remembered for more than some thousand iterations takes too long to measure here.
    """
    rate = _known_rate(model, dt)
    chain = recurrence(model, dt, seed=0)
    idle = idle_program(model.basin, model.noise, model.epsilon, chain, longest=_WATCHED)
    error = _grid_bias(model, dt) if model.dynamics.continuous else 0.0  # the grid of an SDE
    iterations = idle.jumps.rate / rate * idle.relaxation
    skipping = (SECONDS_PER_STEP * iterations + _MOVE_SECONDS * idle.jumps.rate / rate) * model.dim
    return Costs(Cost(_euler_seconds(model.basin, rate, dt), error), Cost(skipping, error))


def program_costs(model: Model, program: JumpProgram) -> Costs:
    """As `estimate`, with the program of the jump method at hand."""
    step = automatic_dt(model.basin, model.dynamics)
    rate = jump_rate(model) + min(creeping_rate(model.basin, program), 1.0 / step)
    euler = Cost(_euler_seconds(model.basin, rate, step), _grid_bias(model, step))
    return Costs(euler, Cost(_jump_seconds(program, rate), jump_bias(model, program)))


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
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.01)
    >>> creeping_rate(model.basin, jump_program(model, 0.1, seed=0))
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
    center = linear.center[: basin.dim]
    # The same basin where it can be: the ways out of it are remembered.
    about = basin if np.array_equal(center, basin.minimum) else replace(basin, minimum=center)
    deviations = np.minimum(exit_distances_of(about, rays) / spread, 50.0)
    largest = float(kramers_rate(0.5 / program.steps.relaxation_time, deviations).max())
    return largest if largest > 1e-300 and deviations.min() < 38.0 else 0.0


def jump_rate(model: Model) -> float:
    """Rate of exits by jumps as epsilon -> 0, 1/time."""
    from levysde import theory

    noise, basin = model.preconditioned_noise, model.basin
    return theory.escape_rate(basin.domain, noise, basin.minimum, model.epsilon)


def euler_seconds(model: Model, dt: float, horizon: float) -> float:
    """Time of one path of a recurrence on one processor.

    Parameters
    ----------
    model : Model
        What is simulated.
    dt : float
        Step, time.
    horizon : float
        Where observation ends, time.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    ValueError
        If no mean is predicted.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.1)
    >>> euler_seconds(model, 0.01, 1e3) < 1e-3
    True
    """
    return _euler_seconds(model.basin, max(_known_rate(model, dt), 1.0 / horizon), dt)


def _known_rate(model: Model, dt: float) -> float:
    rate, _ = predicted_rate(model, dt)
    if not rate:
        raise checks.Refusal("no mean is predicted, so that costs are not known", "try a short run")
    return rate


def _euler_seconds(basin: Basin, rate: float, dt: float) -> float:
    """Time of one exit on one processor."""
    return SECONDS_PER_STEP * basin.dim / (rate * dt)


def _jump_seconds(program: JumpProgram, rate: float) -> float:
    """Time of one exit on one processor: the moves between two jumps, and their number."""
    wait = 1.0 / program.jumps.rate
    steps = program.steps
    longest = steps.linear_step if steps.linear_radius2 > 0.0 else steps.nonlinear_step
    moves = 1.0 + wait / longest
    return _MOVE_SECONDS * math.sqrt(program.dim) * moves * program.jumps.rate / rate


def jump_bias(model: Model, program: JumpProgram) -> float:
    """Relative error of the mean by the diffusive part, alpha s^2/(2 a^2) for small s.

    A jump that lands near the boundary, at distance a, is followed out of it by a diffusion of
    stationary deviation s about twice as often as by the small jumps that it stands for.
    """
    variance = float(stationary_variances(program.linear)[: model.dim].max())
    way = shortest_exit_distance(model.basin, model.preconditioned_noise)
    bias = 0.5 * model.preconditioned_noise.alpha * variance / way**2
    return min(bias, LARGEST_JUMP_BIAS)


def _grid_bias(model: Model, dt: float) -> float:
    """Relative error of the mean on the grid, whose boundary seems beta sigma dt^(1/alpha) away.

    For alpha <= 1 it is of order dt.
    """
    noise = model.preconditioned_noise
    if noise.alpha <= 1.0:
        return dt
    rest = float(noise.jumps(model.dim, model.epsilon, 1.0).covariance.diagonal().max())
    ratio = levy_constant(noise.alpha) / (2.0 - noise.alpha)
    scale = (0.5 * rest / ratio) ** (1.0 / noise.alpha)
    shift = _GRID_SHIFT * scale * dt ** (1.0 / noise.alpha)
    return float(noise.alpha * shift / inner_radius(model.basin))
