"""Both wells of x^4/4 - x^2/2 in one interval."""

from levysde import Basin, domains, potentials

HALF_WIDTH = 2.0
"""Of the interval around the saddle."""


def two_wells() -> Basin:
    """The potential x^4/4 - x^2/2 in (-2, 2), from the saddle 0."""
    interval = domains.interval(-HALF_WIDTH, HALF_WIDTH)
    return Basin(potentials.double_well(1), interval, [-1.0], [0.0], name="two_wells")
