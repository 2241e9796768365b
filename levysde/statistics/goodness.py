"""How well a Gaussian, stable laws, Student-t laws and scale mixtures fit coordinates together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.statistics import characteristic, standardization
from levysde.statistics.competing_laws import (
    STABLE,
    STUDENT_T,
    gaussian_log_likelihood,
)
from levysde.statistics.likelihood_test import Fitted, excess, fit_family
from levysde.statistics.scale_mixture import fit_mixture, mixture_excess, mixture_limit

__all__ = ["Goodness"]

FloatArray = NDArray[np.float64]

# Of a simplex search: away from the boundary, where a first step would be lost.
_HIGHEST_START = 1.95
_FIRST_T = 0.25
# Skewness in standard errors, over the square root of the logarithm of the number of tries.
_SKEWED = 3.5


@dataclass(frozen=True)
class Goodness:
    """Tests of laws on the coordinates that were examined, all together.

    Attributes
    ----------
    coordinates, draws : int
        Examined coordinates, and draws of each in the tests.
    differences : bool
        Whether coordinates are skewed, so that differences of pairs of draws were tested: these are
        symmetric, and stable with the same index if the draws are.
    alpha : float
        Median of the indices of the most likely stable laws, dimensionless.
    degrees : float
        Median degrees of freedom of the most likely Student-t laws with at least 2.
    log_likelihood : dict of str to float
        Largest mean log density of each law over that of the stable law, a draw and coordinate:
        `gaussian`, `student_t`, `scale_mixture` of two Gaussians. Positive is better than stable.
    gaussian_p : float
        p-value of Gaussian coordinates against stable ones.
    stable_z : float
        How much better t laws fit than they should if the coordinates were stable, in standard
        errors: near 0 for stable laws, large for t laws, far below 0 for others.
    student_t_z : float
        The same with both laws exchanged: near 0 for t laws, large for stable ones.
    scale_mixture_z : float
        How much better stable laws fit than they should if the coordinates were mixtures of two
        Gaussians, in standard errors: near 0 for mixtures, large for stable laws.
    mixture_limit : float
        Logarithm of the likelihood of mixtures over that of stable laws, of all draws, which stable
        draws do not reach.
    line_p : float
        p-value of the straight line of the characteristic function of stable laws, skewed or not,
        of the draws themselves.
    """

    coordinates: int
    draws: int
    differences: bool
    alpha: float
    degrees: float
    log_likelihood: dict[str, float]
    gaussian_p: float
    stable_z: float
    student_t_z: float
    scale_mixture_z: float
    mixture_limit: float
    line_p: float


def goodness(draws: FloatArray) -> Goodness:
    """Test coordinates of shape (draws, coordinates), none of which is constant."""
    rows, fit = _rows(draws)
    skewed = float(np.max(np.abs(fit.beta) / np.maximum(fit.beta_error, 1e-12)))
    differences = skewed > _SKEWED * math.sqrt(1.0 + math.log(len(rows)) / 6.0)
    # The modulus of the characteristic function tells nothing of skewness: all draws are asked.
    line_p = _line_p(characteristic.empirical_characteristic(rows), len(draws))
    if differences:
        count = len(draws) // 2
        rows, fit = _rows(draws[: 2 * count : 2] - draws[1 : 2 * count : 2])
    stable = fit_family(STABLE, rows, np.minimum(fit.alpha, _HIGHEST_START))
    student = fit_family(STUDENT_T, rows, np.full(len(rows), _FIRST_T))
    stable_excess, stable_error = excess(rows, stable, student)
    student_excess, student_error = excess(rows, student, stable)
    best = stable.values.mean(axis=1)
    gaussian = np.array([gaussian_log_likelihood(x) for x in rows])
    mixtures = [fit_mixture(x) for x in rows]
    mixture = np.stack([law.log_density(x) for law, x in zip(mixtures, rows, strict=True)])
    extra, mixture_error = mixture_excess(rows, mixtures, stable)
    return Goodness(
        coordinates=len(rows),
        draws=rows.shape[1],
        differences=differences,
        alpha=float(np.median(stable.shape)),
        degrees=float(1.0 / np.median(student.shape)),
        log_likelihood={
            "gaussian": float((gaussian - best).mean()),
            "student_t": float((student.values.mean(axis=1) - best).mean()),
            "scale_mixture": float((mixture.mean(axis=1) - best).mean()),
        },
        gaussian_p=_gaussian_p(best - gaussian, stable, rows.shape[1]),
        stable_z=stable_excess / max(stable_error, 1e-12),
        student_t_z=student_excess / max(student_error, 1e-12),
        scale_mixture_z=extra / max(mixture_error, 1e-12),
        mixture_limit=mixture_limit(mixture - stable.values),
        line_p=line_p,
    )


def _rows(draws: FloatArray) -> tuple[FloatArray, characteristic.StableFit]:
    """Centered rows in the order of the draws, and their fit."""
    rows = np.ascontiguousarray(draws.T, dtype=np.float64)
    location, unit = standardization.center_and_unit(np.sort(rows, axis=1))
    rows = standardization.standardized(rows, location, unit)
    return rows, characteristic.fit_rows(rows, location, unit, 0.95)


def _gaussian_p(gain: FloatArray, stable: Fitted, draws: int) -> float:
    """Combined p-value of likelihood ratios of stable laws against the Gaussian one."""
    from scipy.stats import chi2

    # The ratio is 0 where alpha = 2 is most likely: it is compared with one degree of freedom,
    # which refuses a Gaussian less often than it says.
    return combined_p(chi2.sf(2.0 * draws * np.maximum(gain, 0.0), 1))


def _line_p(phi: NDArray[np.complex128], draws: int) -> float:
    from scipy.stats import chi2

    # Twice the median of p-values is one under any dependence (L. Ruschendorf, Adv. Appl. Probab.
    # 14 (1982) 623), and long tails of the chi-square at few draws do not move it.
    p = chi2.sf(characteristic.residual_chi_square(phi, draws), 4)
    return float(p[0]) if p.size == 1 else min(1.0, 2.0 * float(np.median(p)))


def combined_p(p: FloatArray) -> float:
    """One p-value for several that may depend on each other, by the Cauchy combination.

    Y. Liu and J. Xie, J. Am. Stat. Assoc. 115 (2020) 393, eq. (1): small values keep their level
    under any dependence of normal scores.
    """
    # Values of 1 would take all others with them.
    clipped = np.clip(p, 1e-15, 0.99)
    return float(0.5 - math.atan(np.tan((0.5 - clipped) * math.pi).mean()) / math.pi)
