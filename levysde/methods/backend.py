"""Where a plan is carried out: on a graphics processor if there is one and the work pays for it."""

from dataclasses import replace

from levysde import checks
from levysde.engine.backends import BACKENDS, BackendError
from levysde.engine.cpu.threads import available_threads
from levysde.methods.cost_estimate import euler_seconds, shown_duration
from levysde.methods.plan import Plan
from levysde.model import Model

__all__ = ["AUTO", "check", "placed", "usable"]

AUTO = "auto"
"""What the user says to leave the choice to `placed`."""

ON_DEVICES = ("recurrence",)
"""Kinds of programs that are worth a graphics processor: a path makes many steps."""

WORTH_SECONDS = 10.0
"""Time on the processor above which a graphics processor is worth its start, a few seconds."""


def check(backend: str) -> None:
    """Refuse what is neither the name of a backend nor "auto".

    Parameters
    ----------
    backend : str
        As the user gives it.

    Raises
    ------
    ValueError
        With the names that are known.

    Examples
    --------
    >>> check("cpu")
    """
    checks.choice("backend", backend, (*BACKENDS, AUTO))


def usable(backend: str) -> str:
    """A backend that is on record, or the processor where it cannot be used: answers are the same.

    Parameters
    ----------
    backend : str
        Its name.

    Returns
    -------
    str

    Examples
    --------
    >>> usable("cpu")
    'cpu'
    """
    try:
        BACKENDS.get(backend, BACKENDS["cpu"])()
    except BackendError:
        return "cpu"
    return backend


def placed(
    plan: Plan, model: Model, paths: int, horizon: float, threads: int | None
) -> tuple[Plan, str, str]:
    """A plan for the processor where it is best carried out.

    Parameters
    ----------
    plan : Plan
        For the processor.
    model : Model
        What is simulated.
    paths : int
        Number of paths that are missing.
    horizon : float
        Where observation ends, time.
    threads : int or None
        Of the processor.

    Returns
    -------
    tuple
        The plan, the backend, and why it was chosen.

    Examples
    --------
    >>> from levysde import basins, dynamics, methods, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.1)
    >>> plan = methods.prepare("euler", model, methods.Request("auto", seed=0))
    >>> placed(plan, model, 100, horizon=1.0, threads=1)[1]
    'cpu'
    """
    here = BACKENDS["cpu"]()
    kind = next(kind for kind in here._fields if getattr(here, kind) is plan.engine)
    if kind not in ON_DEVICES:
        return plan, "cpu", "a run of this method is short"
    try:
        seconds = paths * euler_seconds(model, plan.dt, horizon) / (threads or available_threads())
    except ValueError:
        return plan, "cpu", "how long it takes cannot be predicted"
    reason = f"about {shown_duration(seconds)} on the processor"
    if seconds < WORTH_SECONDS:
        return plan, "cpu", reason
    try:
        engine = getattr(BACKENDS["cuda"](), kind)
        engine.prepare(plan.program)
    except (BackendError, ValueError) as error:  # no device, or a function it cannot compile
        return plan, "cpu", str(error)
    return replace(plan, engine=engine), "cuda", reason
