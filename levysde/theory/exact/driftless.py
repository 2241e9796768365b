"""Exact values for the first exit and the overshoot of stable processes without drift.

Everywhere L is the standard symmetric stable process with E exp(iuL_1) = exp(-|u|^alpha); at
alpha = 2 this is a Brownian motion of variance 2t.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from levysde.theory import arguments
from levysde.theory.numbers import checked_alpha, checked_positive

_EXACT_BINOMIAL = 1000


def _jumping_alpha(alpha: float) -> float:
    alpha = checked_alpha(alpha)
    if alpha == 2.0:
        raise ValueError("alpha is 2.0, but this law needs jumps, alpha < 2")
    return alpha


@arguments.checked(alpha=arguments.alpha)
def kappa(alpha: float) -> float:
    """Return kappa_alpha = sin(pi alpha / 2) / (pi alpha / 2).

    nu(W) E Gamma for a driftless stable process leaving an ellipsoid from its center; with a
    drift, nu(W) eps^alpha E Gamma runs from kappa_alpha (large eps) to 1 (small eps).

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless.

    Returns
    -------
    float
        The constant, dimensionless; exactly 0.0 at alpha = 2.

    Raises
    ------
    ValueError
        If ``alpha`` is not in (0, 2].

    Notes
    -----
    Source: follows from Getoor, Trans. Amer. Math. Soc. 101 (1961) 75, eq. 5.1, and the Levy
    measure of a ball.

    Examples
    --------
    >>> round(kappa(1.5), 8)
    0.30010544
    """
    return math.sin(0.5 * math.pi * min(alpha, 2.0 - alpha)) / (0.5 * math.pi * alpha)


@arguments.checked(alpha=arguments.alpha, dim=arguments.whole, distance=arguments.number)
def driftless_mean_exit_time(alpha: float, radius: float, dim: int, distance: float = 0.0) -> float:
    """Return the mean exit time of isotropic stable motion from a ball.

    E tau = Gamma(d/2) (R^2 - |x|^2)^(alpha/2)
    / (2^alpha Gamma(1 + alpha/2) Gamma((d + alpha)/2)).

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless.
    radius : float
        Radius R of the ball, units of the state.
    dim : int
        Dimension d.
    distance : float
        Distance |x| of the start from the center, units of the state, at most ``radius``.

    Returns
    -------
    float
        Mean exit time at scale 1; a scale sigma divides it by sigma^alpha.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: Getoor, Trans. Amer. Math. Soc. 101 (1961) 75, eq. 5.1.

    Examples
    --------
    >>> round(driftless_mean_exit_time(1.5, 1.0, 1), 7)
    0.7522528
    """
    radius = checked_positive(radius, "radius")
    if dim < 1:
        raise ValueError(f"dim is {dim!r}, but it must be at least 1")
    if not 0.0 <= distance <= radius:
        raise ValueError(f"distance is {distance!r}, but it must be in [0, radius = {radius!r}]")
    log_factor = math.lgamma(0.5 * dim) - math.lgamma(0.5 * (dim + alpha))
    log_factor -= alpha * math.log(2.0) + math.lgamma(1.0 + 0.5 * alpha)
    room = (radius - distance) * (radius + distance)
    return float(math.exp(log_factor) * room ** (0.5 * alpha))


@arguments.checked(
    alpha=arguments.alpha, lower=arguments.finite, upper=arguments.finite, start=arguments.finite
)
def driftless_interval_mean_exit_time(
    alpha: float, lower: float, upper: float, start: float
) -> float:
    """Return E tau = ((x - lower)(upper - x))^(alpha/2) / Gamma(1 + alpha) for an interval.

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless.
    lower, upper : float
        Ends of the interval, units of the state.
    start : float
        Starting point x in [lower, upper].

    Returns
    -------
    float
        Mean exit time at scale 1; a scale sigma divides it by sigma^alpha.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: Getoor, Trans. Amer. Math. Soc. 101 (1961) 75, eq. 5.1 in dimension 1.

    Examples
    --------
    >>> driftless_interval_mean_exit_time(2.0, -1.0, 1.0, 0.0)
    0.5
    """
    if not (math.isfinite(upper - lower) and lower <= start <= upper and lower < upper):
        raise ValueError(f"start is {start!r}, but it must be in [{lower!r}, {upper!r}], finite")
    return float(((start - lower) * (upper - start)) ** (0.5 * alpha)) / math.gamma(1.0 + alpha)


@arguments.checked(
    alpha=arguments.alpha, matrix=arguments.array_or_none, start=arguments.array_or_none
)
def driftless_ellipsoid_mean_exit_time(
    alpha: float,
    escape_measure: float,
    matrix: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> float:
    """Return E tau = (kappa_alpha / nu(W)) (1 - x'Ax)^(alpha/2) for the ellipsoid {x'Ax < 1}.

    Holds for every symmetric stable noise law, isotropic or not.

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2), dimensionless.
    escape_measure : float
        nu(W) of the ellipsoid seen from its center, units of (state)^(-alpha).
    matrix : array_like, shape (dim, dim), optional
        Matrix A, units of (state)^(-2); not needed for the start at the center.
    start : array_like, shape (dim,), optional
        Starting point x; defaults to the center.

    Returns
    -------
    float
        Mean exit time.

    Raises
    ------
    ValueError
        If a number is out of range, the start is outside, or it comes without a matrix.

    Notes
    -----
    Source: Ryznar (2025) for the ball and any symmetric stable law, and a linear change of
    variables.

    Examples
    --------
    >>> round(driftless_ellipsoid_mean_exit_time(1.5, 0.39894228), 7)
    0.7522528
    """
    alpha = _jumping_alpha(alpha)
    measure = checked_positive(getattr(escape_measure, "value", escape_measure), "escape_measure")
    if start is None:
        return kappa(alpha) / measure
    if matrix is None:
        raise ValueError("matrix is missing, but a start away from the center needs it")
    x = np.atleast_1d(np.asarray(start, dtype=np.float64))
    room = 1.0 - float(x @ np.atleast_2d(np.asarray(matrix, dtype=np.float64)) @ x)
    if not room >= 0.0:
        raise ValueError(f"start {x.tolist()} is outside the ellipsoid")
    return float(kappa(alpha) / measure * room ** (0.5 * alpha))


@arguments.checked(rho=arguments.array, alpha=arguments.alpha)
def exit_overshoot_survival(rho: ArrayLike, alpha: float) -> NDArray[np.float64]:
    """Return P(|X_tau| > rho R) = I_{rho^-2}(alpha/2, 1 - alpha/2), exit of a ball from its center.

    Parameters
    ----------
    rho : array_like
        Exit distance in units of the radius, at least 1, dimensionless.
    alpha : float
        Stability index in (0, 2), dimensionless.

    Returns
    -------
    ndarray, shape of rho
        Probability, the same in every dimension for isotropic driftless motion.

    Raises
    ------
    ValueError
        If ``rho`` is below 1 or ``alpha`` is not in (0, 2).

    Notes
    -----
    Source: Blumenthal, Getoor & Ray, Trans. Amer. Math. Soc. 99 (1961) 540, theorem A.

    Examples
    --------
    >>> round(float(exit_overshoot_survival(2.0, 1.5)), 8)
    0.11606182
    """
    alpha = _jumping_alpha(alpha)
    ratio = np.asarray(rho, dtype=np.float64)
    if not np.all(ratio >= 1.0):
        raise ValueError(f"rho is {ratio.tolist()}, but it must be at least 1")
    return np.asarray(special.betainc(0.5 * alpha, 1.0 - 0.5 * alpha, ratio**-2.0))


@arguments.checked(x=arguments.array, alpha=arguments.alpha)
def right_exit_probability(x: ArrayLike, alpha: float) -> NDArray[np.float64]:
    """Return P_x(exit to the right of (-1, 1)) = I_{(1+x)/2}(alpha/2, alpha/2), no drift.

    Parameters
    ----------
    x : array_like
        Starting point in [-1, 1], in units of the half width.
    alpha : float
        Stability index in (0, 2], dimensionless.

    Returns
    -------
    ndarray, shape of x
        Probability.

    Raises
    ------
    ValueError
        If ``x`` is not in [-1, 1] or ``alpha`` is not in (0, 2].

    Notes
    -----
    Source: Blumenthal, Getoor & Ray, Trans. Amer. Math. Soc. 99 (1961) 540, corollary 2.

    Examples
    --------
    >>> round(float(right_exit_probability(0.5, 1.5)), 8)
    0.7134763
    """
    start = np.asarray(x, dtype=np.float64)
    if not np.all(np.abs(start) <= 1.0):
        raise ValueError(f"x is {start.tolist()}, but it must be in [-1, 1]")
    return np.asarray(special.betainc(0.5 * alpha, 0.5 * alpha, 0.5 * (1.0 + start)))


@arguments.checked(overshoot=arguments.array, alpha=arguments.alpha)
def half_line_overshoot_survival(
    overshoot: ArrayLike, distance: float, alpha: float
) -> NDArray[np.float64]:
    """Return P(l > y) = I_{x/(x+y)}(alpha/2, 1 - alpha/2), leaving a half line from distance x.

    Parameters
    ----------
    overshoot : array_like
        Distance y >= 0 beyond the boundary, units of the state.
    distance : float
        Distance x > 0 of the start from the boundary, units of the state.
    alpha : float
        Stability index in (0, 2), dimensionless.

    Returns
    -------
    ndarray, shape of overshoot
        Probability, for driftless motion.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: Ray, Trans. Amer. Math. Soc. 89 (1958) 16.

    Examples
    --------
    >>> round(float(half_line_overshoot_survival(1.0, 1.0, 1.0)), 8)
    0.5
    """
    alpha, distance = _jumping_alpha(alpha), checked_positive(distance, "distance")
    y = np.asarray(overshoot, dtype=np.float64)
    if not np.all(y >= 0.0):
        raise ValueError(f"overshoot is {y.tolist()}, but it must not be negative")
    return np.asarray(special.betainc(0.5 * alpha, 1.0 - 0.5 * alpha, distance / (distance + y)))


@arguments.checked(n=arguments.whole)
def sparre_andersen_survival(n: int) -> float:
    """Return P(N > n) = C(2n, n) 4^(-n), a random walk that starts on the boundary of a half line.

    Holds for every symmetric continuous law of the steps, whatever its tails.

    Parameters
    ----------
    n : int
        Number of steps, at least 0.

    Returns
    -------
    float
        Probability that none of the first n positions is beyond the boundary.

    Raises
    ------
    ValueError
        If ``n`` is negative.

    Notes
    -----
    Source: Sparre Andersen, Math. Scand. 1 (1953) 263; Feller, vol. II, sec. XII.7.

    Examples
    --------
    >>> sparre_andersen_survival(5)
    0.24609375
    """
    if n < 0:
        raise ValueError(f"n is {n!r}, but it must not be negative")
    if n <= _EXACT_BINOMIAL:
        return float(math.comb(2 * n, n) / 4**n)
    bracket = 1.0 - 1.0 / (8 * n) + 1.0 / (128 * n**2) + 5.0 / (1024 * n**3) - 21 / (32768 * n**4)
    return bracket / math.sqrt(math.pi * n)


@arguments.checked(alpha=arguments.alpha)
def boundary_shift_constant(alpha: float) -> float:
    """Return beta_alpha = -zeta(1 - 1/alpha) Gamma(1 - 1/alpha) / pi.

    Watching for exits only at multiples of h acts like moving the boundary outward by
    beta_alpha sigma h^(1/alpha), sigma the noise scale along the normal of the boundary.

    Parameters
    ----------
    alpha : float
        Stability index in (1, 2], dimensionless; at most 1 the mean overshoot does not exist.

    Returns
    -------
    float
        The constant, dimensionless.

    Raises
    ------
    ValueError
        If ``alpha`` is not in (1, 2].

    Notes
    -----
    Source: Siegmund, Adv. Appl. Prob. 11 (1979) 701, and Broadie, Glasserman & Kou, Math.
    Finance 7 (1997) 325, for alpha = 2, where the constant is sqrt(2) times 0.5826 because the
    variance is 2; Spitzer's identity for the others.

    Examples
    --------
    >>> round(boundary_shift_constant(1.5), 6)
    0.830016
    """
    if alpha <= 1.0:
        raise ValueError(f"alpha is {alpha!r}, but the boundary shift exists only for alpha > 1")
    exponent = 1.0 - 1.0 / alpha
    return float(-special.zeta(exponent) * special.gamma(exponent) / math.pi)
