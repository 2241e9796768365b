"""Escape measures of isotropic and elliptic laws: closed forms and one-dimensional integrals."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from levysde.theory.exact.constants import isotropic_constant, stable_constant
from levysde.theory.measure.box import Found, correlated_box_moment, reduced_box
from levysde.theory.measure.jump_laws import EllipticLaw
from levysde.theory.protocols import PolytopeLike, QuadricLike, Vector

_STEP = 0.25
_HALVINGS = 7
_DECAY = 42.0
_ROUNDING = 4e-14
_EQUAL = 1e-13
_CENTERED = 1e-14
_NEGATIVE = 1e-9
_ZERO = 1e-15
_MOST_NUMBERS = 1 << 22


def _line_sum(function: Callable[[Vector], Vector], low: float, high: float, width: int) -> Found:
    """Integrate over the line an analytic function that is negligible outside (low, high).

    The trapezoidal rule converges exponentially; its step is halved until nothing changes.
    """

    def line(start: float, step: float) -> float:
        nodes = np.arange(start, high + step, step)
        chunk = max(1, _MOST_NUMBERS // width)
        starts = range(0, nodes.size, chunk)
        return step * math.fsum(math.fsum(function(nodes[k : k + chunk])) for k in starts)

    step, coarse, fine = _STEP, math.inf, line(low, _STEP)
    for _ in range(_HALVINGS):
        # The nodes in between, so that the two together are the rule of half the step.
        coarse, fine = fine, 0.5 * (fine + line(low + 0.5 * step, step))
        step *= 0.5
        if abs(fine - coarse) <= _ROUNDING * fine:
            break
    return fine, abs(fine - coarse) + _ROUNDING * fine, "one-dimensional integral"


def quadratic_moment(squares: Vector, alpha: float) -> Found:
    """Return [2^p / Gamma(1-p)] E[(sum_i l_i z_i^2)^p], p = alpha/2, z standard normal.

    With phi(t) = prod_i (1 + 2 t l_i)^(-1/2) it is
    [2^p / (Gamma(1-p) Gamma(2-p))] int_0^inf phi''(t) t^(1-p) dt, taken in log t.

    Parameters
    ----------
    squares : ndarray, shape (rank,)
        l_i, positive.
    alpha : float
        Stability index in (0, 2), dimensionless.

    Returns
    -------
    (float, float, str)
        Value, error and method.
    """
    from scipy.special import rgamma

    p = 0.5 * alpha
    largest = float(np.max(squares))
    ratios = squares / largest

    def integrand(s: Vector) -> Vector:
        t = np.exp(s)[:, None]
        shares = ratios / (1.0 + 2.0 * t * ratios)
        log_phi = -0.5 * np.sum(np.log1p(2.0 * t * ratios), axis=1)
        slope = np.sum(shares, axis=1)
        curvature = slope * slope + 2.0 * np.sum(shares * shares, axis=1)
        return np.asarray(curvature * np.exp(log_phi + (2.0 - p) * s))

    low = -_DECAY / (2.0 - p) - 2.0 * math.log(squares.size + 1.0)
    # phi falls at least like t^(-1/2) and the curvature like t^(-2), whatever the small ratios do.
    high = (_DECAY + 2.0 * math.log(squares.size + 1.0)) / (p + 0.5)
    value, error, method = _line_sum(integrand, low, high, squares.size)
    factor = 2.0**p * rgamma(1.0 - p) * rgamma(2.0 - p) * largest**p
    return float(factor * value), float(factor * error), method


def largest_coordinate_moment(upper: Vector, lower: Vector, alpha: float) -> Found:
    """Return [2^p / Gamma(1-p)] E[g^alpha], g = max_i max(z_i / b_i, -z_i / a_i), p = alpha/2.

    By int_0^inf alpha t^(alpha-1) P(g > t) dt, the probability being a product, taken in log t.

    Parameters
    ----------
    upper, lower : ndarray, shape (dim,)
        b_i and a_i, positive, in units of the scales; may be infinite, but not all.
    alpha : float
        Stability index in (0, 2), dimensionless.

    Returns
    -------
    (float, float, str)
        Value, error and method.
    """
    from scipy.special import ndtr, rgamma

    ends = np.stack([upper, lower])
    nearest = float(np.min(ends))

    def integrand(s: Vector) -> Vector:
        t = np.exp(s)[:, None]
        tails = ndtr(-t * (upper / nearest)) + ndtr(-t * (lower / nearest))
        with np.errstate(divide="ignore"):
            log_inside = np.sum(np.log1p(-np.minimum(tails, 1.0)), axis=1)
        return np.asarray(alpha * np.exp(alpha * s) * -np.expm1(log_inside))

    low = -_DECAY / alpha - math.log(upper.size + 1.0)
    value, error, method = _line_sum(integrand, low, 3.0, upper.size)
    factor = 2.0 ** (0.5 * alpha) * rgamma(1.0 - 0.5 * alpha) * nearest**-alpha
    return float(factor * value), float(factor * error), method


def box_measure(matrix: Vector, upper: Vector, lower: Vector, alpha: float) -> Found:
    """Return nu{y : not -a_i < y_i < b_i for all i} of the elliptic law y = Gz.

    Parameters
    ----------
    matrix : ndarray, shape (faces, rank)
        G, units of the state; rows may be more than the rank, parallel, or zero.
    upper, lower : ndarray, shape (faces,)
        b_i and a_i, positive, units of the state; may be infinite.
    alpha : float
        Stability index in (0, 2), dimensionless.

    Returns
    -------
    (float, float, str)
        Value, error and method.
    """
    rows, b, a = reduced_box(matrix, upper, lower)
    if b.size == 0:
        return 0.0, 0.0, "closed form"
    if np.max(np.abs(rows @ rows.T - np.eye(b.size))) <= _EQUAL:
        return largest_coordinate_moment(b, a, alpha)
    return correlated_box_moment(rows, b, a, alpha)


def _polytope(shape: PolytopeLike, law: EllipticLaw, center: Vector) -> Found:
    if _is_half_space(shape):
        room = float(shape.offsets[0]) - float(shape.normals[0] @ center)
        speed = float(np.linalg.norm(law.matrix.T @ shape.normals[0]))
        value = stable_constant(law.alpha) / law.alpha * (speed / room) ** law.alpha
        return value, 0.0, "closed form"
    rows, upper, lower = law.matrix, shape.upper - center, center - shape.lower
    if len(shape.normals):
        rows = np.concatenate([rows, shape.normals @ law.matrix])
        upper = np.concatenate([upper, shape.offsets - shape.normals @ center])
        lower = np.concatenate([lower, np.full(len(shape.normals), np.inf)])
    return box_measure(rows, upper, lower, law.alpha)


def _is_half_space(shape: PolytopeLike) -> bool:
    """Return whether there is one face, and that oblique."""
    across_axes = np.isfinite(shape.lower) | np.isfinite(shape.upper)
    return len(shape.normals) == 1 and not across_axes.any()


def _off_center_ball(ratio: float, dim: int, alpha: float) -> tuple[float, float]:
    """Return E R(u)^(-alpha) for the unit ball seen from distance ratio off its center."""
    from scipy.integrate import quad

    room = (1.0 - ratio) * (1.0 + ratio)

    def integrand(angle: float) -> float:
        along = ratio * math.cos(angle)
        # 1/R has this form without cancellation where the ray points inward too.
        root = math.sqrt(room + along * along)
        inverse = (root + along) / room if along > 0.0 else 1.0 / (root - along)
        return float(math.sin(angle) ** (dim - 2) * inverse**alpha)

    # Close to the boundary the integrand turns within this angle of the tangent.
    corner, right = math.sqrt(room), 0.5 * math.pi
    cuts = [right - corner, right, right + corner]
    value, error = quad(
        integrand, 0.0, math.pi, points=cuts, limit=500, epsabs=0.0, epsrel=1e-12, full_output=1
    )[:2]
    surface = math.sqrt(math.pi) * math.exp(math.lgamma(0.5 * (dim - 1)) - math.lgamma(0.5 * dim))
    return float(value) / surface, float(error) / surface


def _eigenvalues(matrix: Vector) -> Vector:
    """Return the eigenvalues of a symmetric matrix in increasing order."""
    diagonal = np.diag(matrix)
    if np.count_nonzero(matrix) == np.count_nonzero(diagonal):  # a thousand cost a second otherwise
        return np.sort(diagonal)
    return np.asarray(np.linalg.eigvalsh(matrix), dtype=np.float64)


def _quadric(shape: QuadricLike, law: EllipticLaw, center: Vector) -> Found | None:
    room = shape.gauge(center)
    squares = _eigenvalues(shape.form(law.matrix))
    largest = float(squares[-1])
    if squares[0] < -_NEGATIVE * largest:
        raise ValueError(
            f"the matrix of the domain gives {float(squares[0])!r} along a direction of the "
            "noise, but it must be positive semidefinite"
        )
    equal = bool(squares[0] >= (1.0 - _EQUAL) * largest)
    constant = isotropic_constant(law.alpha, law.rank) * largest ** (0.5 * law.alpha)
    if room <= _CENTERED:
        if equal:
            return constant, 0.0, "closed form"
        positive = squares[squares > _ZERO * largest]
        return quadratic_moment(positive, law.alpha)
    if equal and law.rank == shape.dim:
        # In the coordinates of the noise the domain is a ball seen from off its center.
        value, error = _off_center_ball(room, shape.dim, law.alpha)
        return constant * value, constant * error, "one-dimensional integral"
    return None


def elliptic_form(
    shape: PolytopeLike | QuadricLike, law: EllipticLaw, center: Vector
) -> Found | None:
    """Return nu(W) of an elliptic law where no mean over directions is needed.

    Polytopes; balls and ellipsoids seen from their center, and from elsewhere where the noise is
    isotropic in their own metric.

    Parameters
    ----------
    shape : object
        The shape of the domain.
    law : EllipticLaw
        The jumps.
    center : ndarray, shape (dim,)
        Point inside the domain.

    Returns
    -------
    (float, float, str) or None
        Value, error and method; None for all other cases.
    """
    if shape.curved:
        return _quadric(shape, law, center)
    return _polytope(shape, law, center)


def gauge_bound(shape: PolytopeLike | QuadricLike, law: EllipticLaw, center: Vector) -> float:
    """Return a bound of the gauge of Gu over unit vectors u.

    Parameters
    ----------
    shape : object
        The shape of the domain.
    law : EllipticLaw
        The jumps.
    center : ndarray, shape (dim,)
        Point inside the domain.

    Returns
    -------
    float
        The largest gauge, for a ball or an ellipsoid a bound that is sharp at its center.
    """
    if shape.curved:
        largest = float(_eigenvalues(shape.form(law.matrix))[-1])
        return math.sqrt(largest) / (1.0 - shape.gauge(center))
    room = np.minimum(shape.upper - center, center - shape.lower)
    bound = float(np.max(np.linalg.norm(law.matrix, axis=1) / room))
    for normal, offset in zip(shape.normals, shape.offsets, strict=True):
        speed = float(np.linalg.norm(law.matrix.T @ normal))
        bound = max(bound, speed / (float(offset) - float(normal @ center)))
    return bound
