"""Many rays from one center at once: where they leave and enter a domain of any shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.theory.gauge import exit_distances, has_closed_form
from levysde.theory.parts import DomainLike, Vector
from levysde.theory.rays import outside_points, ray_exit_segments
from levysde.theory.sphere import sphere_points

_PER_OCTAVE = 8
_PER_OCTAVE_STAR = 2
_INNER_OCTAVES = 6
_OUTER_OCTAVES = 14
_BISECTIONS = 34
_POINTS = 1 << 16
_PILOT_RAYS = 32

_FACES_POWER = 9
_FACES_SEED = 97
_FACES_BUDGET = 0.25
_DIFFERENCE = 1e-4
_SAME = 1e-5

_CLOSED_NUMBERS = 1 << 23
_SEARCHED_NUMBERS = 1 << 22
_SEARCH_OVERHEAD = 9
_PLAIN_NUMBERS = 1 << 15


@dataclass(frozen=True, eq=False)
class Crossings:
    """All crossings of the boundary by a bundle of rays.

    Parameters
    ----------
    ray : ndarray of int, shape (crossings,)
        The ray of each crossing, in increasing order, and its crossings outward.
    radius : ndarray, shape (crossings,)
        Distance from the center, in units of the direction's length.
    sign : ndarray, shape (crossings,)
        1 where the ray leaves the domain, -1 where it comes back.
    """

    ray: NDArray[np.intp]
    radius: Vector
    sign: Vector


@dataclass(frozen=True, eq=False)
class Bundle:
    """Rays from a center, in closed form or searched in a window of distances.

    Parameters
    ----------
    domain : object
        The domain, the center being inside.
    center : ndarray, shape (dim,)
        Common starting point.
    radii : ndarray, shape (steps,)
        Distances at which the predicate is evaluated; empty for closed forms.
    budget : int
        Rays that can be asked for in about a second.
    """

    domain: DomainLike
    center: Vector
    radii: Vector
    budget: int

    @property
    def closed(self) -> bool:
        """Whether distances are in closed form, so that every ray leaves for good or never."""
        return self.radii.size == 0

    def crossings(self, directions: Vector) -> Crossings:
        """Return all crossings of many rays.

        Parameters
        ----------
        directions : ndarray, shape (rays, dim)
            Unit vectors.

        Returns
        -------
        Crossings
            Closed forms exactly, searched ones to a relative width of 1e-10.
        """
        if self.closed:
            distances = exit_distances(self.domain, self.center, directions)
            ray = np.flatnonzero(np.isfinite(distances))
            return Crossings(ray, distances[ray], np.ones(ray.size))
        chunk = max(1, _POINTS // self.radii.size)
        starts = range(0, len(directions), chunk)
        parts = [self._searched(directions[k : k + chunk], k) for k in starts]
        return Crossings(
            np.concatenate([part.ray for part in parts]),
            np.concatenate([part.radius for part in parts]),
            np.concatenate([part.sign for part in parts]),
        )

    def _outside(self, directions: Vector, radii: Vector) -> NDArray[np.bool_]:
        with np.errstate(over="ignore", invalid="ignore"):
            return outside_points(self.domain, self.center + radii[:, None] * directions)

    def _searched(self, directions: Vector, offset: int) -> Crossings:
        count, steps = len(directions), self.radii.size
        found = self._outside(np.repeat(directions, steps, axis=0), np.tile(self.radii, count))
        states = np.zeros((count, steps + 1), dtype=bool)
        states[:, 1:] = found.reshape(count, steps)
        ray, step = np.nonzero(states[:, 1:] != states[:, :-1])
        leaves = ~states[ray, step]
        ends = np.concatenate([[0.0], self.radii])
        low, high = ends[step], ends[step + 1]
        for _ in range(_BISECTIONS if ray.size else 0):
            middle = 0.5 * (low + high)
            beyond = self._outside(directions[ray], middle) == leaves
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        return Crossings(ray + offset, 0.5 * (low + high), np.where(leaves, 1.0, -1.0))

    def powers(self, jumps: Vector, alpha: float) -> tuple[Vector, Vector]:
        """Return alpha int t^(-1-alpha) dt over the t > 0 with center + t jump outside.

        Parameters
        ----------
        jumps : ndarray, shape (rays, dim)
            Vectors of any length but 0, units of the state.
        alpha : float
            Exponent, positive, dimensionless.

        Returns
        -------
        (ndarray, ndarray), shapes (rays,)
            The integrals, for a ray that leaves for good the gauge of the jump to the power alpha,
            and bounds of what lies beyond the searched range of the rays that do not leave.
        """
        lengths = np.linalg.norm(jumps, axis=1)
        crossings = self.crossings(jumps / lengths[:, None])
        parts = crossings.sign * (lengths[crossings.ray] / crossings.radius) ** alpha
        count = len(jumps)
        values = np.zeros(count)
        np.add.at(values, crossings.ray, parts)
        unknown = np.zeros(count)
        if not self.closed:
            ends_outside = np.bincount(crossings.ray, weights=crossings.sign, minlength=count)
            never = ends_outside == 0.0
            unknown[never] = (lengths[never] / self.radii[-1]) ** alpha
        return values, unknown


def ray_bundle(domain: DomainLike, center: Vector, matrix: Vector) -> Bundle:
    """Return the bundle of a domain, its window found by a fine search along a few rays.

    Parameters
    ----------
    domain : object
        The domain.
    center : ndarray, shape (dim,)
        Point inside the domain.
    matrix : ndarray, shape (dim, rank)
        The rays will be in the space of its columns.

    Returns
    -------
    Bundle
        For domains that are searched, distances from 2^-6 times the nearest to 2^14 times the
        farthest first exit that the few rays found. There are 2 an octave if each of the few
        rays leaves at most once, as in a star-shaped domain, and otherwise 8, so that a layer
        thinner than nine percent of its distance can be missed.
    """
    if has_closed_form(domain):
        return Bundle(domain, center, np.empty(0), _CLOSED_NUMBERS // matrix.shape[1])
    rank = matrix.shape[1]
    # The first columns both ways, then mixtures of all columns.
    mixtures = np.random.default_rng(0).standard_normal((_PILOT_RAYS // 2, rank)) @ matrix.T
    pilot = np.concatenate([matrix.T[: _PILOT_RAYS // 2], mixtures])
    pilot /= np.linalg.norm(pilot, axis=1)[:, None]
    rays = [ray_exit_segments(domain, center, sign * s) for s in pilot for sign in (1.0, -1.0)]
    first = [ray.first for ray in rays if ray.segments] or [max(1.0, float(np.max(np.abs(center))))]
    octaves = np.log2(max(first) / min(first)) + _INNER_OCTAVES + _OUTER_OCTAVES
    star = all(len(ray.segments) <= 1 and ray.ends_outside for ray in rays)
    density = _PER_OCTAVE_STAR if star else _PER_OCTAVE
    steps = np.arange(np.ceil(octaves * density) + 1.0)
    radii = min(first) * np.exp2(steps / density - _INNER_OCTAVES)
    many = getattr(domain, "outside_many", None) is not None
    # A search costs as much as a few more coordinates.
    budget = _SEARCHED_NUMBERS // (rank + _SEARCH_OVERHEAD) if many else _PLAIN_NUMBERS // rank
    return Bundle(domain, center, radii, budget)


def flat_faces(bundle: Bundle, matrix: Vector) -> Vector:
    """Return the vectors a_k of the flat pieces {Gz : a_k.z = 1} of the boundary that rays meet.

    The gauge is linear over a flat piece, and a_k its gradient there, by differences. A gradient
    that two of some hundred rays share belongs to a flat piece.

    Parameters
    ----------
    bundle : Bundle
        Rays from the center of a domain.
    matrix : ndarray, shape (dim, rank)
        G, units of the state.

    Returns
    -------
    ndarray, shape (faces, rank)
        The vectors, in order of discovery; pieces of a small solid angle may be missing.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> cut = SimpleNamespace(
    ...     name="half_space", dim=3, params={"normal": [1.0, 0.0, 0.0], "offset": 2.0}
    ... )
    >>> bundle = ray_bundle(cut, np.zeros(3), np.eye(3))
    >>> (flat_faces(bundle, np.eye(3)).round(6) + 0.0).tolist()
    [[0.5, 0.0, 0.0]]
    """
    rank = matrix.shape[1]
    rays = _FACES_BUDGET * bundle.budget / (rank + 1)
    power = min(_FACES_POWER, int(np.log2(max(1.0, rays))))
    steps = np.vstack([np.zeros(rank), _DIFFERENCE * np.eye(rank)])
    points = (sphere_points(rank, power, _FACES_SEED)[:, None] + steps).reshape(-1, rank)
    gauges = bundle.powers(points @ matrix.T, 1.0)[0].reshape(-1, rank + 1)
    gradients = (gauges[:, 1:] - gauges[:, :1]) / _DIFFERENCE
    gradients = gradients[gauges[:, 0] > 0.0]
    faces: list[Vector] = []
    while len(gradients):
        apart = np.linalg.norm(gradients - gradients[0], axis=1)
        same = apart <= _SAME * np.linalg.norm(gradients[0])
        if np.count_nonzero(same) > 1:
            faces.append(np.mean(gradients[same], axis=0))
        gradients = gradients[~same]
    return np.array(faces).reshape(-1, rank)
