"""Scales of the linear process dX = -l X dt + s dL and of its Euler chain."""

from __future__ import annotations

import math

from levysde.theory import arguments
from levysde.theory.numbers import checked_alpha, checked_positive


@arguments.checked(alpha=arguments.alpha, rate=arguments.number, time=arguments.number)
def ornstein_uhlenbeck_scale(
    alpha: float, rate: float, scale: float = 1.0, time: float = math.inf
) -> float:
    """Return s ((1 - exp(-alpha l t)) / (alpha l))^(1/alpha), the scale of dX = -l X dt + s dL.

    X_t given X_0 = x is x exp(-lt) plus a stable variable of this scale.

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless.
    rate : float
        Relaxation rate l > 0, per unit time.
    scale : float
        Noise scale s > 0, units of the state per time^(1/alpha).
    time : float
        Elapsed time t >= 0; the default gives the stationary law.

    Returns
    -------
    float
        Scale of X_t, units of the state.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: Samorodnitsky & Taqqu, Stable Non-Gaussian Random Processes (1994), example 3.6.3.

    Examples
    --------
    >>> ornstein_uhlenbeck_scale(2.0, 0.5)
    1.0
    """
    alpha, rate, scale = (
        checked_alpha(alpha),
        checked_positive(rate, "rate"),
        checked_positive(scale, "scale"),
    )
    if not time >= 0.0:
        raise ValueError(f"time is {time!r}, but it must not be negative")
    return float(scale * (-math.expm1(-alpha * rate * time) / (alpha * rate)) ** (1.0 / alpha))


@arguments.checked(alpha=arguments.alpha, rate=arguments.number)
def euler_stationary_scale(alpha: float, rate: float, scale: float, dt: float) -> float:
    """Return s h^(1/alpha) / (1 - |1 - l h|^alpha)^(1/alpha), the Euler chain's stationary scale.

    The chain is x' = (1 - l h) x + s h^(1/alpha) Z with Z standard symmetric stable.

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless.
    rate : float
        Relaxation rate l > 0, per unit time.
    scale : float
        Noise scale s > 0, units of the state per time^(1/alpha).
    dt : float
        Step h, units of time, with l h < 2.

    Returns
    -------
    float
        Scale of the stationary law, units of the state.

    Raises
    ------
    ValueError
        If a number is out of range or the chain is unstable.

    Notes
    -----
    Source: the sum of the independent contributions of all past steps.

    Examples
    --------
    >>> round(euler_stationary_scale(1.5, 1.0, 1.0, 1.0), 8)
    1.0
    """
    alpha, rate, scale = (
        checked_alpha(alpha),
        checked_positive(rate, "rate"),
        checked_positive(scale, "scale"),
    )
    dt = checked_positive(dt, "dt")
    if rate * dt >= 2.0:
        raise ValueError(f"rate * dt is {rate * dt!r}, but the Euler chain is stable only below 2")
    if rate * dt == 1.0:
        return float(scale * dt ** (1.0 / alpha))
    # log1p and expm1 keep the digits of a small step.
    log_memory = math.log1p(-rate * dt) if rate * dt < 1.0 else math.log(rate * dt - 1.0)
    return float(scale * (dt / -math.expm1(alpha * log_memory)) ** (1.0 / alpha))
