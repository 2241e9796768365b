"""How long a path is followed before it is given up."""

import math

from levysde import parts
from levysde.basins import Basin
from levysde.dynamics import DYNAMICS, Dynamics
from levysde.engine.philox import MAX_STEPS
from levysde.noise import Noise

HORIZON_MEANS = 30.0
"""`horizon=None`: predicted means; an exponential time is longer with probability 1e-13."""

HORIZON_STEPS = 100_000
"""`horizon=None` where the theory knows no law: steps."""


def _default_horizon(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float,
    dt: float,
    unknown: float | None,
) -> float:
    """30 predicted means; where no law is known, another time or a number of steps."""
    from levysde import theory

    if dynamics.name in DYNAMICS and not (dynamics.name == "sgd" and dynamics.clip is None):
        try:
            rate = theory.predict(basin, dynamics, noise, epsilon, dt=dt or None).rate
        except ValueError:  # it follows jumps step by step, and continuous time has no steps
            if dt > 0.0:
                raise
            rate = None
        if rate is None and dt == 0.0:
            raise ValueError("the theory knows no rate here; give horizon a time (--horizon)")
        if rate is None:
            return HORIZON_STEPS * dt if unknown is None else unknown
    else:
        rate = theory.escape_rate(basin.domain, noise, basin.minimum, epsilon)
    if not rate > 0.0:
        raise ValueError(
            "the theory predicts no escape by jumps here, so there is no default horizon "
            f"(alpha = {noise.alpha:g}); give horizon a time (--horizon)"
        )
    # The mean of the grid chain is at least one step; an update of the user may have another law.
    return max(HORIZON_MEANS * (1.0 / rate + dt), unknown or 0.0)


def checked_horizon(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float,
    dt: float,
    horizon: float | None,
    unknown: float | None = None,
) -> tuple[float, float]:
    """The horizon as a time, and as a number of steps where there is a grid.

    Parameters
    ----------
    basin, dynamics, noise
        The parts.
    epsilon : float
        Noise amplitude, dimensionless.
    dt : float
        Step, time; 0 where times are continuous.
    horizon : float or None
        Time; 30 predicted means where it is None.
    unknown : float, optional
        Time, where it is None and no mean is known; 100 000 steps unless given.

    Returns
    -------
    (float, float)
        The horizon, time, and what the engine counts it in.

    Raises
    ------
    ValueError
        If it is not a positive number, has too many steps, or there is no default.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> checked_horizon(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.1, 0.01, 2.0)
    (2.0, 200)
    """
    if horizon is None:
        horizon = _default_horizon(basin, dynamics, noise, epsilon, dt, unknown)
    horizon = parts.finite_number("horizon", horizon)
    if dt == 0.0:
        return horizon, horizon
    steps = math.ceil(horizon / dt * (1.0 - 1e-12))
    if steps >= MAX_STEPS:
        raise ValueError(
            f"the horizon {horizon:.3g} is {steps:.3g} steps of {dt:.3g}; give a horizon "
            f"or dt with fewer than {MAX_STEPS:.3g} steps"
        )
    return horizon, max(1, steps)
