"""Adagrad: steps divided by the root of the sum of all squares so far."""

import math

from levysde._typing import FloatArray
from levysde.dynamics.dynamics import Dynamics
from levysde.dynamics.rule import check_nonnegative
from levysde.spellings import with_hints

_EPS = 0


def _update(
    j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float, p: FloatArray
) -> tuple[float, float, float]:
    h = g - dL * (1.0 / dt)
    v += h * h
    return x - (dt * h / (math.sqrt(v) + p[_EPS]) if h != 0.0 else 0.0), m, v


@with_hints
def adagrad(eps: float = 1e-10) -> Dynamics:
    """Adagrad: the gradient over the root of the sum of its squares so far.

    One step, with h = grad F(x) - eps G dL/dt, the noise in the gradient::

        v <- v + h^2
        x <- x - dt h/(sqrt(v) + eps)

    Steps get shorter for ever, and one large jump of the noise makes all later ones short: most
    paths are trapped, and there is no rate.

    Parameters
    ----------
    eps : float
        Added to the square root, in units of the gradient.

    Returns
    -------
    Dynamics

    Raises
    ------
    ValueError
        If eps is negative.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", J. Mach. Learn. Res. 12 (2011) 2121, figure 1, the diagonal form.

    Examples
    --------
    >>> dynamics = adagrad(eps=0.0)
    >>> p = dynamics.step_parameters(0.1)
    >>> found = dynamics.update(0, 1.0, 0.0, 9.0, 4.0, 0.0, 0.1, 0.0, p)
    >>> [float(value) for value in found]
    [0.92, 0.0, 25.0]
    """
    return Dynamics("adagrad", _update, memory=True, params={"eps": check_nonnegative("eps", eps)})
