"""The result of a simulation of escape times, and its file.

A file is an ordinary uncompressed ``.npz`` archive (``numpy.load`` opens it) of four arrays:
``header`` (JSON text as bytes), ``steps``, ``status`` and ``exit_position``, and where times are
not on a grid a fifth, ``exit_times``. Nothing in it is pickled. `load` reads files of unknown
origin: it allocates no more memory than the file is long, and whatever is wrong with a file is a
`ValueError` that names the file.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from levysde import checks
from levysde._printed import Printed, short_repr
from levysde._text import Row, labeled, plain
from levysde._typing import FloatArray
from levysde.engine.status import Status
from levysde.runs.archive import (
    check_members,
    json_copy,
    read_archive,
    read_array,
    read_header,
    refuse,
    save_archive,
    write_archive,
)
from levysde.statistics import exit_times
from levysde.statistics.exit_times import Exponentiality, Interval, Survival

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from levysde.basins import Basin
    from levysde.theory import Prediction

__all__ = ["EscapeTimes", "Status", "load"]

_FORMAT = "levysde escape times"
_GRID_VERSION, _VERSION = 1, 2
_GRID_ARRAYS = {"header": "|u1", "steps": "<i8", "status": "|i1", "exit_position": "<f8"}
_ARRAYS = {**_GRID_ARRAYS, "exit_times": "<f8"}
_HEADER_KEYS = {"format", "version", "paths", "dim", "dt", "seconds", "parameters"}
_FEW_ESCAPES = 30
# Steps are exact as float64 below this, so that times = steps * dt are rounded once.
_LARGEST_STEP = 1 << 53


@dataclass(frozen=True, eq=False, repr=False)
class EscapeTimes(Printed):
    """Escape times of many independent paths, with how and where each path ended.

    The time of a path is ``steps * dt``: the grid time at which it was first seen outside, or
    at which its observation ended. Times that are not on a grid are given as such.

    Parameters
    ----------
    steps : ndarray of int64, shape (paths,)
        Number of steps until the end of each path; of moves of any length where there is no grid.
    status : ndarray of int8, shape (paths,)
        How each path ended, values of `Status`.
    exit_position : ndarray of float64, shape (paths, dim)
        State at the end of each path, units of the state.
    dt : float
        Time step, time units; 0 where there is no grid.
    parameters : dict
        What made the result (alpha, epsilon, basin, seed, ...): anything JSON can hold.
    seconds : float, default 0
        Wall-clock time of the simulation in seconds.
    exit_times : ndarray of float64, shape (paths,), optional
        Times, where they are not on a grid.

    Raises
    ------
    ValueError
        If an array has another type or shape, there are no paths, or a value is impossible.

    Notes
    -----
    The arrays are read-only views of the ones given, not copies. Paths that became infinite or
    NaN are excluded from every estimate: they are neither an escape nor a censored path.

    Examples
    --------
    >>> import numpy as np
    >>> result = EscapeTimes(
    ...     steps=np.array([10, 30, 50]),
    ...     status=np.array([1, 1, 2], dtype=np.int8),
    ...     exit_position=np.array([[1.2], [-1.1], [0.3]]),
    ...     dt=0.1,
    ...     parameters={"alpha": 1.5},
    ... )
    >>> result.escaped, result.censored, round(result.mean, 12)
    (2, 1, 4.5)
    >>> result
    EscapeTimes(paths=3, dim=1, escaped=2, censored=1, non_finite=0, dt=0.1)
    """

    steps: NDArray[np.int64]
    status: NDArray[np.int8]
    exit_position: NDArray[np.float64]
    dt: float
    parameters: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    exit_times: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Check every field and make the arrays read-only."""
        steps = _read_only("steps", self.steps, np.int64, 1)
        status = _read_only("status", self.status, np.int8, 1)
        position = _read_only("exit_position", self.exit_position, np.float64, 2)
        _check_arrays(steps, status, position)
        dt = _number("dt", self.dt)
        seconds = _number("seconds", self.seconds)
        times = self.exit_times
        if times is None and dt <= 0.0:
            raise ValueError(f"dt is {dt}; it must be positive")
        if times is not None:
            times = _read_only("exit_times", times, np.float64, 1)
            _check_times(times, status, dt)
        if seconds < 0.0:
            raise ValueError(f"seconds is {seconds}; it must not be negative")
        values = {
            "steps": steps,
            "status": status,
            "exit_position": position,
            "dt": dt,
            "parameters": json_copy(self.parameters),
            "seconds": seconds,
            "exit_times": times,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """Return the counts rather than the arrays."""
        counts = f"paths={self.paths}, dim={self.dim}, escaped={self.escaped}"
        return short_repr(
            self,
            f"{counts}, censored={self.censored}, non_finite={self.non_finite}, dt={self.dt:.6g}",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle through the constructor: arrays are read-only again when they arrive."""
        arguments = (self.steps, self.status, self.exit_position)
        return EscapeTimes, (*arguments, self.dt, self.parameters, self.seconds, self.exit_times)

    @property
    def times(self) -> NDArray[np.float64]:
        """Times, shape ``(paths,)``, time units; ``steps * dt`` on a grid, made at each call."""
        if self.exit_times is not None:
            return self.exit_times
        return np.multiply(self.steps, self.dt, dtype=np.float64)

    @property
    def paths(self) -> int:
        """Number of paths."""
        return len(self.steps)

    @property
    def dim(self) -> int:
        """Number of components of the state."""
        return int(self.exit_position.shape[1])

    @property
    def escaped(self) -> int:
        """Number of paths that escaped."""
        return self._count(Status.ESCAPED)

    @property
    def censored(self) -> int:
        """Number of paths still inside when their observation ended."""
        return self._count(Status.HORIZON)

    @property
    def non_finite(self) -> int:
        """Number of paths that became infinite or NaN."""
        return self._count(Status.NON_FINITE)

    @property
    def total_steps(self) -> int:
        """Number of steps of all paths together."""
        halves = self.steps >> 32, self.steps & 0xFFFFFFFF  # their sum can exceed 63 bits
        return (int(halves[0].sum()) << 32) + int(halves[1].sum())

    @property
    def mean(self) -> float:
        """Mean escape time, time units: `levysde.estimators.mean_time`."""
        return exit_times.mean_time(*self._observed())

    @property
    def rate(self) -> float:
        """Escapes per time unit: `levysde.estimators.exponential_rate`."""
        return exit_times.exponential_rate(*self._observed(), dt=self.dt)

    @property
    def digest(self) -> str:
        """SHA-256 of steps, dt and status in little-endian order, as 64 hexadecimal digits.

        Times that are not on a grid come last.

        Equal digests mean equal escape times, bit for bit, on any platform.
        """
        digest = hashlib.sha256()
        digest.update(self.steps.astype("<i8", copy=False).data)
        digest.update(struct.pack("<d", self.dt))
        digest.update(self.status.data)
        if self.exit_times is not None:
            digest.update(self.exit_times.astype("<f8", copy=False).data)
        return digest.hexdigest()

    @property
    def positions_digest(self) -> str:
        """SHA-256 of the positions at the end, little-endian, as 64 hexadecimal digits.

        Beside `digest`, which is about times: so that adding it changed no digest on record.
        """
        return hashlib.sha256(self.exit_position.astype("<f8", copy=False).data).hexdigest()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the estimates must know, as plain sentences; often empty."""
        escaped, censored, non_finite = self.escaped, self.censored, self.non_finite
        found = []
        if non_finite:
            found.append(
                f"{_paths_became(non_finite, self.paths)} infinite or NaN and "
                f"{'is' if non_finite == 1 else 'are'} excluded from every estimate."
            )
        if not escaped and not censored:
            found.append("No path is left to estimate from.")
        elif not escaped:
            found.append(
                f"No path escaped{self._until('before')}: the mean has a lower bound only."
            )
        elif escaped < _FEW_ESCAPES:
            found.append(
                f"Only {escaped} {'path' if escaped == 1 else 'paths'} escaped, fewer than "
                f"{_FEW_ESCAPES}: the estimates are rough."
            )
        if escaped and 2 * censored > escaped + censored:
            found.append(
                f"{censored} of {escaped + censored} paths were censored, more than half: "
                f"the mean relies on the exponential law beyond the horizon{self._until('of')}."
            )
        return tuple(found)

    def mean_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of the mean escape time.

        Parameters
        ----------
        level : float, default 0.95
            Confidence level, dimensionless.

        Returns
        -------
        Interval
            Bounds, time units: `levysde.estimators.mean_time_interval`.
        """
        return exit_times.mean_time_interval(*self._observed(), level=level)

    def rate_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of the rate.

        Parameters
        ----------
        level : float, default 0.95
            Confidence level, dimensionless.

        Returns
        -------
        Interval
            Bounds, per time unit: `levysde.estimators.exponential_rate_interval`.
        """
        return exit_times.exponential_rate_interval(*self._observed(), dt=self.dt, level=level)

    def survival(self, level: float = 0.95) -> Survival:
        """Kaplan-Meier estimate of the survival curve.

        Parameters
        ----------
        level : float, default 0.95
            Confidence level of the band, dimensionless.

        Returns
        -------
        Survival
            The curve against time: `levysde.estimators.survival`.
        """
        return exit_times.survival(*self._observed(), level=level)

    def exponentiality(
        self, clock: Callable[[FloatArray], FloatArray] | None = None
    ) -> Exponentiality:
        """Likelihood ratio test of the exponential law.

        Parameters
        ----------
        clock : callable, optional
            Operational time of an array of times, where the rate changes with time: that of
            `levysde.theory.varying_rate` is its `exposure`.

        Returns
        -------
        Exponentiality
            Statistic, p-value and shape: `levysde.estimators.exponentiality`.

        Raises
        ------
        ValueError
            If the clock is no function, or its times are not finite, negative or of another number.
        """
        times, escaped = self._observed()
        if clock is None:
            return exit_times.exponentiality(times, escaped, dt=self.dt)
        # An escape is counted in the middle of its step.
        operational = _operational(clock, np.where(escaped, times - 0.5 * self.dt, times))
        return exit_times.exponentiality(operational, escaped)

    def summary(self, prediction: Prediction | None = None) -> str:
        """The run, its estimates, its cost and its warnings, as `levysde escape` prints them.

        Parameters
        ----------
        prediction : Prediction, optional
            What `levysde.theory.predict` says, to stand beside the estimates.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If it is anything else.
        """
        from levysde.runs.escape_text import escape_text
        from levysde.runs.summary import Summary
        from levysde.theory import Prediction

        if prediction is not None:
            checks.instance("prediction", prediction, Prediction)
        text = escape_text(Summary(self, prediction))
        told = labeled([("warning", sentence) for sentence in self.warnings])
        return f"{text}\n\n{told}" if told else text

    def plot(
        self,
        kind: str = "survival",
        prediction: Prediction | None = None,
        basin: Basin | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the survival probability beside the theory, or the exit positions.

        Parameters
        ----------
        kind : {"survival", "exit_positions"}
            Which of `levysde.plots.survival_curve` and `levysde.plots.exit_positions`.
        prediction : Prediction, optional
            What `levysde.theory.predict` says; unless given, what it says of the parts on record,
            if they are built-in ones.
        basin : Basin, optional
            What was left, for its boundary; unless given, as the record has it.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a figure of its own.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ValueError
            If the kind is unknown, or there is nothing to draw.
        """
        from levysde.report.kinds import draw_result

        return draw_result(self, kind, prediction, basin, ax)

    def to_dict(self) -> dict[str, Any]:
        """The estimates as values that JSON can hold; `save` keeps the paths.

        Returns
        -------
        dict
            With the keys paths, escaped, censored, non_finite, dt, mean_exit_time, mean_ci95, rate,
            rate_ci95, steps, seconds, digest, warnings and parameters; the names are those of
            `levysde escape --json`.
        """
        from levysde.runs.summary import Summary

        found = Summary(self, None)
        facts: dict[str, Any] = plain(
            {
                "paths": self.paths,
                "escaped": self.escaped,
                "censored": self.censored,
                "non_finite": self.non_finite,
                "dt": self.dt or None,
                "mean_exit_time": found.mean,
                "mean_ci95": found.mean_interval or (None, None),
                "rate": found.rate,
                "rate_ci95": found.rate_interval or (None, None),
                "steps": self.total_steps,
                "seconds": self.seconds,
                "digest": self.digest,
                "warnings": self.warnings,
                "parameters": self.parameters,
            }
        )
        return facts

    def _rows(self) -> list[Row]:
        facts = self.to_dict()
        pairs = (("mean_exit_time", "mean_ci95"), ("rate", "rate_ci95"))
        return [
            {"quantity": name, "value": facts[name], "lower": facts[ci][0], "upper": facts[ci][1]}
            for name, ci in pairs
        ]

    def _frame(self) -> dict[str, Any]:
        """One line a path: time, status and exit_0, exit_1, ..."""
        names = {int(status): status.name.lower() for status in Status}
        return {
            "time": self.times,
            "status": [names[value] for value in self.status.tolist()],
            **{f"exit_{j}": self.exit_position[:, j] for j in range(self.dim)},
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the result to an ``.npz`` file that `load` reads back bit for bit.

        The file appears complete or not at all: a write that fails leaves an earlier file of
        that name as it was.

        Parameters
        ----------
        path : str or path-like
            Where to write; ``.npz`` is added if the name does not end in it.

        Returns
        -------
        pathlib.Path
            The path of the file written.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        return save_archive(path, self._write)

    def _until(self, word: str) -> str:
        """A default horizon with its reason, after a word; nothing where the user gave it."""
        reason = self.parameters.get("horizon_reason", "given")
        if reason == "given":
            return ""
        return f" {word} {self.parameters['horizon']:.5g} ({reason})"

    def _count(self, status: Status) -> int:
        return int(np.count_nonzero(self.status == status))

    def _observed(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return times and escapes of the paths that stayed finite."""
        escaped = self.status == Status.ESCAPED
        finite = self.status != Status.NON_FINITE
        if finite.all():
            return self.times, escaped
        if not finite.any():
            raise ValueError(
                f"{_paths_became(self.paths, self.paths)} infinite or NaN: "
                "there is nothing to estimate from"
            )
        return self.times[finite], escaped[finite]

    def _write(self, file: BinaryIO) -> None:
        header = {
            "format": _FORMAT,
            "version": _GRID_VERSION if self.exit_times is None else _VERSION,
            "paths": self.paths,
            "dim": self.dim,
            "dt": self.dt,
            "seconds": self.seconds,
            "parameters": self.parameters,
        }
        arrays: tuple[NDArray[Any], ...] = (self.steps, self.status, self.exit_position)
        if self.exit_times is not None:
            arrays = (*arrays, self.exit_times)
        write_archive(file, header, arrays, _ARRAYS)


def load(path: str | os.PathLike[str]) -> EscapeTimes:
    """Read a result that `EscapeTimes.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    EscapeTimes
        The result, bit for bit as it was saved.

    Raises
    ------
    FileNotFoundError
        If there is no such file; another `OSError` if it cannot be read.
    ValueError
        If the file is not a complete and consistent result of this format; the message names
        the file and what is wrong with it.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> result = EscapeTimes(np.array([3]), np.array([1], np.int8), np.array([[1.5]]), dt=0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     copy = load(result.save(f"{folder}/run"))
    >>> copy.digest == result.digest
    True
    """
    return read_archive(path, _read)


def _operational(clock: object, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a clock makes of times."""
    if not callable(clock):
        raise ValueError(f"clock is {checks.told(clock)}; give a function of an array of times")
    found = np.asarray(clock(times))
    if found.shape != times.shape or found.dtype.kind not in "fiu":
        raise ValueError(
            f"the clock gave an array of shape {found.shape} and type {found.dtype} for "
            f"{len(times)} times; give one number for each"
        )
    if not (np.isfinite(found) & (found >= 0.0)).all():
        wrong = float(found[~(np.isfinite(found) & (found >= 0.0))][0])
        raise ValueError(f"the clock gave {wrong:g}; give times that are finite and not negative")
    return found.astype(np.float64)


def _read(file: BinaryIO) -> EscapeTimes:
    """Read a result from an open file; every check precedes the allocation it protects."""
    with zipfile.ZipFile(file) as archive:
        tables = (_GRID_ARRAYS, _ARRAYS)
        timed = check_members(archive, os.fstat(file.fileno()).st_size, tables) == 1
        header = read_header(archive, _FORMAT, _VERSION, _HEADER_KEYS, ("paths", "dim"))
        if timed != (header["version"] > _GRID_VERSION):
            refuse(f"its members are not those of version {header['version']} of the format")
        paths = (header["paths"],)

        def array(name: str, *shape: int) -> NDArray[Any]:
            return read_array(archive, name, _ARRAYS[name], (*paths, *shape))

        return EscapeTimes(
            steps=array("steps"),
            status=array("status"),
            exit_position=array("exit_position", header["dim"]),
            dt=header["dt"],
            parameters=header["parameters"],
            seconds=header["seconds"],
            exit_times=array("exit_times") if timed else None,
        )


def _check_arrays(
    steps: NDArray[np.int64], status: NDArray[np.int8], position: NDArray[np.float64]
) -> None:
    """Check that the arrays of a result fit together and hold possible values."""
    if steps.size == 0:
        raise ValueError("steps is empty; a result has at least one path")
    if status.shape != steps.shape:
        raise ValueError(f"status has shape {status.shape} but steps has shape {steps.shape}")
    if position.shape[0] != steps.size or position.shape[1] == 0:
        raise ValueError(
            f"exit_position has shape {position.shape}; it must be ({steps.size}, dim)"
        )
    if steps.min() < 0 or steps.max() > _LARGEST_STEP:
        raise ValueError("steps must be between 0 and 2^53 for every path")
    if status.min() < Status.ESCAPED or status.max() > Status.NON_FINITE:
        raise ValueError("status must be 1 (escaped), 2 (horizon) or 3 (non-finite) for every path")


def _check_times(times: NDArray[np.float64], status: NDArray[np.int8], dt: float) -> None:
    """Check that times beside a grid fit the other arrays and are possible."""
    if dt != 0.0:
        raise ValueError(f"dt is {dt} with exit_times; times that are not on a grid have dt = 0")
    if times.shape != status.shape:
        raise ValueError(f"exit_times has shape {times.shape} but status has shape {status.shape}")
    if not (np.isfinite(times).all() and times.min() >= 0.0):
        raise ValueError("exit_times must be finite and not negative for every path")


def _read_only(name: str, array: Any, dtype: type[np.generic], ndim: int) -> NDArray[Any]:
    """Return a contiguous read-only view, or a copy where the array is not contiguous."""
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != ndim:
        raise ValueError(f"{name} must be a {ndim}-dimensional array of {np.dtype(dtype).name}")
    view = np.ascontiguousarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view


def _number(name: str, value: Any) -> float:
    """Return a finite float."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ValueError(f"{name} must be a number; it is {value!r:.60}")
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError(f"{name} must be finite") from error
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}; it must be finite")
    return number


def _paths_became(count: int, paths: int) -> str:
    return f"{count} of {paths} {'path' if paths == 1 else 'paths'} became"
