"""Where the gradient of a potential vanishes: minima, and the saddles that join them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._printed import Printed
from levysde._text import Row, counted, number, table
from levysde._typing import FloatArray
from levysde.potentials import Potential

__all__ = ["Landscape", "find_minima"]

_STARTS = 200
_MOST_SHOWN, _MOST_COORDINATES = 30, 4
_STEPS = 10.0 ** -np.arange(3.0, 11.0)
"""Of the differences that give the curvature, over the size of the region."""

_MOST_PAIRS = 100
_SHARES_BETWEEN = (0.25, 0.5, 0.75)
"""Pairs of points between which more are looked for, and where."""

_SAME = 1e-6
"""Points nearer than this are one, and known so well, over the size of the region."""

_SOLVED = 1e-8
"""Largest gradient of a stationary point, over the typical one in the region."""

_FLAT = 1e-6
"""Curvatures below are taken for 0, over the largest."""

_OFF_SADDLE = 1e-3
"""Where the flow from a saddle begins, over the distance of the nearest other point."""

_FLOW_TIMES = 60.0
"""How long the flow from a saddle is followed, in units of 1 over the smallest curvature."""


@dataclass(frozen=True, eq=False, repr=False)
class Landscape(Printed):
    """Minima of a potential in a region, and its saddles.

    Attributes
    ----------
    minima : ndarray, shape (minima, dim)
        Sorted by the value of the potential where it has one, else by their first coordinates.
    curvatures : ndarray, shape (minima, dim)
        Eigenvalues of the Hessian at each minimum, 1/time, rising.
    saddles : ndarray, shape (saddles, dim)
        Points with one direction of descent.
    joined : ndarray of int, shape (saddles, 2)
        The minima at which the flow from each saddle ends, on both sides; -1 where it is none of
        those found.
    """

    minima: FloatArray
    curvatures: FloatArray
    saddles: FloatArray
    joined: npt.NDArray[np.int64]

    def __repr__(self) -> str:
        """Return the numbers of points."""
        minima, dim = self.minima.shape
        return f"Landscape(minima={minima}, saddles={len(self.saddles)}, dim={dim})"

    def summary(self) -> str:
        """The minima and saddles as text, the first of them where there are many.

        Returns
        -------
        str
        """
        rows: list[tuple[str, ...]] = [("", "point", "smallest curvature", "joins")]
        for line in self._rows()[:_MOST_SHOWN]:
            point = [f"{x:.6g}" for name, x in line.items() if name.startswith("x_")]
            place = ", ".join(point[:_MOST_COORDINATES])
            place += ", ..." if len(point) > _MOST_COORDINATES else ""
            curvature = line["smallest_curvature"]
            shown = "" if curvature is None else number(curvature)
            rows.append((line["kind"], place, shown, line["joined"] or ""))
        found = len(self.minima) + len(self.saddles)
        more = f"\n  ... and {found - _MOST_SHOWN} more" if found > _MOST_SHOWN else ""
        head = (
            f"{counted(len(self.minima), 'minimum', 'minima')} and "
            f"{counted(len(self.saddles), 'saddle', 'saddles')}"
        )
        return f"{head}\n\n{table(rows, right=(2,))}{more}"

    def _rows(self) -> list[Row]:
        lines: list[Row] = []
        for point, curvatures in zip(self.minima, self.curvatures, strict=True):
            end: Row = {"smallest_curvature": float(curvatures.min()), "joined": None}
            lines.append({"kind": "minimum", **_coordinates(point), **end})
        for point, wells in zip(self.saddles, self.joined, strict=True):
            joined = " and ".join("none" if well < 0 else str(well) for well in wells)
            end = {"smallest_curvature": None, "joined": joined}
            lines.append({"kind": "saddle", **_coordinates(point), **end})
        return lines


def _coordinates(point: FloatArray) -> Row:
    return {f"x_{j}": float(x) for j, x in enumerate(point)}


def find_minima(
    potential: Potential, lower: npt.ArrayLike, upper: npt.ArrayLike, starts: int = _STARTS
) -> Landscape:
    """Look for minima and saddles of a potential in a box.

    grad F = 0 is solved from many starting points (Powell's hybrid method), on a sequence that
    fills the box evenly, then from points between those found. The Hessian, by differences, tells
    minima from saddles, and the flow from a saddle to both sides which minima it joins; a minimum
    that it leads to is added. A search from points can miss a well that is small against the box:
    give a smaller one, or more starts.

    Parameters
    ----------
    potential : Potential
        F.
    lower, upper : float or array, shape (dim,)
        Corners of the box, units of the coordinates.
    starts : int
        Number of starting points.

    Returns
    -------
    Landscape

    Raises
    ------
    ValueError
        If the box is empty, or no minimum is found.

    Notes
    -----
    Source of the solver: M. J. D. Powell, "A hybrid method for nonlinear equations", in Numerical
    Methods for Nonlinear Algebraic Equations (1970) 87; scipy.optimize.root.

    Examples
    --------
    >>> from levysde import potentials
    >>> found = find_minima(potentials.double_well(2), [-2.0, -2.0], [2.0, 2.0])
    >>> found.minima.round(6).tolist(), (found.saddles.round(6) + 0.0).tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [[0.0, 0.0]])
    >>> found.joined.tolist()
    [[0, 1]]
    """
    checks.instance("potential", potential, Potential)
    dim = potential.dim
    low, high = _corner("lower", lower, dim), _corner("upper", upper, dim)
    if not (low < high).all():
        raise ValueError(
            f"the box from {low.tolist()} to {high.tolist()} is empty; give lower < upper"
        )
    starts = checks.whole_number("starts", starts, 1, 1_000_000)
    search = _Search(potential, low, high, starts)
    search.between()
    ends = {k: search.ends_of(k) for k in search.of_index(1)}
    ends |= {k: search.ends_of(k) for k in search.of_index(1) if k not in ends}
    minima = search.of_index(0)
    if not minima:
        raise ValueError(
            f"no minimum was found in the box from {low.tolist()} to {high.tolist()}; give another "
            "box, or more starts"
        )
    minima.sort(key=lambda k: _order(potential, search.points[k], search.size))
    number = {k: n for n, k in enumerate(minima)}
    joined = [sorted(number.get(end, -1) for end in pair) for pair in ends.values()]
    return Landscape(
        np.array([search.points[k] for k in minima]),
        np.array([search.values(k) for k in minima]),
        np.array([search.points[k] for k in ends]).reshape(-1, dim),
        np.array(joined, dtype=np.int64).reshape(-1, 2),
    )


def _corner(name: str, end: npt.ArrayLike, dim: int) -> FloatArray:
    given = checks.finite_array(name, end)
    if given.ndim > 1 or (given.ndim == 1 and len(given) != dim):
        raise ValueError(f"{name} has shape {given.shape}; give a number, or one per coordinate")
    return np.broadcast_to(given, dim).astype(np.float64)


class _Search:
    """Zeros of the gradient in a box, and the Hessian at each."""

    def __init__(
        self, potential: Potential, low: FloatArray, high: FloatArray, starts: int
    ) -> None:
        from scipy.stats import qmc

        self.potential, self.low, self.high = potential, low, high
        self.size = float(np.max(high - low))
        self.points: list[FloatArray] = []
        self.hessians: list[FloatArray] = []
        trials = qmc.scale(qmc.Halton(potential.dim, seed=0).random(starts), low, high)
        slopes = np.linalg.norm(potential.gradient_many(trials), axis=1)
        self.typical = float(np.median(slopes))
        for start in trials:
            self.solve(start)

    def solve(self, start: FloatArray) -> int | None:
        """The number of the zero that the solver finds from a start, if it is one in the box."""
        from scipy import optimize

        with np.errstate(all="ignore"):
            answer = optimize.root(self.potential.gradient_at, start, method="hybr", tol=1e-12)
            # What rounding leaves of a coordinate that is 0.
            x = np.where(np.abs(answer.x) < 1e-12 * self.size, 0.0, answer.x)
            slope = float(np.linalg.norm(self.potential.gradient_at(x)))
        if not ((x >= self.low).all() and (x <= self.high).all()):
            return None
        for k, other in enumerate(self.points):
            if np.linalg.norm(x - other) <= _SAME * self.size:
                return k
        hessian = _hessian(self.potential, x, self.size)
        way = np.linalg.lstsq(hessian, self.potential.gradient_at(x))[0]  # to the zero of the slope
        if not (slope <= _SOLVED * self.typical and np.linalg.norm(way) <= _SAME * self.size):
            return None
        self.points.append(x)
        self.hessians.append(hessian)
        return len(self.points) - 1

    def between(self) -> None:
        """Look between the points found so far, where saddles of close wells are."""
        pairs = list(itertools.combinations(range(len(self.points)), 2))
        for k, other in pairs[:_MOST_PAIRS]:
            for share in _SHARES_BETWEEN:
                self.solve((1.0 - share) * self.points[k] + share * self.points[other])

    def values(self, k: int) -> FloatArray:
        """Curvatures at a point."""
        return np.asarray(np.linalg.eigvalsh(self.hessians[k]))

    def of_index(self, count: int) -> list[int]:
        """Points with so many negative curvatures, and none that may be 0."""
        found = []
        for k in range(len(self.points)):
            values = self.values(k)
            flat = _FLAT * np.abs(values).max()
            if (values < -flat).sum() == count and not (np.abs(values) <= flat).any():
                found.append(k)
        return found

    def ends_of(self, k: int) -> tuple[int, int]:
        """The points to which the flow leads from both sides of a saddle; -1 where to none."""
        descent = np.linalg.eigh(self.hessians[k])[1][:, 0]
        others = [p for n, p in enumerate(self.points) if n != k]
        apart = min((float(np.linalg.norm(p - self.points[k])) for p in others), default=self.size)
        first, second = (self._flow_end(k, side * apart * descent) for side in (-1.0, 1.0))
        return first, second

    def _flow_end(self, k: int, way: FloatArray) -> int:
        from scipy import integrate

        begin = self.points[k] + _OFF_SADDLE * way
        curvature = np.abs(self.values(k))
        time = _FLOW_TIMES / float(curvature[curvature > 0.0].min())
        end = integrate.solve_ivp(
            lambda t, x: -self.potential.gradient_at(x), (0.0, time), begin,
            method="LSODA", rtol=1e-8,
        ).y[:, -1]  # fmt: skip
        found = self.solve(end)
        return -1 if found is None else found


def _hessian(potential: Potential, x: FloatArray, size: float) -> FloatArray:
    """By central differences, of which that is taken which differs least from one more coarse."""
    tried = []
    for step in size * _STEPS:
        ahead, behind = (
            potential.gradient_many(x + side * step * np.eye(potential.dim)) for side in (1.0, -1.0)
        )
        matrix = (ahead - behind) / (2.0 * step)
        tried.append(0.5 * (matrix + matrix.T))
    changes = [np.abs(b - a).max() for a, b in itertools.pairwise(tried)]
    return np.asarray(tried[int(np.argmin(changes)) + 1])


def _order(potential: Potential, x: FloatArray, size: float) -> tuple[float, ...]:
    """By value, which differences of rounding shall not decide, then by place."""
    value = 0.0 if potential.value is None else round(potential.value_at(x), 9)
    return (value, *np.round(x / size, 6).tolist())
