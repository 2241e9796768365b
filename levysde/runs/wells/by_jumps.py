"""Paths through several wells by the jump method, at a cost that does not depend on epsilon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.status import ESCAPED, NON_FINITE
from levysde.methods.jump.line_scene import other_wells
from levysde.noise import Noise
from levysde.runs.run import Prefix
from levysde.runs.seeds import seed_of
from levysde.runs.simulation import Asked, Simulation, prepare
from levysde.runs.wells.on_line import visits_on_line
from levysde.runs.wells.visited import Visits

IntArray = npt.NDArray[np.int64]

_MOST_TRANSITIONS = 100_000_000


def visits_by_jumps(
    basins: list[Basin],
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float,
    dt: Any,
    given: dict[str, Any],
    *,
    radii: Callable[[], FloatArray],
    near: bool,
    threads: int | None,
    progress: Callable[[int, int], object],
) -> Visits:
    """Follow paths through all wells, or lead them from minimum to minimum.

    On a line, where x moves by the gradient, paths go on without a new beginning anywhere. Else all
    paths that are in a well leave it together, by as many runs of the jump method; the exits of a
    well are numbered through, and given to paths in their order, so that the result depends on the
    seed alone.

    Parameters
    ----------
    basins : list of Basin
        The domains of attraction of the minima.
    dynamics, noise, epsilon, dt
        As for `escape_times`.
    given : dict
        Horizon, seed, paths, start and threshold, as `levysde.visits` has checked them.
    radii : callable
        Returns the radii within which visits begin, shape (wells,), length.
    near : bool
        Whether the user has given them.
    threads : int or None
        As for `escape_times`.
    progress : callable
        Called with the numbers of finished and of all paths.

    Returns
    -------
    Visits

    Raises
    ------
    ValueError
        If the jump method does not support the model, a path that is led from minimum to minimum
        reaches one that is not among those given, or radii are given for it.
    """
    wells = [
        _Well(basin, dynamics, noise, epsilon, dt, given, number)
        for number, basin in enumerate(basins)
    ]
    if _on_line(wells[0].simulation):
        others = other_wells(basins[0].potential, basins)
        if others is not None:
            found = visits_on_line(
                [well.simulation for well in wells],
                [_Well(basin, dynamics, noise, epsilon, dt, given, 0).simulation
                 for basin in others],
                radii(), given, _MOST_TRANSITIONS, threads=threads, progress=progress,
            )  # fmt: skip
            if found is not None:
                return found
    if any(noise.varies(basin.minimum) for basin in basins):
        raise ValueError(
            "the jump method leads paths from minimum to minimum with scaled noise, each time from "
            "time 0, and this scale depends on time; use method='euler'"
        )
    if near:
        raise ValueError(
            "radius is given, and the jump method leads paths from minimum to minimum here (it "
            "follows them through all wells in one dimension, with a dynamics that moves by the "
            "gradient); leave it out, or use method='euler'"
        )
    return _from_minimum_to_minimum(basins, wells, given, threads, progress)


def _on_line(simulation: Simulation) -> bool:
    """Whether times are continuous, and x alone is the state, on a line."""
    model, continuous = simulation.model, simulation.parameters["dt"] == 0.0
    plain = model.dynamics.effective_rule.plain and model.noise.scale_part is None
    return continuous and model.dim == 1 and plain


def _from_minimum_to_minimum(
    basins: list[Basin], wells: list[_Well], given: dict[str, Any], threads: int | None,
    progress: Callable[[int, int], object],
) -> Visits:  # fmt: skip
    """Each visit begins at the minimum."""
    total, horizon = given["paths"], given["horizon"]
    well = np.full(total, given["start"])
    now, running = np.zeros(total), np.arange(total)
    lost = np.zeros(total, dtype=bool)
    lines: list[tuple[IntArray, FloatArray, IntArray, IntArray]] = []
    made = 0
    while running.size:
        going, at = [], well[running]
        for number, each in enumerate(wells):
            here = running[at == number]
            if not here.size:
                continue
            times, status, position = each.exits(here.size, threads)
            now[here] += times
            lost[here] |= status == NON_FINITE
            left = here[(status == ESCAPED) & (now[here] < horizon)]
            target = _landed(basins, number, position[(status == ESCAPED) & (now[here] < horizon)])
            lines.append((left, now[left].copy(), np.full(left.size, number), target))
            well[left] = target
            going.append(left)
            made += left.size
        running = np.sort(np.concatenate(going))
        if made > _MOST_TRANSITIONS:
            raise ValueError(
                f"more than {_MOST_TRANSITIONS} transitions before the horizon {horizon:g}; give a "
                "shorter one, or fewer paths"
            )
        progress(total - running.size, total)
    path, time, origin, target = (np.concatenate(each) for each in zip(*lines, strict=True))
    record = wells[given["start"]].simulation.parameters
    kept = np.lexsort((time, path))
    kept = kept[~lost[path[kept]]]
    numbers = np.cumsum(~lost) - 1
    return Visits(
        np.array([basin.minimum for basin in basins]), given["start"], horizon,
        int((~lost).sum()), numbers[path[kept]], time[kept], origin[kept], target[kept],
        int(lost.sum()), 0.0, {**given, **record},
    )  # fmt: skip


class _Well:
    """A well, and how many of its exits were used."""

    def __init__(
        self, basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float, dt: Any,
        given: dict[str, Any], number: int,
    ) -> None:  # fmt: skip
        seed = seed_of("well", number, seed=given["seed"])
        asked = Asked(
            dt=dt, horizon=given["horizon"], seed=seed, method="jump", threshold=given["threshold"]
        )
        self.simulation: Simulation = prepare(
            basin, dynamics, noise, epsilon, asked, missing=given["paths"]
        )
        self.used = 0

    def exits(self, count: int, threads: int | None) -> tuple[Any, Any, Any]:
        """Times, statuses and positions of the next exits."""
        found = Prefix(self.simulation, threads, first=self.used).run(count)
        self.used += count
        return found.times, found.status, found.exit_position


def _landed(basins: list[Basin], left: int, position: FloatArray) -> IntArray:
    """The wells in whose domains of attraction positions are."""
    found, minimum = np.full(len(position), -1), basins[left].minimum
    # What creeps out ends on the boundary, which is of no well: a little farther it is in one.
    for farther in (0.0, 1e-9, 1e-6):
        for number, basin in enumerate(basins):
            unknown = np.flatnonzero(found < 0)
            if number != left and unknown.size:
                places = position[unknown] + farther * (position[unknown] - minimum)
                found[unknown[~basin.domain.outside_many(places)]] = number
    if (found < 0).any():
        place = position[np.flatnonzero(found < 0)[0]]
        raise ValueError(
            f"a path left well {left} to {checks.shown(place)}, which is in the domain of none of "
            "the minima given; give all of them (levysde.find_minima)"
        )
    return found
