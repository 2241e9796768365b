"""What paths between several wells did, and what it says about rates and shares of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray
from levysde.statistics import occupation
from levysde.statistics.occupation import Estimates

__all__ = ["Visits"]

IntArray = npt.NDArray[np.int64]

_SIGNIFICANT = 4


@dataclass(frozen=True, eq=False, repr=False)
class Visits:
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
        What made the result.
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
        found, counts = self.rates(), self.counts
        predicted = None if rates is None else np.asarray(rates, dtype=np.float64)
        lines = []
        for i in range(self.wells):
            for j in range(self.wells):
                if i == j:
                    continue
                line: dict[str, Any] = {
                    "origin": i,
                    "target": j,
                    "transitions": int(counts[i, j]),
                    "rate": float(found.value[i, j]),
                    "lower": float(found.lower[i, j]),
                    "upper": float(found.upper[i, j]),
                }
                if predicted is not None:
                    expected = float(predicted[i, j])
                    line["predicted"] = expected
                    line["ratio"] = line["rate"] / expected if expected > 0.0 else float("nan")
                lines.append(line)
        return lines
