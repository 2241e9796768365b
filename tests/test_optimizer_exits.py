"""Escape times of optimizers, against numbers from elsewhere and against the theory."""

import math

import numpy as np
import pytest
from scipy import integrate

import levysde as ls
from levysde.dynamics.adam import _adam
from levysde.dynamics.adaptive import _corrections

SIGMAS = 4.0
ETA, ALPHA = 1e-3, 1.5
GRADIENT_NOISE = ETA ** ((ALPHA - 1.0) / ALPHA)
"""The amplitude with which dL = eta Z: gradients have SaS(1) noise."""

CURVATURE, FROZEN = 40.0, 2.85
"""Fitted to the eight numbers below, which were published without them."""

WARM_UP = 10_000


def steps_to_exit(dynamics, reach, paths, seed):
    """Iterations until |x| reaches so many learning rates, and their standard error."""
    well = ls.potentials.quadratic(1, CURVATURE)
    basin = ls.Basin(well, ls.domains.interval(-reach * ETA, reach * ETA), 0.0)
    noise = ls.noise.independent(ALPHA)
    result = ls.escape_times(
        basin, dynamics, noise, GRADIENT_NOISE, paths=paths, dt=ETA, horizon=1e7 * ETA, seed=seed
    )
    assert result.escaped == paths
    mean = result.mean / ETA
    return mean, mean / math.sqrt(paths)


def warmed_update(j, x, m, v, g, dL, dt, t, p):
    """Adam that waits at x until its averages are stationary."""
    moved, m, v = _adam(j, x, m, v, g, dL, dt, t, p, *_corrections(t, dt, p))
    return (moved if t >= WARM_UP * dt else x), m, v


@pytest.mark.parametrize(("reach", "expected"), [(10, 297), (20, 1135), (30, 2260), (40, 3813)])
def test_iterations_to_exit_with_a_frozen_second_moment(reach, expected):
    """Measured elsewhere with 300 paths each."""
    mean, error = steps_to_exit(ls.dynamics.adam(eps=0.0, frozen=FROZEN), reach, 2000, seed=1)
    assert abs(mean - expected) < SIGMAS * math.hypot(error, expected / math.sqrt(300))
    # The twin: another second moment.
    mean, error = steps_to_exit(ls.dynamics.adam(eps=0.0, frozen=2 * FROZEN), reach, 500, seed=1)
    assert abs(mean - expected) > SIGMAS * math.hypot(error, expected / math.sqrt(300))


COUPLED = [(10, 673), (20, 2625), (30, 1.7e4), (40, 2.0e5)]


@pytest.mark.parametrize(
    ("reach", "expected", "paths"),
    [(*setting, 500) for setting in COUPLED[:3]] + [(*COUPLED[3], 200)],
)
def test_iterations_to_exit_with_a_coupled_second_moment(reach, expected, paths):
    """Measured elsewhere with 300 paths each, from stationary averages."""
    adam = ls.dynamics.adam(eps=0.0)
    warmed = ls.dynamics.Dynamics(
        "warmed", warmed_update, memory=True, params={"p": adam.step_parameters(ETA)}
    )
    mean = steps_to_exit(warmed, reach, paths, seed=2)[0] - WARM_UP
    error = math.hypot(mean / math.sqrt(paths), expected / math.sqrt(300))
    assert abs(mean - expected) < SIGMAS * error
    if reach == 10:  # the twin: averages that begin at 0
        mean = steps_to_exit(adam, reach, paths, seed=2)[0]
        assert abs(mean - expected) > SIGMAS * error
    # Beyond one jump's reach of 31.77 learning rates the law of the jumps is lost.
    assert (mean > 10.0 * 3813) == (reach > 31.77)


def test_sgd_leaves_sooner_by_the_power_alpha_when_the_loss_is_multiplied():
    """Gradient and noise times c = 4; both means against the exact ones of their chains."""
    c, epsilon, dt = 4.0, 0.03, 0.02
    means = []
    for factor in (1.0, c):
        basin = ls.Basin(ls.potentials.quadratic(1, factor), ls.domains.interval(-1.0, 1.0), 0.0)
        noise = ls.noise.independent(ALPHA, factor)
        result = ls.escape_times(
            basin, ls.dynamics.sgd(), noise, epsilon, paths=1000, dt=dt, seed=3
        )
        exact = ls.theory.euler_mean_exit_time(
            lambda x, factor=factor: factor * x, -1.0, 1.0, alpha=ALPHA,
            epsilon=epsilon * factor, dt=dt,
        )  # fmt: skip
        assert abs(result.mean / exact - 1.0) < SIGMAS / math.sqrt(1000)
        means.append(exact)
    # c^alpha is the leading order: 1 - C eps^alpha/(k a^alpha) and a grid of dt^(1/alpha) remain.
    assert means[0] / means[1] == pytest.approx(c**ALPHA, rel=0.02)


@pytest.mark.parametrize("name", ["adam", "adamw", "adamprox"])
def test_adam_does_not_notice_a_multiplied_loss(name):
    make = getattr(ls.dynamics, name)
    digests = {}
    for eps in (0.0, 1.0):
        for c in (1.0, 4.0):
            basin = ls.Basin(
                ls.potentials.quadratic(1, 40.0 * c), ls.domains.interval(-0.02, 0.02), 0.0
            )
            result = ls.escape_times(
                basin, make(eps=eps), ls.noise.independent(ALPHA, c), GRADIENT_NOISE, paths=200,
                dt=ETA, horizon=20.0, seed=4,
            )  # fmt: skip
            digests[eps, c] = result.digest
    assert digests[0.0, 1.0] == digests[0.0, 4.0]
    assert digests[1.0, 1.0] != digests[1.0, 4.0]


def clipped_mean(clip, epsilon, paths, dt=0.02):
    return ls.escape_times(
        ls.basins.flat(), ls.dynamics.sgd(clip=clip), ls.noise.independent(ALPHA), epsilon,
        paths=paths, dt=dt, horizon=1e9, seed=5,
    ).mean  # fmt: skip


def two_jump_rate(clip):
    """The rate of exits from (-1, 1) by two clipped jumps, over eps^(2 alpha).

    A jump y decays as min(y, clip) e^-t, until a second leads over the end: it must come within
    log(min(y, clip)/(1 - min(z, clip))). Both ends count.
    """
    c = ls.theory.stable_constant(ALPHA)

    def within(y, z):
        return max(0.0, math.log(min(y, clip) / (1.0 - min(z, clip))))

    def density(y):  # of jumps below clip
        return c * y ** (-1.0 - ALPHA)

    above = c / ALPHA * clip**-ALPHA  # jumps that are cut to clip
    both = integrate.dblquad(
        lambda z, y: density(y) * density(z) * within(y, z),
        1.0 - clip, clip, lambda y: 1.0 - y, clip,
    )[0]  # fmt: skip
    one = integrate.quad(
        lambda y: density(y) * (within(y, clip) + within(clip, y)), 1.0 - clip, clip
    )[0]
    return 2.0 * (both + above * one + above**2 * within(clip, clip))


def test_one_clipped_jump_leaves_as_without_clipping():
    epsilon, paths = 0.1, 4000
    exact = ls.theory.euler_mean_exit_time(
        lambda x: x, -1.0, 1.0, alpha=ALPHA, epsilon=epsilon, dt=0.02
    )
    assert abs(clipped_mean(1.5, epsilon, paths) / exact - 1.0) < SIGMAS / math.sqrt(paths)


@pytest.mark.parametrize("paths", [600])
def test_two_clipped_jumps_leave_with_their_own_law(paths):
    """l* = 2: E Gamma is eps^(-2 alpha) over the rate of two jumps, in the limit."""
    clip = 0.7
    epsilons = np.array([0.12, 0.06])
    ratios = np.array(
        [
            clipped_mean(clip, epsilon, paths, dt=0.04)
            * epsilon ** (2.0 * ALPHA)
            * two_jump_rate(clip)
            for epsilon in epsilons
        ]
    )
    # The next order is relatively eps^alpha away: extrapolated linearly in it, the ratio is 1.
    x = epsilons**ALPHA
    limit = (ratios[1] * x[0] - ratios[0] * x[1]) / (x[0] - x[1])
    weights = np.array([ratios[0] * x[1], ratios[1] * x[0]]) / (x[0] - x[1])
    assert abs(limit - 1.0) < SIGMAS * math.hypot(*weights) / math.sqrt(paths)
    # The slope against log eps is near 2 alpha, and far from alpha.
    slope = 2.0 * ALPHA - math.log(ratios[1] / ratios[0]) / math.log(epsilons[1] / epsilons[0])
    assert abs(slope - 2.0 * ALPHA) < 0.5
    assert abs(slope - ALPHA) > 1.0


@pytest.mark.parametrize(("basin", "size"), [("sharp", 4.0), ("flat", 0.5)])
def test_either_optimizer_can_leave_sooner(basin, size):
    """Adam divides the noise by its size: it stays longer where that is large, 4 here, and less."""
    epsilon = 0.02 if basin == "sharp" else 0.1
    optimizers = [ls.dynamics.sgd(), ls.dynamics.adam(form="sde", frozen=size, eps=0.0)]
    compared = ls.compare(
        getattr(ls.basins, basin)(), optimizers, ls.noise.independent(ALPHA, size), epsilon,
        paths=1000, dt=0.002 if basin == "sharp" else 0.02, seed=6,
    )  # fmt: skip
    predicted = compared.predicted_ratios[1]
    assert predicted == pytest.approx(size**ALPHA, rel=1e-6)
    ratio = compared.ratios[1]
    assert (ratio.value > 1.0) == (size > 1.0)
    error = (ratio.upper - ratio.lower) / (2.0 * 1.96)
    # Leading order; the corrections of the two, of order eps^alpha, do not cancel.
    assert abs(ratio.value - predicted) < SIGMAS * error + 0.05 * predicted
