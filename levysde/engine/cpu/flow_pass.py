"""The update pass in which a step that would overshoot is divided, see `path.divided_step`."""

import functools
from typing import Any

import numpy as np

from levysde._typing import PlainFunction
from levysde.engine.compile import compile_part, prepared
from levysde.engine.cpu.passes import UPDATE, is_wide
from levysde.engine.cpu.scale_pass import scaled_pass
from levysde.engine.cpu.update_pass import step_loop
from levysde.engine.cpu.wall_pass import walled_pass
from levysde.engine.path.divided_step import (
    HEADER,
    LENGTH,
    UPDATE_SIZE,
    WORK_ROWS,
    divided_step,
)
from levysde.engine.path.iteration import no_clock, normal_variate, one_coordinate
from levysde.engine.program import UpdatePart

__all__ = ["flow_pass"]


def flow_pass(
    part: UpdatePart,
    gradient: PlainFunction,
    dim: int,
    multiply: PlainFunction | None = None,
    back: PlainFunction | None = None,
) -> Any:
    """Advance a block by one step, divided where it would overshoot.

    Parameters
    ----------
    part : UpdatePart
        How one coordinate moves.
    gradient : callable
        Plain function that writes the gradient at x into out.
    dim : int
        Dimension of a path.
    multiply : callable, optional
        What multiplies the increments first, as `levysde.engine.cpu.scale_pass.scaled_by` makes it.
    back : callable, optional
        What brings a coordinate back between walls at last, prepared for the compiler.

    Returns
    -------
    numba dispatcher
        `update(x, m, v, g, dL, dt, seed, path, step, p, count)` with p of `flow_parameters`.

    Examples
    --------
    >>> from levysde import dynamics, potentials
    >>> from levysde.engine.path.divided_step import flow_parameters
    >>> from levysde.engine.program import FlowPart
    >>> quartic = potentials.quartic()  # x^4/4
    >>> advance = flow_pass(dynamics.sgd().part(1, 0.5), quartic.gradient, 1)
    >>> x, g, other = np.full((1, 8), 1000.0), np.full((1, 8), 1e9), np.zeros((1, 8))
    >>> p = flow_parameters(FlowPart(np.zeros((201, 0)), 0.01), quartic.p)
    >>> path = np.zeros(8, np.uint64)
    >>> advance(x, other, other, g, other, 0.5, np.uint64(0), path, path, p, 8)
    >>> round(float(x[0, 0]), 2)  # 1/sqrt(1 + 2 t)
    1.0
    """
    clock = None if part.clock is None else prepared(part.clock)
    kind = (part.memory, part.normal, is_wide(dim))
    return _compiled(prepared(part.update), clock, prepared(gradient), multiply, back, *kind)


@functools.lru_cache(maxsize=256)
def _compiled(
    update: PlainFunction,
    clock: PlainFunction | None,
    gradient: PlainFunction,
    multiply: PlainFunction | None,
    back: PlainFunction | None,
    memory: bool,
    normal: bool,
    wide: bool,
) -> Any:
    one = one_coordinate(update, clock is not None, normal)
    explicit = step_loop(one, clock, memory, normal, wide)
    long_steps = _long_steps(one, clock or no_clock, normal, wide)
    divided = divided_step(one, clock or no_clock, gradient, memory, normal)

    def advance(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = x.shape[1] if wide else x.shape[0]
        size = np.int64(p[UPDATE_SIZE])
        first = p[HEADER : HEADER + size]
        lanes = np.empty(count, np.int64)
        found = long_steps(x, m, v, g, dt, seed, path, step, first, p[LENGTH], lanes, count)
        kept, work = np.empty((found, 3, dim)), np.empty((WORK_ROWS, dim))
        resolved = 0
        for row in range(found):
            i = lanes[row]
            state, force, noise = kept[resolved], np.empty(dim), np.empty(dim)
            for j in range(dim):
                at = (i, j) if wide else (j, i)
                state[0, j], state[1, j], state[2, j] = x[at], m[at], v[at]
                force[j], noise[j] = g[at], dL[at]
            if divided(state, force, noise, dt, seed, path[i], step[i], p, work):
                lanes[resolved] = i
                resolved += 1
        explicit(x, m, v, g, dL, dt, seed, path, step, first, count)
        for row in range(resolved):
            for j in range(dim):
                at = (lanes[row], j) if wide else (j, lanes[row])
                x[at] = kept[row, 0, j]
                if memory:
                    m[at], v[at] = kept[row, 1, j], kept[row, 2, j]

    return compile_part(
        "gradient", gradient, walled_pass(back, scaled_pass(multiply, advance), wide), UPDATE
    )


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
