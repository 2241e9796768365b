"""Requests to stop: Ctrl-C, the end of a terminal, the end of a job. All keep what is finished."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType

_GRACE = 0.7
"""Seconds for an orderly end."""


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
        self._heard: set[int] = set()
        self._undo = ExitStack()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._listen("SIGINT")
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._undo.close()

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

    def leave_soon(self, tell: Callable[[], object]) -> None:
        """End the process within a second of a signal, whatever the main thread does then.

        Handlers of signals run between two lines of Python, and a compiler at work or a solver can
        take many seconds for one. This is for work whose files are whole at any moment.

        Parameters
        ----------
        tell : callable
            Called before the process ends.
        """
        if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
            return
        heard = self._heard
        read, write = os.pipe()
        os.set_blocking(write, False)
        # The handler in C writes there at once.
        before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        self._undo.callback(os.close, write)
        self._undo.callback(signal.set_wakeup_fd, before)

        def watch() -> None:
            with open(read, "rb", buffering=0) as numbers:
                ours = (code for code in iter(lambda: numbers.read(1), b"") if code[0] in heard)
                # There is none where the file ends first: the work is done.
                first = next(ours, None)
            if first and not self._ended.wait(_GRACE):
                tell()
                sys.stderr.flush()
                os._exit(128 + first[0])

        threading.Thread(target=watch, name="levysde-stop", daemon=True).start()

    def _listen(self, *names: str) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for name in names:
            known = getattr(signal, name, None)  # there is no SIGHUP on Windows
            if known is not None and signal.getsignal(known) not in (signal.SIG_IGN, None):
                self._heard.add(known)
                self._undo.callback(signal.signal, known, signal.signal(known, self._hear))

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
