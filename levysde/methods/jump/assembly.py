"""What the jump-adapted scheme is given: the jumps, the linear motion, lengths of moves."""

import math
from dataclasses import replace

import numpy as np

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.jump_parts import JumpPart
from levysde.engine.jump_program import JumpProgram, Linear, Steps
from levysde.methods.jump.geometry import inner_radius, trusted_radius
from levysde.methods.jump.linear_motion import (
    SMALL_DIFFUSION,
    linear_motion,
    secants,
    stationary_variances,
)
from levysde.methods.jump.place_of_jump import made_in_place
from levysde.methods.jump.tilt import tilted
from levysde.model import Model
from levysde.noise import Noise

__all__ = ["about_equilibrium", "jump_program"]

DEVIATIONS = 5.0
"""Standard deviations that the diffusive part is not expected to exceed in a relaxation time."""

NEAR_SHARE = 0.05
"""Longest move where the boundary is near, in relaxation times."""

UNBRIDGED_SHARE = 0.002
"""The same where no margin is known, so that only the ends of moves are looked at."""

FINE_SHARE = 0.1
"""Longest move where the diffusive part bends the motion."""

COARSE_SHARE = 0.5
"""Longest move of the nonlinear motion where the diffusive part is small."""

LEAST_SHARE, LEAST_SHARE_DRIVEN = 1e-6, 0.1
"""Of the exit distance: what a distance from the minimum counts for at least in a move; the
second one where the mean of the small jumps drives paths out."""

STEEPER = 4.0
"""Rate at the minimum over that of the well as a whole, beyond which it is that of a kink."""

NEGLIGIBLE = 1e-5
"""Variance over the square of the exit distance, below which there is no diffusive part."""


def large_jumps(noise: Noise, dim: int, epsilon: float, threshold: float) -> JumpPart:
    """The noise cut at a threshold, if it has jumps.

    Parameters
    ----------
    noise : Noise
        The law of the driver, as it reaches the position.
    dim : int
        Dimension.
    epsilon : float
        Noise amplitude, dimensionless.
    threshold : float
        rho, length.

    Returns
    -------
    JumpPart

    Raises
    ------
    ValueError
        If the noise has no jumps.
    """
    jumps = noise.jumps(dim, epsilon, threshold)
    if not jumps.rate > 0.0:
        raise checks.Refusal(
            f"method 'jump' needs jumps, and noise of alpha = {noise.alpha:g} has none",
            "use method='euler'",
        )
    return jumps


def about_equilibrium(basin: Basin, dynamics: Dynamics, jumps: JumpPart) -> Basin | None:
    """The basin with the potential that the mean of the small jumps tilts, F(x) - mu.Q x.

    Parameters
    ----------
    basin, dynamics
        The parts.
    jumps : JumpPart
        With the mean mu, as it reaches the position.

    Returns
    -------
    Basin or None
        Whose minimum is the equilibrium, if the domain has one.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> leaning = noise.independent(1.5, beta=0.5).jumps(1, 0.1, 0.1)
    >>> about_equilibrium(basins.flat(), dynamics.sgd(), leaning).minimum.round(6).tolist()
    [-0.059841]
    """
    return tilted(basin, dynamics.effective_rule.divisors(basin.dim) * jumps.drift)


def jump_program(
    model: Model, threshold: float, seed: int, small_jumps: str = "diffusion"
) -> JumpProgram:
    """What the jump-adapted engine runs.

    Parameters
    ----------
    model : Model
        What is simulated.
    threshold : float
        rho, length.
    seed : int
        In [0, 2^64).
    small_jumps : {"diffusion", "dropped"}
        What stands for those below the threshold.

    Returns
    -------
    JumpProgram

    Raises
    ------
    ValueError
        If the scheme does not support the model.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-3)
    >>> jump_program(model, 0.1, seed=0).linear.rates.tolist()
    [[1.0], [1.0]]
    """
    from levysde.methods.jump.preconditioned import optimizer_program

    basin, dynamics = model.basin, model.dynamics
    jumps = large_jumps(model.preconditioned_noise, model.dim, model.epsilon, threshold)
    if small_jumps == "dropped":
        jumps = replace(jumps, covariance=np.zeros_like(jumps.covariance))
    jumps = made_in_place(model, jumps)
    mean, about = jumps.drift, about_equilibrium(basin, dynamics, jumps)
    if about is not None:
        basin, jumps = about, replace(jumps, drift=np.zeros(basin.dim))
    if dynamics.effective_rule.plain:
        program = _sgd_program(basin, jumps, seed)
    else:
        program = optimizer_program(basin, dynamics, jumps, seed, mean - jumps.drift)
    return program if about is not None else _driven_out(program)


def _driven_out(program: JumpProgram) -> JumpProgram:
    """Without an equilibrium nothing is known of where paths are: all of the way is looked at."""
    radius2 = program.steps.linear_radius2
    steps = program.steps._replace(
        linear_radius2=radius2 if math.isinf(radius2) else 0.0,
        inward_radius2=0.0,
        unreachable_radius2=0.0,
        least_distance=LEAST_SHARE_DRIVEN * program.steps.boundary_distance,
    )
    return replace(program, steps=steps)


def _sgd_program(basin: Basin, jumps: JumpPart, seed: int) -> JumpProgram:
    """The motion of the flow itself."""
    way = inner_radius(basin)
    linear, inner, bent = linear_motion(basin, jumps, way)
    if stationary_variances(linear).max() < NEGLIGIBLE * way**2:
        jumps = replace(jumps, covariance=np.zeros_like(jumps.covariance))
        linear = linear._replace(covariance=np.zeros_like(linear.covariance))
    return JumpProgram(
        dim=basin.dim,
        jumps=jumps,
        linear=linear,
        steps=_steps(basin, jumps, linear, way, inner, bent),
        gradient=basin.potential.gradient,
        outside=basin.domain.outside,
        margin=basin.domain.margin,
        gradient_p=np.array(basin.potential.p),
        outside_p=np.array(basin.domain.p),
        seed=seed,
        start=np.array(basin.start),
    )


# ------------------------------------------------------------------------------ lengths of moves


def squared_reach(fastest: float, jump_rate: float) -> float:
    """Square of the standard deviations that the diffusive part is not expected to exceed.

    Parameters
    ----------
    fastest : float
        Relaxation rate, 1/time: how often there is another attempt.
    jump_rate : float
        Large jumps per unit time.

    Returns
    -------
    float
        Dimensionless.
    """
    return DEVIATIONS**2 + 2.0 * math.log(1.0 + 10.0 * fastest / jump_rate)


def _steps(
    basin: Basin, jumps: JumpPart, linear: Linear, way: float, inner: float, bent: bool
) -> Steps:
    stiff, soft = float(linear.rates.max()), float(linear.rates.min())
    memory = 0.5 / soft if soft > 0.0 else math.inf
    near = NEAR_SHARE if basin.domain.margin is not None else UNBRIDGED_SHARE
    time = 1.0 / stiff if stiff > 0.0 else 1.0 / jumps.rate
    reach = squared_reach(stiff, jumps.rate)
    spread = math.sqrt(reach * memory * np.abs(jumps.covariance).sum(axis=1).max())
    fine = FINE_SHARE if bent else COARSE_SHARE
    coarse = time if bent or math.isinf(inner) else max(time, _beyond_kink(basin, jumps, way))
    return Steps(
        linear_radius2=inner**2,
        inward_radius2=trusted_radius(basin) ** 2,
        unreachable_radius2=max(0.0, way - spread) ** 2,
        relaxation_time=memory,
        reach2=reach,
        near_step=near * time,
        linear_step=fine * time if bent else math.inf,
        nonlinear_step=fine * coarse,
        step_share=fine,
        near_step_share=near,
        least_distance=least_distance(way, stationary_variances(linear)),
        boundary_distance=way,
    )


def least_distance(way: float, variances: FloatArray) -> float:
    """What a distance from the minimum counts for at least in the length of a nonlinear move.

    Parameters
    ----------
    way : float
        Shortest exit distance, length.
    variances : ndarray
        Of the diffusive part about the minimum, squares of lengths.

    Returns
    -------
    float
        Length.
    """
    return max(LEAST_SHARE * way, math.sqrt(float(variances.min())))


def _beyond_kink(basin: Basin, jumps: JumpPart, way: float) -> float:
    """Relaxation time of the well as a whole, where the minimum is a kink with a far shorter one.

    At most the time in which the diffusive part gets as far as where motion counts as linear.
    """
    whole = STEEPER * float(np.linalg.eigvalsh(secants(basin, 0.5 * way))[-1])
    variance = float(np.diag(jumps.covariance).max())
    settled = 2.0 * (SMALL_DIFFUSION * way) ** 2 / variance if variance > 0.0 else math.inf
    return min(1.0 / whole if whole > 0.0 else 0.0, settled)
