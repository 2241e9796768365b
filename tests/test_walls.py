"""Walls at the end of a step: naive paths, stationary laws, and where the theory holds."""

import functools
import math
import pickle
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest

import levysde as ls
from levysde import schedules
from levysde.dynamics import scheduled, walled
from levysde.dynamics.walled import reflected
from tests.user_parts import halving, step

NOISE, INF = ls.noise.independent(1.5), math.inf
SGD = ls.dynamics.sgd()
EVERY = {name: ls.spec.part("dynamics", name) for name in ls.spec.DYNAMICS}
WIDE = ls.basins.driftless(2, -1e6, 1e6)


def folded(x, lower, upper):
    """One mirror after another, in exact order: the slow and obvious reflection."""
    while not lower <= x <= upper:
        x = 2.0 * lower - x if x < lower else 2.0 * upper - x
    return x


def test_reflection_is_one_mirror_after_another():
    draws = np.random.default_rng(1).standard_cauchy(2000) * 5.0
    for lower, upper in ((-1.0, 1.0), (-0.3, 2.0), (-INF, 0.5), (0.5, INF), (-INF, INF)):
        for x in draws:
            found = reflected(x, lower, upper)
            assert lower <= found <= upper
            assert found == pytest.approx(folded(x, lower, upper), abs=1e-9 * (1.0 + abs(x)))
            assert found == x or not lower <= x <= upper
    assert math.isnan(reflected(math.nan, -1.0, 1.0))


RULES = ("projection", "reflection")


@pytest.mark.parametrize(("rule", "dim"), [("projection", 40), ("reflection", 2)])
def test_a_path_is_that_of_numpy(rule, dim):
    basin = ls.Basin(
        ls.potentials.quadratic(dim), ls.domains.ball(np.zeros(dim), 1e9), np.zeros(dim)
    )
    lower, upper, dt = -0.2, np.linspace(0.1, 0.5, dim), 0.1
    setting = {"epsilon": 0.3, "paths": 3, "steps": 80, "dt": dt, "scheme": "euler", "seed": 4}
    free = ls.trajectories(basin, SGD, NOISE, **setting).positions
    drawn = free[:, 1:] - (1.0 - dt) * free[:, :-1]
    found = ls.trajectories(basin, walled(SGD, lower, upper, rule), NOISE, **setting).positions
    x = np.zeros((3, dim))
    for n in range(80):
        x = x - x * dt + drawn[:, n]
        if rule == "projection":
            x = np.clip(x, lower, upper)
        else:
            x = np.array([[folded(c, lower, upper[j]) for j, c in enumerate(row)] for row in x])
        assert found[:, n + 1] == pytest.approx(x, rel=1e-7, abs=1e-8)
        x = found[:, n + 1]
    at_walls = (found == lower) | (found == upper)
    assert at_walls.any() == (rule == "projection")


@pytest.mark.parametrize(("name", "rule"), list(zip(EVERY, cycle(RULES)))[::5])
def test_walls_at_infinity_change_no_bit(name, rule):
    setting = {"paths": 100, "dt": 0.02, "horizon": 10.0}
    basin, dynamics = ls.basins.flat(2), EVERY[name]
    free = ls.escape_times(basin, dynamics, NOISE, 0.4, **setting)
    away = walled(dynamics, -INF, INF, rule)
    found = ls.escape_times(basin, away, NOISE, 0.4, **setting)
    assert np.array_equal(found.steps, free.steps)
    assert np.array_equal(found.exit_position, free.exit_position)


def test_walls_come_after_the_schedule_and_the_clip():
    # A step along (3, 4) of length 5 is cut to (0.6, 0.8) times 2 and then projected: the other
    # order would cut the projected step, of (0.5, 4), to another direction.
    slope = ls.Potential(2, sloping, params={"force": [-3.0, -4.0]})
    basin = ls.Basin(slope, ls.domains.ball([0.0, 0.0], 1e3), [0.0, 0.0])
    cut = walled(ls.dynamics.sgd(clip=2.0), -INF, [0.5, INF])
    setting = {"epsilon": 1.0, "paths": 1, "steps": 1, "dt": 1.0, "scheme": "euler"}
    found = ls.trajectories(basin, cut, ls.noise.none(), **setting).positions[0, 1]
    assert found == pytest.approx([0.5, 1.6])
    half = walled(scheduled(SGD, schedules.linear(1e-9, final=0.5)), -INF, [0.5, INF])
    setting = {"epsilon": 1.0, "paths": 1, "steps": 2, "dt": 1.0, "scheme": "euler"}
    found = ls.trajectories(basin, half, ls.noise.none(), **setting).positions[0]
    assert found.tolist() == [[0.0, 0.0], [0.5, 4.0], [0.5, 6.0]]
    with pytest.raises(ValueError, match=r"walls, which come last; give walled\(scheduled"):
        scheduled(cut, schedules.constant())


def sloping(x, p, out):
    out[0], out[1] = p[0] + 0.0 * x[0], p[1] + 0.0 * x[1]


def test_a_divided_step_may_go_beyond_a_wall_and_come_back():
    # The force of a quartic is steep: the flow of each step ends near 0, however far it began.
    basin = ls.basins.quartic(lower=-100.0, upper=100.0)
    setting = {"epsilon": 5.0, "paths": 20, "steps": 50, "dt": 0.5, "seed": 1, "scheme": "flow"}
    free = ls.trajectories(basin, SGD, NOISE, **setting).positions
    found = ls.trajectories(basin, walled(SGD, -3.0, 3.0), NOISE, **setting).positions
    assert np.array_equal(found[:, 1], np.clip(free[:, 1], -3.0, 3.0))
    assert np.abs(free).max() > 3.0 == np.abs(found).max()


@functools.cache
def stationary(rule, steps=2000, seed=8):
    """Positions of paths that have long forgotten their start, of Brownian motion in [0, 1]."""
    basin = ls.Basin(ls.potentials.quadratic(1, 0.0), ls.domains.interval(-9.0, 9.0), 0.4)
    dynamics = walled(SGD, 0.0, 1.0, rule)
    setting = {"epsilon": 1.0, "paths": 4000, "steps": steps, "every": steps, "seed": seed}
    noise = ls.noise.independent(2.0)
    return ls.trajectories(basin, dynamics, noise, dt=5e-3, **setting).positions[:, -1, 0]


def test_a_reflected_walk_is_uniform():
    # Mirroring at the ends preserves the uniform law for any symmetric step, however long.
    x = stationary("reflection")
    for end in (0.1, 0.25, 0.5, 0.9):
        error = math.sqrt(end * (1.0 - end) / x.size)
        assert abs((x <= end).mean() - end) < 4.0 * error


def test_a_projected_walk_has_the_stationary_law_of_its_matrix():
    from scipy.special import ndtr

    # Atoms at both ends and a density between, by the transition matrix of the chain.
    deviation, cells = math.sqrt(2.0 * 5e-3), 1000
    edges = np.linspace(0.0, 1.0, cells + 1)
    places = np.concatenate([[0.0], 0.5 * (edges[1:] + edges[:-1]), [1.0]])
    below = ndtr((edges - places[:, None]) / deviation)
    matrix = np.column_stack([below[:, 0], np.diff(below, axis=1), 1.0 - below[:, -1]])
    balance = matrix.T - np.eye(cells + 2)
    balance[0] = 1.0  # one equation follows from the others: the law has the sum 1 instead
    law = np.linalg.solve(balance, np.eye(cells + 2)[0])
    x = stationary("projection")
    for exact, found in (
        (law[0], (x == 0.0).mean()),
        (law[-1], (x == 1.0).mean()),
        (law[: cells // 4 + 1].sum(), (x <= 0.25).mean()),
    ):
        assert abs(found - exact) < 4.0 * math.sqrt(exact * (1.0 - exact) / x.size)
    # Reflected paths are nearly never at an end, and their law is another.
    assert law[0] > 0.02
    assert (stationary("reflection") == 0.0).mean() == 0.0


def test_projection_onto_a_box_around_the_domain_changes_no_escape():
    basin, setting = ls.basins.flat(2), {"paths": 400, "dt": 0.02, "seed": 3}
    around = walled(SGD, -1.0, [1.0, 2.0])
    free = ls.escape_times(basin, SGD, NOISE, 0.1, **setting)
    found = ls.escape_times(basin, around, NOISE, 0.1, **setting)
    assert np.array_equal(found.steps, free.steps)
    assert (found.exit_position <= [1.0, 2.0]).all()
    assert (free.exit_position > [1.0, 2.0]).any()
    predicted = ls.theory.predict(basin, SGD, NOISE, 0.1)
    assert ls.theory.predict(basin, around, NOISE, 0.1).rate == predicted.rate > 0.0
    ellipse = ls.domains.ellipsoid([0.0, 0.0], [[1.0, 0.0], [0.0, 4.0]])
    oval = ls.Basin(ls.potentials.quadratic(2), ellipse, [0.0, 0.0])
    assert ls.theory.predict(oval, walled(SGD, -1.0, [1.0, 0.51]), NOISE, 0.1).rate
    assert ls.theory.predict(oval, walled(SGD, -1.0, [1.0, 0.49]), NOISE, 0.1).rate is None


def test_walls_within_the_domain_leave_no_exit_on_their_side():
    basin = ls.basins.flat()
    one = walled(SGD, -0.5, INF)
    found = ls.escape_times(basin, one, NOISE, 0.1, paths=2000, dt=0.02, horizon=3000.0, seed=5)
    assert found.escaped > 1900
    assert (found.exit_position[found.status == ls.Status.ESCAPED] >= 1.0).all()
    # Half of the exits are gone: the rate is half that of both sides, in leading order.
    both = ls.escape_times(basin, SGD, NOISE, 0.1, paths=2000, dt=0.02, seed=6)
    ratio, error = found.rate / both.rate, math.sqrt(2.0 / 2000.0) * 0.5
    assert abs(ratio - 0.5) < 4.0 * error
    shut = walled(SGD, -0.5, 0.5, "reflection")
    none = ls.escape_times(basin, shut, NOISE, 1.0, paths=50, dt=0.02, horizon=50.0)
    assert none.escaped == 0


def test_reflection_beyond_the_boundary_brings_paths_back():
    # With walls at -2 and 2 a jump to y > 0 is out where y is in (4k + 1, 4k + 3), k = 0, 1, ...:
    # of the jumps beyond 1 that is the share sum_k (4k + 1)^-alpha - (4k + 3)^-alpha.
    alpha, epsilon = 0.8, 0.01
    noise = ls.noise.independent(alpha)
    folds = 4.0 * np.arange(200_000)
    share = ((folds + 1.0) ** -alpha - (folds + 3.0) ** -alpha).sum()
    basin, setting = ls.basins.flat(), {"paths": 4000, "dt": 0.01, "horizon": 2000.0}
    free = ls.escape_times(basin, SGD, noise, epsilon, seed=1, **setting)
    back = ls.escape_times(basin, walled(SGD, -2.0, 2.0, "reflection"), noise, epsilon, **setting)
    ratio = back.rate / free.rate
    error = ratio * math.sqrt(1.0 / free.escaped + 1.0 / back.escaped)
    assert 0.5 < share < 0.9
    assert abs(ratio - share) < 4.0 * error + 0.01
    prediction = ls.theory.predict(basin, walled(SGD, -2.0, 2.0, "reflection"), noise, epsilon)
    assert prediction.rate is None
    assert "walls that reflect" in prediction.reason


INNER = scheduled(ls.dynamics.sgd(clip=0.4), schedules.Schedule(halving, {"length": 3.0}))
OWN = ls.Dynamics("own", step, sde=True)
BOXES = (-0.5, INF, "projection"), ([-0.5, -0.4], 3.0, "reflection")
RECORDED = [(INNER, *BOXES[0]), (OWN, *BOXES[1]), (INNER, *BOXES[1]), (EVERY["adamw"], *BOXES[0])]


@pytest.mark.parametrize(("dynamics", "lower", "upper", "rule"), RECORDED[:2])
def test_a_walled_run_is_made_again_from_its_record(dynamics, lower, upper, rule):
    setting = {"paths": 50, "dt": 0.02, "horizon": 10.0}
    basin, boxed = ls.basins.flat(2), walled(dynamics, lower, upper, rule)
    found = ls.escape_times(basin, boxed, NOISE, 0.5, **setting)
    again = ls.spec.build(found.parameters)[1]
    assert again.walls.rule == rule
    repeated = ls.escape_times(basin, again, NOISE, 0.5, **setting)
    assert np.array_equal(found.exit_position, repeated.exit_position)
    more = setting | {"paths": 60, "resume": found}
    with pytest.raises(ValueError, match=r"has walls\."):
        ls.escape_times(basin, walled(dynamics, -0.7, INF), NOISE, 0.5, **more)
    with pytest.raises(ValueError, match="another walls function"):
        ls.escape_times(basin, dynamics, NOISE, 0.5, **more)


def test_every_box_has_a_seed_of_its_own():
    boxes = [SGD, walled(SGD, -1.0, INF), walled(SGD, -1.0, [1.0, 2.0]), walled(SGD, -1.0, 1.0)]
    boxes.append(walled(SGD, -1.0, 1.0, "reflection"))
    assert len({ls.seed_of(1, dynamics) for dynamics in boxes}) == len(boxes)


def test_a_clip_that_is_given_later_is_recorded():
    both = replace(walled(scheduled(SGD, schedules.step(2.0)), -0.5, INF), clip=0.4)
    found = ls.escape_times(ls.basins.flat(), both, NOISE, 0.5, paths=50, dt=0.02, horizon=10.0)
    again = ls.spec.build(found.parameters)[1]
    assert again.clip == again.unscheduled.clip == 0.4
    assert pickle.loads(pickle.dumps(both)).clip == 0.4


def test_what_is_wrong_is_one_sentence():
    boxed = walled(SGD, -0.5, 0.5)
    for match, call in (
        ("the lower wall .* is not below", lambda: walled(SGD, 1.0, 1.0)),
        ("there are 2 lower walls and 3 upper", lambda: walled(SGD, [0, 0], [1, 1, 1])),
        ("lower is nan; give a number", lambda: walled(SGD, math.nan, 1.0)),
        ("unknown rule 'mirror'; known: projection", lambda: walled(SGD, 0.0, 1.0, "mirror")),
        ("has walls already", lambda: walled(boxed, -0.4, 0.4)),
        ("there are 3 upper walls, but the dimension is 1",
         lambda: run(walled(SGD, -1.0, [1, 1, 1]))),
        (r"the start \(0\) is not between the walls", lambda: run(walled(SGD, 0.1, 1.0))),
        ("walls stop or turn a path at every step", lambda: run(boxed, method="jump")),
        ("and sgd changes it", lambda: run(boxed, correction="boundary-shift")),
        ("not known to lie between the walls",
         lambda: ls.theory.varying_rate(ls.basins.flat(), boxed, NOISE, 0.1)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=match):
            call()


def run(dynamics, **more):
    setting = {"paths": 10, "dt": 0.01, "horizon": 1.0} | more
    return ls.escape_times(ls.basins.flat(), dynamics, NOISE, 0.1, **setting)
