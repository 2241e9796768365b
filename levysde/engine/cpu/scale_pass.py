"""Blocks whose increments are multiplied by a scale of the state and the time before they move."""

import functools

import numpy as np

from levysde._typing import PlainFunction
from levysde.engine.compile import prepared
from levysde.engine.cpu.passes import is_wide
from levysde.engine.program import ScalePart


def scaled_by(scale: ScalePart | None, dim: int) -> PlainFunction | None:
    """What multiplies the increments of a block.

    Parameters
    ----------
    scale : ScalePart or None
        One factor a coordinate, or a matrix.
    dim : int
        Dimension of a path.

    Returns
    -------
    callable or None
        `multiply(x, dL, dt, step, p, count)`, the same one for the same function.
    """
    if scale is None:
        return None
    return _multiply(prepared(scale.function), dim, scale.matrix)


@functools.lru_cache(maxsize=64)
def _multiply(scale: PlainFunction, dim: int, matrix: bool) -> PlainFunction:
    if matrix:
        return _by_matrix(scale, dim, is_wide(dim))
    return (_wide if is_wide(dim) else _narrow)(scale, dim)


def _narrow(scale: PlainFunction, dim: int) -> PlainFunction:
    """Shape (dim, lanes)."""

    def multiply(x, dL, dt, step, p, count):  # type: ignore[no-untyped-def]
        if x.shape[0] != dim:  # tells the compiler the length of a loop
            return
        factors = np.empty((dim, count))
        for i in range(count):
            scale(x[:, i], step[i] * dt, p, factors[:, i])
        for j in range(dim):
            for i in range(count):
                dL[j, i] *= factors[j, i]

    return multiply


def _wide(scale: PlainFunction, dim: int) -> PlainFunction:
    """Shape (lanes, dim)."""

    def multiply(x, dL, dt, step, p, count):  # type: ignore[no-untyped-def]
        factors = np.empty(dim)
        for i in range(count):
            scale(x[i], step[i] * dt, p, factors)
            for j in range(dim):
                dL[i, j] *= factors[j]

    return multiply


def _by_matrix(matrix: PlainFunction, dim: int, wide: bool) -> PlainFunction:
    def multiply(x, dL, dt, step, p, count):  # type: ignore[no-untyped-def]
        columns, drivers = np.empty((dim, dim)), np.empty(dim)
        for i in range(count):
            matrix(x[i] if wide else x[:, i], step[i] * dt, p, columns)
            for k in range(dim):
                drivers[k] = dL[i, k] if wide else dL[k, i]
            for j in range(dim):
                total = 0.0
                for k in range(dim):
                    total += columns[j, k] * drivers[k]
                if wide:
                    dL[i, j] = total
                else:
                    dL[j, i] = total

    return multiply


def scaled_pass(multiply: PlainFunction | None, advance: PlainFunction) -> PlainFunction:
    """The pass of an update, after the increments were multiplied.

    Parameters
    ----------
    multiply : callable or None
        As `scaled_by` makes it.
    advance : callable
        `advance(x, m, v, g, dL, dt, seed, path, step, p, count)`.

    Returns
    -------
    callable
        With the same arguments; p as `levysde.engine.path.scaled_step.scaled_parameters` makes it.
    """
    if multiply is None:
        return advance

    def scaled(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        size = int(p[0])
        multiply(x, dL, dt, step, p[1 : 1 + size], count)
        advance(x, m, v, g, dL, dt, seed, path, step, p[1 + size :], count)

    return scaled
