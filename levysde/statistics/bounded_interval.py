"""Confidence intervals of a number that is at a boundary or near it."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@functools.cache
def acceptance(level: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Intervals of a normal estimate of a distance that is not negative, in standard errors.

    Returns the distances and the two ends of each interval, Feldman and Cousins eq. (4.3); an end
    without bound is far below zero.
    """
    from scipy.special import ndtr

    distances = np.linspace(0.0, 8.0, 401)
    nearest, farthest = np.empty(distances.size), np.empty(distances.size)
    for i, distance in enumerate(distances):
        low, high = distance, distance + 40.0
        for _ in range(80):
            middle = 0.5 * (low + high)
            other = _equally_likely(float(distance), middle)
            covered = ndtr(middle - distance) - ndtr(other - distance)
            low, high = (middle, high) if covered < level else (low, middle)
        farthest[i] = high
        nearest[i] = _equally_likely(float(distance), high)
    return distances, nearest, farthest


def _equally_likely(distance: float, above: float) -> float:
    """The smaller estimate whose likelihood ratio is that of the larger one."""
    gap = above - distance
    below = distance - gap
    if below >= 0.0:
        return below
    if distance == 0.0:
        return -100.0
    return max(-100.0, 0.5 * (distance - gap**2 / distance))
