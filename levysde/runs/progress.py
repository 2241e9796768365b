"""What a person who waits is shown on the standard error stream: a bar, and the names of stages."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

PATIENCE = 2.0
"""Seconds after which a stage of the set-up is named."""


@contextmanager
def stage(progress: object, what: str) -> Iterator[None]:
    """Say on the standard error stream what is being done, once it has lasted two seconds.

    Parameters
    ----------
    progress : bool, callable or None
        As for `escape_times`: said where a bar is shown.
    what : str
        What is being done.
    """
    if not getattr(progress, "shown", progress is True):
        yield
        return
    timer = threading.Timer(PATIENCE, print, (f"{what} ...",), {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Bar:
    """A progress bar on the standard error stream.

    Called with the numbers of finished paths and of all paths; it ends with the last of them, or
    with the context that it is used in.

    Attributes
    ----------
    shown : bool
        Whether there is anything to be seen.
    """

    def __init__(self, shown: bool = True) -> None:
        self.shown = shown
        self.bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, finished: int, total: int) -> None:
        """Show how many paths are finished."""
        if not self.shown:
            return
        if self.bar is None:
            from tqdm import tqdm

            self.bar = tqdm(total=total, unit="path", unit_scale=True, dynamic_ncols=True)
        self.bar.update(finished - self.bar.n)
        if finished == total:
            self.close()

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the line of the bar."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
