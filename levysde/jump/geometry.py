"""Shapes as the jump-adapted scheme sees them: ways out, and where the flow leads inward."""

import functools
import math
from collections.abc import Callable

import numpy as np

from levysde import domains, flow, wells
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.domain import Domain
from levysde.engine.source import code_key

__all__ = ["directions", "inner_radius", "trusted_radius", "ways_out"]

SEARCHED_SHARE = 0.9
"""Of the shortest way out that was found, where there is no closed form: what is relied on."""

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


def ways_out(basin: Basin, rays: FloatArray) -> FloatArray:
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
    >>> ways_out(basins.asymmetric(), directions(1)).tolist()
    [1.0, 0.25]
    """
    from levysde.theory.gauge import exit_distances, has_closed_form

    if has_closed_form(basin.domain):
        return exit_distances(basin.domain, basin.minimum, rays)
    return _searched_ways(basin, tuple(map(tuple, rays.tolist()))).copy()


@functools.lru_cache(maxsize=64)  # several questions of one run ask for the same rays
def _searched_ways(basin: Basin, rays: tuple[tuple[float, ...], ...]) -> FloatArray:
    from levysde.theory.rays import first_exits

    if basin.domain.name == "attraction":
        return _ways_of_attraction(basin, np.array(rays))
    return first_exits(basin.domain, basin.minimum, rays)


def _ways_of_attraction(basin: Basin, rays: FloatArray) -> FloatArray:
    """First exits of all rays at once, going outward and then between the last two points.

    A point inside is soon trapped, one outside takes the flow to another minimum: each ray meets
    few of those.
    """
    low, high = np.zeros(len(rays)), np.full(len(rays), np.inf)
    for radius in _TRAPS * _array(basin.domain, "trapping_radius"):
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
        Length: exact for interval, box, ball and half space, a lower bound for an ellipsoid, nine
        tenths of the shortest of many ways out for other domains.

    Examples
    --------
    >>> from levysde import basins
    >>> inner_radius(basins.sharp(3))
    0.25
    """
    domain, minimum = basin.domain, basin.minimum
    if domain.name in ("interval", "box"):
        return float(ways_out(basin, np.concatenate([np.eye(basin.dim), -np.eye(basin.dim)])).min())
    if domain.name == "half_space":
        normal = np.asarray(domain.params["normal"])
        return float(ways_out(basin, (normal / np.linalg.norm(normal))[None])[0])
    if domain.name == "ball":
        offset = minimum - _array(domain, "center")
        return float(_array(domain, "radius") - np.linalg.norm(offset))
    if domain.name == "ellipsoid":
        matrix, offset = _array(domain, "matrix"), minimum - _array(domain, "center")
        gauge = math.sqrt(float(offset @ matrix @ offset))
        return (1.0 - gauge) / math.sqrt(float(np.linalg.eigvalsh(matrix)[-1]))
    return SEARCHED_SHARE * float(ways_out(basin, directions(basin.dim)).min())


def _array(domain: Domain, name: str) -> FloatArray:
    return np.asarray(domain.params[name], dtype=np.float64)


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
    if _never_approaches(basin):
        return math.inf
    inside = inner_radius(basin)
    if basin.potential.name in ("quadratic", "asymmetric_quadratic"):
        return inside  # the distance from the minimum falls along the flow
    return min(inside, wells.trapping_radius(basin.potential, basin.minimum))


def _never_approaches(basin: Basin) -> bool:
    """Whether the flow moves away from the boundary everywhere in the domain, as far as known."""
    rule = _RULES.get(basin.domain.name)
    return rule is not None and rule(basin)


def _in_interval(basin: Basin) -> bool:
    """Where the force points to the minimum from all of the interval."""
    ends = [float(_array(basin.domain, end)) for end in ("lower", "upper")]
    rooms = [abs(end - float(basin.minimum[0])) for end in ends]
    for side, room in zip((-1.0, 1.0), rooms, strict=True):
        inside = np.linspace(0.0, 1.0, 402)[1:-1]
        radii = room * inside if math.isfinite(room) else min(rooms) * _FAR_SHARES
        if not np.isfinite(radii).all():
            return True  # no end anywhere
        forces = basin.potential.gradient_many((basin.minimum[0] + side * radii)[:, None])[:, 0]
        if not (side * forces > 0.0).all():
            return False
    return True


def _in_box(basin: Basin) -> bool:
    """Where every coordinate moves by itself."""
    return _axes_apart(basin)


def _in_ellipsoid(basin: Basin) -> bool:
    """Where A H + H A is positive semidefinite, so that (x - c)'A(x - c) falls."""
    domain, potential = basin.domain, basin.potential
    if not np.array_equal(domain.params["center"], basin.minimum):
        return False
    matrix = np.eye(basin.dim) if domain.name == "ball" else np.asarray(domain.params["matrix"])
    diagonal = np.array_equal(matrix, np.diag(np.diag(matrix)))
    if potential.name == "asymmetric_quadratic":
        return bool(diagonal)
    if potential.name != "quadratic":
        return False
    curvature = np.asarray(potential.params["curvature"])
    if curvature.ndim == 1 and diagonal:
        return bool((np.diag(matrix) * curvature >= 0.0).all())
    curvature = curvature if curvature.ndim == 2 else np.diag(curvature)
    both = matrix @ curvature + curvature @ matrix
    return bool(np.linalg.eigvalsh(both)[0] >= -1e-12 * np.abs(both).max())


def _in_half_space(basin: Basin) -> bool:
    """Where the curvature is the same in all directions."""
    if basin.potential.name != "quadratic":
        return False
    curvature = np.asarray(basin.potential.params["curvature"])
    return curvature.ndim == 1 and bool((curvature == curvature[0]).all())


def _in_sublevel_set(basin: Basin) -> bool:
    """Where the set is one of the potential itself."""
    if basin.potential.value is None:
        return False
    own = domains.sublevel_set(basin.potential, float(_array(basin.domain, "level")))
    same = code_key(own.outside) == code_key(basin.domain.outside)
    return same and np.array_equal(own.p, basin.domain.p)


def _in_attraction(basin: Basin) -> bool:
    """Where the flow is that of the potential itself."""
    own, count = flow.attraction_predicate(basin.potential), len(basin.potential.p)
    same = code_key(own) == code_key(basin.domain.outside)
    return same and np.array_equal(basin.domain.p[:count], basin.potential.p)


def _axes_apart(basin: Basin) -> bool:
    if basin.potential.name == "quadratic":
        return np.ndim(basin.potential.params["curvature"]) == 1
    return basin.potential.name in ("asymmetric_quadratic", "quartic")


_RULES: dict[str, Callable[[Basin], bool]] = {
    "attraction": _in_attraction,
    "ball": _in_ellipsoid,
    "box": _in_box,
    "ellipsoid": _in_ellipsoid,
    "half_space": _in_half_space,
    "interval": _in_interval,
    "sublevel_set": _in_sublevel_set,
}
