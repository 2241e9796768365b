"""Stochastic gradient descent, plain and with momentum."""

from dataclasses import replace

import numpy as np

from levysde._typing import FloatArray
from levysde.dynamics.decay import with_decay
from levysde.dynamics.dynamics import Dynamics
from levysde.dynamics.optimizer import Optimizer
from levysde.dynamics.rule import SGD, Rule, check_dampening, check_factor, check_form
from levysde.spellings import with_hints

_KEPT, _GAIN, _ALGORITHM, _DECAY = range(4)


def _sgd_update(
    j: int,
    x: float,
    m: float,
    v: float,
    g: float,
    dL: float,
    dt: float,
    t: float,
    p: FloatArray,
) -> tuple[float, float, float]:
    return x - g * dt + dL, m, v


@with_hints
def sgd(clip: float | None = None, weight_decay: float = 0.0) -> Dynamics:
    """SGD: dx = -(grad F(x) + w x) dt + eps G dL.

    Euler-Maruyama: x <- x - grad F(x) dt + eps dt^(1/alpha) G Z, with Z a standard symmetric
    stable variate of the noise law. With dt = eta and eps = eta^((alpha - 1)/alpha) this is the
    recurrence x <- x - eta (grad F(x) - G Z), one SDE time unit being 1/eta iterations.

    A weight decay w makes it SGD in F(x) + w |x|^2/2: paths return to the minimum of that. The
    jump method skips its steps; for continuous time give a potential that has this term.

    With `clip` a step that is longer is cut to that length: SGD with clipped gradients, the bound
    on the gradient being clip/dt. An exit that takes l* such steps has a mean of order
    eps^(-alpha l*).

    Parameters
    ----------
    clip : float, optional
        Longest displacement of one step, in units of the coordinates.
    weight_decay : float
        w, 1/time (of SGD time, in which dt is the learning rate).

    Returns
    -------
    Dynamics

    Raises
    ------
    ValueError
        If clip is not a positive number, or the decay is negative.

    References
    ----------
    P. Zhou, J. Feng, C. Ma, C. Xiong, S. Hoi, W. E, "Towards theoretically understanding why SGD
    generalizes better than Adam in deep learning", NeurIPS 2020, eq. 4. Their Sigma multiplies dL,
    so it acts as a scale matrix, although it is called a covariance.

    X. Wang, S. Oh, C.-H. Rhee, "Eliminating sharp minima from SGD with truncated heavy-tailed
    noise", ICLR 2022 (arXiv 2102.04297), for clipping.

    Examples
    --------
    >>> sgd().update(0, 1.0, 0.0, 0.0, 2.0, 0.5, 0.1, 0.0, sgd().p)[0]
    1.3
    """
    update, params = with_decay(_sgd_update, {}, weight_decay, 0)
    rule = Rule(weight_decay=params["weight_decay"], decay_form="l2") if params else SGD
    return Dynamics("sgd", update, params=params, clip=clip, sde=True, rule=rule)


class Momentum(Optimizer):
    """SGD with an average of the gradient; made by `momentum`.

    Attributes
    ----------
    rule : Rule
        As for `Optimizer`.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        decay, dampening = self.number("decay"), self.number("dampening")
        rule = replace(self.rule, average=decay, dampening=dampening)
        if "weight_decay" in self.params:
            rule = replace(rule, weight_decay=self.number("weight_decay"), decay_form="l2")
        object.__setattr__(self, "rule", rule)  # of the parameters, also if these were replaced

    def step_parameters(self, dt: float, dim: int | None = None, share: float = 1.0) -> FloatArray:
        """What a step keeps of the average, the weight of the gradient, the form, and a decay.

        Parameters
        ----------
        dt : float
            Step, time.
        dim : int, optional
            Not needed.
        share : float
            Part of the step that is done at once, from 0 to 1, dimensionless.

        Returns
        -------
        ndarray, shape (3,) or (4,)
            Dimensionless, but for the decay, 1/time.
        """
        kept, whole = self.kept("decay", dt, share), self.kept("decay", dt)
        gain = 1.0 - whole if self.rates == "per_time" else 1.0 - self.number("dampening")
        gain *= 1.0 if share == 1.0 else (1.0 - kept) / (1.0 - whole)
        decay = [self.rule.weight_decay] if "weight_decay" in self.params else []
        return np.array([kept, gain, float(self.form == "algorithm"), *decay])


def _momentum_update(
    j: int,
    x: float,
    m: float,
    v: float,
    g: float,
    dL: float,
    dt: float,
    t: float,
    p: FloatArray,
) -> tuple[float, float, float]:
    algorithm = p[_ALGORITHM] > 0.0
    h = g - (dL if algorithm else 0.0) * (1.0 / dt)
    m = p[_KEPT] * m + p[_GAIN] * h
    return x - dt * m + (0.0 if algorithm else dL), m, v


@with_hints
def momentum(
    decay: float = 0.9,
    dampening: float = 0.0,
    form: str = "algorithm",
    rates: str = "per_step",
    weight_decay: float = 0.0,
) -> Momentum:
    """SGD with momentum, the heavy ball.

    One step::

        m <- decay m + (1 - dampening) h
        x <- x - m dt

    In the algorithm h = grad F(x) - eps G dL/dt: the noise goes through the average, and a jump is
    spread over about 1/(1 - decay) steps. In the SDE h = grad F(x), and the noise reaches x at
    once, dx = -m dt + eps G dL. First the average is updated, then x with the new average.

    A constant gradient moves x (1 - dampening)/(1 - decay) times as fast as SGD does; dampening =
    decay makes m a mean. With rates per unit time m is one: dm = decay (grad F - m) dt.

    decay = 0 is SGD. A weight decay w puts grad F(x) + w x in the place of grad F(x).

    Parameters
    ----------
    decay : float
        What a step keeps of m, in [0, 1), dimensionless; or a rate, 1/time.
    dampening : float
        In [0, 1), dimensionless. It applies to the first step too.
    form : {"algorithm", "sde"}
        Where the noise enters.
    rates : {"per_step", "per_time"}
        What `decay` counts; per unit time for the SDE only.
    weight_decay : float
        w, 1/time (of SGD time, in which dt is the learning rate).

    Returns
    -------
    Momentum

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Comput.
    Math. Math. Phys. 4 (1964) 1-17.

    Examples
    --------
    >>> dynamics = momentum(0.5)
    >>> p = dynamics.step_parameters(0.1)
    >>> [float(value) for value in dynamics.update(0, 1.0, 2.0, 0.0, 3.0, 0.0, 0.1, 0.0, p)]
    [0.6, 4.0, 0.0]
    """
    check_form(form, rates)
    damped = check_dampening(dampening)
    if rates == "per_time" and damped:
        raise ValueError(
            f"dampening is {damped:g} with rates per unit time, where m is a mean; give 0"
        )
    params = {"decay": check_factor("decay", decay, rates), "dampening": damped}
    update, params = with_decay(_momentum_update, params, weight_decay, _DECAY)
    return Momentum(
        "momentum",
        update,
        memory=True,
        params=params,
        sde=form == "sde",
        rule=Rule(form, rates),
    )
