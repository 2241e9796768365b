"""Weight decay that is part of the gradient: grad F(x) + w x in the place of grad F(x)."""

from typing import Any

from levysde._typing import FloatArray, PlainFunction
from levysde.dynamics.rule import check_nonnegative


def with_decay(
    update: PlainFunction, params: dict[str, float], weight_decay: object, place: int
) -> tuple[PlainFunction, dict[str, float]]:
    """An update and its parameters with a weight decay; without one they stay what they are.

    Parameters
    ----------
    update : callable
        As of `Dynamics`, without a clock.
    params : dict of str to float
        Its named parameters.
    weight_decay : object
        w, 1/time.
    place : int
        Of w among the numbers p that the update receives.

    Returns
    -------
    (callable, dict of str to float)

    Raises
    ------
    ValueError
        If the decay is no finite number, or negative.

    Examples
    --------
    >>> def euler(j, x, m, v, g, dL, dt, t, p):
    ...     return x - g * dt + dL, m, v
    >>> update, params = with_decay(euler, {}, 0.5, 0)
    >>> update(0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.1, 0.0, [0.5])[0], params
    (1.6, {'weight_decay': 0.5})
    """
    decay = check_nonnegative("weight_decay", weight_decay)
    if decay == 0.0:
        return update, params

    def decaying_update(
        j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float,
        p: FloatArray,
    ) -> Any:  # fmt: skip
        return update(j, x, m, v, g + p[place] * x, dL, dt, t, p)

    return decaying_update, {**params, "weight_decay": decay}
