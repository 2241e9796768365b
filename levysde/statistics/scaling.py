"""Whether points lie on a power law, and on which one.

A power law ``y = c x^slope`` is a straight line of ``log y`` against ``log x``. Every function
takes ``x``, ``y``, both positive with shape ``(points,)``, and ``relative_error``: the standard
error of each ``y`` over that ``y``, dimensionless, one number or shape ``(points,)``. To first
order it is the standard error of ``log y``. The points must be independent.

A weighted fit gives a slope for any points at all. The slope is an exponent only if the points are
on one line within their errors, which `fit_slope` tests and `asymptotic` says in a sentence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde._printed import Printed

__all__ = ["LocalSlopes", "SlopeFit", "Verdict", "asymptotic", "fit_slope", "local_slopes"]

FloatArray = NDArray[np.float64]

# Each of the tests of `asymptotic` refuses a true power law once in so many times.
_REFUSED = 0.01


@dataclass(frozen=True, repr=False)
class SlopeFit(Printed):
    """A straight line ``log y = intercept + slope * log x`` through points with known errors.

    Attributes
    ----------
    slope : float
        Slope, dimensionless.
    error : float
        Standard error of the slope by the errors given, whatever the scatter about the line.
    intercept : float
        Logarithm of ``y`` on the line at ``x = 1``.
    intercept_error : float
        Standard error of the intercept.
    chi_square : float
        Sum of squared distances from the line in standard errors.
    degrees : int
        Number of points less 2.
    p_value : float or None
        Probability of a larger chi-square if the points are on one line; ``None`` for two points,
        which always are.
    """

    slope: float
    error: float
    intercept: float
    intercept_error: float
    chi_square: float
    degrees: int
    p_value: float | None

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of the slope.

        Parameters
        ----------
        level : float, default 0.95
            Confidence level, between 0 and 1.

        Returns
        -------
        (float, float)
            Lower and upper end, dimensionless. It means something only if the points are on one
            line: see ``p_value``.

        Raises
        ------
        ValueError
            If the level is not between 0 and 1.
        """
        from scipy.stats import norm

        if not 0.0 < level < 1.0:
            raise ValueError(f"level is {level}; give a number between 0 and 1, such as 0.95")
        width = float(norm.ppf(0.5 + 0.5 * level)) * self.error
        return self.slope - width, self.slope + width


@dataclass(frozen=True)
class LocalSlopes:
    """Slopes between neighbors, by increasing ``x``.

    Attributes
    ----------
    x : ndarray, shape (points - 1,)
        Geometric mean of the two ``x``.
    slope : ndarray, shape (points - 1,)
        Slope of the line through the two points, dimensionless.
    error : ndarray, shape (points - 1,)
        Its standard error. Neighboring slopes share a point, so their errors are not independent.
    """

    x: FloatArray
    slope: FloatArray
    error: FloatArray


@dataclass(frozen=True)
class Verdict:
    """Whether points are on one power law, with the reason in words.

    Attributes
    ----------
    asymptotic : bool
        Whether nothing speaks against it.
    sentence : str
        The reason, with the numbers.
    fit : SlopeFit
        The line.
    local : LocalSlopes
        Slopes between neighbors.
    curvature : float
        Change of the slope per unit of ``log x``, dimensionless: 0 on a power law.
    curvature_error : float
        Its standard error.
    """

    asymptotic: bool
    sentence: str
    fit: SlopeFit
    local: LocalSlopes
    curvature: float
    curvature_error: float


def fit_slope(x: ArrayLike, y: ArrayLike, relative_error: ArrayLike) -> SlopeFit:
    """Weighted straight line through the logarithms of points with known errors.

    Minimizes ``sum_i ((log y_i - intercept - slope log x_i) / relative_error_i)^2``, and compares
    the minimum with a chi-square law of ``points - 2`` degrees of freedom.

    Parameters
    ----------
    x : array_like, shape (points,)
        Positive, at least two of them different.
    y : array_like, shape (points,)
        Positive.
    relative_error : float or array_like, shape (points,)
        Standard error of each ``y`` over that ``y``, positive, dimensionless.

    Returns
    -------
    SlopeFit
        Slope and intercept with their errors, and the test of the line.

    Raises
    ------
    ValueError
        If the shapes do not fit together, there are fewer than two different ``x``, or a value is
        not positive and finite.

    See Also
    --------
    asymptotic : Whether the slope is an exponent.

    References
    ----------
    P. R. Bevington and D. K. Robinson, *Data Reduction and Error Analysis for the Physical
    Sciences*, 3rd ed. (2003), ch. 6.

    Examples
    --------
    >>> fit = fit_slope([0.1, 0.2, 0.4], [8.0, 4.0, 2.0], 0.01)
    >>> round(fit.slope, 12), fit.degrees, round(fit.p_value, 6)
    (-1.0, 1, 1.0)
    """
    from scipy.stats import chi2

    u, v, errors = _checked(x, y, relative_error)
    coefficients, covariance, chi_square = _polynomial(u, v, errors, 1)
    degrees = u.size - 2
    return SlopeFit(
        slope=float(coefficients[1]),
        error=math.sqrt(covariance[1, 1]),
        intercept=float(coefficients[0]),
        intercept_error=math.sqrt(covariance[0, 0]),
        chi_square=chi_square,
        degrees=degrees,
        p_value=float(chi2.sf(chi_square, degrees)) if degrees else None,
    )


def local_slopes(x: ArrayLike, y: ArrayLike, relative_error: ArrayLike) -> LocalSlopes:
    """Slopes of the lines through neighboring points, in logarithms.

    Parameters
    ----------
    x : array_like, shape (points,)
        Positive and all different, in any order.
    y : array_like, shape (points,)
        Positive.
    relative_error : float or array_like, shape (points,)
        Standard error of each ``y`` over that ``y``, positive, dimensionless.

    Returns
    -------
    LocalSlopes
        Slopes with their errors, by increasing ``x``.

    Raises
    ------
    ValueError
        As `fit_slope`, and if an ``x`` occurs twice.

    Examples
    --------
    >>> found = local_slopes([1.0, 2.0, 4.0], [8.0, 2.0, 1.0], 0.01)
    >>> found.slope.round(12).tolist()
    [-2.0, -1.0]
    """
    u, v, errors = _checked(x, y, relative_error)
    order = np.argsort(u)
    u, v, errors = u[order], v[order], errors[order]
    widths = np.diff(u)
    if not widths.all():
        twice = float(np.exp(u[1:][widths == 0.0][0]))
        raise ValueError(f"x is {twice:g} at two points; give one point for each x")
    return LocalSlopes(
        x=np.exp(0.5 * (u[1:] + u[:-1])),
        slope=np.diff(v) / widths,
        error=np.hypot(errors[1:], errors[:-1]) / widths,
    )


def asymptotic(
    x: ArrayLike, y: ArrayLike, relative_error: ArrayLike, expected: float | None = None
) -> Verdict:
    """Whether points are on one power law within their errors, in one plain sentence.

    It is refused if the chi-square of the line has a p-value below 1 %, if a parabola bends away
    from the line (p-value of its curvature below 1 %), or if an exponent is expected and lies
    outside the 99 % interval of the slope. A true power law is refused in at most 3 % of cases.
    That nothing speaks against a power law is as much as points can tell: with larger errors less
    does.

    Parameters
    ----------
    x : array_like, shape (points,)
        Positive, all different, at least three.
    y : array_like, shape (points,)
        Positive.
    relative_error : float or array_like, shape (points,)
        Standard error of each ``y`` over that ``y``, positive, dimensionless.
    expected : float, optional
        Exponent of the theory, such as ``-alpha`` for mean escape times against epsilon.

    Returns
    -------
    Verdict
        The answer, the sentence, and the numbers behind it.

    Raises
    ------
    ValueError
        As `local_slopes`, if there are only two points, or if ``expected`` is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.1, 0.2, 0.4, 0.8])
    >>> asymptotic(x, x**-1.5, 0.01, expected=-1.5).asymptotic
    True
    >>> asymptotic(x, x**-1.5 * (1.0 + x), 0.01).sentence.partition(" (")[0]
    'The points do not lie on one power law'
    """
    if expected is not None and not math.isfinite(expected):
        raise ValueError(f"expected is {expected}; give a finite exponent, or None")
    fit = fit_slope(x, y, relative_error)
    if fit.degrees == 0:
        raise ValueError("x has 2 points, and two points lie on a line always; give 3 or more")
    local = local_slopes(x, y, relative_error)
    coefficients, covariance, _ = _polynomial(*_checked(x, y, relative_error), 2)
    bend, bend_error = 2.0 * float(coefficients[2]), 2.0 * math.sqrt(covariance[2, 2])
    problem = _problem(fit, local, bend / bend_error, expected)
    sentence = problem or _agreement(fit, expected)
    return Verdict(not problem, sentence, fit, local, bend, bend_error)


def _problem(fit: SlopeFit, local: LocalSlopes, bend: float, expected: float | None) -> str:
    """Return what speaks against one power law, or nothing; bend in standard errors."""
    trend = _two_sided(bend)
    # Always given for three points or more.
    lack = fit.p_value if fit.p_value is not None else 1.0
    if min(lack, trend) < _REFUSED:
        reason = (
            _line_test(fit)
            if lack < _REFUSED
            else f"their curvature is {abs(bend):.1f} standard errors, {_p_text(trend)}"
        )
        return (
            f"The points do not lie on one power law ({reason}): local slopes run from "
            f"{local.slope.min():.4g} to {local.slope.max():.4g}, so {fit.slope:.4g} is an average "
            "over this range and not an exponent."
        )
    if expected is not None and _two_sided(_away(fit, expected)) < _REFUSED:
        return (
            f"The points lie on one power law within their errors ({_line_test(fit)}), but its "
            f"slope {_slope_text(fit)} is {_away(fit, expected):.1f} standard errors from the "
            f"expected {expected:.4g}: over this range the expected law does not hold."
        )
    return ""


def _agreement(fit: SlopeFit, expected: float | None) -> str:
    sentence = (
        f"The points lie on one power law within their errors ({_line_test(fit)}) of slope "
        f"{_slope_text(fit)}"
    )
    return sentence + (
        "." if expected is None else f", which agrees with the expected {expected:.4g}."
    )


def _line_test(fit: SlopeFit) -> str:
    degrees = "degree" if fit.degrees == 1 else "degrees"
    p_value = "" if fit.p_value is None else f", {_p_text(fit.p_value)}"
    return f"chi-square {fit.chi_square:.3g} on {fit.degrees} {degrees} of freedom{p_value}"


def _p_text(p_value: float) -> str:
    return "p < 1e-10" if p_value < 1e-10 else f"p = {p_value:.2g}"


def _slope_text(fit: SlopeFit) -> str:
    """Return the slope and the half-width of its interval, with two digits of the latter."""
    width = fit.interval()[1] - fit.slope
    digits = max(0, 1 - math.floor(math.log10(width)))
    return f"{fit.slope:.{digits}f} +- {width:.{digits}f} (95 %)"


def _away(fit: SlopeFit, expected: float) -> float:
    return abs(fit.slope - expected) / fit.error


def _two_sided(deviation: float) -> float:
    """Return the probability of a larger deviation of a standard normal variable."""
    return math.erfc(abs(deviation) / math.sqrt(2.0))


def _polynomial(
    u: FloatArray, v: FloatArray, errors: FloatArray, degree: int
) -> tuple[FloatArray, FloatArray, float]:
    """Return coefficients from the constant on, their covariance, and chi-square."""
    design = np.vander(u, degree + 1, increasing=True) / errors[:, None]
    orthogonal, triangular = np.linalg.qr(design)
    inverse = np.linalg.inv(triangular)
    coefficients = inverse @ (orthogonal.T @ (v / errors))
    residual = v / errors - design @ coefficients
    return coefficients, inverse @ inverse.T, float(residual @ residual)


def _checked(
    x: ArrayLike, y: ArrayLike, relative_error: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return logarithms of x and y, and one relative error a point."""
    points = _positive("x", x)
    if points.ndim != 1 or np.unique(points).size < 2:
        raise ValueError(
            f"x has {np.unique(points).size} different values in shape {points.shape}; give a list "
            "of at least two"
        )
    values = _positive("y", y)
    if values.shape != points.shape:
        raise ValueError(
            f"y has shape {values.shape} and x has {points.shape}; give one y for each x"
        )
    errors = _positive("relative_error", relative_error)
    if errors.shape not in ((), points.shape):
        raise ValueError(
            f"relative_error has shape {errors.shape} and x has {points.shape}; give one number, "
            "or one for each x"
        )
    return np.log(points), np.log(values), np.broadcast_to(errors, points.shape)


def _positive(name: str, values: ArrayLike) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} is {values!r:.80}; give positive numbers") from None
    wrong = ~(np.isfinite(array) & (array > 0.0))
    if wrong.any():
        raise ValueError(
            f"{name} has the value {array[wrong][0]:g}; give positive finite numbers, and leave "
            "out points that have none"
        )
    return array
