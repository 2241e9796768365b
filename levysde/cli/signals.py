"""Requests to stop: Ctrl-C, the end of a terminal, the end of a job. All keep what is finished."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Stop:
    """A request to stop, heard from the signals SIGINT, SIGTERM and SIGHUP.

    A signal raises KeyboardInterrupt where the program is, until it is told to `hold`: from then on
    the request is found by `check` and by nothing else, so that no result is lost on its way to a
    file. Libraries may swallow what is raised (in a callback of the compiler it is printed and
    forgotten); `check` finds it all the same.

    Used as a context, in which signals are heard; outside the main thread, and for signals that the
    parent of the process has had ignored (nohup), nothing is changed.

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
        if threading.current_thread() is threading.main_thread():
            for name in _NAMES:
                known = getattr(signal, name, None)  # there is no SIGHUP on Windows
                if known is not None and signal.getsignal(known) not in (signal.SIG_IGN, None):
                    self._before[known] = signal.signal(known, self._hear)
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

    def hold(self) -> None:
        """Note signals from now on and raise nothing."""
        self._raising = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        if self._raising:
            raise KeyboardInterrupt


@contextmanager
def watched(stop: Stop, bar: bool, *, hold: bool) -> Iterator[Callable[[int, int], object]]:
    """What a run calls about ten times a second: it looks for requests to stop and moves a bar.

    Parameters
    ----------
    stop : Stop
        Requests to stop.
    bar : bool
        Show a progress bar.
    hold : bool
        From the first call on, requests are heard here and nowhere else.

    Yields
    ------
    callable
        For `progress` of `escape_times`.
    """
    from levysde.prefix import Bar

    with Bar() as shown:

        def look(finished: int, total: int) -> None:
            if hold:
                stop.hold()
            stop.check()
            if bar:
                shown(finished, total)

        yield look
