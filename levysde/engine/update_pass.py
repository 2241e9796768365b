"""The update pass: every coordinate of every path of a block moves by one step."""

import functools
from typing import Any

import numpy as np

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.compile import KEPT_PASSES, compile_part, prepared
from levysde.engine.passes import UPDATE, is_wide
from levysde.engine.philox import random_words
from levysde.engine.program import UpdatePart
from levysde.engine.variates import gaussian_pair

NORMAL_SLOT = np.uint64(1 << 30)
"""Where the normal variates of the dynamics are drawn, one slot a coordinate."""

_SQRT_HALF = 0.7071067811865476


def update_pass(part: UpdatePart, dim: int) -> Any:
    """Advance a block by one step.

    Parameters
    ----------
    part : UpdatePart
        How one coordinate moves.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
        `update(x, m, v, g, dL, dt, seed, path, step, p, count)`.
    """
    clock = None if part.clock is None else prepared(part.clock)
    kind = (part.memory, part.normal, part.limited, is_wide(dim))
    return _compiled(prepared(part.update), clock, *kind)


@functools.lru_cache(maxsize=KEPT_PASSES)
def _compiled(
    update: PlainFunction,
    clock: PlainFunction | None,
    memory: bool,
    normal: bool,
    limited: bool,
    wide: bool,
) -> Any:
    one = one_coordinate(update, clock is not None, normal)
    advance = step_loop(one, clock, memory, normal, wide)
    if limited:
        advance = _limited(advance, wide)
    return compile_part("update", update, advance, UPDATE)


def step_loop(
    one: PlainFunction, clock: PlainFunction | None, memory: bool, normal: bool, wide: bool
) -> PlainFunction:
    """The step of every coordinate of every path of a block.

    Parameters
    ----------
    one : callable
        The step of one coordinate, as `one_coordinate` makes it.
    clock : callable or None
        Numbers of the time alone.
    memory, normal, wide : bool
        Whether m and v are used, whether there is a normal variate, and the layout of a block.

    Returns
    -------
    callable
        `advance(x, m, v, g, dL, dt, seed, path, step, p, count)`, to be compiled.
    """
    return (_wide_loop if wide else _narrow_loop)(one, clock or no_clock, memory, normal)


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


def _narrow_loop(
    one: PlainFunction, clock: PlainFunction, memory: bool, normal: bool
) -> PlainFunction:
    """Shape (dim, lanes)."""

    def advance(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        a, b = np.empty(count), np.empty(count)
        for i in range(count):
            a[i], b[i] = clock(step[i] * dt, dt, p)
        for j in range(x.shape[0]):
            for i in range(count):
                t = step[i] * dt
                z = normal_variate(seed, path[i], step[i], j) if normal else 0.0
                if memory:
                    x[j, i], m[j, i], v[j, i] = one(
                        j, x[j, i], m[j, i], v[j, i], g[j, i], dL[j, i], dt, t, p, a[i], b[i], z
                    )
                else:
                    x[j, i] = one(j, x[j, i], 0.0, 0.0, g[j, i], dL[j, i], dt, t, p, a[i], b[i], z)[
                        0
                    ]

    return advance


def _wide_loop(
    one: PlainFunction, clock: PlainFunction, memory: bool, normal: bool
) -> PlainFunction:
    """Shape (lanes, dim)."""

    def advance(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        for i in range(count):
            t = step[i] * dt
            a, b = clock(t, dt, p)
            for j in range(x.shape[1]):
                z = normal_variate(seed, path[i], step[i], j) if normal else 0.0
                if memory:
                    x[i, j], m[i, j], v[i, j] = one(
                        j, x[i, j], m[i, j], v[i, j], g[i, j], dL[i, j], dt, t, p, a, b, z
                    )
                else:
                    x[i, j] = one(j, x[i, j], 0.0, 0.0, g[i, j], dL[i, j], dt, t, p, a, b, z)[0]

    return advance


def _limited(advance: PlainFunction, wide: bool) -> PlainFunction:
    """The same step, cut to the length p[-1] where it is longer."""

    def limited(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        before = x.copy()
        advance(x, m, v, g, dL, dt, seed, path, step, p[: p.size - 1], count)
        for i in range(count):
            if wide:
                _shorten(before[i], x[i], p[p.size - 1])
            else:
                _shorten(before[:, i], x[:, i], p[p.size - 1])

    return limited


def _shorten(before: FloatArray, x: FloatArray, limit: float) -> None:
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


def normal_variate(seed: np.uint64, path: np.uint64, step: np.uint64, j: int) -> float:
    """The standard normal variate of the dynamics for coordinate j of one step of one path."""
    word = random_words(seed, path, step, NORMAL_SLOT + np.uint64(j))[0]
    return _SQRT_HALF * gaussian_pair(word)[0]


def no_clock(t: float, dt: float, p: FloatArray) -> tuple[float, float]:
    """Numbers of the time for updates that take none."""
    return 0.0, 0.0
