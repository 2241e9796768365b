"""One jump longer than the threshold: its line, its direction and its length."""

import math

import numpy as np

from levysde._typing import FloatArray, UInt64
from levysde.engine.random.elementary import exp2, log2
from levysde.engine.random.philox import random_words, unit_uniform
from levysde.engine.random.variates import gaussian_pair
from levysde.engine.slots import DIRECTION_SLOT

__all__ = ["pareto"]

_SMALLEST = 2.0**-53


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


def axis_jump(
    x: FloatArray,
    t: float,
    u: float,
    seed: UInt64,
    path: UInt64,
    step: UInt64,
    p: FloatArray,
    work: FloatArray,
) -> None:
    """Jump along an axis; p: rho, cumulated probabilities up and down, then -1/alpha of each."""
    rays = 2 * len(x)
    ray, rest = _chosen(u, p, 1, rays)
    length = pareto(rest, p[0], p[1 + rays + ray // 2])
    x[ray // 2] += length if ray % 2 == 0 else -length


def ray_jump(
    x: FloatArray,
    t: float,
    u: float,
    seed: UInt64,
    path: UInt64,
    step: UInt64,
    p: FloatArray,
    work: FloatArray,
) -> None:
    """Jump along a line; p: rho, -1/alpha, the number of lines, probabilities, unit vectors."""
    lines, dim = int(p[2]), len(x)
    up = u < 0.5
    line, rest = _chosen(2.0 * u if up else 2.0 * u - 1.0, p, 3, lines)
    length = pareto(rest, p[0], p[1]) * (1.0 if up else -1.0)
    for j in range(dim):
        x[j] += length * p[3 + lines + line * dim + j]


def elliptic_jump(
    x: FloatArray,
    t: float,
    u: float,
    seed: UInt64,
    path: UInt64,
    step: UInt64,
    p: FloatArray,
    work: FloatArray,
) -> None:
    """Jump in a direction G s, s on the sphere with the weight |G s|^alpha, by rejection.

    p: rho, -1/alpha, 1/(largest singular value)^2, 2/alpha, the number of drivers, G by columns.
    """
    _weighted_jump(x, u, seed, path, step, p, work[0], False)


def isotropic_jump(
    x: FloatArray,
    t: float,
    u: float,
    seed: UInt64,
    path: UInt64,
    step: UInt64,
    p: FloatArray,
    work: FloatArray,
) -> None:
    """The same where G is a number; p: rho, -1/alpha, 1/G^2, 2/alpha, the dimension, G."""
    _weighted_jump(x, u, seed, path, step, p, work[0], True)


def _weighted_jump(
    x: FloatArray,
    u: float,
    seed: UInt64,
    path: UInt64,
    step: UInt64,
    p: FloatArray,
    y: FloatArray,
    isotropic: bool,
) -> None:
    drivers, dim = int(p[4]), len(x)
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
