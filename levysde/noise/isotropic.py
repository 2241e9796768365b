"""Laws that jump in all directions: the isotropic one, and its images."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde.noise.form import check_matrix
from levysde.noise.sphere import Sphere
from levysde.noise.stable_index import check_alpha


class Isotropic(Sphere):
    """The same law in all directions; made by `isotropic`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    scale : float
        sigma, length/time^(1/alpha).
    """

    exponent: ClassVar[str] = "exp(-|scale u|^alpha)"

    @property
    def scale(self) -> float:
        """That of every coordinate."""
        return float(self.matrix)


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
    alpha, scale = check_alpha(alpha), checks.finite_number("scale", scale)
    parameters = {"alpha": alpha, "scale": scale}
    matrix = checks.freeze(np.asarray(scale))
    return Isotropic(name="isotropic", parameters=parameters, alpha=alpha, matrix=matrix)


class Elliptic(Sphere):
    """A linear image of the isotropic law; made by `elliptic`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    matrix : ndarray, shape (dim, drivers)
        G, length/time^(1/alpha).
    """


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
    facts = {"alpha": check_alpha(alpha), "matrix": check_matrix(matrix)}
    return Elliptic(name="elliptic", parameters=facts, **facts)  # type: ignore[arg-type]
