"""Schedules of learning rates, step by step and against the formulas of the sources."""

import math

import numpy as np
import pytest

import levysde as ls
from levysde import schedules
from levysde.dynamics import scheduled
from tests.user_parts import halving

NAMED = {
    "constant": (schedules.constant(), lambda t: 1.0),
    "step": (schedules.step(3.0, 0.3), lambda t: 0.3 ** math.floor(t / 3.0)),
    "cosine": (
        schedules.cosine(4.0, final=0.2),
        lambda t: 0.2 + 0.4 * (1.0 + math.cos(math.pi * min(t / 4.0, 1.0))),
    ),
    "linear": (schedules.linear(4.0, final=0.2), lambda t: max(1.0 - 0.2 * t, 0.2)),
    "warmup": (schedules.warmup(4.0, initial=0.2), lambda t: min(0.2 + 0.2 * t, 1.0)),
    "inverse_power": (schedules.inverse_power(2.0, 0.7), lambda t: (1.0 + t / 2.0) ** -0.7),
    "own": (schedules.Schedule(halving, {"length": 3.0}), lambda t: 0.5 ** (t / 3.0)),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_schedule_is_its_formula(name):
    schedule, formula = NAMED[name]
    for t in (0.0, 0.1, 2.9, 3.0, 3.99, 4.0, 77.0):
        assert schedule(t) == pytest.approx(formula(t), rel=1e-14)


def test_a_schedule_far_out_is_its_limit():
    far = math.inf
    falling = schedules.step(1e-300), schedules.inverse_power(1.0), schedules.inverse_power(5e-324)
    assert [schedule(1.0) for schedule in falling] == [0.0, 0.5, 0.0]
    assert [schedule(far) for schedule in falling] == [0.0, 0.0, 0.0]
    assert schedules.step(1e-300, factor=1.0)(1e300) == 1.0
    assert schedules.cosine(1.0, final=0.2)(far) == pytest.approx(0.2, rel=1e-15)
    for time in (-1.0, math.nan):
        with pytest.raises(ValueError, match="give a time that is not negative"):
            schedules.step(1.0)(time)


@pytest.mark.parametrize("name", ["step", "own"])
def test_a_step_of_a_path_is_the_factor_times_a_whole_step(name):
    schedule, formula = NAMED[name]
    basin, noise, dt = ls.basins.flat(2), ls.noise.isotropic(1.5), 0.1
    setting = {"epsilon": 0.1, "paths": 3, "steps": 60, "dt": dt, "scheme": "euler"}
    whole = ls.trajectories(basin, ls.dynamics.sgd(), noise, **setting).positions
    drawn = whole[:, 1:] - (1.0 - dt) * whole[:, :-1]
    found = ls.trajectories(basin, scheduled(ls.dynamics.sgd(), schedule), noise, **setting)
    x = np.zeros((3, 2))
    for n in range(60):
        x = x + formula(n * dt) * (-x * dt + drawn[:, n])
        assert found.positions[:, n + 1] == pytest.approx(x, rel=1e-9, abs=1e-12)


OPTIMIZERS = {
    "clipped": ls.dynamics.sgd(clip=0.1),
    "momentum": ls.dynamics.momentum(),
    "adam_l2": ls.dynamics.adam_l2(),
    "adamw": ls.dynamics.adamw(weight_decay=0.3),
    "adamprox": ls.dynamics.adamprox(weight_decay=0.3),
}


@pytest.mark.parametrize("name", ["clipped", "adamprox"])
def test_a_constant_schedule_changes_no_bit(name):
    dynamics = OPTIMIZERS[name]
    setting = (ls.noise.independent(1.5), 0.3)
    runs = [
        ls.escape_times(ls.basins.flat(2), each, *setting, paths=200, dt=0.02, horizon=20.0)
        for each in (dynamics, scheduled(dynamics, schedules.constant()))
    ]
    assert np.array_equal(runs[0].steps, runs[1].steps)
    assert np.array_equal(runs[0].exit_position, runs[1].exit_position)


@pytest.mark.parametrize("s", [0.0, 0.25, 1.0])
def test_decoupled_decays_are_scheduled_with_the_step(s):
    # x_prox - x_w = [(s w dt)^2 x - s w dt (s step)]/(1 + s w dt), Zhuang et al. 2022, section 3.
    decay, dt, x, gradient = 0.5, 0.1, 1.5, 2.0
    schedule = schedules.linear(1.0, final=s)

    def moved(make):
        dynamics = scheduled(make(eps=0.0, weight_decay=decay), schedule)
        p = dynamics.step_parameters(dt, 1)
        numbers = dynamics.clock(1.0, dt, p)
        return dynamics.update(0, x, 0.0, 0.0, gradient, 0.0, dt, 1.0, p, *numbers)[0]

    whole = ls.dynamics.adam(eps=0.0)
    p = whole.step_parameters(dt, 1)
    step = whole.update(0, x, 0.0, 0.0, gradient, 0.0, dt, 1.0, p, *whole.clock(1.0, dt, p))[0] - x
    assert moved(ls.dynamics.adamw) == pytest.approx((1.0 - s * decay * dt) * x + s * step)
    assert moved(ls.dynamics.adamprox) == pytest.approx((x + s * step) / (1.0 + s * decay * dt))
    small = s * decay * dt
    assert moved(ls.dynamics.adamprox) - moved(ls.dynamics.adamw) == pytest.approx(
        (small**2 * x - small * s * step) / (1.0 + small), abs=1e-15
    )


def negative(t, p):
    return 1.0 - t


def broken(t, p):
    return p[3]


def test_a_wrong_schedule_is_one_sentence():
    with pytest.raises(ValueError, match="is -12 at t = 13; give a function whose values"):
        schedules.Schedule(negative)
    with pytest.raises(ValueError, match="failed at t = 0: IndexError"):
        schedules.Schedule(broken)
    with pytest.raises(ValueError, match=r"the final value is -0\.1"):
        schedules.cosine(1.0, final=-0.1)
    with pytest.raises(ValueError, match=r"the initial value is -0\.1"):
        schedules.warmup(1.0, initial=-0.1)
    with pytest.raises(ValueError, match="length is 0"):
        schedules.step(0.0)
    dynamics = scheduled(ls.dynamics.sgd(), schedules.constant())
    with pytest.raises(ValueError, match="has a schedule already"):
        scheduled(dynamics, schedules.constant())
    noise = ls.noise.independent(1.5)
    with pytest.raises(ValueError, match="none is idle; use method='euler'"):
        ls.escape_times(ls.basins.flat(), dynamics, noise, 1e-3, method="jump", dt=0.01)


def test_a_scheduled_run_is_made_again_from_its_record():
    basin, noise = ls.basins.flat(), ls.noise.independent(1.5)
    for schedule in (schedules.step(2.0), schedules.Schedule(halving, {"length": 3.0}, "halving")):
        dynamics = scheduled(ls.dynamics.sgd(), schedule)
        found = ls.escape_times(basin, dynamics, noise, 0.5, paths=50, dt=0.02, horizon=10.0)
        again = ls.spec.build(found.parameters)[1]
        assert again.schedule.name == schedule.name
        repeated = ls.escape_times(basin, again, noise, 0.5, paths=50, dt=0.02, horizon=10.0)
        assert np.array_equal(found.exit_position, repeated.exit_position)


@pytest.mark.parametrize("dim", [40])
def test_a_clip_is_that_of_whole_steps(dim):
    """As clipped gradients have it: a step is s(t) times one that is no longer than the clip."""
    clipped, halved = ls.dynamics.sgd(clip=0.5), schedules.step(0.05, 0.5)
    noise = ls.noise.independent(1.5)
    setting = {"epsilon": 1e6, "dt": 0.05, "steps": 4, "paths": 3, "scheme": "euler"}
    found = ls.trajectories(ls.basins.flat(dim), scheduled(clipped, halved), noise, **setting)
    moves = np.linalg.norm(np.diff(found.positions, axis=1), axis=2)
    assert moves == pytest.approx(np.tile([0.5, 0.25, 0.125, 0.0625], (3, 1)), rel=1e-9)
