"""Functions of the user that go wrong away from the start are refused before a run."""

import math
import time

import numba
import numpy as np
import pytest

import levysde as ls
from levysde import domains, trial

SGD, STABLE = ls.dynamics.sgd(), ls.noise.independent(1.5)
PARAMS = {"stiffness": 1.0}


def basin_of(gradient, domain=None, dim=1, start=None):
    potential = ls.Potential(dim, gradient, params=PARAMS)
    domain = domain or (domains.interval(-1, 1) if dim == 1 else domains.ball(np.zeros(dim), 1))
    return ls.Basin(potential, domain, np.zeros(dim), start)


def linear(x, p, out):
    for j in range(len(x)):
        out[j] = p[0] * x[j]


def reads_beyond_p(x, p, out):
    out[0] = p[0] * x[0] if x[0] < 0.5 else p[len(p) + 6] * x[0]


def reads_beyond_x(x, p, out):
    out[0] = x[0] if x[0] < 0.5 else x[len(x) + 2]


def writes_beyond_out(x, p, out):
    out[0] = x[0]
    if x[0] < -0.7:
        out[len(x)] = 3.0


def reads_beyond_p_in_a_strip(x, p, out):
    out[0] = x[0] if not 0.7 < x[0] < 0.7005 else p[3]


def writes_beyond_out_in_a_strip(x, p, out):
    out[0] = x[0]
    if 0.7 < x[0] < 0.7005:
        out[2] = 3.0


def writes_before_out_in_a_strip(x, p, out):
    out[-1] = x[-1]
    if 0.7 < x[0] < 0.7005:
        out[-2] = 3.0


@numba.njit
def compiled_helper(x, p):
    return p[5] if x > 0.4 else 1.0


def reads_in_a_compiled_helper(x, p, out):
    out[0] = compiled_helper(x[0], p) * x[0]


def leaves_unwritten(x, p, out):
    if x[0] < 0.6:
        out[0] = x[0]


def adds_to_what_was_there(x, p, out):
    if x[0] < 0.2:
        out[0] = x[0]
    else:
        out[0] += x[0]


def changes_x(x, p, out):
    out[0] = x[0]
    if x[0] > 0.3:
        x[0] = 0.3


def changes_p(x, p, out):
    out[0] = p[0] * x[0]
    if x[0] > 0.3:
        p[0] = 0.3


def draws(x, p, out):
    out[0] = x[0]
    if x[0] > 1e9:  # where nobody looks
        out[0] += np.random.normal()


def divides_by_zero(x, p, out):
    out[0] = x[0] * (1.0 if x[0] < 0.3 else 1.0 / math.floor(0.5))


COUNTER = [0]


def counts(x, p, out):
    COUNTER[0] += 1
    out[0] = x[0] + (1e-9 * COUNTER[0] if x[0] > 0.3 else 0.0)


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (reads_beyond_p, "index 7 is out of bounds.*p has 1"),
        (reads_beyond_x, "index 3 is out of bounds"),
        (writes_beyond_out, "index 1 is out of bounds"),
        (reads_in_a_compiled_helper, "index 5 is out of bounds"),
        (leaves_unwritten, "component 0 of out unwritten"),
        (adds_to_what_was_there, "component 0 of out unwritten, or read it"),
        (changes_x, "changed x"),
        (changes_p, "changed p"),
        (draws, "levysde.noise"),
        (divides_by_zero, "ZeroDivisionError"),
        (counts, "two answers"),
    ],
)
def test_gradients_that_go_wrong_away_from_the_start(gradient, words):
    basin = basin_of(gradient)  # the start shows nothing
    calls = (
        lambda: ls.escape_times(basin, SGD, STABLE, 0.5, paths=20),
        lambda: ls.trajectories(basin, SGD, STABLE, 0.5, paths=1, steps=5),
        lambda: ls.compare(basin, [SGD, ls.dynamics.momentum(0.5)], STABLE, 0.5, paths=20),
    )
    for call in calls:
        with pytest.raises(ValueError, match=words) as caught:
            call()
        assert repr(gradient.__name__) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert gradient is draws or " at x = (" in str(caught.value)


@pytest.mark.parametrize("dim", [1, 2, 3, 40])
def test_an_index_in_a_far_branch_of_many_dimensions(dim):
    def gradient(x, p, out):
        square = 0.0
        for j in range(len(x)):
            out[j] = x[j]
            square += x[j] * x[j]
        if square > 0.99:
            out[len(x)] = 0.0

    with pytest.raises(ValueError, match=f"index {dim} is out of bounds"):
        trial.try_functions(basin_of(gradient, dim=dim))


def silent(x, p):
    if x[0] > -0.5:
        return x[0] >= 1.0


def beyond(x, p):
    return x[0] >= 1.0 or x[0] <= (-1.0 if x[0] > -0.5 else p[len(p) + 3])


def beyond_in_a_strip(x, p):
    return x[0] >= 1.0 or x[0] <= (p[3] if 0.7 < x[0] < 0.7005 else -1.0)


def undefined(x, p):
    return math.sqrt(1.0 - x[0]) < 0.1 or x[0] < -1.0


def moves(x, p):
    if x[0] > 1.0:
        x[0] = 1.0
    return abs(x[0]) >= 1.0


def undecided(x, p):
    return abs(x[0]) >= 1.0 + 0.01 * np.random.random()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (reads_beyond_p_in_a_strip, r"uses p\[3\], but x and out have 1 numbers and p has 1"),
        (writes_beyond_out_in_a_strip, r"uses out\[2\], but x and out have 1 numbers"),
        (writes_before_out_in_a_strip, r"uses out\[-2\], but x and out have 1 numbers"),
        (beyond_in_a_strip, r"uses p\[3\], but x has 1 numbers"),
    ],
)
def test_constant_indices_are_checked_where_no_trial_is(function, words):
    if function is beyond_in_a_strip:
        basin = basin_of(linear, ls.Domain(1, function))
    else:
        basin = basin_of(function)
    with pytest.raises(ValueError, match=words):
        trial.try_functions(basin)


def serves_every_dimension(x, p, out):
    out[0] = x[0]
    if len(x) > 1:
        out[1] = x[1]


def made_for(dim):
    def gradient(x, p, out):
        out[0] = x[0]
        if dim > 1:
            out[1] = x[1]

    return gradient


@pytest.mark.parametrize("gradient", [serves_every_dimension, made_for(1)])
def test_branches_for_other_dimensions_are_not_held_against_a_function(gradient):
    trial.try_functions(basin_of(gradient))


@pytest.mark.parametrize(
    ("outside", "words"),
    [
        (silent, "returned None"),
        (beyond, "index 3 is out of bounds"),
        (undefined, "ValueError: .*give a number at every point"),
        (moves, "changed x"),
        (undecided, "levysde.noise"),
    ],
)
def test_predicates_that_go_wrong_away_from_the_start(outside, words):
    basin = basin_of(linear, ls.Domain(1, outside))
    with pytest.raises(ValueError, match=words) as caught:
        ls.escape_times(basin, SGD, STABLE, 0.5, paths=20)
    assert f"the outside function {outside.__name__!r}" in str(caught.value)


def test_a_value_that_makes_the_domain_is_tried():
    def gradient(x, p, out):
        out[0] = 2.0 * x[0]

    def value(x, p):
        return x[0] * x[0] if x[0] > -5.0 else p[4]

    potential = ls.Potential(1, gradient, value)
    basin = ls.Basin(potential, domains.sublevel_set(potential, 0.5), 0.0)
    with pytest.raises(ValueError, match=r"'value' failed at x = .* index 4 is out of bounds"):
        ls.escape_times(basin, SGD, STABLE, 0.5, paths=20)


def test_a_margin_is_tried_inside():
    def late(x, p, covariance, reach):
        return math.nan if x[0] > 0.5 else 0.0

    domain = ls.Domain(1, lambda x, p: abs(x[0]) >= 1.0, margin=late)
    with pytest.raises(ValueError, match="'late' returned nan at x = "):
        trial.try_functions(basin_of(linear, domain))


# ------------------------------------------------------------------------------------ right models


def overflows(x, p, out):
    out[0] = math.exp(x[0]) - 1.0


def barrier(x, p, out):
    out[0] = x[0] / math.sqrt(1.0 - x[0] * x[0])


def pole(x, p, out):
    out[0] = x[0] / (1.0 - x[0])


def quintic(x, p, out):
    out[0] = x[0] ** 5 + x[0]


def last_first(x, p, out):
    out[-1] = p[-1] * x[-1]


@pytest.mark.parametrize("gradient", [overflows, barrier, pole, quintic, last_first])
def test_gradients_that_overflow_or_end_beyond_the_domain_are_right(gradient):
    trial.try_functions(basin_of(gradient))


def test_domains_of_all_kinds_are_right():
    def valley(x, p, out):
        out[0] = x[0] ** 3 - x[0]

    double = ls.Potential(1, valley)
    attraction = domains.attraction(double, 1.0)
    trial.try_functions(ls.Basin(double, attraction, 1.0))
    for domain in (domains.interval(-math.inf, 1.0), domains.half_space([1.0], 2.0)):
        trial.try_functions(basin_of(overflows, domain))
    ring = ls.Domain(2, lambda x, p: not 0.25 < math.hypot(x[0] - 0.5, x[1]) < 2.0)
    trial.try_functions(basin_of(linear, ring, dim=2))


def test_a_model_is_tried_once(monkeypatch):
    calls = []
    remember = trial._remember
    monkeypatch.setattr(trial, "_remember", lambda key: calls.append(remember(key)))
    basin = basin_of(last_first, domains.interval(-1.0, 1.5))
    for _ in range(3):
        trial.try_functions(basin)
    trial.try_functions(basin_of(last_first, domains.interval(-1.0, 1.5)))
    assert len(calls) == 1
    trial.try_functions(basin_of(last_first, domains.interval(-1.0, 2.5)))
    assert len(calls) == 2
    trial.try_functions(ls.basins.flat(3))
    assert len(calls) == 2


def test_a_trial_takes_milliseconds():
    """Processor time: the fastest of a few, since the machine may be busy."""
    seconds = []
    for width in range(1, 6):
        basin = basin_of(linear, domains.ball(np.zeros(20), float(width)), dim=20)
        began = time.process_time()
        trial.try_functions(basin)
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.05
