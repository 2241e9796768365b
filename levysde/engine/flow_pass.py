"""The update pass that survives a steep force: a step that would overshoot is divided.

Where one explicit step is short, or the force ahead would make much the same step, it is done as it
is, bit for bit. Where the force ahead would change the displacement by more than an eighth of it,
the step is halved until it does not, and the noise-free motion of the whole step is made of such
parts; the increment of the noise follows with the last of them.
"""

import functools
import math
from typing import Any

import numpy as np

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.compile import compile_part, prepared
from levysde.engine.passes import UPDATE, is_wide
from levysde.engine.program import FlowPart, UpdatePart
from levysde.engine.update_pass import (
    no_clock,
    normal_variate,
    one_coordinate,
    step_loop,
)

__all__ = ["flow_parameters", "flow_pass"]

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

_UPDATE_SIZE, _GRADIENT_SIZE, _LEVELS, _LENGTH, _HEADER = range(5)


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


def flow_pass(part: UpdatePart, gradient: PlainFunction, dim: int) -> Any:
    """Advance a block by one step, divided where it would overshoot.

    Parameters
    ----------
    part : UpdatePart
        How one coordinate moves.
    gradient : callable
        Plain function that writes the gradient at x into out.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
        `update(x, m, v, g, dL, dt, seed, path, step, p, count)` with p of `flow_parameters`.

    Examples
    --------
    >>> def cubic(x, p, out):
    ...     out[0] = p[0] * x[0] ** 3
    >>> def euler(j, x, m, v, g, dL, dt, t, p):
    ...     return x - g * dt + dL, m, v
    >>> advance = flow_pass(UpdatePart(euler, np.zeros(0)), cubic, 1)
    >>> x, g, other = np.full((1, 8), 1000.0), np.full((1, 8), 1e9), np.zeros((1, 8))
    >>> p = flow_parameters(FlowPart(np.zeros((201, 0)), 0.01), np.ones(1))
    >>> path = np.zeros(8, np.uint64)
    >>> advance(x, other, other, g, other, 0.5, np.uint64(0), path, path, p, 8)
    >>> round(float(x[0, 0]), 2)  # 1/sqrt(1 + 2 t)
    1.0
    """
    clock = None if part.clock is None else prepared(part.clock)
    kind = (part.memory, part.normal, is_wide(dim))
    return _compiled(prepared(part.update), clock, prepared(gradient), *kind)


@functools.lru_cache(maxsize=256)
def _compiled(
    update: PlainFunction,
    clock: PlainFunction | None,
    gradient: PlainFunction,
    memory: bool,
    normal: bool,
    wide: bool,
) -> Any:
    one = one_coordinate(update, clock is not None, normal)
    explicit = step_loop(one, clock, memory, normal, wide)
    long_steps = _long_steps(one, clock or no_clock, normal, wide)
    divided = _divided_step(one, clock or no_clock, gradient, memory, normal)

    def advance(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = x.shape[1] if wide else x.shape[0]
        size = np.int64(p[_UPDATE_SIZE])
        first = p[_HEADER : _HEADER + size]
        lanes = np.empty(count, np.int64)
        found = long_steps(x, m, v, g, dt, seed, path, step, first, p[_LENGTH], lanes, count)
        kept = np.empty((found, 3, dim))
        resolved = 0
        for row in range(found):
            i = lanes[row]
            state, force, noise = kept[resolved], np.empty(dim), np.empty(dim)
            for j in range(dim):
                at = (i, j) if wide else (j, i)
                state[0, j], state[1, j], state[2, j] = x[at], m[at], v[at]
                force[j], noise[j] = g[at], dL[at]
            if divided(state, force, noise, dt, seed, path[i], step[i], p):
                lanes[resolved] = i
                resolved += 1
        explicit(x, m, v, g, dL, dt, seed, path, step, first, count)
        for row in range(resolved):
            for j in range(dim):
                at = (lanes[row], j) if wide else (j, lanes[row])
                x[at] = kept[row, 0, j]
                if memory:
                    m[at], v[at] = kept[row, 1, j], kept[row, 2, j]

    return compile_part("gradient", gradient, advance, UPDATE)


def _long_steps(
    one: PlainFunction, clock: PlainFunction, normal: bool, wide: bool
) -> PlainFunction:
    """List the lanes whose noise-free displacement is longer than a length, and count them."""

    def long_steps(  # type: ignore[no-untyped-def]
        x, m, v, g, dt, seed, path, step, p, length, lanes, count
    ):
        dim = x.shape[1] if wide else x.shape[0]
        square, a, b = np.zeros(count), np.empty(count), np.empty(count)
        for i in range(count):
            a[i], b[i] = clock(step[i] * dt, dt, p)
        for outer in range(count if wide else dim):
            for inner in range(dim if wide else count):
                i, j = (outer, inner) if wide else (inner, outer)
                at = (outer, inner)
                z = normal_variate(seed, path[i], step[i], j) if normal else 0.0
                moved = one(j, x[at], m[at], v[at], g[at], 0.0, dt, step[i] * dt, p, a[i], b[i], z)[
                    0
                ]
                square[i] += (moved - x[at]) * (moved - x[at])
        found = 0
        for i in range(count):
            lanes[found] = i
            found += not square[i] <= length * length
        return found

    return long_steps


def _divided_step(
    one: PlainFunction, clock: PlainFunction, gradient: PlainFunction, memory: bool, normal: bool
) -> PlainFunction:
    """Advance one path by one step in parts; say whether there was more than one."""
    change = CHANGE_WITH_AVERAGES if memory else CHANGE

    def divided(state, g, dL, dt, seed, path, step, p):  # type: ignore[no-untyped-def]
        dim = len(g)
        size, levels = np.int64(p[_UPDATE_SIZE]), np.int64(p[_LEVELS])
        behind = _HEADER + levels * size
        gradient_p = p[behind : behind + np.int64(p[_GRADIENT_SIZE])]
        tolerance = p[_LENGTH] / math.sqrt(dim)
        trial, ahead, z = np.empty((3, dim)), np.empty(dim), np.zeros(dim)
        if normal:
            for j in range(dim):
                z[j] = normal_variate(seed, path, step, j)
        halved, parts, left = 0, 0, 1.0
        while left > 0.0:
            share = 0.5**halved
            h, t = dt * share, dt * (step + 1.0 - left)
            row = _HEADER + size * (halved if levels > 1 else 0)
            q = p[row : row + size]
            a, b = clock(t, h, q)
            for j in range(dim):
                trial[0, j], trial[1, j], trial[2, j] = one(
                    j, state[0, j], state[1, j], state[2, j], g[j], 0.0, h, t, q, a, b, z[j]
                )
            gradient(trial[0], gradient_p, ahead)
            difference = longest = 0.0
            finite = True
            for j in range(dim):
                other = one(
                    j, state[0, j], state[1, j], state[2, j], ahead[j], 0.0, h, t, q, a, b, z[j]
                )[0]
                finite &= other * 0.0 == 0.0
                difference = max(difference, abs(other - trial[0, j]))
                longest = max(longest, abs(trial[0, j] - state[0, j]))
            share_let_be = 1.0 if halved == 0 else PART_TOLERANCE
            allowed = change * longest + share_let_be * tolerance
            if not (finite and difference <= allowed) and halved < HALVINGS:
                halved += 1
                continue
            if halved == 0:
                return False
            left -= share  # unchanged where the part is too short to count
            last = left == 0.0
            for j in range(dim):
                # Without averages the mean of both gradients makes the part exact to second order.
                force = g[j] if memory else 0.5 * (g[j] + ahead[j])
                state[0, j], state[1, j], state[2, j] = one(
                    j, state[0, j], state[1, j], state[2, j], force, dL[j] if last else 0.0, h, t,
                    q, a, b, z[j],
                )  # fmt: skip
            parts += 1
            if parts == MOST_PARTS:
                state[0, 0] = np.nan
                return True
            if not last:
                gradient(state[0], gradient_p, g)
                halved -= 1
                while 0.5**halved > left:
                    halved += 1
        return True

    return divided
