"""Laws that are Gaussian with a random common factor: jumps in all directions.

A Gaussian vector X of variance 2 in every coordinate times R = sqrt(S), S positive stable with
E exp(-s S) = exp(-s^(alpha/2)), has the characteristic function E exp(-|u|^2 S) = exp(-|u|^alpha).
The tail is made by S alone. The coordinates of X are therefore drawn from 32 bits each, which cuts
the Gaussian at 6.3 standard deviations (probability 2^-32).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import parts
from levysde._typing import FloatArray
from levysde.engine.philox import unit_uniform
from levysde.engine.program import NoisePart
from levysde.engine.quantile import (
    TABLE_SIZE,
    has_radius_table,
    quantile_table,
    radius_table,
    tabulated_radius,
    tabulated_stable,
)
from levysde.engine.variates import positive_constants, positive_stable
from levysde.noise.base import Noise, check_alpha, check_matrix, mixture, step_scale
from levysde.noise.independent import independent


def _gaussian_driver(k: int, word: np.uint64, p: FloatArray) -> float:
    return tabulated_stable(word, p)


def _table_radius(first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    return p[TABLE_SIZE] * tabulated_radius(first, p, TABLE_SIZE + 1)


def _formula_radius(first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    i = TABLE_SIZE
    u, w = unit_uniform(first), unit_uniform(second)
    return p[i] * np.sqrt(positive_stable(u, w, p[i + 1], p[i + 2], p[i + 3]))


def _sub_gaussian(alpha: float, scale: float, matrix: FloatArray | None, dim: int) -> NoisePart:
    """Scale R G X, or scale R X without a matrix."""
    if has_radius_table(alpha):
        radius, law = _table_radius, radius_table(alpha)
    else:
        radius, law = _formula_radius, np.array(positive_constants(0.5 * alpha))
    pieces = [quantile_table(2.0), np.array([scale]), law]
    at = sum(len(piece) for piece in pieces)
    if matrix is not None:
        pieces.append(matrix.T.ravel())
    return NoisePart(
        increment=_gaussian_driver,
        words=0.5,
        drivers=dim if matrix is None else matrix.shape[1],
        p=np.concatenate(pieces),
        radius=radius,
        matrix_at=None if matrix is None else at,
    )


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
        length = np.linalg.norm(np.asarray(u, dtype=np.float64), axis=1)
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
class Elliptic(Noise):
    """A linear image of the isotropic law; made by `elliptic`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    matrix : ndarray, shape (dim, drivers)
        G, length/time^(1/alpha).
    """

    name: ClassVar[str] = "elliptic"
    matrix: FloatArray

    @property
    def dim(self) -> int | None:
        """Number of rows of G."""
        return int(self.matrix.shape[0])

    @property
    def params(self) -> Mapping[str, Any]:
        """Alpha and the matrix."""
        return {"alpha": self.alpha, "matrix": self.matrix}

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments epsilon dt^(1/alpha) R G X; see `Noise.part`."""
        self.check_dim(dim)
        scale = step_scale(self.alpha, epsilon, dt)
        if self.alpha == 2.0:
            return mixture(2.0, scale * self.matrix)
        return _sub_gaussian(self.alpha, scale, self.matrix, dim)

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
        length = np.linalg.norm(np.asarray(u, dtype=np.float64) @ self.matrix, axis=1)
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
