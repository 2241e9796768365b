"""What follows a jump: noise-free steps of an optimizer back to the equilibrium, or out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.theory.measure.rays import outside_points
from levysde.theory.optimizers.formulas import overshoot_factor
from levysde.theory.optimizers.motion import Motion
from levysde.theory.protocols import DomainLike, PotentialLike, Vector, shape_of

_MEMORIES = 40.0
_LONGEST = 5000
_SETTLED = 0.02
_FINE = 2000
_TURNS = 2
_LOOK = 10
_OVER = 1e-7
_TRIALS = 5
_SAME = 1e-12

ManyGradients = Callable[[Vector], Vector]
"""Gradients at many points at once, both of shape (dim, points)."""


def many_gradients(
    potential: PotentialLike, near: Vector, lengths: Vector
) -> tuple[ManyGradients, bool]:
    """Return the gradient as a function of many points, and whether it is fast.

    By the potential's own ``compiled_gradient()`` or ``gradient_many(points)`` if it has one; by
    calling ``gradient`` with arrays in the place of numbers where this gives what single calls
    give; otherwise point by point.

    Parameters
    ----------
    potential : object
        Potential with ``gradient(x, p, out)`` and ``p``.
    near, lengths : ndarray, shape (dim,)
        A point and distances from it, between which the function is tried.

    Returns
    -------
    (callable, bool)
        Function of points (dim, n) that returns gradients (dim, n); False where it calls the
        potential point by point.
    """
    gradient, p = potential.gradient, potential.p
    compiled = getattr(potential, "compiled_gradient", None)
    many = getattr(potential, "gradient_many", None) if compiled is None else compiled()
    if many is not None:
        return (lambda x: np.asarray(many(np.ascontiguousarray(x.T)), dtype=np.float64).T), True

    def at_once(x: Vector) -> Vector:
        out = np.zeros_like(x)
        gradient(x, p, out)
        return out

    def one_by_one(x: Vector) -> Vector:
        points, out = np.ascontiguousarray(x.T), np.zeros(x.T.shape)
        for point, row in zip(points, out, strict=True):
            gradient(point, p, row)
        return np.asarray(out.T)

    spread = np.random.default_rng(0).uniform(-1.0, 1.0, (near.size, _TRIALS))
    trial = near[:, None] + lengths[:, None] * spread
    expected = one_by_one(trial)
    try:
        with np.errstate(all="ignore"):
            found = at_once(trial.copy())
    except Exception:  # whatever a function of numbers does with arrays
        return one_by_one, False
    size = _SAME * float(np.max(np.abs(expected)))
    same = found.shape == expected.shape and np.allclose(found, expected, rtol=_SAME, atol=size)
    return (at_once, True) if same else (one_by_one, False)


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The noise-free motion of one optimizer in one potential, after a jump from rest.

    Parameters
    ----------
    motion : Motion
        The optimizer.
    gradient : callable
        Gradients at many points.
    rest : ndarray, shape (dim,)
        The equilibrium.
    preconditioner : ndarray, shape (dim,)
        sqrt(v) + eps at rest.
    """

    motion: Motion
    gradient: ManyGradients
    rest: Vector
    preconditioner: Vector

    def force(self, x: Vector) -> Vector:
        """Return the gradient h with its weight decay, shapes (dim, n).

        Parameters
        ----------
        x : ndarray, shape (dim, n)
            Points.

        Returns
        -------
        ndarray, shape (dim, n)
            h.
        """
        h = self.gradient(x)
        return h + self.motion.l2 * x if self.motion.l2 else h

    def _displaced(self, x: Vector, m: Vector, v: Vector | None, kick: Vector | float) -> Vector:
        """Return where one step leads, a kick y moving x by y/(sqrt(v) + eps) besides."""
        motion = self.motion
        dt, _ = motion.per_step()
        q = self.preconditioner[:, None] if v is None else np.sqrt(v) + motion.eps
        step = (kick - dt * m) / q
        if motion.shrinkage:
            wide = motion.shrinkage * dt
            step = step - wide * x
            if motion.decay_form == "proximal":
                step /= 1.0 + wide
        if motion.clip is not None:
            length = np.linalg.norm(step, axis=0)
            step = step * np.divide(
                motion.clip, length, out=np.ones_like(length), where=length > motion.clip
            )
        return x + step

    def start(self, jumps: Vector) -> tuple[Vector, Vector, Vector | None]:
        """Return x, m and v after the step in which the driver jumps.

        Parameters
        ----------
        jumps : ndarray, shape (dim, n)
            Jumps y of the driver.

        Returns
        -------
        (ndarray, ndarray, ndarray or None), shapes (dim, n)
            The state; v is None where it is constant.
        """
        motion = self.motion
        x = np.repeat(self.rest[:, None], jumps.shape[1], axis=1)
        h = self.force(self.rest[:, None])
        m = np.repeat(motion.gain * h, jumps.shape[1], axis=1)
        v = None
        if motion.live:
            v = np.repeat(h * h + (motion.root**2)[:, None], jumps.shape[1], axis=1)
        if not motion.through_gradient:
            return self._displaced(x, m, v, jumps), m, v
        dt, b1 = motion.per_step()
        m = m - (1.0 - b1) * motion.gain / dt * jumps
        return self._displaced(x, m, v, 0.0), m, v

    def advance(
        self, x: Vector, m: Vector, v: Vector | None
    ) -> tuple[Vector, Vector, Vector | None]:
        """Return x, m and v one step later.

        Parameters
        ----------
        x, m : ndarray, shape (dim, n)
            Positions and averaged gradients.
        v : ndarray, shape (dim, n), or None
            Averaged squares.

        Returns
        -------
        (ndarray, ndarray, ndarray or None), shapes (dim, n)
            The next state.
        """
        motion = self.motion
        _, b1 = motion.per_step()
        h = self.force(x)
        m = b1 * m + (1.0 - b1) * motion.gain * h
        if v is not None and motion.b2 is not None:
            v = motion.b2 * v + (1.0 - motion.b2) * (h * h + (motion.root**2)[:, None])
        return self._displaced(x, m, v, 0.0), m, v

    def stored(self, m: Vector) -> Vector:
        """Return the size of the displacement that m would still cause without a gradient.

        Parameters
        ----------
        m : ndarray, shape (dim, n)
            Averaged gradients.

        Returns
        -------
        ndarray, shape (dim, n)
            Units of the state.
        """
        dt, b1 = self.motion.per_step()
        excess = m - self.motion.gain * self.force(self.rest[:, None])
        scale = b1 * dt / (1.0 - b1)
        return np.asarray(np.abs(scale * excess / self.preconditioner[:, None]))

    @property
    def steps(self) -> int:
        """Number of steps after which m has forgotten the jump."""
        return math.ceil(_MEMORIES / (1.0 - self.motion.per_step()[1]))


def response(motion: Motion, curvature: Vector, preconditioner: Vector) -> tuple[Vector, Vector]:
    """Return how far a jump of 1 throws a coordinate to its side, and then to the other.

    For a gradient k x in each coordinate and constant v. The recurrence itself is followed, so
    that the numbers are those of steps dt; without dt those of continuous time, 1/q and
    `overshoot_factor`/q.

    Parameters
    ----------
    motion : Motion
        The optimizer, without clipping, v frozen.
    curvature : ndarray, shape (dim,)
        k, positive, 1/time.
    preconditioner : ndarray, shape (dim,)
        q.

    Returns
    -------
    (ndarray, ndarray), shapes (dim,)
        Largest displacement and largest displacement to the other side, not negative.
    """
    if motion.memoryless:
        return motion.jump_factor(preconditioner), np.zeros(curvature.size)
    if motion.dt is None:
        rate = motion.gain * (curvature + motion.l2) / (preconditioner * motion.rate1)
        return 1.0 / preconditioner, np.array([overshoot_factor(r) for r in rate]) / preconditioner
    kinds, place = np.unique(np.stack([curvature, preconditioner]), axis=1, return_inverse=True)
    k = kinds[0][:, None]
    walk = Relaxation(motion, lambda x: k * x, np.zeros(k.size), kinds[1])
    state = walk.start(np.ones((k.size, 1)))
    highest, lowest = np.maximum(state[0], 0.0), np.zeros((k.size, 1))
    for n in range(walk.steps):
        state = walk.advance(*state)
        np.maximum(highest, state[0], out=highest)
        np.minimum(lowest, state[0], out=lowest)
        if n % _LOOK == 0 and np.all(np.abs(state[0]) + walk.stored(state[1]) <= _OVER * highest):
            break
    index = np.asarray(place).ravel()
    return highest[index, 0], np.abs(lowest[index, 0])


@dataclass(frozen=True, eq=False)
class Excursions:
    """Which jumps of the driver are followed by an exit, step by step.

    Parameters
    ----------
    walk : Relaxation
        The motion.
    domain : object
        Omega.
    nearest : float
        Distance from rest to the boundary; a walk that is back within two percent of it has
        returned.
    patient : bool
        Whether walks are followed until they have returned, at most 5000 steps, and not only
        until m has forgotten the jump, after which the flow decides.
    """

    walk: Relaxation
    domain: DomainLike
    nearest: float
    patient: bool

    def _outside(self, x: Vector) -> NDArray[np.bool_]:
        finite = np.isfinite(x).all(axis=0)
        points = np.ascontiguousarray(np.where(finite, x, self.walk.rest[:, None]).T)
        shape = shape_of(self.domain)
        if shape is not None:  # which is convex
            outside = shape.exit_distances(self.walk.rest, points - self.walk.rest) <= 1.0
        else:
            outside = outside_points(self.domain, points)
        return outside | ~finite

    def _returned(self, x: Vector, m: Vector) -> NDArray[np.bool_]:
        """Say which walks are near rest and have little of the jump left in m."""
        close = _SETTLED * self.nearest
        away = np.linalg.norm(x - self.walk.rest[:, None], axis=0)
        return np.asarray((away < close) & (np.linalg.norm(self.walk.stored(m), axis=0) < close))

    def leave(self, jumps: Vector) -> NDArray[np.bool_]:
        """Say which jumps lead out, at once or later.

        Parameters
        ----------
        jumps : ndarray, shape (n, dim)
            Jumps of the driver.

        Returns
        -------
        ndarray of bool, shape (n,)
            True where the walk is ever outside.
        """
        left = np.zeros(len(jumps), dtype=bool)
        alive = np.arange(len(jumps))
        steps = max(self.walk.steps, _LONGEST) if self.patient else self.walk.steps
        # On the line F + m^2/(2 rate q) falls, and with it the turning points on either side.
        falls = jumps.shape[1] == 1 and not self.walk.motion.live and steps > _FINE
        most = _TURNS if falls else steps + 1
        with np.errstate(over="ignore", invalid="ignore"):
            x, m, v = self.walk.start(jumps.T)
            turns, forward = np.zeros(len(jumps), dtype=np.intp), m[0] < 0.0
            for n in range(steps):
                gone = self._outside(x)
                left[alive[gone]] = True
                if n % _LOOK == 0 or gone.any():
                    keep = ~gone & ~self._returned(x, m) & (turns < most)
                    alive, x, m = alive[keep], x[:, keep], m[:, keep]
                    turns, forward = turns[keep], forward[keep]
                    v = None if v is None else v[:, keep]
                    if alive.size == 0:
                        break
                x, m, v = self.walk.advance(x, m, v)
                if falls:
                    turns += (m[0] < 0.0) != forward
                    forward = m[0] < 0.0
        return left
