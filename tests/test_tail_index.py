"""Estimators of the stable index against laws that are known exactly."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import levy_stable

from levysde import estimators
from levysde.statistics import characteristic, quantiles

SIGMAS = 4.0
MANY = 500
"""Coordinates of a measurement: binomial standard error 0.01 of a share of 0.95."""


def stable(alpha, shape, seed, beta=0.0):
    """Draws of scipy, whose law at alpha = 2 has variance 2."""
    rng = np.random.default_rng(seed)
    return levy_stable.rvs(alpha, beta, size=shape, random_state=rng)


# ------------------------------------------------------------------------------- stable laws


@pytest.mark.parametrize("alpha", [1.2, 1.5, 1.8, 2.0])
@pytest.mark.parametrize("draws", [500, 2000])
def test_the_interval_covers_alpha_and_the_scale_is_right(alpha, draws):
    scale = np.geomspace(1e-6, 1e6, MANY)
    fit = estimators.characteristic_fit(scale * stable(alpha, (draws, MANY), draws))
    covered = np.mean((fit.lower <= alpha) & (alpha <= fit.upper))
    # Coverages of 2e4 samples are between 0.94 and 0.96.
    assert 0.94 - SIGMAS * 0.0097 < covered < 0.96 + SIGMAS * 0.0097
    assert np.all((fit.lower <= fit.alpha) & (fit.alpha <= fit.upper) & (fit.upper <= 2.0))
    relative = fit.scale / scale - 1.0
    error = np.sqrt(np.mean((fit.scale_error / scale) ** 2))
    # The bias of a scale is of order 1 / draws.
    assert abs(relative.mean()) < SIGMAS * error / math.sqrt(MANY) + 1.5 / draws
    assert relative.std() == pytest.approx(error, rel=SIGMAS / math.sqrt(2 * MANY))


def test_an_interval_does_not_cover_another_index():
    fit = estimators.characteristic_fit(stable(1.5, (2000, 200), 7))
    assert np.mean((fit.lower <= 1.8) & (fit.upper >= 1.8)) < 0.05


@pytest.mark.parametrize(
    ("alpha", "beta"), [(1.0, 0.0), (1.2, 0.0), (1.2, 0.5), (1.5, 0.5), (1.8, 0.0), (1.8, 0.5)]
)
def test_the_covariance_is_that_of_the_characteristic_function(alpha, beta):
    """Against draws of scipy."""
    u = characteristic._FREQUENCIES[[0, 2]]
    draws = stable(alpha, 400_000, 3, beta)
    phi = [
        complex(np.exp(-(t**alpha) * (1 - 1j * beta * math.tan(math.pi * alpha / 2)))) for t in u
    ]
    influence = [
        ((np.exp(1j * t * draws) / p).real - 1.0) / -(t**alpha) for t, p in zip(u, phi, strict=True)
    ]
    found = np.mean(influence[0] * influence[1])
    error = np.std(influence[0] * influence[1]) / math.sqrt(draws.size)
    exact = characteristic._covariance(alpha, beta)
    assert abs(found - exact[0, 2]) < SIGMAS * error
    if beta == 0.0:
        assert abs(found - 1.2 * exact[0, 2]) > SIGMAS * error


def test_the_index_is_about_as_sharp_as_the_sharpest():
    """Against 1 / Fisher information of alpha with unknown scale, by integrals of the density."""
    alpha, step = 1.5, 1e-3

    def log_density(x, a, c):
        return levy_stable.logpdf(x / c, a, 0.0) - math.log(c)

    x = np.concatenate([np.linspace(0.0, 10.0, 101), np.geomspace(10.3, 3000.0, 60)])
    density = np.exp(log_density(x, alpha, 1.0))
    scores = np.stack(
        [
            (log_density(x, alpha + step, 1.0) - log_density(x, alpha - step, 1.0)) / (2 * step),
            (log_density(x, alpha, 1 + step) - log_density(x, alpha, 1 - step)) / (2 * step),
        ]
    )
    information = 2.0 * np.trapezoid(density * scores[:, None] * scores[None], x, axis=-1)
    best = math.sqrt(np.linalg.inv(information)[0, 0])
    ours = characteristic._errors(np.array([alpha]), np.zeros(1))[0, 0]
    assert best < ours < 1.06 * best


def test_skewness_is_found_and_moves_nothing_else():
    fit = estimators.characteristic_fit(stable(1.5, (2000, 150), 11, beta=0.8))
    assert abs(fit.beta.mean() - 0.8) < 0.05
    assert np.mean((fit.lower <= 1.5) & (fit.upper >= 1.5)) > 0.95 - SIGMAS * 0.0178
    plain = estimators.characteristic_fit(stable(1.5, (2000, 150), 12))
    assert np.mean(np.abs(plain.beta) > 1.96 * plain.beta_error) < 0.05 + SIGMAS * 0.0178


def test_location_and_units_move_nothing():
    draws = stable(1.5, (1000, 5), 2)
    here = estimators.characteristic_fit(draws)
    there = estimators.characteristic_fit(1e3 + 4.0 * draws)
    assert there.alpha == pytest.approx(here.alpha, abs=1e-9)
    assert there.scale == pytest.approx(4.0 * here.scale)
    assert there.location == pytest.approx(1e3 + 4.0 * here.location)
    assert there.beta == pytest.approx(here.beta, abs=1e-8)


# --------------------------------------------------------------------------------- quantiles


@pytest.mark.parametrize(
    ("alpha", "spread"),
    [(1.0, 6.31375), (1.2, 4.45085), (1.5, 3.1498), (1.8, 2.60991), (2.0, 2.43866)],
)
def test_quantiles_of_stable_laws_give_their_index(alpha, spread):
    p = (np.arange(4001) + 0.5) / 4001
    exact = {q: levy_stable.ppf(q, alpha, 0.0) for q in (0.05, 0.25)}
    assert exact[0.05] / exact[0.25] == pytest.approx(spread, abs=6e-6)
    lower = [1.01 * exact[0.05], exact[0.05], exact[0.25]]
    row = np.interp(p, [0.0, 0.05, 0.25, 0.75, 0.95, 1.0],
                    [*lower, *(-value for value in lower[::-1])])  # fmt: skip
    fit = quantiles.fit_sorted(row[None])
    assert fit.alpha[0] == pytest.approx(alpha, abs=2e-3)
    assert fit.scale[0] == pytest.approx(1.0, abs=2e-3)
    assert abs(fit.beta[0]) < 1e-6


def test_quantiles_find_skewness():
    fit = estimators.quantile_fit(stable(1.3, (100_000, 4), 3, beta=-0.5))
    assert fit.alpha == pytest.approx(1.3, abs=0.03)
    assert fit.beta == pytest.approx(-0.5, abs=0.06)


# -------------------------------------------------------------------------- largest magnitudes


@pytest.mark.parametrize(
    ("estimate", "k"),
    [
        (estimators.hill_estimate, 400),
        (estimators.moment_estimate, 400),
        (estimators.pickands_estimate, 4000),
    ],
)
def test_exact_tails_have_the_error_that_is_told(estimate, k):
    rng = np.random.default_rng(5)
    found = [estimate(1.0 + rng.pareto(1.5, 20_000), [k]) for _ in range(200)]
    gamma = np.array([one.gamma[0] for one in found])
    error = float(np.mean([one.error[0] for one in found]))
    # A pareto law is exact for the first and the third; the second has a bias of order 1/k.
    assert abs(gamma.mean() - 1.0 / 1.5) < SIGMAS * error / math.sqrt(200) + 2.0 / k
    assert gamma.std() == pytest.approx(error, rel=SIGMAS / math.sqrt(2 * 200))
    assert abs(gamma.mean() - 1.0 / 1.8) > SIGMAS * error / math.sqrt(200)


def test_light_tails_are_seen_by_two_of_three():
    uniform = np.random.default_rng(6).uniform(size=50_000)
    for estimate in (estimators.moment_estimate, estimators.pickands_estimate):
        found = estimate(uniform, [4000])
        assert abs(found.gamma[0] + 1.0) < SIGMAS * found.error[0]
        assert found.alpha[0] == math.inf
    assert estimators.hill_estimate(uniform, [4000]).alpha[0] < math.inf


def test_hill_misleads_near_gaussian_noise():
    found = estimators.hill_estimate(np.abs(stable(1.8, 20_000, 4)), [400])
    assert found.lower[0] > 1.8


# ------------------------------------------------------------------------------ sums in blocks


@pytest.mark.parametrize("tau", [0.5, 1.0, 1.5])
def test_pooled_blocks_call_gaussian_noise_stable(tau):
    """For large blocks the estimate is 1 / (1/2 + tau^2 / log K): 1.865, 1.551, 1.211."""
    rng = np.random.default_rng(8)
    values = []
    for _ in range(6):
        gaussian = rng.standard_normal((500, 2000))
        values.append(
            estimators.block_estimate(
                np.exp(tau * rng.standard_normal(gaussian.shape)) * gaussian, 1000
            )
        )
    # log|N| of a Gaussian has the variance pi^2/8, and there are 6000 blocks.
    exact = 1.0 / (0.5 + tau**2 / math.log(1000))
    error = exact**2 * math.sqrt(math.pi**2 / 8 / 6000) / math.log(1000)
    # A block of 1000 has less than the mean of squares when that hangs on few of them.
    allowance = {0.5: 0.0, 1.0: 0.01, 1.5: 0.05}[tau]
    assert -SIGMAS * error < np.mean(values) - exact < SIGMAS * error + allowance
    scales = np.exp(tau * rng.standard_normal(200))
    alone = estimators.block_estimate(
        scales * rng.standard_normal((20_000, 200)), 100, pooled=False
    )
    assert alone == pytest.approx(2.0, abs=0.03)


def test_blocks_of_stable_entries_give_their_index():
    assert estimators.block_estimate(stable(1.5, (4000, 100), 9), 100) == pytest.approx(
        1.5, abs=0.05
    )


# ------------------------------------------------------------------------------------ bad input

GOOD = np.random.default_rng(1).standard_normal((200, 3))
BAD = [
    (GOOD[:, 0], r"shape \(200,\); give shape \(draws, coordinates\): samples.reshape\(-1, 1\)"),
    (GOOD.reshape(10, 20, 3), r"samples.reshape\(len\(samples\), -1\)"),
    (GOOD[:1], "samples has 1 draw; give at least"),
    (GOOD[:, :0], "no coordinates"),
    (np.where(GOOD[5, 2] == GOOD, np.nan, GOOD), "nan in draw 5, coordinate 2"),
    (np.where(GOOD[5, 2] == GOOD, -np.inf, GOOD), "-inf in draw 5, coordinate 2"),
    (GOOD.astype(str), "give an array of real numbers"),
    (GOOD.astype(complex), "give an array of real numbers"),
    ([[1.0, 2.0], [3.0]], "different lengths"),
]  # fmt: skip


@pytest.mark.parametrize(("samples", "told"), BAD)
@pytest.mark.parametrize("verb", [estimators.characteristic_fit, estimators.quantile_fit])
def test_bad_samples_are_told(verb, samples, told):
    with pytest.raises(ValueError, match=told):
        verb(samples)


def test_other_bad_values_are_told():
    with pytest.raises(ValueError, match="half of the draws of coordinate 1 are the same"):
        estimators.characteristic_fit(GOOD * [1.0, 0.0, 1.0])
    with pytest.raises(ValueError, match="half of the draws"):
        estimators.quantile_fit(GOOD * [1.0, 0.0, 1.0])
    with pytest.raises(ValueError, match=r"level is 95; give a number between 0 and 1"):
        estimators.characteristic_fit(GOOD, level=95)
    with pytest.raises(ValueError, match="block is 1; give a whole number of at least 2"):
        estimators.block_estimate(GOOD, 1)
    with pytest.raises(ValueError, match="block is 400 and there are 600 entries"):
        estimators.block_estimate(GOOD, 400)
    with pytest.raises(ValueError, match="nothing but zeros"):
        estimators.block_estimate(0.0 * GOOD, 10)
    for verb in (
        estimators.hill_estimate,
        estimators.moment_estimate,
        estimators.pickands_estimate,
    ):
        with pytest.raises(ValueError, match="negative or not finite"):
            verb(GOOD[:, 0])
        with pytest.raises(ValueError, match=r"shape \(200, 3\)"):
            verb(np.abs(GOOD))
        with pytest.raises(ValueError, match="give at least 20"):
            verb([1.0, 2.0])
        with pytest.raises(ValueError, match="k goes from 1 to 1; give numbers from"):
            verb(np.abs(GOOD[:, 0]), [1])
        with pytest.raises(ValueError, match="give whole numbers"):
            verb(np.abs(GOOD[:, 0]), [10.5])
        with pytest.raises(ValueError, match="0 positive numbers"):
            verb(np.zeros(100))


def test_the_convention_at_two_is_a_gaussian_of_variance_two():
    fit = estimators.characteristic_fit(np.random.default_rng(2).standard_normal((20_000, 2)))
    assert fit.scale == pytest.approx(math.sqrt(0.5), abs=0.02)
    assert quad(lambda x: x * x * levy_stable.pdf(x, 2.0, 0.0), -30, 30)[0] == pytest.approx(2.0)


@pytest.mark.parametrize("kind", ["hill", "moment"])
def test_estimates_of_the_tail_are_those_of_another_package(kind):
    """`tailestim` 0.7 at the same numbers of magnitudes, from its formulas for an array of all."""
    import tailestim

    other = {"hill": tailestim.HillEstimator, "moment": tailestim.MomentsEstimator}[kind]
    ours = {"hill": estimators.hill_estimate, "moment": estimators.moment_estimate}[kind]
    sizes = np.abs(np.random.default_rng(0).standard_t(1.5, size=3000))
    estimator = other(bootstrap=False)
    estimator.fit(sizes)
    result, numbers = estimator.get_result(), [50, 200, 500]
    expected = [result.xi_arr_[list(result.k_arr_).index(k)] for k in numbers]
    assert ours(sizes, numbers).gamma == pytest.approx(expected, rel=1e-9)
    assert ours(sizes, [51]).gamma[0] != pytest.approx(expected[0], rel=1e-4)
