"""What a person who waits is shown on the standard error stream: a bar, and the names of stages."""

import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeAlias

from levysde import checks

PATIENCE = 2.0
"""Seconds after which a stage of the set-up is named, and a bar is shown that was not asked for."""

Progress: TypeAlias = bool | Callable[[int, int], object] | None
"""What the verbs take: shown, not shown, a function of the user, or None: where someone waits."""


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


def someone_waits() -> bool:
    """Whether the standard error stream is a terminal, or this is a notebook."""
    if sys.stderr is None:
        return False
    return bool(sys.stderr.isatty()) or in_notebook()


def in_notebook() -> bool:
    """Whether this is a notebook: whether IPython runs in a kernel.

    Returns
    -------
    bool

    Examples
    --------
    >>> in_notebook()
    False
    """
    session = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(session, "config", {})


def bar_class() -> Any:
    """The bar of tqdm for terminals or notebooks; a notebook without its widgets has the former."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of widgets that are not installed
        from tqdm.auto import tqdm
    return tqdm


class Bar:
    """A progress bar on the standard error stream.

    Called with the numbers of finished paths and of all paths; it ends with the last of them, or
    with the context that it is used in.

    Parameters
    ----------
    shown : bool
        Whether there is anything to be seen.
    delay : float
        Seconds for which it waits to be seen.
    """

    def __init__(self, shown: bool = True, delay: float = 0.0) -> None:
        self.shown, self.delay = shown, delay
        self.bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, finished: int, total: int) -> None:
        """Show how many paths are finished."""
        if not self.shown:
            return
        if self.bar is None:
            self.bar = bar_class()(
                total=total, unit="path", unit_scale=True, dynamic_ncols=True, delay=self.delay
            )
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


@contextmanager
def watched(progress: Progress) -> Iterator[Callable[[int, int], object] | None]:
    """What a run calls: a bar, the function of the user, or nothing.

    Parameters
    ----------
    progress : bool, callable or None
        As for `escape_times`.

    Yields
    ------
    callable or None

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if progress is None or progress is True:
        patience = PATIENCE if progress is None else 0.0
        with Bar(progress is True or someone_waits(), patience) as bar:
            yield bar if bar.shown else None
    elif progress is False or callable(progress):
        yield progress or None
    else:
        raise ValueError(
            f"progress is {checks.told(progress)}; give True, False, None or a function"
        )
