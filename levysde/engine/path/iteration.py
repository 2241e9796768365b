"""One iteration of a recurrence: one coordinate, one path, and how a path ends."""

import numpy as np

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.fixed_numbers import SQRT_HALF
from levysde.engine.random.philox import random_words
from levysde.engine.random.variates import gaussian_pair
from levysde.engine.slots import NORMAL_SLOT
from levysde.engine.status import ESCAPED, HORIZON, NON_FINITE, RUNNING

# ------------------------------------------------------------------------------------- a coordinate


def one_coordinate(update: PlainFunction, timed: bool, normal: bool) -> PlainFunction:
    """The update with all arguments there can be, of which it is given those it takes."""
    if timed and normal:
        return update
    if timed:
        return lambda j, x, m, v, g, dL, dt, t, p, a, b, z: update(
            j, x, m, v, g, dL, dt, t, p, a, b
        )
    if normal:
        return lambda j, x, m, v, g, dL, dt, t, p, a, b, z: update(j, x, m, v, g, dL, dt, t, p, z)
    return lambda j, x, m, v, g, dL, dt, t, p, a, b, z: update(j, x, m, v, g, dL, dt, t, p)


def normal_variate(seed: UInt64, path: UInt64, step: UInt64, j: int) -> float:
    """The standard normal variate of the dynamics for coordinate j of one step of one path."""
    word = random_words(seed, path, step, NORMAL_SLOT + np.uint64(j))[0]
    return SQRT_HALF * gaussian_pair(word)[0]


def no_clock(t: float, dt: float, p: FloatArray) -> tuple[float, float]:
    """Numbers of the time for updates that take none."""
    return 0.0, 0.0


def coordinate_of(one: PlainFunction, memory: bool, normal: bool) -> PlainFunction:
    """`coordinate(j, at, x, m, v, g, dL, dt, seed, path, step, p, a, b)`: coordinate j moves.

    It is at j in the arrays of a path, at (j, lane) in those of a block.
    """

    def coordinate(  # type: ignore[no-untyped-def]
        j, at, x, m, v, g, dL, dt, seed, path, step, p, a, b
    ):
        t = step * dt
        z = normal_variate(seed, path, step, j) if normal else 0.0
        if memory:
            x[at], m[at], v[at] = one(j, x[at], m[at], v[at], g[at], dL[at], dt, t, p, a, b, z)
        else:
            x[at] = one(j, x[at], 0.0, 0.0, g[at], dL[at], dt, t, p, a, b, z)[0]

    return coordinate


# ------------------------------------------------------------------------------------------ a path


def move_of(coordinate: PlainFunction, clock: PlainFunction) -> PlainFunction:
    """`move(x, m, v, g, dL, dt, seed, path, step, p)`: all coordinates of a path move."""

    def move(x, m, v, g, dL, dt, seed, path, step, p):  # type: ignore[no-untyped-def]
        a, b = clock(step * dt, dt, p)
        for j in range(len(x)):
            coordinate(j, j, x, m, v, g, dL, dt, seed, path, step, p, a, b)

    return move


def whole_move(move: PlainFunction) -> PlainFunction:
    """The same move for a state, the three x, m and v."""

    def moved(state, g, dL, dt, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        move(state[0], state[1], state[2], g, dL, dt, seed, path, step, p)

    return moved


def limited(move: PlainFunction, limit: PlainFunction) -> PlainFunction:
    """The same move, cut to the length limit(t, p) where it is longer; p[-1] is for the limit."""

    def limited_move(state, g, dL, dt, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        before, x = work[0], state[0]
        for j in range(len(x)):
            before[j] = x[j]
        move(state, g, dL, dt, seed, path, step, p[: p.size - 1], work)
        shorten(before, x, limit(step * dt, p))

    return limited_move


def shorten(before: FloatArray, x: FloatArray, limit: float) -> None:
    """Move x back towards where it was until the distance is at most the limit."""
    longest = 0.0
    for j in range(x.size):
        longest = max(longest, abs(x[j] - before[j]))
    if not longest > 0.0:  # also where x is NaN
        return
    total = 0.0
    for j in range(x.size):
        share = (x[j] - before[j]) / longest  # squares of large numbers would overflow
        total += share * share
    length = longest * np.sqrt(total)
    if length > limit:
        for j in range(x.size):
            x[j] = before[j] + limit * ((x[j] - before[j]) / longest / np.sqrt(total))


def iteration_of(
    increment: PlainFunction, gradient: PlainFunction, move: PlainFunction
) -> PlainFunction:
    """One iteration of one path.

    Parameters
    ----------
    increment, gradient, move : callable
        As `levysde.engine.path.recurrence_path` has them.

    Returns
    -------
    callable
        `iterate(state, g, dL, z, work, dt, seed, path, step, parameters)` with state = x, m, v and
        the parameters of all three.
    """

    def iterate(  # type: ignore[no-untyped-def]
        state, g, dL, z, work, dt, seed, path, step, parameters
    ):
        increment(dL, z, seed, path, step, parameters.noise)
        gradient(state[0], parameters.gradient, g)
        move(state, g, dL, dt, seed, path, step, parameters.update, work)

    return iterate


def status_of(outside: PlainFunction, is_finite: PlainFunction) -> PlainFunction:
    """`status(x, p, step, horizon)` after so many steps: how a path has ended, if it has.

    A NaN compares false with every boundary, so it is looked for first.
    """

    def status(x, p, step, horizon):  # type: ignore[no-untyped-def]
        found = HORIZON if step >= horizon else RUNNING
        found = ESCAPED if outside(x, p) else found
        return found if is_finite(x) else NON_FINITE

    return status


def is_finite(x: FloatArray) -> bool:
    """Whether all coordinates are."""
    zero = 0.0
    for j in range(len(x)):
        zero += x[j] * 0.0
    return zero == 0.0


def is_finite_row(x: FloatArray) -> bool:
    """The same for many coordinates: this loop vectorizes along them, the other across paths."""
    finite = True
    for j in range(len(x)):
        finite &= x[j] * 0.0 == 0.0
    return finite
