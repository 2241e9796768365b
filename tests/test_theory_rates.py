"""Predicted rates, the first correction and the assumptions against exact values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from levysde import domains
from levysde.domains import interval
from levysde.dynamics import Rule
from levysde.noise import elliptic, independent, isotropic, mixed, multifractal, spectral
from levysde.theory import Prediction, escape_measure, first_correction, predict, stable_constant

pytestmark = pytest.mark.quick

EMPTY = np.empty(0)


@dataclass(frozen=True)
class Domain:
    """A set that is known by its predicate alone."""

    dim: int
    outside: Callable[[Any, Any], bool]
    p: Any = field(default_factory=lambda: EMPTY)
    name: str = "custom"


@dataclass(frozen=True)
class Noise:
    alpha: float
    vectors: Any = 1.0
    name: str = "mine"
    form: str | None = "columns"


@dataclass(frozen=True)
class Dynamics:
    name: str
    rule: Any = None
    clip: float | None = None


@dataclass(frozen=True)
class Potential:
    dim: int
    gradient: Callable[[Any, Any, Any], None]
    p: Any = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True)
class Basin:
    potential: Potential
    domain: Any
    minimum: Any
    start: Any
    name: str = "test"


SGD = Dynamics("sgd", Rule())


def basin(slope: Callable[[Any], Any], domain: Any, minimum: Any = None) -> Basin:
    """Return a basin whose gradient is the given function of the array x."""

    def gradient(x: Any, p: Any, out: Any) -> None:
        out[:] = slope(x)

    point = np.zeros(domain.dim) if minimum is None else np.asarray(minimum, dtype=float)
    return Basin(Potential(domain.dim, gradient), domain, point, point)


def holds(prediction: Prediction) -> dict[str, bool | None]:
    return {assumption.name: assumption.holds for assumption in prediction.assumptions}


def detail(prediction: Prediction, name: str) -> str:
    return next(a.detail for a in prediction.assumptions if a.name == name)


def identity(x: Any) -> Any:
    return x


@pytest.mark.parametrize(
    ("alpha", "constant"), [(0.8, 0.228538), (1.2, 0.779346), (1.5, 1.614665), (1.8, 2.928253)]
)
def test_first_correction_of_the_quadratic_well(alpha: float, constant: float) -> None:
    # nu eps^alpha E Gamma = 1 - C eps^alpha / (k a^alpha) on (-a, a).
    unit = first_correction(lambda x: x, 1.0, 1.0, alpha)
    assert unit == pytest.approx(constant, abs=1e-6)
    wide = first_correction(lambda x: 4.0 * x, 2.0, 2.0, alpha)
    assert wide == pytest.approx(constant / (4.0 * 2.0**alpha), abs=1e-6)
    loud = first_correction(lambda x: x, 1.0, 1.0, alpha, scale=3.0)
    assert loud == pytest.approx(constant * 3.0**alpha, rel=2e-6)


@pytest.mark.parametrize(
    ("ends", "epsilon", "exact", "allowance"),
    [
        # Exact means of the continuous process. The allowance is the size of the next order,
        # several times below the first correction.
        ((-1.0, 1.0), 0.1, 75.126296, 0.003),
        ((-1.0, 1.0), 0.05, 220.1044, 0.001),
        ((-1.0, 1.0), 0.2, 23.855089, 0.006),
        ((-0.5, 1.5), 0.1, 41.5092, 0.008),
    ],
)
def test_corrected_mean_against_exact_means(
    ends: tuple[float, float], epsilon: float, exact: float, allowance: float
) -> None:
    prediction = predict(basin(identity, interval(*ends)), SGD, Noise(1.5), epsilon)
    assert prediction.corrected_mean is not None
    assert prediction.corrected_rate == pytest.approx(1.0 / prediction.corrected_mean)
    assert prediction.corrected_mean == pytest.approx(exact, rel=allowance)
    # Without the correction the error is several times the allowance.
    assert prediction.mean > exact * (1.0 + 5.0 * allowance)


def test_correction_is_the_second_order_of_a_mirrored_well_too() -> None:
    def slope(x: float) -> float:
        return x + 0.6 * x * x + 0.3 * x**3

    one = first_correction(slope, 0.5, 1.5, 1.5)
    other = first_correction(lambda x: -slope(-x), 1.5, 0.5, 1.5)
    assert one is not None
    assert one == pytest.approx(other, rel=1e-8)
    # The flat left side, where particles linger, is the one with the near boundary.
    plain = first_correction(lambda x: x, 0.5, 1.5, 1.5)
    assert plain is not None
    assert one > plain


def test_prediction_keeps_the_sides_apart() -> None:
    def slope(x: Any) -> Any:
        return x + 0.6 * x * x + 0.3 * x**3

    constant = first_correction(slope, 0.5, 1.5, 1.5)
    mirrored = first_correction(slope, 1.5, 0.5, 1.5)
    assert constant is not None
    assert mirrored is None or abs(mirrored - constant) > 0.1
    prediction = predict(basin(slope, interval(-0.5, 1.5)), SGD, Noise(1.5), 0.05)
    expected = prediction.mean * (1.0 - constant * 0.05**1.5)
    assert prediction.corrected_mean == pytest.approx(expected, rel=1e-10)


def test_infinite_side_is_the_limit_of_a_far_one() -> None:
    far = first_correction(lambda x: x, 1e7, 1.0, 1.5)
    assert far is not None
    assert first_correction(lambda x: x, math.inf, 1.0, 1.5) == pytest.approx(far, rel=1e-7)


def kinked(x: Any) -> Any:
    return np.where(np.asarray(x) < 0.0, 16.0, 1.0) * x


def test_correction_that_does_not_exist() -> None:
    # Different curvatures and different distances: a term of order eps comes first.
    assert first_correction(kinked, 0.25, 1.0, 1.5) is None
    assert first_correction(kinked, 0.25, 1.0, 0.8) is None
    # Equal distances: nu'(0) = 0, and half of each one-sided constant.
    mean = 0.5 * (1.614665 + 1.614665 / 16.0)
    assert first_correction(kinked, 1.0, 1.0, 1.5) == pytest.approx(mean, abs=1e-6)
    # No curvature, a saddle on the boundary, a second critical point inside, no boundary.
    assert first_correction(lambda x: x**3, 1.0, 1.0, 1.5) is None
    assert first_correction(lambda x: x * (1.0 - x), 1.0, 1.0, 1.5) is None
    assert first_correction(lambda x: x * (0.5 - x), 1.0, 1.0, 1.5) is None
    assert first_correction(lambda x: x, math.inf, math.inf, 1.5) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1.0, 1.5, 1.0), "both must be positive"),
        ((1.0, 1.0, 2.0, 1.0), "alpha is 2.0"),
        ((1.0, 1.0, 1.5, 0.0), "scale is 0.0"),
    ],
)
def test_correction_wrong_inputs(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        first_correction(lambda x: x, *arguments)


def test_leading_order_of_the_unit_well() -> None:
    prediction = predict(basin(identity, interval(-1.0, 1.0)), SGD, Noise(1.5), 0.01)
    assert prediction.rate == pytest.approx(0.001 * 0.39894228, rel=2e-8)
    assert prediction.mean == pytest.approx(1.0 / prediction.rate)
    assert prediction.relaxation_rate == pytest.approx((1.0, 1.0), rel=1e-9)
    assert holds(prediction) == {
        "minimum inside the domain": True,
        "gradient vanishes at the minimum": True,
        "flow returns to the minimum": True,
        "start at the minimum": True,
        "curvature positive at the minimum": True,
        "domain positively invariant": True,
        "noise small": True,
        "jumps exist": True,
    }


def test_scale_of_the_noise_enters_as_a_power() -> None:
    one = predict(basin(identity, interval(-1.0, 1.0)), SGD, Noise(1.5), 0.02)
    other = predict(basin(identity, interval(-1.0, 1.0)), SGD, Noise(1.5, [2.0]), 0.01)
    assert other.rate == pytest.approx(one.rate, rel=1e-13)
    assert other.corrected_mean == pytest.approx(one.corrected_mean, rel=1e-12)


def test_curvatures_on_both_sides_of_a_kink() -> None:
    prediction = predict(basin(kinked, interval(-0.25, 1.0)), SGD, Noise(1.5), 0.01)
    assert prediction.relaxation_rate == pytest.approx((1.0, 16.0), rel=1e-8)
    assert prediction.corrected_mean is None
    assert prediction.corrected_rate is None
    shifted = basin(lambda x: kinked(x - 7.0), interval(6.75, 8.0), [7.0])
    assert predict(shifted, SGD, Noise(1.5), 0.01).relaxation_rate == pytest.approx(
        (1.0, 16.0), rel=1e-6
    )


def test_curvatures_of_a_rotated_quadratic() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    matrix = turn @ np.diag([0.5, 9.0]) @ turn.T
    domain = domains.ellipsoid(np.zeros(2), matrix / 4.5)
    prediction = predict(basin(lambda x: matrix @ x, domain), SGD, Noise(1.5), 0.01)
    assert prediction.relaxation_rate == pytest.approx((0.5, 9.0), rel=1e-7)
    assert prediction.corrected_mean is None
    assert holds(prediction)["domain positively invariant"] is True
    assert "20 points" in detail(prediction, "domain positively invariant")


def disc_with(slope: Callable[[Any], Any]) -> Basin:
    return basin(slope, domains.ball(np.zeros(2), 1.0))


def test_flow_that_leaves_is_noticed() -> None:
    # On a disc x'Mx > 0 is enough: the distance to the center decreases everywhere.
    matrix = np.array([[1.0, 1.9], [1.9, 4.0]])
    assert np.all(np.linalg.eigvalsh(matrix) > 0.0)
    prediction = predict(disc_with(lambda x: matrix @ x), SGD, Noise(1.5), 0.01)
    assert holds(prediction)["domain positively invariant"] is True
    square = domains.box(-np.ones(2), np.ones(2))
    # Near the corner (1, -1) the drift -(x + 1.9 y) points out of the square through x = 1.
    leaving = predict(basin(lambda x: matrix @ x, square), SGD, Noise(1.5), 0.01)
    assert holds(leaving)["domain positively invariant"] is False
    # One dimension: the boundary at 1 lies beyond the maximum at 0.5.
    beyond = predict(basin(lambda x: x * (0.5 - x), interval(-1.0, 1.0)), SGD, Noise(1.5), 0.01)
    assert holds(beyond)["domain positively invariant"] is False
    assert "[1.0]" in detail(beyond, "domain positively invariant")


def test_saddle_on_the_boundary_cannot_be_decided() -> None:
    saddle = predict(basin(lambda x: x * (1.0 - x), interval(-1.0, 1.0)), SGD, Noise(1.5), 0.01)
    assert holds(saddle)["domain positively invariant"] is None
    assert saddle.corrected_mean is None


def test_no_boundary_no_rate() -> None:
    free = predict(basin(identity, interval(-math.inf, math.inf)), SGD, Noise(1.5), 0.1)
    assert (free.rate, free.mean) == (0.0, math.inf)
    assert free.corrected_mean is None
    assert holds(free)["domain positively invariant"] is None


def test_gaussian_noise_has_no_jumps() -> None:
    prediction = predict(basin(identity, interval(-1.0, 1.0)), SGD, Noise(2.0), 0.1)
    assert (prediction.rate, prediction.mean) == (0.0, math.inf)
    assert holds(prediction)["jumps exist"] is False


def test_large_noise_is_said_to_be_large() -> None:
    prediction = predict(basin(identity, interval(-1.0, 1.0)), SGD, Noise(1.5), 1.0)
    assert holds(prediction)["noise small"] is False
    assert "0.399" in detail(prediction, "noise small")
    assert "1.61" in detail(prediction, "noise small")
    assert prediction.corrected_mean is None


def test_wrong_minimum_and_start_are_noticed() -> None:
    off = predict(basin(identity, interval(-1.0, 1.0), [0.1]), SGD, Noise(1.5), 0.01)
    assert holds(off)["gradient vanishes at the minimum"] is False
    well = basin(identity, interval(-1.0, 1.0))
    moved = Basin(well.potential, well.domain, well.minimum, np.array([0.5]))
    assert holds(predict(moved, SGD, Noise(1.5), 0.01))["start at the minimum"] is False
    top = predict(basin(lambda x: x * (x * x - 0.25), interval(-1.0, 1.0)), SGD, Noise(1.5), 0.01)
    assert holds(top)["curvature positive at the minimum"] is False
    assert holds(top)["noise small"] is None


def test_component_of_a_custom_domain_is_found() -> None:
    closed = predict(basin(identity, interval(-0.5, 1.5)), SGD, Noise(1.5), 0.05)
    custom = Domain(1, lambda x, p: not -0.5 < x[0] < 1.5)
    searched = predict(basin(identity, custom), SGD, Noise(1.5), 0.05)
    assert searched.corrected_mean == pytest.approx(closed.corrected_mean, rel=1e-9)
    # A second component makes the formula for one interval wrong.
    two = Domain(1, lambda x, p: not (-0.5 < x[0] < 1.5 or 2.0 < x[0] < 3.0))
    assert predict(basin(identity, two), SGD, Noise(1.5), 0.05).corrected_mean is None


def test_no_law_is_known_for_a_dynamics_of_the_user() -> None:
    """Its minimum is looked at all the same."""
    prediction = predict(basin(identity, interval(-1.0, 1.0)), Dynamics("mine"), Noise(1.5), 0.1)
    numbers = (prediction.escape_measure, prediction.rate, prediction.mean)
    assert numbers == (None, None, None)
    assert prediction.reason is not None
    assert "dynamics 'mine', which declares no rule" in prediction.reason
    assert holds(prediction)["gradient vanishes at the minimum"] is True
    assert holds(prediction)["noise small"] is None
    assert prediction.relaxation_rate == pytest.approx((1.0, 1.0), rel=1e-9)


def test_wrong_inputs() -> None:
    well = basin(identity, interval(-1.0, 1.0))
    with pytest.raises(ValueError, match="'mystery', whose Levy measure is not known"):
        predict(well, SGD, Noise(1.5, name="mystery", form=None), 0.1)
    for epsilon in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="epsilon is"):
            predict(well, SGD, Noise(1.5), epsilon)
    with pytest.raises(ValueError, match=r"minimum \[3.0\] is not inside"):
        predict(basin(identity, interval(-1.0, 1.0), [3.0]), SGD, Noise(1.5), 0.1)
    mismatched = Basin(disc_with(identity).potential, well.domain, well.minimum, well.start)
    with pytest.raises(ValueError, match="potential has dimension 2"):
        predict(mismatched, SGD, Noise(1.5), 0.1)


# Other laws.


@pytest.mark.parametrize(
    "noise",
    [
        mixed(1.5, [[1.0, 1.0]]),
        isotropic(1.5, 2.0 ** (2.0 / 3.0)),
        elliptic(1.5, [[2.0 ** (2.0 / 3.0), 0.0]]),
        spectral(1.5, [[1.0], [-1.0]], [0.5, 1.5]),
        multifractal([1.5], 2.0 ** (2.0 / 3.0)),
        independent(1.5, 2.0 ** (2.0 / 3.0), 0.0),
    ],
    ids=lambda noise: noise.name,
)
def test_symmetric_laws_on_the_line_are_one_law(noise: Any) -> None:
    # Two drivers of scale 1 make one of scale 2^(1/alpha).
    well = basin(identity, interval(-0.5, 1.5))
    plain = predict(well, SGD, Noise(1.5, 2.0 ** (2.0 / 3.0)), 0.02)
    other = predict(well, SGD, noise, 0.02)
    assert other.rate == pytest.approx(plain.rate, rel=1e-12)
    assert plain.corrected_mean is not None
    assert other.corrected_mean == pytest.approx(plain.corrected_mean, rel=1e-10)
    assert holds(other) == holds(plain)


def test_skewed_law_has_a_rate_and_no_correction() -> None:
    well = basin(identity, interval(-0.5, 1.5))
    skewed = predict(well, SGD, independent(1.5, 1.0, 0.5), 0.02)
    hand = 0.02**1.5 * stable_constant(1.5) / 1.5 * (1.5 * 1.5**-1.5 + 0.5 * 0.5**-1.5)
    assert skewed.rate == pytest.approx(hand, rel=1e-13)
    assert skewed.corrected_mean is None
    assert skewed.corrected_rate is None


@pytest.mark.parametrize(
    "noise",
    [
        isotropic(1.5),
        elliptic(1.5, [[1.0, 0.5], [0.0, 1.0]]),
        mixed(1.5, [[1.0, 0.5], [0.0, 1.0]]),
        spectral(1.5, np.eye(2), np.ones(2)),
    ],
    ids=lambda noise: noise.name,
)
def test_laws_in_the_plane(noise: Any) -> None:
    well = disc_with(identity)
    prediction = predict(well, SGD, noise, 0.01)
    measure = escape_measure(well.domain, noise, well.minimum)
    assert prediction.rate == 0.01**1.5 * measure.value
    assert prediction.escape_measure == measure
    assert prediction.corrected_mean is None
    assert all(holds(prediction).values())


def test_multifractal_rate_is_the_sum_over_the_indices() -> None:
    noise = multifractal([1.8, 1.2])
    prediction = predict(disc_with(identity), SGD, noise, 0.1)
    slow = 0.1**1.8 * 2.0 * stable_constant(1.8) / 1.8
    fast = 0.1**1.2 * 2.0 * stable_constant(1.2) / 1.2
    assert prediction.rate == pytest.approx(slow + fast, rel=1e-13)
    assert prediction.mean == pytest.approx(1.0 / (slow + fast), rel=1e-13)
    # The measure is the one that dominates; it is not the rate over eps^alpha.
    assert 0.1**1.2 * prediction.escape_measure.value == pytest.approx(fast, rel=1e-13)
    calm = multifractal([2.0, 1.2])
    assert predict(disc_with(identity), SGD, calm, 0.1).rate == pytest.approx(fast, rel=1e-13)
