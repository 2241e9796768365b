"""Paths through all wells on a line by the jump method, one path after another in each thread."""

import functools
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.compile import compile_cached, pointers
from levysde.engine.cpu.jump_engine import JUMP, SLOPE, jump_function, slope_function
from levysde.engine.cpu.queue import new_record
from levysde.engine.cpu.threads import SEGMENT_SECONDS, Supply, available_threads, run_kept
from levysde.engine.jump_parts import JumpPart
from levysde.engine.path.line_path import (
    LINE_WALKER,
    Entries,
    LineScene,
    advance_on_line,
    begin_on_line,
)
from levysde.engine.path.tabulated_flow import FlowTable
from levysde.engine.status import NON_FINITE, RUNNING

__all__ = ["LineVisits"]

_ROOM = 1 << 14
"""Entries of wells that a path may make before they are fetched."""

_FEWEST_MOVES = 1 << 10

_vector, _integers = types.float64[::1], types.int64[::1]
_TABLE = types.NamedTuple((_vector, _integers, *[_vector] * 6), FlowTable)
_SCENE = types.NamedTuple(
    (
        _TABLE, *[_vector] * 11, types.float64, types.uint64, *[types.float64] * 3, types.int64,
    ),
    LineScene,
)  # fmt: skip
_ENTRIES = types.NamedTuple((_vector, types.int64[:, ::1]), Entries)


class LineVisits(NamedTuple):
    """What paths did until the horizon, in the order of paths and times.

    Attributes
    ----------
    path : ndarray of int64, shape (entries,)
        Which path entered a well.
    time : ndarray, shape (entries,)
        When.
    wells : ndarray of int64, shape (entries, 2)
        The well before and the well entered.
    lost : ndarray of bool, shape (paths,)
        Which paths became infinite or NaN; of all, or of those before the first that an interrupt
        stopped.
    interrupt : KeyboardInterrupt or None
        What ended the run before all paths were at the horizon.
    """

    path: npt.NDArray[np.int64]
    time: FloatArray
    wells: npt.NDArray[np.int64]
    lost: npt.NDArray[np.bool_]
    interrupt: KeyboardInterrupt | None


@functools.cache
def _compiled_advance() -> Any:
    signature = types.int64(
        *pointers(SLOPE, JUMP), _vector, numba.from_dtype(LINE_WALKER), _SCENE, _ENTRIES,
        types.float64[:, ::1], types.int64,
    )  # fmt: skip
    return compile_cached(advance_on_line, signature, allocates=False)


def visit_on_line(
    gradient: PlainFunction,
    jumps: JumpPart,
    scene: LineScene,
    paths: int,
    most: int,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> LineVisits | None:
    """Follow paths 0, 1, ... to the horizon.

    Parameters
    ----------
    gradient : callable
        Of the potential, as a plain function.
    jumps : JumpPart
        The noise, cut at a threshold.
    scene : LineScene
        Everything else.
    paths : int
        Number of paths.
    most : int
        Entries of all paths together that there is room for.
    threads : int, optional
        Default: one a processor that this process may use. Results do not depend on it.
    progress : callable, optional
        Called now and then with the number of paths that are finished.

    Returns
    -------
    LineVisits or None
        None where there are more entries than that.
    """
    run = _Run(slope_function(gradient), jump_function(jumps), scene, paths, most)
    threads = min(threads or available_threads(), paths)
    count, interrupt = run_kept(run.work, threads, run.stop, run.status, progress)
    if run.count > most:
        return None
    nothing = np.empty(0), np.empty((0, 2), np.int64)
    found = [nothing, *(run.found[path] for path in range(count))]
    numbers = np.repeat(np.arange(count), [len(times) for times, _ in found[1:]])
    times, wells = (np.concatenate(rows) for rows in zip(*found, strict=True))
    return LineVisits(numbers, times, wells, run.status[:count] == NON_FINITE, interrupt)


class _Run:
    """What the threads of one run share."""

    def __init__(self, slope: Any, jump: Any, scene: LineScene, paths: int, most: int) -> None:
        self.parts, self.scene, self.most = (slope, jump), scene, most
        self.stop, self.lock = threading.Event(), threading.Lock()
        self.supply, self.paths = Supply(0, paths, 1), paths
        self.status = np.zeros(paths, np.int8)
        self.found: dict[int, tuple[FloatArray, npt.NDArray[np.int64]]] = {}
        self.count = 0

    def work(self) -> int:
        """Follow paths until none is left or a stop is asked for."""
        x, walker, work = np.zeros(1), new_record(LINE_WALKER), np.empty((6, 1))
        entries = Entries(np.empty(_ROOM), np.empty((_ROOM, 2), np.int64))
        while not self.stop.is_set():
            with self.lock:
                path = self.supply.next
                self.supply.next += path < self.paths
            if path == self.paths:
                break
            begin_on_line(x, walker, np.uint64(path), self.scene)
            self._follow(path, x, walker, entries, work)
        return 0

    def _follow(self, path: int, x: FloatArray, walker: Any, entries: Entries, work: Any) -> None:
        """Follow one path to its end, and keep what it entered."""
        compiled, status, wanted = _compiled_advance(), RUNNING, _FEWEST_MOVES
        times, wells = [np.empty(0)], [np.empty((0, 2), np.int64)]
        while status == RUNNING and not self.stop.is_set():
            began, walker.written = time.perf_counter(), 0
            status = compiled(*self.parts, x, walker, self.scene, entries, work, wanted)
            times.append(entries.time[: walker.written].copy())
            wells.append(entries.wells[: walker.written].copy())
            wanted *= 2 if time.perf_counter() - began < SEGMENT_SECONDS else 1
            with self.lock:
                self.count += int(walker.written)
                if self.count > self.most:
                    self.stop.set()
        self.found[path] = np.concatenate(times), np.concatenate(wells)
        self.status[path] = status
