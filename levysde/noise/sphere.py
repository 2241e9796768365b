"""The second form of a law: the image G S of the isotropic one.

A Gaussian vector X of variance 2 in every coordinate times R = sqrt(S), S positive stable with
E exp(-s S) = exp(-s^(alpha/2)), has the characteristic function E exp(-|u|^2 S) = exp(-|u|^alpha).
The tail is made by S alone. The coordinates of X are therefore drawn from 32 bits each, which cuts
the Gaussian at 6.8 standard deviations (probability 2^-33).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray
from levysde.engine.jump_parts import JumpPart, elliptic_jumps
from levysde.engine.program import NoisePart, flat_columns
from levysde.engine.random.look_up import tabulated_radius
from levysde.engine.random.philox import unit_uniform
from levysde.engine.random.quantile import has_radius_table, radius_table
from levysde.engine.random.variates import gaussian_pair, positive_constants, positive_stable
from levysde.noise.columns import Columns
from levysde.noise.form import Form, check_matrix, kept
from levysde.noise.stable_index import check_alpha, step_scale


def _table_radius(first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    return p[0] * tabulated_radius(first, p, 1)


def _formula_radius(first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    u, w = unit_uniform(first), unit_uniform(second)
    return p[0] * np.sqrt(positive_stable(u, w, p[1], p[2], p[3]))


def _sub_gaussian(alpha: float, scale: float, matrix: FloatArray | None, dim: int) -> NoisePart:
    """Scale R G X, or scale R X without a matrix."""
    if has_radius_table(alpha):
        radius, law = _table_radius, radius_table(alpha)
    else:
        radius, law = _formula_radius, np.array(positive_constants(0.5 * alpha))
    p = np.concatenate([[scale], law])
    if matrix is None:
        return NoisePart(gaussian_pair, 0.5, dim, p, radius)
    if np.array_equal(matrix, np.diag(np.diag(matrix))):
        scales = np.concatenate([p, np.diag(matrix)])
        return NoisePart(gaussian_pair, 0.5, dim, scales, radius, scales_at=len(p))
    return NoisePart(
        increment=gaussian_pair,
        words=0.5,
        drivers=matrix.shape[1],
        p=np.concatenate([p, flat_columns(matrix)]),
        radius=radius,
        matrix_at=len(p),
    )


def lower_triangular(matrix: FloatArray) -> FloatArray:
    """L with L L' = G G' and zeros above the diagonal, by Householder reflections from the right.

    Parameters
    ----------
    matrix : ndarray, shape (dim, drivers)
        G.

    Returns
    -------
    ndarray, shape (dim, min(dim, drivers))
        L, in the units of G; G itself where it is lower triangular already.

    Examples
    --------
    >>> lower_triangular(np.array([[3.0, 4.0], [0.0, 5.0]])).tolist()
    [[-5.0, 0.0], [-4.0, 3.0]]
    """
    reduced = np.array(matrix)
    # Sums over contiguous rows: numpy's own, the same bits whatever the linear algebra library.
    for i in range(min(reduced.shape)):
        row = reduced[i, i:]
        if not row[1:].any():
            continue
        size = np.abs(row).max()
        normal = row / size
        length = np.sqrt((normal * normal).sum())
        normal[0] += np.copysign(length, normal[0])
        rest = reduced[i:, i:]
        along = (rest * normal).sum(axis=1) * (2.0 / (normal * normal).sum())
        rest -= along[:, None] * normal
        row[1:] = 0.0
    return reduced[:, : min(reduced.shape)]


@dataclass(frozen=True, eq=False)
class Sphere(Form):
    """The image of the isotropic law of scale 1: E exp(iu.L_1) = exp(-|G'u|^alpha).

    Attributes
    ----------
    name : str
        Of the law, for people, tables and files.
    parameters : mapping
        What the law is made of by the function of its name: numbers and arrays.
    alpha : float
        Stability index, dimensionless.
    matrix : ndarray, shape (dim, drivers) or ()
        G, or a positive number that stands for as much of the identity, length/time^(1/alpha).

    Raises
    ------
    ValueError
        If a number is out of range, or the matrix of another shape or zero.
    """

    form: ClassVar[str | None] = "sphere"
    exponent: ClassVar[str] = "exp(-|G'u|^alpha), G the matrix"
    matrix: FloatArray

    def __post_init__(self) -> None:
        super().__post_init__()
        check_alpha(self.alpha)
        object.__setattr__(self, "matrix", kept("matrix", self.matrix))
        if self.matrix.ndim:
            check_matrix(self.matrix)
        elif not self.matrix > 0.0:
            raise ValueError(f"matrix is {float(self.matrix):g}; give a positive number")

    @property
    def dim(self) -> int | None:
        """Rows of the matrix; None where it is a number."""
        return len(self.matrix) if self.matrix.ndim else None

    def _image(self, dim: int) -> FloatArray:
        return self.matrix if self.matrix.ndim else self.matrix * np.eye(dim)

    def _columns(self, dim: int) -> Columns | None:
        """The same law on columns, if there is one: on the line, and with alpha = 2."""
        on_columns = self.alpha == 2.0 or (self.matrix.ndim == 0 and dim == 1)
        return Columns(self.name, {}, self.alpha, self.matrix) if on_columns else None

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments epsilon dt^(1/alpha) R G X; see `Noise.part`."""
        self.check_dim(dim)
        columns = self._columns(dim)
        if columns is not None:
            return columns.part(dim, epsilon, dt)
        scale = step_scale(self.alpha, epsilon, dt)
        if self.matrix.ndim == 0:
            return _sub_gaussian(self.alpha, scale * float(self.matrix), None, dim)
        return _sub_gaussian(self.alpha, scale, lower_triangular(self.matrix), dim)

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """Jumps in all directions, as G maps the sphere; see `Noise.jumps`."""
        self.check_dim(dim)
        columns = self._columns(dim)
        if columns is not None:
            return columns.jumps(dim, epsilon, threshold)
        return elliptic_jumps(self.alpha, epsilon * self._image(dim), threshold)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """exp(-|G'u|^alpha).

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
        """
        u = self.arguments(u)
        if self.matrix.ndim == 0:
            length = self.matrix * np.linalg.norm(u, axis=1)
        else:
            length = np.linalg.norm(u @ self.matrix, axis=1)
        return np.exp(-(length**self.alpha)).astype(np.complex128)

    def width(self, dim: int) -> tuple[float, FloatArray]:
        """Euclidean norm of G'n; see `Noise.width`."""
        return 2.0, self.matrix if self.matrix.ndim else np.full(dim, self.matrix)

    def transformed(self, matrix: FloatArray) -> "Sphere":
        """Image by another matrix first; see `Noise.transformed`."""
        image = self._image(len(matrix))
        product = matrix @ image if matrix.ndim == 2 else matrix[:, None] * image
        facts = {"alpha": self.alpha, "matrix": check_matrix(product)}
        return Sphere(name=f"scaled {self.name}", parameters=facts, **facts)  # type: ignore[arg-type]

    def preconditioned(self, divisor: FloatArray) -> "Sphere":
        """Image by Q^-1 G; see `Noise.preconditioned`."""
        matrix = check_matrix(self._image(len(divisor)) / divisor[:, None])
        facts = {"alpha": self.alpha, "matrix": matrix}
        return Sphere(name=f"divided {self.name}", parameters=facts, **facts)  # type: ignore[arg-type]
