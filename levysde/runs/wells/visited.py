"""What paths between several wells did, and what it says about rates and shares of time."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._printed import Printed
from levysde._text import Row, plain
from levysde._typing import FloatArray
from levysde.runs.archive import (
    check_members,
    json_copy,
    read_archive,
    read_array,
    read_header,
    save_archive,
    write_archive,
)
from levysde.runs.wells.consistency import check_lines, check_numbers
from levysde.statistics import occupation
from levysde.statistics.occupation import Estimates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from levysde.theory import TransitionRates

__all__ = ["Visits", "load_visits"]

IntArray = npt.NDArray[np.int64]

_FORMAT, _VERSION = "levysde visits", 1
_ARRAYS = {
    "header": "|u1",
    "minima": "<f8",
    "path": "<i8",
    "time": "<f8",
    "origin": "<i8",
    "target": "<i8",
}
_COUNTS = ("paths", "lost", "start")
_NUMBERS = ("horizon", "dt")
_SIZES = ("wells", "dim", "transitions")
_HEADER_KEYS = {"format", "version", *_SIZES, *_COUNTS, *_NUMBERS, "parameters"}
_LINES = ("path", "time", "origin", "target")
_SCREEN = 14


@dataclass(frozen=True, eq=False, repr=False)
class Visits(Printed):
    """Entries of wells by many independent paths, up to a horizon.

    A visit of a well begins when a path comes near its minimum, and ends when it comes near
    another one: what it does in between belongs to the well that it came from.

    Attributes
    ----------
    minima : ndarray, shape (wells, dim)
        The minima.
    start : int
        The well in which paths begin.
    horizon : float
        Time for which every path is followed.
    paths : int
        Number of paths.
    path : ndarray of int64, shape (transitions,)
        Which path made a transition; sorted, and for each path by time.
    time : ndarray, shape (transitions,)
        When.
    origin, target : ndarray of int64, shape (transitions,)
        From which well to which.
    lost : int
        Paths that became infinite or NaN; they are left out of everything here.
    dt : float
        Step, time; 0 where there is no grid.
    parameters : dict
        What made the result, JSON values.

    Raises
    ------
    ValueError
        If an array has another shape, or lines are not those of paths from well to well.
    """

    minima: FloatArray
    start: int
    horizon: float
    paths: int
    path: IntArray
    time: FloatArray
    origin: IntArray
    target: IntArray
    lost: int
    dt: float
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that lines are those of paths, and make arrays read-only."""
        for name in ("minima", *_LINES):
            dtype = np.float64 if name in ("minima", "time") else np.int64
            view = np.ascontiguousarray(getattr(self, name), dtype=dtype).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        object.__setattr__(self, "parameters", json_copy(self.parameters))
        check_numbers(self, _COUNTS, _NUMBERS)
        check_lines(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle through the constructor: arrays are read-only again when they arrive."""
        return Visits, tuple(getattr(self, name) for name in self.__dataclass_fields__)

    def __repr__(self) -> str:
        """Return the numbers of wells, paths and transitions."""
        return (
            f"Visits(wells={self.wells}, paths={self.paths}, transitions={len(self.time)}, "
            f"horizon={self.horizon:g}, lost={self.lost})"
        )

    @property
    def wells(self) -> int:
        """Number of wells."""
        return len(self.minima)

    @property
    def digest(self) -> str:
        """SHA-256 of all lines, little-endian, and of the numbers of paths and the horizon.

        Equal digests mean the same transitions at the same times, bit for bit, on any platform.
        """
        digest = hashlib.sha256()
        digest.update(struct.pack("<qqqdd", *(getattr(self, n) for n in (*_COUNTS, *_NUMBERS))))
        for name in _LINES:
            digest.update(getattr(self, name).astype(_ARRAYS[name], copy=False).data)
        return digest.hexdigest()

    @property
    def counts(self) -> IntArray:
        """Numbers of transitions, shape (wells, wells): from the row to the column."""
        found = np.zeros((self.wells, self.wells), np.int64)
        np.add.at(found, (self.origin, self.target), 1)
        return found

    @property
    def times(self) -> FloatArray:
        """Time that each path spent in each well, shape (paths, wells)."""
        spent = np.zeros((self.paths, self.wells))
        begun, well = np.zeros(self.paths), np.full(self.paths, self.start)
        first = np.ones(len(self.path), dtype=bool)
        first[1:] = self.path[1:] != self.path[:-1]
        before = np.where(first, 0.0, np.concatenate([[0.0], self.time[:-1]])[: len(self.time)])
        np.add.at(spent, (self.path, self.origin), self.time - before)
        last = np.concatenate([first[1:], [True]])[: len(self.path)]
        begun[self.path[last]], well[self.path[last]] = self.time[last], self.target[last]
        np.add.at(spent, (np.arange(self.paths), well), self.horizon - begun)
        return spent

    def residence_times(self, well: int) -> FloatArray:
        """How long complete visits of a well lasted: those that began and ended in time.

        Parameters
        ----------
        well : int
            Number of the well.

        Returns
        -------
        ndarray, shape (visits,)
            Times; short ones are seen more often than they are frequent where the horizon is not
            long, and rates take that into account.
        """
        well = checks.whole_number("well", well, 0, self.wells - 1)
        follows = np.zeros(len(self.path), dtype=bool)
        follows[1:] = self.path[1:] == self.path[:-1]
        lasted = self.time - np.where(follows, np.concatenate([[0.0], self.time[:-1]]), 0.0)
        return np.asarray(lasted[self.origin == well])

    def rates(self, level: float = 0.95) -> Estimates:
        """Transitions per unit time in the well of origin, with intervals.

        Parameters
        ----------
        level : float
            Of the intervals, dimensionless.

        Returns
        -------
        Estimates, shape (wells, wells)
            1/time, as `levysde.statistics.occupation.transition_rates_of` has them.
        """
        return occupation.transition_rates_of(self.counts, self.times.sum(axis=0), level)

    def next_wells(self, level: float = 0.95) -> Estimates:
        """Shares of the wells that follow one another, with intervals.

        Parameters
        ----------
        level : float
            Of the intervals, dimensionless.

        Returns
        -------
        Estimates, shape (wells, wells)
            Dimensionless, from the row to the column.
        """
        return occupation.transition_shares(self.counts, level)

    def occupation(self, level: float = 0.95) -> Estimates:
        """Shares of the time up to the horizon that paths spend in each well, with intervals.

        Paths begin in one well: the shares are stationary ones where many transitions were made.

        Parameters
        ----------
        level : float
            Of the intervals, dimensionless.

        Returns
        -------
        Estimates, shape (wells,)
            Dimensionless.
        """
        return occupation.occupation_shares(self.times, level)

    def table(self, rates: npt.ArrayLike | None = None) -> list[dict[str, Any]]:
        """A line for each pair of wells, with what a theory says of it.

        Parameters
        ----------
        rates : array_like, shape (wells, wells), optional
            Predicted rates, 1/time, such as `levysde.theory.transition_rates` has them.

        Returns
        -------
        list of dict
            With the keys origin, target, transitions, rate, lower, upper, and with a prediction
            predicted and ratio.
        """
        from levysde.runs.wells.pairs import lines_of_pairs

        return lines_of_pairs(self, rates)

    def summary(self, predicted: TransitionRates | None = None) -> str:
        """The setting, the rates and the shares of time, as `levysde wells` prints them.

        Parameters
        ----------
        predicted : TransitionRates, optional
            What `levysde.theory.transition_rates` says.

        Returns
        -------
        str
        """
        from levysde.runs.wells.visits_text import visits_text

        return visits_text(self, predicted, most=_SCREEN)

    def plot(
        self, predicted: TransitionRates | None = None, figure: Figure | None = None
    ) -> npt.NDArray[Any]:
        """Draw the shares of time and the rates of transitions, by `levysde.plots.visits`.

        Parameters
        ----------
        predicted : TransitionRates, optional
            What `levysde.theory.transition_rates` says.
        figure : matplotlib.figure.Figure, optional
            Where to draw; by default one of its own.

        Returns
        -------
        ndarray of matplotlib.axes.Axes, shape (2,)
        """
        from levysde import plots

        return plots.visits(self, predicted, figure)

    def _rows(self) -> list[Row]:
        return [{name: plain(value) for name, value in line.items()} for line in self.table()]

    def to_dict(self, rates: npt.ArrayLike | None = None) -> dict[str, Any]:
        """What the result says, as JSON values.

        Parameters
        ----------
        rates : array_like, shape (wells, wells), optional
            Predicted rates, 1/time, as for `table`.

        Returns
        -------
        dict
            With the keys minima, horizon, paths, lost, dt, digest, rates (the lines of `table`),
            occupation, occupation_ci95 and parameters.
        """
        share = self.occupation()
        facts: dict[str, Any] = {
            "minima": self.minima.tolist(),
            "horizon": self.horizon,
            "paths": self.paths,
            "lost": self.lost,
            "dt": self.dt,
            "digest": self.digest,
            "rates": self.table(rates),
            "occupation": share.value.tolist(),
            "occupation_ci95": [share.lower.tolist(), share.upper.tolist()],
            "parameters": self.parameters,
        }
        return {name: plain(value) for name, value in facts.items()}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the result to an ``.npz`` file that `load_visits` reads back bit for bit.

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

    def _write(self, file: BinaryIO) -> None:
        sizes = (self.wells, self.minima.shape[1], len(self.time))
        header = {
            "format": _FORMAT,
            "version": _VERSION,
            **dict(zip(_SIZES, sizes, strict=True)),
            **{name: getattr(self, name) for name in (*_COUNTS, *_NUMBERS)},
            "parameters": self.parameters,
        }
        write_archive(file, header, [getattr(self, n) for n in ("minima", *_LINES)], _ARRAYS)


def load_visits(path: str | os.PathLike[str]) -> Visits:
    """Read a result that `Visits.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    Visits
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
    >>> one, two = np.array([0]), np.array([1])
    >>> found = Visits(np.array([[-1.0], [1.0]]), 0, 9.0, 1, one, np.array([2.5]), one, two, 0, 0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     copy = load_visits(found.save(f"{folder}/run"))
    >>> copy.digest == found.digest, copy.counts.tolist()
    (True, [[0, 1], [0, 0]])
    """
    return read_archive(path, _read)


def _read(file: BinaryIO) -> Visits:
    """Read a result from an open file; every check precedes the allocation it protects."""
    with zipfile.ZipFile(file) as archive:
        check_members(archive, os.fstat(file.fileno()).st_size, [_ARRAYS])
        header = read_header(archive, _FORMAT, _VERSION, _HEADER_KEYS, ("wells", "dim", "paths"))
        minima = read_array(archive, "minima", "<f8", (header["wells"], header["dim"]))
        lines: dict[str, Any] = {
            name: read_array(archive, name, _ARRAYS[name], (header["transitions"],), fewest=0)
            for name in _LINES
        }
        numbers = {name: header[name] for name in (*_COUNTS, *_NUMBERS, "parameters")}
        return Visits(minima=minima, **lines, **numbers)
