"""Paths between several wells against exact chains, the theory, and other ways of counting."""

import numpy as np
import pytest
from scipy import integrate, stats

import levysde as ls
from levysde import theory
from levysde.runs.wells.visiting import _radii
from levysde.statistics import occupation
from tests.user_parts import which_side

SGD = ls.dynamics.sgd()
WELLS = ls.potentials.double_well(1)
NOISE = ls.noise.independent(1.5)


def run(potential=WELLS, minima=(-1.0, 1.0), dynamics=SGD, noise=NOISE, **settings):
    settings = {"epsilon": 0.2, "horizon": 400.0, "paths": 400, **settings}
    return ls.visits(potential, list(minima), dynamics, noise, **settings)


@pytest.fixture(scope="module")
def found():
    return run()


def test_entries_are_those_of_the_trajectories():
    few = run(paths=12, horizon=130.0)
    basin = ls.Basin(WELLS, ls.domains.attraction(WELLS, -1.0), [-1.0])
    steps = round(few.horizon / few.dt)
    sample = ls.trajectories(basin, SGD, NOISE, 0.2, paths=12, steps=steps)
    assert sample.dt == few.dt
    states = sample.positions[:, :, 0]
    radius = 0.5 * basin.domain.size_about(basin.minimum)
    lines = []
    for path, x in enumerate(states):
        near = np.where(abs(x + 1.0) < radius, 0, np.where(abs(x - 1.0) < radius, 1, -1))
        well = 0
        for n in np.flatnonzero(near >= 0):
            if near[n] != well:
                lines.append((path, n, well, near[n]))
                well = near[n]
    assert len(lines) > 10
    path, step, origin, target = np.array(lines).T
    assert np.array_equal(few.path, path)
    assert np.allclose(few.time, few.dt * step)
    assert np.array_equal(few.origin, origin)
    assert np.array_equal(few.target, target)


def test_time_is_spent_somewhere(found):
    assert found.times.sum(axis=1) == pytest.approx(np.full(found.paths, found.horizon))
    assert 400.0 <= found.horizon < 400.0 + found.dt
    assert found.counts.sum() == len(found.time) == found.counts[0, 1] + found.counts[1, 0]
    # Wells alternate, from the start.
    assert 0 <= found.counts[0, 1] - found.counts[1, 0] <= found.paths
    assert found.next_wells().value[0, 1] == 1.0
    complete = sum(len(found.residence_times(well)) for well in (0, 1))
    assert complete == len(found.time)


@pytest.mark.parametrize("paths", [12])
def test_rates_tend_to_those_of_the_theory(paths):
    # First correction in a quadratic well of curvature 2: some percent at this amplitude.
    seen = run(epsilon=0.03, horizon=10000.0, paths=paths)
    expected = theory.transition_rates(WELLS, [-1.0, 1.0], NOISE, 0.03).rates
    rate = seen.rates()
    for i, j in ((0, 1), (1, 0)):
        error = (rate.upper[i, j] - rate.lower[i, j]) / (2.0 * 1.96)
        assert abs(rate.value[i, j] - expected[i, j]) < 4.0 * error + 0.02 * expected[i, j]
        assert abs(rate.value[i, j] - expected[i, j] * 2.0**1.5) > 10.0 * error


@pytest.mark.parametrize("paths", [80])
def test_gaussian_occupation_is_that_of_the_density(paths):
    # Variance 2 eps^2 per unit time: the density is exp(-F/eps^2).
    tilted = ls.potentials.tilted_double_well(1)
    basins = [ls.basins.tilted(), None]
    roots = np.roots([1.0, 0.0, -1.0, tilted.gradient_at([0.0])[0]]).real
    left, saddle, right = sorted(roots)
    epsilon = 0.5
    weight = lambda x: np.exp(-tilted.value_at([x]) / epsilon**2)  # noqa: E731
    low = integrate.quad(weight, -4.0, saddle)[0]
    high = integrate.quad(weight, saddle, 4.0)[0]
    assert basins[0].minimum[0] == pytest.approx(left)
    seen = run(
        tilted, [left, right], noise=ls.noise.independent(2.0), epsilon=epsilon, horizon=4000.0,
        paths=paths, dt=0.01,
    )  # fmt: skip
    share = seen.occupation()
    error = (share.upper[0] - share.lower[0]) / (2.0 * 1.97)
    # What a path does between two neighborhoods counts for the well it left: a few percent.
    assert abs(share.value[0] - low / (low + high)) < 4.0 * error + 0.02
    assert abs(share.value[0] - 0.5) > 10.0 * error


def test_the_jump_method_and_steps_agree():
    # Odds of stable noise are (d1/d2)^alpha, whatever the barriers.
    potential = ls.Potential(1, uneven, params={"left": -1.0, "right": 2.0})
    minima, epsilon = [-1.0, 2.0], 1e-3
    expected = theory.transition_rates(potential, minima, NOISE, epsilon)
    seen = run(potential, minima, epsilon=epsilon, horizon=20.0 / -expected.rates[0, 0],
               paths=150, method="jump", threshold=0.3)  # fmt: skip
    rate = seen.rates()
    for i, j in ((0, 1), (1, 0)):
        error = (rate.upper[i, j] - rate.lower[i, j]) / (2.0 * 1.96)
        assert abs(rate.value[i, j] - expected.rates[i, j]) < 4.0 * error
    odds = rate.value[1, 0] / rate.value[0, 1]
    count = seen.counts[0, 1]
    assert abs(np.log(odds) - 1.5 * np.log(0.5)) < 4.0 * np.sqrt(2.0 / count)
    assert seen.dt == 0.0


def uneven(x, p, out):
    out[0] = (x[0] - p[0]) * x[0] * (x[0] - p[1])


@pytest.mark.parametrize("method", ["jump"])
def test_wells_of_the_plane_are_left_at_the_rate_of_a_half_plane(method):
    # By symmetry the well of (-1, 0) is x_1 < 0, which isotropic noise leaves like an interval
    # without a left end: (c/alpha) times the distance to the power -alpha.
    potential, minima = ls.potentials.double_well(2), [[-1.0, 0.0], [1.0, 0.0]]
    setting = {"noise": ls.noise.isotropic(1.2), "epsilon": 0.01, "paths": 50, "method": method}
    expected = 0.01**1.2 * theory.stable_constant(1.2) / 1.2
    if method == "jump":  # the one that is chosen takes longer to find than the simulation
        setting["threshold"] = 0.3
    seen = run(potential, minima, horizon=3.0 / expected, **setting)
    rate = seen.rates()
    for i, j in ((0, 1), (1, 0)):
        # Poisson counts of 75 or so; the limit is 1 % away at this amplitude.
        assert seen.counts[i, j] > 40
        error = expected / np.sqrt(seen.counts[i, j])
        assert abs(rate.value[i, j] - expected) < 4.0 * error + 0.01 * expected
        assert abs(rate.value[i, j] - 2.0 * expected) > 4.0 * error + 0.01 * expected


def test_neighborhoods_do_not_overlap_by_default():
    # Three lines through a minimum may miss the nearest saddle; the next minimum is the limit.
    found = _radii([wide(-1.0), wide(1.0)], None)
    assert found.tolist() == [1.0, 1.0]


def wide(minimum):
    """A basin whose domain says that its boundary is far."""
    return ls.Basin(WELLS, ls.domains.interval(-50.0, 50.0), [minimum])


def test_a_label_of_the_user():
    own = run(label=which_side, label_params={"depth": 0.5})
    # x beyond -0.5 or 0.5: visits begin earlier than near the minimum.
    near = run(radius=0.5)
    assert own.counts.sum() >= near.counts.sum() > 0
    assert own.lost == near.lost


def fraction(x, p):
    return 0.5


def swapped(x, p):
    return 0 if x[0] > 0.0 else 1


def beyond(x, p):
    return 0 if x[0] < -0.5 else (1 if 0.9 < x[0] < 1.1 else (2 if x[0] > 0.5 else -1))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"label": fraction}, "returned 0.5 at minimum 0; return the number of a well"),
        ({"label": swapped}, "says 1 at minimum 0"),
        ({"label": beyond, "horizon": 100.0}, "returned 2, and there are 2 wells"),
        ({"radius": 1.5}, "overlap with radii 1.5 and 1.5"),
        ({"radius": -1.0}, "give positive lengths"),
        ({"minima": [1.0]}, "give two or more points"),
        ({"minima": [-1.0, 0.5]}, "minimum"),
        (
            {"minima": [-1.0, 1.0, 1.0]},
            "are in one well; give each minimum once",
        ),
        ({"horizon": None}, "horizon is not given"),
        ({"start": 2}, "start is 2"),
        ({"threads": 0}, "threads is 0"),
        ({"method": "jump", "label": which_side}, "a label is for method 'euler'"),
        ({"threshold": 0.1}, "give method='jump'"),
        ({"method": "walk"}, "method"),
    ],
)
def test_a_bad_setting_is_one_sentence(settings, told):
    with pytest.raises(ValueError, match=told):
        run(**settings)


def test_numbers_do_not_depend_on_threads(found):
    again = run(threads=1)
    assert np.array_equal(again.time, found.time)
    assert np.array_equal(again.path, found.path)
    fewer = run(paths=100)
    assert np.array_equal(fewer.time, found.time[found.path < 100])
    settings = {"epsilon": 1e-3, "horizon": 1e5, "paths": 60, "method": "jump", "threshold": 0.3}
    assert np.array_equal(run(**settings).time, run(**settings, threads=1).time)


def test_paths_that_are_lost_are_left_out():
    # A step of 0.1 in a quartic potential throws jumps beyond 4 away.
    with pytest.warns(UserWarning, match="dt"):
        seen = run(dt=0.1, epsilon=0.1, horizon=200.0)
    assert seen.lost > 0
    assert seen.paths + seen.lost == 400
    assert seen.times.shape == (seen.paths, 2)
    assert seen.path.max() < seen.paths


def test_intervals_cover():
    # Rates 1 and 2 of a chain made by hand.
    generator = np.random.default_rng(5)
    inside = 0
    for _ in range(400):
        times = generator.exponential([1.0, 0.5], size=(30, 2)).sum(axis=0)
        rates = occupation.transition_rates_of([[0, 30], [30, 0]], times)
        inside += int(rates.lower[0, 1] < 1.0 < rates.upper[0, 1])
    assert abs(inside / 400 - 0.95) < 4.0 * np.sqrt(0.95 * 0.05 / 400)
    shares = occupation.transition_shares([[0, 8, 2], [1, 0, 0], [0, 0, 0]])
    test = stats.binomtest(8, 10).proportion_ci(method="wilson")
    assert shares.lower[0, 1] == pytest.approx(test.low)
    assert shares.upper[0, 1] == pytest.approx(test.high)


def test_all_paths_lost_is_an_error():
    with (
        pytest.raises(ValueError, match="all 20 paths became infinite"),
        pytest.warns(UserWarning, match="dt"),
    ):
        run(dt=0.5, epsilon=2.0, horizon=200.0, paths=20)


def test_the_table_has_the_prediction(found):
    rates = theory.transition_rates(WELLS, [-1.0, 1.0], NOISE, 0.2).rates
    lines = found.table(rates)
    assert [(line["origin"], line["target"]) for line in lines] == [(0, 1), (1, 0)]
    assert lines[0]["ratio"] == pytest.approx(lines[0]["rate"] / rates[0, 1])
    assert repr(found).startswith("Visits(wells=2, paths=400, transitions=")


def test_paths_that_are_lost_are_told_and_the_remedy_works():
    given = {"epsilon": 1.0, "horizon": 50.0, "paths": 40, "dt": 0.02, "seed": 1}
    wells, noise = ls.potentials.double_well(1), ls.noise.independent(1.5)
    with (
        pytest.warns(UserWarning, match="dt = 0.02 is long for the force"),
        pytest.warns(UserWarning, match=r"of 40 paths became infinite.*give scheme='flow'"),
    ):
        found = ls.visits(wells, [-1.0, 1.0], ls.dynamics.sgd(), noise, scheme="euler", **given)
    assert found.lost > 10
    found = ls.visits(wells, [-1.0, 1.0], ls.dynamics.sgd(), noise, scheme="flow", **given)
    assert found.lost == 0


@pytest.mark.parametrize(("alpha", "size", "chosen"), [(1.5, 1e-4, "jump"), (2.0, 0.5, "euler")])
def test_the_method_can_be_chosen(alpha, size, chosen):
    wells, noise = ls.potentials.double_well(1), ls.noise.independent(alpha)
    given = {"horizon": 10.0 * size**-1.5, "paths": 5, "method": "auto"}
    found = ls.visits(wells, [-1.0, 1.0], ls.dynamics.sgd(), noise, size, **given)
    assert found.parameters["method"] == chosen


def test_a_question_that_a_record_of_visits_has_no_answer_to_is_refused():
    found = ls.visits(
        ls.potentials.double_well(1), [-1.0, 1.0], ls.dynamics.sgd(), ls.noise.independent(1.5),
        0.3, 20.0, 5,
    )  # fmt: skip
    with pytest.raises(ValueError, match="well"):
        found.residence_times(5)
    with pytest.raises(ValueError, match=r"rates has shape \(1, 3\); give shape \(2, 2\)"):
        found.table([[1.0, 2.0, 3.0]])
    for estimate in (found.rates, found.next_wells, found.occupation):
        with pytest.raises(ValueError, match="strictly between 0 and 1"):
            estimate(1.5)


def test_scaled_noise_between_wells():
    """G = 2 everywhere is a law of scale 2; a scale of time is refused by jumps."""
    wells, law = ls.potentials.double_well(1), ls.noise.independent(1.5)
    cooled = ls.noise.scaled(law, ls.schedules.inverse_power(10.0))
    given = {"epsilon": 1e-3, "horizon": 1e6, "paths": 50, "method": "jump"}
    with pytest.raises(ValueError, match="this scale depends on time; use method='euler'"):
        ls.visits(wells, [-1.0, 1.0], ls.dynamics.sgd(), cooled, **given)
    doubled = ls.noise.scaled(law, lambda x, t, p, out: out.fill(2.0))
    found = ls.visits(wells, [-1.0, 1.0], ls.dynamics.sgd(), doubled, **given)
    double = ls.noise.independent(1.5, scale=2.0)
    rate = ls.theory.transition_rates(wells, [-1.0, 1.0], double, 1e-3).rates[0, 1]
    seen = found.counts[0, 1]
    assert abs(seen / found.times.sum(axis=0)[0] - rate) < 4.0 * rate / np.sqrt(seen)
