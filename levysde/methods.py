"""Which method serves a problem, and which options it takes."""

import math
import warnings
from typing import Any, Literal

from levysde import parts
from levysde.basins import Basin
from levysde.costs import (
    SMALL_BIAS,
    automatic_program,
    creeping_rate,
    jump_bias,
    jump_rate,
    program_costs,
)
from levysde.dynamics import Dynamics
from levysde.engine.jump_program import JumpProgram
from levysde.jump.creeping import CREEPING_SHARE
from levysde.jump.idle import idle_program, idle_share
from levysde.jump.optimizers import is_served
from levysde.jump.program import felt_noise
from levysde.jump.threshold import automatic_threshold, check_threshold
from levysde.noise import Noise
from levysde.recurrence import recurrence
from levysde.timestep import automatic_dt

__all__ = ["choose"]

SMALL_JUMPS = ("diffusion", "dropped")
"""What stands for the jumps below the threshold."""

IDLE_SHARE = 0.5
"""Share of idle iterations above which they are skipped."""


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
    creeping, jumping = creeping_rate(basin, program), jump_rate(basin, felt, epsilon)
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
    bias = jump_bias(basin, felt, program)
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
        program = automatic_program(basin, dynamics, noise, epsilon)
    except ValueError as error:
        return _chosen("euler", str(error).split("; use")[0])
    try:
        found = program_costs(basin, dynamics, noise, epsilon, program)
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
