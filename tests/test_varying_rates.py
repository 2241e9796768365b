"""Rates that change with time against integrals by hand and equivalent chains."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gamma, gammaincc

import levysde as ls
from levysde import schedules, theory
from levysde.noise import scaled
from levysde.theory.cumulated import Cumulated

FLAT, SGD, LAW = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5)
UNIT = theory.stable_constant(1.5) / 1.5 * 2.0
"""nu of the outside of (-1, 1)."""


def power(t, p):
    return (1.0 + t / p[0]) ** -p[1]


def pulse(t, p):
    return 1.0 if p[0] < t < p[1] else 0.0


def drops(t, p):
    return p[1] ** np.floor(t / p[0])


def same(t, p):
    return p[0]


def own_power(length, power_):
    return schedules.Schedule(power, {"length": length, "power": power_})


@pytest.mark.parametrize(
    "schedule",
    [schedules.constant(), schedules.step(7.0, 0.5), schedules.step(7.0, 1.5),
     schedules.cosine(4.0), schedules.cosine(4.0, 0.2), schedules.cosine(4.0, 1.7),
     schedules.linear(4.0), schedules.linear(4.0, 0.3), schedules.linear(4.0, 2.0),
     schedules.linear(4.0, 1.0), schedules.warmup(4.0), schedules.warmup(4.0, 0.3),
     schedules.inverse_power(2.0, 0.7), schedules.inverse_power(2.0, 2.0 / 3.0)],
    ids=lambda schedule: f"{schedule.name}-{'-'.join(map(str, schedule.p))}",
)  # fmt: skip
@pytest.mark.parametrize("index", [0.5, 1.5])
def test_the_integral_of_a_schedule_is_that_of_quadrature(schedule, index):
    for t in (0.01, 3.0, 4.0, 20.0):
        edges = [0.0, *(edge for edge in (4.0, 7.0, 14.0) if edge < t), t]
        expected = math.fsum(
            quad(lambda u: schedule(u) ** index, a, b, epsabs=0.0, epsrel=1e-13, limit=400)[0]
            for a, b in pairwise(edges)
        )
        assert schedule.cumulated(t, index) == pytest.approx(expected, rel=1e-10)
    # The rest beyond a long time is small, or the integral has no end.
    ends = [schedule.cumulated(t, index) for t in (1e60, 1e300)]
    assert schedule.cumulated(math.inf, index) in (pytest.approx(ends[1], rel=1e-9), math.inf)
    assert ends[1] == pytest.approx(ends[0], rel=1e-2) or ends[1] > 2.0 * ends[0]


COOLED = [
    (0.1, 1.0, 0.9), (1e-3, 1.0, 0.9), (1e-3, 0.01, 0.9), (1e-4, 10.0, 2.0),
    (0.1, 1.0, 2.0 / 3.0 + 0.01),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "epsilon", "length", "theta"),
    [
        *((schedules.inverse_power, *setting) for setting in COOLED[1:]),
        (own_power, *COOLED[2]),
    ],
)
def test_cooling_traps_with_the_probability_of_the_formula(make, epsilon, length, theta):
    # Of rate r (1 + t/T)^(-q), q > 1: exp(-r T/(q - 1)) (Pavlyukevich 2007).
    noise = scaled(LAW, make(length, theta))
    law = theory.varying_rate(FLAT, SGD, noise, epsilon)
    left = -math.expm1(-(epsilon**1.5) * UNIT * length / (1.5 * theta - 1.0))
    assert 1.0 - law.trapped() == pytest.approx(left, rel=1e-8, abs=1e-15)
    assert law.mean() == math.inf
    twin = theory.varying_rate(FLAT, SGD, scaled(LAW, make(length, theta + 0.01)), epsilon)
    assert 1.0 - twin.trapped() != pytest.approx(left, rel=1e-3)


def test_the_threshold_of_trapping():
    at = schedules.inverse_power(1.0, 2.0 / 3.0)
    law = theory.varying_rate(FLAT, SGD, scaled(LAW, at), 0.1)
    assert (law.trapped(), law.mean()) == (0.0, math.inf)
    # With r T > 1 the mean of (1 + t/T)^(-r T) is T/(r T - 1).
    rate = 5.0**1.5 * UNIT
    law = theory.varying_rate(FLAT, SGD, scaled(LAW, at), 5.0)
    assert law.mean() == pytest.approx(1.0 / (rate - 1.0), rel=1e-8)
    law = theory.varying_rate(FLAT, SGD, scaled(LAW, own_power(1.0, 2.0 / 3.0)), 0.1)
    with pytest.raises(ValueError, match="not decided by the rates up to"):
        law.trapped()


@pytest.mark.parametrize("make", [schedules.inverse_power, own_power])
def test_the_mean_of_slow_cooling_is_finite(make):
    # E = k ((1 + t/T)^(1-q) - 1) with k = r T/(1 - q): an incomplete gamma function.
    theta, rate = 0.6, 0.1**1.5 * UNIT
    law = theory.varying_rate(FLAT, SGD, scaled(LAW, make(1.0, theta)), 0.1)
    n, k = 1.0 / (1.0 - 1.5 * theta), rate / (1.0 - 1.5 * theta)
    expected = n * math.exp(k) * gamma(n) * gammaincc(n, k) * k**-n
    assert law.mean() == pytest.approx(expected, rel=1e-8)
    assert law.trapped() == 0.0


def test_drops_and_pulses_are_integrated_exactly():
    rate, q = 0.1**1.5 * UNIT, 0.5**1.5
    for schedule in (
        schedules.step(7.0, 0.5),
        schedules.Schedule(drops, {"length": 7.0, "factor": 0.5}),
    ):
        law = theory.varying_rate(FLAT, SGD, scaled(LAW, schedule), 0.1)
        assert law.trapped() == pytest.approx(math.exp(-7.0 * rate / (1.0 - q)), rel=1e-9)
        expected = rate * (7.0 * (1.0 - q**14) / (1.0 - q) + 2.0 * q**14)
        assert law.exposure(100.0) == pytest.approx(expected, rel=1e-9)
    on = schedules.Schedule(pulse, {"begin": 1000.0, "end": 2000.0})
    law = theory.varying_rate(FLAT, SGD, scaled(LAW, on), 0.1)
    found = law.exposure([500.0, 1500.0, 3000.0]) / rate
    assert found == pytest.approx([0.0, 500.0, 1000.0], abs=1e-6)
    assert law.trapped() == pytest.approx(math.exp(-1000.0 * rate), rel=1e-7)


@pytest.mark.parametrize("places", [8])
def test_a_jump_near_the_end_of_a_piece_is_not_missed(places):
    for place in np.geomspace(0.1, 0.999999, places):
        integral = Cumulated(lambda t, place=place: 1.0 if t < place else 0.0)
        integral.reach(1.0)
        assert integral.total == pytest.approx(place, rel=1e-9)
    with pytest.raises(ValueError, match="changes too often"):
        Cumulated(lambda t: math.floor(1e6 * t) % 2).reach(1.0)


MOMENTUM = ls.dynamics.momentum(dampening=0.9)


def lasting(rate):
    return ls.dynamics.momentum(form="sde", rates="per_time", decay=rate, dampening=0.0)


SAME = {
    "sgd": (SGD, lambda s: SGD),
    "momentum": (MOMENTUM, lambda s: MOMENTUM),
    "adamw": (ls.dynamics.adamw(frozen=1.0, weight_decay=0.5),) * 2,
    "adamprox": (ls.dynamics.adamprox(frozen=1.0, weight_decay=0.5, b1=0.0),) * 2,
    "sde": (ls.dynamics.momentum(form="sde"),) * 2,
    "per_time": (lasting(2.0), lambda s: lasting(2.0 / s)),
}


@pytest.mark.parametrize("s", [0.1])
@pytest.mark.parametrize("name", ["sgd", "momentum", "adamprox", "per_time"])
def test_steps_times_s_are_those_of_another_chain(name, s):
    # dt' = s dt, eps' = eps s^(1 - 1/alpha), and averages that last as many steps.
    dynamics, twin = SAME[name]
    schedule = schedules.Schedule(same, {"s": s})
    slowed, whole = ls.dynamics.scheduled(dynamics, schedule), dynamics
    if callable(twin):
        whole = twin(s)
    law = theory.varying_rate(FLAT, slowed, LAW, 0.05, dt=0.05)
    other = {"epsilon": 0.05 * s ** (1.0 - 1.0 / 1.5), "dt": 0.05 * s}
    mean = theory.predict(FLAT, whole, LAW, **other).mean
    assert 1.0 / law.rate(0.0) == pytest.approx(mean / s, rel=1e-10)
    assert law.mean() == pytest.approx(mean / s, rel=1e-8)
    # The recurrences themselves, draw by draw.
    setting = {"paths": 5, "steps": 200, "scheme": "euler"}
    paths = ls.trajectories(FLAT, slowed, LAW, 0.05, dt=0.05, **setting).positions
    found = ls.trajectories(FLAT, whole, LAW, **other, **setting).positions
    assert found == pytest.approx(paths, rel=1e-8, abs=1e-11)


def test_the_law_of_whole_steps_times_a_power_of_s_is_another():
    schedule = schedules.Schedule(same, {"s": 0.1})
    law = theory.varying_rate(FLAT, ls.dynamics.scheduled(MOMENTUM, schedule), LAW, 0.05, dt=0.05)
    whole = theory.predict(FLAT, MOMENTUM, LAW, 0.05, dt=0.05).rate
    assert law.rate(0.0) == pytest.approx(1.0 / 8388.489601, rel=1e-8)
    assert law.rate(0.0) > 1.5 * 0.1**1.5 * whole


def test_a_simulated_schedule_of_momentum_leaves_at_that_rate():
    slowed = ls.dynamics.scheduled(MOMENTUM, schedules.step(400.0, 0.5))
    law = theory.varying_rate(FLAT, slowed, LAW, 0.05, dt=0.05)
    run = ls.escape_times(FLAT, slowed, LAW, 0.05, paths=1000, dt=0.05, horizon=1500.0, seed=3)
    for time in (300.0, 700.0, 1400.0):
        share, expected = float(np.mean(run.times > time)), float(law.survival(time))
        # The leading order is 3 % off at this amplitude.
        allowed = 0.03 * expected * -math.log(expected)
        error = 4.0 * math.sqrt(expected * (1.0 - expected) / 1000)
        assert abs(share - expected) < error + allowed


def test_a_schedule_that_is_fast_against_the_average_is_refused():
    # The average lasts 0.05/(1 - 0.9) = 0.5.
    for schedule in (schedules.inverse_power(0.1, 2.0), schedules.step(0.5, 0.1)):
        slowed = ls.dynamics.scheduled(MOMENTUM, schedule)
        with pytest.raises(ValueError, match=r"lasts a time of 0\.5, in which the schedule"):
            theory.varying_rate(FLAT, slowed, LAW, 0.05, dt=0.05)
        plain = ls.dynamics.scheduled(SGD, schedule)
        assert theory.varying_rate(FLAT, plain, LAW, 0.05, dt=0.05).rate(0.0) > 0.0
    slowed = ls.dynamics.scheduled(MOMENTUM, schedules.cosine(100.0))
    assert theory.varying_rate(FLAT, slowed, LAW, 0.05, dt=0.05).rate(0.0) > 0.0


def test_a_clip_is_scheduled_with_the_step():
    """Half of a step cut to 3 leads out of (-1, 1), and half of one that is cut to 1.5 does not."""
    basin, law = ls.basins.flat(), ls.noise.independent(1.5)

    def rates(clip):
        slowed = ls.dynamics.scheduled(ls.dynamics.sgd(clip=clip), schedules.linear(10.0, 0.5))
        return theory.varying_rate(basin, slowed, law, 0.05, dt=0.1)

    whole = theory.predict(basin, ls.dynamics.sgd(), law, 0.05).rate
    assert rates(3.0).rate(15.0) == pytest.approx(0.5**1.5 * whole)
    with pytest.raises(ValueError, match=r"steps are clipped to 0\.75"):
        rates(1.5).rate(15.0)
