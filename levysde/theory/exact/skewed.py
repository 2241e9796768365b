"""Exit of skewed strictly stable motion without drift from an interval.

Here L has E exp(iuL_1) = exp(-|u|^alpha (1 - i beta tan(pi alpha/2) sign u)), alpha != 1.
"""

from __future__ import annotations

import math

from scipy import special

from levysde.theory import arguments
from levysde.theory.numbers import checked_positive


@arguments.checked(alpha=arguments.alpha, beta=arguments.finite)
def positivity(alpha: float, beta: float) -> float:
    """Return rho = P(L_1 > 0) = 1/2 + arctan(beta tan(pi alpha/2)) / (pi alpha).

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless; 1 only with ``beta`` 0.
    beta : float
        Skewness in [-1, 1], dimensionless.

    Returns
    -------
    float
        Probability.

    Raises
    ------
    ValueError
        If a number is out of range, or the law is not strictly stable.

    Notes
    -----
    Source: Zolotarev, One-dimensional Stable Distributions (1986), sec. 2.6.

    Examples
    --------
    >>> round(positivity(1.5, 1.0), 12)
    0.333333333333
    """
    if not -1.0 <= beta <= 1.0:
        raise ValueError(f"beta is {beta!r}, but the skewness must be in [-1, 1]")
    if beta == 0.0 or alpha == 2.0:
        return 0.5
    if alpha == 1.0:
        raise ValueError(
            f"beta is {beta!r} at alpha = 1, where skewed motion is not strictly stable: no exact "
            "value is known; take another alpha or beta = 0"
        )
    if alpha < 1.0 and abs(beta) == 1.0:
        return 0.5 * (1.0 + beta)
    return 0.5 + math.atan(beta * math.tan(0.5 * math.pi * alpha)) / (math.pi * alpha)


def _share(lower: float, upper: float, start: float) -> float:
    """Return the position of the start as a share of the interval."""
    if not (math.isfinite(upper - lower) and lower <= start <= upper and lower < upper):
        raise ValueError(f"start is {start!r}, but it must be in [{lower!r}, {upper!r}], finite")
    return (start - lower) / (upper - lower)


@arguments.checked(
    alpha=arguments.alpha,
    beta=arguments.finite,
    lower=arguments.finite,
    upper=arguments.finite,
    start=arguments.finite,
)
def skewed_mean_exit_time(
    alpha: float, beta: float, lower: float, upper: float, start: float, epsilon: float = 1.0
) -> float:
    """Return the mean exit time of skewed stable motion without drift from an interval.

    E tau = cos(pi alpha (rho - 1/2)) (upper - x)^(alpha rho) (x - lower)^(alpha (1 - rho))
    / (eps^alpha Gamma(1 + alpha)), rho the positivity.

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless; 1 only with ``beta`` 0.
    beta : float
        Skewness in [-1, 1], dimensionless; positive where the longer jumps go up.
    lower, upper : float
        Ends of the interval, units of the state.
    start : float
        Starting point x in [lower, upper].
    epsilon : float
        Noise amplitude, units of the state per time^(1/alpha).

    Returns
    -------
    float
        Mean exit time, units of time.

    Raises
    ------
    ValueError
        If a number is out of range, or the law is not strictly stable.

    Notes
    -----
    Source: Profeta & Simon, Seminaire de Probabilites XLVIII (2016) 325. A process of one
    sign, alpha < 1 and |beta| = 1, is included.

    Examples
    --------
    >>> round(skewed_mean_exit_time(1.5, 0.5, -1.0, 1.0, 0.0), 5)
    0.67284
    """
    rho = positivity(alpha, beta)
    epsilon = checked_positive(epsilon, "epsilon")
    share = _share(lower, upper, start)
    width = (upper - lower) / epsilon
    shape = (1.0 - share) ** (alpha * rho) * share ** (alpha * (1.0 - rho))
    factor = math.cos(math.pi * alpha * (rho - 0.5)) / math.gamma(1.0 + alpha)
    return float(factor * width**alpha * shape)


@arguments.checked(
    alpha=arguments.alpha,
    beta=arguments.finite,
    lower=arguments.finite,
    upper=arguments.finite,
    start=arguments.finite,
)
def skewed_right_exit_probability(
    alpha: float, beta: float, lower: float, upper: float, start: float
) -> float:
    """Return P_x(exit above) = I_s(alpha (1 - rho), alpha rho), s = (x - lower)/(upper - lower).

    Skewed stable motion without drift, of any amplitude; rho is the positivity.

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless; 1 only with ``beta`` 0.
    beta : float
        Skewness in [-1, 1], dimensionless; positive where the longer jumps go up.
    lower, upper : float
        Ends of the interval, units of the state.
    start : float
        Starting point x in [lower, upper].

    Returns
    -------
    float
        Probability.

    Raises
    ------
    ValueError
        If a number is out of range, or the law is not strictly stable.

    Notes
    -----
    Source: Profeta & Simon, Seminaire de Probabilites XLVIII (2016) 325, and Kyprianou, ALEA 15
    (2018) 617.

    Examples
    --------
    >>> round(skewed_right_exit_probability(1.5, 0.0, -1.0, 1.0, 0.5), 8)
    0.7134763
    """
    rho = positivity(alpha, beta)
    share = _share(lower, upper, start)
    up, down = alpha * (1.0 - rho), alpha * rho
    # A process of one sign leaves on its side, except from the other end itself.
    if min(up, down) <= 0.0:
        return 1.0 if up <= 0.0 else 0.0
    return float(special.betainc(up, down, share))
