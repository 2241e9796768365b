"""The gradient flow dx = -grad F dt: where it ends, and a ball from which it ends at a minimum.

All lengths are taken from the potential itself, and the flow is followed along its path and not in
time: a change of the units of length, time or energy changes nothing but the units of the answers.
"""

import math
from collections.abc import Callable

import numpy as np

from levysde._typing import FloatArray, Gradient, Outside
from levysde.potentials import Potential

TOLERANCE = 1e-9
"""Error of a step along the flow, relative to the distance from the minimum."""

LONGEST_STEP = 0.25
"""Length of a step, relative to the same."""

MAX_STEPS = 10_000
FAR = 1e6
"""A flow that is so many times as far from the minimum as it began does not come back."""

_DIRECTIONS = 128
_RADII = 64
_CLOSE, _DISTANT = 1e-4, 8.0

_SAMPLED_AXES, _SAMPLED_OTHERS = 4, 8
_OCTAVES, _OCTAVES_WITHIN = 200, 40
_STEADY, _STEADY_OCTAVES = 0.1, 4
_CHANGED = 0.5
_SADDLE_OCTAVES, _PER_OCTAVE = (-13.0, 40.0), 32


# ----------------------------------------------------------------------------------- size of a well


def well_size(potential: Potential, minimum: FloatArray) -> float:
    """Distance from a minimum at which the gradient no longer grows as it does nearby.

    Along some lines the change of the gradient is compared from octave to octave. Close to the
    minimum it grows like a power of the distance, the first power where there is a curvature; the
    smallest distance at which the exponent differs by one half is the size.

    Parameters
    ----------
    potential : Potential
        F.
    minimum : ndarray, shape (dim,)
        Where the gradient vanishes, in units of the coordinates.

    Returns
    -------
    float
        In units of the coordinates. Where the gradient is the same power everywhere, which has no
        size, the largest coordinate of the minimum, or 1.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde import potentials
    >>> well_size(potentials.double_well(1), np.array([1.0]))
    0.5
    >>> well_size(potentials.double_well(1, half_distance=2.0**-40), np.array([2.0**-40])) * 2.0**40
    0.5
    """
    reach = float(np.abs(minimum).max())
    around = math.frexp(reach)[1]
    lowest = around - _OCTAVES_WITHIN if reach else -_OCTAVES
    # The octaves of the minimum itself, so that units that are powers of two change no rounding.
    octaves = np.exp2(np.arange(lowest, around + _OCTAVES, dtype=np.float64))
    axes = np.eye(potential.dim)[:_SAMPLED_AXES]
    others = _unit_vectors(_SAMPLED_OTHERS, potential.dim)
    smallest = math.inf
    for direction in np.concatenate([axes, -axes, others]):
        points = minimum + np.append(0.0, octaves)[:, None] * direction
        with np.errstate(all="ignore"):
            gradients = potential.gradient_many(points)
            changes = np.abs(gradients[1:] - gradients[0]).max(axis=1)
            exponents = np.diff(np.log2(changes))
        smallest = min(smallest, _end_of_power(exponents, octaves))
    return smallest if math.isfinite(smallest) else reach or 1.0


def _unit_vectors(count: int, dim: int) -> FloatArray:
    """In fixed random directions, shape (count, dim)."""
    vectors = np.random.default_rng(0).standard_normal((count, dim))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1)[:, None])


def _end_of_power(exponents: FloatArray, octaves: FloatArray) -> float:
    """The distance at which an exponent that was steady over some octaves has changed."""
    exponent, steady = math.nan, 0
    for k in range(1, len(exponents)):
        if steady >= _STEADY_OCTAVES:
            if not abs(exponents[k] - exponent) <= _CHANGED:
                return float(octaves[k])
        elif abs(exponents[k] - exponents[k - 1]) <= _STEADY:  # not where rounding is all there is
            exponent, steady = float(exponents[k]), steady + 1
        else:
            steady = 0
    return math.inf


def saddle_beside(potential: Potential, minimum: float, side: float) -> float:
    """The first maximum of a potential of one variable on one side of a minimum.

    Parameters
    ----------
    potential : Potential
        Of dimension 1.
    minimum : float
        Where its gradient changes sign from negative to positive.
    side : {-1, 1}
        Which side.

    Returns
    -------
    float
        Where the force turns away from the minimum, or an infinity of that side.

    Examples
    --------
    >>> from levysde import potentials
    >>> abs(saddle_beside(potentials.double_well(), 1.0, -1.0)) < 1e-12
    True
    """

    def returns(distance: float) -> bool:
        return side * potential.gradient_at([minimum + side * distance])[0] > 0.0

    size = well_size(potential, np.array([minimum]))
    # Far enough out a potential that has not turned by then is taken to confine.
    radii = size * np.exp2(np.arange(*_SADDLE_OCTAVES, 1.0 / _PER_OCTAVE))
    slopes = side * potential.gradient_many((minimum + side * radii)[:, None])[:, 0]
    ends = np.flatnonzero(~(slopes > 0.0))
    if not ends.size or math.isnan(slopes[ends[0]]):  # beyond what numbers can hold
        return side * math.inf
    first = int(ends[0])
    inner = float(radii[first - 1]) if first else 0.0
    return minimum + side * _bisect(returns, inner, float(radii[first]))


def _bisect(inside: Callable[[float], bool], low: float, high: float) -> float:
    while high - low > 1e-15 * high:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if inside(middle):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def trapping_radius(potential: Potential, minimum: FloatArray) -> float:
    """Radius of a ball about a minimum that the gradient flow does not leave.

    In the ball (x - m) . grad F(x) > 0, so that the distance |x - m| falls along the flow. The
    condition is tested on rays along the axes and in 128 fixed directions, from a ten-thousandth of
    the size of the well to eight times that size; nine tenths of the smallest radius at which it
    fails are returned.

    Parameters
    ----------
    potential : Potential
        F.
    minimum : ndarray, shape (dim,)
        m, in units of the coordinates.

    Returns
    -------
    float
        In units of the coordinates.

    Raises
    ------
    ValueError
        If the point is not a minimum: the flow leaves it in some direction.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde import potentials
    >>> round(trapping_radius(potentials.double_well(2), np.array([1.0, 0.0])), 1)
    0.9
    """
    axes = np.eye(potential.dim)
    directions = np.concatenate([axes, -axes, _unit_vectors(_DIRECTIONS, potential.dim)])
    size = well_size(potential, minimum)
    radius, inner = _DISTANT * size, 0.0
    for r in size * np.geomspace(_CLOSE, _DISTANT, _RADII):
        gradients = potential.gradient_many(minimum + r * directions)
        rises = np.einsum("rj,rj->r", gradients, directions)
        failing = directions[~(rises > 0.0)]
        if len(failing):
            radius = min(_falling_radius(potential, minimum, ray, inner, r) for ray in failing)
            break
        inner = float(r)
    if inner == 0.0:
        raise ValueError(
            f"the gradient flow leaves the point {minimum.tolist()}; give a minimum of F"
        )
    return 0.9 * radius


def _falling_radius(
    potential: Potential, minimum: FloatArray, ray: FloatArray, inner: float, outer: float
) -> float:
    """Where on a ray the distance from the minimum stops falling."""

    def falls(r: float) -> bool:
        return bool(potential.gradient_at(minimum + r * ray) @ ray > 0.0)

    return _bisect(falls, inner, outer)


# ------------------------------------------------------------------------------- following the flow

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
        square += (out[j] / largest) * (out[j] / largest)
    length = largest * math.sqrt(square)
    for j in range(len(x)):
        out[j] /= -length
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
        minimum and with the error of every step controlled. It has come to rest elsewhere once it
        turns back within a step.
    """
    gradient, dim, at = potential.gradient, potential.dim, len(potential.p)

    def outside(x, p):  # type: ignore[no-untyped-def]
        trap = p[at + dim]
        square = turn = 0.0
        for j in range(dim):
            square += (x[j] - p[at + j]) * (x[j] - p[at + j])
        if square < trap * trap:
            return False
        farthest = FAR * FAR * square
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
            square = turn = 0.0
            for j in range(dim):
                turn += directions[0, j] * directions[6, j]
                y[j], directions[0, j] = trial[j], directions[6, j]
                square += (y[j] - p[at + j]) * (y[j] - p[at + j])
            if square < trap * trap:
                return False
            if turn < 0.0 or not square < farthest:
                return True
            step = min(LONGEST_STEP, step * min(5.0, 0.9 / math.sqrt(math.sqrt(max(error, 1e-4)))))
        return True

    return outside
