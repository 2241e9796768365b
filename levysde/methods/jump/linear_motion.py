"""The linear motion about an equilibrium, and where it is that of the well."""

import math

import numpy as np

from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.engine.algebra import principal_axes, product
from levysde.engine.jump_parts import JumpPart
from levysde.engine.jump_program import Linear
from levysde.methods.jump.geometry import directions

__all__ = ["effective_curvature", "linear_motion", "stationary_variances"]

SMALL_DIFFUSION = 0.02
"""Standard deviation over the exit distance, up to which a nonlinear well is linear inside."""

SMALL_KINK = 0.01
"""Error of the rate, up to which a move passes a kink of the curvature at once."""

SMALL_OFFSET = 0.002
"""Mean of the diffusive part about an equilibrium, over the exit distance, that is still linear."""

NONLINEARITY = 0.01
"""Deviation of the gradient from its linear part up to which the motion counts as linear."""

_RADII = 0.95 ** np.arange(200)
_ROUNDS = 60
_SQRT_3 = math.sqrt(3.0)


def linear_motion(basin: Basin, jumps: JumpPart, way: float) -> tuple[Linear, float, bool]:
    """The motion dY = (-K Y + mu) dt + dB about the minimum, and where it holds.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    jumps : JumpPart
        With the diffusive part.
    way : float
        Shortest exit distance, length.

    Returns
    -------
    linear : Linear
        The motion.
    inner : float
        Distance from the minimum up to which it holds, length.
    bent : bool
        Whether the diffusive part is so large that no long move is linear.

    Examples
    --------
    >>> from levysde import basins, noise
    >>> part = noise.independent(1.5).jumps(1, 0.01, 0.1)
    >>> linear_motion(basins.sharp(), part, 0.25)[0].rates.tolist()
    [[16.0], [16.0]]
    """
    potential, dim = basin.potential, basin.dim
    center = potential.center
    if center is not None and potential.hessian is not None:
        return _framed(jumps, center, potential.hessian), math.inf, False
    if center is not None and potential.one_sided is not None and not potential.tilted:
        linear = _in_frame(jumps, center, np.zeros((0, 0)), potential.one_sided)
        return linear, math.inf, _kink_error(jumps, linear, way) > SMALL_KINK
    matrix = effective_curvature(basin, jumps.covariance, way)
    linear = _framed(jumps, basin.minimum, matrix)
    spread = float(np.sqrt(stationary_variances(linear).max()))
    if spread > SMALL_DIFFUSION * way or _mean_offset(basin, linear) > SMALL_OFFSET * way:
        return linear, 0.0, True
    inner = max(_linear_radius(basin, matrix, way), (3.0 + math.sqrt(dim)) * spread)
    return linear, inner, False


def _mean_offset(basin: Basin, linear: Linear) -> float:
    """How far the mean of the diffusive part is from an equilibrium beside the minimum, about.

    The mean of the gradient over the stationary law, by the three-point rule, over the rate.
    """
    if not basin.potential.tilted:
        return 0.0
    gradient, rest = basin.potential.gradient_at, basin.minimum
    axes = linear.basis.T if linear.basis.size else np.eye(basin.dim)
    reach = _SQRT_3 * np.sqrt(stationary_variances(linear))
    pulls = [
        (gradient(rest + r * axis) + gradient(rest - r * axis)) @ axis / 6.0
        for r, axis in zip(reach, axes, strict=True)
    ]
    return float(np.abs(pulls / linear.rates.min(axis=0)).max())


def _in_frame(jumps: JumpPart, center: FloatArray, basis: FloatArray, rates: FloatArray) -> Linear:
    from scipy.special import ndtri

    covariance, drift = jumps.covariance, jumps.drift
    if basis.size:
        covariance = product(basis.T, product(covariance, basis))
        drift = product(basis.T, drift[:, None])[:, 0]
        size = np.abs(covariance).max()
        covariance = np.where(np.abs(covariance) > 1e-14 * size, covariance, 0.0)
    below, above = np.sqrt(np.maximum(rates, 1e-300))
    # Half normal laws of variance C/(2k) on either side have masses in the ratio of their widths.
    upward = ndtri(below / (below + above))
    return Linear(center, basis, rates, covariance, drift, upward)


def _framed(jumps: JumpPart, center: FloatArray, curvature: FloatArray) -> Linear:
    """The motion with one curvature a coordinate, or in the eigenbasis of a matrix of them."""
    if curvature.ndim == 2 and not np.array_equal(curvature, np.diag(np.diag(curvature))):
        values, basis = principal_axes(curvature)
    else:
        values = np.diag(curvature) if curvature.ndim == 2 else curvature
        basis = np.zeros((0, 0))
    rates = np.repeat(np.maximum(values, 0.0)[None], 2, axis=0)
    return _in_frame(jumps, center, basis, rates)


def stationary_variances(linear: Linear) -> FloatArray:
    """Largest stationary variances C/(2 k) along the axes.

    Parameters
    ----------
    linear : Linear
        The motion.

    Returns
    -------
    ndarray, shape (dim,)
        Square of a length; infinite where there is no rate.

    Examples
    --------
    >>> from levysde import basins, noise
    >>> part = noise.multifractal([2.0], [1.0]).jumps(1, 0.1, 0.1)
    >>> stationary_variances(linear_motion(basins.flat(), part, 1.0)[0]).round(12).tolist()
    [0.01]
    """
    rates = linear.rates.min(axis=0)
    variance = np.diag(linear.covariance)
    unbound = np.where(variance > 0.0, np.inf, 0.0)
    return np.asarray(np.divide(variance, 2.0 * rates, out=unbound, where=rates > 0.0))


def _kink_error(jumps: JumpPart, linear: Linear, way: float) -> float:
    """Relative error of the rate where a move passes the kink of an asymmetric well at once.

    The law of the diffusive part on its way to the stationary one is off by about a third of a
    standard deviation, during a relaxation time after each jump.
    """
    spread = float(np.sqrt(stationary_variances(linear).max()))
    return 0.3 * min(1.0, jumps.rate / float(linear.rates.min())) * spread / way


def effective_curvature(
    basin: Basin, covariance: FloatArray, way: float, divisor: FloatArray | float = 1.0
) -> FloatArray:
    """Secants of the gradient over sqrt(3) standard deviations: its slope, averaged over them.

    They are the averages of the second derivative over a normal law, by the three-point rule, and
    so exist for a well that is flat at its minimum too. The standard deviations are those of
    dX = -Q^-1 grad F dt + dB.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    covariance : ndarray, shape (dim, dim)
        Of the diffusive part, per unit time.
    way : float
        Shortest exit distance, length.
    divisor : float or ndarray, shape (dim,)
        The diagonal of Q.

    Returns
    -------
    ndarray, shape (dim, dim)
        1/time, times the unit of Q.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde import basins, domains, potentials
    >>> quartic = basins.Basin(potentials.quartic(1, 1.0, 2.0), domains.interval(-1, 1), [0.0])
    >>> effective_curvature(quartic, np.array([[1e-8]]), 1.0).round(6).tolist()
    [[2.0]]
    """
    dim, variance = basin.dim, float(np.diag(covariance).max())
    reach, curvature = 1e-2 * way, np.eye(dim)
    root = np.sqrt(np.full(dim, divisor))
    for _ in range(_ROUNDS):
        curvature = secants(basin, reach)
        slowest = float(principal_axes(curvature / root[:, None] / root)[0][0])
        rate = max(slowest, 1e-300)
        wanted = max(_SQRT_3 * math.sqrt(0.5 * variance / rate), 1e-5 * way)
        new = min(math.sqrt(reach * wanted), 0.5 * way)
        if abs(new - reach) < 1e-6 * reach:
            break
        reach = new
    return curvature


def secants(basin: Basin, reach: float) -> FloatArray:
    """The symmetric matrix of differences of the gradient over a reach on both sides.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    reach : float
        Length.

    Returns
    -------
    ndarray, shape (dim, dim)
        1/time.
    """
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
