"""Escape measures of every noise law: the table, second routes, and counting of jumps."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import levysde as ls
from levysde.noise import elliptic, independent, isotropic, mixed, multifractal, spectral
from levysde.theory import (
    driftless_ellipsoid_mean_exit_time,
    driftless_mean_exit_time,
    escape_measure,
    escape_rate,
    isotropic_constant,
    kappa,
    stable_constant,
)
from levysde.theory.measure.elliptic import largest_coordinate_moment, quadratic_moment
from levysde.theory.measure.sphere_points import circle_mean, quasi_mean

ZERO = [0.0, 0.0]
SHEAR = np.array([[1.0, 0.5], [0.2, 1.0]])


def columns(alpha: float, vectors: Any, **facts: Any) -> Any:
    """Return what the theory reads of a law on columns, which no constructor has checked."""
    return SimpleNamespace(name="mine", alpha=alpha, form="columns", vectors=vectors, **facts)


def sphere(alpha: float, matrix: Any) -> Any:
    """Return what the theory reads of the image of an isotropic law."""
    return SimpleNamespace(name="mine", alpha=alpha, form="sphere", matrix=matrix)


def vectorized(domain: Any) -> Any:
    """Return the same set without its name, with a predicate of many points in numpy."""
    p = domain.params
    many = {
        "box": lambda x: np.any((x <= p["lower"]) | (x >= p["upper"]), axis=1),
        "ball": lambda x: np.sum((x - p["center"]) ** 2, axis=1) >= p["radius"] ** 2,
        "ellipsoid": lambda x: (
            np.sum((x - p["center"]) @ p["matrix"] * (x - p["center"]), axis=1) >= 1.0
        ),
        "half_space": lambda x: x @ p["normal"] >= p["offset"],
    }[domain.name]
    return SimpleNamespace(
        name="custom",
        dim=domain.dim,
        p=np.empty(0),
        outside=lambda x, p: bool(many(x[None])[0]),
        outside_many=many,
    )


SQUARE = ls.domains.box([-1.0, -1.0], [1.0, 1.0])
DISC = ls.domains.ball(ZERO, 1.0)
ELLIPSE = ls.domains.ellipsoid(ZERO, np.diag([1.0, 100.0]))


@pytest.mark.parametrize(
    ("alpha", "values"),
    [
        (0.8, (0.70489613, 1.03735165, 1.26881304, 2.17262929)),
        (1.2, (0.55591572, 0.92543353, 1.22301458, 2.65636441)),
        (1.5, (0.39894228, 0.71698320, 0.99735570, 2.56090434)),
        (1.8, (0.18322771, 0.35203242, 0.51303759, 1.54448504)),
    ],
)
def test_isotropic_constant(alpha: float, values: tuple[float, ...]) -> None:
    for dim, value in zip((1, 2, 3, 10), values, strict=True):
        assert isotropic_constant(alpha, dim) == pytest.approx(value, abs=6e-9)
    assert isotropic_constant(alpha, 1) == pytest.approx(2.0 * stable_constant(alpha) / alpha)
    assert isotropic_constant(2.0, 3) == 0.0


@pytest.mark.parametrize(
    ("alpha", "domain", "value"),
    [
        (1.5, DISC, 0.71698320),
        (1.5, SQUARE, 0.61471162),
        (1.5, ELLIPSE, 12.77243189),
        (1.8, DISC, 0.35203242),
        (1.8, SQUARE, 0.29341520),
        (1.8, ELLIPSE, 11.68609393),
    ],
)
def test_isotropic_table(alpha: float, domain: Any, value: float) -> None:
    measure = escape_measure(domain, isotropic(alpha), ZERO)
    assert measure.value == pytest.approx(value, abs=6e-9)
    assert measure.error <= 1e-12 * value
    # And once more by the angle, without knowing the shape.
    searched = escape_measure(vectorized(domain), isotropic(alpha), ZERO)
    assert searched.method.startswith("quadrature over the angle")
    assert abs(searched.value - measure.value) <= searched.error + 1e-9 * value
    assert searched.error <= 2e-6 * value
    wrong = escape_measure(vectorized(domain), isotropic(alpha - 0.01), ZERO)
    assert abs(wrong.value - measure.value) > 100.0 * searched.error


OFF = [
    (SQUARE, [0.3, -0.6]),
    (DISC, [0.3, -0.6]),
    (ls.domains.ellipsoid([0.1, 0.2], [[4.0, 1.0], [1.0, 9.0]]), [0.3, 0.1]),
    (ls.domains.half_space([3.0, -1.0], 2.0), [0.2, 0.3]),
]


@pytest.mark.parametrize(("domain", "center"), OFF, ids=lambda v: getattr(v, "name", ""))
@pytest.mark.parametrize(
    "noise",
    [isotropic(0.8, 2.0), isotropic(1.8), elliptic(1.5, SHEAR), mixed(1.2, SHEAR)],
    ids=lambda noise: f"{noise.name} {noise.alpha}",
)
def test_known_shapes_against_search_in_the_plane(domain: Any, center: Any, noise: Any) -> None:
    closed = escape_measure(domain, noise, center)
    searched = escape_measure(vectorized(domain), noise, center)
    assert closed.error <= 1e-10 * closed.value
    # In a half space some rays never leave; their tails are the error.
    allowed = 1e-3 if domain.name == "half_space" else 2e-6
    assert searched.error <= allowed * closed.value
    assert abs(searched.value - closed.value) <= searched.error + 1e-9 * closed.value


SHAPES = ("box", "ball", "ellipsoid", "off-center ball", "half_space")


@pytest.mark.parametrize(("dim", "shape"), [(3, "box"), (6, "off-center ball")])
def test_known_shapes_against_quasi_monte_carlo(dim: int, shape: str) -> None:
    center = np.zeros(dim)
    if shape == "box":
        domain = ls.domains.box(-np.linspace(0.5, 1.0, dim), np.full(dim, 2.0))
    elif shape == "ellipsoid":
        domain = ls.domains.ellipsoid(center, np.diag(np.linspace(0.5, 4.0, dim)))
    elif shape == "half_space":
        domain = ls.domains.half_space(np.linspace(-1.0, 1.0, dim), 0.5)
    else:
        domain = ls.domains.ball(center, 2.0)
        center = np.full(dim, 0.7 / math.sqrt(dim)) if shape == "off-center ball" else center
    closed = escape_measure(domain, isotropic(1.5), center)
    assert closed.error <= 1e-11 * closed.value
    searched = escape_measure(vectorized(domain), isotropic(1.5), center)
    assert searched.error <= 4e-3 * closed.value
    # Three standard errors from eight scramblings, and the allowance for so few of them.
    assert abs(searched.value - closed.value) <= 2.0 * searched.error + 1e-9 * closed.value


def test_correlated_noise_in_a_box_against_its_rotation() -> None:
    # A ball seen through a shear is an ellipsoid: E g(Gz)^alpha needs the two alike.
    matrix = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -0.3], [0.2, 0.0, 0.7]])
    ball = ls.domains.ball(np.zeros(3), 1.0)
    sheared = ls.domains.ellipsoid(np.zeros(3), matrix.T @ matrix)
    one = escape_measure(ball, elliptic(1.2, matrix), np.zeros(3))
    other = escape_measure(sheared, isotropic(1.2), np.zeros(3))
    assert one.value == pytest.approx(other.value, rel=1e-12)
    # The same by directions, within the promised accuracy.
    off = np.array([1e-9, 0.0, 0.0])
    sphere = escape_measure(ball, elliptic(1.2, matrix), off)
    assert sphere.method.startswith("quasi-Monte Carlo")
    assert sphere.error <= 1e-4 * sphere.value
    assert sphere.value == pytest.approx(one.value, rel=1.5e-4)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 1.5, 1.99])
def test_moments_in_one_dimension_are_the_half_line_constants(alpha: float) -> None:
    constant = 2.0 * stable_constant(alpha) / alpha
    value, error, _ = quadratic_moment(np.array([4.0]), alpha)
    assert value == pytest.approx(constant * 2.0**alpha, rel=1e-12)
    assert error <= 1e-12 * value
    value, error, _ = largest_coordinate_moment(np.array([2.0]), np.array([0.5]), alpha)
    assert value == pytest.approx(0.5 * constant * (2.0**-alpha + 0.5**-alpha), rel=1e-12)
    one_sided, _, _ = largest_coordinate_moment(np.array([2.0]), np.array([math.inf]), alpha)
    assert one_sided == pytest.approx(0.5 * constant * 2.0**-alpha, rel=1e-12)


def test_many_equal_axes_are_a_ball() -> None:
    for dim in (2, 7, 400):
        value, _, _ = quadratic_moment(np.ones(dim), 1.5)
        assert value == pytest.approx(isotropic_constant(1.5, dim), rel=1e-12)


def test_thin_ellipsoid_keeps_its_digits() -> None:
    # The thin direction alone, and the others as a small relative change.
    value, error, _ = quadratic_moment(np.array([1e16, 1.0]), 1.5)
    assert value == pytest.approx(2.0 * stable_constant(1.5) / 1.5 * 1e12, rel=1e-12)
    assert error <= 1e-12 * value


def test_square_by_an_angle_integral() -> None:
    # sigma^alpha K_2 times the mean of max(|cos|, |sin|)^alpha.
    alpha = 1.5
    angle = np.linspace(0.0, math.pi / 4.0, 20_001)
    mean = np.trapezoid(np.cos(angle) ** alpha, angle) / (math.pi / 4.0)
    value = float(escape_measure(SQUARE, isotropic(alpha, 3.0), ZERO))
    assert value == pytest.approx(3.0**alpha * isotropic_constant(alpha, 2) * mean, rel=1e-9)


def test_circle_mean_with_corner_and_jump() -> None:
    corner = circle_mean(lambda u: np.abs(u[:, 0] - 0.3), 1e-10, 100_000)
    exact = (2.0 * math.sqrt(1.0 - 0.09) - 0.6 * math.acos(0.3) + 0.3 * math.pi) / math.pi
    assert corner.value == pytest.approx(exact, rel=1e-10)
    jump = circle_mean(lambda u: (u[:, 1] > 0.8).astype(float), 1e-8, 100_000)
    assert jump.value == pytest.approx(math.acos(0.8) / math.pi, rel=1e-7)
    assert jump.points < 5_000


def test_quasi_mean_says_what_it_reached() -> None:
    few = quasi_mean(lambda u: np.abs(u[:, 0]), 4, 1e-12, 2_000)
    exact = math.gamma(2.0) / (math.sqrt(math.pi) * math.gamma(2.5))
    assert few.points <= 2_000
    assert abs(few.value - exact) <= 2.0 * few.error
    assert few.error > 1e-12


# One law written as another.


DOMAINS = [(SQUARE, [0.2, 0.1]), (DISC, [0.2, 0.1]), (ELLIPSE, [0.0, 0.0])]


@pytest.mark.parametrize(("domain", "center"), DOMAINS, ids=["square", "disc", "ellipse"])
@pytest.mark.parametrize("alpha", [0.7, 1.0, 1.5])
def test_laws_agree_where_they_are_the_same(domain: Any, center: Any, alpha: float) -> None:
    def value(noise: Any) -> float:
        return float(escape_measure(domain, noise, center))

    scales = np.array([0.5, 2.0])
    assert value(mixed(alpha, np.diag(scales))) == pytest.approx(
        value(independent(alpha, scales)), rel=1e-13
    )
    assert value(elliptic(alpha, 0.7 * np.eye(2))) == pytest.approx(
        value(isotropic(alpha, 0.7)), rel=1e-10
    )
    # Only GG' matters for an elliptic law: a third column, and a rotation of the driver.
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    wide = np.hstack([SHEAR @ turn, np.zeros((2, 1))])
    assert value(elliptic(alpha, wide)) == pytest.approx(value(elliptic(alpha, SHEAR)), rel=1e-10)
    # An elliptic law on a line is a mixed law of one driver.
    line = np.array([[1.0, 2.0], [0.5, 1.0]])
    column = math.sqrt(5.0) * np.array([[1.0], [0.5]])
    assert value(elliptic(alpha, line)) == pytest.approx(value(mixed(alpha, column)), rel=1e-12)
    directions = np.array([[1.0, 0.0], [0.6, 0.8], [-0.8, 0.6]])
    weights = np.array([0.3, 1.0, 2.0])
    columns = (directions * weights[:, None] ** (1.0 / alpha)).T
    assert value(spectral(alpha, directions, weights)) == pytest.approx(
        value(mixed(alpha, columns)), rel=1e-13
    )
    assert value(multifractal([alpha, alpha], scales)) == pytest.approx(
        value(independent(alpha, scales)), rel=1e-13
    )


def test_all_laws_agree_on_the_line() -> None:
    interval, alpha = ls.domains.interval(-0.5, 2.0), 1.2
    value = float(escape_measure(interval, independent(alpha, 5.0), [0.0]))
    sum_of_powers = (3.0**alpha + 4.0**alpha) ** (1.0 / alpha)
    for noise in (
        isotropic(alpha, 5.0),
        elliptic(alpha, [[3.0, 4.0]]),
        spectral(alpha, [[-1.0]], [5.0**alpha]),
        multifractal([alpha], 5.0),
        mixed(alpha, [[5.0]]),
    ):
        assert float(escape_measure(interval, noise, [0.0])) == pytest.approx(value, rel=1e-13)
    both = float(escape_measure(interval, mixed(alpha, [[3.0, 4.0]]), [0.0]))
    assert both == pytest.approx(value * (sum_of_powers / 5.0) ** alpha, rel=1e-13)


def test_laws_of_the_package_have_the_attributes() -> None:
    noise = ls.noise
    laws = [
        noise.independent(1.5, [1.0, 0.5]),
        noise.mixed(1.5, SHEAR),
        noise.isotropic(1.5, 0.7),
        noise.elliptic(1.5, SHEAR),
        noise.spectral(1.5, [[0.6, 0.8], [1.0, 0.0]], [1.0, 2.0]),
        noise.multifractal([1.2, 1.7], [1.0, 0.5]),
    ]
    assert {law.name for law in laws} == {
        "independent", "mixed", "isotropic", "elliptic", "spectral", "multifractal"
    }  # fmt: skip
    for law in laws:
        assert escape_measure(DISC, law, ZERO).value > 0.1


def test_mixed_and_spectral_by_hand() -> None:
    # Columns (3, 4) and (0, 1) in the ball of radius 2: gauges 5/2 and 1/2.
    alpha = 1.5
    ball = ls.domains.ball(ZERO, 2.0)
    hand = 2.0 * stable_constant(alpha) / alpha * (2.5**alpha + 0.5**alpha)
    assert float(escape_measure(ball, mixed(alpha, [[3.0, 0.0], [4.0, 1.0]]), ZERO)) == (
        pytest.approx(hand, rel=1e-13)
    )
    hand = 2.0 * stable_constant(alpha) / alpha * 0.3 * 2.0**-alpha
    assert float(escape_measure(ball, spectral(alpha, [[0.6, 0.8]], [0.3]), ZERO)) == (
        pytest.approx(hand, rel=1e-13)
    )


# Skewed laws.


def test_totally_skewed_half_stable_law() -> None:
    # alpha = 1/2, beta = 1 is the first passage of Brownian motion: P(L_1 > x) = erf(1/sqrt(2x)),
    # so that nu(x, inf) = sqrt(2 / (pi x)) and no jump is negative.
    noise = independent(0.5, 1.0, 1.0)
    right = escape_measure(ls.domains.interval(-math.inf, 3.0), noise, [0.0])
    assert right.value == pytest.approx(math.sqrt(2.0 / (3.0 * math.pi)), rel=1e-13)
    left = escape_measure(ls.domains.interval(-3.0, math.inf), noise, [0.0])
    assert (left.value, left.error) == (0.0, 0.0)
    assert stats.levy.sf(1e10) == pytest.approx(math.sqrt(2.0 / (math.pi * 1e10)), rel=1e-9)


@pytest.mark.parametrize("alpha", [0.7, 1.5])
@pytest.mark.parametrize("beta", [-0.5, 0.8])
def test_skewed_half_lines_against_the_tail(alpha: float, beta: float) -> None:
    # P(L > x) = nu(x, inf) + second x^(-2 alpha) + O(x^(-3 alpha)) for the strictly stable law.
    x = 30.0
    measure = escape_measure(
        ls.domains.interval(-math.inf, x), independent(alpha, 1.0, beta), [0.0]
    )
    slope = beta * math.tan(0.5 * math.pi * alpha)
    angle = 0.5 * math.pi * alpha + math.atan(slope)

    def term(k: int, sine: float) -> float:
        size = special.gamma(alpha * k) / math.factorial(k) * (1.0 + slope**2) ** (0.5 * k)
        return float((-1) ** (k + 1) * size * sine * x ** (-alpha * k) / math.pi)

    tail = float(stats.levy_stable.sf(x, alpha, beta))
    expected = measure.value + term(2, math.sin(2.0 * angle))
    allowed = 2.0 * abs(term(3, 1.0)) + 1e-8
    assert abs(tail - expected) <= allowed
    assert allowed < 0.05 * measure.value
    mirrored = escape_measure(
        ls.domains.interval(-math.inf, x), independent(alpha, 1.0, -beta), [0.0]
    )
    assert abs(tail - mirrored.value - term(2, math.sin(2.0 * angle))) > 5.0 * allowed


def test_skewness_cancels_in_a_symmetric_domain() -> None:
    plain = float(escape_measure(SQUARE, independent(1.5, [1.0, 2.0]), ZERO))
    skewed = float(escape_measure(SQUARE, independent(1.5, [1.0, 2.0], [0.9, -0.4]), ZERO))
    assert skewed == pytest.approx(plain, rel=1e-13)
    one = float(escape_measure(SQUARE, independent(1.5, 1.0, [1.0, 0.0]), [0.5, 0.0]))
    hand = stable_constant(1.5) / 1.5 * (2.0 * 0.5**-1.5 + 2.0)
    assert one == pytest.approx(hand, rel=1e-13)


# Several indices.


def test_multifractal_takes_the_smallest_index_that_can_exit() -> None:
    noise = multifractal([1.8, 1.2, 2.0], [1.0, 0.5, 1.0])
    strip = ls.domains.half_space([1.0, 0.0, 0.0], 2.0)
    measure = escape_measure(strip, noise, [0.0] * 3)
    assert measure.value == pytest.approx(stable_constant(1.8) / 1.8 * 2.0**-1.8, rel=1e-13)
    assert "alpha = 1.8, the smallest index that can exit" in measure.method
    ball = escape_measure(ls.domains.ball([0.0] * 3, 1.0), noise, [0.0] * 3)
    assert ball.value == pytest.approx(2.0 * stable_constant(1.2) / 1.2 * 0.5**1.2, rel=1e-13)
    rate = escape_rate(ls.domains.ball([0.0] * 3, 1.0), noise, [0.0] * 3, 0.1)
    both = 0.1**1.2 * ball.value + 0.1**1.8 * 2.0 * stable_constant(1.8) / 1.8
    assert rate == pytest.approx(both, rel=1e-13)
    # Only a Gaussian coordinate leads out.
    calm = escape_measure(ls.domains.half_space([0.0, 0.0, 1.0], 2.0), noise, [0.0] * 3)
    assert (calm.value, calm.error) == (0.0, 0.0)


@pytest.mark.parametrize(
    "noise",
    [
        independent(2.0), isotropic(2.0), mixed(2.0, SHEAR), elliptic(2.0, SHEAR),
        spectral(2.0, [[1.0, 0.0]], [1.0]), multifractal([2.0, 2.0]), elliptic(2.0, [[1.0], [0.0]]),
    ],
    ids=lambda noise: noise.name,
)  # fmt: skip
def test_gaussian_laws_have_no_jumps(noise: Any) -> None:
    measure = escape_measure(SQUARE, noise, ZERO)
    assert (measure.value, measure.error) == (0.0, 0.0)
    assert measure.method == "alpha = 2 has no jumps"
    assert escape_rate(SQUARE, noise, ZERO, 0.1) == 0.0


# Counting jumps.


def counted(domain: Any, noise: Any, center: Any, reach: float, size: int) -> tuple[float, float]:
    """Return nu(W) and its standard error by sampling the jumps whose driver exceeds a reach."""
    rng = np.random.default_rng(20)
    alpha = noise.alpha
    radius = reach * rng.random(size) ** (-1.0 / alpha)
    if noise.name == "mixed":
        matrix = np.asarray(noise.matrix)
        total = 2.0 * stable_constant(alpha) / alpha * matrix.shape[1] * reach**-alpha
        columns = matrix[:, rng.integers(matrix.shape[1], size=size)].T
        jumps = columns * (radius * rng.choice([-1.0, 1.0], size=size))[:, None]
    else:
        matrix = np.asarray(noise.matrix)
        z = rng.standard_normal((size, matrix.shape[1]))
        jumps = (z / np.linalg.norm(z, axis=1)[:, None] * radius[:, None]) @ matrix.T
        total = isotropic_constant(alpha, matrix.shape[1]) * reach**-alpha
    share = float(np.mean(domain.outside_many(np.asarray(center) + jumps)))
    return total * share, total * math.sqrt(share * (1.0 - share) / size)


def ring(radius: float = 1.0) -> Any:
    """Return a disc with a ring around it that belongs to the domain."""

    def many(x: Any) -> Any:
        r = np.sqrt(np.sum(x * x, axis=1)) / radius
        return ~((r < 1.0) | ((r > 1.5) & (r < 3.0) & (x[:, 0] > -0.5)))

    return SimpleNamespace(
        name="custom", dim=2, p=np.empty(0),
        outside=lambda x, p: bool(many(x[None])[0]), outside_many=many,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("law", "alpha", "shape"),
    [
        (mixed, 0.8, "box"),
        (elliptic, 0.8, "ring"),
        (mixed, 1.5, "ring"),
        (elliptic, 1.5, "ellipsoid"),
    ],
)
def test_measure_against_counting(law: Any, alpha: float, shape: str) -> None:
    box = ls.domains.box([-1.0, -0.7], [0.8, 1.2])
    ellipsoid = ls.domains.ellipsoid([0.1, 0.0], [[1.0, 0.3], [0.3, 2.0]])
    domain = {"box": vectorized(box), "ellipsoid": vectorized(ellipsoid), "ring": ring()}[shape]
    known = {"box": box, "ellipsoid": ellipsoid, "ring": domain}[shape]
    center = [0.1, 0.2]
    noise = law(alpha, SHEAR)
    measure = escape_measure(known, noise, center)
    assert measure.error <= 1e-5 * measure.value
    estimate, error = counted(domain, noise, center, 0.3, 200_000)
    assert abs(estimate - measure.value) <= 4.0 * error + measure.error
    other, _ = counted(domain, law(alpha, 1.05 * SHEAR), center, 0.3, 200_000)
    assert abs(other - measure.value) > 4.0 * error


def test_small_ring_has_two_exterior_segments_on_every_ray() -> None:
    # At this size the cut at x = -0.5 is far away.
    alpha, whole = 1.5, ring(1e-6)
    measure = escape_measure(whole, isotropic(alpha), ZERO)
    inner = isotropic_constant(alpha, 2) * 1e-6**-alpha
    assert measure.value == pytest.approx(inner * (1.0 - 1.5**-alpha + 3.0**-alpha), rel=1e-9)


@pytest.mark.parametrize(
    "noise",
    [independent(1.5, [1.0, 0.3]), mixed(1.5, SHEAR), isotropic(1.5), elliptic(1.5, SHEAR),
     spectral(1.5, [[0.6, 0.8], [1.0, 0.0]], [1.0, 2.0])],
    ids=lambda noise: noise.name,
)  # fmt: skip
def test_driftless_mean_from_every_measure(noise: Any) -> None:
    # kappa / nu(W) (1 - x'Ax)^(alpha/2), with nu seen from the center.
    measure = escape_measure(DISC, noise, ZERO)
    mean = driftless_ellipsoid_mean_exit_time(1.5, measure.value, np.eye(2), [0.6, 0.0])
    assert mean == pytest.approx(kappa(1.5) / measure.value * 0.64**0.75, rel=1e-13)
    if noise.name == "isotropic":
        assert mean == pytest.approx(driftless_mean_exit_time(1.5, 1.0, 2, 0.6), rel=1e-12)


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (columns(1.5, [1.0, 2.0, 3.0]), r"noise.vectors has shape \(3,\), but it must be a number"),
        (mixed(1.5, np.eye(3)), r"noise.vectors has shape \(3, 3\), but it must have 2 rows"),
        (columns(1.5, np.zeros((2, 2))), "noise.vectors is zero"),
        (columns(1.5, [[1.0, math.inf], [0.0, 1.0]]), r"noise.vectors is .*must be finite"),
        (elliptic(1.5, np.eye(3)), r"noise.matrix has shape \(3, 3\), but it must have 2 rows"),
        (sphere(1.5, np.zeros((2, 2))), "noise.matrix is zero"),
        (sphere(1.5, [[1.0, math.nan], [0.0, 1.0]]), r"noise.matrix is .*must be finite"),
        (
            SimpleNamespace(name="mine", alpha=1.5, form="sphere"),
            "'mine' has no attribute 'matrix'",
        ),
        (SimpleNamespace(name="mine", alpha=1.5, form="columns"), "has no attribute 'vectors'"),
        (sphere(1.5, [1.0, 2.0]), r"noise.matrix has shape \(2,\), but it must have 2 rows"),
        (sphere(1.5, -1.0), "must be not negative"),
        (columns(1.5, 1.0, betas=[0.5, 1.5]), r"noise.betas is .*must be in \[-1, 1\]"),
        (columns(1.5, 1.0, betas=[0.5] * 3), r"noise.betas has shape \(3,\)"),
        (columns(1.5, SHEAR, betas=[0.5] * 3), r"noise.betas has shape \(3,\)"),
        (columns(1.0, 1.0, betas=0.5), "at alpha = 1 it must be 0"),
        (spectral(1.5, [[1.0, 0.0, 0.0]], [1.0]), "must have 2 rows"),
        (multifractal([1.5, 1.2, 1.0]), r"noise.vectors has shape \(3,\)"),
        (columns(1.5, 1.0, alphas=[1.5, 1.2, 1.0]), r"noise.alphas has shape \(3,\)"),
        (columns(1.5, 1.0, alphas=[1.5, 2.2]), "alpha is 2.2"),
        (columns(1.2, [1.0, -1.0], alphas=[1.5, 1.2]), "noise.vectors is .*not negative"),
        (sphere(0.0, 1.0), "alpha is 0.0"),
        (SimpleNamespace(name="mystery", alpha=1.5), "'mystery', whose Levy measure is not known"),
        (SimpleNamespace(name="isotropic", alpha=1.5, scale=1.0), "'isotropic', whose Levy"),
        (SimpleNamespace(name="mine", alpha=1.5, form=["columns"]), "its form is"),
    ],
)
def test_wrong_laws(noise: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        escape_measure(SQUARE, noise, ZERO)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("noise", [isotropic(1.5), mixed(1.5, SHEAR)], ids=lambda n: n.name)
def test_center_outside(noise: Any) -> None:
    for domain in (SQUARE, vectorized(SQUARE)):
        with pytest.raises(ValueError, match="is not inside"):
            escape_measure(domain, noise, [1.5, 0.0])


def test_indefinite_matrix() -> None:
    shape = ls.domains.Quadric(ZERO, matrix=np.diag([1.0, -1.0]))
    saddle = ls.Domain(2, lambda x, p: x[0] * x[0] - x[1] * x[1] >= 1.0, shape=shape)
    with pytest.raises(ValueError, match="positive semidefinite"):
        escape_measure(saddle, isotropic(1.5), ZERO)
