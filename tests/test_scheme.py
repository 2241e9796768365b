"""Steps that would overshoot: divided for an SDE, warned of where a step is done as it is."""

import math
import warnings

import numpy as np
import pytest
from conftest import SIGMAS
from scipy.integrate import solve_ivp

import levysde as ls
from levysde import domains, dynamics, noise, potentials, theory
from levysde.methods.reach import places

SGD = dynamics.sgd()


def cubic_well(k, c, lower, upper, start=None):
    """The force is k x + c x^3."""
    return ls.Basin(potentials.quartic(1, c, k), domains.interval(lower, upper), 0.0, start)


def cubic_flow(x, t, k, c):
    """dx = -(k x + c x^3) dt, solved for x^-2, which obeys a linear equation."""
    inverse = (np.asarray(x) ** -2.0 + c / k) * math.exp(2.0 * k * t) - c / k
    return np.sign(x) / np.sqrt(inverse)


# -------------------------------------------------------------------------------------- one step


@pytest.mark.parametrize("start", [1.0, 30.0, 1e3, 1e6, 1e12, 1e25])
def test_one_step_is_the_flow_of_the_step(start):
    k, c, dt = 1.0, 20.0, 0.1
    basin = cubic_well(k, c, -5.0, 1e90, start=[start])
    setting = (basin, SGD, noise.independent(1.5), 1e-90)
    x = ls.trajectories(*setting, paths=1, steps=1, dt=dt, scheme="flow").positions[0, 1, 0]
    assert x == pytest.approx(float(cubic_flow(start, dt, k, c)), rel=5e-3)
    with pytest.warns(UserWarning, match="long for the force at x"):
        explicit = ls.trajectories(*setting, paths=1, steps=1, dt=dt).positions[0, 1, 0]
    assert explicit < -0.9  # thrown across


def heavy_ball(_, state, rate, k, c):
    x, m = state
    return [-m, rate * (k * x + c * x**3 - m)]


def test_one_step_of_momentum_is_its_flow():
    rate, k, c, dt, start = 2.0, 1.0, 20.0, 0.1, 3.0
    basin = cubic_well(k, c, -4.0, 40.0, start=[start])
    heavy = dynamics.momentum(rate, form="sde", rates="per_time")
    setting = (basin, heavy, noise.independent(1.5), 1e-90)
    x = ls.trajectories(*setting, paths=1, steps=4, dt=dt, scheme="flow").positions[0, :, 0]
    times = dt * np.arange(5)
    exact = solve_ivp(
        heavy_ball, (0.0, times[-1]), [start, 0.0], t_eval=times, args=(rate, k, c), rtol=1e-10
    ).y[0]
    # The parts of a step follow an oscillation to a few percent of its amplitude.
    assert np.abs(x - exact).max() < 0.1 * start
    with pytest.warns(UserWarning, match="long for the force at x"):
        explicit = ls.trajectories(*setting, paths=1, steps=4, dt=dt, scheme="euler")
    assert np.abs(explicit.positions[0, :, 0] - exact).max() > start


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.9])
def test_factors_per_step_are_rates_of_the_divided_step(factor):
    whole = dynamics.momentum(factor, dampening=0.25, form="sde")
    kept, gain, _ = whole.step_parameters(0.1, 1)
    kept_half, gain_half, _ = whole.step_parameters(0.1, 1, share=0.5)
    if factor == 0.0:  # nothing is kept, however short the step
        assert (kept_half, gain_half) == (kept, gain)
    else:
        assert 1.0 - kept_half == pytest.approx(0.5 * (1.0 - kept), rel=1e-14)
        assert gain_half == pytest.approx(0.5 * gain, rel=1e-14)


ROUND = [
    (SGD, 3),
    (dynamics.adam(form="sde", frozen=1.0), 1),
    (dynamics.momentum(0.8, form="sde"), 40),
    (dynamics.adamw(form="sde", gradient_noise=1.0, weight_decay=0.1), 3),
]


@pytest.mark.parametrize(
    ("each", "dim"), ROUND[:2], ids=lambda given: str(getattr(given, "name", given))
)
def test_steps_that_do_not_overshoot_are_explicit_bit_for_bit(each, dim):
    setting = (ls.basins.flat(dim), each, noise.independent(1.5), 0.3)
    runs = [
        ls.escape_times(*setting, paths=200, dt=0.02, horizon=20.0, scheme=scheme)
        for scheme in ("euler", "flow")
    ]
    assert runs[0].digest == runs[1].digest
    assert [run.parameters["scheme"] for run in runs] == ["euler", "flow"]


def test_divided_steps_do_not_depend_on_threads_or_blocks():
    setting = (cubic_well(1.0, 20.0, -5.0, 5.0), SGD, noise.independent(1.5), 2.0)
    runs = [ls.escape_times(*setting, paths=300, threads=threads) for threads in (1, 2)]
    assert runs[0].parameters["scheme"] == "flow"
    assert runs[0].digest == runs[1].digest
    first = ls.escape_times(*setting, paths=100)
    assert (first.steps == runs[0].steps[:100]).all()


# ------------------------------------------------------------------------------------ exit times

STEEP = [
    # k, c, (lower, upper), epsilon, dt, paths
    (1.0, 20.0, (-5.0, 5.0), 0.357, 0.05, 10_000),
    (0.1, 50.0, (-1.0, 1.4), 0.1, "auto", 8000),
]


@pytest.mark.parametrize(("k", "c", "interval", "epsilon", "dt", "paths"), STEEP)
def test_mean_exit_time_of_a_steep_well(k, c, interval, epsilon, dt, paths):
    """Against the integral equation of the chain that follows the flow for every step."""
    basin, law = cubic_well(k, c, *interval), noise.independent(1.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheme = "auto" if dt == "auto" else "flow"
        result = ls.escape_times(
            basin, SGD, law, epsilon, paths=paths, dt=dt, seed=3, scheme=scheme
        )
    dt = result.dt
    assert result.parameters["scheme"] == "flow"
    exact = theory.euler_mean_exit_time(
        lambda x: (x - cubic_flow(x, dt, k, c)) / dt,
        *interval, 1.5, epsilon, dt, start=1e-9, tolerance=1e-4,
    )  # fmt: skip
    print(f"simulated {result.mean:.4g}, exact {exact:.4g}")
    assert abs(result.mean / exact - 1.0) < SIGMAS / math.sqrt(paths)


@pytest.mark.parametrize("dim", [3, 400])
def test_places_of_many_dimensions_are_fewer_and_reach_the_boundary(dim):
    found = places(ls.basins.flat(dim), 1.5)
    assert found.size <= 1 << 24
    distances = np.linalg.norm(found, axis=1)
    assert distances[-1] == distances.max()
    assert 0.98 < distances.max() < 1.0
    assert distances.min() < 0.016


def test_explicit_steps_of_a_steep_well_are_another_chain():
    """The twin that must fail: one explicit step has half the mean, and says so."""
    k, c, interval, epsilon = 1.0, 20.0, (-5.0, 5.0), 0.357
    basin, law = cubic_well(k, c, *interval), noise.independent(1.5)
    with pytest.warns(UserWarning, match=r"x = \(.*scheme='flow'"):
        result = ls.escape_times(basin, SGD, law, epsilon, paths=4000, dt=0.05)
    explicit = theory.euler_mean_exit_time(
        lambda x: k * x + c * x**3, *interval, 1.5, epsilon, 0.05, start=1e-9, tolerance=1e-4
    )
    assert abs(result.mean / explicit - 1.0) < SIGMAS / math.sqrt(4000)
    assert result.mean < 0.5 * 131.3


@pytest.mark.parametrize("paths", [10_000])
def test_exits_over_a_saddle_with_far_returns(paths):
    """Jumps far to the right of a double well come back: mean x rate .985, 8.7 % end below -20."""
    basin = ls.Basin(potentials.double_well(), domains.interval(0.0, math.inf), 1.0)
    setting = (basin, SGD, noise.independent(0.8), 0.01)
    result = ls.escape_times(*setting, paths=paths, seed=2)
    assert result.parameters["scheme"] == "flow"
    scaled = result.mean * theory.predict(*setting).rate
    assert abs(scaled - 0.985) < SIGMAS * math.hypot(0.006, 1.0 / math.sqrt(paths))
    far = float((result.exit_position < -20.0).mean())
    assert abs(far - 0.087) < SIGMAS * math.sqrt(0.087 * 0.913 / paths)


# --------------------------------------------------------------------------- choice and refusals


def test_the_scheme_is_chosen_where_it_is_needed():
    law = noise.independent(1.5)
    for basin in (ls.basins.sharp(), ls.basins.asymmetric(2)):
        assert ls.escape_times(basin, SGD, law, 0.5, paths=8).parameters["scheme"] == "euler"
    steep = cubic_well(1.0, 20.0, -5.0, 5.0)
    assert ls.escape_times(steep, SGD, law, 2.0, paths=8).parameters["scheme"] == "flow"


def test_recurrences_keep_their_overshoot_and_say_so():
    steep = cubic_well(1.0, 20.0, -5.0, 5.0)
    heavy = dynamics.momentum(0.5)
    with pytest.warns(UserWarning, match="as the recurrence makes them"):
        result = ls.escape_times(steep, heavy, noise.independent(1.5), 2.0, paths=8, dt=0.01)
    assert result.parameters["scheme"] == "euler"


def test_the_flow_is_refused_where_there_is_none():
    law = noise.independent(1.5)
    for each in (dynamics.adam(), dynamics.sgd(clip=0.1), dynamics.momentum()):
        with pytest.raises(ValueError, match="not the step of an SDE"):
            ls.escape_times(ls.basins.flat(), each, law, 0.5, paths=8, scheme="flow")
    with pytest.raises(ValueError, match="has no steps here"):
        ls.escape_times(ls.basins.flat(), SGD, law, 0.5, method="jump", scheme="flow")
    with pytest.raises(ValueError, match="skips iterations"):
        ls.escape_times(ls.basins.flat(), SGD, law, 0.01, dt=0.1, method="jump", scheme="flow")
    with pytest.raises(ValueError, match="scheme"):
        ls.escape_times(ls.basins.flat(), SGD, law, 0.5, paths=8, scheme="heun")


def own_update(j, x, m, v, g, dL, dt, t, p):
    return x - g * dt + dL, m, v


def test_an_update_of_the_user_may_say_that_it_is_an_sde():
    steep, law = cubic_well(1.0, 20.0, -5.0, 5.0), noise.independent(1.5)
    mine = ls.Dynamics("mine", own_update, sde=True)
    result = ls.escape_times(steep, mine, law, 2.0, paths=50, horizon=100.0)
    assert result.digest == ls.escape_times(steep, SGD, law, 2.0, paths=50, horizon=100.0).digest


# -------------------------------------------------------------------------------- flat and kinked


def sign_force(x, p, out):
    out[0] = np.sign(x[0]) * p[0]


@pytest.mark.parametrize("rate", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("length", [1e-9, 1.0, 1e6])
def test_flat_and_kinked_minima_have_a_step_in_any_units(length, rate):
    """F = x^4 and F = |x| in (-1, 1), with lengths and times in other units."""
    interval = domains.interval(-length, length)
    quartic = potentials.quartic(coefficient=4.0 * rate / length**2)
    kink = ls.Potential(1, sign_force, params={"force": rate * length})
    # The times in which the distance falls from 1/2 to 1/4, over ln 2 and 100.
    for well, halving in ((quartic, (16.0 - 4.0) / 8.0), (kink, 0.25)):
        basin = ls.Basin(well, interval, 0.0)
        expected = halving / rate / (100.0 * math.log(2.0))
        assert ls.automatic_dt(basin) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("rate", [1e-9, 1e9])
def test_a_curvature_is_flat_against_its_well_only(rate):
    basin = ls.Basin(potentials.quadratic(1, rate), domains.interval(-1.0, 1.0), 0.0)
    assert ls.automatic_dt(basin) == pytest.approx(0.01 / rate, rel=1e-9)


def test_exit_from_a_kinked_well():
    """F = |x| in (-1, 1), against the integral equation of the explicit chain."""
    basin = ls.Basin(ls.Potential(1, sign_force, params={"f": 1.0}), domains.interval(-1.0, 1.0), 0)
    result = ls.escape_times(basin, SGD, noise.independent(1.5), 0.2, paths=10_000, seed=5)
    exact = theory.euler_mean_exit_time(
        np.sign, -1.0, 1.0, 1.5, 0.2, result.dt, breakpoints=[0.0], start=1e-9
    )
    assert abs(result.mean / exact - 1.0) < SIGMAS / 100.0


# ------------------------------------------------------------------------- starts at the boundary


def test_a_start_within_a_few_steps_of_the_boundary_is_warned_of():
    near = ls.Basin(potentials.quadratic(1), domains.interval(-1.0, 1.0), 0.0, [0.999999])
    setting = (near, SGD, noise.independent(1.5), 0.1)
    means = {}
    for dt in (0.1, 0.001):
        with pytest.warns(UserWarning, match=r"the start \(0.999999\) is 1e-06 from the boundary"):
            means[dt] = ls.escape_times(*setting, paths=500, dt=dt).mean
    assert means[0.1] > 1.5 * means[0.001]  # what the warning is about


@pytest.mark.parametrize("epsilon", [0.001, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("start", [0.999999, 0.9999, 0.999, 0.99, 0.98, 0.97])
def test_the_step_that_is_advised_near_the_boundary_is_short_enough(start, epsilon):
    near = ls.Basin(potentials.quadratic(1), domains.interval(-1.0, 1.0), 0.0, [start])
    setting = (near, SGD, noise.independent(1.5), epsilon)
    with pytest.warns(UserWarning, match="give a dt of") as caught:
        ls.escape_times(*setting, paths=10, dt=0.05, horizon=0.05)
    advised = float(str(caught[0].message).rpartition(" ")[2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ls.escape_times(*setting, paths=10, dt=advised, horizon=100.0 * advised)
    with pytest.warns(UserWarning, match="give a dt of"):
        ls.escape_times(*setting, paths=10, dt=10.0 * advised, horizon=100.0 * advised)


def test_a_start_away_from_the_boundary_is_not():
    inside = ls.Basin(potentials.quadratic(1), domains.interval(-1.0, 1.0), 0.0, [0.5])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ls.escape_times(inside, SGD, noise.independent(1.5), 0.1, paths=10)


# ------------------------------------------------------------------------------------- comparison


def test_optimizers_compared_at_a_common_step_divide_it_too():
    steep = cubic_well(1.0, 20.0, -5.0, 5.0)
    several = [SGD, dynamics.momentum(2.0, form="sde", rates="per_time"), dynamics.momentum(0.1)]
    comparison = ls.compare(steep, several, noise.independent(1.5), 2.0, paths=8, horizon=5.0)
    schemes = [result.parameters["scheme"] for result in comparison.results]
    assert schemes == ["flow", "flow", "euler"]


def test_finer_grids_divide_their_steps_too():
    """An explicit step of 0.01 would give other paths, and be warned of."""
    setting = (cubic_well(1.0, 20.0, -5.0, 5.0), SGD, noise.independent(1.5))
    run = ls.escape_times(*setting, 2.0, paths=400, dt=0.01, seed=1, scheme="flow")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ls.refine(run, *setting).dt.tolist() == [0.01, 0.005, 0.0025]
