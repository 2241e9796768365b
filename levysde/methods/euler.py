"""Euler's scheme: the recurrence on a grid of times, every iteration of it."""

from dataclasses import dataclass

from levysde import checks
from levysde.engine.program import Program
from levysde.methods.plan import SMALL_JUMPS, Plan, Request
from levysde.methods.recurrence import recurrence, warn_of_close_start
from levysde.methods.scheme import check_stability
from levysde.methods.timestep import AutomaticStep, automatic_step
from levysde.model import Model

__all__ = ["prepare"]


@dataclass(frozen=True, eq=False)
class Chain:
    """A recurrence and where its step comes from.

    Attributes
    ----------
    program : Program
        What the engine runs.
    step : AutomaticStep
        With the reason; empty where the step was given.
    judged : bool
        Whether it was examined for overshoot, and divided if needed.
    """

    program: Program
    step: AutomaticStep
    judged: bool

    def record(self) -> dict[str, str]:
        """What is recorded of the scheme and of the step."""
        scheme = {"scheme": "euler" if self.program.flow is None else "flow"}
        return scheme | ({"dt_reason": self.step.reason} if self.step.reason else {})

    def warn(self, model: Model) -> None:
        """Warn of a step that overshoots."""
        approached = model.basin.target is not None  # a way is followed as the recurrence has it
        algorithm = self.program.batch is not None  # overshoot is a part of it
        if self.program.flow is None and not (self.judged or approached or algorithm):
            check_stability(model.basin, model.dynamics, self.step.dt, model.noise.alpha)


def chain(model: Model, request: Request, *, divisible: bool) -> Chain:
    """The recurrence, with steps divided where an SDE needs it.

    Parameters
    ----------
    model : Model
        What is simulated.
    request : Request
        With the step and its scheme.
    divisible : bool
        Whether steps may be divided unless that is asked for. A step that was given never is: it
        is one to be done as it is.

    Returns
    -------
    Chain

    Raises
    ------
    ValueError
        If there is no step, or parts do not fit together.
    """
    if request.chooses_step:
        checks.choice("dt", request.dt, ("auto",))
        step = automatic_step(model.basin, model.dynamics)
    else:
        step = AutomaticStep(checks.finite_number("dt", request.dt), "")
    free = request.chooses_step and divisible
    scheme = "euler" if request.scheme == "auto" and not free else request.scheme
    program = recurrence(model, step.dt, request.seed, request.correction, scheme)
    return Chain(program, step, free and model.dynamics.has_flow and scheme == "auto")


def check_small_jumps(small_jumps: str) -> None:
    """Refuse to leave out the small jumps of a grid.

    Parameters
    ----------
    small_jumps : str
        What stands for them.

    Raises
    ------
    ValueError
        Unless it is the default.
    """
    if small_jumps != SMALL_JUMPS[0]:
        raise ValueError(
            f"small_jumps is {small_jumps!r}, but on a grid they are simulated; leave it out"
        )


def prepare(model: Model, request: Request) -> Plan:
    """The recurrence for the block engine.

    Parameters
    ----------
    model : Model
        What is simulated.
    request : Request
        How.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If an option is for the jump method, there is no step, or parts do not fit together.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.1)
    >>> prepare(model, Request("auto", seed=0)).dt
    0.01
    """
    if request.threshold is not None:
        raise ValueError(
            f"threshold is {request.threshold!r} with method 'euler'; give method='jump'"
        )
    check_small_jumps(request.small_jumps)
    found = chain(model, request, divisible=True)

    def warn() -> None:
        found.warn(model)
        warn_of_close_start(model, found.program)

    return Plan(
        "euler", request.engine("recurrence"), found.program, found.step.dt, found.record(), warn
    )
