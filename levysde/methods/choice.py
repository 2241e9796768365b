"""Which method: two plans are compared, and one of them is carried out."""

from dataclasses import replace

from levysde import checks
from levysde.methods import euler
from levysde.methods.cost_estimate import SMALL_BIAS, program_costs
from levysde.methods.jump import continuous_time
from levysde.methods.plan import SMALL_JUMPS, Plan, Request
from levysde.methods.skip import skipped_recurrence
from levysde.methods.skip.quiescence import idle_share
from levysde.model import Model

__all__ = ["prepare"]

IDLE_SHARE = 0.5
"""Share of idle iterations above which they are skipped."""


def prepare(model: Model, request: Request) -> Plan:
    """Choose between Euler and the jump method, and say why.

    Where a grid was asked for (dt, correction), or the dynamics have no other, the jump method is
    taken if more than half of the iterations are idle. In continuous time the cheaper method is
    taken where both have errors below one percent, and elsewhere the one with the smaller error.

    Parameters
    ----------
    model : Model
        What is simulated.
    request : Request
        How.

    Returns
    -------
    Plan
        With the reason.

    Raises
    ------
    ValueError
        If the grid that was asked for cannot be made, or neither method supports the model.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-4)
    >>> prepare(model, Request("auto", seed=0)).method
    'jump'
    """
    continuous = continuous_time.serves(model, request)
    if request.threshold is not None:
        plan = (
            continuous_time.prepare(model, request)
            if continuous
            else skipped_recurrence.prepare(model, request)
        )
        return plan.because("a threshold was given")
    if request.correction is not None or not continuous:
        return _on_grid(model, request)
    return _in_continuous_time(model, request)


def _in_continuous_time(model: Model, request: Request) -> Plan:
    # What is left out has an error of its own, which nobody wants to weigh: it was asked for.
    weighed = replace(request, small_jumps=SMALL_JUMPS[0])
    try:
        plan = continuous_time.plan(model, weighed)
    except ValueError as error:
        return euler.prepare(model, request).because(checks.reason_of(error))
    try:
        found = program_costs(model, plan.program)
    except ValueError as error:
        return continuous_time.prepare(model, request).because(checks.reason_of(error))
    one, other = found.euler, found.jump
    reason = (
        f"errors of about {one.error:.1%} (euler) and {other.error:.1%} (jump), "
        f"{one.seconds:.1e} s and {other.seconds:.1e} s an exit"
    )
    if max(one.error, other.error) < SMALL_BIAS:
        jumps = not one.seconds < other.seconds
    else:
        jumps = not one.error < other.error
    if not jumps:
        return euler.prepare(model, request).because(reason)
    continuous_time.check_options(request)
    if request != weighed:
        return continuous_time.plan(model, request).because(reason)
    return plan.without_warnings().because(reason)  # it was found to be the better one


def _on_grid(model: Model, request: Request) -> Plan:
    """Whether so many iterations are idle that they are better skipped."""
    if request.scheme == "flow":
        return euler.prepare(model, request).because("steps are to be divided")
    try:
        plan = skipped_recurrence.prepare(model, request)
    except ValueError as error:
        return euler.prepare(model, request).because(checks.reason_of(error))
    share = idle_share(plan.program)
    reason = f"{share:.1%} of iterations are idle"
    return (plan if share > IDLE_SHARE else euler.prepare(model, request)).because(reason)
