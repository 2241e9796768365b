"""Fits of power laws against closed forms, their nominal laws, and laws that are none.

Random tests have fixed seeds and thresholds of four standard errors (a false alarm in about
16 000 for each); those of a law have a twin that must fail.
"""

import math

import numpy as np
import pytest

from levysde import estimators
from levysde.statistics.scaling import asymptotic, fit_slope, local_slopes

pytestmark = pytest.mark.quick

X = np.array([0.05, 0.1, 0.15, 0.3, 0.5, 0.8])
ERRORS = np.array([0.02, 0.01, 0.03, 0.01, 0.02, 0.015])
REPLICATIONS = 2000
# P(sqrt(n) D > x) is about 2 exp(-2 x^2): 6.3e-5, as for four standard errors.
KOLMOGOROV = 2.276


def noisy(rng, curve, errors=ERRORS):
    return curve * np.exp(errors * rng.standard_normal(curve.size))


def distance_from_uniform(p_values):
    """Return sqrt(n) times the Kolmogorov distance."""
    ordered = np.sort(p_values)
    steps = np.arange(ordered.size + 1) / ordered.size
    away = max(np.max(steps[1:] - ordered), np.max(ordered - steps[:-1]))
    return math.sqrt(ordered.size) * away


# The line


def test_an_exact_power_law_gives_its_slope():
    fit = fit_slope(X, 3.0 * X**-1.5, ERRORS)
    assert fit.slope == pytest.approx(-1.5, rel=1e-12)
    assert fit.intercept == pytest.approx(math.log(3.0), rel=1e-12)
    assert fit.chi_square == pytest.approx(0.0, abs=1e-18)
    assert (fit.degrees, fit.p_value) == (4, 1.0)


def test_errors_are_those_of_the_closed_form():
    fit = fit_slope(X, X**-1.5 * (1.0 + X), ERRORS)
    u, weights = np.log(X), ERRORS**-2.0
    center = np.average(u, weights=weights)
    spread = np.sum(weights * (u - center) ** 2)
    assert fit.error == pytest.approx(spread**-0.5, rel=1e-12)
    expected = math.sqrt(1.0 / weights.sum() + center**2 / spread)
    assert fit.intercept_error == pytest.approx(expected, rel=1e-12)
    residual = np.log(X**-1.5 * (1.0 + X)) - fit.intercept - fit.slope * u
    assert fit.chi_square == pytest.approx(np.sum(weights * residual**2), rel=1e-10)


def test_the_slope_is_that_of_the_other_estimator():
    y = noisy(np.random.default_rng(1), X**-1.5)
    fit, other = fit_slope(X, y, ERRORS), estimators.slope(X, y, ERRORS * y)
    assert fit.slope == pytest.approx(other.value, rel=1e-12)
    assert fit.error == pytest.approx(other.standard_error, rel=1e-12)
    assert fit.intercept == pytest.approx(other.intercept, rel=1e-12)


def test_two_points_have_a_slope_and_no_test():
    fit = fit_slope([1.0, math.e], [1.0, math.e**2], 0.1)
    assert fit.slope == pytest.approx(2.0)
    assert fit.error == pytest.approx(0.1 * math.sqrt(2.0))
    assert (fit.degrees, fit.p_value) == (0, None)


def test_units_do_not_matter():
    y = noisy(np.random.default_rng(2), X**-1.5)
    one, other = fit_slope(X, y, ERRORS), fit_slope(1e-9 * X, 1e12 * y, ERRORS)
    assert other.slope == pytest.approx(one.slope, rel=1e-10)
    assert other.chi_square == pytest.approx(one.chi_square, rel=1e-8)
    assert other.error == pytest.approx(one.error, rel=1e-10)


def test_the_interval_by_hand():
    low, high = fit_slope([1.0, math.e], [1.0, 1.0], 0.1).interval()
    assert high == pytest.approx(1.959963984540054 * 0.1 * math.sqrt(2.0))
    assert low == -high


# The nominal laws


def test_p_values_are_uniform_and_intervals_cover():
    rng = np.random.default_rng(3)
    fits = [fit_slope(X, noisy(rng, X**-1.5), ERRORS) for _ in range(REPLICATIONS)]
    assert distance_from_uniform([fit.p_value for fit in fits]) < KOLMOGOROV
    covered = np.mean([fit.interval()[0] < -1.5 < fit.interval()[1] for fit in fits])
    assert abs(covered - 0.95) < 4.0 * math.sqrt(0.05 * 0.95 / REPLICATIONS)


def test_p_values_of_a_curve_or_of_wrong_errors_are_not_uniform():
    rng = np.random.default_rng(4)
    curve = [fit_slope(X, noisy(rng, X**-1.5 * (1.0 + 0.1 * X)), ERRORS) for _ in range(500)]
    assert distance_from_uniform([fit.p_value for fit in curve]) > KOLMOGOROV
    wrong = [fit_slope(X, noisy(rng, X**-1.5), 0.8 * ERRORS) for _ in range(500)]
    assert distance_from_uniform([fit.p_value for fit in wrong]) > KOLMOGOROV


def test_a_power_law_is_refused_as_often_as_said():
    rng = np.random.default_rng(5)
    count = 1000
    refused = sum(
        not asymptotic(X, noisy(rng, X**-1.5), ERRORS, expected=-1.5).asymptotic
        for _ in range(count)
    )
    # Three tests of 1 % each, which are not independent.
    assert 0.01 * count - 4.0 * math.sqrt(0.01 * count) < refused
    assert refused < 0.03 * count + 4.0 * math.sqrt(0.03 * count)


# Local slopes


def test_local_slopes_by_hand():
    found = local_slopes([4.0, 1.0, 2.0], [1.0, 8.0, 2.0], [0.3, 0.1, 0.2])
    assert found.slope == pytest.approx([-2.0, -1.0])
    assert found.x == pytest.approx([math.sqrt(2.0), math.sqrt(8.0)])
    expected = np.sqrt([0.05, 0.13]) / math.log(2.0)
    assert found.error == pytest.approx(expected)


def test_local_slopes_need_different_points():
    with pytest.raises(ValueError, match=r"x is 2 at two points; give one"):
        local_slopes([1.0, 2.0, 2.0], [1.0, 2.0, 2.0], 0.1)


# The sentence


def test_a_power_law_is_told():
    y = noisy(np.random.default_rng(6), X**-1.5)
    verdict = asymptotic(X, y, ERRORS, expected=-1.5)
    assert verdict.asymptotic
    assert verdict.sentence.startswith("The points lie on one power law within their errors (chi-")
    assert verdict.sentence.endswith("(95 %), which agrees with the expected -1.5.")
    assert "on 4 degrees of freedom, p = 0." in verdict.sentence


def test_a_curve_is_refused():
    verdict = asymptotic(X, X**-1.5 * (1.0 + X), ERRORS, expected=-1.5)
    assert not verdict.asymptotic
    slopes = verdict.local.slope
    assert verdict.sentence == (
        "The points do not lie on one power law (chi-square "
        f"{verdict.fit.chi_square:.3g} on 4 degrees of freedom, p < 1e-10): local slopes run from "
        f"{slopes.min():.4g} to {slopes.max():.4g}, so {verdict.fit.slope:.4g} is an average over "
        "this range and not an exponent."
    )


def test_a_weak_trend_is_refused_by_its_curvature():
    """All of chi-square is in the curvature: shared among many degrees of freedom it is lost."""
    x = np.geomspace(0.01, 1.0, 40)
    u = np.log(x)
    bend = u**2 - np.polyval(np.polyfit(u, u**2, 1), u)
    y = x**-1.5 * np.exp(4.0 * 0.01 * bend / np.linalg.norm(bend))
    verdict = asymptotic(x, y, 0.01)
    assert verdict.fit.p_value > 0.9
    assert verdict.curvature / verdict.curvature_error == pytest.approx(4.0, rel=1e-9)
    assert "their curvature is 4.0 standard errors, p = 6.3e-05" in verdict.sentence
    assert not verdict.asymptotic


def test_the_curvature_is_the_change_of_the_slope():
    verdict = asymptotic(X, np.exp(0.5 * 0.3 * np.log(X) ** 2 - np.log(X)), ERRORS)
    assert verdict.curvature == pytest.approx(0.3, rel=1e-10)


def test_another_exponent_is_refused():
    verdict = asymptotic(X, X**-1.5, ERRORS, expected=-1.4)
    assert not verdict.asymptotic
    assert "standard errors from the expected -1.4: over this range the expected law" in (
        verdict.sentence
    )
    assert asymptotic(X, X**-1.5, ERRORS).asymptotic


def test_two_points_tell_nothing():
    with pytest.raises(ValueError, match=r"x has 2 points, .* give 3 or more"):
        asymptotic([1.0, 2.0], [1.0, 2.0], 0.1)


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [1.0], 0.1), r"x has 1 different values in shape \(1,\); give a list"),
        (([1.0, 1.0], [1.0, 2.0], 0.1), "x has 1 different values"),
        (([[1.0, 2.0]], [[1.0, 2.0]], 0.1), r"x has 2 different values in shape \(1, 2\)"),
        (([1.0, 2.0], [1.0], 0.1), "y has shape .* give one y for each x"),
        (([1.0, 2.0], [1.0, 2.0], [0.1]), "relative_error has shape .* one for each x"),
        (([0.0, 2.0], [1.0, 2.0], 0.1), "x has the value 0; give positive"),
        (([1.0, 2.0], [1.0, math.inf], 0.1), "y has the value inf; give positive"),
        (([1.0, 2.0], [1.0, 2.0], math.nan), "relative_error has the value nan"),
        (([1.0, 2.0], [1.0, 2.0], 0.0), "relative_error has the value 0; give"),
        (([1.0, 2.0], ["a", "b"], 0.1), r"y is \['a', 'b'\]; give positive numbers"),
    ],
)
def test_bad_points(arguments, message):
    for function in (fit_slope, local_slopes, asymptotic):
        with pytest.raises(ValueError, match=message):
            function(*arguments)


def test_bad_numbers():
    with pytest.raises(ValueError, match="expected is nan; give a finite"):
        asymptotic(X, X, 0.1, expected=math.nan)
    for level in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match=r"level is .*; give a number between"):
            fit_slope(X, X, 0.1).interval(level)


def test_names_are_public():
    assert estimators.fit_slope is fit_slope
    assert {"slope", "fit_slope", "asymptotic"} <= set(estimators.__all__)
