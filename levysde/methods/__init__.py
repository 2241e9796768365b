"""How a path is advanced. Each method makes a plan of a model, or refuses it with a reason."""

from levysde import checks
from levysde.methods import choice, euler
from levysde.methods.jump import continuous_time
from levysde.methods.jump.continuous_time import chosen_threshold
from levysde.methods.plan import SMALL_JUMPS, Plan, Request
from levysde.methods.scheme import SCHEMES
from levysde.methods.skip import skipped_recurrence
from levysde.model import Model

__all__ = ["METHODS", "SMALL_JUMPS", "Plan", "Request", "chosen_threshold", "prepare"]

METHODS = ("euler", "jump", "auto")


def prepare(method: str, model: Model, request: Request) -> Plan:
    """What a method makes of a model.

    Parameters
    ----------
    method : {"euler", "jump", "auto"}
        With "auto" the cheaper one that is good enough.
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
        If an option is unknown or not for this method, or the method does not support the model.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-4)
    >>> prepare("auto", model, Request("auto", seed=0)).method
    'jump'
    """
    checks.choice("method", method, METHODS)
    checks.choice("small_jumps", request.small_jumps, SMALL_JUMPS)
    checks.choice("scheme", request.scheme, SCHEMES)
    if method == "auto":
        return choice.prepare(model, request)
    if method == "euler":
        return euler.prepare(model, request)
    return (
        continuous_time.prepare(model, request)
        if continuous_time.serves(model, request)
        else skipped_recurrence.prepare(model, request)
    )
