"""The flow dx = b(x) dt on a line from a table: x(t) = T^-1(T(x) + t), T(x) = int dx/b(x).

Between two zeros of b the velocity has one sign, and T is monotone there: two look-ups replace the
integration. Next to a zero, where T is logarithmic, b is linear and the look-up a formula.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray
from levysde.engine.fixed_numbers import LN_2, LOG2_E
from levysde.engine.random.elementary import exp2, log2

__all__ = ["FlowTable", "clock_at", "flow_of_table", "piece_of"]

_LEAST_EXPONENT = -1000.0


class FlowTable(NamedTuple):
    """Knots of the clock of each piece of the line between two zeros of the velocity.

    The clock of a piece increases with x: it runs backward where the velocity is negative.

    Attributes
    ----------
    zeros : ndarray, shape (zeros,)
        Where the velocity vanishes, increasing, length.
    first : ndarray of int64, shape (zeros + 2,)
        The first knot of each piece, and their number.
    sign : ndarray, shape (zeros + 1,)
        Of the velocity in each piece.
    below, above : ndarray, shape (zeros + 1,)
        |b| over the distance from the lower and the upper end of each piece, near to it, 1/time.
    x, clock, speed : ndarray, shape (knots,)
        Positions, increasing, the clock there (time), and |b| (length/time).
    """

    zeros: FloatArray
    first: npt.NDArray[np.int64]
    sign: FloatArray
    below: FloatArray
    above: FloatArray
    x: FloatArray
    clock: FloatArray
    speed: FloatArray


def _last_before(knots: FloatArray, first: int, end: int, value: float) -> int:
    """The last of increasing knots first, ..., end - 1 that is not above a value, or first - 1."""
    low, high = first - 1, end
    while high - low > 1:
        middle = (low + high) // 2
        if knots[middle] <= value:
            low = middle
        else:
            high = middle
    return low


def _cubic(t: float, y0: float, y1: float, step: float, slope0: float, slope1: float) -> float:
    """The polynomial with the values and slopes at the ends of a step, at the share t of it."""
    rest = 1.0 - t
    ends = y0 * rest * rest * (1.0 + 2.0 * t) + y1 * t * t * (3.0 - 2.0 * t)
    return ends + step * t * rest * (slope0 * rest - slope1 * t)


def piece_of(x: float, table: FlowTable) -> int:
    """The piece in which a point is: the number of zeros not above it.

    Parameters
    ----------
    x : float
        Point, length.
    table : FlowTable
        Of the flow.

    Returns
    -------
    int

    Examples
    --------
    >>> import numpy as np
    >>> from levysde.methods.jump.flow_table import flow_table
    >>> table = flow_table(lambda x: x - x**3, np.array([-1.0, 1.0]))[0]
    >>> [piece_of(x, table) for x in (-2.0, -0.5, 0.5, 2.0)]
    [0, 1, 2, 3]
    """
    return _last_before(table.zeros, 0, len(table.zeros), x) + 1


def clock_at(x: float, piece: int, table: FlowTable) -> float:
    """The clock of a piece at a point of it.

    Parameters
    ----------
    x : float
        Point, length.
    piece : int
        Its piece.
    table : FlowTable
        Of the flow; x is within its knots.

    Returns
    -------
    float
        Time; minus infinity on the lower end.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde.methods.jump.flow_table import flow_table
    >>> table = flow_table(lambda x: -x, np.array([0.0, 1.0]))[0]
    >>> round(clock_at(0.5, 1, table) - clock_at(0.25, 1, table), 8)  # ln 2
    0.69314718
    """
    first, last = table.first[piece], table.first[piece + 1] - 1
    if x < table.x[first]:
        gap, known = x - table.zeros[piece - 1], table.x[first] - table.zeros[piece - 1]
        if not gap > 0.0:
            return -math.inf
        return float(table.clock[first] + LN_2 * log2(gap / known) / table.below[piece])
    if x >= table.x[last]:
        if piece == len(table.zeros):
            return float(table.clock[last])
        gap, known = table.zeros[piece] - x, table.zeros[piece] - table.x[last]
        return float(table.clock[last] - LN_2 * log2(gap / known) / table.above[piece])
    i = _last_before(table.x, first, last, x)
    step = table.x[i + 1] - table.x[i]
    return _cubic(
        (x - table.x[i]) / step, table.clock[i], table.clock[i + 1], step, 1.0 / table.speed[i],
        1.0 / table.speed[i + 1],
    )  # fmt: skip


def _position_at(clock: float, piece: int, table: FlowTable) -> float:
    """Where the clock of a piece has a value; NaN beyond the table."""
    first, last = table.first[piece], table.first[piece + 1] - 1
    if clock < table.clock[first]:
        if piece == 0:
            return math.nan
        zero = table.zeros[piece - 1]
        return float(zero + (table.x[first] - zero) * _decayed(
            (table.clock[first] - clock) * table.below[piece]
        ))  # fmt: skip
    if clock >= table.clock[last]:
        if piece == len(table.zeros):
            return math.nan
        zero = table.zeros[piece]
        return float(zero - (zero - table.x[last]) * _decayed(
            (clock - table.clock[last]) * table.above[piece]
        ))  # fmt: skip
    i = _last_before(table.clock, first, last, clock)
    step = table.clock[i + 1] - table.clock[i]
    return _cubic(
        (clock - table.clock[i]) / step, table.x[i], table.x[i + 1], step, table.speed[i],
        table.speed[i + 1],
    )  # fmt: skip


def _decayed(exponent: float) -> float:
    """exp(-exponent), 0 where it is below all that it is added to."""
    return exp2(max(-exponent * LOG2_E, _LEAST_EXPONENT))


def flow_of_table(x: float, h: float, table: FlowTable) -> float:
    """Where the flow from a point is after a time.

    Parameters
    ----------
    x : float
        Point within the knots, length.
    h : float
        Time.
    table : FlowTable
        Of the flow.

    Returns
    -------
    float
        Length; NaN where the flow has left the table.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde.methods.jump.flow_table import flow_table
    >>> table = flow_table(lambda x: x - x**3, np.array([-1.0, 1.0]))[0]
    >>> round(float(flow_of_table(0.1, 2.0, table)), 8)  # x/sqrt(x^2 + (1 - x^2) exp(-2 t))
    0.59620549
    """
    piece = piece_of(x, table)
    clock = clock_at(x, piece, table)
    if math.isinf(clock):
        return x
    return _position_at(clock + table.sign[piece] * h, piece, table)
