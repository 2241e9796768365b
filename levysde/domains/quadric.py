"""Quadrics {(x - c)'A(x - c) < 1}: ball and ellipsoid.

A ball keeps its radius, and no matrix.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.domains.domain import Domain
from levysde.domains.inset_quadric import inset_ball, inset_ellipsoid
from levysde.domains.shape import Inset, Shape, over, spread
from levysde.potentials import Potential

__all__ = ["Quadric", "ball", "ellipsoid"]

_CENTERED = 1e-13
_SEMIDEFINITE = -1e-12


@dataclass(frozen=True, eq=False)
class Quadric(Shape):
    """The set (x - c)'A(x - c) < 1, where A is the identity over the square of a radius for a ball.

    Attributes
    ----------
    center : ndarray, shape (dim,)
        c, in units of the coordinates.
    radius : float, optional
        Of a ball, length.
    matrix : ndarray, shape (dim, dim), optional
        A, symmetric and positive definite, 1/length^2, of what is not given as a ball.

    Raises
    ------
    ValueError
        If not one of radius and matrix is given, or something is not finite.

    Examples
    --------
    >>> ball = Quadric([0.0, 0.0], radius=2.0)
    >>> ball.exit_distances(np.array([1.0, 0.0]), np.array([[1.0, 0.0], [-1.0, 0.0]])).tolist()
    [1.0, 3.0]
    """

    center: FloatArray
    radius: float | None = None
    matrix: FloatArray | None = None

    curved: ClassVar[Literal[True]] = True

    def __post_init__(self) -> None:
        center = checks.point("center", self.center)
        object.__setattr__(self, "center", center)
        if (self.radius is None) == (self.matrix is None):
            raise ValueError("a quadric has a radius or a matrix; give one of them")
        if self.radius is not None:
            object.__setattr__(self, "radius", checks.finite_number("radius", self.radius))
        if self.matrix is not None:
            matrix = checks.finite_array("matrix", self.matrix, (len(center), len(center)))
            object.__setattr__(self, "matrix", matrix)

    @property
    def dim(self) -> int:
        """Dimension of the space."""
        return len(self.center)

    def _times_matrix(self, rows: FloatArray) -> FloatArray:
        """The rows times A, of which only the symmetric part enters the form."""
        if self.matrix is None:
            return rows * self._squared_curvature
        return np.asarray(rows @ (0.5 * (self.matrix + self.matrix.T)))

    @property
    def _squared_curvature(self) -> float:
        """1/radius^2 of a ball."""
        assert self.radius is not None
        return 1.0 / self.radius**2

    def form(self, columns: FloatArray) -> FloatArray:
        """G'AG of the columns of a matrix G.

        Parameters
        ----------
        columns : ndarray, shape (dim, count)
            G, units of the coordinates.

        Returns
        -------
        ndarray, shape (count, count)
            Dimensionless.
        """
        return np.asarray(np.ascontiguousarray(self._times_matrix(columns.T)) @ columns)

    def gauge(self, point: FloatArray) -> float:
        """sqrt((x - c)'A(x - c)), which is below 1 inside.

        Parameters
        ----------
        point : ndarray, shape (dim,)
            x.

        Returns
        -------
        float
            Dimensionless.
        """
        shift = point - self.center
        return math.sqrt(max(0.0, float(self._times_matrix(shift) @ shift)))

    def exit_distances(self, center: FloatArray, directions: FloatArray) -> FloatArray:
        """Distances along rays."""
        shift = center - self.center
        if self.radius is not None:
            norm = float(np.linalg.norm(shift))
            room = (self.radius - norm) * (self.radius + norm)
            return _quadratic_root(np.sum(directions**2, axis=1), directions @ shift, room)
        image = self._times_matrix(directions)
        square = np.sum(image * directions, axis=1)
        if np.min(square) < 0.0:
            worst = int(np.argmin(square))
            raise ValueError(
                f"the ellipsoid's matrix gives {float(square[worst])!r} along the direction "
                f"{directions[worst].tolist()}, but it must be positive semidefinite"
            )
        room = 1.0 - float(self._times_matrix(shift) @ shift)
        return _quadratic_root(square, image @ shift, room)

    def distance(self, center: FloatArray) -> float | None:
        """Known for a ball."""
        if self.radius is None:
            return None
        return self.radius - float(np.linalg.norm(center - self.center))

    def inscribed_radius(self, center: FloatArray) -> float:
        """The distance, or a bound that is sharp at the center of an ellipsoid."""
        if self.matrix is None:
            return float(self.distance(center) or 0.0)
        shift, steepest = center - self.center, float(np.linalg.eigvalsh(self.matrix)[-1])
        return (1.0 - math.sqrt(float(shift @ self.matrix @ shift))) / math.sqrt(steepest)

    def stretched(self, center: FloatArray, factors: FloatArray) -> "Quadric":
        """A ball may become an ellipsoid."""
        middle = center + factors * (self.center - center)
        if self.radius is not None and np.all(factors == factors[0]):
            return Quadric(middle, radius=float(factors[0]) * self.radius)
        if self.matrix is None:
            return Quadric(middle, matrix=np.diag(self._squared_curvature / (factors * factors)))
        symmetric = 0.5 * (self.matrix + self.matrix.T)
        return Quadric(middle, matrix=symmetric / np.outer(factors, factors))

    def swept(self, center: FloatArray, forth: FloatArray, back: FloatArray) -> "Quadric | None":
        """In closed form about the center, where all coordinates swing alike."""
        alike = np.all(forth == forth[0]) and np.all(back == back[0])
        if not alike or self.gauge(center) > _CENTERED:
            return None  # the farther of the two ends is another one for other jumps
        return self.stretched(center, 1.0 / np.maximum(forth, back))

    def is_invariant_under(self, potential: Potential, minimum: FloatArray) -> bool:
        """Where the form falls along the flow about the center."""
        if not np.array_equal(self.center, minimum):
            return False
        if self.matrix is None:
            return potential.approaching
        along_axes = np.array_equal(self.matrix, np.diag(np.diag(self.matrix)))
        if along_axes and potential.separable and potential.approaching:
            return True
        rates = potential.hessian
        if rates is None:
            return False
        # (x - c)'A(x - c) falls where A H + H A is positive semidefinite.
        hessian = rates if rates.ndim == 2 else np.diag(rates)
        both = self.matrix @ hessian + hessian @ self.matrix
        return bool(np.linalg.eigvalsh(both)[0] >= _SEMIDEFINITE * np.abs(both).max())

    def shifted(self, inset: Inset) -> Domain | None:
        """Exact for a ball, to first order for an ellipsoid."""
        alpha, matrix = inset.norm()
        if self.matrix is not None:
            return inset_ellipsoid(self.center, self.matrix, alpha, matrix)
        assert self.radius is not None
        if not (alpha == 2.0 and matrix.ndim == 1 and np.ptp(matrix) == 0.0):
            return inset_ball(self.center, self.radius, alpha, matrix)
        radius = self.radius - float(matrix[0])  # all normals alike
        return ball(self.center, radius) if radius > 0.0 else None


def _quadratic_root(square: FloatArray, half_linear: FloatArray, room: float) -> FloatArray:
    """The positive root of square r^2 + 2 half_linear r = room, free of cancellation."""
    if room <= 0.0:
        return np.zeros(square.shape)
    root = np.sqrt(half_linear * half_linear + np.maximum(square, 0.0) * room)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(
            half_linear > 0.0, room / (half_linear + root), (root - half_linear) / square
        )
    return np.where(square > 0.0, distance, np.inf)


# ----------------------------------------------------------------------------- plain functions of x


def _outside_ball(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    square = 0.0
    for j in range(n):
        square += (x[j] - p[j]) * (x[j] - p[j])
    return square >= p[n] * p[n]


def _widest(covariance: FloatArray) -> float:
    """A bound of the largest eigenvalue: the largest sum of a row."""
    largest = 0.0
    for k in range(len(covariance)):
        row = 0.0
        for j in range(len(covariance)):
            row += abs(covariance[k, j])
        largest = max(largest, row)
    return largest


def _ball_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """Of |x - center| < radius."""
    n = len(x)
    square = 0.0
    for k in range(n):
        square += (x[k] - p[k]) * (x[k] - p[k])
    length = math.sqrt(square)
    if reach > 0.0:
        return over(p[n] - length, math.sqrt(_widest(covariance)))
    along = 0.0
    for k in range(n):
        for j in range(n):
            along += (x[k] - p[k]) * covariance[k, j] * (x[j] - p[j])
    return over((p[n] - length) * length, math.sqrt(max(along, 0.0)))


def _outside_ellipsoid(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    square = 0.0
    for k in range(n):
        row = 0.0
        for j in range(n):
            row += p[n + n * k + j] * (x[j] - p[j])
        square += row * (x[k] - p[k])
    return square >= 1.0


def _ellipsoid_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """Of the gauge g = sqrt((x - c)'A(x - c)): (1 - g)/|grad g|, or (1 - g)/sqrt(tr AC)."""
    n = len(x)
    slope = np.zeros(n)
    square = trace = 0.0
    for k in range(n):
        for j in range(n):
            slope[k] += p[n + n * k + j] * (x[j] - p[j])
            trace += p[n + n * k + j] * covariance[j, k]
        square += slope[k] * (x[k] - p[k])
    gauge = math.sqrt(square)
    if reach > 0.0:
        return over(1.0 - gauge, math.sqrt(trace))
    return over((1.0 - gauge) * gauge, spread(slope, covariance))


# ------------------------------------------------------------------------------------- constructors


def ball(center: npt.ArrayLike, radius: float) -> Domain:
    """The ball |x - center| < radius.

    Parameters
    ----------
    center : array, shape (dim,)
        In units of the coordinates.
    radius : float
        In units of the coordinates.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the center is not finite or the radius not positive and finite.

    Examples
    --------
    >>> ball([1.0, 0.0], 0.8).contains([0.5, 0.5])
    True
    """
    middle, length = checks.point("center", center), checks.finite_number("radius", radius)
    params: dict[str, npt.ArrayLike] = {"center": middle, "radius": length}
    shape = Quadric(middle, radius=length)
    return Domain(shape.dim, _outside_ball, params, name="ball", margin=_ball_margin, shape=shape)


def ellipsoid(center: npt.ArrayLike, matrix: npt.ArrayLike) -> Domain:
    """The ellipsoid (x - c)' A (x - c) < 1.

    Parameters
    ----------
    center : array, shape (dim,)
        c, in units of the coordinates.
    matrix : array, shape (dim, dim)
        A, symmetric and positive definite, 1/length^2.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the matrix is not finite, symmetric and positive definite.

    Examples
    --------
    >>> ellipsoid([0.0, 0.0], [[1.0, 0.0], [0.0, 100.0]]).contains([0.9, 0.0])
    True
    """
    middle = checks.point("center", center)
    array = checks.finite_array("matrix", matrix, (len(middle), len(middle)))
    if not np.allclose(array, array.T, rtol=1e-12, atol=0.0):
        raise ValueError("the matrix of the ellipsoid is not symmetric; give a symmetric matrix")
    if np.linalg.eigvalsh(array)[0] <= 0.0:
        raise ValueError("the matrix of the ellipsoid is not positive definite; give one that is")
    params, margin = {"center": middle, "matrix": array}, _ellipsoid_margin
    shape = Quadric(middle, matrix=array)
    return Domain(
        shape.dim, _outside_ellipsoid, params, name="ellipsoid", margin=margin, shape=shape
    )
