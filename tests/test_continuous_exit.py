"""Exits in continuous time against closed forms, other codes' numbers and a plain scheme."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special

from levysde.theory import (
    driftless_interval_mean_exit_time,
    euler_mean_exit_time,
    exit_probability,
    gaussian_mean_exit_time,
    mean_exit_time,
    stable_constant,
)


def identity(x: Any) -> Any:
    return x


def nothing(x: Any) -> Any:
    return 0.0 * x


# Printed values of a spectral method that is not ours: alpha, eps, ends, curvature, mean, digits.
TABLE = [
    (1.0, 1.0, -2.0, 2.0, 1.0, 2.6592, 1e-4),
    (1.2, 1.0, -2.0, 2.0, 1.0, 3.1142, 1e-4),
    (1.5, 1.0, -2.0, 2.0, 1.0, 3.8272, 1e-4),
    (1.8, 1.0, -2.0, 2.0, 1.0, 4.3835, 1e-4),
    (1.0, 1.0, -1.0, 1.0, 1.0, 1.2165, 1e-4),
    (1.2, 1.0, -1.0, 1.0, 1.0, 1.1397, 1e-4),
    (1.5, 1.0, -1.0, 1.0, 1.0, 0.94876, 1e-5),
    (1.8, 1.0, -1.0, 1.0, 1.0, 0.73034, 1e-5),
    (1.5, 0.5, -1.0, 1.0, 1.0, 3.8271703, 1e-7),
    (1.5, 0.3, -1.0, 1.0, 1.0, 11.205827, 1e-6),
    (1.5, 0.2, -1.0, 1.0, 1.0, 23.855089, 1e-6),
    (1.5, 0.1, -1.0, 1.0, 1.0, 75.126296, 4e-6),
    (1.5, 0.05, -1.0, 1.0, 1.0, 220.1044, 4e-4),
    (1.8, 0.1, -1.0, 1.0, 1.0, 326.23259, 1e-5),
    (1.5, 0.1, -0.5, 1.5, 1.0, 41.5092, 1e-4),
    (1.5, 0.3, -1.0, 1.0, 10.0, 14.8438, 2e-4),
    (1.5, 0.3, -0.2, 1.8, 1.0, 1.6072315, 1e-6),
]


@pytest.mark.parametrize(("alpha", "epsilon", "lower", "upper", "k", "mean", "digits"), TABLE[::4])
def test_means_in_a_parabola(
    alpha: float, epsilon: float, lower: float, upper: float, k: float, mean: float, digits: float
) -> None:
    found = mean_exit_time(lambda x: k * x, lower, upper, alpha, epsilon)

    assert abs(found.value - mean) < digits + found.error
    assert found.error <= 1e-6 * found.value
    other = mean_exit_time(lambda x: k * x, lower, upper, alpha, 1.01 * epsilon)
    assert abs(other.value - mean) > 10.0 * digits


INDICES = (0.2, 0.5, 0.8, 0.95, 1.0, 1.05, 1.2, 1.5, 1.8, 1.99)


@pytest.mark.parametrize("alpha", [0.2, 1.05, 1.99])
def test_without_drift(alpha: float) -> None:
    """Getoor's mean, and the side by Blumenthal, Getoor & Ray, in an interval off the origin."""
    lower, upper, start, epsilon = 1.0, 4.0, 3.5, 0.7

    mean = mean_exit_time(nothing, lower, upper, alpha, epsilon, start, tolerance=1e-7)
    side = exit_probability(nothing, lower, upper, alpha, epsilon, start, tolerance=1e-7)

    exact = driftless_interval_mean_exit_time(alpha, lower, upper, start) / epsilon**alpha
    assert abs(mean.value - exact) < mean.error + 1e-10 * exact
    right = float(special.betainc(0.5 * alpha, 0.5 * alpha, (start - lower) / (upper - lower)))
    assert abs(side.value - right) < side.error + 1e-10


DRIFTS = (-4.0, -0.5, 0.7, 3.0)


@pytest.mark.parametrize("drift", DRIFTS[::2])
def test_constant_drift_at_index_one(drift: float) -> None:
    """A Cauchy process with drift m is strictly stable, of positivity 1/2 + arctan(m)/pi.

    Profeta & Simon (2016) then have its time and side; the powers at the two ends differ.
    """
    start, rho = 0.3, 0.5 + math.atan(drift) / math.pi

    mean = mean_exit_time(lambda x: 0.0 * x - drift, -1.0, 1.0, 1.0, 1.0, start)
    side = exit_probability(lambda x: 0.0 * x - drift, -1.0, 1.0, 1.0, 1.0, start)

    shape = (1.0 - start) ** rho * (1.0 + start) ** (1.0 - rho)
    assert abs(mean.value - math.cos(math.atan(drift)) * shape) < mean.error + 1e-9
    exact = float(special.betainc(1.0 - rho, rho, 0.5 * (1.0 + start)))
    assert abs(side.value - exact) < side.error + 1e-9
    wrong = float(special.betainc(rho, 1.0 - rho, 0.5 * (1.0 + start)))
    assert abs(side.value - wrong) > 0.1


@pytest.mark.parametrize(("epsilon", "mean"), [(0.5, 4.501602416), (0.3, 108.6243397)])
def test_gaussian_means(epsilon: float, mean: float) -> None:
    assert mean_exit_time(identity, -1.0, 1.0, 2.0, epsilon).value == pytest.approx(mean, rel=1e-9)
    # The elements themselves, at an index that is almost 2.
    near = mean_exit_time(identity, -1.0, 1.0, 2.0 - 1e-7, epsilon)
    assert near.value == pytest.approx(mean, rel=2e-5)


def test_gaussian_side() -> None:
    """A double integral by scipy, and the elements at an index that is almost 2."""

    def scale(low: float, high: float) -> float:
        return float(integrate.quad(lambda x: math.exp(x**2 / (2.0 * 0.35)), low, high)[0])

    # eps^2 + d/2 = 0.25 + 0.1
    exact = scale(-1.0, 0.4) / scale(-1.0, 1.0)
    for alpha, digits in ((2.0, 1e-10), (2.0 - 1e-7, 1e-6)):
        side = exit_probability(identity, -1.0, 1.0, alpha, 0.5, 0.4, brownian=0.2)
        assert side.value == pytest.approx(exact, abs=digits)


def test_brownian_part_alone() -> None:
    """The jumps are negligible, so that variance d stands for eps = sqrt(d/2) at alpha = 2."""
    for alpha in (0.5, 1.5):
        found = mean_exit_time(identity, -1.0, 1.0, alpha, 1e-12, brownian=0.5, start=0.2)
        exact = gaussian_mean_exit_time(identity, -1.0, 1.0, 0.5, 0.2)
        assert found.value == pytest.approx(exact, rel=1e-5)


def plain_scheme(alpha: float, epsilon: float, brownian: float, size: int) -> tuple[float, float]:
    """Mean and side of dX = -X dt + sqrt(d) dB + eps dL on (-1, 1) from 0.5 by differences.

    Jumps go to the cells of a grid; those within a cell become a diffusion that makes the
    whole exact for parabolas.
    """
    h = 2.0 / size
    x = -1.0 + h * np.arange(1, size)
    steps = np.arange(1, 2 * size)
    noise = epsilon**alpha * stable_constant(alpha)
    cells = ((steps - 0.5) * h) ** -alpha - ((steps + 0.5) * h) ** -alpha
    jumps = noise / alpha * cells
    reach = (steps[-1] + 0.5) * h
    small = noise * reach ** (2.0 - alpha) / (2.0 - alpha) - float(jumps @ (steps * h) ** 2)
    matrix = np.zeros((size - 1, size - 1))
    distance = np.abs(np.subtract.outer(np.arange(size - 1), np.arange(size - 1)))
    away = distance > 0
    matrix[away] = jumps[distance[away] - 1]
    np.fill_diagonal(matrix, -2.0 * noise / alpha * (0.5 * h) ** -alpha)
    diffusion = (0.5 * brownian + small) / h**2
    index = np.arange(size - 1)
    matrix[index, index] -= 2.0 * diffusion
    up, down = diffusion - 0.5 * x / h, diffusion + 0.5 * x / h
    matrix[index[:-1], index[1:]] += up[:-1]
    matrix[index[1:], index[:-1]] += down[1:]
    above = noise / alpha * ((size - 0.5 - np.arange(1, size)) * h) ** -alpha
    above[-1] += up[-1]
    solution = np.linalg.solve(matrix, np.stack([-np.ones(size - 1), -above], axis=1))
    mean, side = solution[int(np.argmin(np.abs(x - 0.5)))]
    return float(mean), float(side)


@pytest.mark.parametrize(("alpha", "brownian"), [(0.5, 0.1), (1.5, 0.1)])
def test_jumps_and_brownian_part_together(alpha: float, brownian: float) -> None:
    mean, side = plain_scheme(alpha, 0.6, brownian, 800)

    arguments: tuple[Any, ...] = (identity, -1.0, 1.0, alpha, 0.6, 0.5, brownian)
    assert mean_exit_time(*arguments).value == pytest.approx(mean, rel=2e-3)
    assert exit_probability(*arguments).value == pytest.approx(side, rel=2e-3)
    without: tuple[Any, ...] = (identity, -1.0, 1.0, alpha, 0.6, 0.5)
    assert mean_exit_time(*without).value != pytest.approx(mean, rel=1e-2)


SMALL_INDEX = [(0.5, (0.8, 0.4, 0.2)), (0.8, (0.2, 0.1, 0.05))]


@pytest.mark.parametrize(("alpha", "steps", "slope"), [(*SMALL_INDEX[1], -1.0)])
def test_small_index_against_the_chain(
    alpha: float, steps: tuple[float, ...], slope: float
) -> None:
    """Three steps of the Euler chain, whose error is a series in dt for alpha < 1."""
    start = 0.2
    chain = [
        euler_mean_exit_time(lambda x: slope * x, -1.0, 1.0, alpha, 1.0, dt, start, tolerance=1e-5)
        for dt in steps
    ]
    first = [2.0 * chain[1] - chain[0], 2.0 * chain[2] - chain[1]]
    limit = (4.0 * first[1] - first[0]) / 3.0

    found = mean_exit_time(lambda x: slope * x, -1.0, 1.0, alpha, 1.0, start)

    assert found.value == pytest.approx(limit, rel=4e-3)
    assert found.value != pytest.approx(chain[0], rel=4e-3)


@pytest.mark.parametrize("alpha", [0.3])
def test_a_kink_away_from_the_start(alpha: float) -> None:
    """The mean time solves the equation again after x -> -x, with kinks and zeros elsewhere."""

    def gradient(x: Any) -> Any:
        return np.where(x < 0.3, 2.0, 0.5) * (x - 0.3)

    found = mean_exit_time(gradient, -1.0, 2.0, alpha, 0.8, 1.1, breakpoints=[0.3])
    mirrored = mean_exit_time(
        lambda x: -gradient(-x), -2.0, 1.0, alpha, 0.8, -1.1, breakpoints=[-0.3]
    )
    right = exit_probability(gradient, -1.0, 2.0, alpha, 0.8, 1.1, breakpoints=[0.3])
    left = exit_probability(
        lambda x: -gradient(-x), -2.0, 1.0, alpha, 0.8, -1.1, breakpoints=[-0.3]
    )

    assert abs(found.value - mirrored.value) < 2.0 * (found.error + mirrored.error) + 1e-9
    assert abs(right.value + left.value - 1.0) < 2.0 * (right.error + left.error) + 1e-9


def test_units_of_length_and_time() -> None:
    """x -> 1000 x, t -> 60 t."""
    found = mean_exit_time(identity, -1.0, 1.0, 1.5, 0.5, brownian=0.3)
    scaled = mean_exit_time(
        lambda x: x / 60.0, -1e3, 1e3, 1.5, 500.0 * 60.0 ** (-1.0 / 1.5), brownian=0.3e6 / 60.0
    )

    assert scaled.value == pytest.approx(60.0 * found.value, rel=1e-7)


def test_the_error_is_honest_where_the_layer_is_not_resolved() -> None:
    """A Cauchy process with a strong drift: powers 0.016 and 0.984 of the distances to the ends."""
    rho = 0.5 + math.atan(20.0) / math.pi
    exact = math.cos(math.atan(20.0)) * 0.7**rho * 1.3 ** (1.0 - rho)
    arguments: tuple[Any, ...] = (lambda x: 0.0 * x - 20.0, -1.0, 1.0, 1.0, 1.0, 0.3)

    with pytest.raises(ValueError, match="more than the tolerance 1e-06 times the value"):
        mean_exit_time(*arguments)

    found = mean_exit_time(*arguments, tolerance=1e-3)
    assert abs(found.value - exact) < found.error < 1e-3 * exact


@pytest.mark.parametrize("function", [mean_exit_time, exit_probability])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alpha": 2.5}, "alpha is 2.5"),
        ({"epsilon": 0.0}, "epsilon is 0.0"),
        ({"brownian": -1.0}, "brownian is -1.0"),
        ({"brownian": math.nan}, "brownian is nan"),
        ({"tolerance": 0.0}, "tolerance is 0.0"),
        ({"tolerance": 0.0, "alpha": 2.0}, "tolerance is 0.0"),
        ({"lower": -math.inf}, "both finite"),
        ({"start": 1.0}, "start is 1.0"),
        ({"breakpoints": (math.nan,)}, "breakpoints are"),
        ({"gradient": lambda x: 0.0}, "gradient returned shape"),
        ({"gradient": lambda x: x * math.nan}, "not finite"),
        ({"gradient": lambda x: np.sin(250.0 * x)}, "at most 3000 are allowed"),
    ],
)
def test_wrong_inputs(function: Any, changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "gradient": identity,
        "lower": -1.0,
        "upper": 1.0,
        "alpha": 1.5,
        "epsilon": 0.3,
    }
    with pytest.raises(ValueError, match=message):
        function(**(arguments | changes))
