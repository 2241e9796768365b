"""Threads that take lots of paths until none is left, and hear an interrupt."""

import os
import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from levysde.engine.status import finished_prefix

SEGMENT_SECONDS = 0.05
"""Aim for the time between two monitoring times at the interrupt flag."""

LOOK_SECONDS = 0.1
"""Time between two monitoring times at how far the threads are."""

PATIENCE_SECONDS = 1.0
"""Time after an interrupt in which threads must return."""


class Supply:
    """Hands out lots of consecutive paths: large ones first, small ones towards the end."""

    def __init__(self, first: int, last: int, threads: int) -> None:
        self.next, self.last, self.threads = first, last, threads
        self.lock = threading.Lock()

    def take(self) -> tuple[int, int]:
        """Return the first path of the next lot and the one after its last; equal at the end."""
        with self.lock:
            left = self.last - self.next
            lot = min(left, max(8, min(4096, left // (4 * self.threads))))
            self.next += lot
            return self.next - lot, self.next

    @property
    def more(self) -> bool:
        """Whether paths are left."""
        return self.next < self.last


def run_threads(
    work: Callable[[], int],
    threads: int,
    stop: threading.Event,
    rows: npt.NDArray[np.int8],
    progress: Callable[[int], object] | None,
) -> int:
    """Call `work` in every thread until all have returned; return the sum of what they return.

    Parameters
    ----------
    work : callable
        Looks at `stop` within a fraction of a second.
    threads : int
        Number of threads.
    stop : threading.Event
        Set when an exception, an interrupt among them, ends the wait.
    rows : ndarray of int8
        Not 0 for every path that has ended.
    progress : callable or None
        Called now and then with the number of paths that have ended.

    Returns
    -------
    int

    Raises
    ------
    MemoryError
        If so many threads cannot be started.
    KeyboardInterrupt
        If there was one; it says so where threads do not return from compiled code.
    """
    crew = _Crew(work)
    try:
        crew.start(threads)
        while not crew.wait(LOOK_SECONDS):
            if progress is not None:
                progress(int(np.count_nonzero(rows)))
    except KeyboardInterrupt:
        stop.set()
        if crew.wait(PATIENCE_SECONDS, until_all=True):
            raise
        raise KeyboardInterrupt(
            f"{crew.running} of {threads} threads have not returned from compiled code within "
            f"{PATIENCE_SECONDS:g} s, as in an endless loop in a function of the model; they run "
            "on until this process ends"
        ) from None
    finally:
        stop.set()
    crew.wait(None, until_all=True)
    return crew.total()


def run_kept(
    work: Callable[[], int],
    threads: int,
    stop: threading.Event,
    rows: npt.NDArray[np.int8],
    progress: Callable[[int], object] | None,
) -> tuple[int, KeyboardInterrupt | None]:
    """As `run_threads`, but an interrupt is handed over with the paths that had ended before it.

    Parameters
    ----------
    work, threads, stop, rows, progress
        As for `run_threads`; progress is also called when all paths have ended.

    Returns
    -------
    (int, KeyboardInterrupt or None)
        Number of paths before the first that has not ended, and what stopped that one.

    Raises
    ------
    KeyboardInterrupt
        If the first path had not ended.
    """
    interrupt = None
    try:
        run_threads(work, threads, stop, rows, progress)
        if progress is not None:
            progress(len(rows))
    except KeyboardInterrupt as stopped:
        interrupt = stopped
    count = finished_prefix(rows)
    if interrupt is not None and count == 0:
        raise interrupt
    return count, interrupt


class _Crew:
    """Threads that do the same work, and do not keep the process alive.

    The threads of `concurrent.futures` do: with one of them in an endless loop Python never ends.
    """

    def __init__(self, work: Callable[[], int]) -> None:
        self.work = work
        self.running = 0
        self.results: list[int] = []
        self.errors: list[BaseException] = []
        self.changed = threading.Condition()

    def start(self, threads: int) -> None:
        for count in range(threads):
            thread = threading.Thread(target=self._run, name=f"levysde_{count}", daemon=True)
            with self.changed:
                self.running += 1
            try:
                thread.start()
            except (RuntimeError, MemoryError) as error:
                with self.changed:
                    self.running -= 1
                raise MemoryError(
                    f"only {count} of {threads} threads could be started: give fewer threads"
                ) from error

    def _run(self) -> None:
        try:
            result = self.work()
        except BaseException as error:
            with self.changed:
                self.errors.append(error)
        else:
            with self.changed:
                self.results.append(result)
        finally:
            with self.changed:
                self.running -= 1
                self.changed.notify_all()

    def wait(self, seconds: float | None, *, until_all: bool = False) -> bool:
        """Wait until all threads have returned, or one has failed; return whether it is so."""

        def ended() -> bool:
            return self.running == 0 or (bool(self.errors) and not until_all)

        with self.changed:
            return self.changed.wait_for(ended, seconds)

    def total(self) -> int:
        """The sum of what the threads have returned; the first error if one has failed."""
        if self.errors:
            raise self.errors[0]
        return sum(self.results)


def available_threads() -> int:
    """Number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
