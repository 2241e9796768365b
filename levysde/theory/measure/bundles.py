"""Many rays from one center at once: where they leave and enter a domain of any shape."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from levysde.theory.measure.radii import WIDTH, Grid, grid_between
from levysde.theory.measure.rays import bisected, outside_along
from levysde.theory.measure.sphere_points import sphere_points
from levysde.theory.protocols import DomainLike, Vector, cost_of, is_costly, shape_of

_STATES = 1 << 20

_PILOT_RAYS = 32
_PILOT_PER_OCTAVE = 4
_PILOT_OCTAVES = 60
_SCREEN_SHARE = 8
_SCREEN_POWERS = (6, 13)
_PLANE_SCREEN_POWER = 9
_DENSITIES = (1 / 16, 1 / 4, 1.0, 4.0)
_PLANE_DENSITIES = (1.0, 4.0, 16.0)
_COSTLY_SCREEN_POWER = 5
_COSTLY_SCREEN_DENSITY = 1 / 4
_COSTLY_PLANE_DENSITIES = (1 / 8, 1 / 2, 2.0)
_FLOOR = 1e-3
_MISSED = 1e-6
_REACH_OCTAVES = 30.0
_WIDEST = 1e-3
_FARTHEST = 1e100

_FACES_POWER = 9
_FACES_SEED = 97
_FACES_BUDGET = 0.25
_DIFFERENCE = 1e-4
_SAME = 1e-5

_CLOSED_NUMBERS = 1 << 23
_SEARCHED_NUMBERS = 300_000_000
_OVERHEAD = 9
_IMAGE_SHARE = 100
_NARROWING = 36
_PLAIN_CALLS = 1 << 22


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
class Powers:
    """Integrals alpha int t^(-1-alpha) dt over what is outside, along rays t jump, t > 0.

    Parameters
    ----------
    values : ndarray, shape (rays,)
        The integrals, for a ray that leaves for good the gauge of the jump to the power alpha.
    missed : ndarray, shape (rays,)
        For each layer met, its part of the integral times the odds against meeting it, (1 - q)/q
        with the probability q. If the grid is shifted by chance, this has the mean of what is
        missed, and the mean of ``values + missed`` is right however thin the layers are.
    unknown : ndarray, shape (rays,)
        Bounds of what lies beyond the searched range of the rays that end inside.
    """

    values: Vector
    missed: Vector
    unknown: Vector


@dataclass(frozen=True, eq=False)
class Bundle:
    """Rays from a center, in closed form or searched on a grid of distances.

    Parameters
    ----------
    domain : object
        The domain, the center being inside.
    center : ndarray, shape (dim,)
        Common starting point.
    grid : Grid or None
        Distances at which the predicate is evaluated; None for closed forms.
    radii : ndarray, shape (shifts, steps)
        The table of the grid; empty for closed forms.
    typical : float
        The distance r at which r^(-alpha) is the mean over some rays, units of the state.
    budget : int
        Rays that can be asked for in a second or two.
    """

    domain: DomainLike
    center: Vector
    grid: Grid | None
    radii: Vector
    typical: float
    budget: int

    def crossings(
        self, directions: Vector, alpha: float, shifts: NDArray[np.intp] | None = None
    ) -> Crossings:
        """Return all crossings of many rays.

        Parameters
        ----------
        directions : ndarray, shape (rays, dim)
            Unit vectors.
        alpha : float
            A crossing counts as radius^(-alpha), positive, dimensionless.
        shifts : ndarray of int, shape (rays,), optional
            The row of `radii` for each ray; the middle one for all unless given.

        Returns
        -------
        Crossings
            Closed forms exactly. Searched ones to a relative width of 2e-11, and wider by as much
            as they count less than the mean.
        """
        shape = shape_of(self.domain)
        if shape is not None:
            distances = shape.exit_distances(self.center, directions)
            ray = np.flatnonzero(np.isfinite(distances))
            return Crossings(ray, distances[ray], np.ones(ray.size))
        if shifts is None:
            shifts = np.full(len(directions), len(self.radii) // 2)
        chunk = max(1, _STATES // self.radii.shape[1])
        starts = range(0, len(directions), chunk)
        parts = [self._searched(directions, alpha, shifts, np.arange(k, k + chunk)) for k in starts]
        return Crossings(
            np.concatenate([part.ray for part in parts]),
            np.concatenate([part.radius for part in parts]),
            np.concatenate([part.sign for part in parts]),
        )

    def _searched(
        self, directions: Vector, alpha: float, shifts: NDArray[np.intp], rays: NDArray[np.intp]
    ) -> Crossings:
        rays = rays[rays < len(directions)]
        radii = self.radii[shifts[rays]]
        count, steps = radii.shape
        found = outside_along(
            self.domain, self.center, directions, np.repeat(rays, steps), radii.ravel()
        )
        states = np.zeros((count, steps + 1), dtype=bool)
        states[:, 1:] = found.reshape(count, steps)
        row, step = np.nonzero(states[:, 1:] != states[:, :-1])
        leaves = ~states[row, step]
        low = np.where(step > 0, radii[row, step - 1], 0.0)
        reached = np.where(step > 0, radii[row, step - 1], radii[row, step]) / self.typical
        width = WIDTH * np.maximum(1.0, np.minimum(reached, _FARTHEST) ** alpha)
        radius, _ = bisected(
            lambda which, middle: outside_along(
                self.domain, self.center, directions, rays[row[which]], middle
            ),
            low,
            radii[row, step],
            leaves,
            np.minimum(width, _WIDEST),
        )
        return Crossings(rays[row], radius, np.where(leaves, 1.0, -1.0))

    def layers(self, crossings: Crossings) -> tuple[NDArray[np.intp], Vector]:
        """Return the layers between two crossings of one ray.

        Parameters
        ----------
        crossings : Crossings
            All crossings of some rays.

        Returns
        -------
        (ndarray of int, ndarray), shapes (layers,)
            The crossing at which each begins, the next one being its end, and its thickness in
            places.
        """
        if self.grid is None:
            return np.empty(0, dtype=np.intp), np.empty(0)
        begins = np.flatnonzero(crossings.ray[1:] == crossings.ray[:-1])
        place = self.grid.place(crossings.radius)
        return begins, place[begins + 1] - place[begins]

    def powers(self, jumps: Vector, alpha: float, shifts: NDArray[np.intp] | None = None) -> Powers:
        """Return alpha int t^(-1-alpha) dt over the t > 0 with center + t jump outside.

        Parameters
        ----------
        jumps : ndarray, shape (rays, dim)
            Vectors of any length but 0, units of the state.
        alpha : float
            Exponent, positive, dimensionless.
        shifts : ndarray of int, shape (rays,), optional
            As for `crossings`.

        Returns
        -------
        Powers
            The integrals.
        """
        count = len(jumps)
        lengths = np.linalg.norm(jumps, axis=1)
        crossings = self.crossings(jumps / lengths[:, None], alpha, shifts)
        parts = crossings.sign * (lengths[crossings.ray] / crossings.radius) ** alpha
        values = np.bincount(crossings.ray, parts, count).astype(np.float64)
        if self.grid is None:
            return Powers(values, np.zeros(count), np.zeros(count))
        begins, thickness = self.layers(crossings)
        odds = 1.0 / self.grid.chance(thickness) - 1.0
        missed = odds * (parts[begins] + parts[begins + 1])
        ends_inside = np.bincount(crossings.ray, crossings.sign, count) == 0.0
        far = float(np.min(self.radii[:, -1]))
        return Powers(
            values,
            np.bincount(crossings.ray[begins], missed, count).astype(np.float64),
            np.where(ends_inside, (lengths / far) ** alpha, 0.0),
        )


def _pilot(domain: DomainLike, center: Vector, matrix: Vector) -> Vector:
    """Return first exits along a few rays, each searched coarsely at places of its own."""
    rank = matrix.shape[1]
    generator = np.random.default_rng(0)
    # The first columns both ways, then mixtures of all columns.
    mixtures = generator.standard_normal((_PILOT_RAYS // 2, rank)) @ matrix.T
    pilot = np.concatenate([matrix.T[: _PILOT_RAYS // 2], mixtures])
    pilot = np.concatenate([pilot, -pilot])
    pilot /= np.linalg.norm(pilot, axis=1)[:, None]
    size = max(1.0, float(np.max(np.abs(center))))
    steps = np.arange(-_PILOT_OCTAVES * _PILOT_PER_OCTAVE, _PILOT_OCTAVES * _PILOT_PER_OCTAVE)
    radii = size * np.exp2((steps + generator.random((len(pilot), 1))) / _PILOT_PER_OCTAVE)
    ray = np.repeat(np.arange(len(pilot)), steps.size)
    found = outside_along(domain, center, pilot, ray, radii.ravel()).reshape(radii.shape)
    first = radii[np.arange(len(pilot)), np.argmax(found, axis=1)][found.any(axis=1)]
    return first if first.size else np.array([size])


def _best_density(bundle: Bundle, matrix: Vector, alpha: float, power: int) -> float:
    """Return a density of the grid that suits the layers that 2^power rays meet.

    In the plane the smallest one that misses next to nothing. Elsewhere, where layers are weighted,
    the one whose variance times cost is least.
    """
    grid = bundle.grid
    assert grid is not None
    rank = matrix.shape[1]
    images = sphere_points(rank, power, 0) @ matrix.T
    lengths = np.linalg.norm(images, axis=1)
    shifts = np.random.default_rng(1).integers(len(bundle.radii), size=len(images))
    crossings = bundle.crossings(images / lengths[:, None], alpha, shifts)
    parts = crossings.sign * (lengths[crossings.ray] / crossings.radius) ** alpha
    begins, thickness = bundle.layers(crossings)
    masses = np.abs(parts[begins] + parts[begins + 1])
    weights = 1.0 / grid.chance(thickness)
    total = float(np.sum(parts))

    def is_enough(density: float) -> bool:
        chance = replace(grid, density=density).chance(thickness)
        return float(np.sum(weights * masses * (1.0 - chance))) <= _MISSED * total

    def cost(density: float) -> float:
        other = replace(grid, density=density)
        odds = 1.0 / other.chance(thickness) - 1.0
        spread = float(np.sum(weights * masses**2 * odds)) * len(images)
        return (spread + _FLOOR * total**2) * (other.steps + _NARROWING)

    if rank > 2:
        return min(_DENSITIES, key=cost)
    densities = _COSTLY_PLANE_DENSITIES if is_costly(bundle.domain) else _PLANE_DENSITIES
    return next(filter(is_enough, densities), densities[-1])


def ray_bundle(domain: DomainLike, center: Vector, matrix: Vector, alpha: float) -> Bundle:
    """Return the bundle of a domain, its distances found by a search along some rays.

    Parameters
    ----------
    domain : object
        The domain.
    center : ndarray, shape (dim,)
        Point inside the domain.
    matrix : ndarray, shape (dim, rank)
        The rays will be in the space of its columns.
    alpha : float
        Exponent with which layers will be weighted, positive, dimensionless.

    Returns
    -------
    Bundle
        For domains that are searched, distances from 2^-6 times the nearest to 2^40 times the
        farthest first exit that 64 rays found, those left out that count for 1e-9 of the nearest.
        In the plane there are 32 an octave from 1/4 of the
        nearest to 16 times the farthest, 8 elsewhere up to 2^14 times the farthest, 1 beyond, and 4
        or 16 times as many where layers thinner than this are met; of a costly domain an eighth of
        them all. In more dimensions a sixteenth to four times as many, whichever serves best the
        layers that were met.
    """
    dim, rank = matrix.shape
    if shape_of(domain) is not None:
        return Bundle(domain, center, None, np.empty((0, 0)), 0.0, _CLOSED_NUMBERS // rank)
    first = _pilot(domain, center, matrix)
    many = getattr(domain, "outside_many", None) is not None

    nearest = float(np.min(first))
    farthest = min(float(np.max(first)), nearest * 2.0 ** (_REACH_OCTAVES / alpha))
    typical = nearest * float(np.mean((first / nearest) ** -alpha)) ** (-1.0 / alpha)

    def budget(grid: Grid) -> int:
        calls = grid.steps + _NARROWING
        if not many:
            return _PLAIN_CALLS // (calls * int(rank))
        numbers = calls * (dim + _OVERHEAD) * cost_of(domain) + rank * dim // _IMAGE_SHARE
        return _SEARCHED_NUMBERS // int(numbers)

    fine = grid_between(nearest, farthest)
    if is_costly(domain):
        fine = replace(fine, density=_COSTLY_SCREEN_DENSITY)
    power = _COSTLY_SCREEN_POWER if is_costly(domain) else _PLANE_SCREEN_POWER
    if rank > 2:
        share = max(1, budget(fine) // _SCREEN_SHARE)
        power = min(max(share.bit_length(), _SCREEN_POWERS[0]), _SCREEN_POWERS[1])
    trial = Bundle(domain, center, fine, fine.table(), typical, 0)
    grid = replace(fine, density=_best_density(trial, matrix, alpha, power))
    return Bundle(domain, center, grid, grid.table(), typical, budget(grid))


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
    >>> from levysde import domains
    >>> cut = domains.half_space([1.0, 0.0, 0.0], 2.0)
    >>> bundle = ray_bundle(cut, np.zeros(3), np.eye(3), 1.5)
    >>> (flat_faces(bundle, np.eye(3)).round(6) + 0.0).tolist()
    [[0.5, 0.0, 0.0]]
    """
    rank = matrix.shape[1]
    rays = _FACES_BUDGET * bundle.budget / (rank + 1)
    power = min(_FACES_POWER, int(np.log2(max(1.0, rays))))
    steps = np.vstack([np.zeros(rank), _DIFFERENCE * np.eye(rank)])
    points = (sphere_points(rank, power, _FACES_SEED)[:, None] + steps).reshape(-1, rank)
    gauges = bundle.powers(points @ matrix.T, 1.0).values.reshape(-1, rank + 1)
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
