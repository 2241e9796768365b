"""Dynamics: how one coordinate moves in one step, given its gradient and its noise.

========== ======================================== ====================================
name       step, with h the gradient                memory
========== ======================================== ====================================
`sgd`      x <- x - h dt                            none
`momentum` x <- x - m dt                            m, decaying sum of h
`rmsprop`  x <- x - h/Q dt                          v, mean of h^2; Q = sqrt(v) + eps
`adam`     x <- x - m/Q dt                          m, mean of h, and v; bias corrected
`adam_l2`  as `adam`, with h + w x for h            as `adam`
`adamw`    x <- (1 - w dt) x - m/Q dt               as `adam`
`adamprox` x <- (x - m/Q dt)/(1 + w dt)             as `adam`
`nesterov` x <- x - (h + b m) dt                    m, as `momentum`
`nadam`    x <- x - (b1 m + (1 - b1) h)/Q dt        as `adam`, each term corrected
`signsgd`  x <- x - sign(m) dt                      m, mean of h; signSGD without
`lion`     x <- (1 - w dt) x - sign(b1 m + ...) dt  m, mean of h
`adagrad`  x <- x - h/Q dt                          v, sum of h^2; Q = sqrt(v) + eps
========== ======================================== ====================================

`scheduled` multiplies every step of any of them by a factor of time, a schedule of the learning
rate; `walled` ends every step in a box, by projection onto its walls or reflection at them.

`momentum`, `rmsprop` and those of Adam's family down to `adamprox` come in two forms. In the
"algorithm" the noise enters the gradient, h = grad F - eps G dL/dt, as in the recurrence used in
practice. In the "sde" h = grad F, and the noise enters x beside it, divided by Q, as in the papers.
The last five are algorithms, and the theory knows no law for them. `betas=(b1, b2)` is understood
wherever there are b1 and b2.
"""

from collections.abc import Callable

from levysde import spec
from levysde.dynamics.adagrad import adagrad
from levysde.dynamics.adam import adam, adam_l2, adamprox, adamw, rmsprop
from levysde.dynamics.adaptive import Adaptive
from levysde.dynamics.dynamics import Dynamics
from levysde.dynamics.nesterov import nadam, nesterov
from levysde.dynamics.optimizer import Optimizer
from levysde.dynamics.rule import Rule
from levysde.dynamics.scheduled import Scheduled, scheduled
from levysde.dynamics.sgd import Momentum, momentum, sgd
from levysde.dynamics.signs import lion, signsgd
from levysde.dynamics.walled import Walled, Walls, walled

__all__ = [
    "DYNAMICS",
    "Adaptive",
    "Dynamics",
    "Momentum",
    "Optimizer",
    "Rule",
    "Scheduled",
    "Walled",
    "Walls",
    "adagrad",
    "adam",
    "adam_l2",
    "adamprox",
    "adamw",
    "lion",
    "momentum",
    "nadam",
    "nesterov",
    "rmsprop",
    "scheduled",
    "sgd",
    "signsgd",
    "walled",
]

DYNAMICS: dict[str, Callable[..., Dynamics]] = {
    name: spec.constructor("dynamics", name) for name in spec.DYNAMICS
}
"""The built-in dynamics by name."""

# An optimizer that only the table names is here too, and not the module of its name.
globals().update(DYNAMICS)
