"""The decision whether coordinates are stable, and the law of noise that fits them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.statistics.aggregation import Aggregation
from levysde.statistics.draw_dependence import CoordinateDependence, SerialDependence
from levysde.statistics.goodness import Goodness

FloatArray = NDArray[np.float64]

# A Gaussian is refused once in more than so many times.
_GAUSSIAN = 0.01
# Stable laws are refused when t laws fit better than they should by so many standard errors: the
# upper tail of that number is longer than a normal one.
_ABOVE, _BELOW = 3.3, -4.5
# And they are supported only if t laws are refused in turn: once in 20 times where they are true.
_T_REFUSED = 1.6
_LINE = 0.001
_RISE = 4.0
# Draws of one coordinate that tell the two families apart.
_ENOUGH = 2000
_DIFFERENT = 0.001

_NAMES = {
    "student_t": "Student-t laws",
    "scale_mixture": "mixtures of two Gaussians",
    "gaussian": "a Gaussian",
}


@dataclass(frozen=True)
class Decision:
    """What is said of the coordinates.

    Attributes
    ----------
    supported : bool
        Whether a stable law with alpha below 2 is supported.
    law : str
        Which law of noise fits.
    sentence : str
        Why.
    """

    supported: bool
    law: str
    sentence: str


def decide(
    goodness: Goodness,
    aggregation: Aggregation,
    serial: SerialDependence,
    dependence: CoordinateDependence | None,
    alpha: FloatArray,
    alpha_error: FloatArray,
) -> Decision:
    """Decide from the tests of the examined coordinates."""
    if serial.significant:
        return Decision(
            False,
            "undecided",
            f"Undecided: successive draws depend on each other (mean rank correlation "
            f"{serial.correlation:.2f}, {100 * serial.share:.0f} % of coordinates significant "
            "where independent draws give 10 %), and every error here is that of independent "
            "draws. Take draws that are farther apart.",
        )
    if goodness.gaussian_p >= _GAUSSIAN:
        return Decision(
            False,
            "gaussian",
            "Gaussian: no stable law with alpha below 2 fits the examined coordinates better than "
            f"a Gaussian does (p = {goodness.gaussian_p:.2g}). {_sums(aggregation)}",
        )
    reason = _against(goodness, aggregation)
    if reason:
        return Decision(False, "not stable", f"Not stable: {reason}. {_better(goodness)}")
    if goodness.student_t_z <= _T_REFUSED:
        return Decision(
            False,
            "undecided",
            "Undecided: heavier than Gaussian, but stable laws of index about "
            f"{goodness.alpha:.2f} and Student-t laws with about {goodness.degrees:.1f} degrees of "
            f"freedom, which have a finite variance, both fit the {goodness.draws} draws of "
            f"{_counted(goodness.coordinates)}. About {_ENOUGH} independent draws, or more "
            "coordinates that do not depend on each other, tell them apart.",
        )
    law, why = _law(dependence, alpha, alpha_error)
    return Decision(
        True,
        law,
        f"Stable with alpha = {aggregation.alpha[0]:.3f} +- {1.96 * aggregation.error[0]:.3f} is "
        f"supported: {_sums(aggregation)} Student-t laws of finite variance fit worse than they "
        f"should by {goodness.student_t_z:.1f} standard errors. {why}",
    )


def rise_z(aggregation: Aggregation) -> float:
    """The change of alpha under aggregation that is largest in standard errors, with its sign."""
    if aggregation.m.size == 1:
        return 0.0
    z = aggregation.rise[1:] / np.maximum(aggregation.rise_error[1:], 1e-12)
    return float(z[np.argmax(np.abs(z))])


def _against(goodness: Goodness, aggregation: Aggregation) -> str:
    """What speaks against stable laws, or nothing."""
    change = rise_z(aggregation)
    reasons = []
    if abs(change) > _RISE:
        reasons.append(
            f"alpha goes from {aggregation.alpha[0]:.2f} for single draws to "
            f"{aggregation.alpha[-1]:.2f} for sums of {aggregation.m[-1]} "
            f"(up to {abs(change):.1f} standard errors), where that of stable noise stays"
        )
    if goodness.stable_z > _ABOVE and goodness.log_likelihood["student_t"] > 0.0:
        reasons.append(
            f"Student-t laws with about {goodness.degrees:.1f} degrees of freedom fit better than "
            f"they would fit stable draws, by {goodness.stable_z:.1f} standard errors"
        )
    elif goodness.stable_z < _BELOW or goodness.line_p < _LINE:
        reasons.append("the draws have not the shape of any stable law")
    return "; ".join(reasons)


def _better(goodness: Goodness) -> str:
    best = max(goodness.log_likelihood, key=lambda name: goodness.log_likelihood[name])
    if goodness.log_likelihood[best] <= 0.0:
        return "None of the other laws that were tried fits better."
    return (
        f"Of the laws tried, {_NAMES[best]} fit best, and their variance is finite: a stable index "
        "fitted to such draws is an average over sizes, and not a law."
    )


def _sums(aggregation: Aggregation) -> str:
    if aggregation.m.size == 1:
        return "there are too few draws for sums."
    return (
        f"alpha is {aggregation.alpha[0]:.2f} for single draws and {aggregation.alpha[-1]:.2f} for "
        f"sums of {aggregation.m[-1]}, whose scale grows as m^{aggregation.exponent:.2f} "
        f"(1/alpha = {1.0 / aggregation.alpha[0]:.2f}, finite variance 0.50)."
    )


def _law(
    dependence: CoordinateDependence | None, alpha: FloatArray, error: FloatArray
) -> tuple[str, str]:
    """Name of the law of noise, and why."""
    from scipy.stats import chi2

    if dependence is None:
        return "independent", "One coordinate was examined, which says nothing of others."
    together = dependence.jumps_together
    weights = error**-2.0
    mean = float((weights * alpha).sum() / weights.sum())
    spread = float((weights * (alpha - mean) ** 2).sum())
    # With jumps in common the errors of coordinates are not independent.
    if not together and chi2.sf(spread, alpha.size - 1) < _DIFFERENT:
        return "multifractal", "The indices of coordinates differ by more than their errors."
    times = f"{dependence.joint_extremes:.1f} times the variance of independent coordinates"
    if together and dependence.directions:
        return "elliptic", (
            f"Large values come together ({times}), more of them in some directions: elliptic "
            "noise, or independent drivers that are mixed."
        )
    if together:
        return "isotropic", f"Large values come together ({times}), in all directions alike."
    if dependence.directions:
        return "mixed", "Large values come alone, along directions that mix coordinates."
    return "independent", "Large values of different coordinates come at different draws."


def _counted(coordinates: int) -> str:
    return "one coordinate" if coordinates == 1 else f"{coordinates} coordinates"
