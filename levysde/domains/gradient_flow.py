"""The gradient flow dx = -grad F dt: whether it ends at a minimum.

It is followed along its path and not in time, in steps relative to the distance from the minimum: a
change of the units of length, time or energy changes nothing.
"""

import math

import numpy as np

from levysde._typing import FloatArray, Gradient, Outside
from levysde.potentials import Potential

TOLERANCE = 1e-8
"""Error of a step along the flow, relative to the distance from the minimum."""

LONGEST_STEP = 0.5
"""Length of a step, relative to the same."""

MAX_STEPS = 10_000
FAR = 1e6
"""A flow that is so many times as far from the minimum as it began does not come back."""

LOOK, LARGEST_DIM = 4, 32
"""How often, in steps, and up to which dimension a minimum is looked for nearby."""

NEAR = 0.25
"""How near that is, over the distance from the minimum that is asked about."""

SETTLED = 0.01
"""What the first step of Newton's method may leave of the gradient, and of the step."""

DIFFERENCE = 1e-5
"""Differences of the gradient that give its curvature, over the length of a step."""

COST = 250.0
"""Short formulas that following a flow costs as much as, on the average over a search of rays."""


# The pair of orders 5 and 4: how the directions found so far make the next point, and the error.
# J. R. Dormand, P. J. Prince, "A family of embedded Runge-Kutta formulae", J. Comput. Appl. Math. 6
# (1980) 19-26.
_STAGES = np.array(
    [
        [1 / 5, 0.0, 0.0, 0.0, 0.0, 0.0],
        [3 / 40, 9 / 40, 0.0, 0.0, 0.0, 0.0],
        [44 / 45, -56 / 15, 32 / 9, 0.0, 0.0, 0.0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0.0, 0.0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0.0],
        [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
)
_ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


def _downhill(gradient: Gradient, x: FloatArray, p: FloatArray, out: FloatArray) -> bool:
    """Write the unit vector against the gradient; return whether there is one."""
    gradient(x, p, out)
    largest = zero = square = 0.0
    for j in range(len(x)):
        largest = max(largest, abs(out[j]))
        zero += out[j] * 0.0
    if not (largest > 0.0 and zero == 0.0):
        return False
    for j in range(len(x)):
        out[j] /= -largest  # first, for the length may overflow
        square += out[j] * out[j]
    length = math.sqrt(square)
    for j in range(len(x)):
        out[j] /= length
    return True


def _step(
    gradient: Gradient,
    x: FloatArray,
    length: float,
    directions: FloatArray,
    p: FloatArray,
    end: FloatArray,
) -> float:
    """Write the end of a step; return its error over its length, infinite where there is none."""
    for stage in range(6):
        for j in range(len(x)):
            total = 0.0
            for i in range(stage + 1):
                total += _STAGES[stage, i] * directions[i, j]
            end[j] = x[j] + length * total
        if not _downhill(gradient, end, p, directions[stage + 1]):
            return math.inf
    square = 0.0
    for j in range(len(x)):
        error = 0.0
        for i in range(7):
            error += _ERROR[i] * directions[i, j]
        square += error * error
    return math.sqrt(square)


def _solved(matrix: FloatArray, vector: FloatArray) -> bool:
    """Put A^-1 v in the place of v and the root of A in that of A, if A is positive definite."""
    dim = len(vector)
    for i in range(dim):
        for j in range(i + 1):
            for k in range(j):
                matrix[i, j] -= matrix[i, k] * matrix[j, k]
            if i > j:
                matrix[i, j] /= matrix[j, j]
        if not matrix[i, i] > 0.0:
            return False
        matrix[i, i] = math.sqrt(matrix[i, i])
        for k in range(i):
            vector[i] -= matrix[i, k] * vector[k]
        vector[i] /= matrix[i, i]
    for i in range(dim - 1, -1, -1):
        for k in range(i + 1, dim):
            vector[i] -= matrix[k, i] * vector[k]
        vector[i] /= matrix[i, i]
    return True


def _finds_minimum(
    gradient: Gradient, x: FloatArray, length: float, reach: float, p: FloatArray
) -> bool:
    """Put x at a minimum within reach by two steps of Newton's method, if they find one.

    At both points the curvature must be positive definite, and at the second the gradient and the
    step a hundred times smaller.
    """
    dim = len(x)
    force, ahead, curvature = np.empty(dim), np.empty(dim), np.empty((dim, dim))
    before, difference = math.inf, DIFFERENCE * length
    for _ in range(2):
        gradient(x, p, force)
        after = 0.0
        for j in range(dim):
            after = max(after, abs(force[j]))
        if not after <= SETTLED * before:
            return False
        before = after
        for j in range(dim):
            place = x[j]
            x[j] += difference
            gradient(x, p, ahead)
            x[j] = place
            for i in range(j, dim):
                curvature[i, j] = (ahead[i] - force[i]) / difference
        if not _solved(curvature, force):
            return False
        for j in range(dim):
            if not abs(force[j]) < reach:
                return False
            x[j] -= force[j]
        reach *= SETTLED
    return True


def _square_distance(x: FloatArray, p: FloatArray, at: int) -> float:
    square = 0.0
    for j in range(len(x)):
        square += (x[j] - p[at + j]) * (x[j] - p[at + j])
    return square


def attraction_predicate(potential: Potential) -> Outside:
    """A plain predicate: whether the flow from x misses a minimum.

    Parameters
    ----------
    potential : Potential
        F.

    Returns
    -------
    callable
        `outside(x, p)` with p the parameters of the potential, then the minimum, then the trapping
        radius. The flow is followed along its length, in steps relative to the distance from the
        minimum and with the error of every step controlled. It ends elsewhere once it turns back
        within a step, or where Newton's method finds another minimum nearby.
    """
    gradient, dim, at = potential.gradient, potential.dim, len(potential.p)
    looks = dim <= LARGEST_DIM

    def outside(x, p):  # type: ignore[no-untyped-def]
        trapped = p[at + dim] * p[at + dim]
        square = _square_distance(x, p, at)
        if square < trapped:
            return False
        farthest, accepted = FAR * FAR * square, 0
        y, trial, directions = np.empty(dim), np.empty(dim), np.empty((7, dim))
        for j in range(dim):
            y[j] = x[j]
        if not _downhill(gradient, y, p, directions[0]):
            return True
        step = 0.01
        for _ in range(MAX_STEPS):
            length = step * math.sqrt(square)
            error = step * _step(gradient, y, length, directions, p, trial) / TOLERANCE
            if not error <= 1.0:
                step *= max(0.2, 0.9 / math.sqrt(math.sqrt(error)))
                if step < TOLERANCE:
                    return True
                continue
            turn = 0.0
            for j in range(dim):
                turn += directions[0, j] * directions[6, j]
                y[j], directions[0, j] = trial[j], directions[6, j]
            square = _square_distance(y, p, at)
            if square < trapped:
                return False
            if turn < 0.0 or not square < farthest:
                return True
            accepted += 1
            if looks and accepted % LOOK == 0:
                reach = NEAR * math.sqrt(square)
                found = _finds_minimum(gradient, trial, length, reach, p)
                if found and _square_distance(trial, p, at) > trapped:
                    return True
            step = min(LONGEST_STEP, step * min(5.0, 0.9 / math.sqrt(math.sqrt(max(error, 1e-4)))))
        return True

    return outside
