"""Distances at which rays are searched for crossings of a boundary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from levysde.theory.protocols import Vector

WIDTH = 2e-11
"""Relative width to which crossings of the boundary are narrowed."""

_PER_OCTAVE = 32.0
_PER_OUTER_OCTAVE = 8.0
_PER_FAR_OCTAVE = 1.0
_INNER_OCTAVES = 6.0
_INNER_CORE = 2.0
_OUTER_CORE = 4.0
_OUTER_OCTAVES = 14.0
_FAR_OCTAVES = 40.0
_TABLE = 1 << 20


@dataclass(frozen=True, eq=False)
class Grid:
    """Distances at which rays are searched, evenly spaced in a place along the ray.

    The place is piecewise linear in log r: near the boundary 32 to an octave, farther off 8, and 1
    where next to nothing can matter. A ray is searched at the places (k + shift)/density,
    k = 0, 1, ..., and a layer between two crossings that is w places thick is met with probability
    min(1, density w) if the shift is uniform.

    Parameters
    ----------
    octaves, places : ndarray, shape (5,)
        log2 r and place at the ends of the pieces.
    density : float
        Points a place.
    """

    octaves: Vector
    places: Vector
    density: float

    @property
    def steps(self) -> int:
        """Number of points on a ray."""
        return int(np.ceil(self.places[-1] * self.density))

    def table(self) -> Vector:
        """Return the distances for many shifts, one row a shift."""
        shifts = max(1, _TABLE // self.steps)
        shift = (np.arange(shifts) + 0.5) / shifts
        place = (np.arange(self.steps) + shift[:, None]) / self.density
        return np.asarray(np.exp2(np.interp(place, self.places, self.octaves)))

    def chance(self, thickness: Vector) -> Vector:
        """Return the probabilities with which layers of some thickness are met."""
        return np.clip(self.density * thickness, WIDTH, 1.0)

    def place(self, radius: Vector) -> Vector:
        """Return the places of some distances."""
        return np.interp(np.log2(radius), self.octaves, self.places)


def grid_between(nearest: float, farthest: float) -> Grid:
    """Return the grid of density 1 about the distances at which rays first leave a domain.

    Parameters
    ----------
    nearest, farthest : float
        The smallest and the largest of these distances, units of the state.

    Returns
    -------
    Grid
        32 points an octave from 1/4 of the nearest to 16 times the farthest, 8 an octave from
        2^-6 to 2^14 times them, and 1 an octave up to 2^40 times the farthest.

    Examples
    --------
    >>> grid = grid_between(1.0, 1.0)
    >>> grid.steps, grid.place(np.array([1.0, 2.0])).tolist()
    (330, [96.0, 128.0])
    """
    low, high = np.log2(nearest), np.log2(farthest)
    inner = [low - _INNER_OCTAVES, low - _INNER_CORE]
    outer = [high + _OUTER_CORE, high + _OUTER_OCTAVES, high + _FAR_OCTAVES]
    octaves = np.array(inner + outer)
    per_octave = np.array([_PER_OUTER_OCTAVE, _PER_OCTAVE, _PER_OUTER_OCTAVE, _PER_FAR_OCTAVE])
    places = np.concatenate([[0.0], np.cumsum(per_octave * np.diff(octaves))])
    return Grid(octaves, places, 1.0)
