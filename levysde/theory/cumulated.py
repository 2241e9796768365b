"""Integrals of a rate from 0 on, piece by piece, through jumps and over many powers of ten."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.polynomial import legendre

from levysde.theory.protocols import Vector

_ORDER = 9
# Lobatto's nodes have both ends among them, so that no jump hides between a node and an end.
_NODES = np.array([-1.0, *legendre.Legendre.basis(_ORDER - 1).deriv().roots(), 1.0])
_WEIGHTS = 2.0 / (
    _ORDER * (_ORDER - 1.0) * legendre.legval(_NODES, [0.0] * (_ORDER - 1) + [1.0]) ** 2
)
_FITTED = np.linalg.inv(legendre.legvander(_NODES, _ORDER - 1))
_INTEGRAL = np.stack([legendre.legint(row, lbnd=-1.0) for row in np.eye(_ORDER)], axis=1) @ _FITTED
"""From values at the nodes to the coefficients of the integral from -1 on."""
_ERROR = 1e-11
"""Error of a piece, relative to the integral up to its end."""
_ROUNDING = 1e-14
_NARROWEST = 4.0 * np.finfo(np.float64).eps
_MOST_PIECES = 20_000
_OCTAVES = 40
_EVEN, _EVEN_LATER = 64, 16


@dataclass(eq=False)
class Cumulated:
    """The integral of a function from 0 to any time up to an end that can be moved on.

    A piece is halved until the nine-point Lobatto rule on both halves agrees with that on the whole
    to 1e-11 of the integral so far: halving closes in on jumps. The polynomial through the
    values of a piece gives the integral up to every time in it.

    Parameters
    ----------
    function : callable
        Takes a time and returns a number that is not negative.
    end : float
        How far the integral is known.
    together : callable, optional
        The function of an array of times, where that is faster.

    Examples
    --------
    >>> integral = Cumulated(lambda t: 1.0 if t < 0.3 else 2.0)
    >>> integral.reach(1.0)
    >>> integral(np.array([0.2, 0.3, 1.0])).round(10).tolist()
    [0.2, 0.3, 1.7]
    """

    function: Callable[[float], float]
    end: float = 0.0
    total: float = 0.0
    together: Callable[[Vector], list[float]] | None = None
    _starts: list[float] = field(default_factory=list)
    _ends: list[float] = field(default_factory=list)
    _before: list[float] = field(default_factory=list)
    _values: list[Vector] = field(default_factory=list)
    _arrays: tuple[Vector, Vector, Vector, Vector] | None = None

    def reach(self, end: float) -> None:
        """Move the end on.

        Parameters
        ----------
        end : float
            Time.

        Raises
        ------
        ValueError
            If the function changes too often to be integrated.
        """
        if end <= self.end:
            return
        even = np.linspace(self.end, end, (_EVEN_LATER if self.end else _EVEN) + 1)
        octaves = end * 0.5 ** np.arange(_OCTAVES)
        edges = np.unique([*even, *octaves[octaves > self.end]])
        for start, stop in pairwise(edges):
            self._add(float(start), float(stop))
        self.end = end
        self._arrays = None

    def __call__(self, times: Vector) -> Vector:
        """Return the integral up to times that the end has reached.

        Parameters
        ----------
        times : ndarray
            Times.

        Returns
        -------
        ndarray, shape of times
        """
        flat = np.asarray(times, dtype=np.float64).ravel()
        if not self._starts:
            return np.zeros(np.shape(times))
        starts, halves, before, coefficients = self._pieces()
        piece = np.clip(np.searchsorted(starts, flat, side="right") - 1, 0, None)
        half = halves[piece]
        unit = np.clip((flat - starts[piece]) / half - 1.0, -1.0, 1.0)
        inside = half * legendre.legval(unit, coefficients[:, piece], tensor=False)
        return np.reshape(before[piece] + inside, np.shape(times))

    def copied(self) -> Cumulated:
        """A copy, whose end can be moved on alone.

        Returns
        -------
        Cumulated
        """
        return replace(
            self,
            _starts=[*self._starts],
            _ends=[*self._ends],
            _before=[*self._before],
            _values=[*self._values],
        )

    def _pieces(self) -> tuple[Vector, Vector, Vector, Vector]:
        if self._arrays is None:
            starts = np.array(self._starts)
            halves = 0.5 * (np.array(self._ends) - starts)
            coefficients = _INTEGRAL @ np.array(self._values).T
            self._arrays = starts, halves, np.array(self._before), coefficients
        return self._arrays

    def _add(self, start: float, stop: float) -> None:
        whole = self._at(start, stop)
        scale, most = 0.0, len(self._starts) + _MOST_PIECES
        waiting = [(start, stop, whole)]
        while waiting:
            a, b, values = waiting.pop()
            middle = 0.5 * (a + b)
            halves = ((a, middle, self._at(a, middle)), (middle, b, self._at(middle, b)))
            coarse = _sum(a, b, values)
            fine = sum(_sum(*half) for half in halves)
            # The first refinement says how large the integral over all of it is.
            scale = max(scale, self.total + fine)
            near = abs(fine - coarse) <= max(_ERROR * scale, _ROUNDING * fine)
            if near or b - a <= _NARROWEST * b:
                self._keep(halves)
            else:
                waiting += reversed(halves)
            if len(self._starts) + len(waiting) > most:
                raise ValueError(
                    f"the rate changes too often near t = {a:.6g} to be integrated; give a "
                    "schedule that knows its own integral"
                )

    def _keep(self, pieces: Iterable[tuple[float, float, Vector]]) -> None:
        for a, b, values in pieces:
            self._starts.append(a)
            self._ends.append(b)
            self._before.append(self.total)
            self._values.append(values)
            self.total += _sum(a, b, values)

    def _at(self, start: float, stop: float) -> Vector:
        times = start + 0.5 * (stop - start) * (1.0 + _NODES)
        if self.together is not None:
            return np.array(self.together(times))
        return np.array([self.function(float(t)) for t in times])


def _sum(start: float, stop: float, values: Vector) -> float:
    return 0.5 * (stop - start) * float(_WEIGHTS @ values)
