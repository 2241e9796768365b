"""Steps of one length in every coordinate: signSGD and Lion."""

import math

from levysde._typing import FloatArray
from levysde.dynamics.dynamics import Dynamics
from levysde.dynamics.rule import check_factor, check_nonnegative
from levysde.spellings import with_hints

_KEPT = 0
_SEEN, _DECAY = 1, 2


def _sign(h: float) -> float:
    """-1, 0 or 1; NaN stays."""
    return math.copysign(1.0, h) if h != 0.0 and h == h else h


def _sign_update(
    j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float, p: FloatArray
) -> tuple[float, float, float]:
    m = p[_KEPT] * m + (1.0 - p[_KEPT]) * (g - dL * (1.0 / dt))
    return x - dt * _sign(m), m, v


def _lion_update(
    j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float, p: FloatArray
) -> tuple[float, float, float]:
    h = g - dL * (1.0 / dt)
    moved = (1.0 - p[_DECAY] * dt) * x - dt * _sign(p[_KEPT] * m + (1.0 - p[_KEPT]) * h)
    return moved, p[_SEEN] * m + (1.0 - p[_SEEN]) * h, v


@with_hints
def signsgd(decay: float = 0.0) -> Dynamics:
    """SignSGD: every coordinate moves by dt against the sign of its gradient.

    One step, with h = grad F(x) - eps G dL/dt, the noise in the gradient::

        m <- decay m + (1 - decay) h
        x <- x - dt sign(m)

    decay = 0 is signSGD, more is Signum. However long a jump, it moves a coordinate by dt in a
    step: exits take many steps, and no small-noise law is known.

    Parameters
    ----------
    decay : float
        What a step keeps of m, in [0, 1), dimensionless.

    Returns
    -------
    Dynamics

    Raises
    ------
    ValueError
        If decay is out of range.

    References
    ----------
    J. Bernstein, Y.-X. Wang, K. Azizzadenesheli, A. Anandkumar, "signSGD: compressed optimisation
    for non-convex problems", ICML 2018 (arXiv 1802.04434), algorithms 1 and 2.

    Examples
    --------
    >>> dynamics = signsgd()
    >>> p = dynamics.step_parameters(0.1)
    >>> dynamics.update(0, 1.0, 0.0, 0.0, 5.0, 0.0, 0.1, 0.0, p)[0]
    0.9
    """
    params = {"decay": check_factor("decay", decay, "per_step")}
    return Dynamics("signsgd", _sign_update, memory=True, params=params)


@with_hints
def lion(b1: float = 0.9, b2: float = 0.99, weight_decay: float = 0.0) -> Dynamics:
    """Lion: the sign of an average that counts the last gradient more, and decoupled decay.

    One step, with h = grad F(x) - eps G dL/dt, the noise in the gradient::

        x <- (1 - w dt) x - dt sign(b1 m + (1 - b1) h)
        m <- b2 m + (1 - b2) h

    b1 = b2 = 0 is signSGD. As there, no small-noise law is known.

    Parameters
    ----------
    b1, b2 : float
        What the direction, and the average, keep of m, in [0, 1), dimensionless.
    weight_decay : float
        w, 1/time (of SGD time, in which dt is the learning rate).

    Returns
    -------
    Dynamics

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    X. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023 (arXiv
    2302.06675), program 1.

    Examples
    --------
    >>> dynamics = lion(weight_decay=0.5)
    >>> p = dynamics.step_parameters(0.1)
    >>> found = dynamics.update(0, 1.0, 0.2, 0.0, 5.0, 0.0, 0.1, 0.0, p)
    >>> [round(float(value), 12) for value in found]
    [0.85, 0.248, 0.0]
    """
    params = {
        "b1": check_factor("b1", b1, "per_step"),
        "b2": check_factor("b2", b2, "per_step"),
        "weight_decay": check_nonnegative("weight_decay", weight_decay),
    }
    return Dynamics("lion", _lion_update, memory=True, params=params)
