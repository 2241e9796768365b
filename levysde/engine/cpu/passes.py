"""Passes: one part applied to all paths of a block, in a simple loop that vectorizes.

Each pass (noise, gradient, update, exit check) is compiled alone, with one explicit signature, and
cached alone on disk; a driver receives passes as function pointers, so no combination of parts
needs a compilation of its own.

A block is stored in one of two layouts, chosen by the dimension:

* narrow, shape (dim, lanes): loops run along lanes, the dimension is a constant of the pass;
* wide, shape (lanes, dim): loops run along coordinates, every path is a contiguous row.
"""

import functools
from typing import Any

import numpy as np
from numba import types

from levysde._typing import PlainFunction
from levysde.engine.compile import KEPT_PASSES, compile_part, prepared
from levysde.engine.path.iteration import is_finite, is_finite_row, status_of
from levysde.engine.status import RUNNING

NARROW_MAX_DIM = 32
"""Largest dimension stored coordinate by coordinate (the narrow layout)."""

VECTOR = 8
"""Numbers in the longest vector of current processors (512 bits)."""

# What a part may only read is read-only to the compiler, which refuses a part that writes there.
_read_matrix = types.Array(types.float64, 2, "C", readonly=True)
_read_vector = types.Array(types.float64, 1, "C", readonly=True)
_matrix = types.float64[:, ::1]
_vector = types.float64[::1]
_ids = types.uint64[::1]
_flags = types.int8[::1]
_count = types.int64

NOISE = types.void(_matrix, types.uint64, _ids, _ids, _vector, _count)
GRADIENT = types.void(_read_matrix, _read_vector, _matrix, _count)
UPDATE = types.void(
    _matrix, _matrix, _matrix, _matrix, _matrix, types.float64, types.uint64, _ids, _ids, _vector,
    _count,
)  # fmt: skip
CHECK = types.int64(_read_matrix, _read_vector, _ids, types.uint64, _flags, _count)


def is_wide(dim: int) -> bool:
    """Whether blocks of this dimension are stored path by path."""
    return dim > NARROW_MAX_DIM


def gradient_pass(gradient: PlainFunction, dim: int) -> Any:
    """Evaluate `gradient(x, p, out)` for every path of a block.

    Parameters
    ----------
    gradient : callable
        Plain function that writes the gradient at x into out.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
        `gradient(x, p, g, count)`.
    """
    return _gradient_pass(prepared(gradient), dim)


@functools.lru_cache(maxsize=KEPT_PASSES)
def _gradient_pass(gradient: PlainFunction, dim: int) -> Any:
    def narrow(x, p, out, count):  # type: ignore[no-untyped-def]
        if x.shape[0] != dim or out.shape[0] != dim:  # tells the compiler the length of a loop
            return
        for i in range(count):
            gradient(x[:, i], p, out[:, i])

    def wide(x, p, out, count):  # type: ignore[no-untyped-def]
        if x.shape[1] != dim or out.shape[1] != dim:
            return
        for i in range(count):
            gradient(x[i], p, out[i])

    return compile_part("gradient", gradient, wide if is_wide(dim) else narrow, GRADIENT)


def check_pass(outside: PlainFunction, dim: int) -> Any:
    """Count the step and flag every path that has ended: NON_FINITE before ESCAPED before HORIZON.

    A NaN compares false with every boundary, so it is looked for first.

    Parameters
    ----------
    outside : callable
        Plain predicate `outside(x, p) -> bool`.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
        `check(x, p, step, horizon, flags, count) -> number of ended paths`.
    """
    return _check_pass(prepared(outside), dim)


@functools.lru_cache(maxsize=KEPT_PASSES)
def _check_pass(outside: PlainFunction, dim: int) -> Any:
    wide_layout = is_wide(dim)
    status = status_of(outside, is_finite_row if wide_layout else is_finite)

    def narrow(x, p, step, horizon, flags, count):  # type: ignore[no-untyped-def]
        if x.shape[0] != dim:  # tells the compiler the length of a loop
            return 0
        ended = 0
        for i in range(count):
            step[i] += np.uint64(1)
            flags[i] = status(x[:, i], p, step[i], horizon)
            ended += flags[i] != RUNNING
        return ended

    def wide(x, p, step, horizon, flags, count):  # type: ignore[no-untyped-def]
        if x.shape[1] != dim:
            return 0
        ended = 0
        for i in range(count):
            step[i] += np.uint64(1)
            flags[i] = status(x[i], p, step[i], horizon)
            ended += flags[i] != RUNNING
        return ended

    return compile_part("outside", outside, wide if wide_layout else narrow, CHECK)
