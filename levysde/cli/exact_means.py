"""Exact mean exit times of a model in one dimension: of the Euler chain and in continuous time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from levysde.cli.parser import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from levysde._typing import FloatArray
    from levysde.model import Model
    from levysde.noise import Noise
    from levysde.theory import ExactValue


def exact_mean(model: Model, dt: float) -> float:
    """The mean exit time of the Euler chain in one dimension, by its integral equation.

    Parameters
    ----------
    model : Model
        In one dimension, with a bounded domain.
    dt : float
        Time step.

    Returns
    -------
    float
        Time.

    Raises
    ------
    ValueError
        If the noise of one step is too narrow for the equation to be solved.
    """
    from levysde import theory

    gradient, lower, upper = _interval(model)
    try:
        return theory.euler_mean_exit_time(
            gradient,
            lower,
            upper,
            alpha=model.noise.alpha,
            epsilon=model.epsilon * _scale_of(model.noise),
            dt=dt,
            start=float(model.basin.start[0]),
            breakpoints=[float(model.basin.minimum[0])],
        )
    except ValueError as error:
        reason = str(error).partition(":")[0]
        raise UsageError(
            f"--exact finds no mean at alpha = {model.noise.alpha:g}, epsilon = {model.epsilon:g}, "
            f"dt = {dt:g} ({reason}); give a larger --dt or --epsilon"
        ) from error


def continuous_mean(model: Model) -> ExactValue | None:
    """The mean exit time in continuous time in one dimension.

    Parameters
    ----------
    model : Model
        In one dimension, with a bounded domain.

    Returns
    -------
    ExactValue or None
        None where it is not found to the accuracy that is shown.
    """
    from levysde import theory

    gradient, lower, upper = _interval(model)
    try:
        return theory.mean_exit_time(
            gradient,
            lower,
            upper,
            alpha=model.noise.alpha,
            epsilon=model.epsilon * _scale_of(model.noise),
            start=float(model.basin.start[0]),
            breakpoints=[float(model.basin.minimum[0])],
        )
    except ValueError:
        return None


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


def _scale_of(noise: Noise) -> float:
    """The scale of a symmetric law in one dimension, from its characteristic function."""
    import math

    u = 1.0
    while True:
        value = complex(noise.characteristic([[u]])[0])
        exponent = -math.log(abs(value)) if value else math.inf
        if 0.25 <= exponent <= 16.0:
            break
        u *= 2.0 if exponent < 0.25 else 0.5
    if value.imag != 0.0:
        raise UsageError("--exact is for symmetric noise, and this one is skewed; leave out one")
    return float(exponent ** (1.0 / noise.alpha) / u)
