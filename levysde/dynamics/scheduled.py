"""Learning rates that change with time: every step of an optimizer times s(t)."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np

from levysde import checks
from levysde._typing import FloatArray, PlainFunction
from levysde.dynamics.dynamics import Dynamics
from levysde.schedules import Schedule

__all__ = ["Scheduled", "scheduled"]

_SIZE, _DECAY, _HEADER = 0, 1, 2
"""Where p has the number of parameters of the schedule, and the decay of a proximal step."""


@dataclass(frozen=True, eq=False)
class Scheduled(Dynamics):
    """Steps of another dynamics times s(t); made by `scheduled`.

    Attributes
    ----------
    whole : Dynamics
        What makes the whole steps.
    factor : Schedule
        s(t).
    """

    _: KW_ONLY
    whole: Dynamics
    factor: Schedule

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip != self.whole.clip:  # by dataclasses.replace
            object.__setattr__(self, "whole", replace(self.whole, clip=self.clip))

    def __reduce__(self) -> tuple[Any, ...]:
        return scheduled, (self.whole, self.factor)

    @property
    def unscheduled(self) -> Dynamics:
        """What makes the whole steps."""
        return self.whole

    @property
    def schedule(self) -> Schedule:
        """s(t)."""
        return self.factor

    @property
    def options(self) -> dict[str, Any]:
        """Those of the whole steps."""
        return self.whole.options

    @property
    def continuous(self) -> bool:
        """Never: the flow between jumps depends on time."""
        return False

    @property
    def limit(self) -> PlainFunction | None:
        """The clip of the whole steps times s(t)."""
        return None if self.clip is None else _slowed_limit(self.factor.function)

    def step_parameters(self, dt: float, dim: int | None = None, share: float = 1.0) -> FloatArray:
        """Those of the schedule, then those of a whole step.

        Parameters
        ----------
        dt : float
            Step, time.
        dim : int, optional
            Dimension of a path.
        share : float
            Part of the step that is done at once, from 0 to 1, dimensionless.

        Returns
        -------
        ndarray
        """
        own, rule = self.factor.p, self.whole.rule
        proximal = rule is not None and rule.decay_form == "proximal"
        decay = rule.weight_decay if proximal and rule is not None else 0.0
        whole = self.whole.step_parameters(dt, dim, share)
        return np.concatenate([[float(len(own)), decay], own, whole])


def scheduled(dynamics: Dynamics, schedule: Schedule) -> Scheduled:
    """Every step of an optimizer times s(t): a schedule of the learning rate.

    If a whole step takes x to y, a step at time t takes it to x + s(t) (y - x); averages of the
    gradient are those of the whole steps. A decoupled decay is scheduled with it,
    x <- (1 - s w dt) x - s dt m/Q, as AdamW has it, and in a proximal step too,
    x <- (x - s dt m/Q)/(1 + s w dt). A clip is that of whole steps, as of gradients that are
    clipped. The noise is multiplied as the gradient is: with a constant s the steps are those of
    dt' = s dt and eps' = eps s^(1 - 1/alpha), with averages that last as many steps. For SGD
    escapes have s^alpha times the rate, in leading order; averages that last another time spread a
    jump otherwise, and the rate is that of the other chain (see `levysde.theory.varying_rate`).

    Parameters
    ----------
    dynamics : Dynamics
        What makes the whole steps.
    schedule : Schedule
        s(t), of `levysde.schedules` or of one's own.

    Returns
    -------
    Scheduled

    Raises
    ------
    ValueError
        If one of them is something else, or the dynamics has a schedule already.

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2, with
    the multiplier eta_t.

    Z. Zhuang, M. Liu, A. Cutkosky, F. Orabona, "Understanding AdamW through proximal methods and
    scale-freeness", Trans. Mach. Learn. Res. 2022 (arXiv 2202.00089), eq. 5, for the proximal step.

    Examples
    --------
    >>> from levysde import dynamics, schedules
    >>> slowing = scheduled(dynamics.sgd(), schedules.linear(10.0))
    >>> p = slowing.step_parameters(0.1)
    >>> y = slowing.update(0, 1.0, 0.0, 0.0, 2.0, 0.5, 0.1, 5.0, p)[0]  # half of +0.3
    >>> round(float(y), 12)
    1.15
    """
    checks.instance("dynamics", dynamics, Dynamics)
    checks.instance("schedule", schedule, Schedule)
    if dynamics.schedule is not None:
        raise ValueError("the dynamics has a schedule already; multiply both in one function")
    if dynamics.walls is not None:
        raise ValueError("the dynamics has walls, which come last; give walled(scheduled(...))")
    return Scheduled(
        dynamics.name,
        _slowed(dynamics.update, schedule.function),
        memory=dynamics.memory,
        params=dict(dynamics.params),
        clip=dynamics.clip,
        clock=_clock(dynamics.clock),
        normal=dynamics.normal,
        sde=dynamics.sde,
        rule=dynamics.rule,
        whole=dynamics,
        factor=schedule,
    )


def _slowed(update: PlainFunction, factor: PlainFunction) -> PlainFunction:
    def slowed(j, x, m, v, g, dL, dt, t, p, *more):  # type: ignore[no-untyped-def]
        begin = _HEADER + int(p[_SIZE])
        s = factor(t, p[_HEADER:begin])
        y, m, v = update(j, x, m, v, g, dL, dt, t, p[begin:], *more)
        if s == 1.0:
            return y, m, v
        decay = p[_DECAY] * dt
        return (x + s * (y * (1.0 + decay) - x)) / (1.0 + s * decay), m, v

    return slowed


def _slowed_limit(factor: PlainFunction) -> PlainFunction:
    def limit(t, p):  # type: ignore[no-untyped-def]
        return factor(t, p[_HEADER : _HEADER + int(p[_SIZE])]) * p[p.size - 1]

    return limit


def _clock(clock: PlainFunction | None) -> PlainFunction | None:
    if clock is None:
        return None

    def later(t, dt, p):  # type: ignore[no-untyped-def]
        return clock(t, dt, p[_HEADER + int(p[_SIZE]) :])

    return later
