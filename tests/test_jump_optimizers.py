"""The jump-adapted method for momentum, RMSProp and Adam with frozen second moments.

Thresholds are 4 standard errors, plus the error that the method is known to have at that noise.
"""

from typing import Any

import numpy as np
import pytest
from test_jump import SDE, agrees, differ, mean_of_the_scheme

import levysde as ls
from levysde.basins import Basin

LAW = ls.noise.independent(1.5)
OPTIMIZERS = {
    "momentum": ls.dynamics.momentum(decay=2.0, **SDE),
    "rmsprop": ls.dynamics.rmsprop(decay=1.0, frozen=0.5, **SDE),
    "adam": ls.dynamics.adam(b1=2.0, b2=0.1, frozen=0.5, **SDE),
}


@pytest.mark.parametrize("paths", [2000])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_agree_with_euler(name: str, paths: int) -> None:
    """Euler without a correction is late by 1.5 beta eps dt^(1/alpha) = 0.5 %."""
    dynamics, noise, basin = OPTIMIZERS[name], LAW, ls.basins.flat()
    options = {"paths": paths, "horizon": 1e6}
    euler = ls.escape_times(basin, dynamics, noise, 0.05, dt=0.02, **options)
    made = ls.escape_times(basin, dynamics, noise, 0.05, method="jump", **options)
    assert not differ(made, euler, 0.01)
    louder = ls.escape_times(basin, dynamics, noise, 0.06, method="jump", **options)
    assert differ(louder, euler, 0.01)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_small_noise_limit_of_optimizers(name: str) -> None:
    """The position jumps by Q^-1 dL: nu(W) = K_1 sum Q_j^-alpha on the square, Q = (1, 1) or so."""
    dynamics, noise = OPTIMIZERS[name], LAW
    basin = Basin(ls.potentials.quadratic(2), ls.domains.box([-1.0] * 2, [1.0] * 2), [0.0, 0.0])
    divisor = 1.0 if name == "momentum" else 0.5 + 1e-8
    mean = 1e6 * divisor**1.5 / (2.0 * 0.39894228)
    made = ls.escape_times(basin, dynamics, noise, 1e-4, paths=3000, method="jump", horizon=1e300)
    assert agrees(made, mean, 0.001)
    assert made.dim == 2
    assert (np.abs(made.exit_position).max(axis=1) >= 1.0).all()
    assert not agrees(made, 1.2 * mean, 0.001)


@pytest.mark.parametrize(
    ("dynamics", "words"),
    [
        (ls.dynamics.momentum(), "euler"),
        (ls.dynamics.rmsprop(decay=1.0, frozen=[1.0, 2.0], **SDE), "dimension is 1"),
    ],
)
def test_optimizers_that_are_refused(dynamics: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ls.escape_times(ls.basins.flat(), dynamics, LAW, 0.1, paths=10, method="jump")


# ------------------------------------------------------------------------------------ units of time

NARROW = ls.domains.interval(-0.2, 1.8)
"""Paths that jump far to the right swing out of it on the left."""


def made_in(units: float, name: str, epsilon: float, paths: int) -> ls.EscapeTimes:
    """Exit times with all rates times `units`; epsilon is that of rates of 1."""
    dynamics = {
        "momentum": ls.dynamics.momentum(decay=0.1 * units, **SDE),
        "rmsprop": ls.dynamics.rmsprop(decay=units, frozen=0.5, **SDE),
        "adam": ls.dynamics.adam(b1=2.0 * units, b2=0.1 * units, frozen=0.5, **SDE),
    }[name]
    well = Basin(ls.potentials.quadratic(1, units), NARROW, [0.0])
    epsilon *= float(np.cbrt(units)) ** 2
    return ls.escape_times(
        well, dynamics, LAW, epsilon, paths=paths, method="jump", horizon=1e15 / units
    )


@pytest.mark.filterwarnings("ignore:the diffusive part of the noise makes an error")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_time_has_no_unit(name: str) -> None:
    """With rates k and epsilon k^(1/alpha) times are 1/k: to the last bit for powers of two."""
    one = made_in(1.0, name, 2.0**-7, 80)
    for units, exact in ((2.0**-30, True), (2.0**30, True), (1e-6, False), (1e6, False)):
        other = made_in(units, name, 2.0**-7, 80)
        assert (other.steps == one.steps).all()
        if exact:
            assert (other.times * units == one.times).all()
            assert (other.exit_position == one.exit_position).all()
        assert other.times * units == pytest.approx(one.times, rel=1e-9)
    # The twin: another epsilon is another law, not another unit.
    assert not (made_in(2.0**30, name, 2.0**-8, 80).times * 2.0**30 == one.times).any()


@pytest.mark.parametrize("units", [1e6])
def test_swings_out_of_a_narrow_well(units: float) -> None:
    """The rate counts jumps whose noise-free swing leaves; those that leave at once are fewer."""
    made = made_in(units, "momentum", 2.0**-12, 10_000)
    well = Basin(ls.potentials.quadratic(1), NARROW, [0.0])
    momentum = ls.dynamics.momentum(decay=0.1, **SDE)
    rate = ls.theory.predict(well, momentum, LAW, epsilon=2.0**-12).rate
    at_once = ls.theory.escape_rate(NARROW, LAW, [0.0], 2.0**-12)
    assert rate is not None
    assert agrees(made, 1.0 / (units * rate), 0.005)
    assert not agrees(made, 1.0 / (units * at_once), 0.005)


@pytest.mark.filterwarnings("ignore:the diffusive part of the noise makes an error")
@pytest.mark.parametrize("paths", [2500])
def test_slow_momentum_agrees_with_euler(paths: int) -> None:
    """Jumps come faster than the average relaxes; the grid is late by 0.5 %."""
    well = Basin(ls.potentials.quadratic(1), NARROW, [0.0])
    momentum, options = ls.dynamics.momentum(decay=0.1, **SDE), {"paths": paths, "horizon": 1e6}
    euler = ls.escape_times(well, momentum, LAW, 0.01, dt=0.02, **options)
    made = ls.escape_times(well, momentum, LAW, 0.01, method="jump", seed=1, **options)
    assert not differ(made, euler, 0.01)
    louder = ls.escape_times(well, momentum, LAW, 0.012, method="jump", seed=1, **options)
    assert differ(louder, euler, 0.01)


@pytest.mark.parametrize(
    ("ends", "epsilon", "paths"), [((-1.0, 1.0), 0.05, 20_000), ((-0.2, 1.8), 0.01, 20_000)]
)
def test_what_is_forgotten_of_a_relaxation(
    ends: tuple[float, float], epsilon: float, paths: int
) -> None:
    """RMSProp with Q = 1 is SGD: the mean of its scheme is known without simulation."""
    well = Basin(ls.potentials.quadratic(1), ls.domains.interval(*ends), [0.0])
    rmsprop = ls.dynamics.rmsprop(decay=1.0, frozen=1.0, eps=0.0, **SDE)
    made = ls.escape_times(
        well, rmsprop, LAW, epsilon, paths=paths, method="jump", horizon=1e15, seed=1
    )
    cells = 400 if ends[0] == -1.0 else 500
    scheme = mean_of_the_scheme(1.5, epsilon, made.parameters["threshold"], ends, cells=cells)
    assert agrees(made, scheme, 0.003)
    assert not agrees(made, 1.05 * scheme, 0.003)


@pytest.mark.parametrize(("decay", "most"), [(0.1, 80), (1.0, 80), (10.0, 120)])
def test_moves_of_an_exit_at_small_noise(decay: float, most: int) -> None:
    """At most two or three moves a jump, however slow or stiff the average is."""
    basin, momentum = ls.basins.flat(), ls.dynamics.momentum(decay=decay, **SDE)
    made = ls.escape_times(basin, momentum, LAW, 2.0**-12, paths=2000, method="jump", horizon=1e15)
    assert made.total_steps / made.paths < most
