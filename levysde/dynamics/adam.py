"""RMSProp, Adam and its relatives: an averaged gradient divided by its own size.

The four relatives of Adam differ in one line each, in how weight decay enters. With the step
s = -dt mhat/Q (in the SDE plus the noise, eps dL/Q), Q = sqrt(vhat) + eps, and decay w:

========== ============================================
`adam`     x <- x + s
`adam_l2`  x <- x + s, with grad F + w x for grad F
`adamw`    x <- (1 - w dt) x + s
`adamprox` x <- (x + s)/(1 + w dt)
========== ============================================
"""

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.dynamics.adaptive import (
    ALGORITHM,
    B1,
    B2,
    DECAY,
    EPS,
    FROZEN,
    GAIN_1,
    GAIN_2,
    SIZES,
    Adaptive,
    adaptive,
)
from levysde.spellings import with_hints


def _step(
    j: int,
    m: float,
    v: float,
    g: float,
    dL: float,
    dt: float,
    p: FloatArray,
    mu: float,
    omega: float,
    z: float,
) -> tuple[float, float, float]:
    """What is added to x, and the new averages. A step of 0/0 is 0."""
    algorithm = p[ALGORITHM] > 0.0
    g -= (dL if algorithm else 0.0) * (1.0 / dt)
    m = p[B1] * m + p[GAIN_1] * g
    seen = g + p[SIZES + j] * z
    v = p[B2] * v + p[GAIN_2] * (seen * seen)
    size = (p[SIZES + j] if p[FROZEN] > 0.0 else np.sqrt(v * omega)) + p[EPS]
    move = (0.0 if algorithm else dL) - dt * (m * mu)
    return (move / size if move != 0.0 else 0.0), m, v


def _adam(
    j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float, p: FloatArray,
    mu: float, omega: float, z: float = 0.0,
) -> tuple[float, float, float]:  # fmt: skip
    step, m, v = _step(j, m, v, g, dL, dt, p, mu, omega, z)
    return x + step, m, v


def _adam_l2(
    j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float, p: FloatArray,
    mu: float, omega: float, z: float = 0.0,
) -> tuple[float, float, float]:  # fmt: skip
    step, m, v = _step(j, m, v, g + p[DECAY] * x, dL, dt, p, mu, omega, z)
    return x + step, m, v


def _adamw(
    j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float, p: FloatArray,
    mu: float, omega: float, z: float = 0.0,
) -> tuple[float, float, float]:  # fmt: skip
    step, m, v = _step(j, m, v, g, dL, dt, p, mu, omega, z)
    return (1.0 - p[DECAY] * dt) * x + step, m, v


def _adamprox(
    j: int, x: float, m: float, v: float, g: float, dL: float, dt: float, t: float, p: FloatArray,
    mu: float, omega: float, z: float = 0.0,
) -> tuple[float, float, float]:  # fmt: skip
    step, m, v = _step(j, m, v, g, dL, dt, p, mu, omega, z)
    return (x + step) / (1.0 + p[DECAY] * dt), m, v


@with_hints
def rmsprop(
    decay: float = 0.99,
    eps: float = 1e-8,
    bias_correction: bool = False,
    form: str = "algorithm",
    rates: str = "per_step",
    frozen: npt.ArrayLike | None = None,
    gradient_noise: npt.ArrayLike | None = None,
) -> Adaptive:
    """RMSProp: the gradient over its root mean square.

    One step::

        v <- decay v + (1 - decay) h^2
        x <- x - dt h/Q,  Q = sqrt(v) + eps

    In the algorithm h = grad F(x) - eps G dL/dt. In the SDE, dx = -grad F/Q dt + eps Q^-1 G dL,
    h = grad F(x). First v is updated, then x with the new v. It is `adam` with b1 = 0, there with
    the bias correction v/(1 - decay^n).

    Parameters
    ----------
    decay : float
        Factor of the average of the squared gradient, in [0, 1), dimensionless; or a rate, 1/time.
    eps : float
        Added to the square root, in units of the gradient.
    bias_correction : bool
        Whether v is divided by 1 - decay^n.
    form : {"algorithm", "sde"}
        Where the noise enters: the gradient, or x beside it.
    rates : {"per_step", "per_time"}
        Whether `decay` is what a step keeps of an average, or its rate; the rate for the SDE only.
    frozen : float or array, shape (dim,), optional
        sqrt(v), held fixed: Q = frozen + eps.
    gradient_noise : float or array, shape (dim,), optional
        Standard deviation of a Gaussian gradient noise that v alone sees, in the SDE.

    Returns
    -------
    Adaptive

    Raises
    ------
    ValueError
        If a parameter is out of range, or two do not go together.

    References
    ----------
    T. Tieleman, G. Hinton, "Lecture 6.5 - RMSProp", COURSERA: Neural Networks for Machine Learning,
    2012.

    Examples
    --------
    >>> dynamics = rmsprop(0.75, eps=0.0)
    >>> p = dynamics.step_parameters(0.1)
    >>> float(dynamics.update(0, 1.0, 0.0, 0.0, 4.0, 0.0, 0.1, 0.0, p, 1.0, 1.0)[0])  # v = 4
    0.8
    """
    checks.flag("bias_correction", bias_correction)
    return adaptive(
        "rmsprop",
        _adam,
        {"decay": decay},
        eps,
        form,
        rates,
        frozen,
        gradient_noise,
        bias_correction=bias_correction,
    )


@with_hints
def adam(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    form: str = "algorithm",
    rates: str = "per_step",
    frozen: npt.ArrayLike | None = None,
    gradient_noise: npt.ArrayLike | None = None,
) -> Adaptive:
    """Adam: the averaged gradient over its root mean square.

    One step::

        m <- b1 m + (1 - b1) h,  v <- b2 v + (1 - b2) h^2
        x <- x - dt mu_n m/Q,  Q = sqrt(omega_n v) + eps
        mu_n = 1/(1 - b1^n), omega_n = 1/(1 - b2^n) in step n = 1, 2, ...

    In the algorithm h = grad F(x) - eps G dL/dt: with dt = eta and eps = eta^((alpha - 1)/alpha) it
    is Adam on gradients with stable noise, and v sees the jumps that move x. In the SDE
    h = grad F(x), and the noise reaches x at once::

        dx = -mu_t m/Q dt + eps Q^-1 G dL
        dm = beta1 (grad F(x) - m) dt,  dv = beta2 (grad F(x)^2 - v) dt

    with beta = (1 - b)/dt for factors per step. First m and v are updated, then x with the new
    ones, which is also the limit (grad F, grad F^2) of mu m and omega v at t = 0. At a minimum
    grad F and so v vanish, and Q = eps: give `frozen`, the theory's Q at the minimum, or
    `gradient_noise`, which the source means when it declares the gradient in v noisy.

    b1 = 0 is RMSProp with bias correction; frozen = 1 with eps = 0 and b1 = 0 is SGD.

    Parameters
    ----------
    b1, b2 : float
        Factors of the averages of the gradient and of its square, in [0, 1), dimensionless; or
        rates, 1/time.
    eps : float
        Added to the square root, in units of the gradient; 0 makes the optimizer scale-free.
    form : {"algorithm", "sde"}
        Where the noise enters: the gradient, or x beside it.
    rates : {"per_step", "per_time"}
        Whether b1 and b2 are what a step keeps of an average, or its rate; the rate for the SDE
        only.
    frozen : float or array, shape (dim,), optional
        sqrt(v), held fixed: Q = frozen + eps.
    gradient_noise : float or array, shape (dim,), optional
        Standard deviation of a Gaussian gradient noise that v alone sees, in the SDE.

    Returns
    -------
    Adaptive

    Raises
    ------
    ValueError
        If a parameter is out of range, or two do not go together.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.

    P. Zhou, J. Feng, C. Ma, C. Xiong, S. Hoi, W. E, "Towards theoretically understanding why SGD
    generalizes better than Adam in deep learning", NeurIPS 2020, eq. 5, for the SDE.

    Examples
    --------
    >>> dynamics = adam(eps=0.0)
    >>> p = dynamics.step_parameters(0.1)
    >>> mu, omega = dynamics.clock(0.0, 0.1, p)
    >>> round(float(dynamics.update(0, 1.0, 0.0, 0.0, 4.0, 0.0, 0.1, 0.0, p, mu, omega)[0]), 12)
    0.9
    """
    factors = {"b1": b1, "b2": b2}
    return adaptive("adam", _adam, factors, eps, form, rates, frozen, gradient_noise)


@with_hints
def adam_l2(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    form: str = "algorithm",
    rates: str = "per_step",
    frozen: npt.ArrayLike | None = None,
    gradient_noise: npt.ArrayLike | None = None,
) -> Adaptive:
    """Adam with an l2 penalty: `adam` for the potential F(x) + w |x|^2/2.

    The decay goes through m and v, so that coordinates with large gradients decay less.
    weight_decay = 0 is `adam`.

    Parameters
    ----------
    b1, b2 : float
        Factors of the averages of the gradient and of its square, in [0, 1), dimensionless; or
        rates, 1/time.
    eps : float
        Added to the square root, in units of the gradient; 0 makes the optimizer scale-free.
    weight_decay : float
        w, 1/time (of SGD time, in which dt is the learning rate).
    form : {"algorithm", "sde"}
        Where the noise enters: the gradient, or x beside it.
    rates : {"per_step", "per_time"}
        Whether b1 and b2 are what a step keeps of an average, or its rate; the rate for the SDE
        only.
    frozen : float or array, shape (dim,), optional
        sqrt(v), held fixed: Q = frozen + eps.
    gradient_noise : float or array, shape (dim,), optional
        Standard deviation of a Gaussian gradient noise that v alone sees, in the SDE.

    Returns
    -------
    Adaptive

    Raises
    ------
    ValueError
        If a parameter is out of range, or two do not go together.

    References
    ----------
    Z. Zhuang, M. Liu, A. Cutkosky, F. Orabona, "Understanding AdamW through proximal methods and
    scale-freeness", Trans. Mach. Learn. Res. 2022 (arXiv 2202.00089), algorithm 1.

    Examples
    --------
    >>> adam_l2(weight_decay=0.1).params["weight_decay"]
    0.1
    """
    factors = {"b1": b1, "b2": b2}
    return adaptive(
        "adam_l2",
        _adam_l2,
        factors,
        eps,
        form,
        rates,
        frozen,
        gradient_noise,
        weight_decay=weight_decay,
        decay_form="l2",
    )


@with_hints
def adamw(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    form: str = "algorithm",
    rates: str = "per_step",
    frozen: npt.ArrayLike | None = None,
    gradient_noise: npt.ArrayLike | None = None,
) -> Adaptive:
    """AdamW: Adam with decoupled weight decay.

    One step::

        x <- (1 - w dt) x - dt mu_n m/Q

    with m, v, Q and the two forms of `adam`. The decay is applied first. With eps = 0 the iterates
    do not change when a coordinate of the gradient and its noise are multiplied by a number.
    weight_decay = 0 is `adam`. With a minimum away from 0 the decay moves the equilibrium.

    Parameters
    ----------
    b1, b2 : float
        Factors of the averages of the gradient and of its square, in [0, 1), dimensionless; or
        rates, 1/time.
    eps : float
        Added to the square root, in units of the gradient; 0 makes the optimizer scale-free.
    weight_decay : float
        w, 1/time (of SGD time, in which dt is the learning rate).
    form : {"algorithm", "sde"}
        Where the noise enters: the gradient, or x beside it.
    rates : {"per_step", "per_time"}
        Whether b1 and b2 are what a step keeps of an average, or its rate; the rate for the SDE
        only.
    frozen : float or array, shape (dim,), optional
        sqrt(v), held fixed: Q = frozen + eps.
    gradient_noise : float or array, shape (dim,), optional
        Standard deviation of a Gaussian gradient noise that v alone sees, in the SDE.

    Returns
    -------
    Adaptive

    Raises
    ------
    ValueError
        If a parameter is out of range, or two do not go together.

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.

    Z. Zhuang, M. Liu, A. Cutkosky, F. Orabona, "Understanding AdamW through proximal methods and
    scale-freeness", Trans. Mach. Learn. Res. 2022 (arXiv 2202.00089), algorithm 1.

    Examples
    --------
    >>> adamw(weight_decay=0.1).options
    {'form': 'algorithm', 'rates': 'per_step'}
    """
    factors = {"b1": b1, "b2": b2}
    return adaptive(
        "adamw",
        _adamw,
        factors,
        eps,
        form,
        rates,
        frozen,
        gradient_noise,
        weight_decay=weight_decay,
        decay_form="decoupled",
    )


@with_hints
def adamprox(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    form: str = "algorithm",
    rates: str = "per_step",
    frozen: npt.ArrayLike | None = None,
    gradient_noise: npt.ArrayLike | None = None,
) -> Adaptive:
    """AdamProx: a proximal step for the decay after the step of Adam.

    One step::

        x <- (x - dt mu_n m/Q)/(1 + w dt)

    with m, v, Q and the two forms of `adam`. It is AdamW to first order in w dt: with
    s = -dt mu_n m/Q, (x + s)/(1 + w dt) - [(1 - w dt) x + s] = [(w dt)^2 x - w dt s]/(1 + w dt).
    weight_decay = 0 is `adam`.

    Parameters
    ----------
    b1, b2 : float
        Factors of the averages of the gradient and of its square, in [0, 1), dimensionless; or
        rates, 1/time.
    eps : float
        Added to the square root, in units of the gradient; 0 makes the optimizer scale-free.
    weight_decay : float
        w, 1/time (of SGD time, in which dt is the learning rate).
    form : {"algorithm", "sde"}
        Where the noise enters: the gradient, or x beside it.
    rates : {"per_step", "per_time"}
        Whether b1 and b2 are what a step keeps of an average, or its rate; the rate for the SDE
        only.
    frozen : float or array, shape (dim,), optional
        sqrt(v), held fixed: Q = frozen + eps.
    gradient_noise : float or array, shape (dim,), optional
        Standard deviation of a Gaussian gradient noise that v alone sees, in the SDE.

    Returns
    -------
    Adaptive

    Raises
    ------
    ValueError
        If a parameter is out of range, or two do not go together.

    References
    ----------
    Z. Zhuang, M. Liu, A. Cutkosky, F. Orabona, "Understanding AdamW through proximal methods and
    scale-freeness", Trans. Mach. Learn. Res. 2022 (arXiv 2202.00089), section 3.

    Examples
    --------
    >>> adamprox(weight_decay=0.1).name
    'adamprox'
    """
    factors = {"b1": b1, "b2": b2}
    return adaptive(
        "adamprox",
        _adamprox,
        factors,
        eps,
        form,
        rates,
        frozen,
        gradient_noise,
        weight_decay=weight_decay,
        decay_form="proximal",
    )
