"""Exits of the small jumps alone, which creep over the boundary and do not leap."""

import math

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray

__all__ = ["CREEPING_SHARE", "kramers_rate"]

CREEPING_SHARE = 0.05
"""Rate of such exits over that of jumps, beyond which they are not few."""


def kramers_rate(relaxation: float, deviations: npt.ArrayLike) -> FloatArray:
    """Rate k b exp(-b^2/2)/sqrt(2 pi) at which an Ornstein-Uhlenbeck process leaves at b.

    Parameters
    ----------
    relaxation : float
        k, 1/time.
    deviations : float or array
        b, the distance of the boundary in standard deviations of the process, dimensionless.

    Returns
    -------
    ndarray
        1/time, one for each b.

    References
    ----------
    H. A. Kramers, "Brownian motion in a field of force and the diffusion model of chemical
    reactions", Physica 7 (1940) 284-304.

    Examples
    --------
    >>> round(float(kramers_rate(1.0, 4.0)), 8)
    0.00053532
    """
    b = np.asarray(deviations, dtype=np.float64)
    return np.asarray(relaxation * b * np.exp(-0.5 * b**2) / math.sqrt(2.0 * math.pi))
