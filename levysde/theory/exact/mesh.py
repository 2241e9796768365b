"""Meshes of (0, 1) that shrink geometrically toward points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from levysde.theory.protocols import Vector

_RATIO = 0.3


@dataclass(frozen=True)
class Mesh:
    """Nodes on (0, 1) by their distances from both ends, so that tiny elements keep their digits.

    Attributes
    ----------
    from_left, from_right : ndarray, shape (elements + 1,)
        Distances of the nodes from 0 and from 1.
    degree : int
        Degree of the polynomials.
    """

    from_left: Vector
    from_right: Vector
    degree: int

    @property
    def sizes(self) -> Vector:
        """Lengths of the elements, shape (elements,)."""
        return _differences(self.from_left, self.from_right)

    @property
    def elements(self) -> int:
        """Number of elements."""
        return self.from_left.size - 1

    def node(self, position: float) -> int:
        """Return the number of the node at a position."""
        return int(np.argmin(np.abs(self.from_left - position)))

    def points(self, unit: Vector) -> tuple[Vector, Vector]:
        """Return points at unit coordinates in (-1, 1) of every element, from both ends."""
        share = 0.5 * (1.0 + unit)
        sizes = self.sizes[:, None]
        left = self.from_left[:-1, None] + sizes * share
        right = self.from_right[1:, None] + sizes * (1.0 - share)
        return left, right


def _differences(from_left: Vector, from_right: Vector) -> Vector:
    near_left = from_left[1:] < 0.5
    return np.asarray(np.where(near_left, np.diff(from_left), -np.diff(from_right)))


def _offsets(reach: float, smallest: float, largest: float) -> Vector:
    """Return distances from a point, geometric from the smallest on, no element too large."""
    count = max(0, math.ceil(math.log(smallest / reach) / math.log(_RATIO)))
    edges = [0.0, *(reach * _RATIO**k for k in range(count, -1, -1))]
    parts = [
        np.linspace(low, high, max(1, math.ceil((high - low) / largest)) + 1)[:-1]
        for low, high in pairwise(edges)
    ]
    return np.concatenate([*parts, [reach]])


def graded_mesh(
    inner: Sequence[float], degree: int, smallest: float, smallest_inner: float, largest: float
) -> Mesh:
    """Return a mesh of (0, 1) that shrinks toward the ends and toward points inside.

    Parameters
    ----------
    inner : sequence of float
        Points inside that become nodes, increasing.
    degree : int
        Degree of the polynomials.
    smallest, smallest_inner : float
        Sizes of the smallest elements at the ends and at the points inside.
    largest : float
        Size that no element exceeds.

    Returns
    -------
    Mesh

    Examples
    --------
    >>> graded_mesh([0.5], 4, 0.1, 0.2, 1.0).elements
    8
    """
    pieces = [0.0, *inner, 1.0]
    left: list[Vector] = []
    right: list[Vector] = []
    for i, (low, high) in enumerate(pairwise(pieces)):
        half = 0.5 * (high - low)
        first = _offsets(half, smallest if i == 0 else smallest_inner, largest)
        last = i == len(pieces) - 2
        second = _offsets(half, smallest if last else smallest_inner, largest)[::-1]
        left += [low + first[:-1], high - second[:-1]]
        right += [(1.0 - low) - first[:-1], (1.0 - high) + second[:-1]]
    return Mesh(np.append(np.concatenate(left), 1.0), np.append(np.concatenate(right), 0.0), degree)
