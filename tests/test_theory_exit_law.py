"""The limit law of the exit position against its own formulas, by hand and by counting."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import levysde as ls
from levysde.noise import independent, isotropic
from levysde.theory import escape_measure, exit_law, isotropic_constant, ray_exit_segments

SIZE = 20_000
SHEAR = np.array([[1.0, 0.5], [0.2, 1.0]])
RHO = np.array([1.1, 1.7, 4.0])


def elliptic(alpha: float, matrix: Any = SHEAR) -> Any:
    return ls.noise.elliptic(alpha, matrix)


def mixed(alpha: float, matrix: Any = SHEAR) -> Any:
    return ls.noise.mixed(alpha, matrix)


ZERO = SimpleNamespace(name="mine", alpha=1.5, form="columns", vectors=np.zeros((2, 2)))
"""No constructor makes it."""


def custom(dim: int, many: Any) -> Any:
    return SimpleNamespace(
        name="custom", dim=dim, p=np.empty(0),
        outside=lambda x, p: bool(many(x[None])[0]), outside_many=many,
    )  # fmt: skip


def ring() -> Any:
    """Return {|x| < 1 or 2 < |x| < 5}."""

    def many(x: Any) -> Any:
        r = np.linalg.norm(x, axis=1)
        return ~((r < 1.0) | ((r > 2.0) & (r < 5.0)))

    return custom(2, many)


def deviation(share: float, probability: float, size: int = SIZE) -> float:
    """Return the deviation of a share in standard errors."""
    return abs(share - probability) / math.sqrt(probability * (1.0 - probability) / size)


def gauges(domain: Any, center: Any, positions: Any) -> Any:
    jumps = positions - center
    radii = np.linalg.norm(jumps, axis=1)
    first = [ray_exit_segments(domain, center, s).first for s in jumps / radii[:, None]]
    return radii / np.array(first)


DOMAINS = [
    ls.domains.box([-1.0, -0.7], [0.8, 1.2]),
    ls.domains.ball([0.2, 0.0], 1.0),
    ls.domains.ellipsoid([0.1, 0.0], [[1.0, 0.3], [0.3, 9.0]]),
    ls.domains.half_space([1.0, 2.0], 1.5),
]


NOISES = [independent(1.2), mixed(0.8), isotropic(1.5), elliptic(1.8)]


@pytest.mark.parametrize(("domain", "noise"), list(zip(DOMAINS, NOISES, strict=True)),
                         ids=lambda part: part.name)  # fmt: skip
def test_samples_leave_with_the_power_law(domain: Any, noise: Any) -> None:
    center = np.array([0.1, 0.05])
    law = exit_law(domain, noise, center)
    assert law.escape_measure == escape_measure(domain, noise, center)
    positions = law.sample(2_000, seed=3)
    assert positions.shape == (2_000, 2)
    reached = gauges(domain, center, positions)
    assert np.min(reached) >= 1.0 - 1e-12
    for rho in RHO:
        probability = float(law.survival(rho))
        assert probability == pytest.approx(rho**-noise.alpha, rel=1e-12)
        assert deviation(float(np.mean(reached > rho)), probability, 2_000) < 4.0
    # A wrong index is rejected.
    assert deviation(float(np.mean(reached > 4.0)), 4.0 ** (-noise.alpha - 0.5), 2_000) > 4.0


def test_rays_by_hand() -> None:
    # Interval (-1, 2) with skewness: (1 + b) 2^-alpha to the right, (1 - b) to the left.
    law = exit_law(ls.domains.interval(-1.0, 2.0), independent(1.5, 1.0, 0.5), [0.0])
    assert law.rays is not None
    assert law.probabilities is not None
    right = 1.5 * 2.0**-1.5 / (1.5 * 2.0**-1.5 + 0.5)
    assert law.rays.ravel().tolist() == [1.0, -1.0]
    assert law.probabilities == pytest.approx([right, 1.0 - right], rel=1e-13)
    positions = law.sample(SIZE, seed=1)[:, 0]
    assert deviation(float(np.mean(positions > 0.0)), right) < 4.0
    assert np.all((positions >= 2.0) | (positions <= -1.0))
    # One-sided noise leaves on one side.
    one = exit_law(ls.domains.interval(-1.0, 2.0), independent(0.7, 1.0, 1.0), [0.0])
    assert one.rays is not None
    assert one.rays.tolist() == [[1.0]]


def test_position_is_measured_from_the_center() -> None:
    law = exit_law(ls.domains.interval(9.0, 12.0), independent(1.5), [10.0])
    positions = law.sample(100)
    assert np.all((positions <= 9.0) | (positions >= 12.0))
    assert np.min(np.abs(law.survival([0.0, 0.5, 1.0]) - 1.0)) == 0.0


@pytest.mark.parametrize(
    "noise",
    [independent(1.5), isotropic(1.5), elliptic(1.5, 2.0 * np.eye(2))],
    ids=lambda n: n.name,
)
def test_two_exterior_segments(noise: Any) -> None:
    law = exit_law(ring(), noise, [0.0, 0.0])
    total = 1.0 - 2.0**-1.5 + 5.0**-1.5
    positions = law.sample(SIZE, seed=4)
    radii = np.linalg.norm(positions, axis=1)
    assert np.all(((radii >= 1.0) & (radii <= 2.0)) | (radii >= 5.0))
    for rho, mass in (
        (1.0, total),
        (1.5, 1.5**-1.5 - 2.0**-1.5 + 5.0**-1.5),
        (3.0, 5.0**-1.5),
        (8.0, 8.0**-1.5),
    ):
        assert float(law.survival(rho)) == pytest.approx(mass / total, rel=1e-8)
        if rho > 1.0:
            assert deviation(float(np.mean(radii > rho)), mass / total) < 4.0


def test_directions_of_isotropic_exits_from_an_ellipse() -> None:
    # The density over angles is proportional to (cos^2 + 25 sin^2)^(alpha/2).
    alpha = 1.5
    domain = ls.domains.ellipsoid([0.0, 0.0], np.diag([1.0, 25.0]))
    positions = exit_law(domain, isotropic(alpha), [0.0, 0.0]).sample(SIZE, seed=2)
    angle = np.linspace(0.0, 0.5 * math.pi, 20_001)
    density = (np.cos(angle) ** 2 + 25.0 * np.sin(angle) ** 2) ** (0.5 * alpha)
    below = angle < 0.5
    probability = np.trapezoid(density[below], angle[below]) / np.trapezoid(density, angle)
    found = np.arctan2(np.abs(positions[:, 1]), np.abs(positions[:, 0]))
    assert deviation(float(np.mean(found < 0.5)), float(probability)) < 4.0


@pytest.mark.parametrize("dim", [3])
def test_searched_domain_against_the_known_one(dim: int) -> None:
    low, high = -np.linspace(0.6, 1.0, dim), np.full(dim, 1.5)
    box = ls.domains.box(low, high)
    searched = custom(dim, lambda x: np.any((x <= low) | (x >= high), axis=1))
    center = np.full(dim, 0.2)
    one = exit_law(box, isotropic(1.2), center)
    other = exit_law(searched, isotropic(1.2), center)
    assert other.survival(RHO) == pytest.approx(one.survival(RHO), rel=1e-8)
    a, b = one.sample(SIZE, seed=1), other.sample(SIZE, seed=2)
    for event in (lambda x: x[:, 0] > 1.5, lambda x: np.linalg.norm(x, axis=1) > 2.0):
        p, q = float(np.mean(event(a))), float(np.mean(event(b)))
        assert abs(p - q) < 4.0 * math.sqrt(2.0 * p * (1.0 - p) / SIZE)


def test_probabilities_are_shares_of_the_measure() -> None:
    # Far sides of a slab by the measure of each half space.
    slab = ls.domains.box([-1.0, -math.inf], [2.0, math.inf])
    law = exit_law(slab, isotropic(1.5), [0.0, 0.0])
    right = isotropic_constant(1.5, 1) / 2.0 * 2.0**-1.5 / law.escape_measure.value
    share = float(np.mean(law.sample(SIZE)[:, 0] > 0.0))
    assert deviation(share, right) < 4.0


def test_several_indices_leave_by_the_smallest() -> None:
    law = exit_law(DOMAINS[1], ls.noise.multifractal([1.8, 1.2]), [0.0, 0.0])
    assert law.alpha == 1.2
    assert law.rays is not None
    assert np.all(law.rays[:, 0] == 0.0)


def test_sampling_is_repeatable() -> None:
    law = exit_law(DOMAINS[0], isotropic(1.5), [0.0, 0.0])
    assert np.array_equal(law.sample(50, seed=7), law.sample(50, seed=7))
    assert not np.array_equal(law.sample(50, seed=7), law.sample(50, seed=8))
    assert law.sample(0).shape == (0, 2)


@pytest.mark.parametrize(
    ("domain", "noise", "center", "message"),
    [
        (DOMAINS[0], isotropic(2.0), [0.0, 0.0], r"no jump leaves .*alpha = 2 has no jumps"),
        (ls.domains.interval(-math.inf, math.inf), independent(1.5), [0.0], "no jump leaves"),
        (DOMAINS[0], isotropic(1.5), [3.0, 0.0], "is not inside"),
        (DOMAINS[0], ZERO, [0.0, 0.0], "noise.vectors is zero"),
    ],
)
def test_wrong_inputs(domain: Any, noise: Any, center: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        exit_law(domain, noise, center)


def test_wrong_arguments_of_the_law() -> None:
    law = exit_law(DOMAINS[0], isotropic(1.5), [0.0, 0.0])
    with pytest.raises(ValueError, match="size is -1"):
        law.sample(-1)
    with pytest.raises(ValueError, match="rho contains nan"):
        law.survival([2.0, math.nan])
