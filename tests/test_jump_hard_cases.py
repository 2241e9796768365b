"""The jump method where motion is not what it is about a lone minimum in the middle.

Skewed small jumps move the equilibrium, paths begin near the boundary or rest in other wells, and
forces overflow. Exact means solve the equation of the generator without simulation.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import levysde as ls
from levysde.basins import Basin
from levysde.engine.jump_parts import levy_constant
from levysde.methods import chosen_threshold
from levysde.methods.jump.tilt import tilted
from levysde.model import Model
from levysde.noise import Noise

SIGMAS = 4.0
SGD = ls.dynamics.sgd()
MOMENTUM = ls.dynamics.momentum(decay=2.0, form="sde", rates="per_time")
UNIT = ls.domains.interval(-1.0, 1.0)
QUARTIC = Basin(ls.potentials.quartic(1), UNIT, [0.0])
TWO_WELLS = Basin(ls.potentials.double_well(1), ls.domains.interval(-2.0, 2.0), [1.0])


def linear(x: Any) -> Any:
    return x


def kinked(x: Any) -> Any:
    return np.where(x < 0.0, 16.0, 1.0) * x


def exact_mean(
    alpha: float, beta: float, epsilon: float, force: Callable[[Any], Any] = linear,
    ends: tuple[float, float] = (-1.0, 1.0), cells: int = 400, cut: float = 0.01,
    start: float = 0.0,
) -> float:  # fmt: skip
    """Mean exit time: C u''/2 + (mu - F') u' + sum of jumps = -1, by central differences.

    The Levy measure beyond the cut is integrated against hat functions; C and mu are those of the
    rest of it, whose replacement costs less than 0.1 % of the mean at a cut of a hundredth.
    """
    h = 1.0 / cells
    x = h * np.arange(round(ends[0] * cells) + 1, round(ends[1] * cells))
    k, size = np.arange(len(x)), levy_constant(alpha) * epsilon**alpha
    edges = np.maximum(h * np.arange(-1, len(x) + 1), cut)
    mass = -size / alpha * np.diff(edges**-alpha)
    moment = size / (1.0 - alpha) * np.diff(edges ** (1.0 - alpha)) / h
    hats = (1 - k) * mass[:-1] + moment[:-1] + (1 + k) * mass[1:] - moment[1:]
    apart = np.subtract.outer(k, k)
    matrix = -(1.0 - beta * np.sign(apart)) * hats[np.abs(apart)]
    spread = size * cut ** (2.0 - alpha) / (2.0 - alpha) / h**2
    mean = 2.0 * beta * size * cut ** (1.0 - alpha) / (1.0 - alpha)
    drift = 0.5 * (force(x) - mean) / h
    matrix += np.diag(np.full(len(x), 2.0 * size / alpha * cut**-alpha + 2.0 * spread))
    matrix -= np.diag(spread + drift[1:], -1) + np.diag(spread - drift[:-1], 1)
    return float(np.interp(start, x, np.linalg.solve(matrix, np.ones(len(x)))))


def run(
    basin: Basin, noise: Noise, epsilon: float, paths: int, dynamics: Any = SGD, **options: Any
) -> ls.EscapeTimes:
    return ls.escape_times(
        basin, dynamics, noise, epsilon, paths, method="jump", horizon=1e300, seed=1, **options
    )


def deviation(result: ls.EscapeTimes) -> float:
    return float(result.times.std() / result.mean / math.sqrt(result.paths))


def agrees(result: ls.EscapeTimes, exact: float, bias: float = 0.01) -> bool:
    assert result.escaped == result.paths
    return abs(result.mean / exact - 1.0) < bias + SIGMAS * deviation(result)


def test_exact_means_without_skewness() -> None:
    """Getoor's mean without a force, and the unit well: 75.126296."""
    assert exact_mean(1.5, 0.0, 0.1) == pytest.approx(75.126296, rel=1e-3)
    constant = math.sin(0.75 * math.pi) / (0.75 * math.pi) / (2.0 * levy_constant(1.5) / 1.5)
    assert exact_mean(1.5, 0.0, 1.0, lambda x: 0.0 * x) == pytest.approx(constant, rel=0.01)


# ------------------------------------------------------------------------------------ skewed noise


def test_point_of_rest() -> None:
    """x^3 = f, and A^-1 f in a rotated well."""
    rest = tilted(QUARTIC, np.array([0.064]))
    assert rest is not None
    assert rest.minimum[0] == pytest.approx(0.4, rel=1e-8)
    matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    well = Basin(ls.potentials.quadratic(2, matrix), ls.domains.ball([0.0, 0.0], 1.0), [0.0, 0.0])
    rest = tilted(well, np.array([0.3, 0.9]))
    assert rest is not None
    assert rest.minimum == pytest.approx([0.0, 0.3], abs=1e-12)
    assert tilted(QUARTIC, np.array([1.1])) is None


@pytest.mark.parametrize(
    ("alpha", "epsilon", "paths"),
    [
        (1.02, 0.02, 20_000),
        (0.98, 0.03, 20_000),
        (1.02, 0.05, 10_000),
    ],
)
@pytest.mark.filterwarnings("ignore:the diffusive part")
def test_unit_well(alpha: float, epsilon: float, paths: int) -> None:
    """Paths rest at 0.6 to 1 of the exit distance; in the last case they are driven out."""
    result = run(ls.basins.flat(), ls.noise.independent(alpha, beta=0.9), epsilon, paths)
    assert agrees(result, exact_mean(alpha, 0.9, epsilon))
    assert not agrees(result, exact_mean(alpha, 0.5, epsilon))


CURVATURES = [(1.05, -0.9, 0.005), (1.05, -0.9, 0.02), (0.8, 0.9, 0.01)]


@pytest.mark.parametrize("paths", [5000])
@pytest.mark.parametrize(("alpha", "beta", "epsilon"), CURVATURES[::2])
def test_two_curvatures(alpha: float, beta: float, epsilon: float, paths: int) -> None:
    noise, ends = ls.noise.independent(alpha, beta=beta), (-0.25, 1.0)
    result = run(ls.basins.asymmetric(), noise, epsilon, paths)
    exact = exact_mean(alpha, beta, epsilon, kinked, ends, cells=800)
    assert agrees(result, exact)
    assert not agrees(result, exact_mean(alpha, -beta, epsilon, kinked, ends, cells=800))


@pytest.mark.parametrize(("epsilon", "paths"), [(0.3, 1200)])
@pytest.mark.filterwarnings("ignore:the diffusive part")
def test_motion_that_is_integrated(epsilon: float, paths: int) -> None:
    """A move of no length would not end here."""
    noise = ls.noise.independent(1.5, beta=0.9)
    result = run(QUARTIC, noise, epsilon, paths)
    assert agrees(result, exact_mean(1.5, 0.9, epsilon, lambda x: x**3, cells=800))
    assert not agrees(result, exact_mean(1.5, 0.9, 1.2 * epsilon, lambda x: x**3, cells=800))


@pytest.mark.parametrize(("epsilon", "paths", "of_euler"), [(0.3, 1500, 3000)])
@pytest.mark.filterwarnings("ignore:the diffusive part")
def test_momentum_under_skewed_noise_agrees_with_euler(
    epsilon: float, paths: int, of_euler: int
) -> None:
    noise, flat = ls.noise.independent(1.5, beta=0.9), ls.basins.flat()

    def euler(amplitude: float, paths: int) -> ls.EscapeTimes:
        return ls.escape_times(
            flat, MOMENTUM, noise, amplitude, paths, dt=0.002, horizon=1e6, seed=2
        )

    def differ(one: ls.EscapeTimes, other: ls.EscapeTimes) -> bool:
        allowed = 0.01 + SIGMAS * math.hypot(deviation(one), deviation(other))
        return abs(one.mean / other.mean - 1.0) > allowed

    result = run(flat, noise, epsilon, paths, MOMENTUM)
    assert not differ(result, euler(epsilon, of_euler))
    assert differ(result, euler(1.2 * epsilon, 3000))


def test_quartic_well() -> None:
    result = run(QUARTIC, ls.noise.independent(0.8, beta=0.9), 0.1, 40_000)
    cubic = exact_mean(0.8, 0.9, 0.1, lambda x: x**3)
    assert agrees(result, cubic, 0.005)
    assert not agrees(result, exact_mean(0.8, 0.9, 0.1), 0.005)


@pytest.mark.filterwarnings("ignore:the diffusive part")
def test_minimum_beside_the_middle() -> None:
    """Long moves towards it are not safe where it is nearer to the boundary: (-0.2, 1.8)."""
    basin = Basin(ls.potentials.quadratic(1), ls.domains.interval(-0.2, 1.8), [0.0])
    result = run(basin, ls.noise.independent(1.5), 0.3, 60_000)
    cut, ends = result.parameters["threshold"], (-0.2, 1.8)
    assert agrees(result, exact_mean(1.5, 0.0, 0.3, ends=ends, cut=cut), 0.0)
    assert agrees(result, 1.6072315)
    assert not agrees(result, exact_mean(1.5, 0.0, 0.3, ends=(-0.25, 1.75), cut=cut))


# ------------------------------------------------------------------------ overflow and other wells


def hyperbolic(x: Any, p: Any, out: Any) -> None:
    out[0] = math.sinh(x[0])


def walled(x: Any, p: Any, out: Any) -> None:
    out[0] = x[0] if x[0] > -1.0 else 1e300 * x[0] * 1e300


def test_overflow_of_the_square_of_a_force() -> None:
    """From -360, where the force is 1e156, paths are at the minimum at once."""
    left_open = ls.domains.interval(-math.inf, 1.0)
    noise, well = ls.noise.independent(1.5), ls.Potential(1, hyperbolic)
    result = run(Basin(well, left_open, [0.0], [-360.0]), noise, 1e-3, 2000)
    exact = 1.0 / ls.theory.escape_rate(left_open, noise, [0.0], 1e-3)
    assert result.non_finite == 0
    assert agrees(result, exact)
    assert not agrees(result, 0.8 * exact)


def test_infinite_force_ends_a_path() -> None:
    basin = Basin(ls.Potential(1, walled), ls.domains.interval(-math.inf, 1.0), [0.0])
    result = run(basin, ls.noise.independent(1.5), 0.1, 1000)
    # Half of the jumps that are longer than 1 lead up.
    assert abs(result.non_finite / 1000 - 0.5) < SIGMAS * 0.5 / math.sqrt(1000) + 0.02


@pytest.mark.parametrize("paths", [2500])
@pytest.mark.parametrize(("epsilon", "bias"), [(0.003, 0.001)])
def test_rest_in_another_well_is_one_move(epsilon: float, bias: float, paths: int) -> None:
    """From 1 the exit distances are 1 and 3, and from -1 the same: one rate for both wells."""
    noise = ls.noise.independent(1.5)
    result = run(TWO_WELLS, noise, epsilon, paths)
    exact = 1.0 / ls.theory.escape_rate(TWO_WELLS.domain, noise, [1.0], epsilon)
    assert agrees(result, exact, bias)
    assert not agrees(result, 1.2 * exact, bias)
    assert result.total_steps < 400 * paths


@pytest.mark.parametrize("paths", [1500])
def test_two_wells_at_large_noise(paths: int) -> None:
    result = run(TWO_WELLS, ls.noise.independent(1.5), 0.1, paths)
    exact, louder = (
        exact_mean(
            1.5, 0.0, epsilon, lambda x: x**3 - x, (-2.0, 2.0), cells=200, start=1.0, cut=0.02
        )
        for epsilon in (0.1, 0.12)
    )
    assert agrees(result, exact)
    assert not agrees(result, louder)


# ------------------------------------------------------------------------- starts and thresholds


def beginning(start: float, curvature: float = 1.0) -> Basin:
    return Basin(ls.potentials.quadratic(1, curvature), UNIT, [0.0], [start])


@pytest.mark.parametrize(("alpha", "exact"), [(0.5, 0.42380653), (1.2, 0.08653825)])
def test_start_near_the_boundary_without_a_force(alpha: float, exact: float) -> None:
    """sin(pi alpha/2)/(pi alpha/2) (1 - x^2)^(alpha/2)/nu(W) at x = 0.99."""
    noise, basin = ls.noise.independent(alpha), beginning(0.99, 0.0)
    assert agrees(run(basin, noise, 1.0, 30_000), exact)
    with pytest.warns(UserWarning, match="exits soon after the start are wrong"):
        coarse = run(basin, noise, 1.0, 30_000, threshold=0.1)
    assert not agrees(coarse, exact)


@pytest.mark.filterwarnings("ignore:the diffusive part of the noise makes an error")
@pytest.mark.parametrize("paths", [3000])
@pytest.mark.parametrize(("alpha", "epsilon", "start"), [(1.5, 0.5, 0.98)])
def test_start_near_the_boundary(alpha: float, epsilon: float, start: float, paths: int) -> None:
    """The threshold that would do from the minimum makes about 26 % and 38 % too little here."""
    noise = ls.noise.independent(alpha)
    exact = exact_mean(alpha, 0.0, epsilon, cells=1000, cut=0.003, start=start)
    assert agrees(run(beginning(start), noise, epsilon, paths), exact)
    with pytest.warns(UserWarning, match="exits soon after the start are wrong"):
        coarse = run(beginning(start), noise, epsilon, 2 * paths, threshold=0.1)
    assert not agrees(coarse, exact)


def test_start_is_harmless_at_small_noise() -> None:
    noise, flat = ls.noise.independent(1.5), ls.basins.flat()
    raised = chosen_threshold(Model(flat, SGD, noise, 1e-4), None)
    assert raised == pytest.approx(0.9)
    # Where jumps of less than 0.9 lead out early, the threshold is not raised.
    usual = chosen_threshold(Model(beginning(0.99), SGD, noise, 1e-4), None)
    assert usual == pytest.approx(0.1)
    assert chosen_threshold(Model(beginning(0.99), SGD, noise, 0.1), None) < 0.02 * usual
    with pytest.raises(ValueError, match=r"jumps of 0.0001 lead out.*euler"):
        chosen_threshold(Model(beginning(0.9999), SGD, noise, 0.1), None)


@pytest.mark.parametrize("threshold", [1e-300, 1e-9])
def test_threshold_that_makes_too_many_jumps(threshold: float) -> None:
    with pytest.raises(ValueError, match="too long; give a larger threshold"):
        run(ls.basins.flat(), ls.noise.independent(1.5), 0.1, 1, threshold=threshold)
    assert run(ls.basins.flat(), ls.noise.independent(1.5), 1.0, 2, threshold=3e-4).escaped == 2


def test_thresholds_are_measured_from_the_point_of_rest() -> None:
    noise = ls.noise.independent(1.02, beta=0.9)
    with pytest.raises(ValueError, match=r"threshold is 0\.5, but jumps of 0\.4"):
        run(ls.basins.flat(), noise, 0.02, 10, threshold=0.5)
