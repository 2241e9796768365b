"""Built-in basins with parameters: minima, saddles, declared facts, and rates in closed form."""

import itertools
import math

import numpy as np
import pytest

import levysde as ls
from levysde import spec
from levysde.basins.polynomial import critical_points

pytestmark = pytest.mark.quick

LARGEST_TILT = 2.0 / (3.0 * math.sqrt(3.0))
SADDLES = {
    "double_well": [{}, {"barrier": 2.0, "half_distance": 3.0, "curvature": 0.5}],
    "tilted": [
        {"tilt": tilt, "side": side}
        for tilt, side in itertools.product((-0.384, -0.2, 0.0, 0.1, 0.38), ("left", "right"))
    ]
    + [{"tilt": 1.0, "barrier": 2.0, "half_distance": 3.0, "side": "right"}],
}
ROUND = {
    "quadratic": [{}, {"curvature": 3.0, "lower": -0.5}, {"upper": 4.0}],
    "ball": [{}, {"curvature": 2.0, "radius": 3.0}],
    "quartic": [{}, {"coefficient": 2.0, "curvature": 0.5, "upper": 2.0}],
    "driftless": [{}, {"lower": -0.5, "upper": 2.0}],
}
SETTINGS = [
    (name, params) for name, all_ in (SADDLES | ROUND).items() for params in all_
]  # fmt: skip


def predicted(basin, alpha=1.5):
    return ls.theory.predict(basin, ls.dynamics.sgd(), ls.noise.independent(alpha), 1e-4)


@pytest.mark.parametrize("dim", [1, 3])
@pytest.mark.parametrize(("name", "params"), SETTINGS)
def test_the_minimum_is_one_and_the_gradient_that_of_the_value(name, params, dim):
    basin = spec.constructor("basin", name)(dim, **params)
    assert (basin.name, basin.dim) == (name, dim)
    well, step = basin.potential, 1e-5
    assert np.abs(well.gradient_at(basin.minimum)).max() < 1e-14
    holds = [found.holds for found in ls.theory.about_minimum(basin)]
    assert holds == [True, None if name == "driftless" else True]
    for point in basin.minimum + np.random.default_rng(1).uniform(-1.0, 1.0, (20, dim)):
        slope = [
            (well.value_at(point + move) - well.value_at(point - move)) / (2.0 * step)
            for move in step * np.eye(dim)
        ]
        assert well.gradient_at(point) == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "params"), [(name, params) for name, all_ in SADDLES.items() for params in all_]
)
def test_the_domain_ends_at_the_saddle(name, params):
    basin = spec.constructor("basin", name)(**params)
    lower, upper = basin.domain.params.values()
    saddle = float(lower if math.isfinite(lower) else upper)
    left = basin.minimum[0] < saddle
    assert left == (params.get("side", "left") == "left")
    force = basin.potential.gradient_at
    assert abs(force([saddle])[0]) < 1e-14
    assert force([saddle - 1e-4])[0] > 0.0 > force([saddle + 1e-4])[0]
    # Between the two the force leads back: the saddle is the first.
    between = np.linspace(saddle, basin.minimum[0], 100)[1:-1]
    forces = np.array([force([x])[0] for x in between])
    assert ((forces > 0.0) == left).all()
    # One side only, the other end being infinite.
    for alpha in (0.8, 1.5):
        distance = abs(saddle - basin.minimum[0])
        rate = 1e-4**alpha * ls.theory.stable_constant(alpha) / alpha * distance**-alpha
        assert predicted(basin, alpha).rate == pytest.approx(rate, rel=1e-12)
    by_axis = predicted(spec.constructor("basin", name)(3, **params)).rate
    assert by_axis == pytest.approx(predicted(basin).rate, rel=1e-12)
    invariant = {a.name: a.holds for a in predicted(basin).assumptions}
    assert invariant["domain positively invariant"] is not False


@pytest.mark.parametrize("tilt", [-0.384, -0.1, 0.0, 0.2, 0.3849])
def test_critical_points_are_the_roots_of_the_cubic(tilt):
    roots = np.sort(np.roots([1.0, 0.0, -1.0, tilt]).real)
    assert critical_points(tilt) == pytest.approx(roots, abs=1e-7)
    left, saddle, right = critical_points(tilt)
    # Vieta: their sum, the sum of products, and the product.
    assert left + saddle + right == pytest.approx(0.0, abs=1e-12)
    assert left * saddle + saddle * right + left * right == pytest.approx(-1.0, rel=1e-12)
    assert left * saddle * right == pytest.approx(-tilt, abs=1e-12)
    scaled = critical_points(8.0 * tilt / 3.0, 2.0, 3.0)
    assert scaled == pytest.approx(3.0 * np.array(critical_points(tilt)), rel=1e-9, abs=1e-15)


def test_a_tilt_of_zero_is_the_double_well():
    tilted, well = ls.basins.tilted(tilt=0.0), ls.basins.double_well()
    for x in (-1.7, -0.4, 0.3):
        assert tilted.potential.gradient_at([x]) == well.potential.gradient_at([x])
        assert tilted.potential.value_at([x]) == well.potential.value_at([x])
    assert (tilted.minimum, tilted.domain.p.tolist()) == (well.minimum, well.domain.p.tolist())


def test_default_wells_are_the_textbook_polynomials():
    for x in (-1.3, -0.2, 0.9):
        assert ls.basins.double_well().potential.gradient_at([x])[0] == pytest.approx(x**3 - x)
        assert ls.basins.tilted(tilt=0.3).potential.gradient_at([x])[0] == pytest.approx(
            x**3 - x + 0.3
        )
        assert ls.basins.quartic().potential.gradient_at([x])[0] == pytest.approx(x**3)


@pytest.mark.parametrize("name", ["quadratic", "quartic", "driftless"])
@pytest.mark.parametrize("alpha", [0.7, 1.5])
def test_rates_of_intervals_and_boxes(name, alpha):
    lower, upper = np.array([-1.0, -0.5]), np.array([2.0, math.inf])
    constant = 1e-4**alpha * ls.theory.stable_constant(alpha) / alpha
    make = spec.constructor("basin", name)
    one = constant * (1.0 + 2.0**-alpha)
    assert predicted(make(lower=-1.0, upper=2.0), alpha).rate == pytest.approx(one, rel=1e-12)
    both = one + constant * 0.5**-alpha
    assert predicted(make(2, lower=lower, upper=upper), alpha).rate == pytest.approx(
        both, rel=1e-12
    )


def test_facts_that_are_declared():
    hessian = [[2.0, 1.0], [1.0, 3.0]]
    assert ls.basins.quadratic(2, hessian).potential.hessian.tolist() == hessian
    assert ls.basins.ball(3, 2.0).potential.hessian.tolist() == [2.0] * 3
    assert ls.basins.quartic(2).potential.separable
    for basin in (ls.basins.double_well(2), ls.basins.tilted(2)):
        assert basin.potential.declared == ()


def test_a_ball_of_curvature_one_is_the_flat_basin():
    for dim in (1, 2, 5):
        ball, flat = ls.basins.ball(dim), ls.basins.flat(dim)
        assert ball.domain.p.tolist() == flat.domain.p.tolist()
        assert ball.potential.is_same_as(flat.potential)


def test_a_flat_minimum_is_told_by_the_theory():
    failed = {a.name for a in predicted(ls.basins.quartic()).assumptions if a.holds is False}
    assert failed == {"curvature positive at the minimum"}


def test_no_force_has_the_mean_of_getoor():
    """From the centre of (-1, 1), and twice as far is 2^alpha times as long; 4 standard errors."""
    alpha, epsilon = 1.5, 0.3
    gammas = math.gamma(1.0 + alpha / 2.0) * math.gamma((1.0 + alpha) / 2.0)
    exact = epsilon**-alpha * math.gamma(0.5) / (2.0**alpha * gammas)
    law = ls.noise.independent(alpha)
    run = ls.escape_times(
        ls.basins.driftless(), ls.dynamics.sgd(), law, epsilon, paths=1000, method="jump"
    )
    low, high = run.mean_interval()
    error = (high - low) / (2.0 * 1.96)
    assert abs(run.mean - exact) < 4.0 * error
    assert abs(run.mean - 2.0**alpha * exact) > 4.0 * error


def test_no_force_has_no_automatic_step():
    setting = (ls.basins.driftless(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.3)
    with pytest.raises(ValueError, match="there is none here; give dt a number"):
        ls.escape_times(*setting, paths=5)


@pytest.mark.parametrize("name", ["quadratic", "ball", "quartic", "double_well", "tilted"])
@pytest.mark.parametrize("dim", [1, 2])
def test_results_are_made_again_from_their_record(name, dim):
    setting = (ls.dynamics.sgd(), ls.noise.independent(1.5), 0.3)
    options = {"paths": 20, "horizon": 2.0, "dt": 1e-4, "scheme": "euler"}
    run = ls.escape_times(ls.basins.BASINS[name](dim), *setting, **options)
    basin, *_ = spec.build(run.parameters)
    assert basin.name == name
    again = ls.escape_times(basin, *setting, **options)
    assert again.digest == run.digest


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("quadratic", {"curvature": 0.0}, "smallest curvature is 0; give positive ones"),
        ("quadratic", {"curvature": -1.0}, "curvature is -1"),
        ("quadratic", {"curvature": math.nan}, "curvature"),
        ("quadratic", {"lower": 0.5}, "lower is 0.5; give a negative one"),
        ("quadratic", {"upper": -0.5}, "upper is -0.5; give a positive one"),
        ("quadratic", {"upper": 0.0}, "upper is 0; give a positive one"),
        ("quadratic", {"upper": [1.0, 2.0]}, r"upper has shape \(2,\); give a number, or 1"),
        ("quadratic", {"lower": -math.inf, "upper": math.inf}, "give one end"),
        ("quadratic", {"lower": "a"}, "lower"),
        ("quadratic", {"dim": 0}, "dim"),
        ("quadratic", {"upper": 1e-320}, "too near to the start"),
        ("driftless", {"dim": 1.5}, "dim"),
        ("driftless", {"lower": math.nan}, "lower"),
        ("ball", {"radius": 0.0}, "radius is 0"),
        ("ball", {"curvature": [1.0, 2.0]}, "curvature"),
        ("quartic", {"coefficient": -1.0}, "coefficient is -1"),
        ("double_well", {"half_distance": 0.0}, "half_distance is 0"),
        ("double_well", {"half_distance": "1"}, "half_distance is '1'"),
        ("tilted", {"tilt": 0.385}, "tilt is 0.385, .*between -0.3849 and 0.3849"),
        ("tilted", {"tilt": LARGEST_TILT}, "one minimum only"),
        ("tilted", {"tilt": -1e300}, "one minimum only"),
        ("tilted", {"tilt": math.inf}, "tilt is inf"),
        ("tilted", {"side": "top"}, "unknown side 'top'; known: left, right"),
        ("tilted", {"barrier": -1.0}, "barrier is -1"),
    ],
)  # fmt: skip
def test_bad_parameters_are_told(name, params, words):
    with pytest.raises(ValueError, match=words):
        spec.constructor("basin", name)(**params)
