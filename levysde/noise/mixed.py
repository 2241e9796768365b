"""Laws whose jumps keep to finitely many lines."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.noise.columns import Columns
from levysde.noise.form import check_matrix
from levysde.noise.stable_index import check_alpha


class Mixed(Columns):
    """Independent drivers mixed by a matrix; made by `mixed`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    matrix : ndarray, shape (dim, drivers)
        G, length/time^(1/alpha).
    """

    exponent: ClassVar[str] = "exp(-sum_k |(G'u)_k|^alpha), G the matrix"

    @property
    def matrix(self) -> FloatArray:
        """The columns as one matrix."""
        return self.vectors


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
    alpha, matrix = check_alpha(alpha), check_matrix(matrix)
    return Mixed("mixed", {"alpha": alpha, "matrix": matrix}, alpha, matrix)


class Spectral(Columns):
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

    exponent: ClassVar[str] = "exp(-sum_k w_k |s_k.u|^alpha), s_k directions, w_k weights"

    @property
    def directions(self) -> FloatArray:
        """Unit vectors along the columns."""
        directions: FloatArray = self.parameters["directions"]
        return directions

    @property
    def weights(self) -> FloatArray:
        """Lengths of the columns to the power alpha."""
        weights: FloatArray = self.parameters["weights"]
        return weights


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
    rays = checks.finite_array("directions", directions)
    if rays.ndim != 2 or rays.size == 0:
        raise ValueError(f"directions has shape {rays.shape}; give shape (count, dimension)")
    lengths = np.linalg.norm(rays, axis=1)
    if not lengths.all():
        raise ValueError(f"direction {int(np.argmin(lengths))} is zero; give a direction")
    masses = checks.finite_array("weights", weights)
    if masses.shape != (len(rays),):
        raise ValueError(
            f"weights has {masses.size} numbers and directions {len(rays)} rows; give as many"
        )
    if (masses <= 0.0).any():
        raise ValueError(f"weights is {masses.tolist()}; give positive numbers")
    units = checks.freeze(rays / lengths[:, None])
    parameters = {"alpha": alpha, "directions": units, "weights": masses}
    with np.errstate(all="ignore"):
        columns = checks.freeze(masses[:, None] ** (1.0 / alpha) * units).T
    if not np.isfinite(columns).all():
        raise ValueError(
            f"weights is {masses.tolist()}, and the power 1/alpha of one is infinite; give weights "
            "nearer to 1"
        )
    return Spectral("spectral", parameters, alpha, columns)
