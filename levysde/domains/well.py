"""A well of a potential: its size, its saddles on a line, and a ball that the flow does not leave.

All lengths are taken from the potential itself: a change of the units of length, time or energy
changes nothing but the units of the answers.
"""

import math
from collections.abc import Callable

import numpy as np

from levysde._typing import FloatArray
from levysde.potentials import Potential

__all__ = ["saddle_beside", "trapping_radius", "well_size"]

_DIRECTIONS = 128
_RADII = 64
_CLOSE, _DISTANT = 1e-4, 8.0

_SAMPLED_AXES, _SAMPLED_OTHERS = 4, 8
_OCTAVES, _OCTAVES_WITHIN = 200, 40
_STEADY, _STEADY_OCTAVES = 0.1, 4
_CHANGED = 0.5
_SADDLE_OCTAVES, _PER_OCTAVE = (-13.0, 40.0), 32


def well_size(potential: Potential, minimum: FloatArray) -> float:
    """Distance from a minimum at which the gradient no longer grows as it does nearby.

    Along some lines the change of the gradient is compared from octave to octave. Close to the
    minimum it grows like a power of the distance, the first power where there is a curvature; the
    smallest distance at which the exponent differs by one half is the size.

    Parameters
    ----------
    potential : Potential
        F.
    minimum : ndarray, shape (dim,)
        Where the gradient vanishes, in units of the coordinates.

    Returns
    -------
    float
        In units of the coordinates. Where the gradient is the same power everywhere, which has no
        size, the largest coordinate of the minimum, or 1.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde import potentials
    >>> well_size(potentials.double_well(1), np.array([1.0]))
    0.25
    >>> well_size(potentials.double_well(1, half_distance=2.0**-40), np.array([2.0**-40])) * 2.0**40
    0.25
    """
    reach = float(np.abs(minimum).max())
    around = math.frexp(reach)[1]
    lowest = around - _OCTAVES_WITHIN if reach else -_OCTAVES
    # The octaves of the minimum itself, so that units that are powers of two change no rounding.
    octaves = np.exp2(np.arange(lowest, around + _OCTAVES, dtype=np.float64))
    axes = np.eye(potential.dim)[:_SAMPLED_AXES]
    others = _unit_vectors(_SAMPLED_OTHERS, potential.dim)
    smallest = math.inf
    for direction in np.concatenate([axes, -axes, others]):
        points = minimum + np.append(0.0, octaves)[:, None] * direction
        with np.errstate(all="ignore"):
            gradients = potential.gradient_many(points)
            changes = np.abs(gradients[1:] - gradients[0]).max(axis=1)
            exponents = np.diff(np.log2(changes))
        smallest = min(smallest, _end_of_power(exponents, octaves))
    return smallest if math.isfinite(smallest) else reach or 1.0


def _unit_vectors(count: int, dim: int) -> FloatArray:
    """In fixed random directions, shape (count, dim)."""
    vectors = np.random.default_rng(0).standard_normal((count, dim))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1)[:, None])


def _end_of_power(exponents: FloatArray, octaves: FloatArray) -> float:
    """The distance at which an exponent that was steady over some octaves has changed."""
    exponent, steady = math.nan, 0
    for k in range(1, len(exponents)):
        if steady >= _STEADY_OCTAVES:
            if not abs(exponents[k] - exponent) <= _CHANGED:
                return float(octaves[k])
        elif abs(exponents[k] - exponents[k - 1]) <= _STEADY:  # not where rounding is all there is
            exponent, steady = float(exponents[k]), steady + 1
        else:
            steady = 0
    return math.inf


def saddle_beside(potential: Potential, minimum: float, side: float) -> float:
    """The first maximum of a potential of one variable on one side of a minimum.

    Parameters
    ----------
    potential : Potential
        Of dimension 1.
    minimum : float
        Where its gradient changes sign from negative to positive.
    side : {-1, 1}
        Which side.

    Returns
    -------
    float
        Where the force turns away from the minimum, or an infinity of that side.

    Examples
    --------
    >>> from levysde import potentials
    >>> abs(saddle_beside(potentials.double_well(), 1.0, -1.0)) < 1e-12
    True
    """

    def returns(distance: float) -> bool:
        return bool(side * potential.gradient_at([minimum + side * distance])[0] > 0.0)

    size = well_size(potential, np.array([minimum]))
    # Far enough out a potential that has not turned by then is taken to confine.
    radii = size * np.exp2(np.arange(*_SADDLE_OCTAVES, 1.0 / _PER_OCTAVE))
    slopes = side * potential.gradient_many((minimum + side * radii)[:, None])[:, 0]
    ends = np.flatnonzero(~(slopes > 0.0))
    if not ends.size or math.isnan(slopes[ends[0]]):  # beyond what numbers can hold
        return side * math.inf
    first = int(ends[0])
    inner = float(radii[first - 1]) if first else 0.0
    return minimum + side * _bisect(returns, inner, float(radii[first]))


def _bisect(inside: Callable[[float], bool], low: float, high: float) -> float:
    while high - low > 1e-15 * high:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if inside(middle):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def trapping_radius(potential: Potential, minimum: FloatArray) -> float:
    """Radius of a ball about a minimum that the gradient flow does not leave.

    In the ball (x - m) . grad F(x) > 0, so that the distance |x - m| falls along the flow. The
    condition is tested on rays along the axes and in 128 fixed directions, from a ten-thousandth of
    the size of the well to eight times that size; nine tenths of the smallest radius at which it
    fails are returned.

    Parameters
    ----------
    potential : Potential
        F.
    minimum : ndarray, shape (dim,)
        m, in units of the coordinates.

    Returns
    -------
    float
        In units of the coordinates.

    Raises
    ------
    ValueError
        If the point is not a minimum: the flow leaves it in some direction.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde import potentials
    >>> round(trapping_radius(potentials.double_well(2), np.array([1.0, 0.0])), 1)
    0.9
    """
    axes = np.eye(potential.dim)
    directions = np.concatenate([axes, -axes, _unit_vectors(_DIRECTIONS, potential.dim)])
    size = well_size(potential, minimum)
    radius, inner = _DISTANT * size, 0.0
    for r in size * np.geomspace(_CLOSE, _DISTANT, _RADII):
        gradients = potential.gradient_many(minimum + r * directions)
        rises = np.einsum("rj,rj->r", gradients, directions)
        failing = directions[~(rises > 0.0)]
        if len(failing) and inner == 0.0:
            fate = "the gradient flow leaves" if (rises < 0.0).any() else "no force leads back to"
            raise ValueError(f"{fate} the point {minimum.tolist()}; give a minimum of F")
        if len(failing):
            radius = _falling_radius(
                potential, minimum, np.unique(failing, axis=0), inner, float(r)
            )
            break
        inner = float(r)
    return float(0.9 * radius)


def _falling_radius(
    potential: Potential, minimum: FloatArray, rays: FloatArray, inner: float, outer: float
) -> float:
    """Where on the first of some rays the distance from the minimum stops falling."""
    first = rays

    def all_fall(r: float) -> bool:
        """Whether it falls on every ray; if not, the others are not the first ones."""
        nonlocal first
        stops = [not potential.gradient_at(minimum + r * ray) @ ray > 0.0 for ray in first]
        first = first[stops] if any(stops) else first
        return not any(stops)

    return _bisect(all_fall, inner, outer)
