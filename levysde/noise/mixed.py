"""Laws whose jumps keep to finitely many lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import parts
from levysde._typing import FloatArray
from levysde.engine.jump_parts import JumpPart, ray_jumps
from levysde.engine.program import NoisePart
from levysde.noise.base import MatrixNoise, Noise, check_alpha, check_matrix, mixture, step_scale


@dataclass(frozen=True, eq=False)
class Mixed(MatrixNoise):
    """Independent drivers mixed by a matrix; made by `mixed`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    matrix : ndarray, shape (dim, drivers)
        G, length/time^(1/alpha).
    """

    name: ClassVar[str] = "mixed"

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments epsilon dt^(1/alpha) G Z; see `Noise.part`."""
        self.check_dim(dim)
        return mixture(self.alpha, step_scale(self.alpha, epsilon, dt) * self.matrix)

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """Jumps along one column of G at a time; see `Noise.jumps`."""
        self.check_dim(dim)
        return ray_jumps(self.alpha, epsilon * self.matrix, threshold)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """exp(-sum_k |(G'u)_k|^alpha).

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
        """
        projected = np.abs(self.arguments(u) @ self.matrix) ** self.alpha
        return np.exp(-projected.sum(axis=1)).astype(np.complex128)


def mixed(alpha: float, matrix: npt.ArrayLike) -> Mixed:
    """DL = G dZ with independent SaS(1) drivers Z: E exp(i u.L_1) = exp(-sum_k |(G'u)_k|^alpha).

    Jumps are parallel to the columns of G. The number of drivers need not be the dimension.

    Parameters
    ----------
    alpha : float
        Stability index, 0.1 <= alpha <= 2, dimensionless.
    matrix : array, shape (dim, drivers)
        G, length/time^(1/alpha). A scale matrix: in the Gaussian case the covariance per unit time
        is 2 G G'.

    Returns
    -------
    Mixed

    Raises
    ------
    ValueError
        If alpha is out of range, or the matrix is not finite, of another shape, or zero.

    Examples
    --------
    >>> mixed(1.5, [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]).dim
    2
    """
    return Mixed(check_alpha(alpha), check_matrix(matrix))


@dataclass(frozen=True, eq=False)
class Spectral(Noise):
    """A discrete spectral measure; made by `spectral`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    directions : ndarray, shape (count, dim)
        Unit vectors s_k.
    weights : ndarray, shape (count,)
        w_k, length^alpha/time.
    """

    name: ClassVar[str] = "spectral"
    directions: FloatArray
    weights: FloatArray

    @property
    def dim(self) -> int | None:
        """Dimension of the directions."""
        return int(self.directions.shape[1])

    @property
    def params(self) -> Mapping[str, Any]:
        """Alpha, directions and weights."""
        return {"alpha": self.alpha, "directions": self.directions, "weights": self.weights}

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments epsilon dt^(1/alpha) sum_k w_k^(1/alpha) s_k Z_k; see `Noise.part`."""
        self.check_dim(dim)
        columns = self.directions.T * self.weights ** (1.0 / self.alpha)
        return mixture(self.alpha, step_scale(self.alpha, epsilon, dt) * columns)

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """Jumps along one direction at a time; see `Noise.jumps`."""
        self.check_dim(dim)
        columns = self.directions.T * self.weights ** (1.0 / self.alpha)
        return ray_jumps(self.alpha, epsilon * columns, threshold)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """exp(-sum_k w_k |s_k.u|^alpha).

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
        """
        along = np.abs(self.arguments(u) @ self.directions.T) ** self.alpha
        return np.exp(-(along @ self.weights)).astype(np.complex128)


def spectral(alpha: float, directions: npt.ArrayLike, weights: npt.ArrayLike) -> Spectral:
    """Symmetric law with a discrete spectral measure: exp(-sum_k w_k |s_k.u|^alpha).

    Jumps are parallel to the directions, to both sides alike: w_k/2 sits at each of s_k and -s_k.

    Parameters
    ----------
    alpha : float
        Stability index, 0.1 <= alpha <= 2, dimensionless.
    directions : array, shape (count, dim)
        s_k, brought to length 1.
    weights : array, shape (count,)
        w_k, positive, length^alpha/time.

    Returns
    -------
    Spectral

    Raises
    ------
    ValueError
        If alpha is out of range, a direction is zero, or a weight is not positive.

    Examples
    --------
    >>> law = spectral(1.5, [[1.0, 0.0], [3.0, 4.0]], [1.0, 0.5])
    >>> law.directions.tolist()
    [[1.0, 0.0], [0.6, 0.8]]
    """
    alpha = check_alpha(alpha)
    rays = parts.finite_array("directions", directions)
    if rays.ndim != 2 or rays.size == 0:
        raise ValueError(f"directions has shape {rays.shape}; give shape (count, dimension)")
    lengths = np.linalg.norm(rays, axis=1)
    if not lengths.all():
        raise ValueError(f"direction {int(np.argmin(lengths))} is zero; give a direction")
    masses = parts.finite_array("weights", weights, (len(rays),))
    if (masses <= 0.0).any():
        raise ValueError(f"weights is {masses.tolist()}; give positive numbers")
    return Spectral(alpha, parts.freeze(rays / lengths[:, None]), masses)
