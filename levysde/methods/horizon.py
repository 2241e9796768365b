"""How long a path is followed before it is given up, and why so long."""

import math
from dataclasses import dataclass

from levysde import checks
from levysde.engine.random.philox import MAX_STEPS
from levysde.model import Model

__all__ = ["Horizon", "chosen_horizon"]

MEANS = 30
"""Means until a path is censored; an exponential time is longer with probability 1e-13."""

STEPS = 100_000
"""The same in steps, where no mean is predicted."""

LONG_INCREMENTS = 1000
"""The same in long increments of the noise, where idle iterations are skipped."""

_UNKNOWN = "no mean is predicted"
_PREDICTED = "predicted means"


@dataclass(frozen=True)
class Horizon:
    """The time after which a path is censored.

    Attributes
    ----------
    time : float
        Time.
    reason : str
        Where it comes from, for people.
    """

    time: float
    reason: str

    def limit(self, dt: float) -> float:
        """What the engine counts the horizon in.

        Parameters
        ----------
        dt : float
            Step, time; 0 where times are continuous.

        Returns
        -------
        float
            A whole number of steps, or the time where there is no grid.

        Raises
        ------
        ValueError
            If there are more steps than can be numbered.

        Examples
        --------
        >>> Horizon(2.0, "given").limit(0.01)
        200
        """
        if dt == 0.0:
            return self.time
        steps = math.ceil(self.time / dt * (1.0 - 1e-12))
        if steps >= MAX_STEPS:
            raise ValueError(
                f"the horizon {self.time:.3g} is {steps:.3g} steps of {dt:.3g}; give a horizon "
                f"or dt with fewer than {MAX_STEPS:.3g} steps"
            )
        return max(1, steps)


def chosen_horizon(
    model: Model,
    dt: float,
    given: float | None = None,
    long_rate: float | None = None,
) -> Horizon:
    """The horizon that was given, or else one that nearly all paths stay within.

    That is 30 predicted means, and 100 000 steps where no mean is predicted. An update of the user
    gets 30 means of SGD with the same noise, for want of a law of its own. Where idle iterations
    are skipped 1000 long increments take the place of the steps, and of the means if they last
    longer.

    Parameters
    ----------
    model : Model
        What is simulated.
    dt : float
        Step, time; 0 where times are continuous.
    given : float, optional
        Time.
    long_rate : float, optional
        Long increments per unit time, where idle iterations are skipped.

    Returns
    -------
    Horizon

    Raises
    ------
    ValueError
        If the time given is not a positive number, or there is no default.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.adam(), noise.independent(1.5), epsilon=0.1)
    >>> chosen_horizon(model, dt=0.01)
    Horizon(time=1000.0, reason='100000 steps: no mean is predicted')
    """
    if given is not None:
        return Horizon(checks.finite_number("horizon", given), "given")
    rate, means = predicted_rate(model, dt)
    if rate is None:
        if long_rate is not None:
            return Horizon(
                LONG_INCREMENTS / long_rate, f"{LONG_INCREMENTS} long increments: {_UNKNOWN}"
            )
        if dt == 0.0:
            raise ValueError("the theory knows no rate here; give horizon a time (--horizon)")
        return Horizon(STEPS * dt, f"{STEPS} steps: {_UNKNOWN}")
    if not rate > 0.0:
        raise ValueError(
            "the theory predicts no escape by jumps here, so there is no default horizon "
            f"(alpha = {model.noise.alpha:g}); give horizon a time (--horizon)"
        )
    # The mean of the grid chain is at least one step.
    time = MEANS * (1.0 / rate + dt)
    if long_rate is not None and LONG_INCREMENTS / long_rate > time:
        longer = f"{LONG_INCREMENTS} long increments, longer than {MEANS} {means}"
        return Horizon(LONG_INCREMENTS / long_rate, longer)
    return Horizon(time, f"{MEANS} {means}")


def predicted_rate(model: Model, dt: float) -> tuple[float | None, str]:
    """The rate of escapes, None where it is not known, and whose means its inverse is."""
    from levysde import theory

    basin, dynamics, noise, epsilon = model.parts
    if basin.target is not None:  # the theory knows escapes from a minimum only
        return None, _PREDICTED
    if dynamics.schedule is not None or noise.varies(basin.minimum):
        return None, _PREDICTED
    if dynamics.walls is not None and dynamics.rule is None:
        return None, _PREDICTED
    try:
        noise = noise.at(basin.minimum)
    except checks.Refusal:  # there is none, or of a law of the user its jumps are not known
        return None, _PREDICTED
    if noise.form is None:
        return None, _PREDICTED
    rule = dynamics.effective_rule
    plain = rule.plain and not rule.weight_decay
    plain = plain and dynamics.clip is None and dynamics.walls is None
    if dynamics.rule is not None and not plain:
        try:
            return theory.predict(*model.parts, dt=dt or None).rate, _PREDICTED
        except ValueError:  # it follows jumps step by step, and continuous time has no steps
            if dt > 0.0:
                raise
            return None, _PREDICTED
    rate = theory.escape_rate(basin.domain, noise, basin.minimum, epsilon)
    if dynamics.rule is not None:
        return rate, _PREDICTED
    return rate, f"means of sgd: no law is known for {dynamics.name}"
