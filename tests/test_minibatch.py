"""Minibatch SGD itself: which examples are drawn, exact recursions, the same bits everywhere."""

import math
from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest

import levysde as ls
from levysde import domains, noise, potentials, spec
from levysde.engine import slots
from levysde.engine.path import batch_step
from levysde.engine.path.recurrence_path import WORK_ROWS, advance_of, parameters_of
from levysde.methods.recurrence import recurrence
from levysde.model import Model

SGD = ls.dynamics.sgd()
SLOPES = np.array([1.0, -0.6, 1.5, 0.3, 0.9])
ANSWERS = np.array([0.2, 1.0, 0.9, -0.4, 0.7])


def one_hot(i, x, p, out):
    for j in range(len(x)):
        out[j] = 1.0 if i == j else 0.0


def index(i, x, p, out):
    out[0] = i


def towards(i, x, p, out):
    out[0] = x[0] - p[i]


def chi_squared(counts, categories):
    """The statistic of equally likely categories, in its standard deviations."""
    expected = sum(counts.values()) / categories
    found = sum((counts.get(key, 0) - expected) ** 2 for key in counts) / expected
    found += (categories - len(counts)) * expected
    return (found - (categories - 1)) / math.sqrt(2.0 * (categories - 1))


# ---------------------------------------------------------------------------------------- batches


def test_indices_are_uniform():
    drawn = potentials.finite_sum(1, 7, index).batch_gradients([0.0], 1, 70000, seed=3)[:, 0]
    counts = Counter(drawn.tolist())
    assert set(counts) == set(map(float, range(7)))
    assert abs(chi_squared(counts, 7)) < 4.0
    # The twin: an index that is a little too rare is noticed.
    counts[3.0] -= 500
    assert chi_squared(counts, 7) > 4.0


def test_examples_of_a_batch_are_independent_with_replacement():
    drawn = potentials.finite_sum(3, 3, one_hot).batch_gradients([0.0] * 3, 2, 90000, seed=4)
    counts = Counter(map(tuple, np.rint(2.0 * drawn).astype(int).tolist()))
    # Twice the same in 1/9 each, two different ones in 2/9 each.
    share = {key: 1.0 / 9.0 if 2 in key else 2.0 / 9.0 for key in counts}
    assert len(counts) == 6
    for key, count in counts.items():
        error = math.sqrt(90000 * share[key] * (1.0 - share[key]))
        assert abs(count - 90000 * share[key]) < 4.0 * error


@pytest.mark.parametrize("batch", [1, 3, 5])
def test_sets_are_equally_likely_without_replacement(batch):
    mean = potentials.finite_sum(6, 6, one_hot)
    drawn = mean.batch_gradients([0.0] * 6, batch, 40000, seed=5, replacement=False)
    inside = np.rint(batch * drawn).astype(int)
    assert set(inside.ravel()) == {0, 1}
    assert (inside.sum(axis=1) == batch).all()
    counts = Counter(map(tuple, inside.tolist()))
    assert abs(chi_squared(counts, math.comb(6, batch))) < 4.0


def test_large_indices_are_exact_to_a_word():
    count = 2**31 - 1
    for word in (0, 1, 2**33 - 1, 0x123456789ABCDEF0, 2**64 - 1):
        found = batch_step.index_below(np.uint64(word), np.uint64(count))
        assert found == word * count >> 64


@pytest.mark.parametrize("replacement", [False])
def test_mean_and_covariance_are_those_of_a_finite_population(replacement):
    data = np.random.default_rng(0).standard_normal((12, 2))
    risk = potentials.linear_regression(data, data[:, 0] + 1.0)
    w, batch, draws = np.array([0.3, -0.4]), 4, 100000
    single = (data @ w - data[:, 0] - 1.0)[:, None] * data
    spread = np.cov(single.T, bias=True) / batch
    exact = spread if replacement else spread * (12 - batch) / 11.0
    found = risk.batch_gradients(w, batch, draws, seed=6, replacement=replacement)
    away = found - single.mean(axis=0)
    error = found.std(axis=0) / math.sqrt(draws)
    assert (np.abs(away.mean(axis=0)) < 4.0 * error).all()
    products = away[:, :, None] * away[:, None, :]
    errors = products.std(axis=0) / math.sqrt(draws)
    assert (np.abs(products.mean(axis=0) - exact) < 4.0 * errors).all()
    # The twin: the other way of drawing has another covariance.
    other = spread if not replacement else spread * (12 - batch) / 11.0
    assert (np.abs(products.mean(axis=0) - other) > 10.0 * errors).any()


def test_draws_keep_to_their_slots(monkeypatch):
    seen, words = [], batch_step.random_words

    def noted(seed, path, step, slot):
        seen.append(int(slot))
        return words(seed, path, step, slot)

    monkeypatch.setattr(batch_step, "random_words", noted)
    with np.errstate(over="ignore"):
        for k in range(5):
            batch_step.drawn_word(*np.zeros(3, np.uint64), k)
    first = int(slots.RECURRENCE[-1].first)
    assert seen == [first, first, first + 1, first + 1, first + 2]


# ------------------------------------------------------------------------- exact linear recursions


def batches_of(batch, replacement):
    every = product(range(5), repeat=batch) if replacement else combinations(range(5), batch)
    return [list(drawn) for drawn in every]


def moments(lr, batch, replacement, steps):
    """Mean and second moment of x <- A x + B, A and B of a batch, from the exact recursion."""
    a, b = np.array(
        [(1.0 - lr * (SLOPES[d] ** 2).mean(), lr * (SLOPES[d] * ANSWERS[d]).mean())
         for d in batches_of(batch, replacement)]
    ).T  # fmt: skip
    first = second = 0.0
    for _ in range(steps):
        second = (a**2).mean() * second + 2.0 * (a * b).mean() * first + (b**2).mean()
        first = a.mean() * first + b.mean()
    return first, second


def regression():
    risk = potentials.linear_regression(SLOPES[:, None], ANSWERS)
    return ls.Basin(risk, domains.interval(-1e6, 1e6), risk.center, [0.0])


def ends(law, lr, steps, paths=40000, dynamics=SGD):
    found = ls.trajectories(
        regression(), dynamics, law, paths=paths, steps=steps, lr=lr, seed=7, every=steps
    )
    return found.positions[:, -1, 0]


@pytest.mark.parametrize(("batch", "replacement"), [(1, True), (2, True), (2, False)])
@pytest.mark.parametrize("steps", [1, 3, 80])
def test_moments_are_those_of_the_exact_recursion(batch, replacement, steps):
    x = ends(noise.minibatch(batch, replacement), 0.4, steps)
    first, second = moments(0.4, batch, replacement, steps)
    assert abs(x.mean() - first) < 4.0 * x.std() / 200.0
    assert abs((x**2).mean() - second) < 4.0 * (x**2).std() / 200.0
    # The twin: larger batches have less noise.
    other = moments(0.4, batch + 1, replacement, steps)[1]
    assert abs((x**2).mean() - other) > 10.0 * (x**2).std() / 200.0


def test_brownian_motion_beside_the_batches_adds_its_variance():
    """Stochastic gradient Langevin dynamics."""
    lr, sigma = 0.4, 1.5
    law = noise.plus_brownian(noise.minibatch(1), sigma)
    x = ends(law, lr, 3)
    a = (1.0 - lr * SLOPES**2) ** 2
    first, second = moments(lr, 1, True, 3)
    second += (sigma * lr) ** 2 * (1.0 + a.mean() + a.mean() ** 2)
    assert abs(x.mean() - first) < 4.0 * x.std() / 200.0
    assert abs((x**2).mean() - second) < 4.0 * (x**2).std() / 200.0
    assert abs((x**2).mean() - moments(lr, 1, True, 3)[1]) > 10.0 * (x**2).std() / 200.0
    run = escape(law)
    made = spec.build(run.parameters)[2]
    assert (made.sigma, made.law.batch) == (1.5, 1)


def test_stationary_variance_is_that_of_the_fixed_point():
    lr = 0.4
    a, b = 1.0 - lr * SLOPES**2, lr * SLOPES * ANSWERS
    first = b.mean() / (1.0 - a.mean())
    second = (2.0 * (a * b).mean() * first + (b**2).mean()) / (1.0 - (a**2).mean())
    assert moments(lr, 1, True, 400) == pytest.approx((first, second), rel=1e-9)
    x = ends(noise.minibatch(1), lr, 120)
    assert abs((x**2).mean() - second) < 4.0 * (x**2).std() / 200.0


@pytest.mark.parametrize("replacement", [False])
def test_escapes_are_geometric_where_a_step_forgets(replacement):
    """With learning rate 1 and f_i = (x - c_i)^2/2 a step leads to the mean of the batch."""
    places = np.array([-0.6, 0.12, 0.23, 1.3, -1.05])
    mean = potentials.finite_sum(1, 5, towards, params={"places": places})
    basin = ls.Basin(mean, domains.interval(-0.7, 0.7), [0.0])
    outside = [abs(places[d].mean()) > 0.7 for d in batches_of(2, replacement)]
    p = np.mean(outside)
    run = ls.escape_times(
        basin, SGD, noise.minibatch(2, replacement), lr=1.0, paths=20000, seed=8, horizon=1e4
    )
    assert run.escaped == 20000
    error = math.sqrt(1.0 - p) / p / math.sqrt(20000)
    assert abs(run.steps.mean() - 1.0 / p) < 4.0 * error
    other = np.mean([abs(places[d].mean()) > 0.7 for d in batches_of(2, not replacement)])
    assert abs(run.steps.mean() - 1.0 / other) > 4.0 * error


# -------------------------------------------------------------------------------- without any noise


def wide_regression(dim):
    data = np.random.default_rng(dim).standard_normal((9, dim))
    risk = potentials.linear_regression(data, data[:, 0] + 0.3 * data[:, -1] ** 2, 0.1)
    return ls.Basin(risk, domains.ball(risk.center, 9.0), risk.center, risk.center + 0.1)


OPTIMIZERS = {
    "sgd": SGD,
    "momentum": ls.dynamics.momentum(0.8),
    "Adam": ls.dynamics.adam(),
    "walls": ls.dynamics.walled(ls.dynamics.sgd(clip=0.3), -4.0, 4.0),
}


@pytest.mark.parametrize(("name", "dim"), [("Adam", 2)])
def test_all_examples_without_replacement_are_the_plain_gradient(name, dim):
    setting = {"paths": 2, "steps": 30, "lr": 0.05}
    basin, dynamics = wide_regression(dim), OPTIMIZERS[name]
    plain = ls.trajectories(basin, dynamics, noise.none(), **setting).positions
    whole = ls.trajectories(basin, dynamics, noise.minibatch(9, False), **setting).positions
    assert np.array_equal(whole, plain)
    drawn = ls.trajectories(basin, dynamics, noise.minibatch(8, False), **setting).positions
    assert not np.allclose(drawn, plain, rtol=1e-3)


def test_examples_that_agree_make_no_noise():
    mean = potentials.finite_sum(1, 3, towards, params={"places": [0.5] * 3})
    basin = ls.Basin(mean, domains.interval(-1.0, 1.0), [0.5], [0.0])
    found = ls.trajectories(basin, SGD, noise.minibatch(3), paths=2, steps=20, lr=0.1).positions
    exact = 0.5 * (1.0 - 0.9 ** np.arange(21))
    assert found[0, :, 0] == pytest.approx(exact, rel=1e-12, abs=1e-15)
    assert np.array_equal(found[0], found[1])


# ------------------------------------------------------------------------------ the same everywhere


PLAIN = [("Adam", 2, False), ("sgd", 40, True), ("walls", 40, True), ("momentum", 40, False)]


@pytest.mark.parametrize(("name", "dim", "replacement"), PLAIN[:2])
def test_blocks_do_what_one_path_does_in_plain_python(name, dim, replacement):
    basin, law = wide_regression(dim), noise.minibatch(4, replacement)
    model = Model(basin, OPTIMIZERS[name], law, math.sqrt(0.05))
    program = recurrence(model, 0.05, seed=11)
    found = ls.trajectories(
        basin, OPTIMIZERS[name], law, paths=3, steps=5, lr=0.05, seed=11
    ).positions
    x, m, v, g, dL = (np.zeros(dim) for _ in range(5))
    x[:] = basin.start
    work, advance = np.empty((WORK_ROWS, dim)), advance_of(program)
    parameters = parameters_of(program)
    with np.errstate(over="ignore"):  # of the integers
        for step in range(5):
            address = np.array([11, 2, step], dtype=np.uint64)
            advance((x, m, v), g, dL, dL, work, program.dt, *address, parameters)
            assert found[2, step + 1] == pytest.approx(x, rel=1e-9, abs=1e-12)


def test_results_do_not_depend_on_threads_nor_on_the_number_of_paths():
    basin, law = regression_basin(), noise.minibatch(1)
    one = ls.escape_times(basin, SGD, law, lr=0.4, paths=600, seed=9, threads=1)
    two = ls.escape_times(basin, SGD, law, lr=0.4, paths=1200, seed=9, threads=2)
    assert np.array_equal(one.steps, two.steps[:600])
    assert np.array_equal(one.exit_position, two.exit_position[:600])
    other = ls.escape_times(basin, SGD, law, lr=0.4, paths=600, seed=10, threads=1)
    assert not np.array_equal(one.steps, other.steps)


def regression_basin():
    risk = potentials.linear_regression(SLOPES[:, None], ANSWERS)
    return ls.Basin(risk, domains.interval(risk.center[0] - 0.5, risk.center[0] + 0.5), risk.center)


def test_steps_cost_a_batch_and_not_all_examples():
    """In numbers of calls, not in time: the pass of the full gradient is not there."""
    program = recurrence(
        Model(regression_basin(), SGD, noise.minibatch(2), math.sqrt(0.1)), 0.1, seed=0
    )
    out = np.full(1, 7.0)
    program.gradient(np.zeros(1), program.gradient_p, out)
    assert out[0] == 7.0
    assert program.batch.p[:2].tolist() == [2.0, 5.0]
    calls = []
    mean = batch_step.batch_gradient_of(lambda i, x, p, out: calls.append(i), replacement=True)
    with np.errstate(over="ignore"):
        mean(np.zeros(1), *np.zeros(3, np.uint64), program.batch.p, out, out.copy(), np.empty(2))
    assert len(calls) == 2


# ----------------------------------------------------------------------------- records and refusals


def test_the_parts_are_made_again_from_the_record():
    run = ls.escape_times(regression_basin(), SGD, noise.minibatch(2, False), lr=0.4, paths=50)
    assert run.parameters["batch"] == {"batch": 2, "replacement": False}
    basin, dynamics, law = spec.build(run.parameters)
    assert (law.batch, law.replacement, basin.potential.examples) == (2, False, 5)
    again = ls.escape_times(basin, dynamics, law, lr=0.4, paths=50)
    assert np.array_equal(again.steps, run.steps)
    assert again.parameters == run.parameters


def test_a_users_sum_is_made_again_from_the_record():
    mean = potentials.finite_sum(1, 3, towards, params={"places": [0.0, 1.0, -1.0]})
    basin = ls.Basin(mean, domains.interval(-0.7, 0.7), [0.0])
    run = ls.escape_times(basin, SGD, noise.minibatch(1), lr=0.2, paths=50)
    again = spec.build(run.parameters)[0].potential
    assert again.is_same_as(mean)
    assert again.examples == 3


def test_many_data_are_not_in_the_record():
    risk = potentials.linear_regression(np.ones((2100, 1)), np.arange(2100.0) / 2100.0)
    basin = ls.Basin(risk, domains.interval(-9.0, 9.0), risk.center)
    run = ls.escape_times(basin, SGD, noise.minibatch(2), lr=0.2, paths=2, horizon=1.0)
    with pytest.raises(ValueError, match="'X' of the result has more numbers than a record holds"):
        spec.build(run.parameters)


def escape(law, basin=None, dynamics=SGD, **more):
    setting = {"lr": 0.1, "paths": 2, "horizon": 1.0} | more
    return ls.escape_times(basin or regression_basin(), dynamics, law, **setting)


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (lambda: noise.minibatch(0), "batch is 0; give a whole number of at least 1"),
        (lambda: noise.minibatch(2.0), "batch is 2.0; give a whole number"),
        (lambda: noise.minibatch(2, "no"), "replacement is 'no'; give True or False"),
        (lambda: escape(noise.minibatch(6, False)), "batch is 6 without replacement, of 5 examp"),
        (lambda: escape(noise.minibatch(2), ls.basins.flat()), "has none; make it by potentials"),
        (lambda: escape(noise.minibatch(2), lr=None, epsilon=0.1, dt=0.5), "give lr in place of"),
        (lambda: escape(noise.minibatch(2), scheme="flow"), "scheme is 'flow'"),
        (lambda: escape(noise.minibatch(2), method="jump"), "jumps of the minibatch noise are not"),
        (lambda: noise.scaled(noise.minibatch(2), one_hot), "where no scale reaches it"),
        (lambda: noise.sample(noise.minibatch(2), 3), "depend on the state; draw them by"),
        (lambda: noise.minibatch(2).characteristic([[1.0]]), "depends on the state"),
        (lambda: regression_basin().potential.batch_gradients([0.0], 0, 3), "batch is 0"),
        (lambda: regression_basin().potential.batch_gradients([0.0], 1, 0), "draws is 0"),
        (lambda: regression_basin().potential.batch_gradients([0.0, 1.0], 1, 1), "shape"),
    ],
)
def test_what_cannot_be_is_refused(attempt, sentence):
    with pytest.raises(ValueError, match=sentence):
        attempt()


def test_the_steps_are_those_that_are_meant():
    """dt is the learning rate: there is no finer grid, and no bias of a grid to correct."""
    for law in (noise.minibatch(2), noise.plus_brownian(noise.minibatch(2), 0.1)):
        result = escape(law, paths=50, horizon=100.0)
        named = f"{law.name} noise is a law of one step, so that another dt .a learning rate."
        with pytest.raises(ValueError, match=named):
            ls.refine(result, regression_basin(), SGD, law)
        with pytest.raises(ValueError, match="give correction=None") as refusal:
            escape(law, correction="boundary-shift")
        assert "refine" not in str(refusal.value)
        assert "smaller dt" not in str(refusal.value)
    # The twin: an increment of time can be halved.
    with pytest.raises(ValueError, match="use refine, or a smaller dt"):
        ls.grid.shifted(domains.interval(-1, 1), noise.independent(1.5, beta=0.5), 0.1, 0.1)


def test_theory_has_no_measure_and_says_what_has():
    with pytest.raises(ValueError, match=r"no Levy process.* noise.fit .docs/real-gradients.md"):
        ls.theory.predict(regression_basin(), SGD, noise.minibatch(2), 0.1)


def test_graphics_processors_refuse_batches():
    from levysde.engine.cuda.recurrence_kernel import recurrence_job

    model = Model(regression_basin(), SGD, noise.minibatch(2), math.sqrt(0.1))
    with pytest.raises(ValueError, match="simulated on the CPU alone; use backend 'cpu'"):
        recurrence_job(recurrence(model, 0.1, seed=0), 10)


def test_noise_beside_the_gradient_of_an_sde_is_refused():
    sde = ls.dynamics.momentum(0.5, form="sde", rates="per_time")
    with pytest.raises(ValueError, match="give form='algorithm'"):
        escape(noise.minibatch(2), dynamics=sde, lr=None, epsilon=math.sqrt(0.1), dt=0.1)
