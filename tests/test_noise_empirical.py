"""Rows of data as the steps of an optimizer."""

import copy
import json
import math
import pickle

import numpy as np
import pytest
from scipy import stats

import levysde as ls
from levysde import spec
from levysde.cli import main
from levysde.engine.cpu.pointwise import increments
from levysde.engine.random.philox import random_words
from levysde.noise import Empirical

SIGMAS = 4.0
SIZE = 200_000
SGD = ls.dynamics.sgd()
DATA = np.random.default_rng(7).standard_t(3, (37, 3)) @ np.array(
    [[1.0, 0.5, 0.0], [0.0, 2.0, -1.0], [0.0, 0.0, 0.3]]
)


def numbers_of_rows(draws, rows):
    """Which row each draw is, by its first coordinate; no two rows share it."""
    order = np.argsort(rows[:, 0])
    found = order[np.searchsorted(rows[order, 0], draws[:, 0] - 1e-9)]
    assert np.allclose(rows[found], draws, rtol=1e-12, atol=1e-12)  # rows are kept together
    return found


def chi_square_z(counts, expected):
    """Pearson's chi-square in its standard deviations."""
    free = len(counts) - 1
    chi_square = ((counts - expected) ** 2 / expected).sum()
    return (chi_square - free) / math.sqrt(2.0 * free)


# -------------------------------------------------------------------------------------- the draws


@pytest.mark.parametrize("rows", [37, 32])
def test_rows_are_equally_frequent_and_kept_together(rows):
    data = DATA[:rows]
    law = ls.noise.empirical(data)
    draws = ls.noise.sample(law, SIZE, seed=3)
    found = numbers_of_rows(draws, data - data.mean(axis=0))
    counts = np.bincount(found, minlength=rows)
    assert abs(chi_square_z(counts, np.full(rows, SIZE / rows))) < SIGMAS
    tilted = np.linspace(0.95, 1.05, rows) * SIZE / rows
    assert chi_square_z(counts, tilted) > SIGMAS
    pairs = np.bincount(found[:-1] * rows + found[1:], minlength=rows**2)
    assert abs(chi_square_z(pairs, np.full(rows**2, (SIZE - 1) / rows**2))) < SIGMAS


def test_mean_and_covariance_are_those_of_the_data():
    epsilon, dt = 0.5, 0.01
    draws = ls.noise.sample(ls.noise.empirical(DATA), SIZE, seed=5, epsilon=epsilon, dt=dt)
    rows = (DATA - DATA.mean(axis=0)) * epsilon * math.sqrt(dt)
    exact = rows.T @ rows / len(rows)
    error = np.sqrt(np.diag(exact) / SIZE)
    assert (np.abs(draws.mean(axis=0)) < SIGMAS * error).all()
    products = rows[:, :, None] * rows[:, None, :]
    error = products.std(axis=0) / math.sqrt(SIZE)
    found = draws.T @ draws / SIZE
    assert (np.abs(found - exact) < SIGMAS * error).all()
    alone = np.column_stack([np.roll(draws[:, j], j) for j in range(3)])  # coordinates apart
    assert (np.abs(alone.T @ alone / SIZE - exact) > SIGMAS * error).any()


def test_the_row_is_that_of_the_first_word():
    """By hand from the address (seed, path, step): floor of the upper 52 bits times the rows."""
    law = ls.noise.empirical(DATA, center=None)
    draws = ls.noise.sample(law, 50, seed=11)
    zero = np.uint64(0)
    for path, draw in enumerate(draws):
        word = int(random_words(np.uint64(11), np.uint64(path), zero, zero)[0])
        assert np.array_equal(draw, DATA[(2 * (word >> 12) + 1) * len(DATA) >> 53])


def test_characteristic_function_is_that_of_the_draws():
    u = np.random.default_rng(2).standard_normal((10, 3))
    law = ls.noise.empirical(DATA)
    waves = np.exp(1j * ls.noise.sample(law, SIZE, seed=9) @ u.T)
    error = np.sqrt((1.0 - np.abs(law.characteristic(u)) ** 2) / SIZE)
    assert (np.abs(waves.mean(axis=0) - law.characteristic(u)) < SIGMAS * error).all()


@pytest.mark.parametrize("alpha", [2.0, 1.3])
def test_with_a_learning_rate_a_step_is_the_row_times_it(alpha):
    law, lr = ls.noise.empirical(DATA, alpha=alpha), 0.01
    epsilon = lr ** ((alpha - 1.0) / alpha)
    steps = increments(law.part(3, epsilon, lr), 3, 100, 1)
    rows = lr * (DATA - DATA.mean(axis=0))
    found = rows[numbers_of_rows(steps, rows)]
    assert np.abs(steps / found - 1.0).max() < 1e-13
    # One step of SGD from the minimum, where the gradient is zero, ends at minus or plus the row.
    basin = ls.basins.quadratic(3, lower=-1e-9, upper=1e-9)
    run = ls.escape_times(basin, SGD, law, lr=lr, paths=100, seed=1)
    assert (run.times == lr).all()
    assert np.allclose(np.abs(run.exit_position), np.abs(steps), rtol=1e-9)


def test_center():
    median = ls.noise.empirical(DATA, center="median")
    assert np.array_equal(median.center, np.median(DATA, axis=0))
    assert np.array_equal(ls.noise.empirical(DATA, center=None).center, np.zeros(3))
    assert np.array_equal(ls.noise.empirical(DATA, center=[1.0, 2.0, 3.0]).center, [1.0, 2.0, 3.0])
    drift = ls.noise.sample(ls.noise.empirical(DATA + 5.0, center=None), 1000).mean(axis=0)
    assert (np.abs(drift - 5.0) < 1.0).all()


# ------------------------------------------------------------------------------------ simulations


def test_wide_paths_and_any_number_of_threads():
    data = np.random.default_rng(1).standard_t(3, (200, 100))
    law, basin = ls.noise.empirical(data), ls.basins.flat(100)
    given = {"lr": 0.01, "paths": 24, "horizon": 0.3, "seed": 2}
    one, two = (ls.escape_times(basin, SGD, law, threads=n, **given) for n in (1, 2))
    assert one.digest == two.digest
    assert one.escaped
    assert np.array_equal(one.exit_position, two.exit_position)
    wide = np.random.default_rng(1).standard_t(3, (50, 4000))
    draws = ls.noise.sample(ls.noise.empirical(wide), 5, seed=2)
    numbers_of_rows(draws, wide - wide.mean(axis=0))


def test_narrow_paths_and_any_number_of_threads():
    law, basin = ls.noise.empirical(DATA), ls.basins.flat(3)
    given = {"lr": 0.05, "paths": 500, "seed": 2}
    one, two = (ls.escape_times(basin, SGD, law, threads=n, **given) for n in (1, 2))
    assert one.digest == two.digest
    assert np.array_equal(one.times, two.times)


def test_variance_of_many_steps_is_that_of_an_autoregression():
    """x <- (1 - lr) x + lr row has the variance lr^2 s^2 (1 - q^n)/(1 - q), q = (1 - lr)^2."""
    data, lr, steps, paths = DATA[:, :1], 0.1, 20, 20_000
    law, wide = ls.noise.empirical(data), ls.basins.quadratic(1, lower=-1e9, upper=1e9)
    run = ls.escape_times(wide, SGD, law, lr=lr, paths=paths, horizon=steps * lr, seed=4)
    q = (1.0 - lr) ** 2
    exact = lr**2 * data.var() * (1.0 - q**steps) / (1.0 - q)
    squares = run.exit_position[:, 0] ** 2
    error = squares.std() / math.sqrt(paths)
    assert run.censored == paths
    assert abs(squares.mean() - exact) < SIGMAS * error
    assert abs(squares.mean() - 1.2 * exact) > SIGMAS * error


def test_beside_other_parts():
    law = ls.noise.empirical(DATA)
    both = ls.noise.plus_brownian(law, 0.5)
    draws = ls.noise.sample(both, SIZE, seed=3)
    exact = DATA.var(axis=0) + 0.25
    assert (np.abs(draws.var(axis=0) / exact - 1.0) < 0.05).all()
    cooled = ls.noise.scaled(law, ls.schedules.inverse_power(10.0, power=0.5))
    run = ls.escape_times(ls.basins.flat(3), SGD, cooled, 0.5, dt=0.01, paths=50, horizon=1.0)
    assert run.paths == 50
    doubled = law.transformed(np.array([2.0, 2.0, 2.0]))
    assert np.allclose(ls.noise.sample(doubled, 9), 2.0 * ls.noise.sample(law, 9))
    mixed = law.transformed(2.0 * np.eye(3))
    assert np.allclose(ls.noise.sample(mixed, 9), 2.0 * ls.noise.sample(law, 9))
    adam = ls.escape_times(ls.basins.flat(3), ls.dynamics.adam(), law, lr=0.05, paths=50)
    assert adam.escaped


def test_what_it_is_not():
    law = ls.noise.empirical(DATA)
    assert (law.divisible, law.self_similar, law.form, law.dim) == (False, True, None, 3)
    with pytest.raises(ValueError, match="jumps of the empirical noise are not known"):
        ls.escape_times(ls.basins.flat(3), SGD, law, 0.1, method="jump", paths=10)
    with pytest.raises(ValueError, match="no escape measure for the noise law 'empirical'"):
        ls.theory.predict(ls.basins.flat(3), SGD, law, 0.1)
    with pytest.raises(ValueError, match="empirical noise is of dimension 3 and the basin of dim"):
        ls.escape_times(ls.basins.flat(2), SGD, law, 0.1, paths=10)


# ----------------------------------------------------------------------------------------- records


def test_data_cannot_be_changed():
    own = np.array(DATA)
    law = ls.noise.empirical(own)
    own[0] = 99.0
    assert np.array_equal(law.samples, DATA)
    for array in (law.samples, law.center, law.params["samples"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    frozen = np.array(DATA)
    frozen.flags.writeable = False
    assert ls.noise.empirical(frozen).samples is frozen  # large data are not copied


@pytest.mark.parametrize("center", ["mean", "median", None, [0.1, 0.2, 0.3]])
def test_a_record_of_few_numbers_makes_the_law_again(center):
    law = ls.noise.empirical(DATA, 1.7, center)
    run = ls.escape_times(ls.basins.flat(3), SGD, law, lr=0.1, paths=20, seed=1)
    _, _, again = spec.build(json.loads(json.dumps(run.parameters)))
    assert isinstance(again, Empirical)
    for other in (again, pickle.loads(pickle.dumps(law)), copy.deepcopy(law)):
        assert np.array_equal(ls.noise.sample(other, 20), ls.noise.sample(law, 20))
    repeated = ls.escape_times(ls.basins.flat(3), SGD, again, lr=0.1, paths=20, seed=1)
    assert repeated.digest == run.digest


def test_a_record_of_many_numbers_has_their_hash(tmp_path):
    data = np.random.default_rng(1).standard_normal((1000, 3))
    runs = [ls.escape_times(ls.basins.flat(3), SGD, ls.noise.empirical(each), lr=0.5, paths=20)
            for each in (data, data * [1.0, 1.0, 1.0 + 1e-9])]  # fmt: skip
    kept, other = (run.parameters["noise_params"]["samples"] for run in runs)
    assert kept["shape"] == [1000, 3]
    assert kept["sha256"] != other["sha256"]
    with pytest.raises(ValueError, match="'samples' of the result has more numbers than"):
        spec.build(runs[0].parameters)
    runs[0].save(tmp_path / "run.npz")
    assert ls.load(tmp_path / "run.npz").digest == runs[0].digest


def test_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "noise.npy"
    np.save(path, DATA)
    words = ["escape", "--noise", "empirical", "--noise-parameter", f"samples={path}", "--lr"]
    assert main([*words, "0.1", "--basin", "flat", "--paths", "50", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["noise"], record["alpha"], record["dim"]) == ("empirical", 2.0, 3)
    assert main(["escape", "--noise", "empirical", "--paths", "50"]) == 2
    assert "needs --noise-parameter samples=V" in capsys.readouterr().err


# --------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"samples": DATA[:, 0]}, r"shape \(37,\); give shape \(draws, coordinates\)"),
        ({"samples": DATA[None]}, r"give shape \(draws, coordinates\)"),
        ({"samples": np.where(DATA > 1.0, np.nan, DATA)}, "samples has nan in draw .* finite"),
        ({"samples": DATA * math.inf}, "give finite numbers"),
        ({"samples": DATA[:1]}, "samples has 1 draw; give at least 2"),
        ({"samples": DATA[:, :0]}, "samples has no coordinates; give at least one"),
        ({"samples": "data.npy"}, "give an array of real numbers"),
        ({"samples": None}, "give an array of real numbers"),
        ({"samples": [[1.0, 2.0], [3.0]]}, "rows of different lengths"),
        ({"alpha": 3.0}, "alpha is 3; give a stability index from 0.1 to 2"),
        ({"center": "mode"}, "unknown center 'mode'; known: mean, median"),
        ({"center": [1.0]}, r"center has shape \(1,\); give shape \(3,\)"),
        ({"center": math.nan}, "center"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        ls.noise.empirical(**{"samples": DATA} | given)


def test_uniformity_of_the_reference():
    """The chi-square in standard deviations is what scipy says."""
    counts = np.array([90, 110, 100, 120, 80])
    exact = stats.chisquare(counts).statistic
    assert chi_square_z(counts, np.full(5, 100.0)) == pytest.approx((exact - 4.0) / math.sqrt(8.0))
