"""Exact values against printed tables, closed forms and independent quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from levysde.theory import (
    boundary_shift_constant,
    driftless_ellipsoid_mean_exit_time,
    driftless_interval_mean_exit_time,
    driftless_mean_exit_time,
    euler_mean_exit_time,
    euler_stationary_scale,
    exit_overshoot_survival,
    gaussian_mean_exit_time,
    half_line_overshoot_survival,
    kappa,
    ornstein_uhlenbeck_scale,
    right_exit_probability,
    sparre_andersen_survival,
    stable_constant,
    stable_density,
    stable_tail,
)
from levysde.theory.exact.stable_law import tabulated_density


def identity(x: Any) -> Any:
    return x


def nothing(x: Any) -> Any:
    return 0.0 * x


# The stable law.


@pytest.mark.parametrize("alpha", [0.3, 0.8, 1.2, 1.5, 1.8, 1.95])
def test_density_at_zero_is_a_gamma_function(alpha: float) -> None:
    value = math.gamma(1.0 + 1.0 / alpha) / math.pi
    assert float(stable_density(0.0, alpha)) == pytest.approx(value, rel=2e-13)


@pytest.mark.parametrize("alpha", [0.5, 1.2, 1.5, 1.8])
def test_density_against_scipy(alpha: float) -> None:
    x = np.array([0.1, 0.7, 0.99, 1.01, 2.5, 6.0])
    reference = stats.levy_stable.pdf(x, alpha, 0.0)
    assert stable_density(x, alpha) == pytest.approx(reference, rel=1e-7)
    assert stable_density(-x, alpha) == pytest.approx(stable_density(x, alpha), rel=1e-15)


@pytest.mark.parametrize(("alpha", "x"), [(0.6, 29.0), (1.2, 0.4), (1.95, 29.0)])
def test_density_against_another_integral(alpha: float, x: float) -> None:
    # Zolotarev's integral over angles, in 30 digits: no Fourier integral, no series.
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(30):
        a, z = mpmath.mpf(alpha), mpmath.mpf(x)
        power = a / (a - 1)

        def integrand(angle: Any) -> Any:
            ratio = mpmath.cos(angle) / mpmath.sin(a * angle)
            v = ratio**power * mpmath.cos((a - 1) * angle) / mpmath.cos(angle)
            return v * mpmath.exp(-(z**power) * v)

        # The integrand is a peak close to one of the ends: cut the range geometrically there.
        near = [mpmath.pi / 2 * mpmath.mpf(2) ** -k for k in range(40, 0, -1)]
        cuts = [0, *near, *[mpmath.pi / 2 - cut for cut in near[-2::-1]], mpmath.pi / 2]
        total = mpmath.quad(integrand, cuts, maxdegree=5)
        reference = float(a * z ** (1 / (a - 1)) / (mpmath.pi * abs(a - 1)) * total)
    assert float(stable_density(x, alpha)) == pytest.approx(reference, rel=1e-11)


@pytest.mark.parametrize("alpha", [0.4, 0.8, 1.2, 1.5, 1.8, 1.99])
def test_tail_is_the_integral_of_the_density(alpha: float) -> None:
    # The two are separate integrals, and 0.9, 3 and 60 lie in three different branches.
    for low, high in ((0.0, 0.9), (0.9, 3.0), (3.0, 60.0), (60.0, 1e3)):
        points = np.geomspace(max(low, 1e-6), high, 100) if low else np.linspace(0.0, high, 100)
        edges = np.unique(np.concatenate([[low], points]))
        unit, weight = np.polynomial.legendre.leggauss(8)
        half = 0.5 * np.diff(edges)[:, None]
        nodes = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * unit
        mass = float(np.sum(stable_density(nodes, alpha) * half * weight))
        difference = float(stable_tail(low, alpha) - stable_tail(high, alpha))
        assert mass == pytest.approx(difference, rel=1e-6 if alpha < 0.5 else 1e-10)


@pytest.mark.parametrize("alpha", [0.8, 1.2, 1.5, 1.8, 1.99])
@pytest.mark.parametrize("switch", [1.0, 30.0])
def test_branches_meet(alpha: float, switch: float) -> None:
    x = np.array([np.nextafter(switch, 0.0), switch])
    for function in (stable_density, stable_tail):
        below, above = function(x, alpha)
        assert below == pytest.approx(above, rel=1e-11)


def test_tail_far_out() -> None:
    # Two terms of the series by hand; the next one is smaller by another factor of 3e4.
    first = stable_constant(1.5) / 1.5 * 1000.0**-1.5
    second = math.gamma(3.0) / 2.0 / math.pi * 1000.0**-3.0
    assert float(stable_tail(1000.0, 1.5)) == pytest.approx(first + second, rel=1e-8)
    # scipy returns exactly 0 there for these laws; the leading term is right to x^-alpha.
    for alpha in (1.2, 1.5, 1.8):
        leading = stable_constant(alpha) / alpha * 1e8**-alpha
        assert float(stable_tail(1e8, alpha)) == pytest.approx(leading, rel=1e-8)


def test_tail_in_closed_form_and_at_the_ends() -> None:
    x = np.array([0.0, 0.5, 3.0, 1e6])
    assert stable_tail(x, 1.0) == pytest.approx(np.arctan2(1.0, x) / math.pi, rel=1e-15)
    assert stable_tail(x[:3], 2.0) == pytest.approx(stats.norm.sf(x[:3] / math.sqrt(2)), rel=1e-13)
    assert stable_density(x[:3], 2.0) == pytest.approx(
        stats.norm.pdf(x[:3], scale=math.sqrt(2)), rel=1e-13
    )
    # alpha = 1 is approached by the general formula.
    assert stable_tail(x, 1.0 + 1e-9) == pytest.approx(stable_tail(x, 1.0), rel=1e-7)
    for alpha in (0.7, 1.0, 1.5, 2.0):
        assert float(stable_tail(0.0, alpha)) == 0.5
        assert stable_tail([math.inf, -math.inf], alpha).tolist() == [0.0, 1.0]
        assert float(stable_density(math.inf, alpha)) == 0.0
        both = stable_tail(np.array([-0.8, 0.8]), alpha)
        assert float(both.sum()) == pytest.approx(1.0, rel=1e-15)


def test_density_has_the_stable_characteristic_function() -> None:
    # A density with a wrong scale convention would fail this.
    value = integrate.quad(
        lambda x: 2.0 * float(stable_density(x, 1.5)), 0.0, math.inf, weight="cos", wvar=1.3
    )[0]
    assert value == pytest.approx(math.exp(-(1.3**1.5)), abs=1e-7)


@pytest.mark.parametrize("alpha", [0.5, 0.8, 1.2, 1.5, 1.8, 1.95])
def test_tabulated_density(alpha: float) -> None:
    x = np.concatenate([np.linspace(-5.0, 5.0, 301), np.geomspace(5.0, 1e4, 100)])
    table = tabulated_density(alpha, 1e4)
    assert table(x) == pytest.approx(stable_density(x, alpha), rel=1e-9)


def test_stable_law_wrong_inputs() -> None:
    for function in (stable_density, stable_tail):
        with pytest.raises(ValueError, match=r"alpha is 2\.1"):
            function(1.0, 2.1)
        with pytest.raises(ValueError, match=r"alpha >= 0.2"):
            function(1.0, 0.1)
        with pytest.raises(ValueError, match="nan"):
            function([0.0, math.nan], 1.5)


# Exit without drift.


def test_getoor_against_brownian_and_interval_values() -> None:
    # Variance 2t: the mean exit time of a ball is (R^2 - x^2) / (2 d).
    for dim in (1, 2, 7):
        value = driftless_mean_exit_time(2.0, 3.0, dim, 1.0)
        assert value == pytest.approx(8.0 / (2.0 * dim), rel=1e-13)
    # alpha = 1, d = 1: sqrt(R^2 - x^2).
    assert driftless_mean_exit_time(1.0, 1.0, 1, 0.6) == pytest.approx(0.8, rel=1e-14)
    assert driftless_mean_exit_time(1.5, 1.0, 1) == pytest.approx(0.75225278, abs=6e-9)
    shifted = driftless_interval_mean_exit_time(1.5, 1.0, 4.0, 2.0)
    assert shifted == pytest.approx(driftless_mean_exit_time(1.5, 1.5, 1, 0.5), rel=1e-13)
    assert driftless_mean_exit_time(1.5, 1.0, 2, 1.0) == 0.0


def test_ellipsoid_contains_getoor_and_the_crossover() -> None:
    # Isotropic ball: nu(W) = K_d R^-alpha with K_2 = 0.71698320, K_10 = 2.56090434 at 1.5.
    for dim, measure in ((1, 0.39894228), (2, 0.71698320), (3, 0.99735570), (10, 2.56090434)):
        start = np.zeros(dim)
        start[0] = 0.5
        value = driftless_ellipsoid_mean_exit_time(1.5, measure, np.eye(dim), start)
        assert value == pytest.approx(driftless_mean_exit_time(1.5, 1.0, dim, 0.5), rel=2e-8)
        center = driftless_ellipsoid_mean_exit_time(1.5, measure)
        assert center == pytest.approx(driftless_mean_exit_time(1.5, 1.0, dim), rel=2e-8)


def test_ellipsoid_in_other_units() -> None:
    # Lengths times 3: measure / 3^alpha, matrix / 9, time times 3^alpha.
    one = driftless_ellipsoid_mean_exit_time(1.2, 0.8, [[1.0, 0.2], [0.2, 2.0]], [0.3, 0.4])
    other = driftless_ellipsoid_mean_exit_time(
        1.2, 0.8 / 3.0**1.2, np.array([[1.0, 0.2], [0.2, 2.0]]) / 9.0, [0.9, 1.2]
    )
    assert other == pytest.approx(3.0**1.2 * one, rel=1e-13)


def test_kappa() -> None:
    assert kappa(1.0) == pytest.approx(2.0 / math.pi, rel=1e-15)
    assert kappa(2.0) == 0.0
    assert kappa(1.5) == pytest.approx(0.39894228 * 0.75225278, abs=2e-8)


def test_exit_overshoot_survival() -> None:
    values = exit_overshoot_survival([1.0, 1.1, 2.0, 10.0], 1.5)
    assert values == pytest.approx([1.0, 0.41351910, 0.11606182, 0.00952084], abs=6e-9)


def test_right_exit_probability() -> None:
    assert float(right_exit_probability(0.5, 0.8)) == pytest.approx(0.64366706, abs=6e-9)
    assert float(right_exit_probability(0.5, 1.5)) == pytest.approx(0.71347630, abs=6e-9)
    # Brownian motion: linear in the start.
    assert right_exit_probability([-1.0, -0.4, 1.0], 2.0) == pytest.approx([0.0, 0.3, 1.0])


def test_half_line_overshoot() -> None:
    # alpha = 1: the arcsine law.
    value = float(half_line_overshoot_survival(3.0, 1.0, 1.0))
    assert value == pytest.approx(2.0 / math.pi * math.asin(0.5), rel=1e-13)
    assert half_line_overshoot_survival(2.0, 4.0, 1.5) == half_line_overshoot_survival(
        1.0, 2.0, 1.5
    )
    # The ball seen from a point close to its boundary is a half line.
    assert float(half_line_overshoot_survival(0.0, 1.0, 1.5)) == 1.0


def test_sparre_andersen() -> None:
    assert [sparre_andersen_survival(n) for n in (0, 1, 2, 5)] == [1.0, 0.5, 0.375, 0.24609375]
    assert sparre_andersen_survival(10) == pytest.approx(0.17619705, abs=6e-9)
    assert sparre_andersen_survival(100) == pytest.approx(0.05634848, abs=6e-9)
    # P(n + 1) / P(n) = (2n + 1) / (2n + 2), across the change of formula.
    ratio = sparre_andersen_survival(1001) / sparre_andersen_survival(1000)
    assert ratio == pytest.approx(2001.0 / 2002.0, rel=1e-14)


def test_stationary_scales() -> None:
    # alpha = 2: variance of the Ornstein-Uhlenbeck process s^2/l (1 - exp(-2lt)), 2 scale^2 here.
    scale = ornstein_uhlenbeck_scale(2.0, 3.0, 0.5, 0.2)
    assert 2.0 * scale**2 == pytest.approx(0.25 / 3.0 * (1.0 - math.exp(-1.2)), rel=1e-13)
    assert ornstein_uhlenbeck_scale(1.5, 2.0) == pytest.approx(3.0 ** (-1.0 / 1.5), rel=1e-14)
    assert ornstein_uhlenbeck_scale(1.5, 2.0, 1.0, 0.0) == 0.0
    # The Euler chain: the sum of all past steps, and the limit of small steps.
    for rate in (0.7, 1.7):
        past = sum(0.5**1.2 * abs(1.0 - 0.5 * rate * 2.0) ** (1.2 * k) for k in range(400))
        chain = euler_stationary_scale(1.2, rate, 0.5, 1.0)
        assert chain == pytest.approx(past ** (1.0 / 1.2), rel=1e-12)
    fine = euler_stationary_scale(1.5, 2.0, 1.0, 1e-9)
    assert fine == pytest.approx(ornstein_uhlenbeck_scale(1.5, 2.0), rel=1e-8)


@pytest.mark.parametrize(
    ("alpha", "constant"), [(1.2, 1.216494), (1.5, 0.830016), (1.8, 0.802250), (2.0, 0.823917)]
)
def test_boundary_shift_constant(alpha: float, constant: float) -> None:
    assert boundary_shift_constant(alpha) == pytest.approx(constant, abs=6e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kappa(0.0), "alpha is 0.0"),
        (lambda: driftless_mean_exit_time(1.5, -1.0, 1), "radius is -1.0"),
        (lambda: driftless_mean_exit_time(1.5, 1.0, 0), "dim is 0"),
        (lambda: driftless_mean_exit_time(1.5, 1.0, 1, 1.1), "distance is 1.1"),
        (lambda: driftless_interval_mean_exit_time(1.5, -1.0, 1.0, 2.0), "start is 2.0"),
        (lambda: driftless_interval_mean_exit_time(1.5, -1.0, math.inf, 2.0), "finite"),
        (lambda: driftless_ellipsoid_mean_exit_time(2.0, 1.0), "alpha < 2"),
        (lambda: driftless_ellipsoid_mean_exit_time(1.5, 0.0), "escape_measure is 0.0"),
        (lambda: driftless_ellipsoid_mean_exit_time(1.5, 1.0, None, [0.0]), "matrix is missing"),
        (lambda: driftless_ellipsoid_mean_exit_time(1.5, 1.0, [[1.0]], [2.0]), "outside"),
        (lambda: exit_overshoot_survival(0.9, 1.5), "at least 1"),
        (lambda: right_exit_probability(1.1, 1.5), "in \\[-1, 1\\]"),
        (lambda: half_line_overshoot_survival(-1.0, 1.0, 1.5), "not be negative"),
        (lambda: sparre_andersen_survival(-1), "not be negative"),
        (lambda: ornstein_uhlenbeck_scale(1.5, 0.0), "rate is 0.0"),
        (lambda: ornstein_uhlenbeck_scale(1.5, 1.0, 1.0, -1.0), "time is -1.0"),
        (lambda: euler_stationary_scale(1.5, 1.0, 1.0, 2.0), "stable only below 2"),
        (lambda: boundary_shift_constant(1.0), "alpha > 1"),
    ],
)
def test_wrong_inputs(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# Mean exit times with drift.

EULER_TABLE = [
    (identity, -1.0, 1.0, 1.2, 0.3, 0.1, 6.6640157),
    (identity, -1.0, 1.0, 1.2, 0.3, 0.01, 6.4759992),
    (identity, -1.0, 1.0, 1.5, 1.0, 0.1, 1.2041980),
    (identity, -1.0, 1.0, 1.5, 1.0, 0.01, 1.0095033),
    (identity, -1.0, 1.0, 1.5, 0.3, 0.1, 11.918026),
    (identity, -1.0, 1.0, 1.5, 0.3, 0.01, 11.410064),
    (identity, -1.0, 1.0, 1.5, 0.1, 0.1, 75.885836),
    (identity, -1.0, 1.0, 1.5, 0.1, 0.01, 75.383545),
    (identity, -0.5, 1.5, 1.5, 0.1, 0.1, 42.604233),
    (identity, -0.5, 1.5, 1.5, 0.1, 0.01, 41.856519),
    (nothing, -1.0, 1.0, 1.5, 1.0, 0.1, 0.9674829),
    (nothing, -1.0, 1.0, 1.5, 1.0, 0.01, 0.7965578),
    (nothing, -1.0, 1.0, 1.5, 1.0, 0.001, 0.76167895),
]


@pytest.mark.parametrize(
    ("gradient", "lower", "upper", "alpha", "epsilon", "dt", "mean"), EULER_TABLE[::3]
)
def test_euler_chain_table(
    gradient: Callable[[Any], Any],
    lower: float,
    upper: float,
    alpha: float,
    epsilon: float,
    dt: float,
    mean: float,
) -> None:
    value = euler_mean_exit_time(gradient, lower, upper, alpha, epsilon, dt)
    assert value == pytest.approx(mean, rel=5e-7)


@pytest.mark.parametrize("alpha", [1.0, 1.5, 2.0])
def test_euler_chain_of_one_coarse_step(alpha: float) -> None:
    # Drift that forgets the position, x' = Z: the number of steps is geometric.
    epsilon, dt = 0.7, 1.0
    leave = 2.0 * float(stable_tail(1.0 / epsilon, alpha))
    value = euler_mean_exit_time(identity, -1.0, 1.0, alpha, epsilon, dt, start=0.3)
    assert value == pytest.approx(dt / leave, rel=1e-10)


def test_euler_chain_against_a_plain_solution() -> None:
    # The equation u = dt + Ku itself, by Simpson's rule and the general-purpose stable density.
    alpha, epsilon, dt, start = 1.5, 0.5, 0.25, 0.3
    noise = epsilon * dt ** (1.0 / alpha)
    x = np.linspace(-0.5, 1.0, 401)
    weight = np.full(x.size, 2.0)
    weight[1::2], weight[[0, -1]] = 4.0, 1.0
    weight *= (x[1] - x[0]) / 3.0

    def drift(y: Any) -> Any:
        return y - dt * np.where(y < 0.0, 2.0, 1.0) * y

    kernel = stats.levy_stable.pdf(np.linspace(0.0, 15.0, 1001), alpha, 0.0)

    def density(z: Any) -> Any:
        return np.interp(np.abs(z), np.linspace(0.0, 15.0, 1001), kernel)

    matrix = density((x - drift(x)[:, None]) / noise) / noise * weight
    u = np.linalg.solve(np.eye(x.size) - matrix, np.full(x.size, dt))
    plain = dt + density((x - drift(start)) / noise) / noise * weight @ u
    value = euler_mean_exit_time(
        lambda y: np.where(y < 0.0, 2.0, 1.0) * y,
        -0.5,
        1.0,
        alpha,
        epsilon,
        dt,
        start,
        breakpoints=(0.0,),
    )
    assert value == pytest.approx(plain, rel=2e-5)


def test_euler_chain_does_not_depend_on_the_panels() -> None:
    plain = euler_mean_exit_time(identity, -0.5, 1.5, 1.8, 0.3, 0.1)
    cut = euler_mean_exit_time(identity, -0.5, 1.5, 1.8, 0.3, 0.1, breakpoints=(0.123, 0.7, 9.0))
    assert cut == pytest.approx(plain, rel=1e-10)


def test_euler_chain_tends_to_the_gaussian_limit() -> None:
    limit = gaussian_mean_exit_time(identity, -1.0, 1.0, 0.5)
    shift = boundary_shift_constant(2.0) * 0.5
    for dt in (0.04, 0.01):
        # A boundary moved inward by the shift leaves an error of order dt.
        end = 1.0 - shift * math.sqrt(dt)
        value = euler_mean_exit_time(identity, -end, end, 2.0, 0.5, dt)
        assert value == pytest.approx(limit, rel=1.5 * dt)
    assert euler_mean_exit_time(identity, -1.0, 1.0, 2.0, 0.5, 0.01) > 1.1 * limit


def test_euler_chain_tends_to_getoor() -> None:
    shift = boundary_shift_constant(1.5) * 0.01 ** (1.0 / 1.5)
    value = euler_mean_exit_time(nothing, -1.0 + shift, 1.0 - shift, 1.5, 1.0, 0.01)
    assert value == pytest.approx(driftless_mean_exit_time(1.5, 1.0, 1), rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alpha": 2.5}, "alpha is 2.5"),
        ({"epsilon": 0.0}, "epsilon is 0.0"),
        ({"dt": math.nan}, "dt is nan"),
        ({"tolerance": -1.0}, "tolerance is -1.0"),
        ({"lower": -math.inf}, "both finite"),
        ({"start": 1.0}, "start is 1.0"),
        ({"breakpoints": (math.nan,)}, "breakpoints are"),
        ({"gradient": lambda x: 0.0}, "gradient returned shape"),
        ({"gradient": lambda x: x * math.nan}, "not finite"),
        ({"epsilon": 1e-4}, "at most 4000 are allowed"),
    ],
)
def test_euler_chain_wrong_inputs(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "gradient": identity,
        "lower": -1.0,
        "upper": 1.0,
        "alpha": 1.5,
        "epsilon": 0.3,
        "dt": 0.1,
    }
    with pytest.raises(ValueError, match=message):
        euler_mean_exit_time(**(arguments | changes))


@pytest.mark.parametrize(("epsilon", "mean"), [(0.5, 4.501602416), (0.3, 108.6243397)])
def test_gaussian_table(epsilon: float, mean: float) -> None:
    assert gaussian_mean_exit_time(identity, -1.0, 1.0, epsilon) == pytest.approx(mean, rel=1e-9)


def test_gaussian_without_and_with_constant_drift() -> None:
    value = gaussian_mean_exit_time(nothing, -1.0, 2.0, 0.7, 0.5)
    assert value == pytest.approx(1.5 * 1.5 / (2.0 * 0.49), rel=1e-12)
    # F' = -v: u = (1/v) [(b - x) - (b - a) (e^(-vx/D) - e^(-vb/D)) / (e^(-va/D) - e^(-vb/D))].
    v, d, a, b, x = 0.8, 0.25, -1.0, 2.0, 0.5
    left = (math.exp(-v * x / d) - math.exp(-v * b / d)) / (
        math.exp(-v * a / d) - math.exp(-v * b / d)
    )
    drifting = gaussian_mean_exit_time(lambda y: -v + 0.0 * y, a, b, math.sqrt(d), x)
    assert drifting == pytest.approx((b - x - (b - a) * left) / v, rel=1e-11)


def test_gaussian_with_a_kink_against_direct_quadrature() -> None:
    noise = 0.4

    def potential(y: float) -> float:
        return (4.0 if y < 0.0 else 0.5) * y * y / noise**2

    def inner(z: float, low: float) -> float:
        return integrate.quad(
            lambda y: math.exp(potential(z) - potential(y)), low, z, points=[0.0], epsabs=1e-13
        )[0]

    # u(a) = u(b) = 0: u(x) = (1/eps^2) [P int_a^b - int_a^x] of inner(z), P the splitting.
    a, b, x = -0.25, 1.0, 0.2

    def outer(low: float, high: float) -> float:
        return integrate.quad(lambda z: inner(z, a), low, high, points=[0.0], epsabs=1e-12)[0]

    def scale(low: float, high: float) -> float:
        return integrate.quad(lambda z: math.exp(potential(z)), low, high, points=[0.0])[0]

    direct = (scale(a, x) / scale(a, b) * outer(a, b) - outer(a, x)) / noise**2
    value = gaussian_mean_exit_time(
        lambda y: np.where(y < 0.0, 8.0, 1.0) * y, a, b, noise, x, breakpoints=(0.0,)
    )
    assert value == pytest.approx(direct, rel=1e-8)


def test_gaussian_small_noise_is_kramers_and_does_not_overflow() -> None:
    # Two boundaries at height 1/2 with slope 1: E tau ~ sqrt(pi / 2) eps e^(1/(2 eps^2)).
    epsilon = 0.03
    kramers = math.sqrt(0.5 * math.pi) * epsilon * math.exp(0.5 / epsilon**2)
    value = gaussian_mean_exit_time(identity, -1.0, 1.0, epsilon)
    assert value == pytest.approx(kramers, rel=3.0 * epsilon**2)
    # From a wall twice as high on one side only half of the exits remain.
    one_sided = gaussian_mean_exit_time(identity, -2.0, 1.0, epsilon)
    assert one_sided == pytest.approx(2.0 * value, rel=1e-6)
    with pytest.raises(ValueError, match="beyond floating point"):
        gaussian_mean_exit_time(identity, -1.0, 1.0, 0.01)


def test_gaussian_wrong_inputs() -> None:
    with pytest.raises(ValueError, match=r"epsilon is -1\.0"):
        gaussian_mean_exit_time(identity, -1.0, 1.0, -1.0)
    with pytest.raises(ValueError, match=r"start is 1\.0"):
        gaussian_mean_exit_time(identity, -1.0, 1.0, 0.5, 1.0)
