"""An interval, a start in it and a gradient on it, as the equations in one dimension take them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from levysde.theory.protocols import Vector

Gradient = Callable[[Vector], Vector]


def checked_interval(
    lower: float, upper: float, start: float, breakpoints: Sequence[float]
) -> list[float]:
    """Return the ends and the break points between them in increasing order.

    Parameters
    ----------
    lower, upper : float
        Ends of the interval.
    start : float
        A point that must be inside.
    breakpoints : sequence of float
        Finite points; those outside are left out.

    Returns
    -------
    list of float

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> checked_interval(0.0, 1.0, 0.5, [2.0, 0.5, 0.2])
    [0.0, 0.2, 0.5, 1.0]
    """
    if not (math.isfinite(lower) and math.isfinite(upper) and lower < upper):
        raise ValueError(f"the interval is ({lower!r}, {upper!r}), but lower < upper, both finite")
    if not lower < start < upper:
        raise ValueError(f"start is {start!r}, but it must lie inside ({lower!r}, {upper!r})")
    if not all(math.isfinite(point) for point in breakpoints):
        raise ValueError(f"breakpoints are {list(breakpoints)}, but they must be finite")
    inner = {float(point) for point in breakpoints if lower < point < upper}
    return [float(lower), *sorted(inner), float(upper)]


def evaluated(gradient: Gradient, x: Vector) -> Vector:
    """Return a gradient at points, checked.

    Parameters
    ----------
    gradient : callable
        F', takes points of shape (n,) and returns shape (n,).
    x : ndarray, shape (n,)
        Points.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shape is another one or a value is not finite.

    Examples
    --------
    >>> evaluated(lambda x: 2.0 * x, np.array([1.0, 2.0]))
    array([2., 4.])
    """
    values = np.asarray(gradient(x), dtype=np.float64)
    if values.shape != x.shape:
        raise ValueError(f"gradient returned shape {values.shape} for points of shape {x.shape}")
    if not np.all(np.isfinite(values)):
        raise ValueError("gradient returned a value that is not finite inside the interval")
    return values
