"""Noise passes: fill a block with the increments of one step, from addressed random words.

`levysde.engine.path.increments` says what an increment is. The wide pass calls it path by path; the
narrow one, and the product of a wide block with a matrix, have loops of their own that vectorize.
"""

import functools
from typing import Any

import numpy as np

from levysde._typing import PlainFunction
from levysde.engine.compile import KEPT_PASSES, compile_part, prepared
from levysde.engine.cpu.passes import NOISE, is_wide
from levysde.engine.path.increments import (
    Coupling,
    Drivers,
    as_words_of,
    brownian_variate,
    coupled,
    coupling_of,
    drawn_drivers,
    drivers_of,
    fill_of,
    is_coupled,
    looked_up_in,
    radius_words,
    row_of,
    slots_of,
)
from levysde.engine.program import NoisePart
from levysde.engine.random.elementary import fma
from levysde.engine.random.look_up import cell_of, cubic_in, signed


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
    increment, wide = prepared(part.increment), is_wide(dim)
    if part.rows_at is not None:
        return _rows(increment, part.rows_at, part.brownian_at, wide)
    if not is_coupled(part):
        return _independent(increment, part.words, part.brownian_at, wide)
    radius = None if part.radius is None else prepared(part.radius)
    rows = drawn_drivers(part, dim)
    places = (part.matrix_at, part.scales_at, part.brownian_at)
    return _coupled(increment, part.words, part.drivers, rows, radius, *places, wide)


@functools.lru_cache(maxsize=KEPT_PASSES)
def _independent(
    increment: PlainFunction, words: float, brownian_at: int | None, wide: bool
) -> Any:
    drivers = drivers_of(words, increment)
    fill = _wide_independent(drivers) if wide else _narrow_independent(drivers)
    return compile_part("noise", increment, _with_brownian(fill, brownian_at, wide), NOISE)


@functools.lru_cache(maxsize=KEPT_PASSES)
def _rows(number: PlainFunction, at: int, brownian_at: int | None, wide: bool) -> Any:
    """Increments that are rows of a table; to find one does not vectorize, in either layout."""
    row = row_of(number, at)

    def fill(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        for i in range(count):
            row(out[i] if wide else out[:, i], seed, path[i], step[i], p)

    return compile_part("noise", number, _with_brownian(fill, brownian_at, wide), NOISE)


def _with_brownian(fill: PlainFunction, at: int | None, wide: bool) -> PlainFunction:
    """The same pass, with normal variates added whose standard deviations begin at p[at]."""
    if at is None:
        return fill

    def added(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        fill(out, seed, path, step, p, count)
        for j in range(out.shape[1] if wide else out.shape[0]):
            for i in range(count):
                place = (i, j) if wide else (j, i)
                out[place] += p[at + j] * brownian_variate(seed, path[i], step[i], j)

    return added


@functools.lru_cache(maxsize=KEPT_PASSES)
def _coupled(
    increment: PlainFunction,
    words: float,
    count: int,
    rows: int,
    radius: PlainFunction | None,
    matrix_at: int | None,
    scales_at: int | None,
    brownian_at: int | None,
    wide: bool,
) -> Any:
    drivers, coupling = drivers_of(words, increment), coupling_of(radius, matrix_at, scales_at)
    if not wide:
        fill = _narrow_coupled(drivers, rows, count, coupling)
    elif coupling.has_matrix:
        fill = _wide_matrix(drivers, rows, count, coupling)
    else:
        fill = _wide_coupled(drivers, rows, count, coupling)
    return compile_part("noise", increment, _with_brownian(fill, brownian_at, wide), NOISE)


def _look_up(drivers: Drivers, *, wide: bool) -> PlainFunction:
    """`look_up(out, words, room, row, p, count)`: drivers of a row of words, in the same memory.

    In three loops, of which the first and the last vectorize.
    """
    _, driver = looked_up_in(drivers)

    def look_up(out, words, room, row, p, count):  # type: ignore[no-untyped-def]
        cell, inside, word = room[0].view(np.uint64), room[1], room[2].view(np.uint64)
        for i in range(count):
            word[i] = words[i]
            cell[i], inside[i] = cell_of(words[i])
        for i in range(count):
            inside[i] = cubic_in(cell[i], inside[i], p)
        for i in range(count):
            out[i] = driver(i if wide else row, signed(word[i], inside[i]), p)

    return look_up


# ----------------------------------------------------------------------------- shape (lanes, dim)


def _wide_independent(drivers: Drivers) -> PlainFunction:
    make, as_words = slots_of(drivers), as_words_of(drivers)
    in_words, look_up = drivers.from_variate is not None, _look_up(drivers, wide=True)

    def wide(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        words, dim = as_words(out), out.shape[1]
        for i in range(count):
            make(words[i], seed, path[i], step[i], p)
        if in_words:
            room = np.empty((3, dim))
            for i in range(count):
                look_up(out[i], words[i], room, i, p, dim)

    return wide


def _wide_coupled(drivers: Drivers, rows: int, used: int, coupling: Coupling) -> PlainFunction:
    increment, as_words = coupled(fill_of(drivers), used, coupling), as_words_of(drivers)

    def wide(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        z = np.empty(rows)
        words = as_words(z)
        for i in range(count):
            increment(out[i], z, words, seed, path[i], step[i], p)

    return wide


def _wide_matrix(drivers: Drivers, rows: int, used: int, coupling: Coupling) -> PlainFunction:
    """All paths of the block at once: the matrix is read once for all of them."""
    fill = _wide_independent(drivers)
    radius, has_radius, _, at, scaled = coupling

    def wide(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = out.shape[1]
        z = np.empty((count, rows))
        fill(z, seed, path, step, p, count)
        out[:count] = 0.0
        _multiply_all(out, z, p[at:], used, dim, count)
        for i in range(count):
            factor = 1.0
            if has_radius:
                first, second = radius_words(seed, path[i], step[i])
                factor = radius(first, second, p)
            for j in range(dim):
                out[i, j] = scaled(j, out[i, j], factor, p)

    return wide


def _multiply_all(out, z, p, drivers, dim, count):  # type: ignore[no-untyped-def]
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


# ----------------------------------------------------------------------------- shape (dim, lanes)


def _narrow_independent(drivers: Drivers) -> PlainFunction:
    places, whole, rest, from_variate = drivers
    as_words, look_up = as_words_of(drivers), _look_up(drivers, wide=False)
    in_words = from_variate is not None

    def narrow(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        words = as_words(out)
        found = places(words)
        used_up = len(found[-1])
        for k in range(used_up):
            for i in range(count):
                whole(found, (k, i), k, seed, path[i], step[i], p)
        for k in range(used_up, len(found[0])):
            for i in range(count):
                rest(found, (k, i), k, seed, path[i], step[i], p)
        if in_words:
            room = np.empty((3, count))
            for j in range(out.shape[0]):
                look_up(out[j], words[j], room, j, p, count)

    return narrow


def _narrow_coupled(drivers: Drivers, rows: int, used: int, coupling: Coupling) -> PlainFunction:
    fill = _narrow_independent(drivers)
    radius, has_radius, has_matrix, at, scaled = coupling

    def narrow(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = out.shape[0]
        z = np.empty((rows, count))
        fill(z, seed, path, step, p, count)
        factor = np.ones(count)
        if has_radius:
            words = np.empty((2, count), np.uint64)
            for i in range(count):
                words[0, i], words[1, i] = radius_words(seed, path[i], step[i])
            for i in range(count):
                factor[i] = radius(words[0, i], words[1, i], p)
        source = z
        if has_matrix:
            source = out
            out[:, :count] = 0.0
            for k in range(used):
                column = at + 2 * used + k * dim
                for j in range(int(p[at + k]), int(p[at + used + k])):
                    entry, sums, driver = p[column + j], out[j], z[k]
                    for i in range(count):
                        sums[i] = fma(entry, driver[i], sums[i])
        for j in range(dim):
            for i in range(count):
                out[j, i] = scaled(j, source[j, i], factor[i], p)

    return narrow
