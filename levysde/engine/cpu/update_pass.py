"""The update pass: every coordinate of every path of a block moves by one step."""

import functools
from typing import Any

import numpy as np

from levysde._typing import PlainFunction
from levysde.engine.compile import KEPT_PASSES, compile_part, prepared
from levysde.engine.cpu.batch_pass import batched_pass
from levysde.engine.cpu.passes import UPDATE, is_wide
from levysde.engine.cpu.scale_pass import scaled_pass
from levysde.engine.cpu.wall_pass import walled_pass
from levysde.engine.path.iteration import (
    coordinate_of,
    move_of,
    no_clock,
    one_coordinate,
    shorten,
)
from levysde.engine.program import UpdatePart


def update_pass(
    part: UpdatePart,
    dim: int,
    multiply: PlainFunction | None = None,
    back: PlainFunction | None = None,
    gradients: PlainFunction | None = None,
) -> Any:
    """Advance a block by one step.

    Parameters
    ----------
    part : UpdatePart
        How one coordinate moves.
    dim : int
        Dimension of a path.
    multiply : callable, optional
        What multiplies the increments first, as `levysde.engine.cpu.scale_pass.scaled_by` makes it.
    back : callable, optional
        What brings a coordinate back between walls at last, prepared for the compiler.
    gradients : callable, optional
        What writes the gradients of batches first, as `levysde.engine.cpu.batch_pass.batch_of`
        makes it.

    Returns
    -------
    numba dispatcher
        `update(x, m, v, g, dL, dt, seed, path, step, p, count)`.
    """
    clock = None if part.clock is None else prepared(part.clock)
    limit = None if part.limit is None else prepared(part.limit)
    kind = (part.memory, part.normal, is_wide(dim))
    return _compiled(prepared(part.update), clock, limit, multiply, back, gradients, *kind)


@functools.lru_cache(maxsize=KEPT_PASSES)
def _compiled(
    update: PlainFunction,
    clock: PlainFunction | None,
    limit: PlainFunction | None,
    multiply: PlainFunction | None,
    back: PlainFunction | None,
    gradients: PlainFunction | None,
    memory: bool,
    normal: bool,
    wide: bool,
) -> Any:
    one = one_coordinate(update, clock is not None, normal)
    advance = step_loop(one, clock, memory, normal, wide)
    if limit is not None:
        advance = _limited(advance, limit, wide)
    advance = batched_pass(gradients, scaled_pass(multiply, advance))
    return compile_part("update", update, walled_pass(back, advance, wide), UPDATE)


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
    coordinate = coordinate_of(one, memory, normal)
    if wide:
        return _wide_loop(coordinate, clock or no_clock)
    return _narrow_loop(coordinate) if clock is None else _clocked_loop(coordinate, clock)


def _narrow_loop(coordinate: PlainFunction) -> PlainFunction:
    """Shape (dim, lanes)."""

    def advance(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        for j in range(x.shape[0]):
            for i in range(count):
                coordinate(j, (j, i), x, m, v, g, dL, dt, seed, path[i], step[i], p, 0.0, 0.0)

    return advance


def _clocked_loop(coordinate: PlainFunction, clock: PlainFunction) -> PlainFunction:
    """Shape (dim, lanes), with two numbers of the time of each path."""

    def advance(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        a, b = np.empty(count), np.empty(count)
        for i in range(count):
            a[i], b[i] = clock(step[i] * dt, dt, p)
        for j in range(x.shape[0]):
            for i in range(count):
                coordinate(j, (j, i), x, m, v, g, dL, dt, seed, path[i], step[i], p, a[i], b[i])

    return advance


def _wide_loop(coordinate: PlainFunction, clock: PlainFunction) -> PlainFunction:
    """Shape (lanes, dim)."""
    move = move_of(coordinate, clock)

    def advance(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        for i in range(count):
            move(x[i], m[i], v[i], g[i], dL[i], dt, seed, path[i], step[i], p)

    return advance


def _limited(advance: PlainFunction, limit: PlainFunction, wide: bool) -> PlainFunction:
    """The same step, cut to the length limit(t, p) where it is longer; p[-1] is for the limit."""

    def limited(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        before = x.copy()
        advance(x, m, v, g, dL, dt, seed, path, step, p[: p.size - 1], count)
        for i in range(count):
            longest = limit(step[i] * dt, p)
            if wide:
                shorten(before[i], x[i], longest)
            else:
                shorten(before[:, i], x[:, i], longest)

    return limited
