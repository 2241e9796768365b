"""The three named basins, one barrier and different curvatures.

The three named basins have the same barrier h = 1/2 and Omega = {F < h}, so that sharpness is
curvature and nothing else. In d dimensions every coordinate has the same profile.

========== ========================= ==========================
name       curvature                 Omega in one dimension
========== ========================= ==========================
flat       1                         (-1, 1)
sharp      16                        (-1/4, 1/4)
asymmetric 16 on the left, 1 right   (-1/4, 1)
========== ========================= ==========================
"""

import math

import numpy as np

from levysde import domains, potentials
from levysde.basins.basin import Basin

__all__ = ["asymmetric", "flat", "sharp"]

BARRIER = 0.5
"""Height of the wall of the named basins above the minimum."""


def flat(dim: int = 1) -> Basin:
    """Curvature 1, half width 1, barrier 1/2.

    Parameters
    ----------
    dim : int
        Dimension.

    Returns
    -------
    Basin

    Examples
    --------
    >>> flat().domain.contains([0.99])
    True
    """
    return _round_basin("flat", dim, curvature=1.0)


def sharp(dim: int = 1) -> Basin:
    """Curvature 16, half width 1/4, barrier 1/2.

    Parameters
    ----------
    dim : int
        Dimension.

    Returns
    -------
    Basin

    Examples
    --------
    >>> sharp().domain.contains([0.3])
    False
    """
    return _round_basin("sharp", dim, curvature=16.0)


def asymmetric(dim: int = 1) -> Basin:
    """Curvature 16 on the left of the minimum and 1 on the right, barrier 1/2.

    Parameters
    ----------
    dim : int
        Dimension.

    Returns
    -------
    Basin

    Examples
    --------
    >>> asymmetric().domain.contains([-0.3]), asymmetric().domain.contains([0.3])
    (False, True)
    """
    potential = potentials.asymmetric_quadratic(dim, left=16.0, right=1.0)
    # In one dimension {F < h} is an interval.
    domain = domains.interval(-0.25, 1.0) if dim == 1 else domains.sublevel_set(potential, BARRIER)
    return Basin(potential, domain, np.zeros(dim), name="asymmetric")


def _round_basin(name: str, dim: int, curvature: float) -> Basin:
    """A quadratic well in {F < h}, which is the ball of radius sqrt(2 h/curvature)."""
    potential, radius = potentials.quadratic(dim, curvature), math.sqrt(2.0 * BARRIER / curvature)
    domain = domains.interval(-radius, radius) if dim == 1 else domains.ball(np.zeros(dim), radius)
    return Basin(potential, domain, np.zeros(dim), name=name)
