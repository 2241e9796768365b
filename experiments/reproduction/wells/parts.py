"""A potential with three wells, and the well that paths start in."""

import numpy as np

from levysde import Basin, Potential, domains

MINIMA = (-1.5, 0.0, 2.2)
MAXIMA = (-0.7, 0.9)
STIFFNESS = 0.5
"""Of F' = STIFFNESS times the product of the distances to all of these points."""


def _gradient(x: np.ndarray, p: np.ndarray, out: np.ndarray) -> None:
    out[0] = p[0] * (x[0] - p[1]) * (x[0] - p[2]) * (x[0] - p[3]) * (x[0] - p[4]) * (x[0] - p[5])


def three_wells() -> Potential:
    """A polynomial of degree 6."""
    points = dict(zip(("left", "first", "middle", "second", "right"), critical(), strict=True))
    return Potential(1, _gradient, params={"stiffness": STIFFNESS, **points}, name="three_wells")


def critical() -> list[float]:
    """Minima and maxima in their order."""
    return sorted([*MINIMA, *MAXIMA])


def well(which: int = 0) -> Basin:
    """One of the three wells, counted from 0."""
    ends = (-np.inf, *MAXIMA, np.inf)
    interval = domains.interval(ends[which], ends[which + 1])
    return Basin(three_wells(), interval, [MINIMA[which]], name=f"well_{which}")
