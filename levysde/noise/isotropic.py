"""Laws that are Gaussian with a random common factor: jumps in all directions.

A Gaussian vector X of variance 2 in every coordinate times R = sqrt(S), S positive stable with
E exp(-s S) = exp(-s^(alpha/2)), has the characteristic function E exp(-|u|^2 S) = exp(-|u|^alpha).
The tail is made by S alone. The coordinates of X are therefore drawn from 32 bits each, which cuts
the Gaussian at 6.8 standard deviations (probability 2^-33).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import parts
from levysde._typing import FloatArray
from levysde.engine.jump_parts import JumpPart, elliptic_jumps, ray_jumps
from levysde.engine.philox import unit_uniform
from levysde.engine.program import NoisePart, flat_columns
from levysde.engine.quantile import (
    has_radius_table,
    radius_table,
    tabulated_radius,
)
from levysde.engine.variates import gaussian_pair, positive_constants, positive_stable
from levysde.noise.base import MatrixNoise, Noise, check_alpha, check_matrix, mixture, step_scale
from levysde.noise.independent import independent


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
class Isotropic(Noise):
    """The same law in all directions; made by `isotropic`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    scale : float
        sigma, length/time^(1/alpha).
    """

    name: ClassVar[str] = "isotropic"
    scale: float

    @property
    def dim(self) -> int | None:
        """None: the law serves every dimension."""
        return None

    @property
    def params(self) -> Mapping[str, Any]:
        """Alpha and scale."""
        return {"alpha": self.alpha, "scale": self.scale}

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments epsilon dt^(1/alpha) sigma R X; see `Noise.part`."""
        if dim == 1 or self.alpha == 2.0:  # there the coordinates are independent
            return independent(self.alpha, self.scale).part(dim, epsilon, dt)
        return _sub_gaussian(
            self.alpha, step_scale(self.alpha, epsilon, dt) * self.scale, None, dim
        )

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """Jumps in all directions alike; see `Noise.jumps`."""
        self.check_dim(dim)
        if dim == 1 or self.alpha == 2.0:
            return independent(self.alpha, self.scale).jumps(dim, epsilon, threshold)
        return elliptic_jumps(self.alpha, epsilon * self.scale * np.eye(dim), threshold)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """exp(-|sigma u|^alpha).

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
        """
        length = np.linalg.norm(self.arguments(u), axis=1)
        return np.exp(-((self.scale * length) ** self.alpha)).astype(np.complex128)


def isotropic(alpha: float, scale: float = 1.0) -> Isotropic:
    """The rotationally invariant law: E exp(i u.L_1) = exp(-|sigma u|^alpha).

    Its coordinates are not independent: large jumps have random directions. In one dimension and
    at alpha = 2 it is `independent`.

    Parameters
    ----------
    alpha : float
        Stability index, 0.1 <= alpha <= 2, dimensionless.
    scale : float
        sigma, length/time^(1/alpha).

    Returns
    -------
    Isotropic

    Raises
    ------
    ValueError
        If alpha is out of range or the scale is not a positive number.

    References
    ----------
    G. Samorodnitsky, M. S. Taqqu, "Stable Non-Gaussian Random Processes", 1994, section 2.5.

    Examples
    --------
    >>> isotropic(1.5).name
    'isotropic'
    """
    return Isotropic(check_alpha(alpha), parts.finite_number("scale", scale))


@dataclass(frozen=True, eq=False)
class Elliptic(MatrixNoise):
    """A linear image of the isotropic law; made by `elliptic`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    matrix : ndarray, shape (dim, drivers)
        G, length/time^(1/alpha).
    """

    name: ClassVar[str] = "elliptic"

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments epsilon dt^(1/alpha) R G X; see `Noise.part`."""
        self.check_dim(dim)
        scale = step_scale(self.alpha, epsilon, dt)
        if self.alpha == 2.0:
            return mixture(2.0, scale * self.matrix)
        return _sub_gaussian(self.alpha, scale, lower_triangular(self.matrix), dim)

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """Jumps in all directions, as G maps the sphere; see `Noise.jumps`."""
        self.check_dim(dim)
        if self.alpha == 2.0:
            return ray_jumps(2.0, epsilon * self.matrix, threshold)
        return elliptic_jumps(self.alpha, epsilon * self.matrix, threshold)

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
        length = np.linalg.norm(self.arguments(u) @ self.matrix, axis=1)
        return np.exp(-(length**self.alpha)).astype(np.complex128)


def elliptic(alpha: float, matrix: npt.ArrayLike) -> Elliptic:
    """The sub-Gaussian law: E exp(i u.L_1) = exp(-|G'u|^alpha).

    G G' is the shape matrix: level sets of the law are ellipsoids. Jumps go in all directions that
    G reaches.

    Parameters
    ----------
    alpha : float
        Stability index, 0.1 <= alpha <= 2, dimensionless.
    matrix : array, shape (dim, drivers)
        G, length/time^(1/alpha).

    Returns
    -------
    Elliptic

    Raises
    ------
    ValueError
        If alpha is out of range, or the matrix is not finite, of another shape, or zero.

    References
    ----------
    G. Samorodnitsky, M. S. Taqqu, "Stable Non-Gaussian Random Processes", 1994, section 2.5.

    Examples
    --------
    >>> elliptic(1.5, [[2.0, 0.0], [0.0, 0.5]]).dim
    2
    """
    return Elliptic(check_alpha(alpha), check_matrix(matrix))
