"""Where a path can be: the length of a basin, and the places it is thrown to and returns from."""

import functools
import math

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.engine.compile import prepared
from levysde.engine.cpu.pointwise import are_outside

__all__ = ["places", "shortest_distance"]

RARE = 0.005
"""Places that fewer of the jumps reach than this share of the exits are not looked at."""

_RANDOM_DIRECTIONS = 32
_MOST_AXES = 32
_RADII, _NEAR_RADII = 48, 32
_FLOW_STEPS = 16
_MOST_COORDINATES = 1 << 24  # about; two distances are always looked at
_EXPONENTS = range(-960, 961, 8)


@functools.lru_cache(maxsize=64)
def _directions(dim: int) -> FloatArray:
    """Axes, at most 32 of them, and in more than one dimension 32 fixed random directions."""
    axes = np.eye(dim)[np.unique(np.linspace(0, dim - 1, min(dim, _MOST_AXES)).astype(int))]
    if dim == 1:
        return np.concatenate([axes, -axes])
    others = np.random.default_rng(0).standard_normal((_RANDOM_DIRECTIONS, dim))
    others /= np.linalg.norm(others, axis=1)[:, None]
    return np.concatenate([axes, -axes, others])


@functools.lru_cache(maxsize=64)  # several questions of one run ask for it
def shortest_distance(basin: Basin) -> float:
    """The shortest distance from the minimum to the boundary that a few directions show.

    It is the length by which steps are measured, and needs no more than the predicate: every power
    of 2 is tried, and the interval in which a direction first leaves is searched.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.

    Returns
    -------
    float
        Length; infinite where no direction leaves.

    Examples
    --------
    >>> from levysde import basins
    >>> round(shortest_distance(basins.asymmetric()), 9)
    0.25
    """
    rays = _directions(basin.dim)
    outside, p = prepared(basin.domain.outside), np.array(basin.domain.p)

    def leaves(radius: float) -> npt.NDArray[np.bool_]:
        return are_outside(outside, p, basin.center + radius * rays)

    high = math.inf
    for exponent in _EXPONENTS:
        if leaves(2.0**exponent).any():
            high = 2.0**exponent
            break
    if not high < math.inf:
        return math.inf
    for radius in high * np.exp2(np.linspace(-8.0, 0.0, 65)[1:]):
        out = leaves(float(radius))
        if out.any():
            rays, high = rays[out], float(radius)
            break
    low: float = high * 2.0**-0.125
    while high - low > 1e-12 * high:
        middle = 0.5 * (low + high)
        if leaves(middle).any():
            high = middle
        else:
            low = middle
    return low


@functools.lru_cache(maxsize=64)
def places(basin: Basin, alpha: float) -> FloatArray:
    """Points of the domain to which jumps from the minimum lead, and others on the way back.

    Along the axes and other directions, from a small part of the shortest distance to the boundary
    to where jumps are too rare to matter; in more than one dimension also where the flow leads from
    there. In more than 128 dimensions at fewer distances, and near the minimum by the flow alone.

    Parameters
    ----------
    basin : Basin
        Potential, domain and minimum.
    alpha : float
        Index of the noise, dimensionless.

    Returns
    -------
    ndarray, shape (count, dim)
        In units of the coordinates, the nearest to the minimum first.

    Examples
    --------
    >>> from levysde import basins
    >>> found = places(basins.asymmetric(), 1.5)
    >>> bool(-0.25 < found.min() < -0.24), bool(0.8 < found.max() < 1.0)
    (True, True)
    """
    length = shortest_distance(basin)
    if not length < math.inf:
        return np.empty((0, basin.dim))
    farthest = length * RARE ** (-1.0 / alpha) if alpha < 2.0 else 4.0 * length
    rays = _directions(basin.dim)
    radii = np.geomspace(length / 64.0, farthest, _RADII)
    # The whole range up to the boundary, which for most basins is near.
    near = length * np.linspace(1.0 / 64.0, 63.0 / 64.0, _NEAR_RADII)
    # In more than 128 dimensions at fewer of them, the last ones included.
    coordinates = (_RADII + _NEAR_RADII) * rays.size * (1 + _FLOW_STEPS)
    every = math.ceil(coordinates / _MOST_COORDINATES)
    radii = np.union1d(radii[::-every], near[::-every])
    points = basin.center + (radii[:, None, None] * rays).reshape(-1, basin.dim)
    points = points[~basin.domain.outside_many(points)]
    found = [points]
    for _ in range(_FLOW_STEPS if basin.dim > 1 else 0):
        points = _nearer(basin, points, length)
        points = points[~basin.domain.outside_many(points)]
        found.append(points)
    everything = np.concatenate(found)
    order = np.argsort(np.linalg.norm(everything - basin.center, axis=1), kind="stable")
    return checks.freeze(everything[order])


def _nearer(basin: Basin, points: FloatArray, length: float) -> FloatArray:
    """Points moved along the force by a fourth of their distance from the minimum."""
    force = basin.potential.gradient_many(points)
    size = np.linalg.norm(force, axis=1)
    ahead = np.isfinite(size) & (size > 0.0)
    points, force, size = points[ahead], force[ahead], size[ahead]
    distance = np.linalg.norm(points - basin.center, axis=1)
    far = distance > length / 64.0
    share = 0.25 * distance[far] / size[far]
    moved: FloatArray = points[far] - share[:, None] * force[far]
    return moved
