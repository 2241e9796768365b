"""Sets of jumps after which a particle stays: domains stretched, cut and combined."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.theory import arguments
from levysde.theory.measure.escape_measure import EscapeMeasure, law_measure
from levysde.theory.measure.jump_laws import EllipticLaw, Law, RayLaw, jump_laws, law_at
from levysde.theory.measure.rays import exit_segments, outside_points, require_inside
from levysde.theory.measure.sphere_points import sphere_points
from levysde.theory.numbers import checked_positive
from levysde.theory.protocols import DomainLike, NoiseLike, ShapeLike, Vector, shape_of

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
        For messages.
    dim : int
        Dimension of the space.
    outside_many : callable
        Predicate of many points.
    shape : object or None
        The same set in closed form.
    p : ndarray
        Empty.
    """

    name: str
    dim: int
    outside_many: ManyOutside
    shape: ShapeLike | None = None
    p: Vector = field(default_factory=lambda: np.empty(0))

    @property
    def outside(self) -> Callable[[Vector, Vector], bool]:
        """Predicate of one point."""
        return lambda x, p: bool(self.outside_many(x[None])[0])


def _of_shape(name: str, shape: ShapeLike, center: Vector) -> Region:
    """Return the region of a shape, the center being inside."""

    def outside(x: Vector) -> NDArray[np.bool_]:
        return np.asarray(shape.exit_distances(center, x - center) <= 1.0)

    return Region(name, shape.dim, outside, shape)


def stretched(domain: DomainLike, center: Vector, factors: Vector) -> DomainLike:
    """Return {x : center + (x - center)/factors in the domain}, with its shape if there is one.

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
        The domain itself if all factors are 1.
    """
    if np.all(factors == 1.0):
        return domain
    shape = shape_of(domain)
    if shape is not None:
        return _of_shape(domain.name, shape.stretched(center, factors), center)
    return Region(
        "custom", domain.dim, lambda x: outside_points(domain, center + (x - center) / factors)
    )


def swept(domain: DomainLike, center: Vector, forth: Vector, back: Vector) -> DomainLike | None:
    """Return the jumps y for which center + f y stays inside for all f from -back to forth.

    Parameters
    ----------
    domain : object
        The domain; the answer is for those with a shape.
    center : ndarray, shape (dim,)
        A point inside.
    forth, back : ndarray, shape (dim,)
        Largest displacements by a jump of 1 to its side and to the other, per coordinate.

    Returns
    -------
    object or None
        The set of these y, moved to the center; None where it is not known: extrema of different
        coordinates come at different times, which matters in all domains but boxes.
    """
    shape = shape_of(domain)
    if shape is None:
        return None
    found = shape.swept(center, forth, back)
    if found is not None:
        return _of_shape(domain.name, found, center)
    if np.any(forth != forth[0]) or np.any(back != back[0]):
        return None

    def outside(x: Vector) -> NDArray[np.bool_]:
        away = x - center
        ahead = shape.exit_distances(center, away * forth) <= 1.0
        return np.asarray(ahead | (shape.exit_distances(center, -away * back) <= 1.0))

    return Region("custom", domain.dim, outside)


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
        The equilibrium.
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
    shape = shape_of(domain)
    if shape is not None and isinstance(law, RayLaw):
        lengths = np.linalg.norm(law.directions * factors, axis=1)
        near = shape.exit_distances(center, law.directions) * lengths < room
        if not near.any():
            return EscapeMeasure(0.0, 0.0, f"closed form: {domain.name}")
        kept = RayLaw(law.alpha, law.directions[near], law.weights[near], law.where)
        return law_measure(domain, kept, center)

    def outside(x: Vector) -> NDArray[np.bool_]:
        away = x - center
        lengths = np.linalg.norm(away * factors, axis=1)
        if shape is not None:
            shares = shape.exit_distances(center, away)
            reached = shares <= 1.0
            return np.asarray(reached & (np.where(reached, shares, 0.0) * lengths < room))
        cut = np.divide(room, lengths, out=np.ones_like(lengths), where=lengths > room)
        return outside_points(domain, center + away * cut[:, None])

    return law_measure(Region("custom", domain.dim, outside), law, center)


def _reach(domain: DomainLike, center: Vector, directions: Vector) -> Vector:
    """Return the distance to the first crossing of the boundary along unit vectors."""
    shape = shape_of(domain)
    if shape is not None:
        return shape.exit_distances(center, directions)
    return np.array([ray.first for ray in exit_segments(domain, center, directions)])


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
        The equilibrium.
    factors : ndarray, shape (dim,)
        Displacement per unit of the driver.

    Returns
    -------
    float
        Units of the state; ``inf`` where no direction leads out.
    """
    distances, shape = [math.inf], shape_of(domain)
    for law in laws:
        if isinstance(law, EllipticLaw):
            all_around = shape if law.rank == domain.dim else None
            nearest = None if all_around is None else all_around.distance(center)
            if nearest is None:
                nearest = _nearest_in_span(domain, center, factors[:, None] * law.matrix)
            distances.append(nearest)
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
    >>> from levysde import domains, noise
    >>> clipped_jumps(domains.interval(-1.0, 2.0), noise.independent(1.5), [0.0], clip=0.3)
    4
    """
    clip = checked_positive(clip, "clip")
    point = require_inside(domain, center)
    laws = jump_laws(law_at(noise, point), domain.dim)
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
