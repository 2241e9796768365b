"""Threads that take lots of paths until none is left, and hear an interrupt."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import numpy as np
import numpy.typing as npt

SEGMENT_SECONDS = 0.05
"""Aim for the time between two looks at the interrupt flag."""


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
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="levysde") as pool:
        futures = [pool.submit(work) for _ in range(threads)]
        try:
            while wait(futures, timeout=0.1, return_when=FIRST_EXCEPTION).not_done:
                if progress is not None:
                    progress(int(np.count_nonzero(rows)))
        finally:
            stop.set()
    return sum(future.result() for future in futures)


def available_threads() -> int:
    """Number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
