"""The jump method on a grid: the recurrence with its idle iterations skipped."""

from levysde import checks
from levysde.methods.euler import chain, check_small_jumps
from levysde.methods.plan import Plan, Request
from levysde.methods.recurrence import warn_of_close_start
from levysde.methods.skip.quiescence import idle_program
from levysde.model import Model

__all__ = ["prepare"]


def prepare(model: Model, request: Request) -> Plan:
    """The recurrence for the engine that skips.

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
        If an option is for another method, there is no step, or few iterations are idle.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-4)
    >>> prepare(model, Request(0.01, seed=0)).record["scheme"]
    'euler'
    """
    check_small_jumps(request.small_jumps)
    if model.noise.brownian is not None:
        raise checks.Refusal(
            "increments with a Brownian part are not known one by one", "use method='euler'"
        )
    if model.dynamics.schedule is not None:
        raise checks.Refusal(
            "an iteration of a schedule depends on the time, so that none is idle",
            "use method='euler'",
        )
    if model.dynamics.walls is not None:
        raise checks.Refusal(
            "walls stop or turn a path at every step, and what is idle is followed without them",
            "use method='euler'",
        )
    engine = request.engine("skipping")
    if request.scheme == "flow":
        raise ValueError(
            "scheme is 'flow' with method 'jump', which skips iterations of the recurrence as it "
            "is; give method='euler'"
        )
    found = chain(model, request, divisible=False)
    threshold = request.threshold
    if threshold is not None:
        threshold = checks.finite_number("threshold", threshold)
    program = idle_program(model.basin, model.noise, model.epsilon, found.program, threshold)

    def warn() -> None:
        found.warn(model)
        warn_of_close_start(model, found.program)

    record = {**found.record(), "threshold": program.threshold, "memory": program.relaxation}
    return Plan("jump", engine, program, found.step.dt, record, warn, program.jumps.rate)
