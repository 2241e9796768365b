"""Brownian motion beside the jumps, against exact laws and exact means."""

import numpy as np
import pytest
from scipy import stats

import levysde as ls
from levysde import theory
from levysde.noise import plus_brownian

SGD = ls.dynamics.sgd()


def linear(x):
    return np.asarray(x, dtype=np.float64)


LAWS = {"independent": ls.noise.independent(1.5), "isotropic": ls.noise.isotropic(1.2)}
DIMENSIONS = (1, 3, 40)


@pytest.mark.parametrize(("name", "dim"), [("isotropic", 2), ("independent", 40)])
def test_without_a_deviation_no_bit_changes(name, dim):
    law = LAWS[name]
    same = plus_brownian(law, 0.0)
    first, second = (ls.noise.sample(each, 50, dim=dim) for each in (law, same))
    assert np.array_equal(first, second)
    assert not np.array_equal(ls.noise.sample(plus_brownian(law, 1.0), 50, dim=dim), first)


def test_what_is_added_is_normal_and_independent():
    # At alpha = 2 the increment has variance 2 eps^2 dt, and the Brownian part sigma^2 eps^2 dt.
    law = plus_brownian(ls.noise.independent(2.0, scale=[1.0, 0.5]), [3.0, 2.0])
    drawn = ls.noise.sample(law, 100_000, seed=3, epsilon=0.5, dt=0.04)
    for j, variance in enumerate((2.0 + 9.0, 0.5 + 4.0)):
        scale = np.sqrt(0.25 * 0.04 * variance)
        exact, wider = stats.norm(scale=scale).cdf, stats.norm(scale=1.05 * scale).cdf
        assert stats.kstest(drawn[:, j], exact, method="asymp").pvalue > 6e-5
        assert stats.kstest(drawn[:, j], wider, method="asymp").pvalue < 6e-5
    plain = ls.noise.sample(ls.noise.independent(2.0, scale=[1.0, 0.5]), 100_000, seed=3,
                            epsilon=0.5, dt=0.04)  # fmt: skip
    rest = drawn - plain
    for first, second in ((rest[:, 0], rest[:, 1]), (rest[:, 0], plain[:, 0])):
        assert abs(np.corrcoef(first, second)[0, 1]) < 4.0 / np.sqrt(100_000)


def test_the_characteristic_function_is_that_of_the_increments():
    law = plus_brownian(ls.noise.independent(1.2), 0.7)
    drawn = ls.noise.sample(law, 100_000, seed=1)[:, 0]
    for u in (0.3, 1.0, 2.0):
        found, error = np.cos(u * drawn).mean(), np.cos(u * drawn).std() / np.sqrt(100_000)
        assert abs(found - law.characteristic([[u]]).real[0]) < 4.0 * error
        assert abs(found - ls.noise.independent(1.2).characteristic([[u]]).real[0]) > 4.0 * error


@pytest.mark.parametrize(("alpha", "method", "paths"), [(1.2, "jump", 4000), (1.5, "euler", 1000)])
def test_the_mean_is_the_exact_one(alpha, method, paths):
    epsilon, sigma = 0.3, 1.0
    law = plus_brownian(ls.noise.independent(alpha), sigma)
    exact = theory.mean_exit_time(
        linear, -1.0, 1.0, alpha, epsilon, brownian=(epsilon * sigma) ** 2
    ).value
    without = theory.mean_exit_time(linear, -1.0, 1.0, alpha, epsilon).value
    setting = {"dt": 2e-4, "method": "euler"} if method == "euler" else {"method": "jump"}
    setting |= {"paths": paths, "horizon": 1e4}
    found = ls.escape_times(ls.basins.flat(), SGD, law, epsilon, **setting)
    mean, error = found.times.mean(), found.times.std() / np.sqrt(paths)
    # On the grid exits are late as if the boundary were beta sigma dt^(1/alpha) farther out; in
    # the jump method small jumps are a diffusion: docs/jump.md gives 1 % at this amplitude.
    late = 0.02 * exact if method == "euler" else 0.01 * exact
    assert abs(mean - exact) < 4.0 * error + late
    assert abs(mean - without) > 4.0 * error + late


def test_small_noise_leaves_by_jumps():
    law = plus_brownian(ls.noise.independent(1.5), 1.0)
    basin = ls.basins.flat()
    prediction = theory.predict(basin, SGD, law, 1e-3)
    plain = theory.predict(basin, SGD, ls.noise.independent(1.5), 1e-3)
    assert prediction.rate == plain.rate
    assert prediction.corrected_mean is None
    found = ls.escape_times(basin, SGD, law, 1e-3, paths=4000, method="jump")
    assert abs(found.times.mean() * plain.rate - 1.0) < 4.0 / np.sqrt(4000)


def test_the_rest_of_the_package_knows_it():
    basin, law = ls.basins.asymmetric(2), plus_brownian(ls.noise.isotropic(1.5), [1.0, 0.5])
    run = {"epsilon": 0.3, "paths": 200, "dt": 0.02, "horizon": 40.0}
    found = ls.escape_times(basin, SGD, law, **run)
    assert found.parameters["brownian"] == [1.0, 0.5]
    again = ls.spec.build(found.parameters)[2]
    repeated = ls.escape_times(basin, SGD, again, **run)
    assert np.array_equal(found.exit_position, repeated.exit_position)
    assert not np.array_equal(
        found.exit_position, ls.escape_times(basin, SGD, law.law, **run).exit_position
    )
    cooled = ls.noise.scaled(law, ls.schedules.constant())
    scaled = ls.escape_times(basin, SGD, cooled, **run)
    assert np.array_equal(found.exit_position, scaled.exit_position)
    rebuilt = ls.spec.build(scaled.parameters)[2]
    assert np.array_equal(
        found.exit_position, ls.escape_times(basin, SGD, rebuilt, **run).exit_position
    )
    with pytest.raises(ValueError, match="use method='euler'"):
        ls.escape_times(basin, ls.dynamics.adam(), law, 1e-3, dt=1e-3, method="jump")
    with pytest.raises(ValueError, match="use refine, or a smaller dt"):
        ls.escape_times(basin, SGD, law, correction="boundary-shift", **run)


def test_a_bad_deviation_is_one_sentence():
    law = ls.noise.independent(1.5)
    with pytest.raises(ValueError, match=r"sigma is -1\.0; give a number that is not negative"):
        plus_brownian(law, -1.0)
    with pytest.raises(ValueError, match="has a Brownian part already"):
        plus_brownian(plus_brownian(law, 1.0), 1.0)


def test_the_bias_of_a_grid_is_that_of_a_brownian_motion():
    """Of order sqrt(dt); with dt^(1/alpha) the limit comes out 8 % too large."""
    law = ls.noise.plus_brownian(ls.noise.independent(1.5, scale=0.02), 1.0)
    exact = ls.theory.mean_exit_time(lambda x: x, -1.0, 1.0, 1.5, 0.02, brownian=1.0).value
    run = ls.escape_times(ls.basins.flat(), ls.dynamics.sgd(), law, 1.0, paths=20000, dt=0.02)
    limit = ls.refine(run)
    assert (limit.exponent, limit.second_exponent) == (0.5, 0.75)
    assert abs(limit.extrapolated - exact) < 4.0 * limit.extrapolated_error
    assert limit.extrapolated_error < 0.08 * exact


@pytest.mark.parametrize(
    "law", [ls.noise.plus_brownian(ls.noise.independent(1.5), 1.0), ls.noise.tempered(1.5, 0.1)]
)
def test_a_learning_rate_needs_steps_of_one_law(law):
    with pytest.raises(ValueError, match=r"needs steps dt.* of one law at any dt, which"):
        ls.escape_times(ls.basins.flat(), ls.dynamics.sgd(), law, lr=0.01, paths=10)
