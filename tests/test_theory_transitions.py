"""The chain between minima against hand formulas, in one dimension and along rays in more."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from levysde import dynamics, schedules
from levysde.noise import independent, isotropic, mixed, scaled
from levysde.theory import stable_constant, transition_rates
from levysde.theory.optimizers.walls import why_walls_matter_between

TURN = np.array([[0.6, -0.8], [0.8, 0.6]])


def potential(dim: int, slope: Callable[[Any], Any]) -> Any:
    def gradient(x: Any, p: Any, out: Any) -> None:
        out[:] = slope(x)

    return SimpleNamespace(dim=dim, p=np.empty(0), gradient=gradient)


def wells(*roots: float) -> Any:
    """Return a potential on the line with critical points at the roots, minima first and last."""
    return potential(1, lambda x: math.prod(x[0] - root for root in roots))


@pytest.mark.parametrize("alpha", [0.7, 1.0, 1.6])
def test_two_wells(alpha: float) -> None:
    # Distances 0.5 and 2 from the maximum at 0.
    chain = transition_rates(wells(-0.5, 0.0, 2.0), [-0.5, 2.0], independent(alpha, 3.0), 0.01)
    factor = stable_constant(alpha) / alpha * 0.03**alpha
    assert chain.rates[0, 1] == pytest.approx(factor * 0.5**-alpha, rel=1e-13)
    assert chain.rates[1, 0] == pytest.approx(factor * 2.0**-alpha, rel=1e-13)
    assert chain.stationary is not None
    odds = chain.stationary[0] / chain.stationary[1]
    assert odds == pytest.approx(0.25**alpha, rel=1e-13)
    assert chain.residence_times == pytest.approx([0.5**alpha / factor, 2.0**alpha / factor])
    assert chain.minima.tolist() == [[-0.5], [2.0]]


def test_depth_and_shape_do_not_matter() -> None:
    # The same maximum, other heights: e^x times the gradient.
    flat = wells(-1.0, 0.0, 2.0)
    steep = potential(1, lambda x: math.exp(min(x[0], 50.0)) * (x[0] + 1.0) * x[0] * (x[0] - 2.0))
    one = transition_rates(flat, [-1.0, 2.0], independent(1.5), 0.1)
    other = transition_rates(steep, [-1.0, 2.0], independent(1.5), 0.1)
    assert other.rates == pytest.approx(one.rates, rel=1e-12)


def test_three_wells_by_hand_in_any_order() -> None:
    # Minima -2, 0, 3; maxima -1, 1.
    alpha, epsilon = 1.5, 0.05
    roots = (-2.0, -1.0, 0.0, 1.0, 3.0)

    def tail(distance: float) -> float:
        return epsilon**alpha * stable_constant(alpha) / alpha * distance**-alpha

    hand = np.array(
        [
            [0.0, tail(1.0) - tail(3.0), tail(3.0)],
            [tail(1.0), 0.0, tail(1.0)],
            [tail(4.0), tail(2.0) - tail(4.0), 0.0],
        ]
    )
    np.fill_diagonal(hand, -hand.sum(axis=1))
    chain = transition_rates(wells(*roots), [-2.0, 0.0, 3.0], independent(alpha), epsilon)
    assert chain.rates == pytest.approx(hand, rel=1e-12)
    assert chain.stationary is not None
    assert np.sum(chain.stationary) == pytest.approx(1.0, rel=1e-14)
    assert chain.stationary @ hand == pytest.approx(np.zeros(3), abs=1e-15)
    assert chain.residence_times == pytest.approx(-1.0 / np.diag(hand), rel=1e-12)
    shuffled = transition_rates(wells(*roots), [3.0, -2.0, 0.0], independent(alpha), epsilon)
    order = [2, 0, 1]
    assert shuffled.rates == pytest.approx(hand[np.ix_(order, order)], rel=1e-12)
    assert shuffled.stationary == pytest.approx(chain.stationary[order], rel=1e-12)


def test_skewed_and_one_sided_noise() -> None:
    roots = (-2.0, -1.0, 0.0, 1.0, 3.0)
    chain = transition_rates(wells(*roots), [-2.0, 0.0, 3.0], independent(0.5, 1.0, 0.6), 0.1)
    plain = transition_rates(wells(*roots), [-2.0, 0.0, 3.0], independent(0.5), 0.1)
    assert chain.rates[0, 1] == pytest.approx(1.6 * plain.rates[0, 1], rel=1e-13)
    assert chain.rates[2, 1] == pytest.approx(0.4 * plain.rates[2, 1], rel=1e-13)
    # Only jumps to the right: the last minimum keeps everything.
    one = transition_rates(wells(*roots), [-2.0, 0.0, 3.0], independent(0.5, 1.0, 1.0), 0.1)
    assert one.stationary == pytest.approx([0.0, 0.0, 1.0])
    assert one.residence_times[2] == math.inf


def test_gaussian_noise_has_no_transitions() -> None:
    chain = transition_rates(wells(-1.0, 0.0, 1.0), [-1.0, 1.0], independent(2.0), 0.1)
    assert not chain.rates.any()
    assert chain.stationary is None
    assert np.all(chain.residence_times == math.inf)


def plane(x: Any) -> Any:
    """Return the gradient of (x^2 - 1)^2 / 4 + y^2 / 2, moved to minima at -0.5 and 1.5."""
    u = x[0] - 0.5
    return np.array([u * u * u - u, x[1]])


def test_plane_with_noise_along_the_axes_is_the_line() -> None:
    chain = transition_rates(
        potential(2, plane), [[-0.5, 0.0], [1.5, 0.0]], independent(1.5, [2.0, 7.0]), 0.1
    )
    line = transition_rates(wells(-0.5, 0.5, 1.5), [-0.5, 1.5], independent(1.5, 2.0), 0.1)
    assert chain.rates == pytest.approx(line.rates, rel=1e-8)


def test_plane_with_mixed_noise_by_hand() -> None:
    # The border is x = 1/2, each column g reaches it at 1/|g_x| one way.
    alpha, matrix = 1.2, np.array([[1.0, 0.5], [0.3, -2.0]])
    turned = potential(2, lambda x: TURN @ plane(TURN.T @ x))
    minima = (TURN @ np.array([[-0.5, 1.5], [0.0, 0.0]])).T
    chain = transition_rates(turned, minima, mixed(alpha, TURN @ matrix), 0.1)
    hand = 0.1**alpha * stable_constant(alpha) / alpha * (1.0 + 0.5**alpha)
    assert chain.rates[0, 1] == pytest.approx(hand, rel=1e-7)
    assert chain.rates[1, 0] == pytest.approx(hand, rel=1e-7)
    assert chain.stationary == pytest.approx([0.5, 0.5], rel=1e-7)


def test_ray_through_three_domains() -> None:
    # Three wells in x: from the first, jumps to the right cross the middle one.
    def slope(x: Any) -> Any:
        u = x[0]
        return (u + 2.0) * (u + 1.0) * u * (u - 1.0) * (u - 3.0), 4.0 * x[1]

    minima = [[-2.0, 0.0], [0.0, 0.0], [3.0, 0.0]]
    plane_chain = transition_rates(potential(2, slope), minima, mixed(1.5, [[1.0], [0.1]]), 0.1)
    line = transition_rates(
        wells(-2.0, -1.0, 0.0, 1.0, 3.0), [-2.0, 0.0, 3.0], independent(1.5), 0.1
    )
    assert plane_chain.rates == pytest.approx(line.rates, rel=1e-7)


@pytest.mark.parametrize(
    ("slope", "minima", "message"),
    [
        (lambda x: x[0], [0.0], "at least two points"),
        (lambda x: x[0], [[0.0, 1.0]], "at least two points of dimension 1"),
        (lambda x: x[0], [0.0, math.nan], "must be finite"),
        (lambda x: x[0], [0.0, 0.0], "twice"),
        (lambda x: x[0], [0.0, 1.0], r"\[1.0\] is not a minimum: the gradient there is 1"),
        (lambda x: x[0] ** 3 - x[0], [-1.0, 0.0], "not two minima separated by a maximum"),
        (
            lambda x: math.prod(x[0] - r for r in (-2, -1, 0, 1, 3)),
            [-2.0, 3.0],
            "more minima between -2.0 and 3.0",
        ),
        (
            lambda x: math.prod(x[0] - r for r in (-2, -1, 0, 1, 3)),
            [-2.0, 0.0],
            "outermost minimum 0.0; name all minima",
        ),
        (lambda x: math.sin(2.0 * math.pi * x[0]), [0.0, 1.0], "name all minima"),
    ],
)
def test_wrong_minima(slope: Callable[[Any], Any], minima: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        transition_rates(potential(1, slope), minima, independent(1.5), 0.1)
    assert "\n" not in str(caught.value)


def test_wrong_noise_and_missing_minimum_in_the_plane() -> None:
    minima = [[-0.5, 0.0], [1.5, 0.0]]
    with pytest.raises(ValueError, match="for noise on rays only"):
        transition_rates(potential(2, plane), minima, isotropic(1.5), 0.1)
    with pytest.raises(ValueError, match="epsilon is 0"):
        transition_rates(potential(2, plane), minima, independent(1.5), 0.0)

    def slope(x: Any) -> Any:
        return np.array([math.prod(x[0] - r for r in (-2.0, -1.0, 0.0, 1.0, 3.0)), x[1]])

    with pytest.raises(ValueError, match="minimum that was not named"):
        transition_rates(potential(2, slope), [[-2.0, 0.0], [0.0, 0.0]], independent(1.5), 0.1)


def test_rates_that_change_with_time_are_refused() -> None:
    wells_, law = wells(-1.0, 0.0, 1.0), scaled(independent(1.5), schedules.cosine(10.0))
    with pytest.raises(ValueError, match="noise changes with time"):
        transition_rates(wells_, [-1.0, 1.0], law, 0.05)
    # A factor of the place alone is that of every minimum.
    held = scaled(independent(1.5), lambda x, t, p, out: out.fill(1.5 + 0.5 * x[0]))
    rates = transition_rates(wells_, [-1.0, 1.0], held, 0.05).rates
    assert rates[1, 0] == pytest.approx(2.0**1.5 * rates[0, 1], rel=1e-12)


def test_walls_beyond_all_minima_of_the_line_change_nothing() -> None:
    plain, minima = dynamics.sgd(), np.array([[-1.0], [1.0]])
    assert why_walls_matter_between(plain, minima) is None
    assert why_walls_matter_between(dynamics.walled(plain, -1.5, 1.5), minima) is None
    for walls in ((-0.5, 2.0), (-2.0, 0.5), (-2.0, 2.0, "reflection")):
        assert why_walls_matter_between(dynamics.walled(plain, *walls), minima) is not None
