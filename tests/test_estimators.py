"""Estimators against hand values, exact laws and their nominal coverage.

Random tests have fixed seeds and thresholds of four standard errors (a false alarm in about
16 000 for each); those of a law have a twin that must fail.
"""

import math
import subprocess
import sys

import numpy as np
import pytest

from levysde.statistics import exit_times
from levysde.statistics.exit_times import (
    escapes_needed,
    exponential_rate,
    exponential_rate_interval,
    exponentiality,
    mean_time,
    mean_time_interval,
    relative_half_width,
    slope,
    survival,
)

pytestmark = pytest.mark.quick

REPLICATIONS = 4000
FOUR_SIGMA = 4.0 * math.sqrt(0.05 * 0.95 / REPLICATIONS)
# P(sqrt(n) D > x) is about 2 exp(-2 x^2): 6.3e-5, as for four standard errors.
KOLMOGOROV = 2.276


def censored_exponential(rng, shape, horizon):
    """Return Exp(1) times cut at the horizon, and which of them are escapes."""
    times = rng.exponential(size=shape)
    return np.minimum(times, horizon), times <= horizon


# Rates and means


def test_rate_by_hand():
    assert exponential_rate([1.0, 2.0, 5.0], [True, True, False]) == 0.25
    # Escapes count at 0.5 and 1.5, the censored path in full.
    assert exponential_rate([1.0, 2.0, 5.0], [True, True, False], dt=1.0) == pytest.approx(2 / 7)


def test_rate_without_escapes_is_zero():
    assert exponential_rate([3.0, 3.0], [False, False], dt=0.5) == 0.0


def test_escape_at_time_zero_stays_at_zero():
    assert exponential_rate([0.0, 2.0], [True, True], dt=1.0) == pytest.approx(2 / 1.5)


def test_rate_interval_by_hand():
    # Garwood's bounds of a count of 3: 0.6187 and 8.7673 (tables of the Poisson law).
    low, high = exponential_rate_interval([1.0, 1.0, 2.0, 6.0], [True, True, True, False])
    assert low == pytest.approx(0.61867 / 10, rel=1e-5)
    assert high == pytest.approx(8.76727 / 10, rel=1e-5)


def test_rate_interval_without_escapes():
    low, high = exponential_rate_interval([10.0, 10.0], [False, False])
    assert low == 0.0
    assert high == pytest.approx(-math.log(0.025) / 20.0)


def test_rate_interval_widens_with_the_level():
    data = [1.0, 2.0, 5.0], [True, True, False]
    narrow = exponential_rate_interval(*data, level=0.5)
    wide = exponential_rate_interval(*data, level=0.99)
    assert wide.lower < narrow.lower < exponential_rate(*data) < narrow.upper < wide.upper


def test_mean_by_hand():
    assert mean_time([1.0, 2.0, 6.0], [True, True, True]) == 3.0
    assert mean_time([1.0, 2.0, 6.0], [True, True, False]) == 4.5
    assert mean_time([1.0], [False]) == math.inf


def test_mean_interval_with_censoring_inverts_the_rate_interval():
    data = np.arange(1.0, 41.0), np.arange(40) % 2 == 0
    low, high = exponential_rate_interval(*data, level=0.9)
    assert mean_time_interval(*data, level=0.9) == (1.0 / high, 1.0 / low)
    assert mean_time_interval([4.0], [False]).upper == math.inf


def test_mean_interval_of_few_escapes_is_the_exponential_one():
    data = np.arange(1.0, 30.0), np.full(29, True)
    low, high = exponential_rate_interval(*data)
    assert mean_time_interval(*data) == (1.0 / high, 1.0 / low)


def test_mean_interval_by_hand():
    # 2.0452296 is Student's 97.5 % quantile with 29 degrees of freedom (tables).
    times = np.arange(1.0, 31.0)
    half = 2.0452296 * math.sqrt(np.sum((times - 15.5) ** 2) / 29) / math.sqrt(30)
    low, high = mean_time_interval(times, np.full(30, True))
    assert (low, high) == pytest.approx((15.5 - half, 15.5 + half), rel=1e-7)


def test_mean_interval_is_never_negative():
    times = np.zeros(30)
    times[0] = 1.0
    assert mean_time_interval(times, np.full(30, True), level=0.99).lower == 0.0


@pytest.mark.parametrize("horizon", [0.05, 0.2, 0.5, 1.0, 3.0, math.inf])
def test_rate_interval_covers(horizon):
    rng = np.random.default_rng(20)
    times, escaped = censored_exponential(rng, (REPLICATIONS, 20), horizon)
    intervals = np.array(
        [exponential_rate_interval(t, e) for t, e in zip(times, escaped, strict=True)]
    )
    coverage = np.mean((intervals[:, 0] <= 1.0) & (intervals[:, 1] >= 1.0))
    assert coverage >= 0.95 - FOUR_SIGMA
    assert coverage < 0.999


def test_wald_interval_falls_short():
    """The twin: the coverage test above rejects the interval that is usually printed."""
    rng = np.random.default_rng(20)
    times, escaped = censored_exponential(rng, (REPLICATIONS, 20), 0.05)
    escapes, total = escaped.sum(axis=1), times.sum(axis=1)
    rate, half = escapes / total, 1.96 * np.sqrt(escapes) / total
    assert np.mean(np.abs(rate - 1.0) <= half) < 0.95 - 2 * FOUR_SIGMA


def test_dropping_censored_paths_fails_to_cover():
    """The twin: censored paths carry information."""
    rng = np.random.default_rng(20)
    times, escaped = censored_exponential(rng, (400, 200), 1.0)
    covered = 0
    for t, e in zip(times, escaped, strict=True):
        low, high = exponential_rate_interval(t[e], e[e])
        covered += low <= 1.0 <= high
    assert covered < 40


def test_mean_interval_covers_without_an_exponential_law():
    rng = np.random.default_rng(21)
    times = rng.weibull(3.0, size=(REPLICATIONS, 60))
    mean = math.gamma(1 + 1 / 3)
    escaped = np.full(60, True)
    intervals = np.array([mean_time_interval(t, escaped) for t in times])
    coverage = np.mean((intervals[:, 0] <= mean) & (intervals[:, 1] >= mean))
    assert abs(coverage - 0.95) <= FOUR_SIGMA
    # The exponential interval is far too wide for this narrow law.
    exponential = np.array([exponential_rate_interval(t, escaped) for t in times])
    assert np.mean((exponential[:, 0] <= 1 / mean) & (exponential[:, 1] >= 1 / mean)) > 0.999


def test_midpoints_remove_the_first_order_grid_bias():
    rng = np.random.default_rng(22)
    paths, dt = 200_000, 0.2
    times = np.ceil(rng.exponential(size=paths) / dt) * dt
    escaped = np.full(paths, True)
    error = 1.0 / math.sqrt(paths)
    # The rate at midpoints is (2 / dt) tanh(dt / 2), below 1 by dt^2 / 12.
    expected = 2.0 / dt * math.tanh(dt / 2.0)
    assert abs(exponential_rate(times, escaped, dt) - expected) < 4.0 * error
    assert exponential_rate(times, escaped) < 1.0 - 20.0 * error


# Precision


def test_relative_half_width_is_that_of_the_interval():
    times, escaped = [2.0] * 7 + [5.0] * 3, [True] * 7 + [False] * 3
    low, high = exponential_rate_interval(times, escaped, level=0.9)
    expected = 0.5 * (high - low) / exponential_rate(times, escaped)
    assert relative_half_width(7, 0.9) == pytest.approx(expected, rel=1e-12)
    assert relative_half_width(0) == math.inf
    assert relative_half_width(10**8) == pytest.approx(1.959964e-4, rel=1e-4)


@pytest.mark.parametrize("rel_error", [5.0, 1.0, 0.3, 0.1, 0.02, 1e-3, 1e-6])
def test_escapes_needed_is_the_smallest(rel_error):
    needed = escapes_needed(rel_error)
    assert relative_half_width(needed) <= rel_error < relative_half_width(needed - 1)


def test_stopping_at_a_number_of_escapes_is_unbiased():
    rng = np.random.default_rng(23)
    needed = escapes_needed(0.5)
    means = rng.exponential(size=(20_000, needed)).mean(axis=1)
    assert abs(means.mean() - 1.0) < 4.0 / math.sqrt(20_000 * needed)


# Kaplan-Meier


def test_survival_by_hand():
    """Ten paths, ties between escapes and censoring included."""
    times = [2.0, 2.0, 3.0, 4.0, 4.0, 4.0, 6.0, 7.0, 7.0, 9.0]
    escaped = [True, True, False, True, True, False, False, True, False, False]
    curve = survival(times, escaped)
    assert curve.times.tolist() == [0.0, 2.0, 3.0, 4.0, 6.0, 7.0, 9.0]
    after_2, after_4, after_7 = 8 / 10, 8 / 10 * 5 / 7, 8 / 10 * 5 / 7 * 2 / 3
    expected = [1.0, after_2, after_2, after_4, after_4, after_7, after_7]
    assert curve.probability == pytest.approx(expected, rel=1e-12)
    # Greenwood: sum d / (n (n - d)); the interval is S^exp(+-z se / log S).
    greenwood = 2 / (10 * 8) + 2 / (7 * 5) + 1 / (3 * 2)
    spread = math.exp(1.959963985 * math.sqrt(greenwood) / -math.log(after_7))
    assert curve.lower[-1] == pytest.approx(after_7**spread, rel=1e-8)
    assert curve.upper[-1] == pytest.approx(after_7 ** (1 / spread), rel=1e-8)


def test_survival_without_censoring_counts():
    curve = survival([1.0, 2.0, 3.0, 4.0], np.full(4, True))
    assert curve.probability == pytest.approx([1.0, 0.75, 0.5, 0.25, 0.0], abs=1e-15)
    assert curve.lower[-1] == 0.0
    assert curve.upper[-1] == curve.upper[-2]


def test_survival_without_escapes():
    curve = survival([5.0] * 10, np.full(10, False))
    assert curve.probability.tolist() == [1.0, 1.0]
    assert curve.upper.tolist() == [1.0, 1.0]
    # Ten paths of which none escaped: the bound p of p^10 = 0.025.
    assert curve.lower == pytest.approx([0.025**0.1] * 2)


def test_survival_of_one_time():
    curve = survival([3.0, 3.0], [True, True])
    assert (curve.probability.tolist(), curve.upper.tolist()) == ([1.0, 0.0], [1.0, 1.0])


def test_survival_with_an_escape_at_zero_has_one_origin():
    assert survival([0.0, 1.0], [True, True]).times.tolist() == [0.0, 1.0]


def test_survival_band_is_ordered_and_covers():
    rng = np.random.default_rng(24)
    replications, covered = 1000, 0
    for _ in range(replications):
        times, escaped = censored_exponential(rng, 100, rng.uniform(0.5, 3.0, 100))
        curve = survival(times, escaped)
        assert np.all(curve.lower <= curve.probability)
        assert np.all(curve.probability <= curve.upper)
        assert np.all(np.diff(curve.probability) <= 0.0)
        at = np.searchsorted(curve.times, 0.7, side="right") - 1
        covered += curve.lower[at] <= math.exp(-0.7) <= curve.upper[at]
    assert abs(covered / replications - 0.95) < 4.0 * math.sqrt(0.05 * 0.95 / replications)


# Exponentiality


def kolmogorov(p_values):
    """Return sqrt(n) times the largest distance to the uniform law."""
    p_values = np.sort(p_values)
    n = p_values.size
    steps = np.arange(n + 1) / n
    distance = max(np.max(steps[1:] - p_values), np.max(p_values - steps[:-1]))
    return math.sqrt(n) * distance


@pytest.mark.parametrize("horizon", [0.5, 1.5, math.inf])
def test_p_values_are_uniform_for_exponential_times(horizon):
    rng = np.random.default_rng(25)
    times, escaped = censored_exponential(rng, (1000, 500), horizon)
    p_values = [exponentiality(t, e).p_value for t, e in zip(times, escaped, strict=True)]
    assert kolmogorov(p_values) < KOLMOGOROV


def test_p_values_are_uniform_on_a_grid():
    rng = np.random.default_rng(26)
    dt = 0.05
    times = np.ceil(rng.exponential(size=(500, 4000)) / dt) * dt
    escaped = np.full(4000, True)
    assert kolmogorov([exponentiality(t, escaped, dt).p_value for t in times]) < KOLMOGOROV
    # The twin: grid times taken as they are look like a law with too few early escapes.
    assert kolmogorov([exponentiality(t, escaped).p_value for t in times]) > 2 * KOLMOGOROV


@pytest.mark.parametrize("horizon", [0.8, math.inf])
def test_other_shapes_are_rejected(horizon):
    times = np.random.default_rng(27).weibull(1.3, 2000)
    test = exponentiality(np.minimum(times, horizon), times <= horizon)
    assert test.p_value < 1e-6
    assert test.shape == pytest.approx(1.3, abs=0.15)


def test_censoring_ignored_is_rejected():
    """The twin of censoring done right: cut times counted as escapes are no exponential law."""
    times, _ = censored_exponential(np.random.default_rng(28), 2000, 1.5)
    assert exponentiality(times, np.full(2000, True)).p_value < 1e-6


def test_exponentiality_against_scipy():
    from scipy import stats

    times = np.random.default_rng(29).weibull(1.2, 400)
    test = exponentiality(times, np.full(400, True))
    shape, _, scale = stats.weibull_min.fit(times, floc=0.0)
    best = stats.weibull_min.logpdf(times, shape, scale=scale).sum()
    exponential = stats.expon.logpdf(times, scale=times.mean()).sum()
    assert test.shape == pytest.approx(shape, rel=1e-4)
    assert test.statistic == pytest.approx(2.0 * (best - exponential), rel=1e-5)
    assert test.p_value == pytest.approx(stats.chi2.sf(test.statistic, 1), rel=1e-12)


@pytest.mark.parametrize("shape", [0.05, 0.3, 1.0, 10.0, 500.0])
def test_extreme_shapes_and_units(shape):
    times = np.random.default_rng(30).weibull(shape, 300)
    times = times[times > 0.0]
    small = exponentiality(times, np.full(times.size, True))
    large = exponentiality(times * 2.0**100, np.full(times.size, True))
    assert small.shape == pytest.approx(shape, rel=0.2)
    assert large.shape == pytest.approx(small.shape, rel=1e-9)
    assert large.statistic == pytest.approx(small.statistic, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("times", "escaped"),
    [
        ([1.0, 2.0, 3.0, 4.0, 9.0], [True, True, True, True, False]),
        ([2.0] * 8, [True] * 8),
        ([2.0] * 8 + [1.0], [True] * 8 + [False]),
        ([0.0] + [1.0, 2.0] * 4, [True] * 9),
    ],
    ids=["few escapes", "one time", "censored earlier", "escape at zero"],
)
def test_exponentiality_that_does_not_exist(times, escaped):
    assert exponentiality(times, escaped) == exit_times.Exponentiality(None, None, None)


def test_censored_at_zero_changes_nothing():
    times = np.random.default_rng(31).exponential(size=50)
    alone = exponentiality(times, np.full(50, True))
    more = exponentiality(np.append(times, 0.0), np.append(np.full(50, True), False))
    assert more.statistic == pytest.approx(alone.statistic, rel=1e-12)


# Slope


@pytest.mark.parametrize("errors", [None, [0.1, 1.0, 3.0, 0.5]])
def test_slope_of_an_exact_power(errors):
    epsilon = np.array([0.05, 0.1, 0.2, 0.7])
    fit = slope(epsilon, 3.0 * epsilon**-1.5, errors)
    assert fit.value == pytest.approx(-1.5, abs=1e-12)
    assert fit.intercept == pytest.approx(math.log(3.0), abs=1e-12)


def test_slope_of_two_points_has_no_scatter():
    assert slope([1.0, 2.0], [1.0, 4.0]).standard_error is None
    # d(log mean) = 0.01 at both ends over log 2: 0.01 sqrt(2) / log 2.
    fit = slope([1.0, 2.0], [1.0, 4.0], [0.01, 0.04])
    assert fit.standard_error == pytest.approx(0.01 * math.sqrt(2.0) / math.log(2.0))


@pytest.mark.parametrize("known", [True, False])
def test_slope_error_is_that_of_the_scatter(known):
    rng = np.random.default_rng(32)
    epsilon = np.geomspace(0.01, 1.0, 30)
    sigma = np.linspace(0.01, 0.05, 30) if known else np.full(30, 0.03)
    fits = []
    for _ in range(2000):
        mean = epsilon**-1.2 * np.exp(sigma * rng.normal(size=30))
        fits.append(slope(epsilon, mean, sigma * mean if known else None))
    z = np.array([(fit.value + 1.2) / fit.standard_error for fit in fits])
    assert abs(z.mean()) < 4.0 / math.sqrt(2000)
    # Student's t with 28 degrees of freedom has variance 28 / 26.
    variance = 1.0 if known else 28 / 26
    assert abs(z.var() / variance - 1.0) < 4.0 * math.sqrt(2.3 / 2000)


# Bad arguments


@pytest.mark.parametrize(
    ("times", "escaped", "message"),
    [
        ([], np.array([], dtype=bool), "no paths"),
        ([1.0, 2.0], [True], "equal length"),
        ([[1.0]], [[True]], "one-dimensional"),
        ([1.0], [1], "bool"),
        ([-1.0], [True], "not negative"),
        ([math.nan], [True], "finite"),
        ([1.0, math.inf], [True, True], "finite"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        exponential_rate,
        exponential_rate_interval,
        mean_time,
        mean_time_interval,
        survival,
        exponentiality,
    ],
)
def test_bad_data(function, times, escaped, message):
    with pytest.raises(ValueError, match=message):
        function(times, escaped)


def test_no_time_at_all():
    with pytest.raises(ValueError, match="total time"):
        exponential_rate([0.0], [False])
    with pytest.raises(ValueError, match="total time"):
        mean_time_interval([0.0], [False])


@pytest.mark.parametrize("dt", [-0.1, math.nan, math.inf])
def test_bad_step(dt):
    with pytest.raises(ValueError, match="dt is"):
        exponential_rate([1.0], [True], dt)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, math.nan])
def test_bad_level(level):
    for function in (exponential_rate_interval, mean_time_interval, survival):
        with pytest.raises(ValueError, match="level is"):
            function(np.ones(40), np.full(40, True), level=level)
    with pytest.raises(ValueError, match="level is"):
        relative_half_width(5, level)


def test_bad_precision():
    with pytest.raises(ValueError, match="escapes is -1"):
        relative_half_width(-1)
    for rel_error in (0.0, -1.0, 1e-9, math.nan, math.inf):
        with pytest.raises(ValueError, match="rel_error"):
            escapes_needed(rel_error)


@pytest.mark.parametrize(
    "arguments",
    [
        ([1.0], [1.0]),
        ([1.0, 1.0], [1.0, 2.0]),
        ([1.0, 2.0], [1.0, 2.0, 3.0]),
        ([1.0, 2.0], [1.0, 0.0]),
        ([1.0, -2.0], [1.0, 1.0]),
        ([1.0, 2.0], [1.0, math.inf]),
        ([1.0, 2.0], [1.0, 2.0], [1.0]),
        ([1.0, 2.0], [1.0, 2.0], [1.0, 0.0]),
        ([[1.0, 2.0]], [[1.0, 2.0]]),
    ],
)
def test_bad_slope(arguments):
    with pytest.raises(ValueError, match=r"epsilon|mean|standard_error"):
        slope(*arguments)


# Cost


def test_import_and_intervals_need_no_scipy_stats():
    """A fresh interpreter: the command line pays for what it imports."""
    code = (
        "import sys\n"
        "from levysde.estimators import *\n"
        "assert not [name for name in sys.modules if name.startswith('scipy')]\n"
        "data = [1.0] * 40, [True] * 40\n"
        "mean_time_interval(*data), exponential_rate_interval(*data), exponentiality(*data)\n"
        "assert 'scipy.stats' not in sys.modules and 'scipy.optimize' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
