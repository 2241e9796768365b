"""Laws with independent coordinates, whose jumps are parallel to the axes."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.noise.columns import Columns, number_or_array
from levysde.noise.stable_index import check_alpha


class Independent(Columns):
    """Independent strictly stable coordinates of one index; made by `independent`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    scale : float or ndarray, shape (dim,)
        sigma_j, length/time^(1/alpha).
    beta : float or ndarray, shape (dim,)
        Skewness, dimensionless.
    """

    exponent: ClassVar[str] = "exp(-sum_j |scale_j u_j|^alpha)"

    @property
    def scale(self) -> float | FloatArray:
        """Scale of each coordinate, or of all."""
        scale: float | FloatArray = self.parameters["scale"]
        return scale

    @property
    def beta(self) -> float | FloatArray:
        """Skewness of each coordinate, or of all."""
        return self.betas

    @property
    def convention(self) -> tuple[str, str]:
        """That of one coordinate where all have one scale, or are skewed."""
        if np.any(self.betas):
            term = "(1 - i beta tan(pi alpha/2) sign u)"
            return "scale 1 is", f"E exp(iuL_1) = exp(-|u|^alpha {term})"
        if self.dim is None:
            return "scale 1 is", "E exp(iuL_1) = exp(-|u|^alpha)"
        return super().convention


def independent(alpha: float, scale: npt.ArrayLike = 1.0, beta: npt.ArrayLike = 0.0) -> Independent:
    """Independent coordinates: E exp(i u.L_1) = exp(-sum_j |sigma_j u_j|^alpha) for beta = 0.

    With skewness, each coordinate is strictly stable:
    E exp(iuL_1) = exp(-|sigma u|^alpha (1 - i beta tan(pi alpha/2) sign u)), and jumps up are
    (1 + beta)/(1 - beta) times as frequent as jumps down. At alpha = 1 no strictly stable law is
    skewed in this form, and beta must be 0.

    Jumps are parallel to the axes. alpha = 2 is Brownian motion with variance 2 sigma_j^2 per unit
    time, alpha = 1 the Cauchy process. Symmetric variates come from a table of the quantile
    function, exact to 2e-8 in probability, for alpha >= 1/2 (except within 0.01 of 1), and from the
    formula of Chambers, Mallows and Stuck elsewhere.

    Parameters
    ----------
    alpha : float
        Stability index, 0.1 <= alpha <= 2, dimensionless.
    scale : float or array, shape (dim,)
        sigma_j, one for all coordinates or one each, length/time^(1/alpha).
    beta : float or array, shape (dim,)
        Skewness, -1 <= beta_j <= 1, dimensionless.

    Returns
    -------
    Independent

    Raises
    ------
    ValueError
        If a parameter is out of range, all scales are zero, or beta is not 0 at alpha = 1.

    References
    ----------
    G. Samorodnitsky, M. S. Taqqu, "Stable Non-Gaussian Random Processes", 1994, definition 1.1.6.

    Examples
    --------
    >>> independent(1.5, scale=[1.0, 0.5]).dim
    2
    """
    alpha = check_alpha(alpha)
    scales, skewness = _numbers("scale", scale), _numbers("beta", beta)
    if (scales < 0.0).any() or not scales.any():
        raise ValueError(f"scale is {scales.tolist()}; give positive numbers")
    if (np.abs(skewness) > 1.0).any():
        raise ValueError(f"beta is {skewness.tolist()}; give a skewness from -1 to 1")
    if alpha == 1.0 and skewness.any():
        raise ValueError(
            f"beta is {skewness.tolist()} at alpha = 1, where a skewed law is not strictly stable "
            "(its scale moves it); give beta = 0 or another alpha"
        )
    if scales.ndim and skewness.ndim and scales.shape != skewness.shape:
        raise ValueError(
            f"scale has {scales.size} numbers and beta {skewness.size}; give one, or as many"
        )
    betas = number_or_array(skewness)
    parameters = {"alpha": alpha, "scale": number_or_array(scales)}
    if skewness.any():
        parameters["beta"] = betas
    return Independent("independent", parameters, alpha, scales, betas)


def _numbers(name: str, value: npt.ArrayLike) -> FloatArray:
    array = checks.finite_array(name, value)
    if array.ndim > 1 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; give one number, or one per coordinate")
    return array


class Multifractal(Columns):
    """Independent symmetric stable coordinates, an index each; made by `multifractal`.

    Attributes
    ----------
    alpha : float
        The smallest index, dimensionless.
    alphas : ndarray, shape (dim,)
        Stability indices, dimensionless.
    scales : ndarray, shape (dim,)
        sigma_j, length/time^(1/alpha_j).
    """

    exponent: ClassVar[str] = "exp(-sum_j |scale_j u_j|^alpha_j)"

    @property
    def scales(self) -> FloatArray:
        """Scale of each coordinate."""
        return self.vectors


def multifractal(alphas: npt.ArrayLike, scales: npt.ArrayLike = 1.0) -> Multifractal:
    """Independent coordinates of different index: exp(-sum_j |sigma_j u_j|^alpha_j).

    The noise in coordinate j has amplitude epsilon: its jumps out of a basin have rate
    epsilon^alpha_j nu_j(W), so that the smallest index that can exit rules as epsilon -> 0.

    Parameters
    ----------
    alphas : array, shape (dim,)
        Stability indices, 0.1 <= alpha_j <= 2, dimensionless.
    scales : float or array, shape (dim,)
        sigma_j, length/time^(1/alpha_j).

    Returns
    -------
    Multifractal

    Raises
    ------
    ValueError
        If an index is out of range, a scale is negative or not finite, or all are zero.

    Examples
    --------
    >>> multifractal([1.2, 1.8]).alpha
    1.2
    """
    indices = _numbers("alphas", alphas)
    if indices.ndim == 0:
        raise ValueError(f"alphas is {indices.tolist()}; give one index per coordinate")
    for index in indices:
        check_alpha(float(index))
    given = _numbers("scales", scales)
    if given.ndim and given.shape != indices.shape:
        raise ValueError(f"scales has {given.size} numbers and alphas {indices.size}; give as many")
    sigma = checks.freeze(np.broadcast_to(given, indices.shape))
    if (sigma < 0.0).any() or not sigma.any():
        raise ValueError(f"scales is {sigma.tolist()}; give positive numbers")
    parameters = {"alphas": indices, "scales": sigma}
    return Multifractal("multifractal", parameters, indices, sigma)
