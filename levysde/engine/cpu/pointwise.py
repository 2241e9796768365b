"""Passes applied once to many points, without a simulation."""

import functools
import threading
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.compile import KEPT_PASSES, compile_part, prepared
from levysde.engine.cpu.block import block_lanes
from levysde.engine.cpu.noise_passes import noise_pass
from levysde.engine.cpu.passes import GRADIENT, check_pass, gradient_pass, is_wide
from levysde.engine.cpu.threads import SEGMENT_SECONDS, Supply, available_threads, run_threads
from levysde.engine.program import NoisePart
from levysde.engine.status import RUNNING

_FEW = 256
"""Points that are looked at together first."""

_START_SECONDS = 1e-3
"""Work for which no threads are started, which takes as long."""


def increments(part: NoisePart, dim: int, size: int, seed: int) -> FloatArray:
    """First-step increments of paths 0 to size - 1.

    Parameters
    ----------
    part : NoisePart
        How they are drawn.
    dim, size : int
        Shape of the result.
    seed : int
        In [0, 2^64).

    Returns
    -------
    ndarray, shape (size, dim)
        Increments, length.
    """
    noise, lanes = noise_pass(part, dim), block_lanes(dim)
    wide, step = is_wide(dim), np.zeros(lanes, np.uint64)
    block, out = np.empty((lanes, dim) if wide else (dim, lanes)), np.empty((size, dim))
    for first in range(0, size, lanes):
        path = np.arange(first, first + lanes, dtype=np.uint64)
        noise(block, np.uint64(seed), path, step, part.p, lanes)
        out[first : first + lanes] = (block if wide else block.T)[: size - first]
    return out


def are_outside(outside: PlainFunction, p: FloatArray, points: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether each of many points is outside a domain.

    Parameters
    ----------
    outside : callable
        Domain part as a plain function.
    p : ndarray
        Its flat parameters.
    points : ndarray, shape (count, dim)
        Points, in units of the coordinates.

    Returns
    -------
    ndarray of bool, shape (count,)
        A point that is not finite counts as outside.
    """
    count, dim = points.shape
    check, flags = check_pass(outside, dim), np.zeros(count, np.int8)

    def look(first: int, last: int) -> float:
        began, some = time.perf_counter(), points[first:last]
        x = np.array(some if is_wide(dim) else some.T, dtype=np.float64, order="C")
        step = np.zeros(len(some), np.uint64)
        check(x, p, step, np.uint64(2), flags[first:last], len(some))
        return time.perf_counter() - began

    done = min(count, _FEW)
    seconds = look(0, done)
    if seconds * (count - done) < _START_SECONDS * done:
        look(done, count)
        return flags != RUNNING
    threads = available_threads()
    supply, stop = Supply(done, count, threads), threading.Event()

    def work() -> int:
        lot = _FEW  # doubled while lots are short, so that an interrupt is heard between them
        while supply.more and not stop.is_set():
            first, last = supply.take()
            while first < last and not stop.is_set():
                end = min(first + lot, last)
                lot *= 2 if look(first, end) < SEGMENT_SECONDS else 1
                first = end
        return 0

    if threads > 1:
        run_threads(work, threads, stop, flags, None)
    else:
        work()
    return flags != RUNNING


def gradients(gradient: PlainFunction, p: FloatArray, points: FloatArray) -> FloatArray:
    """The gradient at many points.

    Parameters
    ----------
    gradient : callable
        Potential part as a plain function.
    p : ndarray
        Its flat parameters.
    points : ndarray, shape (count, dim)
        Points, in units of the coordinates.

    Returns
    -------
    ndarray, shape (count, dim)
        1/(length time).
    """
    count, dim = points.shape
    x = np.array(points if is_wide(dim) else points.T, dtype=np.float64, order="C")
    out = np.zeros_like(x)
    gradient_pass(gradient, dim)(x, p, out, count)
    return out if is_wide(dim) else np.ascontiguousarray(out.T)


def values(value: PlainFunction, p: FloatArray, points: FloatArray) -> FloatArray:
    """The value at many points.

    Parameters
    ----------
    value : callable
        Potential part as a plain function.
    p : ndarray
        Its flat parameters.
    points : ndarray, shape (count, dim)
        Points, in units of the coordinates.

    Returns
    -------
    ndarray, shape (count,)
        Energies.
    """
    out = np.empty((1, len(points)))
    _values_pass(prepared(value))(np.ascontiguousarray(points), p, out, len(points))
    return out[0]


@functools.lru_cache(maxsize=KEPT_PASSES)
def _values_pass(value: PlainFunction) -> Any:
    def fill(x, p, out, count):  # type: ignore[no-untyped-def]
        for i in range(count):
            out[0, i] = value(x[i], p)

    return compile_part("value", value, fill, GRADIENT)
