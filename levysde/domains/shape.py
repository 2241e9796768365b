"""What a shape in closed form can answer: a convex set, declared by the domain that has it."""

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray
from levysde.potentials import Potential

if TYPE_CHECKING:
    from levysde.domains.domain import Domain

__all__ = ["Inset", "Shape"]


class Inset(Protocol):
    """How far a boundary is moved inward, by its normal."""

    def across_axes(self, faces: npt.NDArray[Any]) -> FloatArray:
        """Widths along the axes, shape (dim,), where there are faces.

        Parameters
        ----------
        faces : ndarray, shape (dim,)
            Not zero where there are.

        Returns
        -------
        ndarray, shape (dim,)
            Lengths.
        """

    def along(self, normal: FloatArray) -> float:
        """The width along a normal n, times the length of n.

        Parameters
        ----------
        normal : ndarray, shape (dim,)
            Of any length.

        Returns
        -------
        float
            In units of n.x.
        """

    def norm(self) -> tuple[float, FloatArray]:
        """The width along every normal n as a norm of G'n, homogeneous of degree 1.

        Returns
        -------
        alpha : float
            Exponent of the norm.
        matrix : ndarray, shape (dim, drivers) or (dim,)
            G; its diagonal where the rest is zero.
        """


class Shape(ABC):
    """An open convex set in closed form.

    A domain that declares its shape is not searched: the theory, the boundary shift and the
    jump-adapted scheme ask the shape. Polytopes and quadrics are the two that there are; with
    another one, the theory needs its elliptic integrals too.

    Attributes
    ----------
    curved : bool
        Whether it is a quadric; else it has flat faces.

    Examples
    --------
    >>> from levysde import domains
    >>> domains.ball([0.0, 0.0], 1.0).shape.curved
    True
    """

    curved: ClassVar[bool]

    @property
    @abstractmethod
    def dim(self) -> int:
        """Dimension of the space."""

    @abstractmethod
    def exit_distances(self, center: FloatArray, directions: FloatArray) -> FloatArray:
        """The smallest r > 0 with center + r direction on the boundary, for many directions.

        Parameters
        ----------
        center : ndarray, shape (dim,)
            Common starting point.
        directions : ndarray, shape (rays, dim)
            Vectors of any length, in whose units r is counted.

        Returns
        -------
        ndarray, shape (rays,)
            Infinite where the ray stays inside, 0 if the center is not inside.
        """

    @abstractmethod
    def distance(self, center: FloatArray) -> float | None:
        """Distance of a point inside from the boundary, where it is known in closed form.

        Parameters
        ----------
        center : ndarray, shape (dim,)
            The point.

        Returns
        -------
        float or None
            Length.
        """

    @abstractmethod
    def inscribed_radius(self, center: FloatArray) -> float:
        """Radius of a ball about a point that is inside: the distance, or a lower bound.

        Parameters
        ----------
        center : ndarray, shape (dim,)
            A point inside.

        Returns
        -------
        float
            Length.
        """

    @abstractmethod
    def stretched(self, center: FloatArray, factors: FloatArray) -> "Shape":
        """The set {x : center + (x - center)/factors inside}.

        Parameters
        ----------
        center : ndarray, shape (dim,)
            The point that stays.
        factors : ndarray, shape (dim,)
            Positive numbers, one a coordinate.

        Returns
        -------
        Shape
        """

    @abstractmethod
    def swept(self, center: FloatArray, forth: FloatArray, back: FloatArray) -> "Shape | None":
        """The jumps y that sweep a path inside: center + f y is, for all f from -back to forth.

        Parameters
        ----------
        center : ndarray, shape (dim,)
            A point inside.
        forth, back : ndarray, shape (dim,)
            Largest displacements by a jump of 1 to its side and to the other, per coordinate.

        Returns
        -------
        Shape or None
            The set of these y, moved to the center; None where it is no shape of this kind.
        """

    @abstractmethod
    def is_invariant_under(self, potential: Potential, minimum: FloatArray) -> bool:
        """Whether the gradient flow moves away from the boundary everywhere, as far as is known.

        Parameters
        ----------
        potential : Potential
            F, of which the declared facts are read.
        minimum : ndarray, shape (dim,)
            Its minimum inside.

        Returns
        -------
        bool
        """

    @abstractmethod
    def shifted(self, inset: Inset) -> "Domain | None":
        """The domain with its boundary moved inward.

        Parameters
        ----------
        inset : Inset
            By how much.

        Returns
        -------
        Domain or None
            None where nothing is left of it.
        """


# ---------------------------------------------------------------------------- shared by the margins


def spread(normal: FloatArray, covariance: FloatArray) -> float:
    """sqrt(n' C n)."""
    square = 0.0
    for k in range(len(normal)):
        for j in range(len(normal)):
            square += normal[k] * covariance[k, j] * normal[j]
    return math.sqrt(max(square, 0.0))


def over(distance: float, spread: float) -> float:
    """Distance over spread, infinite where nothing spreads."""
    return distance / spread if spread > 0.0 else np.inf
