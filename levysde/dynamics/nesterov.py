"""Nesterov's momentum, alone and in Adam: the average looks one gradient ahead."""

import math

from levysde._typing import FloatArray
from levysde.dynamics.decay import with_decay
from levysde.dynamics.dynamics import Dynamics
from levysde.dynamics.rule import check_dampening, check_factor, check_nonnegative
from levysde.engine.random.elementary import exp2
from levysde.spellings import with_hints

_KEPT, _GAIN, _DECAY = range(3)
_B1, _B2, _EPS = range(3)


def _nesterov_update(
    j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float, p: FloatArray
) -> tuple[float, float, float]:
    h = g - dL * (1.0 / dt)
    m = p[_KEPT] * m + (1.0 - p[_GAIN]) * h
    return x - dt * (h + p[_KEPT] * m), m, v


@with_hints
def nesterov(decay: float = 0.9, dampening: float = 0.0, weight_decay: float = 0.0) -> Dynamics:
    """SGD with Nesterov's momentum, as PyTorch has it.

    One step, with h = grad F(x) - eps G dL/dt, the noise in the gradient::

        m <- decay m + (1 - dampening) h
        x <- x - dt (h + decay m)

    A constant gradient moves x (1 + decay (1 - dampening)/(1 - decay)) times as fast as SGD does.
    A jump moves x by (1 + decay (1 - dampening)) dt h at once, and by less in every later step; no
    small-noise law of this package knows that. A weight decay w puts grad F(x) + w x in the place
    of grad F(x).

    Parameters
    ----------
    decay : float
        What a step keeps of m, in [0, 1), dimensionless.
    dampening : float
        In [0, 1), dimensionless.
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
    Y. Nesterov, "A method for solving the convex programming problem with convergence rate
    O(1/k^2)", Dokl. Akad. Nauk SSSR 269 (1983) 543; I. Sutskever, J. Martens, G. Dahl, G. Hinton,
    "On the importance of initialization and momentum in deep learning", ICML 2013, for this form.

    Examples
    --------
    >>> dynamics = nesterov(0.5)
    >>> p = dynamics.step_parameters(0.1)
    >>> [float(value) for value in dynamics.update(0, 1.0, 2.0, 0.0, 3.0, 0.0, 0.1, 0.0, p)]
    [0.5, 4.0, 0.0]
    """
    params = {
        "decay": check_factor("decay", decay, "per_step"),
        "dampening": check_dampening(dampening),
    }
    update, params = with_decay(_nesterov_update, params, weight_decay, _DECAY)
    return Dynamics("nesterov", update, memory=True, params=params)


def _clock(t: float, dt: float, p: FloatArray) -> tuple[float, float]:
    """b1^n and b2^n in step n = 1, 2, ..."""
    n = round(t / dt) + 1.0
    return _power(p[_B1], n), _power(p[_B2], n)


def _power(factor: float, n: float) -> float:
    return exp2(n * math.log2(factor)) if factor > 0.0 else 0.0


def _nadam_update(
    j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float, p: FloatArray,
    first: float, second: float,
) -> tuple[float, float, float]:  # fmt: skip
    h = g - dL * (1.0 / dt)
    m = p[_B1] * m + (1.0 - p[_B1]) * h
    v = p[_B2] * v + (1.0 - p[_B2]) * (h * h)
    ahead = p[_B1] * m / (1.0 - p[_B1] * first) + (1.0 - p[_B1]) * h / (1.0 - first)
    size = math.sqrt(v / (1.0 - second)) + p[_EPS]
    return x - (dt * ahead / size if ahead != 0.0 else 0.0), m, v


@with_hints
def nadam(b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Dynamics:
    """Nadam: Adam with Nesterov's momentum, at a constant b1.

    One step n = 1, 2, ..., with h = grad F(x) - eps G dL/dt, the noise in the gradient::

        m <- b1 m + (1 - b1) h,  v <- b2 v + (1 - b2) h^2
        x <- x - dt (b1 m/(1 - b1^(n+1)) + (1 - b1) h/(1 - b1^n))/(sqrt(v/(1 - b2^n)) + eps)

    PyTorch's is this one with a b1 that grows over the first steps (momentum_decay -> inf is b1
    held constant). As of Adam with a v that follows the gradient, no small-noise law is known.

    Parameters
    ----------
    b1, b2 : float
        What a step keeps of the averages, in [0, 1), dimensionless.
    eps : float
        Added to the square root, in units of the gradient.

    Returns
    -------
    Dynamics

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016, algorithm 8.

    Examples
    --------
    >>> dynamics = nadam(eps=0.0)
    >>> p = dynamics.step_parameters(0.1)
    >>> powers = dynamics.clock(0.0, 0.1, p)
    >>> round(float(dynamics.update(0, 1.0, 0.0, 0.0, 4.0, 0.0, 0.1, 0.0, p, *powers)[0]), 6)
    0.852632
    """
    params = {
        "b1": check_factor("b1", b1, "per_step"),
        "b2": check_factor("b2", b2, "per_step"),
        "eps": check_nonnegative("eps", eps),
    }
    return Dynamics("nadam", _nadam_update, memory=True, params=params, clock=_clock)
