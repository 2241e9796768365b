"""Points at which functions of the user are tried."""

from collections.abc import Callable, Iterator

import numpy as np

from levysde._typing import FloatArray
from levysde.basins import Basin

__all__ = ["points_along_rays", "points_inside"]

POINTS = 100
"""Points at which a function is tried; fewer above 20 dimensions, where each costs more."""

RAYS = 8


def points_inside(basin: Basin) -> list[FloatArray]:
    """A few points of the domain: the minimum, the start, and some half way to the boundary.

    Parameters
    ----------
    basin : Basin
        With the domain.

    Returns
    -------
    list of ndarray, shape (dim,)

    Examples
    --------
    >>> from levysde import basins
    >>> [float(x[0]) for x in points_inside(basins.flat())]
    [0.0, 0.0, 0.25, -0.25]
    """
    steps = 0.5 * basin.domain.size_about(basin.center) * _directions(basin.dim, 4)
    near = [basin.center + step for step in steps]
    return [basin.center, basin.start, *(x for x in near if basin.domain.contains(x))]


def points_along_rays(
    basin: Basin, is_outside: Callable[[FloatArray], bool] | None
) -> Iterator[tuple[FloatArray, bool]]:
    """Points along rays from the minimum, inside the domain, near its boundary and beyond.

    Parameters
    ----------
    basin : Basin
        With the domain.
    is_outside : callable or None
        Its predicate, or nothing where that takes too long; no point is known to be inside then.

    Returns
    -------
    iterator of (ndarray, bool)
        Points, shape (dim,), and whether each is inside.

    Examples
    --------
    >>> from levysde import basins
    >>> found = list(points_along_rays(basins.flat(), lambda x: abs(x[0]) > 1.0))
    >>> len(found), sum(inside for _, inside in found)
    (100, 62)
    """
    count = max(12, min(POINTS, 2000 // basin.dim))
    directions = _directions(basin.dim, min(RAYS, count // 6))
    for direction in directions:
        distance = _size(basin) if is_outside is None else _way_out(basin, direction, is_outside)
        for radius in _radii(distance, count // len(directions)):
            x = basin.center + radius * direction
            yield x, is_outside is not None and not is_outside(x)


def _directions(dim: int, rays: int) -> FloatArray:
    """Unit vectors: both sides of the first axes, and others without a symmetry."""
    axes = np.repeat(np.eye(dim)[: max(1, rays // 4)], 2, axis=0)
    axes[1::2] *= -1.0
    if dim == 1:
        return axes
    oblique = np.random.default_rng(0).standard_normal((rays - len(axes), dim))
    return np.concatenate([axes, oblique / np.linalg.norm(oblique, axis=1)[:, None]])


def _size(basin: Basin) -> float:
    """Lengths that may occur, where the distance of the boundary is not known."""
    return max(1.0, float(np.abs(basin.center).max()), float(np.abs(basin.start).max()))


def _way_out(
    basin: Basin, direction: FloatArray, is_outside: Callable[[FloatArray], bool]
) -> float:
    """About the distance of the boundary along a ray, or the size of the problem."""
    inner, size = 0.0, _size(basin)
    for outer in size * np.exp2(np.arange(-24.0, 16.0, 2.0)):
        if not is_outside(basin.center + outer * direction):
            inner = outer
            continue
        for _ in range(12):
            middle = 0.5 * (inner + outer)
            if is_outside(basin.center + middle * direction):
                outer = middle
            else:
                inner = middle
        return float(outer)
    return size


def _radii(distance: float, count: int) -> FloatArray:
    """Distances along a ray: even ones inside, then closer and closer to the boundary, and far."""
    far = max(3, 2 * count // 5)
    even = np.linspace(0.0, 0.97, count - far) + 0.5 * 0.97 / (count - far)
    beyond = 1.0 + np.geomspace(1e-3, 1e3, far - 1)
    shares = np.concatenate([even[even < 0.999], [0.999], beyond])
    return np.asarray(distance * shares, dtype=np.float64)
