"""Exact mean exit times of a model in one dimension: of the Euler chain and in continuous time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from levysde.cli.parser import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from levysde._typing import FloatArray
    from levysde.model import Model
    from levysde.noise import Noise

_STEP_TOLERANCE = 1e-6
"""Relative, for densities with a cusp, at which quadrature converges slowly."""


@dataclass(frozen=True)
class Mean:
    """A mean exit time, or why there is none.

    Parameters
    ----------
    value : float or None
        Time.
    error : float or None
        Of the value, time.
    reason : str or None
        Why no value is known.
    digits : int
        How many of the value are right.

    Examples
    --------
    >>> Mean(None, reason="the noise is skewed").value is None
    True
    """

    value: float | None
    error: float | None = None
    reason: str | None = None
    digits: int = 6


def check_dynamics(model: Model) -> None:
    """Refuse steps that are not those of SGD.

    Parameters
    ----------
    model : Model
        Whose exact means are wanted.

    Raises
    ------
    ValueError
        With what the steps are instead.
    """
    from levysde.theory.optimizers.walls import why_walls_matter

    dynamics, rule = model.dynamics, model.dynamics.rule
    reason = None
    if dynamics.clip is not None:
        reason = f"steps that are not cut and --clip is {dynamics.clip:g}"
    elif dynamics.schedule is not None:
        reason = "steps that do not change with time, and the dynamics has a schedule"
    elif rule is None or not rule.plain or rule.weight_decay:
        reason = f"sgd and --dynamics is {dynamics.name}"
    elif why_walls_matter(dynamics, model.basin.domain) is not None:
        reason = "walls that contain the basin, and those of the dynamics may change exits"
    if reason is not None:
        raise UsageError(f"--exact is for {reason}; leave out one of them")


def why_no_chain(noise: Noise) -> str | None:
    """Why no exact mean of the Euler chain is known with a noise, None where one is.

    Parameters
    ----------
    noise : Noise
        The law.

    Returns
    -------
    str or None
    """
    if noise.scale_part is not None:
        return "the noise depends on the state or on time"
    if noise.brownian is not None:
        return "the density of a step with a Brownian part is not known"
    if noise.step is not None:
        return None
    if not noise.stable:
        return f"the density of a step of {noise.name} noise is not known"
    return None if _scale_and_skewness(noise)[1] == 0.0 else "the noise is skewed"


def exact_mean(model: Model, dt: float) -> Mean:
    """The mean exit time of the Euler chain in one dimension, by its integral equation.

    Parameters
    ----------
    model : Model
        In one dimension, with a bounded domain.
    dt : float
        Time step.

    Returns
    -------
    Mean
    """
    import numpy as np

    from levysde import theory

    noise = model.noise
    reason = why_no_chain(noise)
    if reason is not None:
        return Mean(None, reason=reason)
    gradient, lower, upper = _interval(model)
    if noise.step is None:
        scale, tolerance = _scale_and_skewness(noise)[0], 1e-8
    else:
        scale, tolerance = float(np.max(noise.step.scale)), _STEP_TOLERANCE
    try:
        value = theory.euler_mean_exit_time(
            gradient,
            lower,
            upper,
            alpha=noise.alpha,
            epsilon=model.epsilon * scale,
            dt=dt,
            start=float(model.basin.start[0]),
            breakpoints=[float(model.basin.minimum[0])],
            tolerance=tolerance,
            step=noise.step,
        )
    except ValueError as error:
        reason = str(error).partition(":")[0]
        at = f"alpha = {noise.alpha:g}, epsilon = {model.epsilon:g}, dt = {dt:g}"
        return Mean(None, reason=f"not found at {at} ({reason}); give a larger --dt or --epsilon")
    return Mean(value, digits=8 if noise.step is None else 5)


def continuous_mean(model: Model) -> Mean:
    """The mean exit time in continuous time in one dimension.

    Parameters
    ----------
    model : Model
        In one dimension, with a bounded domain.

    Returns
    -------
    Mean
    """
    from levysde import theory

    noise = model.noise
    if noise.scale_part is not None:
        return Mean(None, reason="the noise depends on the state or on time")
    jumps = noise.driver
    if not jumps.stable:
        if jumps.step is not None:
            reason = f"steps of {jumps.name} noise are those of no process in continuous time"
            return Mean(None, reason=reason)
        return Mean(None, reason=f"no exact mean is known with {jumps.name} noise")
    gradient, lower, upper = _interval(model)
    scale, skewness = _scale_and_skewness(jumps)
    start = float(model.basin.start[0])
    if skewness != 0.0:
        return _skewed(model, scale, skewness, (lower, upper, start))
    try:
        found = theory.mean_exit_time(
            gradient,
            lower,
            upper,
            alpha=noise.alpha,
            epsilon=model.epsilon * scale,
            start=start,
            brownian=(model.epsilon * _brownian(noise)) ** 2,
            breakpoints=[float(model.basin.minimum[0])],
        )
    except ValueError:
        return Mean(None, reason="not found to 6 digits")
    return Mean(found.value, found.error)


def _skewed(
    model: Model, scale: float, skewness: float, places: tuple[float, float, float]
) -> Mean:
    """Known without a force, and without a Brownian part."""
    import numpy as np

    from levysde import theory

    gradient, (lower, upper, start) = _interval(model)[0], places
    if _brownian(model.noise) or gradient(np.linspace(lower, upper, 257)).any():
        return Mean(None, reason="with skewed noise it is known without a force only")
    value = theory.skewed_mean_exit_time(
        model.noise.alpha, skewness, lower, upper, start, model.epsilon * scale
    )
    return Mean(value, 0.0)


def _brownian(noise: Noise) -> float:
    import numpy as np

    return 0.0 if noise.brownian is None else float(np.max(noise.brownian))


def _interval(model: Model) -> tuple[Callable[[FloatArray], FloatArray], float, float]:
    """The gradient as a function of many points, and both ends."""
    import numpy as np

    from levysde import theory

    basin, minimum = model.basin, float(model.basin.minimum[0])
    reach = [theory.ray_exit_segments(basin.domain, basin.minimum, [s]).first for s in (-1.0, 1.0)]
    if not np.isfinite(reach).all():
        raise UsageError(
            f"--exact is for an interval, and the {basin.name} basin is open on one side; leave "
            "out --exact"
        )

    def gradient(x: FloatArray) -> FloatArray:
        return np.array([basin.potential.gradient_at(point)[0] for point in x[:, None]])

    return gradient, minimum - reach[0], minimum + reach[1]


def _scale_and_skewness(noise: Noise) -> tuple[float, float]:
    """Scale and skewness of a stable law in one dimension, from its characteristic function.

    E exp(iuL) = exp(-|sigma u|^alpha (1 - i beta tan(pi alpha/2) sign u)).
    """
    import cmath
    import math

    u = 1.0
    while True:
        value = complex(noise.characteristic([[u]])[0])
        exponent = -math.log(abs(value)) if value else math.inf
        if 0.25 <= exponent <= 16.0:
            break
        u *= 2.0 if exponent < 0.25 else 0.5
    scale = float(exponent ** (1.0 / noise.alpha) / u)
    if value.imag == 0.0:
        return scale, 0.0
    # So near to 0 that the phase is less than 1.
    slope = math.tan(0.5 * math.pi * noise.alpha)
    v = (0.5 / max(1.0, abs(slope))) ** (1.0 / noise.alpha) / scale
    logarithm = cmath.log(complex(noise.characteristic([[v]])[0]))
    beta = -logarithm.imag / logarithm.real / slope
    return scale, min(1.0, max(-1.0, beta))
