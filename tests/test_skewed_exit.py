"""Exits of skewed motion without drift, against closed forms and simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import levysde as ls
from levysde.theory import (
    driftless_interval_mean_exit_time,
    positivity,
    right_exit_probability,
    skewed_mean_exit_time,
    skewed_right_exit_probability,
)

SIGMAS = 4.0


@pytest.mark.parametrize(
    ("alpha", "beta", "mean"), [(1.5, 0.5, 0.67284), (1.5, 1.0, 0.53192), (0.8, 0.5, 0.58504)]
)
def test_table(alpha: float, beta: float, mean: float) -> None:
    assert skewed_mean_exit_time(alpha, beta, -1.0, 1.0, 0.0) == pytest.approx(mean, abs=5e-6)
    assert skewed_mean_exit_time(alpha, -beta, -1.0, 1.0, 0.0) == pytest.approx(mean, abs=5e-6)
    assert skewed_mean_exit_time(alpha, 0.9 * beta, -1.0, 1.0, 0.0) != pytest.approx(mean, abs=1e-3)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.7, 2.0])
def test_without_skewness(alpha: float) -> None:
    """Getoor, and Blumenthal, Getoor & Ray."""
    exact = driftless_interval_mean_exit_time(alpha, 1.0, 5.0, 4.0) / 0.3**alpha
    assert skewed_mean_exit_time(alpha, 0.0, 1.0, 5.0, 4.0, epsilon=0.3) == pytest.approx(exact)
    right = float(right_exit_probability(0.5, alpha))
    assert skewed_right_exit_probability(alpha, 0.0, 1.0, 5.0, 4.0) == pytest.approx(right)


@pytest.mark.parametrize("alpha", [0.3, 0.5, 0.7])
def test_motion_that_only_rises(alpha: float) -> None:
    """E exp(-s L_1) = exp(-s^alpha / cos(pi alpha/2)), so E tau = cos(..) d^alpha / Gamma(1+alpha).

    The renewal function of a subordinator, Bertoin, Levy Processes (1996), ch. III.
    """
    exact = math.cos(0.5 * math.pi * alpha) * 3.0**alpha / math.gamma(1.0 + alpha)
    assert skewed_mean_exit_time(alpha, 1.0, -7.0, 5.0, 2.0) == pytest.approx(exact, rel=1e-12)
    assert skewed_right_exit_probability(alpha, 1.0, -7.0, 5.0, 2.0) == 1.0
    assert skewed_right_exit_probability(alpha, -1.0, -7.0, 5.0, 2.0) == 0.0


@pytest.mark.parametrize("alpha", [1.2, 1.5, 1.8])
def test_motion_that_jumps_upward_only(alpha: float) -> None:
    """It leaves below continuously, with the ratio ((b - x)/(b - a))^(alpha - 1).

    W(b - x)/W(b - a) with the scale function W(x) ~ x^(alpha - 1), Bertoin (1996), ch. VII.
    """
    exact = 1.0 - (3.0 / 12.0) ** (alpha - 1.0)
    found = skewed_right_exit_probability(alpha, 1.0, -7.0, 5.0, 2.0)
    assert found == pytest.approx(exact, rel=1e-12)


def test_positivity() -> None:
    assert positivity(1.5, 1.0) == pytest.approx(1.0 / 3.0)
    assert positivity(1.5, -1.0) == pytest.approx(2.0 / 3.0)
    assert positivity(0.7, 1.0) == 1.0
    assert positivity(1.0, 0.0) == positivity(2.0, 0.7) == 0.5


def driftless(lower: float, upper: float, start: float) -> Any:
    return ls.Basin(
        name="interval", potential=ls.potentials.quadratic(1, 0.0),
        domain=ls.domains.interval(lower, upper), minimum=[start], start=[start],
    )  # fmt: skip


@pytest.mark.parametrize(("alpha", "beta"), [(0.8, 0.5), (0.8, -0.9), (1.5, 0.7)])
def test_simulation(alpha: float, beta: float) -> None:
    """Euler's scheme on (-0.5, 2) from 0.4 with two steps, extrapolated in dt^(1/alpha) or dt."""
    lower, upper, start, epsilon = -0.5, 2.0, 0.4, 1.3
    runs = [
        ls.escape_times(
            driftless(lower, upper, start), ls.dynamics.sgd(),
            ls.noise.independent(alpha, 1.0, beta), epsilon,
            paths=40_000, dt=dt, horizon=1e3, seed=seed,
        )
        for dt, seed in ((4e-3, 11), (1e-3, 12))
    ]  # fmt: skip
    weight = 1.0 / (4.0 ** min(1.0, 1.0 / alpha) - 1.0)
    for exact, samples in (
        (
            skewed_mean_exit_time(alpha, beta, lower, upper, start, epsilon),
            [run.times for run in runs],
        ),
        (
            skewed_right_exit_probability(alpha, beta, lower, upper, start),
            [(run.exit_position[:, 0] > upper).astype(float) for run in runs],
        ),
    ):
        means = [sample.mean() for sample in samples]
        errors = [sample.std() / math.sqrt(sample.size) for sample in samples]
        found = (1.0 + weight) * means[1] - weight * means[0]
        error = math.hypot((1.0 + weight) * errors[1], weight * errors[0])
        assert abs(found - exact) < SIGMAS * error
    mirrored = skewed_right_exit_probability(alpha, -beta, lower, upper, start)
    assert abs(np.mean(samples[1]) - mirrored) > 10.0 * errors[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.5, 1.1, -1.0, 1.0, 0.0), "beta is 1.1"),
        ((1.0, 0.5, -1.0, 1.0, 0.0), "not strictly stable"),
        ((2.5, 0.5, -1.0, 1.0, 0.0), "alpha is 2.5"),
        ((1.5, 0.5, -1.0, 1.0, 1.5), "start is 1.5"),
        ((1.5, 0.5, 1.0, 1.0, 1.0), "start is 1.0"),
    ],
)
def test_wrong_inputs(arguments: tuple[float, ...], message: str) -> None:
    for function in (skewed_mean_exit_time, skewed_right_exit_probability):
        with pytest.raises(ValueError, match=message):
            function(*arguments)
    with pytest.raises(ValueError, match="epsilon is"):
        skewed_mean_exit_time(1.5, 0.5, -1.0, 1.0, 0.0, epsilon=0.0)
