"""One path through all wells of a potential on a line, by the jump method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from levysde._typing import FloatArray
from levysde.methods.jump.line_scene import line_scene
from levysde.runs.simulation import Simulation
from levysde.runs.wells.interrupted import ended
from levysde.runs.wells.visited import Visits


def visits_on_line(
    simulations: list[Simulation],
    others: list[Simulation],
    radii: FloatArray,
    given: dict[str, Any],
    most: int,
    *,
    threads: int | None,
    progress: Callable[[int, int], object],
) -> Visits | None:
    """Follow every path through all wells, without a new beginning anywhere.

    Parameters
    ----------
    simulations, others : list of Simulation
        Exits of the wells whose visits are counted, and of the others: what the method chose.
    radii : ndarray, shape (wells,)
        Within which visits begin, length.
    given : dict
        Horizon, seed, paths and start, as `levysde.visits` has checked them.
    most : int
        Transitions that there is room for.
    threads : int or None
        As for `escape_times`.
    progress : callable
        Called with the numbers of finished and of all paths.

    Returns
    -------
    Visits or None
        None where the flow has no table.

    Raises
    ------
    ValueError
        If there are more transitions than that, or all paths are lost.
    KeyboardInterrupt
        If there was one, with the finished paths if there are any.
    """
    from levysde.engine.cpu.line_engine import visit_on_line

    models = [each.model for each in (*simulations, *others)]
    minima = np.array([each.model.basin.minimum[0] for each in simulations])
    # The shortest of all: no jump that leads out of a well is left to the diffusive part.
    threshold = min(float(each.parameters["threshold"]) for each in (*simulations, *others))
    model, total, horizon = models[0], given["paths"], given["horizon"]
    found = line_scene(
        [each.basin for each in models], model.dynamics, model.noise, model.epsilon, threshold,
        given["seed"], horizon, given["start"], minima, radii,
    )  # fmt: skip
    if found is None:
        return None
    scene, jumps, error = found
    seen = visit_on_line(
        model.basin.potential.gradient, jumps, scene, total, most, threads,
        lambda finished: progress(finished, total),
    )  # fmt: skip
    if seen is None:
        raise ValueError(
            f"more than {most} transitions before the horizon {horizon:g}; give a shorter one, or "
            "fewer paths"
        )
    if seen.lost.all():
        raise ValueError(f"all {total} paths became infinite or NaN; the potential holds none")
    kept, numbers = ~seen.lost[seen.path], np.cumsum(~seen.lost) - 1
    record = {
        **simulations[given["start"]].parameters, **given, "threshold": threshold,
        "paths_through": "all wells", "flow_error": error,
    }  # fmt: skip
    visits = Visits(
        minima[:, None], given["start"], horizon, int((~seen.lost).sum()),
        numbers[seen.path[kept]], seen.time[kept], seen.wells[kept, 0], seen.wells[kept, 1],
        int(seen.lost.sum()), 0.0, record,
    )  # fmt: skip
    return ended(visits, seen.interrupt)
