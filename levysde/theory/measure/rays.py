"""Where a ray from a point leaves a domain: closed forms, and a search for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.theory import arguments
from levysde.theory.numbers import checked_point
from levysde.theory.protocols import DomainLike, Vector, is_costly, shape_of

_PER_OCTAVE = 32
_OCTAVES = 30
_MANY_NUMBERS = 1 << 20
_COARSE_OCTAVES = 60
_BISECTIONS = 120
_BISECTION_WIDTH = 1e-13
_STATES = 1 << 20
_SLICE = 1 << 18
_SHORT = 3  # rows that are faster taken column by column


@dataclass(frozen=True)
class RaySegments:
    """The part of a ray ``center + r direction``, r > 0, that lies outside a domain.

    Parameters
    ----------
    segments : tuple of (float, float)
        Exterior segments (r_in, r_out) in increasing order, units of the state; the last r_out
        is ``inf`` where the ray stays outside. Empty if the ray never leaves.
    widths : tuple of (float, float)
        Absolute uncertainty of the end points; 0 for closed forms.
    searched : float
        Radius up to which the ray was searched; ``inf`` for closed forms.

    Examples
    --------
    >>> RaySegments(((1.0, float("inf")),), ((0.0, 0.0),), float("inf")).first
    1.0
    """

    segments: tuple[tuple[float, float], ...]
    widths: tuple[tuple[float, float], ...]
    searched: float

    @property
    def first(self) -> float:
        """Distance to the first crossing of the boundary, ``inf`` if there is none."""
        return self.segments[0][0] if self.segments else float("inf")

    @property
    def ends_outside(self) -> bool:
        """Whether the ray stays outside beyond its last crossing, or never leaves."""
        return not self.segments or self.segments[-1][1] == float("inf")


def require_inside(domain: DomainLike, center: ArrayLike, what: str = "center") -> Vector:
    """Return the point as an array if it lies in the open domain.

    Parameters
    ----------
    domain : object
        Domain with ``name``, ``dim``, ``p`` and ``outside``.
    center : array_like, shape (dim,)
        The point.
    what : str
        Name of the point in the messages.

    Returns
    -------
    ndarray, shape (dim,)
        The point.

    Raises
    ------
    ValueError
        If the point is not finite, has a wrong length, or lies outside or on the boundary.

    Examples
    --------
    >>> from levysde import domains
    >>> require_inside(domains.interval(-1.0, 1.0), [0.5])
    array([0.5])
    """
    point = checked_point(center, domain.dim, what)
    shape = shape_of(domain)
    if shape is not None:
        axis = np.zeros(domain.dim)
        axis[0] = 1.0
        outside = not shape.exit_distances(point, axis[None])[0] > 0.0
    else:
        outside = bool(domain.outside(point, domain.p))
    if outside:
        raise ValueError(
            f"{what} {point.tolist()} is not inside the domain {domain.name!r}: "
            "it lies outside or on the boundary"
        )
    return point


def outside_points(domain: DomainLike, points: Vector) -> NDArray[np.bool_]:
    """Return whether each of many points is outside, all at once where the domain can.

    Parameters
    ----------
    domain : object
        Domain with ``outside``, ``p`` and perhaps ``outside_many``.
    points : ndarray, shape (count, dim)
        Points.

    Returns
    -------
    ndarray of bool, shape (count,)
        The answers.
    """
    many = getattr(domain, "outside_many", None)
    if many is not None:
        return np.asarray(many(points), dtype=bool)
    outside, p = domain.outside, domain.p
    return np.array([bool(outside(point, p)) for point in points], dtype=bool)


def outside_along(
    domain: DomainLike, center: Vector, directions: Vector, ray: NDArray[np.intp], radii: Vector
) -> NDArray[np.bool_]:
    """Return whether points on rays from one center are outside, in slices that fit the cache.

    Parameters
    ----------
    domain : object
        The domain.
    center : ndarray, shape (dim,)
        Common starting point.
    directions : ndarray, shape (rays, dim)
        Unit vectors.
    ray : ndarray of int, shape (points,)
        The ray of each point.
    radii : ndarray, shape (points,)
        Distances from the center.

    Returns
    -------
    ndarray of bool, shape (points,)
        The answers.
    """
    found = np.empty(ray.size, dtype=bool)
    size = max(1, _SLICE // center.size)
    # Far out the user's function may overflow, which is an honest way of being far out.
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(0, ray.size, size):
            points, lengths = directions.take(ray[k : k + size], axis=0), radii[k : k + size]
            if center.size <= _SHORT:
                for j in range(center.size):
                    points[:, j] *= lengths
                    points[:, j] += center[j]
            else:
                points *= lengths[:, None]
                points += center
            found[k : k + size] = outside_points(domain, points)
    return found


def bisected(
    is_outside: Callable[[NDArray[np.intp], Vector], NDArray[np.bool_]],
    low: Vector,
    high: Vector,
    leaves: NDArray[np.bool_],
    relative: float | Vector,
) -> tuple[Vector, Vector]:
    """Narrow brackets of crossings of the boundary, all at once.

    Parameters
    ----------
    is_outside : callable
        Function of bracket numbers and distances: whether the points there are outside.
    low, high : ndarray, shape (brackets,)
        Distances from the center at the two ends.
    leaves : ndarray of bool, shape (brackets,)
        Whether the upper end is the one outside.
    relative : float or ndarray, shape (brackets,)
        Width over distance at which a bracket is narrow enough.

    Returns
    -------
    (ndarray, ndarray), shapes (brackets,)
        Middles and widths.
    """
    low, high = low.copy(), high.copy()
    relative = np.broadcast_to(relative, low.shape)
    open_ = np.arange(low.size)
    for _ in range(_BISECTIONS):
        open_ = open_[high[open_] - low[open_] > relative[open_] * high[open_]]
        if not open_.size:
            break
        middle = 0.5 * (low[open_] + high[open_])
        beyond = is_outside(open_, middle) == leaves[open_]
        high[open_[beyond]], low[open_[~beyond]] = middle[beyond], middle[~beyond]
    return np.asarray(0.5 * (low + high)), high - low


def _octaves(many: bool) -> Vector:
    """Return log2 of the distances that are searched, in units of the first exit, about."""
    if not many:
        return np.arange(-_OCTAVES * _PER_OCTAVE, _OCTAVES * _PER_OCTAVE + 1) / _PER_OCTAVE
    fine, coarse = np.arange(-2.0, 4.0, 1.0 / _PER_OCTAVE), 4.0 / _PER_OCTAVE
    return np.concatenate([np.arange(-6.0, -2.0, coarse), fine, np.arange(4.0, 14.5, coarse)])


def _searched(
    domain: DomainLike, center: Vector, directions: Vector, octaves: Vector
) -> list[RaySegments]:
    """Search rays about the first exit that a coarse scan finds."""
    count, offset = len(directions), float(np.max(np.abs(center)))
    rays = np.arange(count)
    size = max(1.0, offset)
    scan: Vector = size * np.exp2(np.arange(-_COARSE_OCTAVES, _COARSE_OCTAVES + 1.0))

    def states_at(radii: Vector) -> NDArray[np.bool_]:
        ray = np.repeat(rays, radii.shape[1])
        return outside_along(domain, center, directions, ray, radii.ravel()).reshape(radii.shape)

    coarse = states_at(np.broadcast_to(scan, (count, scan.size)))
    length = np.where(coarse.any(axis=1), scan[np.argmax(coarse, axis=1)], size)
    radii: Vector = length[:, None] * 2.0**octaves
    states = np.zeros((count, octaves.size + 1), dtype=bool)
    states[:, 1:] = states_at(radii)
    ends = np.hstack([np.zeros((count, 1)), radii])
    ray, step = np.nonzero(states[:, 1:] != states[:, :-1])
    crossing, width = bisected(
        lambda which, middle: outside_along(domain, center, directions, ray[which], middle),
        ends[ray, step],
        ends[ray, step + 1],
        ~states[ray, step],
        _BISECTION_WIDTH,
    )
    # A point cannot be placed more finely than the spacing of the numbers.
    width = np.maximum(width, np.spacing(offset + crossing))
    found = []
    for k in rays:
        places, widths = crossing[ray == k].tolist(), width[ray == k].tolist()
        if states[k, -1]:
            places, widths = [*places, float("inf")], [*widths, 0.0]
        found.append(
            RaySegments(
                segments=tuple(zip(places[0::2], places[1::2], strict=True)),
                widths=tuple(zip(widths[0::2], widths[1::2], strict=True)),
                searched=float(radii[k, -1]),
            )
        )
    return found


def exit_segments(domain: DomainLike, center: Vector, directions: Vector) -> list[RaySegments]:
    """Return the exterior segments of many rays, as `ray_exit_segments` of each.

    Parameters
    ----------
    domain : object
        Domain with ``name``, ``dim``, ``p`` and ``outside``.
    center : ndarray, shape (dim,)
        Starting point of the rays, inside the domain.
    directions : ndarray, shape (rays, dim)
        Unit vectors.

    Returns
    -------
    list of RaySegments
        One a ray.
    """
    shape = shape_of(domain)
    if shape is None:
        octaves = _octaves(directions.size > _MANY_NUMBERS or is_costly(domain))
        chunk = _STATES // octaves.size
        starts = range(0, len(directions), chunk)
        parts = (_searched(domain, center, directions[k : k + chunk], octaves) for k in starts)
        return [ray for part in parts for ray in part]
    endless = float("inf")
    return [
        RaySegments(((r, endless),), ((0.0, 0.0),), endless)
        if np.isfinite(r)
        else RaySegments((), (), endless)
        for r in shape.exit_distances(center, directions).tolist()
    ]


@arguments.checked(domain=arguments.domain)
def ray_exit_segments(domain: DomainLike, center: ArrayLike, direction: ArrayLike) -> RaySegments:
    """Return the exterior segments of the ray {center + r direction : r > 0}.

    Where the domain declares its shape it is convex, so that one segment (R, inf) remains, R in
    closed form. For every other domain the predicate ``outside`` is
    evaluated at 32 radii per octave, from 1e-9 to 1e9 times the first exit found by a scan at one
    radius per octave, and every change is narrowed by bisection to a relative width of 1e-13. The
    domain may be of any shape, but a layer thinner than 2.2 percent of its distance can be missed,
    and what is missed is in no stated error.

    Parameters
    ----------
    domain : object
        Domain with ``name``, ``dim``, ``p`` and ``outside``.
    center : array_like, shape (dim,)
        Starting point of the ray, inside the domain.
    direction : array_like, shape (dim,)
        Unit vector.

    Returns
    -------
    RaySegments
        The segments with their uncertainties.

    Raises
    ------
    ValueError
        If the center is not inside the domain or a length is wrong.

    Examples
    --------
    >>> from levysde import domains
    >>> ball = domains.ball([0.0, 0.0], 2.0)
    >>> ray_exit_segments(ball, [1.0, 0.0], [1.0, 0.0]).segments
    ((1.0, inf),)
    """
    point = require_inside(domain, center)
    unit = checked_point(direction, domain.dim, "direction")
    return exit_segments(domain, point, unit[None])[0]


@arguments.checked(domain=arguments.domain)
def first_exits(domain: DomainLike, center: ArrayLike, directions: ArrayLike) -> Vector:
    """Return the first crossings of the boundary on many rays, as `ray_exit_segments` of each.

    Rays are searched together, as many at once as are searched like one, so that every answer is
    the same to the last digit and the predicate is called a few times instead of a few times a ray.

    Parameters
    ----------
    domain : object
        Domain with ``name``, ``dim``, ``p`` and ``outside``.
    center : array_like, shape (dim,)
        Starting point of the rays, inside the domain.
    directions : array_like, shape (rays, dim)
        Unit vectors.

    Returns
    -------
    ndarray, shape (rays,)
        Distances, ``inf`` where there is no crossing.

    Raises
    ------
    ValueError
        If the center is not inside the domain or a length is wrong.

    Examples
    --------
    >>> from levysde import domains
    >>> ball = domains.ball([0.0, 0.0], 2.0)
    >>> first_exits(ball, [1.0, 0.0], [[1.0, 0.0], [-1.0, 0.0]])
    array([1., 3.])
    """
    point = require_inside(domain, center)
    units = np.array(
        [checked_point(row, domain.dim, "direction") for row in np.asarray(directions)]
    )
    # A product of matrices may round otherwise than one of vectors: closed forms go one by one.
    size = max(1, _MANY_NUMBERS // domain.dim) if shape_of(domain) is None else 1
    starts = range(0, len(units), size)
    return np.array(
        [ray.first for k in starts for ray in exit_segments(domain, point, units[k : k + size])]
    )
