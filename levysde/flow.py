"""The gradient flow dx = -grad F dt: where it ends, and a ball from which it ends at a minimum."""

import math

import numpy as np

from levysde._typing import FloatArray, Outside
from levysde.potentials import Potential

TOLERANCE = 1e-5
"""Error of a step of the flow, relative to the distance from the minimum."""

MAX_STEPS = 10_000
FAR = 1e6
"""A flow that is so many trapping radii away from the minimum does not come back."""

_DIRECTIONS = 128
_RADII = 64
_CLOSE = 1e-4


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
        return side * potential.gradient_at([minimum + side * distance])[0] > 0.0

    size = max(1.0, abs(minimum))
    # Far enough out a potential that has not turned by then is taken to confine.
    radii = size * np.exp2(np.arange(-20.0, 20.0, 1.0 / 32.0))
    inner = 0.0
    for radius in radii:
        if not returns(float(radius)):
            return minimum + side * _bisect(returns, inner, float(radius))
        inner = float(radius)
    return side * math.inf


def _bisect(inside, low: float, high: float) -> float:  # type: ignore[no-untyped-def]
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
    condition is tested on rays along the axes and in 128 fixed directions; nine tenths of the
    smallest radius at which it fails are returned.

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
    dim = potential.dim
    directions = np.random.default_rng(0).standard_normal((_DIRECTIONS, dim))
    directions = np.concatenate([np.eye(dim), -np.eye(dim), directions])
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    size = max(1.0, float(np.abs(minimum).max()))
    # Closer in where the coordinates of the minimum say nothing of the size of its well.
    for scale in (size, _CLOSE * size):
        radius = _falling_radius(potential, minimum, directions, scale)
        if radius > _CLOSE * scale:
            return 0.9 * radius
    raise ValueError(f"the gradient flow leaves the point {minimum.tolist()}; give a minimum of F")


def _falling_radius(
    potential: Potential, minimum: FloatArray, directions: FloatArray, scale: float
) -> float:
    """Smallest radius at which the distance does not fall, of some up to four scales."""
    radius = 4.0 * scale
    for direction in directions:

        def falls(r: float, direction: FloatArray = direction) -> bool:
            return bool(potential.gradient_at(minimum + r * direction) @ direction > 0.0)

        inner = 0.0
        for r in scale * np.geomspace(_CLOSE, 4.0, _RADII):
            if r >= radius:
                break
            if not falls(float(r)):
                radius = _bisect(falls, inner, float(r)) if inner else float(r)
                break
            inner = float(r)
    return radius


def attraction_predicate(potential: Potential) -> Outside:
    """A plain predicate: whether the flow from x misses a minimum.

    Parameters
    ----------
    potential : Potential
        F.

    Returns
    -------
    callable
        `outside(x, p)` with p the parameters of the potential, then the minimum, then the trapping
        radius. The flow is followed by Heun's method with the error of every step controlled.
    """
    gradient, dim, at = potential.gradient, potential.dim, len(potential.p)

    def outside(x, p):  # type: ignore[no-untyped-def]
        trap = p[at + dim]
        square = 0.0
        for j in range(dim):
            square += (x[j] - p[at + j]) ** 2
        if square < trap * trap:
            return False
        y, trial = np.empty(dim), np.empty(dim)
        force, ahead = np.empty(dim), np.empty(dim)
        for j in range(dim):
            y[j] = x[j]
        gradient(y, p, force)
        speed = 0.0
        for j in range(dim):
            speed += force[j] * force[j]
        step = 0.01 * trap / max(math.sqrt(speed), 1e-300)
        for _ in range(MAX_STEPS):
            for j in range(dim):
                trial[j] = y[j] - step * force[j]
            gradient(trial, p, ahead)
            error = 0.0
            for j in range(dim):
                error += (0.5 * step * (ahead[j] - force[j])) ** 2
            error = math.sqrt(error / square) / TOLERANCE
            if not error <= 1.0:
                step *= 0.2 if not error < 20.0 else 0.9 / math.sqrt(error)
                continue
            square = 0.0
            for j in range(dim):
                y[j] -= 0.5 * step * (force[j] + ahead[j])
                square += (y[j] - p[at + j]) ** 2
            if square < trap * trap:
                return False
            if not square < (FAR * trap) ** 2:
                return True
            step *= 3.0 if error < 0.09 else 0.9 / math.sqrt(error)
            gradient(y, p, force)
        return True  # the flow has come to rest elsewhere

    return outside
