"""Constants of the Levy measures of stable laws."""

from __future__ import annotations

import math

from levysde.theory import arguments


@arguments.checked(alpha=arguments.alpha)
def stable_constant(alpha: float) -> float:
    """Return c_alpha = Gamma(1 + alpha) sin(pi alpha / 2) / pi.

    The Levy measure of the standard symmetric stable law, E exp(iuL) = exp(-|u|^alpha), has the
    density c_alpha |y|^(-1 - alpha), and P(|L| > x) ~ (2 c_alpha / alpha) x^(-alpha).

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless.

    Returns
    -------
    float
        The constant, dimensionless; exactly 0.0 at alpha = 2, which has no jumps.

    Raises
    ------
    ValueError
        If ``alpha`` is not in (0, 2].

    Notes
    -----
    Source: Samorodnitsky & Taqqu, Stable Non-Gaussian Random Processes (1994), eq. 1.2.9.

    Examples
    --------
    >>> round(stable_constant(1.5), 8)
    0.29920671
    """
    # sin(pi alpha / 2) = sin(pi (2 - alpha) / 2); the smaller argument keeps all digits near 2.
    return math.gamma(1.0 + alpha) * math.sin(0.5 * math.pi * min(alpha, 2.0 - alpha)) / math.pi


@arguments.checked(alpha=arguments.alpha, dim=arguments.whole)
def isotropic_constant(alpha: float, dim: int) -> float:
    """Return K_d = 2^alpha Gamma((d + alpha)/2) / (Gamma(d/2) Gamma(1 - alpha/2)).

    The Levy measure of the isotropic stable law in R^d, E exp(iu.L) = exp(-|u|^alpha), gives the
    outside of the ball of radius R about the origin the mass K_d R^(-alpha).

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless.
    dim : int
        Dimension d.

    Returns
    -------
    float
        The constant, dimensionless; K_1 = 2 c_alpha / alpha, and exactly 0.0 at alpha = 2.

    Raises
    ------
    ValueError
        If ``alpha`` is not in (0, 2] or ``dim`` is below 1.

    Notes
    -----
    Source: Samorodnitsky & Taqqu, Stable Non-Gaussian Random Processes (1994), section 2.5: the
    law is a Gaussian one, of random variance.

    Examples
    --------
    >>> round(isotropic_constant(1.5, 2), 8)
    0.7169832
    """
    from scipy.special import poch, rgamma

    if dim < 1:
        raise ValueError(f"dim is {dim!r}, but it must be at least 1")
    return float(2.0**alpha * poch(0.5 * dim, 0.5 * alpha) * rgamma(1.0 - 0.5 * alpha))
