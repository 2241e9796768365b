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

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.algebra import singular_directions, weighted_squares
from levysde.engine.moments import directional_moments, positive_power
from levysde.engine.random.elementary import exp2, log2
from levysde.engine.random.philox import random_words, unit_uniform
from levysde.engine.random.variates import gaussian_pair
from levysde.engine.slots import DIRECTION_SLOT

_SMALLEST = 2.0**-53
_RANK = 1e-12


@dataclass(frozen=True, eq=False)
class JumpPart:
    """Noise cut at a threshold.

    Attributes
    ----------
    rate : float
        Jumps longer than the threshold per unit time.
    jump : callable
        `jump(x, u, seed, path, step, p)` adds one such jump to x. Its line and length are made of
        the uniform u, a direction in space of words of its own.
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


# --------------------------------------------------------------------------------- plain functions


def pareto(u: float, threshold: float, exponent: float) -> float:
    """Length of a jump, rho u^(-1/alpha): P(length > r) = (r/rho)^(-alpha).

    Parameters
    ----------
    u : float
        Uniform on (0, 1), dimensionless.
    threshold : float
        rho, length.
    exponent : float
        -1/alpha, dimensionless.

    Returns
    -------
    float
        Length.

    Examples
    --------
    >>> float(pareto(0.25, 0.1, -0.5))
    0.2
    """
    return threshold * exp2(exponent * log2(u))


def _chosen(u: float, p: FloatArray, first: int, count: int) -> tuple[int, float]:
    """The first of `count` increasing numbers p[first], ... that exceeds u, and what is left of u.

    Within the gap that it falls into u is uniform again; the gap costs it digits, of which a length
    needs few.
    """
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        if u < p[first + middle]:
            high = middle
        else:
            low = middle + 1
    below = p[first + low - 1] if low > 0 else 0.0
    return low, min(max((u - below) / (p[first + low] - below), _SMALLEST), 1.0)


def _axis_jump(
    x: FloatArray, u: float, seed: UInt64, path: UInt64, step: UInt64, p: FloatArray
) -> None:
    """Jump along an axis; p: rho, cumulated probabilities up and down, then -1/alpha of each."""
    rays = 2 * len(x)
    ray, rest = _chosen(u, p, 1, rays)
    length = pareto(rest, p[0], p[1 + rays + ray // 2])
    x[ray // 2] += length if ray % 2 == 0 else -length


def _ray_jump(
    x: FloatArray, u: float, seed: UInt64, path: UInt64, step: UInt64, p: FloatArray
) -> None:
    """Jump along a line; p: rho, -1/alpha, the number of lines, probabilities, unit vectors."""
    lines, dim = int(p[2]), len(x)
    up = u < 0.5
    line, rest = _chosen(2.0 * u if up else 2.0 * u - 1.0, p, 3, lines)
    length = pareto(rest, p[0], p[1]) * (1.0 if up else -1.0)
    for j in range(dim):
        x[j] += length * p[3 + lines + line * dim + j]


def _elliptic_jump(
    x: FloatArray, u: float, seed: UInt64, path: UInt64, step: UInt64, p: FloatArray
) -> None:
    """Jump in a direction G s, s on the sphere with the weight |G s|^alpha, by rejection.

    p: rho, -1/alpha, 1/(largest singular value)^2, 2/alpha, the number of drivers, G by columns.
    """
    _weighted_jump(x, u, seed, path, step, p, False)


def _isotropic_jump(
    x: FloatArray, u: float, seed: UInt64, path: UInt64, step: UInt64, p: FloatArray
) -> None:
    """The same where G is a number; p: rho, -1/alpha, 1/G^2, 2/alpha, the dimension, G."""
    _weighted_jump(x, u, seed, path, step, p, True)


def _weighted_jump(
    x: FloatArray,
    u: float,
    seed: UInt64,
    path: UInt64,
    step: UInt64,
    p: FloatArray,
    isotropic: bool,
) -> None:
    drivers, dim = int(p[4]), len(x)
    y = np.empty(dim)
    slot = DIRECTION_SLOT
    while True:
        for j in range(dim):
            y[j] = 0.0
        square = 0.0
        for k in range(0, drivers, 4):
            words = random_words(seed, path, step, slot)
            slot += np.uint64(1)
            pairs = gaussian_pair(words[0]), gaussian_pair(words[1])
            for i in range(min(4, drivers - k)):
                z = pairs[i // 2][i % 2]
                square += z * z
                if isotropic:
                    y[k + i] += p[5] * z
                else:
                    for j in range(dim):
                        y[j] += p[5 + (k + i) * dim + j] * z
        length = 0.0
        for j in range(dim):
            length += y[j] * y[j]
        accept = unit_uniform(random_words(seed, path, step, slot)[0])
        slot += np.uint64(1)
        if p[2] * length >= square * exp2(max(p[3] * log2(accept), -1022.0)):
            break
    factor = pareto(u, p[0], p[1]) / math.sqrt(length)
    for j in range(dim):
        x[j] += factor * y[j]


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
        jump=_axis_jump,
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
        jump=_ray_jump,
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
        jump=_isotropic_jump if isotropic else _elliptic_jump,
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
