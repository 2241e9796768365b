"""Domains of attraction of minima under the noise-free flow dx = -grad F(x) dt."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from levysde.theory.protocols import PotentialLike, Vector

_BETWEEN = 2000
_OUTWARD = 200
_OUTWARD_OCTAVES = 20
_BISECTIONS = 200
_STATIONARY = 1e-5
_NEAR = 0.01
_LONGEST_PATH = 1e4
_PER_OCTAVE = 6
_INNER_OCTAVES = 6
_OUTER_OCTAVES = 6
_WIDTH = 1e-9
_SHARES = (0.5, 0.43, 0.61)
_OFFSET = 0.37


def gradient_at(potential: PotentialLike, x: Vector) -> Vector:
    """Return grad F(x).

    Parameters
    ----------
    potential : object
        Potential with ``gradient(x, p, out)`` and ``p``; ``gradient_many(points)`` is called where
        it has that and a number of ``examples``.
    x : ndarray, shape (dim,)
        A point.

    Returns
    -------
    ndarray, shape (dim,)
        The gradient.
    """
    # A mean over many terms takes too long in plain Python, and says how it is done fast.
    many = getattr(potential, "gradient_many", None)
    if many is not None and getattr(potential, "examples", None) is not None:
        return np.asarray(many(np.array(x)[None])[0], dtype=np.float64)
    out = np.zeros(x.size)
    potential.gradient(x, potential.p, out)
    return out


def checked_minima(potential: PotentialLike, minima: ArrayLike) -> Vector:
    """Return at least two distinct finite points at which the gradient is small.

    Parameters
    ----------
    potential : object
        The potential.
    minima : array_like, shape (k, dim)
        Points; shape (k,) in one dimension.

    Returns
    -------
    ndarray, shape (k, dim)
        The points.

    Raises
    ------
    ValueError
        If the shape is wrong, a number is not finite, two points are equal or a point is not
        stationary.
    """
    points = np.asarray(minima, dtype=np.float64)
    if points.ndim == 1 and potential.dim == 1:
        points = points[:, None]
    if points.ndim != 2 or points.shape[1] != potential.dim or len(points) < 2:
        raise ValueError(
            f"minima has shape {points.shape}, but it must list at least two points of dimension "
            f"{potential.dim}"
        )
    if not np.all(np.isfinite(points)):
        raise ValueError(f"minima is {points.tolist()}, but all components must be finite")
    for i, point in enumerate(points):
        others = np.delete(points, i, axis=0)
        nearest = others[np.argmin(np.linalg.norm(others - point, axis=1))]
        gap = float(np.linalg.norm(nearest - point))
        if gap == 0.0:
            raise ValueError(f"minima lists the point {point.tolist()} twice")
        # On the way to the next minimum the gradient has its usual size.
        way = [point + t * (nearest - point) for t in (0.1, 0.2, 0.3)]
        size = max(float(np.linalg.norm(gradient_at(potential, x))) for x in way)
        norm = float(np.linalg.norm(gradient_at(potential, point)))
        if not norm <= _STATIONARY * size:
            raise ValueError(f"{point.tolist()} is not a minimum: the gradient there is {norm:.3g}")
    return points


def _slopes(potential: PotentialLike, x: Vector) -> Vector:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array([gradient_at(potential, np.array([v]))[0] for v in x])


def _no_other(slopes: Vector, x: Vector, sign: float, point: float) -> None:
    """Require that the flow returns to a minimum from all points beyond it."""
    wrong = np.flatnonzero(np.isfinite(slopes) & (sign * slopes <= 0.0))
    # Far out a gradient may vanish by underflow.
    if wrong.size and sign * slopes[wrong[0]] < 0.0:
        raise ValueError(
            f"the flow from {float(x[wrong[0]])!r} does not lead back to the outermost minimum "
            f"{point!r}; name all minima of a potential that grows at infinity"
        )


def _saddle(potential: PotentialLike, left: float, right: float) -> float:
    """Return the maximum between two neighboring minima in one dimension."""
    x = left + (right - left) * np.linspace(0.0, 1.0, _BETWEEN + 1)[1:-1]
    rises = _slopes(potential, x) > 0.0
    changes = np.flatnonzero(rises[1:] != rises[:-1])
    if changes.size == 0 or not rises[0] or rises[-1]:
        raise ValueError(
            f"{left!r} and {right!r} are not two minima separated by a maximum: the gradient must "
            "be positive to the right of the first and negative to the left of the second"
        )
    if changes.size > 1:
        raise ValueError(f"there are more minima between {left!r} and {right!r}; name all of them")
    low, high = float(x[changes[0]]), float(x[changes[0] + 1])
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if gradient_at(potential, np.array([middle]))[0] > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def saddles_between(potential: PotentialLike, minima: Vector) -> Vector:
    """Return the maxima between neighboring minima of a potential on the line.

    Parameters
    ----------
    potential : object
        Potential of dimension 1.
    minima : ndarray, shape (k,)
        All minima in increasing order.

    Returns
    -------
    ndarray, shape (k - 1,)
        The maxima, to the spacing of the numbers.

    Raises
    ------
    ValueError
        If two neighbors are not separated by exactly one maximum, or the flow from beyond the
        outermost minima does not lead back to them.
    """
    saddles = [_saddle(potential, float(a), float(b)) for a, b in itertools.pairwise(minima)]
    length = float(np.min(np.diff(minima)))
    steps = length * np.geomspace(2.0**-_OUTWARD_OCTAVES, 2.0**_OUTWARD_OCTAVES, _OUTWARD)
    for sign, point in ((-1.0, float(minima[0])), (1.0, float(minima[-1]))):
        x = point + sign * steps
        x = x[np.abs(x - point) >= 1e-6 * length]
        _no_other(_slopes(potential, x), x, sign, point)
    return np.array(saddles)


@dataclass(frozen=True, eq=False)
class Attraction:
    """The map from a point to the minimum that the flow leads to.

    Parameters
    ----------
    potential : object
        The potential.
    minima : ndarray, shape (k, dim)
        Its minima.
    """

    potential: PotentialLike
    minima: Vector

    @cached_property
    def _gap(self) -> float:
        distances = np.linalg.norm(self.minima[:, None] - self.minima[None], axis=2)
        return float(np.min(distances[~np.eye(len(self.minima), dtype=bool)]))

    def index(self, point: Vector) -> int:
        """Return the index of the minimum that the flow from a point leads to.

        Parameters
        ----------
        point : ndarray, shape (dim,)
            A point.

        Returns
        -------
        int
            The index, -1 if the flow comes near none of the minima.
        """
        from scipy.integrate import LSODA

        gap = self._gap
        arrived = (_NEAR * gap) ** 2
        slow = self._slow

        def velocity(s: float, x: Vector) -> Vector:
            # The same path at bounded speed, so that steep walls far out are not stiff.
            force = gradient_at(self.potential, x)
            return np.asarray(force / -(slow + math.sqrt(force @ force)))

        if not np.all(np.isfinite(velocity(0.0, point))):
            return -1
        squares = ((self.minima - point) ** 2).sum(axis=1)
        end = _LONGEST_PATH * max(math.sqrt(squares.max()), gap)
        flow = LSODA(velocity, 0.0, point, end, rtol=1e-8, atol=1e-9 * gap)
        while squares.min() > arrived:
            if flow.status != "running":
                return -1
            flow.step()
            squares = ((self.minima - flow.y) ** 2).sum(axis=1)
        return int(squares.argmin())

    @cached_property
    def _slow(self) -> float:
        """Return the size of the gradient a tenth of the way between two minima."""
        a, b = self.minima[0], self.minima[1]
        return float(np.linalg.norm(gradient_at(self.potential, a + 0.1 * (b - a)))) or 1.0

    def segments(self, start: int, direction: Vector) -> list[tuple[float, float, int]]:
        """Return the domains of attraction that a ray from a minimum passes through.

        Parameters
        ----------
        start : int
            Index of the minimum where the ray begins.
        direction : ndarray, shape (dim,)
            Unit vector.

        Returns
        -------
        list of (float, float, int)
            Distances at which each domain is entered and left, and its index.

        Raises
        ------
        ValueError
            If the flow from a point of the ray comes near none of the minima.
        """
        origin = self.minima[start]
        gaps = np.linalg.norm(np.delete(self.minima, start, axis=0) - origin, axis=1)
        low = math.floor(_PER_OCTAVE * (math.log2(float(np.min(gaps))) - _INNER_OCTAVES))
        high = math.ceil(_PER_OCTAVE * (math.log2(float(np.max(gaps))) + _OUTER_OCTAVES))
        # Off the round numbers, where a saddle may lie.
        radii = np.exp2((np.arange(low, high + 1.0) + _OFFSET) / _PER_OCTAVE).tolist()

        def label(r: float) -> int:
            return self.index(origin + r * direction)

        points = [_between(label, a, b) for a, b in itertools.pairwise(radii)]
        changes: list[tuple[float, int]] = []
        before, before_label = 0.0, start
        for r, here in points:
            _refine(label, (before, before_label), (r, here), changes)
            before, before_label = r, here
        ends = [0.0, *(r for r, _ in changes), math.inf]
        names = [start, *(i for _, i in changes)]
        return [(a, b, i) for a, b, i in zip(ends[:-1], ends[1:], names, strict=True)]


def _between(label: Callable[[float], int], low: float, high: float) -> tuple[float, int]:
    """Return a point between two others and its label.

    On a border itself the flow may come to rest at a saddle; then another point will do.
    """
    for share in _SHARES:
        middle = low + share * (high - low)
        found = label(middle)
        if found != -1:
            return middle, found
    raise ValueError(
        f"the flow from distance {middle!r} along a ray of the noise leads to none of the minima, "
        "but to a saddle, to infinity, or to a minimum that was not named"
    )


def _refine(
    label: Callable[[float], int],
    low: tuple[float, int],
    high: tuple[float, int],
    changes: list[tuple[float, int]],
) -> None:
    """Append all changes of the label between two points, each to a relative width of 1e-9."""
    while low[1] != high[1]:
        if high[0] - low[0] <= _WIDTH * high[0]:
            changes.append((0.5 * (low[0] + high[0]), high[1]))
            return
        middle, found = _between(label, low[0], high[0])
        if found in (low[1], high[1]):
            low, high = ((middle, found), high) if found == low[1] else (low, (middle, found))
        else:
            _refine(label, low, (middle, found), changes)
            low = (middle, found)
