"""The time step: a default, and a check of one that was given."""

import warnings

import numpy as np

from levysde.basins import Basin

__all__ = ["automatic_dt", "check_stability", "largest_curvature"]

STEPS_PER_RELAXATION = 100
"""`dt="auto"`: steps in the shortest relaxation time at the minimum."""

_CHECKED_DIM = 64
"""Above, the curvature is not computed only to check a step that was given."""


def largest_curvature(basin: Basin) -> float:
    """The largest curvature of the potential at the minimum, 1/time.

    The Jacobian of the gradient is taken by differences on either side of the minimum, so that a
    kink between two curvatures counts with the larger one.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.

    Returns
    -------
    float
        1/time.

    Examples
    --------
    >>> from levysde import basins
    >>> round(largest_curvature(basins.asymmetric()), 6)
    16.0
    """
    minimum, axes = basin.minimum, np.eye(basin.dim)
    step = 1e-5 * max(1.0, float(np.abs(minimum).max()))
    while not all(
        basin.domain.contains(minimum + side * step * axis) for axis in axes for side in (-1.0, 1.0)
    ):
        step /= 2.0
    gradient = basin.potential.gradient_at
    center = gradient(minimum)
    largest = 0.0
    for side in (-step, step):
        jacobian = np.array([(gradient(minimum + side * e) - center) / side for e in axes])
        diagonal = np.diag(jacobian)
        if np.count_nonzero(jacobian) == np.count_nonzero(diagonal):  # no interaction
            largest = max(largest, float(np.abs(diagonal).max()))
        else:
            largest = max(largest, float(np.linalg.norm(jacobian, 2)))
    return largest


def automatic_dt(basin: Basin) -> float:
    """The step dt = 1/(100 k), k the largest curvature of the potential at the minimum.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.

    Returns
    -------
    float
        Step, time.

    Raises
    ------
    ValueError
        If the curvature is zero, as for a driftless or a purely quartic well.

    Examples
    --------
    >>> from levysde import basins
    >>> round(automatic_dt(basins.asymmetric()), 8)
    0.000625
    """
    curvature = largest_curvature(basin)
    if not curvature > 1e-6:
        raise ValueError(
            "dt='auto' needs a potential that is curved at the minimum, and this one is flat "
            "there; give dt a number"
        )
    return 1.0 / (STEPS_PER_RELAXATION * curvature)


def check_stability(basin: Basin, dt: float) -> None:
    """Warn of a step with which the noise-free chain does not follow the flow.

    With k the largest curvature at the minimum the chain oscillates for k dt > 1 and diverges for
    k dt > 2. In more than 64 dimensions nothing is checked.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    dt : float
        Step, time.

    Examples
    --------
    >>> from levysde import basins
    >>> check_stability(basins.flat(), 0.01)
    """
    if basin.dim > _CHECKED_DIM:
        return
    product = dt * largest_curvature(basin)
    if product > 1.0:
        fate = "diverges" if product > 2.0 else "oscillates"
        warnings.warn(
            f"dt = {dt:g} times the largest curvature at the minimum is {product:.3g}: the "
            f"noise-free chain {fate}; give a smaller dt",
            stacklevel=3,
        )
