"""Noise G(x, t) dL against equivalent laws, an exact chain, and operational time."""

import numpy as np
import pytest
from scipy import stats

import levysde as ls
from levysde import schedules, theory
from levysde.noise import scaled
from levysde.theory.exact.stable_law import tabulated_density
from tests.user_parts import grows_outwards, turned

SGD = ls.dynamics.sgd()


def one(x, t, p, out):
    for j in range(len(out)):
        out[j] = 1.0


def given(x, t, p, out):
    for j in range(len(out)):
        out[j] = p[j]


def run(noise, basin, dynamics=SGD, epsilon=0.3, **settings):
    settings = {"paths": 400, "dt": 0.02, "horizon": 40.0, "method": "euler", **settings}
    return ls.escape_times(basin, dynamics, noise, epsilon, **settings)


def same(first, second):
    positions = np.array_equal(first.exit_position, second.exit_position)
    return np.array_equal(first.steps, second.steps) and positions


def one_of(law, dim):
    """The function of other factors, so that it is compiled once."""
    return scaled(law, given, {"factors": np.ones(dim)})


DIMENSIONS = (1, 2, 40)
OPTIMIZERS = {
    "sgd": SGD,
    "clipped": ls.dynamics.sgd(clip=0.2),
    "adam": ls.dynamics.adam(),
    "momentum": ls.dynamics.momentum(form="sde"),
}


@pytest.mark.parametrize(("name", "dim"), [("sgd", 40), ("adam", 2)])
def test_a_factor_of_1_changes_no_bit(name, dim):
    basin, law, dynamics = ls.basins.flat(dim), ls.noise.independent(1.5), OPTIMIZERS[name]
    assert same(run(one_of(law, dim), basin, dynamics), run(law, basin, dynamics))


def test_a_divided_step_is_scaled_too():
    basin, law = ls.basins.quartic(), ls.noise.independent(1.2)
    free = {"dt": "auto", "scheme": "flow"}
    assert same(run(one_of(law, 1), basin, **free), run(law, basin, **free))
    doubled = run(scaled(law, given, {"factors": [2.0]}), basin, epsilon=0.15, **free)
    assert same(doubled, run(law, basin, **free))


@pytest.mark.parametrize("dim", [40])
def test_constant_factors_are_scales(dim):
    # Products with powers of two are exact.
    factors = np.where(np.arange(dim) % 2, 0.5, 2.0)
    basin, law = ls.basins.flat(dim), ls.noise.independent(1.5)
    equal = ls.noise.independent(1.5, scale=factors)
    assert same(run(scaled(law, given, {"factors": factors}), basin), run(equal, basin))
    assert not same(run(one_of(law, dim), basin), run(equal, basin))


ROTATION = [[0.6, -0.8], [0.8, 0.6]]
MIXED = {
    "mixed": (ls.noise.independent(1.5), ls.noise.mixed(1.5, ROTATION)),
    "elliptic": (ls.noise.isotropic(1.5), ls.noise.elliptic(1.5, ROTATION)),
}


@pytest.mark.parametrize(("name", "paths"), [("mixed", 4000), ("elliptic", 4000)])
def test_a_matrix_mixes_coordinates(name, paths):
    basin, (law, equal) = ls.basins.asymmetric(2), MIXED[name]
    mixed = scaled(law, matrix=turned, params={"cosine": 0.6, "sine": 0.8})
    assert np.allclose(mixed.at([0.3, 0.1]).characteristic([[1.0, 2.0]]),
                       equal.characteristic([[1.0, 2.0]]))  # fmt: skip
    found, expected = run(mixed, basin, paths=paths), run(equal, basin, paths=paths, seed=1)
    assert stats.ks_2samp(found.times, expected.times).pvalue > 6e-5
    x, y = found.exit_position.T, expected.exit_position.T
    assert stats.ks_2samp(x[0], y[0]).pvalue > 6e-5
    if law.form == "columns":  # the isotropic law is its own image
        plain = run(law, basin, paths=paths, seed=1)
        assert stats.ks_2samp(x[0], plain.exit_position[:, 0]).pvalue < 6e-5


def test_the_unit_matrix_changes_no_bit_in_many_dimensions():
    wide = ls.basins.flat(40)
    block = run(scaled(ls.noise.independent(1.5), matrix=identity), wide, paths=50)
    assert same(block, run(ls.noise.independent(1.5), wide, paths=50))


def identity(x, t, p, out):
    for j in range(len(x)):
        for k in range(len(x)):
            out[j, k] = 1.0 if j == k else 0.0


def louder_and_fading(x, t, p, out):
    for j in range(len(out)):
        out[j] = (1.0 + x[j] * x[j]) * (1.0 - p[0] * t)


def louder_and_fading_matrix(x, t, p, out):
    for j in range(len(x)):
        for k in range(len(x)):
            out[j, k] = (1.0 + x[j] * x[j]) * (1.0 - p[0] * t) if j == k else 0.0


@pytest.mark.parametrize(("kind", "dim"), [("matrix", 40)])
def test_state_and_time_are_those_before_the_step(kind, dim):
    function = {"scale": louder_and_fading, "matrix": louder_and_fading_matrix}[kind]
    law = ls.noise.isotropic(1.5)
    noise = scaled(law, **{kind: function}, params={"fading": 0.1})
    setting = {"epsilon": 0.1, "paths": 3, "steps": 40, "dt": 0.1, "scheme": "euler"}
    basin = ls.basins.flat(dim)
    plain = ls.trajectories(basin, SGD, law, **setting).positions
    drawn = plain[:, 1:] - 0.9 * plain[:, :-1]
    found = ls.trajectories(basin, SGD, noise, **setting).positions
    x = np.zeros((3, dim))
    for n in range(40):
        x = 0.9 * x + (1.0 + x**2) * (1.0 - 0.1 * (0.1 * n)) * drawn[:, n]
        assert found[:, n + 1] == pytest.approx(x, rel=1e-9, abs=1e-12)


def chain_mean(alpha, epsilon, dt, growth):
    """The exact mean number of steps, times dt, of x <- x - x dt + eps dt^(1/alpha) g(x) Z.

    Nystrom's method: u(x) = dt + int u(y) density(y | x) dy on (-1, 1), by Gauss and Legendre.
    """
    nodes, weights = np.polynomial.legendre.leggauss(80)
    width = epsilon * dt ** (1.0 / alpha) * (1.0 + growth * nodes**2)
    places = (nodes[None, :] - (1.0 - dt) * nodes[:, None]) / width[:, None]
    density = tabulated_density(alpha, np.abs(places).max())
    kernel = density(places) / width[:, None] * weights
    u = np.linalg.solve(np.eye(len(nodes)) - kernel, np.full(len(nodes), dt))
    first = epsilon * dt ** (1.0 / alpha)
    return dt + float(density(nodes / first) / first * weights @ u)


def test_the_integral_equation_of_the_chain():
    assert chain_mean(1.5, 1.0, 0.1, 0.0) == pytest.approx(1.2041980, abs=2e-6)


@pytest.mark.parametrize(("alpha", "paths"), [(1.5, 20_000)])
def test_the_mean_is_that_of_the_exact_chain(alpha, paths):
    expected = chain_mean(alpha, 0.5, 0.1, 2.0)
    noise = scaled(ls.noise.independent(alpha), grows_outwards, {"growth": 2.0})
    found = run(noise, ls.basins.flat(), epsilon=0.5, dt=0.1, horizon=1e4, paths=paths)
    error = found.times.std() / np.sqrt(paths)
    assert abs(found.times.mean() - expected) < 4.0 * error
    # The factor matters, and it is taken before the jump.
    assert abs(found.times.mean() - chain_mean(alpha, 0.5, 0.1, 0.0)) > 10.0 * error


def test_theory_is_told_for_the_factor_at_the_minimum():
    law = ls.noise.independent(1.5)
    basin = ls.Basin(ls.potentials.quadratic(1, 1.0, center=0.5), ls.domains.interval(-1.0, 1.0),
                     [0.5])  # fmt: skip
    noise = scaled(law, grows_outwards, {"growth": 4.0})
    doubled = ls.noise.independent(1.5, scale=2.0)
    found = theory.predict(basin, SGD, noise, 0.1)
    expected = theory.predict(basin, SGD, doubled, 0.1)
    assert found.rate == expected.rate
    assert found.corrected_mean == pytest.approx(expected.corrected_mean)
    measure = theory.escape_measure(basin.domain, noise, [0.5])
    assert measure.value == theory.escape_measure(basin.domain, doubled, [0.5]).value
    wells = ls.potentials.double_well(1)
    rates = theory.transition_rates(wells, [-1.0, 1.0], noise, 0.1).rates
    # 1 + 4 x^2 is 5 at both minima.
    plain = theory.transition_rates(wells, [-1.0, 1.0], law, 0.1).rates
    assert np.allclose(rates, 5.0**1.5 * plain)


COOLING = schedules.inverse_power(200.0, power=0.5)


@pytest.mark.parametrize(("cooled", "paths"), [("noise", 1000)])
def test_escapes_are_exponential_in_operational_time(cooled, paths):
    basin, dynamics, noise = ls.basins.flat(), SGD, ls.noise.independent(1.5)
    if cooled == "noise":
        noise = scaled(noise, COOLING)
    else:
        dynamics = ls.dynamics.scheduled(dynamics, COOLING)
    law = theory.varying_rate(basin, dynamics, noise, 0.05)
    found = run(noise, basin, dynamics, epsilon=0.05, dt=0.05, horizon=2e4, paths=paths)
    # The rate is 2 % above the leading order at first, which moves a share by up to 0.007.
    for time in (50.0, 250.0, 1000.0):
        share, expected = float(np.mean(found.times > time)), float(law.survival(time))
        assert abs(share - expected) < 4.0 * np.sqrt(expected * (1.0 - expected) / paths) + 0.01
    test = found.exponentiality(law.exposure)
    assert test.p_value > 1e-4
    assert found.exponentiality().p_value < 1e-8
    prediction = theory.predict(basin, dynamics, noise, 0.05)
    assert prediction.rate is None
    assert "changes with time" in prediction.reason


def test_the_exposure_of_a_power_is_that_of_the_formula():
    # rate (1 + t/T)^(-p): T rate ((1 + t/T)^(1-p) - 1)/(1-p).
    law = theory.varying_rate(
        ls.basins.flat(), SGD, scaled(ls.noise.independent(1.5), COOLING), 0.05
    )
    rate = theory.predict(ls.basins.flat(), SGD, ls.noise.independent(1.5), 0.05).rate
    times = np.array([0.0, 1e-3, 3.0, 700.0, 2e5])
    expected = 200.0 * rate * ((1.0 + times / 200.0) ** 0.25 - 1.0) / 0.25
    assert law.exposure(times) == pytest.approx(expected, rel=1e-6)
    assert law.trapped() == 0.0


def test_fast_cooling_traps():
    noise = scaled(ls.noise.independent(1.5), schedules.inverse_power(10.0, power=1.0))
    law = theory.varying_rate(ls.basins.flat(), SGD, noise, 0.1)
    rate = theory.predict(ls.basins.flat(), SGD, ls.noise.independent(1.5), 0.1).rate
    assert law.trapped() == pytest.approx(np.exp(-20.0 * rate), rel=1e-6)
    assert law.mean() == np.inf


def negative(x, t, p, out):
    out[0] = -1.0 if x[0] > 0.0 else 1.0


def not_a_number(x, t, p, out):
    out[0] = np.nan


def too_long(x, t, p, out):
    out[1] = 1.0


def unwritten(x, t, p, out):
    pass


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        (negative, "the scale of the noise is .-1.0. at x = .0.25., t = 0; give factors"),
        (not_a_number, "wrote .nan. at x = .0., t = 0"),
        (too_long, r"uses out\[1\], but x and out have 1 numbers"),
        (unwritten, "write a finite number into every entry"),
    ],
)
def test_a_wrong_scale_is_one_sentence(scale, told):
    with pytest.raises(ValueError, match=told):
        run(scaled(ls.noise.independent(1.5), scale), ls.basins.flat())


def test_what_scaled_noise_cannot_do_is_said():
    law = ls.noise.independent(1.5)
    noise = scaled(law, one)
    with pytest.raises(ValueError, match="use refine, or a smaller dt"):
        run(noise, ls.basins.flat(), correction="boundary-shift")
    with pytest.raises(ValueError, match="scaled already"):
        scaled(noise, one)
    with pytest.raises(ValueError, match="give one of scale"):
        scaled(law)
    with pytest.raises(ValueError, match=r"sample noise.at\(x, t\)"):
        ls.noise.sample(noise, 3)
    with pytest.raises(ValueError, match="use method='euler'"):
        run(noise, ls.basins.flat(), method="jump")  # on a grid


def test_scaled_noise_is_made_again_from_a_record():
    line, plane = ls.basins.flat(), ls.basins.asymmetric(2)
    turning = {"matrix": turned, "params": {"cosine": 0.6, "sine": 0.8}}
    for noise, basin in (
        (scaled(ls.noise.independent(1.5), grows_outwards, {"growth": 2.0}), line),
        (scaled(ls.noise.isotropic(1.5), **turning), plane),
        (scaled(ls.noise.independent(1.5, scale=2.0), COOLING), line),
    ):
        found = run(noise, basin)
        again = ls.spec.build(found.parameters)
        assert same(found, run(again[2], again[0], again[1]))


def random_factor(x, t, p, out):
    out[0] = np.random.rand()


def sometimes_unwritten(x, t, p, out):
    if x[0] < 0.5:
        out[0] = 1.0


def counts(x, t, p, out):
    p[0] += 1.0
    out[0] = p[0]


def moves(x, t, p, out):
    out[0] = 1.0
    x[0] = 0.0


def negative_far_out(x, t, p, out):
    out[0] = 1.0 - 1.5 * x[0]


def root(x, t, p, out):
    out[0] = np.sqrt(0.25 - x[0] * x[0])


def later_beyond(x, t, p, out):
    out[0] = p[3] if t > 1e5 else 1.0


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        (random_factor, "draws random numbers, which are not those of the seed"),
        (sometimes_unwritten, "the scale of the noise wrote .nan. at x"),
        (counts, "the scale function 'counts' changed p at x = .*, t = 0; only read p"),
        (moves, "the scale function 'moves' changed x at"),
        (negative_far_out, "give factors that are not negative"),
        (root, "write a finite number into every entry"),
        (later_beyond, r"the scale function 'later_beyond' uses p\[3\], but x and out have 1"),
    ],
)
def test_a_scale_is_tried_all_over_the_domain(scale, told):
    with pytest.raises(ValueError, match=told):
        run(scaled(ls.noise.independent(1.5), scale, {"count": 1.0}), ls.basins.flat())


def random_schedule(t, p):
    return np.random.rand()


def counting_schedule(t, p):
    p[0] = p[0] + 1.0
    return 1.0 / p[0]


def schedule_beyond(t, p):
    return p[3] if t > 1e5 else 1.0


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (random_schedule, "the schedule function 'random_schedule' draws random numbers"),
        (counting_schedule, "changed p at t = 0; only read p"),
        (schedule_beyond, r"uses p\[3\], but p has 1: stay within them"),
    ],
)
@pytest.mark.parametrize("of", ["steps", "noise"])
def test_a_schedule_is_tried(function, told, of):
    schedule, law = schedules.Schedule(function, {"count": 1.0}), ls.noise.independent(1.5)
    dynamics = ls.dynamics.scheduled(SGD, schedule) if of == "steps" else SGD
    noise = scaled(law, schedule) if of == "noise" else law
    with pytest.raises(ValueError, match=told):
        run(noise, ls.basins.flat(), dynamics)


@pytest.mark.parametrize(
    ("clock", "told"),
    [
        (lambda t: 3.0, "gave an array of shape .. and type float64 for 10 times"),
        (lambda t: t[:5], r"gave an array of shape .5,. and type float64 for 10 times"),
        (lambda t: -t, "the clock gave -"),
        (lambda t: t * np.nan, "the clock gave nan; give times that are finite"),
        (3, "clock is 3; give a function"),
    ],
)
def test_a_wrong_clock_is_one_sentence(clock, told):
    found = run(ls.noise.independent(1.5), ls.basins.flat(), paths=10)
    with pytest.raises(ValueError, match=told):
        found.exponentiality(clock)


def mixing(x, t, p, out):
    out[0, 0], out[0, 1], out[1, 0], out[1, 1] = 1.0, 0.5, 0.0, 1.0


def with_brownian(alpha):
    return ls.noise.plus_brownian(ls.noise.independent(alpha), [0.5, 2.0])


def both(alpha):
    return ls.noise.plus_brownian(ls.noise.lomax(alpha), 0.5)


@pytest.mark.parametrize(
    "law", [ls.noise.student_t, ls.noise.lomax, ls.noise.independent, with_brownian, both]
)
def test_the_rate_of_a_tail_mixed_by_a_matrix(law):
    law = law(1.5)
    # nu(W) of a ball is K R^-alpha sum_j |g_j|^alpha over the columns g_j of G.
    basin = ls.basins.flat(2)
    plain = theory.predict(basin, SGD, law, 0.1).rate
    mixed = theory.predict(basin, SGD, scaled(law, matrix=mixing), 0.1).rate
    assert mixed == pytest.approx(0.5 * (1.0 + 1.25**0.75) * plain, rel=1e-9)
    slowing = ls.dynamics.scheduled(SGD, schedules.linear(10.0))
    varying = theory.varying_rate(basin, slowing, scaled(law, matrix=mixing), 0.1)
    assert varying.rate(5.0) == pytest.approx(0.5**1.5 * mixed, rel=1e-9)


def test_tails_are_no_law_of_increments():
    law = scaled(ls.noise.student_t(1.5), matrix=mixing).at([0.0, 0.0])
    with pytest.raises(ValueError, match="only the tails are known"):
        law.part(2, 0.1, 0.1)
    with pytest.raises(ValueError, match="only the tails are known"):
        law.characteristic([[1.0, 0.0]])
    basin, setting = ls.basins.flat(2), {"paths": 5, "horizon": 1.0}
    noise = scaled(ls.noise.student_t(1.5), matrix=mixing)
    with pytest.raises(ValueError, match="use method='euler'"):
        ls.escape_times(basin, SGD, noise, 0.1, method="jump", **setting)
    assert ls.escape_times(basin, SGD, noise, 0.1, dt=0.05, **setting).paths == 5


def test_theory_answers_with_the_sentences_of_theory():
    basin, tempered = ls.basins.flat(2), ls.noise.tempered(1.5, 3.0)
    slowing = ls.dynamics.scheduled(SGD, schedules.linear(10.0))
    asked = [
        lambda: theory.predict(basin, SGD, tempered, 0.1),
        lambda: theory.predict(basin, SGD, scaled(tempered, one), 0.1),
        lambda: theory.varying_rate(basin, slowing, tempered, 0.1),
    ]
    for ask in asked:
        with pytest.raises(ValueError, match=r"no power of epsilon gives; ask law\.jump_rate"):
            ask()
    with pytest.raises(ValueError, match="coordinates mixed by a matrix; give a factor"):
        theory.predict(basin, SGD, scaled(tempered, matrix=mixing), 0.1)
