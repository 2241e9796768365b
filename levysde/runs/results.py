"""The result of a simulation of escape times, and its file.

A file is an ordinary uncompressed ``.npz`` archive (``numpy.load`` opens it) of four arrays:
``header`` (JSON text as bytes), ``steps``, ``status`` and ``exit_position``, and where times are
not on a grid a fifth, ``exit_times``. Nothing in it is pickled. `load` reads files of unknown
origin: it allocates no more memory than the file is long, and whatever is wrong with a file is a
`ValueError` that names the file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from levysde import checks
from levysde._typing import FloatArray
from levysde.engine.status import Status
from levysde.runs.files import BROKEN_NPY, write_atomically
from levysde.statistics import exit_times
from levysde.statistics.exit_times import Exponentiality, Interval, Survival

__all__ = ["EscapeTimes", "Status", "load"]

_FORMAT = "levysde escape times"
_GRID_VERSION, _VERSION = 1, 2
_GRID_ARRAYS = {"header": "|u1", "steps": "<i8", "status": "|i1", "exit_position": "<f8"}
_ARRAYS = {**_GRID_ARRAYS, "exit_times": "<f8"}
_HEADER_KEYS = {"format", "version", "paths", "dim", "dt", "seconds", "parameters"}
_HEADER_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_FEW_ESCAPES = 30
# Steps are exact as float64 below this, so that times = steps * dt are rounded once.
_LARGEST_STEP = 1 << 53


@dataclass(frozen=True, eq=False, repr=False)
class EscapeTimes:
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
            "parameters": _json_copy(self.parameters),
            "seconds": seconds,
            "exit_times": times,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """Return the counts and the mean rather than the arrays."""
        return (
            f"EscapeTimes(paths={self.paths}, dim={self.dim}, escaped={self.escaped}, "
            f"censored={self.censored}, non_finite={self.non_finite}, dt={self.dt})"
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
        _check_name(path)
        target = Path(path)
        if target.suffix.lower() != ".npz":
            target = target.with_name(target.name + ".npz")
        write_atomically(target, self._write)
        return target

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
        text = np.frombuffer(json.dumps(header, allow_nan=False).encode(), dtype=np.uint8)
        arrays: tuple[NDArray[Any], ...] = (text, self.steps, self.status, self.exit_position)
        if self.exit_times is not None:
            arrays = (*arrays, self.exit_times)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for (name, dtype), array in zip(_ARRAYS.items(), arrays, strict=False):
                # A ZipInfo made by hand carries no clock time: equal results, equal files.
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                    npy.write_array(member, array.astype(dtype, copy=False), allow_pickle=False)


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
    _check_name(path)
    with open(path, "rb", opener=_open_without_waiting) as file:
        try:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                _refuse("it is not an ordinary file")
            return _read(file)
        except _BROKEN_ZIP as error:
            reason = f"it is not a complete npz archive ({str(error) or 'it ends early'})"
            raise ValueError(f"{os.fspath(path)} cannot be loaded: {reason}") from error
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)} cannot be loaded: {error}") from error
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            # The archive points to where no file can have a byte.
            raise ValueError(f"{os.fspath(path)} cannot be loaded: {error.strerror}") from error


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


def _check_name(path: object) -> None:
    """Refuse what is no name of a file: a whole number would be an open file of this process."""
    if not isinstance(path, str | os.PathLike) or "\0" in os.fspath(path):
        raise ValueError(f"path is {path!r:.80}; give the name of a file")


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file; of a pipe that nobody writes to, do not wait for the other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


# What zipfile raises for damaged archives besides plain ValueError.
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OverflowError,
    UnicodeDecodeError,
    struct.error,
)


def _read(file: BinaryIO) -> EscapeTimes:
    """Read a result from an open file; every check precedes the allocation it protects."""
    with zipfile.ZipFile(file) as archive:
        timed = _check_members(archive, os.fstat(file.fileno()).st_size)
        header = _parse_header(_read_array(archive, "header", None).tobytes())
        if timed != (header["version"] > _GRID_VERSION):
            _refuse(f"its members are not those of version {header['version']} of the format")
        paths = (header["paths"],)
        return EscapeTimes(
            steps=_read_array(archive, "steps", paths),
            status=_read_array(archive, "status", paths),
            exit_position=_read_array(archive, "exit_position", (*paths, header["dim"])),
            dt=header["dt"],
            parameters=header["parameters"],
            seconds=header["seconds"],
            exit_times=_read_array(archive, "exit_times", paths) if timed else None,
        )


def _check_members(archive: zipfile.ZipFile, file_bytes: int) -> bool:
    """Check names, storage and declared sizes of all members before any is opened.

    Return whether times are among them.
    """
    members = archive.infolist()
    names = sorted(member.filename for member in members)
    expected = sorted(f"{name}.npy" for name in _GRID_ARRAYS)
    timed = sorted(f"{name}.npy" for name in _ARRAYS)
    if names not in (expected, timed):
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        _refuse(f"its members must be {', '.join(expected)}; it has {shown[:400] or 'none'}")
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            _refuse(f"its member {member.filename} is compressed; results are stored plainly")
        if not 0 <= member.header_offset < file_bytes:
            _refuse(f"its member {member.filename} is said to lie outside the file")
    if sum(member.file_size for member in members) > file_bytes:
        _refuse("its members claim to be larger than the file")
    return names == timed


def _read_array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...] | None) -> NDArray[Any]:
    """Read one member whose type, and shape unless it is None, are known beforehand."""
    size = archive.getinfo(f"{name}.npy").file_size
    with archive.open(f"{name}.npy") as member:
        try:
            if npy.read_magic(member) != (1, 0):
                _refuse("it is not of npy version 1.0")
            found, fortran, dtype = npy.read_array_header_1_0(member)
        except BROKEN_NPY as error:
            raise ValueError(f"{name} has no readable npy header") from error
        if dtype.hasobject or dtype.str != _ARRAYS[name]:
            _refuse(f"{name} must be of type {_ARRAYS[name]}; its type is {dtype.str}")
        if (shape is not None and found != shape) or len(found) != len(shape or (0,)) or fortran:
            _refuse(f"{name} must have shape {shape or '(bytes,)'}; its shape is {found}")
        if min(found) < 1 or math.prod(found) * dtype.itemsize != size - member.tell():
            _refuse(f"{name} does not have the size that its npy header claims")
        if name == "header" and size > _HEADER_BYTES:
            _refuse("its header is longer than a megabyte")
        array = np.empty(found, dtype=dtype)
        _fill(array, member, name)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _fill(array: NDArray[Any], member: Any, name: str) -> None:
    """Read bytes into an array in chunks; the last one also verifies the checksum."""
    bytes_left = array.reshape(-1).view(np.uint8).data
    while bytes_left:
        chunk = member.read(min(len(bytes_left), _CHUNK_BYTES))
        if not chunk:
            _refuse(f"{name} is truncated")
        bytes_left[: len(chunk)] = chunk
        bytes_left = bytes_left[len(chunk) :]


def _parse_header(text: bytes) -> dict[str, Any]:
    """Return the JSON header, its fields checked one by one."""
    try:
        header = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header is not valid JSON ({error})") from error
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        _refuse(f"its header is not that of {_FORMAT}")
    version = header.get("version")
    if type(version) is not int or version < 1:
        _refuse("its header has no version number")
    if version > _VERSION:
        _refuse(
            f"it has version {version} of the format, and this levysde reads version "
            f"{_VERSION}; a newer levysde wrote it"
        )
    if header.keys() != _HEADER_KEYS:
        _refuse(f"its header must have exactly the fields {', '.join(sorted(_HEADER_KEYS))}")
    for name in ("paths", "dim"):
        if type(header[name]) is not int or header[name] < 1:
            _refuse(f"{name} in its header is not a positive integer")
    return header


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


def _json_copy(parameters: Any) -> dict[str, Any]:
    """Return what would be read back from a file, so that saving changes nothing."""
    if not isinstance(parameters, dict):
        raise ValueError("parameters must be a dict")
    try:
        text = json.dumps(parameters, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"parameters must hold only what JSON can hold ({error})") from error
    if len(text) > _HEADER_BYTES // 2:
        raise ValueError("parameters must be shorter than half a megabyte as JSON")
    copy: dict[str, Any] = json.loads(text)
    return copy


def _paths_became(count: int, paths: int) -> str:
    return f"{count} of {paths} {'path' if paths == 1 else 'paths'} became"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _refuse(reason: str) -> NoReturn:
    raise ValueError(reason)
