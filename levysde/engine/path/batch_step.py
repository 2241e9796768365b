"""Gradients of batches: which examples are drawn in one step of one path, and their mean.

Parameters of the batch come first among those of the update: how many there are, and then they.
"""

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.program import BatchPart
from levysde.engine.random.philox import random_words
from levysde.engine.slots import BATCH_SLOT

_HEADER = 2
"""Numbers before the parameters of the gradient: the batch, and all examples."""

_SHIFT_32 = np.uint64(32)
_LOW_32 = np.uint64(0xFFFFFFFF)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads out neighbors
_FREE = -1


def batch_parameters(batch: BatchPart, update_p: FloatArray) -> FloatArray:
    """The parameters of an update that takes the gradients of batches.

    Parameters
    ----------
    batch : BatchPart
        What gives the gradient.
    update_p : ndarray
        Parameters of the update.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> part = BatchPart(print, np.array([4.0, 9.0]), replacement=True)
    >>> batch_parameters(part, np.array([0.5])).tolist()
    [2.0, 4.0, 9.0, 0.5]
    """
    return np.concatenate([[float(len(batch.p))], batch.p, update_p])


def index_below(word: UInt64, count: UInt64) -> np.int64:
    """floor(word count / 2^64): uniform on 0, ..., count - 1 but for count/2^64.

    Parameters
    ----------
    word : numpy.uint64
        64 random bits.
    count : numpy.uint64
        Below 2^31.

    Returns
    -------
    numpy.int64

    Examples
    --------
    >>> [int(index_below(np.uint64(word), np.uint64(10))) for word in (0, 2**63, 2**64 - 1)]
    [0, 5, 9]
    """
    upper, lower = word >> _SHIFT_32, word & _LOW_32
    return np.int64((upper * count + ((lower * count) >> _SHIFT_32)) >> _SHIFT_32)


def drawn_word(seed: UInt64, path: UInt64, step: UInt64, k: int) -> UInt64:
    """The random bits of example k of the batch of one step of one path."""
    first, second = random_words(seed, path, step, BATCH_SLOT + np.uint64(k // 2))
    return first if k % 2 == 0 else second


def table_size(p: FloatArray, replacement: bool) -> int:
    """Room for the drawn examples of a batch, a power of 2; little where none is needed."""
    size = 2
    while not replacement and size < 2 * p[0]:
        size *= 2
    return size


def find_place(table: npt.NDArray[np.int64], i: np.int64) -> np.int64:
    """Where a table of examples, a power of 2 long and half of it free, has i or room for it."""
    mask = np.uint64(len(table) - 1)
    place = ((np.uint64(i) * _MULTIPLIER) >> _SHIFT_32) & mask
    while table[place] != _FREE and table[place] != i:
        place = (place + np.uint64(1)) & mask
    return np.int64(place)


def batch_gradient_of(gradient_i: PlainFunction, replacement: bool) -> PlainFunction:
    """The mean gradient of a batch of examples.

    With replacement every example is drawn by itself. Without it Floyd's algorithm draws a set, all
    of which are equally likely: for j = n - b, ..., n - 1 a number of 0, ..., j, or j where that is
    in the set. A set of all examples is not drawn but gone through.

    Parameters
    ----------
    gradient_i : callable
        `gradient_i(i, x, p, out)`.
    replacement : bool
        Whether one example can be in a batch more than once.

    Returns
    -------
    callable
        `mean(x, seed, path, step, p, out, one, table)`, with room for one gradient and `table_size`
        examples.

    References
    ----------
    J. Bentley, R. Floyd, "Programming pearls: a sample of brilliance", Commun. ACM 30 (1987) 754.
    """

    def mean(x, seed, path, step, p, out, one, table):  # type: ignore[no-untyped-def]
        batch, examples = int(p[0]), int(p[1])
        own, drawn = p[_HEADER:], replacement or batch < examples
        for j in range(len(out)):
            out[j] = 0.0
        if not replacement:
            for place in range(len(table)):
                table[place] = _FREE
        for k in range(batch):
            i = np.int64(k)
            if drawn:
                last = examples - 1 if replacement else examples - batch + k
                i = index_below(drawn_word(seed, path, step, k), np.uint64(last + 1))
                if not replacement:
                    if table[find_place(table, i)] == i:
                        i = np.int64(last)
                    table[find_place(table, i)] = i
            gradient_i(i, x, own, one)
            for j in range(len(out)):
                out[j] += one[j]
        for j in range(len(out)):
            out[j] /= batch

    return mean


def batched(batch: BatchPart, move: PlainFunction) -> PlainFunction:
    """The same move, with the gradient of a batch that is drawn for the step.

    Parameters
    ----------
    batch : BatchPart
        What gives the gradient.
    move : callable
        `move(state, g, dL, dt, seed, path, step, p, work)`.

    Returns
    -------
    callable
        With the arguments of the move.
    """
    mean, replacement = batch_gradient_of(batch.gradient_i, batch.replacement), batch.replacement

    def batched_move(state, g, dL, dt, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        size, one = int(p[0]), np.empty(len(g))
        own = p[1 : 1 + size]
        table = np.empty(table_size(own, replacement), np.int64)
        mean(state[0], seed, path, step, own, g, one, table)
        move(state, g, dL, dt, seed, path, step, p[1 + size :], work)

    return batched_move


def nothing_written(x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    """In place of a gradient where batches give it."""
