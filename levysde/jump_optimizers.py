"""Optimizers for the jump-adapted scheme: the SDE forms whose second moment is known beforehand."""

import math

import numpy as np

from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Adaptive, Dynamics, Optimizer
from levysde.engine import jump_memory
from levysde.engine.jump_parts import JumpPart
from levysde.engine.jump_program import JumpProgram, Linear, Steps
from levysde.geometry import inner_radius
from levysde.jump import (
    COARSE_SHARE,
    FINE_SHARE,
    NEAR_SHARE,
    SMALL_DIFFUSION,
    UNBRIDGED_SHARE,
    effective_curvature,
    squared_reach,
)
from levysde.noise import (
    Independent,
    Isotropic,
    Mixed,
    Multifractal,
    Noise,
    Spectral,
    elliptic,
    independent,
    mixed,
    multifractal,
)

RELAXED_SHARE = 0.005
"""Distance from rest over the way out, below which a state counts as relaxed."""

KINKED_DIFFUSION = 0.002
"""As `SMALL_DIFFUSION`, in a well with a kink, where a diffusion has a mean."""

_AT_ONCE = 1e3
_TRUST = 0.8


def check_served(dynamics: Dynamics) -> None:
    """Refuse dynamics that the scheme does not serve.

    Parameters
    ----------
    dynamics : Dynamics
        The optimizer.

    Raises
    ------
    ValueError
        Unless it is sgd without clip, momentum, or adam or rmsprop with a frozen second moment, in
        the form of an SDE with rates per unit time.
    """
    served = (
        "method 'jump' serves sgd without clip, and momentum, rmsprop and adam with form='sde', "
        "rates='per_time' and, but for momentum, frozen second moments"
    )
    name = dynamics.name
    if name == "sgd" and dynamics.clip is None:
        return
    known = isinstance(dynamics, Optimizer) and name in ("momentum", "rmsprop", "adam")
    if not known or dynamics.form != "sde" or dynamics.rates != "per_time":  # type: ignore[attr-defined]
        raise ValueError(f"{served}; this {name} is another; use method='euler'")
    if isinstance(dynamics, Adaptive) and dynamics.second_moment != "frozen":
        raise ValueError(f"{served}; v of this {name} moves; use method='euler'")


def divisors(dynamics: Dynamics, dim: int) -> FloatArray:
    """Q, by which the optimizer divides, 1 for momentum.

    Parameters
    ----------
    dynamics : Dynamics
        One that is served.
    dim : int
        Dimension.

    Returns
    -------
    ndarray, shape (dim,)
        In units of the gradient, or dimensionless for momentum.
    """
    if not isinstance(dynamics, Adaptive):
        return np.ones(dim)
    return dynamics.sizes_in(dim) + dynamics.number("eps")


def divided(noise: Noise, divisor: FloatArray) -> Noise:
    """The law of Q^-1 G L.

    Parameters
    ----------
    noise : Noise
        The law of G L.
    divisor : ndarray, shape (dim,)
        The diagonal of Q.

    Returns
    -------
    Noise

    Examples
    --------
    >>> from levysde import noise
    >>> divided(noise.isotropic(1.5), np.array([1.0, 2.0])).matrix.tolist()
    [[1.0, 0.0], [0.0, 0.5]]
    """
    if (divisor == 1.0).all() or noise.alpha == 2.0:  # without jumps there is nothing to serve
        return noise
    if isinstance(noise, Independent):
        return independent(noise.alpha, np.asarray(noise.scale) / divisor, noise.beta)
    if isinstance(noise, Multifractal):
        return multifractal(noise.alphas, noise.scales / divisor)
    if isinstance(noise, Isotropic):
        return elliptic(noise.alpha, np.diag(noise.scale / divisor))
    if isinstance(noise, Spectral):
        columns = noise.directions.T * noise.weights ** (1.0 / noise.alpha)
        return mixed(noise.alpha, columns / divisor[:, None])
    matrix = noise.matrix / divisor[:, None]  # type: ignore[attr-defined]
    return mixed(noise.alpha, matrix) if isinstance(noise, Mixed) else elliptic(noise.alpha, matrix)


def optimizer_program(basin: Basin, dynamics: Dynamics, jumps: JumpPart, seed: int) -> JumpProgram:
    """What the jump-adapted engine runs for an optimizer.

    The state is x, or x followed by the average m of the gradient. The motion is integrated until
    the state has relaxed; then it is drawn from the stationary law of the linear motion.

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

    Returns
    -------
    JumpProgram
    """
    dim, potential, domain = basin.dim, basin.potential, basin.domain
    divisor = divisors(dynamics, dim)
    curvature = effective_curvature(basin, jumps.covariance, inner_radius(basin))
    count = len(potential.p)
    if dynamics.name == "rmsprop":
        matrix, start = curvature / divisor[:, None], np.array(basin.start)
        slope = jump_memory.preconditioned(potential.gradient, dim, count)
        slope_p = np.concatenate([potential.p, divisor])
    else:
        rate = dynamics.number("decay" if dynamics.name == "momentum" else "b1")  # type: ignore[attr-defined]
        none, keep = np.zeros((dim, dim)), rate * np.eye(dim)
        matrix = np.block([[none, np.diag(1.0 / divisor)], [-rate * curvature, keep]])
        # An average that is corrected for its start begins at the gradient.
        first = potential.gradient_at(basin.start) * (dynamics.name == "adam")
        start = np.concatenate([basin.start, first])
        slope = jump_memory.averaged(potential.gradient, dim, count)
        slope_p = np.concatenate([potential.p, [rate], divisor])
    noise = _extended(jumps, dim, len(start))
    linear, steps = _at_rest(basin, noise, matrix, dim)
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


def _at_rest(basin: Basin, jumps: JumpPart, matrix: FloatArray, dim: int) -> tuple[Linear, Steps]:
    """The stationary law of dX = (-A X + mu) dt + dB, and lengths of moves."""
    from scipy.linalg import solve_continuous_lyapunov

    rates = np.linalg.eigvals(matrix)
    slowest, fastest = float(rates.real.min()), float(np.abs(rates).max())
    if not slowest > 1e-9 * fastest:
        raise ValueError(
            "method 'jump' needs a curvature at the minimum with this optimizer, and there is none "
            "in some direction; use method='euler'"
        )
    size, way = len(matrix), inner_radius(basin)
    stationary = solve_continuous_lyapunov(matrix, jumps.covariance)
    stationary = np.asarray(0.5 * (stationary + stationary.T), dtype=np.float64)
    spread = float(np.sqrt(np.diag(stationary)[:dim].max()))
    kinked = basin.potential.name == "asymmetric_quadratic"
    bent = spread > (KINKED_DIFFUSION if kinked else SMALL_DIFFUSION) * way
    reached = (3.0 + math.sqrt(size)) * float(np.sqrt(np.diag(stationary).max()))
    inner = 0.0 if bent else max(RELAXED_SHARE * way, reached)
    # A relaxation that is over at once: a move draws from the stationary law.
    at_once = _AT_ONCE * fastest
    center = np.concatenate([basin.minimum, np.zeros(size - dim)])
    shift = np.asarray(np.linalg.solve(matrix, jumps.drift), dtype=np.float64)
    linear = Linear(
        center,
        basis=np.zeros((0, 0)),
        rates=np.full((2, size), at_once),
        covariance=np.asarray(2.0 * at_once * stationary),
        drift=at_once * shift,
        upward=np.zeros(size),
    )
    variance = np.diag(jumps.covariance)[:dim]
    moving = variance > 0.0
    memory = float(np.max(np.diag(stationary)[:dim][moving] / variance[moving], initial=0.0))
    near = NEAR_SHARE if basin.domain.margin is not None else UNBRIDGED_SHARE
    share = FINE_SHARE if bent else COARSE_SHARE
    steps = Steps(
        inner=inner**2,
        trusted=(_TRUST * way / _largest_gain(matrix, slowest, fastest, dim)) ** 2,
        deep=0.0,
        memory=memory or 0.5 / slowest,
        reach=squared_reach(fastest, jumps.rate),
        near=near / fastest,
        longest=math.inf,
        coarse=share / fastest,
        share=share,
        near_share=near,
        size=way,
    )
    return linear, steps


def _largest_gain(matrix: FloatArray, slowest: float, fastest: float, dim: int) -> float:
    """The largest distance of x from the minimum after a start at distance 1 of the state."""
    from scipy.linalg import expm

    step = expm(-matrix * (0.1 / fastest))
    state, largest = np.eye(len(matrix)), 1.0
    for _ in range(min(10_000, math.ceil(30.0 * fastest / slowest))):
        state = step @ state
        largest = max(largest, float(np.linalg.norm(state[:dim], 2)))
    return largest
