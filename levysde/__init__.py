"""Escape times of Levy-driven stochastic differential equations.

Names are loaded on first use: importing the package loads neither numba nor scipy nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from levysde._version import __version__

if TYPE_CHECKING:
    from levysde import (
        basins,
        costs,
        domains,
        dynamics,
        estimators,
        gradients,
        grid,
        noise,
        plots,
        potentials,
        schedules,
        theory,
    )
    from levysde.basins import Basin
    from levysde.basins.landscape import Landscape, find_minima
    from levysde.domains import Domain
    from levysde.dynamics import Dynamics
    from levysde.methods.timestep import automatic_dt
    from levysde.noise import Noise
    from levysde.potentials import Potential
    from levysde.runs.comparison import Comparison, compare
    from levysde.runs.hitting import hitting_times
    from levysde.runs.noise_comparison import NoiseComparison, compare_noises
    from levysde.runs.refinement import Refinement, refine
    from levysde.runs.results import EscapeTimes, Status, load
    from levysde.runs.sampling import Trajectories, trajectories
    from levysde.runs.seeds import seed_of
    from levysde.runs.simulate import Interrupted, escape_times
    from levysde.runs.sweep.merging import merge
    from levysde.runs.sweep.table import Sweep, load_sweep
    from levysde.runs.sweep.verb import sweep
    from levysde.runs.wells.visited import Visits, load_visits
    from levysde.runs.wells.visiting import visits
    from levysde.statistics.stability import tail_index
    from levysde.statistics.tail_result import TailIndex

__all__ = [
    "BackendError",
    "Basin",
    "Comparison",
    "Domain",
    "Dynamics",
    "EscapeTimes",
    "Interrupted",
    "Landscape",
    "Noise",
    "NoiseComparison",
    "Potential",
    "Refinement",
    "Status",
    "Sweep",
    "TailIndex",
    "Trajectories",
    "Visits",
    "__version__",
    "automatic_dt",
    "basins",
    "compare",
    "compare_noises",
    "costs",
    "domains",
    "dynamics",
    "escape_times",
    "estimators",
    "find_minima",
    "gradients",
    "grid",
    "hitting_times",
    "load",
    "load_sweep",
    "load_visits",
    "merge",
    "noise",
    "plots",
    "potentials",
    "refine",
    "schedules",
    "seed_of",
    "sweep",
    "tail_index",
    "theory",
    "trajectories",
    "visits",
]

_MODULES = frozenset(
    {
        "basins",
        "costs",
        "domains",
        "dynamics",
        "estimators",
        "gradients",
        "grid",
        "noise",
        "plots",
        "potentials",
        "schedules",
        "theory",
    }
)
_HOME = {
    "BackendError": "engine.backends",
    "Basin": "basins",
    "Comparison": "runs.comparison",
    "Domain": "domains",
    "Dynamics": "dynamics",
    "EscapeTimes": "runs.results",
    "Interrupted": "runs.simulate",
    "Landscape": "basins.landscape",
    "Noise": "noise",
    "NoiseComparison": "runs.noise_comparison",
    "Potential": "potentials",
    "Refinement": "runs.refinement",
    "Status": "runs.results",
    "Sweep": "runs.sweep.table",
    "TailIndex": "statistics.tail_result",
    "Trajectories": "runs.sampling",
    "Visits": "runs.wells.visited",
    "automatic_dt": "methods.timestep",
    "compare": "runs.comparison",
    "compare_noises": "runs.noise_comparison",
    "escape_times": "runs.simulate",
    "find_minima": "basins.landscape",
    "hitting_times": "runs.hitting",
    "load": "runs.results",
    "load_sweep": "runs.sweep.table",
    "load_visits": "runs.wells.visited",
    "merge": "runs.sweep.merging",
    "refine": "runs.refinement",
    "seed_of": "runs.seeds",
    "sweep": "runs.sweep.verb",
    "tail_index": "statistics.stability",
    "trajectories": "runs.sampling",
    "visits": "runs.wells.visiting",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"levysde.{name}")
    if name in _HOME:
        return getattr(import_module(f"levysde.{_HOME[name]}"), name)
    raise AttributeError(f"module 'levysde' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
