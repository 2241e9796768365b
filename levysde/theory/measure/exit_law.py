"""Where particles leave in the limit of small noise: the escape measure as a law of positions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.theory import arguments
from levysde.theory.measure.bundles import Bundle, ray_bundle
from levysde.theory.measure.elliptic import gauge_bound
from levysde.theory.measure.escape_measure import EscapeMeasure, dominant_law
from levysde.theory.measure.jump_laws import EllipticLaw, RayLaw
from levysde.theory.measure.rays import exit_segments, outside_points, require_inside
from levysde.theory.measure.sphere_points import sphere_points
from levysde.theory.protocols import DomainLike, NoiseLike, Vector, shape_of

_NODES_POWER = 12
_PLAIN_NODES_POWER = 10
_MARGIN = 0.8
_PROPOSALS = 1 << 20
_MOST_PROPOSALS = 1 << 28

Sampler = Callable[[int, np.random.Generator], Vector]
"""Function of a size and a generator that returns jumps, shape (size, dim)."""


@dataclass(frozen=True, eq=False)
class ExitSegments:
    """Exterior segments of rays, one row a segment.

    Parameters
    ----------
    ray : ndarray of int, shape (segments,)
        The ray of each segment.
    weight : ndarray, shape (segments,)
        w in nu(r s : r > R) = w R^(-alpha) along that ray.
    start, stop : ndarray, shape (segments,)
        Distances r at which the segment begins and ends.
    first : ndarray, shape (segments,)
        Where the first segment of the same ray begins.
    """

    ray: NDArray[np.intp]
    weight: Vector
    start: Vector
    stop: Vector
    first: Vector

    def mass(self, alpha: float, rho: float = 1.0) -> Vector:
        """Return nu of the part of each segment beyond rho times the first exit of its ray.

        Parameters
        ----------
        alpha : float
            Stability index, dimensionless.
        rho : float
            Multiple of the first exit, at least 1.

        Returns
        -------
        ndarray, shape (segments,)
            Masses, per unit time.
        """
        start = np.minimum(np.maximum(self.start, rho * self.first), self.stop)
        return np.asarray(self.weight * (start**-alpha - self.stop**-alpha))


@dataclass(frozen=True, eq=False)
class ExitLaw:
    """Limit law of the exit position: center + y, y with the law nu restricted to W.

    Parameters
    ----------
    alpha : float
        Stability index of the jumps that leave, dimensionless.
    center : ndarray, shape (dim,)
        Point of departure.
    escape_measure : EscapeMeasure
        nu(W), by which the law is normalized.
    rays : ndarray, shape (rays, dim), or None
        Unit vectors along which particles leave; None if they leave in all directions.
    probabilities : ndarray, shape (rays,), or None
        Probability of each ray.

    Examples
    --------
    >>> from levysde import domains, noise
    >>> law = exit_law(domains.interval(-1.0, 2.0), noise.independent(1.0), [0.0])
    >>> law.rays.ravel().tolist(), law.probabilities.round(6).tolist()
    ([1.0, -1.0], [0.333333, 0.666667])
    """

    alpha: float
    center: Vector
    escape_measure: EscapeMeasure
    rays: Vector | None
    probabilities: Vector | None
    _segments: ExitSegments = field(repr=False)
    _jumps: Sampler = field(repr=False)

    def sample(self, size: int, seed: int = 0) -> Vector:
        """Return independent exit positions.

        Parameters
        ----------
        size : int
            Number of positions.
        seed : int
            Seed of the generator.

        Returns
        -------
        ndarray, shape (size, dim)
            Positions center + y, units of the state.

        Raises
        ------
        ValueError
            If ``size`` is negative, or if so few of the proposed jumps leave that sampling by
            rejection is hopeless.
        """
        if size < 0:
            raise ValueError(f"size is {size!r}, but it must not be negative")
        return np.asarray(self.center + self._jumps(size, np.random.default_rng(seed)))

    def survival(self, rho: ArrayLike) -> Vector:
        """Return the probability that the gauge of the exit position exceeds rho.

        The gauge is the distance from the center divided by that of the first crossing of the
        boundary in the same direction. In a star-shaped domain the probability is rho^(-alpha).

        Parameters
        ----------
        rho : array_like, any shape
            Multiples of the distance to the boundary, dimensionless.

        Returns
        -------
        ndarray, shape of rho
            Probabilities; 1 for rho <= 1.

        Raises
        ------
        ValueError
            If ``rho`` contains nan.
        """
        values = np.asarray(rho, dtype=np.float64)
        if np.any(np.isnan(values)):
            raise ValueError("rho contains nan, but it must be a multiple of the distance")
        total = float(np.sum(self._segments.mass(self.alpha)))
        beyond = [
            float(np.sum(self._segments.mass(self.alpha, max(1.0, float(v))))) / total
            for v in values.ravel()
        ]
        return np.asarray(beyond).reshape(values.shape)


def _ray_segments(domain: DomainLike, law: RayLaw, center: Vector) -> ExitSegments:
    rows = [
        (k, law.weights[k], start, stop, ray.first)
        for k, ray in enumerate(exit_segments(domain, center, law.directions))
        for start, stop in ray.segments
    ]
    ray, weight, start, stop, first = np.array(rows, dtype=np.float64).reshape(-1, 5).T
    return ExitSegments(ray.astype(np.intp), weight, start, stop, first)


def _along_rays(law: RayLaw, segments: ExitSegments) -> Sampler:
    masses = segments.mass(law.alpha)
    probabilities = masses / np.sum(masses)

    def jumps(size: int, generator: np.random.Generator) -> Vector:
        chosen = generator.choice(masses.size, size=size, p=probabilities)
        near, far = segments.start[chosen] ** -law.alpha, segments.stop[chosen] ** -law.alpha
        # 1 - u is never 0, so that the radius is finite.
        share = 1.0 - generator.random(size)
        radius = (far + share * (near - far)) ** (-1.0 / law.alpha)
        return np.asarray(radius[:, None] * law.directions[segments.ray[chosen]])

    return jumps


def _on_rays(domain: DomainLike, law: RayLaw, center: Vector, measure: EscapeMeasure) -> ExitLaw:
    segments = _ray_segments(domain, law, center)
    masses = np.bincount(segments.ray, segments.mass(law.alpha), minlength=len(law.directions))
    used = masses > 0.0
    return ExitLaw(
        law.alpha,
        center,
        measure,
        law.directions[used],
        np.asarray(masses[used] / np.sum(masses)),
        segments,
        _along_rays(law, segments),
    )


def _node_segments(bundle: Bundle, law: EllipticLaw) -> ExitSegments:
    """Return the segments of rays spread over all directions, weighted as the law weights them."""
    plain = getattr(bundle.domain, "outside_many", None) is None
    units = sphere_points(law.rank, _PLAIN_NODES_POWER if plain else _NODES_POWER, 0)
    images = units @ law.matrix.T
    lengths = np.linalg.norm(images, axis=1)
    crossings = bundle.crossings(images / lengths[:, None], law.alpha)
    leaving = np.flatnonzero(crossings.sign > 0.0)
    ray, start = crossings.ray[leaving], crossings.radius[leaving]
    # What follows a way out on the same ray is the way back in.
    following = np.minimum(leaving + 1, crossings.ray.size - 1)
    back = (crossings.ray[following] == ray) & (crossings.sign[following] < 0.0)
    stop = np.where(back, crossings.radius[following], np.inf)
    opening = np.concatenate([[True], ray[1:] != ray[:-1]])
    first = start[opening][np.cumsum(opening) - 1]
    return ExitSegments(ray, lengths[ray] ** law.alpha, start, stop, first)


def _by_rejection(domain: DomainLike, law: EllipticLaw, center: Vector, nearest: float) -> Sampler:
    """Return a sampler of jumps Gz with |z| > nearest, kept if they leave the domain."""
    shape = shape_of(domain)

    def leaves(jumps: Vector) -> NDArray[np.bool_]:
        if shape is not None:
            return np.asarray(shape.exit_distances(center, jumps) <= 1.0)
        return outside_points(domain, center + jumps)

    def sample(size: int, generator: np.random.Generator) -> Vector:
        kept: list[Vector] = [np.empty((0, domain.dim))]
        count = tried = 0
        while count < size:
            rate = (count + 1.0) / (tried + 1.0)
            tries = int(min(1.1 * (size - count) / rate + 64.0, 64 + _PROPOSALS // law.rank))
            normal = generator.standard_normal((tries, law.rank))
            radius = nearest * (1.0 - generator.random(tries)) ** (-1.0 / law.alpha)
            jumps = (normal * (radius / np.linalg.norm(normal, axis=1))[:, None]) @ law.matrix.T
            found = jumps[leaves(jumps)]
            kept.append(found)
            count, tried = count + len(found), tried + tries
            if tried > _MOST_PROPOSALS and count < size:
                raise ValueError(f"only {count} of {tried} proposed jumps leave, too few to sample")
        return np.concatenate(kept)[:size]

    return sample


def _in_all_directions(
    domain: DomainLike, law: EllipticLaw, center: Vector, measure: EscapeMeasure
) -> ExitLaw:
    bundle, shape = ray_bundle(domain, center, law.matrix, law.alpha), shape_of(domain)
    if shape is not None:
        one = np.ones(1)
        segments = ExitSegments(np.zeros(1, dtype=np.intp), one, one, np.full(1, np.inf), one)
        nearest = 1.0 / gauge_bound(shape, law, center)
    else:
        segments = _node_segments(bundle, law)
        lengths = segments.weight ** (1.0 / law.alpha)
        nearest = _MARGIN * float(np.min(segments.first / lengths))
    jumps = _by_rejection(domain, law, center, nearest)
    return ExitLaw(law.alpha, center, measure, None, None, segments, jumps)


@arguments.checked(domain=arguments.domain, noise=arguments.noise)
def exit_law(domain: DomainLike, noise: NoiseLike, center: ArrayLike) -> ExitLaw:
    """Return the limit law of the exit position as the noise amplitude tends to 0.

    nu restricted to W and normalized, moved to the center. For laws on rays it is known in closed
    form. For isotropic and elliptic laws exit positions are found by rejection among the jumps
    Gz with |z| above a bound; for domains that are searched the bound is 4/5 of the nearest exit
    along a few thousand directions, and the survival function a mean over them. For a
    multifractal law it is the law of the smallest index that can exit (see `escape_measure`).

    Parameters
    ----------
    domain : object
        Omega, with ``name``, ``dim``, ``p``, ``outside`` and perhaps ``shape`` and
        ``outside_many(points)``.
    noise : object
        Noise law with ``name``, ``alpha`` and the attributes of the law.
    center : array_like, shape (dim,)
        Point of departure, the minimum of the basin.

    Returns
    -------
    ExitLaw
        The law.

    Raises
    ------
    ValueError
        As `escape_measure`, and if no jump leaves the domain.

    Notes
    -----
    Source: Imkeller, Pavlyukevich & Stauch, J. Stat. Phys. 141 (2010) 94. Without drift and at
    any noise the law from the center of a ball is another one (see `exit_overshoot_survival`).

    Examples
    --------
    >>> from levysde import domains, noise
    >>> law = exit_law(domains.ball([0.0, 0.0], 1.0), noise.isotropic(1.5), [0.0, 0.0])
    >>> law.survival(4.0).item(), law.sample(3).shape
    (0.125, (3, 2))
    """
    point = require_inside(domain, center)
    law, measure = dominant_law(domain, noise, point)
    if law is None or not (measure.value > 0.0 and math.isfinite(measure.value)):
        raise ValueError(f"no jump leaves the domain {domain.name!r} ({measure.method})")
    if isinstance(law, RayLaw):
        return _on_rays(domain, law, point, measure)
    return _in_all_directions(domain, law, point, measure)
