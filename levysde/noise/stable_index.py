"""The stability index: its range, and how increments scale with it."""

from levysde import checks
from levysde.engine.random.elementary import exp2, log2

__all__ = ["MIN_ALPHA", "check_alpha", "step_scale"]

MIN_ALPHA = 0.1
"""Below, products of uniforms of 52 bits leave the range of 64-bit floats."""


def check_alpha(alpha: object) -> float:
    """Check a stability index.

    Parameters
    ----------
    alpha : object
        What was given, dimensionless.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If alpha is not a number with 0.1 <= alpha <= 2.

    Examples
    --------
    >>> check_alpha(1.5)
    1.5
    """
    number = checks.finite_number("alpha", alpha, positive=False)
    if not MIN_ALPHA <= number <= 2.0:
        raise ValueError(f"alpha is {number:g}; give a stability index from {MIN_ALPHA} to 2")
    return number


def step_scale(alpha: float, epsilon: float, dt: float) -> float:
    """The scale epsilon dt^(1/alpha) of an increment, with the same bits everywhere.

    Parameters
    ----------
    alpha, epsilon : float
        Dimensionless.
    dt : float
        Step, time.

    Returns
    -------
    float
        length/scale.

    Examples
    --------
    >>> step_scale(1.0, 0.5, 0.25)
    0.125
    """
    return epsilon * float(exp2(log2(dt) / alpha))
