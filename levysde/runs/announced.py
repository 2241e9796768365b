"""How long a run will last, said before it where someone waits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from levysde.engine.cpu.threads import available_threads
from levysde.methods.cost_estimate import euler_seconds, shown_duration

if TYPE_CHECKING:
    from levysde.runs.simulation import Simulation

LONG_SECONDS = 10.0
"""A run that is expected to last longer is announced."""


def announce(simulation: Simulation, progress: object, paths: int, threads: int | None) -> None:
    """Say about how long a run will last, if that is long and a bar is shown.

    Parameters
    ----------
    simulation : Simulation
        What will be run.
    progress : object
        The bar, if there is one.
    paths : int
        Number of paths that are missing.
    threads : int or None
        One per processor unless given.
    """
    if not getattr(progress, "shown", False):
        return
    threads = threads or available_threads()
    seconds = expected_seconds(simulation, paths, threads)
    if seconds is not None and seconds > LONG_SECONDS:
        number = f"{threads} thread{'' if threads == 1 else 's'}"
        print(f"about {shown_duration(seconds)} on {number}", file=sys.stderr, flush=True)


def expected_seconds(simulation: Simulation, paths: int, threads: int) -> float | None:
    """Return the time of so many paths step by step, or None where it cannot be predicted."""
    record = simulation.parameters
    if record.get("method") != "euler" or record.get("backend") != "cpu":
        return None
    try:
        each = euler_seconds(simulation.model, record["dt"], record["horizon"])
    except ValueError:
        return None
    return max(0, paths) * each / threads
