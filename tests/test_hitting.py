"""First entrances into a set, against closed formulas, exact laws of walks, and other units."""

import math
import warnings

import numpy as np
import pytest
from scipy.special import ndtr

import levysde as ls
from levysde.theory import sparre_andersen_survival
from tests import user_parts

SGD, LOW = ls.dynamics.sgd(), 1e-6
FREE = ls.potentials.quadratic(1, 0.0)
LEFT = ls.domains.half_space([1.0], 0.0)


def bowl(curvature):
    return ls.potentials.quadratic(np.size(curvature), curvature)


@pytest.mark.parametrize(
    ("k", "lr", "start"), [(1.0, 0.1, 3.0), (4.0, 0.02, -7.0), (2.0, 0.9, 1.0)]
)
def test_gradient_descent_takes_the_iterations_of_the_formula(k, lr, start):
    # x_n = (1 - k lr)^n x_0, and F = k x^2/2 < delta where |x| < sqrt(2 delta/k).
    potential = bowl(k)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no warning makes sense here
        target = ls.domains.sublevel_set(potential, LOW)
        found = ls.hitting_times(potential, target, start, SGD, lr=lr)
    needed = math.log(math.sqrt(2.0 * LOW / k) / abs(start)) / math.log(abs(1.0 - k * lr))
    assert found.paths == 1
    assert found.steps.tolist() == [math.ceil(needed)]
    other = math.log(math.sqrt(2.0 * LOW / k) / abs(start)) / math.log(abs(1.0 - 1.1 * k * lr))
    assert found.steps.tolist() != [math.ceil(other)]


def test_heavy_ball_takes_the_iterations_of_its_matrix():
    k, lr, decay = 1.0, 0.1, 0.5
    state, steps = np.array([3.0, 0.0]), 0
    step = np.array([[1.0 - lr * k, -lr * decay], [k, decay]])  # of x and m
    while 0.5 * k * state[0] ** 2 >= LOW:
        state, steps = step @ state, steps + 1
    target = ls.domains.sublevel_set(bowl(k), LOW)
    found = ls.hitting_times(bowl(k), target, 3.0, ls.dynamics.momentum(decay), lr=lr)
    assert found.steps.tolist() == [steps]


@pytest.mark.parametrize("make", [ls.dynamics.adamw, ls.dynamics.adamprox])
def test_adamw_is_free_of_the_scale_of_each_coordinate(make):
    # Zhuang et al. 2022, section 4: with eps = 0 a diagonal condition number changes nothing.
    start, target = [1.0, -2.0], ls.domains.ball([0.0, 0.0], 0.1)

    def steps(curvature, eps):
        dynamics = make(eps=eps, weight_decay=0.01)
        setting = {"lr": 0.01, "horizon": 50.0}
        return ls.hitting_times(bowl(curvature), target, start, dynamics, **setting).steps[0]

    even, stretched = steps([1.0, 1.0], 0.0), steps([1e-3, 1e3], 0.0)
    assert 100 < even == stretched
    assert steps([1.0, 1.0], 0.1) != steps([1e-3, 1e3], 0.1)


def test_every_optimizer_gets_there():
    target = ls.domains.ball([0.0, 0.0], 0.2)
    for name in ls.spec.DYNAMICS:
        dynamics = ls.spec.part("dynamics", name)
        found = ls.hitting_times(bowl([1.0, 1.0]), target, [1.0, 1.0], dynamics, lr=0.01)
        assert found.escaped == 1, name
        assert np.linalg.norm(found.exit_position) < 0.2


@pytest.mark.parametrize("alpha", [0.8, 1.5, 2.0])
def test_a_walk_from_the_edge_of_a_half_line_is_that_of_sparre_andersen(alpha):
    noise, paths = ls.noise.independent(alpha), 20_000
    setting = {"paths": paths, "dt": 1.0, "horizon": 200.0, "seed": 3}
    found = ls.hitting_times(FREE, LEFT, 0.0, SGD, noise, 1.0, **setting)
    assert (found.exit_position[found.status == ls.Status.ESCAPED] < 0.0).all()
    for n in (1, 2, 5, 20, 100, 200):
        late = ((found.steps > n) | (found.status == ls.Status.HORIZON)).mean()
        exact = sparre_andersen_survival(n)
        assert abs(late - exact) < 4.0 * math.sqrt(exact * (1.0 - exact) / paths), n
    # A walk from inside the domain is slower, and is told from it.
    away = ls.hitting_times(FREE, LEFT, 1.0, SGD, noise, 1.0, **setting)
    exact = sparre_andersen_survival(5)
    late = (away.steps > 5).mean()
    assert late - exact > 4.0 * math.sqrt(exact * (1.0 - exact) / paths)


def gaussian_survival(start, deviation, steps):
    """P(no position of a Gaussian walk is below 0), by the trapezoidal rule on a long interval."""
    y, h = np.linspace(0.0, start + 10.0 * deviation * math.sqrt(steps), 4001, retstep=True)
    weights = np.full(y.size, h)
    weights[[0, -1]] *= 0.5
    survival, found = np.ones(y.size), []
    kernel = np.exp(-0.5 * ((y[:, None] - y) / deviation) ** 2) * weights
    kernel /= deviation * math.sqrt(2.0 * math.pi)
    beyond = ndtr((y - y[-1]) / deviation)  # surely not below 0 so soon
    for _ in range(steps):
        survival = kernel @ survival + beyond
        found.append(float(np.interp(start, y, survival)))
    return found


def test_brownian_motion_enters_a_half_line_as_the_integral_equation_says():
    epsilon, dt, start, paths = 0.7, 0.1, 1.0, 20_000
    exact = gaussian_survival(start, epsilon * math.sqrt(2.0 * dt), 40)
    # In continuous time erf(x/sqrt(4 eps^2 t)), which is less: paths are seen at steps only.
    assert exact[-1] > math.erf(start / math.sqrt(4.0 * epsilon**2 * 40 * dt))
    noise = ls.noise.independent(2.0)
    found = ls.hitting_times(
        FREE, LEFT, start, SGD, noise, epsilon, paths=paths, dt=dt, horizon=4.0, seed=5
    )
    for n in (5, 10, 20, 39):
        late = (found.steps > n).mean()
        p = exact[n - 1]
        assert abs(late - p) < 4.0 * math.sqrt(p * (1.0 - p) / paths)


def test_a_stable_motion_lands_beyond_the_edge_as_blumenthal_getoor_and_ray_say():
    alpha, start, paths = 1.2, 1.0, 4000
    noise = ls.noise.independent(alpha)
    setting = {"paths": paths, "dt": 1e-3, "horizon": 100.0, "seed": 2}
    found = ls.hitting_times(FREE, LEFT, start, SGD, noise, 1.0, **setting)
    hit = found.status == ls.Status.ESCAPED
    # Those that are late lie about as those that are not, and are few; the step moves paths by
    # dt^(1/alpha) = 0.003, which is small against the overshoots that are asked for.
    assert hit.mean() > 0.85
    overshoot = -found.exit_position[:, 0]
    for y in (0.5, 1.0, 4.0):
        exact = float(ls.theory.half_line_overshoot_survival(y, start, alpha))
        low = (hit & (overshoot > y)).mean()
        high = low + (~hit).mean()
        error = 4.0 * math.sqrt(exact * (1.0 - exact) / paths) + 0.005
        assert low - error < exact < high + error


def test_it_is_the_escape_from_the_complement_and_grows_like_one(tmp_path):
    noise, right = ls.noise.independent(1.5), ls.domains.half_space([-1.0], 0.0)
    setting = {"dt": 0.05, "horizon": 20.0, "seed": 9}
    parts = (bowl(1.0), right, -1.0, SGD, noise, 0.5)
    found = ls.hitting_times(*parts, paths=300, **setting)
    left = ls.Domain(1, lambda x, p: x[0] > 0.0)
    mirror = ls.Basin(bowl(1.0), left, 0.0, -1.0)
    escaped = ls.escape_times(mirror, SGD, noise, 0.5, paths=300, scheme="euler", **setting)
    assert np.array_equal(found.steps, escaped.steps)
    found.save(tmp_path / "found.npz")
    earlier = ls.load(tmp_path / "found.npz")
    longer = ls.hitting_times(*parts, paths=500, resume=earlier, **setting)
    whole = ls.hitting_times(*parts, paths=500, **setting)
    assert np.array_equal(longer.exit_position, whole.exit_position)
    with pytest.raises(ValueError, match="has start = "):
        ls.hitting_times(*parts[:2], -2.0, *parts[3:], paths=500, resume=earlier, **setting)
    other = ls.domains.half_space([-1.0], -0.1)
    with pytest.raises(ValueError, match=r"has target\.params\.offset = "):
        ls.hitting_times(bowl(1.0), other, *parts[2:], paths=500, resume=earlier, **setting)


def test_the_record_makes_the_parts_again():
    own = ls.Domain(1, user_parts.outside, {"radius": 0.1}, name="near")
    well = ls.Potential(1, user_parts.gradient, user_parts.value, params={"k": 2.0}, name="bowl")
    low = ls.domains.sublevel_set(well, 0.01)
    for target, noise, epsilon in ((own, None, None), (low, ls.noise.isotropic(1.5), 0.1)):
        setting = {"dt": 0.02, "horizon": 10.0, "seed": 4}
        found = ls.hitting_times(well, target, 2.0, SGD, noise, epsilon, paths=20, **setting)
        assert found.parameters["target"]["name"] == target.name
        assert "minimum" not in found.parameters
        basin, dynamics, law = ls.spec.build(found.parameters)
        assert isinstance(basin, ls.basins.Approach)
        again = ls.escape_times(basin, dynamics, law, epsilon or 1.0, paths=20, **setting)
        assert np.array_equal(found.exit_position, again.exit_position)


def test_the_default_horizon_says_that_it_is_none_of_the_theory():
    far = ls.domains.interval(5.0, 6.0)
    found = ls.hitting_times(bowl(1.0), far, 1.0, SGD, lr=0.1)
    assert found.censored == 1
    assert found.parameters["horizon_reason"] == "100000 steps: no mean is predicted"
    assert found.steps[0] == 100_000


def test_a_steep_force_is_followed_by_divided_steps():
    # dx = -x^3 dt: x(t) = 1/sqrt(1/x_0^2 + 2 t), with steps that would overshoot by far.
    cubic, target = ls.potentials.quartic(), ls.domains.interval(-0.5, 0.5)
    found = ls.hitting_times(cubic, target, 1000.0, SGD, dt=0.1, scheme="flow")
    assert abs(found.times[0] - 0.5 * (4.0 - 1e-6)) < 0.15
    explicit = ls.hitting_times(cubic, target, 1000.0, SGD, dt=0.1, horizon=100.0)
    assert explicit.non_finite == 1


def overflowing(x, p):
    return x[0] ** 20 - x[0] ** 18


def overflowing_gradient(x, p, out):
    out[0] = 20.0 * x[0] ** 19 - 18.0 * x[0] ** 17


def test_a_value_that_is_no_number_is_no_hit():
    # One step leads to -2e57, where F is infinity minus infinity.
    well = ls.Potential(1, overflowing_gradient, overflowing)
    target = ls.domains.sublevel_set(well, -0.01)
    found = ls.hitting_times(well, target, 1e3, SGD, dt=0.1, horizon=1.0)
    assert found.escaped == 0


def test_what_is_wrong_is_one_sentence():
    target, noise = ls.domains.ball([0.0], 0.5), ls.noise.independent(1.5)
    for match, change in (
        (r"the start \(0\.1\) is in the target already; start outside", {"start": 0.1}),
        ("neither dt nor lr is given; give the step", {"lr": None}),
        ("epsilon is 0.1 without noise; give noise too", {"epsilon": 0.1}),
        ("dt is 'auto'; give a positive number", {"dt": "auto", "lr": None}),
        ("the potential has dimension 1 and the target 2", {"target": ls.domains.ball([0, 0], 1)}),
    ):
        given = {"target": target, "start": 2.0, "dynamics": SGD, "lr": 0.1} | change
        with pytest.raises(ValueError, match=match):
            ls.hitting_times(bowl(1.0), **given)
    way = ls.basins.Approach(bowl(1.0), target, 2.0)
    setting = (way, SGD, noise, 0.1)
    with pytest.raises(ValueError, match="dt='auto' is a share of a time at the minimum"):
        ls.escape_times(*setting)
    for ask in (ls.theory.predict, lambda *parts: ls.escape_times(*parts, method="jump", dt=0.01)):
        with pytest.raises(ValueError, match="a path to a target begins at no minimum"):
            ask(*setting)
