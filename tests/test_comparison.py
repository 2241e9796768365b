"""Ratios of paired escape times."""

import math

import numpy as np
import pytest

import levysde as ls
from levysde.runs.comparison import common_step
from levysde.runs.ratios import paired_ratio, ratio_of

pytestmark = pytest.mark.quick

SIGMAS = 4.0


def paired_sample(rng, paths, horizon):
    """Exponential times of means 1 and 2 that share most of their randomness."""
    shared, own = rng.exponential(size=paths), rng.exponential(size=(2, paths))
    same = rng.random(paths) < 0.8
    sample = []
    for mean, alone in zip((1.0, 2.0), own, strict=True):
        times = mean * np.where(same, shared, alone)
        sample += [np.minimum(times, horizon), times < horizon]
    return sample


@pytest.mark.parametrize("horizon", [math.inf, 1.5])
def test_intervals_of_paired_ratios_cover(horizon):
    rng = np.random.default_rng(1)
    runs, covered, widths = 2000, 0, []
    for _ in range(runs):
        sample = paired_sample(rng, 300, horizon)
        ratio = paired_ratio(*sample)
        covered += ratio.lower <= 0.5 <= ratio.upper
        unpaired = math.sqrt(1.0 / sample[1].sum() + 1.0 / sample[3].sum())
        widths.append(math.log(ratio.upper / ratio.lower) / (2.0 * 1.96 * unpaired))
    # Normal intervals in the logarithm at 300 pairs are off by less than 1 %.
    assert abs(covered / runs - 0.95) < SIGMAS * math.sqrt(0.95 * 0.05 / runs) + 0.01
    # The twin: intervals that ignore the pairs are wider, and would cover too often.
    assert np.mean(widths) < 0.8


def test_equal_optimizers_have_the_ratio_one():
    noise = ls.noise.independent(1.5)
    rules = [ls.dynamics.sgd(), ls.dynamics.sgd(clip=1e9)]
    compared = ls.compare(ls.basins.flat(), rules, noise, 0.3, paths=200, dt=0.05)
    for ratio in compared.ratios:
        assert list(ratio) == pytest.approx([1.0, 1.0, 1.0], abs=1e-12)
    other = ls.escape_times(ls.basins.flat(), ls.dynamics.sgd(), noise, 0.4, paths=200, dt=0.05)
    assert ratio_of(other, compared.results[0]).upper < 1.0  # the twin: more noise


def test_each_result_is_that_of_the_optimizer_alone():
    noise = ls.noise.independent(1.5)
    rules = [ls.dynamics.sgd(), ls.dynamics.momentum(0.5)]
    compared = ls.compare(ls.basins.flat(), rules, noise, 0.3, paths=100, dt=0.05, seed=3)
    for rule, result in zip(rules, compared.results, strict=True):
        alone = ls.escape_times(ls.basins.flat(), rule, noise, 0.3, paths=100, dt=0.05, seed=3)
        assert alone.digest == result.digest


def test_user_dynamics_have_no_predicted_rate_and_are_compared():
    noise = ls.noise.independent(1.5)
    mine = ls.Dynamics("mine", ls.dynamics.sgd().update)
    compared = ls.compare(ls.basins.flat(), [ls.dynamics.sgd(), mine], noise, 0.3, paths=50)
    assert compared.predictions[1].rate is None
    assert "no law is known for the dynamics 'mine'" in compared.predictions[1].reason
    assert compared.predicted_ratios == (1.0, None)
    assert compared.ratios[1].value == 1.0


def test_no_escape_gives_no_ratio():
    ratio = paired_ratio([1.0, 2.0], [True, True], [1.0, 2.0], [False, False])
    assert all(math.isnan(value) for value in ratio)


def test_one_escape_of_each_gives_no_ratio():
    ratio = paired_ratio([3.0], [True], [2.0], [True])
    assert all(math.isnan(value) for value in ratio), "an interval of length 0"
    horizon, first = [1.0, 5.0, 5.0], [True, False, False]
    assert all(math.isnan(value) for value in paired_ratio(horizon, first, horizon, first))
    assert all(math.isnan(value) for value in paired_ratio([], [], [], [])), "no finite pair"
    known = paired_ratio([1.0, 4.0, 5.0], [True, True, False], horizon, [True, False, True])
    assert known.lower < known.value < known.upper


def test_the_common_step_suits_all():
    sharp = ls.basins.sharp()
    sgd, adam = ls.dynamics.sgd(), ls.dynamics.adam()
    frozen = ls.dynamics.adam(form="sde", frozen=0.25)
    assert common_step(sharp, [sgd, frozen]).dt == pytest.approx(1.0 / 6400.0, rel=1e-6)
    # The boundary is at 5/8 of the farthest that one jump moves x.
    assert common_step(sharp, [sgd, adam]).dt == pytest.approx(0.25 / (0.625 * 31.7658), rel=1e-5)
    assert common_step(sharp, [sgd, adam]).reason.endswith("what one jump can move, in adam")
    steep = ls.Basin(ls.potentials.quadratic(1, 1e4), ls.domains.interval(-1.0, 1.0), 0.0)
    assert common_step(steep, [sgd, adam]).dt == pytest.approx(0.5 / 1e4, rel=1e-6)
    assert "for sgd to be stable" in common_step(steep, [sgd, adam]).reason


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ls.compare(ls.basins.flat(), [ls.dynamics.sgd()], NOISE, 0.1), "at least two"),
        (lambda: ls.compare(ls.basins.flat(), ["sgd", "adam"], NOISE, 0.1), "list of at least two"),
        (lambda: paired_ratio([1.0], [True], [1.0, 2.0], [True, True]), "give pairs"),
        (lambda: ls.compare(ls.basins.flat(), ls.dynamics.sgd(), NOISE, 0.1), "give a list"),
        (lambda: ls.compare("flat", [ls.dynamics.sgd()] * 2, NOISE, 0.1), "give a Basin"),
        (lambda: paired_ratio([-1.0], [True], [1.0], [True]), "give positive numbers"),
        (lambda: paired_ratio([1.0], [True], [1.0], [True], 2.0), "level is 2"),
        (lambda: ratio_of(run(seed=1), run(seed=2)), "seed = 1 and 2"),
        (lambda: ratio_of(run(), run(noise=ls.noise.independent(1.2))), "noise_params"),
        (lambda: ratio_of(run(paths=3), run(paths=4)), "3 and 4 paths"),
    ],
)
def test_what_cannot_be_compared_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


NOISE = ls.noise.independent(1.5)


def run(paths=5, seed=0, noise=NOISE):
    return ls.escape_times(
        ls.basins.flat(), ls.dynamics.sgd(), noise, 0.5, paths=paths, dt=0.05, seed=seed
    )
