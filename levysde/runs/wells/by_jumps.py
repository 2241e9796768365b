"""Paths from minimum to minimum by the jump method, at a cost that does not depend on epsilon."""

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
from levysde.noise import Noise
from levysde.runs.run import Prefix
from levysde.runs.seeds import seed_of
from levysde.runs.simulation import Asked, Simulation, prepare
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
    threads: int | None,
    progress: Callable[[int, int], object],
) -> Visits:
    """Lead all paths from well to well until each has reached the horizon.

    All paths that are in a well leave it together, by as many runs of the jump method; the exits of
    a well are numbered through, and given to paths in their order, so that the result depends on
    the seed alone.

    Parameters
    ----------
    basins : list of Basin
        The domains of attraction of the minima.
    dynamics, noise, epsilon, dt
        As for `escape_times`.
    given : dict
        Horizon, seed, paths, start and threshold, as `levysde.visits` has checked them.
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
        If the jump method does not support the model, or a path reaches a minimum that is not
        among those given.
    """
    wells = [
        _Well(basin, dynamics, noise, epsilon, dt, given, number)
        for number, basin in enumerate(basins)
    ]
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
        int(lost.sum()), 0.0, {**record, **given},
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
