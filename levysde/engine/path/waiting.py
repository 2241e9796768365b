"""Waiting times of Poisson processes."""

from levysde.engine.fixed_numbers import LN_2
from levysde.engine.random.elementary import log2


def waiting_time(u: float, rate: float) -> float:
    """Time -ln u/rate up to the next event, exponential, from a uniform on (0, 1)."""
    return -LN_2 * log2(u) / rate
