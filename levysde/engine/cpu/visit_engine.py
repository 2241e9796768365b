"""Paths that are followed to a horizon: when each enters which well.

A path does not end. After each step it is asked in which well it is; where that is another one than
before, a line is written: path, step, from, to.
"""

import functools
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.compile import compile_cached, compile_part, pointers, prepared
from levysde.engine.cpu.block import (
    BLOCK,
    PARAMETERS,
    SETTING,
    block_lanes,
    new_block,
    passes_of,
    rows_of,
    setting_of,
)
from levysde.engine.cpu.euler_engine import draw_noise, iterate_once
from levysde.engine.cpu.passes import GRADIENT, NOISE, UPDATE, is_wide
from levysde.engine.cpu.threads import SEGMENT_SECONDS, Supply, available_threads, run_kept
from levysde.engine.path.recurrence_path import parameters_of
from levysde.engine.program import Program

IntArray = npt.NDArray[np.int64]

_LINES = 1 << 14
"""Entries of wells that a block may make before they are fetched."""

_FIRST_STEPS = 64

_matrix = types.Array(types.float64, 2, "C", readonly=True)
_vector = types.Array(types.float64, 1, "C", readonly=True)
_integers = types.int64[::1]
LABEL = types.void(_matrix, _vector, _integers, types.int64)


class Observed(NamedTuple):
    """What paths did until the horizon.

    Attributes
    ----------
    entries : ndarray of int64, shape (entries, 4)
        Path, step, well before and well entered, sorted by path and step.
    position : ndarray, shape (paths, dim)
        State at the horizon of all paths, or of those before the first that an interrupt stopped.
    interrupt : KeyboardInterrupt or None
        What ended the run before all paths were at the horizon.
    """

    entries: IntArray
    position: FloatArray
    interrupt: KeyboardInterrupt | None


def label_pass(label: PlainFunction, dim: int) -> Any:
    """Ask `label(x, p) -> int` for every path of a block.

    Parameters
    ----------
    label : callable
        Number of the well in which x is, negative where it is in none.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
        `label(x, p, wells, count)`.
    """
    return _label_pass(prepared(label), dim)


@functools.lru_cache(maxsize=64)
def _label_pass(label: PlainFunction, dim: int) -> Any:
    def narrow(x, p, wells, count):  # type: ignore[no-untyped-def]
        if x.shape[0] != dim:  # tells the compiler the length of a loop
            return
        for i in range(count):
            wells[i] = label(x[:, i], p)

    def wide(x, p, wells, count):  # type: ignore[no-untyped-def]
        for i in range(count):
            wells[i] = label(x[i], p)

    return compile_part("label", label, wide if is_wide(dim) else narrow, LABEL)


def _observe(  # type: ignore[no-untyped-def]
    noise, gradient, update, label, block, parameters, label_p, setting, now, wells, entries, done,
    steps, count,
):  # fmt: skip
    """Make steps until there are enough or the room for entries is short; return their number."""
    written = 0
    for n in range(steps):
        if written + count > entries.shape[0]:
            break
        iterate_once(draw_noise, noise, gradient, update, block, parameters, setting, count)
        label(block.x, label_p, wells, count)
        done[0] = n + 1
        for lane in range(count):
            block.step[lane] += np.uint64(1)
            if wells[lane] >= 0 and wells[lane] != now[lane]:
                entries[written, 0] = np.int64(block.path[lane])
                entries[written, 1] = np.int64(block.step[lane])
                entries[written, 2], entries[written, 3] = now[lane], wells[lane]
                now[lane] = wells[lane]
                written += 1
    return written


@functools.cache
def _compiled_observe() -> Any:
    passes = pointers(NOISE, GRADIENT, UPDATE, LABEL)
    arguments = (
        BLOCK, PARAMETERS, types.float64[::1], SETTING, _integers, _integers, types.int64[:, ::1],
        _integers, types.int64, types.int64,
    )  # fmt: skip
    return compile_cached(_observe, types.int64(*passes, *arguments), allocates=False)


def observe(
    program: Program,
    label: PlainFunction,
    label_p: FloatArray,
    begun: int,
    paths: int,
    steps: int,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Observed:
    """Follow paths 0, 1, ... for so many steps.

    Parameters
    ----------
    program : Program
        What to run; its domain is not looked at.
    label : callable
        `label(x, p) -> int`, the well in which x is, negative where it is in none.
    label_p : ndarray
        Flat parameters of the label.
    begun : int
        The well in which paths begin.
    paths, steps : int
        Numbers of paths and of steps of each.
    threads : int, optional
        Default: one a processor that this process may use. Results do not depend on it.
    progress : callable, optional
        Called now and then with the number of paths that are finished.

    Returns
    -------
    Observed
    """
    run = _Observation(program, label_pass(label, program.dim), label_p, begun, steps)
    threads = threads or available_threads()
    lanes = min(block_lanes(program.dim), max(8, -(-paths // (8 * threads)) * 8))
    supply, stop = Supply(0, -(-paths // lanes), 1), threading.Event()
    finished = np.zeros(paths, np.int8)
    position = np.empty((paths, program.dim))
    found: dict[int, list[IntArray]] = {}

    def work() -> int:
        while not stop.is_set():
            with supply.lock:
                block = supply.next
                supply.next += block < supply.last
            if block == supply.last:
                break
            first, last = block * lanes, min(paths, (block + 1) * lanes)
            found[block], left = run.block(first, last, lanes, position, stop)
            finished[first:last] = left == 0
        return 0

    count, interrupt = run_kept(work, threads, stop, finished, progress)
    lines = [piece for block in sorted(found) for piece in found[block]]
    entries = np.concatenate(lines) if lines else np.zeros((0, 4), np.int64)
    entries = entries[np.lexsort((entries[:, 1], entries[:, 0]))]
    return Observed(entries[entries[:, 0] < count], position[:count], interrupt)


class _Observation:
    """What the blocks of one observation share."""

    def __init__(
        self, program: Program, label: Any, label_p: FloatArray, begun: int, steps: int
    ) -> None:
        self.program, self.begun, self.steps = program, begun, steps
        self.label_p = np.array(label_p, dtype=np.float64)
        passes = (*passes_of(program), label)
        self.passes = passes
        self.parameters, self.setting = parameters_of(program), setting_of(program)

    def block(
        self, first: int, last: int, lanes: int, position: FloatArray, stop: threading.Event
    ) -> tuple[list[IntArray], int]:
        """Follow paths of one block; write where they are, return their entries and steps left."""
        block, count = new_block(self.program, lanes), last - first
        block.path[:] = np.arange(first, first + lanes, dtype=np.uint64)
        now, wells = np.full(lanes, self.begun), np.zeros(lanes, np.int64)
        entries, done = np.empty((_LINES, 4), np.int64), np.zeros(1, np.int64)
        advance, found = _compiled_observe(), []
        left, wanted = self.steps, _FIRST_STEPS
        while left > 0 and not stop.is_set():
            began = time.perf_counter()
            done[0] = 0
            written = advance(
                *self.passes, block, self.parameters, self.label_p, self.setting, now, wells,
                entries, done, min(left, wanted), count,
            )  # fmt: skip
            if written:
                found.append(entries[:written].copy())
            left -= int(done[0])
            if time.perf_counter() - began < SEGMENT_SECONDS:
                wanted *= 2
        position[first:last] = rows_of(block.x, self.program.dim)[:count]
        return found, left
