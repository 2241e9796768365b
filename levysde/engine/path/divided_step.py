"""The step of one path that survives a steep force: one that would overshoot is divided.

Where one explicit step is short, or the force ahead would make much the same step, it is done as it
is, bit for bit. Where the force ahead would change the displacement by more than an eighth of it,
the step is halved until it does not, and the noise-free motion of the whole step is made of such
parts; the increment of the noise follows with the last of them.
"""

import math

import numpy as np

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.path.iteration import normal_variate
from levysde.engine.program import FlowPart

__all__ = ["CHANGE", "HALVINGS", "divided_step", "flow_move", "flow_parameters"]

HALVINGS = 200
"""Of a step at most: forces up to 1e60 times too steep for it."""

CHANGE = 0.125
"""Largest change of a displacement by the force ahead, as a share of it."""

CHANGE_WITH_AVERAGES = CHANGE / 4.0
"""The same for a dynamics that averages the force, whose parts are of first order."""

PART_TOLERANCE = 0.125
"""Error of a part that is let be, as a share of the one of a whole step."""

MOST_PARTS = 1 << 20
"""Parts of one step; a path that needs more becomes NaN, which is reported."""

WORK_ROWS = 5
"""Points that room is needed for."""

UPDATE_SIZE, GRADIENT_SIZE, LEVELS, LENGTH, HEADER = range(5)
"""Where the flat parameters have what; those of the update begin at HEADER."""


def flow_parameters(part: FlowPart, gradient_p: FloatArray) -> FloatArray:
    """What the flow pass reads: sizes, the parameters of the update on all levels, the gradient's.

    Parameters
    ----------
    part : FlowPart
        How the step is divided.
    gradient_p : ndarray
        Flat parameters of the gradient.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> flow_parameters(FlowPart(np.zeros((201, 0)), 0.5), np.array([7.0])).tolist()
    [0.0, 1.0, 1.0, 0.5, 7.0]
    """
    table = part.table
    if (table == table[0]).all():  # nothing in it depends on the length of a step
        table = table[:1]
    header = [table.shape[1], len(gradient_p), len(table), part.length]
    return np.concatenate([header, table.ravel(), gradient_p])


def divided_step(
    one: PlainFunction, clock: PlainFunction, gradient: PlainFunction, memory: bool, normal: bool
) -> PlainFunction:
    """Advance one path by one step in parts; say whether there was more than one.

    Parameters
    ----------
    one : callable
        The step of one coordinate, as `one_coordinate` makes it.
    clock : callable
        Numbers of the time alone.
    gradient : callable
        Writes the gradient at x into out.
    memory, normal : bool
        Whether m and v are used, and whether there is a normal variate.

    Returns
    -------
    callable
        `divided(state, g, dL, dt, seed, path, step, p, work)` with state = x, m, v, p of
        `flow_parameters` and room for WORK_ROWS points; if there was more than one part state and
        g are changed, else they are not.

    Examples
    --------
    >>> def cubic(x, p, out):
    ...     out[0] = p[0] * x[0] ** 3
    >>> def euler(j, x, m, v, g, dL, dt, t, p, a, b, z):
    ...     return x - g * dt + dL, m, v
    >>> divided = divided_step(euler, lambda t, dt, p: (0.0, 0.0), cubic, False, False)
    >>> p = flow_parameters(FlowPart(np.zeros((201, 0)), 0.01), np.ones(1))
    >>> state, zero = np.array([[1000.0], [0.0], [0.0]]), np.uint64(0)
    >>> work = np.empty((WORK_ROWS, 1))
    >>> divided(state, np.array([1e9]), np.zeros(1), 0.5, zero, zero, zero, p, work)
    True
    >>> round(float(state[0][0]), 2)  # 1/sqrt(1 + 2 t)
    1.0
    """
    change = CHANGE_WITH_AVERAGES if memory else CHANGE

    def divided(state, g, dL, dt, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        dim = len(g)
        size, levels = np.int64(p[UPDATE_SIZE]), np.int64(p[LEVELS])
        behind = HEADER + levels * size
        gradient_p = p[behind : behind + np.int64(p[GRADIENT_SIZE])]
        tolerance = p[LENGTH] / math.sqrt(dim)
        trial, ahead, z = work[:3], work[3], work[4]
        for j in range(dim):
            z[j] = normal_variate(seed, path, step, j) if normal else 0.0
        # The share of a part is halved by products: powers are not exact on every machine.
        halved, share, parts, left = 0, 1.0, 0, 1.0
        while left > 0.0:
            h, t = dt * share, dt * (step + 1.0 - left)
            row = HEADER + size * (halved if levels > 1 else 0)
            q = p[row : row + size]
            a, b = clock(t, h, q)
            for j in range(dim):
                trial[0][j], trial[1][j], trial[2][j] = one(
                    j, state[0][j], state[1][j], state[2][j], g[j], 0.0, h, t, q, a, b, z[j]
                )
            gradient(trial[0], gradient_p, ahead)
            difference = longest = 0.0
            finite = True
            for j in range(dim):
                other = one(
                    j, state[0][j], state[1][j], state[2][j], ahead[j], 0.0, h, t, q, a, b, z[j]
                )[0]
                finite &= other * 0.0 == 0.0
                difference = max(difference, abs(other - trial[0][j]))
                longest = max(longest, abs(trial[0][j] - state[0][j]))
            share_let_be = 1.0 if halved == 0 else PART_TOLERANCE
            allowed = change * longest + share_let_be * tolerance
            if not (finite and difference <= allowed) and halved < HALVINGS:
                halved, share = halved + 1, 0.5 * share
                continue
            if halved == 0:
                return False
            left -= share  # unchanged where the part is too short to count
            last = left == 0.0
            for j in range(dim):
                # Without averages the mean of both gradients makes the part exact to second order.
                force = g[j] if memory else 0.5 * (g[j] + ahead[j])
                state[0][j], state[1][j], state[2][j] = one(
                    j, state[0][j], state[1][j], state[2][j], force, dL[j] if last else 0.0, h, t,
                    q, a, b, z[j],
                )  # fmt: skip
            parts += 1
            if parts == MOST_PARTS:
                state[0][0] = np.nan
                return True
            if not last:
                gradient(state[0], gradient_p, g)
                halved, share = halved - 1, 2.0 * share
                while share > left:
                    halved, share = halved + 1, 0.5 * share
        return True

    return divided


def flow_move(
    one: PlainFunction,
    clock: PlainFunction,
    gradient: PlainFunction,
    explicit: PlainFunction,
    memory: bool,
    normal: bool,
) -> PlainFunction:
    """Advance one path by one step, divided where it would overshoot.

    Parameters
    ----------
    one, clock, gradient, memory, normal
        As for `divided_step`.
    explicit : callable
        The undivided move, `levysde.engine.path.iteration.move_of`.

    Returns
    -------
    callable
        `move(state, g, dL, dt, seed, path, step, p, work)` with p of `flow_parameters`.

    Examples
    --------
    >>> from levysde.engine.path.iteration import coordinate_of, move_of, no_clock
    >>> def cubic(x, p, out):
    ...     out[0] = p[0] * x[0] ** 3
    >>> def euler(j, x, m, v, g, dL, dt, t, p, a, b, z):
    ...     return x - g * dt + dL, m, v
    >>> explicit = move_of(coordinate_of(euler, False, False), no_clock)
    >>> move = flow_move(euler, no_clock, cubic, explicit, False, False)
    >>> p = flow_parameters(FlowPart(np.zeros((201, 0)), 0.01), np.ones(1))
    >>> state, zero = np.array([[1000.0], [0.0], [0.0]]), np.uint64(0)
    >>> g, dL, work = np.array([1e9]), np.zeros(1), np.empty((WORK_ROWS, 1))
    >>> move(state, g, dL, 0.5, zero, zero, zero, p, work)
    >>> round(float(state[0, 0]), 2)
    1.0
    """
    divided = divided_step(one, clock, gradient, memory, normal)

    def is_long(state, g, dt, seed, path, step, p, length):  # type: ignore[no-untyped-def]
        square = 0.0
        a, b = clock(step * dt, dt, p)
        for j in range(len(g)):
            z = normal_variate(seed, path, step, j) if normal else 0.0
            moved = one(
                j, state[0][j], state[1][j], state[2][j], g[j], 0.0, dt, step * dt, p, a, b, z
            )[0]
            square += (moved - state[0][j]) * (moved - state[0][j])
        return not square <= length * length

    def move(state, g, dL, dt, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        first = p[HEADER : HEADER + np.int64(p[UPDATE_SIZE])]
        long = is_long(state, g, dt, seed, path, step, first, p[LENGTH])
        if not (long and divided(state, g, dL, dt, seed, path, step, p, work)):
            explicit(state[0], state[1], state[2], g, dL, dt, seed, path, step, first)

    return move
