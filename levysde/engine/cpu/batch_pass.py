"""Blocks whose gradients are means over batches of examples, drawn for every step of every path."""

import functools
from typing import Any

import numpy as np

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.compile import KEPT_PASSES, compile_part, prepared
from levysde.engine.cpu.passes import NOISE, is_wide
from levysde.engine.path.batch_step import batch_gradient_of, table_size
from levysde.engine.program import BatchPart


def batch_of(batch: BatchPart | None, dim: int) -> PlainFunction | None:
    """What writes the gradients of a block.

    Parameters
    ----------
    batch : BatchPart or None
        Of which examples.
    dim : int
        Dimension of a path.

    Returns
    -------
    callable or None
        `gradients(x, g, seed, path, step, p, count)`, the same one for the same function.
    """
    if batch is None:
        return None
    return _gradients(prepared(batch.gradient_i), batch.replacement, is_wide(dim))


@functools.lru_cache(maxsize=KEPT_PASSES)
def _gradients(gradient_i: PlainFunction, replacement: bool, wide: bool) -> PlainFunction:
    mean = batch_gradient_of(gradient_i, replacement)

    def in_rows(x, g, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        one, table = np.empty(x.shape[1]), np.empty(table_size(p, replacement), np.int64)
        for i in range(count):
            mean(x[i], seed, path[i], step[i], p, g[i], one, table)

    def in_columns(x, g, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = x.shape[0]
        point, out, one = np.empty(dim), np.empty(dim), np.empty(dim)
        table = np.empty(table_size(p, replacement), np.int64)
        for i in range(count):
            for j in range(dim):
                point[j] = x[j, i]
            mean(point, seed, path[i], step[i], p, out, one, table)
            for j in range(dim):
                g[j, i] = out[j]

    return in_rows if wide else in_columns


def batched_pass(gradients: PlainFunction | None, advance: PlainFunction) -> PlainFunction:
    """The pass of an update, after the gradients of batches were written.

    Parameters
    ----------
    gradients : callable or None
        As `batch_of` makes it.
    advance : callable
        `advance(x, m, v, g, dL, dt, seed, path, step, p, count)`.

    Returns
    -------
    callable
        With the same arguments; p as `levysde.engine.path.batch_step.batch_parameters` makes it.
    """
    if gradients is None:
        return advance

    def batched(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        size = int(p[0])
        gradients(x, g, seed, path, step, p[1 : 1 + size], count)
        advance(x, m, v, g, dL, dt, seed, path, step, p[1 + size :], count)

    return batched


def batch_gradients(part: BatchPart, x: FloatArray, draws: int, seed: int) -> FloatArray:
    """Gradients of batches at one point: those of the first step of paths 0 to draws - 1.

    Parameters
    ----------
    part : BatchPart
        Of which examples.
    x : ndarray, shape (dim,)
        The point, in units of the coordinates.
    draws : int
        How many.
    seed : int
        In [0, 2^64).

    Returns
    -------
    ndarray, shape (draws, dim)
        Energy per unit of the coordinate.
    """
    out, path = np.empty((draws, len(x))), np.arange(draws, dtype=np.uint64)
    fill = _compiled_at_a_point(prepared(part.gradient_i), part.replacement)
    # One array has the point and the parameters: passes take no more.
    p = np.concatenate([x, part.p])
    fill(out, np.uint64(seed), path, np.zeros(draws, np.uint64), p, draws)
    return out


@functools.lru_cache(maxsize=KEPT_PASSES)
def _compiled_at_a_point(gradient_i: PlainFunction, replacement: bool) -> Any:
    mean = batch_gradient_of(gradient_i, replacement)

    def fill(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = out.shape[1]
        x, own, one = p[:dim], p[dim:], np.empty(dim)
        table = np.empty(table_size(own, replacement), np.int64)
        for i in range(count):
            mean(x, seed, path[i], step[i], own, out[i], one, table)

    return compile_part("gradient_i", gradient_i, fill, NOISE)
