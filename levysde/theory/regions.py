"""Sets of jumps after which a particle stays: domains stretched, cut and combined."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.theory import arguments
from levysde.theory.escape_measure import EscapeMeasure, law_measure
from levysde.theory.gauge import (
    box_ends,
    exit_distances,
    half_space_room,
    has_closed_form,
    quadratic_form,
)
from levysde.theory.laws import EllipticLaw, Law, RayLaw, jump_laws
from levysde.theory.parts import DomainLike, NoiseLike, Vector, checked_positive
from levysde.theory.rays import exit_segments, outside_points, require_inside
from levysde.theory.sphere import sphere_points

_CENTERED = 1e-13
_WHOLE = 1e-9
_SPREAD_POWER = 7
_TRIES = 400
_ROUNDING = 1e-12

ManyOutside = Callable[[Vector], NDArray[np.bool_]]
"""Predicate of many points, shape (count, dim)."""


@dataclass(frozen=True, eq=False)
class Region:
    """An open set with the attributes of a domain.

    Parameters
    ----------
    name : str
        A kind with closed forms, or ``"custom"``.
    dim : int
        Dimension of the space.
    params : mapping
        Parameters of a kind with closed forms.
    outside_many : callable
        Predicate of many points.
    p : ndarray
        Empty.
    """

    name: str
    dim: int
    params: Mapping[str, Any]
    outside_many: ManyOutside
    p: Vector = field(default_factory=lambda: np.empty(0))

    @property
    def outside(self) -> Callable[[Vector, Vector], bool]:
        """Predicate of one point."""
        return lambda x, p: bool(self.outside_many(x[None])[0])


def _convex(name: str, center: Vector, params: Mapping[str, Any]) -> Region:
    """Return a region of a kind with closed forms, the center being inside."""

    def outside(x: Vector) -> NDArray[np.bool_]:
        return np.asarray(exit_distances(region, center, x - center) <= 1.0)

    region = Region(name, center.size, params, outside)
    return region


def stretched(domain: DomainLike, center: Vector, factors: Vector) -> DomainLike:
    """Return {x : center + (x - center)/factors in the domain}, of the same kind where possible.

    Parameters
    ----------
    domain : object
        The domain.
    center : ndarray, shape (dim,)
        The point that stays.
    factors : ndarray, shape (dim,)
        Positive numbers.

    Returns
    -------
    object
        The domain itself if all factors are 1; a ball may become an ellipsoid.
    """
    if np.all(factors == 1.0):
        return domain
    dim, name = domain.dim, domain.name
    if name in ("interval", "box"):
        lower, upper = box_ends(domain)
        ends = {"lower": center + factors * (lower - center)}
        ends["upper"] = center + factors * (upper - center)
        return _convex(name, center, ends)
    if name == "half_space":
        normal, room = half_space_room(domain, center)
        turned = normal / factors
        offset = room + float(turned @ center)
        return _convex(name, center, {"normal": turned, "offset": offset})
    if name == "ball" and np.all(factors == factors[0]):
        middle = np.asarray(domain.params["center"], dtype=np.float64)
        radius = float(factors[0]) * float(domain.params["radius"])
        moved = center + factors * (middle - center)
        return _convex(name, center, {"center": moved, "radius": radius})
    if name in ("ball", "ellipsoid"):
        middle, matrix = quadratic_form(domain)
        shape = matrix / np.outer(factors, factors)
        moved = center + factors * (middle - center)
        return _convex("ellipsoid", center, {"center": moved, "matrix": shape})
    return Region(
        "custom", dim, {}, lambda x: outside_points(domain, center + (x - center) / factors)
    )


def swinging(domain: DomainLike, center: Vector, there: Vector, back: Vector) -> DomainLike | None:
    """Return the jumps y for which center + f y stays inside for all f from -back to there.

    Parameters
    ----------
    domain : object
        The domain; the answer is for convex ones with closed forms.
    center : ndarray, shape (dim,)
        A point inside.
    there, back : ndarray, shape (dim,)
        Largest displacements by a jump of 1 to its side and to the other, per coordinate.

    Returns
    -------
    object or None
        The set of these y, moved to the center; None where it is not known: extrema of different
        coordinates come at different times, which matters in all domains but boxes.
    """
    dim = domain.dim
    if domain.name in ("interval", "box"):
        lower, upper = box_ends(domain)
        with np.errstate(divide="ignore"):
            above = np.minimum((upper - center) / there, (center - lower) / back)
            below = np.minimum((center - lower) / there, (upper - center) / back)
        return _convex(domain.name, center, {"lower": center - below, "upper": center + above})
    if not has_closed_form(domain) or np.any(there != there[0]) or np.any(back != back[0]):
        return None
    if domain.name in ("ball", "ellipsoid"):
        middle, matrix = quadratic_form(domain)
        shift = center - middle
        if float(shift @ matrix @ shift) <= _CENTERED**2:
            return stretched(domain, center, 1.0 / np.maximum(there, back))

    def outside(x: Vector) -> NDArray[np.bool_]:
        away = x - center
        forth = exit_distances(domain, center, away * there) <= 1.0
        return np.asarray(forth | (exit_distances(domain, center, -away * back) <= 1.0))

    return Region("custom", dim, {}, outside)


def cut_measure(
    domain: DomainLike, law: Law, center: Vector, factors: Vector, clip: float
) -> EscapeMeasure:
    """Return nu(W) for jumps y that displace a particle by factors y, at most by the clip length.

    Parameters
    ----------
    domain : object
        The jumps after which the particle would be inside without clipping, moved to the center.
    law : RayLaw or EllipticLaw
        The jumps.
    center : ndarray, shape (dim,)
        The point of rest.
    factors : ndarray, shape (dim,)
        Displacement per unit of the driver.
    clip : float
        Largest displacement.

    Returns
    -------
    EscapeMeasure
        The measure without clipping of the directions in which the boundary is nearer than the
        clip length.
    """
    # A displacement that ends on the boundary only by being cut is not counted.
    room = clip * (1.0 - _ROUNDING)
    closed = has_closed_form(domain)
    if closed and isinstance(law, RayLaw):
        lengths = np.linalg.norm(law.directions * factors, axis=1)
        near = exit_distances(domain, center, law.directions) * lengths < room
        if not near.any():
            return EscapeMeasure(0.0, 0.0, f"closed form: {domain.name}")
        kept = RayLaw(law.alpha, law.directions[near], law.weights[near], law.where)
        return law_measure(domain, kept, center)

    def outside(x: Vector) -> NDArray[np.bool_]:
        away = x - center
        lengths = np.linalg.norm(away * factors, axis=1)
        if closed:
            shares = exit_distances(domain, center, away)
            reached = shares <= 1.0
            return np.asarray(reached & (np.where(reached, shares, 0.0) * lengths < room))
        cut = np.divide(room, lengths, out=np.ones_like(lengths), where=lengths > room)
        return outside_points(domain, center + away * cut[:, None])

    return law_measure(Region("custom", domain.dim, {}, outside), law, center)


def _reach(domain: DomainLike, center: Vector, directions: Vector) -> Vector:
    """Return the distance to the first crossing of the boundary along unit vectors."""
    if has_closed_form(domain):
        return exit_distances(domain, center, directions)
    return np.array([ray.first for ray in exit_segments(domain, center, directions)])


def _nearest_face(domain: DomainLike, center: Vector) -> float | None:
    """Return the distance to the boundary in closed form."""
    if domain.name in ("interval", "box"):
        lower, upper = box_ends(domain)
        return float(np.min(np.minimum(upper - center, center - lower)))
    if domain.name == "half_space":
        normal, room = half_space_room(domain, center)
        return room / float(np.linalg.norm(normal))
    if domain.name == "ball":
        shift = center - np.asarray(domain.params["center"], dtype=np.float64)
        return float(domain.params["radius"]) - float(np.linalg.norm(shift))
    return None


def _nearest_in_span(domain: DomainLike, center: Vector, matrix: Vector) -> float:
    """Return the smallest distance to the boundary along the images of unit vectors."""
    from scipy.optimize import minimize

    def reach(z: Vector) -> float:
        direction = matrix @ z
        length = float(np.linalg.norm(direction))
        if length == 0.0:
            return math.inf
        return float(_reach(domain, center, (direction / length)[None])[0])

    rank = matrix.shape[1]
    starts = np.concatenate([np.eye(rank), -np.eye(rank), sphere_points(rank, _SPREAD_POWER, 0)])
    found = np.array([reach(z) for z in starts])
    best: Vector = starts[int(np.argmin(found))]
    if not np.isfinite(found).any():
        return math.inf
    answer = minimize(
        reach, best, method="Nelder-Mead", options={"maxfev": _TRIES, "xatol": 1e-6, "fatol": 0.0}
    )
    return min(float(answer.fun), float(np.min(found)))


def boundary_distance(
    domain: DomainLike, laws: tuple[Law, ...], center: Vector, factors: Vector
) -> float:
    """Return the smallest distance to the boundary in the directions in which jumps displace.

    Parameters
    ----------
    domain : object
        Omega.
    laws : tuple of RayLaw or EllipticLaw
        The jumps y.
    center : ndarray, shape (dim,)
        The point of rest.
    factors : ndarray, shape (dim,)
        Displacement per unit of the driver.

    Returns
    -------
    float
        Units of the state; ``inf`` where no direction leads out.
    """
    distances = [math.inf]
    for law in laws:
        if isinstance(law, EllipticLaw):
            face = _nearest_face(domain, center) if law.rank == domain.dim else None
            matrix = factors[:, None] * law.matrix
            distances.append(_nearest_in_span(domain, center, matrix) if face is None else face)
        else:
            images = law.directions * factors
            units = images / np.linalg.norm(images, axis=1)[:, None]
            distances.append(float(np.min(_reach(domain, center, units))))
    return min(distances)


def jumps_needed(distance: float, clip: float) -> int | None:
    """Return ceil(distance/clip), None where the distance is a whole multiple of the clip length.

    Parameters
    ----------
    distance, clip : float
        Positive lengths.

    Returns
    -------
    int or None
        Number of steps.
    """
    ratio = distance / clip
    whole = round(ratio)
    return None if abs(ratio - whole) <= _WHOLE * ratio else math.ceil(ratio)


@arguments.checked(domain=arguments.domain, noise=arguments.noise)
def clipped_jumps(domain: DomainLike, noise: NoiseLike, center: ArrayLike, clip: float) -> int:
    """Return l* = ceil(r/b), the number of clipped jumps that an exit takes.

    r is the smallest distance from the center to the boundary in a direction in which the noise
    jumps, b the largest length of a step. Escape times then grow as eps^(-alpha l*), with a
    constant that depends on more than the jumps and is not known here; for l* = 1 the law is the
    one without clipping, restricted to the directions with r < b. The domain is assumed to be
    convex: otherwise jumps in different directions may need fewer.

    Parameters
    ----------
    domain : object
        Omega.
    noise : object
        Noise law, as for `escape_measure`.
    center : array_like, shape (dim,)
        The minimum.
    clip : float
        b, positive, units of the state.

    Returns
    -------
    int
        l*, at least 1.

    Raises
    ------
    ValueError
        If the center is not inside the domain, no jump leads out, a number is out of range, or r
        is a whole multiple of b: then neither l* nor l* + 1 jumps describe the exit.

    Notes
    -----
    Source: Wang, Oh & Rhee, ICLR 2022 (arXiv 2102.04297), theorem 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> interval = SimpleNamespace(name="interval", dim=1, params={"lower": -1.0, "upper": 2.0})
    >>> from levysde.noise import independent
    >>> clipped_jumps(interval, independent(1.5), [0.0], clip=0.3)
    4
    """
    clip = checked_positive(clip, "clip")
    point = require_inside(domain, center)
    laws = jump_laws(noise, domain.dim)
    distance = boundary_distance(domain, laws, point, np.ones(domain.dim))
    if not math.isfinite(distance):
        raise ValueError(f"no jump leaves the domain {domain.name!r}, however many are made")
    needed = jumps_needed(distance, clip)
    if needed is None:
        raise ValueError(
            f"the boundary is {distance:.6g} away, a whole multiple of clip = {clip:.6g}: "
            "the number of jumps is not determined; give another clip"
        )
    return needed
