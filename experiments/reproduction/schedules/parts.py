"""AdamW and AdamProx whose learning rate follows a schedule."""

import levysde as ls

DECAY, LENGTH = 1.0, 5.0
"""Weight decay, and length of the schedules: 500 iterations."""

SCHEDULES = {
    "constant": ls.schedules.constant(),
    "step": ls.schedules.step(LENGTH, factor=0.5),
    "cosine": ls.schedules.cosine(LENGTH, final=0.5),
    "linear": ls.schedules.linear(LENGTH, final=0.5),
    "warmup": ls.schedules.warmup(LENGTH, initial=0.1),
    "inverse_power": ls.schedules.inverse_power(LENGTH, power=0.5),
}


def adamw(schedule: str) -> ls.Dynamics:
    """AdamW with eps = 0."""
    whole = ls.dynamics.adamw(eps=0.0, weight_decay=DECAY)
    return ls.dynamics.scheduled(whole, SCHEDULES[schedule])


def adamprox(schedule: str) -> ls.Dynamics:
    """AdamProx with eps = 0."""
    whole = ls.dynamics.adamprox(eps=0.0, weight_decay=DECAY)
    return ls.dynamics.scheduled(whole, SCHEDULES[schedule])
