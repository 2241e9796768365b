"""A run that can grow, stop and go on: the results of paths 0, 1, ..., n - 1."""

from __future__ import annotations

import copy
import errno
import math
import os
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from levysde import checks
from levysde.engine.backends import BackendError
from levysde.engine.status import finished_prefix
from levysde.runs.progress import stage
from levysde.runs.results import EscapeTimes, Status

if TYPE_CHECKING:
    from levysde.runs.simulation import Simulation

CHECKPOINT_SECONDS = 60.0
"""Time between two checkpoints."""

CHECKPOINT_REST = 20.0
"""Time between two checkpoints in units of what writing one takes."""

_NOT_COMPARED = (
    "code", "functions", "declared", "versions",
    "method_reason", "dt_reason", "horizon_reason", "backend_reason", "backend", "lr",
    "threshold_error",
)  # fmt: skip
"""Parameters that need not be those of an earlier result; code is compared part by part."""

_GO_ON = (
    ", and escape_times(..., resume=result) goes on; slow paths are missing, so go on before you "
    "estimate"
)


class Interrupted(KeyboardInterrupt):
    """A run that was interrupted, with what it had finished.

    Attributes
    ----------
    result : EscapeTimes, Visits or None
        The complete prefix of paths, up to the first that had not ended; None if that is path 0.
        Of escape times slow paths are missing, so that means of few paths are too short: go on
        before estimating. Those of visits have all reached the horizon.
    remark : str
        What else there is to know: that threads do not end. Often empty.
    finished : tuple of EscapeTimes
        The runs before it, where a call makes several: those of `compare`, `compare_noises` and
        `refine`, in their order.
    use : str
        What the message says of the finished paths.
    """

    def __init__(
        self,
        result: Any,
        remark: str = "",
        finished: tuple[EscapeTimes, ...] = (),
        use: str = _GO_ON,
    ) -> None:
        several = f"{len(finished)} runs" if len(finished) > 1 else "run"
        before = f"the {several} before it: in `finished`" if finished else ""
        kept = _kept(result, use)
        super().__init__("; ".join(filter(None, ("interrupted", remark, kept, before))))
        self.result, self.remark, self.finished, self.use = result, remark, finished, use

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle through the constructor."""
        return Interrupted, (self.result, self.remark, self.finished, self.use)


def one_after_the_other(runs: Iterable[EscapeTimes]) -> tuple[EscapeTimes, ...]:
    """The results of several runs; an interrupt of one hands over those before it.

    Parameters
    ----------
    runs : iterable of EscapeTimes
        Makes a run when it is asked for the next one.

    Returns
    -------
    tuple of EscapeTimes

    Raises
    ------
    Interrupted
        If one of them does.

    Examples
    --------
    >>> one_after_the_other(())
    ()
    """
    finished: list[EscapeTimes] = []
    try:
        finished.extend(runs)
    except Interrupted as stop:
        raise Interrupted(stop.result, stop.remark, tuple(finished)) from None
    return tuple(finished)


def _kept(result: Any, use: str) -> str:
    """Return where the finished paths are, and what can be done with them."""
    if result is None:
        return "nothing is kept"
    paths = f"{result.paths} finished path{' is' if result.paths == 1 else 's are'}"
    return (
        f"{paths} in `result` of this exception (sys.last_value.result where it was not caught): "
        f"result.save(file) keeps them{use}"
    )


class Prefix:
    """Consecutive paths, from path 0 unless said otherwise, that grow in number.

    Parameters
    ----------
    simulation : Simulation
        What computes, what it runs, and what the result says about itself.
    threads : int or None
        Threads of the engine.
    progress : callable or None
        Called with the number of finished paths and of all paths of a batch: when it begins, about
        ten times a second, and when it has ended. What it raises ends the run.
    checkpoint : Path or None
        File for the finished paths while the run goes on.
    first : int
        Number of its first path.
    """

    def __init__(
        self,
        simulation: Simulation,
        threads: int | None,
        progress: Callable[[int, int], object] | None = None,
        checkpoint: Path | None = None,
        first: int = 0,
    ) -> None:
        self.simulation, self.threads, self.progress = simulation, threads, progress
        self.checkpoint, self.first = checkpoint, first
        self.due = time.monotonic() + CHECKPOINT_SECONDS
        self.pieces: list[tuple[Any, ...]] = []
        self.paths = 0
        self.seconds = 0.0

    def continue_from(self, earlier: EscapeTimes) -> None:
        """Begin with the paths of an earlier result, if it is of the same run."""
        check_same(self.simulation.parameters, earlier)
        arrays = (earlier.steps, earlier.status, earlier.exit_position)
        times = () if earlier.exit_times is None else (earlier.exit_times,)
        self.pieces = [(*arrays, *times)]
        self.paths, self.seconds = earlier.paths, earlier.seconds

    def run(self, paths: int, escapes: int | None = None) -> EscapeTimes:
        """Run so many paths, or until there are enough escapes; keep them if interrupted."""
        try:
            if escapes is None:
                self.extend_to(paths)
            else:
                self.extend_until(escapes, paths)
            result = self.result()
            assert result is not None  # a run has at least one path
            return result
        except KeyboardInterrupt as stop:
            raise Interrupted(self.result(), str(stop)) from None
        except BackendError as failure:
            failure.result = self.result()
            raise

    def extend_to(self, paths: int) -> None:
        """Run the paths that are missing."""
        if paths <= self.paths:
            if paths < self.paths:
                self.pieces = [tuple(array[:paths] for array in self._joined())]
                self.paths = paths
            return
        engine, program = self.simulation.engine, self.simulation.program
        outcome = engine.allocate(paths - self.paths, program.dim, self.first + self.paths)
        with stage(self.progress, "compiling"):
            engine.prepare(program)  # so that the time is that of the simulation
        began = time.perf_counter()
        seen = 0

        def look(ended: int) -> None:
            nonlocal seen
            if self.progress is not None:
                self.progress(ended, len(outcome.status))
            if self.checkpoint is not None:
                if time.monotonic() > self.due:
                    # What the last look saw finished: every array has been written since.
                    self._save(self.checkpoint, outcome, seen, time.perf_counter() - began)
                seen = finished_prefix(outcome.status, seen)

        try:
            look(0)
            engine.escape(
                program,
                outcome,
                self.first + self.paths,
                self.first + paths,
                self.simulation.limit,
                self.threads,
                progress=look,
            )
            look(len(outcome.status))
        finally:
            self._keep(outcome, finished_prefix(outcome.status), began)

    def extend_until(self, escapes: int, max_paths: int) -> None:
        """Run batches until there are enough escapes."""
        if self.paths > max_paths:
            self.extend_to(max_paths)
        paths = min(max_paths, escapes)
        while True:
            if paths > self.paths:
                self.extend_to(paths)
            status = np.concatenate([arrays[1] for arrays in self.pieces])[:paths]
            found = int(np.count_nonzero(status == Status.ESCAPED))
            if found >= escapes or paths == max_paths:
                return
            paths = next_batch(paths, found, escapes, max_paths)

    def _keep(self, outcome: Any, count: int, began: float) -> None:
        self.pieces.append(tuple(array[:count] for array in outcome.arrays))
        self.paths += count
        self.seconds += time.perf_counter() - began

    def _save(self, file: Path, outcome: Any, count: int, seconds: float) -> None:
        """Write the finished paths, while others run; a disk that is full does not end the run."""
        so_far = copy.copy(self)
        so_far.pieces = [*self.pieces, tuple(array[:count] for array in outcome.arrays)]
        so_far.paths, so_far.seconds = self.paths + count, self.seconds + seconds
        result = so_far.result()
        began = time.monotonic()
        if result is not None:
            try:
                result.save(file)
            except OSError as error:
                warnings.warn(
                    f"the checkpoint {file} was not written ({error.strerror}); the run went on",
                    stacklevel=2,
                )
        spent = time.monotonic() - began
        self.due = time.monotonic() + max(CHECKPOINT_SECONDS, CHECKPOINT_REST * spent)

    def _joined(self) -> tuple[Any, ...]:
        if len(self.pieces) == 1:
            return self.pieces[0]
        return tuple(np.concatenate(arrays) for arrays in zip(*self.pieces, strict=True))

    def result(self) -> EscapeTimes | None:
        """What is finished, if anything."""
        if self.paths == 0:
            return None
        steps, status, position, *times = self._joined()
        dt, parameters = self.simulation.program.dt, self.simulation.parameters
        return EscapeTimes(steps, status, position, dt, parameters, self.seconds, *times)


def check_same(parameters: dict[str, Any], earlier: EscapeTimes) -> None:
    """Refuse to continue a result of another run.

    Parameters
    ----------
    parameters : dict
        What the result of this run says about itself.
    earlier : EscapeTimes
        A result with fewer paths.

    Raises
    ------
    ValueError
        With what differs.

    Examples
    --------
    >>> import levysde as ls
    >>> noise = ls.noise.independent(1.5)
    >>> run = ls.escape_times(ls.basins.flat(), ls.dynamics.sgd(), noise, epsilon=0.5, paths=10)
    >>> check_same(run.parameters, run)
    """
    for name, value in parameters.items():
        if name not in _NOT_COMPARED and earlier.parameters.get(name) != value:
            raise ValueError(
                f"the result to be resumed has {_apart(name, earlier.parameters.get(name), value)}"
                "; resume with the same parameters"
            )
    declared = earlier.parameters.get("declared", parameters["declared"])
    if declared != parameters["declared"]:
        raise ValueError(
            f"the parts of the result to be resumed declare {checks.told(declared)}, and those of "
            f"this run {checks.told(parameters['declared'])}; resume with the same parts"
        )
    made_by = earlier.parameters.get("code")
    made_by = made_by if isinstance(made_by, dict) else {}
    runs = parameters["code"]
    for part in runs | made_by:
        if made_by.get(part) != runs.get(part):
            raise ValueError(
                f"the result to be resumed was made by another {part} function (or in another "
                "version of Python); resume with the same functions"
            )


def _apart(name: str, earlier: object, now: object) -> str:
    """Where two values differ, in words: as deep in a record as their difference is."""
    while isinstance(earlier, dict) and isinstance(now, dict) and list(earlier) == list(now):
        key = next(key for key in now if earlier[key] != now[key])
        name, earlier, now = f"{name}.{key}", earlier[key], now[key]
    was, here = checks.told(earlier), checks.told(now)
    if was != here:
        return f"{name} = {was}, this run has {here}"
    return f"another {name} than this run, both beginning with {was}"


def next_batch(paths: int, found: int, escapes: int, max_paths: int) -> int:
    """How many paths to run in all, after so many had too few escapes.

    It depends neither on the clock nor on where an earlier run was stopped.

    Parameters
    ----------
    paths, found : int
        Paths so far, and their escapes.
    escapes : int
        Escapes that are wanted.
    max_paths : int
        Largest number of paths.

    Returns
    -------
    int

    Examples
    --------
    >>> next_batch(100, 80, 100, 10_000)
    125
    """
    missing = math.ceil((escapes - found) * paths / max(found, 1))
    return min(max_paths, paths + max(missing, paths // 20), 4 * paths)


def checkpoint_file(name: str | os.PathLike[str]) -> Path:
    """Where checkpoints go; a folder that does not exist is noticed before the run.

    Parameters
    ----------
    name : str or path-like
        As the user gives it.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If it is no name.
    FileNotFoundError
        If the folder does not exist.
    """
    if not isinstance(name, str | os.PathLike):
        raise ValueError(f"checkpoint is {name!r:.80}; give the name of a file")
    file = Path(name)
    if not file.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file.parent))
    return file
