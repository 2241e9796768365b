"""The decision whether coordinates are stable, and the law of noise that fits them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.statistics.aggregation import Aggregation
from levysde.statistics.draw_dependence import CoordinateDependence, SerialDependence
from levysde.statistics.goodness import Goodness
from levysde.statistics.stable_density import LOWEST

FloatArray = NDArray[np.float64]

# A Gaussian is refused once in more than so many times.
_GAUSSIAN = 0.01
# Stable laws are refused when t laws fit better than they should, or the index of sums changes, by
# so many standard errors. Tails of these numbers are longer than normal ones: of 1000 samples of
# 2000 draws with alpha = 1.8, the hardest, two or three exceed each.
_ABOVE, _BELOW = 4.0, -4.5
_RISE = 5.0
# And they are supported only if t laws and mixtures are refused in turn: each about once in 20
# times where it is true.
_T_REFUSED, _MIXTURE_REFUSED = 1.6, 1.5
# The tail of this p-value, too, is longer than that of its limit: of 400 samples of 2000 draws with
# alpha = 1.8 two are below it.
_LINE = 0.0001
# Coordinates for which a Gaussian is not excluded, as a share, above which indices that differ are
# not called stable.
_GAUSSIAN_SHARE = 0.2
# Ratio of scales in standard errors of their logarithms, above which they are not alike.
_UNLIKE = 5.0
# Draws of one coordinate that tell the two families apart.
_ENOUGH = 2000
_DIFFERENT = 0.001
# Degrees of freedom below which the most likely t law is the heaviest of those tried.
_NO_VARIANCE = 2.01

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
    fits: dict[str, FloatArray],
) -> Decision:
    """Decide from the tests of the examined coordinates, and their fits one by one."""
    alpha = fits["alpha"]
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
            f"a Gaussian does (p = {goodness.gaussian_p:.2g}). {_sums(aggregation)}"
            f"{_lighter(goodness, aggregation)}",
        )
    if _below_all_tests(aggregation) and abs(rise_z(aggregation)) <= _RISE:
        return _undecided(
            f"alpha is about {aggregation.alpha[0]:.2f}, and laws of an index below {LOWEST} are "
            f"not tested. {_sums(aggregation)}"
        )
    reason = _against(goodness, aggregation)
    if reason:
        return Decision(False, "not stable", f"Not stable: {reason}. {_better(goodness)}")
    if goodness.student_t_z <= _T_REFUSED:
        return _undecided(
            "heavier than Gaussian, but stable laws of index about "
            f"{goodness.alpha:.2f} and Student-t laws with about {goodness.degrees:.1f} degrees of "
            f"freedom, which have a finite variance, both fit the {goodness.draws} draws of "
            f"{_counted(goodness.coordinates)}. {_what_decides(goodness.draws)}, or more "
            "coordinates that do not depend on each other, tell them apart."
        )
    if goodness.scale_mixture_z <= _MIXTURE_REFUSED:
        return _undecided(
            "heavier than Gaussian, but stable laws of index about "
            f"{goodness.alpha:.2f} and mixtures of two Gaussians, which have a finite variance, "
            f"both fit the {goodness.draws} draws of {_counted(goodness.coordinates)} "
            f"(mixtures are refused from {_MIXTURE_REFUSED} standard errors on, and this is "
            f"{goodness.scale_mixture_z:.1f}). More draws tell them apart."
        )
    if aggregation.m.size == 1:
        return _undecided(
            f"single draws look stable with alpha = {aggregation.alpha[0]:.2f}, but sums of draws, "
            "which decide, were not looked at: there are too few draws, or max_block is 1."
        )
    law, why = _law(dependence, fits)
    light = int((fits["upper"] >= 2.0).sum())
    if law == "multifractal":
        several = (
            f"indices of coordinates differ, from {alpha.min():.2f} to {alpha.max():.2f}, and a "
            f"Gaussian is not excluded for {light} of {alpha.size}"
        )
        if light > _GAUSSIAN_SHARE * alpha.size:
            return Decision(
                False, "not stable",
                f"Not stable as a whole: {several}. Ask for groups of coordinates one by one.",
            )  # fmt: skip
        return Decision(
            True, law,
            f"Stable laws are supported: {several}. Their mean is {aggregation.alpha[0]:.2f} for "
            f"single draws and {aggregation.alpha[-1]:.2f} for sums of {aggregation.m[-1]}.",
        )  # fmt: skip
    return Decision(
        True,
        law,
        f"Stable with alpha = {aggregation.alpha[0]:.3f} +- {1.96 * aggregation.error[0]:.3f} is "
        f"supported: {_sums(aggregation)} Student-t laws of finite variance fit worse than they "
        f"should by {goodness.student_t_z:.1f} standard errors. {why}",
    )


def _what_decides(draws: int) -> str:
    return f"About {_ENOUGH} independent draws" if draws < _ENOUGH else "More independent draws"


def _lighter(goodness: Goodness, aggregation: Aggregation) -> str:
    """Said where an index above 2 and the shape show that single draws are no Gaussian either."""
    light = aggregation.alpha[0] > 2.0 and goodness.line_p < _LINE
    return " Single draws have lighter tails than a Gaussian." if light else ""


def _undecided(why: str) -> Decision:
    return Decision(False, "undecided", f"Undecided: {why}")


def _below_all_tests(aggregation: Aggregation) -> bool:
    """Whether the index is below those whose shapes are known."""
    return bool(aggregation.alpha[0] + 2.0 * aggregation.error[0] < LOWEST)


def _mixture_gain(goodness: Goodness) -> float:
    """Logarithm of the likelihood of two Gaussians over that of stable laws, of all draws."""
    return goodness.log_likelihood["scale_mixture"] * goodness.draws * goodness.coordinates


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
    if _mixture_gain(goodness) > goodness.mixture_limit and not reasons:
        reasons.append(
            "a mixture of two Gaussians fits better than stable laws do, by "
            f"{_mixture_gain(goodness):.0f} in the logarithm of the likelihood"
        )
    elif goodness.stable_z < _BELOW or goodness.line_p < _LINE:
        reasons.append("the draws have not the shape of any stable law")
    return "; ".join(reasons)


def _better(goodness: Goodness) -> str:
    best = max(goodness.log_likelihood, key=lambda name: goodness.log_likelihood[name])
    if goodness.log_likelihood[best] <= 0.0:
        return "None of the other laws that were tried fits better."
    if best == "student_t" and goodness.degrees < _NO_VARIANCE:
        return (
            "Of the laws tried, Student-t laws fit best, with the fewest degrees of freedom that "
            "were tried, 2: whether the variance is finite is not decided."
        )
    return (
        f"Of the laws tried, {_NAMES[best]} fit best, and their variance is finite: a stable index "
        "fitted to such draws is an average over sizes, and not a law."
    )


def _sums(aggregation: Aggregation) -> str:
    if aggregation.m.size == 1:
        return "There are too few draws for sums."
    return (
        f"alpha is {aggregation.alpha[0]:.2f} for single draws and {aggregation.alpha[-1]:.2f} for "
        f"sums of {aggregation.m[-1]}, whose scale grows as m^{aggregation.exponent:.2f} "
        f"(1/alpha = {1.0 / aggregation.alpha[0]:.2f}, finite variance 0.50)."
    )


def _law(dependence: CoordinateDependence | None, fits: dict[str, FloatArray]) -> tuple[str, str]:
    """Name of the law of noise, and why."""
    from scipy.stats import chi2

    alpha, error = fits["alpha"], fits["alpha_error"]
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
    if together and _unlike(fits["scale"], fits["scale_error"]):
        return "elliptic", (
            f"Large values come together ({times}), in all directions alike but for the scales of "
            "coordinates: elliptic noise with a diagonal matrix."
        )
    if together:
        return "isotropic", f"Large values come together ({times}), in all directions alike."
    if dependence.directions:
        return "mixed", "Large values come alone, along directions that mix coordinates."
    return "independent", "Large values of different coordinates come at different draws."


def _unlike(scale: FloatArray, error: FloatArray) -> bool:
    """Whether scales of coordinates differ by more than their errors."""
    low, high = int(np.argmin(scale)), int(np.argmax(scale))
    apart = np.log(scale[high] / scale[low])
    return bool(apart > _UNLIKE * np.hypot(error[high] / scale[high], error[low] / scale[low]))


def _counted(coordinates: int) -> str:
    return "one coordinate" if coordinates == 1 else f"{coordinates} coordinates"
