"""The table of a flow on a line: zeros of the velocity, and a clock for each piece between them."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray
from levysde.engine.path.tabulated_flow import FlowTable
from levysde.engine.random.elementary import exp2, log2

__all__ = ["Velocity", "flow_table"]

Velocity = Callable[[FloatArray], FloatArray]
"""The velocity b at many points, shape (points,), length/time."""

TOLERANCE = 1e-9
"""Error of a look-up, over the distance from the nearest zero of the velocity."""

NEAREST = 1e-6
"""Distance from a zero within which the velocity is linear, over the length of the piece."""

FARTHEST = 1e6
"""How far the table reaches beyond the outermost zeros, over the distance between them."""

_KNOTS = 1024
_ROUNDS, _MOST_KNOTS = 24, 1 << 17
_BETWEEN, _BEYOND, _AROUND = 4000, 3.0, 400
_ROUNDING = float(np.finfo(float).eps)
_LARGEST, _SMALLEST = 1e150, 1e-30

# Written out, and sums in a given order: another machine makes the same table, bit for bit.
_NODES = (0.18343464249564980, 0.52553240991632899, 0.79666647741362674, 0.96028985649753623)
_WEIGHTS = (0.36268378337836198, 0.31370664587788729, 0.22238103445337447, 0.10122853629037626)


def flow_table(velocity: Velocity, minima: FloatArray) -> tuple[FlowTable, float] | None:
    """The table of dx = b(x) dt, T(x) = int dx/b(x), and the error of its look-ups.

    Zeros are looked for on a grid that is fine about and between the minima, and coarse up to a
    million times as far. Knots are geometric towards zeros, the clock between them is integrated by
    Gauss's rule of eight points, and an interval is halved where the cubic polynomial through its
    ends is off at its middle, or two halves have another integral than the whole.

    Parameters
    ----------
    velocity : callable
        b.
    minima : ndarray, shape (wells,)
        Points that are of interest, increasing, length.

    Returns
    -------
    table : FlowTable
    error : float
        Largest error of a position in the middle of two knots over the distance from the nearest
        zero, dimensionless.

    None is returned where no table is good enough: b has zeros that were not found, or vanishes on
    an interval.

    Examples
    --------
    >>> table, error = flow_table(lambda x: x - x**3, np.array([-1.0, 1.0]))
    >>> table.zeros.round(12).tolist(), table.sign.tolist(), error < 1e-8
    ([-1.0, 0.0, 1.0], [1.0, -1.0, 1.0, -1.0], True)
    """
    with np.errstate(all="ignore"):
        grid, lower, upper = _searched(velocity, minima)
        zeros = _zeros(velocity, grid)
        if not len(zeros):
            return None
        ends = np.concatenate([[lower], zeros, [upper]])
        pieces = [_piece(velocity, ends, j) for j in range(len(ends) - 1)]
    if any(piece is None for piece in pieces):
        return None
    found = [piece for piece in pieces if piece is not None]
    first = np.cumsum([0, *(len(knots[0]) for knots, _, _ in found)])
    x, clock, speed = (np.concatenate(rows) for rows in zip(*(k for k, _, _ in found), strict=True))
    sign = np.array([sign for _, sign, _ in found])
    below, above = np.zeros(len(found)), np.zeros(len(found))
    begin, end = first[:-1], first[1:] - 1
    below[1:] = speed[begin[1:]] / (x[begin[1:]] - zeros)
    above[:-1] = speed[end[:-1]] / (zeros - x[end[:-1]])
    table = FlowTable(zeros, first.astype(np.int64), sign, below, above, x, clock, speed)
    return table, max(error for _, _, error in found)


# ------------------------------------------------------------------------------------------- zeros


def _searched(velocity: Velocity, minima: FloatArray) -> tuple[FloatArray, float, float]:
    """Points at which the sign of the velocity is looked at, and where the table ends."""
    low, high = float(minima[0]), float(minima[-1])
    span = high - low
    gaps = np.diff(minima)
    near = _geometric(1e-6, 1.0, _AROUND)
    parts = [
        np.linspace(low - _BEYOND * span, high + _BEYOND * span, _BETWEEN * 4),
        *(
            np.linspace(a, b, _BETWEEN)
            for a, b in zip(minima[:-1].tolist(), minima[1:].tolist(), strict=True)
        ),
        *(m + s * min(gaps) * near for m in minima.tolist() for s in (-1.0, 1.0)),
    ]
    beyond = span * _geometric(_BEYOND, FARTHEST, _BETWEEN)
    grid = np.unique(np.concatenate([*parts, low - beyond, high + beyond]))
    b = velocity(grid)
    size = np.abs(b[(grid >= low) & (grid <= high)]).max()
    # A point may be a zero by chance; where two neighbors are, nothing moves from there on.
    still = np.abs(b) <= _SMALLEST * size
    still[1:-1] &= still[:-2] | still[2:]
    usable = np.isfinite(b) & (np.abs(b) < _LARGEST * size) & ~still
    left = np.flatnonzero(~usable & (grid < low))
    right = np.flatnonzero(~usable & (grid > high))
    begin = int(left[-1]) + 1 if left.size else 0
    end = int(right[0]) if right.size else len(grid)
    grid, b = grid[begin:end], b[begin:end]
    return grid[b != 0.0], float(grid[0]), float(grid[-1])


def _zeros(velocity: Velocity, grid: FloatArray) -> FloatArray:
    """Where the velocity changes its sign between two points of a grid."""
    from scipy.optimize import brentq

    sign = np.sign(velocity(grid))
    at = np.flatnonzero(sign[1:] != sign[:-1])
    single = lambda x: float(velocity(np.array([x]))[0])  # noqa: E731
    found = []
    for low, high in zip(grid[at].tolist(), grid[at + 1].tolist(), strict=True):
        size = _ROUNDING * max(abs(low), abs(high))
        found.append(brentq(single, low, high, xtol=size, rtol=4.0 * _ROUNDING))
    return np.array(found)


# ------------------------------------------------------------------------------------------- knots


def _piece(
    velocity: Velocity, ends: FloatArray, j: int
) -> tuple[tuple[FloatArray, FloatArray, FloatArray], float, float] | None:
    """Knots, clock and speed of one piece, the sign of the velocity there, and the error."""
    low, high, last = float(ends[j]), float(ends[j + 1]), len(ends) - 2
    if j == 0:
        x = high - np.flip(_outward(high - low, _length(ends, 1)))
    elif j == last:
        x = low + _outward(high - low, _length(ends, last - 1))
    else:
        x = low + (high - low) / (1.0 + np.flip(_geometric(NEAREST, 1.0 / NEAREST, 2 * _KNOTS)))
    distance = (lambda y: high - y) if j == 0 else (lambda y: y - low)
    if 0 < j < last:
        distance = lambda y: np.minimum(y - low, high - y)  # noqa: E731
    middle = velocity(x[len(x) // 2 :][:1])
    sign = float(np.sign(middle[0]))
    for _ in range(_ROUNDS):
        lengths, bad, error = _integrated(velocity, x, sign, distance)
        if lengths is None:
            return None
        if not bad.any():
            clock = np.concatenate([[0.0], np.cumsum(lengths)])
            # Rounding is least where a path that comes from afar begins: in the middle.
            clock -= clock[len(clock) // 2]
            return (x, clock, np.abs(velocity(x))), sign, error
        x = np.sort(np.concatenate([x, 0.5 * (x[1:] + x[:-1])[bad]]))
        if len(x) > _MOST_KNOTS:
            return None
    return None


def _length(ends: FloatArray, j: int) -> float:
    """Of the piece beside an outer one, or of an outer one where it is alone."""
    return float(ends[j + 1] - ends[j])


def _outward(longest: float, length: float) -> FloatArray:
    """Distances from the outermost zero."""
    nearest = NEAREST * min(length, longest)
    count = int(_KNOTS * math.log(longest / nearest) / math.log(1.0 / NEAREST)) + 2
    return _geometric(nearest, longest, count)


def _geometric(first: float, last: float, count: int) -> FloatArray:
    """Numbers whose ratios are the same, but for the last, by multiplication."""
    ratios = np.full(count, exp2(log2(last / first) / (count - 1)))
    ratios[0] = first
    return np.append(np.cumprod(ratios)[:-1], last)


def _integrated(
    velocity: Velocity, x: FloatArray, sign: float, distance: Velocity
) -> tuple[FloatArray | None, npt.NDArray[np.bool_], float]:
    """Clocks of all intervals, which of them are to be halved, and the error of the others."""
    middle = 0.5 * (x[1:] + x[:-1])
    whole = _gauss(velocity, x[:-1], x[1:], sign)
    first = _gauss(velocity, x[:-1], middle, sign)
    second = _gauss(velocity, middle, x[1:], sign)
    speed = sign * velocity(x)
    if not ((speed > 0.0).all() and (first > 0.0).all() and (second > 0.0).all()):
        return None, np.zeros(0, dtype=bool), math.inf
    clock, fast, step = first + second, sign * velocity(middle), np.diff(x)
    by_cubic = 0.5 * clock + 0.125 * step * (1.0 / speed[:-1] - 1.0 / speed[1:])
    t = first / clock
    rest = 1.0 - t
    back = x[:-1] * rest * rest * (1.0 + 2.0 * t) + x[1:] * t * t * (3.0 - 2.0 * t)
    back += clock * t * rest * (speed[:-1] * rest - speed[1:] * t)
    off = np.maximum(np.abs(by_cubic - first) * fast, np.abs(back - middle))
    off = np.maximum(off, np.abs(whole - clock) * fast) / distance(middle)
    # Next to a zero the velocity has an error of rounding that halving does not help.
    bad = ~(off <= TOLERANCE + 8.0 * _ROUNDING * np.abs(middle) / distance(middle))
    return clock, bad, float(off[~bad].max(initial=0.0))


def _gauss(velocity: Velocity, low: FloatArray, high: FloatArray, sign: float) -> FloatArray:
    """The integrals of dx/|b| over intervals, negative where the velocity changes its sign."""
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    found, moving = np.zeros(len(low)), np.ones(len(low), dtype=bool)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        for side in (-node, node):
            speed = sign * velocity(middle + side * half)
            found += weight / speed
            moving &= speed > 0.0
    return np.asarray(np.where(moving, half * found, -1.0))
