"""Basins: a potential, the domain around one of its minima, and where paths begin.

Those of the table are functions of the dimension and, but for the three named ones, of parameters.
"""

from collections.abc import Callable

from levysde import spec
from levysde.basins.approach import Approach
from levysde.basins.basin import Basin
from levysde.basins.named import asymmetric, flat, sharp
from levysde.basins.polynomial import ball, double_well, driftless, quadratic, quartic, tilted

__all__ = [
    "BASINS",
    "Approach",
    "Basin",
    "asymmetric",
    "ball",
    "double_well",
    "driftless",
    "flat",
    "quadratic",
    "quartic",
    "sharp",
    "tilted",
]

BASINS: dict[str, Callable[..., Basin]] = {name: globals()[name] for name in spec.BASINS}
"""The built-in basins by name."""
