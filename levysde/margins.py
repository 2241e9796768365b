"""How far the boundary is for a diffusion: the margins of the built-in domains.

A margin is a plain function `margin(x, p, covariance, reach)`, see `levysde.Domain`: the distance
of a point from the boundary over the standard deviation per square root of time along the normal n,
sqrt(n' C n). With reach > 0 it is a lower bound for all directions.
"""

import math

import numpy as np

from levysde._typing import FloatArray, Value


def interval_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """Of lower < x < upper."""
    return over(min(x[0] - p[0], p[1] - x[0]), math.sqrt(covariance[0, 0]))


def box_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """The smallest over the faces."""
    n = len(x)
    smallest = np.inf
    for j in range(n):
        if covariance[j, j] > 0.0:
            room = min(x[j] - p[j], p[n + j] - x[j]) / math.sqrt(covariance[j, j])
            smallest = min(smallest, room)
    return smallest


def spread(normal: FloatArray, covariance: FloatArray) -> float:
    """sqrt(n' C n)."""
    square = 0.0
    for k in range(len(normal)):
        for j in range(len(normal)):
            square += normal[k] * covariance[k, j] * normal[j]
    return math.sqrt(max(square, 0.0))


def _widest(covariance: FloatArray) -> float:
    """A bound of the largest eigenvalue: the largest sum of a row."""
    largest = 0.0
    for k in range(len(covariance)):
        row = 0.0
        for j in range(len(covariance)):
            row += abs(covariance[k, j])
        largest = max(largest, row)
    return largest


def over(distance: float, spread: float) -> float:
    """Distance over spread, infinite where nothing spreads."""
    return distance / spread if spread > 0.0 else np.inf


def ball_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """Of |x - center| < radius."""
    n = len(x)
    offset = x - p[:n]
    square = 0.0
    for j in range(n):
        square += offset[j] * offset[j]
    length = math.sqrt(square)
    if reach > 0.0:
        return over(p[n] - length, math.sqrt(_widest(covariance)))
    return over((p[n] - length) * length, spread(offset, covariance))


def ellipsoid_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """Of the gauge g = sqrt((x - c)'A(x - c)): (1 - g)/|grad g|, or (1 - g)/sqrt(tr AC)."""
    n = len(x)
    slope = np.zeros(n)
    square = trace = 0.0
    for k in range(n):
        for j in range(n):
            slope[k] += p[n + n * k + j] * (x[j] - p[j])
            trace += p[n + n * k + j] * covariance[j, k]
        square += slope[k] * (x[k] - p[k])
    gauge = math.sqrt(square)
    if reach > 0.0:
        return over(1.0 - gauge, math.sqrt(trace))
    return over((1.0 - gauge) * gauge, spread(slope, covariance))


def half_space_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """Of normal.x < offset."""
    n = len(x)
    product = 0.0
    for j in range(n):
        product += p[j] * x[j]
    return over(p[n] - product, spread(p[:n], covariance))


def all_inside(
    value: Value, x: FloatArray, p: FloatArray, level: float, covariance: FloatArray, reach: float
) -> bool:
    """Whether F < level at the points that the reach leads to along the axes."""
    trial, n = x.copy(), len(x)
    inside = True
    for j in range(n):
        step = reach * math.sqrt(n * covariance[j, j])
        for side in (-1.0, 1.0):
            trial[j] = x[j] + side * step
            inside &= value(trial, p) < level
        trial[j] = x[j]
    return inside
