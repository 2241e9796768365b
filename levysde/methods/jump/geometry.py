"""Shapes as the jump-adapted scheme sees them: exit distances, and where the flow leads inward."""

import functools
import math

import numpy as np

from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.domains.well import trapping_radius

__all__ = ["directions", "exit_distances_of", "inner_radius", "trusted_radius"]

SEARCHED_SHARE = 0.9
"""Of the shortest exit distance found where there is no closed form: what is relied on."""

_DIRECTIONS = 512
_TRAPS = np.exp2(np.arange(-4.0, 10.0, 0.25))
_BISECTIONS = 12
_FAR_SHARES = np.geomspace(1e-3, 1e3, 400)


def directions(dim: int) -> FloatArray:
    """Unit vectors in all directions, the axes among them; the same ones every time.

    Parameters
    ----------
    dim : int
        Dimension.

    Returns
    -------
    ndarray, shape (count, dim)

    Examples
    --------
    >>> directions(1)[:2].tolist()
    [[1.0], [-1.0]]
    """
    if dim == 1:
        return np.array([[1.0], [-1.0]])
    others = np.random.default_rng(0).standard_normal((_DIRECTIONS, dim))
    others /= np.linalg.norm(others, axis=1)[:, None]
    return np.concatenate([np.eye(dim), -np.eye(dim), others])


def exit_distances_of(basin: Basin, rays: FloatArray) -> FloatArray:
    """Distances from the minimum to the boundary in given directions.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    rays : ndarray, shape (count, dim)
        Unit vectors.

    Returns
    -------
    ndarray, shape (count,)
        Length; infinite where a ray stays inside. In closed form or to the last digits, but for a
        domain of attraction, of which every point costs a flow, to a part in ten thousand.

    Examples
    --------
    >>> from levysde import basins
    >>> exit_distances_of(basins.asymmetric(), directions(1)).tolist()
    [1.0, 0.25]
    """
    if basin.domain.shape is not None:
        return basin.domain.shape.exit_distances(basin.minimum, rays)
    return _searched_ways(basin, tuple(map(tuple, rays.tolist()))).copy()


@functools.lru_cache(maxsize=64)  # several questions of one run ask for the same rays
def _searched_ways(basin: Basin, rays: tuple[tuple[float, ...], ...]) -> FloatArray:
    from levysde.theory.measure.rays import first_exits

    if basin.domain.trapping_radius is not None:
        return _ways_out_of_trap(basin, np.array(rays), basin.domain.trapping_radius)
    return first_exits(basin.domain, basin.minimum, rays)


def _ways_out_of_trap(basin: Basin, rays: FloatArray, trap: float) -> FloatArray:
    """First exits of all rays at once, going outward and then between the last two points.

    A point inside is soon trapped, one outside takes the flow to another minimum: each ray meets
    few of those.
    """
    low, high = np.zeros(len(rays)), np.full(len(rays), np.inf)
    for radius in _TRAPS * trap:
        going = np.flatnonzero(high == np.inf)
        if not going.size:
            break
        out = basin.domain.outside_many(basin.minimum + radius * rays[going])
        high[going[out]], low[going[~out]] = radius, radius
    left = np.flatnonzero(high < np.inf)
    for _ in range(_BISECTIONS if left.size else 0):
        middle = 0.5 * (low[left] + high[left])
        out = basin.domain.outside_many(basin.minimum + middle[:, None] * rays[left])
        high[left[out]], low[left[~out]] = middle[out], middle[~out]
    return np.where(high < np.inf, low, np.inf)


def inner_radius(basin: Basin) -> float:
    """Radius of a ball about the minimum inside the domain.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.

    Returns
    -------
    float
        Length: that of the declared shape, or nine tenths of the shortest of many exit distances.

    Examples
    --------
    >>> from levysde import basins
    >>> inner_radius(basins.sharp(3))
    0.25
    """
    if basin.domain.shape is not None:
        return basin.domain.shape.inscribed_radius(basin.minimum)
    return SEARCHED_SHARE * float(exit_distances_of(basin, directions(basin.dim)).min())


def trusted_radius(basin: Basin) -> float:
    """Radius of a ball about the minimum in which the flow does not approach the boundary.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.

    Returns
    -------
    float
        Length; infinite where that is so in all of the domain.

    Examples
    --------
    >>> from levysde import basins
    >>> trusted_radius(basins.flat(2))
    inf
    """
    if basin.domain.is_invariant_under(basin.potential, basin.minimum):
        return math.inf
    inside = inner_radius(basin)
    if basin.potential.approaching:
        return inside
    return min(inside, trapping_radius(basin.potential, basin.minimum))
