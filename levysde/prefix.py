"""A run that can grow, stop and go on: the results of paths 0, 1, ..., n - 1."""

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde.results import EscapeTimes

_NOT_COMPARED = ("code", "versions", "method_reason", "dt_reason", "horizon_reason", "lr")
"""Parameters that need not be those of an earlier result; code is compared part by part."""


PATIENCE = 2.0
"""Seconds after which a stage of the set-up is named."""


class Interrupted(KeyboardInterrupt):
    """A run that was interrupted, with what it had finished.

    Attributes
    ----------
    result : EscapeTimes or None
        The complete prefix of paths; None if path 0 had not ended.
    """

    def __init__(self, result: EscapeTimes | None) -> None:
        super().__init__("interrupted")
        self.result = result


class Prefix:
    """A prefix of paths 0, 1, ... that grows."""

    def __init__(
        self,
        engine: Any,
        program: Any,
        parameters: dict[str, Any],
        horizon: float,
        threads: int | None,
        progress: bool,
    ) -> None:
        self.engine, self.program, self.parameters = engine, program, parameters
        self.horizon, self.threads, self.progress = horizon, threads, progress
        self.pieces: list[tuple[Any, ...]] = []
        self.paths = 0
        self.seconds = 0.0

    def continue_from(self, earlier: EscapeTimes) -> None:
        """Begin with the paths of an earlier result, if it is of the same run."""
        for name, value in self.parameters.items():
            if name not in _NOT_COMPARED and earlier.parameters.get(name) != value:
                raise ValueError(
                    f"the result to be resumed has {name} = {earlier.parameters.get(name)!r}, this "
                    f"run has {value!r}; resume with the same parameters"
                )
        made_by = earlier.parameters.get("code")
        made_by = made_by if isinstance(made_by, dict) else {}
        runs = self.parameters["code"]
        for part in runs | made_by:
            if made_by.get(part) != runs.get(part):
                raise ValueError(
                    f"the result to be resumed was made by another {part} function (or in another "
                    "version of Python); resume with the same functions"
                )
        arrays = (earlier.steps, earlier.status, earlier.exit_position)
        times = () if earlier.exit_times is None else (earlier.exit_times,)
        self.pieces = [(*arrays, *times)]
        self.paths, self.seconds = earlier.paths, earlier.seconds

    def extend_to(self, paths: int) -> None:
        """Run the paths that are missing."""
        if paths <= self.paths:
            if paths < self.paths:
                self.pieces = [tuple(array[:paths] for array in self._joined())]
                self.paths = paths
            return
        outcome = self.engine.room(paths - self.paths, self.program.dim, self.paths)
        with stage(self.progress, "compiling"):
            self.engine.prepare(self.program)  # so that the time is that of the simulation
        began = time.perf_counter()
        try:
            with _Bar(self.progress, len(outcome.status)) as update:
                self.engine.escape(
                    self.program, outcome, self.paths, paths, self.horizon, self.threads,
                    progress=update,
                )  # fmt: skip
        except KeyboardInterrupt:
            self._keep(outcome, _finished(outcome.status), began)
            raise Interrupted(self.result()) from None
        self._keep(outcome, paths - self.paths, began)

    def extend_until(self, escapes: int, max_paths: int) -> None:
        """Run batches until there are enough escapes; their sizes do not depend on the clock."""
        paths = max(self.paths, min(max_paths, escapes))
        while True:
            self.extend_to(paths)
            found = sum(int(np.count_nonzero(arrays[1] == 1)) for arrays in self.pieces)
            if found >= escapes or paths == max_paths:
                return
            missing = math.ceil((escapes - found) * paths / max(found, 1))
            paths = min(max_paths, paths + max(missing, paths // 20), 4 * paths)

    def _keep(self, outcome: Any, count: int, began: float) -> None:
        self.pieces.append(tuple(array[:count] for array in outcome.arrays))
        self.paths += count
        self.seconds += time.perf_counter() - began

    def _joined(self) -> tuple[Any, ...]:
        if len(self.pieces) == 1:
            return self.pieces[0]
        return tuple(np.concatenate(arrays) for arrays in zip(*self.pieces, strict=True))

    def result(self) -> EscapeTimes | None:
        """What is finished, if anything."""
        if self.paths == 0:
            return None
        steps, status, position, *times = self._joined()
        return EscapeTimes(
            steps, status, position, self.program.dt, self.parameters, self.seconds, *times
        )


def _finished(status: npt.NDArray[np.int8]) -> int:
    """Number of paths before the first that has not ended (0)."""
    first = int(status.argmin())  # no list of all others, which takes seconds for 1e8 paths
    return first if status[first] == 0 else len(status)


@contextmanager
def stage(shown: bool, what: str) -> Iterator[None]:
    """Say on the standard error stream what is being done, once it has lasted two seconds.

    Parameters
    ----------
    shown : bool
        Whether anything is to be said.
    what : str
        What is being done.
    """
    if not shown:
        yield
        return
    timer = threading.Timer(PATIENCE, print, (f"{what} ...",), {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Bar:
    """A tqdm bar of finished paths, or nothing."""

    def __init__(self, shown: bool, total: int) -> None:
        self.shown, self.total = shown, total

    def __enter__(self) -> Callable[[int], object] | None:
        if not self.shown:
            return None
        from tqdm import tqdm

        self.tqdm = tqdm(total=self.total, unit="path", unit_scale=True, dynamic_ncols=True)
        return lambda finished: self.tqdm.update(finished - self.tqdm.n)

    def __exit__(self, *error: object) -> None:
        if self.shown:
            if error[0] is None:
                self.tqdm.update(self.total - self.tqdm.n)
            self.tqdm.close()
