"""Runs that are set by a learning rate, as an optimizer is run."""

from typing import Literal

from levysde import checks
from levysde.dynamics import Dynamics
from levysde.noise import Noise

__all__ = ["amplitude_and_step"]


def amplitude_and_step(
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float | None,
    dt: float | Literal["auto"],
    lr: float | None,
) -> tuple[float, float | Literal["auto"]]:
    """Epsilon and dt as they were given, or those of a learning rate.

    Parameters
    ----------
    dynamics : Dynamics
        The optimizer, a recurrence where `lr` is given.
    noise : Noise
        The law of the driver; with `lr` that of the noise of the gradient.
    epsilon : float or None
        Noise amplitude, dimensionless.
    dt : float or "auto"
        Step, time.
    lr : float or None
        Learning rate, time.

    Returns
    -------
    (float, float or "auto")
        Epsilon and dt.

    Raises
    ------
    ValueError
        If `lr` is given together with epsilon or dt, for an SDE or for noise of several indices,
        or neither `lr` nor epsilon is given.

    Examples
    --------
    >>> from levysde import dynamics, noise
    >>> epsilon, dt = amplitude_and_step(
    ...     dynamics.adam(), noise.independent(1.5), None, "auto", lr=0.001
    ... )
    >>> round(epsilon, 12), dt
    (0.1, 0.001)
    """
    if lr is None and epsilon is not None:
        return epsilon, dt
    from levysde.theory.optimizers.amplitude import amplitude_and_step as converted

    for name, value, kind in (("dynamics", dynamics, Dynamics), ("noise", noise, Noise)):
        if not isinstance(value, kind):
            raise ValueError(f"{name} is {value!r}; give a {kind.__name__}")
    if isinstance(dt, str):
        checks.choice("dt", dt, ("auto",))
    if lr is not None:
        lr = checks.finite_number("lr", lr)
    epsilon, step = converted(dynamics, noise, epsilon, None if isinstance(dt, str) else dt, lr)
    return epsilon, dt if step is None else step
