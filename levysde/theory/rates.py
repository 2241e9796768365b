"""Small-noise prediction of escape rates, with the assumptions it stands on."""

from __future__ import annotations

import math

import numpy as np

from levysde.theory import arguments
from levysde.theory.assumptions import (
    LARGEST_CORRECTION,
    Assumption,
    about_equilibrium,
    axis_rays,
    invariance,
    jumps_exist,
    lengths_of,
    small_noise,
    steps_in_their_tail,
)
from levysde.theory.exact.correction import first_correction
from levysde.theory.measure.jump_laws import (
    has_several_indices,
    law_at,
    scalar_scale,
    varies,
)
from levysde.theory.measure.rays import RaySegments, require_inside
from levysde.theory.minimum import about_minimum
from levysde.theory.numbers import checked_positive
from levysde.theory.optimizers.amplitude import amplitude_and_step
from levysde.theory.optimizers.exits import Exits, Setting, exits_of
from levysde.theory.optimizers.motion import Motion, motion_of
from levysde.theory.optimizers.rest import Rest, rest_of
from levysde.theory.optimizers.walls import why_walls_matter
from levysde.theory.prediction import Prediction
from levysde.theory.protocols import BasinLike, DynamicsLike, NoiseLike


def _correction(
    motion: Motion, rest: Rest, noise: NoiseLike, rays: list[RaySegments]
) -> float | None:
    """Return C where it is known: one dimension, one component, a symmetric law, no memory."""
    plain = motion.memoryless and not motion.live and motion.clip is None
    plain = plain and getattr(noise, "brownian", None) is None
    scale = scalar_scale(noise) if plain and rest.point.size == 1 else None
    if scale is None:
        return None
    if any(len(ray.segments) > 1 or math.isfinite(_last(ray)) for ray in rays):
        return None

    def force(displacement: float) -> float:
        return float(rest.velocity(rest.point + displacement)[0])

    noise_scale = scale * float(motion.jump_factor(rest.preconditioner)[0])
    return first_correction(force, rays[1].first, rays[0].first, float(noise.alpha), noise_scale)


def _last(ray: RaySegments) -> float:
    return ray.segments[-1][1] if ray.segments else math.inf


def _prediction(
    basin: BasinLike,
    motion: Motion,
    noise: NoiseLike,
    epsilon: float,
    unknown: str | None = None,
    dt: float | None = None,
) -> Prediction:
    """Return the law of a motion, or only its assumptions where there is a reason to know none."""
    domain = basin.domain
    minimum = require_inside(domain, basin.minimum, "the minimum")
    rest = rest_of(motion, basin.potential, minimum)
    point = require_inside(domain, rest.point, f"the equilibrium of {motion.name}")
    rays = axis_rays(domain, point)
    lengths = lengths_of(rays, point)
    curvature, relaxation = rest.curvatures(lengths)
    inward, nearest = invariance(domain, rest.velocity, point, rays)
    if unknown is None:
        at_rest = (rest, rays, nearest, relaxation[1], inward.holds is True)
        exits = exits_of(Setting(domain, noise, epsilon, *at_rest))
    else:
        exits = Exits(None, None, unknown)
    constant = None if exits.rate is None else _correction(motion, rest, noise, rays)
    shift = None if constant is None else constant * epsilon ** float(noise.alpha)
    slow, fast = curvature
    return _filled(
        exits,
        shift,
        curvature,
        (
            Assumption("minimum inside the domain", True, f"the minimum is {minimum.tolist()}"),
            *about_minimum(basin),
            *about_equilibrium(basin.start, minimum, point, lengths),
            Assumption(
                "curvature positive at the minimum",
                slow > 0.0,
                f"curvatures from {slow:.6g} to {fast:.6g}",
            ),
            inward,
            *exits.conditions,
            small_noise(exits.rate, rest.slowest(relaxation), shift),
            jumps_exist(float(noise.alpha)),
            *steps_in_their_tail(noise, float(min(ray.first for ray in rays)), epsilon, dt),
        ),
    )


def _filled(
    exits: Exits,
    shift: float | None,
    curvature: tuple[float, float],
    assumptions: tuple[Assumption, ...],
) -> Prediction:
    """Return the prediction with its means; ``shift`` is the first correction of the rate."""
    mean = None
    if exits.rate is not None:
        mean = math.inf if exits.rate == 0.0 else 1.0 / exits.rate
    corrected = None
    if mean is not None and shift is not None and abs(shift) < LARGEST_CORRECTION:
        corrected = mean * (1.0 - shift)
    return Prediction(
        escape_measure=exits.measure,
        rate=exits.rate,
        mean=mean,
        relaxation_rate=curvature,
        corrected_rate=None if corrected is None else 1.0 / corrected,
        corrected_mean=corrected,
        assumptions=assumptions,
        reason=exits.reason,
    )


@arguments.checked(basin=arguments.basin, dynamics=arguments.dynamics, noise=arguments.noise)
def predict(
    basin: BasinLike,
    dynamics: DynamicsLike,
    noise: NoiseLike,
    epsilon: float | None = None,
    dt: float | None = None,
    lr: float | None = None,
) -> Prediction:
    """Return the small-noise law of the escape time: exponential with rate eps^alpha nu(W).

    W is the set of jumps y of the driver after which the noise-free dynamics, starting at rest,
    ever leaves Omega; then eps^alpha nu(W) Gamma converges to a standard exponential variable as
    eps -> 0. For a multifractal law the rate is the sum over its indices (see `escape_rate`).

    * SGD, dX = -grad F(X) dt + eps dL: W = {y : minimum + y not in Omega}. In continuous time.
    * Momentum and Adam, sde form: y displaces x by y/Q at once, Q = sqrt(v) + eps at rest; the
      averaged gradient reacts late, and x may swing out on the other side.
    * Momentum and Adam with frozen v, algorithm form: the jump enters the average, which spreads
      it (see `peak_factor`); in all it displaces x by gain y/Q, gain = (1 - dampening)/(1 - decay)
      for momentum.
    * Adam and RMSprop, algorithm form, v fed by the same gradient: no law is known; the largest
      displacement by one jump is in the reason (see `one_jump_cap`).
    * Walls (`levysde.dynamics.walled`): projections onto a box that contains the domain change
      nothing, because they move only what has left; no law is known of others.
    * Clipped steps: the jumps count in directions in which the boundary is nearer than the clip
      length; where it takes several, the exponent is in the reason (see `clipped_jumps`).

    The recurrence with steps dt is followed for the two forms of momentum and Adam, in closed form
    where the potential is quadratic and the domain fits it. Weight decay moves the equilibrium.
    For symmetric laws in one dimension the first correction, nu(W) eps^alpha E Gamma =
    1 - C eps^alpha + ..., is given where it exists and the dynamics has no memory (see
    `first_correction`).

    Parameters
    ----------
    basin : object
        Basin with ``potential``, ``domain``, ``minimum`` and ``start``.
    dynamics : object
        Dynamics with ``name``, ``clip``, None or a length, and ``rule``, its averages, second
        moment and decay as `levysde.dynamics.Rule` declares them; where it is None no law is known.
    noise : object
        Noise law with ``name``, ``alpha`` and the attributes of the law.
    epsilon : float, optional
        Noise amplitude, positive, units of the state per time^(1/alpha); it or ``lr`` is needed.
    dt : float, optional
        Time step. Needed where factors of averages are per step, and where the motion after a jump
        is followed step by step; SGD ignores it.
    lr : float, optional
        Learning rate in place of both: dt = lr, and epsilon = lr^((alpha - 1)/alpha), so that
        ``noise`` is the law of the gradient noise.

    Returns
    -------
    Prediction
        Rates per unit time and means in units of time; None with a reason where no law is known.

    Raises
    ------
    ValueError
        If the noise law is unknown, a number is out of range, the minimum or the
        equilibrium is not inside the domain, or the time step is needed and missing.

    Notes
    -----
    Source: Imkeller & Pavlyukevich, J. Phys. A 39 (2006) L237; Pavlyukevich, Stoch. Dyn. 11
    (2011) 495. Zhou et al., NeurIPS 2020 (arXiv 2010.05627), Theorem 1, states the same law
    without the constant c_alpha; Zhuang et al., TMLR 2022 (arXiv 2202.00089), the weight decays;
    Wang, Oh & Rhee, ICLR 2022 (arXiv 2102.04297), clipping.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from levysde import domains
    >>> def gradient(x, p, out):
    ...     out[0] = x[0]
    >>> basin = SimpleNamespace(
    ...     potential=SimpleNamespace(dim=1, gradient=gradient, p=np.empty(0)),
    ...     domain=domains.interval(-1.0, 1.0), minimum=np.zeros(1), start=np.zeros(1))
    >>> from levysde.dynamics import sgd
    >>> from levysde.noise import independent
    >>> prediction = predict(basin, sgd(), independent(1.5), epsilon=0.1)
    >>> round(prediction.mean, 3), round(prediction.corrected_mean, 3)
    (79.267, 75.219)
    """
    epsilon, dt = amplitude_and_step(dynamics, noise, epsilon, dt, lr)
    epsilon = checked_positive(epsilon, "epsilon")
    if basin.potential.dim != basin.domain.dim:
        raise ValueError(
            f"the potential has dimension {basin.potential.dim}, "
            f"but the domain has dimension {basin.domain.dim}"
        )
    unknown = None
    if dynamics.rule is None:
        unknown = f"no law is known for the dynamics {dynamics.name!r}, which declares no rule"
    elif getattr(dynamics, "schedule", None) is not None or varies(
        noise, np.asarray(basin.minimum)
    ):
        unknown = "the rate of escapes changes with time; see theory.varying_rate"
    else:
        unknown = why_walls_matter(dynamics, basin.domain)
    noise = law_at(noise, np.asarray(basin.minimum, dtype=np.float64))
    return _prediction(
        basin, motion_of(dynamics, basin.domain.dim, dt), noise, epsilon, unknown, dt
    )


def predict_slowed(
    basin: BasinLike,
    dynamics: DynamicsLike,
    noise: NoiseLike,
    epsilon: float,
    dt: float | None,
    share: float,
) -> Prediction:
    """Return the law of steps of which only a share is made, in the time that the steps make up.

    Steps x <- x + s (y - x), y a whole step of dt with noise eps dt^(1/alpha) Z, are those of the
    chain with dt' = s dt and eps' = eps s^(1 - 1/alpha), whose averages last as many steps. Its
    rate per unit of its own time is that of `Prediction`; times s it is that of the steps.

    Parameters
    ----------
    basin, dynamics, noise, epsilon, dt
        As for `predict`; nothing that changes with time. Of noise of several indices the law is
        given with the amplitude eps', and epsilon as 1.
    share : float
        s, positive, dimensionless.

    Returns
    -------
    Prediction

    Raises
    ------
    ValueError
        As `predict`.

    Examples
    --------
    >>> from levysde import basins, noise
    >>> from levysde.dynamics import sgd
    >>> setting = (basins.flat(), sgd(), noise.independent(1.5), 0.1, None)
    >>> whole, half = (predict_slowed(*setting, share) for share in (1.0, 0.5))
    >>> round(0.5 * half.rate / whole.rate / 0.5**1.5, 12)
    1.0
    """
    unknown = None
    if dynamics.rule is None:
        unknown = f"no law is known for the dynamics {dynamics.name!r}, which declares no rule"
    motion = motion_of(dynamics, basin.domain.dim, dt).slowed(share)
    several = has_several_indices(noise)
    amplitude = epsilon if several else epsilon * share ** (1.0 - 1.0 / float(noise.alpha))
    return _prediction(basin, motion, noise, amplitude, unknown, motion.dt)
