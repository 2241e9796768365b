"""When a recurrence idles: how long it takes to relax after a long increment, as is measured.

Of synchronously coupled paths, which have the same noise, one has an extra jump; the number of
iterations after which nothing tells it from the other is what the recurrence takes to relax,
whatever its dynamics.
"""

import math
from collections.abc import Callable

import numpy as np

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.engine.program import IdleProgram, Program
from levysde.methods.jump.creeping import CREEPING_SHARE, kramers_rate
from levysde.methods.jump.geometry import directions, exit_distances_of, inner_radius
from levysde.methods.skip.coupled_paths import NOTHING, CoupledPaths
from levysde.methods.skip.relaxation_time import (
    FEW_SIZES,
    FORGOTTEN,
    LONGEST_WINDOW,
    SIZES,
    Relaxation,
    is_driven,
    measured_relaxation,
    natural_length,
)
from levysde.noise import Noise

__all__ = ["idle_program", "idle_share"]

THRESHOLD_SHARE = 0.1
"""`threshold=None`: largest displacement by a jump of that length, over the exit distance."""

LARGEST_SKIPPED_DISPLACEMENT = 0.5
"""Largest such displacement by a jump as long as a threshold that was given."""

LARGEST_SPREAD = 0.2
"""Distance from the minimum over the exit distance, beyond which a path at rest does not idle."""

RADIUS_SHARE, RADIUS_SPREADS = 0.3, 6.0
"""Where a path can idle: within 0.3 of the exit distance, or 6 times the usual distance."""

LARGEST_RADIUS = 0.7
"""Of where a path can idle, over the exit distance."""

MOST_JUMPS_IN_RELAXATION = 3.0
"""Long increments within a relaxation, beyond which too few iterations are idle."""

CERTAINLY = 3.0
"""So many times too many within the relaxation of a few jumps are too many within that of all."""

MOST_PER_STEP = 0.02
"""Long increments per iteration, above which two of them in one are not rare."""

_MOST_RAYS = 24


def idle_program(
    basin: Basin,
    noise: Noise,
    epsilon: float,
    program: Program,
    threshold: float | None = None,
    longest: int | None = None,
) -> IdleProgram:
    """A recurrence with its idle iterations known.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    noise : Noise
        The law of the driver.
    epsilon : float
        Noise amplitude, dimensionless.
    program : Program
        The recurrence.
    threshold : float, optional
        Length above which increments are not idle; unless given that of a jump that moves x by a
        tenth of the exit distance.
    longest : int, optional
        Iterations for which paths are watched at most, three times the longest relaxation; a
        million unless given.

    Returns
    -------
    IdleProgram

    Raises
    ------
    ValueError
        If paths do not idle: the noise has no jumps, single jumps do not matter or small ones do,
        or nothing is forgotten before the next one.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> from levysde.methods.recurrence import recurrence
    >>> from levysde.model import Model
    >>> basin, law = basins.flat(), noise.independent(1.5)
    >>> chain = recurrence(Model(basin, dynamics.sgd(), law, 1e-4), 0.01, seed=0)
    >>> idle = idle_program(basin, law, 1e-4, chain)
    >>> round(idle.threshold, 3), 400 < idle.relaxation < 800
    (0.1, True)
    """
    size = inner_radius(basin)
    if not noise.jumps(basin.dim, epsilon, size).rate > 0.0:
        raise checks.Refusal(
            f"method 'jump' needs jumps, and noise of alpha = {noise.alpha:g} has none",
            "use method='euler'",
        )
    rays, ways = _ways_along_jumps(basin, noise)
    unit = natural_length(basin, program, rays, ways, size)
    rays, ways = _chosen_rays(basin, program, rays, ways, unit / size)
    if not is_driven(basin, program, rays, ways):
        raise checks.Refusal(
            "nothing drives paths back to the minimum, so that no jump is forgotten and no "
            "iteration is idle",
            "use method='euler'",
        )

    def rate_above(length: float) -> float:
        return float(noise.jumps(basin.dim, epsilon, length).rate * program.dt)

    found = measured_relaxation(
        basin, program, rays, ways, size, unit,
        lambda few: _check_few(few, unit, threshold, rate_above), longest or LONGEST_WINDOW,
    )  # fmt: skip
    if found.spread == math.inf:
        raise checks.Refusal("paths leave before they have forgotten a jump", "use method='euler'")
    if not found.spread < LARGEST_SPREAD:
        raise checks.Refusal(
            f"the small noise alone keeps paths {found.spread:.2g} of the exit distance from the "
            "minimum, so that none is idle",
            "use method='euler'",
        )
    sizes = np.asarray(unit * SIZES, dtype=np.float64)
    moved = _displacements(found.peak, SIZES)
    if threshold is None:
        threshold = _automatic_threshold(moved, sizes)
    elif not _moved(moved, sizes, threshold) < LARGEST_SKIPPED_DISPLACEMENT:
        raise ValueError(
            f"threshold is {threshold:g}, but jumps of that length move x by more than half of the "
            "exit distance, and all that matter must be simulated individually; give a smaller "
            "threshold"
        )
    jumps = noise.jumps(basin.dim, epsilon, threshold)
    felt = found.steps[sizes >= 0.5 * threshold]
    steps = max(1, math.ceil(float(felt.max(initial=0.0))))
    rate = jumps.rate * program.dt
    if rate > MOST_PER_STEP:
        raise checks.Refusal(
            f"increments longer than {threshold:.2g} come every {1.0 / rate:.3g} iterations, so "
            "that two often come at once",
            "give a smaller dt, or use method='euler'",
        )
    if rate * steps > MOST_JUMPS_IN_RELAXATION:
        raise _few_idle(threshold, rate, f"{steps}")
    leaving = noise.jumps(basin.dim, epsilon, _leaving_length(moved, sizes)).rate
    _check_creeping(leaving, found.deviation, steps * program.dt)
    radius = min(LARGEST_RADIUS, max(RADIUS_SHARE, RADIUS_SPREADS * found.spread)) * size
    return IdleProgram(
        program, jumps, threshold, steps, math.ceil(found.settled), basin.minimum, radius
    )


def _few_idle(threshold: float, rate: float, steps: str) -> ValueError:
    return checks.Refusal(
        f"increments longer than {threshold:.2g} come every {1.0 / rate:.3g} iterations and "
        f"are remembered for {steps}, so that few are idle",
        "use method='euler'",
    )


def _check_few(
    few: Relaxation, unit: float, threshold: float | None, rate_above: Callable[[float], float]
) -> None:
    """Refuse at once what the relaxation of a few jumps rules out, and they may be too few."""
    if few.spread == math.inf:  # paths leave, and nothing was measured
        return
    sizes = unit * FEW_SIZES
    moved = _displacements(few.peak, FEW_SIZES)
    if threshold is None:
        if not moved[0] <= THRESHOLD_SHARE < moved.max():
            return
        threshold = _automatic_threshold(moved, sizes)
    steps = float(few.steps[sizes >= 0.5 * threshold].max(initial=0.0))
    rate = rate_above(threshold)
    if rate * steps > CERTAINLY * MOST_JUMPS_IN_RELAXATION:
        raise _few_idle(threshold, rate, f"more than {steps:.0f}")


def idle_share(idle: IdleProgram) -> float:
    """Share of the iterations that are skipped while no path leaves.

    Parameters
    ----------
    idle : IdleProgram
        The recurrence.

    Returns
    -------
    float
        exp(-a) with a the long increments expected within a relaxation, dimensionless.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> from levysde.methods.recurrence import recurrence
    >>> from levysde.model import Model
    >>> basin, law = basins.flat(), noise.independent(1.5)
    >>> chain = recurrence(Model(basin, dynamics.sgd(), law, 1e-4), 0.01, seed=0)
    >>> round(idle_share(idle_program(basin, law, 1e-4, chain)), 3)
    1.0
    """
    return math.exp(-idle.jumps.rate * idle.dt * idle.relaxation)


def _leaving_length(moved: FloatArray, sizes: FloatArray) -> float:
    """The length of a jump that moves x by the exit distance, or the longest one if none does."""
    rising = np.maximum.accumulate(moved)
    return math.exp(float(np.interp(0.0, np.log(rising), np.log(sizes))))


def _check_creeping(jumping: float, deviation: float, relaxation: float) -> None:
    """Refuse where small increments alone leave, after Kramers, at a rate not small to jumps'."""
    creeping = float(kramers_rate(-math.log(FORGOTTEN) / relaxation, 1.0 / max(deviation, 1e-3)))
    if creeping > CREEPING_SHARE * jumping:
        raise checks.Refusal(
            f"small increments alone leave at a rate of about {creeping:.2g}, long ones at "
            f"{jumping:.2g}, so that exits are missed in idle iterations",
            "use method='euler'",
        )


def _ways_along_jumps(basin: Basin, noise: Noise) -> tuple[FloatArray, FloatArray]:
    """Directions of jumps and exit distances along them.

    A ray that does not lead out counts with the shortest way: paths relax after its jumps too.
    """
    rays = noise.jumps(basin.dim, 1.0, 1.0).rays
    rays = rays if len(rays) else directions(basin.dim)
    ways = exit_distances_of(basin, rays)
    if not np.isfinite(ways).any():
        raise checks.Refusal("no jump of this noise leads out of the domain", "use method='euler'")
    return rays, np.where(np.isfinite(ways), ways, ways.min())


def _chosen_rays(
    basin: Basin, program: Program, rays: FloatArray, ways: FloatArray, unit: float
) -> tuple[FloatArray, FloatArray]:
    """Of many rays those that may matter most."""
    if len(rays) <= _MOST_RAYS:
        return rays, ways
    chosen: list[int] = []
    responses = _first_responses(basin, program, rays, ways, unit)
    for score in (ways, _forces(basin, rays, ways), -responses):
        chosen += [int(k) for k in np.argsort(score, kind="stable")[: _MOST_RAYS // 3]]
    kept = sorted(set(chosen))
    return rays[kept], ways[kept]


def _forces(basin: Basin, rays: FloatArray, ways: FloatArray) -> FloatArray:
    """How strongly a displacement along each ray is driven back, 1/time."""
    step = 0.1 * ways.min()
    ends = (basin.potential.gradient_at(basin.minimum + step * ray) for ray in rays)
    return np.array([np.linalg.norm(end) / step for end in ends])


def _first_responses(
    basin: Basin, program: Program, rays: FloatArray, ways: FloatArray, unit: float
) -> FloatArray:
    """Displacement over the exit distance in the iteration of a jump of that way times the unit."""
    coupled = CoupledPaths(basin, program, unit * ways[:, None] * rays)
    with np.errstate(all="ignore"):
        coupled.iterate_with_jumps()
        states = coupled.states()[0, 0]
    return np.asarray(np.linalg.norm(states[1:-1] - states[0], axis=1) / ways)


def _displacements(peak: FloatArray, sizes: FloatArray) -> FloatArray:
    """Displacement over the exit distance by jumps of all sizes, along the best ray.

    Beyond the size at which paths leave it is taken to grow like the size.
    """
    moved = np.maximum(peak.max(axis=1), NOTHING)
    for k in np.flatnonzero(np.isinf(moved)):
        moved[k] = max(moved[k - 1] * sizes[k] / sizes[k - 1], 1.0) if k else 1.0
    return np.asarray(moved)


def _moved(moved: FloatArray, sizes: FloatArray, size: float) -> float:
    """Displacement over the exit distance by a jump of a given length."""
    if size > sizes[-1]:
        return math.inf
    return math.exp(float(np.interp(math.log(size), np.log(sizes), np.log(moved))))


def _automatic_threshold(moved: FloatArray, sizes: FloatArray) -> float:
    """The smallest length of a jump that moves x by a tenth of the exit distance."""
    above = np.flatnonzero(moved > THRESHOLD_SHARE)
    if above.size == 0:
        raise checks.Refusal(
            f"no single jump moves x by {THRESHOLD_SHARE:.0%} of the exit distance, so that "
            "an exit takes many",
            "use method='euler'",
        )
    k = int(above[0])
    if k == 0:
        raise checks.Refusal(
            f"even a jump of {sizes[0]:.1g} moves x by {moved[0]:.0%} of the exit distance, so "
            "that no iteration is idle",
            "use method='euler'",
        )
    share = math.log(THRESHOLD_SHARE / moved[k - 1]) / math.log(moved[k] / moved[k - 1])
    return float(sizes[k - 1] * (sizes[k] / sizes[k - 1]) ** min(max(share, 0.0), 1.0))
