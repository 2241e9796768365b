"""The queue of a thread in all engines: which paths are next, and what has been done."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from levysde.engine.cpu.threads import SEGMENT_SECONDS, Supply

_FIELDS = np.dtype(
    [("next", "i8"), ("end", "i8"), ("path_steps", "i8"), ("calls", "i8")], align=True
)
"""The next path and the one after the last; steps of all paths together, and steps of a block."""

QUEUE = numba.from_dtype(_FIELDS)


def new_record(fields: np.dtype[Any]) -> Any:
    """Zeros with names, which Python and compiled code both change."""
    return np.zeros(1, fields).view(np.recarray)[0]


def new_queue() -> Any:
    """An empty queue, a record with the fields next, end, path_steps and calls."""
    return new_record(_FIELDS)


def work_off(
    advance: Callable[[int, int], int],
    queue: Any,
    supply: Supply,
    stop: threading.Event,
    fewest: int = 1,
) -> int:
    """Advance until no path is left or a stop is asked for; return the steps of all paths.

    Parameters
    ----------
    advance : callable
        `advance(active, steps) -> active` makes so many steps with the paths that are running,
        and takes others from the queue.
    queue : record
        Of this thread, as `new_queue` makes it.
    supply : Supply
        What fills the queue.
    stop : threading.Event
        Looked at between two calls.
    fewest : int
        Steps of the first call, and of any.

    Returns
    -------
    int
    """
    active, steps = 0, fewest
    while not stop.is_set():
        if queue.next == queue.end:
            queue.next, queue.end = supply.take()
        if active == 0 and queue.next == queue.end:
            break
        began, done = time.perf_counter(), int(queue.calls)
        active = advance(active, steps)
        # As many steps as fill a segment at the speed seen, growing by a factor 4 at most.
        speed = (int(queue.calls) - done) / max(time.perf_counter() - began, 1e-9)
        steps = max(fewest, min(int(SEGMENT_SECONDS * speed), 4 * steps))
    return int(queue.path_steps)
