"""Where the gradient of a potential vanishes: minima, and the saddles that join them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.potentials import Potential

__all__ = ["Landscape", "find_minima"]

_STARTS = 200
_DIFFERENCE = 1e-5
"""Step of the differences that give the curvature, over the size of the region."""

_SAME = 1e-6
"""Points nearer than this are one, over the size of the region."""

_SOLVED = 1e-8
"""Largest gradient of a stationary point, over the typical one in the region."""

_FLAT = 1e-6
"""Curvatures below are taken for 0, over the largest."""

_OFF_SADDLE = 1e-3
_FLOW_TIMES = 60.0
"""How long the flow from a saddle is followed, in units of 1 over the smallest curvature."""


@dataclass(frozen=True, eq=False)
class Landscape:
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


def find_minima(
    potential: Potential, lower: npt.ArrayLike, upper: npt.ArrayLike, starts: int = _STARTS
) -> Landscape:
    """Look for minima and saddles of a potential in a box.

    grad F = 0 is solved from many starting points (Powell's hybrid method), on a sequence that
    fills the box evenly; the Hessian, by differences, tells minima from saddles, and the flow from
    a saddle to both sides which minima it joins. A search from points can miss a well that is small
    against the box: give a smaller one, or more starts.

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
    low, high = (
        np.broadcast_to(checks.finite_array(name, end), dim).astype(np.float64)
        for name, end in (("lower", lower), ("upper", upper))
    )
    if not (low < high).all():
        raise ValueError(
            f"the box from {low.tolist()} to {high.tolist()} is empty; give lower < upper"
        )
    starts = checks.whole_number("starts", starts, 1, 1_000_000)
    size = float(np.max(high - low))
    points = _stationary_points(potential, low, high, starts, size)
    hessians = [_hessian(potential, x, _DIFFERENCE * size) for x in points]
    values = [np.linalg.eigvalsh(each) for each in hessians]
    kinds = [int((each < -_FLAT * np.abs(each).max()).sum()) for each in values]
    flat = [bool((np.abs(each) <= _FLAT * np.abs(each).max()).any()) for each in values]
    minima = [k for k in range(len(points)) if kinds[k] == 0 and not flat[k]]
    saddles = [k for k in range(len(points)) if kinds[k] == 1 and not flat[k]]
    if not minima:
        raise ValueError(
            f"no minimum was found in the box from {low.tolist()} to {high.tolist()}; give another "
            "box, or more starts"
        )
    minima.sort(key=lambda k: _order(potential, points[k], size))
    places = np.array([points[k] for k in minima])
    joined = [
        [_flow_end(potential, points[k], side * _descent(hessians[k]), places, size)
         for side in (-1.0, 1.0)]
        for k in saddles
    ]  # fmt: skip
    return Landscape(
        places,
        np.array([values[k] for k in minima]),
        np.array([points[k] for k in saddles]).reshape(-1, dim),
        np.array([sorted(pair) for pair in joined], dtype=np.int64).reshape(-1, 2),
    )


def _stationary_points(
    potential: Potential, low: FloatArray, high: FloatArray, starts: int, size: float
) -> list[FloatArray]:
    """Distinct zeros of the gradient in the box."""
    from scipy import optimize
    from scipy.stats import qmc

    trials = qmc.scale(qmc.Halton(potential.dim, seed=0).random(starts), low, high)
    typical = float(np.median(np.linalg.norm(potential.gradient_many(trials), axis=1)))
    found: list[FloatArray] = []
    with np.errstate(all="ignore"):
        for start in trials:
            answer = optimize.root(potential.gradient_at, start, method="hybr", tol=1e-12)
            # What rounding leaves of a coordinate that is 0.
            x = np.where(np.abs(answer.x) < 1e-12 * size, 0.0, answer.x)
            slope = float(np.linalg.norm(potential.gradient_at(x)))
            inside = bool((x >= low).all() and (x <= high).all())
            new = all(np.linalg.norm(x - other) > _SAME * size for other in found)
            if inside and new and slope <= _SOLVED * typical:
                found.append(x)
    return found


def _hessian(potential: Potential, x: FloatArray, step: float) -> FloatArray:
    ahead, behind = (
        potential.gradient_many(x + side * step * np.eye(potential.dim)) for side in (1.0, -1.0)
    )
    matrix = (ahead - behind) / (2.0 * step)
    return np.asarray(0.5 * (matrix + matrix.T))


def _order(potential: Potential, x: FloatArray, size: float) -> tuple[float, ...]:
    """By value, which differences of rounding shall not decide, then by place."""
    value = 0.0 if potential.value is None else round(potential.value_at(x), 9)
    return (value, *np.round(x / size, 6).tolist())


def _descent(hessian: FloatArray) -> FloatArray:
    """The unit vector along which a saddle goes down."""
    return np.asarray(np.linalg.eigh(hessian)[1][:, 0])


def _flow_end(
    potential: Potential, saddle: FloatArray, direction: FloatArray, minima: FloatArray, size: float
) -> int:
    """The minimum at which the flow from beside a saddle ends, -1 if it is none of those given."""
    from scipy import integrate, optimize

    def flow(t: float, x: FloatArray) -> FloatArray:
        return -potential.gradient_at(x)

    begin = saddle + _OFF_SADDLE * size * direction
    curvature = np.abs(np.linalg.eigvalsh(_hessian(potential, saddle, _DIFFERENCE * size)))
    time = _FLOW_TIMES / float(curvature[curvature > 0.0].min())
    end = integrate.solve_ivp(flow, (0.0, time), begin, method="LSODA", rtol=1e-8).y[:, -1]
    settled = optimize.root(potential.gradient_at, end, method="hybr").x
    distances = np.linalg.norm(minima - settled, axis=1)
    nearest = int(distances.argmin())
    return nearest if distances[nearest] < 1e-4 * size else -1
