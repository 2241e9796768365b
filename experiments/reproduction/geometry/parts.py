"""A valley whose walls have the same height on both sides, at different distances."""

import numpy as np

from levysde import Basin, domains, potentials

BARRIER = 0.5


def valley(lower: float = -0.25, upper: float = 1.0) -> Basin:
    """A parabola on each side of the minimum 0, both 1/2 high at the ends of the interval."""
    potential = potentials.asymmetric_quadratic(
        1, left=2.0 * BARRIER / lower**2, right=2.0 * BARRIER / upper**2
    )
    return Basin(potential, domains.interval(lower, upper), np.zeros(1), name="valley")
