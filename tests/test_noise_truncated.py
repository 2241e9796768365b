"""Truncated stable steps against the stable law inside the length."""

import math

import numpy as np
import pytest
from scipy import stats

import levysde as ls
from levysde import theory
from levysde.cli import main

LAWS = [(1.0, 3.0), (1.5, 10.0), (0.5, 1e4), (1.9, 50.0), (1.2, 0.3)]


@pytest.mark.parametrize(("alpha", "length"), LAWS[2:4])
def test_the_quantiles_are_those_of_the_stable_law_inside(alpha, length):
    """F(x) = (F_s(x) - F_s(-length))/(1 - 2 P(L > length)) at drawn x gives back the uniform."""
    law = ls.noise.truncated(alpha, length)
    uniforms = np.concatenate([np.geomspace(1e-12, 0.5, 60), 1.0 - np.geomspace(1e-9, 0.5, 60)])
    x = np.array([law.draw(u, 0.3, law.p) for u in uniforms])
    assert np.abs(x).max() <= length * (1.0 + 1e-12)
    cut = theory.stable_tail(np.array([length]), alpha)[0]
    below = (theory.stable_tail(-x, alpha) - cut) / (1.0 - 2.0 * cut)
    upper = 1.0 - uniforms  # u < 1/2 is a positive step
    assert below == pytest.approx(upper, rel=1e-7, abs=1e-9)
    assert law.step_tail(x) == pytest.approx(1.0 - below, rel=1e-6, abs=1e-9)


def test_cauchy_is_known():
    law = ls.noise.truncated(1.0, 3.0, scale=2.0)
    # Between -3 and 3 the tangent of a uniform angle.
    angles = np.linspace(-0.99, 0.99, 41)
    drawn = [law.draw(0.5 - 0.5 * a, 0.5, law.p) for a in angles]
    assert drawn == pytest.approx(np.tan(angles * math.atan(3.0)), rel=1e-8, abs=1e-9)
    assert law.variance == pytest.approx(3.0 / math.atan(3.0) - 1.0, rel=1e-10)
    x = np.linspace(-2.9, 2.9, 7)
    assert law.step_density(x) == pytest.approx(0.5 / math.atan(3.0) / (1.0 + x * x), rel=1e-9)
    assert law.step_density(np.array([3.1])) == 0.0


def test_samples_follow_the_law_and_not_the_whole_stable_one():
    law, size = ls.noise.truncated(1.5, 5.0), 20000
    drawn = ls.noise.sample(law, size, seed=3).ravel()
    assert np.abs(drawn).max() < 5.0

    below = 1.0 - law.step_tail(drawn)
    cut = theory.stable_tail(5.0, 1.5)
    stable = cut + (1.0 - 2.0 * cut) * below
    assert stats.kstest(below, "uniform", method="asymp").statistic < 2.0 / math.sqrt(size)
    assert stats.kstest(stable, "uniform", method="asymp").pvalue < 1e-6
    error = drawn.var() * math.sqrt(stats.kurtosis(drawn, fisher=False) / size)
    assert abs(drawn.var() - law.variance) < 4.0 * error


def test_many_steps_are_gaussian():
    """dX = -X dt + eps dL at small dt has the stationary variance eps^2 var/2."""
    law = ls.noise.truncated(1.5, 5.0)
    run = ls.trajectories(
        ls.Basin(ls.potentials.quadratic(1, 1.0), ls.domains.interval(-50.0, 50.0), [0.0]),
        ls.dynamics.sgd(), law, 0.3, steps=400, dt=0.02, paths=4000, scheme="euler",
    )  # fmt: skip
    end = run.positions[:, -1, 0]
    expected = 0.09 * law.variance * 0.02 / (1.0 - 0.98**2)
    error = expected * math.sqrt(2.0 / 4000 * (1.0 + stats.kurtosis(end) / 2.0))
    assert abs(end.var() - expected) < 4.0 * error


def test_a_learning_rate_is_the_factor_of_a_step():
    law = ls.noise.truncated(1.5, 5.0, scale=2.0)
    basin = ls.Basin(ls.potentials.quadratic(1, 1.0), ls.domains.interval(-9.0, 9.0), [0.0])
    run = ls.trajectories(
        basin, ls.dynamics.sgd(), law, lr=0.01, steps=50, paths=200, scheme="euler"
    )
    moved = run.positions[:, 1:, 0] - 0.99 * run.positions[:, :-1, 0]
    assert 0.09 < np.abs(moved).max() < 0.01 * 2.0 * 5.0


def test_it_is_made_again_from_a_record():
    law = ls.noise.truncated(1.5, 5.0, scale=[1.0, 0.5])
    run = ls.escape_times(ls.basins.flat(2), ls.dynamics.sgd(), law, 1.0, paths=20, dt=0.05)
    again = ls.spec.build(run.parameters)[2]
    assert (again.index, again.length, again.scale.tolist()) == (1.5, 5.0, [1.0, 0.5])


def test_a_word_that_is_no_number_is_told_so(capsys):
    words = ["escape", "--noise", "truncated", "--noise-parameter", "length=abc", "--paths", "5"]
    assert main(words) == 3
    assert "length abc: there is no such file, and these are no numbers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((2.0, 1.0), "alpha is 2; give a stability index from 0.2 to 2, less than 2"),
        ((1.5, 1e13), "length is 1e.13, beyond which the stable law has the share"),
        ((1.5, -1.0), "length is -1"),
    ],
)
def test_wrong_numbers_are_refused(given, told):
    with pytest.raises(ValueError, match=told):
        ls.noise.truncated(*given)
