"""Requests to stop: Ctrl-C, the end of a terminal, the end of a job. All keep what is finished."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import FrameType


class Stop:
    """A request to stop, heard from the signals SIGINT, SIGTERM and SIGHUP.

    Used as a context, in which SIGINT raises KeyboardInterrupt where the program is. Libraries may
    swallow that (in a callback of the compiler it is printed and forgotten); `check` finds the
    request all the same. SIGTERM and SIGHUP end the process as ever, until `keep` is called, by
    what simulates: they are then heard as well. From the call of `hold` on a request is
    found by `check` and by nothing else, so that no result is lost on its way to a file.

    Outside the main thread, and for signals that the parent of the process has had ignored (nohup),
    nothing is changed.

    Attributes
    ----------
    number : int
        The first signal; 0 while there is none.
    """

    def __init__(self) -> None:
        self.number = 0
        self._raising = True
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._listen("SIGINT")
        return self

    def __exit__(self, *error: object) -> None:
        for known, handler in self._before.items():
            signal.signal(known, handler)

    @property
    def code(self) -> int:
        """Exit code of a process that this request ended: 130 after Ctrl-C, 143, 129."""
        return 128 + (self.number or signal.SIGINT)

    def check(self) -> None:
        """Raise the request if there is one.

        Raises
        ------
        KeyboardInterrupt
            If a signal was heard.
        """
        if self.number:
            raise KeyboardInterrupt

    def keep(self) -> None:
        """Hear SIGTERM and SIGHUP too."""
        self._listen("SIGTERM", "SIGHUP")

    def hold(self) -> None:
        """Note signals from now on and raise nothing."""
        self._raising = False

    def _listen(self, *names: str) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for name in names:
            known = getattr(signal, name, None)  # there is no SIGHUP on Windows
            if known is not None and signal.getsignal(known) not in (signal.SIG_IGN, None):
                self._before[known] = signal.signal(known, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        if self._raising:
            raise KeyboardInterrupt


@contextmanager
def watched(stop: Stop, bar: bool, *, keep: bool) -> Iterator[Callable[[int, int], object]]:
    """What a run calls about ten times a second: it looks for requests to stop and moves a bar.

    Parameters
    ----------
    stop : Stop
        Requests to stop.
    bar : bool
        Show a progress bar.
    keep : bool
        The run has results to keep: all signals are heard and, once it has begun, only here.

    Yields
    ------
    callable
        For `progress` of `escape_times`.
    """
    from levysde.runs.progress import Bar

    class Look(Bar):
        def __call__(self, finished: int, total: int) -> None:
            if keep:
                stop.hold()
            stop.check()
            super().__call__(finished, total)

    if keep:
        stop.keep()
    with Look(bar) as look:
        yield look
