"""Which jumps lead out of a domain under an optimizer, and at what rate they come."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from levysde.theory.assumptions import Assumption, lengths_of
from levysde.theory.measure.escape_measure import EscapeMeasure, dominant_law, escape_rate
from levysde.theory.measure.jump_laws import Law, has_several_indices, jump_laws
from levysde.theory.measure.rays import RaySegments
from levysde.theory.measure.regions import (
    boundary_distance,
    cut_measure,
    jumps_needed,
    stretched,
    swept,
)
from levysde.theory.optimizers.excursions import excursion_measure, total_rate
from levysde.theory.optimizers.formulas import one_jump_cap
from levysde.theory.optimizers.motion import Motion
from levysde.theory.optimizers.relaxation import (
    Excursions,
    Relaxation,
    many_gradients,
    response,
)
from levysde.theory.optimizers.rest import Rest
from levysde.theory.protocols import DomainLike, NoiseLike, Vector

_SMALL = 0.01
_SMALL_ROOT = 0.1


@dataclass(frozen=True)
class Exits:
    """The rate of the jumps that lead out, or why none is known.

    Parameters
    ----------
    measure : EscapeMeasure or None
        nu(W).
    rate : float or None
        Per unit time.
    reason : str or None
        Why there is no rate.
    conditions : tuple of Assumption
        What the rate rests on besides the general assumptions.
    """

    measure: EscapeMeasure | None
    rate: float | None
    reason: str | None = None
    conditions: tuple[Assumption, ...] = ()


@dataclass(frozen=True, eq=False)
class Setting:
    """A domain, a noise and an optimizer at its equilibrium.

    Parameters
    ----------
    domain : object
        Omega.
    noise : object
        The noise law.
    epsilon : float
        Noise amplitude.
    rest : Rest
        The optimizer at rest.
    rays : list of RaySegments
        From rest along e_1, -e_1, e_2, -e_2, ...
    nearest : float
        Smallest distance to the boundary that was seen.
    fastest : float
        Largest relaxation rate of the flow without memory, 1/time.
    invariant : bool
        Whether the flow is known to point inward at the boundary.
    """

    domain: DomainLike
    noise: NoiseLike
    epsilon: float
    rest: Rest
    rays: list[RaySegments]
    nearest: float
    fastest: float
    invariant: bool

    @property
    def motion(self) -> Motion:
        """The optimizer."""
        return self.rest.motion

    @property
    def laws(self) -> tuple[Law, ...]:
        """The jumps."""
        return jump_laws(self.noise, self.domain.dim)

    @property
    def factors(self) -> Vector:
        """Displacement by a jump of 1 if it came at once, shape (dim,)."""
        return self.motion.jump_factor(self.rest.preconditioner)

    @property
    def scaled(self) -> DomainLike:
        """The jumps that would stay inside if they came at once, moved to the equilibrium."""
        return stretched(self.domain, self.rest.point, 1.0 / self.factors)

    def first(self) -> tuple[Vector, Vector]:
        """Return the distances to the boundary along the axes.

        Returns
        -------
        (ndarray, ndarray), shapes (dim,)
            Below and above.
        """
        ends = np.array([ray.first for ray in self.rays]).reshape(-1, 2)
        return ends[:, 1], ends[:, 0]


def exits_of(setting: Setting) -> Exits:
    """Return the rate of exits by one jump.

    Parameters
    ----------
    setting : Setting
        Domain, noise and optimizer.

    Returns
    -------
    Exits
        The rate with its conditions, or the reason why there is none.

    Raises
    ------
    ValueError
        If the noise law is unknown, or the time step is needed and missing.
    """
    motion, rest = setting.motion, setting.rest
    if motion.coupled:
        return _coupled(setting)
    if not np.all(rest.preconditioner > 0.0):
        return Exits(
            None,
            None,
            "sqrt(v) + eps is 0 at the equilibrium, so that noise of any size is divided by 0; "
            "give eps > 0",
        )
    limit = rest.largest_stable_rate()
    if not motion.plain and setting.fastest > limit:
        return Exits(
            None,
            None,
            f"the steps do not come to rest: the curvature over sqrt(v) + eps is "
            f"{setting.fastest:.6g} and steps of dt = {motion.dt:g} are stable below {limit:.6g}",
        )
    # A domain that the flow leaves is left by trajectories, and not only by jumps.
    followed = not setting.invariant and motion.dt is not None and motion.clip is None
    direct = motion.memoryless and not followed
    found = _direct(setting) if direct else _remembered(setting)
    second = _second_moment(setting, found.rate)
    return Exits(found.measure, found.rate, found.reason, (*second, *found.conditions))


def _coupled(setting: Setting) -> Exits:
    """Say what is known where a jump enters v by which it is divided."""
    motion = setting.motion
    dt, b1 = motion.per_step()
    cap = one_jump_cap(b1, motion.b2 or 0.0, dt)
    below, above = setting.first()
    distances = np.minimum(below, above)
    nearest = float(np.min(distances))
    within = int(np.count_nonzero(distances <= cap))
    detail = (
        f"one jump of any size moves a coordinate by at most {cap / dt:.6g} dt = {cap:.6g}, "
        f"and along the coordinates the boundary is {nearest:.6g} away or more; it is within reach "
        f"of one jump along {within} of {distances.size}"
    )
    reach = Assumption("one jump reaches the boundary", within > 0, detail)
    fate = (
        "the step is scale-free, and v sees the noise itself"
        if within
        else "no single jump leads out, and v sees the noise itself"
    )
    reason = f"the jumps enter the second moment by which they are divided: {detail}; {fate}"
    return Exits(None, None, reason, (reach,))


def _rated(setting: Setting, region: DomainLike) -> Exits:
    """Return the rate of the jumps that are not in a region about the equilibrium."""
    point, noise = setting.rest.point, setting.noise
    _, measure = dominant_law(region, noise, point)
    if has_several_indices(noise):
        return Exits(measure, escape_rate(region, noise, point, setting.epsilon))
    return Exits(measure, setting.epsilon ** float(noise.alpha) * measure.value)


def _direct(setting: Setting) -> Exits:
    """Return the rate where a jump comes at once and the flow leads back."""
    motion, point, laws = setting.motion, setting.rest.point, setting.laws
    scaled = setting.scaled
    if motion.clip is None or not laws:
        return _rated(setting, scaled)
    clip, factors = motion.clip, setting.factors
    measure, rate = total_rate(
        laws, lambda law: cut_measure(scaled, law, point, factors, clip), setting.epsilon
    )
    distance = boundary_distance(setting.domain, laws, point, factors)
    if not math.isfinite(distance):
        return Exits(measure, rate)
    needed = jumps_needed(distance, clip)
    count = "not determined" if needed is None else str(needed)
    detail = (
        f"along the jumps the boundary is {distance:.6g} away or more and steps are clipped to "
        f"{clip:.6g}: l* = ceil(distance/clip) is {count}"
    )
    reach = Assumption("one clipped jump leads out", rate > 0.0, detail)
    if rate > 0.0:
        return Exits(measure, rate, None, (reach,))
    if needed is None:
        why = "the boundary is a whole multiple of clip away, and the number of jumps undecided"
    else:
        why = (
            f"an exit takes l* = {needed} jumps, so that Gamma grows as eps^-(alpha l*) = "
            f"eps^-{laws[0].alpha * needed:g} with an unknown constant"
        )
    return Exits(None, None, f"{why}: {detail}", (reach,))


def _remembered(setting: Setting) -> Exits:
    """Return the rate where averaged gradients spread a jump or lead back too far."""
    motion, rest, laws = setting.motion, setting.rest, setting.laws
    if not laws:
        return _rated(setting, setting.scaled)
    region = _linear_region(setting)
    if region is not None:
        return _rated(setting, region)
    motion.per_step()
    lengths = lengths_of(setting.rays, rest.point)
    gradient, fast = many_gradients(rest.potential, rest.point, lengths)
    walk = Relaxation(motion, gradient, rest.point, rest.preconditioner)
    excursions = Excursions(walk, setting.domain, setting.nearest, not setting.invariant)
    scaled = setting.scaled
    measure, rate = total_rate(
        laws,
        lambda law: excursion_measure(excursions, law, scaled, rest.point, fast),
        setting.epsilon,
    )
    if motion.clip is None or rate > 0.0 or not math.isfinite(setting.nearest):
        return Exits(measure, rate)
    reason = (
        f"no single jump leads out with steps clipped to {motion.clip:.6g}, the boundary being "
        f"{setting.nearest:.6g} away or more; how many it takes is not known for {motion.name}"
    )
    return Exits(None, None, reason)


def _linear_region(setting: Setting) -> DomainLike | None:
    """Return the jumps that stay inside in closed form: quadratic potentials, v constant."""
    motion, rest = setting.motion, setting.rest
    if motion.live or motion.clip is not None or (motion.dt is None and motion.shrinkage):
        return None
    curvature = rest.linear_curvature(*setting.first())
    if curvature is None:
        return None
    forth, back = response(motion, curvature, rest.preconditioner)
    return swept(setting.domain, rest.point, forth, back)


def _second_moment(setting: Setting, rate: float | None) -> tuple[Assumption, ...]:
    """Return how constant v is at rest, and whether it turns the flow elsewhere."""
    motion = setting.motion
    if not motion.live:
        return ()
    found = _noisy(setting) if motion.second_moment == "noisy" else _vanishing(setting, rate)
    if not motion.memoryless or setting.domain.dim == 1:
        return (found,)
    detail = "v follows the gradient, and the flow was looked at with v as at rest only"
    return found, Assumption("second moment keeps the flow inward", None, detail)


def _noisy(setting: Setting) -> Assumption:
    """Return how much v fluctuates about s^2, and E Q^(-alpha) with it."""
    motion, alpha = setting.motion, float(setting.noise.alpha)
    spread = 0.0 if motion.b2 is None else 2.0 * (1.0 - motion.b2) / (1.0 + motion.b2)
    shift = 0.25 * alpha * (0.5 * alpha + 1.0) * spread
    detail = (
        f"v fluctuates about s^2 by {math.sqrt(spread):.3g} of it, which raises the rate by about "
        f"{shift:.3g} of it, small means below {_SMALL}"
    )
    return Assumption("second moment constant", shift < _SMALL, detail)


def _vanishing(setting: Setting, rate: float | None) -> Assumption:
    """Return whether v stays so small between jumps that a jump is divided by eps alone."""
    motion = setting.motion
    name = "second moment negligible at rest"
    eps = float(np.min(setting.rest.preconditioner))
    detail = f"v = 0 where the gradient vanishes, so that a jump is divided by eps = {eps:.6g}"
    if rate is None or not math.isfinite(setting.nearest):
        return Assumption(name, None, detail)
    # The largest jump that v remembers, in units of the distance to the boundary.
    share = min(1.0, (rate / motion.rate2) ** (1.0 / float(setting.noise.alpha)))
    size = share * setting.nearest * setting.fastest * eps / motion.gain
    detail += (
        f"; between exits sqrt(v) reaches about {size:.3g}, small means below {_SMALL_ROOT} eps"
    )
    return Assumption(name, size < _SMALL_ROOT * eps, detail)
