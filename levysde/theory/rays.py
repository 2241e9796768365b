"""Where a ray from a point leaves a domain: closed forms, and a search for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.theory.gauge import exit_distances, has_closed_form
from levysde.theory.parts import DomainLike, Vector, checked_point

_PER_OCTAVE = 32
_OCTAVES = 30
_COARSE_OCTAVES = 60
_BISECTIONS = 120
_BISECTION_WIDTH = 1e-13


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
        Domain with ``name``, ``dim``, ``params``, ``p`` and ``outside``.
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
    >>> from types import SimpleNamespace
    >>> domain = SimpleNamespace(name="interval", dim=1, params={"lower": -1.0, "upper": 1.0})
    >>> require_inside(domain, [0.5])
    array([0.5])
    """
    point = checked_point(center, domain.dim, what)
    if has_closed_form(domain):
        axis = np.zeros(domain.dim)
        axis[0] = 1.0
        outside = not exit_distances(domain, point, axis[None])[0] > 0.0
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


def _bisect(is_outside: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    """Narrow a bracket whose two ends differ; return the crossing and the width of the bracket."""
    state = is_outside(low) if low > 0.0 else False
    for _ in range(_BISECTIONS):
        if high - low <= _BISECTION_WIDTH * high:
            break
        middle = 0.5 * (low + high)
        if is_outside(middle) == state:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high), high - low


def _search(domain: DomainLike, center: Vector, direction: Vector) -> RaySegments:
    outside, p = domain.outside, domain.p

    def is_outside(radius: float) -> bool:
        return bool(outside(center + radius * direction, p))

    size = max(1.0, float(np.max(np.abs(center))))
    crossings: list[tuple[float, float]] = []
    # Far out the user's function may overflow, which is an honest way of being far out.
    with np.errstate(over="ignore", invalid="ignore"):
        octaves: Vector = size * np.exp2(np.arange(-_COARSE_OCTAVES, _COARSE_OCTAVES + 1.0))
        coarse = outside_points(domain, center + octaves[:, None] * direction)
        length = octaves[np.argmax(coarse)] if coarse.any() else size
        steps = np.arange(-_OCTAVES * _PER_OCTAVE, _OCTAVES * _PER_OCTAVE + 1)
        radii: Vector = np.asarray(length * 2.0 ** (steps / _PER_OCTAVE), dtype=np.float64)
        found = outside_points(domain, center + radii[:, None] * direction)
        states = np.concatenate([[False], found])
        ends = np.concatenate([[0.0], radii])
        for k in np.flatnonzero(states[1:] != states[:-1]):
            crossing, width = _bisect(is_outside, float(ends[k]), float(ends[k + 1]))
            # A point cannot be placed more finely than the spacing of the numbers.
            reach = float(np.max(np.abs(center))) + crossing
            crossings.append((crossing, max(width, float(np.spacing(reach)))))
    state = bool(states[-1])
    if state:
        crossings.append((float("inf"), 0.0))
    pairs = list(zip(crossings[0::2], crossings[1::2], strict=True))
    return RaySegments(
        segments=tuple((a[0], b[0]) for a, b in pairs),
        widths=tuple((a[1], b[1]) for a, b in pairs),
        searched=float(radii[-1]),
    )


def ray_exit_segments(domain: DomainLike, center: ArrayLike, direction: ArrayLike) -> RaySegments:
    """Return the exterior segments of the ray {center + r direction : r > 0}.

    Interval, box, ball, ellipsoid and half space are convex, so that one segment
    (R, inf) remains, R in closed form. For every other domain the predicate ``outside`` is
    evaluated at 32 radii per octave, from 1e-9 to 1e9 times the first exit found by a coarse scan,
    and every change is narrowed by bisection to a relative width of 1e-13. The domain may be of
    any shape, but a layer thinner than two percent of its distance can be missed.

    Parameters
    ----------
    domain : object
        Domain with ``name``, ``dim``, ``params``, ``p`` and ``outside``.
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
    >>> from types import SimpleNamespace
    >>> ball = SimpleNamespace(name="ball", dim=2, params={"center": [0.0, 0.0], "radius": 2.0})
    >>> ray_exit_segments(ball, [1.0, 0.0], [1.0, 0.0]).segments
    ((1.0, inf),)
    """
    point = require_inside(domain, center)
    unit = checked_point(direction, domain.dim, "direction")
    if not has_closed_form(domain):
        return _search(domain, point, unit)
    distance = float(exit_distances(domain, point, unit[None])[0])
    never = not np.isfinite(distance)
    return RaySegments(
        segments=() if never else ((distance, float("inf")),),
        widths=() if never else ((0.0, 0.0),),
        searched=float("inf"),
    )
