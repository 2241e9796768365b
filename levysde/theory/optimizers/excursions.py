"""The measure of the jumps that lead out of a domain at once or by the motion that follows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.theory.exact.constants import isotropic_constant
from levysde.theory.measure.escape_measure import EscapeMeasure
from levysde.theory.measure.jump_laws import EllipticLaw, Law, RayLaw
from levysde.theory.measure.rays import first_exits
from levysde.theory.measure.sphere_points import sphere_mean, sphere_points
from levysde.theory.optimizers.relaxation import Excursions
from levysde.theory.protocols import DomainLike, Vector

_PER_OCTAVE = 4
_INNER_OCTAVES = 6
_OUTER_OCTAVES = 14
_PILOT_POWER = 4
_WIDE = 1024
_MOST_PARTS = 32
_WIDTHS = {1: 1e-10, 2: 1e-7, 3: 1e-5}
_PLANE = 1e-5
_SPHERE = 1e-3
_BUDGETS = {True: 1 << 10, False: 1 << 8}

Leave = Callable[[Vector], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class ExcursionRays:
    """The jumps along rays from rest that lead out, found by following each of them.

    Parameters
    ----------
    leave : callable
        Says of jumps, shape (n, dim), which of them lead out.
    radii : ndarray, shape (steps,)
        Sizes of the jumps that are tried first.
    width : float
        Relative width to which the borders between them are narrowed.
    """

    leave: Leave
    radii: Vector
    width: float

    def powers(self, directions: Vector, alpha: float) -> tuple[Vector, Vector]:
        """Return alpha int r^(-1-alpha) dr over the jumps of each direction that lead out.

        Parameters
        ----------
        directions : ndarray, shape (rays, dim)
            Unit vectors.
        alpha : float
            Stability index, dimensionless.

        Returns
        -------
        (ndarray, ndarray), shapes (rays,)
            The integrals and bounds of their errors, what lies beyond the radii included.
        """
        count = len(directions)
        jumps = np.repeat(directions, self.radii.size, axis=0)
        found = self.leave(jumps * np.tile(self.radii, count)[:, None])
        states = np.zeros((count, self.radii.size + 1), dtype=bool)
        states[:, 1:] = found.reshape(count, -1)
        ray, step = np.nonzero(states[:, 1:] != states[:, :-1])
        before = states[ray, step]
        ends = np.concatenate([[0.0], self.radii])
        low, high = self._narrowed(directions[ray], before, ends[step], ends[step + 1])
        middle = 0.5 * (low + high)
        values, errors = np.zeros(count), np.zeros(count)
        np.add.at(values, ray, np.where(before, -1.0, 1.0) * middle**-alpha)
        np.add.at(errors, ray, 0.5 * alpha * (high - low) * middle ** (-1.0 - alpha))
        errors[~states[:, -1]] += self.radii[-1] ** -alpha
        return values, errors

    def _narrowed(
        self, directions: Vector, before: NDArray[np.bool_], low: Vector, high: Vector
    ) -> tuple[Vector, Vector]:
        """Narrow intervals with a border in each; the first border is kept."""
        parts = min(_MOST_PARTS, max(2, _WIDE // max(1, low.size)))
        inner = np.arange(1, parts) / parts
        while low.size and np.any(high - low > self.width * high):
            part = (high - low) / parts
            tried = low[:, None] + (high - low)[:, None] * inner
            jumps = directions[:, None, :] * tried[:, :, None]
            state = self.leave(jumps.reshape(-1, directions.shape[1])).reshape(tried.shape)
            changed = state != before[:, None]
            place = np.where(changed.any(axis=1), np.argmax(changed, axis=1), parts - 1)
            low, high = low + place * part, low + (place + 1) * part
        return low, high


def excursion_measure(
    excursions: Excursions, law: Law, scaled: DomainLike, center: Vector, fast: bool
) -> EscapeMeasure:
    """Return nu(W) of the jumps that lead out at once or by what follows them.

    Parameters
    ----------
    excursions : Excursions
        The motion.
    law : RayLaw or EllipticLaw
        The jumps.
    scaled : object
        About the set of jumps that would stay without memory; only its size is used.
    center : ndarray, shape (dim,)
        The equilibrium.
    fast : bool
        Whether many walks cost little more than one.

    Returns
    -------
    EscapeMeasure
        4 sizes an octave are tried, from 2^-6 of the nearest to 2^14 times the farthest exit of
        ``scaled``, and their borders narrowed. What the tries cannot exclude is in the error.
    """
    pilot = law.directions if isinstance(law, RayLaw) else _pilot(law)
    first = first_exits(scaled, center, pilot)
    first = first[np.isfinite(first)]
    if first.size == 0:
        return EscapeMeasure(0.0, 0.0, "no boundary in the directions of the jumps")
    octaves = np.log2(np.max(first) / np.min(first)) + _INNER_OCTAVES + _OUTER_OCTAVES
    steps = np.arange(np.ceil(octaves * _PER_OCTAVE) + 1.0)
    radii = np.min(first) * np.exp2(steps / _PER_OCTAVE - _INNER_OCTAVES)
    dimension = 1 if isinstance(law, RayLaw) else law.rank
    rays = ExcursionRays(excursions.leave, radii, _WIDTHS[min(dimension, 3)])
    if isinstance(law, RayLaw):
        values, errors = rays.powers(law.directions, law.alpha)
        value, error = float(law.weights @ values), float(law.weights @ errors)
        return EscapeMeasure(value, error, f"noise-free trajectories {law.where}")
    return _in_all_directions(rays, law, _BUDGETS[fast])


def _pilot(law: EllipticLaw) -> Vector:
    mixtures = np.concatenate([np.eye(law.rank), sphere_points(law.rank, _PILOT_POWER, 0)])
    images = mixtures @ law.matrix.T
    units = images / np.linalg.norm(images, axis=1)[:, None]
    return np.concatenate([units, -units])


def _in_all_directions(rays: ExcursionRays, law: EllipticLaw, budget: int) -> EscapeMeasure:
    worst: list[float] = []

    def powers(units: Vector) -> Vector:
        jumps = units @ law.matrix.T
        lengths = np.linalg.norm(jumps, axis=1)
        values, errors = rays.powers(jumps / lengths[:, None], law.alpha)
        worst.append(float(np.max(errors * lengths**law.alpha)))
        return np.asarray(values * lengths**law.alpha)

    mean = sphere_mean(powers, law.rank, _PLANE if law.rank == 2 else _SPHERE, budget)
    constant = isotropic_constant(law.alpha, law.rank)
    return EscapeMeasure(
        float(constant * mean.value),
        float(constant * (mean.error + max(worst))),
        f"noise-free trajectories, {mean.method}, {mean.points} rays",
    )


def total_rate(
    laws: tuple[Law, ...], measure: Callable[[Law], EscapeMeasure], epsilon: float
) -> tuple[EscapeMeasure, float]:
    """Return the measure of the smallest index that can exit, and sum_k eps^alpha_k nu_k(W).

    Parameters
    ----------
    laws : tuple of RayLaw or EllipticLaw
        The jumps, one part for each stability index, at least one.
    measure : callable
        nu(W) of one part.
    epsilon : float
        Noise amplitude.

    Returns
    -------
    (EscapeMeasure, float)
        The measure and the rate per unit time.
    """
    found = [measure(law) for law in laws]
    rate = math.fsum(epsilon**law.alpha * nu.value for law, nu in zip(laws, found, strict=True))
    nu, law = next(
        ((nu, law) for nu, law in zip(found, laws, strict=True) if nu.value > 0.0),
        (found[0], laws[0]),
    )
    if len(laws) > 1:
        note = f"{nu.method}; alpha = {law.alpha:g}, the smallest index that can exit"
        nu = EscapeMeasure(nu.value, nu.error, note)
    return nu, rate
