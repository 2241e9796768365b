"""Lots of paths on a device: launches of bounded length until every path has ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from levysde._typing import PlainFunction
from levysde.engine.backends import BackendError
from levysde.engine.cuda import device
from levysde.engine.cuda.copies import is_simulated

FREE = np.uint64(2**64 - 1)
"""In place of the number of a path: the thread has none."""

NEXT, ENDED, RETURNED = 0, 1, 2
"""What the supply counts: the path that comes next, the paths that have ended, and the threads that
have come to the end of the kernel, which one in which a function fails does not."""

THREADS = 128
"""In a block."""

SIMULATED_THREADS = 8
"""The same where kernels are simulated, so that a thread has several paths there too."""

LAUNCH_SECONDS = 0.05
"""Aim for the time of a launch, after which an interrupt is heard."""

LOOK_SECONDS = 0.5
"""Time between two looks at what has ended."""

LOOK_REST = 20.0
"""The same in units of what a look takes."""

FULL_ENOUGH = 0.75
"""Share of the threads that must have a path once none waits; else those that run close up."""

_FIRST_STEPS = 64


@dataclass(frozen=True, eq=False)
class Job:
    """What a device runs.

    Attributes
    ----------
    kernel : callable
        `kernel(supply, marks, numbers, setting, outcome, last, steps)`: every thread makes at most
        so many steps, and takes another path where one has ended. The first mark is the number of
        its path, or FREE.
    setting : NamedTuple
        What does not change in a run: arrays and numbers.
    marks, numbers : int
        Integers and numbers that a path keeps between two launches.
    """

    kernel: PlainFunction
    setting: Any
    marks: int
    numbers: int

    def arguments(self, threads: int, outcome: Any, last: int) -> tuple[Any, ...]:
        """What the kernel is given, in the memory of this machine."""
        return (
            np.array([outcome.first, 0, 0], np.uint64),
            np.full((self.marks, threads), FREE),
            np.zeros((self.numbers, threads)),
            self.setting,
            outcome,
            np.uint64(last),
            _FIRST_STEPS,
        )

    def signature(self, dim: int, allocate: Callable[[int, int], Any]) -> tuple[Any, ...]:
        """The types of the arguments of the kernel."""
        return tuple(numba.typeof(value) for value in self.arguments(1, allocate(1, dim), 1))


def run_lots(
    launch: device.Launcher,
    job: Job,
    outcome: Any,
    first: int,
    last: int,
    progress: Callable[[int], object] | None,
) -> None:
    """Run paths first, ..., last - 1, as many at once as fit into the memory of the device.

    Parameters
    ----------
    launch : Launcher
        Of the kernel of the job.
    job : Job
        What to run.
    outcome : Outcome or JumpOutcome
        Receives the results.
    first, last : int
        Which paths.
    progress : callable or None
        Called now and then with the number of paths that have ended.

    Raises
    ------
    KeyboardInterrupt
        Between two launches; what has ended is in the outcome.
    BackendError
        If the device fails.
    """
    row_bytes = sum(array[:1].nbytes for array in outcome.arrays)
    most = max(1, device.free_memory() // (2 * row_bytes))
    for begin in range(first, last, most):
        end = min(begin + most, last)
        rows = slice(begin - outcome.first, end - outcome.first)
        lot = type(outcome)(*(array[rows] for array in outcome.arrays), begin)
        _run_lot(launch, job, lot, end, begin - first, progress)


def _run_lot(
    launch: device.Launcher,
    job: Job,
    outcome: Any,
    last: int,
    ended_before: int,
    progress: Callable[[int], object] | None,
) -> None:
    """Run the paths of an outcome that fits into the memory of the device."""
    count = len(outcome.status)
    threads = SIMULATED_THREADS if is_simulated() else THREADS
    blocks = min(-(-count // threads), launch.most_blocks)
    supply, marks, numbers, *fixed, steps = device.placed(
        job.arguments(blocks * threads, outcome, last)
    )
    results, counts, launched = fixed[1], np.zeros(3, np.uint64), 0
    looked, rest_seconds = time.perf_counter(), LOOK_SECONDS
    try:
        while True:
            began = time.perf_counter()
            launch(blocks, threads, (supply, marks, numbers, *fixed, steps))
            device.fetch_into(supply, counts)
            ended, now = int(counts[ENDED]), time.perf_counter()
            launched += blocks * threads
            if counts[RETURNED] != launched:
                raise BackendError(
                    "a function of the model raised an error on the GPU; backend 'cpu' may tell "
                    "which and where"
                )
            if ended == count:
                return
            needed = -(-(count - ended) // threads)
            if counts[NEXT] >= last and needed < FULL_ENOUGH * blocks:
                blocks, kept = needed, _closed_up(marks, numbers, needed * threads)
                del marks, numbers  # before there are others, for want of room
                marks, numbers = device.placed(kept)
            steps = max(1, min(int(steps * LAUNCH_SECONDS / max(now - began, 1e-6)), 4 * steps))
            if progress is not None and now - looked > rest_seconds:
                _fetch(results, outcome)
                looked = time.perf_counter()
                rest_seconds = max(LOOK_SECONDS, LOOK_REST * (looked - now))
                progress(ended_before + ended)
    finally:
        _fetch(results, outcome)


def _closed_up(marks: Any, numbers: Any, threads: int) -> tuple[Any, ...]:
    """What paths that still run keep, in the first of fewer threads: idle ones run no more."""
    found = np.empty(marks.shape, np.uint64), np.empty(numbers.shape)
    device.fetch_into(marks, found[0])
    device.fetch_into(numbers, found[1])
    running = np.flatnonzero(found[0][0] != FREE)
    kept = np.full((len(found[0]), threads), FREE), np.zeros((len(found[1]), threads))
    for new, old in zip(kept, found, strict=True):
        new[:, : len(running)] = old[:, running]
    return kept


def _fetch(results: Any, outcome: Any) -> None:
    """Copy what a device has found; the status last, as others look at it first."""
    for found, array in zip(results.arrays, outcome.arrays, strict=True):
        if array is not outcome.status:
            device.fetch_into(found, array)
    device.fetch_into(results.status, outcome.status)
