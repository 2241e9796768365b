"""Formulas of momentum and of the Adam family: what one jump does, and how the rates compare."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from levysde.theory import arguments
from levysde.theory.numbers import checked_positive


@arguments.checked(r=arguments.number)
def peak_factor(r: float) -> float:
    """Return p(r) = r^(-1/2) exp(-artanh(D)/D), D = sqrt(1 - 4r): the peak of a spread jump.

    A jump that enters the averaged gradient, x' = -m, m' = rho (k x - m), m(0) = -rho, displaces
    x little by little: with time in units of 1/rho, x'' + x' + r x = 0, x(0) = 0, x'(0) = 1. The
    maximum is p(r); without the restoring force, r = 0, it would be 1. With s(+-) = (1 +- D)/2 it
    is (1/s+) (s-/s+)^(s-/(s+ - s-)); for 4r > 1 artanh(D)/D is arctan(E)/E, E = sqrt(4r - 1). A
    mean escape time is longer by p^(-alpha) than if the jump came at once.

    Parameters
    ----------
    r : float
        k/rho, curvature times the time over which gradients are averaged, not negative,
        dimensionless.

    Returns
    -------
    float
        In (0, 1], dimensionless; 2/e at r = 1/4, where the motion begins to oscillate.

    Raises
    ------
    ValueError
        If ``r`` is negative or not finite.

    Notes
    -----
    Source: the linear equation solved; Polyak, USSR Comput. Math. Math. Phys. 4 (1964) 1, for the
    heavy ball.

    Examples
    --------
    >>> round(peak_factor(0.1), 5), round(peak_factor(1.0), 5)
    (0.83473, 0.54629)
    """
    r = _checked_ratio(r)
    if r == 0.0:
        return 1.0
    discriminant = 1.0 - 4.0 * r
    if discriminant == 0.0:
        return 2.0 / math.e
    root = math.sqrt(abs(discriminant))
    if discriminant < 0.0:
        exponent = math.atan(root) / root
    elif root < 0.5:
        exponent = math.atanh(root) / root
    else:
        # 1 - D = 4r/(1 + D) keeps the digits where r is small.
        exponent = math.log((1.0 + root) / (2.0 * math.sqrt(r))) / root
    return math.exp(-exponent) / math.sqrt(r)


@arguments.checked(r=arguments.number)
def overshoot_factor(r: float) -> float:
    """Return exp(-pi / sqrt(4r - 1)), 0 for 4r <= 1: how far the motion swings to the other side.

    With averaged gradients a particle displaced by 1, x'' + x' + r x = 0, x(0) = 1, x'(0) = 0,
    returns to the minimum and passes it if 4r > 1; its first minimum is minus this number. It is
    also the ratio of successive extrema of a jump that is spread (see `peak_factor`).

    Parameters
    ----------
    r : float
        k/rho, curvature times the time over which gradients are averaged, not negative,
        dimensionless.

    Returns
    -------
    float
        In [0, 1), dimensionless.

    Raises
    ------
    ValueError
        If ``r`` is negative or not finite.

    Notes
    -----
    Source: the linear equation solved.

    Examples
    --------
    >>> overshoot_factor(0.25), round(overshoot_factor(1.0), 5)
    (0.0, 0.16303)
    """
    r = _checked_ratio(r)
    return 0.0 if 4.0 * r <= 1.0 else math.exp(-math.pi / math.sqrt(4.0 * r - 1.0))


def _checked_ratio(r: float) -> float:
    r = float(r)
    if not (math.isfinite(r) and r >= 0.0):
        raise ValueError(f"r is {r!r}, but it must be finite and not negative")
    return r


@arguments.checked(b1=arguments.number, b2=arguments.number)
def one_jump_cap(b1: float, b2: float, eta: float = 1.0) -> float:
    """Return eta (1 - b1) / (sqrt(1 - b2) (1 - b1/sqrt(b2))): Adam's largest step by one jump.

    In Adam with eps = 0 the jump that enters m enters v too. After a gradient J in a long calm,
    m_n = (1 - b1) b1^n J and v_n = (1 - b2) b2^n J^2, so that the steps
    eta m_n / sqrt(v_n) = eta (1 - b1)/sqrt(1 - b2) (b1/sqrt(b2))^n do not depend on J, and their
    sum is the cap. It is reached as J -> inf; any eps > 0 and any earlier noise in v lower it. A
    basin that is wider cannot be left by one jump.

    Parameters
    ----------
    b1, b2 : float
        Factors per step of the two averages, in [0, 1), dimensionless; b1 = 0 is RMSprop.
    eta : float
        Step length, positive, units of the state.

    Returns
    -------
    float
        Units of the state; ``inf`` for b1 >= sqrt(b2), where the sum diverges: v forgets the jump
        before m does.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: the recurrence of Kingma & Ba, ICLR 2015 (arXiv 1412.6980), algorithm 1, summed.

    Examples
    --------
    >>> round(one_jump_cap(0.9, 0.999), 4)
    31.7658
    >>> one_jump_cap(0.99, 0.9)
    inf
    """
    eta = checked_positive(eta, "eta")
    for name, value in (("b1", b1), ("b2", b2)):
        if not 0.0 <= value < 1.0:
            raise ValueError(f"{name} is {value!r}, but it must be in [0, 1)")
    if b1 == 0.0:
        return eta / math.sqrt(1.0 - b2)
    if b1 >= math.sqrt(b2):
        return math.inf
    return eta * (1.0 - b1) / (math.sqrt(1.0 - b2) * (1.0 - b1 / math.sqrt(b2)))


@arguments.checked(
    alpha=arguments.alpha,
    curvatures=arguments.array,
    scales=arguments.array,
    preconditioner=arguments.array,
)
def adam_sgd_ratio(
    alpha: float, curvatures: ArrayLike, scales: ArrayLike, preconditioner: ArrayLike
) -> float:
    """Return the mean escape time of Adam with frozen v over that of SGD, same eps.

    sum_i s_i^alpha lambda_i^(alpha/2) / sum_i (s_i/q_i)^alpha lambda_i^(alpha/2), for the basin
    {sum_i lambda_i x_i^2 < 2h} of a quadratic potential, independent coordinates of noise with
    scales s_i, and a displacement y_i/q_i by the jump y. It can be above and below 1: which of the
    two leaves sooner is a matter of the preconditioner, not of the algorithm.

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless.
    curvatures : array_like, shape (dim,)
        lambda_i, positive, 1/time.
    scales : array_like, shape (dim,)
        s_i, not negative and not all 0, units of the state per time^(1/alpha).
    preconditioner : array_like, shape (dim,)
        q_i = sqrt(v_i) + eps, positive, dimensionless. A plain number stands for all coordinates,
        here and above.

    Returns
    -------
    float
        E Gamma_Adam / E Gamma_SGD as eps -> 0, dimensionless.

    Raises
    ------
    ValueError
        If a number is out of range or the lengths differ.

    Notes
    -----
    Source: Imkeller, Pavlyukevich & Stauch, J. Stat. Phys. 141 (2010) 94, for the two rates. Zhou
    et al., NeurIPS 2020 (arXiv 2010.05627), section 4, compare volumes of ellipsoids instead, with
    the determinants inverted: the volume of {y'Ay <= r} falls with det A.

    Examples
    --------
    >>> adam_sgd_ratio(1.5, [1.0, 1.0], [1.0, 1.0], 4.0)
    8.0
    """
    try:
        lambdas, sizes, q = np.broadcast_arrays(
            *(np.asarray(a, dtype=np.float64) for a in (curvatures, scales, preconditioner))
        )
    except ValueError as error:
        raise ValueError(
            "curvatures, scales and preconditioner must be numbers or arrays of one length"
        ) from error
    for name, array in (("curvatures", lambdas), ("preconditioner", q)):
        if not np.all(np.isfinite(array) & (array > 0.0)):
            raise ValueError(f"{name} is {array.tolist()}, but it must be positive and finite")
    if not (np.all(np.isfinite(sizes) & (sizes >= 0.0)) and np.any(sizes > 0.0)):
        raise ValueError(
            f"scales is {sizes.tolist()}, but it must be finite, not negative and not all zero"
        )
    shares = sizes**alpha * lambdas ** (0.5 * alpha)
    return float(np.sum(shares) / np.sum(shares * q**-alpha))
