"""The engine end to end, against exact laws and exact numbers."""

import math
import time

import numpy as np
import pytest
from conftest import SIGMAS
from scipy import stats

import levysde as ls
from levysde import domains, potentials, theory
from levysde.runs import progress

SGD = ls.dynamics.sgd()


def well(lower=-1.0, upper=1.0, curvature=1.0):
    return ls.Basin(potentials.quadratic(1, curvature), domains.interval(lower, upper), 0.0)


def z_score(times, exact):
    return (times.mean() - exact) / (times.std() / math.sqrt(times.size))


# Mean exit time of the Euler chain dX = -kX dt + eps dL observed on the grid, from 0, by a Nystrom
# solution of u = h + Ku. alpha, eps, h, k, lower, upper, exact.
EULER_CHAIN = [
    (1.2, 0.3, 0.1, 1.0, -1.0, 1.0, 6.6640157),
    (1.2, 0.3, 0.01, 1.0, -1.0, 1.0, 6.4759992),
    (1.5, 1.0, 0.1, 1.0, -1.0, 1.0, 1.2041980),
    (1.5, 1.0, 0.01, 1.0, -1.0, 1.0, 1.0095033),
    (1.5, 0.3, 0.1, 1.0, -1.0, 1.0, 11.918026),
    (1.5, 0.3, 0.01, 1.0, -1.0, 1.0, 11.410064),
    (1.5, 0.1, 0.1, 1.0, -1.0, 1.0, 75.885836),
    (1.5, 0.1, 0.01, 1.0, -1.0, 1.0, 75.383545),
    (1.5, 0.1, 0.1, 1.0, -0.5, 1.5, 42.604233),
    (1.5, 0.1, 0.01, 1.0, -0.5, 1.5, 41.856519),
    (1.5, 1.0, 0.1, 0.0, -1.0, 1.0, 0.9674829),
    (1.5, 1.0, 0.01, 0.0, -1.0, 1.0, 0.7965578),
    (1.5, 1.0, 0.001, 0.0, -1.0, 1.0, 0.7616793),
]


@pytest.mark.parametrize("paths", [100_000])
@pytest.mark.parametrize("row", EULER_CHAIN[::4], ids=str)
def test_mean_of_the_euler_chain(row, paths):
    # A mean off by 1.3 % is seen.
    alpha, eps, h, k, lower, upper, exact = row
    result = ls.escape_times(
        well(lower, upper, k), SGD, ls.noise.independent(alpha), eps,
        paths=paths, dt=h, horizon=1e4 * exact, seed=1,
    )  # fmt: skip
    assert result.escaped == result.paths
    assert abs(z_score(result.times, exact)) < SIGMAS


def test_the_euler_table_tells_apart_grids_and_indices():
    """Its twins: the same runs are far from the exact value of another grid or another index."""
    for alpha, h in ((1.5, 0.01), (1.6, 0.1)):
        result = ls.escape_times(
            well(), SGD, ls.noise.independent(alpha), 1.0,
            paths=200_000, dt=h, horizon=1e4, seed=1,
        )  # fmt: skip
        assert abs(z_score(result.times, 1.2041980)) > 2.0 * SIGMAS


@pytest.mark.parametrize(("name", "alpha"), [("flat", 0.8), ("asymmetric", 1.8)])
def test_named_basins_against_the_exact_chain(name, alpha):
    basin = getattr(ls.basins, name)()
    # At a small index a step is short: a coarser grid keeps the exact solution small.
    dt, epsilon = (50.0 if alpha < 1.0 else 10.0) * ls.automatic_dt(basin), 0.3
    left, right = {"sharp": (16.0, 16.0), "flat": (1.0, 1.0), "asymmetric": (16.0, 1.0)}[name]
    exact = theory.euler_mean_exit_time(
        lambda x: np.where(x < 0.0, left, right) * x,
        -math.sqrt(1.0 / left), math.sqrt(1.0 / right),
        alpha, epsilon, dt, breakpoints=(0.0,),
    )  # fmt: skip
    result = ls.escape_times(
        basin, SGD, ls.noise.independent(alpha), epsilon, paths=100_000, dt=dt, seed=2
    )
    assert abs(z_score(result.times, exact)) < SIGMAS


@pytest.mark.filterwarnings("ignore:the start:UserWarning")  # it is on the boundary, on purpose
@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 2.0])
def test_sparre_andersen(alpha):
    """A driftless chain on a half line, from its edge: P(N > n) = C(2n, n) 4^-n for every law."""
    edge = 1e-300  # starts must lie inside; no step is as small as this
    basin = ls.Basin(
        potentials.quadratic(1, 0.0), domains.interval(-math.inf, 0.0), -1.0, start=-edge
    )
    result = ls.escape_times(
        basin, SGD, ls.noise.independent(alpha), 1.0, paths=200_000, dt=1.0, horizon=200.0, seed=3
    )
    for n in (1, 2, 5, 10, 100):
        expected = theory.sparre_andersen_survival(n)
        error = math.sqrt(expected * (1.0 - expected) / result.paths)
        assert abs(np.mean(result.steps > n) - expected) < SIGMAS * error


def test_getoor_at_a_small_index():
    """Driftless interval, alpha = 1/2: exits are single jumps, seen late by dt/2 to first order."""
    alpha, dt = 0.5, 2e-3
    exact = theory.driftless_interval_mean_exit_time(alpha, -1.0, 1.0, 0.0)
    result = ls.escape_times(
        well(curvature=0.0), SGD, ls.noise.independent(alpha), 1.0,
        paths=80_000, dt=dt, horizon=1e3, seed=4,
    )  # fmt: skip
    late = result.times.mean() - exact
    error = result.times.std() / math.sqrt(result.paths)
    # Observation on the grid is late by dt/2 where the path moves little in a step; paths that
    # cross and come back within a step add at most as much again.
    assert -SIGMAS * error < late < dt + SIGMAS * error


@pytest.mark.parametrize("dt", [1e-3])
@pytest.mark.parametrize("alpha", [0.8, 1.5])
def test_splitting_probability_of_the_interval(alpha, dt):
    """P_x(exit on the right) = I_{(1+x)/2}(alpha/2, alpha/2), up to the grid's bias towards 1/2."""
    basin = ls.Basin(potentials.quadratic(1, 0.0), domains.interval(-1.0, 1.0), 0.0, start=0.5)
    result = ls.escape_times(
        basin, SGD, ls.noise.independent(alpha), 1.0,
        paths=60_000, dt=dt, horizon=100.0, seed=5,
    )  # fmt: skip
    right = np.mean(result.exit_position[:, 0] >= 1.0)
    exact = float(theory.right_exit_probability(0.5, alpha))
    # Moving both ends outward by s = beta dt^(1/alpha) is the grid's effect to first order.
    shift = (theory.boundary_shift_constant(alpha) if alpha > 1.0 else 1.0) * dt ** (1.0 / alpha)
    bias = abs(float(theory.right_exit_probability(0.5 / (1.0 + shift), alpha)) - exact)
    assert (
        abs(right - exact) < SIGMAS * math.sqrt(exact * (1.0 - exact) / result.paths) + 2.0 * bias
    )
    mirrored = float(theory.right_exit_probability(0.45, alpha))
    assert abs(right - mirrored) > abs(right - exact)


@pytest.mark.parametrize(("epsilon", "limit"), [(0.5, 4.501602416)])
def test_alpha_two_is_brownian_motion(epsilon, limit):
    """Gaussian noise of variance 2 eps^2 t: the exact chain, and the diffusion as its limit."""
    noise = ls.noise.independent(2.0)
    means = []
    for dt in (0.02, 0.005):
        exact = theory.euler_mean_exit_time(lambda x: x, -1.0, 1.0, 2.0, epsilon, dt)
        result = ls.escape_times(well(), SGD, noise, epsilon, paths=100_000, dt=dt, horizon=1e3)
        assert abs(z_score(result.times, exact)) < SIGMAS
        means.append(result.times.mean())
    # The bias is of order sqrt(dt): halving sqrt(dt) and extrapolating leaves order dt.
    error = 3.0 * result.times.std() / math.sqrt(result.paths)
    assert abs(2.0 * means[1] - means[0] - limit) < SIGMAS * error + 0.02


def test_escape_times_become_exponential():
    noise = ls.noise.independent(1.5)
    result = ls.escape_times(well(), SGD, noise, 0.05, paths=20_000, dt=0.05, seed=6)
    assert result.exponentiality().p_value > 6e-5
    assert stats.kstest(result.times / result.times.mean(), stats.expon.cdf).pvalue > 6e-5
    large = ls.escape_times(well(), SGD, noise, 2.0, paths=20_000, dt=0.001, seed=6)
    assert large.exponentiality().p_value < 1e-9


def test_exit_position_has_the_law_of_the_jump():
    """Small noise: |X| > rho with probability rho^-alpha."""
    result = ls.escape_times(
        well(), SGD, ls.noise.independent(1.2), 0.02, paths=40_000, dt=0.1, seed=7
    )
    overshoot = np.abs(result.exit_position[:, 0])
    assert overshoot.min() >= 1.0
    for rho in (1.1, 2.0, 10.0):
        expected = rho**-1.2
        error = math.sqrt(expected * (1.0 - expected) / result.paths)
        # eps^alpha times the relaxation time is 1 %: so much of the exits begins off the minimum.
        assert abs(np.mean(overshoot > rho) - expected) < SIGMAS * error + 0.01 * expected
    assert abs(np.mean(result.exit_position > 0.0) - 0.5) < SIGMAS * 0.5 / math.sqrt(result.paths)


@pytest.fixture(scope="module")
def one():
    return ls.escape_times(
        well(), SGD, ls.noise.independent(1.5), 0.5, paths=200_000, dt=0.05, horizon=100.0, seed=8
    )


@pytest.mark.parametrize("dim", [2, 10, 40])
def test_independent_coordinates_leave_independently(one, dim):
    """A product of chains in a box: P(N > n) = P_1(N > n)^dim, exactly."""
    basin = ls.Basin(
        potentials.quadratic(dim), domains.box([-1.0] * dim, [1.0] * dim), np.zeros(dim)
    )
    many = ls.escape_times(
        basin, SGD, ls.noise.independent(1.5), 0.5, paths=20_000, dt=0.05, horizon=100.0, seed=9
    )
    for n in (1, 3, 10):
        single = np.mean(one.steps > n)
        expected = single**dim
        error = math.sqrt(expected * (1.0 - expected) / many.paths)
        carried = dim * single ** (dim - 1) * math.sqrt(single * (1.0 - single) / one.paths)
        assert abs(np.mean(many.steps > n) - expected) < SIGMAS * math.hypot(error, carried)


def test_interval_of_the_ratio_covers_the_exact_value():
    """200 parts: the 95 % interval of the mean covers the exact mean as often as it says."""
    whole = ls.escape_times(
        well(), SGD, ls.noise.independent(1.5), 1.0, paths=80_000, dt=0.1, horizon=1e3, seed=0
    )
    covered = 0
    for k in range(200):
        part = slice(400 * k, 400 * (k + 1))
        result = ls.EscapeTimes(
            whole.steps[part], whole.status[part], whole.exit_position[part], whole.dt,
            whole.parameters,
        )  # fmt: skip
        low, high = result.mean_interval(0.95)
        covered += low <= 1.2041980 <= high
    assert abs(covered - 190) < SIGMAS * math.sqrt(200 * 0.95 * 0.05)


def test_long_stages_are_named(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    for shown, seconds, said in ((True, 0.2, "thinking ...\n"), (True, 0.0, ""), (False, 0.1, "")):
        with progress.stage(shown, "thinking"):
            time.sleep(seconds)
        time.sleep(0.07)
        assert capsys.readouterr().err == said
