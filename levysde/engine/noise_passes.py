"""Noise passes: fill a block with the increments of one step, from addressed random words."""

import functools
from typing import Any

import numpy as np

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.compile import KEPT_PASSES, compile_part, prepared
from levysde.engine.elementary import fma
from levysde.engine.passes import NOISE, VECTOR, is_wide
from levysde.engine.philox import random_words
from levysde.engine.program import NoisePart

RADIUS_SLOT = np.uint64(1 << 31)
"""Where the common factor of a step is drawn; drivers use the slots from 0."""


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
    places = part.matrix_at, part.scales_at
    return _compiled(increment, part.words, part.drivers, radius, *places, is_wide(dim))


@functools.lru_cache(maxsize=KEPT_PASSES)
def _compiled(
    increment: PlainFunction,
    words: float,
    drivers: int,
    radius: PlainFunction | None,
    matrix_at: int | None,
    scales_at: int | None,
    wide: bool,
) -> Any:
    fill = _loops(increment, words)[wide]
    if radius is None and matrix_at is None:
        return compile_part("noise", increment, fill, NOISE)
    # The wide loops for two words need a whole vector, and variates in pairs an even number.
    rows = drivers + drivers % 2 if words == 0.5 else max(drivers, VECTOR if wide else 1)
    couple = _wide_coupling if wide else _narrow_coupling
    coupled = couple(fill, rows, drivers, radius, matrix_at, scales_at)
    return compile_part("noise", increment, coupled, NOISE)


def _loops(increment: PlainFunction, words: float) -> tuple[PlainFunction, PlainFunction]:
    """Loops of the narrow and of the wide layout."""
    if words == 0.5:
        return _half_word_loops(increment)
    return _one_word_loops(increment) if words == 1.0 else _two_word_loops(increment)


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


def _half_word_loops(increment: PlainFunction) -> tuple[PlainFunction, PlainFunction]:
    """Loops of the narrow and of the wide layout; word k makes variates k and k + half."""

    def narrow(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        half = out.shape[0] // 2
        slots = (half + 1) // 2
        for k in range(half - slots):
            for i in range(count):
                first, second = random_words(seed, path[i], step[i], np.uint64(k))
                out[k, i], out[half + k, i] = increment(first)
                out[slots + k, i], out[half + slots + k, i] = increment(second)
        if half % 2 == 1:
            k = slots - 1
            for i in range(count):
                first = random_words(seed, path[i], step[i], np.uint64(k))[0]
                out[k, i], out[half + k, i] = increment(first)

    def wide(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        half = out.shape[1] // 2
        slots = (half + 1) // 2
        for i in range(count):
            row = out[i]  # views make the loop vectorize
            one, two = row[:slots], row[slots:half]
            three, four = row[half : half + slots], row[half + slots :]
            for k in range(len(two)):
                first, second = random_words(seed, path[i], step[i], np.uint64(k))
                one[k], three[k] = increment(first)
                two[k], four[k] = increment(second)
            if half % 2 == 1:
                k = slots - 1
                first = random_words(seed, path[i], step[i], np.uint64(k))[0]
                one[k], three[k] = increment(first)

    return narrow, wide


def _narrow_coupling(
    fill: PlainFunction,
    rows: int,
    drivers: int,
    radius: PlainFunction | None,
    matrix_at: int | None,
    scales_at: int | None,
) -> PlainFunction:
    """Drivers, times the matrix, times the common factor: shape (dim, lanes)."""
    has_radius, has_matrix = radius is not None, matrix_at is not None
    common = _no_radius if radius is None else radius
    at = 0 if matrix_at is None else matrix_at
    scaled, first_scale = scales_at is not None, scales_at or 0

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
        if not has_matrix:
            for j in range(dim):
                scale = p[first_scale + j] if scaled else 1.0
                for i in range(count):
                    out[j, i] = z[j, i] * factor[i] * scale
            return
        out[:, :count] = 0.0
        for k in range(drivers):
            column = at + 2 * drivers + k * dim
            for j in range(int(p[at + k]), int(p[at + drivers + k])):
                entry, sums, driver = p[column + j], out[j], z[k]
                for i in range(count):
                    sums[i] = fma(entry, driver[i], sums[i])
        for j in range(dim):
            for i in range(count):
                out[j, i] *= factor[i]

    return coupled


def _wide_coupling(
    fill: PlainFunction,
    rows: int,
    drivers: int,
    radius: PlainFunction | None,
    matrix_at: int | None,
    scales_at: int | None,
) -> PlainFunction:
    """Drivers, times the matrix, times the common factor: shape (lanes, dim)."""
    has_radius, has_matrix = radius is not None, matrix_at is not None
    common = _no_radius if radius is None else radius
    at = 0 if matrix_at is None else matrix_at
    scaled, first_scale = scales_at is not None, scales_at or 0

    def coupled(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = out.shape[1]
        z = np.empty((count, rows))
        fill(z, seed, path, step, p, count)
        if has_matrix:
            out[:count] = 0.0
            _multiply(out, z, p[at:], drivers, dim, count)
        for i in range(count):
            factor = 1.0
            if has_radius:
                first, second = random_words(seed, path[i], step[i], RADIUS_SLOT)
                factor = common(first, second, p)
            source = out[i] if has_matrix else z[i]
            for j in range(dim):
                out[i, j] = source[j] * factor * (p[first_scale + j] if scaled else 1.0)

    return coupled


def _multiply(out, z, p, drivers, dim, count):  # type: ignore[no-untyped-def]
    """Add G z to every row of out, four columns of G at a time: fewer reads of what is long."""
    columns = p[2 * drivers :]
    for k in range(0, drivers - 3, 4):
        begin, end = dim, 0
        for n in range(k, k + 4):
            begin, end = min(begin, int(p[n])), max(end, int(p[drivers + n]))
        one, two = columns[k * dim :][begin:end], columns[(k + 1) * dim :][begin:end]
        three, four = columns[(k + 2) * dim :][begin:end], columns[(k + 3) * dim :][begin:end]
        for i in range(count):
            row, a, b, c, d = out[i, begin:end], z[i, k], z[i, k + 1], z[i, k + 2], z[i, k + 3]
            for j in range(end - begin):
                row[j] = fma(four[j], d, fma(three[j], c, fma(two[j], b, fma(one[j], a, row[j]))))
    for k in range(drivers // 4 * 4, drivers):
        begin, end = int(p[k]), int(p[drivers + k])
        last = columns[k * dim :][begin:end]
        for i in range(count):
            row, a = out[i, begin:end], z[i, k]
            for j in range(end - begin):
                row[j] = fma(last[j], a, row[j])


def _no_radius(first: UInt64, second: UInt64, p: FloatArray) -> float:
    return 1.0
