"""The escape measure against closed forms, hand formulas and a second route to the same number."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import special

from levysde.domains import Domain, Quadric, ball, box, ellipsoid, half_space, interval
from levysde.theory import escape_measure, isotropic_constant, ray_exit_segments, stable_constant
from levysde.theory.measure.bundles import flat_faces, ray_bundle
from levysde.theory.measure.sphere_points import sphere_points

NO_PARAMETERS = np.empty(0)


@dataclass(frozen=True)
class Noise:
    alpha: float
    vectors: Any = 1.0
    name: str = "mine"
    form: str | None = "columns"
    matrix: Any = 1.0


def plain(dim: int, outside: Callable[[Any, Any], bool]) -> Any:
    """Return a set that is known by the predicate of one point."""
    return SimpleNamespace(name="custom", dim=dim, p=NO_PARAMETERS, outside=outside)


def as_custom(domain: Domain) -> Any:
    """Return the same set without its shape."""
    return plain(domain.dim, lambda x, p: bool(domain.outside(x, domain.p)))


@pytest.mark.parametrize(
    ("alpha", "constant", "two_sided"),
    [
        (0.8, 0.28195845, 0.70489613),
        (1.2, 0.33354943, 0.55591572),
        (1.5, 0.29920671, 0.39894228),
        (1.8, 0.16490494, 0.18322771),
    ],
)
def test_stable_constant(alpha: float, constant: float, two_sided: float) -> None:
    assert stable_constant(alpha) == pytest.approx(constant, abs=6e-9)
    assert 2.0 * stable_constant(alpha) / alpha == pytest.approx(two_sided, abs=6e-9)


def test_stable_constant_at_one_and_two() -> None:
    assert stable_constant(1.0) == pytest.approx(1.0 / math.pi, rel=1e-15)
    assert stable_constant(2.0) == 0.0
    # c_alpha ~ 2 - alpha near 2, where sin(pi alpha / 2) alone would lose digits.
    assert stable_constant(2.0 - 1e-12) == pytest.approx(1e-12, rel=1e-3)


@pytest.mark.parametrize(
    ("ends", "at_15", "at_18"),
    [
        ((-1.0, 1.0), 0.39894228, 0.18322771),
        ((-0.5, 1.5), 0.67276792, 0.36317470),
        ((-0.2, 1.8), 2.31275348, 1.69179966),
    ],
)
def test_interval(ends: tuple[float, float], at_15: float, at_18: float) -> None:
    for alpha, value in ((1.5, at_15), (1.8, at_18)):
        measure = escape_measure(interval(*ends), Noise(alpha), [0.0])
        assert float(measure) == pytest.approx(value, abs=6e-9)
        assert measure.error == 0.0
        assert measure.method == "closed form: interval"


@pytest.mark.parametrize(
    ("alpha", "disc", "ellipse"), [(1.5, 0.79788456, 13.01460489), (1.8, 0.36645542, 11.74411463)]
)
def test_independent_ball_and_ellipse(alpha: float, disc: float, ellipse: float) -> None:
    noise = Noise(alpha)
    matrix = np.diag([1.0, 100.0])
    zero = [0.0, 0.0]
    assert float(escape_measure(ball(zero, 1.0), noise, zero)) == pytest.approx(disc, abs=6e-9)
    value = float(escape_measure(ellipsoid(zero, matrix), noise, zero))
    assert value == pytest.approx(ellipse, abs=6e-9)


def test_scales_and_shift_of_a_box() -> None:
    alpha, scale = 1.2, np.array([0.5, 2.0])
    domain = box([-1.0, 0.0], [2.0, math.inf])
    center = [1.0, 0.5]
    hand = 0.33354943 / 1.2 * (0.5**1.2 * (1.0 + 2.0**-1.2) + 2.0**1.2 * 0.5**-1.2)
    measure = escape_measure(domain, Noise(alpha, scale), center)
    assert float(measure) == pytest.approx(hand, rel=3e-8)


def test_half_space_with_a_normal_that_is_not_a_unit_vector() -> None:
    # The same half space, written with three times the normal and the offset.
    n, b, alpha = np.array([0.6, -0.8]), 0.7, 1.5
    center = np.array([0.2, -0.1])
    distance = b - n @ center
    hand = stable_constant(alpha) / alpha * distance**-alpha * (0.6**alpha + 0.8**alpha)
    for factor in (1.0, 3.0):
        value = float(escape_measure(half_space(factor * n, factor * b), Noise(alpha), center))
        assert value == pytest.approx(hand, rel=1e-13)


OFF_CENTER = [
    (interval(-0.3, 2.0), [0.4]),
    (ball([0.5, -0.25, 0.0], 2.0), [1.2, 0.4, -0.9]),
    (ball([1e3, 0.0], 1e-3), [1e3 + 4e-4, 2e-4]),
    (ellipsoid([0.1, 0.2], [[4.0, 1.0], [1.0, 9.0]]), [0.3, 0.1]),
    (box([-1.0, -3.0], [0.5, 4.0]), [0.2, 3.0]),
    (half_space([1.0, 2.0], 1.5), [0.25, 0.25]),
]


@pytest.mark.parametrize(("domain", "center"), OFF_CENTER, ids=lambda v: getattr(v, "name", ""))
@pytest.mark.parametrize("alpha", [0.8, 1.8])
def test_closed_form_against_ray_search(domain: Domain, center: Any, alpha: float) -> None:
    noise = Noise(alpha, np.linspace(0.5, 1.5, domain.dim))
    closed = escape_measure(domain, noise, center)
    searched = escape_measure(as_custom(domain), noise, center)
    assert searched.method == "rays along the coordinate axes"
    assert closed.value > 0.0
    slack = 1e-12 * closed.value + searched.error
    assert abs(searched.value - closed.value) <= slack
    assert searched.error < 1e-6 * closed.value


def test_off_center_ball_by_hand() -> None:
    # Chords through (0.6, 0) of the unit disc: 1.6 and 0.4 along x, 0.8 twice along y.
    alpha = 1.5
    hand = stable_constant(alpha) / alpha * (1.6**-alpha + 0.4**-alpha + 2 * 0.8**-alpha)
    value = float(escape_measure(ball([0.0, 0.0], 1.0), Noise(alpha), [0.6, 0.0]))
    assert value == pytest.approx(hand, rel=1e-13)


def test_center_next_to_the_boundary_keeps_its_digits() -> None:
    gap = 2.0**-40
    for domain in (ball([0.0, 0.0], 1.0), ellipsoid([0.0, 0.0], np.eye(2))):
        ray = ray_exit_segments(domain, [1.0 - gap, 0.0], [1.0, 0.0])
        assert ray.first == pytest.approx(gap, rel=1e-14)


def test_not_star_shaped() -> None:
    # |x| < 1 or 2 < |x| < 5: jumps into the outer ring do not leave.
    alpha = 1.5
    domain = plain(1, lambda x, p: not (abs(x[0]) < 1 or 2 < abs(x[0]) < 5))
    ray = ray_exit_segments(domain, [0.0], [1.0])
    assert np.allclose(ray.segments, [(1.0, 2.0), (5.0, math.inf)], rtol=1e-12)
    hand = stable_constant(alpha) / alpha * 2.0 * (1.0 - 2.0**-alpha + 5.0**-alpha)
    measure = escape_measure(domain, Noise(alpha), [0.0])
    assert measure.value == pytest.approx(hand, rel=1e-12)
    assert measure.error < 1e-12


def test_sublevel_set_is_searched_with_its_parameters() -> None:
    # {x^4 < level}: half width level^(1/4), given through p.
    domain = Domain(1, lambda x, p: x[0] ** 4 >= p[0], {"level": 16.0}, name="sublevel_set")
    value = float(escape_measure(domain, Noise(1.2), [0.0]))
    assert value == pytest.approx(2.0 * stable_constant(1.2) / 1.2 * 2.0**-1.2, rel=1e-12)


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_search_finds_its_own_scale(size: float) -> None:
    domain = plain(1, lambda x, p: not abs(x[0]) < size)
    value = float(escape_measure(domain, Noise(0.5), [0.0]))
    assert value == pytest.approx(2.0 * stable_constant(0.5) / 0.5 * size**-0.5, rel=1e-11)


def test_ray_that_never_leaves_has_an_error_and_no_value() -> None:
    alpha = 0.8
    domain = plain(1, lambda x, p: x[0] <= -1.0)
    searched = ray_exit_segments(domain, [0.0], [1.0])
    assert searched.segments == ()
    assert searched.first == math.inf
    assert 1e8 < searched.searched < 1e10
    measure = escape_measure(domain, Noise(alpha), [0.0])
    factor = stable_constant(alpha) / alpha
    assert measure.value == pytest.approx(factor, rel=1e-12)
    assert measure.error == pytest.approx(factor * searched.searched**-alpha, rel=1e-4)


def test_unbounded_closed_form_contributes_nothing() -> None:
    measure = escape_measure(interval(-math.inf, 2.0), Noise(1.5), [0.0])
    assert measure.value == pytest.approx(stable_constant(1.5) / 1.5 * 2.0**-1.5, rel=1e-14)
    assert measure.error == 0.0


def test_gaussian_has_no_jumps() -> None:
    measure = escape_measure(interval(-1.0, 1.0), Noise(2.0), [0.0])
    assert (measure.value, measure.error) == (0.0, 0.0)
    assert measure.method == "alpha = 2 has no jumps"


@pytest.mark.parametrize(
    ("domain", "noise", "center", "message"),
    [
        (interval(-1.0, 1.0), Noise(1.5), [1.0], r"center \[1.0\] is not inside"),
        (interval(-1.0, 1.0), Noise(2.0), [2.0], "is not inside"),
        (ball([0.0, 0.0], 1.0), Noise(1.5), [0.6, 0.8], "outside or on the boundary"),
        (ellipsoid([0.0, 0.0], np.eye(2)), Noise(1.5), [2.0, 0.0], "is not inside"),
        (box([0.0, 0.0], [1.0, 1.0]), Noise(1.5), [0.5, -1.0], "is not inside"),
        (half_space([1.0, 0.0], 1.0), Noise(1.5), [1.5, 0.0], "is not inside"),
        (as_custom(interval(-1.0, 1.0)), Noise(1.5), [1.5], "is not inside"),
        (interval(-1.0, 1.0), Noise(1.5), [0.0, 0.0], "center has shape"),
        (interval(-1.0, 1.0), Noise(1.5), [math.nan], "must be finite"),
        (interval(-1.0, 1.0), Noise(1.5, [1.0, 1.0]), [0.0], "noise.vectors has shape"),
        (interval(-1.0, 1.0), Noise(1.5, -1.0), [0.0], "not negative"),
        (interval(-1.0, 1.0), Noise(1.5, math.inf), [0.0], "must be finite"),
        (interval(-1.0, 1.0), Noise(2.5), [0.0], "alpha is 2.5"),
        (interval(-1.0, 1.0), Noise(math.nan), [0.0], "alpha is nan"),
        (interval(-1.0, 1.0), Noise(1.5, name="mystery", form=None), [0.0], "'mystery', whose"),
        (
            Domain(
                2,
                lambda x, p: x[0] * x[0] - x[1] * x[1] >= 1.0,
                shape=Quadric([0.0, 0.0], matrix=np.diag([1.0, -1.0])),
            ),
            Noise(1.5),
            [0.0, 0.0],
            "positive semidefinite",
        ),
    ],
)
def test_wrong_inputs(domain: Domain, noise: Noise, center: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        escape_measure(domain, noise, center)


def test_ten_dimensions_need_few_calls() -> None:
    calls = [0]

    def outside(x: Any, p: Any) -> bool:
        calls[0] += 1
        return bool(x @ x >= 1.0)

    measure = escape_measure(plain(10, outside), Noise(1.5), np.zeros(10))
    assert measure.value == pytest.approx(10 * 0.39894228, rel=2e-8)
    assert calls[0] < 60_000


# Boxes under correlated noise.


def elliptic(alpha: float, matrix: Any) -> Noise:
    return Noise(alpha, form="sphere", matrix=np.asarray(matrix, dtype=float))


def one_factor(dim: int, correlation: float) -> Any:
    """Return G with Gz = sqrt(1 - r) (z_1, ..., z_dim) + sqrt(r) z_0 (1, ..., 1)."""
    own = math.sqrt(1.0 - correlation) * np.eye(dim)
    return np.hstack([own, np.full((dim, 1), math.sqrt(correlation))])


def one_factor_measure(lower: Any, upper: Any, correlation: float, alpha: float) -> float:
    """Return nu(W) of a box: given the common factor x the coordinates are independent."""
    x = np.arange(-9.0, 9.0, 0.02)[:, None, None]
    weight = 0.02 * np.exp(-0.5 * x[:, :, 0] ** 2) / math.sqrt(2.0 * math.pi)
    own, common = math.sqrt(1.0 - correlation), math.sqrt(correlation) * x
    nearest = np.min(np.minimum(-lower, upper))
    s = np.arange(-36.0 / alpha, 3.5, 0.1) - math.log(nearest)
    inside = np.zeros(s.size)
    for k in range(len(s)):
        t = math.exp(s[k])
        ends = special.ndtr((t * upper - common) / own) - special.ndtr((t * lower - common) / own)
        inside[k] = np.sum(weight * np.prod(ends, axis=2))
    moment = 0.1 * np.sum(alpha * np.exp(alpha * s) * (1.0 - inside))
    return float(2.0 ** (0.5 * alpha) / math.gamma(1.0 - 0.5 * alpha) * moment)


@pytest.mark.parametrize(
    ("dim", "correlation", "alpha", "allowed"),
    [(5, 0.3, 0.6, 1e-4)],
)
def test_correlated_box_against_the_one_factor_law(
    dim: int, correlation: float, alpha: float, allowed: float
) -> None:
    lower, upper = -np.linspace(0.6, 1.0, dim), np.linspace(1.5, 1.0, dim)
    noise = elliptic(alpha, one_factor(dim, correlation))
    measure = escape_measure(box(lower, upper), noise, np.zeros(dim))
    exact = one_factor_measure(lower, upper, correlation, alpha)
    assert measure.method.startswith("quasi-Monte Carlo over separated variables")
    assert measure.error <= allowed * exact
    assert abs(measure.value - exact) <= measure.error
    wrong = one_factor_measure(lower, upper, correlation - 0.05, alpha)
    assert abs(measure.value - wrong) > 5.0 * measure.error


def test_one_near_face_on_one_side() -> None:
    # However small the box, the near face is passed with chance 1/2, and the others hardly ever.
    lower, upper = np.full(3, -math.inf), np.array([1e-2, 1.0, 1.5])
    noise = elliptic(0.3, one_factor(3, 0.4))
    measure = escape_measure(box(lower, upper), noise, np.zeros(3))
    exact = one_factor_measure(lower, upper, 0.4, 0.3)
    assert measure.error <= 5e-5 * exact
    assert abs(measure.value - exact) <= measure.error
    wrong = one_factor_measure(lower, upper, 0.38, 0.3)
    assert abs(measure.value - wrong) > 5.0 * measure.error


def spatial_mean(gauge: Callable[[Any], Any], alpha: float) -> float:
    """Return K_3 times the mean of gauge^alpha over the sphere in space, on a fine grid."""
    heights = (np.arange(1000) + 0.5) / 500.0 - 1.0
    angles = (np.arange(2000) + 0.5) * math.pi / 1000.0
    total = 0.0
    for height in heights:
        ring = math.sqrt((1.0 - height) * (1.0 + height))
        flat = np.full(angles.size, height)
        units = np.stack([ring * np.cos(angles), ring * np.sin(angles), flat], axis=1)
        total += float(np.mean(gauge(units) ** alpha))
    return isotropic_constant(alpha, 3) * total / heights.size


def box_gauge(matrix: Any, lower: Any, upper: Any) -> Callable[[Any], Any]:
    return lambda units: np.max(np.maximum(units @ matrix.T / upper, units @ matrix.T / lower), 1)


@pytest.mark.parametrize("dim", [6])
def test_correlated_box_of_rank_three_against_a_grid(dim: int) -> None:
    # In six dimensions the jumps span a subspace, and three faces bound the same variable.
    matrix = np.random.default_rng(3).standard_normal((dim, 3))
    lower, upper = -np.linspace(1.0, 0.4, dim), np.linspace(0.5, 2.0, dim)
    measure = escape_measure(box(lower, upper), elliptic(1.6, matrix), np.zeros(dim))
    grid = spatial_mean(box_gauge(matrix, lower, upper), 1.6)
    assert measure.error <= 1e-4 * grid
    assert abs(measure.value - grid) <= measure.error + 2e-6 * grid
    wrong = spatial_mean(box_gauge(matrix, lower, 1.01 * upper), 1.6)
    assert abs(measure.value - wrong) > 5.0 * measure.error


def test_coordinates_that_cannot_be_left_do_not_count() -> None:
    matrix = np.array([[1.0, 0.2, 0.1], [0.5, 1.0, 0.0], [0.3, -0.4, 1.0], [0.0, 0.0, 0.0]])
    upper = np.array([1.0, 0.5, math.inf, 0.1])
    lower = np.array([-2.0, -1.0, -math.inf, -0.1])
    wide = escape_measure(box(lower, upper), elliptic(1.5, matrix), np.zeros(4))
    pair = elliptic(1.5, matrix[:2])
    assert wide.method == "quadrature over the angle: box"
    assert wide.value == pytest.approx(
        float(escape_measure(box(lower[:2], upper[:2]), pair, np.zeros(2))), rel=1e-10
    )
    # A single coordinate, twice: the nearer of two parallel faces counts.
    line = np.array([[1.0, 2.0, 2.0], [-2.0, -4.0, -4.0], [0.0, 1.0, 0.0]])
    ends = np.array([1.0, 5.0, math.inf]), np.array([0.7, 1.0, math.inf])
    measure = escape_measure(box(-ends[0], ends[1]), elliptic(1.2, line), np.zeros(3))
    hand = stable_constant(1.2) / 1.2 * 3.0**1.2 * (0.7**-1.2 + 0.5**-1.2)
    assert measure.value == pytest.approx(hand, rel=1e-12)


def test_nearly_parallel_faces() -> None:
    # The fourth face is the third one turned by 1e-5, and so is the value to that order.
    rows = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8]])
    almost = np.vstack([rows, rows[2] + [1e-5, 0.0, 0.0]])
    few = escape_measure(box(-np.ones(3), np.ones(3)), elliptic(1.5, rows), np.zeros(3))
    many = escape_measure(box(-np.ones(4), np.ones(4)), elliptic(1.5, almost), np.zeros(4))
    assert abs(many.value - few.value) <= many.error + few.error + 1e-5 * few.value
    assert many.error <= 5e-5 * many.value


# Domains that are only a predicate.


def predicate(dim: int, outside: Callable[[Any], Any]) -> Any:
    domain = plain(dim, lambda x, p: bool(outside(x[None])[0]))
    return SimpleNamespace(**vars(domain), outside_many=outside)


def rotation(dim: int) -> Any:
    return np.linalg.qr(np.random.default_rng(4).standard_normal((dim, dim)))[0]


@pytest.mark.parametrize("dim", [3, 4, 7])
def test_points_of_the_sphere_have_its_moments(dim: int) -> None:
    units = sphere_points(dim, 14, 5)
    assert np.allclose(np.sum(units**2, axis=1), 1.0, rtol=1e-14)
    squares = units.T**2 @ units**2 / len(units)
    exact = (np.ones((dim, dim)) + 2.0 * np.eye(dim)) / (dim * (dim + 2.0))
    assert np.max(np.abs(squares - exact)) < 2e-4 / dim
    assert np.max(np.abs(np.mean(units, axis=0))) < 2e-4


@pytest.mark.parametrize("dim", [3])
def test_turned_cube_known_by_its_predicate_alone(dim: int) -> None:
    turn = rotation(dim)
    cube = predicate(dim, lambda x: np.max(np.abs(x @ turn), axis=1) >= 1.0)
    noise = Noise(1.5, form="sphere")
    exact = float(escape_measure(box(-np.ones(dim), np.ones(dim)), noise, np.zeros(dim)))
    measure = escape_measure(cube, noise, np.zeros(dim))
    assert measure.method.endswith(f"and {2 * dim} flat faces: custom")
    assert measure.error <= 1e-4 * exact
    assert abs(measure.value - exact) <= measure.error
    wrong = predicate(dim, lambda x: np.max(np.abs(x @ turn), axis=1) >= 1.001)
    assert abs(float(escape_measure(wrong, noise, np.zeros(dim))) - exact) > 5.0 * measure.error


def test_flat_faces_of_a_cube_and_none_of_a_ball() -> None:
    turn = rotation(4)
    cube = predicate(4, lambda x: np.max(np.abs(x @ turn), axis=1) >= 2.0)
    faces = flat_faces(ray_bundle(cube, np.zeros(4), np.eye(4), 1.5), np.eye(4))
    found = np.round(faces @ turn, 5)
    assert sorted(found.tolist()) == sorted((0.5 * np.vstack([np.eye(4), -np.eye(4)])).tolist())
    ball = predicate(4, lambda x: np.sum(x * x, axis=1) >= 1.0)
    assert flat_faces(ray_bundle(ball, np.zeros(4), np.eye(4), 1.5), np.eye(4)).shape == (0, 4)


def test_cube_with_round_corners_against_a_grid() -> None:
    def gauge(x: Any) -> Any:
        return np.maximum(np.max(np.abs(x), axis=1), np.linalg.norm(x, axis=1) / 1.3)

    domain = predicate(3, lambda x: gauge(x) >= 1.0)
    measure = escape_measure(domain, Noise(1.5, form="sphere"), np.zeros(3))
    grid = spatial_mean(gauge, 1.5)
    assert measure.error <= 2e-4 * grid
    assert abs(measure.value - grid) <= measure.error + 2e-6 * grid
    cube = float(escape_measure(box(-np.ones(3), np.ones(3)), Noise(1.5, form="sphere"), [0] * 3))
    assert abs(measure.value - cube) > 5.0 * measure.error
