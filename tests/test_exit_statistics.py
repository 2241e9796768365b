"""Exit positions and transitions of simulations against the laws of the theory."""

import functools
import math
from itertools import cycle

import numpy as np
import pytest
from conftest import SIGMAS

import levysde as ls
from levysde import domains, potentials, theory

SGD = ls.dynamics.sgd()
ALPHA = 1.5
EPSILON = 0.02
# eps^alpha over the relaxation rate: so much of the exits begins away from the minimum.
OFF_CENTER = 2.0 * EPSILON**ALPHA / 0.5
DRAWS = 50_000

SQUARE = ls.Basin(
    potentials.quadratic(2), domains.box([-1.0, -0.5], [1.0, 1.5]), np.zeros(2), name="box"
)
DISC = ls.Basin(potentials.quadratic(2), domains.ball([0.2, 0.0], 1.0), np.zeros(2), name="disc")

LAWS = {
    "independent": ls.noise.independent(ALPHA, [1.0, 0.5]),
    "skewed": ls.noise.independent(ALPHA, 1.0, [0.8, -0.5]),
    "mixed": ls.noise.mixed(ALPHA, [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]),
    "spectral": ls.noise.spectral(ALPHA, [[1.0, 1.0], [1.0, -2.0]], [1.0, 0.5]),
    "isotropic": ls.noise.isotropic(ALPHA),
    "elliptic": ls.noise.elliptic(ALPHA, [[1.0, 0.2], [0.0, 0.4]]),
}

IN_TURN = list(zip(LAWS, cycle([SQUARE, DISC])))
"""Each law in one of the domains; experiments/validation has both."""


@functools.cache
def exits(basin, name, paths):
    return ls.escape_times(basin, SGD, LAWS[name], EPSILON, paths=paths, dt=0.1, seed=5)


def name_of(given):
    return getattr(given, "name", given)


@pytest.mark.parametrize("paths", [5_000])
@pytest.mark.parametrize(("name", "basin"), IN_TURN, ids=name_of)
def test_exit_position_follows_the_escape_measure(name, basin, paths):
    """Direction and distance of exits against draws from nu restricted to W."""
    law, result = LAWS[name], exits(basin, name, paths)
    expected = theory.exit_law(basin.domain, law, basin.minimum).sample(DRAWS, seed=6)
    events = {
        "right": lambda x: x[:, 0] > 1.0,
        "left": lambda x: x[:, 0] < -1.0,
        "above": lambda x: x[:, 1] > 0.9,
        "below": lambda x: x[:, 1] < -0.5,
        "far": lambda x: np.linalg.norm(x, axis=1) > 3.0,
        "first quadrant": lambda x: (x[:, 0] > 0.1) & (x[:, 1] > 0.1),
    }
    for event in events.values():
        probability = float(np.mean(event(expected)))
        error = math.sqrt(probability * (1.0 - probability) * (1.0 / paths + 1.0 / DRAWS))
        difference = abs(np.mean(event(result.exit_position)) - probability)
        assert difference < SIGMAS * error + OFF_CENTER


def test_the_exit_law_of_another_noise_is_rejected():
    result = exits(SQUARE, "isotropic", 5_000)
    other = theory.exit_law(SQUARE.domain, LAWS["independent"], SQUARE.minimum)
    expected = other.sample(DRAWS, seed=6)
    below = [np.mean(x[:, 1] < -0.5) for x in (result.exit_position, expected)]
    assert abs(below[0] - below[1]) > 5.0 * (SIGMAS * 0.5 / math.sqrt(5_000) + OFF_CENTER)


@pytest.mark.parametrize("paths", [5_000])
@pytest.mark.parametrize(("name", "basin"), IN_TURN, ids=name_of)
def test_mean_exit_time_of_every_law(name, basin, paths):
    """Small noise: the mean times the predicted rate is 1, up to the first order in eps^alpha."""
    law, result = LAWS[name], exits(basin, name, paths)
    prediction = theory.predict(basin, SGD, law, EPSILON)
    ratio = result.mean * prediction.rate
    # Skewed noise has a mean displacement of order eps^alpha/relaxation more; both are allowed for.
    assert abs(ratio - 1.0) < SIGMAS / math.sqrt(result.escaped) + 2.0 * OFF_CENTER


def test_multifractal_rates_add():
    law = ls.noise.multifractal([1.2, 1.8], [0.3, 1.0])
    epsilon = 0.05
    result = ls.escape_times(DISC, SGD, law, epsilon, paths=5_000, dt=0.05, seed=8)
    prediction = theory.predict(DISC, SGD, law, epsilon)
    one = ls.noise.independent(1.2, [0.3, 1e-9])
    smallest = theory.escape_measure(DISC.domain, one, DISC.minimum).value * epsilon**1.2
    assert prediction.rate > 1.05 * smallest
    assert abs(result.mean * prediction.rate - 1.0) < SIGMAS / math.sqrt(result.escaped) + 0.05


def two_wells(x, p, out):
    """Minima at -1 and 1/2, saddle at 0; linear far out, where an Euler step must not overshoot."""
    out[0] = 6.0 * x[0] * (x[0] + 1.0) * (x[0] - 0.5) / (1.0 + x[0] * x[0])


@pytest.mark.parametrize("steps", [500_000])
def test_two_wells_are_occupied_in_the_ratio_of_the_theory(steps):
    """A long simulation: pi_1/pi_2 = (d_1/d_2)^alpha, whatever the depths of the wells."""
    well, noise, epsilon = ls.Potential(1, two_wells), ls.noise.independent(ALPHA), 0.03
    rates = theory.transition_rates(well, [[-1.0], [0.5]], noise, epsilon)
    odds = rates.stationary[0] / rates.stationary[1]
    assert odds == pytest.approx(2.0**ALPHA, rel=1e-9)
    basin = ls.Basin(well, domains.interval(-math.inf, math.inf), 0.5)
    sample = ls.trajectories(
        basin, SGD, noise, epsilon, paths=256, steps=steps, dt=0.02, seed=9, every=200
    )
    # Half of the time is left to forget the start: 10 residence times.
    assert np.isfinite(sample.positions).all()
    left = sample.positions[:, sample.times > 0.5 * sample.times[-1], 0] < 0.0
    fraction = left.mean(axis=1)
    simulated, error = fraction.mean(), fraction.std() / math.sqrt(len(fraction))
    expected = odds / (1.0 + odds)
    # First order in eps^alpha over the slower relaxation rate (4.5 and 3.6 at the minima, 3
    # at the saddle), with the narrower well's distance 1/2.
    bias = 2.0 * epsilon**ALPHA / 0.5**ALPHA / 2.0
    assert abs(simulated - expected) < SIGMAS * error + bias * expected * (1.0 - expected)
    assert abs(simulated - 0.5) > 10.0 * error
