"""Levy measures cut at a threshold: the large jumps one by one, the rest as a Brownian motion.

The noise eps G dL is the sum of its jumps longer than rho, a compound Poisson process, and of the
rest, whose mean and covariance per unit time are those of its Levy measure.

Reference: S. Asmussen, J. Rosinski, "Approximations of small jumps of Levy processes with a view
towards simulation", J. Appl. Probab. 38 (2001) 482-493.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.algebra import singular_directions, weighted_squares
from levysde.engine.moments import directional_moments, positive_power
from levysde.engine.path.large_jump import axis_jump, elliptic_jump, isotropic_jump, ray_jump

_RANK = 1e-12


@dataclass(frozen=True, eq=False)
class JumpPart:
    """Noise cut at a threshold.

    Attributes
    ----------
    rate : float
        Jumps longer than the threshold per unit time.
    jump : callable
        `jump(x, t, u, seed, path, step, p, work)` adds one such jump at time t to x, with work as
        room, of shape (dim + 2, dim). Its line and length are made of the uniform u, a direction in
        space of words of its own.
    p : ndarray
        Flat parameters of the function.
    covariance : ndarray, shape (dim, dim)
        Of the rest, per unit time.
    drift : ndarray, shape (dim,)
        Mean of the rest, per unit time; not zero for skewed laws only.
    rays : ndarray, shape (count, dim)
        Unit vectors along which jumps go, or none where they go in all directions.
    """

    rate: float
    jump: PlainFunction
    p: FloatArray
    covariance: FloatArray
    drift: FloatArray
    rays: FloatArray


def levy_constant(alpha: float) -> float:
    """Return c = Gamma(1 + alpha) sin(pi alpha/2)/pi: SaS(1) has Levy density c |y|^(-1-alpha).

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless; at 2, where there are no jumps, c is 0.

    Returns
    -------
    float
        Dimensionless.

    Examples
    --------
    >>> round(levy_constant(1.5), 8)
    0.29920671
    """
    return math.gamma(1.0 + alpha) * math.sin(0.5 * math.pi * min(alpha, 2.0 - alpha)) / math.pi


# ----------------------------------------------------------------------------------- cut measures


def _tail(alpha: FloatArray, scale: FloatArray, threshold: float) -> FloatArray:
    """Rate of jumps of scale Z longer than the threshold: (2 c/alpha) (scale/rho)^alpha."""
    pairs = zip(alpha.tolist(), scale.tolist(), strict=True)
    return np.array(
        [2.0 * levy_constant(a) / a * positive_power(s / threshold, a) for a, s in pairs]
    )


def _rest(alpha: FloatArray, scale: FloatArray, threshold: float) -> FloatArray:
    """Variance per unit time of the jumps below: scale^alpha 2c rho^(2-alpha)/(2-alpha).

    At alpha = 2, where c/(2 - alpha) has the limit 1, it is that of a Gaussian, 2 scale^2.
    """
    ratio = [levy_constant(a) / (2.0 - a) if a < 2.0 else 1.0 for a in alpha.tolist()]
    return np.array(
        [
            2.0 * r * positive_power(s, a) * positive_power(threshold, 2.0 - a)
            for r, s, a in zip(ratio, scale.tolist(), alpha.tolist(), strict=True)
        ]
    )


def axis_jumps(
    alpha: npt.ArrayLike, scale: FloatArray, beta: npt.ArrayLike, threshold: float
) -> JumpPart:
    """Cut the law of independent strictly stable coordinates.

    Parameters
    ----------
    alpha : float or array, shape (dim,)
        Stability indices, dimensionless; a coordinate with 2 is Gaussian.
    scale : ndarray, shape (dim,)
        Scales of the coordinates, epsilon included, length/time^(1/alpha).
    beta : float or array, shape (dim,)
        Skewness, dimensionless.
    threshold : float
        rho, length.

    Returns
    -------
    JumpPart
        Jumps up and down have rates (c/alpha) (scale/rho)^alpha (1 +- beta). The rest has the mean
        2 beta c scale^alpha rho^(1-alpha)/(1-alpha) per unit time: for alpha > 1 what makes up for
        the mean of the large jumps, for alpha < 1 the mean of the small ones.

    Examples
    --------
    >>> part = axis_jumps(1.5, np.array([0.1]), 0.0, 0.1)
    >>> round(part.rate, 8), round(float(part.covariance[0, 0]), 6)
    (0.39894228, 0.011968)
    """
    dim = len(scale)
    alpha, beta = np.broadcast_to(alpha, dim), np.broadcast_to(beta, dim)
    tail = _tail(alpha, scale, threshold)
    rates = np.stack([0.5 * tail * (1.0 + beta), 0.5 * tail * (1.0 - beta)], axis=1).ravel()
    skewed = beta != 0.0
    drift = np.zeros(dim)
    drift[skewed] = (beta * tail * alpha)[skewed] * threshold / (1.0 - alpha[skewed])
    axes = np.repeat(np.eye(dim), 2, axis=0) * np.tile([1.0, -1.0], dim)[:, None]
    return JumpPart(
        rate=float(rates.sum()),
        jump=axis_jump,
        p=np.concatenate([[threshold], _cumulated(rates), -1.0 / alpha]),
        covariance=np.diag(_rest(alpha, scale, threshold)),
        drift=drift,
        rays=axes[rates > 0.0],
    )


def _cumulated(rates: FloatArray) -> FloatArray:
    total = rates.sum()
    return np.cumsum(rates) / total if total > 0.0 else np.ones(len(rates))


def ray_jumps(alpha: float, columns: FloatArray, threshold: float) -> JumpPart:
    """Cut the law G Z of independent SaS(1) drivers Z, whose jumps are parallel to columns of G.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless.
    columns : ndarray, shape (dim, drivers)
        G, epsilon included, length/time^(1/alpha).
    threshold : float
        rho, length.

    Returns
    -------
    JumpPart

    Examples
    --------
    >>> part = ray_jumps(1.5, np.array([[0.3], [0.4]]), 0.5)
    >>> round(part.rate, 8), np.round(part.rays, 12).tolist()
    (0.39894228, [[0.6, 0.8], [-0.6, -0.8]])
    """
    lengths = np.linalg.norm(columns, axis=0)
    columns, lengths = columns[:, lengths > 0.0], lengths[lengths > 0.0]
    units, indices = columns / lengths, np.full(len(lengths), alpha)
    rates = _tail(indices, lengths, threshold)
    header = [threshold, -1.0 / alpha, len(lengths)]
    return JumpPart(
        rate=float(rates.sum()),
        jump=ray_jump,
        p=np.concatenate([header, _cumulated(rates), units.T.ravel()]),
        covariance=weighted_squares(units, _rest(indices, lengths, threshold)),
        drift=np.zeros(len(columns)),
        rays=np.concatenate([units.T, -units.T]),
    )


def elliptic_jumps(alpha: float, matrix: FloatArray, threshold: float) -> JumpPart:
    """Cut the law E exp(iu.L) = exp(-|G'u|^alpha), whose jumps go in all directions of G.

    Its Levy measure is the image under G of the isotropic one: with s uniform on the sphere, z
    standard normal and p = alpha/2 the rate of |G y| > rho is
    2^p/Gamma(1-p) rho^-alpha E|G z|^alpha, directions G s have the weight |G s|^alpha, and lengths
    are those of a Pareto law.

    Parameters
    ----------
    alpha : float
        Stability index, below 2, dimensionless.
    matrix : ndarray, shape (dim, drivers)
        G, epsilon included, length/time^(1/alpha).
    threshold : float
        rho, length.

    Returns
    -------
    JumpPart

    Examples
    --------
    >>> part = elliptic_jumps(1.5, 0.1 * np.eye(2), 0.1)
    >>> round(part.rate, 8)
    0.7169832
    """
    dim, isotropic = len(matrix), _is_isotropic(matrix)
    if isotropic:
        left, sizes, rank = np.eye(dim), np.diag(matrix), dim
    else:
        left, sizes = _principal_axes(matrix.shape, matrix.tobytes())
        rank = len(sizes)
    if rank == 1:
        return ray_jumps(alpha, left * sizes, threshold)
    weights = directional_moments(alpha, sizes)
    power = 0.5 * alpha
    constant = 2.0**power / math.gamma(1.0 - power)
    rest = alpha / (2.0 - alpha) * constant * positive_power(threshold, 2.0 - alpha) * weights
    header = [threshold, -1.0 / alpha, 1.0 / sizes[0] ** 2, 2.0 / alpha, rank]
    return JumpPart(
        rate=float(constant * positive_power(threshold, -alpha) * weights.sum()),
        jump=isotropic_jump if isotropic else elliptic_jump,
        p=np.concatenate([header, sizes[:1] if isotropic else (left * sizes).T.ravel()]),
        covariance=np.diag(rest) if isotropic else weighted_squares(left, rest),
        drift=np.zeros(dim),
        rays=np.zeros((0, dim)),
    )


def _is_isotropic(matrix: FloatArray) -> bool:
    """Whether it is a positive number times the identity."""
    first = matrix[0, 0]
    square = matrix.shape[0] == matrix.shape[1]
    return bool(square and first > 0.0 and (matrix == first * np.eye(len(matrix))).all())


@functools.lru_cache(maxsize=4)  # one run cuts the same law at several thresholds
def _principal_axes(shape: tuple[int, int], numbers: bytes) -> tuple[FloatArray, FloatArray]:
    """Left singular vectors of a matrix and its singular values, those that are not rounding."""
    left, sizes = singular_directions(np.frombuffer(numbers).reshape(shape))
    rank = int(np.count_nonzero(sizes > _RANK * sizes[0]))
    return left[:, :rank], sizes[:rank]
