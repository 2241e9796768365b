"""What the jump-adapted scheme is given: the threshold, the linear motion, lengths of moves."""

import math
from dataclasses import replace

import numpy as np

from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.jump_parts import JumpPart
from levysde.engine.jump_program import JumpProgram, Linear, Steps
from levysde.geometry import directions, inner_radius, trusted_radius, ways_out
from levysde.noise import Multifractal, Noise

__all__ = ["automatic_threshold", "jump_program", "shortest_way_out"]

SMALLEST_SHARE, LARGEST_SHARE = 0.1, 0.2
"""`threshold=None`: shares of the shortest way out along a jump."""

JUMPS_PER_EXIT = 32.0
"""`threshold=None`: large jumps that an exit should not take more than."""

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

SMALL_DIFFUSION = 0.02
"""Standard deviation over the way out, up to which motion in a nonlinear well is linear inside."""

NEGLIGIBLE = 1e-5
"""Variance over the square of the way out, below which there is no diffusive part."""

SMALL_KINK = 0.01
"""Error of the rate, up to which a move passes a kink of the curvature at once."""

NONLINEARITY = 0.01
"""Deviation of the gradient from its linear part up to which the motion counts as linear."""

_RADII = 0.95 ** np.arange(200)
_ROUNDS = 60
_SQRT_3 = math.sqrt(3.0)


def shortest_way_out(basin: Basin, noise: Noise) -> float:
    """The shortest way from the minimum to the boundary along a possible jump.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    noise : Noise
        The law of the driver.

    Returns
    -------
    float
        Length.

    Raises
    ------
    ValueError
        If no jump leads out.

    Examples
    --------
    >>> from levysde import basins, noise
    >>> round(shortest_way_out(basins.asymmetric(), noise.independent(1.2)), 12)
    0.25
    """
    rays = _some_jumps(noise, basin.dim, 1.0, 1.0).rays
    way = float(ways_out(basin, rays if len(rays) else directions(basin.dim)).min())
    if not math.isfinite(way):
        raise ValueError("no jump of this noise leads out of the domain; use method='euler'")
    return way


def automatic_threshold(basin: Basin, noise: Noise) -> float:
    """About a tenth of the shortest way from the minimum to the boundary along a possible jump.

    With one stability index there are nu(|y| > rho)/nu(W) large jumps an exit. Where a tenth makes
    more than 32 of them rho is larger, up to a fifth of that way.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    noise : Noise
        The law of the driver.

    Returns
    -------
    float
        Length.

    Raises
    ------
    ValueError
        If the noise has no jumps, or none leads out.

    Examples
    --------
    >>> from levysde import basins, noise
    >>> round(automatic_threshold(basins.flat(), noise.independent(1.2)), 12)
    0.1
    """
    from levysde import theory

    jumps = _some_jumps(noise, basin.dim, 1.0, 1.0)
    way = shortest_way_out(basin, noise)
    if isinstance(noise, Multifractal):
        return SMALLEST_SHARE * way
    exits = theory.escape_rate(basin.domain, noise, basin.minimum, 1.0)
    wanted = (jumps.rate / (JUMPS_PER_EXIT * exits)) ** (1.0 / noise.alpha)
    return float(min(max(SMALLEST_SHARE * way, wanted), LARGEST_SHARE * way))


def felt_noise(dynamics: Dynamics, noise: Noise, dim: int) -> Noise:
    """The noise as it reaches the position: divided by Q where the optimizer divides.

    Parameters
    ----------
    dynamics : Dynamics
        The optimizer.
    noise : Noise
        The law of the driver.
    dim : int
        Dimension.

    Returns
    -------
    Noise

    Raises
    ------
    ValueError
        If the jump method does not serve the dynamics.
    """
    from levysde.jump_optimizers import check_served, divided, divisors

    check_served(dynamics)
    return divided(noise, divisors(dynamics, dim))


def _some_jumps(noise: Noise, dim: int, epsilon: float, threshold: float) -> JumpPart:
    jumps = noise.jumps(dim, epsilon, threshold)
    if not jumps.rate > 0.0:
        raise ValueError(
            f"method 'jump' needs jumps, and noise of alpha = {noise.alpha:g} has none; "
            "use method='euler'"
        )
    return jumps


def jump_program(
    basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float, threshold: float, seed: int
) -> JumpProgram:
    """What the jump-adapted engine runs.

    Parameters
    ----------
    basin, dynamics, noise
        The parts.
    epsilon : float
        Noise amplitude, dimensionless.
    threshold : float
        rho, length.
    seed : int
        In [0, 2^64).

    Returns
    -------
    JumpProgram

    Raises
    ------
    ValueError
        If the scheme does not serve these parts.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> law = noise.independent(1.5)
    >>> program = jump_program(basins.flat(), dynamics.sgd(), law, 1e-3, 0.1, seed=0)
    >>> program.linear.rates.tolist()
    [[1.0], [1.0]]
    """
    from levysde.jump_optimizers import optimizer_program

    felt = felt_noise(dynamics, noise, basin.dim)
    jumps = _some_jumps(felt, basin.dim, epsilon, threshold)
    if dynamics.name != "sgd":
        return optimizer_program(basin, dynamics, jumps, seed)
    linear, inner, bent = _linear_motion(basin, jumps)
    if _stationary(linear).max() < NEGLIGIBLE * inner_radius(basin) ** 2:
        jumps = replace(jumps, covariance=np.zeros_like(jumps.covariance))
        linear = replace(linear, covariance=np.zeros_like(linear.covariance))
    return JumpProgram(
        dim=basin.dim,
        jumps=jumps,
        linear=linear,
        steps=_steps(basin, jumps, linear, inner, bent),
        gradient=basin.potential.gradient,
        outside=basin.domain.outside,
        margin=basin.domain.margin,
        gradient_p=np.array(basin.potential.p),
        outside_p=np.array(basin.domain.p),
        seed=seed,
        start=np.array(basin.start),
    )


# -------------------------------------------------------------------------------- linear motion


def _linear_motion(basin: Basin, jumps: JumpPart) -> tuple[Linear, float, bool]:
    """The motion at the minimum, where it holds, and whether the diffusive part bends it."""
    potential, dim = basin.potential, basin.dim
    if potential.name == "quadratic" and "curvature" in potential.params:
        curvature = np.asarray(potential.params["curvature"])
        center = np.asarray(potential.params["center"])
        return _framed(jumps, center, curvature), math.inf, False
    if potential.name == "asymmetric_quadratic" and "left" in potential.params:
        sides = [float(np.asarray(potential.params[side])) for side in ("left", "right")]
        rates = np.repeat(np.array(sides)[:, None], dim, axis=1)
        linear = _in_frame(jumps, np.zeros(dim), np.zeros((0, 0)), rates)
        return linear, math.inf, _kink_error(basin, jumps, linear) > SMALL_KINK
    way = inner_radius(basin)
    matrix = effective_curvature(basin, jumps.covariance, way)
    linear = _framed(jumps, basin.minimum, matrix)
    spread = float(np.sqrt(_stationary(linear).max()))
    if spread > SMALL_DIFFUSION * way:
        return linear, 0.0, True
    inner = max(_linear_radius(basin, matrix, way), (3.0 + math.sqrt(dim)) * spread)
    return linear, inner, False


def _in_frame(jumps: JumpPart, center: FloatArray, basis: FloatArray, rates: FloatArray) -> Linear:
    from scipy.special import ndtri

    covariance, drift = jumps.covariance, jumps.drift
    if basis.size:
        covariance, drift = basis.T @ covariance @ basis, basis.T @ drift
        size = np.abs(covariance).max()
        covariance = np.where(np.abs(covariance) > 1e-14 * size, covariance, 0.0)
    below, above = np.sqrt(np.maximum(rates, 1e-300))
    # Half normal laws of variance C/(2k) on either side have masses in the ratio of their widths.
    upward = ndtri(below / (below + above))
    return Linear(center, basis, rates, covariance, drift, upward)


def _framed(jumps: JumpPart, center: FloatArray, curvature: FloatArray) -> Linear:
    """The motion with one curvature a coordinate, or in the eigenbasis of a matrix of them."""
    if curvature.ndim == 2 and not np.array_equal(curvature, np.diag(np.diag(curvature))):
        values, basis = np.linalg.eigh(curvature)
    else:
        values = np.diag(curvature) if curvature.ndim == 2 else curvature
        basis = np.zeros((0, 0))
    rates = np.repeat(np.maximum(values, 0.0)[None], 2, axis=0)
    return _in_frame(jumps, center, basis, rates)


def _stationary(linear: Linear) -> FloatArray:
    """Largest stationary variances along the axes; infinite without a rate."""
    rates = linear.rates.min(axis=0)
    variance = np.diag(linear.covariance)
    unbound = np.where(variance > 0.0, np.inf, 0.0)
    return np.asarray(np.divide(variance, 2.0 * rates, out=unbound, where=rates > 0.0))


def _kink_error(basin: Basin, jumps: JumpPart, linear: Linear) -> float:
    """Relative error of the rate where a move passes the kink of an asymmetric well at once.

    The law of the diffusive part on its way to the stationary one is off by about a third of a
    standard deviation, during a relaxation time after each jump.
    """
    way = inner_radius(basin)
    spread = float(np.sqrt(_stationary(linear).max()))
    return 0.3 * min(1.0, jumps.rate / float(linear.rates.min())) * spread / way


def effective_curvature(basin: Basin, covariance: FloatArray, way: float) -> FloatArray:
    """Secants of the gradient over sqrt(3) standard deviations: its slope, averaged over them.

    They are the averages of the second derivative over a normal law, by the three-point rule, and
    so exist for a well that is flat at its minimum too.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    covariance : ndarray, shape (dim, dim)
        Of the diffusive part, per unit time.
    way : float
        Shortest way out, length.

    Returns
    -------
    ndarray, shape (dim, dim)
        1/time.
    """
    dim, variance = basin.dim, float(np.diag(covariance).max())
    reach, curvature = 1e-2 * way, np.eye(dim)
    for _ in range(_ROUNDS):
        curvature = _secants(basin, reach)
        rate = max(float(np.linalg.eigvalsh(curvature)[0]), 1e-300)
        wanted = max(_SQRT_3 * math.sqrt(0.5 * variance / rate), 1e-5 * way)
        new = min(math.sqrt(reach * wanted), 0.5 * way)
        if abs(new - reach) < 1e-6 * reach:
            break
        reach = new
    return curvature


def _secants(basin: Basin, reach: float) -> FloatArray:
    """The symmetric matrix of differences of the gradient over a reach on both sides."""
    gradient, minimum = basin.potential.gradient_at, basin.minimum
    axes = reach * np.eye(basin.dim)
    columns = [gradient(minimum + axis) - gradient(minimum - axis) for axis in axes]
    matrix = np.array(columns) / (2.0 * reach)
    size = np.abs(matrix).max()
    matrix = np.where(np.abs(matrix) > 1e-9 * size, matrix, 0.0)
    return np.asarray(0.5 * (matrix + matrix.T))


def _linear_radius(basin: Basin, matrix: FloatArray, way: float) -> float:
    """Distance from the minimum up to which the gradient is linear, to a hundredth."""
    smallest = way
    for direction in directions(basin.dim)[: 2 * basin.dim + 16]:
        force = matrix @ direction
        for radius in way * _RADII:
            gradient = basin.potential.gradient_at(basin.minimum + radius * direction)
            if np.linalg.norm(gradient / radius - force) <= NONLINEARITY * np.linalg.norm(force):
                break
        smallest = min(smallest, float(radius))
    return smallest if smallest > way * _RADII[-1] else 0.0


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


def _steps(basin: Basin, jumps: JumpPart, linear: Linear, inner: float, bent: bool) -> Steps:
    stiff, soft = float(linear.rates.max()), float(linear.rates.min())
    memory = 0.5 / soft if soft > 0.0 else math.inf
    near = NEAR_SHARE if basin.domain.margin is not None else UNBRIDGED_SHARE
    time = 1.0 / stiff if stiff > 0.0 else 1.0 / jumps.rate
    size, reach = inner_radius(basin), squared_reach(stiff, jumps.rate)
    spread = math.sqrt(reach * memory * np.abs(jumps.covariance).sum(axis=1).max())
    fine = FINE_SHARE if bent else COARSE_SHARE
    return Steps(
        inner=inner**2,
        trusted=trusted_radius(basin) ** 2,
        deep=max(0.0, size - spread) ** 2,
        memory=memory,
        reach=reach,
        near=near * time,
        longest=fine * time if bent else math.inf,
        coarse=fine * time,
        share=fine,
        near_share=near,
        size=size,
    )
