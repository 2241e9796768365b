"""Distances along rays to the boundary of a convex domain, in closed form, for many rays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from levysde.theory.parts import DomainLike, Vector, checked_point


def box_ends(domain: DomainLike) -> tuple[Vector, Vector]:
    """Return the lower and upper ends of an interval or a box.

    Parameters
    ----------
    domain : object
        An interval or a box.

    Returns
    -------
    (ndarray, ndarray), shapes (dim,)
        Lower and upper ends; entries may be infinite.
    """
    shape = (domain.dim,)
    lower = np.broadcast_to(np.asarray(domain.params["lower"], dtype=np.float64), shape)
    upper = np.broadcast_to(np.asarray(domain.params["upper"], dtype=np.float64), shape)
    return lower, upper


def quadratic_form(domain: DomainLike) -> tuple[Vector, Vector]:
    """Return c and A of {(x - c)'A(x - c) < 1}, the domain being a ball or an ellipsoid.

    Parameters
    ----------
    domain : object
        A ball or an ellipsoid.

    Returns
    -------
    (ndarray, ndarray), shapes (dim,) and (dim, dim)
        Center and symmetric matrix.
    """
    center = checked_point(domain.params["center"], domain.dim, f"the {domain.name}'s center")
    if domain.name == "ball":
        return center, np.eye(domain.dim) / float(domain.params["radius"]) ** 2
    matrix = np.asarray(domain.params["matrix"], dtype=np.float64)
    # Only the symmetric part enters the quadratic form.
    return center, 0.5 * (matrix + matrix.T)


def half_space_room(domain: DomainLike, center: Vector) -> tuple[Vector, float]:
    """Return the normal n of a half space {n.x < b} and the room b - n.center.

    Parameters
    ----------
    domain : object
        A half space.
    center : ndarray, shape (dim,)
        A point.

    Returns
    -------
    (ndarray, float)
        Normal, shape (dim,), and room, in units of n.x.
    """
    normal = checked_point(domain.params["normal"], domain.dim, "the half space's normal")
    return normal, float(domain.params["offset"]) - float(normal @ center)


def _box_distance(domain: DomainLike, center: Vector, directions: Vector) -> Vector:
    lower, upper = box_ends(domain)
    if not (np.all(lower < center) and np.all(center < upper)):
        return np.zeros(len(directions))
    room = np.where(directions > 0.0, upper - center, center - lower)
    steps = np.divide(
        room, np.abs(directions), out=np.full(directions.shape, np.inf), where=directions != 0.0
    )
    return np.asarray(np.min(steps, axis=1))


def _quadratic_root(square: Vector, half_linear: Vector, room: float) -> Vector:
    """Return the positive root of ``square r^2 + 2 half_linear r = room``, free of cancellation."""
    if room <= 0.0:
        return np.zeros(square.shape)
    root = np.sqrt(half_linear * half_linear + np.maximum(square, 0.0) * room)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(
            half_linear > 0.0, room / (half_linear + root), (root - half_linear) / square
        )
    return np.where(square > 0.0, distance, np.inf)


def _ball_distance(domain: DomainLike, center: Vector, directions: Vector) -> Vector:
    shift = center - checked_point(domain.params["center"], domain.dim, "the ball's center")
    radius = float(domain.params["radius"])
    norm = float(np.linalg.norm(shift))
    room = (radius - norm) * (radius + norm)
    return _quadratic_root(np.sum(directions**2, axis=1), directions @ shift, room)


def _ellipsoid_distance(domain: DomainLike, center: Vector, directions: Vector) -> Vector:
    middle, matrix = quadratic_form(domain)
    shift = center - middle
    image = directions @ matrix
    square = np.sum(image * directions, axis=1)
    if np.min(square) < 0.0:
        worst = int(np.argmin(square))
        raise ValueError(
            f"the ellipsoid's matrix gives {float(square[worst])!r} along the direction "
            f"{directions[worst].tolist()}, but it must be positive semidefinite"
        )
    return _quadratic_root(square, image @ shift, 1.0 - float(shift @ matrix @ shift))


def _half_space_distance(domain: DomainLike, center: Vector, directions: Vector) -> Vector:
    normal, room = half_space_room(domain, center)
    if room <= 0.0:
        return np.zeros(len(directions))
    speed = directions @ normal
    steps = np.divide(room, speed, out=np.full(speed.shape, np.inf), where=speed > 0.0)
    return np.asarray(steps)


_CLOSED_FORMS: dict[str, Callable[[DomainLike, Vector, Vector], Vector]] = {
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


def exit_distances(domain: DomainLike, center: Vector, directions: Vector) -> Vector:
    """Return the smallest r > 0 with center + r direction on the boundary, for many directions.

    Parameters
    ----------
    domain : object
        Interval, box, ball, ellipsoid or half space.
    center : ndarray, shape (dim,)
        Common starting point.
    directions : ndarray, shape (rays, dim)
        Vectors of any length, in whose units r is counted.

    Returns
    -------
    ndarray, shape (rays,)
        Distances; ``inf`` where the ray stays inside, 0 if the center is not inside.

    Raises
    ------
    ValueError
        If the matrix of an ellipsoid is not positive semidefinite.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> ball = SimpleNamespace(name="ball", dim=2, params={"center": [0.0, 0.0], "radius": 2.0})
    >>> exit_distances(ball, np.array([1.0, 0.0]), np.array([[1.0, 0.0], [-1.0, 0.0]])).tolist()
    [1.0, 3.0]
    """
    return _CLOSED_FORMS[domain.name](domain, center, directions)
