"""Scaled noise in the jump method: the factor is that of the place and time of a jump."""

import numpy as np
import pytest
from test_scaled_noise import given, one, same

import levysde as ls
from levysde import schedules, theory
from levysde.engine.cpu.jump_engine import jump_function
from levysde.methods.jump.assembly import jump_program
from levysde.model import Model
from levysde.noise import scaled
from tests.user_parts import grows_outwards, turned

SGD = ls.dynamics.sgd()
FLAT = ls.basins.flat()
LINE = ls.noise.independent(1.5)
FROZEN = ls.dynamics.rmsprop(form="sde", rates="per_time", frozen=[1.0, 2.0])


def run(noise, basin=FLAT, dynamics=SGD, epsilon=1e-3, **settings):
    settings = {"paths": 400, "method": "jump", "threshold": 0.3, **settings}
    return ls.escape_times(basin, dynamics, noise, epsilon, **settings)


def shrinks_outwards(x, t, p, out):
    for j in range(len(out)):
        out[j] = 1.0 / (1.0 + p[0] * (x[j] * x[j]))


LAWS = {
    "independent": ls.noise.independent(1.5, scale=[1.0, 0.5]),
    "isotropic": ls.noise.isotropic(1.5),
}
OPTIMIZERS = {"sgd": SGD, "preconditioned": FROZEN}


@pytest.mark.parametrize(("name", "optimizer"), [("independent", "preconditioned")])
def test_a_factor_of_one_changes_nothing(name, optimizer):
    basin, law, dynamics = ls.basins.flat(2), LAWS[name], OPTIMIZERS[optimizer]
    plain = run(law, basin, dynamics)
    unit = scaled(law, given, {"factors": [1.0, 1.0]})
    assert same(run(unit, basin, dynamics), plain)
    doubled = scaled(law, given, {"factors": [2.0, 2.0]})
    assert not same(run(doubled, basin, dynamics), plain)


def test_a_unit_matrix_changes_nothing():
    plane, law = ls.basins.flat(2), ls.noise.isotropic(1.5)
    unit = scaled(law, matrix=turned, params={"cosine": 1.0, "sine": 0.0})
    assert same(run(unit, plane), run(law, plane))


def test_constant_factors_are_those_of_an_equal_law():
    basin, equal = ls.basins.flat(2), ls.noise.independent(1.5, scale=2.0)
    doubled = scaled(LINE, given, {"factors": [2.0, 2.0]})
    assert same(run(doubled, basin, FROZEN), run(equal, basin, FROZEN))


@pytest.mark.parametrize("kind", ["factors", "matrix"])
def test_a_jump_has_the_factor_of_its_place(kind):
    law, at = ls.noise.isotropic(1.5), np.array([0.3, -0.2])
    turning = {"cosine": 0.6, "sine": 0.8}
    noise = scaled(law, grows_outwards, {"growth": 3.0})
    if kind == "matrix":
        noise = scaled(law, matrix=turned, params=turning)
    model = Model(ls.basins.flat(2), SGD, noise, 1e-3)
    plain = jump_program(Model(ls.basins.flat(2), SGD, noise.at([0.0, 0.0]), 1e-3), 0.1, 0).jumps
    place = jump_program(model, 0.1, 0).jumps
    words = 0.37, np.uint64(0), np.uint64(5), np.uint64(9)
    work = np.empty((5, 2))
    at_rest, there = np.zeros(2), at.copy()
    jump_function(plain)(at_rest, 0.0, *words, plain.p, work)
    jump_function(place)(there, 0.0, *words, place.p, work)
    # Both turn by the same matrix everywhere, and 1 + 3 x_j^2 is 1 at the minimum.
    expected = at_rest if kind == "matrix" else (1.0 + 3.0 * at**2) * at_rest
    assert there - at == pytest.approx(expected, rel=1e-12)
    assert np.linalg.norm(at_rest) > 0.1


def test_the_mean_is_within_the_estimate_of_what_small_jumps_do():
    """g = 1/(1 + 4 x^2), eps = 0.2: 31.259 by extrapolation of the exact chain (see below)."""
    noise = scaled(LINE, shrinks_outwards, {"growth": 4.0})
    with pytest.warns(UserWarning, match=r"change the mean by up to 4\.4%"):
        found = run(noise, epsilon=0.2, threshold=0.1, paths=20000)
    error, allowed = found.times.std() / np.sqrt(20000), found.parameters["threshold_error"]
    assert abs(found.times.mean() - EXACT) < 4.0 * error + allowed * EXACT
    assert found.times.mean() > 1.2 * 23.855089  # that of a factor 1


EXACT = 31.259
"""Nystrom with 700 nodes at dt = 0.2, 0.1, 0.05, 0.025, with terms dt^(2/3), dt and dt^(4/3); the
same extrapolation has 23.871 for a factor 1, where the mean is 23.855."""


def test_the_threshold_is_that_of_the_largest_factor():
    noise = scaled(LINE, grows_outwards, {"growth": 2.0})
    found = run(noise, epsilon=1e-4, threshold=None, paths=4000)
    assert found.parameters["threshold"] == pytest.approx(0.3)  # of 0.9/(1 + 2)
    predicted = theory.predict(FLAT, SGD, noise, 1e-4).rate
    assert abs(predicted * found.times.mean() - 1.0) < 4.0 / np.sqrt(4000)
    with pytest.raises(ValueError, match=r"epsilon = 0\.1 may change the mean by 5\.8%; use m"):
        run(noise, epsilon=0.1, threshold=None)


def test_the_time_of_a_jump_is_known():
    cooled = scaled(LINE, schedules.inverse_power(1e5, power=0.5))
    law = theory.varying_rate(FLAT, SGD, cooled, 1e-3)
    found = run(cooled, threshold=None, horizon=1e7, paths=4000)
    for time in (2e4, 1e5, 1e6):
        share, expected = float(np.mean(found.times > time)), float(law.survival(time))
        assert abs(share - expected) < 4.0 * np.sqrt(expected * (1.0 - expected) / 4000)
    assert found.exponentiality(law.exposure).p_value > 1e-4
    assert found.exponentiality().p_value < 1e-8


def fades_at_minimum(x, t, p, out):
    out[0] = abs(x[0])


@pytest.mark.parametrize(
    ("noise", "told"),
    [
        (scaled(ls.noise.independent(1.5, beta=0.5), one), "skewed noise the same everywhere"),
        (scaled(ls.noise.plus_brownian(LINE, 0.1), one), "a Brownian part the same everywhere"),
        (scaled(LINE, fades_at_minimum), r"is 0 at x = \(0\)"),
    ],
)
def test_where_it_does_not_apply_the_reason_is_given(noise, told):
    with pytest.raises(ValueError, match=told):
        run(noise)


def fades_along_one(x, t, p, out):
    out[0], out[1] = 1.0, abs(x[0])


def test_noise_that_rests_at_the_minimum_only_is_refused():
    noise = scaled(ls.noise.independent(1.5), fades_along_one)
    with pytest.raises(ValueError, match=r"0 at the minimum and not at x = .*; use method='euler'"):
        run(noise, ls.basins.flat(2))


def test_a_matrix_behind_a_preconditioner_is_refused():
    noise = scaled(ls.noise.isotropic(1.5), matrix=turned, params={"cosine": 0.6, "sine": 0.8})
    with pytest.raises(ValueError, match="does not know a matrix of scaled noise"):
        run(noise, ls.basins.flat(2), FROZEN)
