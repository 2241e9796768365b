"""Where a ray from a point leaves a domain: closed forms, and a search for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

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


def _box_distance(domain: DomainLike, center: Vector, direction: Vector) -> float:
    lower = np.broadcast_to(np.asarray(domain.params["lower"], dtype=np.float64), center.shape)
    upper = np.broadcast_to(np.asarray(domain.params["upper"], dtype=np.float64), center.shape)
    if not (np.all(lower < center) and np.all(center < upper)):
        return 0.0
    moving = direction != 0.0
    room = np.where(direction > 0.0, upper - center, center - lower)[moving]
    return float(np.min(room / np.abs(direction[moving])))


def _quadratic_root(square: float, half_linear: float, room: float) -> float:
    """Return the positive root of ``square r^2 + 2 half_linear r = room``, free of cancellation."""
    if room <= 0.0:
        return 0.0
    if square <= 0.0:
        return float("inf")
    root = float(np.sqrt(half_linear * half_linear + square * room))
    return room / (half_linear + root) if half_linear > 0.0 else (root - half_linear) / square


def _ball_distance(domain: DomainLike, center: Vector, direction: Vector) -> float:
    shift = center - checked_point(domain.params["center"], domain.dim, "the ball's center")
    radius = float(domain.params["radius"])
    norm = float(np.linalg.norm(shift))
    room = (radius - norm) * (radius + norm)
    return _quadratic_root(float(direction @ direction), float(shift @ direction), room)


def _ellipsoid_distance(domain: DomainLike, center: Vector, direction: Vector) -> float:
    shift = center - checked_point(domain.params["center"], domain.dim, "the ellipsoid's center")
    matrix = np.asarray(domain.params["matrix"], dtype=np.float64)
    # Only the symmetric part enters the quadratic form.
    image = 0.5 * (matrix @ direction + direction @ matrix)
    square = float(direction @ image)
    if square < 0.0:
        raise ValueError(
            f"the ellipsoid's matrix gives {square!r} along the direction {direction.tolist()}, "
            "but it must be positive semidefinite"
        )
    return _quadratic_root(square, float(shift @ image), 1.0 - float(shift @ matrix @ shift))


def _half_space_distance(domain: DomainLike, center: Vector, direction: Vector) -> float:
    normal = checked_point(domain.params["normal"], domain.dim, "the half space's normal")
    room = float(domain.params["offset"]) - float(normal @ center)
    if room <= 0.0:
        return 0.0
    speed = float(normal @ direction)
    return room / speed if speed > 0.0 else float("inf")


_CLOSED_FORMS: dict[str, Callable[[DomainLike, Vector, Vector], float]] = {
    "interval": _box_distance,
    "box": _box_distance,
    "ball": _ball_distance,
    "ellipsoid": _ellipsoid_distance,
    "half_space": _half_space_distance,
}


def has_closed_form(domain: DomainLike) -> bool:
    """Say whether distances along rays are known in closed form for this kind of domain.

    Parameters
    ----------
    domain : object
        A domain; only ``name`` is read.

    Returns
    -------
    bool
        True for interval, box, ball, ellipsoid and half space.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> has_closed_form(SimpleNamespace(name="custom"))
    False
    """
    return domain.name in _CLOSED_FORMS


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
        outside = not _CLOSED_FORMS[domain.name](domain, point, axis) > 0.0
    else:
        outside = bool(domain.outside(point, domain.p))
    if outside:
        raise ValueError(
            f"{what} {point.tolist()} is not inside the domain {domain.name!r}: "
            "it lies outside or on the boundary"
        )
    return point


def _outside_at(domain: DomainLike, center: Vector, direction: Vector, radii: Vector) -> Vector:
    """Return whether each point of a ray is outside, all at once where the domain can."""
    points = center + radii[:, None] * direction
    many = getattr(domain, "outside_many", None)
    if many is not None:
        return np.asarray(many(points), dtype=bool)
    return np.array([bool(domain.outside(point, domain.p)) for point in points])


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
        coarse = _outside_at(domain, center, direction, octaves)
        length = octaves[np.argmax(coarse)] if coarse.any() else size
        steps = np.arange(-_OCTAVES * _PER_OCTAVE, _OCTAVES * _PER_OCTAVE + 1)
        radii: Vector = np.asarray(length * 2.0 ** (steps / _PER_OCTAVE), dtype=np.float64)
        states = np.concatenate([[False], _outside_at(domain, center, direction, radii)])
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
    distance = _CLOSED_FORMS[domain.name](domain, point, unit)
    never = not np.isfinite(distance)
    return RaySegments(
        segments=() if never else ((distance, float("inf")),),
        widths=() if never else ((0.0, 0.0),),
        searched=float("inf"),
    )
