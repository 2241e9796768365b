"""Where an optimizer rests without noise, and how fast it returns there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from levysde.theory.assumptions import curvature_ranges
from levysde.theory.flow import gradient_at
from levysde.theory.optimizers.motion import Motion
from levysde.theory.protocols import PotentialLike, Vector

_STATIONARY = 1e-6
_TRIALS = 16
_LINEAR = 1e-9
_FAR = 10.0
_TINY = 1e-300

Range = tuple[float, float]
"""Smallest and largest."""


@dataclass(frozen=True, eq=False)
class Rest:
    """The equilibrium of an optimizer in a potential.

    Parameters
    ----------
    motion : Motion
        The optimizer.
    potential : object
        The potential.
    point : ndarray, shape (dim,)
        The equilibrium.
    preconditioner : ndarray, shape (dim,)
        sqrt(v) + eps there.
    """

    motion: Motion
    potential: PotentialLike
    point: Vector
    preconditioner: Vector

    @property
    def weights(self) -> Vector:
        """By what gradients are multiplied, shape (dim,); 1 where they would be divided by 0."""
        q = np.where(self.preconditioner > 0.0, self.preconditioner, 1.0)
        return np.asarray(self.motion.gain / q)

    def gradient(self, x: Vector) -> Vector:
        """Return grad F(x).

        Parameters
        ----------
        x : ndarray, shape (dim,)
            A point.

        Returns
        -------
        ndarray, shape (dim,)
            The gradient.
        """
        return gradient_at(self.potential, x)

    def velocity(self, x: Vector) -> Vector:
        """Return minus the velocity of the noise-free flow without memory, v as at rest.

        Parameters
        ----------
        x : ndarray, shape (dim,)
            A point.

        Returns
        -------
        ndarray, shape (dim,)
            State per time.
        """
        motion = self.motion
        force = gradient_at(self.potential, x)
        if not motion.weight_decay and np.all(self.weights == 1.0):
            return force
        return np.asarray(self.weights * (force + motion.l2 * x) + motion.shrinkage * x)

    def curvatures(self, lengths: Vector) -> tuple[Range, Range]:
        """Return the range of curvatures of F at rest, and that of the flow's relaxation rates.

        Parameters
        ----------
        lengths : ndarray, shape (dim,)
            A length per coordinate.

        Returns
        -------
        ((float, float), (float, float))
            Smallest and largest, 1/time; the second without what ``shrinkage`` adds.
        """
        ones = np.ones(self.point.size)
        alike = bool(np.all(self.weights == 1.0))
        weights = (ones,) if alike else (ones, self.weights)
        if not self.motion.l2:
            found = curvature_ranges(self.gradient, self.point, lengths, weights)
            return found[0], found[-1]
        l2 = self.motion.l2

        def force(x: Vector) -> Vector:
            return self.gradient(x) + l2 * x

        found = curvature_ranges(force, self.point, lengths, weights)
        return (found[0][0] - l2, found[0][1] - l2), found[-1]

    def linear_curvature(self, below: Vector, above: Vector) -> Vector | None:
        """Return k where the gradient is k_i (x_i - rest_i) plus a constant in the whole domain.

        Parameters
        ----------
        below, above : ndarray, shape (dim,)
            Distances to the boundary along the axes, between which 16 points are tried.

        Returns
        -------
        ndarray, shape (dim,), or None
            Positive curvatures; None for all other gradients.
        """
        finite = np.concatenate([below, above])
        finite = finite[np.isfinite(finite)]
        longest = np.max(finite) if finite.size else np.linalg.norm(self.point)
        far = _FAR * (float(longest) or 1.0)
        low, high = np.minimum(below, far), np.minimum(above, far)
        shares = np.random.default_rng(0).uniform(size=(_TRIALS, self.point.size))
        away = shares * (low + high) - low
        here = self.gradient(self.point)
        rises = np.array([self.gradient(self.point + z) - here for z in away])
        if not np.all(np.isfinite(rises)):
            return None
        k = np.sum(rises * away, axis=0) / np.sum(away * away, axis=0)
        errors = np.max(np.abs(rises - k * away), axis=0)
        good = np.all(errors <= _LINEAR * np.max(np.abs(k * away))) and np.all(k > 0.0)
        return k if good else None

    def slowest(self, rates: Range) -> float:
        """Return the slowest relaxation rate of position, m and v at rest.

        Parameters
        ----------
        rates : (float, float)
            Range of relaxation rates of the flow without memory, 1/time.

        Returns
        -------
        float
            1/time; not positive where the motion does not return.
        """
        motion = self.motion
        if motion.memoryless:
            return min(rates[0] + motion.shrinkage, motion.rate2)
        return min(motion.rate2, *(_relaxation(motion, rate) for rate in rates))

    def largest_stable_rate(self) -> float:
        """Return the relaxation rate of the flow above which steps dt grow instead of decaying.

        Returns
        -------
        float
            1/time; ``inf`` in continuous time.
        """
        motion = self.motion
        if motion.dt is None or motion.b1 is None:
            return math.inf
        wide = motion.shrinkage * motion.dt
        room = 2.0 + wide if motion.decay_form == "proximal" else 2.0 - wide
        return room * (1.0 + motion.b1) / ((1.0 - motion.b1) * motion.dt)


def _relaxation(motion: Motion, rate: float) -> float:
    """Return the slower relaxation rate of position and m, that of the flow being given."""
    if motion.dt is None or motion.b1 is None:
        shrink, rate1 = motion.shrinkage, motion.rate1
        roots = np.roots([1.0, shrink + rate1, rate1 * (shrink + rate)])
        return float(np.min(-roots.real))
    wide = motion.shrinkage * motion.dt
    kept = 1.0 / (1.0 + wide) if motion.decay_form == "proximal" else 1.0 - wide
    shared = kept if motion.decay_form == "proximal" else 1.0
    pull = (1.0 - motion.b1) * rate * motion.dt
    roots = np.roots([1.0, pull * shared - kept - motion.b1, motion.b1 * kept])
    return -math.log(max(float(np.max(np.abs(roots))), _TINY)) / motion.dt


def rest_of(motion: Motion, potential: PotentialLike, minimum: Vector) -> Rest:
    """Return the equilibrium near the minimum: grad F + lambda Q x = 0.

    Q is sqrt(v) + eps of the constant gradient there, and 1 where weight decay is part of the
    gradient. Without weight decay, and for a minimum at 0, it is the minimum.

    Parameters
    ----------
    motion : Motion
        The optimizer.
    potential : object
        The potential.
    minimum : ndarray, shape (dim,)
        Its minimum.

    Returns
    -------
    Rest
        The point and the preconditioner there.

    Raises
    ------
    ValueError
        If no such point is found.
    """

    def balance(x: Vector) -> Vector:
        force = gradient_at(potential, x)
        if motion.l2:
            return np.asarray(force + motion.l2 * x)
        return np.asarray(force + motion.shrinkage * motion.preconditioner(force) * x)

    point = minimum
    if motion.weight_decay and minimum.any():
        from scipy.optimize import root

        unit = float(np.linalg.norm(minimum))  # a coordinate of 0 has no length of its own

        def pull(z: Vector) -> Vector:
            return balance(unit * z)

        point = np.asarray(unit * root(pull, minimum / unit, tol=1e-14).x, dtype=np.float64)
        left, size = np.linalg.norm(balance(point)), np.linalg.norm(balance(minimum))
        if not left <= _STATIONARY * size:
            raise ValueError(
                f"{motion.name} with weight_decay = {motion.weight_decay:g} has no equilibrium "
                f"near the minimum {minimum.tolist()}; give a smaller weight_decay"
            )
    force = gradient_at(potential, point) + motion.l2 * point if motion.weight_decay else None
    held = np.zeros(minimum.size) if force is None or motion.l2 else force
    return Rest(motion, potential, point, motion.preconditioner(held))
