"""Noise passes: fill a block with the increments of one step, from addressed random words."""

import functools
from typing import Any

import numpy as np

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.compile import compile_part, prepared
from levysde.engine.passes import NOISE, VECTOR, is_wide
from levysde.engine.philox import random_words
from levysde.engine.program import NoisePart

RADIUS_SLOT = np.uint64(1 << 31)
"""Where the common factor of a step is drawn; drivers use the slots from 0."""

_SHIFT_32, _SHIFT_33 = np.uint64(32), np.uint64(33)
_LOW_32, _ONE = np.uint64(0xFFFFFFFF), np.uint64(1)
_MIDPOINT = np.uint64(1 << 32)


def noise_pass(part: NoisePart, dim: int) -> Any:
    """The pass `noise(dL, seed, path, step, p, count)` of a law.

    Parameters
    ----------
    part : NoisePart
        How an increment is drawn.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
    """
    radius = None if part.radius is None else prepared(part.radius)
    increment = prepared(part.increment)
    return _compiled(increment, part.words, part.drivers, radius, part.matrix_at, is_wide(dim))


@functools.lru_cache(maxsize=256)
def _compiled(
    increment: PlainFunction,
    words: float,
    drivers: int,
    radius: PlainFunction | None,
    matrix_at: int | None,
    wide: bool,
) -> Any:
    fill = _loops(increment, words, drivers)[wide]
    if radius is None and matrix_at is None:
        return compile_part("noise", increment, fill, NOISE)
    rows = -(-drivers // 4) * 4 if words == 0.5 else drivers
    if wide:
        rows = max(rows, VECTOR)  # the wide loops for two words need a whole vector
    couple = _wide_coupling if wide else _narrow_coupling
    return compile_part("noise", increment, couple(fill, rows, drivers, radius, matrix_at), NOISE)


def _loops(
    increment: PlainFunction, words: float, drivers: int
) -> tuple[PlainFunction, PlainFunction]:
    """Loops of the narrow and of the wide layout."""
    if words == 0.5:
        return _half_word_loops(increment, drivers)
    return _one_word_loops(increment) if words == 1.0 else _two_word_loops(increment)


def widen(bits: UInt64) -> UInt64:
    """A 64-bit word from 32 random bits: 31 for the number, in the middle of its cell, and a sign.

    Parameters
    ----------
    bits : numpy.uint64
        Below 2^32.

    Returns
    -------
    numpy.uint64

    Examples
    --------
    >>> import numpy as np
    >>> hex(widen(np.uint64(3)))
    '0x300000001'
    """
    return ((bits >> _ONE) << _SHIFT_33) | _MIDPOINT | (bits & _ONE)


def _two_word_loops(increment: PlainFunction) -> tuple[PlainFunction, PlainFunction]:
    """Loops of the narrow and of the wide layout."""

    def narrow(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        for j in range(out.shape[0]):
            for i in range(count):
                first, second = random_words(seed, path[i], step[i], np.uint64(j))
                out[j, i] = increment(j, first, second, p)

    def wide(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        # Vector loops are slow on what remains after whole vectors. The last coordinates are drawn
        # by a second run over one whole vector, whose overlap repeats the same addressed numbers.
        dim = out.shape[1]
        whole = dim // VECTOR * VECTOR
        for i in range(count):
            for run in range(1 if whole == dim else 2):
                start, stop = (0, whole) if run == 0 else (dim - VECTOR, dim)
                for j in range(start, stop):
                    first, second = random_words(seed, path[i], step[i], np.uint64(j))
                    out[i, j] = increment(j, first, second, p)

    return narrow, wide


def _one_word_loops(increment: PlainFunction) -> tuple[PlainFunction, PlainFunction]:
    """Loops of the narrow and of the wide layout.

    Words are made first, in a loop that vectorizes, and lie where the increments will be; looking
    into a table does not vectorize.
    """

    def narrow(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        words = out.view(np.uint64)
        dim = out.shape[0]
        slots = (dim + 1) // 2
        for k in range(dim - slots):
            for i in range(count):
                words[k, i], words[slots + k, i] = random_words(
                    seed, path[i], step[i], np.uint64(k)
                )
        if dim % 2 == 1:
            for i in range(count):
                words[slots - 1, i] = random_words(seed, path[i], step[i], np.uint64(slots - 1))[0]
        for j in range(dim):
            for i in range(count):
                out[j, i] = increment(j, words[j, i], p)

    def wide(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        words = out.view(np.uint64)
        dim = out.shape[1]
        slots = (dim + 1) // 2
        for i in range(count):
            firsts, seconds = words[i, :slots], words[i, slots:]  # views make the loop vectorize
            for k in range(len(seconds)):
                firsts[k], seconds[k] = random_words(seed, path[i], step[i], np.uint64(k))
            if dim % 2 == 1:
                firsts[slots - 1] = random_words(seed, path[i], step[i], np.uint64(slots - 1))[0]
            for j in range(dim):
                out[i, j] = increment(j, words[i, j], p)

    return narrow, wide


def _half_word_loops(increment: PlainFunction, drivers: int) -> tuple[PlainFunction, PlainFunction]:
    """Loops of the narrow and of the wide layout; rows of words come in fours."""

    def narrow(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        words = out.view(np.uint64)
        slots = out.shape[0] // 4
        for k in range(slots):
            for i in range(count):
                first, second = random_words(seed, path[i], step[i], np.uint64(k))
                words[k, i] = widen(first >> _SHIFT_32)
                words[slots + k, i] = widen(first & _LOW_32)
                words[2 * slots + k, i] = widen(second >> _SHIFT_32)
                words[3 * slots + k, i] = widen(second & _LOW_32)
        for j in range(drivers):
            for i in range(count):
                out[j, i] = increment(j, words[j, i], p)

    def wide(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        words = out.view(np.uint64)
        slots = out.shape[1] // 4
        for i in range(count):
            row = words[i]
            quarters = row[:slots], row[slots : 2 * slots], row[2 * slots : 3 * slots]
            last = row[3 * slots :]
            for k in range(len(last)):
                first, second = random_words(seed, path[i], step[i], np.uint64(k))
                quarters[0][k] = widen(first >> _SHIFT_32)
                quarters[1][k] = widen(first & _LOW_32)
                quarters[2][k] = widen(second >> _SHIFT_32)
                last[k] = widen(second & _LOW_32)
            for j in range(drivers):
                out[i, j] = increment(j, words[i, j], p)

    return narrow, wide


def _narrow_coupling(
    fill: PlainFunction,
    rows: int,
    drivers: int,
    radius: PlainFunction | None,
    matrix_at: int | None,
) -> PlainFunction:
    """Drivers, times the matrix, times the common factor: shape (dim, lanes)."""
    has_radius, has_matrix = radius is not None, matrix_at is not None
    common = _no_radius if radius is None else radius
    at = 0 if matrix_at is None else matrix_at

    def coupled(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = out.shape[0]
        z = np.empty((rows, count))
        fill(z, seed, path, step, p, count)
        factor = np.ones(count)
        if has_radius:
            words = np.empty((2, count), np.uint64)
            for i in range(count):
                words[0, i], words[1, i] = random_words(seed, path[i], step[i], RADIUS_SLOT)
            for i in range(count):
                factor[i] = common(words[0, i], words[1, i], p)
        for j in range(dim):
            if has_matrix:
                for i in range(count):
                    out[j, i] = 0.0
                for k in range(drivers):
                    entry = p[at + k * dim + j]
                    for i in range(count):
                        out[j, i] += entry * z[k, i]
                for i in range(count):
                    out[j, i] *= factor[i]
            else:
                for i in range(count):
                    out[j, i] = z[j, i] * factor[i]

    return coupled


def _wide_coupling(
    fill: PlainFunction,
    rows: int,
    drivers: int,
    radius: PlainFunction | None,
    matrix_at: int | None,
) -> PlainFunction:
    """Drivers, times the matrix, times the common factor: shape (lanes, dim)."""
    has_radius, has_matrix = radius is not None, matrix_at is not None
    common = _no_radius if radius is None else radius
    at = 0 if matrix_at is None else matrix_at

    def coupled(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = out.shape[1]
        z = np.empty((count, rows))
        fill(z, seed, path, step, p, count)
        if has_matrix:
            out[:count] = 0.0
            # Two drivers at a time, each column for all paths: fewer reads of what is long.
            for k in range(0, drivers - 1, 2):
                one = p[at + k * dim : at + (k + 1) * dim]
                two = p[at + (k + 1) * dim : at + (k + 2) * dim]
                for i in range(count):
                    row, a, b = out[i], z[i, k], z[i, k + 1]
                    for j in range(dim):
                        row[j] = (row[j] + one[j] * a) + two[j] * b
            if drivers % 2 == 1:
                last = p[at + (drivers - 1) * dim : at + drivers * dim]
                for i in range(count):
                    row, a = out[i], z[i, drivers - 1]
                    for j in range(dim):
                        row[j] += last[j] * a
        for i in range(count):
            factor = 1.0
            if has_radius:
                first, second = random_words(seed, path[i], step[i], RADIUS_SLOT)
                factor = common(first, second, p)
            source = out[i] if has_matrix else z[i]
            for j in range(dim):
                out[i, j] = source[j] * factor

    return coupled


def _no_radius(first: UInt64, second: UInt64, p: FloatArray) -> float:
    return 1.0
