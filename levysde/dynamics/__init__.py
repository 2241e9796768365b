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
========== ======================================== ====================================

`scheduled` multiplies every step of any of them by a factor of time, a schedule of the learning
rate; `walled` ends every step in a box, by projection onto its walls or reflection at them.

All but `sgd` come in two forms. In the "algorithm" the noise enters the gradient,
h = grad F - eps G dL/dt, as in the recurrence used in practice. In the "sde" h = grad F, and the
noise enters x beside it, divided by Q, as in the papers.
"""

from collections.abc import Callable

from levysde import spec
from levysde.dynamics.adam import adam, adam_l2, adamprox, adamw, rmsprop
from levysde.dynamics.adaptive import Adaptive
from levysde.dynamics.dynamics import Dynamics
from levysde.dynamics.optimizer import Optimizer
from levysde.dynamics.rule import Rule
from levysde.dynamics.scheduled import Scheduled, scheduled
from levysde.dynamics.sgd import Momentum, momentum, sgd
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
    "adam",
    "adam_l2",
    "adamprox",
    "adamw",
    "momentum",
    "rmsprop",
    "scheduled",
    "sgd",
    "walled",
]

DYNAMICS: dict[str, Callable[..., Dynamics]] = {
    name: spec.constructor("dynamics", name) for name in spec.DYNAMICS
}
"""The built-in dynamics by name."""

# An optimizer that only the table names is here too, and not the module of its name.
globals().update(DYNAMICS)
