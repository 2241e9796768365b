"""One path through all wells on a line: the flow's table, the moves, and chains of visits."""

import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate

import levysde as ls
from levysde import theory
from levysde.engine.path.line_path import _linear_deviation
from levysde.engine.path.tabulated_flow import flow_of_table
from levysde.methods.jump.flow_table import flow_table

SGD = ls.dynamics.sgd()
NOISE = ls.noise.independent(1.5)
DOUBLE = ls.potentials.double_well(1)
MINIMA = [-3.0, -1.0, 1.2, 3.0]


def four_wells(x, p, out):
    out[0] = (x[0] + 3.0) * (x[0] + 2.0) * (x[0] + 1.0) * x[0] * (x[0] - 1.2)
    out[0] *= (x[0] - 2.1) * (x[0] - 3.0)


FOUR = ls.Potential(1, four_wells)


def velocity(x):
    return -(x + 3.0) * (x + 2.0) * (x + 1.0) * x * (x - 1.2) * (x - 2.1) * (x - 3.0)


def kinked(x):
    """Slopes of two sizes, and a jump of the slope between the minima -1 and 1."""
    return np.where(x < 0.0, np.where(x < -0.3, -2.0 * (x + 1.0), 14.0 / 3.0 * x), 0.0) + np.where(
        x >= 0.0, np.where(x > 0.5, 1.0 - x, x), 0.0
    )


# ---------------------------------------------------------------------------------------- the flow


@pytest.mark.quick
@pytest.mark.parametrize(
    ("field", "minima", "ends"),
    [(velocity, MINIMA, 6.0), (kinked, [-1.0, 1.0], 5.0)],
    ids=["polynomial", "kinked"],
)
def test_the_table_is_the_flow(field, minima, ends):
    table, error = flow_table(field, np.array(minima))
    assert error < 1e-8
    generator = np.random.default_rng(3)
    for x in generator.uniform(-ends, ends, 60).tolist():
        h = float(generator.exponential(0.3))
        flow = integrate.solve_ivp(
            lambda t, y: field(y), (0.0, h), [x], "LSODA", rtol=1e-13, atol=1e-15
        )
        found = flow_of_table(x, h, table)
        assert found == pytest.approx(float(flow.y[0, -1]), abs=1e-8)
        # A flow that is one percent faster is another one, but at rest.
        if abs(field(np.array([found]))[0]) * h > 1e-2:
            assert abs(flow_of_table(x, 1.01 * h, table) - float(flow.y[0, -1])) > 1e-5


@pytest.mark.quick
def test_the_table_of_a_cubic_is_exact_from_far_away_to_rest():
    table = flow_table(lambda x: x - x**3, np.array([-1.0, 1.0]))[0]
    generator = np.random.default_rng(4)
    for x in generator.choice([-1.0, 1.0], 300) * 10.0 ** generator.uniform(-9.0, 6.0, 300):
        h = float(10.0 ** generator.uniform(-3.0, 3.0))
        decay = math.exp(-2.0 * h)
        exact = x / math.sqrt(x * x + (1.0 - x * x) * decay)
        # A look-up is off by a share of the distance from the nearest zero, which may be 0.
        assert flow_of_table(float(x), h, table) == pytest.approx(exact, rel=1e-8)


@pytest.mark.quick
def test_a_velocity_that_vanishes_on_an_interval_has_no_table():
    flat = lambda x: np.where(np.abs(x) < 0.5, 0.0, x - x**3)  # noqa: E731
    assert flow_table(flat, np.array([-1.0, 1.0])) is None


@pytest.mark.quick
@pytest.mark.parametrize("rate_time", [1e-12, 1e-3, 1.0, 49.9, 50.1, 400.0, 600.0, 1e9])
def test_the_deviation_of_a_linear_move(rate_time):
    exact = math.sqrt(-3.0 * math.expm1(-2.0 * rate_time) / 4.0)
    assert _linear_deviation(2.0, 3.0, 0.5 * rate_time) == pytest.approx(exact, rel=1e-6)


# ------------------------------------------------------------------------------------- the visits


def run(potential, minima, epsilon, horizon, paths=100, **settings):
    settings = {"method": "jump", **settings}
    return ls.visits(potential, minima, SGD, NOISE, epsilon, horizon, paths, **settings)


@pytest.fixture(scope="module")
def rates():
    return theory.transition_rates(FOUR, MINIMA, NOISE, 1e-4).rates


@pytest.fixture(scope="module")
def found(rates):
    return run(FOUR, MINIMA, 1e-4, 300.0 / -rates[0, 0])


def errors_of(estimates):
    return (estimates.upper - estimates.lower) / (2.0 * 1.96)


def test_rates_and_next_wells_are_those_of_the_theory(found, rates):
    assert found.dt == 0.0
    assert found.lost == 0
    assert found.parameters["flow_error"] < 1e-8
    assert len(found.time) > 25_000
    seen = found.rates()
    apart = ~np.eye(4, dtype=bool)
    assert (abs(seen.value - rates)[apart] < 4.0 * errors_of(seen)[apart]).all()
    other = theory.transition_rates(FOUR, MINIMA, ls.noise.independent(1.45), 1e-4).rates
    assert (abs(seen.value - other)[apart] > 10.0 * errors_of(seen)[apart]).all()


def test_shares_of_time_are_stationary_ones(found, rates):
    # Of independent paths: their spread is the error, and the start is forgotten.
    shares = found.times / found.horizon
    stationary = theory.transition_rates(FOUR, MINIMA, NOISE, 1e-4).stationary
    error = shares.std(axis=0, ddof=1) / np.sqrt(found.paths)
    start = np.array([1.0, 0.0, 0.0, 0.0])
    slowest = np.sort(-np.linalg.eigvals(rates).real)[1]
    bias = abs(start - stationary) / (slowest * found.horizon)
    assert (abs(shares.mean(axis=0) - stationary) < 4.0 * error + bias).all()
    assert (abs(shares.mean(axis=0) - np.roll(stationary, 1)) > 6.0 * error).all()


def test_wells_that_are_not_counted_are_passed_through(rates):
    # Time from 0 to 3 of the chain with all four wells: (-Q) t = 1 without the row of 3.
    seen = run(FOUR, [MINIMA[0], MINIMA[3]], 1e-4, 300.0 / -rates[0, 0])
    inner = -rates[:3, :3]
    mean = float(np.linalg.solve(inner, np.ones(3))[0])
    expected, direct = 1.0 / mean, rates[0, 3]
    rate = seen.rates()
    error = errors_of(rate)[0, 1]
    assert seen.counts.sum() > 5000
    assert abs(rate.value[0, 1] - expected) < 4.0 * error
    assert abs(rate.value[0, 1] - direct) > 10.0 * error


def test_a_visit_begins_when_the_flow_comes_near():
    # The same paths with two radii: entries lie apart by the time of the flow between them.
    settings = {"epsilon": 1e-3, "horizon": 6e6, "paths": 20}
    wide = run(DOUBLE, [-1.0, 1.0], radius=0.5, **settings)
    close = run(DOUBLE, [-1.0, 1.0], radius=0.05, **settings)
    assert len(wide.time) == len(close.time) > 500
    waited = close.time - wide.time
    clock = lambda x: math.log(x / math.sqrt(abs(1.0 - x * x)))  # noqa: E731
    inner = clock(0.95) - clock(0.5)
    outer = clock(1.05) - clock(1.5)
    passed = np.isclose(waited, inner, atol=1e-5) | np.isclose(waited, outer, atol=1e-5)
    # Those that a jump brings beyond the wider edge; the others land between the two.
    assert passed.mean() > 0.5
    assert (waited >= 0.0).all()
    assert (waited < inner + 1e-5).all()


def test_steps_and_jumps_agree_at_larger_amplitude():
    settings = {"epsilon": 0.25, "horizon": 1000.0, "paths": 150}
    jumps = run(DOUBLE, [-1.0, 1.0], **settings).rates()
    steps = run(DOUBLE, [-1.0, 1.0], method="euler", seed=1, **settings).rates()
    for i, j in ((0, 1), (1, 0)):
        error = np.hypot(errors_of(jumps)[i, j], errors_of(steps)[i, j])
        assert abs(jumps.value[i, j] - steps.value[i, j]) < 4.0 * error
        # Not those of the limit of small noise.
        limit = theory.transition_rates(DOUBLE, [-1.0, 1.0], NOISE, 0.25).rates[i, j]
        assert abs(jumps.value[i, j] - limit) > 5.0 * error


def test_numbers_depend_on_the_seed_alone(found, rates):
    horizon = 20.0 / -rates[0, 0]
    both = [run(FOUR, MINIMA, 1e-4, horizon, 30, threads=threads) for threads in (1, 2)]
    assert np.array_equal(both[0].time, both[1].time)
    assert np.array_equal(both[0].target, both[1].target)
    fewer = run(FOUR, MINIMA, 1e-4, horizon, 7)
    assert np.array_equal(fewer.time, both[0].time[both[0].path < 7])
    longer = found.time[found.path == 3]
    again = both[0].time[both[0].path == 3]
    assert np.array_equal(longer[: len(again)], again)
    other = run(FOUR, MINIMA, 1e-4, horizon, 7, seed=1)
    assert not np.array_equal(other.time[:5], fewer.time[:5])


def test_a_path_that_the_potential_does_not_hold_is_lost():
    # Beyond 2 the force leads away, in a finite time.
    sextic = ls.Potential(1, unbounded)
    seen = run(sextic, [-1.0, 1.0], 1e-2, 2e3, 50)
    assert 0 < seen.lost < 50
    assert seen.paths + seen.lost == 50
    assert seen.times.sum(axis=1) == pytest.approx(np.full(seen.paths, seen.horizon))


def unbounded(x, p, out):
    out[0] = x[0] * (x[0] * x[0] - 1.0) * (4.0 - x[0] * x[0])


# --------------------------------------------------------------------------------------- the file


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("minima", "path", "time", "origin", "target")
    )


def test_a_file_holds_everything(found, tmp_path):
    target = found.save(tmp_path / "run")
    assert target.name == "run.npz"
    copy = ls.load_visits(target)
    assert same(copy, found)
    assert copy.digest == found.digest
    assert copy.parameters == found.parameters
    assert (copy.paths, copy.lost, copy.start, copy.horizon, copy.dt) == (
        100,
        0,
        0,
        found.horizon,
        0,
    )
    assert same(pickle.loads(pickle.dumps(found)), found)
    again = copy.save(tmp_path / "again.npz")
    assert again.read_bytes() == target.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.npz", "run.npz"]
    fewer = replace(found, horizon=2.0 * found.horizon)
    assert fewer.digest != found.digest


def test_no_transitions_are_a_result_too(tmp_path):
    none = run(DOUBLE, [-1.0, 1.0], 1e-4, 1.0, 3)
    assert len(none.time) == 0
    copy = ls.load_visits(none.save(tmp_path / "none"))
    assert same(copy, none)
    assert copy.occupation().value.tolist() == [1.0, 0.0]
    assert json.loads(json.dumps(copy.to_dict()))["digest"] == none.digest


def test_what_is_wrong_with_a_file_is_one_sentence(found, tmp_path):
    target = found.save(tmp_path / "run")
    data = target.read_bytes()
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 1
    other = ls.EscapeTimes(np.array([3]), np.array([1], np.int8), np.array([[1.5]]), dt=0.1)
    for name, content, told in (
        ("short", data[: len(data) // 2], "not a complete npz archive"),
        ("damaged", bytes(damaged), "cannot be loaded"),
        ("empty", b"", "not a complete npz archive"),
        ("other", other.save(tmp_path / "escape").read_bytes(), "its members must be header.npy"),
    ):
        file = tmp_path / f"{name}.npz"
        file.write_bytes(content)
        with pytest.raises(ValueError, match=told):
            ls.load_visits(file)
    with pytest.raises(ValueError, match="its members must be"):
        ls.load(target)
    with pytest.raises(FileNotFoundError):
        ls.load_visits(tmp_path / "missing.npz")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"start": 7}, "start is 7, and there are 4 wells"),
        ({"horizon": math.nan}, "horizon is nan"),
        ({"paths": 3}, "path must be sorted"),
        ({"horizon": 1.0}, "between 0 and the horizon"),
        ({"start": 1}, "must begin in the well that it has reached"),
        ({"time": np.zeros(3)}, "one entry a transition"),
        ({"minima": np.zeros((2, 1))}, "a well of 0 to 1"),
    ],
)
def test_lines_that_no_path_makes_are_refused(found, change, told):
    with pytest.raises(ValueError, match=told):
        replace(found, **change)


@pytest.mark.parametrize(
    ("potential", "minima", "epsilon", "horizon", "recorded"),
    [
        (FOUR, MINIMA, 1e-4, 1e8, "5f9484bb3f8a733c"),
        (DOUBLE, [-1.0, 1.0], 0.1, 500.0, "88936dd6e5b4e335"),
    ],
    ids=["still", "diffusive"],
)
def test_the_same_call_gives_the_same_answer_as_ever(potential, minima, epsilon, horizon, recorded):
    seen = run(potential, minima, epsilon, horizon, 5)
    assert len(seen.time) > 20
    assert seen.digest[:16] == recorded
    assert run(potential, minima, 1.0001 * epsilon, horizon, 5).digest[:16] != recorded
