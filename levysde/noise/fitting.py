"""Laws of noise fitted to samples of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.noise.fitted import FittedNoise
from levysde.noise.heavy_tailed import student_t
from levysde.noise.independent import independent, multifractal
from levysde.noise.isotropic import elliptic, isotropic
from levysde.noise.law import Noise

__all__ = ["FITTED_LAWS", "fit", "gaussian_of"]

_FEWEST = 100
_SKEWED = 4.0
"""Standard errors from 0 at which a skewness is kept."""

_NO_SKEWNESS = 1.9
"""Above this index skewness has next to no effect, and its estimate no meaning."""

_LEAST_ALPHA = 0.3
"""Of the estimate by the characteristic function."""


class Fit(NamedTuple):
    """Parameters that fit, and the function `make(alpha, share)` of the law that has them.

    `share` is b0/b: scales are multiplied by share^(1 - 1/alpha).
    """

    make: Callable[[float, float], Noise]
    alpha: float
    alpha_interval: tuple[float, float]
    scale: FloatArray
    scale_interval: FloatArray
    degrees: float | None = None
    degrees_interval: tuple[float, float] | None = None


def fit(
    samples: npt.ArrayLike, law: str = "auto", *, batch: int | None = None, level: float = 0.95
) -> FittedNoise:
    """Fit a law of noise to samples of it, such as mini-batch gradients at one point.

    A stable law is E exp(i u.X) = exp(-sum_j |c_j u_j|^alpha) about the location of the samples,
    which is no part of a law of noise: the mean gradient is the drift. The index comes from the
    empirical characteristic function of each coordinate, with the errors of independent draws and
    any dependence of the coordinates of one draw.

    ============== ===============================================================================
    law            what is fitted
    ============== ===============================================================================
    "independent"  one alpha, a scale each, and a skewness where it is 4 standard errors from 0
    "multifractal" an alpha and a scale each
    "isotropic"    one alpha and one scale
    "elliptic"     one alpha, a scale each, and correlations from the directions of draws (Tyler)
    "gaussian"     the covariance C of the samples: alpha = 2 and G G' = C/2
    "student_t"    degrees of freedom, at least 2, in common, and a scale each
    "auto"         what `levysde.tail_index` says, by how large values of coordinates come together
    ============== ===============================================================================

    Of several indices that are alike the smallest estimate is below them all: "multifractal" is for
    indices that differ by more than their errors.

    Parameters
    ----------
    samples : array, shape (draws, coordinates)
        At least 100 independent draws, finite, none of the coordinates constant.
    law : str
        One of the table. "auto" warns where stable noise is not supported.
    batch : int, optional
        Examples in a batch of which each draw is the mean, for `FittedNoise.epsilon`.
    level : float
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    FittedNoise
        The law, its parameters with intervals, and whether the samples support a stable law.

    Raises
    ------
    ValueError
        If the samples are no such array, the law is not known, there are no more draws than
        coordinates for elliptic noise, or a number is out of range.

    References
    ----------
    I. A. Koutrouvelis, J. Am. Stat. Assoc. 75 (1980) 918; D. E. Tyler, Ann. Stat. 15 (1987) 234.

    Examples
    --------
    >>> import numpy as np
    >>> import levysde as ls
    >>> cauchy = 3.0 * np.random.default_rng(1).standard_cauchy((4000, 2))
    >>> fitted = fit(cauchy)
    >>> fitted.law.name, fitted.supported
    ('independent', True)
    >>> fitted.alpha_interval[0] < 1.0 < fitted.alpha_interval[1]
    True
    """
    from levysde.statistics.stability import tail_index

    checks.choice("law", law, ("auto", *FITTED_LAWS))
    if batch is not None:
        batch = checks.whole_number("batch", batch, 1)
    array = _checked(samples)
    found = tail_index(array, level=level)
    if law == "auto":
        law = _suited(found)
        if not found.supported:
            checks.warn(
                f"stable noise with alpha below 2 is not supported by the samples ({found.law}), "
                f"and {law} noise was fitted: the verdict says why"
            )
    fitted = FITTED_LAWS[law](array, level)
    return _object(fitted, array, level, batch, found.supported, found.verdict)


def gaussian_of(samples: npt.ArrayLike, *, batch: int | None = None) -> FittedNoise:
    """The Gaussian law with the covariance of samples: E exp(i u.X) = exp(-u.C u/2).

    In the convention of this package it has alpha = 2 and G G' = C/2, because scale 1 is variance
    2. It is what noise of the same size without heavy tails does, and says nothing of whether the
    samples are Gaussian.

    Parameters
    ----------
    samples : array, shape (draws, coordinates)
        At least 100 draws, finite, none of the coordinates constant.
    batch : int, optional
        Examples in a batch of which each draw is the mean.

    Returns
    -------
    FittedNoise

    Raises
    ------
    ValueError
        If the samples are no such array.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.random.default_rng(1).standard_normal((1000, 1))
    >>> law = gaussian_of(draws).law
    >>> round(float(2.0 * law.scale[0] ** 2 / draws.var(ddof=1)), 12)
    1.0
    """
    array = _checked(samples)
    if batch is not None:
        batch = checks.whole_number("batch", batch, 1)
    verdict = "The Gaussian law of the covariance of the samples: stability was not asked for."
    return _object(_gaussian(array, 0.95), array, 0.95, batch, False, verdict)


def _object(
    fitted: Fit,
    array: FloatArray,
    level: float,
    batch: int | None,
    supported: bool,
    verdict: str,
) -> FittedNoise:
    make, alpha, interval, scale, scale_interval, degrees, degrees_interval = fitted
    return FittedNoise(
        law=make(alpha, 1.0),
        alpha=alpha,
        alpha_interval=interval,
        scale=checks.freeze(scale),
        scale_interval=checks.freeze(scale_interval),
        level=level,
        draws=len(array),
        batch=batch,
        supported=supported,
        verdict=verdict,
        degrees=degrees,
        degrees_interval=degrees_interval,
        _make=make,
    )


def _checked(samples: npt.ArrayLike) -> FloatArray:
    from levysde.statistics.sample_array import checked_samples

    array = checked_samples(samples, _FEWEST).astype(np.float64)
    constant = np.ptp(array, axis=0) == 0.0
    if constant.any():
        wrong = int(np.argmax(constant))
        raise ValueError(
            f"samples has the same value in all draws of coordinate {wrong}; leave it out"
        )
    return array


def _suited(found: Any) -> str:
    """The law of the verdict, or that of the dependence of coordinates."""
    if found.law in FITTED_LAWS:
        return str(found.law)
    # Columns of a mixture are not estimated: its coordinates are taken one by one.
    if found.dependence is None or not found.dependence.jumps_together:
        return "independent"
    return "elliptic" if found.dependence.directions else "isotropic"


def _of_batch(alpha: Any, share: float) -> Any:
    """(b0/b)^(1 - 1/alpha): what the mean of b/b0 draws does to a scale."""
    return share ** (1.0 - 1.0 / np.asarray(alpha))


def _normal_quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + 0.5 * level))


def _about(scale: FloatArray, error: FloatArray, level: float) -> FloatArray:
    """Interval of a scale, symmetric in its logarithm, shape (2, coordinates)."""
    factor = np.exp(_normal_quantile(level) * error / scale)
    return np.stack([scale / factor, scale * factor])


def _sound(alpha: float, interval: tuple[float, float]) -> tuple[float, tuple[float, float]]:
    """An index that a law may have, and an interval that holds it."""
    alpha = min(max(alpha, _LEAST_ALPHA), 2.0)
    return alpha, (max(min(interval[0], alpha), _LEAST_ALPHA), max(interval[1], alpha))


# ---------------------------------------------------------------------------------- one of each law


def _independent_law(alpha: float, share: float, *, scale: Any, beta: Any) -> Noise:
    skewness = 0.0 if alpha == 1.0 else beta
    return independent(alpha, _of_batch(alpha, share) * scale, skewness)


def _independent(array: FloatArray, level: float) -> Fit:
    from levysde.statistics.characteristic import characteristic_fit
    from levysde.statistics.common_stable import common_stable

    common, each = common_stable(array, level), characteristic_fit(array, level)
    alpha, interval = _sound(common.alpha, common.alpha_interval)
    sure = (np.abs(each.beta) > _SKEWED * each.beta_error) & (alpha < _NO_SKEWNESS)
    beta = checks.freeze(np.where(sure, each.beta, 0.0)) if sure.any() else 0.0
    scale = checks.freeze(each.scale)
    make = partial(_independent_law, scale=scale, beta=beta)
    return Fit(make, alpha, interval, scale, _about(scale, each.scale_error, level))


def _multifractal_law(
    alpha: float, share: float, *, alphas: FloatArray, scale: FloatArray
) -> Noise:
    shifted = np.clip(alphas + (alpha - float(alphas.min())), _LEAST_ALPHA, 2.0)
    return multifractal(shifted, _of_batch(shifted, share) * scale)


def _multifractal(array: FloatArray, level: float) -> Fit:
    from levysde.statistics.characteristic import characteristic_fit

    each = characteristic_fit(array, level)
    smallest = int(np.argmin(each.alpha))
    ends = float(each.lower[smallest]), float(each.upper[smallest])
    alpha, interval = _sound(float(each.alpha[smallest]), ends)
    scale = checks.freeze(each.scale)
    make = partial(_multifractal_law, alphas=checks.freeze(each.alpha), scale=scale)
    return Fit(make, alpha, interval, scale, _about(scale, each.scale_error, level))


def _isotropic_law(alpha: float, share: float, *, scale: float) -> Noise:
    return isotropic(alpha, float(_of_batch(alpha, share)) * scale)


def _isotropic(array: FloatArray, level: float) -> Fit:
    from levysde.statistics.common_stable import common_stable

    common = common_stable(array, level)
    alpha, interval = _sound(common.alpha, common.alpha_interval)
    scale = np.full(array.shape[1], common.scale)
    error = np.full(array.shape[1], common.scale_error)
    make = partial(_isotropic_law, scale=common.scale)
    return Fit(make, alpha, interval, scale, _about(scale, error, level))


def _elliptic_law(alpha: float, share: float, *, matrix: FloatArray) -> Noise:
    return elliptic(alpha, _of_batch(alpha, share) * matrix)


def _elliptic(array: FloatArray, level: float) -> Fit:
    from levysde.statistics.characteristic import characteristic_fit
    from levysde.statistics.common_stable import common_stable
    from levysde.statistics.shape_matrix import shape_correlation

    common, each = common_stable(array, level), characteristic_fit(array, level)
    alpha, interval = _sound(common.alpha, common.alpha_interval)
    matrix = each.scale[:, None] * np.linalg.cholesky(shape_correlation(array))
    make = partial(_elliptic_law, matrix=checks.freeze(matrix))
    return Fit(make, alpha, interval, each.scale, _about(each.scale, each.scale_error, level))


def _gaussian(array: FloatArray, level: float) -> Fit:
    draws, width = array.shape
    centered = array - array.mean(axis=0)
    deviation = np.sqrt((centered**2).sum(axis=0) / (draws - 1))
    scale = deviation / math.sqrt(2.0)
    kurtosis = ((centered / deviation) ** 4).mean(axis=0)
    # By the delta method: the variance of a sample variance is (kurtosis - 1)/draws of its square.
    error = scale * np.sqrt(np.maximum(kurtosis - 1.0, 0.0) / (4.0 * draws))
    if width == 1:
        make: Callable[[float, float], Noise] = partial(_independent_law, scale=scale, beta=0.0)
    else:
        # R of a QR factorization: R'R is the sum of squares, whatever the number of draws.
        root = np.asarray(np.linalg.qr(centered / math.sqrt(2.0 * (draws - 1)), mode="r")).T
        make = partial(_elliptic_law, matrix=checks.freeze(root))
    return Fit(make, 2.0, (2.0, 2.0), scale, _about(scale, error, level))


def _student_law(alpha: float, share: float, *, degrees: float, scale: FloatArray) -> Noise:
    return student_t(degrees, float(_of_batch(alpha, share)) * scale)


def _student_t(array: FloatArray, level: float) -> Fit:
    from levysde.statistics.common_student import common_student

    found = common_student(array, level)
    scale = checks.freeze(found.scale)
    make = partial(_student_law, degrees=found.degrees, scale=scale)
    interval = _about(scale, found.scale_error, level)
    return Fit(make, 2.0, (2.0, 2.0), scale, interval, found.degrees, found.degrees_interval)


FITTED_LAWS: dict[str, Callable[[FloatArray, float], Fit]] = {
    "independent": _independent,
    "multifractal": _multifractal,
    "isotropic": _isotropic,
    "elliptic": _elliptic,
    "gaussian": _gaussian,
    "student_t": _student_t,
}
"""What is fitted, by its name."""
