"""Optimizers for the jump-adapted scheme: the SDE forms whose second moment is known beforehand."""

import math

import numpy as np

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine import jump_memory
from levysde.engine.algebra import rounded, singular_directions
from levysde.engine.jump_parts import JumpPart
from levysde.engine.jump_program import JumpProgram, Linear, Steps
from levysde.methods.jump.assembly import (
    COARSE_SHARE,
    FINE_SHARE,
    NEAR_SHARE,
    UNBRIDGED_SHARE,
    least_distance,
    squared_reach,
)
from levysde.methods.jump.geometry import inner_radius
from levysde.methods.jump.linear_motion import SMALL_DIFFUSION, effective_curvature

FORGOTTEN_SHARE, FORGOTTEN_DRIFT = 0.1, 0.005
"""Displacement over the exit distance that may be forgotten at once if jumps are as rare as
relaxations are fast; the second one where jumps of one side are more."""

KINKED_DIFFUSION = 0.002
"""As `SMALL_DIFFUSION`, in a well with a kink, where a diffusion has a mean."""

_AT_ONCE = 1e3
_NO_CURVATURE = (
    "method 'jump' needs a curvature at the minimum with this optimizer, and there is none in some "
    "direction"
)
_TRUST = 0.8
_REST = 0.5


def optimizer_program(
    basin: Basin, dynamics: Dynamics, jumps: JumpPart, seed: int, mean: FloatArray
) -> JumpProgram:
    """What the jump-adapted engine runs for an optimizer.

    The state is x, or x followed by the average of the gradient as a length, w = m/(Q u) with the
    fastest rate u, so that distances of states mean the same at any unit of time. The motion is
    integrated until the state has relaxed; then it is drawn from the stationary law of the linear
    motion.

    Parameters
    ----------
    basin : Basin
        Where.
    dynamics : Dynamics
        One that is served, not sgd.
    jumps : JumpPart
        Of the noise divided by Q, cut at the threshold.
    seed : int
        In [0, 2^64).
    mean : ndarray, shape (dim,)
        Velocity of x that the potential of the basin has been tilted for: m is less by Q times it.

    Returns
    -------
    JumpProgram
    """
    dim, potential, domain = basin.dim, basin.potential, basin.domain
    rule = dynamics.effective_rule
    divisor = rule.divisors(dim)
    curvature = effective_curvature(basin, jumps.covariance, inner_radius(basin), divisor)
    if not curvature.any():
        raise checks.Refusal(_NO_CURVATURE, "use method='euler'")
    count = len(potential.p)
    pull, start = curvature / divisor[:, None], np.array(basin.start)
    if rule.average is None:
        unit, motion = float(np.abs(pull).max()), pull
        slope = jump_memory.preconditioned(potential.gradient, dim, count)
        slope_p = np.concatenate([potential.p, divisor])
    else:
        rate = rule.average
        unit = rate * max(1.0, math.sqrt(float(singular_directions(pull / rate)[1][0])))
        none, one = np.zeros((dim, dim)), np.eye(dim)
        motion = np.block([[none, unit * one], [-rate / unit * pull, rate * one]])
        # An average that is corrected for its start begins at the gradient.
        corrected = rule.bias_correction
        first = potential.gradient_at(basin.start) if corrected else -divisor * mean
        start = np.concatenate([basin.start, first / (divisor * unit)])
        slope = jump_memory.averaged(potential.gradient, dim, count)
        slope_p = np.concatenate([potential.p, [rate, unit], divisor])
    noise = _extended(jumps, dim, len(start))
    linear, steps = _at_rest(basin, noise, motion, unit, bool((mean + jumps.drift).any()))
    return JumpProgram(
        dim=dim,
        jumps=noise,
        linear=linear,
        steps=steps,
        gradient=slope,
        outside=jump_memory.outside_of(domain.outside, dim),
        margin=jump_memory.margin_of(domain.margin, dim),
        gradient_p=slope_p,
        outside_p=np.array(domain.p),
        seed=seed,
        start=start,
    )


def _extended(jumps: JumpPart, dim: int, size: int) -> JumpPart:
    """The same noise in a state of which the position is the first part."""
    covariance, drift = np.zeros((size, size)), np.zeros(size)
    covariance[:dim, :dim], drift[:dim] = jumps.covariance, jumps.drift
    jump = jump_memory.jump_of(jumps.jump, dim)
    return JumpPart(jumps.rate, jump, jumps.p, covariance, drift, jumps.rays)


def _at_rest(
    basin: Basin, jumps: JumpPart, matrix: FloatArray, unit: float, one_sided: bool
) -> tuple[Linear, Steps]:
    """The stationary law of dX = (-A X + mu) dt + dB, and lengths of moves."""
    from scipy.linalg import solve_continuous_lyapunov

    # All in units of one rate: the solver takes motion that is slow in seconds for singular.
    motion, dim = matrix / unit, basin.dim
    rates = np.linalg.eigvals(motion)
    extremes = rounded(np.array([float(rates.real.min()), float(np.abs(rates).max())]))
    slowest, fastest = (unit * extremes).tolist()
    if not slowest > 1e-9 * fastest:
        raise checks.Refusal(_NO_CURVATURE, "use method='euler'")
    solved = np.asarray(solve_continuous_lyapunov(motion, jumps.covariance / unit), np.float64)
    stationary = rounded(0.5 * (solved + solved.T))
    # Where paths would rest, which is the minimum but where the domain holds no equilibrium.
    shift = rounded(np.asarray(np.linalg.solve(motion, jumps.drift / unit), dtype=np.float64))
    # A relaxation that is over at once: a move draws from the stationary law.
    at_once, size = _AT_ONCE * fastest, len(matrix)
    linear = Linear(
        center=np.concatenate([basin.minimum, np.zeros(size - dim)]),
        basis=np.zeros((0, 0)),
        rates=np.full((2, size), at_once),
        covariance=np.asarray(2.0 * at_once * stationary),
        drift=at_once * shift,
        upward=np.zeros(size),
    )
    trusted = _TRUST * inner_radius(basin) / _largest_gain(motion, dim)
    return linear, _steps(basin, jumps, stationary, (slowest, fastest), trusted, one_sided)


def _steps(
    basin: Basin,
    jumps: JumpPart,
    stationary: FloatArray,
    rates: tuple[float, float],
    trusted: float,
    one_sided: bool,
) -> Steps:
    """Lengths of moves; `rates` are the slowest and the fastest one."""
    (slowest, fastest), way = rates, inner_radius(basin)
    variance, spreads = np.diag(jumps.covariance)[: basin.dim], np.diag(stationary)[: basin.dim]
    kinked = KINKED_DIFFUSION if basin.potential.one_sided is not None else SMALL_DIFFUSION
    linear_spread = kinked if basin.potential.hessian is None else math.inf
    bent = math.sqrt(float(spreads.max())) > linear_spread * way
    relaxed = min(_relaxed_share(slowest / jumps.rate, one_sided) * way, _REST * trusted)
    reached = 2.0 * math.sqrt(float(np.trace(stationary)))
    moving = variance > 0.0
    memory = float(np.max(spreads[moving] / variance[moving], initial=0.0))
    near = NEAR_SHARE if basin.domain.margin is not None else UNBRIDGED_SHARE
    share = FINE_SHARE if bent else COARSE_SHARE
    return Steps(
        linear_radius2=0.0 if bent or reached > relaxed else relaxed**2,
        inward_radius2=trusted**2,
        unreachable_radius2=0.0,
        relaxation_time=memory or 0.5 / slowest,
        reach2=squared_reach(fastest, jumps.rate),
        near_step=near / fastest,
        linear_step=math.inf,
        nonlinear_step=share / fastest,
        step_share=share,
        near_step_share=near,
        least_distance=least_distance(way, spreads),
        boundary_distance=way,
    )


def _relaxed_share(calm: float, one_sided: bool) -> float:
    """Displacement over the exit distance below which a state is drawn from the stationary law.

    What is left of the way to rest matters if a jump comes before its end, as in one of so many
    cases; displacements to both sides change the rate in second order, to one side in first order.
    """
    return FORGOTTEN_DRIFT * calm if one_sided else FORGOTTEN_SHARE * math.sqrt(calm)


def _largest_gain(motion: FloatArray, dim: int) -> float:
    """The largest distance of x from the minimum after a start at distance 1 of the state."""
    from scipy.linalg import expm

    rates = np.linalg.eigvals(motion)
    slowest, fastest = float(rates.real.min()), float(np.abs(rates).max())
    step = expm(-motion * (0.1 / fastest))
    state, largest = np.eye(len(motion)), 1.0
    for _ in range(min(10_000, math.ceil(30.0 * fastest / slowest))):
        state = step @ state
        largest = max(largest, float(np.linalg.norm(state[:dim], 2)))
    return float(rounded(np.array(largest)))
