"""The increment of one step of one path: which random words make which drivers, and what follows.

An increment is G R X: drivers X, a common factor R and a matrix G, the last two optional. Slot k of
the step holds two words of 64 bits, and with n drivers makes

* driver k, where a driver takes two words;
* drivers k and s + k, where it takes one, s = ceil(n/2);
* drivers k and h + k of its first word, s + k and h + s + k of its second, where a word makes two
  drivers at once, h = n/2 and s = ceil(h/2).

The last slot may make half of that. An increment that is a row of a table has the first word of
slot 0 for the number of the row, and no drivers. This is the stream of random numbers: passes and
kernels are made of these functions, or written out beside them and compared bit for bit.
"""

from typing import NamedTuple

import numpy as np

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.cpu.passes import VECTOR, is_wide
from levysde.engine.fixed_numbers import SQRT_HALF
from levysde.engine.program import NoisePart
from levysde.engine.random.elementary import fma
from levysde.engine.random.look_up import tabulated_stable
from levysde.engine.random.philox import random_words
from levysde.engine.random.variates import gaussian_pair
from levysde.engine.slots import BROWNIAN_SLOT, DRIVER_SLOT, RADIUS_SLOT


class Drivers(NamedTuple):
    """How the drivers z of one step are made, of one path or of a block of shape (drivers, lanes).

    Attributes
    ----------
    places : callable
        `places(z)`: parts of z, in each of which a slot has one driver. In the later half of them
        a slot that is not used up has none.
    whole : callable
        `whole(places, at, k, seed, path, step, p)` makes all drivers of slot k, at k or at
        (k, lane) in their places.
    rest : callable
        The same for a slot that is not used up.
    from_variate : callable or None
        `from_variate(k, x, p)`, where slots leave words in place of drivers, from each of which the
        table at the front of p makes a variate x: to look into it does not vectorize, and to make
        the words does.
    """

    places: PlainFunction
    whole: PlainFunction
    rest: PlainFunction
    from_variate: PlainFunction | None


def drivers_of(words: float, driver: PlainFunction) -> Drivers:
    """The drivers of a law that takes so many words for each."""
    if words == 2.0:
        return _two_words(driver)
    return _one_word(driver) if words == 1.0 else _half_a_word(driver)


def _two_words(driver: PlainFunction) -> Drivers:
    def places(z):  # type: ignore[no-untyped-def]
        return (z,)

    def whole(places, at, k, seed, path, step, p):  # type: ignore[no-untyped-def]
        first, second = random_words(seed, path, step, np.uint64(k))
        places[0][at] = driver(k, first, second, p)

    return Drivers(places, whole, whole, None)


def _one_word(driver: PlainFunction) -> Drivers:
    def places(words):  # type: ignore[no-untyped-def]
        slots = (len(words) + 1) // 2
        return words[:slots], words[slots:]

    def whole(places, at, k, seed, path, step, p):  # type: ignore[no-untyped-def]
        places[0][at], places[1][at] = random_words(seed, path, step, np.uint64(k))

    def rest(places, at, k, seed, path, step, p):  # type: ignore[no-untyped-def]
        places[0][at] = random_words(seed, path, step, np.uint64(k))[0]

    return Drivers(places, whole, rest, driver)


def _half_a_word(driver: PlainFunction) -> Drivers:
    def places(z):  # type: ignore[no-untyped-def]
        half = len(z) // 2
        slots = (half + 1) // 2
        return z[:slots], z[half : half + slots], z[slots:half], z[half + slots :]

    def whole(places, at, k, seed, path, step, p):  # type: ignore[no-untyped-def]
        first, second = random_words(seed, path, step, np.uint64(k))
        places[0][at], places[1][at] = driver(first)
        places[2][at], places[3][at] = driver(second)

    def rest(places, at, k, seed, path, step, p):  # type: ignore[no-untyped-def]
        places[0][at], places[1][at] = driver(random_words(seed, path, step, np.uint64(k))[0])

    return Drivers(places, whole, rest, None)


def slots_of(drivers: Drivers) -> PlainFunction:
    """`make(words, seed, path, step, p)`: what all slots of one step of one path leave."""
    places, whole, rest, _ = drivers

    def make(words, seed, path, step, p):  # type: ignore[no-untyped-def]
        found = places(words)
        used_up = len(found[-1])
        for k in range(used_up):
            whole(found, k, k, seed, path, step, p)
        for k in range(used_up, len(found[0])):
            rest(found, k, k, seed, path, step, p)

    return make


def fill_of(drivers: Drivers) -> PlainFunction:
    """`fill(z, words, seed, path, step, p)`: all drivers of one step of one path.

    `words` is z, or where slots leave words the same memory as such.
    """
    make, in_words, driver = slots_of(drivers), *looked_up_in(drivers)

    def fill(z, words, seed, path, step, p):  # type: ignore[no-untyped-def]
        make(words, seed, path, step, p)
        if in_words:
            for j in range(len(z)):
                z[j] = driver(j, tabulated_stable(words[j], p), p)

    return fill


def looked_up_in(drivers: Drivers) -> tuple[bool, PlainFunction]:
    """Whether slots leave words, and what makes a driver of a variate."""
    return drivers.from_variate is not None, drivers.from_variate or _never


def as_words_of(drivers: Drivers) -> PlainFunction:
    """`as_words(z)`: the memory in which slots leave words, or drivers."""
    if drivers.from_variate is None:
        return lambda z: z
    return lambda z: z.view(np.uint64)


# ------------------------------------------------------------------------------- after the drivers


def is_coupled(part: NoisePart) -> bool:
    """Whether anything follows the drivers."""
    return part.radius is not None or part.matrix_at is not None


def drawn_drivers(part: NoisePart, dim: int) -> int:
    """Number of drivers that slots are made for, at least as many as there are."""
    if part.words == 0.5:
        return part.drivers + part.drivers % 2  # they come in pairs
    return max(part.drivers, VECTOR if is_wide(dim) else 1)


def radius_words(seed: UInt64, path: UInt64, step: UInt64) -> tuple[UInt64, UInt64]:
    """The words of the common factor."""
    return random_words(seed, path, step, RADIUS_SLOT)


class Coupling(NamedTuple):
    """What follows the drivers.

    Attributes
    ----------
    radius : callable
        `radius(first, second, p)`, the common factor; 1 where there is none.
    has_radius, has_matrix : bool
        Whether there is one, and a matrix.
    matrix_at : int
        Where it begins in p.
    scaled : callable
        `scaled(j, value, factor, p)`, coordinate j after the matrix.
    """

    radius: PlainFunction
    has_radius: bool
    has_matrix: bool
    matrix_at: int
    scaled: PlainFunction


def coupling_of(
    radius: PlainFunction | None, matrix_at: int | None, scales_at: int | None
) -> Coupling:
    """What follows the drivers of a law."""
    has_scales, first = scales_at is not None, scales_at or 0

    def scaled(j, value, factor, p):  # type: ignore[no-untyped-def]
        return value * factor * (p[first + j] if has_scales else 1.0)

    return Coupling(
        radius or _one, radius is not None, matrix_at is not None, matrix_at or 0, scaled
    )


def increment_of(part: NoisePart) -> PlainFunction:
    """The increment of one step of one path.

    Parameters
    ----------
    part : NoisePart
        The law.

    Returns
    -------
    callable
        `increment(out, z, seed, path, step, p)`; z is room for `drawn_drivers`, and out itself
        where nothing follows them.
    """
    fill, as_words = _filled_by(part)
    has_brownian, at = part.brownian_at is not None, part.brownian_at or 0

    def increment(out, z, seed, path, step, p):  # type: ignore[no-untyped-def]
        fill(out, z, as_words(z), seed, path, step, p)
        if has_brownian:
            for j in range(len(out)):
                out[j] += p[at + j] * brownian_variate(seed, path, step, j)

    return increment


def _filled_by(part: NoisePart) -> tuple[PlainFunction, PlainFunction]:
    """`fill(out, z, words, seed, path, step, p)`, and `as_words(z)`."""
    if part.rows_at is not None:
        row = row_of(part.increment, part.rows_at)
        fill = lambda out, z, words, seed, path, step, p: row(out, seed, path, step, p)  # noqa: E731
        return fill, lambda z: z
    drivers = drivers_of(part.words, part.increment)
    fill, as_words = fill_of(drivers), as_words_of(drivers)
    if is_coupled(part):
        coupling = coupling_of(part.radius, part.matrix_at, part.scales_at)
        return coupled(fill, part.drivers, coupling), as_words
    return uncoupled(fill), as_words


def row_of(number: PlainFunction, at: int) -> PlainFunction:
    """`row(out, seed, path, step, p)`: row `number(word, p)` of the table that begins at p[at]."""

    def row(out, seed, path, step, p):  # type: ignore[no-untyped-def]
        first = at + number(random_words(seed, path, step, DRIVER_SLOT)[0], p) * len(out)
        for j in range(len(out)):
            out[j] = p[first + j]

    return row


def brownian_variate(seed: UInt64, path: UInt64, step: UInt64, j: int) -> float:
    """The standard normal variate beside the increment of coordinate j."""
    word = random_words(seed, path, step, BROWNIAN_SLOT + np.uint64(j))[0]
    return SQRT_HALF * gaussian_pair(word)[0]


def uncoupled(fill: PlainFunction) -> PlainFunction:
    """`increment(out, z, words, seed, path, step, p)` of drivers that are the increment."""
    return lambda out, z, words, seed, path, step, p: fill(out, words, seed, path, step, p)


def coupled(fill: PlainFunction, drivers: int, coupling: Coupling) -> PlainFunction:
    """`increment(out, z, words, seed, path, step, p)` of drivers that are coupled."""
    radius, has_radius, has_matrix, at, scaled = coupling

    def increment(out, z, words, seed, path, step, p):  # type: ignore[no-untyped-def]
        fill(z, words, seed, path, step, p)
        factor = 1.0
        if has_radius:
            first, second = radius_words(seed, path, step)
            factor = radius(first, second, p)
        if has_matrix:
            multiply(out, z, p[at:], drivers)
        for j in range(len(out)):
            out[j] = scaled(j, out[j] if has_matrix else z[j], factor, p)

    return increment


def multiply(out: FloatArray, z: FloatArray, p: FloatArray, drivers: int) -> None:
    """G z for a matrix as `flat_columns` writes it, column by column."""
    dim = len(out)
    for j in range(dim):
        out[j] = 0.0
    for k in range(drivers):
        for j in range(int(p[k]), int(p[drivers + k])):
            out[j] = fma(p[2 * drivers + k * dim + j], z[k], out[j])


def _one(first: UInt64, second: UInt64, p: FloatArray) -> float:
    return 1.0


def _never(k: int, x: float, p: FloatArray) -> float:
    """In place of `from_variate` where there is none: not called."""
    return 0.0
